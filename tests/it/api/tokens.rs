//! API tokens and invitations: what each is good for, and until when.

use std::fs;

use data_encoding::BASE64URL_NOPAD;
use hemicycle::app::Ambient;
use hemicycle::domain::clock::{Clock, Entropy};
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADMIN, FORM, NOBODY, Who, ask, look, send};
use crate::forge::at;
use crate::sandbox::{InProcess, Site};

const PASSWORD: &str = "the password of ann";

/// A token of somebody, and what it is called.
async fn make(site: &Site, who: Who<'_>, scopes: &[&str]) -> (String, String) {
    let wish = json!({ "name": "My program", "scopes": scopes });
    let made = ask(site, who, Method::POST, "/sessions/tokens", &wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let [token, id] = ["token", "id"].map(|field| made.json()[field].as_str().unwrap().to_owned());
    (token, id)
}

async fn status(site: &Site, who: Who<'_>, method: Method, path: &str, body: &Value) -> u16 {
    ask(site, who, method, path, body).await.status.as_u16()
}

/// The product with a clock that stands at `at(0)`.
async fn with_clock(more: &[&str]) -> (InProcess, Clock) {
    let clock = Clock::manual(at(0));
    let ambient = Ambient { clock: clock.clone(), entropy: Entropy::System };
    (InProcess::start_with(ambient, more).await, clock)
}

#[tokio::test]
async fn a_token_is_shown_once() {
    let (product, _) = with_clock(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "admin").await;
    let ann = [("cookie", &*ann)];
    let (token, id) = make(site, &ann, &["vote", "read"]).await;
    assert!(token.starts_with("hemi_") && token.len() == 48, "{token}");
    let listed = look(site, &ann, "/sessions/tokens").await.json();
    let ends = at(0) + SignedDuration::from_hours(90 * 24);
    let wanted = json!([{ "id": id, "name": "My program", "scopes": ["read", "vote"], "created_at": at(0).to_string(),
        "seen_at": null, "ends_at": ends.to_string() }]);
    assert_eq!(listed, wanted);
    let page =
        send(site, Method::POST, "/sessions/tokens", &[ann[0], FORM], "name=x&scope=read&scope=vote&days=1").await;
    assert!(page.status == 200 && page.text.contains("hemi_") && page.header("cache-control") == "no-store");
    for path in ["/sessions/tokens", "/sessions", "/users/audit", "/users/ann", "/metrics"] {
        let text = look(site, &ann, path).await.text;
        assert!(!text.contains("hemi_") && !text.contains(&token[5..]), "{path}: {text}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn what_is_kept_of_secrets_opens_nothing() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let session = site.sign_up("ann", "admin").await;
    let (token, _) = make(site, &[("cookie", &session)], &["admin"]).await;
    let invited = ask(site, ADMIN, Method::POST, "/users/invitations", &json!({})).await.json();
    let link = invited["link"].as_str().unwrap();
    let key = site.sign_in().await;
    let secrets = [&session[8..], &key[8..], &token[5..], link.split_once("invite=").unwrap().1];
    assert_eq!(look(site, &[("authorization", &token)], "/users").await.status, 200);
    product.running.stop().await;
    let mut files = 0;
    for entry in fs::read_dir(product.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        files += usize::from(holds(b"ann, called so"));
        assert!(!holds(PASSWORD.as_bytes()), "{}", path.display());
        for secret in secrets {
            let raw = BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap();
            assert!(raw.len() == 32 && !holds(secret.as_bytes()) && !holds(&raw), "{}", path.display());
        }
    }
    assert!(files > 0, "it was looked for where it is kept");
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_are_for_and_nothing_else() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "admin").await;
    site.make_poll(json!({ "slug": "draft", "status": "draft" })).await;
    let poll = json!({ "title": "Tea?", "options": ["Yes", "No"] });
    let rename = json!({ "title": "Which?" });
    let routes: [(Method, &str, &Value, [u16; 4]); 9] = [
        // by a token to: read, vote, organise, administer
        (Method::GET, "/users/me", &Value::Null, [200, 403, 200, 200]),
        (Method::GET, "/polls", &Value::Null, [200, 200, 200, 200]),
        (Method::GET, "/polls/draft", &Value::Null, [200, 404, 200, 200]),
        (Method::POST, "/polls", &poll, [403, 403, 201, 201]),
        (Method::PATCH, "/polls/draft", &rename, [403, 403, 200, 200]),
        (Method::GET, "/users", &Value::Null, [403, 403, 403, 200]),
        (Method::GET, "/users/audit", &Value::Null, [403, 403, 403, 200]),
        (Method::GET, "/users/invitations", &Value::Null, [403, 403, 403, 200]),
        (Method::GET, "/sessions", &Value::Null, [403, 403, 403, 403]),
    ];
    for (place, scope) in ["read", "vote", "organise", "admin"].into_iter().enumerate() {
        let (token, _) = make(site, &[("cookie", &ann)], &[scope]).await;
        for token in [token.clone(), format!("Bearer {token}")] {
            for (method, path, body, expected) in &routes {
                let answer = ask(site, &[("authorization", &token)], method.clone(), path, body).await;
                assert_eq!(answer.status, expected[place], "{scope}: {method} {path}: {}", answer.text);
            }
        }
    }
    let (all, _) = make(site, &[("cookie", &ann)], &["read", "vote", "organise", "admin"]).await;
    assert_eq!(look(site, &[("authorization", &all)], "/users").await.status, 200);
    product.running.stop().await;
}

#[tokio::test]
async fn no_token_makes_another_or_touches_passwords_and_sessions() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let session = site.sign_up("ann", "admin").await;
    site.make_user("bob", "", "member").await;
    let (token, id) = make(site, &[("cookie", &session)], &["read", "vote", "organise", "admin"]).await;
    let own = look(site, &[("cookie", &session)], "/sessions").await.json()[0]["id"].as_str().unwrap().to_owned();
    let (token, nothing) = ([("authorization", &*token)], Value::Null);
    let wish = json!({ "name": "Another", "scopes": ["read"] });
    let password = json!({ "current": PASSWORD, "password": "another password" });
    for (method, path, body) in [
        (Method::POST, "/sessions/tokens", &wish),
        (Method::GET, "/sessions/tokens", &nothing),
        (Method::DELETE, &format!("/sessions/tokens/{id}"), &nothing),
        (Method::POST, &format!("/sessions/tokens/{id}/delete"), &nothing),
        (Method::POST, "/sessions/password", &password),
        (Method::DELETE, "/sessions/others", &nothing),
        (Method::DELETE, &format!("/sessions/{own}"), &nothing),
        (Method::POST, &format!("/sessions/{own}/end"), &nothing),
        (Method::PATCH, "/users/me", &json!({ "password": "another password" })),
        (Method::PATCH, "/users/bob", &json!({ "password": "another password" })),
    ] {
        let answer = ask(site, &token, method.clone(), path, body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}: {}", answer.text);
    }
    assert_eq!(look(site, &[("cookie", &session)], "/sessions").await.status, 200);
    site.sign_in_as("ann", PASSWORD).await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_token_does_no_more_than_its_holder_may_by_then() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let poll = json!({ "title": "Tea?", "options": ["Yes", "No"] });
    for (role, above) in [("member", &["organise", "admin"][..]), ("organiser", &["admin"])] {
        let session = site.sign_up(role, role).await;
        for scope in above {
            let wish = json!({ "name": "Too much", "scopes": ["read", scope] });
            let refused = ask(site, &[("cookie", &session)], Method::POST, "/sessions/tokens", &wish).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role} {scope}");
        }
        make(site, &[("cookie", &session)], &["read", "vote"]).await;
    }
    let ann = site.sign_up("ann", "admin").await;
    let (token, _) = make(site, &[("cookie", &ann)], &["admin"]).await;
    let token = [("authorization", &*token)];
    for (role, rights) in
        [("admin", [200, 201]), ("organiser", [403, 201]), ("member", [403, 403]), ("admin", [200, 201])]
    {
        assert_eq!(status(site, ADMIN, Method::PATCH, "/users/ann", &json!({ "role": role })).await, 200);
        assert_eq!(status(site, &token, Method::GET, "/users", &Value::Null).await, rights[0], "{role}");
        assert_eq!(status(site, &token, Method::POST, "/polls", &poll).await, rights[1], "{role}");
    }
    assert_eq!(status(site, ADMIN, Method::DELETE, "/users/ann", &Value::Null).await, 204);
    assert_eq!(status(site, &token, Method::GET, "/users", &Value::Null).await, 401, "its holder is gone");
    product.running.stop().await;
}

