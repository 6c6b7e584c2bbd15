//! Polls, voters and ballots made up for tests of the backends; each number makes another one, the same every time.

use hemicycle::domain::ballot::{Attempt, Ballot, VoterKey};
use hemicycle::domain::clock::from_millis;
use hemicycle::domain::code::CodeHash;
use hemicycle::domain::credential::{Holder, Invitation, SecretHash, Session, Token};
use hemicycle::domain::deed::Deed;
use hemicycle::domain::names::{Choice, JoinCode, PollId};
use hemicycle::domain::new_poll::NewPoll;
use hemicycle::domain::poll::{Poll, Status};
use hemicycle::domain::quote::NewQuote;
use hemicycle::domain::rights::{Scope, Scopes};
use hemicycle::domain::user::{NewUser, User, UserId, UserRole};
use hemicycle::store::{Store, StoreError};
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

/// The id of an account.
pub fn user_id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

/// The account of a member, made at `at(0)`, with a password.
pub fn account(id: &str) -> NewUser {
    let user = User { id: user_id(id), name: format!("Name of {id}"), role: UserRole::Member, made_at: at(0) };
    NewUser { user, password: Some(format!("hashed for {id}")) }
}

/// An account as the holder of a session or token.
pub fn held_by(id: &str) -> Holder {
    Holder::User(user_id(id))
}

/// The hash of the secret `number`.
pub fn secret(number: u64) -> SecretHash {
    let mut hash = [0; 32];
    hash[24..].copy_from_slice(&number.to_be_bytes());
    SecretHash(hash)
}

/// The session `number`, which begins at `at(number)` and ends an hour later.
pub fn session(number: u64, holder: Holder) -> Session {
    let began = i64::try_from(number).unwrap();
    Session {
        id: format!("{number:016x}"),
        holder,
        agent: "Firefox".into(),
        began_at: at(began),
        seen_at: at(began),
        ends_at: at(began + 3_600_000),
    }
}

/// The token `number`, made at `at(number)`, which ends an hour later.
pub fn token(number: u64, holder: Holder) -> Token {
    let made = i64::try_from(number).unwrap();
    Token {
        id: format!("{number:016x}"),
        holder,
        name: format!("Token {number}"),
        scopes: Scopes::from_iter([Scope::Read, Scope::Vote]),
        made_at: at(made),
        seen_at: None,
        ends_at: at(made + 3_600_000),
    }
}

/// The invitation `number` to be an organiser, made at `at(number)`, which ends an hour later.
pub fn invitation(number: u64) -> Invitation {
    let made = i64::try_from(number).unwrap();
    Invitation {
        id: format!("{number:016x}"),
        role: UserRole::Organiser,
        note: format!("For guest {number}"),
        made_at: at(made),
        ends_at: at(made + 3_600_000),
    }
}

/// The voting codes of these numbers, as they are stored.
pub fn codes(numbers: std::ops::Range<u128>) -> Vec<CodeHash> {
    // Scattered, as hashes are.
    numbers
        .map(|number| CodeHash((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()))
        .collect()
}

/// A deed of an admin, done at `at(0)`.
pub fn deed(what: &str) -> Deed {
    Deed { at: at(0), who: "admin key".into(), what: what.into(), subject: "subject".into() }
}

/// Adds quotes, in order, in one transaction.
pub async fn add_quotes(store: &Store, new: &[NewQuote]) -> Result<(), StoreError> {
    let mut load = store.load_quotes().await?;
    load.add(new).await?;
    load.commit().await
}

/// A quote of nobody's.
pub fn quote(text: &str) -> NewQuote {
    NewQuote { author: None, text: text.to_owned(), made_at: at(0) }
}
