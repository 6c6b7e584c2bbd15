//! Turnout: new voters, by when their first ballots were accepted.

use hemicycle::domain::fold::{DeadLetter, Group, Plan};
use hemicycle::domain::log::{Entry, Section};
use hemicycle::domain::poll::Poll;
use hemicycle::domain::turnout::Series;
use hemicycle::store::Store;
use jiff::Timestamp;

use super::{apply, claimed, dead_letter, group, plan, votes};
use crate::forge::{at, choice, open, strict, voter};

async fn with_poll(store: &Store, poll: Poll) -> Poll {
    store.insert_poll(&poll).await.unwrap();
    poll
}

/// Ballots that were accepted in the step that begins so many seconds after `at(0)`.
fn came(seconds: i64, poll: &Poll, epoch: u16, ballots: &[(u64, usize, u64)]) -> Group {
    Group { at: after(seconds), ..group(poll, epoch, ballots) }
}

fn after(seconds: i64) -> Timestamp {
    at(seconds * 1000)
}

/// Seconds after `at(0)`, and voters, of each point.
fn points(series: &Series) -> Vec<(i64, u64)> {
    series.points.iter().map(|point| (point.at.as_second() - at(0).as_second(), point.voters)).collect()
}

/// The turnout of a poll's round in the finest steps.
async fn turnout(store: &Store, poll: &Poll) -> Vec<(i64, u64)> {
    let series = store.turnout(poll.id, poll.round, None, u32::MAX).await.unwrap();
    assert_eq!(series.step.seconds(), 10);
    points(&series)
}

/// The width of the steps, and the points, of a poll's turnout.
async fn drawn(store: &Store, poll: &Poll, from: Option<i64>, most: u32) -> (i64, Vec<(i64, u64)>) {
    let series = store.turnout(poll.id, poll.round, from.map(after), most).await.unwrap();
    (series.step.seconds(), points(&series))
}

pub async fn voters_are_kept_by_the_step_of_their_first_ballot(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    assert_eq!(turnout(store, &poll).await, []);
    let both = vec![came(20, &poll, 0, &[(1, 0, 0), (2, 1, 1)]), came(0, &poll, 0, &[(3, 0, 2)])];
    apply(store, &plan(both, 1, 3)).await;
    apply(store, &plan(vec![came(50, &poll, 0, &[(4, 0, 3), (1, 2, 4)])], 2, 5)).await;
    assert_eq!(turnout(store, &poll).await, [(0, 1), (20, 2), (50, 1)], "in order of time, not of counting");
    assert_eq!(votes(store, 1).await, [2, 1, 1]);
}

pub async fn what_moves_no_total_adds_no_voter(store: &Store) {
    for poll in [open(1), strict(2)] {
        let poll = with_poll(store, poll).await;
        let first = plan(vec![came(0, &poll, 0, &[(1, 0, 5), (2, 1, 6)])], 1, 7);
        apply(store, &first).await;
        apply(store, &first).await;
        let again = |epoch, ballot| plan(vec![came(60, &poll, epoch, &[ballot])], 1, 7);
        // Stale, another choice, the same choice, and the same ballot under another history of the log.
        for (epoch, ballot) in [(0, (1, 1, 3)), (0, (1, 2, 8)), (0, (2, 1, 9)), (1, (2, 1, 6))] {
            apply(store, &again(epoch, ballot)).await;
        }
        assert_eq!(turnout(store, &poll).await, [(0, 2)]);
    }
}

pub async fn voters_who_come_to_one_step_in_many_batches_are_added_up(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    for batch in 1..=30 {
        let ballots = [(batch * 2, 0, batch * 2), (batch * 2 + 1, 1, batch * 2 + 1)];
        apply(store, &plan(vec![came(0, &poll, 0, &ballots)], batch, batch * 2 + 2)).await;
    }
    assert_eq!(turnout(store, &poll).await, [(0, 60)]);
}

pub async fn turnout_is_of_one_poll_and_one_round(store: &Store) {
    let (poll, other) = (with_poll(store, open(1)).await, with_poll(store, open(2)).await);
    let groups = vec![came(0, &poll, 0, &[(1, 0, 0)]), came(0, &other, 0, &[(1, 0, 1), (2, 0, 2)])];
    apply(store, &plan(groups, 1, 3)).await;
    assert_eq!((turnout(store, &poll).await, turnout(store, &other).await), (vec![(0, 1)], vec![(0, 2)]));
    let reset = store.poll(poll.id).await.unwrap().unwrap().reset(at(1));
    let reset = store.update_poll(&reset, at(1)).await.unwrap();
    assert_eq!(turnout(store, &reset).await, [], "a round begins with nobody");
    apply(store, &plan(vec![came(0, &reset, 0, &[(1, 1, 3), (3, 1, 4)])], 2, 5)).await;
    assert_eq!(turnout(store, &reset).await, [(0, 2)]);
}

