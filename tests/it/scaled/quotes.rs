//! Quotes over several processes: what is posted through one is seen through the others, and by their screens soon.

use std::time::{Duration, Instant};

use hemicycle_stack::whole::StackOptions;
use serde_json::{Value, json};

use super::{Standing, eventually};
use crate::api::events::Stream;
use crate::sandbox::{Site, binary};

async fn post(site: &Site, quote: &str) -> Value {
    let (status, made) = site.organise("/quotes", &json!({ "user_id": "1", "quote": quote })).await;
    assert_eq!(status, 201, "{made}");
    made["id"].clone()
}

async fn like(site: &Site, id: &Value, voter: &str) -> Value {
    let request = site.http.post(site.url(&format!("/quotes/{id}/upvotes"))).header("idempotency-key", voter);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quote_posted_through_one_process_is_on_the_screens_of_the_other_within_two_seconds() {
    let mut options = StackOptions::lean(binary(), &["quotes", "quotes"]);
    options.environment =
        vec![("RATE_LIMIT".into(), "100000".into()), ("RATE_LIMIT_CREDENTIAL".into(), "100000".into())];
    let standing = Standing::start(options).await;
    let [here, there] = [0, 1].map(|number| standing.each("quotes").swap_remove(number));
    let mut screen = Stream::ask(&there, "/quotes/events", &[]).await.expect("no stream");
    let mut shown = async || serde_json::from_str::<Value>(&screen.next().await.expect("it ended").data).unwrap();
    assert_eq!(shown().await["total"], 0);
    let since = Instant::now();
    let id = post(&here, "one").await;
    assert_eq!(there.json("/quotes").await, json!([{ "id": id, "user_id": "1", "quote": "one" }]), "at once");
    let seen = shown().await;
    assert_eq!((&seen["total"], &seen["newest"][0]["id"]), (&json!(1), &id));
    assert!(since.elapsed() < Duration::from_secs(2), "it took {:?}", since.elapsed());
    // One voter is one in all processes.
    assert_eq!(like(&here, &id, "ann").await, json!({ "upvotes": 1, "upvoted": true }));
    assert_eq!(like(&there, &id, "ann").await, json!({ "upvotes": 1, "upvoted": true }));
    assert_eq!(like(&there, &id, "bob").await, json!({ "upvotes": 2, "upvoted": true }));
    while shown().await["top"][0]["upvotes"] != 2 {}
    assert_eq!(standing.site.json("/quotes").await.as_array().map(Vec::len), Some(1), "the front knows the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_quotes_are_unavailable_and_screens_stay() {
    let mut options = StackOptions::lean(binary(), &["quotes"]);
    options.environment =
        vec![("RATE_LIMIT".into(), "100000".into()), ("RATE_LIMIT_CREDENTIAL".into(), "100000".into())];
    let standing = Standing::start(options).await;
    let site = standing.at("quotes");
    post(&site, "one").await;
    let mut screen = Stream::ask(&site, "/quotes/events", &[]).await.expect("no stream");
    assert!(screen.next().await.is_some());
    standing.blocking(|stack| stack.postgres.kill().unwrap()).await;
    eventually("a 503", async || {
        let answer = site.http.get(site.url("/quotes")).send().await.unwrap();
        answer.status() == 503 && answer.headers().contains_key("retry-after")
    })
    .await;
    standing.blocking(|stack| stack.postgres.start_again().unwrap()).await;
    eventually("quotes", async || site.http.get(site.url("/quotes")).send().await.unwrap().status() == 200).await;
    let id = post(&site, "two").await;
    loop {
        let seen: Value = serde_json::from_str(&screen.next().await.expect("it ended").data).unwrap();
        if seen["newest"][0]["id"] == id {
            break;
        }
    }
}
