//! Turnout in PostgreSQL: reading and sweeping it. What a batch adds to it is booked with the tallies.

use jiff::Timestamp;
use sqlx::{Postgres as Db, Transaction};

use super::Postgres;
use super::rows::integer;
use crate::domain::clock::from_millis;
use crate::domain::names::PollId;
use crate::domain::turnout::{Series, Step};
use crate::store::StoreError;
use crate::store::values::{signed, turnout};

/// The ends of the primary key's range: each is looked up, none is searched for.
const SPAN: &str = "SELECT first, last FROM (SELECT \
       (SELECT min(at) FROM turnout WHERE poll = $1 AND round = $2 AND at >= $3) AS first, \
       (SELECT max(at) FROM turnout WHERE poll = $1 AND round = $2 AND at >= $3) AS last) AS span \
     WHERE first IS NOT NULL";

/// What has come since the span was read counts in its steps, and makes no step more.
const POINTS: &str = "SELECT $3 + (at - $3) / $5 * $5 AS start, sum(voters)::bigint FROM turnout \
     WHERE poll = $1 AND round = $2 AND at >= $3 AND at < $4 + $5 GROUP BY start ORDER BY start";

impl Postgres {
    pub(crate) async fn turnout(
        &self,
        poll: PollId,
        round: u32,
        from: Timestamp,
        points: u32,
    ) -> Result<Series, StoreError> {
        self.view(|pool| async move {
            let span = sqlx::query_as(SPAN).bind(signed(poll.get())).bind(integer(round)).bind(from.as_millisecond());
            let span: Option<(i64, i64)> = span.fetch_optional(&pool).await?;
            let Some((first, last)) = span else { return Ok(Series::default()) };
            let step = Step::across(from_millis(first), from_millis(last), points);
            let rows: Vec<(i64, i64)> = sqlx::query_as(POINTS)
                .bind(signed(poll.get()))
                .bind(integer(round))
                .bind(step.start_of(from_millis(first)).as_millisecond())
                .bind(step.start_of(from_millis(last)).as_millisecond())
                .bind(step.millis())
                .fetch_all(&pool)
                .await?;
            Ok(Series { step, points: rows.into_iter().map(turnout).collect() })
        })
        .await
    }
}

/// Sweeps away up to `most` rows of a discarded round; returns how many there were.
pub async fn sweep(tx: &mut Transaction<'static, Db>, (poll, round): (i64, i32), most: i64) -> Result<u64, StoreError> {
    let swept = sqlx::query(
        "DELETE FROM turnout WHERE ctid = ANY (ARRAY (\
           SELECT ctid FROM turnout WHERE poll = $1 AND round = $2 LIMIT $3))",
    );
    Ok(swept.bind(poll).bind(round).bind(most).execute(&mut **tx).await?.rows_affected())
}
