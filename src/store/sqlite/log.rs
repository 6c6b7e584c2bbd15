//! The file behind the embedded queue: log entries, gates and first choices. The rules are in `queue::local`.

use std::collections::HashMap;
use std::path::Path;

use bytes::Bytes;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite as Db, Transaction};

use super::connect::{Connections, OpenError};
use crate::domain::ballot::{Attempt, FirstChoice, VoterKey};
use crate::domain::clock::from_millis;
use crate::domain::gate::{Gate, Phase};
use crate::domain::log::{EntryId, LogEnd};
use crate::domain::names::PollId;
use crate::store::StoreError;
use crate::store::values::{self, millis, poll_id, signed, unsigned};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite/queue");

/// A voter, a choice (2 digits) and an attempt (a sign and 10 digits), packed for the `numbers` table.
const WIDTH: usize = VoterKey::LENGTH + 2 + 11;
const CHUNK: usize = 8192;

/// The file of the embedded queue.
#[derive(Clone, Debug)]
pub struct LogFile {
    file: Connections,
}

/// A log row: an entry as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Its place.
    pub id: EntryId,
    /// Position of its first ballot.
    pub first: u64,
    /// How many ballots.
    pub ballots: u32,
    /// Hash of the body.
    pub fingerprint: u64,
    /// The encoded entry.
    pub body: Bytes,
}

/// What voters of one round of a poll without change chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstChoices {
    /// The poll.
    pub poll: PollId,
    /// Its round.
    pub round: u32,
    /// Who chose what, by which attempt.
    pub choices: Vec<(VoterKey, FirstChoice)>,
}

/// Everything one append or one turn of a gate changes, written together or not at all.
#[derive(Clone, Debug, Default)]
pub struct LogWrite {
    /// The entry to append.
    pub row: Option<LogRow>,
    /// Gates that changed.
    pub gates: Vec<(PollId, Gate)>,
    /// First choices to remember.
    pub choices: Vec<FirstChoices>,
}

