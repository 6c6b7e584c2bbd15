//! The log between accepting and counting: its entries, the bookmark a reader keeps, and how a reader resumes.

use bytes::Bytes;
use jiff::Timestamp;

use super::ballot::VoterKey;
use super::names::{Choice, PollId};

/// An entry's place in its partition: rising from 1, without regard to how many ballots each entry holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u64);

/// What one append wrote: ballots of any number of polls, and markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was appended, by the appender's clock; for people and metrics, never for a decision.
    pub at: Timestamp,
    /// Its parts, in order.
    pub sections: Vec<Section>,
}

impl Entry {
    /// How many ballots it holds.
    #[must_use]
    pub fn ballots(&self) -> usize {
        self.sections
            .iter()
            .map(|section| if let Section::Ballots { ballots, .. } = section { ballots.len() } else { 0 })
            .sum()
    }
}

/// A part of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    /// Accepted ballots of one poll in one generation, in order of acceptance.
    Ballots {
        /// The poll.
        poll: PollId,
        /// The generation whose gate admitted them.
        generation: u32,
        /// Voter and choice.
        ballots: Vec<(VoterKey, Choice)>,
    },
    /// The gate of this generation latched: no ballot of it comes after.
    Closed(Marker),
}

/// The last word on a generation in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The poll.
    pub poll: PollId,
    /// The generation that closed.
    pub generation: u32,
    /// When it closed.
    pub at: Timestamp,
}

/// Why an entry cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not what we write: damaged, or written by something else.
    #[error("malformed entry: {0}")]
    Malformed(&'static str),
    /// Written by a newer release. Its ballots are good; this release must not guess at them.
    #[error("entry of format {0}, which this release cannot read: run the newer release")]
    NewerFormat(u8),
}

/// An entry as it lies in the log.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place.
    pub id: EntryId,
    /// The position of its first ballot: how many ballots the partition held before.
    pub first: u64,
    /// How many ballots it holds; kept beside the body so that an unreadable entry can still be accounted for.
    pub ballots: u32,
    /// A hash of the body, by which a reader recognises the entry it stopped at.
    pub fingerprint: u64,
    /// The encoded entry.
    pub body: Bytes,
    /// The decoded entry.
    pub content: Result<Entry, Unreadable>,
}

impl Record {
    /// The position after its last ballot.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.ballots)
    }
}

/// How far a partition's log reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogEnd {
    /// The newest entry; 0 where there is none yet.
    pub entry: EntryId,
    /// That entry's fingerprint.
    pub fingerprint: u64,
    /// How many ballots were ever appended.
    pub position: u64,
}

/// Where a reader stopped in a partition: committed together with what it applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bookmark {
    /// Which history of the log this is.
    pub epoch: u16,
    /// The last entry applied; 0 at the start of an epoch.
    pub entry: EntryId,
    /// That entry's fingerprint.
    pub fingerprint: u64,
    /// The position of the next ballot.
    pub position: u64,
}

impl Bookmark {
    /// The bookmark after `record`.
    #[must_use]
    pub fn after(self, record: &Record) -> Self {
        Self { epoch: self.epoch, entry: record.id, fingerprint: record.fingerprint, position: record.end() }
    }

    /// Whether there is nothing to read: the log ends with the very entry applied last. An end that is merely not
    /// further may be that of another history.
    #[must_use]
    pub fn is_at(&self, end: &LogEnd) -> bool {
        self.names(end.entry, end.fingerprint)
    }

    /// Whether this is the entry applied last.
    #[must_use]
    pub fn names(&self, entry: EntryId, fingerprint: u64) -> bool {
        (self.entry, self.fingerprint) == (entry, fingerprint)
    }

