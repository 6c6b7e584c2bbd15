//! Sessions: how they begin, whose they are, and what ends them.

use hemicycle::app::{self, Ambient};
use hemicycle::domain::clock::{Clock, Entropy};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADMIN, Answer, FORM, NOBODY, Who, ask, get, look, send};
use crate::forge::at;
use crate::sandbox::{InProcess, KEY, Site, config};

const PASSWORD: &str = "the password of ann";

async fn sign_in(site: &Site, headers: Who<'_>, id: &str, password: &str) -> Answer {
    ask(site, headers, Method::POST, "/sessions", &json!({ "id": id, "password": password })).await
}

/// Whether a session is one: who has it may look at it.
async fn is_good(site: &Site, session: &str) -> bool {
    let answer = look(site, &[("cookie", session)], "/sessions").await;
    assert!(matches!(answer.status.as_u16(), 200 | 401), "{}", answer.text);
    answer.status == StatusCode::OK
}

/// What the sessions of somebody are called, the newest first.
async fn names(site: &Site, who: Who<'_>) -> Vec<String> {
    let listed = look(site, who, "/sessions").await.json();
    listed.as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

async fn end(site: &Site, who: Who<'_>, name: &str) -> u16 {
    ask(site, who, Method::DELETE, &format!("/sessions/{name}"), &Value::Null).await.status.as_u16()
}

#[tokio::test]
async fn a_password_begins_a_session_by_json_and_by_form() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_user("Ann", PASSWORD, "member").await;
    let by_json = sign_in(site, NOBODY, " ann ", PASSWORD).await;
    assert_eq!((by_json.status, by_json.json()["user"].as_str()), (StatusCode::CREATED, Some("Ann")));
    let form = "id=ann&password=the+password+of+ann&next=/account";
    let by_form = send(site, Method::POST, "/sessions", &[FORM], form).await;
    assert_eq!((by_form.status.as_u16(), by_form.header("location")), (303, "/account"));
    for answer in [&by_json, &by_form] {
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("session=") && !cookie.contains("Secure"), "{cookie}");
        for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=604800"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!answer.text.contains(cookie.split(['=', ';']).nth(1).unwrap()), "scripts get the secret");
        assert_eq!(look(site, &[("cookie", answer.cookie().unwrap())], "/users/me").await.json()["id"], "Ann");
    }
    assert_eq!(by_json.json()["session"], *names(site, &[("cookie", by_json.cookie().unwrap())]).await.last().unwrap());
    product.running.stop().await;
}

#[tokio::test]
async fn by_https_no_other_host_can_plant_the_cookie_and_nobody_on_the_way_reads_it() {
    let product = InProcess::start(&["--public-url", "https://vote.example.org"]).await;
    let site = &product.site;
    site.make_user("ann", PASSWORD, "member").await;
    let answer = sign_in(site, NOBODY, "ann", PASSWORD).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-session=") && cookie.contains("; Secure"), "{cookie}");
    assert!(cookie.contains("; Path=/") && !cookie.contains("Domain"), "{cookie}");
    let session = answer.cookie().unwrap();
    assert!(is_good(site, session).await);
    assert!(!is_good(site, &session.replace("__Host-", "")).await, "a name that anybody may set");
    product.running.stop().await;
}

#[tokio::test]
async fn a_session_that_was_planted_is_not_the_one_after_signing_in_and_is_worth_nothing() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let planted = site.sign_up("eve", "member").await;
    site.make_user("ann", PASSWORD, "member").await;
    let made_up = format!("session={}", "A".repeat(43));
    for before in [&planted, &made_up] {
        let after = sign_in(site, &[("cookie", before)], "ann", PASSWORD).await;
        let session = after.cookie().unwrap();
        assert_ne!(session, before);
        assert!(!is_good(site, before).await && is_good(site, session).await);
        assert_eq!(look(site, &[("cookie", session)], "/users/me").await.json()["id"], "ann");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn each_sign_in_begins_another_session_and_ends_the_one_of_that_browser() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_user("ann", PASSWORD, "member").await;
    let mut sessions = vec![site.sign_in_as("ann", PASSWORD).await];
    for _ in 0..3 {
        let last = sessions.last().unwrap().clone();
        let next = sign_in(site, &[("cookie", &last)], "ann", PASSWORD).await.cookie().unwrap().to_owned();
        assert!(!is_good(site, &last).await && is_good(site, &next).await);
        assert!(!sessions.contains(&next));
        sessions.push(next);
    }
    let failed = sign_in(site, &[("cookie", &sessions[3])], "ann", "wrong").await;
    assert_eq!((failed.status.as_u16(), failed.cookie()), (401, None));
    assert!(is_good(site, &sessions[3]).await, "a failure ends nothing");
    assert_eq!(names(site, &[("cookie", &sessions[3])]).await.len(), 1);
    product.running.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_where_it_is_kept() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "member").await;
    let (kept, by_key) = (site.sign_in_as("ann", PASSWORD).await, site.sign_in().await);
    let out = send(site, Method::POST, "/sessions/end", &[("cookie", &ann)], "").await;
    assert_eq!((out.status.as_u16(), out.cookie()), (204, Some("session=")));
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{}", out.header("set-cookie"));
    let out = send(site, Method::POST, "/sessions/end", &[FORM, ("cookie", &by_key)], "").await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "/"));
    assert!(!is_good(site, &ann).await && !is_good(site, &by_key).await && is_good(site, &kept).await);
    assert_eq!(names(site, &[("cookie", &kept)]).await.len(), 1);
    assert_eq!(names(site, ADMIN).await, [] as [&str; 0]);
    product.running.stop().await;
}

