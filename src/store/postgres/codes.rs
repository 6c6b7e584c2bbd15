//! Voting codes, in sets: as arrays.

use std::collections::HashSet;

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
            let sql = "SELECT c.hash FROM unnest($2::bytea[]) AS asked (hash) \
                       JOIN codes c ON c.poll = $1 AND c.hash = asked.hash \
                       JOIN code_batches b ON b.poll = c.poll AND b.batch = c.batch AND b.state = 'good'";
            let query = sqlx::query_scalar(sql).bind(signed(poll.get())).bind(slices(codes));
            let found: Vec<Vec<u8>> = query.fetch_all(self.reading()).await?;
            Ok(found.into_iter().filter_map(|hash| hash.try_into().ok().map(CodeHash)).collect())
        })
        .await
    }
}

fn slices(codes: &[CodeHash]) -> Vec<&[u8]> {
    codes.iter().map(|code| &code.0[..]).collect()
}
