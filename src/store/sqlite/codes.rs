//! Voting codes, in sets: packed, and expanded against the table of numbers.

use std::collections::HashSet;

use sqlx::{Sqlite as Db, Transaction};

use super::Sqlite;
use crate::domain::code::CodeHash;
use crate::domain::names::PollId;
use crate::store::StoreError;
use crate::store::values::signed;

/// Codes in one statement: what the table of numbers expands.
const CHUNK: usize = 8192;

impl Sqlite {
    pub(crate) async fn add_codes(&self, poll: PollId, batch: u32, codes: &[CodeHash]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for codes in codes.chunks(CHUNK) {
            let inserted = sqlx::query(
                "INSERT INTO codes (poll, hash, batch) SELECT b.poll, substr(?2, n * 16 + 1, 16), b.batch \
                 FROM code_batches b CROSS JOIN numbers \
                 WHERE b.poll = ?1 AND b.batch = ?3 AND b.state = 'making' AND n < ?4",
            )
            .bind(signed(poll.get()))
            .bind(packed(codes))
            .bind(batch)
            .bind(signed(codes.len() as u64))
            .execute(&mut *tx)
            .await?;
            if inserted.rows_affected() < codes.len() as u64 {
                return Err(StoreError::Changed);
            }
        }
        Ok(tx.commit().await?)
    }

    pub(crate) async fn good_codes(&self, poll: PollId, codes: &[CodeHash]) -> Result<HashSet<CodeHash>, StoreError> {
        let mut good = HashSet::with_capacity(codes.len());
        for codes in codes.chunks(CHUNK) {
            let found: Vec<Vec<u8>> = sqlx::query_scalar(
                "SELECT c.hash FROM numbers CROSS JOIN codes c ON c.poll = ?1 AND c.hash = substr(?2, n * 16 + 1, 16) \
                 JOIN code_batches b ON b.poll = c.poll AND b.batch = c.batch AND b.state = 'good' WHERE n < ?3",
            )
            .bind(signed(poll.get()))
            .bind(packed(codes))
            .bind(signed(codes.len() as u64))
            .fetch_all(self.reading())
            .await?;
            good.extend(found.into_iter().filter_map(|hash| hash.try_into().ok().map(CodeHash)));
        }
        Ok(good)
    }
}

/// Sweeps away up to `most` codes of a batch; returns how many there were.
pub async fn sweep(tx: &mut Transaction<'static, Db>, (poll, batch): (i64, i64), most: i64) -> Result<u64, StoreError> {
    let swept = sqlx::query(
        "DELETE FROM codes WHERE poll = ?1 AND hash IN \
           (SELECT hash FROM codes WHERE poll = ?1 AND batch = ?2 LIMIT ?3)",
    );
    Ok(swept.bind(poll).bind(batch).bind(most).execute(&mut **tx).await?.rows_affected())
}

fn packed(codes: &[CodeHash]) -> Vec<u8> {
    codes.iter().flat_map(|code| code.0).collect()
}
