//! Reading what was counted, and sweeping away what no longer counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row;
use uuid::Uuid;

use super::rows::{self, integer, select_poll, smallint};
use super::{Postgres, WRITE, turnout, within};
use crate::domain::ballot::VoterKey;
use crate::domain::ledger::Ledger;
use crate::domain::log::Bookmark;
use crate::domain::names::{Choice, PollId};
use crate::domain::snapshot::Snapshot;
use crate::store::StoreError;
use crate::store::values::{self, poll_id, signed, unsigned};

/// How long a comparison of all ballots with all tallies may take.
const VERIFY: Duration = Duration::from_hours(1);
/// Ballots and steps of turnout swept away at a time.
const SWEEP: i64 = 4000;

impl Postgres {
    pub(crate) async fn snapshot(&self, id: PollId, now: Timestamp) -> Result<Option<Snapshot>, StoreError> {
        let sql = select_poll!(
            ", t.choices, t.votes FROM polls p CROSS JOIN LATERAL \
               (SELECT array_agg(choice) AS choices, array_agg(votes) AS votes FROM tallies WHERE poll = p.id) t \
             WHERE p.id = $1"
        );
        let row =
            self.view(|pool| async move { Ok(sqlx::query(sql).bind(signed(id.get())).fetch_optional(&pool).await?) });
        let Some(row) = row.await? else { return Ok(None) };
        let poll = rows::poll(&row)?;
        let choices: Option<Vec<i16>> = row.try_get("choices")?;
        let stored: Option<Vec<i64>> = row.try_get("votes")?;
        let mut votes = vec![0; poll.labels.len()];
        for (choice, count) in choices.unwrap_or_default().into_iter().zip(stored.unwrap_or_default()) {
            if let Some(place) = usize::try_from(choice).ok().and_then(|choice| votes.get_mut(choice)) {
                *place = unsigned(count);
            }
        }
        Ok(Some(Snapshot { poll: Arc::new(poll), votes, at: now }))
    }

    pub(crate) async fn totals(&self) -> Result<BTreeMap<PollId, u64>, StoreError> {
        let sql = "SELECT poll, sum(votes)::bigint FROM tallies GROUP BY poll";
        let rows: Vec<(i64, i64)> =
            self.view(|pool| async move { Ok(sqlx::query_as(sql).fetch_all(&pool).await?) }).await?;
        rows.into_iter().map(|(poll, votes)| Ok((poll_id(poll)?, unsigned(votes)))).collect()
    }

    pub(crate) async fn choice(&self, poll: PollId, round: u32, voter: VoterKey) -> Result<Option<Choice>, StoreError> {
        let sql = "SELECT choice FROM ballots WHERE poll = $1 AND round = $2 AND voter = $3";
        let stored: Option<i16> = self
            .view(|pool| async move {
                let query = sqlx::query_scalar(sql).bind(signed(poll.get())).bind(integer(round));
                Ok(query.bind(Uuid::from_bytes(voter.0)).fetch_optional(&pool).await?)
            })
            .await?;
        stored.map(|stored| values::choice(stored.into())).transpose()
    }

    pub(crate) async fn bookmark(&self, partition: u16) -> Result<Bookmark, StoreError> {
        let sql = "SELECT epoch, entry, fingerprint, position FROM partitions WHERE partition = $1";
        self.read(async |pool| {
            let row = sqlx::query(sql).bind(smallint(partition)).fetch_optional(&pool).await?;
            Ok(row.as_ref().map(rows::bookmark).transpose()?.unwrap_or_default())
        })
        .await
    }

    pub(crate) async fn ledger(&self) -> Result<Ledger, StoreError> {
        let sql = "SELECT coalesce(sum(applied), 0)::bigint AS applied, coalesce(sum(superseded), 0)::bigint AS superseded, \
                     coalesce(sum(discarded), 0)::bigint AS discarded, coalesce(sum(dead), 0)::bigint AS dead, \
                     coalesce(sum(repeated), 0)::bigint AS repeated, \
                     (SELECT coalesce(sum(votes), 0)::bigint FROM tallies) AS counted FROM partitions";
        let row = self.read(async |pool| Ok(sqlx::query(sql).fetch_one(&pool).await?)).await?;
        let term = |column| Ok::<u64, StoreError>(unsigned(row.try_get(column)?));
        Ok(Ledger {
            applied: term("applied")?,
            counted: term("counted")?,
            superseded: term("superseded")?,
            discarded: term("discarded")?,
            dead: term("dead")?,
            repeated: term("repeated")?,
            pending: 0,
        })
    }

    pub(crate) async fn verify(&self) -> Result<Vec<PollId>, StoreError> {
        let sql = "WITH fold AS (SELECT b.poll, b.choice, count(*) AS votes FROM ballots b \
                     JOIN polls p ON p.id = b.poll AND p.round = b.round GROUP BY 1, 2), \
                   shown AS (SELECT poll, choice, votes FROM tallies WHERE votes <> 0) \
                   SELECT DISTINCT coalesce(fold.poll, shown.poll) AS poll FROM fold FULL JOIN shown \
                     ON (fold.poll, fold.choice) = (shown.poll, shown.choice) \
                     WHERE fold.votes IS DISTINCT FROM shown.votes ORDER BY 1";
        let read = async { Ok(sqlx::query_scalar::<_, i64>(sql).fetch_all(&self.primary).await?) };
        within(VERIFY, read).await?.into_iter().map(poll_id).collect()
    }

    pub(crate) async fn sweep(&self) -> Result<bool, StoreError> {
        within(WRITE, self.sweep_some()).await
    }

    /// Takes a round that nobody else is sweeping. A worker that counted into it before it was discarded was waited
    /// for, and none does after: once nothing is left, nothing comes.
    async fn sweep_some(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "SELECT poll, round FROM discarded_rounds ORDER BY poll, round LIMIT 1 FOR UPDATE SKIP LOCKED";
        let Some((poll, round)) = sqlx::query_as::<_, (i64, i32)>(sql).fetch_optional(&mut *tx).await? else {
            return Ok(false);
        };
        // A table at a time, and by where the rows lie: the planner cannot come to read all of it.
        let partitions: Vec<i16> =
            sqlx::query_scalar("SELECT partition FROM partitions WHERE partition >= 0 ORDER BY 1")
                .fetch_all(&mut *tx)
                .await?;
        let mut swept = 0;
        for partition in partitions {
            swept += sqlx::query(
                "DELETE FROM ballots WHERE partition = $1 AND ctid = ANY (ARRAY (\
                   SELECT ctid FROM ballots WHERE partition = $1 AND poll = $2 AND round = $3 LIMIT $4))",
            )
            .bind(partition)
            .bind(poll)
            .bind(round)
            .bind(SWEEP - signed(swept))
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if signed(swept) >= SWEEP {
                break;
            }
        }
        swept += turnout::sweep(&mut tx, (poll, round), SWEEP - signed(swept)).await?;
        if swept == 0 {
            let done =
                sqlx::query("DELETE FROM discarded_rounds WHERE poll = $1 AND round = $2").bind(poll).bind(round);
            done.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}
