//! Applying a batch: a handful of set operations in one transaction.
//!
//! A group's ballots travel as one packed parameter, expanded in SQL against the `numbers` table: through this driver
//! a statement a row would be twenty times slower. A record is 30 bytes: the voter (16), the choice (2 digits)
//! and the distance of its sequence from the group's lowest (12 digits).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite as Db, Transaction};

use super::{Sqlite, turnout};
use crate::domain::ballot::{Sequence, VoterKey};
use crate::domain::fold::{Contest, Contests, Group, Placed, Plan};
use crate::domain::log::{Bookmark, EntryId, LogEnd, Marker};
use crate::domain::names::{MAX_OPTIONS, PollId};
use crate::store::StoreError;
use crate::store::values::{poll_id, signed, unsigned};

const WIDTH: usize = VoterKey::LENGTH + 2 + 12;
/// As many records as the `numbers` table can expand.
const CHUNK: usize = 8192;

/// A partition, locked by the file's one write transaction.
#[derive(Debug)]
pub struct Claim {
    pub(super) tx: Transaction<'static, Db>,
    pub(super) partition: u16,
    pub(super) partitions: u16,
    pub(super) bookmark: Bookmark,
}

/// What applying a group did to the terms of conservation and to the tally.
#[derive(Debug, Default)]
struct Effect {
    superseded: u64,
    repeated: u64,
    votes: Vec<i64>,
}

/// What applying all groups did.
#[derive(Debug, Default)]
struct Effects {
    superseded: u64,
    repeated: u64,
    votes: BTreeMap<(PollId, usize), i64>,
    /// New voters, by poll, round and step.
    came: BTreeMap<(PollId, u32, Timestamp), i64>,
}

impl Sqlite {
    /// One transaction writes at a time: whoever has begun one has all partitions to choose from.
    pub(crate) async fn claim(
        &self,
        ends: &BTreeMap<u16, LogEnd>,
        partitions: u16,
    ) -> Result<Option<Claim>, StoreError> {
        let mut tx = self.file.begin().await?;
        let mut behind: Option<(u64, u16, Option<Bookmark>)> = None;
        for (partition, end) in ends {
            let bookmark = read_bookmark(&mut *tx, *partition).await?;
            let distance = end.position.saturating_sub(bookmark.unwrap_or_default().position);
            if !bookmark.unwrap_or_default().is_at(end) && behind.is_none_or(|(most, ..)| distance > most) {
                behind = Some((distance, *partition, bookmark));
            }
        }
        let Some((_, partition, bookmark)) = behind else { return Ok(None) };
        if bookmark.is_none() {
            let insert = sqlx::query("INSERT OR IGNORE INTO partitions (partition) VALUES (?)").bind(partition);
            insert.execute(&mut *tx).await?;
        }
        Ok(Some(Claim { tx, partition, partitions, bookmark: bookmark.unwrap_or_default() }))
    }

    pub(crate) async fn bookmark(&self, partition: u16) -> Result<Bookmark, StoreError> {
        Ok(read_bookmark(self.file.readers(), partition).await?.unwrap_or_default())
    }

    /// A cross join is one whose order SQLite keeps: else it looks up every ballot there is among the rounds.
    pub(crate) async fn sweep(&self) -> Result<bool, StoreError> {
        let mut tx = self.file.begin().await?;
        let swept = sqlx::query(
            "DELETE FROM ballots WHERE (poll, round, voter) IN (\
               SELECT b.poll, b.round, b.voter FROM discarded_rounds d CROSS JOIN ballots b USING (poll, round) \
               LIMIT 4000)",
        )
        .execute(&mut *tx)
        .await?;
        let more = swept.rows_affected() > 0 || turnout::sweep(&mut tx).await? > 0;
        if !more {
            sqlx::query("DELETE FROM discarded_rounds").execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(more)
    }
}

pub(super) async fn read_bookmark<'e, E>(executor: E, partition: u16) -> Result<Option<Bookmark>, StoreError>
where
    E: sqlx::Executor<'e, Database = Db>,
{
    let query = sqlx::query("SELECT epoch, entry, fingerprint, position FROM partitions WHERE partition = ?");
    let row = query.bind(partition).fetch_optional(executor).await?;
    row.map(|row| {
        Ok(Bookmark {
            epoch: row.try_get("epoch")?,
            entry: EntryId(unsigned(row.try_get("entry")?)),
            fingerprint: unsigned(row.try_get("fingerprint")?),
            position: unsigned(row.try_get("position")?),
        })
    })
    .transpose()
}

impl Claim {
    pub(crate) fn partition(&self) -> u16 {
        self.partition
    }

    pub(crate) fn bookmark(&self) -> Bookmark {
        self.bookmark
    }

    pub(crate) async fn contests(&mut self, polls: &[PollId]) -> Result<Contests, StoreError> {
        let ids: Vec<i64> = polls.iter().map(|poll| signed(poll.get())).collect();
        let rows = sqlx::query(
            "SELECT id, round, allow_change, json_array_length(labels) AS options \
             FROM polls WHERE id IN (SELECT value FROM json_each(?))",
        )
        .bind(json(&ids))
        .fetch_all(&mut *self.tx)
        .await?;
        rows.iter().map(contest).collect()
    }

