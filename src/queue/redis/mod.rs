//! The queue in Redis: partitions of a log in streams, appended to by any number of processes at once.
//!
//! # Protocol
//! There is one step, the script `commit.lua`, and every change of a gate or a log is one call of it. The caller decides
//! by the rules of the domain (`queue::turn`) on the gates as it knows them, and sends along what it took for true. The
//! script compares, and writes all of it or nothing:
//!
//! 1. Each gate that was looked at is still, byte for byte, what the caller knew; else the answer is `gates` and how
//!    they are now. A ballot turned down is compared like one let in: every answer is true at the moment of the step.
//! 2. In polls without change nobody made another choice, or the same by another attempt, before; else the answer is
//!    `choices`: who did, and what is kept of them.
//! 3. The partitions have room: no more than so many ballots that were not counted yet; else the answer is `full`, and
//!    which have none.
//! 4. One entry a partition is added to its stream, gates and first choices are written; the answer is `done`.
//!
//! After `gates`, `choices` or `full` the caller decides again on what it has learnt. It writes nothing by itself, so a step
//! whose answer does not come is never repeated here: whoever asked is told that nobody knows.
//!
//! # Keys
//! All begin with a prefix and the version of this layout, as `hemicycle:1:`. A later version reads this one's keys
//! before it writes its own.
//!
//! ```text
//! gates                  hash    poll (12 hex digits) -> generation round revision phase opens closes change used
//!                                  numbers in decimal, `-` for none; phase 0 shut, 1 open, 2 latched; times in ms
//! ends                   hash    partition -> entry position fingerprint      of the newest entry
//! counted                hash    partition -> position                        how far workers have read; advisory, rises only
//! log:<partition>        stream  id <entry>-0: entries are numbered from 1 without gaps, by no clock
//!                                  first      position of its first ballot
//!                                  ballots    how many it holds
//!                                  print      fingerprint of the body
//!                                  body       the entry, see `queue::format`
//! choices                set     <poll>:<round>                               which of the next there are
//! choices:<poll>:<round> hash    voter key (16 bytes) -> choice (1 byte), attempt (4 bytes; none where all are zero)
//!                                  first choices, in polls without change
//! probe                  string  written to prove that writing works
//! ```
//!
//! # Arguments of the step
//! ```text
//! KEYS  gates ends counted choices  choices:<poll>:<round>*  log:<partition>*
//! ARGV  G (poll expected wanted){G}                 expected: '' where there is none; wanted: '' to leave it
//!       C (poll:round voters choices attempts){C}   16, 1 and 4 bytes each; attempts: '' where all of them are zero
//!       most E (partition ballots fingerprint body){E}
//! ```

mod examination;
mod gates;
mod log;
mod rounds;
mod step;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, RedisResult, Script, Value};

use self::log::NEWS_PATIENCE;
use self::step::{Choices, Reply, Step};
use super::turn::{Gates, Turn};
use super::{Answer, QueueError};
use crate::config::RedisUrl;
use crate::domain::ballot::{Ballot, FirstChoice, VoterKey};
use crate::domain::gate::Gate;
use crate::domain::names::PollId;
use crate::link::{Link, LinkError};

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a step is decided anew on what it was told. Gates change seldom: more than a few in a row is a defect.
const TRIES: u32 = 16;
/// Gates of which the markers are repeated in one step.
const REPEATED: usize = 512;
/// Gates remembered; past it they are learnt anew.
const KNOWN_GATES: usize = 4096;

/// What the queue promises of an accepted ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// It is on the main server's disk.
    Disk,
    /// Also in the memory of a replica.
    Replica,
}

/// How the queue is set up.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// Which Redis.
    pub url: RedisUrl,
    /// How many partitions the log has.
    pub partitions: u16,
    /// What its keys begin with.
    pub prefix: String,
    /// What it promises.
    pub acks: Acks,
    /// Accepted ballots that may wait to be counted.
    pub max_unread: u64,
}

/// The queue in Redis. Cloning shares it.
#[derive(Clone, Debug)]
pub struct RedisQueue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: RedisOptions,
    keys: Keys,
    /// `commit.lua`
    commit: Script,
    /// `counted.lua`
    counted: Script,
    /// For steps: WAIT blocks it, and it is made only to servers that keep the promise.
    steps: Link,
    /// For everything that only reads or tidies up.
    reads: Link,
    /// For waiting.
    news: Link,
    known: Mutex<Gates>,
}

#[derive(Debug)]
struct Keys(String);

impl Keys {
    fn of(&self, name: &str) -> String {
        format!("{}1:{name}", self.0)
    }

    fn log(&self, partition: u16) -> String {
        self.of(&format!("log:{partition}"))
    }

    fn choices(&self, name: &str) -> String {
        self.of(&format!("choices:{name}"))
    }
}

