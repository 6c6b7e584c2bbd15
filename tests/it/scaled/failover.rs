//! A server is lost for good, and one that followed it takes its place. With `BALLOT_ACKS=replica` nothing that was
//! acknowledged is lost with Redis, and with a synchronous standby nothing that was counted with PostgreSQL.

use std::net::SocketAddr;
use std::time::Instant;

use hemicycle_stack::postgres::Postgres;
use hemicycle_stack::whole::{DATABASE, Stack, StackOptions};
use reqwest::StatusCode;
use serde_json::json;

use super::faults::Loaded;
use super::{PATIENCE, SPLIT, Standing, eventually, status};
use crate::faults::load::Outcome;
use crate::sandbox::binary;

/// How many replicas the main has, in a stack that is replicated.
const REPLICAS: usize = 2;
/// Times that the main is lost.
const LOSSES: usize = 3;

/// A Redis that was the main and was killed, and the one that is the main since.
struct Lost {
    killed: SocketAddr,
    promoted: SocketAddr,
}

/// kill -9 of whichever Redis is the main, until another one is.
fn lose_the_main(stack: &Stack) -> Lost {
    let sentinels = stack.sentinels.as_ref().unwrap();
    let killed = sentinels.main().unwrap();
    stack.redis_at(killed).unwrap().kill().unwrap();
    Lost { killed, promoted: sentinels.main_after(killed, PATIENCE).unwrap() }
}

/// How many replicas follow whichever Redis is the main.
fn following(stack: &Stack) -> usize {
    let main = stack.sentinels.as_ref().unwrap().main().unwrap();
    let replication = stack.redis_at(main).unwrap().command(&["INFO", "replication"]).unwrap();
    replication.text().unwrap().matches("state=online").count()
}

fn replicated() -> StackOptions {
    StackOptions { replicated: true, ..StackOptions::lean(binary(), &SPLIT) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_redis_is_lost_again_and_again_and_nothing_acknowledged_with_it() {
    let loaded = Loaded::start_over(replicated()).await;
    let mut main = loaded.standing.stack.redis.address();
    for _ in 0..LOSSES {
        let before = loaded.acknowledged_so_far();
        let (started, Lost { killed, promoted }) = (Instant::now(), loaded.blocking(lose_the_main).await);
        assert_eq!(killed, main, "the sentinels had taken a living main for dead: that is another fault");
        assert_ne!(killed, promoted);
        main = promoted;
        loaded.go_on().await;
        println!("{killed} lost after {before} ballots; {promoted} promoted, {:?} until it went on", started.elapsed());
        // It comes back as a replica: without one, nothing would be confirmed after the next loss.
        loaded.blocking(move |stack| stack.redis_at(killed).unwrap().start_again().unwrap()).await;
        eventually("a main with all its replicas", async || loaded.blocking(following).await == REPLICAS).await;
    }
    let crowd = loaded.settle().await;
    assert!(crowd.casts().any(|cast| cast.outcome != Outcome::Acknowledged), "the fault bit no ballot");
    println!("{} acknowledged", crowd.count(Outcome::Acknowledged));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_replicas_the_one_that_confirmed_is_promoted() {
    let loaded = Loaded::start_over(replicated()).await;
    loaded.blocking(|stack| stack.redis_replicas[0].kill().unwrap()).await;
    loaded.go_on().await;
    let promoted = loaded.blocking(|stack| {
        stack.redis.kill().unwrap();
        // Back, with what it had: the sentinels find two to choose from.
        stack.redis_replicas[0].start_again().unwrap();
        stack.sentinels.as_ref().unwrap().main_after(stack.redis.address(), PATIENCE).unwrap()
    });
    assert_eq!(promoted.await, loaded.standing.stack.redis_replicas[1].address(), "the one that missed ballots");
    loaded.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_no_replica_follows_nothing_is_acknowledged_and_vote_is_not_ready() {
    let standing = Standing::start(replicated()).await;
    let vote = standing.at("vote");
    assert_eq!(vote.vote("default", "ann", "a").await.0, StatusCode::ACCEPTED);
    standing.blocking(|stack| stack.redis_replicas.iter().for_each(|replica| assert!(replica.kill().is_ok()))).await;
    let (answer, body) = vote.vote("default", "bob", "a").await;
    assert_eq!((answer, &body["fate"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unknown")), "{body}");
    let probe = async || standing.blocking(|stack| stack.redis.command(&["GET", "hemicycle:1:probe"]).unwrap()).await;
    for _ in 0..3 {
        let last = probe().await;
        eventually("an attempt to find out whether it works again", async || probe().await != last).await;
        assert_eq!(status(&vote, "/readyz").await, Some(StatusCode::SERVICE_UNAVAILABLE));
    }
    standing.blocking(|stack| stack.redis_replicas[0].start_again().unwrap()).await;
    eventually("a vote process that is ready", async || status(&vote, "/readyz").await == Some(StatusCode::OK)).await;
    assert_eq!(vote.vote("default", "bob", "a").await.0, StatusCode::ACCEPTED);
    let results = standing.at("result").results_when("default", |results| results["total"] == 2).await;
    assert_eq!(results["options"][0]["votes"], 2, "{results}");
}

/// How many ballots were read into this database.
fn position(postgres: &Postgres) -> u64 {
    postgres.sql(DATABASE, "SELECT sum(position) FROM partitions WHERE partition >= 0").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_lost_and_its_synchronous_standby_takes_its_place_with_all_that_was_counted() {
    let loaded = Loaded::start_over(replicated()).await;
    loaded
        .blocking(|stack| {
            let standby = stack.standby.as_ref().unwrap();
            let counted = position(&stack.postgres);
            assert!(counted > 0, "there was nothing to lose");
            stack.postgres.kill().unwrap();
            standby.promote().unwrap();
            assert!(position(standby) >= counted, "it was not synchronous");
            stack.database_address.lead_to(standby.port()).unwrap();
        })
        .await;
    let before = loaded.blocking(|stack| position(stack.standby.as_ref().unwrap())).await;
    eventually("a standby that is counted into", async || {
        loaded.blocking(|stack| position(stack.standby.as_ref().unwrap())).await > before
    })
    .await;
    assert_eq!(loaded.standing.metric("log_gaps_total").await, Some(0.0));
    assert_eq!(loaded.standing.metric("log_forks_total").await, Some(0.0));
    let crowd = loaded.settle().await;
    assert_eq!(crowd.count(Outcome::Unanswered), 0, "a voter noticed that the database was away");
}
