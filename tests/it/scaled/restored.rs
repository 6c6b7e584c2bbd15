//! PostgreSQL comes back from an older backup, while Redis keeps its log and everything runs on: what is retained of the
//! log is counted again, and viewers are told to forget what they saw.

use std::ops::Range;

use hemicycle_stack::postgres::Mode;
use hemicycle_stack::resp::Reply;
use hemicycle_stack::whole::{Stack, StackOptions};
use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use super::{Standing, eventually, name, vote};
use crate::api::events::Stream;
use crate::sandbox::{KEY, binary};

const PARTITIONS: u16 = 2;

/// Voters who are in the backup, those who came after it, and those who come after it was put back.
const BEFORE: Range<u32> = 0..40;
const LATER: Range<u32> = 40..60;
const AFTER: Range<u32> = 60..100;

/// What the poll `quiet`, in which nobody votes, is called from after the backup on, until that is put back.
const LATER_TITLE: &str = "Juice or milk?";

/// Changes their mind, after the backup, as often as this.
const FICKLE: u32 = 0;
const CHANGES: usize = 8;

struct Restored {
    standing: Standing,
    backup: TempDir,
}

impl Restored {
    /// `BEFORE` votes for `a` in all polls, and a backup is made.
    async fn start(environment: &[(&str, &str)]) -> Self {
        let options = StackOptions::lean(binary(), &["vote,result,polls,users,site", "worker"]);
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let standing = Standing::start(StackOptions { partitions: Some(PARTITIONS.into()), environment, ..options });
        let (mut standing, backup) = (standing.await, TempDir::new().unwrap());
        // Past the front, which passes nothing on until its next look at a process that had lost the database.
        standing.site = standing.at("vote");
        let site = &standing.site;
        site.make_poll(json!({ "slug": "once", "allow_change": false })).await;
        site.make_poll(json!({ "slug": "over" })).await;
        site.make_poll(json!({ "slug": "quiet" })).await;
        for poll in ["default", "once", "over"] {
            vote(site, poll, BEFORE, "a").await;
        }
        standing.settle().await;
        let older = backup.path().join("older");
        let copied = standing.blocking(move |stack| {
            stack.postgres.stop(Mode::Fast).unwrap();
            stack.postgres.copy_data(&older).unwrap();
            stack.postgres.start_again().unwrap();
        });
        copied.await;
        let restored = Self { standing, backup };
        restored.everything_is_back().await;
        restored
    }

    /// `LATER` votes for `b` in all polls, and one poll is closed.
    async fn more_is_counted(&self) {
        let site = &self.standing.site;
        for poll in ["default", "once", "over"] {
            for voter in LATER {
                vote(site, poll, voter..voter + 1, "b").await;
            }
        }
        let closed = async || site.organise("/polls/over/close", &json!({})).await.0 == StatusCode::OK;
        eventually("a poll that is closed", closed).await;
        eventually("the end of a poll", async || self.standing.results("over").await["final"] == true).await;
        self.standing.settle().await;
    }

    async fn put_back(&self) {
        let older = self.backup.path().join("older");
        let put_back = self.standing.blocking(move |stack| {
            stack.postgres.stop(Mode::Fast).unwrap();
            stack.postgres.start_again_from(&older).unwrap();
        });
        put_back.await;
        self.everything_is_back().await;
    }

    async fn voting_page(&self, poll: &str) -> String {
        let site = &self.standing.site;
        site.http.get(site.url(&format!("/vote/{poll}"))).send().await.unwrap().text().await.unwrap()
    }

