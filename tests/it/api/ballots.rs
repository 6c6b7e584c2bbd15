//! Voting: as JSON and as a form, by cookie and by key.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Answer, FORM, send};
use crate::sandbox::{InProcess, Site};

async fn post(site: &Site, poll: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    send(site, Method::POST, &format!("/ballots/{poll}"), headers, body).await
}

#[tokio::test]
async fn an_accepted_ballot_says_poll_choice_and_receipt() {
    let product = InProcess::start(&[]).await;
    let answer = post(&product.site, "default", &[], r#"{"choice":"b"}"#).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let body = answer.json();
    assert_eq!((&body["poll"], &body["choice"]), (&json!("default"), &json!("b")));
    assert_eq!((body["ballot"].as_str().unwrap().len(), body.as_object().unwrap().len()), (16, 3));
    let cookie = answer.header("set-cookie");
    for part in ["voter_id=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http");
    product.running.stop().await;
}

#[tokio::test]
async fn json_is_read_whatever_the_content_type_says() {
    let product = InProcess::start(&[]).await;
    for kind in ["application/json", "text/plain", FORM.1, "image/png"] {
        let answer = post(&product.site, "default", &[("content-type", kind)], r#"{"choice":"a"}"#).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{kind}");
    }
    assert_eq!(product.site.settled("default").await["total"], 4, "cookieless: four voters");
    product.running.stop().await;
}

#[tokio::test]
async fn a_voter_may_ask_what_was_counted_of_them_and_nobody_else() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let cookie = post(site, "default", &[], r#"{"choice":"b"}"#).await.cookie().unwrap().to_owned();
    site.vote("default", "ann", "a").await;
    site.settled("default").await;
    let ask = async |headers: &[(&str, &str)]| send(site, Method::GET, "/ballots/default", headers, "").await.json();
    assert_eq!(ask(&[("cookie", &cookie)]).await["choice"], "b");
    assert_eq!(ask(&[("idempotency-key", "ann")]).await["choice"], "a");
    let stranger = ask(&[]).await;
    assert_eq!(
        (&stranger["choice"], &stranger["status"], &stranger["generation"]),
        (&json!(null), &json!("open"), &json!(1))
    );
    assert_eq!(send(site, Method::GET, "/ballots/nothing", &[], "").await.status, 404);
    product.running.stop().await;
}

#[tokio::test]
async fn a_returning_cookie_is_the_same_voter_and_a_forged_one_is_new() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let first = post(site, "default", &[], r#"{"choice":"a"}"#).await;
    let cookie = first.cookie().unwrap().to_owned();
    let again = post(site, "default", &[("cookie", &cookie)], r#"{"choice":"b"}"#).await;
    assert_eq!((again.status, again.cookie()), (StatusCode::ACCEPTED, None), "no new cookie");
    assert_eq!(first.json()["ballot"], again.json()["ballot"], "one ballot, changed");
    let forged = cookie.replacen("voter_id=", "voter_id=x", 1);
    let stranger = post(site, "default", &[("cookie", &forged)], r#"{"choice":"b"}"#).await;
    assert!(stranger.cookie().is_some());
    assert_ne!(stranger.json()["ballot"], first.json()["ballot"]);
    let result = site.settled("default").await;
    assert_eq!((&result["options"][0]["votes"], &result["options"][1]["votes"]), (&json!(0), &json!(2)));
    product.running.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_names_a_voter_in_one_poll() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea" })).await;
    let key = [("idempotency-key", "retry-1")];
    let first = post(site, "tea", &key, r#"{"choice":"a"}"#).await;
    let again = post(site, "tea", &key, r#"{"choice":"a"}"#).await;
    assert_eq!((first.status, first.json()), (again.status, again.json()));
    assert_eq!(first.cookie(), None, "the key is who it is");
    let other = post(site, "default", &key, r#"{"choice":"a"}"#).await;
    assert_ne!(other.json()["ballot"], first.json()["ballot"], "nobody is followed from poll to poll");
    assert_eq!(site.settled("tea").await["total"], 1);
    let visitor = post(site, "tea", &[], r#"{"choice":"b"}"#).await;
    let both = [("cookie", visitor.cookie().unwrap()), key[0]];
    let same = post(site, "tea", &both, r#"{"choice":"b"}"#).await;
    assert_eq!(same.json()["ballot"], visitor.json()["ballot"], "a cookie goes before a key");
    for wrong in ["", &"k".repeat(256)] {
        let answer = post(site, "tea", &[("idempotency-key", wrong)], r#"{"choice":"a"}"#).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong:?}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_with_a_cookie_and_changes_nothing() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let wrong = [
        ("default", r#"{"choice":"c"}"#, StatusCode::BAD_REQUEST),
        ("default", r#"{"choice":"A"}"#, StatusCode::BAD_REQUEST),
        ("default", r#"{"choice":""}"#, StatusCode::BAD_REQUEST),
        ("default", r#"{"choice":null}"#, StatusCode::BAD_REQUEST),
        ("default", r#"{"choice":1}"#, StatusCode::BAD_REQUEST),
        ("default", "{}", StatusCode::BAD_REQUEST),
        ("default", "", StatusCode::BAD_REQUEST),
        ("nothing", r#"{"choice":"a"}"#, StatusCode::NOT_FOUND),
    ];
    for (poll, body, status) in wrong {
        let answer = post(site, poll, &[], body).await;
        assert_eq!(answer.status, status, "{body}");
        assert!(answer.json()["error"].is_string(), "{}", answer.text);
        assert!(answer.cookie().is_some(), "a retry is to be the same voter: {body}");
    }
    assert_eq!(site.settled("default").await["total"], 0);
    assert_eq!(site.metric("hemicycle_ballots_accepted_total").await, Some(0.0));
    product.running.stop().await;
}

#[tokio::test]
async fn a_poll_that_takes_no_ballots_says_which_state_it_is_in_and_when() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "soon", "status": "draft", "opens_at": "2100-01-01T00:00:00Z" })).await;
    let (status, body) = site.vote("soon", "ann", "a").await;
    assert_eq!(status, StatusCode::CONFLICT);
    let wanted = json!({ "error": "this poll is not open yet", "status": "draft", "opens_at": "2100-01-01T00:00:00Z" });
    assert_eq!(body, wanted);
    let (_, closed) = site.organise("/polls/default/close", &json!({})).await;
    let (status, body) = site.vote("default", "ann", "a").await;
    assert_eq!(status, StatusCode::CONFLICT);
    let wanted = json!({ "error": "this poll is closed", "status": "closed", "closed_at": closed["closes_at"] });
    assert_eq!(body, wanted);
    product.running.stop().await;
}

#[tokio::test]
async fn where_change_is_not_allowed_the_first_choice_stands() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "once", "allow_change": false })).await;
    assert_eq!(site.vote("once", "ann", "a").await.0, StatusCode::ACCEPTED);
    let (status, body) = site.vote("once", "ann", "b").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["error"].as_str().unwrap().contains("voted already"), "{body}");
    assert_eq!(site.vote("once", "ann", "a").await.0, StatusCode::ACCEPTED, "a retry of the same");
    let result = site.settled("once").await;
    assert_eq!((&result["total"], &result["options"][0]["votes"]), (&json!(1), &json!(1)));
    product.running.stop().await;
}

#[tokio::test]
async fn the_form_is_answered_with_the_page_that_shows_options_and_choice() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let page = ("accept", "text/html");
    let blank = send(site, Method::GET, "/vote/default", &[page], "").await;
    assert_eq!(blank.status, StatusCode::OK);
    assert!(blank.text.contains("Cats") && blank.text.contains("Dogs"), "{}", blank.text);
    let cookie = blank.cookie().unwrap().to_owned();
    let voted = send(site, Method::POST, "/vote/default", &[page, FORM, ("cookie", &cookie)], "vote=b").await;
    assert_eq!(voted.status, StatusCode::OK);
    assert!(voted.text.contains("Cats") && voted.text.contains("Dogs"));
    assert!(voted.header("content-type").starts_with("text/html"));
    assert_ne!(blank.text, voted.text, "the choice is shown");
    assert_eq!(site.settled("default").await["options"][1]["votes"], 1);
    let returned = send(site, Method::GET, "/vote/default", &[page, ("cookie", &cookie)], "").await;
    assert_ne!(returned.text, blank.text, "the choice is shown to who comes back");
    for wrong in ["", "vote=", "vote=z", "choice=a"] {
        let answer = send(site, Method::POST, "/vote/default", &[page, FORM], wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong:?}");
        assert!(answer.header("content-type").starts_with("text/html"), "an error is a page too");
        assert!(answer.cookie().is_some());
    }
    let cookieless = send(site, Method::POST, "/vote/default", &[FORM], "vote=a").await;
    assert!(cookieless.cookie().is_some());
    assert_eq!(site.settled("default").await["total"], 2, "without a cookie: a new voter");
    product.running.stop().await;
}
