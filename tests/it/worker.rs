//! The worker on its own: what one poisonous entry, or one that cannot be read, does to everything behind it, and what
//! happens where a poll changes under its hands.

use std::sync::Arc;
use std::time::Duration;

use hemicycle::domain::clock::Clock;
use hemicycle::domain::ledger::Ledger;
use hemicycle::domain::log::Bookmark;
use hemicycle::http::health::Health;
use hemicycle::http::metrics::Metrics;
use hemicycle::live::Live;
use hemicycle::queue::Queue;
use hemicycle::queue::local::LocalQueue;
use hemicycle::queue::redis::RedisQueue;
use hemicycle::roles::worker::Needs;
use hemicycle::roles::worker::announcer::Announcer;
use hemicycle::roles::worker::turn::{Counter, Turn};
use hemicycle::store::Store;
use hemicycle::store::sqlite::Sqlite;
use sqlx::{ConnectOptions, Connection, PgConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

use crate::forge::{at, ballot, open, poll_id, voter};
use crate::servers::{Database, PARTITIONS, redis_options};

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
        Self::over(store, folder).await
    }

    /// The same over this store.
    async fn over(store: Store, folder: TempDir) -> Self {
        let queue = Queue::Local(LocalQueue::open(&folder.path().join("queue")).await.unwrap());
        Self::between(queue, store, folder).await
    }

    /// The same between these two.
    async fn between(queue: Queue, store: Store, folder: TempDir) -> Self {
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

impl Worker {
    /// Changes the queue's file, behind its back.
    async fn tamper(&self, sql: &'static str) {
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("queue"));
        let changed = sqlx::raw_sql(sql).execute(&mut file.connect().await.unwrap()).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
    }
}

#[tokio::test]
async fn a_poll_whose_marker_nobody_can_read_is_final_all_the_same() {
    let mut worker = Worker::start().await;
    worker.vote(1, 1).await;
    worker.queue.close_gate(poll_id(1), 1, at(2)).await.unwrap();
    worker.tamper("UPDATE log SET body = x'00' WHERE id = (SELECT max(id) FROM log)").await;
    worker.catch_up().await;
    let poll = worker.store.poll(poll_id(1)).await.unwrap().unwrap();
    assert!(poll.is_final, "{poll:?}");
}

#[tokio::test]
async fn a_partition_that_stands_still_stays_in_trouble_until_it_is_counted() {
    let mut worker = Worker::start().await;
    worker.vote(1, 1).await;
    worker.tamper("ALTER TABLE log RENAME TO elsewhere; UPDATE elsewhere SET first = first").await;
    worker.counter.turn().await.expect_err("it reads what is not there");
    assert!(!worker.counter.is_well());
    let mut idle = 0;
    while worker.counter.turn().await.is_ok() {
        assert!(!worker.counter.is_well(), "it called itself well while nothing was counted");
        idle += 1;
        tokio::task::yield_now().await;
    }
    assert!(idle > 0, "it was never left alone");
    worker.tamper("ALTER TABLE elsewhere RENAME TO log; UPDATE log SET first = first").await;
    while worker.store.ledger().await.unwrap().counted == 0 {
        let _ = worker.counter.turn().await;
    }
    assert!(worker.counter.is_well());
}

/// What came of a backlog of some minutes, counted at once: seconds after `at(0)`, and the voters who are new.
async fn turnout_of_a_backlog(mut worker: Worker) -> Vec<(i64, u64)> {
    // The last two: a voter who was there before, and a clock that was set back.
    for (seconds, from, to) in [(1, 0, 40), (9, 40, 50), (10, 50, 80), (95, 80, 81), (200, 0, 30), (19, 90, 100)] {
        let ballots: Vec<_> = (from..to).map(|of| ballot(1, of, 0)).collect();
        worker.queue.append(&ballots, at(seconds * 1000)).await.unwrap();
    }
    worker.catch_up().await;
    assert_eq!(worker.store.snapshot(poll_id(1), at(0)).await.unwrap().unwrap().total(), 91);
    let points = worker.store.turnout(poll_id(1), 1, None, 100).await.unwrap().points;
    points.iter().map(|point| (point.at.as_second() - at(0).as_second(), point.voters)).collect()
}

const BACKLOG: [(i64, u64); 3] = [(0, 50), (10, 40), (90, 1)];

#[tokio::test]
async fn a_backlog_counts_when_it_was_accepted() {
    assert_eq!(turnout_of_a_backlog(Worker::start().await).await, BACKLOG);
}

