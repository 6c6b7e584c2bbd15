//! Claims: all or nothing, with the bookmark.

use hemicycle::domain::fold::{Contest, DeadLetter, Plan};
use hemicycle::domain::log::{Bookmark, EntryId, LogEnd};
use hemicycle::domain::names::PollId;
use hemicycle::store::{Store, StoreError};

use super::{apply, claimed, dead_letter, group, marker, plan, shown, terms, votes};
use crate::forge::{at, open, poll_id, strict};

pub async fn a_claim_that_is_dropped_leaves_nothing(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0)])], 1, 1)).await;
    let before = (store.bookmark(0).await.unwrap(), store.ledger().await.unwrap(), shown(store, 1).await);
    let mut claim = claimed(store, 0, 1).await;
    let whole = Plan {
        dead: vec![dead_letter(1)],
        discarded: 1,
        markers: vec![marker(&poll, 1)],
        ..plan(vec![group(&poll, 0, &[(2, 1, 1)])], 2, 2)
    };
    assert_eq!(claim.apply(&whole, at(0)).await.unwrap().len(), 1);
    drop(claim);
    drop(claimed(store, 0, 1).await);
    let after = (store.bookmark(0).await.unwrap(), store.ledger().await.unwrap(), shown(store, 1).await);
    assert_eq!(after, before);
    assert_eq!(votes(store, 1).await, [1, 0, 0]);
    assert!(!store.poll(poll.id).await.unwrap().unwrap().is_final);
}

pub async fn the_bookmark_moves_with_what_it_accounts_for(store: &Store) {
    assert_eq!(store.bookmark(0).await.unwrap(), Bookmark::default());
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    let once = plan(vec![group(&poll, 0, &[(1, 0, 0)])], 3, 1);
    apply(store, &once).await;
    assert_eq!(store.bookmark(0).await.unwrap(), once.bookmark);
    assert_eq!(claimed(store, 0, 1).await.bookmark(), once.bookmark);
    assert_eq!(store.bookmark(1).await.unwrap(), Bookmark::default(), "partitions have bookmarks of their own");
}

pub async fn a_new_epoch_moves_the_bookmark_and_nothing_else(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0)])], 1, 1)).await;
    let before = store.ledger().await.unwrap();
    let mut claim = claimed(store, 0, 1).await;
    let next = claim.bookmark().next_epoch(0);
    claim.move_bookmark(next, 0).await.unwrap();
    claim.commit().await.unwrap();
    assert_eq!((next.epoch, next.entry), (1, EntryId(0)));
    assert_eq!((store.bookmark(0).await.unwrap(), store.ledger().await.unwrap()), (next, before));
}

/// The one case that ends with a difference: it is made good again before the suite looks.
pub async fn a_gap_is_a_difference_that_stays_visible(store: &Store) {
    let past = Bookmark { epoch: 0, entry: EntryId(0), fingerprint: 0, position: 7 };
    let mut claim = claimed(store, 0, 1).await;
    claim.move_bookmark(past, 7).await.unwrap();
    claim.commit().await.unwrap();
    let ledger = store.ledger().await.unwrap();
    assert_eq!((ledger.applied, ledger.difference()), (7, 7));
    let found = Plan { discarded: 7, bookmark: past, ..Plan::default() };
    let mut claim = claimed(store, 0, 1).await;
    claim.apply(&found, at(0)).await.unwrap();
    claim.commit().await.unwrap();
}

pub async fn contests_tell_what_the_fold_must_know(store: &Store) {
    let (first, second) = (open(1), strict(2));
    store.insert_poll(&first).await.unwrap();
    store.insert_poll(&second).await.unwrap();
    let reset = store.update_poll(&second.reset(at(1)), at(1)).await.unwrap();
    let closed = store.update_poll(&reset.closed(at(2)).unwrap(), at(2)).await.unwrap();
    apply(store, &Plan { markers: vec![marker(&closed, 2)], ..Plan::default() }).await;
    let closed = store.poll(second.id).await.unwrap().unwrap();
    store.update_poll(&closed.opened(at(9500)).unwrap(), at(9500)).await.unwrap();
    let mut claim = claimed(store, 0, 1).await;
    let contests = claim.contests(&[poll_id(1), poll_id(2), poll_id(3)]).await.unwrap();
    let wanted: Vec<(PollId, Contest)> = vec![
        (poll_id(1), Contest { round: 1, options: 3, allow_change: true }),
        (poll_id(2), Contest { round: 2, options: 3, allow_change: false }),
    ];
    assert_eq!(contests.into_iter().collect::<Vec<_>>(), wanted);
    assert_eq!(claim.contests(&[]).await.unwrap().len(), 0);
}

pub async fn refused_data_is_told_from_an_absent_store_and_leaves_nothing(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    // A letter that does not say why: no fold makes such a plan, and the store must not take it.
    let mute = DeadLetter { reason: String::new(), ..dead_letter(1) };
    let mut claim = claimed(store, 0, 1).await;
    let whole = Plan { dead: vec![mute], read: 2, ..plan(vec![group(&poll, 0, &[(1, 0, 0)])], 1, 2) };
    let refused = claim.apply(&whole, at(0)).await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    drop(claim);
    drop(claimed(store, 0, 1).await);
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![0, 0, 0], [0, 0, 0, 0, 0]));
}

pub async fn a_claim_that_was_undone_leaves_its_partition_to_the_next(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    let mut claim = claimed(store, 0, 1).await;
    claim.apply(&plan(vec![group(&poll, 0, &[(1, 0, 0)])], 1, 1), at(0)).await.unwrap();
    claim.undo().await.unwrap();
    let end = LogEnd { entry: EntryId(1), fingerprint: 1, position: 1 };
    let claim = store.claim(&[(0, end)].into(), 1).await.unwrap();
    assert_eq!(claim.unwrap().bookmark(), Bookmark::default());
}