/// Why a write did not happen, and whether it may have after all.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Nothing was written.
    #[error("nothing was written")]
    Refused(#[source] StoreError),
    /// The disk did not say whether the last step of it reached it.
    #[error("it is unknown whether it was written")]
    Unknown(#[source] StoreError),
}

impl LogFile {
    /// Opens the log at `path`, making it where it is missing.
    ///
    /// # Errors
    /// When the file is damaged, newer than this release, or not usable.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { file: Connections::open(path, &MIGRATIONS).await? })
    }

    /// Writes all of `write` durably. A lone entry, by far the most frequent write, is one statement.
    ///
    /// # Errors
    /// Says whether it may have been written after all.
    pub async fn write(&self, write: &LogWrite) -> Result<(), WriteError> {
        let refused = |error: sqlx::Error| WriteError::Refused(error.into());
        if let (Some(row), [], []) = (&write.row, &write.gates[..], &write.choices[..]) {
            return insert_row(self.file.writer(), row).await.map_err(fate_of_commit);
        }
        let mut tx = self.file.begin().await.map_err(refused)?;
        write_parts(&mut tx, write).await.map_err(refused)?;
        tx.commit().await.map_err(fate_of_commit)
    }

    /// All gates.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn gates(&self) -> Result<HashMap<PollId, Gate>, StoreError> {
        let rows = sqlx::query("SELECT * FROM gates").fetch_all(self.file.writer()).await?;
        rows.iter().map(gate).collect()
    }

    /// How far the log reaches, read behind the last write.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn end(&self) -> Result<LogEnd, StoreError> {
        let row = sqlx::query("SELECT id, fingerprint, first + ballots AS position FROM log ORDER BY id DESC LIMIT 1")
            .fetch_optional(self.file.writer())
            .await?;
        let Some(row) = row else { return Ok(LogEnd::default()) };
        Ok(LogEnd {
            entry: EntryId(unsigned(row.try_get("id")?)),
            fingerprint: unsigned(row.try_get("fingerprint")?),
            position: unsigned(row.try_get("position")?),
        })
    }

    /// Up to `limit` entries from `from` on.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn rows(&self, from: EntryId, limit: u32) -> Result<Vec<LogRow>, StoreError> {
        let rows =
            sqlx::query("SELECT id, first, ballots, fingerprint, body FROM log WHERE id >= ? ORDER BY id LIMIT ?")
                .bind(signed(from.0))
                .bind(limit)
                .fetch_all(self.file.readers())
                .await?;
        rows.iter().map(log_row).collect()
    }

    /// What these voters chose first, as far as they chose.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn first_choices(
        &self,
        poll: PollId,
        round: u32,
        voters: &[VoterKey],
    ) -> Result<HashMap<VoterKey, FirstChoice>, StoreError> {
        let mut found = HashMap::new();
        for voters in voters.chunks(CHUNK) {
            let packed: Vec<u8> = voters.iter().flat_map(|voter| voter.0).collect();
            let rows = sqlx::query(
                "SELECT voter, choice, attempt FROM numbers CROSS JOIN first_choices \
                 ON poll = ?1 AND round = ?2 AND voter = substr(?3, n * 16 + 1, 16) WHERE n < ?4",
            )
            .bind(signed(poll.get()))
            .bind(round)
            .bind(packed)
            .bind(signed(voters.len() as u64))
            .fetch_all(self.file.writer())
            .await?;
            for row in &rows {
                found.insert(voter_key(row.try_get("voter")?)?, first_choice(row)?);
            }
        }
        Ok(found)
    }

    /// Drops up to `limit` of the entries before `before`, the oldest first, and returns how many.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub async fn trim(&self, before: EntryId, limit: u32) -> Result<u64, StoreError> {
        let trimmed = sqlx::query("DELETE FROM log WHERE id IN (SELECT id FROM log WHERE id < ? ORDER BY id LIMIT ?)")
            .bind(signed(before.0))
            .bind(limit)
            .execute(self.file.writer())
            .await?;
        Ok(trimmed.rows_affected())
    }

    /// The newest entry all of whose ballots lie before `position`.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub async fn entry_before(&self, position: u64) -> Result<EntryId, StoreError> {
        let sql = "SELECT id FROM log WHERE first + ballots <= ? ORDER BY id DESC LIMIT 1";
        let id: Option<i64> =
            sqlx::query_scalar(sql).bind(signed(position)).fetch_optional(self.file.readers()).await?;
        Ok(EntryId(unsigned(id.unwrap_or_default())))
    }

    /// Drops up to some thousand first choices of rounds other than their gate's. `true` while there may be more.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub async fn sweep(&self) -> Result<bool, StoreError> {
        let swept = sqlx::query(
            "DELETE FROM first_choices WHERE (poll, round, voter) IN (\
               SELECT f.poll, f.round, f.voter FROM gates g \
               CROSS JOIN first_choices f ON f.poll = g.poll AND f.round <> g.round LIMIT 4000)",
        )
        .execute(self.file.writer())
        .await?;
        Ok(swept.rows_affected() > 0)
    }

    /// Forgets a deleted poll.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub async fn forget(&self, poll: PollId) -> Result<(), StoreError> {
        let mut tx = self.file.begin().await?;
        sqlx::query("DELETE FROM gates WHERE poll = ?").bind(signed(poll.get())).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM first_choices WHERE poll = ?").bind(signed(poll.get())).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Writes something small through to the disk.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub async fn probe(&self, now: jiff::Timestamp) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at")
            .bind(now.as_millisecond())
            .execute(self.file.writer())
            .await?;
        Ok(())
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.file.close().await;
    }
}

/// A commit that failed for want of room, of a lock or for its data was rolled back; one that failed while the disk
/// was asked to keep it may be there after a restart.
fn fate_of_commit(error: sqlx::Error) -> WriteError {
    if super::connect::may_have_committed(&error) {
        WriteError::Unknown(error.into())
    } else {
        WriteError::Refused(error.into())
    }
}

async fn insert_row<'e, E: sqlx::Executor<'e, Database = Db>>(executor: E, row: &LogRow) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO log (id, first, ballots, fingerprint, body) VALUES (?, ?, ?, ?, ?)")
        .bind(signed(row.id.0))
        .bind(signed(row.first))
        .bind(row.ballots)
        .bind(signed(row.fingerprint))
        .bind(&row.body[..])
        .execute(executor)
        .await?;
    Ok(())
}

