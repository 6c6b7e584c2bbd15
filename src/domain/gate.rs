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
    /// The first of the generations that are counted together: the scope of "one voter, one ballot".
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::clock::from_millis as at;

    fn gate(phase: Phase) -> Gate {
        Gate {
            generation: 1,
            round: 1,
            revision: 1,
            phase,
            opens_at: None,
            closes_at: None,
            allow_change: true,
            used: false,
        }
    }

    #[test]
    fn a_shut_gate_admits_nobody_whatever_the_time() {
        let mut shut = Gate { opens_at: Some(at(5)), ..gate(Phase::Shut) };
        assert_eq!(shut.admit(at(9)), Admission::NotOpen(Some(at(5))));
        assert_eq!(shut, Gate { opens_at: Some(at(5)), ..gate(Phase::Shut) });
    }

    #[test]
    fn times_include_the_opening_and_exclude_the_closing() {
        let timed = Gate { opens_at: Some(at(5)), closes_at: Some(at(9)), ..gate(Phase::Open) };
        let ask = |millis| {
            let mut gate = timed;
            gate.admit(at(millis))
        };
        assert_eq!(ask(4), Admission::NotOpen(Some(at(5))));
        assert_eq!((ask(5), ask(8)), (Admission::Admitted, Admission::Admitted));
        assert_eq!(ask(9), Admission::Closed(Some(at(9))));
    }

    #[test]
    fn the_first_to_be_admitted_makes_the_opening_final() {
        let mut timed = Gate { opens_at: Some(at(5)), ..gate(Phase::Open) };
        assert_eq!(timed.admit(at(5)), Admission::Admitted);
        assert_eq!(timed.admit(at(1)), Admission::Admitted);
        let later = Gate { opens_at: Some(at(50)), revision: 2, ..gate(Phase::Open) };
        assert!(timed.install(&later));
        assert_eq!(timed.admit(at(1)), Admission::Admitted, "nor does a later time shut it again");
    }

    #[test]
    fn latching_records_when_it_was_due_or_when_it_was_done() {
        let mut due = Gate { closes_at: Some(at(5)), ..gate(Phase::Open) };
        assert!(due.latch(at(9)));
        assert!(!due.latch(at(10)));
        assert_eq!(due.admit(at(1)), Admission::Closed(Some(at(5))));
        let mut early = Gate { closes_at: Some(at(5)), ..gate(Phase::Open) };
        assert!(early.latch(at(3)));
        assert_eq!(early.closes_at, Some(at(3)));
    }

    #[test]
    fn closing_never_arrives_as_a_setting_of_the_same_generation() {
        let mut open = gate(Phase::Open);
        assert!(open.install(&Gate { revision: 2, closes_at: Some(at(5)), ..gate(Phase::Latched) }));
        assert_eq!((open.phase, open.closes_at), (Phase::Open, Some(at(5))));
    }

    fn any_gate() -> impl Strategy<Value = Gate> {
        let phase = prop_oneof![Just(Phase::Shut), Just(Phase::Open), Just(Phase::Latched)];
        let time = || prop::option::of((0..100_i64).prop_map(at));
        (0..3_u32, 1..3_u32, 0..4_u64, phase, time(), time(), any::<bool>()).prop_map(
            |(generation, round, revision, phase, opens_at, closes_at, used)| Gate {
                generation,
                round,
                revision,
                phase,
                opens_at,
                closes_at,
                allow_change: true,
                used,
            },
        )
    }

    proptest! {
        #[test]
        fn once_closed_nobody_is_admitted_until_the_next_generation(
            mut gate in any_gate(),
            asked in prop::collection::vec((0..100_i64, any_gate()), 1..30),
        ) {
            let mut closed = None;
            for (millis, wanted) in asked {
                let admission = gate.admit(at(millis));
                prop_assert!(admission != Admission::Admitted || closed != Some(gate.generation));
                if matches!(admission, Admission::Closed(_)) {
                    closed = Some(gate.generation);
                }
                let (generation, revision) = (gate.generation, gate.revision);
                let installed = gate.install(&wanted);
                prop_assert!(gate.generation >= generation);
                prop_assert!(gate.generation > generation || gate.revision >= revision);
                prop_assert!(!installed || (gate.generation, gate.revision) == (wanted.generation, wanted.revision));
            }
        }

        #[test]
        fn installing_the_same_again_changes_nothing(mut gate in any_gate(), wanted in any_gate()) {
            gate.install(&wanted);
            let after = gate;
            prop_assert!(!gate.install(&wanted));
            prop_assert_eq!(gate, after);
        }
    }
}
