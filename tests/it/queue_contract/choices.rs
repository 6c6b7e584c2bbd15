//! Polls without change: what a voter chose first is remembered, and by which attempt.

use hemicycle::domain::ballot::Ballot;
use hemicycle::domain::poll::Poll;
use hemicycle::queue::Answer::{self, Accepted, AlreadyVoted, Unknown};
use tokio::task::JoinSet;

use super::Backend;
use crate::forge::{at, ballot, open, strict, tried};

fn accepted(answers: &[Answer]) -> usize {
    assert!(answers.iter().all(|answer| matches!(answer, Accepted | AlreadyVoted)), "{answers:?}");
    answers.iter().filter(|answer| **answer == Accepted).count()
}

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

pub async fn the_same_attempt_again_is_accepted(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    let first = tried(7, ballot(1, 1, 0));
    assert_eq!(backend.append(&[first, first], at(0)).await, [Accepted, Accepted]);
    assert_eq!(backend.append(&[first], at(0)).await, [Accepted]);
    backend.reopen().await;
    assert_eq!(backend.append(&[first, first], at(0)).await, [Accepted, Accepted]);
}

pub async fn another_attempt_is_a_second_use_even_for_the_same_choice(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    assert_eq!(backend.append(&[tried(0x8000_0001, ballot(1, 1, 0))], at(0)).await, [Accepted]);
    let others = [1, 0x8000_0000, 0x0100_0080, u32::MAX, 0].map(|attempt| tried(attempt, ballot(1, 1, 0)));
    assert_eq!(backend.append(&others, at(0)).await, [AlreadyVoted; 5]);
    assert_eq!(backend.append(&[tried(0x8000_0001, ballot(1, 1, 1))], at(0)).await, [AlreadyVoted], "another choice");
    backend.reopen().await;
    assert_eq!(backend.append(&others, at(0)).await, [AlreadyVoted; 5]);
    assert_eq!(backend.told().await.0.len(), 1);
}

pub async fn of_many_attempts_in_one_batch_the_first_is_accepted(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    let batch: Vec<Ballot> = (1..=500).map(|attempt| tried(attempt, ballot(1, 1, 0))).collect();
    let answers = backend.append(&batch, at(0)).await;
    assert_eq!((answers[0], accepted(&answers)), (Accepted, 1));
    let late: Vec<Ballot> = batch.into_iter().rev().collect();
    let answers = backend.append(&late, at(0)).await;
    assert_eq!((answers[499], accepted(&answers)), (Accepted, 1), "the winner's retry, behind all others");
}

pub async fn of_many_attempts_that_race_one_is_accepted(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    let mut racing = JoinSet::new();
    for attempt in 0..100 {
        let queue = backend.handles()[usize::try_from(attempt % 2).unwrap()].clone();
        let batch = [tried(attempt, ballot(1, 1, 0)), tried(attempt, ballot(1, 1, 0))];
        racing.spawn(async move { queue.append(&batch, at(0)).await.unwrap() });
    }
    let mut answers = racing.join_all().await;
    answers.sort_by_key(|answers| answers[0] != Accepted);
    assert_eq!(answers[0], [Accepted; 2]);
    assert_eq!(answers[1..], vec![[AlreadyVoted; 2]; 99]);
    assert_eq!(backend.told().await.0.len(), 2, "the winner and its retry");
}

pub async fn attempts_and_plain_voters_live_side_by_side(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    let all = |index: usize| (0..3000).map(|of| tried(of % 3, ballot(1, of.into(), index))).collect::<Vec<_>>();
    assert_eq!(accepted(&backend.append(&all(0), at(0)).await), 3000);
    assert_eq!(accepted(&backend.append(&all(0), at(0)).await), 3000, "each is a retry");
    assert_eq!(accepted(&backend.append(&all(1), at(0)).await), 0);
    let others: Vec<Ballot> = (0..3000).map(|of| tried(of % 3 + 1, ballot(1, of.into(), 0))).collect();
    assert_eq!(accepted(&backend.append(&others, at(0)).await), 0);
}

pub async fn each_round_has_attempts_of_its_own(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    backend.append(&[tried(1, ballot(1, 1, 0))], at(0)).await;
    backend.install(&Poll { generation: 2, round: 2, ..strict(1) }).await;
    let batch = [tried(2, ballot(1, 1, 0)), tried(1, ballot(1, 1, 0))];
    assert_eq!(backend.append(&batch, at(0)).await, [Accepted, AlreadyVoted]);
}

pub async fn where_change_is_allowed_attempts_mean_nothing(backend: &mut Backend) {
    backend.install(&open(1)).await;
    let batch = [tried(1, ballot(1, 1, 0)), tried(2, ballot(1, 1, 0)), ballot(1, 1, 1)];
    assert_eq!(backend.append(&batch, at(0)).await, [Accepted; 3]);
}

pub async fn what_the_release_before_remembered_is_honoured(backend: &mut Backend) {
    backend.install(&strict(1)).await;
    backend.remember_without_attempt(&strict(1), 1, 1).await;
    let others = [ballot(1, 1, 0), tried(1, ballot(1, 1, 1))];
    assert_eq!(backend.append(&others, at(0)).await, [AlreadyVoted, AlreadyVoted]);
    assert_eq!(backend.append(&[ballot(1, 1, 1), tried(1, ballot(1, 2, 1))], at(0)).await, [Accepted, Accepted]);
}
