//! Voting by single-use codes: how they are made, travel, vote once, and give nothing away.

use std::process::Command;
use std::slice;

use futures_util::StreamExt;
use futures_util::future::join_all;
use hemicycle::app::Ambient;
use hemicycle::domain::clock::{Clock, Entropy};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, delete, get, get_with_key, send};
use crate::sandbox::{InProcess, KEY, Process, Site, binary};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const PAGE: (&str, &str) = ("accept", "text/html");
/// It looks like a code, and is none of any poll here but by a chance of one in 10^17.
const STRANGE: &str = "2345-6789-ABCD";

/// Makes a poll that votes by code, from these fields and others.
pub async fn make_poll(site: &Site, slug: &str, mut fields: Value) {
    fields["slug"] = json!(slug);
    fields["one_vote_per"] = json!("code");
    site.make_poll(fields).await;
}

async fn make(site: &Site, poll: &str, count: u32) -> Answer {
    let path = format!("/polls/{poll}/codes");
    send(site, Method::POST, &path, &[JSON, ("authorization", KEY)], &json!({ "count": count }).to_string()).await
}

/// New codes of a poll.
pub async fn codes(site: &Site, poll: &str, count: u32) -> Vec<String> {
    let table = make(site, poll, count).await;
    assert_eq!(table.status, StatusCode::OK, "{}", table.text);
    let mut lines = table.text.lines();
    assert_eq!(lines.next(), Some("code,link"));
    let codes: Vec<String> = lines.map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), count as usize);
    codes
}

async fn one_code(site: &Site, poll: &str) -> String {
    codes(site, poll, 1).await.remove(0)
}

async fn counts(site: &Site, poll: &str) -> Value {
    let counts = get_with_key(site, &format!("/polls/{poll}/codes")).await;
    assert_eq!(counts.status, StatusCode::OK, "{}", counts.text);
    counts.json()
}

/// Votes by JSON with these headers, and this code in the body.
pub async fn vote(site: &Site, poll: &str, headers: &[(&str, &str)], choice: &str, code: &str) -> Answer {
    let body = json!({ "choice": choice, "code": code }).to_string();
    send(site, Method::POST, &format!("/ballots/{poll}"), headers, &body).await
}

/// Opens the link of a code; the cookie that it sets.
pub async fn open_link(site: &Site, poll: &str, code: &str) -> String {
    let opened = get(site, &format!("/vote/{poll}/{code}")).await;
    assert_eq!((opened.status, opened.header("location")), (StatusCode::SEE_OTHER, &*format!("/vote/{poll}")));
    opened.cookie().unwrap().to_owned()
}

pub async fn vote_by_form(site: &Site, poll: &str, cookie: Option<&str>, body: &str) -> Answer {
    let mut headers = vec![FORM, PAGE];
    headers.extend(cookie.map(|cookie| ("cookie", cookie)));
    send(site, Method::POST, &format!("/vote/{poll}"), &headers, body).await
}

/// The number of votes that were counted.
async fn total(site: &Site, poll: &str) -> Value {
    site.settled(poll).await["total"].clone()
}

