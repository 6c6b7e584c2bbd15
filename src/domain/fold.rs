//! Folding: from a run of log entries to the few set operations that count them.

use std::collections::BTreeMap;

use super::ballot::{Sequence, VoterKey};
use super::log::{Bookmark, EntryId, Marker, Record, Section, Unreadable};
use super::names::{Choice, PollId};

/// What the fold must know of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contest {
    /// The round that is being counted.
    pub round: u32,
    /// The first generation of that round: ballots of earlier ones were reset.
    pub first_generation: u32,
    /// How many options there are.
    pub options: usize,
    /// Whether a voter's later ballot replaces the earlier one.
    pub allow_change: bool,
}

/// The polls of a batch; a poll that is absent was deleted.
pub type Contests = BTreeMap<PollId, Contest>;

/// A ballot with its place in the order of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Who.
    pub voter: VoterKey,
    /// What.
    pub choice: Choice,
    /// When, in the order of the log.
    pub sequence: Sequence,
}

/// The ballots of one poll, at most one a voter, in order of voters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The poll.
    pub poll: PollId,
    /// The round they count in.
    pub round: u32,
    /// Whether they replace what the voter chose before.
    pub allow_change: bool,
    /// What stands of this batch.
    pub ballots: Vec<Placed>,
    /// How many ballots of the batch were replaced by others of it.
    pub superseded: u64,
}

/// Ballots that cannot be counted, kept for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The entry they came in.
    pub entry: EntryId,
    /// How many.
    pub ballots: u64,
    /// Why.
    pub reason: String,
    /// The whole entry, encoded.
    pub body: bytes::Bytes,
}

/// All that applying a batch does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Ballots to upsert, by poll.
    pub groups: Vec<Group>,
    /// Generations that closed.
    pub markers: Vec<Marker>,
    /// Ballots of rounds that were reset and polls that were deleted.
    pub discarded: u64,
    /// Ballots that cannot be counted.
    pub dead: Vec<DeadLetter>,
    /// How many ballots were read.
    pub read: u64,
    /// Where the reader stands afterwards.
    pub bookmark: Bookmark,
}

/// The polls that a run of records speaks of.
pub fn polls_in(records: &[Record]) -> impl Iterator<Item = PollId> {
    let sections = records.iter().filter_map(|record| record.content.as_ref().ok()).flat_map(|entry| &entry.sections);
    sections.map(|section| match section {
        Section::Ballots { poll, .. } => *poll,
        Section::Closed(marker) => marker.poll,
    })
}

/// Folds `records`, which follow `bookmark` without a gap.
///
/// # Errors
/// When an entry is of a newer format: nothing after it may be applied before it.
pub fn fold(bookmark: Bookmark, records: &[Record], contests: &Contests) -> Result<Plan, Unreadable> {
    let mut plan = Plan { bookmark, ..Plan::default() };
    let mut groups: BTreeMap<PollId, Vec<Placed>> = BTreeMap::new();
    for record in records {
        match &record.content {
            Err(newer @ Unreadable::NewerFormat(_)) => return Err(newer.clone()),
            Err(malformed) => plan.bury(record, u64::from(record.ballots), malformed.to_string()),
            Ok(entry) => fold_sections(&mut plan, &mut groups, record, &entry.sections, contests),
        }
        plan.read += u64::from(record.ballots);
        plan.bookmark = plan.bookmark.after(record);
    }
    for (poll, ballots) in groups {
        if let Some(contest) = contests.get(&poll) {
            plan.groups.push(one_a_voter(poll, contest, ballots));
        }
    }
    Ok(plan)
}

/// A plan that gives up on one record which the store cannot apply.
#[must_use]
pub fn give_up(bookmark: Bookmark, record: &Record, reason: String) -> Plan {
    let mut plan = Plan { bookmark: bookmark.after(record), read: u64::from(record.ballots), ..Plan::default() };
    plan.bury(record, u64::from(record.ballots), reason);
    if let Ok(entry) = &record.content {
        let markers = entry.sections.iter().filter_map(|section| match section {
            Section::Closed(marker) => Some(*marker),
            Section::Ballots { .. } => None,
        });
        plan.markers.extend(markers);
    }
    plan
}

fn fold_sections(
    plan: &mut Plan,
    groups: &mut BTreeMap<PollId, Vec<Placed>>,
    record: &Record,
    sections: &[Section],
    contests: &Contests,
) {
    let mut position = record.first;
    for section in sections {
        let (poll, generation, ballots) = match section {
            Section::Closed(marker) => {
                plan.markers.push(*marker);
                continue;
            }
            Section::Ballots { poll, generation, ballots } => (*poll, *generation, ballots),
        };
        let contest = contests.get(&poll).filter(|contest| generation >= contest.first_generation);
        if let Some(contest) = contest {
            let group = groups.entry(poll).or_default();
            let mut strays = 0;
            for (place, (voter, choice)) in (position..).zip(ballots) {
                if choice.index() < contest.options {
                    let sequence = Sequence::new(plan.bookmark.epoch, place);
                    group.push(Placed { voter: *voter, choice: *choice, sequence });
                } else {
                    strays += 1;
                }
            }
            if strays > 0 {
                plan.bury(record, strays, format!("poll {poll} has no such option"));
            }
        } else {
            plan.discarded += ballots.len() as u64;
        }
        position += ballots.len() as u64;
    }
}

fn one_a_voter(poll: PollId, contest: &Contest, mut ballots: Vec<Placed>) -> Group {
    let before = ballots.len();
    if contest.allow_change {
        ballots.sort_unstable_by_key(|ballot| (ballot.voter, std::cmp::Reverse(ballot.sequence)));
    } else {
        ballots.sort_unstable_by_key(|ballot| (ballot.voter, ballot.sequence));
    }
    ballots.dedup_by_key(|ballot| ballot.voter);
    let superseded = (before - ballots.len()) as u64;
    Group { poll, round: contest.round, allow_change: contest.allow_change, ballots, superseded }
}

impl Plan {
    fn bury(&mut self, record: &Record, ballots: u64, reason: String) {
        self.dead.push(DeadLetter { entry: record.id, ballots, reason, body: record.body.clone() });
    }
}
