//! Making codes, counting them, and making them worthless.

use futures_util::StreamExt;
use hemicycle::app::Ambient;
use hemicycle::domain::clock::{Clock, Entropy};
use hemicycle::store::Store;
use hemicycle::store::sqlite::Sqlite;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{FORM, JSON, PAGE, codes, counts, make, make_poll, one_code, open_link, vote, vote_by_form};
use crate::api::{get, send};
use crate::forge::at;
use crate::sandbox::{InProcess, KEY};

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
async fn a_poll_that_has_all_the_codes_it_may_says_so() {
    let ambient = Ambient { clock: Clock::manual(at(0)), entropy: Entropy::System };
    let product = InProcess::start_with(ambient, &[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let store = Store::Sqlite(Sqlite::open(&product.folder.path().join("store.db")).await.unwrap());
    let board = store.poll_named("board").await.unwrap().unwrap().id;
    for number in 1..=5 {
        assert_eq!(store.begin_batch(board, 1_000_000, at(0)).await.unwrap(), number);
    }
    let refused = async |state: &str| {
        let answer = make(site, "board", 1).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{state}: {}", answer.text);
        let said = answer.json()["error"].to_string();
        assert!(said.contains("more voting codes than it may"), "{state}: {said}");
    };
    refused("while they are being made").await;
    for number in 1..=5 {
        assert!(store.complete_batch(board, number).await.unwrap());
    }
    refused("once they are good").await;
    assert!(store.void_batch(board, 5).await.unwrap());
    assert_eq!(make(site, "board", 1).await.status, StatusCode::OK, "there is room again");
    store.close().await;
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
    let code = site.json("/polls/board").await["code"].as_str().unwrap().to_owned();
    let typed = format!("{}/vote/{code}<", &site.base["http://".len()..]);
    assert!(sheet.text.replace("&#x2f;", "/").contains(&typed), "{}", sheet.text);
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
    assert_eq!(of_codes, [["codes.void", "board", "admin key"], ["codes.create", "board", "admin key"]]);
    store.close().await;
}