#[tokio::test]
async fn one_sees_and_ends_ones_own_sessions_and_nobody_elses() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let first = ask(site, ADMIN, Method::GET, "/sessions", &Value::Null).await;
    assert_eq!(first.text, "[]");
    let (ann, eve, key) =
        (site.sign_up("ann", "member").await, site.sign_up("eve", "admin").await, site.sign_in().await);
    let more = [site.sign_in_as("ann", PASSWORD).await, site.sign_in_as("ann", PASSWORD).await];
    let [ann, eve, key] = [&ann, &eve, &key].map(|session| [("cookie", &**session)]);
    let listed = look(site, &ann, "/sessions").await;
    assert!(!listed.text.contains(&ann[0].1[8..]), "a list tells no secret: {}", listed.text);
    let listed = listed.json();
    let current: Vec<_> = listed.as_array().unwrap().iter().filter(|one| one["current"] == true).collect();
    assert_eq!((listed.as_array().unwrap().len(), current.len()), (3, 1));
    let own = current[0]["id"].as_str().unwrap();
    for stranger in [&eve[..], &key, ADMIN] {
        assert!(!names(site, stranger).await.contains(&own.to_owned()));
        assert_eq!(end(site, stranger, own).await, 404, "not even an admin");
        let by_form =
            send(site, Method::POST, &format!("/sessions/{own}/end"), &[stranger, &[FORM]].concat(), "").await;
        assert_eq!(by_form.status, 404);
    }
    let other = names(site, &ann).await.into_iter().find(|name| name != own).unwrap();
    assert_eq!((end(site, &ann, &other).await, end(site, &ann, &other).await), (204, 404));
    assert_eq!(end(site, &ann, "others").await, 204);
    assert_eq!(names(site, &ann).await, [own]);
    assert!(!is_good(site, &more[0]).await && !is_good(site, &more[1]).await);
    assert!(is_good(site, eve[0].1).await && is_good(site, key[0].1).await, "others of others stay");
    assert_eq!(end(site, &ann, own).await, 204);
    assert_eq!(end(site, &ann, own).await, 401);
    product.running.stop().await;
}

#[tokio::test]
async fn another_password_takes_the_one_before_and_ends_the_other_sessions() {
    let product = InProcess::start(&["--rate-limit", "100"]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "member").await;
    let (other, eve) = (site.sign_in_as("ann", PASSWORD).await, site.sign_up("eve", "member").await);
    let change = async |who: Who<'_>, current: &str, password: &str| {
        let wish = json!({ "current": current, "password": password });
        ask(site, who, Method::POST, "/sessions/password", &wish).await.status.as_u16()
    };
    let who = [("cookie", &*ann)];
    assert_eq!(change(&who, "wrong", "another password").await, 401);
    assert_eq!(change(&who, "", "another password").await, 401);
    assert_eq!(change(&who, "the password of eve", "another password").await, 401);
    assert_eq!(change(&who, PASSWORD, "short").await, 400);
    assert_eq!(change(&who, PASSWORD, &"x".repeat(201)).await, 400);
    assert_eq!(change(NOBODY, PASSWORD, "another password").await, 401);
    assert_eq!(change(ADMIN, PASSWORD, "another password").await, 404, "the key has no password");
    assert!(is_good(site, &other).await, "nothing has changed so far");
    assert_eq!(change(&who, PASSWORD, "another password").await, 204);
    assert!(is_good(site, &ann).await && !is_good(site, &other).await && is_good(site, &eve).await);
    assert_eq!(sign_in(site, NOBODY, "ann", PASSWORD).await.status, 401);
    site.sign_in_as("ann", "another password").await;
    let form = "current=another+password&password=one+more+password";
    let by_form = send(site, Method::POST, "/sessions/password", &[FORM, who[0]], form).await;
    assert_eq!((by_form.status.as_u16(), by_form.header("location")), (303, "/account?done=password#password"));
    product.running.stop().await;
}

#[tokio::test]
async fn guessing_the_current_password_in_a_session_is_limited_and_strangers_do_not_keep_the_owner_from_it() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "member").await;
    let wish = json!({ "current": "wrong", "password": "another password" });
    for guess in 1..=11 {
        let answer = ask(site, &[("cookie", &ann)], Method::POST, "/sessions/password", &wish).await;
        assert_eq!(answer.status, if guess <= 10 { 401 } else { 429 }, "{guess}");
    }
    let bob = site.sign_up("bob", "member").await;
    for guess in 1..=10 {
        let wrong = sign_in(site, NOBODY, "bob", "wrong").await.status;
        assert_eq!(wrong, 401, "{guess}");
    }
    let wish = json!({ "current": "the password of bob", "password": "another password" });
    assert_eq!(ask(site, &[("cookie", &bob)], Method::POST, "/sessions/password", &wish).await.status, 204);
    product.running.stop().await;
}

