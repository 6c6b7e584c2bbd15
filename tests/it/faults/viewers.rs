//! Viewers that stop reading cost nobody else anything.

use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::load::{Crowd, Outcome};
use crate::sandbox::{Process, Site, binary};

const BALLOTS: usize = 20_000;
const SEATS: usize = 40;
/// Snapshots of 20 KB each: about 3 MB.
const SNAPSHOTS: usize = 150;
/// What the product may grow by while it serves ten viewers that do not read.
const GROWTH: u64 = 32 << 20;
/// How long a slow machine may take to any of this.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_stop_reading_hold_up_nobody_and_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    // One voter changes their mind thousands of times a minute.
    let mut command = Command::new(binary());
    command.env("RATE_LIMIT_CREDENTIAL", "1000000");
    let process = Process::start_by(command, folder.path());
    let site = &process.site;
    let labels: Vec<String> = (0..50).map(|option| format!("{option} {}", "🗳".repeat(90))).collect();
    site.make_poll(json!({ "slug": "drinks", "options": labels })).await;
    // What a running product needs anyway is not the viewers' doing.
    let crowd = Crowd::new("drinks", SEATS).start(site, 25).finish().await;
    let before = resident_memory(process.id());
    let mut stalled = Vec::new();
    for _ in 0..10 {
        stalled.push(stop_reading(site).await);
    }
    let (reader, seen) = read(site.http.get(site.url("/results/drinks/events")).send().await.unwrap());

    let crowd = crowd.start(site, BALLOTS / SEATS - 25).finish().await;
    assert_eq!(crowd.count(Outcome::Acknowledged), u32::try_from(BALLOTS).unwrap(), "voting was held up");
    let total = crowd.check(site).await["total"].as_u64().unwrap();
    let mut newest = seen.subscribe();
    fill_the_buffers_between(site, &newest).await;
    tokio::time::timeout(PATIENCE, newest.wait_for(|seen| seen.total > total))
        .await
        .expect("a viewer that reads was not told the newest result")
        .unwrap();
    let growth = resident_memory(process.id()).saturating_sub(before);
    reader.abort();
    let snapshots = newest.borrow().snapshots;
    assert!(growth < GROWTH, "the product grew by {growth} bytes");
    for viewer in stalled {
        let caught_up = catch_up(viewer, total + 1).await;
        assert!(
            caught_up + 10 < snapshots,
            "a stalled viewer was kept {caught_up} of {snapshots} snapshots: it never stalled"
        );
    }
}

/// One voter changes their mind until the one viewer that reads has seen so many snapshots that they cannot all wait
/// in the system's buffers for those that do not; then another one votes.
async fn fill_the_buffers_between(site: &Site, seen: &watch::Receiver<Seen>) {
    let give_up = Instant::now() + PATIENCE;
    for change in 0_u64.. {
        if seen.borrow().snapshots >= SNAPSHOTS || Instant::now() > give_up {
            break;
        }
        let choice = if change % 2 == 0 { "c" } else { "d" };
        assert_eq!(site.vote("drinks", "seat 0 voter 0", choice).await.0, StatusCode::ACCEPTED);
    }
    assert!(seen.borrow().snapshots >= SNAPSHOTS, "the viewer that reads is not told enough: {:?}", *seen.borrow());
    assert_eq!(site.vote("drinks", "the last one", "a").await.0, StatusCode::ACCEPTED);
}

/// Asks for the stream with the smallest of buffers and never reads it.
async fn stop_reading(site: &Site) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1024).unwrap();
    let address = site.base.trim_start_matches("http://").parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(b"GET /results/drinks/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    stream
}

/// Reads a stalled viewer's stream up to the newest result and says how many snapshots had been kept for it.
async fn catch_up(mut viewer: TcpStream, total: u64) -> usize {
    let (newest, mut received) = (format!("\"total\":{total},"), Vec::new());
    SockRef::from(&viewer).set_recv_buffer_size(4 << 20).unwrap();
    let reading = async {
        let mut searched = 0;
        while !received[searched..].windows(newest.len()).any(|part| part == newest.as_bytes()) {
            searched = received.len().saturating_sub(newest.len());
            assert!(viewer.read_buf(&mut received).await.unwrap() > 0, "the stream ended");
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("a stalled viewer never got the newest result");
    String::from_utf8_lossy(&received).matches("event: snapshot").count()
}

/// A viewer that reads everything: how many snapshots it has seen, and the newest total.
fn read(events: Response) -> (JoinHandle<()>, watch::Sender<Seen>) {
    let seen = watch::Sender::new(Seen::default());
    let sender = seen.clone();
    let reader = tokio::spawn(async move {
        let (mut chunks, mut bytes) = (events.bytes_stream(), Vec::new());
        while let Some(Ok(chunk)) = chunks.next().await {
            bytes.extend_from_slice(&chunk);
            while let Some(end) = bytes.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = bytes.drain(..end + 2).collect();
                let event = String::from_utf8(event).unwrap();
                if let Some((_, data)) = event.split_once("data: ") {
                    let snapshot: Value = serde_json::from_str(data).unwrap();
                    let total = snapshot["total"].as_u64().unwrap();
                    sender.send_modify(|seen| *seen = Seen { total, snapshots: seen.snapshots + 1 });
                }
            }
        }
    });
    (reader, seen)
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    total: u64,
    snapshots: usize,
}

/// Resident memory of a process, in bytes.
fn resident_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
