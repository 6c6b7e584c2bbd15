//! What is at `/`: it depends on the host name.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Answer, FORM, send};
use crate::sandbox::{InProcess, Site};

const PUBLIC: &str = "https://vote.example.org";

/// What shows which page it is; the front page is neither.
const VOTING: &str = "name=\"vote\"";
const RESULT: &str = "\"/results/default/events\"";
const HOME: &str = "<main";

async fn get(site: &Site, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(site, Method::GET, path, headers, "").await
}

async fn at_host(site: &Site, host: &str) -> Answer {
    get(site, "/", &[("host", host)]).await
}

async fn post(site: &Site, host: &str, body: &str) -> Answer {
    send(site, Method::POST, "/", &[("host", host), FORM], body).await
}

fn shows(answer: &Answer, page: &str, what: &str) {
    assert_eq!(answer.status, StatusCode::OK, "{what}: {}", answer.text);
    assert!(answer.header("content-type").starts_with("text/html"), "{what}");
    assert!(answer.text.contains(page), "{what}: {}", answer.text);
    for known in [VOTING, RESULT] {
        assert_eq!(answer.text.contains(known), known == page, "{what}: {known}");
    }
}

/// Asks for `/` at hosts of all kinds, and for other paths at one of them.
pub async fn assert_root_is_by_host(site: &Site) {
    for host in ["vote.localhost", "Vote.Localhost:8080", "vote.votes.fr.", "vote.10.0.0.7.nip.io"] {
        shows(&at_host(site, host).await, VOTING, host);
    }
    for host in ["result.localhost", "results.localhost:80", "results.votes.fr"] {
        shows(&at_host(site, host).await, RESULT, host);
    }
    for host in ["localhost", "127.0.0.1:8080", "votes.fr", "my.vote.localhost"] {
        shows(&at_host(site, host).await, HOME, host);
    }
    let all_paths = [("/vote/default", VOTING), ("/results/default", RESULT), ("/?utm=x", VOTING)];
    for (path, page) in all_paths {
        shows(&get(site, path, &[("host", "vote.localhost")]).await, page, path);
    }
}

#[tokio::test]
async fn the_host_decides_whose_page_is_at_the_root() {
    let product = InProcess::start(&[]).await;
    assert_root_is_by_host(&product.site).await;
    for host in ["vote", "<vote.x>", "vote.x/y", "@vote.x"] {
        shows(&at_host(&product.site, host).await, HOME, host);
    }
    product.running.stop().await;
}

#[tokio::test]
async fn host_names_are_configured_and_none_is_a_choice() {
    let product = InProcess::start(&["--vote-hosts", "poll.*,ballot.example.org", "--result-hosts", ""]).await;
    let site = &product.site;
    for host in ["poll.localhost", "BALLOT.example.org:1"] {
        shows(&at_host(site, host).await, VOTING, host);
    }
    for host in ["vote.localhost", "results.localhost", "x.ballot.example.org"] {
        shows(&at_host(site, host).await, HOME, host);
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_forwarded_host_counts_from_a_trusted_proxy_only() {
    let trusting = InProcess::start(&["--trusted-proxies", "127.0.0.0/8"]).await;
    let wary = InProcess::start(&["--trusted-proxies", "10.0.0.0/8"]).await;
    let forwarded = [("host", "internal"), ("x-forwarded-host", "vote.localhost")];
    shows(&get(&trusting.site, "/", &forwarded).await, VOTING, "trusted");
    shows(&get(&wary.site, "/", &forwarded).await, HOME, "not trusted");
    let hidden = [("host", "vote.localhost"), ("x-forwarded-host", "example.org")];
    shows(&get(&trusting.site, "/", &hidden).await, HOME, "trusted");
    shows(&get(&wary.site, "/", &hidden).await, VOTING, "not trusted");
    trusting.running.stop().await;
    wary.running.stop().await;
}

#[tokio::test]
async fn a_form_at_the_root_of_a_vote_host_is_a_ballot() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let voted = post(site, "vote.localhost", "vote=b").await;
    shows(&voted, VOTING, "voted");
    let blank = at_host(site, "vote.localhost").await;
    assert!(voted.text.contains("Cats") && voted.text.contains("Dogs") && voted.text != blank.text, "{}", voted.text);
    let cookie = voted.cookie().expect("a new voter").to_owned();
    assert!(cookie.starts_with("voter_id="));
    site.settled("default").await;
    let back = get(site, "/", &[("host", "vote.localhost"), ("cookie", &cookie)]).await;
    assert_ne!(back.text, blank.text, "who comes back sees the choice");
    let other = post(site, "vote.localhost", "vote=b").await;
    assert!(other.cookie().is_some_and(|other| other != cookie), "without a cookie: another voter");
    let changed = [("host", "vote.localhost"), FORM, ("cookie", cookie.as_str())];
    assert_eq!(send(site, Method::POST, "/", &changed, "vote=a").await.status, StatusCode::OK);
    for wrong in ["", "vote=", "vote=c", "vote=A", "choice=a"] {
        let answer = post(site, "vote.localhost", wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong:?}");
        assert!(answer.json()["error"].is_string());
    }
    let result = site.settled("default").await;
    assert_eq!((&result["options"][0]["votes"], &result["options"][1]["votes"]), (&json!(1), &json!(1)));
    product.running.stop().await;
}

#[tokio::test]
async fn other_methods_at_the_root_are_those_of_the_page_behind_it() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    for host in ["vote.localhost", "results.localhost", "localhost"] {
        let head = send(site, Method::HEAD, "/", &[("host", host)], "").await;
        assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""), "{host}");
        assert_eq!(head.header("content-type"), "text/html; charset=utf-8");
    }
    for (method, host) in [(Method::POST, "results.localhost"), (Method::POST, "x.localhost"), (Method::PUT, "vote.x")]
    {
        let answer = send(site, method.clone(), "/", &[("host", host), FORM], "vote=a").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {host}");
        assert!(!answer.header("allow").is_empty() && answer.json()["error"].is_string(), "{}", answer.text);
    }
    assert_eq!(site.settled("default").await["total"], 0);
    product.running.stop().await;
}

