//! The embedded queue: one partition in one file, one appender at a time.
//!
//! Gates and the log's end live in memory behind a lock and are written in the same transaction as the entry they
//! belong to. After a write that failed, memory is read anew from the file, which alone knows what became of it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard, watch};

use super::turn::{Accepted, Gates, Turn};
use super::{Answer, QueueError, format};
use crate::domain::ballot::{Ballot, VoterKey};
use crate::domain::gate::Gate;
use crate::domain::log::{Bookmark, Entry, EntryId, LogEnd, Record, Section};
use crate::domain::names::PollId;
use crate::store::sqlite::connect::OpenError;
use crate::store::sqlite::log::{FirstChoices, LogFile, LogRow, LogWrite, WriteError};

/// Entries trimmed in one statement: a few milliseconds of the writing connection.
const TRIM_STEP: u32 = 500;
/// Entries read in one statement.
const READ_STEP: u32 = 256;

/// The queue in one file. Cloning shares it.
#[derive(Clone, Debug)]
pub struct LocalQueue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: LogFile,
    memory: Mutex<Memory>,
    newest: watch::Sender<EntryId>,
}

#[derive(Debug)]
struct Memory {
    gates: HashMap<PollId, Gate>,
    end: LogEnd,
    /// Whether a write failed since memory was read.
    stale: bool,
}

impl LocalQueue {
    /// Opens the queue at `path`, making it where it is missing.
    ///
    /// # Errors
    /// When the file is damaged, newer than this release, or not usable.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let file = LogFile::open(path).await?;
        let memory = Memory { gates: HashMap::new(), end: LogEnd::default(), stale: true };
        let shared = Shared { file, memory: Mutex::new(memory), newest: watch::Sender::new(EntryId(0)) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether anything was ever accepted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn holds_ballots(&self) -> Result<bool, QueueError> {
        Ok(self.memory().await?.end.position > 0)
    }

    pub(super) async fn append(&self, ballots: &[Ballot], now: Timestamp) -> Result<Vec<Answer>, QueueError> {
        let mut memory = self.memory().await?;
        let mut turn = Turn::default();
        let mut answers: Vec<Answer> = ballots.iter().map(|ballot| turn.admit(&memory.gates, ballot, now)).collect();
        let choices = self.hold_to_first_choices(&memory, &turn, ballots, &mut answers).await?;
        for (ballot, _) in ballots.iter().zip(&answers).filter(|(_, answer)| **answer == Answer::Accepted) {
            turn.accept(&memory.gates, ballot);
        }
        self.write(&mut memory, turn, choices, now).await?;
        Ok(answers)
    }

    pub(super) async fn install(&self, poll: PollId, wanted: &Gate, now: Timestamp) -> Result<(), QueueError> {
        self.turn(now, |turn, gates| turn.install(gates, poll, wanted, now)).await
    }

    pub(super) async fn close_gate(&self, poll: PollId, generation: u32, now: Timestamp) -> Result<(), QueueError> {
        self.turn(now, |turn, gates| turn.close(gates, poll, generation, now)).await
    }

    pub(super) async fn repeat_markers(&self, now: Timestamp) -> Result<(), QueueError> {
        self.turn(now, |turn, gates| turn.repeat_markers(gates, now)).await
    }

    async fn turn(&self, now: Timestamp, decide: impl FnOnce(&mut Turn, &Gates)) -> Result<(), QueueError> {
        let mut memory = self.memory().await?;
        let mut turn = Turn::default();
        decide(&mut turn, &memory.gates);
        self.write(&mut memory, turn, Vec::new(), now).await
    }

    pub(super) async fn gate(&self, poll: PollId) -> Result<Option<Gate>, QueueError> {
        Ok(self.memory().await?.gates.get(&poll).copied())
    }

    pub(super) async fn forget(&self, poll: PollId) -> Result<(), QueueError> {
        let mut memory = self.memory().await?;
        memory.stale = true;
        self.shared.file.forget(poll).await.map_err(QueueError::refused)?;
        memory.gates.remove(&poll);
        memory.stale = false;
        Ok(())
    }

    pub(super) async fn read(&self, partition: u16, from: EntryId, ballots: u64) -> Result<Vec<Record>, QueueError> {
        debug_assert_eq!(partition, 0, "the embedded queue has one partition");
        let mut records: Vec<Record> = Vec::new();
        let (mut next, mut read) = (from, 0);
        while read < ballots {
            let rows = self.shared.file.rows(next, READ_STEP).await.map_err(QueueError::refused)?;
            let complete = rows.len() < READ_STEP as usize;
            for row in rows {
                if read >= ballots {
                    return Ok(records);
                }
                next = EntryId(row.id.0 + 1);
                read += if row.id == from { 0 } else { u64::from(row.ballots) };
                records.push(record(row));
            }
            if complete {
                break;
            }
        }
        Ok(records)
    }

    pub(super) async fn end(&self) -> Result<LogEnd, QueueError> {
        Ok(self.memory().await?.end)
    }

    pub(super) async fn wait_beyond(&self, ends: &[LogEnd]) {
        let last = ends.first().map_or(EntryId(0), |end| end.entry);
        let mut newest = self.shared.newest.subscribe();
        // The sender lives in `self.shared`, so waiting cannot fail.
        let _ = newest.wait_for(|newest| *newest != last).await;
    }

    pub(super) async fn trim(&self, partition: u16, bookmark: &Bookmark, retain: u64) -> Result<u64, QueueError> {
        debug_assert_eq!(partition, 0, "the embedded queue has one partition");
        let file = &self.shared.file;
        let marked = file.rows(bookmark.entry, 1).await.map_err(QueueError::refused)?;
        let Some(marked) = marked.first().filter(|row| bookmark.names(row.id, row.fingerprint)) else { return Ok(0) };
        let position = marked.first.saturating_sub(retain);
        let before = file.entry_before(position).await.map_err(QueueError::refused)?.min(bookmark.entry);
        file.trim(before, TRIM_STEP).await.map_err(QueueError::refused)
    }

    pub(super) async fn sweep(&self) -> Result<bool, QueueError> {
        self.shared.file.sweep().await.map_err(QueueError::refused)
    }

    pub(super) async fn probe(&self, now: Timestamp) -> Result<(), QueueError> {
        drop(self.memory().await?);
        self.shared.file.probe(now).await.map_err(QueueError::refused)
    }

    pub(super) async fn shut_down(&self) {
        self.shared.file.close().await;
    }

    /// Locks memory, reading it anew where a write failed.
    async fn memory(&self) -> Result<MutexGuard<'_, Memory>, QueueError> {
        let mut memory = self.shared.memory.lock().await;
        if memory.stale {
            let file = &self.shared.file;
            memory.gates = file.gates().await.map_err(QueueError::refused)?;
            memory.end = file.end().await.map_err(QueueError::refused)?;
            memory.stale = false;
            self.shared.newest.send_replace(memory.end.entry);
        }
        Ok(memory)
    }

