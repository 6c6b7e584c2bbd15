//! The audit trail: every administrative act is on it, with who did it, when and to what.

use hemicycle::app::Ambient;
use hemicycle::domain::clock::{Clock, Entropy};
use hemicycle::domain::deed::Deed;
use hemicycle::store::Store;
use hemicycle::store::sqlite::Sqlite;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADMIN, FORM, NOBODY, Who, ask, look, send};
use crate::forge::{account, at};
use crate::sandbox::{InProcess, KEY, Site};

const PASSWORD: &str = "the password of ann";

/// The product with a clock that stands at `at(0)`.
async fn start(more: &[&str]) -> InProcess {
    let ambient = Ambient { clock: Clock::manual(at(0)), entropy: Entropy::System };
    InProcess::start_with(ambient, more).await
}

/// Does something that has to succeed; its answer.
async fn act(site: &Site, who: Who<'_>, method: Method, path: &str, body: Value) -> Value {
    let answer = ask(site, who, method, path, &body).await;
    assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text);
    serde_json::from_str(&answer.text).unwrap_or_default()
}

/// Who did what to what, the oldest first.
async fn trail(site: &Site) -> Vec<[String; 3]> {
    let deeds = look(site, ADMIN, "/users/audit").await.json();
    let field = |deed: &Value, name: &str| deed[name].as_str().unwrap().to_owned();
    let deeds = deeds.as_array().unwrap().iter().rev();
    deeds.map(|deed| ["who", "what", "subject"].map(|name| field(deed, name))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn what_is_done_to_polls_is_on_record() {
    let product = start(&[]).await;
    let site = &product.site;
    let session = site.sign_up("ann", "organiser").await;
    let ann = [("cookie", &*session)];
    let wish = json!({ "title": "Tea?", "options": ["Yes", "No"], "slug": "tea" });
    act(site, &ann, Method::POST, "/polls", wish.clone()).await;
    act(site, &ann, Method::PATCH, "/polls/tea", json!({ "title": "Which tea?" })).await;
    act(site, &ann, Method::POST, "/polls/tea/open", Value::Null).await;
    act(site, ADMIN, Method::POST, "/polls/tea/reset", Value::Null).await;
    act(site, ADMIN, Method::POST, "/polls/tea/close", Value::Null).await;
    let copy = act(site, &ann, Method::POST, "/polls/tea/duplicate", Value::Null).await;
    let copy = text(&copy["slug"]);
    act(site, &ann, Method::DELETE, &format!("/polls/{copy}"), Value::Null).await;
    let wanted = [
        ["admin key", "user.create", "ann"],
        ["ann", "poll.create", "tea"],
        ["ann", "poll.change", "tea"],
        ["ann", "poll.open", "tea"],
        ["admin key", "poll.reset", "tea"],
        ["admin key", "poll.close", "tea"],
        ["ann", "poll.duplicate", copy],
        ["ann", "poll.delete", copy],
    ];
    assert_eq!(trail(site).await, wanted);
    let deeds = look(site, ADMIN, "/users/audit").await.json();
    assert!(deeds.as_array().unwrap().iter().all(|deed| deed["at"] == at(0).to_string()), "{deeds}");
    product.running.stop().await;
}

#[tokio::test]
async fn what_is_done_to_accounts_tokens_and_invitations_is_on_record() {
    let product = start(&[]).await;
    let site = &product.site;
    let session = site.sign_up("ann", "admin").await;
    let ann = [("cookie", &*session)];
    act(site, &ann, Method::PATCH, "/users/me", json!({ "name": "Ann" })).await;
    let password = json!({ "current": PASSWORD, "password": "another password" });
    act(site, &ann, Method::POST, "/sessions/password", password).await;
    let token = act(site, &ann, Method::POST, "/sessions/tokens", json!({ "name": "x", "scopes": ["admin"] })).await;
    let by_token = [("authorization", text(&token["token"]))];
    act(site, &by_token, Method::POST, "/users", json!({ "id": "bob", "name": "Bob" })).await;
    act(site, &ann, Method::DELETE, &format!("/sessions/tokens/{}", text(&token["id"])), Value::Null).await;
    let kept = act(site, &ann, Method::POST, "/users/invitations", json!({})).await;
    let gone = act(site, ADMIN, Method::POST, "/users/invitations", json!({})).await;
    act(site, ADMIN, Method::DELETE, &format!("/users/invitations/{}", text(&gone["id"])), Value::Null).await;
    let secret = text(&kept["link"]).split_once("invite=").unwrap().1;
    let wish = json!({ "id": "Cid", "password": PASSWORD, "invite": secret });
    act(site, NOBODY, Method::POST, "/sessions/signup", wish).await;
    let edited = send(site, Method::POST, "/users/bob/edit", &[ann[0], FORM], "name=Bobby&role=organiser").await;
    assert_eq!(edited.status, 303, "{}", edited.text);
    act(site, &ann, Method::DELETE, "/users/bob", Value::Null).await;
    let [token, kept, gone] = [&token, &kept, &gone].map(|made| text(&made["id"]));
    let wanted = [
        ["admin key", "user.create", "ann"],
        ["ann", "user.change", "ann"],
        ["ann", "user.password", "ann"],
        ["ann", "token.create", token],
        ["ann", "user.create", "bob"],
        ["ann", "token.delete", token],
        ["ann", "invitation.create", kept],
        ["admin key", "invitation.create", gone],
        ["admin key", "invitation.delete", gone],
        ["Cid", "user.signup", "Cid"],
        ["ann", "user.change", "bob"],
        ["ann", "user.delete", "bob"],
    ];
    assert_eq!(trail(site).await, wanted);
    product.running.stop().await;
}

#[tokio::test]
async fn what_was_refused_is_not_on_record() {
    let product = start(&["--rate-limit", "100"]).await;
    let site = &product.site;
    let session = site.sign_up("ann", "member").await;
    let ann = [("cookie", &*session)];
    let before = trail(site).await;
    let nothing = Value::Null;
    let poll = json!({ "title": "Tea?", "options": ["Yes", "No"], "slug": "default" });
    let user = json!({ "id": "ann", "name": "Ann" });
    let token = json!({ "name": "x", "scopes": ["admin"] });
    let password = json!({ "current": "wrong", "password": "another password" });
    for (who, method, path, body) in [
        (NOBODY, Method::POST, "/polls", &poll),
        (&ann[..], Method::POST, "/polls", &poll),
        (ADMIN, Method::POST, "/polls", &poll),
        (&ann, Method::POST, "/polls/default/close", &nothing),
        (ADMIN, Method::POST, "/polls/default/open", &nothing),
        (ADMIN, Method::DELETE, "/polls/default", &nothing),
        (ADMIN, Method::DELETE, "/polls/none", &nothing),
        (ADMIN, Method::PATCH, "/polls/default", &json!({ "title": "" })),
        (ADMIN, Method::POST, "/users", &user),
        (&ann, Method::POST, "/users", &user),
        (ADMIN, Method::PATCH, "/users/nobody", &json!({ "name": "x" })),
        (&ann, Method::PATCH, "/users/me", &json!({ "role": "admin" })),
        (ADMIN, Method::DELETE, "/users/nobody", &nothing),
        (&ann, Method::POST, "/sessions/tokens", &token),
        (&ann, Method::DELETE, "/sessions/tokens/none", &nothing),
        (&ann, Method::POST, "/sessions/password", &password),
        (ADMIN, Method::DELETE, "/users/invitations/none", &nothing),
        (NOBODY, Method::POST, "/sessions/signup", &json!({ "id": "x", "password": PASSWORD })),
    ] {
        let answer = ask(site, who, method.clone(), path, body).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {} {}", answer.status, answer.text);
    }
    assert_eq!(trail(site).await, before);
    product.running.stop().await;
}

#[tokio::test]
async fn only_admins_read_it() {
    let product = start(&[]).await;
    let site = &product.site;
    let (organiser, admin) = (site.sign_up("ann", "organiser").await, site.sign_up("eve", "admin").await);
    for path in ["/users/audit", "/users/audit?format=csv"] {
        assert_eq!(look(site, &[("cookie", &organiser)], path).await.status, 403);
        assert_eq!(look(site, &[("cookie", &admin)], path).await.status, 200);
        assert_eq!(look(site, NOBODY, path).await.status, 401);
    }
    product.running.stop().await;
}

/// Puts deeds of these subjects on record behind the product's back.
async fn record(product: &InProcess, subjects: impl Iterator<Item = String>) {
    let store = Store::Sqlite(Sqlite::open(&product.folder.path().join("store.db")).await.unwrap());
    for (number, subject) in subjects.enumerate() {
        let deed = Deed { at: at(0), who: "=cmd|' /C calc'!A0".into(), what: "user.create".into(), subject };
        store.on_record(deed).insert_user(&account(&format!("u{number}"))).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn it_is_read_in_pages_and_as_a_whole() {
    let product = start(&[]).await;
    let site = &product.site;
    record(&product, (0..1100).map(|number| format!("subject {number}"))).await;
    let mut wanted: Vec<_> = (0..1100).map(|number| format!("subject {number}")).collect();
    wanted.reverse();
    for (first, pages) in [("/users/audit", 2), ("/users/audit?limit=300", 4)] {
        let (mut seen, mut path, mut count) = (Vec::new(), first.to_owned(), 0);
        loop {
            let page = look(site, ADMIN, &path).await;
            count += 1;
            seen.extend(page.json().as_array().unwrap().iter().map(|deed| text(&deed["subject"]).to_owned()));
            let Some(next) = page.header("link").strip_suffix(">; rel=\"next\"") else { break };
            path = next.trim_start_matches('<').to_owned();
        }
        assert!(seen == wanted && count == pages, "{first}: {count} pages, {} deeds", seen.len());
    }
    let table = look(site, ADMIN, "/users/audit?format=csv").await;
    assert!(table.header("content-disposition").starts_with("attachment"));
    let mut rows = csv::Reader::from_reader(table.text.as_bytes());
    assert_eq!(rows.headers().unwrap(), vec!["id", "at", "who", "what", "subject"]);
    assert!(rows.records().map(|row| row.unwrap()[4].to_owned()).eq(wanted));
    for (query, status) in [
        ("limit=0", 200),
        ("before=0", 200),
        ("before=18446744073709551615", 200),
        ("before=x", 400),
        ("format=xml", 400),
    ] {
        assert_eq!(look(site, ADMIN, &format!("/users/audit?{query}")).await.status, status, "{query}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_spreadsheet_computes_nothing_of_it() {
    let product = start(&[]).await;
    let site = &product.site;
    let formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a,b\"c", "x;=1"];
    record(&product, formulas.into_iter().map(String::from)).await;
    let table = look(site, ADMIN, "/users/audit?format=csv").await.text;
    let rows: Vec<_> = csv::Reader::from_reader(table.as_bytes()).into_records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), formulas.len());
    for field in rows.iter().flatten() {
        for cell in field.split(';') {
            assert!(!cell.trim_start_matches([' ', '"']).starts_with(['=', '+', '-', '@', '\t', '\r']), "{field}");
        }
    }
    assert!(!table.contains(KEY));
    product.running.stop().await;
}
