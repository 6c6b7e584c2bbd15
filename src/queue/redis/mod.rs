//! The queue in Redis: partitions of a log in streams, appended to by any number of processes at once.
//!
//! # Protocol
//! There is one step, the script `commit.lua`, and every change of a gate or a log is one call of it. The caller decides
//! by the rules of the domain (`queue::turn`) on the gates as it knows them, and sends along what it took for true. The
//! script compares, and writes all of it or nothing:
//!
//! 1. Each gate that was looked at is still, byte for byte, what the caller knew; else the answer is `gates` and how
//!    they are now. A ballot turned down is compared like one let in: every answer is true at the moment of the step.
//! 2. In polls without change nobody chose otherwise before; else the answer is `choices`: who did, and what.
//! 3. The partitions have room: no more than so many ballots that were not counted yet; else the answer is `full`.
//! 4. One entry a partition is added to its stream, gates and first choices are written; the answer is `done`.
//!
//! After `gates` or `choices` the caller decides again on what it has learnt. It writes nothing by itself, so a step
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
//! counted                hash    partition -> position                        how far workers have read; advisory
//! log:<partition>        stream  id <entry>-0: entries are numbered from 1 without gaps, by no clock
//!                                  first      position of its first ballot
//!                                  ballots    how many it holds
//!                                  print      fingerprint of the body
//!                                  body       the entry, see `queue::format`
//! choices                set     <poll>:<round>                               which of the next there are
//! choices:<poll>:<round> hash    voter key (16 bytes) -> choice (1 byte)      first choices, in polls without change
//! probe                  string  written to prove that writing works
//! ```
//!
//! # Arguments of the step
//! ```text
//! KEYS  gates ends counted choices  choices:<poll>:<round>*  log:<partition>*
//! ARGV  G (poll expected wanted){G}                 expected: '' where there is none; wanted: '' to leave it
//!       C (poll:round voters choices){C}            16 bytes and 1 byte each
//!       most E (partition ballots fingerprint body){E}
//! ```

mod examination;
mod gates;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use redis::streams::{StreamRangeReply, StreamReadReply};
use redis::{AsyncCommands, FromRedisValue, RedisResult, Script, Value};

use super::turn::{Gates, Turn};
use super::{Answer, QueueError, format};
use crate::config::RedisUrl;
use crate::domain::ballot::{Ballot, VoterKey};
use crate::domain::gate::Gate;
use crate::domain::log::{Bookmark, Entry, EntryId, LogEnd, Record, Section, Unreadable};
use crate::domain::names::{Choice, PollId};
use crate::link::{Link, LinkError};

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a wait for news lasts: well under what the worker waits before it looks for itself, so that it never leaves
/// a blocked connection behind.
const NEWS_PATIENCE: Duration = Duration::from_millis(800);
/// How often a step is decided anew on what it was told. Gates change seldom: more than a few in a row is a defect.
const TRIES: u32 = 16;
/// Gates remembered; past it they are learnt anew.
const KNOWN_GATES: usize = 4096;
/// Entries trimmed in one call.
const TRIM_STEP: u64 = 500;
/// Entries read in the first call of a read; the following ones take more.
const READ_STEP: usize = 16;
const MAX_READ_STEP: usize = 256;

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
    script: Script,
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

/// What the script says.
enum Reply {
    Done,
    Gates(Vec<Vec<u8>>),
    Choices(Vec<(usize, usize, u8)>),
    Full,
}

/// Voters of one round and what they choose, as far as the step is concerned.
struct Choices {
    poll: PollId,
    round: u32,
    ballots: Vec<(VoterKey, Choice)>,
}

