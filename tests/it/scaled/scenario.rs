//! One vote from start to end comes out the same, however the product runs.

use hemicycle_stack::whole::StackOptions;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Standing;
use crate::api::hosts::{assert_root_is_by_host, seed};
use crate::sandbox::{InProcess, Site, binary};

/// What everybody can see of a poll that is over.
#[derive(Debug, PartialEq)]
struct Seen {
    results: Value,
    table: String,
}

/// A poll in which voters change their minds and one in which they must not, and what came of them.
async fn scenario(site: &Site) -> [Seen; 2] {
    site.make_poll(json!({ "slug": "free", "allow_change": true })).await;
    site.make_poll(json!({ "slug": "strict", "allow_change": false })).await;
    for (poll, revote) in [("free", StatusCode::ACCEPTED), ("strict", StatusCode::CONFLICT)] {
        for voter in 0..12 {
            let choice = if voter % 3 == 0 { "b" } else { "a" };
            assert_eq!(site.vote(poll, &voter.to_string(), choice).await.0, StatusCode::ACCEPTED, "{poll} {voter}");
        }
        for voter in [1, 2, 4, 5, 7] {
            let (status, body) = site.vote(poll, &voter.to_string(), "b").await;
            assert_eq!(status, revote, "{poll} {voter} {body}");
        }
    }
    for poll in ["free", "strict"] {
        let path = format!("/polls/{poll}/close");
        let (status, body) = site.organise(&path, &json!({})).await;
        assert_eq!(status, StatusCode::OK, "{path} {body}");
    }
    [over(site, "free").await, over(site, "strict").await]
}

/// Waits until a closed poll is final.
async fn over(site: &Site, poll: &str) -> Seen {
    let all = site.results_when(poll, |results| results["final"] == true).await;
    assert_eq!(site.vote(poll, "late", "a").await.0, StatusCode::CONFLICT, "{poll} is closed");
    let table = site.http.get(site.url(&format!("/results/{poll}.csv"))).send().await.unwrap();
    assert_eq!(table.status(), StatusCode::OK);
    let results = json!({ "total": all["total"], "options": all["options"], "status": all["status"] });
    Seen { results, table: table.text().await.unwrap() }
}

/// What must come out.
async fn expect(site: &Site) {
    let [free, strict] = scenario(site).await;
    let votes = |seen: &Seen| [0, 1].map(|option: usize| seen.results["options"][option]["votes"].clone());
    assert_eq!((&free.results["total"], votes(&free)), (&json!(12), [json!(3), json!(9)]), "{free:?}");
    assert_eq!((&strict.results["total"], votes(&strict)), (&json!(12), [json!(8), json!(4)]), "{strict:?}");
    let product = InProcess::start(&[]).await;
    assert_eq!([free, strict], scenario(&product.site).await, "one process says otherwise");
    product.running.stop().await;
}

/// A session holds in every process of every role: the site's that shows pages, those of polls and of result.
async fn organise_in_the_studio(site: &Site) {
    let session = site.sign_in().await;
    let form = [("title", "Which colour?"), ("options", "Red\nBlue"), ("results", "hidden"), ("slug", "colour")];
    let made = site.http.post(site.url("/polls")).header("cookie", &session).form(&form).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::SEE_OTHER);
    for path in ["/studio/polls/colour", "/results/colour.json?audience=organiser", "/studio/glance"] {
        // Several times: the front takes turns at the processes of a role.
        for _ in 0..4 {
            let page = site.http.get(site.url(path)).header("cookie", &session).send().await.unwrap();
            assert_eq!(page.status(), StatusCode::OK, "{path}");
            assert!(page.text().await.unwrap().contains("Which colour?"), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn split_into_roles_it_comes_out_as_in_one_process() {
    expect(&Standing::split().await.site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_two_of_each_role_it_comes_out_as_in_one_process() {
    let standing = Standing::start(StackOptions::whole(binary())).await;
    expect(&standing.site).await;
    organise_in_the_studio(&standing.site).await;
    assert_root_is_by_host(&standing.site).await;
    seed(&standing.site, "vote.localhost").await;
    standing.settle().await;
    assert_eq!(standing.votes("default").await, [2000, 1000], "forms of nobody known, by host name");
}
