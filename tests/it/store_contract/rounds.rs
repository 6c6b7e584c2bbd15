//! Closing and starting over: markers, resets, deletions, and what is swept away afterwards.

use hemicycle::domain::fold::Plan;
use hemicycle::domain::poll::{Poll, Status};
use hemicycle::store::Store;

use super::{apply, claimed, group, marker, plan, shown, terms, votes};
use crate::forge::{at, choice, open, voter};

async fn with_poll(store: &Store, poll: Poll) -> Poll {
    store.insert_poll(&poll).await.unwrap();
    poll
}

async fn mark(store: &Store, poll: &Poll, generation: u32) -> usize {
    let bookmark = store.bookmark(0).await.unwrap();
    apply(store, &Plan { markers: vec![marker(poll, generation)], bookmark, ..Plan::default() }).await.len()
}

async fn closed_with_one_vote(store: &Store) -> Poll {
    let poll = with_poll(store, open(1)).await;
    let closing = store.update_poll(&poll.closed(at(8000)).unwrap(), at(8000)).await.unwrap();
    apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0)])], 1, 1)).await;
    mark(store, &closing, 1).await;
    store.poll(poll.id).await.unwrap().unwrap()
}

pub async fn a_marker_of_each_partition_makes_a_poll_final(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    for partition in 0..3 {
        let before = store.poll(poll.id).await.unwrap().unwrap();
        assert!(!before.is_final, "final before partition {partition}");
        let mut claim = claimed(store, partition, 3).await;
        let changed = claim.apply(&Plan { markers: vec![marker(&poll, 1)], ..Plan::default() }, at(1)).await.unwrap();
        claim.commit().await.unwrap();
        assert_eq!(changed.len(), usize::from(partition == 2));
    }
    let after = store.poll(poll.id).await.unwrap().unwrap();
    assert_eq!((after.is_final, after.status, after.closes_at), (true, Status::Closed, Some(at(9000))));
    let (now, then) = (after.versions, poll.versions);
    assert_eq!((now.shown, now.text, now.revision), (then.shown + 1, then.shown + 1, then.revision + 1));
}

pub async fn a_marker_of_an_old_generation_closes_nothing(store: &Store) {
    let first = closed_with_one_vote(store).await;
    let reopened = store.update_poll(&first.opened(at(9500)).unwrap(), at(9500)).await.unwrap();
    for generation in [1, 3] {
        assert_eq!(mark(store, &first, generation).await, 0);
        assert_eq!(store.poll(first.id).await.unwrap(), Some(reopened.clone()), "generation {generation}");
    }
    assert_eq!(mark(store, &first, 2).await, 1);
    assert!(store.poll(first.id).await.unwrap().unwrap().is_final);
}

pub async fn a_marker_again_changes_nothing(store: &Store) {
    let poll = closed_with_one_vote(store).await;
    assert!(poll.is_final);
    assert_eq!(mark(store, &poll, 1).await, 0);
    assert_eq!(store.poll(poll.id).await.unwrap(), Some(poll));
}

pub async fn a_reset_empties_the_tallies_and_discards_what_was_counted(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0), (2, 1, 1)])], 1, 2)).await;
    let before = shown(store, 1).await;
    let current = store.poll(poll.id).await.unwrap().unwrap();
    let reset = store.update_poll(&current.reset(at(1)), at(1)).await.unwrap();
    assert_eq!((reset.generation, reset.round), (2, 2));
    assert!(shown(store, 1).await > before, "empty tallies are news");
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![0, 0, 0], [0, 0, 2, 0, 0]));
    assert_eq!(store.verify().await.unwrap(), []);
    assert_eq!(store.choice(poll.id, reset.round, voter(1)).await.unwrap(), None);
    apply(store, &plan(vec![group(&reset, 0, &[(1, 2, 2)])], 2, 3)).await;
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![0, 0, 1], [1, 0, 2, 0, 0]));
}

pub async fn ballots_of_discarded_rounds_are_swept_and_no_others(store: &Store) {
    let poll = with_poll(store, open(1)).await;
    let many: Vec<_> = (0..9000_u64).map(|of| (of, 0, of)).collect();
    apply(store, &plan(vec![group(&poll, 0, &many)], 1, 9000)).await;
    let reset = store.poll(poll.id).await.unwrap().unwrap().reset(at(1));
    let reset = store.update_poll(&reset, at(1)).await.unwrap();
    apply(store, &plan(vec![group(&reset, 0, &[(1, 1, 9000)])], 2, 9001)).await;
    let mut steps = 0;
    while store.sweep().await.unwrap() {
        steps += 1;
        assert!(steps < 100, "sweeping never ends");
    }
    assert!(steps > 1, "a sweep takes a bounded step");
    assert_eq!(store.choice(poll.id, 1, voter(1)).await.unwrap(), None, "swept");
    assert_eq!(store.choice(poll.id, 2, voter(1)).await.unwrap(), Some(choice(1)), "kept");
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![0, 1, 0], [1, 0, 9000, 0, 0]));
}

pub async fn a_deleted_poll_leaves_its_votes_discarded(store: &Store) {
    let poll = closed_with_one_vote(store).await;
    store.delete_poll(&poll).await.unwrap();
    assert_eq!((terms(store).await, store.verify().await.unwrap()), ([0, 0, 1, 0, 0], vec![]));
    while store.sweep().await.unwrap() {}
    assert_eq!(store.choice(poll.id, 1, voter(1)).await.unwrap(), None);
}

pub async fn a_reopened_poll_goes_on_counting_in_its_round(store: &Store) {
    let poll = closed_with_one_vote(store).await;
    let reopened = store.update_poll(&poll.opened(at(9500)).unwrap(), at(9500)).await.unwrap();
    assert_eq!((reopened.generation, reopened.round, reopened.is_final), (2, 1, false));
    apply(store, &plan(vec![group(&reopened, 0, &[(1, 1, 1), (2, 1, 2)])], 2, 3)).await;
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![0, 2, 0], [2, 1, 0, 0, 0]));
}
