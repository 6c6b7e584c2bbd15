//! Closing: exact, once, and with a marker in the log.

use hemicycle::domain::log::Marker;
use hemicycle::domain::poll::{Poll, Status};
use hemicycle::queue::Answer;
use jiff::Timestamp;

use super::Backend;
use super::gates::revised;
use crate::forge::{at, ballot, open};

fn marker(poll: &Poll, generation: u32, at: Timestamp) -> Marker {
    Marker { poll: poll.id, generation, at }
}

fn closing_at(number: u64, millis: i64) -> Poll {
    Poll { closes_at: Some(at(millis)), ..open(number) }
}

pub async fn the_first_append_past_the_time_latches_for_good(backend: &mut Backend) {
    backend.install(&closing_at(1, 100)).await;
    assert_eq!(backend.ask(1, 1, at(99)).await, Answer::Accepted);
    assert_eq!(backend.ask(1, 2, at(100)).await, Answer::Closed(Some(at(100))));
    assert_eq!(backend.ask(1, 2, at(0)).await, Answer::Closed(Some(at(100))), "the clock was set back");
    backend.reopen().await;
    assert_eq!(backend.ask(1, 2, at(0)).await, Answer::Closed(Some(at(100))), "and the process restarted");
    assert_eq!(backend.told().await.0.len(), 1);
}

pub async fn a_latch_by_the_clock_writes_its_marker_behind_the_ballots(backend: &mut Backend) {
    let poll = closing_at(1, 100);
    backend.install(&poll).await;
    backend.ask(1, 1, at(99)).await;
    backend.ask(1, 2, at(250)).await;
    backend.ask(1, 3, at(260)).await;
    let (ballots, markers) = backend.told().await;
    assert_eq!((ballots.len(), markers), (1, vec![marker(&poll, 1, at(100))]), "closed when it was due");
    assert_eq!(backend.whole_log().await.len(), 2, "the marker came after the ballot");
}

pub async fn closing_twice_writes_one_marker(backend: &mut Backend) {
    let poll = open(1);
    backend.install(&poll).await;
    backend.ask(1, 1, at(1)).await;
    for millis in [2, 3] {
        backend.queue.close_gate(poll.id, 1, at(millis)).await.unwrap();
    }
    backend.install(&revised(&poll.closed(at(4)).unwrap(), 2)).await;
    assert_eq!(backend.told().await.1, [marker(&poll, 1, at(2))]);
    assert_eq!(backend.ask(1, 2, at(1)).await, Answer::Closed(Some(at(2))));
}

pub async fn markers_can_be_repeated_for_a_reader_that_missed_them(backend: &mut Backend) {
    backend.install(&open(1)).await;
    backend.install(&open(2)).await;
    backend.queue.close_gate(open(1).id, 1, at(5)).await.unwrap();
    backend.queue.repeat_markers(at(9)).await.unwrap();
    let marker = marker(&open(1), 1, at(5));
    assert_eq!(backend.told().await.1, [marker, marker], "of the closed poll, and of no other");
}

pub async fn closing_another_generation_does_nothing(backend: &mut Backend) {
    let poll = Poll { generation: 2, ..open(1) };
    backend.install(&poll).await;
    for generation in [1, 3] {
        backend.queue.close_gate(poll.id, generation, at(1)).await.unwrap();
    }
    backend.queue.close_gate(open(9).id, 1, at(1)).await.unwrap();
    assert_eq!(backend.ask(1, 1, at(2)).await, Answer::Accepted);
    assert_eq!(backend.told().await.1, []);
}

pub async fn a_higher_revision_never_unlatches(backend: &mut Backend) {
    let poll = closing_at(1, 100);
    backend.install(&poll).await;
    backend.ask(1, 1, at(100)).await;
    for wanted in [open(1), closing_at(1, 9000)] {
        backend.install(&revised(&wanted, 50)).await;
        assert_eq!(backend.ask(1, 1, at(101)).await, Answer::Closed(Some(at(100))));
    }
    assert_eq!(backend.told().await.1.len(), 1);
}

pub async fn installing_a_closed_gate_latches_with_a_marker(backend: &mut Backend) {
    let poll = open(1);
    backend.install(&poll).await;
    backend.ask(1, 1, at(1)).await;
    let closed = revised(&poll.closed(at(5)).unwrap(), 2);
    backend.install(&closed).await;
    backend.install(&closed).await;
    assert_eq!(backend.told().await.1, [marker(&poll, 1, at(5))]);
    assert_eq!(backend.ask(1, 2, at(1)).await, Answer::Closed(Some(at(5))));
    let next = Poll { generation: 2, status: Status::Closed, closes_at: Some(at(8)), ..closed };
    backend.install(&next).await;
    assert_eq!(backend.told().await.1, [marker(&poll, 1, at(5)), marker(&poll, 2, at(8))]);
}

pub async fn a_poll_unknown_to_the_queue_can_be_closed_by_installing(backend: &mut Backend) {
    let closed = open(1).closed(at(5)).unwrap();
    backend.install(&closed).await;
    assert_eq!(backend.ask(1, 1, at(1)).await, Answer::Closed(Some(at(5))));
    assert_eq!(backend.told().await.1, [marker(&closed, 1, at(5))]);
}

pub async fn a_batch_that_meets_a_closed_gate_is_accepted_in_its_other_polls(backend: &mut Backend) {
    backend.install(&closing_at(1, 100)).await;
    backend.install(&open(2)).await;
    let batch = [ballot(2, 1, 0), ballot(1, 1, 0), ballot(2, 2, 1), ballot(1, 2, 0)];
    let closed = Answer::Closed(Some(at(100)));
    assert_eq!(backend.append(&batch, at(100)).await, [Answer::Accepted, closed, Answer::Accepted, closed]);
    let (ballots, markers) = backend.told().await;
    assert_eq!((ballots.len(), markers.len()), (2, 1));
}
