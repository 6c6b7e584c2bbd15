//! Applying a batch: a handful of set operations in one transaction.
//!
//! Everybody takes locks in the same order, so that nobody waits in a circle:
//!
//! 1. a worker its partition's row, which nobody waits for (others skip it), then ballots of that partition;
//! 2. polls, in order of their ids;
//! 3. tallies and turnout, each in order;
//! 4. row -1 of the partitions, organisers only.
//!
//! A worker locks polls late, when the bulk of its work is done, and then looks whether a round it counted in was
//! discarded meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{Postgres as Db, Row, Transaction};
use uuid::Uuid;

use super::rows::{self, integer, small, smallint, tiny};
use super::{Postgres, WRITE, within};
use crate::domain::ballot::Sequence;
use crate::domain::fold::{Contest, Contests, Group, Placed, Plan};
use crate::domain::log::{Bookmark, LogEnd, Marker};
use crate::domain::names::{MAX_OPTIONS, PollId};
use crate::store::StoreError;
use crate::store::values::{poll_id, signed, unsigned};

/// Ballots in one statement, at most.
const CHUNK: usize = 10_000;

/// A statement returns only what it has written, so a ballot's row tells in `previous` what was there before: the choice
/// that was replaced, or one of these.
const FRESH: i16 = -1;
const REPEATED: i16 = -2;

/// The last ballot stands. The same one again, under an older or a newer epoch, changes at most the sequence.
const UPSERT: &str = "WITH upserted AS (\
       INSERT INTO ballots (partition, poll, round, voter, choice, previous, sequence) \
       SELECT $1, $2, $3, voter, choice, -1, sequence \
       FROM unnest($4::uuid[], $5::smallint[], $6::bigint[]) AS new (voter, choice, sequence) \
       ON CONFLICT (poll, round, voter, partition) DO UPDATE SET choice = excluded.choice, \
         sequence = greatest(excluded.sequence, ballots.sequence), \
         previous = CASE WHEN excluded.choice = ballots.choice AND (excluded.sequence & $7) = (ballots.sequence & $7) \
           THEN -2 ELSE ballots.choice END \
       WHERE excluded.sequence > ballots.sequence \
         OR (excluded.choice = ballots.choice AND (excluded.sequence & $7) = (ballots.sequence & $7)) \
       RETURNING choice, previous) \
     SELECT choice, previous, count(*) AS ballots FROM upserted GROUP BY choice, previous";

/// The first ballot stands.
const INSERT: &str = "WITH upserted AS (\
       INSERT INTO ballots (partition, poll, round, voter, choice, previous, sequence) \
       SELECT $1, $2, $3, voter, choice, -1, sequence \
       FROM unnest($4::uuid[], $5::smallint[], $6::bigint[]) AS new (voter, choice, sequence) \
       ON CONFLICT (poll, round, voter, partition) DO UPDATE SET previous = -2 \
       WHERE excluded.choice = ballots.choice AND (excluded.sequence & $7) = (ballots.sequence & $7) \
       RETURNING choice, previous) \
     SELECT choice, previous, count(*) AS ballots FROM upserted GROUP BY choice, previous";

/// A partition, locked by a transaction.
#[derive(Debug)]
pub struct Claim {
    pub(super) tx: Transaction<'static, Db>,
    pub(super) partition: u16,
    pub(super) partitions: u16,
    pub(super) bookmark: Bookmark,
}

/// What applying groups did to the terms of conservation and to the tallies.
#[derive(Debug, Default)]
struct Effect {
    superseded: u64,
    repeated: u64,
    votes: BTreeMap<(PollId, i16), i64>,
    /// New voters, by poll, round and step.
    came: BTreeMap<(PollId, u32, Timestamp), i64>,
}

impl Postgres {
    pub(crate) async fn claim(
        &self,
        ends: &BTreeMap<u16, LogEnd>,
        partitions: u16,
    ) -> Result<Option<Claim>, StoreError> {
        within(WRITE, self.claim_one(ends, partitions)).await
    }

