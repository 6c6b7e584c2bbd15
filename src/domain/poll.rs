//! A poll, its states and the rules by which it moves between them.
//!
//! ```text
//! draft ──open──> open ──close──> closed ──(all markers applied)──> final
//!                  ^                                                  │
//!                  └───────────── open again: generation + 1 ─────────┘
//! reset, from any state: generation + 1 and a new round (empty tallies); an open poll stays open, others become drafts
//! ```
//!
//! A *generation* is one opening of the gate; a *round* is the run of generations whose ballots are counted together,
//! named by the first of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change::Refusal;
use super::gate::{Gate, Phase};
use super::names::{Choice, JoinCode, PollId, Slug};
use super::user::UserId;

/// Where a poll is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being prepared: not listed, no ballot is accepted.
    Draft,
    /// Ballots are accepted, within the poll's times.
    Open,
    /// No more ballots; see [`Poll::is_final`].
    Closed,
}

impl Status {
    /// The state in one word, for people: a closed poll is `final` once everything accepted is counted.
    #[must_use]
    pub fn word(self, is_final: bool) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Closed if is_final => "final",
            Self::Closed => "closed",
        }
    }
}

/// Who sees the totals, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
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

/// Who has one vote in a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OneVotePer {
    /// A browser, by its cookie, or an API client by its `Idempotency-Key`: stops mistakes, not cheats.
    #[default]
    Browser,
    /// An account of this site.
    Account,
    /// A single-use code: whoever holds it.
    Code,
}

impl OneVotePer {
    /// The rule in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Account => "account",
            Self::Code => "code",
        }
    }
}