    /// How many ballots wait to be read, for people and for scaling. Where the log ends no further than this, it is
    /// another one, and all it holds will be read again. It is never 0 before there is nothing to read: a lone marker,
    /// and another history of the same length, wait for somebody to look at them, too.
    #[must_use]
    pub fn unread(&self, end: &LogEnd) -> u64 {
        if self.is_at(end) {
            return 0;
        }
        let further = end.entry > self.entry && end.position >= self.position;
        let waiting = if further { end.position - self.position } else { end.position };
        waiting.max(1)
    }

    /// The start of the next epoch, reading on from `position`.
    #[must_use]
    pub fn next_epoch(self, position: u64) -> Self {
        Self { epoch: self.epoch.saturating_add(1), entry: EntryId(0), fingerprint: 0, position }
    }
}

/// How a reader goes on from its bookmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// History is as it was: the first `skip` records were applied already.
    Onwards {
        /// How many of the records read to pass over.
        skip: usize,
    },
    /// The log was trimmed past the bookmark, `missed` ballots ago. Never silently passed over.
    Gap {
        /// How many ballots are gone.
        missed: u64,
    },
    /// The log is not the one the bookmark was made in: a tail was lost, or an older copy restored.
    Fork,
}

/// Compares a bookmark with what was read from it, inclusive.
#[must_use]
pub fn resume(bookmark: &Bookmark, records: &[Record]) -> Resume {
    let Some(first) = records.first() else {
        let at_start = bookmark.entry == EntryId(0);
        return if at_start { Resume::Onwards { skip: 0 } } else { Resume::Fork };
    };
    if bookmark.entry != EntryId(0) && first.id == bookmark.entry {
        let same = first.fingerprint == bookmark.fingerprint && first.end() == bookmark.position;
        return if same { Resume::Onwards { skip: 1 } } else { Resume::Fork };
    }
    match first.first.checked_sub(bookmark.position) {
        Some(0) if bookmark.entry == EntryId(0) => Resume::Onwards { skip: 0 },
        Some(missed) if missed > 0 => Resume::Gap { missed },
        _ => Resume::Fork,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(id: u64, first: u64, ballots: u32) -> Record {
        let content = Err(Unreadable::Malformed("a sample"));
        Record { id: EntryId(id), first, ballots, fingerprint: id * 31, body: Bytes::new(), content }
    }

    /// A log of `entries` entries of two ballots each, from entry 1.
    fn log(entries: u64) -> Vec<Record> {
        (1..=entries).map(|id| record(id, (id - 1) * 2, 2)).collect()
    }

    fn read(log: &[Record], from: EntryId) -> Vec<Record> {
        log.iter().filter(|record| record.id >= from).cloned().collect()
    }

    #[test]
    fn an_empty_log_is_read_from_the_start() {
        assert_eq!(resume(&Bookmark::default(), &[]), Resume::Onwards { skip: 0 });
        assert_eq!(resume(&Bookmark::default(), &log(3)), Resume::Onwards { skip: 0 });
    }

    #[test]
    fn a_log_that_is_shorter_than_the_bookmark_is_a_fork() {
        let bookmark = Bookmark::default().after(&log(5)[4]);
        assert_eq!(resume(&bookmark, &read(&log(3), bookmark.entry)), Resume::Fork);
        assert_eq!(resume(&bookmark, &[]), Resume::Fork);
    }

    #[test]
    fn another_entry_or_another_position_at_the_bookmark_is_a_fork() {
        let bookmark = Bookmark::default().after(&record(5, 8, 2));
        for (fingerprint, first, ballots) in [(1, 8, 2), (155, 7, 2), (155, 8, 3)] {
            let other = Record { fingerprint, ..record(5, first, ballots) };
            assert_eq!(resume(&bookmark, &[other]), Resume::Fork);
        }
        assert_eq!(resume(&bookmark, &[record(5, 8, 2)]), Resume::Onwards { skip: 1 });
    }

    #[test]
    fn entries_trimmed_past_the_bookmark_are_a_gap_of_so_many_ballots() {
        let bookmark = Bookmark::default().after(&log(9)[2]);
        assert_eq!(resume(&bookmark, &log(9)[6..]), Resume::Gap { missed: 6 });
        assert_eq!(resume(&Bookmark::default(), &log(9)[6..]), Resume::Gap { missed: 12 });
    }

    #[test]
    fn a_later_entry_at_the_bookmarks_position_is_a_fork() {
        let bookmark = Bookmark::default().after(&record(3, 4, 2));
        assert_eq!(
            resume(&bookmark, &[record(4, 6, 2)]),
            Resume::Fork,
            "the entry itself is gone, its ballots are not"
        );
        assert_eq!(resume(&bookmark, &[record(4, 2, 2)]), Resume::Fork);
    }

    #[test]
    fn an_epoch_starts_before_the_first_entry_and_never_wraps() {
        let bookmark = Bookmark::default().after(&record(3, 4, 2));
        let next = bookmark.next_epoch(2);
        assert_eq!((next.epoch, next.entry, next.position), (1, EntryId(0), 2));
        assert_eq!(resume(&next, &log(9)[1..]), Resume::Onwards { skip: 0 });
        assert_eq!(Bookmark { epoch: u16::MAX, ..bookmark }.next_epoch(0).epoch, u16::MAX);
    }

    fn end(entry: u64, position: u64, fingerprint: u64) -> LogEnd {
        LogEnd { entry: EntryId(entry), fingerprint, position }
    }

    #[test]
    fn what_lies_behind_the_bookmark_waits_to_be_read() {
        let bookmark = Bookmark::default().after(&record(5, 8, 2));
        assert_eq!(bookmark.unread(&end(9, 25, 1)), 15);
        assert_eq!(bookmark.unread(&end(5, 10, 155)), 0, "the very entry read last");
        assert_eq!(Bookmark::default().unread(&LogEnd::default()), 0, "an empty log");
        assert_eq!(bookmark.unread(&end(6, 10, 1)), 1, "a lone marker wants to be read, too");
    }

    #[test]
    fn a_log_that_ends_before_the_bookmark_waits_to_be_read_again_as_a_whole() {
        let bookmark = Bookmark::default().after(&record(5, 8, 2));
        assert_eq!(bookmark.unread(&end(3, 6, 93)), 6);
        assert_eq!(bookmark.unread(&end(5, 10, 1)), 10, "another entry of the same number");
        assert_eq!(bookmark.unread(&end(7, 9, 1)), 9, "more entries, but fewer ballots");
        assert_eq!(bookmark.unread(&LogEnd::default()), 1, "that all is gone has to be noticed");
    }

    proptest! {
        #[test]
        fn nothing_waits_only_where_the_bookmark_is_at_the_end(
            (entry, position, print) in (0..4_u64, 0..4_u64, 0..2_u64), (to, until, of) in (0..4_u64, 0..4_u64, 0..2_u64),
        ) {
            let bookmark = Bookmark { epoch: 0, entry: EntryId(entry), fingerprint: print, position };
            let end = end(to, until, of);
            prop_assert_eq!(bookmark.unread(&end) == 0, bookmark.is_at(&end));
        }

        #[test]
        fn a_reader_sees_each_entry_once_however_it_stops(entries in 0..30_u64, batch in 1..7_usize) {
            let log = log(entries);
            let (mut bookmark, mut seen) = (Bookmark::default(), Vec::new());
            loop {
                let records = read(&log, bookmark.entry);
                let Resume::Onwards { skip } = resume(&bookmark, &records) else { panic!("{bookmark:?}") };
                let Some(fresh) = records[skip..].chunks(batch).next() else { break };
                for record in fresh {
                    bookmark = bookmark.after(record);
                    seen.push(record.id.0);
                }
            }
            prop_assert_eq!(seen, (1..=entries).collect::<Vec<_>>());
            prop_assert_eq!(bookmark.position, entries * 2);
        }
    }
}
