//! Between rows of SQLite and the domain's types.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::domain::clock::from_millis;
use crate::domain::names::{Choice, JoinCode, PollId, Slug};
use crate::domain::poll::{Poll, Status, Versions, Visibility};
use crate::store::StoreError;

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
    })
}

pub fn poll_id(stored: i64) -> Result<PollId, StoreError> {
    PollId::from_u64(unsigned(stored)).ok_or(StoreError::Damaged("a poll id"))
}

pub fn choice(stored: i64) -> Result<Choice, StoreError> {
    usize::try_from(stored).ok().and_then(Choice::from_index).ok_or(StoreError::Damaged("a choice"))
}

/// Our numbers stay under 2^63, so the sign bit is free for SQLite.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub fn unsigned(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}

pub fn millis(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_millisecond)
}

pub fn labels(poll: &Poll) -> String {
    serde_json::Value::from(poll.labels.clone()).to_string()
}

pub fn status(status: Status) -> &'static str {
    match status {
        Status::Draft => "draft",
        Status::Open => "open",
        Status::Closed => "closed",
    }
}

fn status_from(stored: &str) -> Result<Status, StoreError> {
    match stored {
        "draft" => Ok(Status::Draft),
        "open" => Ok(Status::Open),
        "closed" => Ok(Status::Closed),
        _ => Err(StoreError::Damaged("a status")),
    }
}

pub fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Live => "live",
        Visibility::Hidden => "hidden",
        Visibility::AfterClose => "after_close",
    }
}

fn visibility_from(stored: &str) -> Result<Visibility, StoreError> {
    match stored {
        "live" => Ok(Visibility::Live),
        "hidden" => Ok(Visibility::Hidden),
        "after_close" => Ok(Visibility::AfterClose),
        _ => Err(StoreError::Damaged("a visibility")),
    }
}
