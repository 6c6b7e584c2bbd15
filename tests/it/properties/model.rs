//! What ought to come of a history, worked out the slow way: lists and maps, no epochs, no sets, no SQL.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// A poll's number and one of its generations.
pub type Opening = (u64, u32);

/// A ballot in the log.
#[derive(Clone, Debug)]
pub struct Cast {
    pub poll: u64,
    pub generation: u32,
    pub voter: u64,
    pub choice: usize,
    /// When it was accepted.
    pub at: Timestamp,
}

/// An entry of the log: no two that were ever written are the same.
#[derive(Clone, Debug)]
pub struct Written {
    pub serial: u64,
    pub ballots: Vec<Cast>,
}

/// The queue's side; copied and brought back together with the queue's file.
#[derive(Clone, Debug, Default)]
pub struct QueueSide {
    pub log: Vec<Written>,
    /// What was seen closed: nothing of it is ever accepted again.
    pub latched: BTreeSet<Opening>,
    /// Poll, round and voter: the choice and the attempt that the queue must hold a voter to.
    pub first_choices: BTreeMap<(u64, u32, u64), (usize, u32)>,
}

/// The store's side; copied and brought back together with the store's file.
#[derive(Clone, Debug, Default)]
pub struct StoreSide {
    /// How many entries were counted, and the last of them.
    pub counted: usize,
    pub last: Option<u64>,
    /// How many ballots those entries had before them and in them.
    pub position: usize,
    /// Poll and voter: the choice that stands.
    pub standing: BTreeMap<(u64, u64), usize>,
    /// Poll and voter: when the first ballot of those that count was accepted.
    pub came: BTreeMap<(u64, u64), Timestamp>,
    /// Poll: the first generation whose ballots count.
    pub first_generation: BTreeMap<u64, u32>,
    /// Ballots that were trimmed before they were counted.
    pub missed: i64,
}

impl StoreSide {
    /// Counts the whole log, of which the entries before `start` are gone.
    pub fn count(&mut self, queue: &QueueSide, start: usize) {
        let before = |entries: usize| queue.log[..entries].iter().map(|entry| entry.ballots.len()).sum::<usize>();
        let recognised = self.counted == 0
            || self.counted > start
                && queue.log.get(self.counted - 1).is_some_and(|entry| Some(entry.serial) == self.last);
        let mut next = self.counted;
        if !recognised {
            let gap = queue.log.len() > start && self.counted <= start && before(start) > self.position;
            if gap {
                self.missed += i64::try_from(before(start) - self.position).unwrap();
            }
            next = start;
        } else if self.counted == 0 && start > 0 {
            self.missed += i64::try_from(before(start)).unwrap();
            next = start;
        }
        for entry in &queue.log[next..] {
            entry.ballots.iter().for_each(|ballot| self.stand(ballot));
            self.last = Some(entry.serial);
        }
        self.counted = queue.log.len();
        self.position = before(self.counted);
    }

    fn stand(&mut self, ballot: &Cast) {
        if ballot.generation < self.first_generation.get(&ballot.poll).copied().unwrap_or(1) {
            return;
        }
        self.came.entry((ballot.poll, ballot.voter)).or_insert(ballot.at);
        let standing = self.standing.entry((ballot.poll, ballot.voter));
        if super::machine::allows_change(ballot.poll) {
            standing.insert_entry(ballot.choice);
        } else {
            standing.or_insert(ballot.choice);
        }
    }

    /// The poll starts over with this generation.
    pub fn reset(&mut self, poll: u64, generation: u32) {
        self.standing.retain(|(of, _), _| *of != poll);
        self.came.retain(|(of, _), _| *of != poll);
        self.first_generation.insert(poll, generation);
    }

    /// How many voters came to a poll, by minute.
    pub fn turnout(&self, poll: u64) -> BTreeMap<i64, u64> {
        by_minute(self.came.iter().filter(|((of, _), _)| *of == poll).map(|(_, at)| (*at, 1)))
    }

    /// The tally of a poll of three options.
    pub fn tally(&self, poll: u64) -> Vec<u64> {
        let votes = |index| self.standing.iter().filter(|((of, _), choice)| *of == poll && **choice == index).count();
        (0..3).map(|index| votes(index) as u64).collect()
    }
}

/// Adds voters up by the minute in which they came.
pub fn by_minute(came: impl Iterator<Item = (Timestamp, u64)>) -> BTreeMap<i64, u64> {
    let mut minutes = BTreeMap::new();
    for (at, voters) in came {
        *minutes.entry(at.as_second().div_euclid(60)).or_default() += voters;
    }
    minutes
}
