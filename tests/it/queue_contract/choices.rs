//! Polls without change: what a voter chose first is remembered.

use hemicycle::domain::poll::Poll;
use hemicycle::queue::Answer::{Accepted, AlreadyVoted, Unknown};

use super::Backend;
use crate::forge::{at, ballot, open, strict};

pub async fn the_first_choice_stands_across_batches(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    assert_eq!(backend.append(&[ballot(1, 1, 0)], at(0)).await, [Accepted]);
    assert_eq!(backend.append(&[ballot(1, 1, 1), ballot(1, 2, 1)], at(0)).await, [AlreadyVoted, Accepted]);
    assert_eq!(backend.append(&[ballot(1, 1, 0)], at(0)).await, [Accepted], "the same choice again");
}

pub async fn the_first_choice_stands_within_a_batch(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    backend.install(&strict(2)).await;
    let batch = [ballot(1, 1, 0), ballot(1, 1, 1), ballot(2, 1, 1), ballot(1, 1, 0), ballot(2, 1, 0)];
    assert_eq!(backend.append(&batch, at(0)).await, [Accepted, AlreadyVoted, Accepted, Accepted, AlreadyVoted]);
    assert_eq!(backend.append(&[ballot(1, 1, 1)], at(0)).await, [AlreadyVoted]);
}

pub async fn the_first_choice_stands_after_reopening(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    backend.append(&[ballot(1, 1, 0)], at(0)).await;
    backend.reopen().await;
    assert_eq!(backend.append(&[ballot(1, 1, 1), ballot(1, 1, 0)], at(0)).await, [AlreadyVoted, Accepted]);
}

pub async fn each_round_has_first_choices_of_its_own(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    backend.append(&[ballot(1, 1, 0)], at(0)).await;
    backend.install(&Poll { generation: 2, ..strict(1) }).await;
    assert_eq!(backend.append(&[ballot(1, 1, 1)], at(0)).await, [AlreadyVoted], "reopened: the same round");
    backend.install(&Poll { generation: 3, round: 2, ..strict(1) }).await;
    assert_eq!(backend.append(&[ballot(1, 1, 1)], at(0)).await, [Accepted], "reset: a new round");
}

pub async fn sweeping_forgets_earlier_rounds_and_nothing_else(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    backend.install(&strict(2)).await;
    backend.append(&[ballot(1, 1, 0), ballot(2, 1, 0)], at(0)).await;
    backend.install(&Poll { generation: 2, round: 2, ..strict(1) }).await;
    backend.append(&[ballot(1, 1, 1)], at(0)).await;
    assert!(backend.queue.sweep().await.unwrap(), "the first round's choice");
    assert!(!backend.queue.sweep().await.unwrap(), "nothing more");
    let others = [ballot(1, 1, 0), ballot(2, 1, 1)];
    assert_eq!(backend.append(&others, at(0)).await, [AlreadyVoted, AlreadyVoted]);
}

pub async fn where_change_is_allowed_every_ballot_is_accepted(backend: &mut Backend) {
    backend.install(&open(1)).await;
    assert_eq!(backend.append(&[ballot(1, 1, 0), ballot(1, 1, 1)], at(0)).await, [Accepted, Accepted]);
    assert_eq!(backend.append(&[ballot(1, 1, 2)], at(0)).await, [Accepted]);
    assert_eq!(backend.told().await.0.len(), 3);
}

pub async fn a_forgotten_poll_forgets_its_choices(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    backend.append(&[ballot(1, 1, 0)], at(0)).await;
    backend.queue.forget(strict(1).id).await.unwrap();
    assert_eq!(backend.append(&[ballot(1, 1, 1)], at(0)).await, [Unknown]);
    backend.install(&strict(1)).await;
    assert_eq!(backend.append(&[ballot(1, 1, 1)], at(0)).await, [Accepted]);
}

pub async fn many_first_choices_in_one_batch_are_remembered(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    let all = |index: usize| (0..20_000).map(|of| ballot(1, of, index)).collect::<Vec<_>>();
    assert!(backend.append(&all(0), at(0)).await.iter().all(|answer| *answer == Accepted));
    assert!(backend.append(&all(1), at(0)).await.iter().all(|answer| *answer == AlreadyVoted));
    assert_eq!(backend.queue.ends().await.unwrap()[0].position, 20_000);
}