pub async fn turnout_is_not_kept_of_what_is_undone(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    let mut claim = claimed(store, 0, 1).await;
    claim.apply(&plan(vec![came(0, &poll, 0, &[(1, 0, 0)])], 1, 1), at(0)).await.unwrap();
    claim.undo().await.unwrap();
    assert_eq!(turnout(store, &poll).await, []);
}

pub async fn a_retried_letter_counts_when_it_was_accepted(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    let buried = Plan { dead: vec![DeadLetter { first: 0, ..dead_letter(2) }], read: 2, ..plan(vec![], 1, 2) };
    apply(store, &buried).await;
    apply(store, &plan(vec![came(60, &poll, 0, &[(2, 0, 2)])], 2, 3)).await;
    let letter = store.dead_letters(0, 1).await.unwrap().remove(0);
    let ballots = vec![(voter(1), choice(0)), (voter(2), choice(1))];
    let entry = Entry { at: at(35_123), sections: vec![Section::Ballots { poll: poll.id, generation: 1, ballots }] };
    store.retry_dead_letter(&letter, Ok(entry), 1, at(90_000)).await.unwrap();
    assert_eq!(turnout(store, &poll).await, [(30, 1), (60, 1)], "whoever had come before is not new");
}

/// A poll to which one voter came every `every` seconds, so many times.
async fn frequented(store: &Store, every: i64, times: u64) -> Poll {
    let poll = with_poll(store, open(1)).await;
    let group = |of: u64| came(every * i64::try_from(of).unwrap(), &poll, 0, &[(of, 0, of)]);
    apply(store, &plan((0..times).map(group).collect(), 1, times)).await;
    poll
}

pub async fn a_series_has_the_narrowest_steps_that_are_few_enough(store: &Store) {
    let poll = frequented(store, 40, 100).await;
    let (step, finest) = drawn(store, &poll, None, 1000).await;
    assert_eq!((step, finest.len(), finest[1]), (10, 100, (40, 1)), "steps to which nobody came are left out");
    let (step, minutes) = drawn(store, &poll, None, 67).await;
    assert_eq!((step, minutes.len()), (60, 67));
    assert_eq!(minutes[..4], [(0, 2), (60, 1), (120, 2), (180, 1)]);
    let (step, wider) = drawn(store, &poll, None, 66).await;
    assert_eq!((step, wider.len(), wider[0], wider[1]), (300, 14, (0, 8), (300, 7)));
    for most in 0..120 {
        let (_, points) = drawn(store, &poll, None, most).await;
        assert!(points.len() <= most.max(2) as usize, "{most}: {points:?}");
        assert_eq!(points.iter().map(|(_, voters)| voters).sum::<u64>(), 100, "{most}");
    }
}

pub async fn a_series_from_a_time_has_whole_steps(store: &Store) {
    let poll = frequented(store, 10, 60).await;
    assert_eq!(drawn(store, &poll, Some(575), 100).await, (10, vec![(570, 1), (580, 1), (590, 1)]));
    assert_eq!(drawn(store, &poll, Some(485), 2).await, (60, vec![(480, 6), (540, 6)]));
    assert_eq!(drawn(store, &poll, Some(-900), 1000).await.1.len(), 60);
    assert_eq!(drawn(store, &poll, Some(600), 100).await, (10, vec![]));
}

pub async fn turnout_of_discarded_rounds_is_swept_in_steps_and_no_other(store: &Store) {
    let poll = frequented(store, 10, 4100).await;
    let reset = store.poll(poll.id).await.unwrap().unwrap().reset(at(1));
    let reset = store.update_poll(&reset, at(1)).await.unwrap();
    apply(store, &plan(vec![came(0, &reset, 0, &[(1, 1, 9000)])], 2, 9001)).await;
    let mut before = turnout(store, &poll).await.len();
    while store.sweep().await.unwrap() {
        let after = turnout(store, &poll).await.len();
        assert!(before - after <= 4000, "a sweep takes a bounded step");
        before = after;
    }
    assert_eq!((before, turnout(store, &reset).await), (0, vec![(0, 1)]));
    store.delete_poll(&store.poll(poll.id).await.unwrap().unwrap()).await.unwrap();
    while store.sweep().await.unwrap() {}
    assert_eq!(turnout(store, &reset).await, []);
}
