//! Items in Redis: written on the main, read from replicas that certainly show a world young enough.
//!
//! # Keys
//! All begin with a prefix, as `hemicycle:items:`.
//!
//! ```text
//! value:<key>   string   the value
//! names         zset     all keys, each with score 0, so that they are sorted by their bytes: a page of them, by prefix and
//!                        from anywhere, costs O(log n + page) (ZRANGEBYLEX); nothing ever walks all keys of Redis
//! bytes         string   how many bytes keys and values have, decimal
//! ```
//!
//! # Writing
//! What arrived together is one call of the script `write.lua`, which keeps the three in step, decides on each change in
//! its turn, and refuses what would go past the bounds.
//!
//! ```text
//! KEYS  names bytes value:<key>*
//! ARGV  most bytes, most keys, a string with s (set) or d (delete) for each change, <key>*, <value>* (empty to delete)
//! answer  a string with, for each change, d (done), or which bound stands in the way: k (keys), b (bytes)
//! ```
//!
//! The script is sent with each call, some 2.5 kB a batch, so that a server which has just become the main need not be told
//! it first. A call that did nothing (there was no connection, the server is no main) is made once more; none that may have.
//!
//! # Reading what was written
//! Once a write is answered, everybody reads it, by whichever process: see `replicas.rs`.
//!
//! # Reading
//! What arrived together is one MGET, by a replica that is fresh, else by the next one, else by the main, which is asked
//! in the same breath whether it is one: a main that was demoted still answers.

mod replicas;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, RedisWrite, ServerErrorKind, Value};
use tokio::time::Instant;

use self::replicas::{Confirmed, Replicas};
use super::{ItemsError, READ_BATCH, Sources, WAITING, WRITE_BATCH, WRITE_WEIGHT};
use crate::config::RedisUrl;
use crate::domain::item::{ItemBounds, ItemChange, ItemKey, ItemOutcome, ItemTotals};
use crate::gather::{Bounds, Gather};
use crate::link::{Link, LinkError};

const SCRIPT: &str = include_str!("write.lua");

/// How long an answer of the main may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How items are set up.
#[derive(Clone, Debug)]
pub struct ItemsOptions {
    /// The Redis that takes writes.
    pub url: RedisUrl,
    /// Those that follow it, to read from.
    pub replicas: Vec<RedisUrl>,
    /// What keys begin with.
    pub prefix: String,
    /// How much there may be.
    pub bounds: ItemBounds,
}

/// Items in Redis. Cloning shares them.
#[derive(Clone, Debug)]
pub struct RedisItems {
    backend: Arc<Backend>,
    reads: Gather<ItemKey, Option<Bytes>, ItemsError>,
    writes: Gather<ItemChange, Written, ItemsError>,
}

/// What became of a change, and from when on everybody reads it where that is not now.
#[derive(Debug)]
struct Written {
    outcome: ItemOutcome,
    seen_from: Option<Instant>,
}

#[derive(Debug)]
struct Backend {
    /// For writes: WAIT blocks it.
    writing: Link,
    /// For reads.
    reading: Link,
    replicas: Option<Replicas>,
    /// What keys begin with.
    prefix: String,
    bounds: ItemBounds,
    by_main: AtomicU64,
    by_replica: AtomicU64,
}

/// The answer is none that this release knows.
#[derive(Debug, thiserror::Error)]
#[error("Redis gave an unexpected answer")]
struct Unexpected;

impl RedisItems {
    /// Items at these servers, without asking whether they can be reached. Begins to watch the replicas.
    #[must_use]
    pub fn start(options: &ItemsOptions) -> Self {
        let writing = Link::new(options.url.clone(), PATIENCE);
        let watched = (!options.replicas.is_empty()).then(|| Replicas::watch(&writing, &options.replicas));
        let backend = Arc::new(Backend {
            reading: writing.another(PATIENCE),
            writing,
            replicas: watched,
            prefix: format!("{}items:", options.prefix),
            bounds: options.bounds,
            by_main: AtomicU64::default(),
            by_replica: AtomicU64::default(),
        });
        let (of_reads, of_writes) = (Arc::clone(&backend), Arc::clone(&backend));
        let reads = Gather::distinct(Bounds::of(WAITING, READ_BATCH), move |keys| Arc::clone(&of_reads).values(keys));
        let batch = Bounds { waiting: WAITING, batch: WRITE_BATCH, weight: WRITE_WEIGHT, weigh: ItemChange::weight };
        let writes = Gather::each(batch, move |changes| Arc::clone(&of_writes).change(changes));
        Self { backend, reads, writes }
    }

