//! Whose a poll is, against organisers who try to be it.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::{Body, Method, StatusCode};
use serde_json::json;
use tokio::sync::mpsc;

use super::send;
use crate::sandbox::{InProcess, Site};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A poll of whoever has this session; the status of the answer.
async fn make(site: &Site, session: &str, slug: &str) -> u16 {
    let wish = json!({ "title": slug, "options": ["a", "b"], "slug": slug, "results": "hidden" }).to_string();
    send(site, Method::POST, "/polls", &[JSON, ("cookie", session)], &wish).await.status.as_u16()
}

/// A body that is sent as it is told, and the first piece of which has gone.
fn slow_body() -> (mpsc::UnboundedSender<&'static str>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel::<&'static str>();
    sender.send("{").unwrap();
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(Bytes::from(piece)), receiver))
    });
    (sender, Body::wrap_stream(pieces))
}

#[tokio::test]
async fn a_name_that_becomes_anothers_while_a_body_arrives_leads_to_nobodys_poll() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let (ann, bob) = (site.sign_up("ann", "organiser").await, site.sign_up("bob", "organiser").await);
    for (action, method) in [("/polls/prize/reset", Method::POST), ("/polls/prize", Method::PATCH)] {
        assert_eq!(make(site, &bob, "prize").await, 201);
        let (rest, body) = slow_body();
        let request = site.http.request(method, site.url(action)).header("cookie", &bob).header(JSON.0, JSON.1);
        let asked = tokio::spawn(request.body(body).send());
        // The head is there once another request of the same has been answered; then the name changes hands.
        assert_eq!(send(site, Method::GET, "/polls/prize", &[("cookie", &bob)], "").await.status, 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(send(site, Method::DELETE, "/polls/prize", &[("cookie", &bob)], "").await.status, 204);
        assert_eq!(make(site, &ann, "prize").await, 201);
        let before = send(site, Method::GET, "/polls/prize", &[("cookie", &ann)], "").await.json();
        rest.send("}").unwrap();
        drop(rest);
        assert_eq!(asked.await.unwrap().unwrap().status(), StatusCode::NOT_FOUND, "{action}");
        assert_eq!(send(site, Method::GET, "/polls/prize", &[("cookie", &ann)], "").await.json(), before);
        assert_eq!(send(site, Method::DELETE, "/polls/prize", &[("cookie", &ann)], "").await.status, 204);
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_code_with_dashes_is_nobody_elses_slug() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let (ann, bob) = (site.sign_up("ann", "organiser").await, site.sign_up("bob", "organiser").await);
    assert_eq!(make(site, &ann, "prize").await, 201);
    let poll = send(site, Method::GET, "/polls/prize", &[("cookie", &ann)], "").await.json();
    let code = poll["code"].as_str().unwrap().to_lowercase();
    for shadow in [code.clone(), format!("{}-{}", &code[..3], &code[3..]), format!("-{code}-")] {
        assert_eq!(make(site, &bob, &shadow).await, 409, "{shadow}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_stream_of_hidden_totals_ends_with_the_session() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "organiser").await;
    assert_eq!(make(site, &ann, "prize").await, 201);
    assert_eq!(send(site, Method::POST, "/polls/prize/open", &[JSON, ("cookie", &ann)], "{}").await.status, 200);
    let events = site.http.get(site.url("/results/prize/events?audience=organiser")).header("cookie", &ann);
    let mut events = events.send().await.unwrap().bytes_stream();
    let first = events.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"votes\":0"), "{first:?}");
    assert_eq!(send(site, Method::POST, "/sessions/end", &[("cookie", &ann)], "").await.status, 204);
    assert_eq!(site.vote("prize", "a voter", "a").await.0, StatusCode::ACCEPTED);
    let rest: Vec<_> = events.collect().await;
    let rest: String = rest.into_iter().map(|piece| String::from_utf8_lossy(&piece.unwrap()).into_owned()).collect();
    assert!(!rest.contains("\"votes\":1"), "{rest}");
    product.running.stop().await;
}

#[tokio::test]
async fn an_organiser_has_no_more_polls_than_they_may() {
    let product = InProcess::start(&["--rate-limit-credential", "10000"]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "organiser").await;
    for number in 0..500 {
        assert_eq!(make(site, &ann, &format!("poll-{number}")).await, 201);
    }
    assert_eq!(make(site, &ann, "one-more").await, 409);
    assert_eq!(send(site, Method::DELETE, "/polls/poll-7", &[("cookie", &ann)], "").await.status, 204);
    assert_eq!(make(site, &ann, "one-more").await, 201);
    product.running.stop().await;
}
