//! What strangers can make of other people's accounts: other sites through their browsers, and whoever guesses.

use hemicycle::app::Ambient;
use hemicycle::domain::clock::{Clock, Entropy};
use hemicycle::http::table::{Kind, Row, TABLE};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{ADMIN, Answer, FORM, JSON, NOBODY, Who, ask, look, send};
use crate::forge::at;
use crate::sandbox::{InProcess, Site};

const PASSWORD: &str = "the password of ann";

async fn sign_in(site: &Site, headers: Who<'_>, id: &str, password: &str) -> Answer {
    ask(site, headers, Method::POST, "/sessions", &json!({ "id": id, "password": password })).await
}

/// All that a request could have changed.
async fn everything(site: &Site) -> Vec<String> {
    let mut seen = Vec::new();
    for path in [
        "/users?format=full",
        "/quotes?format=full&hidden=true",
        "/users/audit",
        "/users/invitations",
        "/sessions",
        "/sessions/tokens",
        "/polls",
        "/results/default.json",
    ] {
        seen.push(look(site, ADMIN, path).await.text);
    }
    seen
}

/// A row's route with names of things that are there.
fn filled_in(row: &Row) -> String {
    let (id, action) = match row.path {
        path if path.starts_with("/users") => ("bob", "open"),
        path if path.starts_with("/quotes") => ("1", "close"),
        _ => ("others", "close"),
    };
    let path = row.path.replace("{poll}", "default").replace("{id}", id).replace("{action}", action);
    if path.starts_with("/socket.io") { format!("{path}?EIO=4&transport=polling") } else { path }
}

#[tokio::test]
async fn no_other_site_can_change_anything_through_a_browser_that_is_signed_in() {
    let ambient = Ambient { clock: Clock::manual(at(0)), entropy: Entropy::System };
    let product = InProcess::start_with(ambient, &[]).await;
    let site = &product.site;
    site.make_user("bob", "the password of bob", "member").await;
    let (ann, key) = (site.sign_up("ann", "admin").await, site.sign_in().await);
    ask(site, ADMIN, Method::POST, "/users/invitations", &json!({})).await;
    ask(site, ADMIN, Method::POST, "/quotes", &json!({ "user_id": "bob", "quote": "Leave me alone" })).await;
    let before = everything(site).await;
    let elsewhere = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "nonsense"),
        ("origin", "https://evil.example.org"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
    ];
    // Items are for pages of any site, by contract; who is signed in does not count there.
    let changing: Vec<_> = TABLE.iter().filter(|row| row.method != "GET" && row.kind != Kind::Shared).collect();
    assert!(changing.len() > 20 && changing.iter().all(|row| row.kind == Kind::Api));
    let bodies = [
        (FORM, "vote=a&choice=a&name=x&id=new&title=x&options=y%0Az&quote=x&user_id=bob"),
        (JSON, r#"{"id":"new","name":"x","quote":"x","user_id":"bob"}"#),
    ];
    for row in changing {
        let method: Method = row.method.parse().unwrap();
        for header in elsewhere {
            for (kind, body) in bodies {
                let session = if kind == FORM { &ann } else { &key };
                let headers = [("cookie", &**session), header, kind];
                let answer = send(site, method.clone(), &filled_in(row), &headers, body).await;
                let refused = (answer.status, answer.json()["error"].as_str().unwrap().contains("another site"));
                assert_eq!(refused, (StatusCode::FORBIDDEN, true), "{} {} {header:?}", row.method, row.path);
                assert!(answer.cookie().is_none(), "{} {}", row.method, row.path);
            }
        }
    }
    assert_eq!(everything(site).await, before);
    product.running.stop().await;
}

#[tokio::test]
async fn our_own_pages_and_programs_can() {
    let product = InProcess::start(&["--public-url", "https://vote.example.org"]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "admin").await;
    let own = site.base.clone();
    for header in [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
        ("origin", &*own),
        ("origin", "https://vote.example.org"),
        ("accept", "*/*"),
    ] {
        let renamed = ask(site, &[("cookie", &ann), header], Method::PATCH, "/users/me", &json!({ "name": "x" })).await;
        assert_eq!(renamed.status, 200, "{header:?}");
    }
    let headers = [("cookie", &*ann), ("sec-fetch-site", "same-site"), ("origin", &*own)];
    let refused = ask(site, &headers, Method::PATCH, "/users/me", &json!({ "name": "y" })).await;
    assert_eq!(refused.status, 403, "what the browser says itself counts first");
    product.running.stop().await;
}

/// An answer without what differs from one to the next.
fn without_chance(answer: &Answer, id: &str) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let differing = ["x-request-id", "date", "content-length"];
    let headers = headers.filter(|(name, _)| !differing.contains(&&**name)).collect();
    let text = answer.text.replace(&format!("value=\"{id}\""), "value=\"\"");
    (answer.status.as_u16(), headers, text)
}

#[tokio::test]
async fn whoever_signs_in_wrongly_does_not_learn_who_has_an_account() {
    let product = InProcess::start(&["--sign-in-failures", "100"]).await;
    let site = &product.site;
    site.make_user("ann", PASSWORD, "member").await;
    site.make_user("nopassword", "", "member").await;
    let long = "x".repeat(300);
    for accept in ["application/json", "text/html"] {
        let mut answers = Vec::new();
        for id in ["ann", "ANN", "nobody", "nopassword", "no id", "me", "audit", "é", &long, ""] {
            let before = site.hashes().await;
            let answer = if accept == "text/html" {
                let body = format!("id={}&password=wrong", id.replace('é', "%C3%A9").replace(' ', "+"));
                send(site, Method::POST, "/sessions", &[FORM, ("accept", accept)], &body).await
            } else {
                sign_in(site, &[("accept", accept)], id, "wrong").await
            };
            assert_eq!(site.hashes().await - before, 1, "{id:?} costs as much as any");
            answers.push((id, without_chance(&answer, id)));
        }
        let (_, first) = &answers[0];
        assert_eq!(first.0, 401);
        for (id, answer) in &answers {
            assert_eq!(answer, first, "{id:?}");
        }
    }
    product.running.stop().await;
}

#[tokio::test]
async fn whoever_has_no_invitation_does_not_learn_who_has_an_account() {
    for signup in ["invite", "off"] {
        let product = InProcess::start(&["--signup", signup, "--rate-limit", "100"]).await;
        let site = &product.site;
        site.make_user("ann", PASSWORD, "member").await;
        let before = site.hashes().await;
        let mut answers = Vec::new();
        for id in ["ann", "nobody", "no id"] {
            for invite in [None, Some(""), Some("guessed"), Some(&*"A".repeat(43))] {
                let wish = json!({ "id": id, "password": "a new password", "invite": invite });
                let answer = ask(site, NOBODY, Method::POST, "/sessions/signup", &wish).await;
                let headers = ["ratelimit-remaining", "ratelimit-reset"];
                let (status, mut rest, text) = without_chance(&answer, id);
                rest.retain(|(name, _)| !headers.contains(&&**name));
                answers.push((status, rest, text));
            }
        }
        assert_eq!(answers[0].0, 403, "{}", answers[0].2);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(site.hashes().await, before, "nor by the time it takes");
        product.running.stop().await;
    }
}
