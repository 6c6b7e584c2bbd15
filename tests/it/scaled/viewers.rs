//! Viewers over several result processes: whichever serves them, they miss nothing and never go back.

use std::collections::BTreeMap;
use std::time::Duration;

use hemicycle_stack::whole::{Stack, StackOptions};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{PATIENCE, Standing, assert_kept, eventually};
use crate::api::events::Stream;
use crate::faults::load::Crowd;
use crate::sandbox::{Site, binary};

const SEATS: usize = 8;
/// How long a viewer that found nobody waits: not as long as a browser, which is told to.
const COMES_BACK: Duration = Duration::from_millis(50);

/// What a viewer has been through.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What it saw, by version; of the same version the same, except when it was read.
    shown: BTreeMap<u64, Value>,
    pub newest: Value,
    streams: u32,
}

/// A viewer as a browser is one: comes back when its stream ends, says what it saw last, and stays until it has seen
/// the final result.
pub struct Viewer {
    seen: watch::Receiver<Seen>,
    watching: JoinHandle<()>,
}

impl Viewer {
    pub fn start(site: &Site) -> Self {
        let (sender, seen) = watch::channel(Seen::default());
        Self { seen, watching: tokio::spawn(watch(site.clone(), sender)) }
    }

    /// Waits until this holds of what it saw.
    pub async fn until(&mut self, what: &str, done: impl Fn(&Seen) -> bool) -> Seen {
        let waiting = tokio::time::timeout(PATIENCE, self.seen.wait_for(done)).await;
        waiting.unwrap_or_else(|_| panic!("a viewer never saw {what}")).expect("a viewer gave up").clone()
    }

    async fn until_final(mut self) -> Seen {
        let seen = self.until("the final result", |seen| seen.newest["final"] == true).await;
        (&mut self.watching).await.unwrap();
        seen
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

async fn watch(site: Site, seen: watch::Sender<Seen>) {
    let mut last_id = String::new();
    while seen.borrow().newest["final"] != true {
        let Some(mut stream) = Stream::try_open(&site, "default", &[("last-event-id", &last_id)]).await else {
            tokio::time::sleep(COMES_BACK).await;
            continue;
        };
        seen.send_modify(|seen| seen.streams += 1);
        while let Some(event) = stream.next().await {
            assert_eq!(event.name, "snapshot", "told to forget what it saw");
            let mut snapshot: Value = serde_json::from_str(&event.data).unwrap();
            snapshot.as_object_mut().unwrap().remove("at");
            let (before, now) = (seen.borrow().newest["version"].as_u64(), snapshot["version"].as_u64());
            assert!(now > before, "from {before:?} to {now:?}");
            last_id = event.id;
            let is_final = snapshot["final"] == true;
            seen.send_modify(|seen| {
                seen.shown.insert(now.unwrap(), snapshot.clone());
                seen.newest = snapshot;
            });
            if is_final {
                return;
            }
        }
        assert!(stream.ended_well, "the stream was cut off");
        assert!(stream.retry.is_some(), "it was not told when to come back");
    }
}

/// How many viewers each of these processes has.
pub async fn viewers(results: &[Site]) -> Vec<f64> {
    let mut viewers = Vec::new();
    for result in results {
        viewers.push(result.metric("hemicycle_viewers").await.unwrap_or_default());
    }
    viewers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_of_a_result_process_that_goes_down_move_to_the_other_and_miss_nothing() {
    let roles = ["vote", "worker", "result", "result", "polls,users,site"];
    let standing = Standing::start(StackOptions::lean(binary(), &roles)).await;
    let results = standing.each("result");
    let voting = Crowd::new("default", SEATS).steadfast().start(&standing.site, usize::MAX);
    let [mut one, mut other] = [(); 2].map(|()| Viewer::start(&standing.site));
    eventually("a viewer on each process", async || viewers(&results).await == [1.0, 1.0]).await;
    for gone in 0..2_usize {
        for viewer in [&mut one, &mut other] {
            viewer.until("news", news_after(viewer)).await;
        }
        let ended = standing.blocking(move |stack| stack.with_role("result").nth(gone).unwrap().terminate().unwrap());
        assert!(ended.await.success(), "it did not end by itself");
        eventually("both viewers on the other process", async || viewers(&results[1 - gone..][..1]).await == [2.0])
            .await;
        for viewer in [&mut one, &mut other] {
            viewer.until("news", news_after(viewer)).await;
        }
        standing.blocking(move |stack| restart(stack, gone)).await;
    }
    let crowd = voting.stop().await;
    standing.site.organise("/polls/default/close", &json!({})).await;
    let (one, other) = (one.until_final().await, other.until_final().await);
    assert_kept(&standing.site, &standing.at("worker"), &crowd).await;
    let mut truth = standing.site.json("/results/default.json").await;
    truth.as_object_mut().unwrap().remove("at");
    assert_eq!((&one.newest, &other.newest), (&truth, &truth));
    assert!(one.streams + other.streams >= 5, "one moved once, both moved back: {} {}", one.streams, other.streams);
    let both: Vec<_> = one.shown.iter().filter_map(|(version, a)| Some((a, other.shown.get(version)?))).collect();
    assert!(both.iter().all(|(a, b)| a == b), "of one version, two processes showed different things");
    println!("{} and {} snapshots, {} of them the same version", one.shown.len(), other.shown.len(), both.len());
}

/// Starts a result process again and waits until the front has noticed.
pub fn restart(stack: &Stack, number: usize) {
    let result = stack.with_role("result").nth(number).unwrap();
    result.start_again().unwrap();
    stack.front.wait_until_up(result.address()).unwrap();
}

/// Whether a viewer has seen something newer than what it has seen by now.
fn news_after(viewer: &Viewer) -> impl Fn(&Seen) -> bool + use<> {
    let before = viewer.seen.borrow().newest["version"].as_u64();
    move |seen| seen.newest["version"].as_u64() > before
}
