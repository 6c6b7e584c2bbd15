//! Polls: kept, found, changed under optimistic concurrency.

use jiff::Timestamp;
use sqlx::{Sqlite as Db, Transaction};

use super::{Sqlite, connect, rows};
use crate::domain::names::{JoinCode, PollId};
use crate::domain::poll::Poll;
use crate::domain::user::UserId;
use crate::store::StoreError;
use crate::store::values::{self, millis, signed};

impl Sqlite {
    pub(crate) async fn insert_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let mut tx = self.file.begin().await?;
        if name_is_taken(&mut tx, poll).await? {
            return Err(StoreError::NameTaken);
        }
        sqlx::query(
            "INSERT INTO polls (id, slug, code, title, labels, status, generation, round, opens_at, closes_at, \
               allow_change, results, final, created_at, shown, text, revision, is_default, owner, one_vote_per) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(signed(poll.id.get()))
        .bind(poll.slug.as_str())
        .bind(poll.code.as_str())
        .bind(&poll.title)
        .bind(rows::labels(poll))
        .bind(values::status(poll.status))
        .bind(poll.generation)
        .bind(poll.round)
        .bind(millis(poll.opens_at))
        .bind(millis(poll.closes_at))
        .bind(poll.allow_change)
        .bind(values::visibility(poll.results))
        .bind(poll.is_final)
        .bind(poll.created_at.as_millisecond())
        .bind(signed(poll.versions.shown))
        .bind(signed(poll.versions.text))
        .bind(signed(poll.versions.revision))
        .bind(poll.is_default)
        .bind(poll.owner.as_ref().map(UserId::as_str))
        .bind(poll.one_vote_per.word())
        .execute(&mut *tx)
        .await
        .map_err(name_conflict)?;
        record_generation(&mut tx, poll, poll.created_at).await?;
        self.finish(tx).await
    }

    pub(crate) async fn update_poll(&self, poll: &Poll, now: Timestamp) -> Result<Poll, StoreError> {
        let mut tx = self.file.begin().await?;
        let before = read(&mut tx, poll.id).await?.filter(|before| before.versions.revision == poll.versions.revision);
        let before = before.ok_or(StoreError::Changed)?;
        let after = before.replaced_by(poll);
        write(&mut tx, &after).await?;
        if after.round != before.round {
            discard_round(&mut tx, &before).await?;
        }
        if after.generation != before.generation {
            record_generation(&mut tx, &after, now).await?;
        }
        self.finish(tx).await?;
        Ok(after)
    }

    pub(crate) async fn delete_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let mut tx = self.file.begin().await?;
        discard_round(&mut tx, poll).await?;
        let deleted = sqlx::query("DELETE FROM polls WHERE id = ? AND revision = ?")
            .bind(signed(poll.id.get()))
            .bind(signed(poll.versions.revision))
            .execute(&mut *tx)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::Changed);
        }
        self.finish(tx).await
    }

    pub(crate) async fn poll(&self, id: PollId) -> Result<Option<Poll>, StoreError> {
        let query = sqlx::query("SELECT * FROM polls WHERE id = ?").bind(signed(id.get()));
        let row = query.fetch_optional(self.file.readers()).await?;
        row.as_ref().map(rows::poll).transpose()
    }

    pub(crate) async fn poll_named(&self, name: &str) -> Result<Option<Poll>, StoreError> {
        let code = JoinCode::parse(name);
        let row = sqlx::query("SELECT * FROM polls WHERE slug = ?1 OR code = ?2 ORDER BY slug <> ?1 LIMIT 1")
            .bind(name)
            .bind(code.as_ref().map(JoinCode::as_str))
            .fetch_optional(self.file.readers())
            .await?;
        row.as_ref().map(rows::poll).transpose()
    }

    pub(crate) async fn polls(&self) -> Result<Vec<Poll>, StoreError> {
        self.list("SELECT * FROM polls ORDER BY is_default DESC, created_at DESC, id").await
    }

    pub(crate) async fn unsettled_polls(&self) -> Result<Vec<Poll>, StoreError> {
        self.list("SELECT * FROM polls WHERE final = 0 ORDER BY id").await
    }

    pub(crate) async fn hides_results(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM polls WHERE (status <> 'draft' OR generation > 1) \
                   AND (results = 'hidden' OR (results = 'after_close' AND final = 0)))";
        Ok(sqlx::query_scalar(sql).fetch_one(self.file.readers()).await?)
    }

    async fn list(&self, sql: &'static str) -> Result<Vec<Poll>, StoreError> {
        let rows = sqlx::query(sql).fetch_all(self.file.readers()).await?;
        rows.iter().map(rows::poll).collect()
    }
}

/// Reads a poll within a transaction.
pub async fn read(tx: &mut Transaction<'static, Db>, id: PollId) -> Result<Option<Poll>, StoreError> {
    let query = sqlx::query("SELECT * FROM polls WHERE id = ?").bind(signed(id.get()));
    let row = query.fetch_optional(&mut **tx).await?;
    row.as_ref().map(rows::poll).transpose()
}

/// A slug and a code live in one name space: what was read out to a room must not lead elsewhere.
async fn name_is_taken(tx: &mut Transaction<'static, Db>, poll: &Poll) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM polls WHERE slug = ?1 OR code = ?2 \
               OR replace(slug, '-', '') = lower(?2) OR code = upper(replace(?1, '-', '')))";
    let query = sqlx::query_scalar(sql).bind(poll.slug.as_str()).bind(poll.code.as_str());
    Ok(query.fetch_one(&mut **tx).await?)
}

async fn write(tx: &mut Transaction<'static, Db>, poll: &Poll) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE polls SET title = ?, labels = ?, status = ?, generation = ?, round = ?, opens_at = ?, closes_at = ?, \
           results = ?, final = ?, shown = ?, text = ?, revision = ? WHERE id = ?",
    )
    .bind(&poll.title)
    .bind(rows::labels(poll))
    .bind(values::status(poll.status))
    .bind(poll.generation)
    .bind(poll.round)
    .bind(millis(poll.opens_at))
    .bind(millis(poll.closes_at))
    .bind(values::visibility(poll.results))
    .bind(poll.is_final)
    .bind(signed(poll.versions.shown))
    .bind(signed(poll.versions.text))
    .bind(signed(poll.versions.revision))
    .bind(signed(poll.id.get()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn record_generation(tx: &mut Transaction<'static, Db>, poll: &Poll, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO generations (poll, generation, round, began_at) VALUES (?, ?, ?, ?)")
        .bind(signed(poll.id.get()))
        .bind(poll.generation)
        .bind(poll.round)
        .bind(now.as_millisecond())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Empties the tallies of a poll's round and books its votes as discarded; its ballots are swept away later.
async fn discard_round(tx: &mut Transaction<'static, Db>, poll: &Poll) -> Result<(), StoreError> {
    let id = signed(poll.id.get());
    sqlx::query(
        "INSERT INTO partitions (partition, discarded) SELECT 0, coalesce(sum(votes), 0) FROM tallies WHERE poll = ? \
         ON CONFLICT DO UPDATE SET discarded = discarded + excluded.discarded",
    )
    .bind(id)
    .execute(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM tallies WHERE poll = ?").bind(id).execute(&mut **tx).await?;
    sqlx::query("INSERT OR IGNORE INTO discarded_rounds (poll, round) VALUES (?, ?)")
        .bind(id)
        .bind(poll.round)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn name_conflict(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(database) if connect::is_about_data(database) && database.is_unique_violation() => StoreError::NameTaken,
        _ => error.into(),
    }
}