    /// In polls without change, turns down whoever made another choice or attempt before, in this batch or earlier.
    async fn hold_to_first_choices(
        &self,
        memory: &Memory,
        turn: &Turn,
        ballots: &[Ballot],
        answers: &mut [Answer],
    ) -> Result<Vec<FirstChoices>, QueueError> {
        let mut remembered = Vec::new();
        let strict = |gate: Option<&Gate>| gate.is_some_and(|gate| !gate.allow_change);
        let mut voters: HashMap<PollId, Vec<VoterKey>> = HashMap::new();
        for (ballot, _) in ballots.iter().zip(&*answers).filter(|(_, answer)| **answer == Answer::Accepted) {
            if strict(turn.gate(&memory.gates, ballot.poll)) {
                voters.entry(ballot.poll).or_default().push(ballot.voter);
            }
        }
        for (poll, voters) in voters {
            let Some(round) = turn.gate(&memory.gates, poll).map(|gate| gate.round) else { continue };
            let file = &self.shared.file;
            let mut known = file.first_choices(poll, round, &voters).await.map_err(QueueError::refused)?;
            let mut choices = Vec::new();
            let admitted = ballots
                .iter()
                .zip(&mut *answers)
                .filter(|(ballot, answer)| ballot.poll == poll && **answer == Answer::Accepted);
            for (ballot, answer) in admitted {
                let mine = ballot.first_choice();
                let first = *known.entry(ballot.voter).or_insert_with(|| {
                    choices.push((ballot.voter, mine));
                    mine
                });
                if first != mine {
                    *answer = Answer::AlreadyVoted;
                }
            }
            remembered.push(FirstChoices { poll, round, choices });
        }
        Ok(remembered)
    }

    async fn write(
        &self,
        memory: &mut Memory,
        turn: Turn,
        choices: Vec<FirstChoices>,
        now: Timestamp,
    ) -> Result<(), QueueError> {
        let (write, end) = to_write(memory, turn, choices, now);
        if write.row.is_none() && write.gates.is_empty() {
            return Ok(());
        }
        // Until the write has returned: a caller that gives up waiting must leave memory to be read anew.
        memory.stale = true;
        self.shared.file.write(&write).await.map_err(|error| match error {
            WriteError::Refused(source) => QueueError::refused(source),
            WriteError::Unknown(source) => QueueError::unknown(source),
        })?;
        memory.gates.extend(write.gates);
        memory.end = end;
        memory.stale = false;
        self.shared.newest.send_replace(end.entry);
        Ok(())
    }
}

fn to_write(memory: &Memory, turn: Turn, choices: Vec<FirstChoices>, now: Timestamp) -> (LogWrite, LogEnd) {
    let ballots = |Accepted { poll, generation, ballots }| Section::Ballots { poll, generation, ballots };
    let sections: Vec<Section> =
        turn.accepted.into_iter().map(ballots).chain(turn.markers.into_iter().map(Section::Closed)).collect();
    let mut write = LogWrite { row: None, gates: turn.gates.into_iter().collect(), choices };
    let mut end = memory.end;
    if !sections.is_empty() {
        let entry = Entry { at: now, sections };
        let ballots = u32::try_from(entry.ballots()).unwrap_or(u32::MAX);
        let body = format::encode(&entry);
        let fingerprint = format::fingerprint(&body);
        let id = EntryId(end.entry.0 + 1);
        write.row = Some(LogRow { id, first: end.position, ballots, fingerprint, body });
        end = LogEnd { entry: id, fingerprint, position: end.position + u64::from(ballots) };
    }
    (write, end)
}

fn record(row: LogRow) -> Record {
    let content = format::decode_intact(&row.body, row.fingerprint);
    let LogRow { id, first, ballots, fingerprint, body } = row;
    Record { id, first, ballots, fingerprint, body, content }
}
