//! Voting codes: whoever holds one may vote once in one poll.
//!
//! A code is 12 characters out of 30 (about 59 bits) in three groups, without look-alikes. What is stored of it is a
//! hash by which it is recognised; its ballot lies under another hash of it, so that without the code itself nobody can
//! tell which ballot belongs to which stored hash, or whether a code was used.

use std::fmt;

use sha2::{Digest, Sha256};

use super::clock::Entropy;
use super::names::PollId;

/// The most codes in one batch.
pub const MAX_BATCH: u32 = 1_000_000;
/// The most codes of one poll.
pub const MAX_CODES: u64 = 5_000_000;

/// A voting code, as it is handed out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VotingCode(u64);

/// A voting code, as it is stored: SHA-256 of the poll and the code, cut to 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeHash(pub [u8; 16]);

impl VotingCode {
    const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LENGTH: u32 = 12;
    const GROUP: u32 = 4;
    const COUNT: u64 = 30_u64.pow(Self::LENGTH);

    /// A new random code.
    #[must_use]
    pub fn random(entropy: &Entropy) -> Self {
        // 2^128 over 30^12: no code is noticeably likelier than another.
        let number = u128::from_be_bytes(entropy.bytes()) % u128::from(Self::COUNT);
        Self(u64::try_from(number).unwrap_or_default())
    }

    /// Reads what a person typed: any case, spaces and dashes ignored. `None` where it cannot be a code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut number, mut length) = (0_u64, 0);
        for c in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let digit = Self::ALPHABET.iter().position(|known| char::from(*known) == c.to_ascii_uppercase())?;
            length += 1;
            if length > Self::LENGTH {
                return None;
            }
            number = number * 30 + u64::try_from(digit).ok()?;
        }
        (length == Self::LENGTH).then_some(Self(number))
    }

    /// The code as eight bytes, as a sealed cookie carries it.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Reads [`VotingCode::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        Some(u64::from_be_bytes(bytes)).filter(|number| *number < Self::COUNT).map(Self)
    }

    /// What is stored of the code in this poll.
    #[must_use]
    pub fn hash(self, poll: PollId) -> CodeHash {
        let digest = Sha256::new()
            .chain_update(b"hemicycle voting code 1\0")
            .chain_update(poll.get().to_be_bytes())
            .chain_update(self.to_bytes())
            .finalize();
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest[..16]);
        CodeHash(hash)
    }
}

/// As it is printed: `ABCD-EFGH-JKMN`.
impl fmt::Display for VotingCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in 0..Self::LENGTH {
            if place > 0 && place.is_multiple_of(Self::GROUP) {
                out.write_str("-")?;
            }
            let above = 30_u64.pow(Self::LENGTH - 1 - place);
            let digit = usize::try_from(self.0 / above % 30).unwrap_or_default();
            write!(out, "{}", char::from(Self::ALPHABET[digit]))?;
        }
        Ok(())
    }
}

/// Not the code: it opens a vote.
impl fmt::Debug for VotingCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("VotingCode")
    }
}

/// A batch of codes of one poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeBatch {
    /// Its number in the poll, from 1.
    pub number: u32,
    /// How many codes it has.
    pub codes: u64,
    /// When it was made.
    pub made_at: jiff::Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_being_printed_typed_and_sealed() {
        for _ in 0..1000 {
            let code = VotingCode::random(&Entropy::System);
            let printed = code.to_string();
            assert_eq!((printed.len(), printed.matches('-').count()), (14, 2), "{printed}");
            assert_eq!(VotingCode::parse(&printed), Some(code));
            assert_eq!(VotingCode::parse(&printed.to_lowercase().replace('-', "  ")), Some(code));
            assert_eq!(VotingCode::from_bytes(code.to_bytes()), Some(code));
        }
        assert_eq!(VotingCode(0).to_string(), "2222-2222-2222");
        assert_eq!(VotingCode(VotingCode::COUNT - 1).to_string(), "ZZZZ-ZZZZ-ZZZZ");
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        let wrong = ["", "ABCD", "ABCD-EFGH-JKM", "ABCD-EFGH-JKMNP", "ABCD-EFGH-JKM0", "ABCD_EFGH_JKMN", "été"];
        for text in wrong {
            assert_eq!(VotingCode::parse(text), None, "{text}");
        }
        assert_eq!(VotingCode::from_bytes([0xff; 8]), None);
    }

    #[test]
    fn a_code_is_stored_differently_in_every_poll() {
        let code = VotingCode::random(&Entropy::System);
        let [one, two] = [1, 2].map(|number| PollId::from_u64(number).unwrap());
        assert_eq!(code.hash(one), code.hash(one));
        assert_ne!(code.hash(one), code.hash(two));
    }
}
