//! The stream of what the screens of a room show.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{post_as, product};
use crate::api::events::Stream;
use crate::api::{ADMIN, ask, send};
use crate::sandbox::{InProcess, Site};

/// A screen.
pub async fn screen(site: &Site) -> Stream {
    Stream::ask(site, "/quotes/events", &[]).await.expect("no stream")
}

/// What a screen shows next.
pub async fn shown(stream: &mut Stream) -> Value {
    let event = stream.next().await.expect("the stream ended");
    assert_eq!(event.name, "quotes");
    serde_json::from_str(&event.data).unwrap()
}

/// What it shows once that is what is wanted.
async fn shown_when(stream: &mut Stream, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let seen = shown(stream).await;
        if wanted(&seen) {
            return seen;
        }
    }
}

#[tokio::test]
async fn screens_show_what_there_is_and_each_change_soon_after() {
    let product = product().await;
    let site = &product.site;
    let first = post_as(site, "Tintin", "one\nline <b>").await;
    let (mut stream, mut other) = (screen(site).await, screen(site).await);
    let seen = shown(&mut stream).await;
    assert_eq!((&seen["total"], &seen["newest"][0]["id"], &seen["top"]), (&json!(1), &json!(first), &seen["newest"]));
    assert_eq!(seen["newest"][0]["quote"], "one\nline <b>");
    assert!((1000..5000).contains(&stream.retry.unwrap()));
    assert_eq!(shown(&mut other).await, seen);
    let second = post_as(site, "Milou", "wouah").await;
    let seen = shown_when(&mut stream, |seen| seen["total"] == 2).await;
    assert_eq!((&seen["newest"][0]["id"], &seen["top"][0]["id"]), (&json!(second), &json!(first)));
    assert_eq!(shown_when(&mut other, |seen| seen["total"] == 2).await, seen, "the same to all");
    ask(site, &[("idempotency-key", "x")], Method::POST, &format!("/quotes/{second}/upvotes"), &json!({})).await;
    shown_when(&mut stream, |seen| seen["top"][0]["id"] == second && seen["top"][0]["upvotes"] == 1).await;
    send(site, Method::POST, &format!("/quotes/{second}/hide"), ADMIN, "").await;
    let seen = shown_when(&mut stream, |seen| seen["total"] == 1).await;
    assert!(!seen.to_string().contains("wouah"), "{seen}");
    send(site, Method::DELETE, &format!("/quotes/{first}"), ADMIN, "").await;
    let seen = shown_when(&mut stream, |seen| seen["total"] == 0).await;
    assert_eq!(seen, json!({ "total": 0, "newest": [], "top": [] }));
    product.running.stop().await;
}

#[tokio::test]
async fn whoever_comes_later_does_not_see_what_is_no_longer_so() {
    let product = product().await;
    let site = &product.site;
    let id = post_as(site, "1", "x").await;
    let mut stream = screen(site).await;
    shown(&mut stream).await;
    drop(stream);
    while site.metric("hemicycle_viewers").await != Some(0.0) {
        tokio::task::yield_now().await;
    }
    send(site, Method::DELETE, &format!("/quotes/{id}"), ADMIN, "").await;
    let mut stream = screen(site).await;
    shown_when(&mut stream, |seen| seen["total"] == 0).await;
    product.running.stop().await;
}

#[tokio::test]
async fn thirty_are_shown_of_many() {
    let product = product().await;
    let site = &product.site;
    for number in 1..=35 {
        post_as(site, "1", &number.to_string()).await;
    }
    let seen = shown(&mut screen(site).await).await;
    let [newest, top] = ["newest", "top"].map(|list| seen[list].as_array().unwrap().len());
    assert_eq!((&seen["total"], newest, top, &seen["newest"][0]["quote"]), (&json!(35), 30, 30, &json!("35")));
    product.running.stop().await;
}

#[tokio::test]
async fn there_are_as_many_screens_as_may_be_and_they_end_well_when_it_goes_down() {
    let product = InProcess::start(&["--max-viewers", "2"]).await;
    let site = product.site.clone();
    let (mut one, mut two) = (screen(&site).await, screen(&site).await);
    shown(&mut one).await;
    shown(&mut two).await;
    let refused = site.http.get(site.url("/quotes/events")).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
    let stopping = tokio::spawn(product.running.stop());
    for stream in [&mut one, &mut two] {
        assert!(stream.next().await.is_none() && stream.ended_well);
    }
    tokio::time::timeout(Duration::from_secs(4), stopping).await.expect("it waits for screens").unwrap();
}
