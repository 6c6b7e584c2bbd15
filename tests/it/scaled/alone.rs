//! Each role as a process of its own.

use hemicycle_stack::whole::StackOptions;
use reqwest::StatusCode;
use serde_json::json;

use super::{Standing, eventually, status, vote};
use crate::sandbox::binary;

/// Each role that answers requests, and a path of its own that anybody may ask for.
const ROLES: [(&str, &str); 8] = [
    ("vote", "/vote/default"),
    ("result", "/results/default.json"),
    ("polls", "/polls/default"),
    ("users", "/sessions"),
    ("quotes", "/quotes"),
    ("search", "/search?keyword=bird"),
    ("items", "/items"),
    ("site", "/wall"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_runs_alone_and_answers_for_itself_only() {
    let names: Vec<_> = ROLES.iter().map(|(role, _)| *role).chain(["worker"]).collect();
    let standing = Standing::start(StackOptions::lean(binary(), &names)).await;
    for (role, _) in ROLES {
        let site = standing.at(role);
        assert_eq!(status(&site, "/readyz").await, Some(StatusCode::OK), "{role}");
        for (other, path) in ROLES {
            let is_there = status(&site, path).await != Some(StatusCode::NOT_FOUND);
            assert_eq!(is_there, role == other, "{path} at the role {role}");
        }
    }
    assert_eq!(status(&standing.at("worker"), "/quotes").await, Some(StatusCode::NOT_FOUND));
    // Together, through the front, they are the product.
    let site = &standing.site;
    assert_eq!(site.organise("/quotes", &json!({ "user_id": "1", "quote": "a bird" })).await.0, 201);
    vote(site, "default", 0..3, "a").await;
    eventually("three votes that are counted", async || standing.votes("default").await == [3, 0]).await;
    let found = site.http.get(site.url("/quotes?q=bird")).send().await.unwrap();
    assert_eq!(found.json::<serde_json::Value>().await.unwrap()[0]["quote"], "a bird");
}
