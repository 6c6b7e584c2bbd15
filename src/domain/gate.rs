//! The gate: the one place that decides, ballot by ballot, whether a poll accepts.
//!
//! A queue keeps one gate a poll and consults it in the same atomic step that appends to its log. Once latched, a
//! gate stays shut for its generation whatever any clock says later.

use jiff::Timestamp;

/// How far a gate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not opened yet.
    Shut,
    /// Open from `opens_at` until `closes_at`.
    Open,
    /// Closed for good in this generation.
    Latched,
}

/// What a gate says to a ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may pass.
    Admitted,
    /// Too early; when the gate opens by itself, where that is known.
    NotOpen(Option<Timestamp>),
    /// Too late; when the gate closed, where that is known.
    Closed(Option<Timestamp>),
}

/// A poll's gate. The order of `(generation, revision)` is the order of the organiser's decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Which opening of the poll this gate belongs to.
    pub generation: u32,
    /// Which generations are counted together: the scope of "one voter, one ballot".
    pub round: u32,
    /// The poll's revision that set the times below.
    pub revision: u64,
    /// How far it is.
    pub phase: Phase,
    /// When it opens by itself; `None` where it is open already.
    pub opens_at: Option<Timestamp>,
    /// When it latches by itself; once latched, when it did.
    pub closes_at: Option<Timestamp>,
    /// Whether a voter may change a ballot.
    pub allow_change: bool,
    /// Whether it has admitted a ballot in this round.
    pub used: bool,
}

impl Gate {
    /// Asks for admission at `now`. The first to ask past `closes_at` latches the gate; the first to be admitted
    /// makes the opening final, so that a clock set back afterwards does not shut it again.
    pub fn admit(&mut self, now: Timestamp) -> Admission {
        match self.phase {
            Phase::Shut => return Admission::NotOpen(self.opens_at),
            Phase::Latched => return Admission::Closed(self.closes_at),
            Phase::Open => {}
        }
        if let Some(opens_at) = self.opens_at.filter(|at| *at > now) {
            return Admission::NotOpen(Some(opens_at));
        }
        if self.closes_at.is_some_and(|at| at <= now) {
            self.phase = Phase::Latched;
            return Admission::Closed(self.closes_at);
        }
        self.opens_at = None;
        self.used = true;
        Admission::Admitted
    }

    /// Closes the gate now, or at the time it was due. `false` where it was latched already.
    pub fn latch(&mut self, now: Timestamp) -> bool {
        if self.phase == Phase::Latched {
            return false;
        }
        self.phase = Phase::Latched;
        self.closes_at = Some(self.closes_at.filter(|at| *at <= now).unwrap_or(now));
        true
    }

    /// Takes over the settings of `wanted` if they are newer: a higher generation always wins; within a generation a
    /// higher revision moves times and opens a shut gate, but never unlatches. `false` where nothing changed.
    pub fn install(&mut self, wanted: &Self) -> bool {
        let newer_generation = wanted.generation > self.generation;
        let newer_revision = wanted.generation == self.generation && wanted.revision > self.revision;
        if !newer_generation && (!newer_revision || self.phase == Phase::Latched) {
            return false;
        }
        let began = newer_revision && self.used;
        let opens_at = wanted.opens_at.filter(|_| !began);
        let used = self.used && wanted.round == self.round;
        // Latching is the queue's own step: it comes with a marker, so it never arrives as a setting.
        let phase = if newer_revision && wanted.phase == Phase::Latched { self.phase } else { wanted.phase };
        *self = Self { phase, opens_at, used, ..*wanted };
        true
    }
}
