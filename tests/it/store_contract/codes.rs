//! Voting codes: good in one poll, from when their batch is complete until it is void; swept away in steps.

use std::collections::HashSet;

use futures_util::future::join_all;
use hemicycle::domain::code::{CodeBatch, CodeHash};
use hemicycle::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::forge::{at, codes, open, poll_id};

/// Begins a batch with these codes in it.
async fn making(store: &Store, poll: u64, codes: &[CodeHash], now: Timestamp) -> u32 {
    let number = store.begin_batch(poll_id(poll), u32::try_from(codes.len()).unwrap(), now).await.unwrap();
    store.add_codes(poll_id(poll), number, codes).await.unwrap();
    number
}

async fn made(store: &Store, poll: u64, codes: &[CodeHash]) -> u32 {
    let number = making(store, poll, codes, at(0)).await;
    assert!(store.complete_batch(poll_id(poll), number).await.unwrap());
    number
}

/// How many of these codes are good.
async fn good(store: &Store, poll: u64, codes: &[CodeHash]) -> usize {
    let good = store.good_codes(poll_id(poll), codes).await.unwrap();
    assert!(good.is_subset(&codes.iter().copied().collect()));
    good.len()
}

/// Sweeps until there is nothing more; how many steps there were.
async fn swept(store: &Store, now: Timestamp) -> u32 {
    let mut steps = 0;
    while store.sweep_codes(now).await.unwrap() {
        steps += 1;
        assert!(steps < 100, "it does not end");
    }
    steps
}

fn hours(hours: i64) -> Timestamp {
    at(0) + SignedDuration::from_hours(hours)
}

pub async fn codes_are_good_once_their_batch_is_complete_until_it_is_void(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    let (first, second, id) = (codes(0..3), codes(3..8), poll_id(1));
    let number = making(store, 1, &first, at(7)).await;
    assert_eq!((good(store, 1, &first).await, store.batches(id).await.unwrap()), (0, vec![]));
    assert!(store.complete_batch(id, number).await.unwrap());
    assert!(!store.complete_batch(id, number).await.unwrap(), "it is not being made any more");
    assert_eq!(good(store, 1, &first).await, 3);
    assert_eq!(made(store, 1, &second).await, number + 1);
    let batches =
        [CodeBatch { number: 1, codes: 3, made_at: at(7) }, CodeBatch { number: 2, codes: 5, made_at: at(0) }];
    assert_eq!(store.batches(id).await.unwrap(), batches);
    assert!(store.void_batch(id, number).await.unwrap());
    assert!(!store.void_batch(id, number).await.unwrap(), "it is void");
    assert!(!store.complete_batch(id, number).await.unwrap(), "it is void for ever");
    assert_eq!((good(store, 1, &first).await, good(store, 1, &second).await), (0, 5));
    assert_eq!(store.batches(id).await.unwrap(), batches[1..]);
    assert!(!store.complete_batch(id, 9).await.unwrap() && !store.void_batch(id, 9).await.unwrap());
}

pub async fn codes_are_good_in_their_own_poll_only(store: &Store) {
    for number in [1, 2] {
        store.insert_poll(&open(number)).await.unwrap();
    }
    let (ones, twos) = (codes(0..3), codes(3..6));
    assert_eq!((made(store, 1, &ones).await, made(store, 2, &twos).await), (1, 1));
    let all = codes(0..9);
    let of_one = store.good_codes(poll_id(1), &all).await.unwrap();
    assert_eq!(of_one, ones.iter().copied().collect::<HashSet<_>>());
    assert_eq!((good(store, 2, &ones).await, good(store, 3, &all).await, good(store, 1, &[]).await), (0, 0, 0));
    assert!(store.void_batch(poll_id(2), 1).await.unwrap());
    assert_eq!((good(store, 1, &all).await, good(store, 2, &all).await), (3, 0));
}

