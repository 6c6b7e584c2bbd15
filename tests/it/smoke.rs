//! A poll from start to end, as the README tells it.

use reqwest::StatusCode;
use serde_json::json;

use crate::sandbox::{InProcess, Process};

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