/// A step before it is sent.
struct Step {
    /// Every gate that was looked at, as it is known.
    looked_at: Vec<(PollId, Option<Gate>)>,
    turn: Turn,
    choices: Vec<Choices>,
}

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
        let script = Script::new(include_str!("commit.lua"));
        Self { shared: Arc::new(Shared { options, keys, script, steps, reads, news, known: Mutex::default() }) }
    }

    pub(super) fn partitions(&self) -> u16 {
        self.shared.options.partitions
    }

    pub(super) async fn append(&self, ballots: &[Ballot], now: Timestamp) -> Result<Vec<Answer>, QueueError> {
        let mut firsts = HashMap::new();
        for _ in 0..TRIES {
            let (step, answers) = self.decide(ballots, &firsts, now);
            match self.take(&step, now).await? {
                Reply::Done => return Ok(answers),
                Reply::Full => return Err(QueueError::Full),
                Reply::Gates(_) => {}
                Reply::Choices(found) => {
                    for (group, place, choice) in found {
                        let Some(group) = step.choices.get(group) else { continue };
                        let voter = group.ballots.get(place).map(|(voter, _)| *voter);
                        let choice = Choice::from_index(usize::from(choice));
                        if let (Some(voter), Some(choice)) = (voter, choice) {
                            firsts.insert((group.poll, voter), choice);
                        }
                    }
                }
            }
        }
        Err(restless())
    }

    /// Decides on each ballot by the gates as they are known, and by `firsts`, the first choices that are.
    fn decide(
        &self,
        ballots: &[Ballot],
        firsts: &HashMap<(PollId, VoterKey), Choice>,
        now: Timestamp,
    ) -> (Step, Vec<Answer>) {
        let known = self.shared.known();
        let mut turn = Turn::default();
        let mut looked_at: HashMap<PollId, Option<Gate>> = HashMap::new();
        let mut chosen: HashMap<(PollId, VoterKey), Choice> = HashMap::new();
        let mut choices: HashMap<PollId, Choices> = HashMap::new();
        let mut answers = Vec::with_capacity(ballots.len());
        for ballot in ballots {
            looked_at.entry(ballot.poll).or_insert_with(|| known.get(&ballot.poll).copied());
            let mut answer = turn.admit(&known, ballot, now);
            let strict = turn.gate(&known, ballot.poll).filter(|gate| !gate.allow_change);
            if let (Answer::Accepted, Some(gate)) = (answer, strict) {
                let who = (ballot.poll, ballot.voter);
                let before = firsts.get(&who).or_else(|| chosen.get(&who)).copied();
                if before.is_some_and(|before| before != ballot.choice) {
                    answer = Answer::AlreadyVoted;
                } else if chosen.insert(who, ballot.choice).is_none() {
                    let (poll, round) = (ballot.poll, gate.round);
                    let group = choices.entry(poll).or_insert_with(|| Choices { poll, round, ballots: Vec::new() });
                    group.ballots.push((ballot.voter, ballot.choice));
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
        self.turn(&polls, now, |turn, gates| turn.repeat_markers(gates, now)).await
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

    pub(super) async fn forget(&self, poll: PollId) -> Result<(), QueueError> {
        self.shared.known().remove(&poll);
        let (gates, index) = (self.key("gates"), self.key("choices"));
        let rounds = self.rounds().await?;
        let gone = rounds.into_iter().filter(|(of, ..)| *of == poll).map(|(.., name)| name);
        self.drop_rounds(&index, gone.collect()).await?;
        self.read_by(async |redis| redis.hdel(&gates, poll.to_string()).await).await
    }

    pub(super) async fn sweep(&self) -> Result<bool, QueueError> {
        let rounds = self.rounds().await?;
        if rounds.is_empty() {
            return Ok(false);
        }
        let stored: HashMap<String, Vec<u8>> =
            self.read_by(async |redis| redis.hgetall(self.key("gates")).await).await?;
        let present = |poll: &PollId| {
            let gate = stored.get(&poll.to_string())?;
            gates::decode(gate).ok().map(|gate| gate.round)
        };
        // A round without a gate may be that of a poll whose gate is about to be installed again.
        let past = |(poll, round, _): &(PollId, u32, String)| present(poll).is_some_and(|now| *round < now);
        let gone: Vec<String> = rounds.into_iter().filter(past).map(|(.., name)| name).collect();
        let swept = !gone.is_empty();
        self.drop_rounds(&self.key("choices"), gone).await?;
        Ok(swept)
    }

    /// The rounds of which first choices are kept.
    async fn rounds(&self) -> Result<Vec<(PollId, u32, String)>, QueueError> {
        let names: Vec<String> = self.read_by(async |redis| redis.smembers(self.key("choices")).await).await?;
        let round = |name: String| {
            let (poll, round) = name.split_once(':')?;
            Some((poll.parse().ok()?, round.parse().ok()?, name))
        };
        Ok(names.into_iter().filter_map(round).collect())
    }

    /// Forgets the first choices of these rounds; the server frees their memory in the background.
    async fn drop_rounds(&self, index: &str, names: Vec<String>) -> Result<(), QueueError> {
        for name in names {
            let key = self.shared.keys.choices(&name);
            self.read_by(async |redis| {
                redis::pipe().atomic().unlink(&key).ignore().srem(index, &name).ignore().query_async::<()>(redis).await
            })
            .await?;
        }
        Ok(())
    }

    pub(super) async fn read(&self, partition: u16, from: EntryId, ballots: u64) -> Result<Vec<Record>, QueueError> {
        let key = self.shared.keys.log(partition);
        let mut records: Vec<Record> = Vec::new();
        let (mut next, mut read, mut step) = (from, 0, READ_STEP);
        while read < ballots {
            let reply: StreamRangeReply =
                self.read_by(async |redis| redis.xrange_count(&key, format!("{}-0", next.0), "+", step).await).await?;
            let complete = reply.ids.len() < step;
            for entry in reply.ids {
                if read >= ballots {
                    return Ok(records);
                }
                let record = record(&entry.id, &entry.map)?;
                next = EntryId(record.id.0 + 1);
                read += if record.id == from { 0 } else { u64::from(record.ballots) };
                records.push(record);
            }
            if complete {
                break;
            }
            step = (step * 4).min(MAX_READ_STEP);
        }
        Ok(records)
    }

    pub(super) async fn ends(&self) -> Result<Vec<LogEnd>, QueueError> {
        let stored: HashMap<u16, String> = self.read_by(async |redis| redis.hgetall(self.key("ends")).await).await?;
        let end = |partition: u16| stored.get(&partition).map_or(Ok(LogEnd::default()), |text| decode_end(text));
        (0..self.partitions()).map(end).collect()
    }

    pub(super) async fn wait_beyond(&self, ends: &[LogEnd]) {
        let keys: Vec<String> = (0..self.partitions()).map(|partition| self.shared.keys.log(partition)).collect();
        let last = |place| ends.get(place).map_or(0, |end: &LogEnd| end.entry.0);
        let ids: Vec<String> = (0..keys.len()).map(|place| format!("{}-0", last(place))).collect();
        let patience = usize::try_from(NEWS_PATIENCE.as_millis()).unwrap_or_default();
        let options = redis::streams::StreamReadOptions::default().block(patience).count(1);
        let news = self.shared.news.run(async |redis| -> RedisResult<Option<StreamReadReply>> {
            redis.xread_options(&keys, &ids, &options).await
        });
        if news.await.is_err() {
            // The caller looks for itself next, and reports what is wrong.
            tokio::time::sleep(NEWS_PATIENCE).await;
        }
    }

    /// Notes how far a partition was counted: the bound on what waits is measured from there.
    pub(super) async fn counted(&self, partition: u16, position: u64) -> Result<(), QueueError> {
        self.read_by(async |redis| redis.hset(self.key("counted"), partition, position).await).await
    }

    pub(super) async fn trim(&self, partition: u16, bookmark: &Bookmark, retain: u64) -> Result<u64, QueueError> {
        let (Some(marked), Some(oldest)) =
            (self.entry_from(partition, bookmark.entry).await?, self.entry_from(partition, EntryId(0)).await?)
        else {
            return Ok(0);
        };
        if !bookmark.names(marked.id, marked.fingerprint) {
            return Ok(0);
        }
        let position = marked.first.saturating_sub(retain);
        // The last entry that may become the first: ids have no gaps, so this halves.
        let (mut keep, mut beyond) = (oldest.id.0, bookmark.entry.0.min(oldest.id.0 + TRIM_STEP) + 1);
        while beyond - keep > 1 {
            let middle = keep.midpoint(beyond);
            let entry = self.entry_from(partition, EntryId(middle)).await?;
            if entry.is_some_and(|entry| entry.first <= position) {
                keep = middle;
            } else {
                beyond = middle;
            }
        }
        if keep == oldest.id.0 {
            return Ok(0);
        }
        let key = self.shared.keys.log(partition);
        self.read_by(async |redis| {
            redis::cmd("XTRIM").arg(&key).arg("MINID").arg("=").arg(format!("{keep}-0")).query_async(redis).await
        })
        .await
    }

    async fn entry_from(&self, partition: u16, from: EntryId) -> Result<Option<Record>, QueueError> {
        Ok(self.read(partition, from, 1).await?.into_iter().next())
    }

    pub(super) async fn probe(&self, now: Timestamp) -> Result<(), QueueError> {
        let key = self.key("probe");
        let millis = now.as_millisecond();
        let written = self.shared.steps.run(async |redis| redis.set::<_, _, ()>(&key, millis).await).await;
        written.map_err(QueueError::refused)
    }

    fn key(&self, name: &str) -> String {
        self.shared.keys.of(name)
    }

    async fn read_by<T>(
        &self,
        work: impl AsyncFnOnce(&mut redis::aio::MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T, QueueError> {
        self.shared.reads.run(work).await.map_err(QueueError::refused)
    }

    /// Sends a step, and learns from the answer how gates are.
    async fn take(&self, step: &Step, now: Timestamp) -> Result<Reply, QueueError> {
        if step.looked_at.is_empty() {
            return Ok(Reply::Done);
        }
        let mut call = self.shared.script.prepare_invoke();
        self.fill(&mut call, step, now);
        let acks = self.shared.options.acks;
        let replied = self.shared.steps.run(async |redis| {
            let reply: Value = call.invoke_async(redis).await?;
            let confirmed = match acks {
                Acks::Disk => true,
                Acks::Replica => redis::cmd("WAIT").arg(1).arg(2000).query_async::<u64>(redis).await? >= 1,
            };
            Ok((reply, confirmed))
        });
        let (reply, confirmed) = replied.await.map_err(fate)?;
        let reply = Reply::parse(reply).map_err(|error| fate(error.into()))?;
        match &reply {
            Reply::Done if !confirmed => return Err(QueueError::unknown(NoReplica)),
            Reply::Done => self.shared.learn(step.turn.gates.iter().map(|(poll, gate)| (*poll, Some(*gate)))),
            Reply::Gates(found) => {
                for ((poll, _), stored) in step.looked_at.iter().zip(found) {
                    let gate = if stored.is_empty() { None } else { Some(gates::decode(stored)?) };
                    self.shared.learn([(*poll, gate)]);
                }
            }
            Reply::Choices(_) | Reply::Full => {}
        }
        Ok(reply)
    }

    fn fill(&self, call: &mut redis::ScriptInvocation<'_>, step: &Step, now: Timestamp) {
        let keys = &self.shared.keys;
        for name in ["gates", "ends", "counted", "choices"] {
            call.key(keys.of(name));
        }
        call.arg(step.looked_at.len());
        for (poll, gate) in &step.looked_at {
            let expected = gate.as_ref().map(gates::encode).unwrap_or_default();
            let wanted = step.turn.gates.get(poll).map(gates::encode).unwrap_or_default();
            call.arg(poll.to_string()).arg(expected).arg(wanted);
        }
        call.arg(step.choices.len());
        for group in &step.choices {
            let name = format!("{}:{}", group.poll, group.round);
            call.key(keys.choices(&name));
            let voters: Vec<u8> = group.ballots.iter().flat_map(|(voter, _)| voter.0).collect();
            let choices: Vec<u8> = group.ballots.iter().map(|(_, choice)| choice.as_u8()).collect();
            call.arg(name).arg(voters).arg(choices);
        }
        let entries = entries(&step.turn, self.partitions(), now);
        let most = self.shared.options.max_unread / u64::from(self.partitions().max(1));
        call.arg(most).arg(entries.len());
        for (partition, entry) in entries {
            let body = format::encode(&entry);
            call.key(keys.log(partition));
            call.arg(partition).arg(entry.ballots()).arg(format::fingerprint(&body)).arg(&body[..]);
        }
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

/// The entry that each partition gets: its voters' ballots, and every marker.
fn entries(turn: &Turn, partitions: u16, now: Timestamp) -> Vec<(u16, Entry)> {
    let mut sections: Vec<Vec<Section>> = vec![Vec::new(); usize::from(partitions)];
    for accepted in &turn.accepted {
        let mut parts: Vec<Vec<(VoterKey, Choice)>> = vec![Vec::new(); usize::from(partitions)];
        for ballot in &accepted.ballots {
            parts[usize::from(ballot.0.partition(partitions))].push(*ballot);
        }
        for (sections, ballots) in sections.iter_mut().zip(parts).filter(|(_, ballots)| !ballots.is_empty()) {
            sections.push(Section::Ballots { poll: accepted.poll, generation: accepted.generation, ballots });
        }
    }
    for sections in &mut sections {
        sections.extend(turn.markers.iter().copied().map(Section::Closed));
    }
    let entry = |(partition, sections)| (partition, Entry { at: now, sections });
    (0..).zip(sections).filter(|(_, sections)| !sections.is_empty()).map(entry).collect()
}

fn record(id: &str, fields: &HashMap<String, Value>) -> Result<Record, QueueError> {
    fn field<T: FromRedisValue>(fields: &HashMap<String, Value>, name: &str) -> Option<T> {
        fields.get(name).cloned().and_then(|value| redis::from_redis_value(value).ok())
    }
    let id = id.strip_suffix("-0").and_then(|id| id.parse().ok()).ok_or_else(|| damaged("an entry's id"))?;
    let first = field(fields, "first").ok_or_else(|| damaged("an entry's position"))?;
    let ballots = field(fields, "ballots").ok_or_else(|| damaged("an entry's number of ballots"))?;
    let fingerprint = field(fields, "print").unwrap_or_default();
    let body = field::<Vec<u8>>(fields, "body").map(Bytes::from);
    let content = body
        .as_ref()
        .map_or(Err(Unreadable::Malformed("it has no body")), |body| format::decode_intact(body, fingerprint));
    Ok(Record { id: EntryId(id), first, ballots, fingerprint, body: body.unwrap_or_default(), content })
}

fn decode_end(text: &str) -> Result<LogEnd, QueueError> {
    let numbers: Vec<u64> = text.split(' ').filter_map(|number| number.parse().ok()).collect();
    let [entry, position, fingerprint] = numbers[..] else { return Err(damaged("the end of a log")) };
    Ok(LogEnd { entry: EntryId(entry), fingerprint, position })
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

impl Reply {
    fn parse(value: Value) -> RedisResult<Self> {
        let parts: Vec<Value> = redis::from_redis_value(value)?;
        let mut parts = parts.into_iter();
        let kind: String = redis::from_redis_value(parts.next().unwrap_or(Value::Nil))?;
        let mut rest = || parts.next().unwrap_or(Value::Nil);
        Ok(match kind.as_str() {
            "done" => Self::Done,
            "gates" => Self::Gates(redis::from_redis_value(rest())?),
            "choices" => {
                let found: Vec<(usize, usize, u8)> = redis::from_redis_value(rest())?;
                Self::Choices(found.into_iter().map(|(group, place, choice)| (group - 1, place - 1, choice)).collect())
            }
            _ => Self::Full,
        })
    }
}
