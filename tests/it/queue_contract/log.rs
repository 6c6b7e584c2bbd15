//! The log: what is in it, in which order, and how it is read.

use std::time::Duration;

use hemicycle::domain::log::{EntryId, LogEnd, Unreadable};
use hemicycle::queue::{Answer, format};

use super::Backend;
use crate::forge::{at, ballot, choice, open, poll_id, strict, voter};

pub async fn answers_come_in_the_order_of_the_ballots(backend: &mut Backend) {
    backend.install(&open(1)).await;
    backend.install(&strict(2)).await;
    backend.install(&open(3)).await;
    backend.queue.close_gate(poll_id(3), 1, at(0)).await.unwrap();
    let batch = [ballot(3, 1, 0), ballot(1, 1, 0), ballot(4, 1, 0), ballot(2, 1, 0), ballot(2, 1, 1), ballot(1, 2, 0)];
    let closed = Answer::Closed(Some(at(0)));
    let wanted = [closed, Answer::Accepted, Answer::Unknown, Answer::Accepted, Answer::AlreadyVoted, Answer::Accepted];
    assert_eq!(backend.append(&batch, at(1)).await, wanted);
}

pub async fn what_was_accepted_is_in_the_log_and_nothing_else(backend: &mut Backend) {
    backend.install(&open(1)).await;
    backend.install(&strict(2)).await;
    backend.append(&[ballot(1, 1, 0), ballot(2, 1, 2), ballot(1, 2, 1), ballot(2, 1, 0), ballot(3, 1, 0)], at(1)).await;
    backend.append(&[ballot(1, 1, 1)], at(2)).await;
    let (ballots, markers) = backend.told().await;
    let of = |poll| ballots.iter().filter(move |ballot| ballot.0 == poll_id(poll)).map(|ballot| (ballot.2, ballot.3));
    let wanted = [(voter(1), choice(0)), (voter(2), choice(1)), (voter(1), choice(1))];
    assert_eq!(of(1).collect::<Vec<_>>(), wanted, "in order of acceptance");
    assert_eq!(of(2).collect::<Vec<_>>(), [(voter(1), choice(2))]);
    assert_eq!((ballots.len(), markers.len()), (4, 0));
    let records = backend.whole_log().await;
    let shape: Vec<_> = records.iter().map(|record| (record.id.0, record.first, record.ballots)).collect();
    assert_eq!(shape, [(1, 0, 3), (2, 3, 1)]);
    let times: Vec<_> = records.iter().map(|record| record.content.as_ref().unwrap().at).collect();
    assert_eq!(times, [at(1), at(2)]);
    assert!(records.iter().all(|record| record.fingerprint == format::fingerprint(&record.body)));
}

pub async fn an_append_of_nothing_writes_nothing(backend: &mut Backend) {
    assert_eq!(backend.append(&[], at(0)).await, []);
    assert_eq!(backend.end().await, LogEnd::default());
}

pub async fn reading_starts_at_the_entry_itself_and_stops_at_enough_ballots(backend: &mut Backend) {
    backend.install(&open(1)).await;
    for first in [0, 10, 20, 30] {
        backend.append(&[ballot(1, first, 0), ballot(1, first + 1, 0)], at(0)).await;
    }
    let read = async |from, ballots| -> Vec<u64> {
        let records = backend.queue.read(0, EntryId(from), ballots).await.unwrap();
        records.iter().map(|record| record.id.0).collect()
    };
    assert_eq!(read(0, 100).await, [1, 2, 3, 4]);
    assert_eq!(read(2, 100).await, [2, 3, 4]);
    assert_eq!(read(2, 1).await, [2, 3], "the entry read from does not count, and none is split");
    assert_eq!(read(0, 2).await, [1]);
    assert_eq!(read(0, 3).await, [1, 2]);
    assert_eq!(read(4, 5).await, [4]);
    assert_eq!(read(5, 5).await, [0; 0]);
}

pub async fn a_long_log_is_read_whole(backend: &mut Backend) {
    backend.install(&open(1)).await;
    for of in 0..600 {
        backend.append(&[ballot(1, of, 0)], at(0)).await;
    }
    let ids: Vec<_> = backend.whole_log().await.iter().map(|record| record.id.0).collect();
    assert_eq!(ids, (1..=600).collect::<Vec<_>>());
    assert_eq!(backend.queue.read(0, EntryId(0), 512).await.unwrap().len(), 512);
}

pub async fn reopening_finds_the_same_end(backend: &mut Backend) {
    backend.install(&open(1)).await;
    backend.append(&[ballot(1, 1, 0), ballot(1, 2, 0)], at(0)).await;
    backend.append(&[ballot(1, 3, 0)], at(0)).await;
    let before = backend.end().await;
    backend.reopen().await;
    assert_eq!(backend.end().await, before);
    assert_eq!((before.entry, before.position), (EntryId(2), 3));
    backend.append(&[ballot(1, 4, 0)], at(0)).await;
    let after = backend.end().await;
    assert_eq!((after.entry, after.position), (EntryId(3), 4));
    assert_eq!(after.fingerprint, backend.whole_log().await[2].fingerprint);
}

pub async fn waiting_ends_with_the_next_entry(backend: &mut Backend) {
    backend.install(&open(1)).await;
    backend.append(&[ballot(1, 1, 0)], at(0)).await;
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, backend.queue.wait_beyond(&[LogEnd::default()])).await.unwrap();
    let (queue, ends) = (backend.queue.clone(), backend.queue.ends().await.unwrap());
    let mut waiting = tokio::spawn(async move { queue.wait_beyond(&ends).await });
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut waiting).await.is_err(), "there is nothing new yet");
    backend.append(&[ballot(1, 2, 0)], at(0)).await;
    tokio::time::timeout(patience, waiting).await.unwrap().unwrap();
}

pub async fn the_log_is_probed(backend: &mut Backend) {
    backend.queue.probe(at(0)).await.unwrap();
    backend.queue.probe(at(1)).await.unwrap();
    assert_eq!(backend.end().await, LogEnd::default(), "a probe is no entry");
}

pub async fn an_unreadable_entry_is_accounted_for(backend: &mut Backend) {
    backend.install(&open(1)).await;
    backend.append(&[ballot(1, 1, 0)], at(0)).await;
    backend.smuggle(&[1, 2, 3], 7, None).await;
    backend.append(&[ballot(1, 2, 0)], at(0)).await;
    let records = backend.whole_log().await;
    assert!(matches!(records[1].content, Err(Unreadable::Malformed(_))), "{:?}", records[1].content);
    assert_eq!((records[1].ballots, records[2].first), (7, 8));
    assert!(records[2].content.is_ok());
}

pub async fn an_entry_of_a_newer_format_is_told_as_one(backend: &mut Backend) {
    backend.smuggle(&[format::VERSION + 1, 0, 0], 2, None).await;
    let records = backend.whole_log().await;
    assert_eq!(records[0].content, Err(Unreadable::NewerFormat(format::VERSION + 1)));
}

pub async fn an_entry_that_does_not_match_its_fingerprint_is_unreadable(backend: &mut Backend) {
    backend.smuggle(&[format::VERSION, 0, 0, 0, 0, 0, 0, 0, 0], 0, Some(1)).await;
    let records = backend.whole_log().await;
    assert!(matches!(records[0].content, Err(Unreadable::Malformed(_))), "{:?}", records[0].content);
}