async fn write_parts(tx: &mut Transaction<'static, Db>, write: &LogWrite) -> Result<(), sqlx::Error> {
    for (poll, gate) in &write.gates {
        write_gate(tx, *poll, gate).await?;
    }
    for first in &write.choices {
        remember(tx, first).await?;
    }
    match &write.row {
        Some(row) => insert_row(&mut **tx, row).await,
        None => Ok(()),
    }
}

async fn write_gate(tx: &mut Transaction<'static, Db>, poll: PollId, gate: &Gate) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT OR REPLACE INTO gates (poll, generation, round, revision, phase, opens_at, closes_at, allow_change, used) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(signed(poll.get()))
    .bind(gate.generation)
    .bind(gate.round)
    .bind(signed(gate.revision))
    .bind(match gate.phase {
        Phase::Shut => 0,
        Phase::Open => 1,
        Phase::Latched => 2,
    })
    .bind(millis(gate.opens_at))
    .bind(millis(gate.closes_at))
    .bind(gate.allow_change)
    .bind(gate.used)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn remember(tx: &mut Transaction<'static, Db>, first: &FirstChoices) -> Result<(), sqlx::Error> {
    for choices in first.choices.chunks(CHUNK) {
        let mut packed = Vec::with_capacity(choices.len() * WIDTH);
        for (voter, FirstChoice { choice, attempt }) in choices {
            packed.extend_from_slice(&voter.0);
            let numbers = format!("{:02}{:+011}", choice.as_u8(), i32::from_be_bytes(attempt.0));
            packed.extend_from_slice(numbers.as_bytes());
        }
        sqlx::query(
            "INSERT OR IGNORE INTO first_choices (poll, round, voter, choice, attempt) \
             SELECT ?1, ?2, substr(?3, n * 29 + 1, 16), CAST(substr(?3, n * 29 + 17, 2) AS INTEGER), \
             CAST(substr(?3, n * 29 + 19, 11) AS INTEGER) FROM numbers WHERE n < ?4",
        )
        .bind(signed(first.poll.get()))
        .bind(first.round)
        .bind(packed)
        .bind(signed(choices.len() as u64))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

fn gate(row: &SqliteRow) -> Result<(PollId, Gate), StoreError> {
    let phase = match row.try_get::<i64, _>("phase")? {
        0 => Phase::Shut,
        1 => Phase::Open,
        2 => Phase::Latched,
        _ => return Err(StoreError::Damaged("a gate")),
    };
    let gate = Gate {
        generation: row.try_get("generation")?,
        round: row.try_get("round")?,
        revision: unsigned(row.try_get("revision")?),
        phase,
        opens_at: row.try_get::<Option<i64>, _>("opens_at")?.map(from_millis),
        closes_at: row.try_get::<Option<i64>, _>("closes_at")?.map(from_millis),
        allow_change: row.try_get("allow_change")?,
        used: row.try_get("used")?,
    };
    Ok((poll_id(row.try_get("poll")?)?, gate))
}

fn log_row(row: &SqliteRow) -> Result<LogRow, StoreError> {
    Ok(LogRow {
        id: EntryId(unsigned(row.try_get("id")?)),
        first: unsigned(row.try_get("first")?),
        ballots: row.try_get("ballots")?,
        fingerprint: unsigned(row.try_get("fingerprint")?),
        body: Bytes::from(row.try_get::<Vec<u8>, _>("body")?),
    })
}

fn first_choice(row: &SqliteRow) -> Result<FirstChoice, StoreError> {
    let attempt: i32 = row.try_get("attempt")?;
    Ok(FirstChoice { choice: values::choice(row.try_get("choice")?)?, attempt: Attempt(attempt.to_be_bytes()) })
}

fn voter_key(stored: &[u8]) -> Result<VoterKey, StoreError> {
    stored.try_into().map(VoterKey).map_err(|_| StoreError::Damaged("a voter key"))
}
