//! Polls, voters and ballots made up for tests of the backends; each number makes another one, the same every time.

use hemicycle::domain::ballot::{Attempt, Ballot, VoterKey};
use hemicycle::domain::clock::from_millis;
use hemicycle::domain::names::{Choice, JoinCode, PollId};
use hemicycle::domain::new_poll::NewPoll;
use hemicycle::domain::poll::{Poll, Status};
use jiff::Timestamp;

/// So many milliseconds after the moment at which made-up history begins.
pub fn at(millis: i64) -> Timestamp {
    from_millis(1_800_000_000_000 + millis)
}

/// The id of the made-up poll `number`, from 1.
pub fn poll_id(number: u64) -> PollId {
    PollId::from_u64(number).unwrap()
}

/// The voter `number`.
pub fn voter(number: u64) -> VoterKey {
    let mut key = [0; VoterKey::LENGTH];
    key[VoterKey::LENGTH - 8..].copy_from_slice(&number.to_be_bytes());
    VoterKey(key)
}

/// The option at this place.
pub fn choice(index: usize) -> Choice {
    Choice::from_index(index).unwrap()
}

/// A ballot of a voter in a poll.
pub fn ballot(poll: u64, of: u64, index: usize) -> Ballot {
    Ballot { poll: poll_id(poll), voter: voter(of), choice: choice(index), attempt: Attempt::default() }
}

/// The same ballot, cast in the attempt `number`; 0 is none.
pub fn tried(number: u32, ballot: Ballot) -> Ballot {
    Ballot { attempt: Attempt(number.to_be_bytes()), ..ballot }
}

/// A join code: the six digits of `number` in letters.
pub fn code(number: u64) -> JoinCode {
    let letters = b"ABCDEFGHJK";
    let digit = |place: u32| char::from(letters[usize::try_from(number / 10_u64.pow(place) % 10).unwrap()]);
    JoinCode::parse(&(0..6).rev().map(digit).collect::<String>()).unwrap()
}

/// A wish for a poll of three options.
pub fn wish() -> NewPoll {
    NewPoll {
        title: "Tea, coffee or water?".into(),
        options: vec!["Tea".into(), "Coffee".into(), "Water".into()],
        slug: None,
        status: Some(Status::Open),
        opens_at: None,
        closes_at: None,
        allow_change: None,
        results: None,
        one_vote_per: None,
    }
}

/// The draft `number`, made at `at(0)`.
pub fn draft(number: u64) -> Poll {
    let wish = NewPoll { slug: Some(format!("poll-{number}")), status: Some(Status::Draft), ..wish() };
    wish.into_poll(poll_id(number), code(number), at(0)).unwrap()
}

/// The open poll `number`, made at `at(0)`.
pub fn open(number: u64) -> Poll {
    draft(number).opened(at(0)).unwrap()
}

/// The open poll `number`, in which the first choice stands.
pub fn strict(number: u64) -> Poll {
    Poll { allow_change: false, ..open(number) }
}
