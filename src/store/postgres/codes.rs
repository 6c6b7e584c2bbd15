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
            let sql = "INSERT INTO codes (poll, batch, hash) SELECT $1, $2, unnest($3::bytea[])";
            let query = sqlx::query(sql).bind(signed(poll.get())).bind(i64::from(batch)).bind(slices(codes));
            query.execute(&mut *tx).await?;
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