/// How many times a poll was changed and shown. All three only ever rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Versions {
    /// Rises with every visible change: votes, texts, state.
    pub shown: u64,
    /// Rises with every visible change but votes, and says nothing of them while results are hidden; never above
    /// `shown`.
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
    /// The first of the generations that are counted together; a reset starts the next round.
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
    /// Whose it is; nobody's but the admins' where there is none.
    pub owner: Option<UserId>,
    /// Who has one vote; fixed from the start.
    pub one_vote_per: OneVotePer,
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

    /// The state as of `now` in one word: `draft`, `open`, `closed` or `final`.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> &'static str {
        self.status_at(now).word(self.is_final)
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

    /// What the store keeps when `poll` takes this one's place: with versions that go on from this one's, and its owner,
    /// who may have been deleted since `poll` was read.
    #[must_use]
    pub fn replaced_by(&self, poll: &Self) -> Self {
        let shown = self.versions.shown + 1;
        // While votes are hidden, what the public sees must not catch up with a number that votes have moved.
        let was_shown = self.shows_results() || poll.shows_results();
        let text = if was_shown { shown } else { self.versions.text + 1 };
        Self {
            versions: Versions { shown, text, revision: self.versions.revision + 1 },
            owner: self.owner.clone(),
            ..poll.clone()
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

    /// `poll` with what a person can change of it as it is here: takes a change back.
    #[must_use]
    pub fn described_on(&self, poll: &Self) -> Self {
        Self {
            title: self.title.clone(),
            labels: self.labels.clone(),
            results: self.results,
            opens_at: self.opens_at,
            closes_at: self.closes_at,
            ..poll.clone()
        }
    }

    /// The poll with the gate's generation where that is ahead: what follows it is new to both.
    #[must_use]
    pub fn caught_up(&self, gate: Option<&Gate>) -> Self {
        let generation = gate.map_or(self.generation, |gate| gate.generation.max(self.generation));
        Self { generation, ..self.clone() }
    }

    /// The poll in a generation that opens `gate`: above the gate's own, where that is ahead (the store came back from
    /// an older backup) or latched.
    #[must_use]
    pub fn beyond(mut self, gate: &Gate) -> Self {
        let spent = gate.generation == self.generation && gate.phase == Phase::Latched;
        if gate.generation > self.generation || spent {
            self.generation = gate.generation + 1;
        }
        self
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
            round: self.generation + 1,
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::clock::{Entropy, from_millis as at};
    use crate::domain::new_poll::NewPoll;
    use crate::domain::poll::Status::{Closed, Draft, Open};

    /// A draft of two options, made at `at(0)`.
    pub(crate) fn draft() -> Poll {
        let wish = NewPoll {
            title: "Tea or coffee?".into(),
            options: vec!["Tea".into(), "Coffee".into()],
            slug: None,
            status: None,
            opens_at: None,
            closes_at: None,
            allow_change: None,
            results: None,
            one_vote_per: None,
        };
        wish.into_poll(PollId::from_u64(1).unwrap(), JoinCode::random(&Entropy::counting()), at(0)).unwrap()
    }

    /// The same, open since `at(0)`.
    pub(crate) fn open() -> Poll {
        draft().opened(at(0)).unwrap()
    }

    fn final_poll() -> Poll {
        Poll { is_final: true, ..open().closed(at(5)).unwrap() }
    }

    #[test]
    fn a_time_that_has_passed_counts_before_anything_records_it() {
        let scheduled = Poll { opens_at: Some(at(5)), closes_at: Some(at(9)), ..draft() };
        let status = [4, 5, 8, 9].map(|millis| scheduled.status_at(at(millis)));
        assert_eq!(status, [Draft, Open, Open, Closed]);
        let due = |millis| scheduled.overdue(at(millis)).map(|poll| poll.status);
        assert_eq!([due(4), due(5), due(9)], [None, Some(Open), Some(Closed)]);
        assert_eq!(open().overdue(at(99)), None);
        assert_eq!(
            Poll { closes_at: Some(at(9)), ..draft() }.status_at(at(9)),
            Draft,
            "what never opened cannot close"
        );
    }

    #[test]
    fn a_draft_opens_at_once_and_a_final_poll_in_another_generation() {
        let opened = Poll { opens_at: Some(at(50)), closes_at: Some(at(3)), ..draft() }.opened(at(4)).unwrap();
        assert_eq!((opened.status, opened.opens_at, opened.closes_at), (Open, Some(at(4)), None));
        assert_eq!((opened.generation, opened.round), (1, 1));
        assert_eq!(open().opened(at(1)), Err(Refusal::AlreadyOpen));
        assert_eq!(open().closed(at(1)).unwrap().opened(at(2)), Err(Refusal::StillCounting));
        let again = final_poll().opened(at(9)).unwrap();
        assert_eq!((again.generation, again.round, again.is_final, again.closes_at), (2, 1, false, None));
    }

    #[test]
    fn closing_records_when_it_was_due_or_when_it_was_done() {
        assert_eq!(draft().closed(at(1)), Err(Refusal::NotOpen));
        let closed = open().closed(at(7)).unwrap();
        assert_eq!((closed.status, closed.closes_at, closed.is_final), (Closed, Some(at(7)), false));
        assert_eq!(closed.closed(at(8)), Err(Refusal::AlreadyClosed));
        let due = Poll { closes_at: Some(at(5)), ..open() };
        assert_eq!(due.closed(at(9)).unwrap().closes_at, Some(at(5)));
        assert_eq!(due.closed(at(3)).unwrap().closes_at, Some(at(3)), "earlier than was planned");
    }

    #[test]
    fn a_closing_can_be_set_only_ahead_and_only_while_open() {
        assert_eq!(open().closing_at(at(9), at(1)).unwrap().closes_at, Some(at(9)));
        assert_eq!(open().closing_at(at(1), at(1)), Err(Refusal::TimePassed));
        assert_eq!(draft().closing_at(at(9), at(1)), Err(Refusal::NotOpen));
        assert_eq!(final_poll().closing_at(at(9), at(6)), Err(Refusal::AlreadyClosed));
    }

    #[test]
    fn a_reset_starts_a_round_open_if_it_was_open_else_as_a_draft() {
        for (poll, status) in [(draft(), Draft), (open(), Open), (final_poll(), Draft)] {
            let reset = poll.reset(at(6));
            assert_eq!((reset.status, reset.generation, reset.round, reset.is_final), (status, 2, 2, false));
            assert_eq!(reset.status_at(at(6)), status);
        }
        assert_eq!(final_poll().reset(at(6)).closes_at, None);
        assert_eq!(Poll { closes_at: Some(at(9)), ..open() }.reset(at(6)).closes_at, Some(at(9)));
    }

    #[test]
    fn only_what_takes_and_counts_no_ballots_may_be_deleted() {
        assert_eq!((draft().deletable(at(1)), final_poll().deletable(at(6))), (Ok(()), Ok(())));
        assert_eq!(open().deletable(at(1)), Err(Refusal::DeleteOpen));
        assert_eq!(open().closed(at(1)).unwrap().deletable(at(2)), Err(Refusal::StillCounting));
    }

    #[test]
    fn the_gate_follows_the_recorded_state() {
        let scheduled = Poll { opens_at: Some(at(5)), ..draft() };
        let phases = [&draft(), &scheduled, &open(), &final_poll()].map(|poll| poll.gate().phase);
        assert_eq!(phases, [Phase::Shut, Phase::Open, Phase::Open, Phase::Latched]);
        assert_eq!((scheduled.gate().opens_at, open().gate().opens_at), (Some(at(5)), None));
    }

    #[test]
    fn totals_are_shown_live_never_or_once_final() {
        let shows = |results| [open(), final_poll()].map(|poll| Poll { results, ..poll }.shows_results());
        assert_eq!(shows(Visibility::Live), [true, true]);
        assert_eq!(shows(Visibility::Hidden), [false, false]);
        assert_eq!(shows(Visibility::AfterClose), [false, true]);
    }
}
