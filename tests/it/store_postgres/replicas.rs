//! Viewers read from replicas, as long as these are up and not behind.

use std::time::Duration;

use hemicycle::domain::poll::Poll;
use hemicycle::store::Store;
use hemicycle::store::postgres::Postgres;
use hemicycle::store::postgres::schema::migrate;
use hemicycle_stack::postgres::{Mode, Postgres as Server, PostgresOptions};
use tokio::time::Instant;

use super::until;
use crate::forge::{at, open, poll_id};

const DATABASE: &str = "postgres";
/// How far behind a viewer may be, and something for a slow machine.
const LAG: Duration = Duration::from_millis(2500);

struct Servers {
    primary: Server,
    replicas: [Server; 2],
    store: Store,
}

impl Servers {
    async fn start() -> Self {
        let primary = Server::start(&PostgresOptions::quick()).unwrap();
        migrate(&primary.url(DATABASE), 3).await.unwrap();
        let replicas = ["one", "two"].map(|name| primary.standby(name, false).unwrap());
        let urls = replicas.each_ref().map(|replica| replica.url(DATABASE));
        let store = Store::Postgres(Postgres::connect(&primary.url(DATABASE), &urls, 4).unwrap());
        store.insert_poll(&open(1)).await.unwrap();
        Self { primary, replicas, store }
    }

    /// Changes the title at the primary.
    async fn rename(&self, title: &str) {
        let poll = self.store.primary().poll(poll_id(1)).await.unwrap().unwrap();
        self.store.update_poll(&Poll { title: title.into(), ..poll }, at(1)).await.unwrap();
    }

    /// What a viewer reads; `None` where nobody answers.
    async fn seen(&self) -> Option<String> {
        Some(self.store.for_viewers().poll(poll_id(1)).await.ok()??.title)
    }

    /// Waits until viewers are served without the primary, which has to be down.
    async fn until_replicas_serve(&self) {
        until("a replica serves viewers", async || self.seen().await.is_some()).await;
    }
}

#[tokio::test]
async fn viewers_are_served_by_replicas_while_the_primary_is_down() {
    let servers = Servers::start().await;
    // Long enough for both to be looked at, and for whatever the poll's insertion wrote to be there.
    until("both have the poll", async || {
        servers.replicas.iter().all(|replica| replica.sql(DATABASE, "SELECT count(*) FROM polls").unwrap() == "1")
    })
    .await;
    tokio::time::sleep(LAG).await;
    servers.primary.stop(Mode::Fast).unwrap();
    servers.until_replicas_serve().await;
    let (started, mut reads) = (Instant::now(), 0);
    while started.elapsed() < LAG {
        assert!(servers.seen().await.is_some(), "after {reads} reads");
        reads += 1;
    }
    assert!(servers.store.poll(poll_id(1)).await.is_err(), "organisers read from the primary");
    servers.replicas[0].kill().unwrap();
    assert!(servers.seen().await.is_some() && servers.seen().await.is_some(), "the other one answers at once");
    servers.replicas[0].start_again().unwrap();
    servers.replicas[1].stop(Mode::Fast).unwrap();
    servers.until_replicas_serve().await;
}

#[tokio::test]
async fn a_replica_that_lags_is_passed_over_until_it_has_caught_up() {
    let servers = Servers::start().await;
    tokio::time::sleep(LAG).await;
    servers.replicas.iter().for_each(|replica| replica.pause_replay().unwrap());
    servers.rename("Newer").await;
    let renamed = Instant::now();
    until("viewers see the new title", async || servers.seen().await.as_deref() == Some("Newer")).await;
    assert!(renamed.elapsed() < LAG, "it took {:?}", renamed.elapsed());
    let steady = Instant::now();
    while steady.elapsed() < Duration::from_millis(800) {
        assert_eq!(servers.seen().await.as_deref(), Some("Newer"), "the old title came back");
    }
    // One catches up; with the primary down the other must not serve.
    servers.replicas[1].resume_replay().unwrap();
    tokio::time::sleep(LAG).await;
    servers.primary.stop(Mode::Fast).unwrap();
    servers.until_replicas_serve().await;
    assert_eq!(servers.seen().await.as_deref(), Some("Newer"));
    servers.replicas[1].stop(Mode::Fast).unwrap();
    assert_eq!(servers.seen().await, None, "a replica known to be behind has served");
    servers.replicas[0].resume_replay().unwrap();
    servers.until_replicas_serve().await;
    assert_eq!(servers.seen().await.as_deref(), Some("Newer"));
}

#[tokio::test]
async fn votes_and_names_reach_viewers_and_what_is_no_replica_does_not_serve() {
    let (server, other) =
        (Server::start(&PostgresOptions::quick()).unwrap(), Server::start(&PostgresOptions::quick()).unwrap());
    for server in [&server, &other] {
        migrate(&server.url(DATABASE), 3).await.unwrap();
    }
    // A server with a history of its own: promoted, or simply the wrong one.
    let wrong = [other.url(DATABASE)];
    let store = Store::Postgres(Postgres::connect(&server.url(DATABASE), &wrong, 4).unwrap());
    store.insert_poll(&open(1)).await.unwrap();
    let (viewers, started) = (store.for_viewers(), Instant::now());
    while started.elapsed() < Duration::from_secs(1) {
        assert_eq!(viewers.polls().await.unwrap().len(), 1);
        assert!(viewers.poll_named("poll-1").await.unwrap().is_some());
        assert!(viewers.snapshot(poll_id(1), at(0)).await.unwrap().is_some());
        assert!(!viewers.hides_results().await.unwrap());
    }
}
