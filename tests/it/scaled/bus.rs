//! What the live bus is for, and what happens without it: one process changes a poll, others show it; at once while
//! the bus works, and within a second or so where it is silent. Gates do not depend on it at all.
//!
//! Times are measured and printed, and only compared with each other: a machine may be as busy as it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hemicycle_stack::redis::{Redis, RedisOptions};
use hemicycle_stack::resp::{Connection, Reply};
use hemicycle_stack::whole::StackOptions;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::viewers::Viewer;
use super::{SPLIT, Standing, eventually, status};
use crate::sandbox::{KEY, Site, binary};

/// Polls that are changed while the bus works.
const POLLS: usize = 20;
/// Polls that are changed while it is silent, all at a time.
const SILENT_POLLS: usize = 10;
/// Results that are waited for under each condition.
const RESULTS: u64 = 10;
/// How much sooner a change must be seen with the bus than without; in truth it is a hundred times.
const SOONER: u32 = 4;

/// A split product whose live bus is a Redis that nothing else needs.
struct WithBus {
    standing: Standing,
    bus: Arc<Redis>,
}

impl WithBus {
    async fn start() -> Self {
        let bus = Redis::start(&RedisOptions::default()).unwrap();
        let environment = vec![("REDIS_URL".into(), bus.url())];
        let standing = Standing::start(StackOptions { environment, ..StackOptions::lean(binary(), &SPLIT) }).await;
        Self { standing, bus: Arc::new(bus) }
    }

    /// Keeps every connection of the bus, and lets nothing through.
    fn silence(&self) {
        self.bus.process().freeze().unwrap();
    }

    /// Changes something at the polls process; when that was done.
    async fn change(&self, method: Method, path: &str, body: Value) -> Instant {
        let polls = self.standing.at("polls");
        let request = polls.http.request(method, polls.url(path)).header("authorization", KEY).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        Instant::now()
    }

    /// The voting page as the vote process shows it.
    async fn page(&self, vote: &Site, slug: &str) -> String {
        let answer = vote.http.get(vote.url(&format!("/vote/{slug}"))).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{slug}");
        answer.text().await.unwrap()
    }

    /// Waits until the page is as it should be.
    async fn shows(&self, vote: &Site, slug: &str, what: &str, is_so: impl Fn(&str) -> bool) {
        eventually(what, async || is_so(&self.page(vote, slug).await)).await;
    }

    /// The life of a poll as a vote process sees it that has no part in it: how long until its page showed each change.
    /// What the gate decides holds at once.
    async fn live(&self, slug: &str) -> Vec<Duration> {
        let vote = self.standing.at("vote");
        let path = format!("/polls/{slug}");
        assert_eq!(vote.vote(slug, "ann", "a").await.0, StatusCode::NOT_FOUND);
        let wish = json!({ "slug": slug, "title": "Before", "options": ["Tea", "Coffee"], "status": "draft" });
        self.change(Method::POST, "/polls", wish).await;
        assert!(self.page(&vote, slug).await.contains("data-status=\"draft\""));
        assert_eq!(vote.vote(slug, "ann", "a").await.0, StatusCode::CONFLICT, "it is a draft");
        let mut took = Vec::new();
        let changed = self.change(Method::PATCH, &path, json!({ "title": "After" })).await;
        self.shows(&vote, slug, "a new title", |page| page.contains("After")).await;
        took.push(changed.elapsed());
        let changed = self.change(Method::POST, &format!("{path}/open"), json!({})).await;
        assert_eq!(vote.vote(slug, "ann", "a").await.0, StatusCode::ACCEPTED, "it is open");
        self.shows(&vote, slug, "an open poll", |page| page.contains("data-status=\"open\"")).await;
        took.push(changed.elapsed());
        let changed = self.change(Method::POST, &format!("{path}/close"), json!({})).await;
        assert_eq!(vote.vote(slug, "bob", "a").await.0, StatusCode::CONFLICT, "it is closed");
        self.shows(&vote, slug, "a closed poll", |page| page.contains("data-status=\"closed\"")).await;
        took.push(changed.elapsed());
        took
    }

    /// How long it takes from each ballot's acknowledgement until a viewer sees it counted.
    async fn results(&self, viewer: &mut Viewer, total: &mut u64) -> Vec<Duration> {
        let mut took = Vec::new();
        for _ in 0..RESULTS {
            *total += 1;
            let (vote, wanted) = (self.standing.at("vote"), *total);
            assert_eq!(vote.vote("default", &wanted.to_string(), "a").await.0, StatusCode::ACCEPTED);
            let started = Instant::now();
            viewer.until("its ballot counted", |seen| seen.newest["total"].as_u64() >= Some(wanted)).await;
            took.push(started.elapsed());
        }
        took
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_polls_reach_other_processes_at_once_over_the_bus_and_soon_without_it() {
    let product = WithBus::start().await;
    let mut heard = Vec::new();
    for number in 0..POLLS {
        heard.extend(product.live(&format!("heard-{number}")).await);
    }
    product.silence();
    let silent = join_all((0..SILENT_POLLS).map(async |number| product.live(&format!("silent-{number}")).await)).await;
    assert_eq!(status(&product.standing.at("vote"), "/readyz").await, Some(StatusCode::OK), "nobody depends on it");
    let (with, without) = (median(heard), median(silent.concat()));
    println!("a change of a poll is seen after {with:?} with the bus, after {without:?} without (medians)");
    assert!(with * SOONER < without, "the bus is of no use: {with:?} with, {without:?} without");
}

/// Cuts off whoever subscribes, again and again, until told to stop; counts how often.
fn cut_subscribers(bus: &Redis, stop: &AtomicBool, cuts: &AtomicUsize) {
    let mut connection = Connection::open(bus.address()).unwrap();
    while !stop.load(Ordering::Relaxed) {
        let Reply::Int(cut) = connection.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap() else { panic!() };
        cuts.fetch_add(usize::try_from(cut).unwrap(), Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_see_the_newest_result_while_subscriptions_are_cut_and_while_the_bus_is_silent() {
    let product = WithBus::start().await;
    let (mut viewer, mut total) = (Viewer::start(&product.standing.site), 0);
    let heard = median(product.results(&mut viewer, &mut total).await);

    let (stop, cuts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (bus, stopped, counted) = (Arc::clone(&product.bus), Arc::clone(&stop), Arc::clone(&cuts));
    let cutting = tokio::task::spawn_blocking(move || cut_subscribers(&bus, &stopped, &counted));
    eventually("subscribers cut off", async || cuts.load(Ordering::Relaxed) > SPLIT.len()).await;
    let cut = median(product.results(&mut viewer, &mut total).await);
    stop.store(true, Ordering::Relaxed);
    cutting.await.unwrap();
    assert!(cuts.load(Ordering::Relaxed) > 2 * SPLIT.len(), "nobody came back to be cut off again");

    product.silence();
    let silent = median(product.results(&mut viewer, &mut total).await);
    println!(
        "a ballot is seen after {heard:?} with the bus, after {cut:?} with subscriptions cut {cuts:?} times, \
         after {silent:?} with a silent bus (medians)"
    );
    assert!(heard * SOONER < silent, "the bus is of no use: {heard:?} with, {silent:?} without");
}
