//! The worker on its own: what one poisonous entry, or one that cannot be read, does to everything behind it.

use std::sync::Arc;

use hemicycle::domain::clock::Clock;
use hemicycle::http::health::Health;
use hemicycle::http::metrics::Metrics;
use hemicycle::live::Live;
use hemicycle::queue::Queue;
use hemicycle::queue::local::LocalQueue;
use hemicycle::roles::worker::Needs;
use hemicycle::roles::worker::announcer::Announcer;
use hemicycle::roles::worker::turn::{Counter, Turn};
use hemicycle::store::Store;
use hemicycle::store::sqlite::Sqlite;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::forge::{at, ballot, open, poll_id, voter};

struct Worker {
    store: Store,
    queue: Queue,
    counter: Counter,
    folder: TempDir,
}

impl Worker {
    /// A worker with two open polls.
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::Sqlite(Sqlite::open(&folder.path().join("store")).await.unwrap());
        let queue = Queue::Local(LocalQueue::open(&folder.path().join("queue")).await.unwrap());
        for poll in [open(1), open(2)] {
            store.insert_poll(&poll).await.unwrap();
            queue.install(poll.id, &poll.gate(), at(0)).await.unwrap();
        }
        let (clock, live) = (Clock::manual(at(0)), Live::local());
        let announcer = Announcer::start(store.clone(), live.clone(), clock.clone());
        let (metrics, health) = (Metrics::default(), Health::starting());
        let needs = Needs {
            store: store.clone(),
            queue: queue.clone(),
            live,
            clock,
            metrics,
            health,
            retain: 1000,
            alone: true,
        };
        Self { store, queue, counter: Counter::new(Arc::new(needs), announcer), folder }
    }

    /// Makes the store refuse this voter's ballots.
    async fn refuse(&self, of: u64) {
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("store"));
        let hex = format!("{:032x}", u128::from_be_bytes(voter(of).0));
        let trigger = format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON ballots WHEN NEW.voter = x'{hex}' \
             BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&mut file.connect().await.unwrap()).await.unwrap();
    }

    async fn vote(&self, poll: u64, of: u64) {
        self.queue.append(&[ballot(poll, of, 0)], at(1)).await.unwrap();
    }

    async fn catch_up(&mut self) {
        for _ in 0..200 {
            if self.counter.turn().await.unwrap() == Turn::Idle {
                return;
            }
        }
        panic!("the worker never catches up");
    }
}

#[tokio::test]
async fn a_ballot_that_the_store_refuses_is_the_only_one_given_up() {
    let mut worker = Worker::start().await;
    worker.refuse(7).await;
    for of in 0..20 {
        worker.vote(1, of).await;
    }
    worker.catch_up().await;
    let ledger = worker.store.ledger().await.unwrap();
    assert_eq!((ledger.counted, ledger.dead, ledger.difference()), (19, 1, 0));
}

#[tokio::test]
async fn a_refused_ballot_behind_a_marker_does_not_stop_the_partition() {
    let mut worker = Worker::start().await;
    worker.refuse(7).await;
    worker.queue.close_gate(poll_id(2), 1, at(1)).await.unwrap();
    worker.vote(1, 7).await;
    worker.vote(1, 8).await;
    worker.catch_up().await;
    let ledger = worker.store.ledger().await.unwrap();
    assert_eq!((ledger.counted, ledger.dead, ledger.difference()), (1, 1, 0));
    assert!(worker.store.poll(poll_id(2)).await.unwrap().unwrap().is_final);
}
