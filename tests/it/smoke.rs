//! A poll from draft to final, over HTTP.

use reqwest::StatusCode;
use serde_json::json;

use crate::sandbox::{InProcess, KEY, Process};

#[tokio::test]
async fn a_poll_lives_from_draft_to_final() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "drinks", "status": "draft" })).await;
    assert_eq!(site.vote("drinks", "ann", "a").await.0, StatusCode::CONFLICT);
    assert_eq!(site.organise("/polls/drinks/open", &json!({})).await.0, StatusCode::OK);
    for (voter, choice) in [("ann", "a"), ("bob", "b"), ("ann", "b"), ("cid", "a")] {
        assert_eq!(site.vote("drinks", voter, choice).await.0, StatusCode::ACCEPTED);
    }
    assert_eq!(site.organise("/polls/drinks/close", &json!({})).await.0, StatusCode::OK);
    let result = site.results_when("drinks", |result| result["final"] == true).await;
    assert_eq!((&result["total"], &result["options"][0]["votes"]), (&json!(3), &json!(1)), "{result}");
    assert_eq!(site.vote("drinks", "dan", "a").await.0, StatusCode::CONFLICT);
    product.running.stop().await;
}

#[tokio::test]
async fn what_was_counted_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    assert_eq!(process.site.vote("default", "ann", "a").await.0, StatusCode::ACCEPTED);
    assert!(process.terminate().success());
    let process = Process::start(folder.path());
    assert_eq!(process.site.settled("default").await["total"], 1);
}

#[tokio::test]
async fn a_body_that_makes_no_sense_changes_nothing() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    assert_eq!(site.vote("default", "ann", "a").await.0, StatusCode::ACCEPTED);
    site.settled("default").await;
    for (path, body) in
        [("/polls/default/reset", "{\"x\":1}"), ("/polls/default/reset", "{{"), ("/polls/default/close", "[0]")]
    {
        let request = site.http.post(site.url(path)).header("authorization", KEY);
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path} {body}");
    }
    let list = site.http.post(site.url("/ballots/default")).body("[\"a\"]").send().await.unwrap();
    assert_eq!(list.status(), StatusCode::BAD_REQUEST);
    let result = site.settled("default").await;
    assert_eq!((&result["total"], &result["status"]), (&json!(1), &json!("open")), "{result}");
    product.running.stop().await;
}

#[tokio::test]
async fn the_version_of_hidden_results_says_nothing_of_how_many_votes_there_are() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "secret", "results": "hidden" })).await;
    for voter in 0..8 {
        assert_eq!(site.vote("secret", &voter.to_string(), "a").await.0, StatusCode::ACCEPTED);
        site.settled("default").await;
    }
    assert_eq!(site.organise("/polls/secret/close", &json!({})).await.0, StatusCode::OK);
    let result = site.results_when("secret", |result| result["final"] == true).await;
    assert_eq!(result["version"], 3, "made, closed, final: {result}");
    product.running.stop().await;
}

#[tokio::test]
async fn a_default_poll_that_was_deleted_stays_so_and_its_name_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    assert_eq!(process.site.organise("/polls/default/close", &json!({})).await.0, StatusCode::OK);
    process.site.results_when("default", |result| result["final"] == true).await;
    let deleted = process.site.http.delete(process.site.url("/polls/default")).header("authorization", KEY);
    assert_eq!(deleted.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    process.site.make_poll(json!({ "title": "Default" })).await;
    assert!(process.terminate().success());
    let process = Process::start(folder.path());
    assert_eq!(process.site.json("/polls").await.as_array().map(Vec::len), Some(1));
}
