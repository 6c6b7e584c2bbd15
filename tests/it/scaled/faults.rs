//! A part goes down under load and comes back: nothing acknowledged is lost, nothing counts twice. Each test fails
//! unless its fault has really bitten.

use std::time::{Duration, Instant};

use hemicycle_stack::postgres::Mode;
use hemicycle_stack::process::Process;
use hemicycle_stack::whole::{DATABASE, Stack, StackOptions};
use reqwest::StatusCode;
use reqwest::header::COOKIE;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::{PATIENCE, SPLIT, Standing, assert_kept, eventually, status};
use crate::faults::load::{Crowd, Outcome, Voting, cookie_set_by};
use crate::sandbox::binary;

const SEATS: usize = 8;
/// Ballots that must be acknowledged before the fault, and after it.
const STEADY: u32 = 200;
/// How long the database is away.
const AWAY: Duration = Duration::from_secs(8);

/// A split product while a crowd votes in it.
pub struct Loaded {
    pub standing: Standing,
    voting: Voting,
}

impl Loaded {
    async fn start() -> Self {
        Self::start_over(StackOptions::lean(binary(), &SPLIT)).await
    }

    /// The same over other servers.
    pub async fn start_over(options: StackOptions) -> Self {
        let standing = Standing::start(options).await;
        let voting = Crowd::new("default", SEATS).steadfast().start(&standing.site, usize::MAX);
        let loaded = Self { standing, voting };
        loaded.go_on().await;
        loaded
    }

    /// Waits until the crowd has been told often enough that it is heard.
    pub async fn go_on(&self) {
        let wanted = self.voting.acknowledged_so_far() + STEADY;
        tokio::time::timeout(PATIENCE, self.voting.acknowledged(wanted)).await.expect("nobody is heard any more");
    }

    /// How many ballots the crowd was told that they count.
    pub fn acknowledged_so_far(&self) -> u32 {
        self.voting.acknowledged_so_far()
    }

    pub async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Stack) -> T + Send + 'static) -> T {
        self.standing.blocking(work).await
    }

    /// Waits until the process with this role says that it is not ready.
    async fn until_cut_off(&self, role: &str) {
        let site = self.standing.at(role);
        eventually("a role that is cut off", async || status(&site, "/readyz").await != Some(StatusCode::OK)).await;
    }

    /// After the fault: the crowd is heard again, and everything is where it belongs. Returns what the crowd did.
    pub async fn settle(self) -> Crowd {
        self.go_on().await;
        let crowd = self.voting.stop().await;
        assert_kept(&self.standing.site, &self.standing.at("worker"), &crowd).await;
        crowd
    }
}

/// The process that has this role.
fn process<'s>(stack: &'s Stack, role: &str) -> &'s Process {
    stack.with_role(role).next().unwrap().process()
}

/// kill -9 of the process that has this role. Its id until then.
async fn kill(loaded: &Loaded, role: &'static str) -> u32 {
    loaded
        .blocking(move |stack| {
            let killed = process(stack, role).pid().unwrap();
            stack.with_role(role).next().unwrap().kill().unwrap();
            killed
        })
        .await
}

/// Starts what has this role again; it must be another process than the one killed.
async fn start_again(loaded: &Loaded, role: &'static str, killed: u32) {
    let started = loaded
        .blocking(move |stack| {
            stack.with_role(role).next().unwrap().start_again().unwrap();
            process(stack, role).pid().unwrap()
        })
        .await;
    assert_ne!(started, killed, "{role} was never gone");
}

