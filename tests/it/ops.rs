//! What operators look at: metrics, probes and logs.

use std::fs;
use std::process::Command;

use reqwest::header::SET_COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sandbox::{InProcess, KEY, Process, Site, binary};

#[tokio::test]
async fn every_promised_metric_is_there_and_moves() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let before = metrics(site).await;
    for (voter, choice) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("cid", "z")] {
        site.vote("default", voter, choice).await;
    }
    site.settled("default").await;
    let _viewer = site.http.get(site.url("/results/default/events")).send().await.unwrap();
    let after = metrics(site).await;
    let ballots = "method=\"POST\",route=\"/ballots/{poll}\",status=";
    let rises = [
        (format!("http_requests_total{{{ballots}\"202\"}}"), 3.0),
        (format!("http_requests_total{{{ballots}\"400\"}}"), 1.0),
        (format!("http_request_duration_seconds_count{{{ballots}\"202\"}}"), 3.0),
        ("hemicycle_ballots_accepted_total".into(), 3.0),
        ("hemicycle_ballots_counted".into(), 2.0),
        ("hemicycle_ballots_superseded_total".into(), 1.0),
        ("hemicycle_ballots_rejected_total{reason=\"unknown_choice\"}".into(), 1.0),
        ("hemicycle_append_ballots_sum".into(), 3.0),
        ("hemicycle_apply_ballots_sum".into(), 3.0),
        ("hemicycle_viewers".into(), 1.0),
        ("hemicycle_ballots_discarded_total".into(), 0.0),
        ("hemicycle_ballots_dead_total".into(), 0.0),
        ("hemicycle_ballots_pending".into(), 0.0),
        ("hemicycle_conservation_difference".into(), 0.0),
        ("hemicycle_backlog_ballots".into(), 0.0),
    ];
    for (name, by) in rises {
        let rise =
            value(&after, &name).unwrap_or_else(|| panic!("there is no {name}")) - value(&before, &name).unwrap_or(0.0);
        assert!((rise - by).abs() < f64::EPSILON, "{name} rose by {rise}, not by {by}");
    }
    for name in ["hemicycle_append_seconds_count", "hemicycle_apply_seconds_count", "hemicycle_connections"] {
        assert!(value(&after, name).is_some_and(|now| now >= 1.0), "{name}");
    }
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "hemicycle_backlog_age_seconds"] {
        assert!(value(&after, name).is_some_and(|now| now >= 0.0), "{name}");
    }
    assert!(after.ends_with("# EOF\n"));
    product.running.stop().await;
}

#[tokio::test]
async fn a_reset_moves_ballots_from_counted_to_discarded() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    for voter in ["ann", "bob"] {
        site.vote("default", voter, "a").await;
    }
    site.settled("default").await;
    assert_eq!(site.organise("/polls/default/reset", &json!({})).await.0, StatusCode::OK);
    let page = metrics(site).await;
    assert!(page.contains("hemicycle_ballots_discarded_total 2\n"), "{page}");
    assert!(page.contains("hemicycle_ballots_counted 0\n"), "{page}");
    assert!(page.contains("hemicycle_conservation_difference 0\n"), "{page}");
    product.running.stop().await;
}

#[tokio::test]
async fn metrics_ask_for_the_key_while_results_are_hidden() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "secret", "results": "hidden" })).await;
    site.vote("secret", "ann", "a").await;
    site.settled("default").await;
    let answer = site.http.get(site.url("/metrics")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(metrics(site).await.contains("hemicycle_ballots_counted 1"));
    product.running.stop().await;
}

