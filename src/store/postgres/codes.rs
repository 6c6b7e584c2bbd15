//! Voting codes, in sets: as arrays.

use std::collections::HashSet;

use sqlx::{Postgres as Db, Transaction};

use super::{Postgres, READ, WRITE, within};
use crate::domain::code::CodeHash;
use crate::domain::names::PollId;
use crate::store::StoreError;
use crate::store::values::signed;

impl Postgres {
    pub(crate) async fn add_codes(&self, poll: PollId, batch: u32, codes: &[CodeHash]) -> Result<(), StoreError> {
        within(WRITE, async {
            let mut tx = self.begin().await?;
            // Locked: it is not swept away meanwhile.
            let sql = "INSERT INTO codes (poll, batch, hash) SELECT b.poll, b.batch, new.hash FROM (\
                         SELECT poll, batch FROM code_batches WHERE poll = $1 AND batch = $2 AND state = 'making' \
                         FOR SHARE) b CROSS JOIN unnest($3::bytea[]) AS new (hash)";
            let query = sqlx::query(sql).bind(signed(poll.get())).bind(i64::from(batch)).bind(slices(codes));
            if query.execute(&mut *tx).await?.rows_affected() < codes.len() as u64 {
                return Err(StoreError::Changed);
            }
            Ok(tx.commit().await?)
        })
        .await
    }

    pub(crate) async fn good_codes(&self, poll: PollId, codes: &[CodeHash]) -> Result<HashSet<CodeHash>, StoreError> {
        within(READ, async {
            // Each is looked up: a join, the planner may come to do by reading all codes of the poll.
            let sql = "SELECT asked.hash FROM unnest($2::bytea[]) AS asked (hash) \
                       WHERE (SELECT batch FROM codes WHERE poll = $1 AND codes.hash = asked.hash) \
                         IN (SELECT batch FROM code_batches WHERE poll = $1 AND state = 'good')";
            let query = sqlx::query_scalar(sql).bind(signed(poll.get())).bind(slices(codes));
            let found: Vec<Vec<u8>> = query.fetch_all(self.reading()).await?;
            Ok(found.into_iter().filter_map(|hash| hash.try_into().ok().map(CodeHash)).collect())
        })
        .await
    }
}

/// Sweeps away up to `most` codes of a batch; returns how many there were. By where the rows lie: the planner cannot
/// come to read all codes.
pub async fn sweep(tx: &mut Transaction<'static, Db>, (poll, batch): (i64, i64), most: i64) -> Result<u64, StoreError> {
    let swept = sqlx::query(
        "DELETE FROM codes WHERE ctid = ANY (ARRAY (SELECT ctid FROM codes WHERE poll = $1 AND batch = $2 LIMIT $3))",
    );
    Ok(swept.bind(poll).bind(batch).bind(most).execute(&mut **tx).await?.rows_affected())
}

fn slices(codes: &[CodeHash]) -> Vec<&[u8]> {
    codes.iter().map(|code| &code.0[..]).collect()
}
