//! One step: what it asks of the script, and what the script says.

use jiff::Timestamp;
use redis::{ErrorKind, RedisResult, Script, ScriptInvocation, Value};

use super::{Keys, RedisOptions, gates};
use crate::domain::ballot::{Attempt, FirstChoice, VoterKey};
use crate::domain::gate::Gate;
use crate::domain::log::{Entry, Section};
use crate::domain::names::{Choice, PollId};
use crate::queue::format;
use crate::queue::turn::Turn;

/// What the script says.
pub(super) enum Reply {
    /// All of it is written.
    Done,
    /// Gates are others than the step took for true; how those it looked at are, in its order.
    Gates(Vec<Vec<u8>>),
    /// Voters who made another choice or attempt before: group and place in the step, and the first choice as it is
    /// stored.
    Choices(Vec<(usize, usize, Vec<u8>)>),
    /// In these partitions too much waits to be counted.
    Full(Vec<u16>),
}

/// Voters of one round and what they choose, as far as the step is concerned.
pub(super) struct Choices {
    pub poll: PollId,
    pub round: u32,
    pub ballots: Vec<(VoterKey, FirstChoice)>,
}

impl Choices {
    /// The attempts one after the other; nothing where all are zero, which is most polls.
    fn attempts(&self) -> Vec<u8> {
        let attempts = self.ballots.iter().map(|(_, first)| first.attempt);
        if attempts.clone().all(|attempt| attempt == Attempt::default()) {
            return Vec::new();
        }
        attempts.flat_map(|attempt| attempt.0).collect()
    }
}

/// Reads a first choice as Redis keeps it. `None` where no release of ours wrote it.
pub(super) fn first_choice(stored: &[u8]) -> Option<FirstChoice> {
    let (choice, attempt) = stored.split_first()?;
    let attempt = if attempt.is_empty() { Attempt::default() } else { Attempt(attempt.try_into().ok()?) };
    Some(FirstChoice { choice: Choice::from_index(usize::from(*choice))?, attempt })
}

/// A step before it is sent.
pub(super) struct Step {
    /// Every gate that was looked at, as it is known.
    pub looked_at: Vec<(PollId, Option<Gate>)>,
    pub turn: Turn,
    pub choices: Vec<Choices>,
}

impl Step {
    /// The call that takes this step, at the time `now`.
    pub(super) fn call<'s>(
        &self,
        script: &'s Script,
        keys: &Keys,
        options: &RedisOptions,
        now: Timestamp,
    ) -> ScriptInvocation<'s> {
        let mut call = script.prepare_invoke();
        for name in ["gates", "ends", "counted", "choices"] {
            call.key(keys.of(name));
        }
        call.arg(self.looked_at.len());
        for (poll, gate) in &self.looked_at {
            let expected = gate.as_ref().map(gates::encode).unwrap_or_default();
            let wanted = self.turn.gates.get(poll).map(gates::encode).unwrap_or_default();
            call.arg(poll.to_string()).arg(expected).arg(wanted);
        }
        call.arg(self.choices.len());
        for group in &self.choices {
            let name = format!("{}:{}", group.poll, group.round);
            call.key(keys.choices(&name));
            let voters: Vec<u8> = group.ballots.iter().flat_map(|(voter, _)| voter.0).collect();
            let choices: Vec<u8> = group.ballots.iter().map(|(_, first)| first.choice.as_u8()).collect();
            call.arg(name).arg(voters).arg(choices).arg(group.attempts());
        }
        let entries = entries(&self.turn, options.partitions, now);
        let most = options.max_unread / u64::from(options.partitions.max(1));
        call.arg(most).arg(entries.len());
        for (partition, entry) in entries {
            let body = format::encode(&entry);
            call.key(keys.log(partition));
            call.arg(partition).arg(entry.ballots()).arg(format::fingerprint(&body)).arg(&body[..]);
        }
        call
    }
}

/// The entry that each partition gets: its voters' ballots, and every marker.
fn entries(turn: &Turn, partitions: u16, now: Timestamp) -> Vec<(u16, Entry)> {
    let mut sections: Vec<Vec<Section>> = vec![Vec::new(); usize::from(partitions)];
    for accepted in &turn.accepted {
        let mut parts: Vec<Vec<(VoterKey, Choice)>> = vec![Vec::new(); usize::from(partitions)];
        for ballot in &accepted.ballots {
            parts[usize::from(ballot.0.partition(partitions))].push(*ballot);
        }
        for (sections, ballots) in sections.iter_mut().zip(parts).filter(|(_, ballots)| !ballots.is_empty()) {
            sections.push(Section::Ballots { poll: accepted.poll, generation: accepted.generation, ballots });
        }
    }
    for sections in &mut sections {
        sections.extend(turn.markers.iter().copied().map(Section::Closed));
    }
    let entry = |(partition, sections)| (partition, Entry { at: now, sections });
    (0..).zip(sections).filter(|(_, sections)| !sections.is_empty()).map(entry).collect()
}

impl Reply {
    pub(super) fn parse(value: Value) -> RedisResult<Self> {
        let parts: Vec<Value> = redis::from_redis_value(value)?;
        let mut parts = parts.into_iter();
        let kind: String = redis::from_redis_value(parts.next().unwrap_or(Value::Nil))?;
        let mut rest = || parts.next().unwrap_or(Value::Nil);
        Ok(match kind.as_str() {
            "done" => Self::Done,
            "gates" => Self::Gates(redis::from_redis_value(rest())?),
            "choices" => {
                let found: Vec<(usize, usize, Vec<u8>)> = redis::from_redis_value(rest())?;
                Self::Choices(found.into_iter().map(|(group, place, first)| (group - 1, place - 1, first)).collect())
            }
            "full" => Self::Full(redis::from_redis_value(rest())?),
            _ => return Err((ErrorKind::UnexpectedReturnType, "the step answers something unknown", kind).into()),
        })
    }
}
