//! Polls: kept, found, changed under optimistic concurrency.

use jiff::Timestamp;
use sqlx::{Postgres as Db, Transaction};

use super::rows::{self, integer, select_poll};
use super::{Postgres, WRITE, within};
use crate::domain::names::{JoinCode, PollId};
use crate::domain::poll::Poll;
use crate::domain::user::UserId;
use crate::store::StoreError;
use crate::store::values::{self, millis, signed};

impl Postgres {
    pub(crate) async fn insert_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        within(WRITE, async {
            let mut tx = self.begin().await?;
            insert(&mut tx, poll).await.map_err(name_conflict)?;
            record_generation(&mut tx, poll, poll.created_at).await?;
            self.finish(tx).await
        })
        .await
    }

    pub(crate) async fn update_poll(&self, poll: &Poll, now: Timestamp) -> Result<Poll, StoreError> {
        within(WRITE, async {
            let mut tx = self.begin().await?;
            let before = lock(&mut tx, poll).await?;
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
        })
        .await
    }

    pub(crate) async fn delete_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        within(WRITE, async {
            let mut tx = self.begin().await?;
            let before = lock(&mut tx, poll).await?;
            discard_round(&mut tx, &before).await?;
            sqlx::query("DELETE FROM polls WHERE id = $1").bind(signed(poll.id.get())).execute(&mut *tx).await?;
            self.finish(tx).await
        })
        .await
    }

    pub(crate) async fn poll(&self, id: PollId) -> Result<Option<Poll>, StoreError> {
        self.view(|pool| async move {
            let query = sqlx::query(select_poll!(" FROM polls p WHERE id = $1")).bind(signed(id.get()));
            query.fetch_optional(&pool).await?.as_ref().map(rows::poll).transpose()
        })
        .await
    }

    pub(crate) async fn poll_named(&self, name: &str) -> Result<Option<Poll>, StoreError> {
        let code = JoinCode::parse(name).map(|code| code.as_str().to_lowercase());
        let sql = select_poll!(
            " FROM polls p JOIN names n ON n.poll = p.id WHERE (n.name = $1 AND p.slug = $1) \
               OR (n.name = $2 AND lower(p.code) = $2) ORDER BY p.slug <> $1 LIMIT 1"
        );
        self.view(|pool| {
            let query = sqlx::query(sql).bind(name).bind(code.clone());
            async move { query.fetch_optional(&pool).await?.as_ref().map(rows::poll).transpose() }
        })
        .await
    }

    pub(crate) async fn polls(&self) -> Result<Vec<Poll>, StoreError> {
        let sql = select_poll!(" FROM polls p ORDER BY is_default DESC, created_at DESC, id");
        self.view(|pool| async move { sqlx::query(sql).fetch_all(&pool).await?.iter().map(rows::poll).collect() }).await
    }

    pub(crate) async fn unsettled_polls(&self) -> Result<Vec<Poll>, StoreError> {
        let sql = select_poll!(" FROM polls p WHERE NOT final ORDER BY id");
        self.read(async |pool| sqlx::query(sql).fetch_all(&pool).await?.iter().map(rows::poll).collect()).await
    }

    pub(crate) async fn hides_results(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM polls WHERE (status <> 'draft' OR generation > 1) \
                   AND (results = 'hidden' OR (results = 'after_close' AND NOT final)))";
        self.view(|pool| async move { Ok(sqlx::query_scalar(sql).fetch_one(&pool).await?) }).await
    }
}

/// Locks a poll against organisers and workers, and reads it, if it is as it was when `poll` was made from it.
async fn lock(tx: &mut Transaction<'static, Db>, poll: &Poll) -> Result<Poll, StoreError> {
    let query = sqlx::query(select_poll!(" FROM polls p WHERE id = $1 FOR UPDATE")).bind(signed(poll.id.get()));
    let before = query.fetch_optional(&mut **tx).await?.as_ref().map(rows::poll).transpose()?;
    before.filter(|before| before.versions.revision == poll.versions.revision).ok_or(StoreError::Changed)
}

async fn insert(tx: &mut Transaction<'static, Db>, poll: &Poll) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO polls (id, slug, code, title, labels, status, generation, round, opens_at, closes_at, allow_change, \
           results, final, created_at, shown, text, revision, is_default, owner, one_vote_per) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(signed(poll.id.get()))
    .bind(poll.slug.as_str())
    .bind(poll.code.as_str())
    .bind(&poll.title)
    .bind(&poll.labels)
    .bind(values::status(poll.status))
    .bind(integer(poll.generation))
    .bind(integer(poll.round))
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
    .execute(&mut **tx)
    .await?;
    // A slug and a code live in one name space: what was read out to a room must not lead elsewhere.
    sqlx::query(
        "INSERT INTO names (name, poll) SELECT DISTINCT name, $3 FROM (VALUES ($1), (lower($2)), ($4)) AS new (name)",
    )
    .bind(poll.slug.as_str())
    .bind(poll.code.as_str())
    .bind(signed(poll.id.get()))
    // A slug that can be read as a code, dashes and all, must not be somebody else's code.
    .bind(JoinCode::parse(poll.slug.as_str()).map_or(poll.slug.to_string(), |code| code.as_str().to_lowercase()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn write(tx: &mut Transaction<'static, Db>, poll: &Poll) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE polls SET title = $2, labels = $3, status = $4, generation = $5, round = $6, opens_at = $7, \
           closes_at = $8, results = $9, final = $10, shown = $11, text = $12, revision = $13 WHERE id = $1",
    )
    .bind(signed(poll.id.get()))
    .bind(&poll.title)
    .bind(&poll.labels)
    .bind(values::status(poll.status))
    .bind(integer(poll.generation))
    .bind(integer(poll.round))
    .bind(millis(poll.opens_at))
    .bind(millis(poll.closes_at))
    .bind(values::visibility(poll.results))
    .bind(poll.is_final)
    .bind(signed(poll.versions.shown))
    .bind(signed(poll.versions.text))
    .bind(signed(poll.versions.revision))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn record_generation(tx: &mut Transaction<'static, Db>, poll: &Poll, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO generations (poll, generation, round, began_at) VALUES ($1, $2, $3, $4)")
        .bind(signed(poll.id.get()))
        .bind(integer(poll.generation))
        .bind(integer(poll.round))
        .bind(now.as_millisecond())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Empties the tallies of a locked poll's round and books its votes as discarded; its ballots are swept away later.
async fn discard_round(tx: &mut Transaction<'static, Db>, poll: &Poll) -> Result<(), StoreError> {
    let id = signed(poll.id.get());
    sqlx::query(
        "WITH emptied AS (DELETE FROM tallies WHERE poll = $1 RETURNING votes) \
         UPDATE partitions SET discarded = discarded + (SELECT coalesce(sum(votes), 0)::bigint FROM emptied) \
         WHERE partition = -1",
    )
    .bind(id)
    .execute(&mut **tx)
    .await?;
    sqlx::query("INSERT INTO discarded_rounds (poll, round) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(id)
        .bind(integer(poll.round))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn name_conflict(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::NameTaken,
        _ => error.into(),
    }
}
