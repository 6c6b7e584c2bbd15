//! Reading the log: entries, ends, news, and trimming what nobody needs any more.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use redis::streams::{StreamRangeReply, StreamReadReply};
use redis::{AsyncCommands, FromRedisValue, RedisResult, Value};

use super::{RedisQueue, damaged};
use crate::domain::log::{Bookmark, EntryId, LogEnd, Record, Unreadable};
use crate::queue::{QueueError, format};

/// How long a wait for news lasts: well under what the worker waits before it looks for itself, so that it never leaves
/// a blocked connection behind.
pub(super) const NEWS_PATIENCE: Duration = Duration::from_millis(800);
/// Entries trimmed in one call.
const TRIM_STEP: u64 = 500;
/// Entries read in the first call of a read; the following ones take more.
const READ_STEP: usize = 16;
const MAX_READ_STEP: usize = 256;

impl RedisQueue {
    pub(in crate::queue) async fn read(
        &self,
        partition: u16,
        from: EntryId,
        ballots: u64,
    ) -> Result<Vec<Record>, QueueError> {
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

    pub(in crate::queue) async fn ends(&self) -> Result<Vec<LogEnd>, QueueError> {
        let stored: HashMap<u16, String> = self.read_by(async |redis| redis.hgetall(self.key("ends")).await).await?;
        let end = |partition: u16| stored.get(&partition).map_or(Ok(LogEnd::default()), |text| decode_end(text));
        (0..self.partitions()).map(end).collect()
    }

    pub(in crate::queue) async fn wait_beyond(&self, ends: &[LogEnd]) {
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
    pub(in crate::queue) async fn counted(&self, partition: u16, position: u64) -> Result<(), QueueError> {
        let mut call = self.shared.counted.key(self.key("counted"));
        call.arg(partition).arg(position);
        self.read_by(async |redis| call.invoke_async(redis).await).await
    }

    pub(in crate::queue) async fn trim(
        &self,
        partition: u16,
        bookmark: &Bookmark,
        retain: u64,
    ) -> Result<u64, QueueError> {
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
