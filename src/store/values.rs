//! Between the domain's types and what every database can keep.

use jiff::Timestamp;

use crate::domain::clock::from_millis;
use crate::domain::names::{Choice, PollId};
use crate::domain::poll::{OneVotePer, Status, Visibility};
use crate::domain::turnout::Turnout;
use crate::domain::user::{UserId, UserRole};
use crate::store::StoreError;

pub fn poll_id(stored: i64) -> Result<PollId, StoreError> {
    PollId::from_u64(unsigned(stored)).ok_or(StoreError::Damaged("a poll id"))
}

pub fn choice(stored: i64) -> Result<Choice, StoreError> {
    usize::try_from(stored).ok().and_then(Choice::from_index).ok_or(StoreError::Damaged("a choice"))
}

/// Our numbers stay under 2^63, so the sign bit is free for the database.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub fn unsigned(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}

pub fn millis(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_millisecond)
}

/// A step's start and its voters.
pub fn turnout((at, voters): (i64, i64)) -> Turnout {
    Turnout { at: from_millis(at), voters: unsigned(voters) }
}

pub fn status(status: Status) -> &'static str {
    match status {
        Status::Draft => "draft",
        Status::Open => "open",
        Status::Closed => "closed",
    }
}

pub fn status_from(stored: &str) -> Result<Status, StoreError> {
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

pub fn visibility_from(stored: &str) -> Result<Visibility, StoreError> {
    match stored {
        "live" => Ok(Visibility::Live),
        "hidden" => Ok(Visibility::Hidden),
        "after_close" => Ok(Visibility::AfterClose),
        _ => Err(StoreError::Damaged("a visibility")),
    }
}

pub fn one_vote_per_from(stored: &str) -> Result<OneVotePer, StoreError> {
    let all = [OneVotePer::Browser, OneVotePer::Account, OneVotePer::Code];
    all.into_iter().find(|rule| rule.word() == stored).ok_or(StoreError::Damaged("who has one vote"))
}

pub fn user_id(stored: impl AsRef<str>) -> Result<UserId, StoreError> {
    UserId::parse(stored.as_ref()).map_err(|_| StoreError::Damaged("a user's id"))
}

pub fn user_role(stored: &str) -> Result<UserRole, StoreError> {
    stored.parse().map_err(|_| StoreError::Damaged("a user's role"))
}
