//! Who votes: accounts, whom the holder of a token names, and how often.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::send;
use crate::sandbox::{InProcess, KEY, Site};

const PASSWORD: &str = "correct horse battery";

/// A new account's session.
async fn account(site: &Site, id: &str) -> String {
    let wish = json!({ "id": id, "name": id, "password": PASSWORD });
    assert_eq!(site.organise("/users", &wish).await.0, StatusCode::CREATED);
    sign_in(site, id).await
}

async fn sign_in(site: &Site, id: &str) -> String {
    let shown = json!({ "id": id, "password": PASSWORD });
    let answer = site.http.post(site.url("/sessions")).json(&shown).send().await.unwrap();
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// A new token of an account.
async fn token(site: &Site, session: &str, scopes: &[&str]) -> String {
    let wish = json!({ "name": "a token", "scopes": scopes });
    let made = site.http.post(site.url("/sessions/tokens")).header("cookie", session).json(&wish).send().await.unwrap();
    made.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

/// Votes with one header; status and body.
async fn vote(site: &Site, poll: &str, header: (&str, &str), ballot: Value) -> (u16, Value) {
    let answer = send(site, Method::POST, &format!("/ballots/{poll}"), &[header], &ballot.to_string()).await;
    assert!(!answer.header("set-cookie").contains("voter_id"), "who votes is known otherwise: no cookie");
    (answer.status.as_u16(), serde_json::from_str(&answer.text).unwrap())
}

#[tokio::test]
async fn in_a_poll_by_account_each_account_has_one_vote_from_wherever_it_comes() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "board", "one_vote_per": "account" })).await;
    let (phone, bob) = (account(site, "ann").await, account(site, "bob").await);
    let laptop = sign_in(site, "Ann").await;
    assert_eq!(vote(site, "board", ("cookie", &phone), json!({ "choice": "a" })).await.0, 202);
    assert_eq!(vote(site, "board", ("cookie", &laptop), json!({ "choice": "b" })).await.0, 202);
    assert_eq!(vote(site, "board", ("cookie", &bob), json!({ "choice": "b" })).await.0, 202);
    for (name, value) in [("idempotency-key", "ann"), ("cookie", "voter_id=x"), ("authorization", KEY)] {
        let (status, body) = vote(site, "board", (name, value), json!({ "choice": "a" })).await;
        assert_eq!((status, &body["error"]), (401, &json!("in this poll accounts vote: sign in first")), "{name}");
    }
    let results = site.settled("board").await;
    assert_eq!((&results["options"][0]["votes"], &results["options"][1]["votes"]), (&json!(0), &json!(2)));
    let mine = send(site, Method::GET, "/ballots/board", &[("cookie", &phone)], "").await.json();
    assert_eq!(mine["choice"], "b", "what was counted of the account, on any device");
    product.running.stop().await;
}

#[tokio::test]
async fn in_a_poll_by_account_without_change_the_first_choice_stands() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "board", "one_vote_per": "account", "allow_change": false })).await;
    let ann = account(site, "ann").await;
    assert_eq!(vote(site, "board", ("cookie", &ann), json!({ "choice": "a" })).await.0, 202);
    assert_eq!(vote(site, "board", ("cookie", &ann), json!({ "choice": "a" })).await.0, 202, "a retry");
    assert_eq!(vote(site, "board", ("cookie", &ann), json!({ "choice": "b" })).await.0, 409);
    product.running.stop().await;
}

#[tokio::test]
async fn the_page_of_a_poll_by_account_sends_strangers_to_sign_in_and_takes_a_vote_without_javascript() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "board", "one_vote_per": "account" })).await;
    let ann = account(site, "ann").await;
    let strange = send(site, Method::GET, "/vote/board", &[], "").await;
    assert!(strange.text.contains("/signin?next=/vote/board"), "{}", strange.text);
    let known = send(site, Method::GET, "/vote/board", &[("cookie", &ann)], "").await;
    assert!(!known.text.contains("/signin?next="), "{}", known.text);
    let form = [("content-type", "application/x-www-form-urlencoded"), ("cookie", &*ann)];
    assert_eq!(send(site, Method::POST, "/vote/board", &form, "vote=a").await.status, 200);
    assert_eq!(send(site, Method::POST, "/vote/board", &form[..1], "vote=a").await.status, 401);
    assert_eq!(site.settled("board").await["total"], 1);
    product.running.stop().await;
}