#[tokio::test]
async fn a_link_hands_the_code_over_as_a_cookie_and_leads_to_an_address_without_it() {
    let product = InProcess::start(&["--public-url", "https://vote.example.org"]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let table = make(site, "board", 1).await;
    let (code, link) = table.text.lines().nth(1).unwrap().split_once(',').unwrap();
    assert_eq!(link, format!("https://vote.example.org/vote/board/{code}"));
    // As somebody may have typed it off the paper.
    for shown in [code.to_owned(), code.to_lowercase(), code.replace('-', "")] {
        let opened = get(site, &format!("/vote/board/{shown}")).await;
        assert_eq!((opened.status.as_u16(), opened.header("location")), (303, "/vote/board"));
        assert_eq!((opened.header("referrer-policy"), opened.header("cache-control")), ("no-referrer", "no-store"));
        let cookie = opened.header("set-cookie");
        for part in ["code_", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=86400"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!format!("{:?}{}", opened.headers, opened.text).contains(code), "the code is in the answer");
        let page = send(site, Method::GET, "/vote/board", &[PAGE, ("cookie", opened.cookie().unwrap())], "").await;
        assert!(page.text.contains("data-code=\"kept\"") && !page.text.contains("name=\"code\""), "{}", page.text);
        assert_eq!(page.cookie(), None, "who votes by code is not to be known by a cookie as well");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_link_that_is_not_good_leads_to_a_page_that_says_so_and_asks_for_the_code() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    site.make_poll(json!({ "slug": "free" })).await;
    for wrong in [STRANGE, "nonsense", "%3Cscript%3E"] {
        let opened = get(site, &format!("/vote/board/{wrong}")).await;
        assert_eq!((opened.status.as_u16(), opened.header("location")), (303, "/vote/board?code=wrong"), "{wrong}");
        assert_eq!((opened.cookie(), opened.header("referrer-policy")), (None, "no-referrer"));
    }
    let page = send(site, Method::GET, "/vote/board?code=wrong", &[PAGE], "").await;
    assert!(page.text.contains("name=\"code\"") && page.text.contains("There is no such voting code"), "{}", page.text);
    let page = send(site, Method::GET, "/vote/board", &[PAGE], "").await;
    assert!(page.text.contains("name=\"code\"") && !page.text.contains("aria-invalid"), "{}", page.text);
    let elsewhere = get(site, &format!("/vote/free/{STRANGE}")).await;
    assert_eq!((elsewhere.header("location"), elsewhere.cookie()), ("/vote/free", None), "it takes no code");
    for nobody in ["/vote/none/2345-6789-ABCD", "/vote/new/nonsense", "/vote/%0d%0aX/nonsense"] {
        let answer = get(site, nobody).await;
        assert_eq!((answer.status.as_u16(), answer.header("referrer-policy")), (404, "no-referrer"), "{nobody}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_code_votes_by_link_by_json_and_by_form_and_only_once_whatever_way() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let codes = codes(site, "board", 3).await;
    let linked = open_link(site, "board", &codes[0]).await;
    let by_link = vote_by_form(site, "board", Some(&linked), "vote=a").await;
    assert!(by_link.status == 200 && by_link.text.contains("Your vote for “Tea” is in."), "{}", by_link.text);
    let by_json = vote(site, "board", &[], "b", &codes[1].to_lowercase()).await;
    assert_eq!((by_json.status.as_u16(), &by_json.json()["choice"]), (202, &json!("b")), "{}", by_json.text);
    let by_form = vote_by_form(site, "board", None, &format!("vote=a&code=+{}+", codes[2])).await;
    assert!(by_form.status == 200 && by_form.text.contains("counts once"), "{}", by_form.text);
    for answer in [&by_link, &by_json, &by_form] {
        assert_eq!(answer.cookie(), None, "no cookie says who that was");
    }
    for code in &codes {
        for choice in ["a", "b"] {
            let again = vote(site, "board", &[], choice, code).await;
            assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
            assert!(again.json()["error"].as_str().unwrap().contains("code has been used"), "{}", again.text);
            let elsewhere = open_link(site, "board", code).await;
            let again = vote_by_form(site, "board", Some(&elsewhere), &format!("vote={choice}")).await;
            assert!(again.status == 409 && again.text.contains("voting code has been used"), "{}", again.text);
            let again = vote_by_form(site, "board", None, &format!("vote={choice}&code={code}")).await;
            assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
        }
    }
    let result = site.settled("board").await;
    assert_eq!((&result["options"][0]["votes"], &result["options"][1]["votes"]), (&json!(2), &json!(1)));
    assert_eq!(site.metric("hemicycle_ballots_rejected_total{reason=\"code_used\"}").await, Some(18.0));
    product.running.stop().await;
}

#[tokio::test]
async fn the_same_attempt_may_come_again_and_another_may_not() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let codes = codes(site, "board", 2).await;
    let cookie = open_link(site, "board", &codes[0]).await;
    let kept = [("cookie", cookie.as_str()), ("idempotency-key", "another each time")];
    let cast = async |choice: &str| {
        let body = json!({ "choice": choice }).to_string();
        send(site, Method::POST, "/ballots/board", &kept, &body).await
    };
    let first = cast("a").await;
    assert_eq!((first.status, first.json()), (StatusCode::ACCEPTED, cast("a").await.json()), "the answer was lost");
    assert_eq!(cast("b").await.status, StatusCode::CONFLICT, "a choice is final");
    let reopened = send(site, Method::GET, &format!("/vote/board/{}", codes[0]), &kept, "").await;
    let again = vote_by_form(site, "board", reopened.cookie(), "vote=a").await;
    assert_eq!(again.status, StatusCode::OK, "the same browser, which opened the link again");
    let (mine, other) = ([("idempotency-key", "try-1")], [("idempotency-key", "try-2")]);
    let first = vote(site, "board", &mine, "b", &codes[1]).await;
    assert_eq!(first.status, StatusCode::ACCEPTED);
    assert_eq!(vote(site, "board", &mine, "b", &codes[1]).await.json(), first.json());
    for (headers, choice) in [(&mine[..], "a"), (&other, "b"), (&[], "b")] {
        assert_eq!(vote(site, "board", headers, choice, &codes[1]).await.status, 409, "{headers:?} {choice}");
    }
    assert_eq!(vote(site, "board", &mine, "b", &codes[0]).await.status, 409, "an attempt is one of its code");
    assert_eq!(total(site, "board").await, 2);
    product.running.stop().await;
}

#[tokio::test]
async fn without_a_good_code_nobody_votes() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    make_poll(site, "other", json!({})).await;
    let foreign = one_code(site, "other").await;
    for (body, error) in [
        (json!({ "choice": "a" }), "takes a voting code"),
        (json!({ "choice": "a", "code": null }), "takes a voting code"),
        (json!({ "choice": "a", "code": " " }), "takes a voting code"),
        (json!({ "choice": "a", "code": STRANGE }), "no such voting code"),
        (json!({ "choice": "a", "code": "nonsense" }), "no such voting code"),
        (json!({ "choice": "a", "code": foreign }), "no such voting code"),
    ] {
        let answer = send(site, Method::POST, "/ballots/board", &[("idempotency-key", "ann")], &body.to_string()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{body}");
        assert!(answer.json()["error"].as_str().unwrap().contains(error), "{body} {}", answer.text);
    }
    let missing = vote_by_form(site, "board", None, "vote=a").await;
    assert!(missing.status == 403 && missing.text.contains("This poll takes a voting code"), "{}", missing.text);
    let wrong = vote_by_form(site, "board", None, &format!("vote=a&code={STRANGE}")).await;
    assert!(wrong.status == 403 && wrong.text.contains("name=\"code\""), "asked again on the page: {}", wrong.text);
    assert_eq!((missing.cookie(), wrong.cookie()), (None, None));
    let cookie = open_link(site, "other", &foreign).await;
    let renamed = format!("code_{}={}", get(site, "/polls/board").await.json()["id"].as_str().unwrap(), {
        cookie.split_once('=').unwrap().1
    });
    assert_eq!(vote_by_form(site, "board", Some(&renamed), "vote=a").await.status, 403, "another poll's cookie");
    assert_eq!(vote(site, "board", &[], "z", &foreign).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(total(site, "board").await, 0);
    for (reason, count) in [("code_missing", 4.0), ("code_unknown", 5.0)] {
        let metric = format!("hemicycle_ballots_rejected_total{{reason=\"{reason}\"}}");
        assert_eq!(site.metric(&metric).await, Some(count), "{reason}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn who_holds_the_slip_later_learns_that_it_was_used_and_not_for_what() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let code = one_code(site, "board").await;
    let cookie = open_link(site, "board", &code).await;
    let state = async |cookie: &str| {
        let state = send(site, Method::GET, "/ballots/board", &[("cookie", cookie)], "").await.json();
        (state["choice"].clone(), state["used"].clone())
    };
    assert_eq!(state(&cookie).await, (json!(null), json!(false)));
    vote_by_form(site, "board", Some(&cookie), "vote=a").await;
    site.settled("board").await;
    let elsewhere = open_link(site, "board", &code).await;
    for cookie in [&cookie, &elsewhere] {
        assert_eq!(state(cookie).await, (json!(null), json!(true)));
        let page = send(site, Method::GET, "/vote/board", &[PAGE, ("cookie", cookie)], "").await.text;
        assert!(page.contains("This code has been used"), "{page}");
        assert!(!page.contains("chosen") && !page.contains("for “Tea”"), "{page}");
    }
    // Pages that are kept for all are of those who have shown nothing, or not voted yet.
    let stranger = send(site, Method::GET, "/vote/board", &[PAGE], "").await.text;
    assert!(stranger.contains("name=\"code\"") && !stranger.contains("has been used: a vote was cast"), "{stranger}");
    let next = open_link(site, "board", &one_code(site, "board").await).await;
    let page = send(site, Method::GET, "/vote/board", &[PAGE, ("cookie", &next)], "").await.text;
    assert!(!page.contains("name=\"code\"") && !page.contains("disabled"), "{page}");
    assert_eq!(get(site, "/ballots/board").await.json()["used"], false);
    assert_eq!(get(site, "/ballots/default").await.json().get("used"), None, "of browsers there is a choice");
    product.running.stop().await;
}

#[tokio::test]
async fn codes_are_counted_by_batch_and_a_batch_can_be_made_worthless() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    assert_eq!(counts(site, "board").await, json!({ "made": 0, "used": 0, "batches": [] }));
    let first = codes(site, "board", 3).await;
    let second = codes(site, "board", 2).await;
    let held = open_link(site, "board", &first[1]).await;
    assert_eq!(vote(site, "board", &[], "a", &first[0]).await.status, 202);
    site.settled("board").await;
    let seen = counts(site, "board").await;
    assert_eq!((&seen["made"], &seen["used"]), (&json!(5), &json!(1)));
    assert_eq!((&seen["batches"][0]["batch"], &seen["batches"][0]["codes"]), (&json!(1), &json!(3)));
    assert!(seen["batches"][1]["made_at"].is_string(), "{seen}");
    let void = async |path: &str| send(site, Method::DELETE, path, &[("authorization", KEY)], "").await.status.as_u16();
    assert_eq!(void("/polls/board/codes/1").await, 204);
    for none in ["/polls/board/codes/1", "/polls/board/codes/9", "/polls/board/codes/x", "/polls/none/codes/1"] {
        assert_eq!(void(none).await, 404, "{none}");
    }
    assert_eq!(vote(site, "board", &[], "b", &first[2]).await.status, 403);
    assert_eq!(vote_by_form(site, "board", Some(&held), "vote=a").await.status, 403, "also in a browser's keeping");
    let page = send(site, Method::GET, "/vote/board", &[PAGE, ("cookie", &held)], "").await.text;
    assert!(page.contains("name=\"code\"") && page.contains("no such voting code"), "{page}");
    assert_eq!(vote(site, "board", &[], "b", &second[0]).await.status, 202);
    site.settled("board").await;
    let seen = counts(site, "board").await;
    assert_eq!((&seen["made"], &seen["used"]), (&json!(2), &json!(2)), "what was voted stays");
    let session = site.sign_in().await;
    let headers = [FORM, ("cookie", session.as_str()), ("sec-fetch-site", "same-origin")];
    let voided = send(site, Method::POST, "/polls/board/codes/2/void", &headers, "").await;
    assert_eq!((voided.status.as_u16(), voided.header("location")), (303, "/studio/polls/board"));
    assert_eq!(counts(site, "board").await["made"], 0);
    assert_eq!(get(site, "/polls/board").await.json()["one_vote_per"], "code");
    product.running.stop().await;
}

#[tokio::test]
async fn only_organisers_make_codes_of_polls_by_code_and_no_more_than_there_may_be() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let post = async |path: &str, headers: &[(&str, &str)], body: &str| {
        send(site, Method::POST, path, headers, body).await.status.as_u16()
    };
    let key = [JSON, ("authorization", KEY)];
    for wrong in [r#"{"count":0}"#, r#"{"count":1000001}"#, r#"{"count":-1}"#, r#"{"count":"1"}"#, "{}", "", "[1]"] {
        assert_eq!(post("/polls/board/codes", &key, wrong).await, 400, "{wrong}");
    }
    assert_eq!(post("/polls/default/codes", &key, r#"{"count":1}"#).await, 409, "it votes by browser");
    assert_eq!(post("/polls/none/codes", &key, r#"{"count":1}"#).await, 404);
    assert_eq!(post("/polls/board/codes", &[JSON], r#"{"count":1}"#).await, 401);
    assert_eq!(get(site, "/polls/board/codes").await.status, 401);
    assert_eq!(send(site, Method::DELETE, "/polls/board/codes/1", &[], "").await.status, 401);
    let session = site.sign_in().await;
    let from_elsewhere = [FORM, ("cookie", session.as_str()), ("sec-fetch-site", "cross-site")];
    assert_eq!(post("/polls/board/codes", &from_elsewhere, "count=1").await, 403);
    let form = [FORM, ("cookie", session.as_str()), ("sec-fetch-site", "same-origin")];
    for wrong in ["count=0&as=csv", "count=1001&as=sheet", "as=csv", "count=1&as=pdf"] {
        assert_eq!(post("/polls/board/codes", &form, wrong).await, 400, "{wrong}");
    }
    assert_eq!(counts(site, "board").await["made"], 0);
    product.running.stop().await;
}

#[tokio::test]
async fn a_table_and_a_sheet_have_codes_that_vote() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({ "title": "<Who> & \"why\"?" })).await;
    let session = site.sign_in().await;
    let form = [FORM, ("cookie", session.as_str()), ("sec-fetch-site", "same-origin")];
    let table = send(site, Method::POST, "/polls/board/codes", &form, "count=9000").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(table.header("content-disposition"), "attachment; filename=\"board-codes-1.csv\"");
    let mut codes: Vec<_> = table.text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert!(!codes.is_sorted(), "their order says nothing");
    for code in [codes[0], codes[4095], codes[4096], codes[8999]] {
        assert_eq!(vote(site, "board", &[], "a", code).await.status, 202, "of every chunk");
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 9000);
    let sheet = send(site, Method::POST, "/polls/board/codes", &form, "count=3&as=sheet").await;
    assert_eq!((sheet.status.as_u16(), sheet.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(sheet.header("content-security-policy").contains("default-src 'none'"));
    assert!(sheet.text.contains("&lt;Who&gt; &amp; ") && !sheet.text.contains("<Who>"), "{}", sheet.text);
    let shown: Vec<_> = sheet.text.split("class=\"code\">").skip(1).map(|rest| &rest[..14]).collect();
    assert_eq!((shown.len(), sheet.text.matches("<svg").count()), (3, 3));
    assert!(sheet.text.replace("&#x2f;", "/").contains(&format!("{}/vote/board<", &site.base["http://".len()..])));
    for code in shown {
        assert_eq!(vote(site, "board", &[], "b", code).await.status, 202, "{code}");
    }
    let seen = counts(site, "board").await;
    assert_eq!((&seen["made"], seen["batches"].as_array().unwrap().len()), (&json!(9003), 2));
    product.running.stop().await;
}

#[tokio::test]
async fn a_table_that_breaks_off_leaves_worthless_codes() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let request = site.http.post(site.url("/polls/board/codes")).header("authorization", KEY);
    let table = request.json(&json!({ "count": 1_000_000 })).send().await.unwrap();
    assert_eq!(table.status(), StatusCode::OK);
    let mut stream = table.bytes_stream();
    let mut read = String::new();
    while read.lines().count() < 3 {
        read += std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap();
    }
    let code = read.lines().nth(1).unwrap().split(',').next().unwrap();
    assert_eq!(vote(site, "board", &[], "a", code).await.status, 403, "not good before the last was handed over");
    drop(stream);
    assert_eq!(vote(site, "board", &[], "a", code).await.status, 403);
    let second = one_code(site, "board").await;
    let seen = counts(site, "board").await;
    assert_eq!((&seen["made"], &seen["batches"][0]["batch"]), (&json!(1), &json!(2)), "no number is given twice");
    assert_eq!(vote(site, "board", &[], "a", &second).await.status, 202);
    product.running.stop().await;
}

#[tokio::test]
async fn a_poll_takes_codes_while_it_is_open_and_takes_them_again_after_a_reset() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({ "status": "draft" })).await;
    let code = one_code(site, "board").await;
    let cookie = open_link(site, "board", &code).await;
    let draft = vote(site, "board", &[], "a", &code).await;
    assert_eq!((draft.status.as_u16(), &draft.json()["status"]), (409, &json!("draft")));
    let page = send(site, Method::GET, "/vote/board", &[PAGE], "").await.text;
    assert!(page.contains("not open yet") && !page.contains("name=\"code\""), "{page}");
    let act = async |action: &str| {
        let (status, poll) = site.organise(&format!("/polls/board/{action}"), &json!({})).await;
        assert_eq!(status, StatusCode::OK, "{action} {poll}");
    };
    act("open").await;
    assert_eq!(vote_by_form(site, "board", Some(&cookie), "vote=a").await.status, 200);
    assert_eq!(total(site, "board").await, 1);
    act("reset").await;
    assert_eq!(counts(site, "board").await["used"], 0);
    let state = send(site, Method::GET, "/ballots/board", &[("cookie", &cookie)], "").await.json();
    assert_eq!(state["used"], false, "{state}");
    assert_eq!(vote(site, "board", &[], "b", &code).await.status, 202, "rehearsed with the slip that counts now");
    assert_eq!(total(site, "board").await, 1);
    act("close").await;
    let closed = vote(site, "board", &[], "b", &code).await;
    assert_eq!((closed.status.as_u16(), &closed.json()["status"]), (409, &json!("closed")));
    assert_eq!(site.results_when("board", |results| results["final"] == true).await["total"], 1);
    let page = send(site, Method::GET, "/vote/board", &[PAGE, ("cookie", &cookie)], "").await.text;
    assert!(page.contains("This poll is closed") && !page.contains("chosen"), "{page}");
    product.running.stop().await;
}

#[tokio::test]
async fn the_codes_of_a_poll_that_was_deleted_are_worthless() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({ "status": "draft" })).await;
    let code = one_code(site, "board").await;
    assert_eq!(delete(site, "board").await.status, StatusCode::NO_CONTENT);
    make_poll(site, "board", json!({})).await;
    assert_eq!(vote(site, "board", &[], "a", &code).await.status, 403, "another poll of the same name");
    assert_eq!(counts(site, "board").await["made"], 0);
    product.running.stop().await;
}

/// Everybody votes at the same moment; how many were accepted, and how many had come too late.
pub async fn race(sites: &[Site], poll: &str, codes: impl Iterator<Item = &String>) -> (usize, usize) {
    let votes = codes.enumerate().map(async |(racer, code)| {
        let choice = if racer % 2 == 0 { "a" } else { "b" };
        vote(&sites[racer % sites.len()], poll, &[], choice, code).await.status
    });
    let told = join_all(votes).await;
    let of = |status| told.iter().filter(|told| **told == status).count();
    let (accepted, late) = (of(StatusCode::ACCEPTED), of(StatusCode::CONFLICT));
    assert_eq!(accepted + late, told.len(), "{told:?}");
    (accepted, late)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_who_race_for_one_code_one_votes() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let code = one_code(site, "board").await;
    assert_eq!(race(slice::from_ref(site), "board", std::iter::repeat_n(&code, 1000)).await, (1, 999));
    assert_eq!(total(site, "board").await, 1);
    product.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_of_five_hundred_behind_one_address_votes() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let codes = codes(site, "board", 500).await;
    let (linked, typed) = codes.split_at(250);
    let by_link = join_all(linked.iter().map(async |code| {
        let cookie = open_link(site, "board", code).await;
        vote_by_form(site, "board", Some(&cookie), "vote=a").await.status
    }));
    assert!(by_link.await.iter().all(StatusCode::is_success));
    assert_eq!(race(slice::from_ref(site), "board", typed.iter()).await, (250, 0));
    assert_eq!(total(site, "board").await, 500);
    product.running.stop().await;
}

#[tokio::test]
async fn whoever_guesses_codes_has_to_wait_and_others_vote() {
    let product = InProcess::start(&["--trusted-proxies", "127.0.0.1"]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let codes = codes(site, "board", 3).await;
    let cookie = open_link(site, "board", &codes[0]).await;
    let from = |address| [("x-forwarded-for", address)];
    for guess in 0..30 {
        // By either way; what cannot be a code is no guess.
        let answer = if guess % 2 == 0 {
            vote(site, "board", &from("2001:db8::1"), "a", STRANGE).await.status.as_u16()
        } else {
            let path = format!("/vote/board/{STRANGE}");
            send(site, Method::GET, &path, &from("2001:db8::2"), "").await.status.as_u16()
        };
        assert_eq!(answer, if guess % 2 == 0 { 403 } else { 303 });
        assert_eq!(vote(site, "board", &from("2001:db8::1"), "a", "nonsense").await.status, 403);
    }
    let refused = vote(site, "board", &from("2001:db8::3"), "a", &codes[1]).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "a right guess is not told from a wrong one");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    let path = format!("/vote/board/{}", codes[1]);
    assert_eq!(send(site, Method::GET, &path, &from("2001:db8::3"), "").await.status, 429);
    let headers = [FORM, ("cookie", cookie.as_str()), ("x-forwarded-for", "2001:db8::1")];
    let kept = send(site, Method::POST, "/vote/board", &headers, "vote=a").await;
    assert_eq!(kept.status, StatusCode::OK, "what was found good before is no guess");
    assert_eq!(vote(site, "board", &from("192.0.2.1"), "a", &codes[2]).await.status, 202, "others may vote");
    product.running.stop().await;
}

#[tokio::test]
async fn making_codes_is_on_record() {
    let clock = Clock::manual("2026-11-21T20:00:00Z".parse().unwrap());
    let product = InProcess::start_with(Ambient { clock, entropy: Entropy::System }, &[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    codes(site, "board", 2).await;
    assert_eq!(send(site, Method::DELETE, "/polls/board/codes/1", &[("authorization", KEY)], "").await.status, 204);
    let InProcess { running, folder, .. } = product;
    running.stop().await;
    let file = hemicycle::store::sqlite::Sqlite::open(&folder.path().join("store.db")).await.unwrap();
    let store = hemicycle::store::Store::Sqlite(file);
    let deeds = store.deeds(None, 10).await.unwrap();
    let deeds = deeds.iter().map(|one| [&one.deed.what, &one.deed.subject, &one.deed.who].map(String::as_str));
    let of_codes: Vec<_> = deeds.filter(|[what, ..]| what.starts_with("codes.")).collect();
    assert_eq!(of_codes, [["codes.void", "board", "admin key"], ["codes.make", "board", "admin key"]]);
    store.close().await;
}

#[tokio::test]
async fn no_code_is_ever_in_a_log_or_on_the_disk() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log");
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$1\" 2>\"$2\"", "sh"]).arg(binary()).arg(&log);
    command.env("RUST_LOG", "debug,hemicycle=trace");
    let data = folder.path().join("data");
    let process = Process::start_by(command, &data);
    let site = &process.site;
    make_poll(site, "board", json!({})).await;
    let codes = codes(site, "board", 4).await;
    let cookie = open_link(site, "board", &codes[0]).await;
    assert_eq!(vote_by_form(site, "board", Some(&cookie), "vote=a").await.status, 200);
    assert_eq!(vote(site, "board", &[], "a", &codes[1]).await.status, 202);
    assert_eq!(vote_by_form(site, "board", None, &format!("vote=b&code={}", codes[2])).await.status, 200);
    assert_eq!(vote(site, "board", &[], "b", &codes[1]).await.status, 409);
    assert_eq!(get(site, &format!("/vote/board/{STRANGE}")).await.status, 303);
    assert_eq!(vote(site, "board", &[], "a", STRANGE).await.status, 403);
    for lost in ["/vote/none/", "/results/board/", "/vote/board/x/"] {
        assert_eq!(get(site, &format!("{lost}{}", codes[3])).await.status, 404, "{lost}");
    }
    site.settled("board").await;
    process.terminate();
    let logged = std::fs::read_to_string(&log).unwrap();
    assert!(logged.contains("/vote/{poll}/{code}") && logged.contains("request.refused"), "{logged}");
    let mut written = vec![logged.into_bytes()];
    for file in std::fs::read_dir(&data).unwrap() {
        written.push(std::fs::read(file.unwrap().path()).unwrap());
    }
    let secret = cookie.split_once('=').unwrap().1;
    for code in codes.iter().map(String::as_str).chain([STRANGE, secret]) {
        for spelled in [code.to_owned(), code.replace('-', ""), code.to_lowercase()] {
            let found = written.iter().any(|file| file.windows(spelled.len()).any(|some| some == spelled.as_bytes()));
            assert!(!found, "{spelled} was written down");
        }
    }
}