    pub(super) async fn get(&self, key: ItemKey) -> Result<Option<Bytes>, ItemsError> {
        self.reads.ask(key).await.map_err(ItemsError::shared)
    }

    pub(super) async fn change(&self, change: ItemChange) -> Result<(), ItemsError> {
        let written = self.writes.ask(change).await.map_err(ItemsError::shared)?;
        if let Some(seen_from) = written.seen_from {
            tokio::time::sleep_until(seen_from).await;
        }
        written.outcome.into()
    }

    pub(super) async fn keys(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, ItemsError> {
        let begin = if after >= prefix { [b"(", after.as_bytes()] } else { [b"[", prefix.as_bytes()] }.concat();
        let from_the_first = after.is_empty() && prefix.is_empty();
        // No text has the byte that stands behind the prefix: every key that begins with it comes before.
        let end = if prefix.is_empty() { b"+".to_vec() } else { [b"(", prefix.as_bytes(), &[0xff]].concat() };
        let mut command = redis::cmd("ZRANGEBYLEX");
        command.arg(self.backend.key("names")).arg(if from_the_first { b"-".to_vec() } else { begin });
        command.arg(end).arg("LIMIT").arg(0).arg(limit);
        self.backend.read(&command).await
    }

    pub(super) async fn totals(&self) -> Result<ItemTotals, ItemsError> {
        let mut keys = redis::cmd("ZCARD");
        keys.arg(self.backend.key("names"));
        let mut bytes = redis::cmd("GET");
        bytes.arg(self.backend.key("bytes"));
        let bytes = self.backend.read::<Option<u64>>(&bytes).await?.unwrap_or_default();
        Ok(ItemTotals { keys: self.backend.read(&keys).await?, bytes })
    }

    pub(super) fn sources(&self) -> Sources {
        let Backend { by_main, by_replica, replicas, .. } = &*self.backend;
        let fresh = replicas.as_ref().map_or(0, |replicas| replicas.fresh().count() as u64);
        Sources { main: by_main.load(Ordering::Relaxed), replica: by_replica.load(Ordering::Relaxed), fresh }
    }
}

impl Backend {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Adds what the value of an item is called.
    fn name_value(&self, command: &mut Cmd, key: &ItemKey) {
        command.write_arg_fmt(format_args!("{}value:{key}", self.prefix));
    }

    async fn values(self: Arc<Self>, keys: Vec<ItemKey>) -> Result<Vec<Option<Bytes>>, ItemsError> {
        let mut command = redis::cmd("MGET");
        for key in &keys {
            self.name_value(&mut command, key);
        }
        let values: Vec<Option<Vec<u8>>> = self.read(&command).await?;
        Ok(values.into_iter().map(|value| value.map(Bytes::from)).collect())
    }

