//! Redis comes back with an older copy of its file: the log's history forks. What the copy holds and what comes after
//! counts once, and what was counted of the tail that is gone stays counted. Each test fails unless the worker has
//! noticed the fork.

use std::ops::Range;

use hemicycle::domain::clock::Clock;
use hemicycle_stack::whole::{Stack, StackOptions};
use reqwest::StatusCode;
use serde_json::json;
use sqlx::Connection;
use tempfile::TempDir;

use super::{Standing, vote};
use crate::sandbox::binary;

const PARTITIONS: u16 = 2;

/// Voters whose ballots are in the copy; those of the tail that is lost; those who come afterwards.
const BEFORE: Range<u32> = 0..40;
const LOST: Range<u32> = 40..60;
const AFTER: Range<u32> = 60..140;

/// Changes their mind in the lost tail.
const FICKLE: u32 = 0;
/// Votes in the lost tail, and again for something else afterwards.
const RETURNING: u32 = 40;

/// A product whose worker and Redis are stopped, and what Redis was at an earlier moment.
struct Forked {
    standing: Standing,
    copy: TempDir,
}

impl Forked {
    /// In all polls: `BEFORE` votes for `a`, a copy is made, `LOST` votes for `b`, all is counted. The poll `over` is
    /// closed after the copy was made.
    async fn start() -> Self {
        let options = StackOptions::lean(binary(), &["vote,result,polls,users,site", "worker"]);
        let standing = Standing::start(StackOptions { partitions: Some(PARTITIONS.into()), ..options }).await;
        let (site, copy) = (&standing.site, TempDir::new().unwrap());
        site.make_poll(json!({ "slug": "once", "allow_change": false })).await;
        site.make_poll(json!({ "slug": "over" })).await;
        for poll in ["default", "once", "over"] {
            vote(site, poll, BEFORE, "a").await;
        }
        let older = copy.path().join("older");
        standing.blocking(move |stack| stack.redis.copy_aof(&older).unwrap()).await;
        for poll in ["default", "once", "over"] {
            vote(site, poll, LOST, "b").await;
        }
        vote(site, "default", FICKLE..FICKLE + 1, "b").await;
        assert_eq!(site.organise("/polls/over/close", &json!({})).await.0, StatusCode::OK);
        site.results_when("over", |results| results["final"] == true).await;
        let forked = Self { standing, copy };
        forked.standing.settle().await;
        assert_eq!(forked.standing.votes("default").await, [39, 21]);
        assert_eq!(forked.standing.metric("conservation_difference").await, Some(0.0));
        forked
            .standing
            .blocking(|stack| {
                worker(stack).terminate().unwrap();
                stack.redis.stop().unwrap();
            })
            .await;
        forked
    }

    async fn redis_comes_back_older(&self) {
        let older = self.copy.path().join("older");
        self.standing.blocking(move |stack| stack.redis.start_again_from(&older).unwrap()).await;
    }

    async fn worker_starts(&self) {
        self.standing.blocking(|stack| worker(stack).start_again().unwrap()).await;
    }

    /// All who come afterwards vote for `a`.
    async fn voting_goes_on(&self) {
        let site = &self.standing.site;
        for poll in ["default", "once"] {
            vote(site, poll, AFTER, "a").await;
        }
        vote(site, "default", RETURNING..RETURNING + 1, "a").await;
        // The log has forgotten that this voter chose otherwise; the database has not.
        vote(site, "once", RETURNING..RETURNING + 1, "a").await;
    }

    /// Everybody is counted once, with the choice that stands.
    async fn check(self, over: [u64; 2]) {
        self.standing.settle().await;
        assert_eq!(self.standing.metric("log_forks_total").await, Some(f64::from(PARTITIONS)), "a fork went unnoticed");
        assert_eq!(self.standing.metric("log_gaps_total").await, Some(0.0));
        assert_eq!(self.standing.metric("ballots_dead_total").await, Some(0.0));
        assert_eq!(self.standing.metric("conservation_difference").await, Some(0.0));
        // One of the lost came back and chose `a`. Whoever had changed their mind in the lost tail is back at the
        // ballot that the log still holds: all that is retained is counted again, as the newest that is known.
        assert_eq!(self.standing.votes("default").await, [40 + 80 + 1, 19]);
        assert_eq!(self.standing.votes("once").await, [40 + 80, 20]);
        assert_eq!(self.standing.votes("over").await, over);
        assert_eq!(self.standing.site.vote("over", "late", "a").await.0, StatusCode::CONFLICT);
        self.standing.assert_tallies_equal_the_fold().await;
    }
}

fn worker(stack: &Stack) -> &hemicycle_stack::role::Role {
    stack.with_role("worker").next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_ends_before_the_bookmark_is_read_again_and_nobody_counts_twice() {
    let forked = Forked::start().await;
    forked.redis_comes_back_older().await;
    assert!(forked.standing.entries().await.iter().all(|(counted, end)| end < counted), "no tail was lost");
    // With all partitions locked the worker cannot look yet.
    let mut database = forked.standing.database().await;
    let mut lock = database.begin().await.unwrap();
    sqlx::query("SELECT FROM partitions WHERE partition >= 0 FOR UPDATE").fetch_all(&mut *lock).await.unwrap();
    forked.worker_starts().await;
    assert_eq!(forked.standing.metric("log_forks_total").await, Some(0.0));
    assert_eq!(
        forked.standing.metric("ballots_pending").await,
        Some(120.0),
        "all that the copy holds will be read again"
    );
    assert_eq!(forked.standing.metric("conservation_difference").await, Some(0.0));
    // The copy knows nothing of the closing. What it lets in before the worker has noticed was acknowledged, and counts.
    vote(&forked.standing.site, "over", LOST.start..LOST.start + 1, "a").await;
    lock.rollback().await.unwrap();
    forked.standing.settle().await;
    assert_eq!(forked.standing.metric("log_forks_total").await, Some(f64::from(PARTITIONS)));
    assert_eq!(forked.standing.votes("default").await, [40, 20], "those counted of the lost tail stay counted");
    forked.voting_goes_on().await;
    forked.check([41, 19]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_log_on_a_server_whose_clock_is_ahead_is_read_again() {
    let forked = Forked::start().await;
    forked.standing.blocking(|stack| stack.redis.put_clock_ahead(3600).unwrap()).await;
    forked.redis_comes_back_older().await;
    let info = forked.standing.blocking(|stack| stack.redis.command(&["INFO", "server"]).unwrap()).await;
    let time = info.text().unwrap().lines().find_map(|line| line.strip_prefix("server_time_usec:")?.parse().ok());
    assert!(time.unwrap_or(0) / 1_000_000 > Clock::System.now().as_second() + 3000, "its clock is right");
    forked.worker_starts().await;
    forked.voting_goes_on().await;
    forked.check([40, 20]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_has_grown_past_the_bookmark_with_other_ballots_is_read_again() {
    let forked = Forked::start().await;
    forked.redis_comes_back_older().await;
    forked.voting_goes_on().await;
    assert!(
        forked.standing.entries().await.iter().all(|(counted, end)| end > counted),
        "the log is still the shorter one"
    );
    forked.worker_starts().await;
    forked.check([40, 20]).await;
}
