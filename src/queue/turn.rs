//! What one batch, or one turn of a gate, does: decided here by the rules of the domain, in memory, for every backend
//! to write in one atomic step.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Answer;
use crate::domain::ballot::{Ballot, VoterKey};
use crate::domain::gate::{Admission, Gate, Phase};
use crate::domain::log::Marker;
use crate::domain::names::{Choice, PollId};

/// Gates as they are known.
pub type Gates = HashMap<PollId, Gate>;

/// What is to be written.
#[derive(Debug, Default)]
pub struct Turn {
    /// Gates that change.
    pub gates: Gates,
    /// Ballots that were accepted, by poll, in order.
    pub accepted: Vec<Accepted>,
    /// Generations that closed.
    pub markers: Vec<Marker>,
}

/// The accepted ballots of one poll.
#[derive(Debug)]
pub struct Accepted {
    /// The poll.
    pub poll: PollId,
    /// The generation that admitted them.
    pub generation: u32,
    /// Voter and choice, in order of acceptance.
    pub ballots: Vec<(VoterKey, Choice)>,
}

impl Turn {
    /// The gate as this turn has left it so far.
    #[must_use]
    pub fn gate<'a>(&'a self, known: &'a Gates, poll: PollId) -> Option<&'a Gate> {
        self.gates.get(&poll).or_else(|| known.get(&poll))
    }

    /// Asks a ballot's gate.
    pub fn admit(&mut self, known: &Gates, ballot: &Ballot, now: Timestamp) -> Answer {
        let Some(before) = self.gate(known, ballot.poll).copied() else { return Answer::Unknown };
        let mut gate = before;
        let admission = gate.admit(now);
        if gate != before {
            if gate.phase == Phase::Latched {
                self.mark(ballot.poll, &gate, now);
            }
            self.gates.insert(ballot.poll, gate);
        }
        match admission {
            Admission::Admitted => Answer::Accepted,
            Admission::NotOpen(opens_at) => Answer::NotOpen(opens_at),
            Admission::Closed(closed_at) => Answer::Closed(closed_at),
        }
    }

    /// Notes a ballot that was accepted.
    pub fn accept(&mut self, known: &Gates, ballot: &Ballot) {
        let accepted = (ballot.voter, ballot.choice);
        if let Some(of_poll) = self.accepted.iter_mut().find(|accepted| accepted.poll == ballot.poll) {
            return of_poll.ballots.push(accepted);
        }
        let generation = self.gate(known, ballot.poll).map_or(0, |gate| gate.generation);
        self.accepted.push(Accepted { poll: ballot.poll, generation, ballots: vec![accepted] });
    }

    /// Takes over a gate as the store knows it; one that closes is latched, with its marker.
    pub fn install(&mut self, known: &Gates, poll: PollId, wanted: &Gate, now: Timestamp) {
        let mut gate = known.get(&poll).copied().unwrap_or(Gate { phase: Phase::Shut, generation: 0, ..*wanted });
        let already_latched = gate.generation == wanted.generation && gate.phase == Phase::Latched;
        let closes = wanted.phase == Phase::Latched && wanted.generation >= gate.generation && !already_latched;
        let installed = gate.install(wanted);
        if closes {
            gate.phase = Phase::Latched;
            gate.closes_at = Some(wanted.closes_at.unwrap_or(now));
            self.mark(poll, &gate, now);
        }
        if installed || closes {
            self.gates.insert(poll, gate);
        }
    }

    /// Latches the gate of this generation, where it is the present one and not latched.
    pub fn close(&mut self, known: &Gates, poll: PollId, generation: u32, now: Timestamp) {
        if let Some(mut gate) = known.get(&poll).copied().filter(|gate| gate.generation == generation)
            && gate.latch(now)
        {
            self.mark(poll, &gate, now);
            self.gates.insert(poll, gate);
        }
    }

    /// Repeats the markers of latched gates.
    pub fn repeat_markers(&mut self, known: &Gates, now: Timestamp) {
        for (poll, gate) in known.iter().filter(|(_, gate)| gate.phase == Phase::Latched) {
            self.mark(*poll, gate, now);
        }
    }

    fn mark(&mut self, poll: PollId, gate: &Gate, now: Timestamp) {
        self.markers.push(Marker { poll, generation: gate.generation, at: gate.closes_at.unwrap_or(now) });
    }
}