#[tokio::test]
async fn a_draining_product_is_alive_but_not_ready_until_its_last_request_is_done() {
    let InProcess { site, running, folder } = InProcess::start(&["--ops-listen", "127.0.0.1:0"]).await;
    let ops = Site::at_port(running.ops_address.unwrap().port());
    assert_eq!(ops.json("/readyz").await, json!({ "ready": true, "troubles": {} }));
    // A ballot on its way: the product has asked for its body.
    let mut voter = TcpStream::connect(site.base.trim_start_matches("http://")).await.unwrap();
    let head =
        "POST /ballots/default HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\nExpect: 100-continue\r\n\r\n";
    voter.write_all(head.as_bytes()).await.unwrap();
    voter.read_exact(&mut [0; "HTTP/1.1 100 Continue\r\n\r\n".len()]).await.unwrap();
    let stopping = tokio::spawn(running.stop());
    let answer = loop {
        let answer = ops.http.get(ops.url("/readyz")).send().await.unwrap();
        if answer.status() != StatusCode::OK {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let troubles: Value = answer.json().await.unwrap();
    assert_eq!(troubles, json!({ "ready": false, "troubles": { "process": "draining" } }));
    assert_eq!(ops.http.get(ops.url("/livez")).send().await.unwrap().status(), StatusCode::OK);
    voter.write_all(b"{\"choice\":\"a\"}").await.unwrap();
    let mut text = String::new();
    voter.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 202 "), "{text}");
    stopping.await.unwrap();
    drop(folder);
}

#[tokio::test]
async fn an_address_for_operations_takes_them_from_the_public_one() {
    let product = InProcess::start(&["--ops-listen", "127.0.0.1:0"]).await;
    let ops = Site::at_port(product.running.ops_address.unwrap().port());
    for path in ["/livez", "/readyz", "/metrics"] {
        let status = |site: &Site| site.http.get(site.url(path)).header("authorization", KEY).send();
        assert_eq!(status(&ops).await.unwrap().status(), StatusCode::OK, "{path}");
        assert_eq!(status(&product.site).await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
    let vote = ops.http.get(ops.url("/vote/default")).send().await.unwrap();
    assert_eq!(vote.status(), StatusCode::NOT_FOUND);
    product.running.stop().await;
}

#[tokio::test]
async fn logs_on_a_pipe_are_json_with_request_ids_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" 2>\"$1\""]).arg(binary()).arg(&log);
    command.env("RUST_LOG", "debug").env("SECRET_KEY", "signs-all-the-cookies");
    let process = Process::start_by(command, &folder.path().join("data"));
    let secrets = use_secrets(&process.site).await;
    assert!(process.terminate().success());
    let text = fs::read_to_string(&log).unwrap();
    for secret in secrets.iter().map(String::as_str).chain([KEY, "signs-all-the-cookies"]) {
        assert!(!text.contains(secret), "{secret} is in the logs");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.iter().any(|line| line["message"] == "app.started"), "{text}");
    let failed: Vec<&Value> = lines.iter().filter(|line| line["request.id"].is_string()).collect();
    let within: Vec<&Value> = lines.iter().filter(|line| line["span"]["name"] == "request").collect();
    assert!(failed.len() > 3 && within.len() > 5, "{text}");
    let ids = failed.iter().map(|line| &line["request.id"]).chain(within.iter().map(|line| &line["span"]["id"]));
    assert!(ids.into_iter().all(|id| id.as_str().map(str::len) == Some(16)), "{text}");
}

/// Votes and organises in every way that shows a secret, with and without success; returns the secrets.
async fn use_secrets(site: &Site) -> Vec<String> {
    let vote = |site: &Site| site.http.post(site.url("/ballots/default")).json(&json!({ "choice": "a" }));
    let answer = vote(site).send().await.unwrap();
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let value = cookie.strip_prefix("voter_id=").unwrap().to_owned();
    let forged = format!("{}x", &value[..value.len() - 1]);
    for cookie in [cookie, format!("voter_id={forged}")] {
        vote(site).header("cookie", &cookie).send().await.unwrap();
        site.http.get(site.url("/vote/default")).header("cookie", &cookie).send().await.unwrap();
    }
    site.vote("default", "a-name-for-retries", "a").await;
    site.vote("nowhere", "a-name-for-retries", "a").await;
    for key in [KEY, "not-the-admin-key"] {
        let form = [("key", key), ("title", "Tea?"), ("options", "Tea\nCoffee")];
        site.http.post(site.url("/polls")).form(&form).send().await.unwrap();
        let request = site.http.request(Method::PATCH, site.url("/polls/default")).header("authorization", key);
        request.json(&json!({ "results": "hidden" })).send().await.unwrap();
        site.http.get(site.url("/metrics")).header("authorization", format!("Bearer {key}")).send().await.unwrap();
    }
    vec![value, forged, "a-name-for-retries".into(), "not-the-admin-key".into()]
}

async fn metrics(site: &Site) -> String {
    let answer = site.http.get(site.url("/metrics")).header("authorization", KEY).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.unwrap()
}

/// The value on the line of this name and these labels.
fn value(page: &str, name: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}