#[tokio::test]
async fn a_voting_page_at_a_vote_host_leads_to_the_public_address() {
    let product = InProcess::start(&["--public-url", "https://example.org"]).await;
    let site = &product.site;
    for (path, there) in [
        ("/", "https://example.org/vote/default"),
        ("/?a=b", "https://example.org/vote/default?a=b"),
        ("/vote/default", "https://example.org/vote/default"),
        ("/vote/ABC234?x=%22", "https://example.org/vote/ABC234?x=%22"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = send(site, method, path, &[("host", "vote.localhost")], "").await;
            assert_eq!((answer.status, answer.header("location")), (StatusCode::TEMPORARY_REDIRECT, there), "{path}");
            assert_eq!(answer.cookie(), None, "a cookie of this host would be a second voter");
        }
    }
    let voted = post(site, "vote.localhost", "vote=a").await;
    shows(&voted, VOTING, "a ballot is taken where it arrives");
    shows(&get(site, "/vote/default", &[("host", "10.0.0.7")]).await, VOTING, "no vote host");
    shows(&at_host(site, "results.localhost").await, RESULT, "a result has no voter");
    product.running.stop().await;
}

#[tokio::test]
async fn a_public_address_that_is_a_vote_host_leads_nowhere_else() {
    let product = InProcess::start(&["--public-url", PUBLIC]).await;
    let site = &product.site;
    for host in ["vote.example.org", "VOTE.example.org", "vote.example.org:443"] {
        shows(&at_host(site, host).await, VOTING, host);
        shows(&get(site, "/vote/default", &[("host", host)]).await, VOTING, host);
    }
    for host in ["vote.example.com", "vote.example.org:8443"] {
        let answer = at_host(site, host).await;
        assert_eq!(answer.header("location"), format!("{PUBLIC}/vote/default"), "{host}");
    }
    product.running.stop().await;
}

/// The job that came with the system this replaces.
pub async fn seed(site: &Site, host: &str) {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap();
    let votes = (0..3000).map(|number| if number % 3 == 2 { "vote=b" } else { "vote=a" });
    let sent = votes.map(async |vote| {
        let request = http.post(site.url("/")).header("host", host).header(FORM.0, FORM.1).body(vote);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let page = answer.text().await.unwrap();
        assert!(page.contains("Cats") && page.contains("Dogs"), "{page}");
    });
    stream::iter(sent).buffer_unordered(50).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn three_thousand_forms_of_nobody_known_are_three_thousand_ballots() {
    let product = InProcess::start(&[]).await;
    seed(&product.site, "vote.localhost").await;
    let result = product.site.settled("default").await;
    let votes = [0, 1].map(|option: usize| result["options"][option]["votes"].clone());
    assert_eq!(votes, [json!(2000), json!(1000)], "{result}");
    product.running.stop().await;
}