#[tokio::test]
async fn a_backlog_of_several_partitions_counts_when_it_was_accepted() {
    let database = Database::migrated();
    let queue = Queue::Redis(RedisQueue::new(redis_options(PARTITIONS)));
    let worker = Worker::between(queue, Store::Postgres(database.store()), TempDir::new().unwrap()).await;
    assert_eq!(turnout_of_a_backlog(worker).await, BACKLOG);
}

/// A worker that counts into PostgreSQL.
async fn over_postgres(database: &Database) -> Worker {
    Worker::over(Store::Postgres(database.store()), TempDir::new().unwrap()).await
}

/// Lets the worker take a turn, and `change` happen after it has read which rounds count and before it looks whether
/// they still do: in between it writes ballots, and waits where somebody else has written one of the same voter.
async fn turn_during(
    worker: &mut Worker,
    database: &Database,
    (poll, of): (u64, u64),
    change: impl Future<Output = ()>,
) -> Turn {
    let mut other = PgConnection::connect(&database.url()).await.unwrap();
    let mut writing = other.begin().await.unwrap();
    let ballot = "INSERT INTO ballots (partition, poll, round, voter, choice, previous, sequence) \
                  VALUES (0, $1, 1, $2, 0, -1, 0)";
    let ballot = sqlx::query(ballot).bind(i64::try_from(poll_id(poll).get()).unwrap());
    ballot.bind(Uuid::from_bytes(voter(of).0)).execute(&mut *writing).await.unwrap();
    let meanwhile = async {
        let waits = "SELECT count(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..1000 {
            if database.sql(waits) == "1" {
                change.await;
                return writing.rollback().await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the worker never wrote this ballot");
    };
    tokio::join!(worker.counter.turn(), meanwhile).0.unwrap()
}

/// A turn that came to nothing, and that is to be taken again at once.
async fn assert_taken_back(worker: &Worker, turn: Turn) {
    assert_eq!(turn, Turn::More);
    assert_eq!(worker.store.bookmark(0).await.unwrap(), Bookmark::default(), "it counted");
    assert_eq!(worker.store.ledger().await.unwrap(), Ledger::default());
}

#[tokio::test]
async fn a_poll_that_is_reset_while_its_ballots_are_counted_discards_them() {
    let database = Database::migrated();
    let mut worker = over_postgres(&database).await;
    for (poll, of) in [(1, 1), (1, 2), (2, 3)] {
        worker.vote(poll, of).await;
    }
    let (store, queue) = (worker.store.clone(), worker.queue.clone());
    let turn = turn_during(&mut worker, &database, (1, 1), async {
        let poll = store.poll(poll_id(1)).await.unwrap().unwrap();
        let reset = store.update_poll(&poll.reset(at(2)), at(2)).await.unwrap();
        queue.install(reset.id, &reset.gate(), at(2)).await.unwrap();
    });
    let turn = Box::pin(turn).await;
    assert_taken_back(&worker, turn).await;
    worker.vote(1, 2).await;
    assert_eq!(worker.counter.turn().await.unwrap(), Turn::More, "nobody holds the partition any more");
    let votes = async |poll| worker.store.snapshot(poll_id(poll), at(3)).await.unwrap().unwrap().votes;
    assert_eq!((votes(1).await, votes(2).await), (vec![1, 0, 0], vec![1, 0, 0]));
    let ledger = worker.store.ledger().await.unwrap();
    assert_eq!((ledger.counted, ledger.discarded, ledger.difference()), (2, 2, 0), "{ledger:?}");
    assert_eq!(worker.store.verify().await.unwrap(), []);
}

#[tokio::test]
async fn a_poll_that_is_deleted_while_its_ballots_are_counted_discards_them() {
    let database = Database::migrated();
    let mut worker = over_postgres(&database).await;
    for (poll, of) in [(1, 1), (1, 2), (2, 3)] {
        worker.vote(poll, of).await;
    }
    let store = worker.store.clone();
    let turn = turn_during(&mut worker, &database, (1, 2), async {
        store.delete_poll(&store.poll(poll_id(1)).await.unwrap().unwrap()).await.unwrap();
    });
    let turn = Box::pin(turn).await;
    assert_taken_back(&worker, turn).await;
    assert_eq!(worker.counter.turn().await.unwrap(), Turn::More, "nobody holds the partition any more");
    assert_eq!(worker.store.snapshot(poll_id(2), at(3)).await.unwrap().unwrap().votes, [1, 0, 0]);
    let ledger = worker.store.ledger().await.unwrap();
    assert_eq!((ledger.counted, ledger.discarded, ledger.difference()), (1, 2, 0), "{ledger:?}");
    assert_eq!(worker.store.verify().await.unwrap(), []);
    assert_eq!(database.sql("SELECT count(*) FROM ballots"), "1");
}
