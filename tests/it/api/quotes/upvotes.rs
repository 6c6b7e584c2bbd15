//! Liking quotes.

use reqwest::Method;
use serde_json::json;

use super::{post_as, product, said, token};
use crate::api::{ADMIN, Answer, NOBODY, Who, ask, send};
use crate::sandbox::Site;

async fn like(site: &Site, who: Who<'_>, id: u64) -> Answer {
    ask(site, who, Method::POST, &format!("/quotes/{id}/upvotes"), &json!({})).await
}

async fn unlike(site: &Site, who: Who<'_>, id: u64) -> Answer {
    send(site, Method::DELETE, &format!("/quotes/{id}/upvotes"), who, "").await
}

fn likes(upvotes: u64, own: bool) -> (u16, String) {
    (200, format!(r#"{{"upvotes":{upvotes},"upvoted":{own}}}"#))
}

fn told(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.text.clone())
}

#[tokio::test]
async fn a_browser_likes_a_quote_once_and_takes_it_back() {
    let product = product().await;
    let site = &product.site;
    let id = post_as(site, "1", "x").await;
    let first = like(site, NOBODY, id).await;
    assert_eq!(told(&first), likes(1, true));
    let cookie = first.cookie().unwrap().to_owned();
    assert!(cookie.starts_with("voter_id="));
    let ann = [("cookie", &*cookie)];
    let again = like(site, &ann, id).await;
    assert_eq!((told(&again), again.cookie()), (likes(1, true), None));
    assert_eq!(told(&like(site, &[("cookie", "voter_id=forged")], id).await), likes(2, true), "a new voter");
    assert_eq!(told(&unlike(site, &ann, id).await), likes(1, false));
    assert_eq!(told(&unlike(site, &ann, id).await), likes(1, false));
    assert_eq!(told(&unlike(site, NOBODY, id).await), likes(1, false), "whoever is new never liked it");
    product.running.stop().await;
}

#[tokio::test]
async fn every_answer_hands_a_new_voter_their_cookie() {
    let product = product().await;
    let site = &product.site;
    let none = like(site, NOBODY, 99).await;
    assert_eq!(said(&none), (404, r#"{"error":"Citation non trouvée"}"#));
    assert!(none.cookie().is_some_and(|cookie| cookie.starts_with("voter_id=")));
    let headers = [("content-type", "text/plain")];
    let wrong = send(site, Method::POST, "/quotes/1/upvotes", &headers, "x").await;
    assert_eq!((wrong.status.as_u16(), wrong.cookie().is_some()), (415, true));
    assert!(unlike(site, NOBODY, 99).await.cookie().is_some());
    product.running.stop().await;
}

#[tokio::test]
async fn an_account_likes_a_quote_once_wherever_it_is_signed_in() {
    let product = product().await;
    let site = &product.site;
    let ann = site.sign_up("ann", "member").await;
    let elsewhere = site.sign_in_as("ann", "the password of ann").await;
    let id = post_as(site, "1", "x").await;
    let cookie = like(site, NOBODY, id).await.cookie().unwrap().to_owned();
    let both = format!("{ann}; {cookie}");
    assert_eq!(told(&like(site, &[("cookie", &both)], id).await), likes(2, true), "the account, not the browser");
    assert_eq!(told(&like(site, &[("cookie", &elsewhere)], id).await), likes(2, true));
    let [read, vote] = [token(site, &ann, "read").await, token(site, &ann, "vote").await];
    assert_eq!(like(site, &[("authorization", &read)], id).await.status, 403, "it may only look");
    let by_token = like(site, &[("authorization", &vote)], id).await;
    assert_eq!((told(&by_token), by_token.cookie()), (likes(2, true), None));
    assert_eq!(told(&unlike(site, &[("authorization", &vote)], id).await), likes(1, false));
    product.running.stop().await;
}

#[tokio::test]
async fn a_client_without_cookies_names_itself() {
    let product = product().await;
    let site = &product.site;
    let id = post_as(site, "1", "x").await;
    for (key, upvotes) in [("one", 1), ("one", 1), ("two", 2)] {
        let answer = like(site, &[("idempotency-key", key)], id).await;
        assert_eq!((told(&answer), answer.cookie()), (likes(upvotes, true), None));
    }
    let with_key = [ADMIN[0], ("idempotency-key", "one")];
    assert_eq!(told(&unlike(site, &with_key, id).await), likes(1, false), "the admin key is no voter");
    assert_eq!(like(site, &[("idempotency-key", "")], id).await.status, 400);
    product.running.stop().await;
}

#[tokio::test]
async fn a_hundred_at_once_are_a_hundred_upvotes() {
    let product = product().await;
    let site = &product.site;
    let id = post_as(site, "1", "x").await;
    let voters: Vec<_> = (0..100).map(|voter| format!("voter {}", voter % 50)).collect();
    let asked = voters.iter().map(async |voter| like(site, &[("idempotency-key", voter)], id).await.status);
    let statuses = futures_util::future::join_all(asked).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(told(&like(site, &[("idempotency-key", "voter 0")], id).await), likes(50, true));
    product.running.stop().await;
}
