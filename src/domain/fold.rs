//! Folding: from a run of log entries to the few set operations that count them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::ballot::{Sequence, VoterKey};
use super::log::{Bookmark, Entry, EntryId, Marker, Record, Section, Unreadable};
use super::names::{Choice, PollId};
use super::turnout::{STEP, Step};

/// By how many steps of time the voters of one poll are told apart in a batch, at most: each costs the store a
/// statement. Finest ones make twenty minutes; a batch that took longer to come may have wider ones.
const MAX_STEPS: u32 = 120;

/// What the fold must know of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contest {
    /// The round that is being counted: its first generation. Ballots of earlier generations were reset.
    pub round: u32,
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

/// The ballots of one poll whose voters came in one step of time: at most one a voter, in order of voters. No voter of
/// a poll is in two groups of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The poll.
    pub poll: PollId,
    /// The round they count in.
    pub round: u32,
    /// The start of the step in which the first ballot that the batch has of each voter was accepted.
    pub at: Timestamp,
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
    /// The epoch of the log's history in which it was read.
    pub epoch: u16,
    /// The position of the entry's first ballot.
    pub first: u64,
    /// The entry's fingerprint.
    pub fingerprint: u64,
    /// Whether these are all ballots of the entry; else the others were counted.
    pub whole: bool,
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
    /// Ballots to upsert, by poll and step of time.
    pub groups: Vec<Group>,
    /// Generations that closed: each once, in order.
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
    let mut cast: BTreeMap<PollId, Vec<Cast>> = BTreeMap::new();
    for record in records {
        match &record.content {
            Err(newer @ Unreadable::NewerFormat(_)) => return Err(newer.clone()),
            Err(malformed) => plan.bury(record, true, u64::from(record.ballots), malformed.to_string()),
            Ok(entry) => fold_sections(&mut plan, &mut cast, record, entry, contests),
        }
        plan.read += u64::from(record.ballots);
        plan.bookmark = plan.bookmark.after(record);
    }
    // Stable, so that of those that were repeated the first stays.
    plan.markers.sort_by_key(|marker| (marker.poll, marker.generation));
    plan.markers.dedup_by_key(|marker| (marker.poll, marker.generation));
    for (poll, ballots) in cast {
        if let Some(contest) = contests.get(&poll) {
            plan.groups.extend(one_a_voter(poll, contest, ballots));
        }
    }
    Ok(plan)
}

/// A plan that gives up on one record which the store cannot apply.
#[must_use]
pub fn give_up(bookmark: Bookmark, record: &Record, reason: String) -> Plan {
    let mut plan = Plan { bookmark: bookmark.after(record), read: u64::from(record.ballots), ..Plan::default() };
    plan.bury(record, true, u64::from(record.ballots), reason);
    if let Ok(entry) = &record.content {
        let markers = entry.sections.iter().filter_map(|section| match section {
            Section::Closed(marker) => Some(*marker),
            Section::Ballots { .. } => None,
        });
        plan.markers.extend(markers);
    }
    plan
}

/// A ballot, and when its entry was appended.
struct Cast {
    placed: Placed,
    at: Timestamp,
}

fn fold_sections(
    plan: &mut Plan,
    cast: &mut BTreeMap<PollId, Vec<Cast>>,
    record: &Record,
    entry: &Entry,
    contests: &Contests,
) {
    let mut position = record.first;
    for section in &entry.sections {
        let (poll, generation, ballots) = match section {
            Section::Closed(marker) => {
                plan.markers.push(*marker);
                continue;
            }
            Section::Ballots { poll, generation, ballots } => (*poll, *generation, ballots),
        };
        let contest = contests.get(&poll).filter(|contest| generation >= contest.round);
        if let Some(contest) = contest {
            let cast = cast.entry(poll).or_default();
            let mut strays = 0;
            for (place, (voter, choice)) in (position..).zip(ballots) {
                if choice.index() < contest.options {
                    let sequence = Sequence::new(plan.bookmark.epoch, place);
                    cast.push(Cast { placed: Placed { voter: *voter, choice: *choice, sequence }, at: entry.at });
                } else {
                    strays += 1;
                }
            }
            if strays > 0 {
                plan.bury(record, false, strays, format!("poll {poll} has no such option"));
            }
        } else {
            plan.discarded += ballots.len() as u64;
        }
        position += ballots.len() as u64;
    }
}