#[tokio::test]
async fn a_password_that_an_admin_gives_ends_all_sessions_of_the_account() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let sessions = [site.sign_up("ann", "member").await, site.sign_in_as("ann", PASSWORD).await];
    let change = json!({ "password": "given" });
    assert_eq!(ask(site, ADMIN, Method::PATCH, "/users/ann", &change).await.status, 200);
    assert!(!is_good(site, &sessions[0]).await && !is_good(site, &sessions[1]).await);
    site.sign_in_as("ann", "given").await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_taken_from_sessions_at_once() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "admin").await;
    assert_eq!(look(site, &[("cookie", &ann)], "/users").await.status, 200);
    ask(site, ADMIN, Method::PATCH, "/users/ann", &json!({ "role": "member" })).await;
    assert_eq!(look(site, &[("cookie", &ann)], "/users").await.status, 403);
    ask(site, ADMIN, Method::DELETE, "/users/ann", &Value::Null).await;
    assert!(!is_good(site, &ann).await);
    product.running.stop().await;
}

#[tokio::test]
async fn another_admin_key_ends_the_sessions_that_began_with_the_old_one() {
    let product = InProcess::start(&[]).await;
    let (by_key, ann) = (product.site.sign_in().await, product.site.sign_up("ann", "member").await);
    let token = json!({ "name": "of the key", "scopes": ["admin"] });
    let token = ask(&product.site, ADMIN, Method::POST, "/sessions/tokens", &token).await.json();
    let token = [("authorization", token["token"].as_str().unwrap())];
    let InProcess { running, folder, .. } = product;
    running.stop().await;
    for (key, is_the_same) in [(KEY, true), ("another-key", false)] {
        let mut up = config(folder.path(), &[]);
        up.service.keys.admin_key = Some(key.into());
        let running = app::up(&up, Ambient::system()).await.unwrap();
        let site = Site::at_port(running.address.port());
        assert_eq!(is_good(&site, &by_key).await, is_the_same, "{key}");
        assert_eq!(look(&site, &token, "/users").await.status == 200, is_the_same, "{key}");
        assert_eq!(look(&site, ADMIN, "/users").await.status == 200, is_the_same, "{key}");
        assert!(is_good(&site, &ann).await, "an account's session has nothing to do with the key");
        running.stop().await;
    }
}

/// The product with a clock that stands at `at(0)`, and how to move it.
async fn with_clock(more: &[&str]) -> (InProcess, impl Fn(Timestamp)) {
    let clock = Clock::manual(at(0));
    let ambient = Ambient { clock: clock.clone(), entropy: Entropy::System };
    (InProcess::start_with(ambient, more).await, move |to| clock.set(to))
}

#[tokio::test]
async fn a_session_ends_by_the_clock_after_as_many_days_as_it_is_said() {
    for (days, more) in [(7, &[][..]), (30, &["--session-days", "30"])] {
        let (product, set) = with_clock(more).await;
        let site = &product.site;
        let answer = site.sign_up("ann", "member").await;
        let (last, late) = (answer, site.sign_in_as("ann", PASSWORD).await);
        let ends = at(0) + SignedDuration::from_hours(24 * days);
        let began = sign_in(site, NOBODY, "ann", PASSWORD).await;
        assert_eq!(began.json()["ends_at"], ends.to_string());
        assert!(began.header("set-cookie").contains(&format!("; Max-Age={};", days * 86_400)), "{days}");
        set(ends - SignedDuration::from_millis(1));
        assert!(is_good(site, &last).await, "{days} days are not over");
        set(ends);
        assert!(!is_good(site, &late).await, "{days} days are over");
        product.running.stop().await;
    }
}

#[tokio::test]
async fn what_was_last_used_is_known_to_some_minutes() {
    let (product, set) = with_clock(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "member").await;
    let agent = [("cookie", &*ann), ("user-agent", "Firefox")];
    set(at(3_600_000));
    assert!(is_good(site, &ann).await);
    let listed = look(site, &agent, "/sessions").await.json();
    assert_eq!(listed[0]["seen_at"], at(3_600_000).to_string());
    assert_eq!(listed[0]["began_at"], at(0).to_string());
    product.running.stop().await;
}

#[tokio::test]
async fn a_request_with_many_cookies_is_known_by_the_first_ones() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "member").await;
    let made_up = |count: usize| vec![format!("session={}", "A".repeat(43)); count].join("; ");
    for (cookies, status) in
        [(format!("{}; {ann}", made_up(3)), 200), (format!("{}; {ann}", made_up(100)), 401), (made_up(1), 401)]
    {
        let cookies = [("cookie", &*cookies)];
        assert_eq!(look(site, &cookies, "/users/me").await.status, status, "{}", cookies[0].1);
    }
    assert_eq!(get(site, "/users/me").await.status, 401);
    product.running.stop().await;
}
