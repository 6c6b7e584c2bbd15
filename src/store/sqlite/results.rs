//! Reading what was counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::Row;

use super::Sqlite;
use super::rows;
use crate::domain::ballot::VoterKey;
use crate::domain::ledger::Ledger;
use crate::domain::names::{Choice, PollId};
use crate::domain::snapshot::Snapshot;
use crate::store::StoreError;
use crate::store::values::{self, poll_id, signed, unsigned};

impl Sqlite {
    pub(crate) async fn snapshot(&self, id: PollId, now: Timestamp) -> Result<Option<Snapshot>, StoreError> {
        let row = sqlx::query(
            "SELECT *, (SELECT json_group_array(json_array(choice, votes)) FROM tallies WHERE poll = polls.id) AS votes \
             FROM polls WHERE id = ?",
        )
        .bind(signed(id.get()))
        .fetch_optional(self.file.readers())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let poll = rows::poll(&row)?;
        let stored: Vec<(usize, u64)> =
            serde_json::from_str(row.try_get("votes")?).map_err(|_| StoreError::Damaged("a tally"))?;
        let mut votes = vec![0; poll.labels.len()];
        for (choice, count) in stored {
            if let Some(place) = votes.get_mut(choice) {
                *place = count;
            }
        }
        Ok(Some(Snapshot { poll: Arc::new(poll), votes, at: now }))
    }

    pub(crate) async fn totals(&self) -> Result<BTreeMap<PollId, u64>, StoreError> {
        let sql = "SELECT poll, sum(votes) FROM tallies GROUP BY poll";
        let rows: Vec<(i64, i64)> = sqlx::query_as(sql).fetch_all(self.file.readers()).await?;
        rows.into_iter().map(|(poll, votes)| Ok((poll_id(poll)?, unsigned(votes)))).collect()
    }

    pub(crate) async fn choice(&self, poll: PollId, round: u32, voter: VoterKey) -> Result<Option<Choice>, StoreError> {
        let stored: Option<i64> =
            sqlx::query_scalar("SELECT choice FROM ballots WHERE poll = ? AND round = ? AND voter = ?")
                .bind(signed(poll.get()))
                .bind(round)
                .bind(&voter.0[..])
                .fetch_optional(self.file.readers())
                .await?;
        stored.map(values::choice).transpose()
    }

    pub(crate) async fn ledger(&self) -> Result<Ledger, StoreError> {
        let row = sqlx::query(
            "SELECT coalesce(sum(applied), 0) AS applied, coalesce(sum(superseded), 0) AS superseded, \
               coalesce(sum(discarded), 0) AS discarded, coalesce(sum(dead), 0) AS dead, \
               coalesce(sum(repeated), 0) AS repeated, \
               (SELECT coalesce(sum(votes), 0) FROM tallies) AS counted FROM partitions",
        )
        .fetch_one(self.file.readers())
        .await?;
        let term = |column| Ok::<u64, StoreError>(unsigned(row.try_get(column)?));
        Ok(Ledger {
            applied: term("applied")?,
            counted: term("counted")?,
            superseded: term("superseded")?,
            discarded: term("discarded")?,
            dead: term("dead")?,
            repeated: term("repeated")?,
            pending: 0,
        })
    }

    pub(crate) async fn verify(&self) -> Result<Vec<PollId>, StoreError> {
        let differing: Vec<i64> = sqlx::query_scalar(
            "WITH fold AS (SELECT b.poll, b.choice, count(*) AS votes FROM ballots b \
               JOIN polls p ON p.id = b.poll AND p.round = b.round GROUP BY 1, 2), \
             shown AS (SELECT poll, choice, votes FROM tallies WHERE votes <> 0) \
             SELECT DISTINCT poll FROM (\
               SELECT * FROM (SELECT * FROM fold EXCEPT SELECT * FROM shown) \
               UNION ALL SELECT * FROM (SELECT * FROM shown EXCEPT SELECT * FROM fold))",
        )
        .fetch_all(self.file.readers())
        .await?;
        differing.into_iter().map(poll_id).collect()
    }
}