fn one_a_voter(poll: PollId, contest: &Contest, mut cast: Vec<Cast>) -> impl Iterator<Item = Group> {
    let Contest { round, allow_change, .. } = *contest;
    let step = step_for(&cast);
    cast.sort_unstable_by_key(|cast| (cast.placed.voter, cast.placed.sequence));
    let mut groups: BTreeMap<Timestamp, Group> = BTreeMap::new();
    for of_one in cast.chunk_by(|one, next| one.placed.voter == next.placed.voter) {
        let (Some(first), Some(last)) = (of_one.first(), of_one.last()) else { continue };
        let at = step.start_of(first.at);
        let empty = || Group { poll, round, at, allow_change, ballots: Vec::new(), superseded: 0 };
        let group = groups.entry(at).or_insert_with(empty);
        group.ballots.push(if allow_change { last.placed } else { first.placed });
        group.superseded += of_one.len() as u64 - 1;
    }
    groups.into_values()
}

/// The finest steps, unless these would be too many. Clocks that are hours apart make no more of them.
fn step_for(cast: &[Cast]) -> Step {
    let steps: BTreeSet<Timestamp> = cast.iter().map(|cast| STEP.start_of(cast.at)).collect();
    match (steps.first(), steps.last()) {
        (Some(first), Some(last)) if steps.len() > MAX_STEPS as usize => Step::across(*first, *last, MAX_STEPS),
        _ => STEP,
    }
}