    /// Waits until everybody is in touch with the database again.
    async fn everything_is_back(&self) {
        self.standing.results("default").await;
        for role in ["worker", "polls"] {
            let site = self.standing.at(role);
            eventually(role, async || super::status(&site, "/readyz").await == Some(StatusCode::OK)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_back_older_counts_the_log_s_tail_again_and_its_viewers_start_anew() {
    let restored = Restored::start(&[]).await;
    let standing = &restored.standing;
    let mut viewer = Stream::open(&standing.site, "default", &[]).await;
    restored.more_is_counted().await;
    let rename = standing.site.http.patch(standing.site.url("/polls/quiet")).header("authorization", KEY);
    let renamed = rename.json(&json!({ "title": LATER_TITLE })).send().await.unwrap();
    assert_eq!(renamed.status(), StatusCode::OK, "{:?}", renamed.text().await);
    eventually("the new title", async || restored.voting_page("quiet").await.contains(LATER_TITLE)).await;
    // Each change is a version of its own; counted again, they are one.
    for change in 0..CHANGES {
        let choice = ["b", "a"][change % 2];
        vote(&standing.site, "default", FICKLE..FICKLE + 1, choice).await;
        standing.settle().await;
    }
    vote(&standing.site, "default", FICKLE..FICKLE + 1, "b").await;
    standing.settle().await;
    let newest = standing.results("default").await;
    let mut seen = viewer.snapshot().await;
    while seen["version"] != newest["version"] {
        seen = viewer.snapshot().await;
    }

    restored.put_back().await;
    standing.settle().await;
    assert_eq!(standing.votes("default").await, [39, 21]);
    let behind = standing.results("default").await;
    assert!(behind["version"].as_u64() < seen["version"].as_u64(), "no viewer is ahead: {behind} {seen}");
    assert_eq!(viewer.next().await.unwrap().name, "reset");
    let mut told = viewer.snapshot().await;
    assert!(told["version"].as_u64() < seen["version"].as_u64(), "{told}");
    eventually("the older title", async || restored.voting_page("quiet").await.contains("Tea or coffee?")).await;
    for poll in ["default", "once"] {
        vote(&standing.site, poll, AFTER, "a").await;
    }
    while told["total"] != 100 {
        let newer = viewer.snapshot().await;
        assert!(newer["version"].as_u64() > told["version"].as_u64(), "{newer} after {told}");
        told = newer;
    }
    standing.settle().await;

    assert_eq!(standing.votes("default").await, [39 + 40, 21]);
    assert_eq!(standing.votes("once").await, [40 + 40, 20]);
    assert_eq!(standing.site.vote("once", &name(LATER.start), "a").await.0, StatusCode::CONFLICT);
    eventually("the end of a poll", async || standing.results("over").await["final"] == true).await;
    assert_eq!(standing.votes("over").await, [40, 20]);
    assert_eq!(standing.metric("conservation_difference").await, Some(0.0));
    assert_eq!(standing.metric("ballots_dead_total").await, Some(0.0));
    assert_eq!(standing.metric("log_gaps_total").await, Some(0.0));
    assert_eq!(standing.metric("log_forks_total").await, Some(0.0));
    standing.assert_tallies_equal_the_fold().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_retained_tail_no_longer_holds_stays_missed_in_the_open() {
    let restored = Restored::start(&[("QUEUE_RETAIN", "0")]).await;
    let standing = &restored.standing;
    restored.more_is_counted().await;
    // A worker tidies up when it starts.
    let restarted = standing.blocking(|stack| {
        let worker = stack.with_role("worker").next().unwrap();
        worker.terminate().unwrap();
        worker.start_again().unwrap();
    });
    restarted.await;
    eventually("a log without a tail", async || {
        let length = |stack: &Stack, log| stack.redis.command(&["XLEN", &format!("hemicycle:1:log:{log}")]).unwrap();
        standing.blocking(move |stack| (0..PARTITIONS).all(|log| length(stack, log) == Reply::Int(1))).await
    })
    .await;
    restored.put_back().await;
    standing.settle().await;
    assert!(standing.metric("log_gaps_total").await > Some(0.0), "the gap went unnoticed");
    assert_eq!(standing.metric("log_forks_total").await, Some(0.0));
    eventually("the end of a poll", async || standing.results("over").await["final"] == true).await;
    for poll in ["default", "once", "over"] {
        assert_eq!(standing.votes(poll).await, [40, 0], "{poll}: only the backup has any");
    }
    assert_eq!(standing.metric("conservation_difference").await, Some(60.0), "the missing are not in sight");
    for poll in ["default", "once"] {
        vote(&standing.site, poll, AFTER, "b").await;
    }
    standing.settle().await;
    assert_eq!(standing.votes("default").await, [40, 40]);
    assert_eq!(standing.votes("once").await, [40, 40]);
    assert_eq!(standing.metric("conservation_difference").await, Some(60.0));
    standing.assert_tallies_equal_the_fold().await;
}
