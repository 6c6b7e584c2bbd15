//! A server that comes and goes.

use std::time::Duration;

use hemicycle::store::postgres::Postgres;
use hemicycle::store::postgres::schema::migrate;
use hemicycle::store::{Store, StoreError};
use hemicycle_stack::postgres::{Mode, Postgres as Server, PostgresOptions};
use tokio::time::Instant;

use super::{ends, until};
use crate::forge::{at, open, poll_id};

/// How long a call may take while the server is away: its time limit, and something for a slow machine.
const BOUND: Duration = Duration::from_secs(15);

async fn server() -> (Server, Store) {
    let server = Server::start(&PostgresOptions::quick()).unwrap();
    migrate(&server.url("postgres"), 3).await.unwrap();
    let store = Store::Postgres(Postgres::connect(&server.url("postgres"), &[], 4).unwrap());
    store.insert_poll(&open(1)).await.unwrap();
    (server, store)
}

fn unavailable<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

async fn all_calls_fail(store: &Store) {
    let started = Instant::now();
    let (poll, ends) = (open(2), ends());
    tokio::join!(
        async { unavailable(&store.poll(poll_id(1)).await) },
        async { unavailable(&store.snapshot(poll_id(1), at(0)).await) },
        async { unavailable(&store.insert_poll(&poll).await) },
        async { unavailable(&store.bookmark(0).await) },
        async { unavailable(&store.claim(&ends, 3).await.map(drop)) },
        async { unavailable(&store.sweep().await) },
    );
    assert!(started.elapsed() < BOUND, "they took {:?}", started.elapsed());
}

#[tokio::test]
async fn calls_fail_soon_while_the_server_is_down_and_work_again_after() {
    let (server, store) = server().await;
    server.stop(Mode::Fast).unwrap();
    Box::pin(all_calls_fail(&store)).await;
    server.start_again().unwrap();
    store.poll(poll_id(1)).await.unwrap().unwrap();
    store.insert_poll(&open(2)).await.unwrap();
}

#[tokio::test]
async fn connections_that_a_restart_left_behind_fail_no_request() {
    let (server, store) = server().await;
    // All connections of the pool are in use at once.
    let reads = || async { futures_util::future::join_all((0..4).map(|_| store.poll(poll_id(1)))).await };
    reads().await.into_iter().for_each(|read| drop(read.unwrap()));
    server.kill().unwrap();
    server.start_again().unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    for read in reads().await {
        read.unwrap();
    }
}

#[tokio::test]
async fn calls_fail_soon_while_the_server_is_cut_off_and_work_again_after() {
    let (server, store) = server().await;
    let claim = store.claim(&ends(), 3).await.unwrap().unwrap();
    frozen(&server, true);
    let reading = Instant::now();
    unavailable(&store.poll(poll_id(1)).await);
    assert!(reading.elapsed() < BOUND, "it took {:?}", reading.elapsed());
    drop(claim);
    frozen(&server, false);
    until("the store is back", async || store.poll(poll_id(1)).await.is_ok()).await;
    until("the partition is free", async || store.claim(&ends(), 3).await.is_ok_and(|claim| claim.is_some())).await;
}

/// Stops or continues the server with all its processes: connections stay, nothing answers.
fn frozen(server: &Server, stop: bool) {
    use rustix::process::{Pid, Signal, kill_process};
    let parent = server.process().pid().unwrap();
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let signal = if stop { Signal::STOP } else { Signal::CONT };
    for pid in children.split_whitespace().map(|pid| pid.parse::<i32>().unwrap()).chain([parent.cast_signed()]) {
        // One that has ended meanwhile is no matter.
        let _ = kill_process(Pid::from_raw(pid).unwrap(), signal);
    }
}
