//! Conservation: what was accepted is somewhere.

use serde::Serialize;

/// Where every accepted ballot is, from durable numbers of one moment:
/// `accepted = counted + superseded + discarded + dead + pending`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Ballots that were read from the log so far, each once.
    pub applied: u64,
    /// Ballots that stand in a tally.
    pub counted: u64,
    /// Ballots that a later one of the same voter replaced (or, without change, that an earlier one stood against).
    pub superseded: u64,
    /// Ballots of a round that was reset, or of a poll that was deleted.
    pub discarded: u64,
    /// Ballots that could not be read or applied: dead letters.
    pub dead: u64,
    /// Ballots read again after a fork of the log's history: already in the other terms, not in `applied`.
    pub repeated: u64,
    /// Accepted ballots that the worker has yet to read. After a fork also those it will read again: until then, they
    /// are in *accepted* twice, on both sides of the equation.
    pub pending: u64,
}

impl Ledger {
    /// Every ballot the queue has accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.applied + self.pending
    }

    /// Accepted less the sum of the terms: anything but zero means that ballots were lost or counted twice.
    #[must_use]
    pub fn difference(&self) -> i64 {
        let accounted = self.counted + self.superseded + self.discarded + self.dead + self.pending;
        self.accepted().cast_signed() - accounted.cast_signed()
    }
}
