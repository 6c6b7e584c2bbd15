//! Between rows of SQLite and the domain's types.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::domain::clock::from_millis;
use crate::domain::names::{JoinCode, Slug};
use crate::domain::poll::{Poll, Versions};
use crate::store::StoreError;
use crate::store::values::{one_vote_per_from, poll_id, status_from, unsigned, user_id, visibility_from};

pub fn poll(row: &SqliteRow) -> Result<Poll, StoreError> {
    Ok(Poll {
        id: poll_id(row.try_get("id")?)?,
        slug: Slug::parse(row.try_get("slug")?).map_err(|_| StoreError::Damaged("a slug"))?,
        code: JoinCode::parse(row.try_get("code")?).ok_or(StoreError::Damaged("a join code"))?,
        title: row.try_get("title")?,
        labels: serde_json::from_str(row.try_get("labels")?).map_err(|_| StoreError::Damaged("labels"))?,
        status: status_from(row.try_get("status")?)?,
        generation: row.try_get("generation")?,
        round: row.try_get("round")?,
        opens_at: row.try_get::<Option<i64>, _>("opens_at")?.map(from_millis),
        closes_at: row.try_get::<Option<i64>, _>("closes_at")?.map(from_millis),
        allow_change: row.try_get("allow_change")?,
        results: visibility_from(row.try_get("results")?)?,
        is_final: row.try_get("final")?,
        created_at: from_millis(row.try_get("created_at")?),
        versions: Versions {
            shown: unsigned(row.try_get("shown")?),
            text: unsigned(row.try_get("text")?),
            revision: unsigned(row.try_get("revision")?),
        },
        is_default: row.try_get("is_default")?,
        owner: row.try_get::<Option<String>, _>("owner")?.map(user_id).transpose()?,
        one_vote_per: one_vote_per_from(row.try_get("one_vote_per")?)?,
    })
}

pub fn labels(poll: &Poll) -> String {
    serde_json::Value::from(poll.labels.clone()).to_string()
}