    /// Reads from a replica that is fresh; from the main where there is none.
    async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, ItemsError> {
        for mut fresh in self.replicas.iter().flat_map(Replicas::fresh) {
            match command.query_async(&mut fresh.connection).await {
                Ok(answer) => {
                    self.by_replica.fetch_add(1, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => fresh.replica.pass_over(&error),
            }
        }
        let mut answer = self.read_from_main(command).await;
        if answer.is_err() {
            // The connection may have led to a main that is lost: the next one leads to the present one.
            answer = self.read_from_main(command).await;
        }
        self.by_main.fetch_add(1, Ordering::Relaxed);
        answer.map_err(ItemsError::refused)
    }

    async fn read_from_main<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, LinkError> {
        self.reading
            .run(async |redis| {
                let mut other = redis.clone();
                let role = redis::cmd("ROLE");
                let (answer, role) = join(command.query_async(redis), role.query_async(&mut other)).await;
                is_main(role?)?;
                answer
            })
            .await
    }

    async fn change(self: Arc<Self>, changes: Vec<ItemChange>) -> Result<Vec<Written>, ItemsError> {
        let written = match self.write(&changes).await {
            Err(ItemsError::Refused(_)) => self.write(&changes).await,
            written => written,
        };
        let (outcomes, seen_from) = written?;
        Ok(outcomes.into_iter().map(|outcome| Written { outcome, seen_from }).collect())
    }

    /// What became of the changes, and from when on everybody reads them where that is not now.
    async fn write(&self, changes: &[ItemChange]) -> Result<(Vec<ItemOutcome>, Option<Instant>), ItemsError> {
        // One after the other in one message: WAIT is about what came before it, and replicas hear of both at once.
        let (mut pipe, awaited) = (redis::pipe(), self.replicas.as_ref().and_then(Replicas::awaited));
        pipe.add_command(self.call(changes)).ignore_errors();
        if let Some(awaited) = awaited {
            pipe.add_command(replicas::wait(awaited));
        }
        let written = self.writing.run(async |redis| {
            let mut answers = pipe.query_async::<Vec<RedisResult<Value>>>(redis).await?.into_iter();
            let outcomes: Vec<u8> = redis::from_redis_value(answers.next().ok_or_else(no_answer)??)?;
            // Whatever is wrong with the second, it is written.
            Ok((outcomes, answers.next()))
        });
        let (outcomes, confirmed) = written.await.map_err(fate)?;
        let outcomes = outcomes.iter().map(|outcome| outcome_of(*outcome)).collect::<Option<Vec<_>>>();
        let outcomes = outcomes.filter(|outcomes| outcomes.len() == changes.len());
        let outcomes = outcomes.ok_or_else(|| ItemsError::unknown(Unexpected))?;
        let Some(replicas) = &self.replicas else { return Ok((outcomes, None)) };
        let confirmed = awaited.zip(confirmed).map(|(awaited, by)| {
            let by = redis::from_redis_value(by?)?;
            Ok::<_, RedisError>(Confirmed { by, awaited })
        });
        Ok((outcomes, replicas.seen_from(confirmed.transpose().map_err(ItemsError::unknown)?)))
    }

    fn call(&self, changes: &[ItemChange]) -> Cmd {
        let mut call = redis::cmd("EVAL");
        call.arg(SCRIPT).arg(2 + changes.len()).arg(self.key("names")).arg(self.key("bytes"));
        for change in changes {
            self.name_value(&mut call, &change.key);
        }
        let kinds: Vec<u8> = changes.iter().map(|change| if change.value.is_some() { b's' } else { b'd' }).collect();
        call.arg(self.bounds.0.bytes).arg(self.bounds.0.keys).arg(kinds);
        for change in changes {
            call.arg(change.key.as_str());
        }
        for change in changes {
            call.arg(change.value.as_deref().unwrap_or_default());
        }
        call
    }
}

/// What a server says of its role must be that it is the main.
fn is_main(role: Value) -> RedisResult<()> {
    let told = match role {
        Value::Array(told) => told.into_iter().next(),
        _ => None,
    };
    if told.is_some_and(|role| role == Value::BulkString(b"master".into())) {
        return Ok(());
    }
    // As the link knows that it has to look for the main.
    Err(RedisError::from((ErrorKind::Server(ServerErrorKind::ReadOnly), "it is the main no longer")))
}

fn no_answer() -> RedisError {
    RedisError::from((ErrorKind::UnexpectedReturnType, "no answer to a command"))
}

fn outcome_of(answer: u8) -> Option<ItemOutcome> {
    match answer {
        b'd' => Some(ItemOutcome::Done),
        b'k' => Some(ItemOutcome::TooManyKeys),
        b'b' => Some(ItemOutcome::TooManyBytes),
        _ => None,
    }
}

fn fate(error: LinkError) -> ItemsError {
    if error.did_nothing() { ItemsError::refused(error) } else { ItemsError::unknown(error) }
}
