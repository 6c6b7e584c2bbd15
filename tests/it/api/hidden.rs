//! Hidden results: whoever has no key learns nothing of the votes, anywhere.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::events::Stream;
use super::{get, get_with_key, patch};
use crate::sandbox::{InProcess, Site};

async fn hidden_poll(site: &Site, results: &str) {
    site.make_poll(json!({ "slug": "secret", "results": results })).await;
    for (voter, choice) in [("ann", "a"), ("bob", "a"), ("cid", "b")] {
        assert_eq!(site.vote("secret", voter, choice).await.0, StatusCode::ACCEPTED);
    }
    // The metrics tell the organiser when all is counted.
    site.settled("secret").await;
}

fn shows_nothing(result: &Value) {
    assert_eq!((&result["hidden"], &result["total"]), (&json!(true), &Value::Null), "{result}");
    assert!(result["options"].as_array().unwrap().iter().all(|option| option.get("votes").is_none()), "{result}");
}

#[tokio::test]
async fn hidden_totals_are_nowhere_without_the_key() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "other" })).await;
    hidden_poll(site, "hidden").await;
    shows_nothing(&site.json("/results/secret.json").await);
    let table = get(site, "/results/secret.csv").await;
    assert_eq!((table.status, table.text.as_str()), (StatusCode::UNAUTHORIZED, r#"{"error":"Unauthorized"}"#));
    let page = get(site, "/results/secret").await;
    for vote in ["66.7%", "33.3%", ">3<", ">2<", "value=\"2\"", "class=\"taken\"", "points=\"0,"] {
        assert!(!page.text.contains(vote), "{vote}: {}", page.text);
    }
    assert_eq!(get(site, "/metrics").await.status, StatusCode::UNAUTHORIZED, "a count of ballots is a result");
    let mut stream = Stream::open(site, "secret", &[]).await;
    shows_nothing(&stream.snapshot().await);
    let result = get_with_key(site, "/results/secret.json").await.json();
    assert_eq!((&result["total"], &result["options"][0]["votes"]), (&json!(3), &json!(2)));
    assert!(get_with_key(site, "/results/secret.csv").await.text.contains("a,Tea,2"));
    assert_eq!(get_with_key(site, "/metrics").await.status, StatusCode::OK);
    drop(stream);
    product.running.stop().await;
}

#[tokio::test]
async fn votes_move_nothing_that_can_be_seen_of_a_hidden_poll() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "secret", "results": "hidden" })).await;
    let before = site.json("/results/secret.json").await["version"].clone();
    let mut public = Stream::open(site, "secret", &[]).await;
    public.snapshot().await;
    let mut organiser = Stream::open(site, "secret", &[("authorization", crate::sandbox::KEY)]).await;
    organiser.snapshot().await;
    for (count, voter) in ["ann", "bob", "cid"].iter().enumerate() {
        site.vote("secret", voter, "a").await;
        assert_eq!(organiser.snapshot().await["total"], count + 1, "both streams have had this frame");
    }
    assert_eq!(site.json("/results/secret.json").await["version"], before);
    site.organise("/polls/secret/close", &json!({})).await;
    let closed = public.snapshot().await;
    shows_nothing(&closed);
    assert!(closed["version"].as_u64() > before.as_u64());
    assert_eq!(public.comments, 0, "a sign of life with each vote would let anyone count them");
    drop((public, organiser));
    product.running.stop().await;
}

#[tokio::test]
async fn after_the_close_totals_are_shown_to_everyone() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    hidden_poll(site, "after_close").await;
    shows_nothing(&site.json("/results/secret.json").await);
    let mut stream = Stream::open(site, "secret", &[]).await;
    shows_nothing(&stream.snapshot().await);
    site.organise("/polls/secret/close", &json!({})).await;
    let mut told = stream.snapshot().await;
    while told["final"] != true {
        shows_nothing(&told);
        told = stream.snapshot().await;
    }
    assert_eq!((&told["total"], &told["hidden"]), (&json!(3), &json!(false)));
    assert_eq!(get(site, "/results/secret.csv").await.status, StatusCode::OK);
    assert_eq!(get(site, "/metrics").await.status, StatusCode::OK);
    drop(stream);
    product.running.stop().await;
}

#[tokio::test]
async fn the_organiser_can_show_and_hide_at_any_time() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    hidden_poll(site, "hidden").await;
    let mut stream = Stream::open(site, "secret", &[]).await;
    shows_nothing(&stream.snapshot().await);
    patch(site, "secret", &json!({ "results": "live" })).await;
    assert_eq!(stream.snapshot().await["total"], 3);
    patch(site, "secret", &json!({ "results": "hidden" })).await;
    shows_nothing(&stream.snapshot().await);
    drop(stream);
    product.running.stop().await;
}
