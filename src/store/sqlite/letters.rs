//! Dead letters in SQLite.

use bytes::Bytes;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::apply::{Claim, read_bookmark};
use crate::domain::clock::from_millis;
use crate::domain::fold::DeadLetter;
use crate::domain::log::EntryId;
use crate::store::StoreError;
use crate::store::letters::StoredLetter;
use crate::store::values::{signed, unsigned};

impl Sqlite {
    pub(crate) async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<StoredLetter>, StoreError> {
        let query = sqlx::query("SELECT * FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?").bind(after).bind(limit);
        query.fetch_all(self.file.readers()).await?.iter().map(letter).collect()
    }

    pub(crate) async fn drop_dead_letter(&self, id: i64) -> Result<bool, StoreError> {
        let dropped = sqlx::query("DELETE FROM dead_letters WHERE id = ?").bind(id).execute(self.file.writer()).await?;
        Ok(dropped.rows_affected() > 0)
    }

    /// Takes a letter and its ballots out of the books, for them to be applied; `None` where it is gone.
    pub(crate) async fn exhume(&self, letter: &StoredLetter, partitions: u16) -> Result<Option<Claim>, StoreError> {
        let mut tx = self.file.begin().await?;
        let taken = sqlx::query("DELETE FROM dead_letters WHERE id = ?").bind(letter.id).execute(&mut *tx).await?;
        if taken.rows_affected() == 0 {
            return Ok(None);
        }
        sqlx::query("UPDATE partitions SET dead = dead - ?1, applied = applied - ?1 WHERE partition = ?2")
            .bind(signed(letter.ballots))
            .bind(letter.partition)
            .execute(&mut *tx)
            .await?;
        let bookmark = read_bookmark(&mut *tx, letter.partition).await?.unwrap_or_default();
        Ok(Some(Claim { tx, partition: letter.partition, partitions, bookmark }))
    }
}

impl Claim {
    pub(super) async fn keep_dead_letter(&mut self, letter: &DeadLetter, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO dead_letters (partition, epoch, entry, fingerprint, position, ballots, whole, reason, body, at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.partition)
        .bind(letter.epoch)
        .bind(signed(letter.entry.0))
        .bind(signed(letter.fingerprint))
        .bind(signed(letter.first))
        .bind(signed(letter.ballots))
        .bind(letter.whole)
        .bind(&letter.reason)
        .bind(&letter.body[..])
        .bind(now.as_millisecond())
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

fn letter(row: &SqliteRow) -> Result<StoredLetter, StoreError> {
    Ok(StoredLetter {
        id: row.try_get("id")?,
        partition: row.try_get("partition")?,
        epoch: row.try_get("epoch")?,
        entry: EntryId(unsigned(row.try_get("entry")?)),
        fingerprint: unsigned(row.try_get("fingerprint")?),
        position: unsigned(row.try_get("position")?),
        ballots: unsigned(row.try_get("ballots")?),
        whole: row.try_get("whole")?,
        reason: row.try_get("reason")?,
        body: Bytes::from(row.try_get::<Vec<u8>, _>("body")?),
        at: from_millis(row.try_get("at")?),
    })
}
