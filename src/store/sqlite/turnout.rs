//! Turnout in SQLite.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::{Sqlite as Db, Transaction};

use super::Sqlite;
use super::apply::{Claim, json};
use crate::domain::clock::from_millis;
use crate::domain::names::PollId;
use crate::domain::turnout::{Series, Step};
use crate::store::StoreError;
use crate::store::values::{signed, turnout};

impl Sqlite {
    pub(crate) async fn turnout(
        &self,
        poll: PollId,
        round: u32,
        from: Timestamp,
        points: u32,
    ) -> Result<Series, StoreError> {
        let span: Option<(i64, i64)> = sqlx::query_as(
            "SELECT first, last FROM (SELECT \
               (SELECT min(at) FROM turnout WHERE poll = ?1 AND round = ?2 AND at >= ?3) AS first, \
               (SELECT max(at) FROM turnout WHERE poll = ?1 AND round = ?2 AND at >= ?3) AS last) \
             WHERE first IS NOT NULL",
        )
        .bind(signed(poll.get()))
        .bind(round)
        .bind(from.as_millisecond())
        .fetch_optional(self.file.readers())
        .await?;
        let Some((first, last)) = span else { return Ok(Series::default()) };
        let step = Step::across(from_millis(first), from_millis(last), points);
        // What has come since the span was read counts in its steps, and makes no step more.
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT ?3 + (at - ?3) / ?5 * ?5 AS start, sum(voters) FROM turnout \
             WHERE poll = ?1 AND round = ?2 AND at >= ?3 AND at < ?4 + ?5 GROUP BY start ORDER BY start",
        )
        .bind(signed(poll.get()))
        .bind(round)
        .bind(step.start_of(from_millis(first)).as_millisecond())
        .bind(step.start_of(from_millis(last)).as_millisecond())
        .bind(step.millis())
        .fetch_all(self.file.readers())
        .await?;
        Ok(Series { step, points: rows.into_iter().map(turnout).collect() })
    }
}

impl Claim {
    /// Adds new voters, by poll, round and step.
    pub(super) async fn add_to_turnout(
        &mut self,
        came: &BTreeMap<(PollId, u32, Timestamp), i64>,
    ) -> Result<(), StoreError> {
        let came = came.iter().filter(|(_, voters)| **voters != 0);
        let rows: Vec<_> =
            came.map(|((poll, round, at), voters)| (signed(poll.get()), round, at.as_millisecond(), voters)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO turnout (poll, round, at, voters) \
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true \
             ON CONFLICT DO UPDATE SET voters = voters + excluded.voters",
        )
        .bind(json(&rows))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

/// Sweeps away some of the turnout of discarded rounds; returns how many rows.
pub(super) async fn sweep(tx: &mut Transaction<'static, Db>) -> Result<u64, StoreError> {
    let swept = sqlx::query(
        "DELETE FROM turnout WHERE (poll, round, at) IN (\
           SELECT t.poll, t.round, t.at FROM discarded_rounds d CROSS JOIN turnout t USING (poll, round) LIMIT 4000)",
    )
    .execute(&mut **tx)
    .await?;
    Ok(swept.rows_affected())
}