impl RedisQueue {
    /// The queue, without asking whether it can be reached.
    #[must_use]
    pub fn new(options: RedisOptions) -> Self {
        let steps = Link::examined(options.url.clone(), PATIENCE, examination::examine);
        let (reads, news) = (steps.another(PATIENCE), steps.another(NEWS_PATIENCE * 2));
        let keys = Keys(options.prefix.clone());
        let (commit, counted) = (Script::new(include_str!("commit.lua")), Script::new(include_str!("counted.lua")));
        Self {
            shared: Arc::new(Shared { options, keys, commit, counted, steps, reads, news, known: Mutex::default() }),
        }
    }

    pub(super) fn partitions(&self) -> u16 {
        self.shared.options.partitions
    }

    pub(super) async fn append(&self, ballots: &[Ballot], now: Timestamp) -> Result<Vec<Answer>, QueueError> {
        let (mut firsts, mut full) = (HashMap::new(), HashSet::new());
        for _ in 0..TRIES {
            let (step, answers) = self.decide(ballots, &firsts, &full, now);
            match self.take(&step, now).await? {
                Reply::Done => return Ok(answers),
                Reply::Full(partitions) => full.extend(partitions),
                Reply::Gates(_) => {}
                Reply::Choices(found) => {
                    for (group, place, stored) in found {
                        let first = step::first_choice(&stored).ok_or_else(|| damaged("a first choice"))?;
                        let Some(group) = step.choices.get(group) else { continue };
                        let Some((voter, _)) = group.ballots.get(place) else { continue };
                        firsts.insert((group.poll, *voter), first);
                    }
                }
            }
        }
        Err(restless())
    }

    /// Decides on each ballot by the gates as they are known, by `firsts`, the first choices that are, and by which
    /// partitions are `full`.
    fn decide(
        &self,
        ballots: &[Ballot],
        firsts: &HashMap<(PollId, VoterKey), FirstChoice>,
        full: &HashSet<u16>,
        now: Timestamp,
    ) -> (Step, Vec<Answer>) {
        let known = self.shared.known();
        let mut turn = Turn::default();
        let mut looked_at: HashMap<PollId, Option<Gate>> = HashMap::new();
        let mut chosen: HashMap<(PollId, VoterKey), FirstChoice> = HashMap::new();
        let mut choices: HashMap<PollId, Choices> = HashMap::new();
        let mut answers = Vec::with_capacity(ballots.len());
        for ballot in ballots {
            looked_at.entry(ballot.poll).or_insert_with(|| known.get(&ballot.poll).copied());
            let mut answer = turn.admit(&known, ballot, now);
            if answer == Answer::Accepted && full.contains(&ballot.voter.partition(self.partitions())) {
                answer = Answer::Full;
            }
            let strict = turn.gate(&known, ballot.poll).filter(|gate| !gate.allow_change);
            if let (Answer::Accepted, Some(gate)) = (answer, strict) {
                let (who, mine) = ((ballot.poll, ballot.voter), ballot.first_choice());
                let before = firsts.get(&who).or_else(|| chosen.get(&who)).copied();
                if before.is_some_and(|before| before != mine) {
                    answer = Answer::AlreadyVoted;
                } else if chosen.insert(who, mine).is_none() {
                    let (poll, round) = (ballot.poll, gate.round);
                    let group = choices.entry(poll).or_insert_with(|| Choices { poll, round, ballots: Vec::new() });
                    group.ballots.push((ballot.voter, mine));
                }
            }
            if answer == Answer::Accepted {
                turn.accept(&known, ballot);
            }
            answers.push(answer);
        }
        let (looked_at, choices) = (looked_at.into_iter().collect(), choices.into_values().collect());
        (Step { looked_at, turn, choices }, answers)
    }

    pub(super) async fn install(&self, poll: PollId, wanted: &Gate, now: Timestamp) -> Result<(), QueueError> {
        self.turn(&[poll], now, |turn, gates| turn.install(gates, poll, wanted, now)).await
    }

    pub(super) async fn close_gate(&self, poll: PollId, generation: u32, now: Timestamp) -> Result<(), QueueError> {
        self.turn(&[poll], now, |turn, gates| turn.close(gates, poll, generation, now)).await
    }

    pub(super) async fn repeat_markers(&self, now: Timestamp) -> Result<(), QueueError> {
        let fields: Vec<String> = self.read_by(async |redis| redis.hkeys(self.key("gates")).await).await?;
        let polls: Vec<PollId> = fields.iter().filter_map(|field| field.parse().ok()).collect();
        for some in polls.chunks(REPEATED) {
            self.turn(some, now, |turn, gates| turn.repeat_markers(gates, now)).await?;
        }
        Ok(())
    }