    async fn claim_one(&self, ends: &BTreeMap<u16, LogEnd>, partitions: u16) -> Result<Option<Claim>, StoreError> {
        let column = |of: fn(&LogEnd) -> u64| ends.values().map(|end| signed(of(end))).collect::<Vec<_>>();
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "SELECT p.partition, p.epoch, p.entry, p.fingerprint, p.position FROM partitions p \
             JOIN unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) \
               AS log (partition, entry, fingerprint, position) ON log.partition = p.partition \
             WHERE (p.entry, p.fingerprint) IS DISTINCT FROM (log.entry, log.fingerprint) \
             ORDER BY log.position - p.position DESC, p.partition LIMIT 1 FOR NO KEY UPDATE OF p SKIP LOCKED",
        )
        .bind(ends.keys().map(|partition| smallint(*partition)).collect::<Vec<_>>())
        .bind(column(|end| end.entry.0))
        .bind(column(|end| end.fingerprint))
        .bind(column(|end| end.position))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let partition = tiny(row.try_get::<i16, _>("partition")?.into());
        Ok(Some(Claim { tx, partition, partitions, bookmark: rows::bookmark(&row)? }))
    }
}

impl Claim {
    pub(crate) fn partition(&self) -> u16 {
        self.partition
    }

    pub(crate) fn bookmark(&self) -> Bookmark {
        self.bookmark
    }

    pub(crate) async fn contests(&mut self, polls: &[PollId]) -> Result<Contests, StoreError> {
        within(WRITE, async {
            let sql = "SELECT id, round, allow_change, cardinality(labels) AS options FROM polls WHERE id = ANY ($1)";
            sqlx::query(sql).bind(ids(polls)).fetch_all(&mut *self.tx).await?.iter().map(contest).collect()
        })
        .await
    }

    pub(crate) async fn apply(&mut self, plan: &Plan, now: Timestamp) -> Result<Vec<PollId>, StoreError> {
        within(WRITE, self.apply_all(plan, now)).await
    }

    pub(crate) async fn move_bookmark(&mut self, bookmark: Bookmark, missed: u64) -> Result<(), StoreError> {
        let plan = Plan { bookmark, read: missed, ..Plan::default() };
        within(WRITE, self.book(&plan, &Effect::default())).await?;
        Ok(())
    }

    pub(crate) async fn undo(self) -> Result<(), StoreError> {
        within(WRITE, async { Ok(self.tx.rollback().await?) }).await
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        within(WRITE, async { Ok(self.tx.commit().await?) }).await
    }

    async fn apply_all(&mut self, plan: &Plan, now: Timestamp) -> Result<Vec<PollId>, StoreError> {
        let mut effect = Effect::default();
        for group in &plan.groups {
            self.apply_group(group, &mut effect).await?;
        }
        self.lock_polls(plan).await?;
        let mut changed = self.book(plan, &effect).await?;
        changed.extend(self.apply_markers(&plan.markers).await?);
        for letter in &plan.dead {
            self.keep_dead_letter(letter, now).await?;
        }
        Ok(changed.into_iter().collect())
    }

    async fn apply_group(&mut self, group: &Group, effect: &mut Effect) -> Result<(), StoreError> {
        effect.superseded += group.superseded;
        for ballots in group.ballots.chunks(CHUNK) {
            let column = |of: fn(&Placed) -> i64| ballots.iter().map(of).collect::<Vec<_>>();
            let rows = sqlx::query(if group.allow_change { UPSERT } else { INSERT })
                .bind(smallint(self.partition))
                .bind(signed(group.poll.get()))
                .bind(integer(group.round))
                .bind(ballots.iter().map(|ballot| Uuid::from_bytes(ballot.voter.0)).collect::<Vec<_>>())
                .bind(ballots.iter().map(|ballot| i16::from(ballot.choice.as_u8())).collect::<Vec<_>>())
                .bind(column(|ballot| ballot.sequence.as_i64()))
                .bind(Sequence::POSITION_MASK)
                .fetch_all(&mut *self.tx)
                .await?;
            effect.add(group, ballots.len() as u64, &rows)?;
        }
        Ok(())
    }

