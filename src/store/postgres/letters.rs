//! Dead letters in PostgreSQL.

use bytes::Bytes;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::apply::Claim;
use super::rows::{self, smallint, tiny};
use super::{Postgres, WRITE, within};
use crate::domain::clock::from_millis;
use crate::domain::fold::DeadLetter;
use crate::domain::log::EntryId;
use crate::store::StoreError;
use crate::store::letters::StoredLetter;
use crate::store::values::{signed, unsigned};

impl Postgres {
    pub(crate) async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<StoredLetter>, StoreError> {
        let sql = "SELECT id, partition, epoch, entry, fingerprint, position, ballots, whole, reason, body, at \
                   FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2";
        self.read(async |pool| {
            let rows = sqlx::query(sql).bind(after).bind(i64::from(limit)).fetch_all(&pool).await?;
            rows.iter().map(letter).collect()
        })
        .await
    }

    pub(crate) async fn drop_dead_letter(&self, id: i64) -> Result<bool, StoreError> {
        within(WRITE, async {
            let query = sqlx::query("DELETE FROM dead_letters WHERE id = $1").bind(id);
            Ok(query.execute(&self.primary).await?.rows_affected() > 0)
        })
        .await
    }

    /// Takes a letter and its ballots out of the books, for them to be applied; `None` where it is gone.
    pub(crate) async fn exhume(&self, letter: &StoredLetter, partitions: u16) -> Result<Option<Claim>, StoreError> {
        within(WRITE, async {
            let mut tx = self.begin().await?;
            let row = sqlx::query(
                "UPDATE partitions SET dead = dead - $1, applied = applied - $1 WHERE partition = $2 \
                 RETURNING epoch, entry, fingerprint, position",
            )
            .bind(signed(letter.ballots))
            .bind(smallint(letter.partition))
            .fetch_optional(&mut *tx)
            .await?;
            let taken = sqlx::query("DELETE FROM dead_letters WHERE id = $1").bind(letter.id).execute(&mut *tx).await?;
            let Some(row) = row.filter(|_| taken.rows_affected() > 0) else { return Ok(None) };
            let bookmark = rows::bookmark(&row)?;
            Ok(Some(Claim { tx, partition: letter.partition, partitions, bookmark }))
        })
        .await
    }
}

impl Claim {
    pub(super) async fn keep_dead_letter(&mut self, letter: &DeadLetter, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO dead_letters (partition, epoch, entry, fingerprint, position, ballots, whole, reason, body, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(smallint(self.partition))
        .bind(i32::from(letter.epoch))
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

fn letter(row: &PgRow) -> Result<StoredLetter, StoreError> {
    Ok(StoredLetter {
        id: row.try_get("id")?,
        partition: tiny(row.try_get::<i16, _>("partition")?.into()),
        epoch: tiny(row.try_get("epoch")?),
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
