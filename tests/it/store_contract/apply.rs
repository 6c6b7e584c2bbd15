//! Counting: what a plan does to ballots, tallies, versions and the terms of conservation.

use hemicycle::domain::fold::Plan;
use hemicycle::domain::poll::Poll;
use hemicycle::store::Store;

use super::{apply, dead_letter, group, plan, shown, terms, votes};
use crate::forge::{choice, open, poll_id, strict, voter};

async fn with_poll(store: &Store, poll: Poll) -> Poll {
    store.insert_poll(&poll).await.unwrap();
    poll
}

pub async fn fresh_ballots_count_and_raise_the_version_once(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    let before = shown(store, 1).await;
    let changed = apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0), (2, 0, 1), (3, 2, 2)])], 1, 3)).await;
    assert_eq!(changed, [poll.id]);
    assert_eq!(votes(store, 1).await, [2, 0, 1]);
    assert_eq!(terms(store).await, [3, 0, 0, 0, 0]);
    let after = store.poll(poll.id).await.unwrap().unwrap().versions;
    assert_eq!((after.shown, after.text, after.revision), (before + 1, poll.versions.text, poll.versions.revision));
    assert_eq!(store.choice(poll.id, poll.round, voter(3)).await.unwrap(), Some(choice(2)));
    assert_eq!(store.choice(poll.id, poll.round, voter(4)).await.unwrap(), None);
    assert_eq!(store.choice(poll.id, poll.round + 1, voter(3)).await.unwrap(), None);
}

pub async fn a_later_ballot_replaces_the_choice(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0), (2, 1, 1)])], 1, 2)).await;
    let changed = apply(store, &plan(vec![group(&poll, 0, &[(1, 2, 2)])], 2, 3)).await;
    assert_eq!((changed.len(), votes(store, 1).await), (1, vec![0, 1, 1]));
    assert_eq!(terms(store).await, [2, 1, 0, 0, 0]);
    let again = shown(store, 1).await;
    let changed = apply(store, &plan(vec![group(&poll, 0, &[(1, 2, 3)])], 3, 4)).await;
    assert_eq!((changed.len(), terms(store).await), (0, [2, 2, 0, 0, 0]), "the same choice, another ballot");
    assert_eq!(shown(store, 1).await, again, "no vote moved, so there is nothing new to show");
}

pub async fn the_same_ballot_again_changes_nothing(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    let once = plan(vec![group(&poll, 0, &[(1, 0, 0), (2, 1, 1)])], 1, 2);
    apply(store, &once).await;
    let before = (shown(store, 1).await, store.ledger().await.unwrap().applied);
    assert_eq!(apply(store, &once).await, []);
    assert_eq!(votes(store, 1).await, [1, 1, 0]);
    assert_eq!(terms(store).await, [2, 0, 0, 0, 2]);
    assert_eq!((shown(store, 1).await, store.ledger().await.unwrap().applied), before);
}

pub async fn a_stale_ballot_is_superseded_and_does_not_move_the_choice(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    apply(store, &plan(vec![group(&poll, 1, &[(1, 0, 5)])], 1, 1)).await;
    let changed = apply(store, &plan(vec![group(&poll, 1, &[(1, 1, 4)]), group(&poll, 0, &[(1, 2, 9)])], 2, 2)).await;
    assert_eq!((changed.len(), votes(store, 1).await), (0, vec![1, 0, 0]));
    assert_eq!(terms(store).await, [1, 2, 0, 0, 0]);
    assert_eq!(store.choice(poll.id, poll.round, voter(1)).await.unwrap(), Some(choice(0)));
}

pub async fn without_change_the_first_choice_stands(store: &Store) {
    let poll = with_poll(store, strict(1)).await;
    apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0)])], 1, 1)).await;
    let changed = apply(store, &plan(vec![group(&poll, 0, &[(1, 1, 1), (2, 1, 2)])], 2, 3)).await;
    assert_eq!((changed.len(), votes(store, 1).await), (1, vec![1, 1, 0]));
    assert_eq!(terms(store).await, [2, 1, 0, 0, 0]);
    assert_eq!(store.choice(poll.id, poll.round, voter(1)).await.unwrap(), Some(choice(0)));
}

pub async fn a_replay_in_a_new_epoch_is_repeated_not_counted_again(store: &Store) {
    for (poll, first) in [(open(1), 0), (strict(2), 10)] {
        store.insert_poll(&poll).await.unwrap();
        let ballots = [(1, 0, first), (2, 1, first + 1), (3, 1, first + 2)];
        apply(store, &plan(vec![group(&poll, 0, &ballots)], 1, first + 3)).await;
        let before = (votes(store, poll.id.get()).await, shown(store, poll.id.get()).await);
        let applied = store.ledger().await.unwrap().applied;
        assert_eq!(apply(store, &plan(vec![group(&poll, 1, &ballots)], 1, first + 3)).await, []);
        assert_eq!((votes(store, poll.id.get()).await, shown(store, poll.id.get()).await), before);
        assert_eq!(store.ledger().await.unwrap().applied, applied, "each ballot is read once");
    }
    assert_eq!(terms(store).await, [6, 0, 0, 0, 6]);
}

pub async fn another_ballot_at_a_replayed_position_replaces_it(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0), (2, 0, 1)])], 1, 2)).await;
    apply(store, &plan(vec![group(&poll, 1, &[(1, 1, 0), (2, 0, 1)])], 1, 2)).await;
    assert_eq!(votes(store, 1).await, [1, 1, 0]);
    assert_eq!(terms(store).await, [2, 1, 0, 0, 1]);
}

pub async fn more_ballots_than_one_statement_takes_are_all_counted(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    let many: Vec<_> = (0..20_000_u64).map(|of| (of, usize::from(of % 2 == 1), of)).collect();
    apply(store, &plan(vec![group(&poll, 0, &many)], 1, 20_000)).await;
    assert_eq!(votes(store, 1).await, [10_000, 10_000, 0]);
    let changed: Vec<_> = (0..20_000_u64).map(|of| (of, 2, 20_000 + of)).collect();
    apply(store, &plan(vec![group(&poll, 0, &changed)], 2, 40_000)).await;
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![0, 0, 20_000], [20_000, 20_000, 0, 0, 0]));
}

pub async fn one_plan_counts_several_polls(store: &Store) {
    let (first, second) = (with_poll(store, open(1)).await, with_poll(store, strict(2)).await);
    let groups = vec![group(&first, 0, &[(1, 0, 0)]), group(&second, 0, &[(1, 1, 1), (2, 1, 2)])];
    assert_eq!(apply(store, &plan(groups, 1, 3)).await, [poll_id(1), poll_id(2)]);
    assert_eq!((votes(store, 1).await, votes(store, 2).await), (vec![1, 0, 0], vec![0, 2, 0]));
    assert_eq!(store.totals().await.unwrap(), [(poll_id(1), 1), (poll_id(2), 2)].into());
}

pub async fn dead_letters_and_discarded_ballots_are_accounted_for(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    let mut group = group(&poll, 0, &[(1, 0, 0)]);
    group.superseded = 4;
    let whole = Plan { read: 10, discarded: 3, dead: vec![dead_letter(2)], ..plan(vec![group], 1, 10) };
    apply(store, &whole).await;
    assert_eq!(terms(store).await, [1, 4, 3, 2, 0]);
    assert_eq!(store.ledger().await.unwrap().applied, 10);
}