    pub(crate) async fn apply(&mut self, plan: &Plan, now: Timestamp) -> Result<Vec<PollId>, StoreError> {
        let mut effects = Effects::default();
        for group in &plan.groups {
            effects.add(group, &self.apply_group(group).await?);
        }
        effects.votes.retain(|_, votes| *votes != 0);
        let mut changed: BTreeSet<PollId> = effects.votes.keys().map(|(poll, _)| *poll).collect();
        for letter in &plan.dead {
            self.keep_dead_letter(letter, now).await?;
        }
        self.book(plan, effects.superseded, effects.repeated).await?;
        self.add_to_tallies(&effects.votes).await?;
        self.add_to_turnout(&effects.came).await?;
        self.raise_versions(&changed).await?;
        for marker in &plan.markers {
            if self.apply_marker(marker).await? {
                changed.insert(marker.poll);
            }
        }
        Ok(changed.into_iter().collect())
    }

    pub(crate) async fn move_bookmark(&mut self, bookmark: Bookmark, missed: u64) -> Result<(), StoreError> {
        self.book(&Plan { bookmark, read: missed, ..Plan::default() }, 0, 0).await
    }

    pub(crate) async fn undo(self) -> Result<(), StoreError> {
        Ok(self.tx.rollback().await?)
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }

    async fn apply_group(&mut self, group: &Group) -> Result<Effect, StoreError> {
        let mut effect = Effect { superseded: group.superseded, repeated: 0, votes: vec![0; MAX_OPTIONS] };
        for ballots in group.ballots.chunks(CHUNK) {
            let base = ballots.iter().map(|ballot| ballot.sequence).min().unwrap_or_default();
            let packed = pack(ballots, base);
            for ballot in ballots {
                effect.votes[ballot.choice.index()] += 1;
            }
            self.compare_with_standing(group, ballots.len(), &packed, base, &mut effect).await?;
            self.upsert(group, ballots.len(), &packed, base).await?;
        }
        Ok(effect)
    }

    /// Reads what these voters had chosen before, and corrects `effect`, which took all of them for new.
    async fn compare_with_standing(
        &mut self,
        group: &Group,
        count: usize,
        packed: &[u8],
        base: Sequence,
        effect: &mut Effect,
    ) -> Result<(), StoreError> {
        let rows = sqlx::query(
            "WITH new AS (SELECT substr(?1, n * 30 + 1, 16) AS voter, CAST(substr(?1, n * 30 + 17, 2) AS INTEGER) AS choice, \
               ?2 + CAST(substr(?1, n * 30 + 19, 12) AS INTEGER) AS sequence FROM numbers WHERE n < ?3) \
             SELECT old.choice AS old, new.choice AS new, old.sequence >= new.sequence AS stale, \
               old.choice = new.choice AND (old.sequence & ?6) = (new.sequence & ?6) AS same, count(*) AS ballots \
             FROM new CROSS JOIN ballots old ON old.poll = ?4 AND old.round = ?5 AND old.voter = new.voter \
             GROUP BY 1, 2, 3, 4",
        )
        .bind(packed)
        .bind(base.as_i64())
        .bind(signed(count as u64))
        .bind(signed(group.poll.get()))
        .bind(group.round)
        .bind(Sequence::POSITION_MASK)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in &rows {
            effect.correct(row, group.allow_change)?;
        }
        Ok(())
    }