impl Plan {
    fn bury(&mut self, record: &Record, whole: bool, ballots: u64, reason: String) {
        self.dead.push(DeadLetter {
            entry: record.id,
            epoch: self.bookmark.epoch,
            first: record.first,
            fingerprint: record.fingerprint,
            whole,
            ballots,
            reason,
            body: record.body.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::clock::from_millis;
    use crate::domain::log::Entry;

    fn poll(number: u64) -> PollId {
        PollId::from_u64(number).unwrap()
    }

    fn voter(number: u8) -> VoterKey {
        VoterKey([number; VoterKey::LENGTH])
    }

    fn ballots(number: u64, generation: u32, cast: &[(u8, usize)]) -> Section {
        let ballots = cast.iter().map(|(of, index)| (voter(*of), Choice::from_index(*index).unwrap())).collect();
        Section::Ballots { poll: poll(number), generation, ballots }
    }

    fn record(id: u64, first: u64, sections: Vec<Section>) -> Record {
        record_at(0, id, first, sections)
    }

    /// A record that was appended so many seconds after the epoch.
    fn record_at(seconds: i64, id: u64, first: u64, sections: Vec<Section>) -> Record {
        let entry = Entry { at: from_millis(seconds * 1000), sections };
        let ballots = u32::try_from(entry.ballots()).unwrap();
        Record { id: EntryId(id), first, ballots, fingerprint: id, body: bytes::Bytes::new(), content: Ok(entry) }
    }

    fn contests() -> Contests {
        let contest = |allow_change, round| Contest { round, options: 3, allow_change };
        [(poll(1), contest(true, 1)), (poll(2), contest(false, 1)), (poll(3), contest(true, 5))].into()
    }

    fn folded(records: &[Record]) -> Plan {
        fold(Bookmark::default(), records, &contests()).unwrap()
    }

    fn standing(group: &Group) -> Vec<(VoterKey, usize, u64)> {
        group.ballots.iter().map(|b| (b.voter, b.choice.index(), b.sequence.position())).collect()
    }

    #[test]
    fn the_last_ballot_of_a_voter_stands_where_change_is_allowed_else_the_first() {
        for (number, choice, position) in [(1, 2, 12), (2, 0, 10)] {
            let cast = [ballots(number, 1, &[(7, 0), (8, 1)]), ballots(number, 1, &[(7, 2)])];
            let plan = folded(&[record(1, 10, cast.to_vec())]);
            assert_eq!(standing(&plan.groups[0]), [(voter(7), choice, position), (voter(8), 1, 11)]);
            assert_eq!((plan.groups[0].superseded, plan.read), (1, 3));
        }
    }

    /// Seconds of a group's step, and its voters.
    fn voters(group: &Group) -> (i64, Vec<VoterKey>) {
        (group.at.as_second(), group.ballots.iter().map(|ballot| ballot.voter).collect())
    }

    #[test]
    fn voters_are_told_apart_by_the_step_of_their_first_ballot_in_the_batch() {
        for (number, choice) in [(1, 2), (2, 0)] {
            let plan = folded(&[
                record_at(25, 1, 0, vec![ballots(number, 1, &[(1, 0), (2, 1)])]),
                record_at(31, 2, 2, vec![ballots(number, 1, &[(1, 1), (3, 1)])]),
                record_at(29, 3, 4, vec![ballots(number, 1, &[(4, 1), (1, 2)])]),
            ]);
            let [early, late] = &plan.groups[..] else { panic!("{plan:?}") };
            assert_eq!(voters(early), (20, vec![voter(1), voter(2), voter(4)]));
            assert_eq!(voters(late), (30, vec![voter(3)]));
            assert_eq!((early.ballots[0].choice.index(), early.superseded, late.superseded), (choice, 2, 0));
        }
    }

    #[test]
    fn a_batch_that_took_long_to_come_has_wider_steps() {
        let cast = |minute: u8| {
            let (id, at) = (u64::from(minute), i64::from(minute) * 60);
            record_at(at, id, id, vec![ballots(1, 1, &[(minute, 0)])])
        };
        let plan = folded(&(0..180).map(cast).collect::<Vec<_>>());
        assert_eq!(plan.groups.len(), 36, "five minutes each");
        assert!(plan.groups.iter().all(|group| group.ballots.len() == 5 && group.at.as_second() % 300 == 0));
    }

    #[test]
    fn clocks_that_are_far_apart_leave_steps_as_fine_as_they_are() {
        let cast = |of: u8| {
            let (id, day) = (u64::from(of), i64::from(of % 2) * 86_400);
            record_at(day + i64::from(of), id, id, vec![ballots(1, 1, &[(of, 0)])])
        };
        let plan = folded(&(0..180).map(cast).collect::<Vec<_>>());
        assert_eq!(plan.groups.len(), 36);
        assert!(plan.groups.iter().all(|group| group.ballots.len() == 5));
    }

    #[test]
    fn ballots_of_earlier_rounds_and_of_deleted_polls_are_discarded() {
        let plan = folded(&[record(1, 0, vec![ballots(3, 4, &[(1, 0), (2, 0)]), ballots(9, 1, &[(1, 0)])])]);
        assert_eq!((plan.discarded, plan.groups.len()), (3, 0));
        let plan = folded(&[record(1, 0, vec![ballots(3, 5, &[(1, 0)]), ballots(3, 6, &[(2, 0)])])]);
        assert_eq!((plan.discarded, plan.groups[0].ballots.len()), (0, 2));
    }

    #[test]
    fn a_choice_that_the_poll_does_not_have_is_buried_alone() {
        let plan = folded(&[record(1, 0, vec![ballots(1, 1, &[(1, 0), (2, 3), (3, 2)])])]);
        assert_eq!(standing(&plan.groups[0]), [(voter(1), 0, 0), (voter(3), 2, 2)]);
        assert_eq!((plan.dead.len(), plan.dead[0].ballots, plan.dead[0].whole), (1, 1, false));
    }

    #[test]
    fn an_unreadable_entry_is_buried_whole_and_the_rest_goes_on() {
        let unreadable = |error| Record { ballots: 4, content: Err(error), ..record(2, 1, vec![]) };
        let around = |middle| {
            [record(1, 0, vec![ballots(1, 1, &[(1, 0)])]), middle, record(3, 5, vec![ballots(1, 1, &[(2, 1)])])]
        };
        let plan = folded(&around(unreadable(Unreadable::Malformed("a sample"))));
        assert_eq!((plan.read, plan.dead[0].ballots, plan.groups[0].ballots.len()), (6, 4, 2));
        assert_eq!((plan.dead[0].first, plan.dead[0].whole), (1, true));
        assert_eq!((plan.bookmark.entry, plan.bookmark.position), (EntryId(3), 6));
        let newer = fold(Bookmark::default(), &around(unreadable(Unreadable::NewerFormat(2))), &contests());
        assert_eq!(newer, Err(Unreadable::NewerFormat(2)), "nothing after it may be applied before it");
    }

    #[test]
    fn giving_up_on_an_entry_keeps_its_markers() {
        let marker = Marker { poll: poll(1), generation: 1, at: from_millis(5) };
        let record = record(4, 10, vec![ballots(1, 1, &[(1, 0), (2, 0)]), Section::Closed(marker)]);
        let plan = give_up(Bookmark::default(), &record, "refused".into());
        assert_eq!((plan.read, plan.dead[0].ballots, plan.markers), (2, 2, vec![marker]));
        assert_eq!((plan.bookmark.entry, plan.bookmark.position), (EntryId(4), 12));
    }

    proptest! {
        #[test]
        fn every_ballot_read_is_somewhere_and_each_voter_stands_once(
            cast in prop::collection::vec((1..5_u64, 4..6_u32, 0..6_u8, 0..4_usize), 0..60),
        ) {
            let mut records = Vec::new();
            for (id, (number, generation, of, index)) in (1..).zip(&cast) {
                records.push(record(id, id - 1, vec![ballots(*number, *generation, &[(*of, *index)])]));
            }
            let plan = folded(&records);
            let stand: u64 = plan.groups.iter().map(|group| group.ballots.len() as u64 + group.superseded).sum();
            let dead: u64 = plan.dead.iter().map(|letter| letter.ballots).sum();
            prop_assert_eq!(plan.read, stand + plan.discarded + dead);
            prop_assert_eq!(plan.read, cast.len() as u64);
            for group in &plan.groups {
                prop_assert!(group.ballots.windows(2).all(|pair| pair[0].voter < pair[1].voter));
            }
        }
    }
}
