//! Opening and closing by the clock.

use hemicycle::app::Ambient;
use hemicycle::domain::clock::{Clock, Entropy};
use jiff::SignedDuration;
use reqwest::StatusCode;
use serde_json::json;

use crate::forge::at;
use crate::sandbox::InProcess;

/// The product with a clock that stands at `at(0)`.
async fn with_clock() -> (InProcess, Clock) {
    let clock = Clock::manual(at(0));
    let ambient = Ambient { clock: clock.clone(), entropy: Entropy::counting() };
    (InProcess::start_with(ambient, &[]).await, clock)
}

#[tokio::test]
async fn a_draft_opens_and_closes_at_its_times_and_not_before() {
    let (product, clock) = with_clock().await;
    let site = &product.site;
    let (opens, closes) = (at(10_000).to_string(), at(20_000).to_string());
    site.make_poll(json!({ "slug": "tea", "status": "draft", "opens_at": opens, "closes_at": closes })).await;
    clock.set(at(9_999));
    let (status, body) = site.vote("tea", "ann", "a").await;
    assert_eq!((status, &body["opens_at"]), (StatusCode::CONFLICT, &json!(opens)));
    clock.set(at(10_000));
    assert_eq!(site.vote("tea", "ann", "a").await.0, StatusCode::ACCEPTED);
    assert_eq!(site.json("/polls/tea").await["status"], "open");
    clock.set(at(19_999));
    assert_eq!(site.vote("tea", "bob", "a").await.0, StatusCode::ACCEPTED);
    clock.set(at(20_000));
    let (status, body) = site.vote("tea", "cid", "a").await;
    assert_eq!((status, &body["closed_at"]), (StatusCode::CONFLICT, &json!(closes)));
    let result = site.results_when("tea", |result| result["final"] == true).await;
    assert_eq!((&result["total"], &result["closes_at"]), (&json!(2), &json!(closes)));
    product.running.stop().await;
}

#[tokio::test]
async fn a_poll_becomes_final_at_its_time_though_nobody_votes() {
    let (product, clock) = with_clock().await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "closes_at": at(5_000).to_string() })).await;
    clock.set(at(5_000));
    let result = site.results_when("tea", |result| result["final"] == true).await;
    assert_eq!((&result["status"], &result["closes_at"]), (&json!("closed"), &json!(at(5_000).to_string())));
    product.running.stop().await;
}

#[tokio::test]
async fn a_poll_that_closed_stays_closed_when_the_clock_is_set_back() {
    let (product, clock) = with_clock().await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "closes_at": at(5_000).to_string() })).await;
    clock.set(at(5_000));
    assert_eq!(site.vote("tea", "ann", "a").await.0, StatusCode::CONFLICT);
    clock.set(at(0));
    assert_eq!(site.vote("tea", "ann", "a").await.0, StatusCode::CONFLICT);
    assert_eq!(site.results_when("tea", |result| result["final"] == true).await["total"], 0);
    product.running.stop().await;
}

#[tokio::test]
async fn a_poll_can_be_closed_in_so_many_seconds() {
    let (product, clock) = with_clock().await;
    let site = &product.site;
    let (status, poll) = site.organise("/polls/default/close", &json!({ "in": 30 })).await;
    let wanted = clock.now() + SignedDuration::from_secs(30);
    assert_eq!((status, &poll["closes_at"]), (StatusCode::OK, &json!(wanted.to_string())));
    assert_eq!(poll["status"], "open");
    clock.set(at(29_999));
    assert_eq!(site.vote("default", "ann", "a").await.0, StatusCode::ACCEPTED);
    clock.set(at(30_000));
    assert_eq!(site.vote("default", "bob", "a").await.0, StatusCode::CONFLICT);
    for wrong in [json!({ "in": -1 }), json!({ "in": 1e12 }), json!({ "in": "soon" }), json!({ "at": 3 })] {
        assert_eq!(site.organise("/polls/default/close", &wrong).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
    product.running.stop().await;
}
