//! Viewers that stop reading cost nobody else anything.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::load::{Crowd, Outcome};
use crate::sandbox::{Process, Site};

const BALLOTS: usize = 20_000;
const SEATS: usize = 40;
/// What the product may grow by while it serves ten viewers that do not read: far less than the frames they miss.
const GROWTH: u64 = 48 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_stop_reading_hold_up_nobody_and_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let site = &process.site;
    let labels: Vec<String> = (0..50).map(|option| format!("{option} {}", "x".repeat(90))).collect();
    site.make_poll(json!({ "slug": "drinks", "options": labels })).await;
    // What a running product needs anyway is not the viewers' doing.
    let crowd = Crowd::new("drinks", SEATS).start(site, 25).finish().await;
    let before = resident_memory(process.id());
    let mut stalled = Vec::new();
    for _ in 0..10 {
        stalled.push(stop_reading(site).await);
    }
    let (reader, newest) = read(site.http.get(site.url("/results/drinks/events")).send().await.unwrap());

    let crowd = crowd.start(site, BALLOTS / SEATS - 25).finish().await;
    assert_eq!(crowd.count(Outcome::Acknowledged), u32::try_from(BALLOTS).unwrap(), "voting was held up");
    let growth = resident_memory(process.id()).saturating_sub(before);
    let total = crowd.check(site).await["total"].as_u64().unwrap();
    tokio::time::timeout(Duration::from_secs(5), newest.subscribe().wait_for(|seen| *seen == total))
        .await
        .expect("a viewer that reads was not told the newest result")
        .unwrap();
    reader.abort();
    let seen = reader.await.map_or_else(|_| *frames(&newest), |seen| seen);
    assert!(growth < GROWTH, "the product grew by {growth} bytes");
    for viewer in stalled {
        let caught_up = catch_up(viewer, total).await;
        assert!(caught_up * 2 < seen, "a stalled viewer was kept {caught_up} of {seen} snapshots: it never stalled");
    }
}
