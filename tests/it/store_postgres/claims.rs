//! Workers and organisers side by side.

use std::sync::Arc;

use futures_util::future::join_all;
use hemicycle::domain::fold::Plan;
use hemicycle::domain::poll::Poll;
use hemicycle::store::{Claim, Store, StoreError};

use super::{ends, store, until};
use crate::forge::{at, open, poll_id};
use crate::servers::{Database, PARTITIONS};
use crate::store_contract::{assert_every_voter_came_once, claimed, group, marker, plan};

async fn claim(store: &Store) -> Option<Claim> {
    store.claim(&ends(), PARTITIONS).await.unwrap()
}

#[tokio::test]
async fn claims_take_different_partitions_the_furthest_behind_first() {
    let database = Database::migrated();
    let store = store(&database);
    let mut claims = Vec::new();
    for partition in (0..PARTITIONS).rev() {
        let claim = claim(&store).await.unwrap();
        assert_eq!(claim.partition(), partition);
        claims.push(claim);
    }
    assert!(claim(&store).await.is_none(), "all are taken");
    claims.pop().unwrap().undo().await.unwrap();
    assert_eq!(claim(&store).await.unwrap().partition(), 0);
}

#[tokio::test]
async fn a_partition_that_was_counted_meanwhile_is_not_claimed() {
    let database = Database::migrated();
    let store = store(&database);
    for _ in 0..PARTITIONS {
        let mut claim = claim(&store).await.unwrap();
        let end = ends()[&claim.partition()];
        claim.apply(&plan(vec![], 9, end.position), at(0)).await.unwrap();
        let mut counted = claim.bookmark();
        counted.fingerprint = end.fingerprint;
        claim.move_bookmark(counted, 0).await.unwrap();
        claim.commit().await.unwrap();
    }
    assert!(claim(&store).await.is_none());
}

#[tokio::test]
async fn the_last_markers_of_partitions_at_the_same_moment_make_a_poll_final() {
    let database = Database::migrated();
    let store = store(&database);
    for round in 1..=20 {
        let poll = open(round);
        store.insert_poll(&poll).await.unwrap();
        let mark = |partition| {
            let (store, poll) = (store.clone(), poll.clone());
            tokio::spawn(async move {
                let mut claim = claimed(&store, partition, PARTITIONS).await;
                let bookmark = claim.bookmark();
                let last = Plan { markers: vec![marker(&poll, 1)], bookmark, ..Plan::default() };
                let changed = claim.apply(&last, at(1)).await.unwrap();
                claim.commit().await.unwrap();
                changed.len()
            })
        };
        let changed = join_all((0..PARTITIONS).map(mark)).await;
        assert_eq!(changed.into_iter().map(Result::unwrap).sum::<usize>(), 1, "one of them makes it final");
        assert!(store.poll(poll.id).await.unwrap().unwrap().is_final);
    }
}

#[tokio::test]
async fn a_poll_that_is_reset_or_deleted_while_it_is_counted_is_counted_anew() {
    let database = Database::migrated();
    let store = store(&database);
    for poll in [open(1), open(2)] {
        store.insert_poll(&poll).await.unwrap();
    }
    let both = [poll_id(1), poll_id(2)];
    let mut claim = claimed(&store, 0, PARTITIONS).await;
    assert_eq!(claim.contests(&both).await.unwrap().len(), 2);
    let reset = store.update_poll(&open(1).reset(at(1)), at(1)).await.unwrap();
    let refused = claim.apply(&plan(vec![group(&open(1), 0, &[(1, 0, 0)])], 1, 1), at(0)).await;
    assert!(matches!(refused, Err(StoreError::Changed)), "{refused:?}");
    claim.undo().await.unwrap();

    let mut claim = claimed(&store, 0, PARTITIONS).await;
    store.delete_poll(&open(2)).await.unwrap();
    let refused = claim.apply(&plan(vec![group(&open(2), 0, &[(1, 0, 0)])], 1, 1), at(0)).await;
    assert!(matches!(refused, Err(StoreError::Changed)), "{refused:?}");
    claim.undo().await.unwrap();

    let mut claim = claimed(&store, 0, PARTITIONS).await;
    let contests = claim.contests(&both).await.unwrap();
    assert_eq!(contests.into_iter().map(|(poll, of)| (poll, of.round)).collect::<Vec<_>>(), [(reset.id, reset.round)]);
    claim.apply(&plan(vec![group(&reset, 0, &[(1, 0, 0)])], 1, 1), at(0)).await.unwrap();
    claim.commit().await.unwrap();
    assert_eq!(store.snapshot(reset.id, at(0)).await.unwrap().unwrap().votes, [1, 0, 0]);
    assert_eq!((store.ledger().await.unwrap().difference(), store.verify().await.unwrap()), (0, vec![]));
}

