//! Trimming: what was counted may go, the tail that is to be kept may not.

use hemicycle::domain::log::{Bookmark, EntryId};

use super::Backend;
use crate::forge::{at, ballot, open};

/// A log of `entries` entries of two ballots each.
async fn filled(backend: &Backend, entries: u64) {
    backend.install(&open(1)).await;
    for entry in 0..entries {
        backend.append(&[ballot(1, entry * 2, 0), ballot(1, entry * 2 + 1, 0)], at(0)).await;
    }
}

async fn trim(backend: &Backend, bookmark: u64, retain: u64) -> Option<u64> {
    let log = backend.whole_log().await;
    let marked = log.iter().find(|record| record.id == EntryId(bookmark));
    let bookmark = marked.map_or_else(Bookmark::default, |record| Bookmark::default().after(record));
    while backend.queue.trim(0, &bookmark, retain).await.unwrap() > 0 {}
    backend.whole_log().await.first().map(|record| record.id.0)
}

pub async fn trimming_never_passes_the_bookmark(backend: &mut Backend) {
    filled(backend, 10).await;
    assert_eq!(trim(backend, 0, 0).await, Some(1), "nothing was counted yet");
    let first = trim(backend, 4, 0).await.unwrap();
    assert!((2..=4).contains(&first), "the entry at the bookmark stays, not {first}");
    let first = trim(backend, 10, 0).await.unwrap();
    assert!((8..=10).contains(&first), "the entry at the bookmark stays, not {first}");
    let end = backend.end().await;
    assert_eq!((end.entry, end.position), (EntryId(10), 20));
}

pub async fn a_log_with_another_entry_at_the_bookmark_is_not_trimmed(backend: &mut Backend) {
    filled(backend, 10).await;
    let counted = Bookmark::default().after(&backend.whole_log().await[7]);
    let other = Bookmark { fingerprint: counted.fingerprint ^ 1, ..counted };
    assert_eq!(backend.queue.trim(0, &other, 0).await.unwrap(), 0, "nobody has read this history");
    assert!(backend.queue.trim(0, &counted, 0).await.unwrap() > 0);
}

pub async fn trimming_keeps_as_many_ballots_before_the_bookmark(backend: &mut Backend) {
    filled(backend, 20).await;
    assert_eq!(trim(backend, 10, 1000).await, Some(1), "everything is to be kept");
    let first = trim(backend, 10, 6).await.unwrap();
    // Entries 7, 8 and 9 hold the six ballots before the bookmark, however much waits behind it.
    assert!((2..=7).contains(&first), "the log starts at {first}");
}

pub async fn a_trimmed_log_goes_on_where_it_was(backend: &mut Backend) {
    filled(backend, 5).await;
    trim(backend, 5, 0).await;
    backend.reopen().await;
    backend.append(&[ballot(1, 99, 0)], at(0)).await;
    let end = backend.end().await;
    assert_eq!((end.entry, end.position), (EntryId(6), 11));
}
