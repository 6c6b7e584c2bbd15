//! Accounts at `/users`: as clients of old know them, and what else can be done with them.

use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADMIN, Answer, FORM, JSON, NOBODY, Who, ask, look, send};
use crate::sandbox::{InProcess, KEY, Site};

/// As the systems of old were called; only the port is another here.
const OLD_POST: &str = r#"curl -X POST http://localhost:8080/users -H "Authorization: supersecretkey" -d '{"id": "1", "name": "Tintin", "password": "milou"}'"#;
const OLD_GET: &str = r#"curl -X GET http://localhost:8080/users -H "Authorization: supersecretkey""#;

/// Runs a command of a shell against the product, whose runtime is ours; status and body.
async fn by_shell(site: &Site, command: &str) -> (String, Value) {
    let port = site.base.rsplit(':').next().unwrap();
    let command = format!("{} --silent --write-out ' %{{http_code}}'", command.replace("8080", port));
    let run = move || Command::new("sh").args(["-c", &command]).env("no_proxy", "*").output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once(' ').unwrap_or_else(|| panic!("{text} {:?}", output.stderr));
    (status.to_owned(), serde_json::from_str(body).unwrap())
}

async fn post(site: &Site, headers: &[(&str, &str)], body: &str) -> Answer {
    send(site, Method::POST, "/users", headers, body).await
}

fn said(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), &answer.text)
}

