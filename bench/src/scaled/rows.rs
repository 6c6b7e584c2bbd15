//! Ballots made here, without the detour over HTTP: what workers count must be there before they start.

use std::ops::Range;

use hemicycle::domain::ballot::VoterKey;
use hemicycle::domain::clock::Entropy;
use hemicycle::domain::names::Choice;

/// New voters in one step of the time that voter keys begin with: of 8 seconds, at fifty thousand a second.
const STEP: usize = 400_000;

/// Voters of one poll, and what they choose.
#[derive(Debug)]
pub struct Rows {
    entropy: Entropy,
    voters: Vec<VoterKey>,
}

impl Rows {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self { entropy: Entropy::System, voters: Vec::new() }
    }

    /// So many ballots of voters who never voted before.
    pub fn fresh(&mut self, count: usize) -> Vec<(VoterKey, Choice)> {
        let first = self.voters.len();
        for number in first..first + count {
            let mut key: [u8; VoterKey::LENGTH] = self.entropy.bytes();
            let step = u32::try_from(number / STEP).unwrap_or(u32::MAX).to_be_bytes();
            key[..3].copy_from_slice(&step[1..]);
            self.voters.push(VoterKey(key));
        }
        self.choose(first..first + count, 1)
    }

    /// So many ballots of voters who voted before, one each, in no order.
    pub fn revotes(&mut self, count: usize) -> Vec<(VoterKey, Choice)> {
        for place in 0..count {
            let left = (self.voters.len() - place) as u64;
            let other = place + usize::try_from(self.entropy.below(left)).unwrap_or_default();
            self.voters.swap(place, other);
        }
        self.choose(0..count, 2)
    }

    fn choose(&self, voters: Range<usize>, turn: usize) -> Vec<(VoterKey, Choice)> {
        let choice = |place: usize| Choice::from_index((place + turn) % 2);
        let voted = self.voters[voters].iter().enumerate();
        voted.filter_map(|(place, voter)| Some((*voter, choice(place)?))).collect()
    }
}