    async fn upsert(&mut self, group: &Group, count: usize, packed: &[u8], base: Sequence) -> Result<(), StoreError> {
        let sql = if group.allow_change {
            "INSERT INTO ballots (poll, round, voter, choice, sequence) \
             SELECT ?4, ?5, substr(?1, n * 30 + 1, 16), CAST(substr(?1, n * 30 + 17, 2) AS INTEGER), \
               ?2 + CAST(substr(?1, n * 30 + 19, 12) AS INTEGER) FROM numbers WHERE n < ?3 \
             ON CONFLICT DO UPDATE SET choice = excluded.choice, sequence = excluded.sequence \
               WHERE excluded.sequence > ballots.sequence"
        } else {
            "INSERT INTO ballots (poll, round, voter, choice, sequence) \
             SELECT ?4, ?5, substr(?1, n * 30 + 1, 16), CAST(substr(?1, n * 30 + 17, 2) AS INTEGER), \
               ?2 + CAST(substr(?1, n * 30 + 19, 12) AS INTEGER) FROM numbers WHERE n < ?3 \
             ON CONFLICT DO NOTHING"
        };
        sqlx::query(sql)
            .bind(packed)
            .bind(base.as_i64())
            .bind(signed(count as u64))
            .bind(signed(group.poll.get()))
            .bind(group.round)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn book(&mut self, plan: &Plan, superseded: u64, repeated: u64) -> Result<(), StoreError> {
        let dead: u64 = plan.dead.iter().map(|letter| letter.ballots).sum();
        sqlx::query(
            "UPDATE partitions SET epoch = ?, entry = ?, fingerprint = ?, position = ?, applied = applied + ?, \
               superseded = superseded + ?, discarded = discarded + ?, dead = dead + ?, repeated = repeated + ? \
             WHERE partition = ?",
        )
        .bind(plan.bookmark.epoch)
        .bind(signed(plan.bookmark.entry.0))
        .bind(signed(plan.bookmark.fingerprint))
        .bind(signed(plan.bookmark.position))
        .bind(signed(plan.read) - signed(repeated))
        .bind(signed(superseded))
        .bind(signed(plan.discarded))
        .bind(signed(dead))
        .bind(signed(repeated))
        .bind(self.partition)
        .execute(&mut *self.tx)
        .await?;
        self.bookmark = plan.bookmark;
        Ok(())
    }

    async fn add_to_tallies(&mut self, moved: &BTreeMap<(PollId, usize), i64>) -> Result<(), StoreError> {
        if moved.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = moved.iter().map(|((poll, choice), votes)| (signed(poll.get()), choice, votes)).collect();
        sqlx::query(
            "INSERT INTO tallies (poll, choice, votes) \
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true \
             ON CONFLICT DO UPDATE SET votes = votes + excluded.votes",
        )
        .bind(json(&rows))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn raise_versions(&mut self, polls: &BTreeSet<PollId>) -> Result<(), StoreError> {
        if polls.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = polls.iter().map(|poll| signed(poll.get())).collect();
        sqlx::query("UPDATE polls SET shown = shown + 1 WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json(&ids))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Notes that this partition has passed a generation's last ballot; the last partition to do so makes it final.
    async fn apply_marker(&mut self, marker: &Marker) -> Result<bool, StoreError> {
        let (poll, generation) = (signed(marker.poll.get()), marker.generation);
        sqlx::query(
            "INSERT OR IGNORE INTO markers (poll, generation, partition) \
             SELECT id, generation, ?3 FROM polls WHERE id = ?1 AND generation = ?2",
        )
        .bind(poll)
        .bind(generation)
        .bind(self.partition)
        .execute(&mut *self.tx)
        .await?;
        let finished = sqlx::query(
            "UPDATE polls SET status = 'closed', final = 1, closes_at = ?3, shown = shown + 1, \
               text = CASE WHEN results = 'hidden' THEN text ELSE shown END + 1, \
               revision = revision + 1 \
             WHERE id = ?1 AND generation = ?2 AND final = 0 \
               AND (SELECT count(*) FROM markers WHERE poll = ?1 AND generation = ?2) = ?4",
        )
        .bind(poll)
        .bind(generation)
        .bind(marker.at.as_millisecond())
        .bind(self.partitions)
        .execute(&mut *self.tx)
        .await?;
        Ok(finished.rows_affected() > 0)
    }
}

impl Effect {
    fn correct(&mut self, row: &SqliteRow, allow_change: bool) -> Result<(), StoreError> {
        let place = |column| -> Result<usize, StoreError> {
            let stored: i64 = row.try_get(column)?;
            usize::try_from(stored).ok().filter(|place| *place < MAX_OPTIONS).ok_or(StoreError::Damaged("a choice"))
        };
        let (stale, same): (bool, bool) = (row.try_get("stale")?, row.try_get("same")?);
        let ballots: i64 = row.try_get("ballots")?;
        let replaces = allow_change && !stale && !same;
        self.votes[if replaces { place("old")? } else { place("new")? }] -= ballots;
        *(if same { &mut self.repeated } else { &mut self.superseded }) += unsigned(ballots);
        Ok(())
    }
}

impl Effects {
    fn add(&mut self, group: &Group, effect: &Effect) {
        self.superseded += effect.superseded;
        self.repeated += effect.repeated;
        for (choice, votes) in effect.votes.iter().enumerate().filter(|(_, votes)| **votes != 0) {
            *self.votes.entry((group.poll, choice)).or_default() += votes;
        }
        // Who changed a choice took a vote away and gave one: what is left over are those who are new.
        *self.came.entry((group.poll, group.round, group.at)).or_default() += effect.votes.iter().sum::<i64>();
    }
}

fn contest(row: &SqliteRow) -> Result<(PollId, Contest), StoreError> {
    let contest = Contest {
        round: row.try_get("round")?,
        options: usize::try_from(row.try_get::<i64, _>("options")?).unwrap_or_default(),
        allow_change: row.try_get("allow_change")?,
    };
    Ok((poll_id(row.try_get("id")?)?, contest))
}

fn pack(ballots: &[Placed], base: Sequence) -> Vec<u8> {
    let mut packed = Vec::with_capacity(ballots.len() * WIDTH);
    for ballot in ballots {
        packed.extend_from_slice(&ballot.voter.0);
        let distance = ballot.sequence.as_i64() - base.as_i64();
        // Writing to a Vec cannot fail.
        let _ = write!(packed, "{:02}{distance:012}", ballot.choice.as_u8());
    }
    packed
}

pub(super) fn json<T: serde::Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).unwrap_or_else(|_| "[]".into())
}