    /// Locks all polls of the plan, in order. From here on nobody else counts into them.
    async fn lock_polls(&mut self, plan: &Plan) -> Result<(), StoreError> {
        let polls = plan.groups.iter().map(|group| group.poll).chain(plan.markers.iter().map(|marker| marker.poll));
        let polls: BTreeSet<PollId> = polls.collect();
        if polls.is_empty() {
            return Ok(());
        }
        let sql = "SELECT id, round FROM polls WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE";
        let locked: Vec<(i64, i32)> = sqlx::query_as(sql).bind(ids(&polls)).fetch_all(&mut *self.tx).await?;
        let rounds: BTreeMap<i64, u32> = locked.into_iter().map(|(poll, round)| (poll, small(round))).collect();
        let stands = |group: &Group| rounds.get(&signed(group.poll.get())) == Some(&group.round);
        if plan.groups.iter().all(stands) { Ok(()) } else { Err(StoreError::Changed) }
    }

    /// Notes that this partition has passed the last ballots of these generations; the last partition to do so makes one
    /// final. The markers are counted in a statement of its own: it sees those of whoever held a poll's lock before.
    /// Returns the polls that became final.
    async fn apply_markers(&mut self, markers: &[Marker]) -> Result<Vec<PollId>, StoreError> {
        if markers.is_empty() {
            return Ok(Vec::new());
        }
        let polls = ids(markers.iter().map(|marker| &marker.poll));
        let generations: Vec<i32> = markers.iter().map(|marker| integer(marker.generation)).collect();
        sqlx::query(
            "INSERT INTO markers (poll, generation, partition) SELECT p.id, p.generation, $3 FROM polls p \
             JOIN unnest($1::bigint[], $2::integer[]) AS marker (poll, generation) \
               ON (p.id, p.generation) = (marker.poll, marker.generation) ON CONFLICT DO NOTHING",
        )
        .bind(&polls)
        .bind(&generations)
        .bind(smallint(self.partition))
        .execute(&mut *self.tx)
        .await?;
        let finished: Vec<i64> = sqlx::query_scalar(
            "UPDATE polls p SET status = 'closed', final = true, closes_at = marker.at, shown = shown + 1, \
               text = CASE WHEN results = 'hidden' THEN text ELSE shown END + 1, revision = revision + 1 \
             FROM unnest($1::bigint[], $2::integer[], $3::bigint[]) AS marker (poll, generation, at) \
             WHERE (p.id, p.generation) = (marker.poll, marker.generation) AND NOT p.final \
               AND (SELECT count(*) FROM markers m WHERE (m.poll, m.generation) = (p.id, p.generation)) = $4 \
             RETURNING p.id",
        )
        .bind(&polls)
        .bind(&generations)
        .bind(markers.iter().map(|marker| marker.at.as_millisecond()).collect::<Vec<_>>())
        .bind(i64::from(self.partitions))
        .fetch_all(&mut *self.tx)
        .await?;
        finished.into_iter().map(poll_id).collect()
    }