fn assert_some_failed(crowd: &Crowd) {
    assert!(crowd.casts().any(|cast| cast.outcome != Outcome::Acknowledged), "the fault bit no ballot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vote_is_killed_and_starts_again() {
    let loaded = Loaded::start().await;
    for _ in 0..3 {
        let killed = kill(&loaded, "vote").await;
        start_again(&loaded, "vote", killed).await;
        loaded.go_on().await;
    }
    assert_some_failed(&loaded.settle().await);
}

/// kill -9 of the worker while a batch is half done: it waits for a poll that somebody else holds.
async fn kill_in_the_middle_of_a_batch(loaded: &Loaded) -> u32 {
    let url = loaded.blocking(|stack| stack.postgres.url(DATABASE)).await;
    let mut holding = PgConnection::connect(&url).await.unwrap();
    let mut held = holding.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM polls FOR UPDATE").execute(&mut *held).await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("a batch that is half done", async || {
        loaded.blocking(|stack| stack.postgres.sql(DATABASE, waits).unwrap()).await != "0"
    })
    .await;
    let killed = kill(loaded, "worker").await;
    held.rollback().await.unwrap();
    killed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_is_killed_in_the_middle_of_a_batch_while_voters_go_on() {
    let loaded = Loaded::start().await;
    for _ in 0..3 {
        let killed = kill_in_the_middle_of_a_batch(&loaded).await;
        loaded.go_on().await;
        start_again(&loaded, "worker", killed).await;
        loaded.go_on().await;
    }
    let crowd = loaded.settle().await;
    assert_eq!(crowd.count(Outcome::Unanswered), 0, "a voter noticed that the worker was away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn result_is_killed_and_starts_again_while_voters_go_on() {
    let loaded = Loaded::start().await;
    let killed = kill(&loaded, "result").await;
    let shown = status(&loaded.standing.site, "/results/default.json").await;
    assert_ne!(shown, Some(StatusCode::OK), "results without anybody to show them");
    loaded.go_on().await;
    start_again(&loaded, "result", killed).await;
    let crowd = loaded.settle().await;
    assert_eq!(crowd.count(Outcome::Unanswered), 0, "a voter noticed that results were away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_stops_and_is_killed_and_comes_back_with_its_file() {
    let loaded = Loaded::start().await;
    for polite in [true, false] {
        let redis = move |stack: &Stack| if polite { stack.redis.stop() } else { stack.redis.kill() };
        loaded.blocking(move |stack| redis(stack).unwrap()).await;
        loaded.until_cut_off("vote").await;
        loaded.blocking(|stack| stack.redis.start_again().unwrap()).await;
        loaded.go_on().await;
    }
    let worker = loaded.standing.at("worker");
    assert_eq!(worker.metric("hemicycle_log_forks_total").await, Some(0.0), "its file was not all there");
    assert_eq!(worker.metric("hemicycle_log_gaps_total").await, Some(0.0));
    assert_some_failed(&loaded.settle().await);
}

async fn postgres_comes_back(mode: Mode) {
    let loaded = Loaded::start().await;
    let vote = loaded.standing.at("vote");
    let cookie = cookie_set_by(&vote.http.get(vote.url("/vote/default")).send().await.unwrap()).unwrap();
    let before = loaded.blocking(|stack| stack.postgres.process().pid().unwrap()).await;
    loaded.blocking(move |stack| stack.postgres.stop(mode).unwrap()).await;
    let worker = loaded.standing.at("worker");
    eventually("a worker that misses the database", async || {
        let answer = worker.http.get(worker.url("/readyz")).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["troubles"]["database"].is_string()
    })
    .await;
    // Longer than anybody believes what they knew of a poll, and than it takes the front to give up on a process.
    let heard = loaded.voting.acknowledged_so_far();
    let backlog = async || worker.metric("hemicycle_backlog_ballots").await.unwrap();
    let (waiting, since) = (backlog().await, Instant::now());
    while since.elapsed() < AWAY {
        loaded.go_on().await;
    }
    let heard = loaded.voting.acknowledged_so_far() - heard;
    let page = vote.http.get(vote.url("/vote/default")).header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK, "a voter who comes back is not let in");
    let (status, body) = vote.vote("unheard-of", "ann", "a").await;
    assert_eq!((status, &body["fate"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("refused")), "{body}");
    eventually("a backlog that has grown", async || backlog().await >= waiting + f64::from(heard)).await;
    loaded.blocking(|stack| stack.postgres.start_again().unwrap()).await;
    let after = loaded.blocking(|stack| stack.postgres.process().pid().unwrap()).await;
    assert_ne!(before, after, "it was never gone");
    eventually("a backlog that shrinks", async || backlog().await < f64::from(heard) / 2.0).await;
    let crowd = loaded.settle().await;
    assert_eq!(crowd.count(Outcome::Acknowledged), u32::try_from(crowd.casts().count()).unwrap(), "a voter noticed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stops_fast_and_starts_again() {
    postgres_comes_back(Mode::Fast).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stops_at_once_and_starts_again() {
    postgres_comes_back(Mode::Immediate).await;
}
