//! Batches of voting codes. One text for both dialects: the parent module says which database this is compiled for; the
//! codes themselves are written and looked up in sets, for which each dialect has its own way.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Database, Row};

use super::{Db, Here, codes};
use crate::domain::clock::from_millis;
use crate::domain::code::{CodeBatch, MAX_CODES};
use crate::domain::names::PollId;
use crate::store::StoreError;
use crate::store::values::{signed, unsigned};

/// After this time a batch that is still being made was given up: whoever made it is gone.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(2);
/// How many codes are swept away at a time.
const SWEEP: i64 = 4000;

impl Here {
    pub(crate) async fn begin_batch(&self, poll: PollId, codes: u32, now: Timestamp) -> Result<u32, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let sql = "SELECT CAST(coalesce(sum(codes), 0) AS bigint) FROM code_batches \
                       WHERE poll = $1 AND state IN ('making', 'good')";
            let made: i64 = sqlx::query_scalar(sql).bind(signed(poll.get())).fetch_one(&mut *tx).await?;
            if unsigned(made) + u64::from(codes) > MAX_CODES {
                return Err(StoreError::TooManyCodes);
            }
            let sql = "INSERT INTO code_batches (poll, batch, codes, made_at, state) \
                       SELECT $1, coalesce(max(batch), 0) + 1, $2, $3, 'making' FROM code_batches WHERE poll = $1 \
                       ON CONFLICT DO NOTHING RETURNING batch";
            let query = sqlx::query_scalar(sql).bind(signed(poll.get())).bind(i64::from(codes));
            let number: Option<i64> = query.bind(now.as_millisecond()).fetch_optional(&mut *tx).await?;
            // Another batch of the poll took the number at the same moment.
            let number = number.ok_or(StoreError::Changed)?;
            tx.commit().await?;
            u32::try_from(number).map_err(|_| StoreError::Damaged("the number of a batch"))
        })
        .await
    }

    pub(crate) async fn complete_batch(&self, poll: PollId, number: u32) -> Result<bool, StoreError> {
        self.set_state(poll, number, "UPDATE code_batches SET state = 'good' WHERE state = 'making'").await
    }

    pub(crate) async fn void_batch(&self, poll: PollId, number: u32) -> Result<bool, StoreError> {
        self.set_state(poll, number, "UPDATE code_batches SET state = 'void' WHERE state IN ('making', 'good')").await
    }

    async fn set_state(&self, poll: PollId, number: u32, update: &'static str) -> Result<bool, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let sql = format!("{update} AND poll = $1 AND batch = $2");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(signed(poll.get())).bind(i64::from(number));
            if query.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            self.finish(tx).await?;
            Ok(true)
        })
        .await
    }

    pub(crate) async fn batches(&self, poll: PollId) -> Result<Vec<CodeBatch>, StoreError> {
        Self::bounded(async {
            let sql =
                "SELECT batch, codes, made_at FROM code_batches WHERE poll = $1 AND state = 'good' ORDER BY batch";
            let rows = sqlx::query(sql).bind(signed(poll.get())).fetch_all(self.reading()).await?;
            rows.iter().map(batch).collect()
        })
        .await
    }

    pub(crate) async fn sweep_codes(&self, now: Timestamp) -> Result<bool, StoreError> {
        Self::bounded(async {
            let sql = "SELECT b.poll, b.batch FROM code_batches b LEFT JOIN polls p ON p.id = b.poll \
                       WHERE p.id IS NULL OR b.state = 'void' OR (b.state = 'making' AND b.made_at < $1) LIMIT 1";
            let given_up = (now - GIVEN_UP).as_millisecond();
            let found = sqlx::query_as(sql).bind(given_up).fetch_optional(self.reading()).await?;
            let Some(batch) = found else { return Ok(false) };
            self.sweep_batch(batch, given_up).await?;
            Ok(true)
        })
        .await
    }

    /// Sweeps away some of a batch's codes, and once there are none left, the batch. Its number stays taken while the
    /// poll is there: whoever means this batch must not meet another.
    async fn sweep_batch(&self, (poll, number): (i64, i64), given_up: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // Looked at again, and locked: from here on its maker neither adds to it nor completes it.
        let sql = "UPDATE code_batches SET state = 'void' WHERE poll = $1 AND batch = $2 AND (state = 'void' \
                   OR (state = 'making' AND made_at < $3) OR NOT EXISTS (SELECT 1 FROM polls WHERE id = $1))";
        let locked = sqlx::query(sql).bind(poll).bind(number).bind(given_up).execute(&mut *tx).await?;
        if locked.rows_affected() == 0 {
            return Ok(());
        }
        if codes::sweep(&mut tx, (poll, number), SWEEP).await? == 0 {
            for sql in [
                "UPDATE code_batches SET state = 'swept' WHERE poll = $1 AND batch = $2",
                "DELETE FROM code_batches WHERE poll = $1 AND NOT EXISTS (SELECT 1 FROM polls WHERE id = $1) \
                 AND batch = $2",
            ] {
                sqlx::query(sql).bind(poll).bind(number).execute(&mut *tx).await?;
            }
        }
        Ok(tx.commit().await?)
    }
}

fn batch(row: &<Db as Database>::Row) -> Result<CodeBatch, StoreError> {
    Ok(CodeBatch {
        number: u32::try_from(row.try_get::<i64, _>("batch")?).map_err(|_| StoreError::Damaged("a batch"))?,
        codes: unsigned(row.try_get("codes")?),
        made_at: from_millis(row.try_get("made_at")?),
    })
}