/// Counts batches of revotes in two polls, taking a turn again where a poll was changed meanwhile.
async fn count(store: Store, partition: u16, batches: u64) {
    for batch in 0..batches {
        loop {
            let mut claim = claimed(&store, partition, PARTITIONS).await;
            let contests = claim.contests(&[poll_id(1), poll_id(2)]).await.unwrap();
            let cast = |poll: u64| -> Vec<_> {
                (0..40).map(|of| (of, usize::try_from((batch + of + poll) % 3).unwrap(), batch * 80 + of)).collect()
            };
            // In another order than the other worker: the store has to put the locks in one.
            let mut groups: Vec<_> = contests
                .iter()
                .map(|(id, of)| group(&Poll { round: of.round, ..open(id.get()) }, 0, &cast(id.get())))
                .collect();
            if partition % 2 == 1 {
                groups.reverse();
            }
            match claim.apply(&plan(groups, batch + 1, (batch + 1) * 80), at(0)).await {
                Ok(_) => break claim.commit().await.unwrap(),
                Err(StoreError::Changed) => claim.undo().await.unwrap(),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

async fn reorganise(store: Arc<Store>, number: u64) {
    let poll = store.poll(poll_id(number)).await.unwrap().unwrap();
    let wanted = if poll.versions.revision % 3 == 0 {
        poll.reset(at(1))
    } else {
        Poll { title: format!("Take {}", poll.versions.revision), ..poll }
    };
    store.update_poll(&wanted, at(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_on_one_poll_and_its_organisers_never_wait_in_a_circle() {
    let database = Database::migrated();
    let shared = Arc::new(store(&database));
    for poll in [open(1), open(2)] {
        shared.insert_poll(&poll).await.unwrap();
    }
    let workers = (0..PARTITIONS).map(|partition| tokio::spawn(count(store(&database), partition, 100)));
    let mut workers = join_all(workers.collect::<Vec<_>>());
    let counted = tokio::time::timeout(super::PATIENCE * 2, async {
        loop {
            for number in [1, 2] {
                reorganise(Arc::clone(&shared), number).await;
            }
            if let Ok(done) = tokio::time::timeout(std::time::Duration::from_millis(5), &mut workers).await {
                break done;
            }
        }
    });
    counted.await.unwrap().into_iter().for_each(Result::unwrap);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(database.sql(deadlocks), "0");
    let ledger = shared.ledger().await.unwrap();
    assert_eq!((ledger.difference(), ledger.applied), (0, u64::from(PARTITIONS) * 100 * 80), "{ledger:?}");
    assert_eq!(shared.verify().await.unwrap(), []);
    assert_every_voter_came_once(&shared).await;
}

#[tokio::test]
async fn janitors_side_by_side_leave_nothing_of_a_discarded_round() {
    let database = Database::migrated();
    let store = store(&database);
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    let many: Vec<_> = (0..10_000).map(|of| (of, 0, of)).collect();
    for partition in 0..PARTITIONS {
        let mut claim = claimed(&store, partition, PARTITIONS).await;
        claim.apply(&plan(vec![group(&poll, 0, &many)], 1, 10_000), at(0)).await.unwrap();
        claim.commit().await.unwrap();
    }
    let poll = store.poll(poll.id).await.unwrap().unwrap();
    store.update_poll(&poll.reset(at(1)), at(1)).await.unwrap();
    until("all is swept", async || {
        for swept in join_all((0..4).map(|_| store.sweep())).await {
            swept.unwrap();
        }
        database.sql("SELECT count(*) FROM discarded_rounds") == "0"
    })
    .await;
    assert_eq!(database.sql("SELECT count(*) FROM ballots"), "0");
    assert_eq!(database.sql("SELECT count(*) FROM turnout"), "0");
}
