//! What a connection can do that it should not.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::{Target, connect, converse, hear_out};
use crate::sandbox::Site;

#[tokio::test]
async fn heads_that_are_too_large_are_431() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let long = "x".repeat(20_000);
    let one = format!("GET /vote/drinks HTTP/1.1\r\nHost: localhost\r\nX-Padding: {long}\r\n\r\n");
    let many = "X-Padding: x\r\n".repeat(200);
    let many = format!("GET /vote/drinks HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    let line = format!("GET /vote/{long} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for head in [one, many, line] {
        let answer = converse(site, &head).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{:?}: {answer}", &head[..60]);
    }
    target.assert_unharmed().await;
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_ends_the_connection() {
    let target = Target::start(&["--head-seconds", "1"]).await;
    let started = Instant::now();
    let mut stream = connect(target.site()).await;
    stream.write_all(b"POST /ballots/drinks HTTP/1.1\r\nHost: local").await.unwrap();
    let answer = hear_out(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!((1..10).contains(&started.elapsed().as_secs()), "it took {:?}", started.elapsed());
    target.assert_unharmed().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_408() {
    let target = Target::start(&[]).await;
    let mut stream = connect(target.site()).await;
    let head = "POST /ballots/drinks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = hear_out(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("{\"error\":"), "{answer}");
    target.assert_unharmed().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_casts_no_ballot() {
    let target = Target::start(&[]).await;
    let mut stream = connect(target.site()).await;
    let head = "POST /ballots/drinks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"choice\":\"b\"}";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = hear_out(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    target.assert_unharmed().await;
}

#[tokio::test]
async fn garbage_after_a_good_request_ends_the_connection_and_nothing_else() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let good = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for garbage in
        ["\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", "POST\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n"]
    {
        let answer = converse(site, format!("{good}{garbage}")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{garbage:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 400 ").count(), 1, "{garbage:?}: {answer}");
    }
    target.assert_unharmed().await;
}

#[tokio::test]
async fn requests_of_two_lengths_are_turned_away() {
    let target = Target::start(&[]).await;
    let ballot = "{\"choice\":\"b\"}";
    for lengths in ["Content-Length: 14\r\nContent-Length: 3", "Content-Length: -14", "Content-Length: 14x"] {
        let request = format!(
            "POST /ballots/drinks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lengths}\r\n\r\n{ballot}"
        );
        let answer = converse(target.site(), request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lengths:?}: {answer}");
    }
    target.assert_unharmed().await;
}

#[tokio::test]
async fn a_flood_of_idle_connections_is_let_go_and_voters_are_served() {
    let target = Target::start(&["--max-connections", "8", "--head-seconds", "2"]).await;
    let site = target.site();
    let mut flood = Vec::new();
    for _ in 0..40 {
        flood.push(connect(site).await);
    }
    // Voters have no connection yet.
    let port = site.base.rsplit(':').next().unwrap().parse().unwrap();
    let voter = Site::at_port(port).http;
    let request = voter.get(site.url("/livez")).timeout(Duration::from_millis(500)).send().await;
    assert!(request.is_err_and(|error| error.is_timeout()), "the flood did not reach the cap");
    drop(flood.split_off(8));
    let answer = voter.get(site.url("/livez")).timeout(Duration::from_secs(15)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    drop(flood);
    target.assert_unharmed().await;
}
