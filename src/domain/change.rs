//! What may be changed in a poll that exists, and why a change is refused.

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::clock::whole_milliseconds;
use super::new_poll::{Invalid, check_labels, check_times, check_title};
use super::poll::{Poll, Status, Visibility};

/// Why a poll cannot do what was asked of it in its present state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Opening an open poll.
    #[error("this poll is already open")]
    AlreadyOpen,
    /// Closing a closed poll.
    #[error("this poll is already closed")]
    AlreadyClosed,
    /// Closing a draft.
    #[error("this poll is not open")]
    NotOpen,
    /// The last accepted ballots are being counted.
    #[error("this poll is closed and its last ballots are being counted; try again in a moment")]
    StillCounting,
    /// Deleting an open poll.
    #[error("this poll is open; close it before you delete it")]
    DeleteOpen,
    /// New texts after the first ballot.
    #[error("this poll has ballots: its title and labels can no longer change (reset it, or duplicate it)")]
    HasBallots,
    /// A time in the past.
    #[error("that time has passed")]
    TimePassed,
    /// A field out of bounds.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// A change to a poll; a field that is absent stays as it is. A time given as `null` is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "Tea, or coffee?", "closes_at": "2099-12-31T18:00:00Z" }))]
pub struct PollChange {
    /// A new question; only before the first ballot.
    #[schema(min_length = 1, max_length = 200)]
    pub title: Option<String>,
    /// New labels, as many as there are options; only before the first ballot.
    #[schema(min_items = 2, max_items = 50)]
    pub options: Option<Vec<String>>,
    /// Who sees totals from now on.
    pub results: Option<Visibility>,
    /// When the draft opens by itself.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Timestamp>)]
    pub opens_at: Option<Option<Timestamp>>,
    /// When the poll closes by itself.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Timestamp>)]
    pub closes_at: Option<Option<Timestamp>>,
}

/// Tells `null` from an absent field.
#[expect(clippy::option_option, reason = "absent, null and a time are three different wishes")]
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl PollChange {
    /// Whether the change touches what voters read before they choose.
    #[must_use]
    pub fn touches_texts(&self) -> bool {
        self.title.is_some() || self.options.is_some()
    }

    /// The poll as changed. `has_ballots`: whether any ballot of its current round was accepted.
    ///
    /// # Errors
    /// When a field is out of bounds, or may not change any more.
    pub fn apply(&self, poll: &Poll, has_ballots: bool, now: Timestamp) -> Result<Poll, Refusal> {
        if has_ballots && self.touches_texts() {
            return Err(Refusal::HasBallots);
        }
        let mut changed = poll.clone();
        if let Some(title) = &self.title {
            changed.title = check_title(title)?;
        }
        if let Some(labels) = &self.options {
            if poll.status_at(now) != Status::Draft && labels.len() != poll.labels.len() {
                return Err(Invalid::OptionCountFixed { expected: poll.labels.len() }.into());
            }
            changed.labels = check_labels(labels)?;
        }
        if let Some(results) = self.results {
            changed.results = results;
        }
        self.apply_times(&mut changed, now)?;
        Ok(changed)
    }

    fn apply_times(&self, poll: &mut Poll, now: Timestamp) -> Result<(), Refusal> {
        if let Some(opens_at) = self.opens_at {
            if poll.status_at(now) != Status::Draft {
                return Err(Refusal::AlreadyOpen);
            }
            poll.opens_at = opens_at.map(whole_milliseconds);
        }
        if let Some(closes_at) = self.closes_at {
            if poll.status_at(now) == Status::Closed {
                return Err(Refusal::AlreadyClosed);
            }
            poll.closes_at = closes_at.map(whole_milliseconds);
        }
        if self.opens_at.is_some() || self.closes_at.is_some() {
            let opens_at = poll.opens_at.filter(|_| poll.status == Status::Draft);
            check_times(opens_at, poll.closes_at, now)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::from_millis as at;
    use crate::domain::poll::tests::{draft, open};

    fn change(json: &str) -> PollChange {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn absent_null_and_a_time_are_three_wishes() {
        let poll = Poll { closes_at: Some(at(9000)), ..open() };
        let closes = |json| change(json).apply(&poll, true, at(1)).unwrap().closes_at;
        assert_eq!(closes("{}"), Some(at(9000)));
        assert_eq!(closes(r#"{"closes_at":null}"#), None);
        assert_eq!(closes(r#"{"closes_at":"1970-01-01T00:00:20Z"}"#), Some(at(20_000)));
        assert!(serde_json::from_str::<PollChange>(r#"{"colour":"red"}"#).is_err());
    }

    #[test]
    fn texts_are_locked_by_the_first_ballot_and_visibility_is_not() {
        for texts in [r#"{"title":"Which?"}"#, r#"{"options":["x","y"]}"#] {
            assert_eq!(change(texts).apply(&open(), true, at(1)), Err(Refusal::HasBallots));
            assert!(change(texts).apply(&open(), false, at(1)).is_ok());
        }
        let hidden = change(r#"{"results":"hidden"}"#).apply(&open(), true, at(1)).unwrap();
        assert_eq!(hidden.results, Visibility::Hidden);
    }

    #[test]
    fn the_number_of_options_is_fixed_once_ballots_may_come_in() {
        let three = change(r#"{"options":["x","y","z"]}"#);
        let fixed = Err(Refusal::Invalid(Invalid::OptionCountFixed { expected: 2 }));
        assert_eq!(three.apply(&open(), false, at(1)), fixed);
        let scheduled = Poll { opens_at: Some(at(5)), ..draft() };
        assert_eq!(three.apply(&scheduled, false, at(4)).unwrap().labels.len(), 3);
        assert_eq!(three.apply(&scheduled, false, at(5)), fixed, "its gate is open though nothing has recorded it");
    }

    #[test]
    fn times_are_set_ahead_in_order_and_not_behind_what_happened() {
        let opens = change(r#"{"opens_at":"1970-01-01T00:00:20Z"}"#);
        assert_eq!(opens.apply(&draft(), false, at(1)).unwrap().opens_at, Some(at(20_000)));
        assert_eq!(opens.apply(&open(), false, at(1)), Err(Refusal::AlreadyOpen));
        assert_eq!(opens.apply(&draft(), false, at(20_000)), Err(Invalid::TimePassed("opens_at").into()));
        let closes = change(r#"{"closes_at":"1970-01-01T00:00:20Z"}"#);
        assert_eq!(closes.apply(&open().closed(at(1)).unwrap(), false, at(2)), Err(Refusal::AlreadyClosed));
        let late = Poll { opens_at: Some(at(30_000)), ..draft() };
        assert_eq!(closes.apply(&late, false, at(1)), Err(Invalid::ClosesBeforeOpening.into()));
    }
}
