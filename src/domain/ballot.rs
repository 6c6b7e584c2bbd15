//! A ballot on its way from the request to the tally.

use sha2::{Digest, Sha256};

use super::clock::Entropy;
use super::code::VotingCode;
use super::names::{Choice, PollId};

/// Who voted, as far as one poll can know: 3 bytes of when the voter was minted, 13 of a keyed hash of poll and voter.
/// Roughly ordered by time, because stores are ten times slower with random keys, yet useless to follow a person from
/// one poll to another. See [`super::voter::Voter::key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoterKey(pub [u8; VoterKey::LENGTH]);

impl VoterKey {
    /// Its size in bytes.
    pub const LENGTH: usize = 16;

    /// The partition of the log that this voter's ballots go to: by the hashed bytes, which are spread evenly.
    #[must_use]
    pub fn partition(&self, partitions: u16) -> u16 {
        let [.., high, low] = self.0;
        u16::from_be_bytes([high, low]) % partitions.max(1)
    }
}

/// What tells a retry from a second use, where whoever has the voter's code is the voter: each attempt to vote has its
/// own, and its retries repeat it. All zero where the voter itself is proof enough, as with cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt(pub [u8; Attempt::LENGTH]);

impl Attempt {
    /// Its size in bytes.
    pub const LENGTH: usize = 4;

    /// The attempt with a code that goes by this name; never all zero.
    #[must_use]
    pub fn named(name: &[u8], code: VotingCode) -> Self {
        // The code has a fixed length, so where the name begins is certain.
        let digest =
            Sha256::new().chain_update(b"hemicycle attempt 1\0").chain_update(code.to_bytes()).chain_update(name);
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest.finalize());
        Self::not_zero([a, b, c, d])
    }

    /// An attempt that nobody repeats; never all zero.
    #[must_use]
    pub fn random(entropy: &Entropy) -> Self {
        Self::not_zero(entropy.bytes())
    }

    fn not_zero(bytes: [u8; Self::LENGTH]) -> Self {
        Self(if bytes == [0; Self::LENGTH] { [0, 0, 0, 1] } else { bytes })
    }
}

/// What a voter is held to in a poll without change: the same choice by the same attempt is a retry, anything else is
/// turned down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstChoice {
    /// The choice.
    pub choice: Choice,
    /// The attempt that made it.
    pub attempt: Attempt,
}

/// One voter's choice in one poll, before anything has been decided about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// The poll.
    pub poll: PollId,
    /// The voter, as this poll knows them.
    pub voter: VoterKey,
    /// The choice.
    pub choice: Choice,
    /// The attempt; asked for at the gate and no further, so the log does not have it.
    pub attempt: Attempt,
}

impl Ballot {
    /// What the voter is held to if this ballot is the first.
    #[must_use]
    pub fn first_choice(&self) -> FirstChoice {
        FirstChoice { choice: self.choice, attempt: self.attempt }
    }
}

/// A total order of the accepted ballots of one partition: the epoch (16 bits) above the position in the log
/// (47 bits). An epoch ends when the log's history turns out to have forked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(i64);

impl Sequence {
    const POSITION_BITS: u32 = 47;
    /// The bits of a sequence that hold the position.
    pub const POSITION_MASK: i64 = (1 << Self::POSITION_BITS) - 1;

    /// The sequence of the ballot at `position` in `epoch`.
    #[must_use]
    pub fn new(epoch: u16, position: u64) -> Self {
        let position = i64::try_from(position).unwrap_or(Self::POSITION_MASK) & Self::POSITION_MASK;
        Self((i64::from(epoch) << Self::POSITION_BITS) | position)
    }

    /// The number that stores keep and compare.
    #[must_use]
    pub fn as_i64(self) -> i64 {
        self.0
    }

    /// The position within its epoch.
    #[must_use]
    pub fn position(self) -> u64 {
        u64::try_from(self.0 & Self::POSITION_MASK).unwrap_or_default()
    }
}

impl From<i64> for Sequence {
    fn from(stored: i64) -> Self {
        Self(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_known_by_its_name_and_its_code_and_never_passes_for_none() {
        let [code, other] = [0, 1].map(|_| VotingCode::random(&Entropy::System));
        assert_eq!(Attempt::named(b"one", code), Attempt::named(b"one", code));
        assert_ne!(Attempt::named(b"one", code), Attempt::named(b"two", code));
        assert_ne!(Attempt::named(b"one", code), Attempt::named(b"one", other));
        assert_ne!(Attempt::not_zero([0; 4]), Attempt::default());
        assert_ne!(Attempt::random(&Entropy::System), Attempt::random(&Entropy::System));
    }
}