pub async fn batches_that_begin_at_once_have_numbers_of_their_own(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    let begun = join_all((0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.begin_batch(poll_id(1), 1, at(0)).await })
    }));
    let mut numbers = Vec::new();
    for begun in begun.await {
        match begun.unwrap() {
            Ok(number) => numbers.push(number),
            Err(error) => assert!(matches!(error, StoreError::Changed), "{error:?}"),
        }
    }
    numbers.sort_unstable();
    assert!(!numbers.is_empty());
    assert_eq!(numbers, (1..=u32::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
}

pub async fn a_batch_takes_codes_only_while_it_is_being_made(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    let (id, more) = (poll_id(1), codes(5..9));
    let refused = async |number| matches!(store.add_codes(id, number, &more).await, Err(StoreError::Changed));
    assert!(refused(1).await, "there is none");
    let complete = made(store, 1, &codes(0..5)).await;
    assert!(refused(complete).await);
    let void = making(store, 1, &[], at(0)).await;
    assert!(store.void_batch(id, void).await.unwrap());
    assert!(refused(void).await);
    assert_eq!(good(store, 1, &more).await, 0);
    assert_eq!(made(store, 1, &more).await, 3);
    assert_eq!(good(store, 1, &more).await, 4);
}

pub async fn a_code_that_is_there_keeps_the_others_out(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    made(store, 1, &codes(0..5)).await;
    let number = store.begin_batch(poll_id(1), 5, at(0)).await.unwrap();
    let refused = store.add_codes(poll_id(1), number, &codes(4..9)).await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    assert!(store.complete_batch(poll_id(1), number).await.unwrap());
    assert_eq!(good(store, 1, &codes(0..9)).await, 5);
}

pub async fn void_codes_are_swept_in_steps_and_no_others(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    let (void, kept) = (codes(0..9000), codes(9000..9500));
    let number = made(store, 1, &void).await;
    made(store, 1, &kept).await;
    assert_eq!(swept(store, at(0)).await, 0, "all are good");
    assert!(store.void_batch(poll_id(1), number).await.unwrap());
    assert!(swept(store, at(0)).await >= 3, "some thousand at a time");
    assert_eq!(good(store, 1, &kept).await, 500);
    // They are gone: the same may be added again, and in a batch of another number.
    assert_eq!(made(store, 1, &void).await, 3);
    assert!(!store.void_batch(poll_id(1), number).await.unwrap(), "its number stays its own");
    assert_eq!(good(store, 1, &void).await, 9000);
    assert!(store.void_batch(poll_id(1), 3).await.unwrap());
    swept(store, at(0)).await;
    assert_eq!(store.begin_batch(poll_id(1), 1, at(0)).await.unwrap(), 4, "not even the last number is used again");
}

pub async fn codes_of_deleted_polls_are_swept_and_no_others(store: &Store) {
    for number in [1, 2] {
        store.insert_poll(&open(number)).await.unwrap();
    }
    let (ones, twos) = (codes(0..5000), codes(0..500));
    made(store, 1, &ones).await;
    made(store, 2, &twos).await;
    making(store, 1, &codes(5000..5100), at(0)).await;
    store.delete_poll(&open(1)).await.unwrap();
    assert!(swept(store, at(0)).await >= 3);
    assert_eq!((good(store, 1, &ones).await, good(store, 2, &twos).await), (0, 500));
    assert_eq!((store.batches(poll_id(1)).await.unwrap(), store.batches(poll_id(2)).await.unwrap().len()), (vec![], 1));
}

pub async fn a_batch_that_was_given_up_is_swept_and_never_good(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    let (given_up, under_way) = (codes(0..50), codes(50..90));
    let first = making(store, 1, &given_up, at(0)).await;
    let second = making(store, 1, &under_way, at(1)).await;
    assert_eq!(swept(store, hours(2)).await, 0, "nobody has given up yet");
    assert!(swept(store, hours(2) + SignedDuration::from_millis(1)).await > 0);
    assert!(!store.complete_batch(poll_id(1), first).await.unwrap());
    let late = store.add_codes(poll_id(1), first, &codes(90..99)).await;
    assert!(matches!(late, Err(StoreError::Changed)), "{late:?}");
    assert!(store.complete_batch(poll_id(1), second).await.unwrap());
    assert_eq!((good(store, 1, &given_up).await, good(store, 1, &under_way).await), (0, 40));
    assert_eq!(swept(store, hours(9)).await, 0, "what is complete is not given up");
    assert_eq!(good(store, 1, &under_way).await, 40);
}

pub async fn many_may_sweep_at_once(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    for (number, codes) in (1..).zip([codes(0..6000), codes(6000..12_000)]) {
        assert_eq!(made(store, 1, &codes).await, number);
        assert!(store.void_batch(poll_id(1), number).await.unwrap());
    }
    let kept = codes(12_000..12_100);
    made(store, 1, &kept).await;
    let sweepers = (0..4).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { swept(&store, at(0)).await })
    });
    for sweeper in join_all(sweepers).await {
        sweeper.unwrap();
    }
    assert_eq!(good(store, 1, &kept).await, 100);
    assert_eq!(made(store, 1, &codes(0..12_000)).await, 4);
}

pub async fn twenty_thousand_codes_are_asked_at_once(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    made(store, 1, &codes(0..10_000)).await;
    made(store, 1, &codes(20_000..30_000)).await;
    let asked: Vec<_> = (0..10_000)
        .flat_map(|number| [codes(number..number + 1), codes(number + 10_000..number + 10_001)])
        .flatten()
        .collect();
    assert_eq!(asked.len(), 20_000);
    let good = store.good_codes(poll_id(1), &asked).await.unwrap();
    assert_eq!(good, codes(0..10_000).into_iter().collect::<HashSet<_>>());
    let twice = [codes(25_000..25_001), codes(25_000..25_001)].concat();
    assert_eq!(store.good_codes(poll_id(1), &twice).await.unwrap().len(), 1);
}

pub async fn a_poll_has_no_more_codes_than_it_may_with_those_that_are_being_made(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    for number in 1..=5 {
        assert_eq!(store.begin_batch(poll_id(1), 1_000_000, at(0)).await.unwrap(), number);
    }
    let full = store.begin_batch(poll_id(1), 1, at(0)).await;
    assert!(matches!(full, Err(StoreError::TooManyCodes)), "{full:?}");
    assert!(store.void_batch(poll_id(1), 3).await.unwrap());
    assert_eq!(store.begin_batch(poll_id(1), 1_000_000, at(0)).await.unwrap(), 6);
}