#[tokio::test]
async fn a_token_ends_by_the_clock_or_when_it_is_deleted_by_its_holder() {
    let (product, clock) = with_clock(&["--session-days", "400"]).await;
    let site = &product.site;
    let (ann, eve) = (site.sign_up("ann", "member").await, site.sign_up("eve", "admin").await);
    let [ann, eve] = [&ann, &eve].map(|session| [("cookie", &**session)]);
    let short = json!({ "name": "Short", "scopes": ["read"], "days": 2 });
    let [last, late] = [(); 2].map(|()| ask(site, &ann, Method::POST, "/sessions/tokens", &short));
    let [last, late] = [last.await, late.await].map(|made| made.json()["token"].as_str().unwrap().to_owned());
    let (token, id) = make(site, &ann, &["read"]).await;
    let sees = async |token: &str| look(site, &[("authorization", token)], "/users/me").await.status.as_u16();
    let end = at(0) + SignedDuration::from_hours(48);
    clock.set(end - SignedDuration::from_millis(1));
    assert_eq!(sees(&last).await, 200);
    clock.set(end);
    assert_eq!((sees(&late).await, sees(&token).await), (401, 200));
    assert_eq!(look(site, &ann, "/sessions/tokens").await.json().as_array().unwrap().len(), 1);
    let path = format!("/sessions/tokens/{id}");
    assert_eq!(status(site, &eve, Method::DELETE, &path, &Value::Null).await, 404, "it is not theirs");
    assert_eq!(status(site, &ann, Method::DELETE, &path, &Value::Null).await, 204);
    assert_eq!(status(site, &ann, Method::DELETE, &path, &Value::Null).await, 404);
    assert_eq!(sees(&token).await, 401);
    product.running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_a_token_is_refused() {
    let product = InProcess::start(&["--rate-limit-credential", "500"]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "admin").await;
    let ann = [("cookie", &*ann)];
    for wish in [
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["everything"] }),
        json!({ "name": "x" }),
        json!({ "name": " ", "scopes": ["read"] }),
        json!({ "name": "a\nb", "scopes": ["read"] }),
        json!({ "name": "x".repeat(101), "scopes": ["read"] }),
        json!({ "name": "x", "scopes": ["read"], "days": 0 }),
        json!({ "name": "x", "scopes": ["read"], "days": 3661 }),
        json!({ "name": "x", "scopes": ["read"], "days": -1 }),
    ] {
        assert_eq!(status(site, &ann, Method::POST, "/sessions/tokens", &wish).await, 400, "{wish}");
    }
    for form in ["name=x", "name=x&scope=read&days=many", "scope=read"] {
        let refused = send(site, Method::POST, "/sessions/tokens", &[ann[0], FORM], form).await;
        assert!(refused.header("location").starts_with("/account?failed="), "{form}: {}", refused.text);
    }
    for _ in 0..100 {
        make(site, &ann, &["read"]).await;
    }
    let wish = json!({ "name": "One too many", "scopes": ["read"] });
    assert_eq!(status(site, &ann, Method::POST, "/sessions/tokens", &wish).await, 409);
    assert_eq!(status(site, NOBODY, Method::POST, "/sessions/tokens", &wish).await, 401);
    product.running.stop().await;
}
