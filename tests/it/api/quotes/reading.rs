//! Reading quotes in pages and one by one.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{post_as, product, texts};
use crate::api::{NOBODY, ask, look};
use crate::sandbox::{InProcess, Site};

/// The address of the next page, where the answer names one.
fn next(link: &str) -> Option<String> {
    let (address, rel) = link.strip_prefix('<')?.split_once(">; rel=")?;
    assert_eq!(rel, "\"next\"");
    Some(address.to_owned())
}

/// All quotes from a page on, by following its links.
async fn walk(site: &Site, first: &str) -> Vec<String> {
    let (mut path, mut found) = (Some(first.to_owned()), Vec::new());
    while let Some(page) = path {
        let answer = look(site, NOBODY, &page).await;
        let quotes: Vec<Value> = serde_json::from_value(answer.json()).unwrap();
        assert!(quotes.len() <= 3 || !page.contains("limit=3"), "{page}");
        found.extend(quotes.iter().map(|quote| quote["quote"].as_str().unwrap().to_owned()));
        path = next(answer.header("link"));
    }
    found
}

async fn like(site: &Site, id: u64, times: u32) {
    for voter in 0..times {
        let headers = [("idempotency-key", &*format!("voter {voter}"))];
        ask(site, &headers, Method::POST, &format!("/quotes/{id}/upvotes"), &json!({})).await;
    }
}

#[tokio::test]
async fn pages_lead_through_all_quotes_once_in_each_order() {
    let product = product().await;
    let site = &product.site;
    let mut ids = Vec::new();
    for text in ["a", "b", "c", "d", "e", "f", "g"] {
        ids.push(post_as(site, "1", text).await);
    }
    like(site, ids[2], 2).await;
    like(site, ids[5], 2).await;
    like(site, ids[6], 1).await;
    assert_eq!(walk(site, "/quotes?limit=3").await.concat(), "abcdefg");
    assert_eq!(walk(site, "/quotes?limit=3&order=new").await.concat(), "gfedcba");
    assert_eq!(walk(site, "/quotes?limit=3&order=top").await.concat(), "cfgabde");
    assert_eq!(walk(site, "/quotes?limit=2&order=top&format=full").await.concat(), "cfgabde");
    assert_eq!(walk(site, "/quotes").await.concat(), "abcdefg");
    assert_eq!(texts(site, &format!("/quotes?after={}", ids[4])).await, ["f", "g"]);
    assert_eq!(texts(site, &format!("/quotes?order=new&after={}", ids[1])).await, ["a"]);
    assert_eq!(texts(site, "/quotes?limit=0").await, ["a"], "at least one");
    assert_eq!(look(site, NOBODY, "/quotes?limit=99999").await.header("link"), "");
    let full = look(site, NOBODY, "/quotes?order=top&limit=1&format=full").await.json();
    assert_eq!((&full[0]["upvotes"], &full[0]["id"]), (&json!(2), &json!(ids[2])));
    let keys: Vec<_> = full[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 5, "{keys:?}");
    product.running.stop().await;
}

#[tokio::test]
async fn what_makes_no_sense_in_an_address_is_refused() {
    let product = product().await;
    let site = &product.site;
    for query in [
        "order=old",
        "after=x",
        "after=0",
        "after=1.1",
        "order=top&after=1",
        "order=top&after=-1.1",
        "order=top&after=1.1.1",
        "order=top&after=99999999999999999999.1",
        "format=short",
        "limit=-1",
        "limit=x",
        "hidden=maybe",
        "limit=1&limit=2",
    ] {
        let refused = look(site, NOBODY, &format!("/quotes?{query}")).await;
        assert_eq!(refused.status, 400, "{query}: {}", refused.text);
        assert!(refused.json()["error"].is_string());
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_quote_is_shown_with_all_that_is_known_of_it() {
    let product = product().await;
    let site = &product.site;
    let id = post_as(site, "Tintin", "Sapristi").await;
    let shown = look(site, NOBODY, &format!("/quotes/{id}")).await.json();
    let wanted = json!({ "id": id, "user_id": "Tintin", "quote": "Sapristi", "upvotes": 0,
        "created_at": shown["created_at"] });
    assert_eq!(shown, wanted);
    assert!(shown["created_at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    product.running.stop().await;
}

#[tokio::test]
async fn whoever_reads_after_a_change_sees_it_also_in_a_crowd() {
    let product = product().await;
    let site = &product.site;
    let crowd = tokio::spawn({
        let site = site.clone();
        async move {
            loop {
                let asked = (0..16).map(|_| site.http.get(site.url("/quotes?limit=5&order=new")).send());
                futures_util::future::join_all(asked).await;
            }
        }
    });
    for number in 0..50 {
        let text = format!("number {number}");
        post_as(site, "1", &text).await;
        assert_eq!(texts(site, "/quotes?limit=5&order=new").await[0], text);
    }
    crowd.abort();
    tokio::time::timeout(Duration::from_secs(20), product.running.stop()).await.unwrap();
}

#[tokio::test]
async fn reading_is_counted_by_address() {
    let product = InProcess::start(&["--rate-limit", "3"]).await;
    let site = &product.site;
    for _ in 0..3 {
        assert_eq!(look(site, NOBODY, "/quotes").await.status, 200);
    }
    let refused = look(site, NOBODY, "/quotes").await;
    assert_eq!((refused.status.as_u16(), refused.header("ratelimit-remaining")), (429, "0"));
    product.running.stop().await;
}