#[tokio::test]
async fn a_token_votes_as_its_account_if_it_may_vote() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "board", "one_vote_per": "account" })).await;
    let ann = account(site, "ann").await;
    let (may, may_not) = (token(site, &ann, &["vote"]).await, token(site, &ann, &["read"]).await);
    assert_eq!(vote(site, "board", ("cookie", &ann), json!({ "choice": "a" })).await.0, 202);
    assert_eq!(vote(site, "board", ("authorization", &may), json!({ "choice": "b" })).await.0, 202);
    assert_eq!(vote(site, "board", ("authorization", &may_not), json!({ "choice": "a" })).await.0, 403);
    let named = json!({ "choice": "a", "voter": "bob" });
    assert_eq!(vote(site, "board", ("authorization", &may), named).await.0, 400, "no token makes accounts up");
    assert_eq!(site.settled("board").await["options"][1]["votes"], 1);
    product.running.stop().await;
}

#[tokio::test]
async fn a_token_names_its_voters_in_a_namespace_of_its_own() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "sms" })).await;
    let ann = account(site, "ann").await;
    let [gateway, kiosk, reader] =
        [token(site, &ann, &["vote"]).await, token(site, &ann, &["vote"]).await, token(site, &ann, &["read"]).await];
    let named = |voter: &str, choice: &str| json!({ "choice": choice, "voter": voter });
    for (token, voter, choice) in [
        (&gateway, "+33 6 00", "a"),
        (&gateway, "+33 6 00", "b"),
        (&gateway, "+33 6 01", "a"),
        (&kiosk, "+33 6 00", "a"),
    ] {
        assert_eq!(vote(site, "sms", ("authorization", token), named(voter, choice)).await.0, 202);
    }
    let results = site.settled("sms").await;
    assert_eq!((&results["options"][0]["votes"], &results["options"][1]["votes"]), (&json!(2), &json!(1)));
    assert_eq!(vote(site, "sms", ("authorization", &reader), named("x", "a")).await.0, 403);
    assert_eq!(vote(site, "sms", ("authorization", KEY), named("x", "a")).await.0, 403, "the key is no token");
    assert_eq!(vote(site, "sms", ("authorization", "hemi_nonsense"), named("x", "a")).await.0, 401);
    assert_eq!(vote(site, "sms", ("cookie", &ann), named("x", "a")).await.0, 403, "nor is a session");
    for wrong in ["", &"x".repeat(201)] {
        assert_eq!(vote(site, "sms", ("authorization", &gateway), named(wrong, "a")).await.0, 400);
    }
    assert_eq!(site.settled("sms").await["total"], 3);
    product.running.stop().await;
}

#[tokio::test]
async fn five_hundred_phones_behind_one_address_all_vote() {
    let product = InProcess::start(&["--rate-limit", "1"]).await;
    let site = &product.site;
    let votes = join_all((0..500).map(|phone| async move {
        let name = format!("phone {phone}");
        site.vote("default", &name, "a").await.0
    }));
    assert!(votes.await.iter().all(|status| *status == StatusCode::ACCEPTED));
    assert_eq!(site.settled("default").await["total"], 500);
    product.running.stop().await;
}

#[tokio::test]
async fn one_voter_is_held_to_so_many_tries_a_minute_and_others_are_not_concerned() {
    let product = InProcess::start(&["--rate-limit-credential", "20"]).await;
    let site = &product.site;
    let mut statuses = Vec::new();
    for number in 0..50 {
        statuses.push(site.vote("default", "restless", if number % 2 == 0 { "a" } else { "b" }).await.0);
    }
    let accepted = statuses.iter().filter(|status| **status == StatusCode::ACCEPTED).count();
    // The window is a minute of the clock, which may have turned in between.
    assert!((20..=40).contains(&accepted), "{accepted} accepted");
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(site.vote("default", "calm", "a").await.0, StatusCode::ACCEPTED);
    product.running.stop().await;
}
