//! Snapshots never go backwards for a viewer, whatever order they arrive in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hemicycle::domain::clock::{Clock, Entropy};
use hemicycle::domain::poll::Poll;
use hemicycle::domain::snapshot::{Audience, Snapshot};
use hemicycle::http::metrics::Metrics;
use hemicycle::live::{Event, Live};
use hemicycle::roles::result::hub::{Ending, Frame, Hub, Viewer};
use hemicycle::store::Store;
use hemicycle::store::sqlite::Sqlite;

use crate::forge;
use crate::store_contract::{claimed, group, plan};

/// The snapshot some versions later, with as many votes more.
fn later(snapshot: &Snapshot, versions: u64) -> Event {
    let mut later = snapshot.clone();
    Arc::make_mut(&mut later.poll).versions.shown += versions;
    later.votes[0] += versions;
    Event::Changed(Arc::new(later))
}

/// Counts this many votes, each a version of its own.
async fn count(store: &Store, poll: &Poll, votes: u64) {
    for of in 0..votes {
        let mut claim = claimed(store, 0, 1).await;
        claim.apply(&plan(vec![group(poll, 0, &[(of, 0, of)])], of + 1, of + 1), forge::at(1)).await.unwrap();
        claim.commit().await.unwrap();
    }
}

/// A hub over a store with one poll, the bus that it follows, and the poll as stored.
async fn hub(folder: &Path) -> (Hub, Live, Snapshot) {
    let store = Store::Sqlite(Sqlite::open(&folder.join("store.sqlite")).await.unwrap());
    let poll = forge::open(1);
    store.insert_poll(&poll).await.unwrap();
    let stored = store.snapshot(poll.id, forge::at(0)).await.unwrap().unwrap();
    let live = Live::local();
    (Hub::follow(store, &live, (Clock::System, Entropy::System), Metrics::default(), 10), live, stored)
}

#[tokio::test]
async fn a_stream_that_is_to_end_ends_although_votes_still_come() {
    let folder = tempfile::tempdir().unwrap();
    let (hub, live, stored) = hub(folder.path()).await;
    let mut viewer = watch(&hub, stored.poll.slug.as_str()).await;
    hub.drain();
    live.publish(later(&stored, 3));
    let frame = viewer.frames.wait_for(|frame| frame.snapshot.votes[0] == 3).await.unwrap();
    assert_eq!(frame.ending, Some(Ending::Draining), "a viewer that was slow to hear it would stay for ever");
}

#[tokio::test]
async fn an_older_snapshot_never_follows_a_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let (hub, live, stored) = hub(folder.path()).await;
    let poll = Arc::clone(&stored.poll);

    let mut viewer = watch(&hub, poll.slug.as_str()).await;
    let store = Store::Sqlite(Sqlite::open(&folder.path().join("store.sqlite")).await.unwrap());
    count(&store, &poll, 3).await;
    live.publish(later(&stored, 3));
    viewer.frames.changed().await.unwrap();
    assert_eq!(viewer.frames.borrow_and_update().snapshot.votes[0], 3);
    live.publish(later(&stored, 2));
    // Long enough for the bus, and for the hub to read the store again.
    let stale = tokio::time::timeout(Duration::from_millis(1500), viewer.frames.changed()).await;
    assert!(stale.is_err(), "an older snapshot was sent: {:?}", viewer.frames.borrow().snapshot.votes);
    let newcomer = watch(&hub, poll.slug.as_str()).await;
    assert_eq!(newcomer.first.snapshot.votes[0], 3, "a newcomer is shown less than others have seen");
    live.publish(later(&stored, 4));
    viewer.frames.changed().await.unwrap();
    assert_eq!(viewer.frames.borrow_and_update().snapshot.votes[0], 4);
}

#[tokio::test]
async fn where_the_store_has_gone_back_viewers_start_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (hub, live, stored) = hub(folder.path()).await;
    let mut viewer = watch(&hub, stored.poll.slug.as_str()).await;
    // What the store knew before it was put back, as the bus told it.
    live.publish(later(&stored, 9));
    viewer.frames.changed().await.unwrap();
    let shown = |frame: &Frame| (frame.snapshot.votes[0], frame.restorations);
    assert_eq!(shown(&viewer.frames.borrow_and_update()), (9, 0));
    for restorations in 1..3 {
        viewer.frames.changed().await.unwrap();
        assert_eq!(shown(&viewer.frames.borrow_and_update()), (0, restorations));
        // A message that was held up is an error of a moment.
        live.publish(later(&stored, 9));
        viewer.frames.changed().await.unwrap();
        assert_eq!(shown(&viewer.frames.borrow_and_update()), (9, restorations));
    }
}

/// A viewer of the poll of this name.
async fn watch(hub: &Hub, name: &str) -> Viewer {
    let snapshot = hub.snapshot(name).await.unwrap();
    hub.watch(hub.place().unwrap(), snapshot, Audience::Public, None).await.unwrap()
}
