//! The role search alone, as a process: over a database and nothing else, and on while its primary is down.

use hemicycle::store::Store;
use hemicycle::store::postgres::Postgres as Opened;
use hemicycle_stack::postgres::{Mode, Postgres, PostgresOptions};
use hemicycle_stack::role::migrate;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::run::{eventually_ready, listening};
use crate::forge::{add_quotes, quote};
use crate::sandbox::{KEY, Site, binary};
use crate::scaled::eventually;

const DATABASE: &str = "postgres";

/// What is found; `None` where nobody answers.
async fn found(site: &Site, keyword: &str) -> Option<Value> {
    let request = site.http.get(site.url(&format!("/search?keyword={keyword}"))).header("authorization", KEY);
    let answer = request.send().await.ok()?;
    if answer.status() == StatusCode::OK { answer.json().await.ok() } else { None }
}

#[tokio::test]
async fn search_runs_alone_and_answers_from_replicas_while_the_primary_is_down() {
    let primary = Postgres::start(&PostgresOptions::quick()).unwrap();
    migrate(&binary(), &primary.url(DATABASE), None).unwrap();
    let replica = primary.standby("one", false).unwrap();
    let store = Store::Postgres(Opened::connect(&primary.url(DATABASE), &[], 2).unwrap());
    add_quotes(&store, &["Un bel été", "two birds"].map(quote)).await.unwrap();
    let (url, replicas) = (primary.url(DATABASE), replica.url(DATABASE));
    let both = [("DATABASE_URL", &*url), ("DATABASE_REPLICAS_URL", &*replicas), ("RATE_LIMIT_CREDENTIAL", "100000")];
    let (alone, replicated) = (listening("search", &both[..1]), listening("search", &both));
    for process in [&alone, &replicated] {
        eventually_ready(&process.site).await;
        assert_eq!(found(&process.site, "ete").await, Some(json!(["Un bel été"])));
    }
    eventually("a replica that has it all", async || {
        replica.sql(DATABASE, "SELECT count(*) FROM quote_words").unwrap() == "2"
            && store.for_viewers().quote_count().await.is_ok()
    })
    .await;
    // Until the replica is known to have all there is.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    primary.stop(Mode::Fast).unwrap();
    eventually("an answer from the replica", async || found(&replicated.site, "birds").await.is_some()).await;
    for _ in 0..20 {
        assert_eq!(found(&replicated.site, "birds").await, Some(json!(["two birds"])));
    }
    assert_eq!(found(&alone.site, "birds").await, None, "there is nobody to ask");
}