    /// Moves votes, adds new voters, raises the versions of the polls in which any vote moved, and books all of it on
    /// the partition: in one statement, for a small batch costs what its round trips cost. Returns those polls.
    async fn book(&mut self, plan: &Plan, effect: &Effect) -> Result<BTreeSet<PollId>, StoreError> {
        let moved: Vec<_> = effect.votes.iter().filter(|(_, votes)| **votes != 0).collect();
        let changed: BTreeSet<PollId> = moved.iter().map(|((poll, _), _)| *poll).collect();
        let dead: u64 = plan.dead.iter().map(|letter| letter.ballots).sum();
        sqlx::query(
            "WITH moved AS ( \
               INSERT INTO tallies (poll, choice, votes) \
               SELECT * FROM unnest($11::bigint[], $12::smallint[], $13::bigint[]) AS new (poll, choice, votes) \
               ORDER BY poll, choice ON CONFLICT (poll, choice) DO UPDATE SET votes = tallies.votes + excluded.votes), \
             come AS ( \
               INSERT INTO turnout (poll, round, at, voters) \
               SELECT * FROM unnest($15::bigint[], $16::integer[], $17::bigint[], $18::bigint[]) \
                 AS new (poll, round, at, voters) ORDER BY poll, round, at \
               ON CONFLICT (poll, round, at) DO UPDATE SET voters = turnout.voters + excluded.voters), \
             raised AS (UPDATE polls SET shown = shown + 1 WHERE id = ANY ($14)) \
             UPDATE partitions SET epoch = $2, entry = $3, fingerprint = $4, position = $5, applied = applied + $6, \
               superseded = superseded + $7, discarded = discarded + $8, dead = dead + $9, repeated = repeated + $10 \
             WHERE partition = $1",
        )
        .bind(smallint(self.partition))
        .bind(i32::from(plan.bookmark.epoch))
        .bind(signed(plan.bookmark.entry.0))
        .bind(signed(plan.bookmark.fingerprint))
        .bind(signed(plan.bookmark.position))
        .bind(signed(plan.read) - signed(effect.repeated))
        .bind(signed(effect.superseded))
        .bind(signed(plan.discarded))
        .bind(signed(dead))
        .bind(signed(effect.repeated))
        .bind(moved.iter().map(|((poll, _), _)| signed(poll.get())).collect::<Vec<_>>())
        .bind(moved.iter().map(|((_, choice), _)| *choice).collect::<Vec<_>>())
        .bind(moved.iter().map(|(_, votes)| **votes).collect::<Vec<_>>())
        .bind(ids(&changed))
        .bind(effect.came.keys().map(|(poll, ..)| signed(poll.get())).collect::<Vec<_>>())
        .bind(effect.came.keys().map(|(_, round, _)| integer(*round)).collect::<Vec<_>>())
        .bind(effect.came.keys().map(|(.., at)| at.as_millisecond()).collect::<Vec<_>>())
        .bind(effect.came.values().copied().collect::<Vec<_>>())
        .execute(&mut *self.tx)
        .await?;
        self.bookmark = plan.bookmark;
        Ok(changed)
    }
}

impl Effect {
    /// Adds what upserting `ballots` of a group returned; what it did not return was stale.
    fn add(&mut self, group: &Group, ballots: u64, rows: &[PgRow]) -> Result<(), StoreError> {
        let poll = group.poll;
        let mut written = 0;
        for row in rows {
            let (choice, previous): (i16, i16) = (row.try_get("choice")?, row.try_get("previous")?);
            let count: i64 = row.try_get("ballots")?;
            written += unsigned(count);
            match previous {
                FRESH => {
                    *self.votes.entry((poll, choice)).or_default() += count;
                    *self.came.entry((poll, group.round, group.at)).or_default() += count;
                }
                REPEATED => self.repeated += unsigned(count),
                replaced if usize::try_from(replaced).is_ok_and(|replaced| replaced < MAX_OPTIONS) => {
                    *self.votes.entry((poll, replaced)).or_default() -= count;
                    *self.votes.entry((poll, choice)).or_default() += count;
                    self.superseded += unsigned(count);
                }
                _ => return Err(StoreError::Damaged("a choice")),
            }
        }
        self.superseded += ballots - written.min(ballots);
        Ok(())
    }
}

fn contest(row: &PgRow) -> Result<(PollId, Contest), StoreError> {
    let contest = Contest {
        round: small(row.try_get("round")?),
        options: usize::try_from(row.try_get::<i32, _>("options")?).unwrap_or_default(),
        allow_change: row.try_get("allow_change")?,
    };
    Ok((poll_id(row.try_get("id")?)?, contest))
}

fn ids<'a>(polls: impl IntoIterator<Item = &'a PollId>) -> Vec<i64> {
    polls.into_iter().map(|poll| signed(poll.get())).collect()
}