/// The ids of the accounts on a page.
fn ids(page: &Answer) -> Vec<String> {
    page.json().as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_commands_of_old_work_word_for_word() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    assert_eq!(by_shell(site, OLD_POST).await, ("201".into(), json!({ "message": "Utilisateur ajouté" })));
    assert_eq!(by_shell(site, OLD_GET).await, ("200".into(), json!([{ "id": "1", "name": "Tintin" }])));
    let list = look(site, ADMIN, "/users").await;
    assert_eq!(said(&list), (200, r#"[{"id":"1","name":"Tintin"}]"#));
    site.sign_in_as("1", "milou").await;
    product.running.stop().await;
}

#[tokio::test]
async fn errors_are_those_that_clients_of_old_know() {
    let product = InProcess::start(&["--rate-limit", "100"]).await;
    let site = &product.site;
    let unauthorized = (401, r#"{"error":"Unauthorized"}"#);
    for who in [NOBODY, &[("authorization", "wrong")], &[("authorization", "Bearer")], &[("authorization", "")]] {
        assert_eq!(said(&look(site, who, "/users").await), unauthorized, "{who:?}");
        let wish = json!({ "id": "1", "name": "Tintin" });
        assert_eq!(said(&ask(site, who, Method::POST, "/users", &wish).await), unauthorized, "{who:?}");
    }
    let missing = (400, r#"{"error":"ID et nom sont requis"}"#);
    for wish in [
        json!({}),
        json!({ "id": "1" }),
        json!({ "name": "Tintin" }),
        json!({ "id": "", "name": "Tintin" }),
        json!({ "id": "1", "name": " " }),
        json!({ "id": null, "name": null, "password": "milou" }),
    ] {
        assert_eq!(said(&ask(site, ADMIN, Method::POST, "/users", &wish).await), missing, "{wish}");
    }
    for headers in [&[ADMIN[0], FORM][..], ADMIN] {
        assert_eq!(said(&post(site, headers, "{}").await), missing, "{headers:?}");
    }
    assert_eq!(said(&post(site, &[ADMIN[0], FORM], "name=Tintin").await), missing);
    assert_eq!(look(site, ADMIN, "/users").await.text, "[]");
    product.running.stop().await;
}

#[tokio::test]
async fn the_key_may_come_as_a_bearer_and_json_as_whatever_type() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let bearer = format!("Bearer {KEY}");
    let types = [None, Some("text/plain"), Some(FORM.1), Some(JSON.1), Some("application/octet-stream")];
    for (number, kind) in types.into_iter().enumerate() {
        let kind = kind.map(|kind| ("content-type", kind));
        let headers: Vec<_> = [("authorization", &*bearer)].into_iter().chain(kind).collect();
        let made = post(site, &headers, &format!(r#" {{"id": {number}, "name": "Tintin"}}"#)).await;
        assert_eq!(said(&made), (201, r#"{"message":"Utilisateur ajouté"}"#), "{headers:?}");
    }
    let form = post(site, &[ADMIN[0], FORM], "id=5&name=Tintin+et+Milou&password=&role=organiser").await;
    assert_eq!((form.status.as_u16(), form.header("location")), (303, "/studio/users/5?done=made"));
    assert_eq!(ids(&look(site, ADMIN, "/users").await), ["0", "1", "2", "3", "4", "5"], "numbers are ids as text");
    let five = look(site, ADMIN, "/users/5").await.json();
    assert_eq!((&five["name"], &five["role"]), (&json!("Tintin et Milou"), &json!("organiser")));
    product.running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_and_says_why() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let (long, longer) = ("x".repeat(101), "é".repeat(201));
    for (field, value) in [
        ("id", json!("a b")),
        ("id", json!("=cmd")),
        ("id", json!("../x")),
        ("id", json!("me")),
        ("id", json!("AUDIT")),
        ("id", json!(-1)),
        ("id", json!(1.5)),
        ("id", json!(["1"])),
        ("id", json!("é")),
        ("id", json!("x".repeat(65))),
        ("name", json!("two\nlines")),
        ("name", json!(long)),
        ("password", json!(longer)),
        ("role", json!("king")),
    ] {
        let mut wish = json!({ "id": "1", "name": "Tintin" });
        wish[field] = value;
        let refused = ask(site, ADMIN, Method::POST, "/users", &wish).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wish}: {}", refused.text);
        assert!(refused.json()["error"].as_str().is_some_and(|error| !error.is_empty()));
    }
    for body in ["", "[]", "null", "{", "\u{feff}{}", r#"["1","Tintin"]"#] {
        assert_eq!(post(site, &[ADMIN[0], JSON], body).await.status, StatusCode::BAD_REQUEST, "{body:?}");
    }
    let large = format!(r#"{{"id":"1","name":"Tintin","more":"{}"}}"#, "x".repeat(5000));
    assert_eq!(post(site, ADMIN, &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(look(site, ADMIN, "/users").await.text, "[]");
    product.running.stop().await;
}

#[tokio::test]
async fn an_id_is_in_use_in_capitals_too() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_user("Tintin", "milou", "member").await;
    for id in ["Tintin", "tintin", "TINTIN", " tintin "] {
        let again = ask(site, ADMIN, Method::POST, "/users", &json!({ "id": id, "name": "Another" })).await;
        assert_eq!(said(&again), (409, r#"{"error":"another account has this id"}"#), "{id}");
    }
    let one = look(site, ADMIN, "/users/TINTIN").await.json();
    assert_eq!((&one["id"], &one["name"]), (&json!("Tintin"), &json!("Tintin, called so")));
    site.sign_in_as("tintIN", "milou").await;
    product.running.stop().await;
}

#[tokio::test]
async fn no_answer_holds_a_password_or_its_hash() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let session = site.sign_up("ann", "admin").await;
    let change = json!({ "password": "the password of ann, again", "name": "Ann" });
    let changed = ask(site, ADMIN, Method::PATCH, "/users/ann", &change).await;
    let by_form = send(site, Method::POST, "/users/ann/edit", &[ADMIN[0], FORM], "password=the+password+of+ann").await;
    assert_eq!((changed.status.as_u16(), by_form.status.as_u16()), (200, 303));
    let mut answers = vec![changed, by_form];
    for path in ["/users", "/users?format=full", "/users/ann", "/users/me", "/users/audit", "/users/audit?format=csv"] {
        answers.push(look(site, ADMIN, path).await);
        answers.push(look(site, &[("cookie", &session)], path).await);
    }
    for path in ["/sessions", "/sessions/tokens", "/users/invitations", "/metrics"] {
        answers.push(look(site, ADMIN, path).await);
    }
    for answer in answers {
        for secret in ["password of ann", "argon2", "$v=19"] {
            assert!(!answer.text.contains(secret), "{}", answer.text);
        }
    }
    product.running.stop().await;
}

#[tokio::test]
async fn pages_lead_from_one_to_the_next_until_all_were_seen() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let mut wanted: Vec<String> = (10..33).map(|number| format!("U{number}+x@example.org")).collect();
    for id in &wanted {
        site.make_user(id, "", "member").await;
    }
    site.make_user("a", "", "admin").await;
    wanted.insert(0, "a".into());
    for first in ["/users?limit=5", "/users?limit=5&format=full", "/users?limit=24"] {
        let (mut seen, mut path) = (Vec::new(), first.to_owned());
        loop {
            let page = look(site, ADMIN, &path).await;
            let full = page.json()[0].get("role").is_some();
            assert!(full == first.contains("full") || seen.len() == wanted.len(), "{first}: {}", page.text);
            seen.extend(ids(&page));
            let Some(next) = page.header("link").strip_suffix(">; rel=\"next\"") else { break };
            path = next.trim_start_matches('<').to_owned();
        }
        assert_eq!(seen, wanted, "{first}");
    }
    assert_eq!(ids(&look(site, ADMIN, "/users").await), wanted);
    for (query, status) in
        [("limit=0", 200), ("limit=99999", 200), ("limit=-1", 400), ("after=a/b", 400), ("format=x", 400)]
    {
        assert_eq!(look(site, ADMIN, &format!("/users?{query}")).await.status, status, "{query}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn an_account_is_changed_by_an_admin_or_whoever_it_is_and_by_nobody_else() {
    let product = InProcess::start(&["--rate-limit", "100"]).await;
    let site = &product.site;
    let sessions = [site.sign_up("ann", "member").await, site.sign_up("bob", "organiser").await];
    let [ann, bob] = [0, 1].map(|number: usize| [("cookie", &*sessions[number])]);
    let eve = site.sign_up("eve", "admin").await;
    let eve = [("cookie", &*eve)];
    let rename = async |who: Who<'_>, id: &str, name: &str| {
        ask(site, who, Method::PATCH, &format!("/users/{id}"), &json!({ "name": name })).await
    };
    for (who, id) in [(&ann[..], "ann"), (&ann, "me"), (&ann, "ANN"), (ADMIN, "ann"), (&eve, "ann")] {
        let renamed = rename(who, id, "Ann of old").await;
        assert_eq!((renamed.status.as_u16(), renamed.json()["name"].as_str()), (200, Some("Ann of old")), "{id}");
    }
    for (who, status) in [(&bob[..], 403), (NOBODY, 401)] {
        assert_eq!(rename(who, "ann", "Bob's").await.status, status);
        let deleted = ask(site, who, Method::DELETE, "/users/ann", &Value::Null).await;
        assert_eq!(deleted.status, status);
        for path in ["/users/ann/edit", "/users/ann/delete"] {
            assert_eq!(send(site, Method::POST, path, &[who, &[FORM]].concat(), "name=x").await.status, status);
        }
    }
    for change in [json!({ "role": "admin" }), json!({ "password": "another password" })] {
        let refused = ask(site, &ann, Method::PATCH, "/users/me", &change).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{change}: {}", refused.text);
    }
    assert_eq!(look(site, &ann, "/users/me").await.json()["role"], "member");
    assert_eq!(rename(ADMIN, "nobody", "x").await.status, StatusCode::NOT_FOUND);
    assert_eq!(rename(ADMIN, "me", "x").await.status, StatusCode::NOT_FOUND, "the key is nobody's account");
    assert_eq!(rename(&ann, "me", "a\nb").await.status, StatusCode::BAD_REQUEST);
    site.sign_in_as("ann", "the password of ann").await;
    product.running.stop().await;
}

#[tokio::test]
async fn an_account_is_deleted_by_an_admin_or_by_whoever_it_is() {
    let product = InProcess::start(&["--rate-limit", "100"]).await;
    let site = &product.site;
    let sessions = [site.sign_up("ann", "member").await, site.sign_up("bob", "organiser").await];
    let [ann, bob] = [0, 1].map(|number: usize| [("cookie", &*sessions[number])]);
    let delete = async |who: Who<'_>, id: &str| {
        ask(site, who, Method::DELETE, &format!("/users/{id}"), &Value::Null).await.status.as_u16()
    };
    let poll = json!({ "title": "Tea?", "options": ["Yes", "No"], "slug": "bobs" });
    assert_eq!(ask(site, &bob, Method::POST, "/polls", &poll).await.status, 201);
    assert_eq!((delete(&ann, "bob").await, delete(&ann, "me").await, delete(&ann, "me").await), (403, 204, 401));
    assert_eq!((delete(ADMIN, "ann").await, delete(ADMIN, "BOB").await, delete(ADMIN, "bob").await), (404, 204, 404));
    assert_eq!(look(site, &bob, "/users/me").await.status, 401, "what was theirs is over");
    let shown = json!({ "id": "bob", "password": "the password of bob" });
    assert_eq!(ask(site, NOBODY, Method::POST, "/sessions", &shown).await.status, 401);
    assert_eq!(look(site, ADMIN, "/polls/bobs").await.status, 200, "polls outlive their organiser");
    assert_eq!(look(site, ADMIN, "/users").await.text, "[]");
    product.running.stop().await;
}

#[tokio::test]
async fn me_is_whoever_asks() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let session = site.sign_up("ann", "member").await;
    let me = look(site, &[("cookie", &session)], "/users/me").await;
    assert_eq!(me.json(), look(site, ADMIN, "/users/ann").await.json());
    assert_eq!(me.json()["id"], "ann");
    assert_eq!(look(site, ADMIN, "/users/me").await.status, StatusCode::NOT_FOUND);
    assert_eq!(look(site, NOBODY, "/users/me").await.status, StatusCode::UNAUTHORIZED);
    product.running.stop().await;
}

#[tokio::test]
async fn members_cannot_tell_an_account_of_others_from_none() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_user("bob", "", "admin").await;
    let session = site.sign_up("ann", "organiser").await;
    let ann = [("cookie", &*session)];
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let body = if method == Method::PATCH { json!({ "name": "x" }) } else { Value::Null };
        let there = ask(site, &ann, method.clone(), "/users/bob", &body).await;
        let not_there = ask(site, &ann, method.clone(), "/users/nobody", &body).await;
        assert_eq!((there.status, &there.text), (not_there.status, &not_there.text), "{method}");
        assert_eq!(there.status, StatusCode::FORBIDDEN);
    }
    product.running.stop().await;
}
