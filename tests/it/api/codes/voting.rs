//! A code on its way to its vote, and what is left of it behind.

use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tempfile::TempDir;

use super::{PAGE, STRANGE, codes, counts, make, make_poll, one_code, open_link, total, vote, vote_by_form};
use crate::api::{delete, get, send};
use crate::sandbox::{InProcess, Process, binary};

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
