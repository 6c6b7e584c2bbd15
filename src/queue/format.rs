//! The bytes of a log entry, the same for every queue.
//!
//! ```text
//! entry    := version:u8 (1)  at:i64 (milliseconds since the epoch)  section*
//! section  := 1:u8  poll:u64  generation:u32  count:u32  ballot{count}
//!           | 2:u8  poll:u64  generation:u32  at:i64                     the gate latched
//! ballot   := voter:16 bytes  choice:u8
//! ```
//!
//! All numbers are little-endian. A reader ships one release before the writer of a new version.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::domain::ballot::VoterKey;
use crate::domain::clock::from_millis;
use crate::domain::log::{Entry, Marker, Section, Unreadable};
use crate::domain::names::{Choice, PollId};

/// The version this release writes, and the newest it reads.
pub const VERSION: u8 = 1;

const BALLOTS: u8 = 1;
const CLOSED: u8 = 2;
const BALLOT_SIZE: usize = VoterKey::LENGTH + 1;

/// Encodes an entry.
#[must_use]
pub fn encode(entry: &Entry) -> Bytes {
    let mut out = BytesMut::with_capacity(32 + entry.sections.len() * 24 + entry.ballots() * BALLOT_SIZE);
    out.put_u8(VERSION);
    out.put_i64_le(entry.at.as_millisecond());
    for section in &entry.sections {
        match section {
            Section::Ballots { poll, generation, ballots } => {
                out.put_u8(BALLOTS);
                out.put_u64_le(poll.get());
                out.put_u32_le(*generation);
                out.put_u32_le(u32::try_from(ballots.len()).unwrap_or(u32::MAX));
                for (voter, choice) in ballots {
                    out.put_slice(&voter.0);
                    out.put_u8(choice.as_u8());
                }
            }
            Section::Closed(marker) => {
                out.put_u8(CLOSED);
                out.put_u64_le(marker.poll.get());
                out.put_u32_le(marker.generation);
                out.put_i64_le(marker.at.as_millisecond());
            }
        }
    }
    out.freeze()
}

/// Decodes an entry.
///
/// # Errors
/// When the bytes are of a newer version, or no entry at all.
pub fn decode(mut bytes: &[u8]) -> Result<Entry, Unreadable> {
    let version = bytes.try_get_u8().map_err(|_| Unreadable::Malformed("it is empty"))?;
    if version > VERSION {
        return Err(Unreadable::NewerFormat(version));
    }
    if version < VERSION {
        return Err(Unreadable::Malformed("there is no such version"));
    }
    let at = from_millis(bytes.try_get_i64_le().map_err(|_| CUT_SHORT)?);
    let mut sections = Vec::new();
    while bytes.has_remaining() {
        sections.push(decode_section(&mut bytes)?);
    }
    Ok(Entry { at, sections })
}

/// Decodes an entry whose fingerprint was kept beside it.
///
/// # Errors
/// When the bytes are not those that were written, of a newer version, or no entry at all.
pub fn decode_intact(bytes: &[u8], expected: u64) -> Result<Entry, Unreadable> {
    if fingerprint(bytes) != expected {
        return Err(Unreadable::Malformed("its bytes do not match their fingerprint"));
    }
    decode(bytes)
}

const CUT_SHORT: Unreadable = Unreadable::Malformed("it is cut short");

fn decode_section(bytes: &mut &[u8]) -> Result<Section, Unreadable> {
    let cut_short = |_| CUT_SHORT;
    let kind = bytes.try_get_u8().map_err(cut_short)?;
    let poll = PollId::from_u64(bytes.try_get_u64_le().map_err(cut_short)?);
    let poll = poll.ok_or(Unreadable::Malformed("there is no such poll id"))?;
    let generation = bytes.try_get_u32_le().map_err(cut_short)?;
    match kind {
        BALLOTS => {
            let count = bytes.try_get_u32_le().map_err(cut_short)? as usize;
            let size = count.checked_mul(BALLOT_SIZE).filter(|size| *size <= bytes.len()).ok_or(CUT_SHORT)?;
            let (ballots, rest) = bytes.split_at(size);
            *bytes = rest;
            let ballots = ballots.chunks_exact(BALLOT_SIZE).map(decode_ballot).collect::<Result<_, _>>()?;
            Ok(Section::Ballots { poll, generation, ballots })
        }
        CLOSED => {
            let at = from_millis(bytes.try_get_i64_le().map_err(cut_short)?);
            Ok(Section::Closed(Marker { poll, generation, at }))
        }
        _ => Err(Unreadable::Malformed("there is no such kind of section")),
    }
}

fn decode_ballot(bytes: &[u8]) -> Result<(VoterKey, Choice), Unreadable> {
    let mut voter = [0; VoterKey::LENGTH];
    voter.copy_from_slice(&bytes[..VoterKey::LENGTH]);
    let choice = Choice::from_index(usize::from(bytes[VoterKey::LENGTH]));
    Ok((VoterKey(voter), choice.ok_or(Unreadable::Malformed("there is no such option"))?))
}

/// The first 63 bits of the body's SHA-256: never negative where a store's numbers are signed.
#[must_use]
pub fn fingerprint(body: &[u8]) -> u64 {
    let digest = Sha256::digest(body);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first) >> 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sections() -> impl Strategy<Value = Vec<Section>> {
        let poll = (1..1_u64 << 47).prop_map(|id| PollId::from_u64(id).unwrap());
        let ballot = (any::<[u8; 16]>(), 0..50_usize)
            .prop_map(|(voter, choice)| (VoterKey(voter), Choice::from_index(choice).unwrap()));
        let ballots = (poll.clone(), any::<u32>(), prop::collection::vec(ballot, 0..20))
            .prop_map(|(poll, generation, ballots)| Section::Ballots { poll, generation, ballots });
        let closed = (poll, any::<u32>(), 0..4_000_000_000_000_i64)
            .prop_map(|(poll, generation, at)| Section::Closed(Marker { poll, generation, at: from_millis(at) }));
        prop::collection::vec(prop_oneof![ballots, closed], 0..8)
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(sections in sections(), at in 0..4_000_000_000_000_i64) {
            let entry = Entry { at: from_millis(at), sections };
            prop_assert_eq!(decode(&encode(&entry)), Ok(entry));
        }

        #[test]
        fn an_entry_cut_short_or_extended_is_never_another_entry(sections in sections(), cut in any::<prop::sample::Index>()) {
            let whole = encode(&Entry { at: from_millis(1), sections });
            let cut = cut.index(whole.len());
            if let Ok(entry) = decode(&whole[..cut]) {
                prop_assert_eq!(encode(&entry), whole.slice(..cut));
            }
        }

        #[test]
        fn any_bytes_are_an_entry_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(entry) = decode(&bytes) {
                prop_assert_eq!(encode(&entry).to_vec(), bytes);
            }
        }
    }

    #[test]
    fn a_newer_version_is_told_from_a_damaged_entry() {
        let mut bytes = encode(&Entry { at: from_millis(1), sections: vec![] }).to_vec();
        bytes[0] = VERSION + 1;
        assert_eq!(decode(&bytes), Err(Unreadable::NewerFormat(VERSION + 1)));
        bytes[0] = 0;
        assert!(matches!(decode(&bytes), Err(Unreadable::Malformed(_))));
    }
}
