//! From one state to the next: opening, closing, starting over, duplicating.

use reqwest::StatusCode;
use serde_json::json;

use super::patch;
use crate::sandbox::InProcess;

#[tokio::test]
async fn a_poll_opens_closes_and_opens_again_in_a_new_generation() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "status": "draft" })).await;
    let act = async |action: &str| site.organise(&format!("/polls/tea/{action}"), &json!({})).await;
    assert_eq!(act("close").await.0, StatusCode::CONFLICT, "a draft cannot be closed");
    let (status, poll) = act("open").await;
    assert_eq!((status, &poll["status"], &poll["generation"]), (StatusCode::OK, &json!("open"), &json!(1)));
    assert_eq!(act("open").await.0, StatusCode::CONFLICT, "open already");
    site.vote("tea", "ann", "a").await;
    let (status, poll) = act("close").await;
    assert_eq!((status, &poll["status"]), (StatusCode::OK, &json!("closed")));
    assert!(poll["closes_at"].is_string());
    assert_eq!(act("close").await.0, StatusCode::CONFLICT, "closed already");
    let result = site.results_when("tea", |result| result["final"] == true).await;
    assert_eq!(result["total"], 1);
    let (status, poll) = act("open").await;
    let told = (&poll["status"], &poll["generation"], &poll["final"], &poll["closes_at"]);
    assert_eq!((status, told), (StatusCode::OK, (&json!("open"), &json!(2), &json!(false), &json!(null))));
    site.vote("tea", "bob", "b").await;
    assert_eq!(site.settled("tea").await["total"], 2, "the same round goes on");
    assert_eq!(act("explode").await.0, StatusCode::NOT_FOUND);
    product.running.stop().await;
}

#[tokio::test]
async fn a_reset_starts_over_with_empty_tallies() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "allow_change": false })).await;
    site.vote("tea", "ann", "a").await;
    let before = site.settled("tea").await;
    let (status, poll) = site.organise("/polls/tea/reset", &json!({})).await;
    assert_eq!((status, &poll["status"], &poll["generation"]), (StatusCode::OK, &json!("open"), &json!(2)));
    let after = site.json("/results/tea.json").await;
    assert_eq!((&after["total"], &after["generation"]), (&json!(0), &json!(2)));
    assert!(after["version"].as_u64() > before["version"].as_u64(), "{before} {after}");
    assert_eq!(site.vote("tea", "ann", "b").await.0, StatusCode::ACCEPTED, "the rehearsal is forgotten");
    assert_eq!(site.settled("tea").await["options"][1]["votes"], 1);
    assert_eq!(site.metric("hemicycle_conservation_difference").await, Some(0.0));
    product.running.stop().await;
}

#[tokio::test]
async fn a_duplicate_is_a_draft_with_the_same_texts_and_rules() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let poll = site.make_poll(json!({ "slug": "tea", "allow_change": false, "results": "after_close" })).await;
    site.vote("tea", "ann", "a").await;
    let (status, copy) = site.organise("/polls/tea/duplicate", &json!({})).await;
    assert_eq!((status, &copy["status"]), (StatusCode::CREATED, &json!("draft")));
    for field in ["title", "options", "allow_change", "results"] {
        assert_eq!(copy[field], poll[field], "{field}");
    }
    for field in ["id", "slug", "code"] {
        assert_ne!(copy[field], poll[field], "{field}");
    }
    assert_eq!(site.json(&format!("/results/{}.json", copy["slug"].as_str().unwrap())).await["total"], json!(null));
    product.running.stop().await;
}

#[tokio::test]
async fn times_can_be_set_and_taken_back_while_they_lie_ahead() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "status": "draft", "opens_at": "2100-01-01T00:00:00Z" })).await;
    let changed =
        patch(site, "tea", &json!({ "opens_at": "2100-02-01T00:00:00Z", "closes_at": "2100-03-01T00:00:00Z" })).await;
    assert_eq!((changed.status, &changed.json()["opens_at"]), (StatusCode::OK, &json!("2100-02-01T00:00:00Z")));
    let unchanged = patch(site, "tea", &json!({ "title": "Which?" })).await.json();
    assert_eq!(unchanged["closes_at"], "2100-03-01T00:00:00Z", "an absent field stays");
    let removed = patch(site, "tea", &json!({ "opens_at": null, "closes_at": null })).await.json();
    assert_eq!((&removed["opens_at"], &removed["closes_at"]), (&json!(null), &json!(null)));
    for wrong in [
        json!({ "opens_at": "2001-01-01T00:00:00Z" }),
        json!({ "closes_at": "2001-01-01T00:00:00Z" }),
        json!({ "opens_at": "2100-02-01T00:00:00Z", "closes_at": "2100-01-01T00:00:00Z" }),
        json!({ "opens_at": "tomorrow" }),
    ] {
        assert_eq!(patch(site, "tea", &wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    site.organise("/polls/tea/open", &json!({})).await;
    let refused = patch(site, "tea", &json!({ "opens_at": "2100-02-01T00:00:00Z" })).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "it is open");
    product.running.stop().await;
}
