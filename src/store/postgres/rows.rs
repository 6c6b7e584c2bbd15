//! Between rows of PostgreSQL and the domain's types.

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::domain::clock::from_millis;
use crate::domain::log::{Bookmark, EntryId};
use crate::domain::names::{JoinCode, Slug};
use crate::domain::poll::{Poll, Versions};
use crate::store::StoreError;
use crate::store::values::{one_vote_per_from, poll_id, status_from, unsigned, user_id, visibility_from};

/// Selects what [`poll`] reads, from `polls p`. By name: a statement prepared with `*` fails once a migration adds a
/// column.
macro_rules! select_poll {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.slug, p.code, p.title, p.labels, p.status, p.generation, p.round, p.opens_at, p.closes_at, \
               p.allow_change, p.results, p.final, p.created_at, p.shown, p.text, p.revision, p.is_default, p.owner, p.one_vote_per",
            $rest
        )
    };
}
pub(super) use select_poll;

pub fn poll(row: &PgRow) -> Result<Poll, StoreError> {
    Ok(Poll {
        id: poll_id(row.try_get("id")?)?,
        slug: Slug::parse(row.try_get("slug")?).map_err(|_| StoreError::Damaged("a slug"))?,
        code: JoinCode::parse(row.try_get("code")?).ok_or(StoreError::Damaged("a join code"))?,
        title: row.try_get("title")?,
        labels: row.try_get("labels")?,
        status: status_from(row.try_get("status")?)?,
        generation: small(row.try_get("generation")?),
        round: small(row.try_get("round")?),
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

pub fn bookmark(row: &PgRow) -> Result<Bookmark, StoreError> {
    Ok(Bookmark {
        epoch: tiny(row.try_get("epoch")?),
        entry: EntryId(unsigned(row.try_get("entry")?)),
        fingerprint: unsigned(row.try_get("fingerprint")?),
        position: unsigned(row.try_get("position")?),
    })
}

/// A number of ours as an `integer`, which has a sign.
pub fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A number of ours as a `smallint`, which has a sign.
pub fn smallint(number: u16) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}

pub fn small(stored: i32) -> u32 {
    u32::try_from(stored).unwrap_or_default()
}

pub fn tiny(stored: i32) -> u16 {
    u16::try_from(stored).unwrap_or_default()
}
