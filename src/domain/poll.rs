//! A poll, its states and the rules by which it moves between them.
//!
//! ```text
//! draft ──open──> open ──close──> closed ──(all markers applied)──> final
//!                  ^                                                  │
//!                  └───────────── open again: generation + 1 ─────────┘
//! reset, from any state: generation + 1, round + 1 (empty tallies); an open poll stays open, others become drafts
//! ```
//!
//! A *generation* is one opening of the gate; a *round* is the run of generations whose ballots are counted together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::change::Refusal;
use super::gate::{Gate, Phase};
use super::names::{Choice, JoinCode, PollId, Slug};

/// Where a poll is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being prepared: not listed, no ballot is accepted.
    Draft,
    /// Ballots are accepted, within the poll's times.
    Open,
    /// No more ballots; see [`Poll::is_final`].
    Closed,
}

/// Who sees the totals, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everyone, while votes come in.
    #[default]
    Live,
    /// Only the organiser.
    Hidden,
    /// The organiser; everyone once the poll is final.
    AfterClose,
}

/// How many times a poll was changed and shown. All three only ever rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Versions {
    /// Rises with every visible change: votes, texts, state.
    pub shown: u64,
    /// What `shown` was when something other than votes last changed: all that viewers of hidden results may see.
    pub text: u64,
    /// Rises with every change that is not a vote; guards against lost updates and orders a gate's settings.
    pub revision: u64,
}

/// A question with its options, rules and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Immutable identity.
    pub id: PollId,
    /// Name in addresses, unique.
    pub slug: Slug,
    /// Name to read out, unique.
    pub code: JoinCode,
    /// The question.
    pub title: String,
    /// The options' labels, 2 to 50, in order.
    pub labels: Vec<String>,
    /// The recorded state; [`Poll::status_at`] also looks at the clock.
    pub status: Status,
    /// Which opening of the gate this is, from 1.
    pub generation: u32,
    /// Which run of generations is counted together, from 1; a reset starts the next.
    pub round: u32,
    /// When a draft opens by itself.
    pub opens_at: Option<Timestamp>,
    /// When the poll closes by itself, and once closed, when it did.
    pub closes_at: Option<Timestamp>,
    /// Whether a voter's later ballot replaces the earlier one.
    pub allow_change: bool,
    /// Who sees totals.
    pub results: Visibility,
    /// Closed, and everything accepted is counted.
    pub is_final: bool,
    /// When the poll was made.
    pub created_at: Timestamp,
    /// How often it changed.
    pub versions: Versions,
    /// Whether this is the poll made from `OPTION_A` and `OPTION_B`.
    pub is_default: bool,
}

impl Poll {
    /// The state as of `now`: a time that has passed counts at once, before anything has recorded it.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> Status {
        let begun = self.status != Status::Draft || self.opens_at.is_some_and(|at| at <= now);
        let ended = self.status == Status::Closed || self.closes_at.is_some_and(|at| at <= now);
        match (begun, ended) {
            (false, _) => Status::Draft,
            (true, false) => Status::Open,
            (true, true) => Status::Closed,
        }
    }

    /// Whether someone without the organiser's rights may see totals.
    #[must_use]
    pub fn shows_results(&self) -> bool {
        match self.results {
            Visibility::Live => true,
            Visibility::Hidden => false,
            Visibility::AfterClose => self.is_final,
        }
    }

    /// The options' places, in order.
    pub fn choices(&self) -> impl Iterator<Item = (Choice, &str)> {
        self.labels.iter().enumerate().filter_map(|(index, label)| Some((Choice::from_index(index)?, label.as_str())))
    }

    /// The gate as the queue should hold it for this poll.
    #[must_use]
    pub fn gate(&self) -> Gate {
        let phase = match self.status {
            Status::Draft if self.opens_at.is_none() => Phase::Shut,
            Status::Draft | Status::Open => Phase::Open,
            Status::Closed => Phase::Latched,
        };
        Gate {
            generation: self.generation,
            round: self.round,
            revision: self.versions.revision,
            phase,
            opens_at: self.opens_at.filter(|_| self.status == Status::Draft),
            closes_at: self.closes_at,
            allow_change: self.allow_change,
            used: false,
        }
    }

    /// The poll, opened: a draft for the first time, a final poll for another generation.
    ///
    /// # Errors
    /// When it is open already, or closed but not yet final.
    pub fn opened(&self, now: Timestamp) -> Result<Self, Refusal> {
        let mut poll = self.clone();
        match self.status_at(now) {
            Status::Open => return Err(Refusal::AlreadyOpen),
            Status::Closed if !self.is_final => return Err(Refusal::StillCounting),
            Status::Closed => {
                poll.generation += 1;
                poll.is_final = false;
                poll.closes_at = None;
            }
            Status::Draft => poll.closes_at = self.closes_at.filter(|at| *at > now),
        }
        poll.status = Status::Open;
        poll.opens_at = Some(now);
        Ok(poll)
    }

    /// The poll with its closing recorded as an intent; it is final once the queue's markers have been applied.
    ///
    /// # Errors
    /// When it is a draft, or closed already.
    pub fn closed(&self, now: Timestamp) -> Result<Self, Refusal> {
        match (self.status, self.status_at(now)) {
            (_, Status::Draft) => Err(Refusal::NotOpen),
            (Status::Closed, _) => Err(Refusal::AlreadyClosed),
            _ => {
                let closes_at = self.closes_at.filter(|at| *at <= now).unwrap_or(now);
                Ok(Self { status: Status::Closed, closes_at: Some(closes_at), ..self.clone() })
            }
        }
    }

    /// The poll set to close by itself at `at`.
    ///
    /// # Errors
    /// When it is not open, or `at` has passed.
    pub fn closing_at(&self, at: Timestamp, now: Timestamp) -> Result<Self, Refusal> {
        match self.status_at(now) {
            Status::Draft => Err(Refusal::NotOpen),
            Status::Closed => Err(Refusal::AlreadyClosed),
            Status::Open if at <= now => Err(Refusal::TimePassed),
            Status::Open => Ok(Self { closes_at: Some(at), ..self.clone() }),
        }
    }

    /// The poll with empty tallies, in a new generation and round: ballots of a rehearsal no longer count.
    #[must_use]
    pub fn reset(&self, now: Timestamp) -> Self {
        let stays_open = self.status_at(now) == Status::Open;
        Self {
            status: if stays_open { Status::Open } else { Status::Draft },
            generation: self.generation + 1,
            round: self.round + 1,
            opens_at: self.opens_at.filter(|at| stays_open || *at > now),
            closes_at: self.closes_at.filter(|at| *at > now),
            is_final: false,
            ..self.clone()
        }
    }

    /// What the clock has brought about but nothing has recorded yet: a draft whose time has come, a closing that is
    /// due. `None` where the record is up to date.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> Option<Self> {
        match (self.status, self.status_at(now)) {
            (Status::Draft, Status::Open) => Some(Self { status: Status::Open, ..self.clone() }),
            (Status::Draft | Status::Open, Status::Closed) => Some(Self { status: Status::Closed, ..self.clone() }),
            _ => None,
        }
    }

    /// Whether the poll may be deleted: a draft that never opened, or a final one.
    ///
    /// # Errors
    /// When ballots may still be coming in or being counted.
    pub fn deletable(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.status_at(now) {
            Status::Draft => Ok(()),
            Status::Closed if self.is_final => Ok(()),
            Status::Open => Err(Refusal::DeleteOpen),
            Status::Closed => Err(Refusal::StillCounting),
        }
    }
}