    /// Decides on some gates, and again where they turn out to be others than they were known to be.
    async fn turn(
        &self,
        polls: &[PollId],
        now: Timestamp,
        decide: impl Fn(&mut Turn, &Gates),
    ) -> Result<(), QueueError> {
        for _ in 0..TRIES {
            let (mut turn, known) = (Turn::default(), self.shared.gates(polls));
            decide(&mut turn, &known);
            let looked_at = polls.iter().map(|poll| (*poll, known.get(poll).copied())).collect();
            let step = Step { looked_at, turn, choices: Vec::new() };
            if let Reply::Done = self.take(&step, now).await? {
                return Ok(());
            }
        }
        Err(restless())
    }

    pub(super) async fn gate(&self, poll: PollId) -> Result<Option<Gate>, QueueError> {
        let stored: Option<Vec<u8>> =
            self.read_by(async |redis| redis.hget(self.key("gates"), poll.to_string()).await).await?;
        stored.as_deref().map(gates::decode).transpose()
    }

    pub(super) async fn probe(&self, now: Timestamp) -> Result<(), QueueError> {
        let key = self.key("probe");
        let millis = now.as_millisecond();
        let probed = self.shared.steps.run(async |redis| {
            redis.set::<_, _, ()>(&key, millis).await?;
            self.is_confirmed(redis).await
        });
        let confirmed = probed.await.map_err(QueueError::refused)?;
        if confirmed { Ok(()) } else { Err(QueueError::refused(NoReplica)) }
    }

    /// Whether what was written on this connection before is kept as the queue promises.
    async fn is_confirmed(&self, redis: &mut MultiplexedConnection) -> RedisResult<bool> {
        match self.shared.options.acks {
            Acks::Disk => Ok(true),
            Acks::Replica => Ok(redis::cmd("WAIT").arg(1).arg(2000).query_async::<u64>(redis).await? >= 1),
        }
    }

    fn key(&self, name: &str) -> String {
        self.shared.keys.of(name)
    }

    async fn read_by<T>(
        &self,
        work: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T, QueueError> {
        self.shared.reads.run(work).await.map_err(QueueError::refused)
    }

    /// Sends a step, and learns from the answer how gates are.
    async fn take(&self, step: &Step, now: Timestamp) -> Result<Reply, QueueError> {
        if step.looked_at.is_empty() {
            return Ok(Reply::Done);
        }
        let Shared { commit, keys, options, steps, .. } = &*self.shared;
        let call = step.call(commit, keys, options, now);
        let replied = steps.run(async |redis| {
            let reply: Value = call.invoke_async(redis).await?;
            // Whatever is wrong from here on, the step was taken.
            Ok((reply, self.is_confirmed(redis).await))
        });
        let (reply, confirmed) = replied.await.map_err(fate)?;
        let reply = Reply::parse(reply).map_err(|error| fate(error.into()))?;
        if matches!(reply, Reply::Done) && !confirmed.map_err(QueueError::unknown)? {
            return Err(QueueError::unknown(NoReplica));
        }
        match &reply {
            Reply::Done => self.shared.learn(step.turn.gates.iter().map(|(poll, gate)| (*poll, Some(*gate)))),
            Reply::Gates(found) => {
                let learnt = step.looked_at.iter().zip(found).map(|((poll, _), stored)| {
                    let gate = if stored.is_empty() { None } else { Some(gates::decode(stored)?) };
                    Ok((*poll, gate))
                });
                self.shared.learn(learnt.collect::<Result<Vec<_>, QueueError>>()?);
            }
            Reply::Choices(_) | Reply::Full(_) => {}
        }
        Ok(reply)
    }
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Gates> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gates(&self, polls: &[PollId]) -> Gates {
        let known = self.known();
        polls.iter().filter_map(|poll| Some((*poll, *known.get(poll)?))).collect()
    }

    fn learn(&self, gates: impl IntoIterator<Item = (PollId, Option<Gate>)>) {
        let mut known = self.known();
        if known.len() >= KNOWN_GATES {
            known.clear();
        }
        for (poll, gate) in gates {
            match gate {
                Some(gate) => drop(known.insert(poll, gate)),
                None => drop(known.remove(&poll)),
            }
        }
    }
}

/// What is stored is not what this release writes.
#[derive(Debug, thiserror::Error)]
#[error("Redis holds something unexpected: {0}")]
struct Damaged(&'static str);

fn damaged(what: &'static str) -> QueueError {
    QueueError::refused(Damaged(what))
}

/// The main server has it; no replica said so.
#[derive(Debug, thiserror::Error)]
#[error("no replica confirmed")]
struct NoReplica;

/// Gates changed under every attempt.
#[derive(Debug, thiserror::Error)]
#[error("gates do not stop changing")]
struct Restless;

fn restless() -> QueueError {
    QueueError::refused(Restless)
}

fn fate(error: LinkError) -> QueueError {
    if error.did_nothing() { QueueError::refused(error) } else { QueueError::unknown(error) }
}
