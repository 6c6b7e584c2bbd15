//! Replicas: which of them are up, and not more than a moment behind.
//!
//! Every 300 ms the primary is asked how far it has written its log, and each replica how far it has replayed it. A
//! replica that has replayed what the primary had written at some moment shows the world as of that moment, or later;
//! the clock is our own. While the primary does not answer nothing is known to be newer than its last answer, so that
//! a replica which had caught up goes on serving.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::connect;

/// How long a replica may take to answer a read before the next one is asked.
pub const READ: Duration = Duration::from_secs(2);
/// How far behind a replica may be.
const MAX_LAG: Duration = Duration::from_secs(1);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(300);
/// How long a server may take to say how far it is; a server that takes longer is too slow for viewers.
const LOOK: Duration = Duration::from_millis(300);

/// All replicas of a primary, watched until this is dropped.
#[derive(Debug)]
pub struct Replicas {
    all: Arc<[Replica]>,
    turn: AtomicUsize,
    _watching: AbortOnDropHandle<()>,
}

/// One replica.
#[derive(Debug)]
pub struct Replica {
    pool: PgPool,
    /// For looking: reads that fill the pool must not make it seem to be down.
    spare: PgPool,
    /// The moment that it certainly shows; `None` where it has to prove itself first.
    as_of: Mutex<Option<Instant>>,
}

/// What the primary had written (bytes of its log), and when, the newest last.
type Written = VecDeque<(Instant, i64)>;

impl Replicas {
    /// Begins to watch the replicas at these addresses.
    pub fn watch(primary: PgPool, urls: &[String], max_connections: u32) -> Result<Self, sqlx::Error> {
        let replica = |url: &String| {
            let (pool, spare) = (connect::pool(url, max_connections)?, connect::pool(url, 1)?);
            Ok(Replica { pool, spare, as_of: Mutex::default() })
        };
        let all: Arc<[Replica]> = urls.iter().map(replica).collect::<Result<_, sqlx::Error>>()?;
        let watching = AbortOnDropHandle::new(tokio::spawn(watch(primary, Arc::clone(&all))));
        Ok(Self { all, turn: AtomicUsize::default(), _watching: watching })
    }

    /// Those that are fresh, another one first each time.
    pub fn fresh(&self) -> impl Iterator<Item = &Replica> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len();
        self.all[first..].iter().chain(&self.all[..first]).filter(|replica| replica.is_fresh())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        for replica in &*self.all {
            replica.pool.close().await;
            replica.spare.close().await;
        }
    }
}

impl Replica {
    /// Its connections.
    pub fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    /// It failed: it has to prove itself again.
    pub fn pass_over(&self, error: &sqlx::Error) {
        tracing::debug!(%error, "replica.passed_over");
        self.set(None);
    }

    fn is_fresh(&self) -> bool {
        self.as_of.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|as_of| as_of.elapsed() <= MAX_LAG)
    }

    fn set(&self, as_of: Option<Instant>) {
        *self.as_of.lock().unwrap_or_else(PoisonError::into_inner) = as_of;
    }

    async fn look(&self, written: &Written, primary_answers: bool) {
        // A server that is not a replica (any more) has replayed nothing, and may have a history of its own.
        let sql = "SELECT CASE WHEN pg_is_in_recovery() \
                   THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END";
        let replayed = ask(&self.spare, sql).await;
        let shown = replayed.and_then(|replayed| written.iter().rfind(|(_, lsn)| *lsn <= replayed));
        let newest = written.back();
        self.set(shown.map(|(at, lsn)| {
            let caught_up = newest.is_some_and(|(_, newest)| lsn == newest);
            if caught_up && !primary_answers { Instant::now() } else { *at }
        }));
    }
}

async fn watch(primary: PgPool, replicas: Arc<[Replica]>) {
    let mut written = Written::new();
    loop {
        let asked = Instant::now();
        let lsn = ask(&primary, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").await;
        if let Some(lsn) = lsn {
            if written.back().is_some_and(|(_, before)| lsn < *before) {
                // Another history, such as a restored backup: the old one proves nothing.
                written.clear();
            }
            written.push_back((asked, lsn));
            while written.front().is_some_and(|(at, _)| at.elapsed() > 2 * MAX_LAG) && written.len() > 1 {
                written.pop_front();
            }
        }
        join_all(replicas.iter().map(|replica| replica.look(&written, lsn.is_some()))).await;
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn ask(pool: &PgPool, sql: &'static str) -> Option<i64> {
    let answer = tokio::time::timeout(LOOK, sqlx::query_scalar::<_, Option<i64>>(sql).fetch_one(pool)).await;
    answer.ok()?.ok()?
}
