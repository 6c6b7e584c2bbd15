//! Rounds of which first choices are kept, and their end.

use std::collections::HashMap;

use redis::AsyncCommands;

use super::{RedisQueue, gates};
use crate::domain::names::PollId;
use crate::queue::QueueError;

impl RedisQueue {
    pub(in crate::queue) async fn forget(&self, poll: PollId) -> Result<(), QueueError> {
        self.shared.known().remove(&poll);
        let (gates, index) = (self.key("gates"), self.key("choices"));
        let rounds = self.rounds().await?;
        let gone = rounds.into_iter().filter(|(of, ..)| *of == poll).map(|(.., name)| name);
        self.drop_rounds(&index, gone.collect()).await?;
        self.read_by(async |redis| redis.hdel(&gates, poll.to_string()).await).await
    }

    pub(in crate::queue) async fn sweep(&self) -> Result<bool, QueueError> {
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
}
