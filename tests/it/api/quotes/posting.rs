//! Posting, changing and deleting quotes, and who may.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{post, post_as, product, said, texts, token};
use crate::api::{ADMIN, FORM, JSON, NOBODY, ask, look, send};
use crate::sandbox::{InProcess, KEY};

const MISSING: (u16, &str) = (400, r#"{"error":"user_id et quote sont requis"}"#);
const NONE: (u16, &str) = (404, r#"{"error":"Citation non trouvée"}"#);
const NOT_YOURS: (u16, &str) = (403, r#"{"error":"this quote is somebody else's"}"#);

#[tokio::test]
async fn clients_of_old_post_read_and_delete_quotes_as_before() {
    let product = product().await;
    let site = &product.site;
    assert_eq!(said(&look(site, NOBODY, "/quotes").await), (200, "[]"));
    let made = send(site, Method::POST, "/quotes", ADMIN, r#"{"user_id": 1, "quote": "Mille sabords !"}"#).await;
    assert_eq!(said(&made), (201, r#"{"id":1,"message":"Citation ajoutée"}"#));
    let made = ask(site, ADMIN, Method::POST, "/quotes", &json!({ "user_id": "Tintin", "quote": "Sapristi" })).await;
    assert_eq!(made.json(), json!({ "message": "Citation ajoutée", "id": 2 }));
    let listed = look(site, NOBODY, "/quotes").await;
    let wanted = r#"[{"id":1,"user_id":"1","quote":"Mille sabords !"},{"id":2,"user_id":"Tintin","quote":"Sapristi"}]"#;
    assert_eq!((said(&listed), listed.header("content-type")), ((200, wanted), "application/json"));
    let deleted = send(site, Method::DELETE, "/quotes/1", ADMIN, "").await;
    assert_eq!(said(&deleted), (200, r#"{"message":"Citation supprimée"}"#));
    assert_eq!(said(&send(site, Method::DELETE, "/quotes/1", ADMIN, "").await), NONE);
    assert_eq!(texts(site, "/quotes").await, ["Sapristi"]);
    product.running.stop().await;
}

#[tokio::test]
async fn what_clients_of_old_do_wrong_is_told_as_before() {
    let product = product().await;
    let site = &product.site;
    let unauthorized = (401, r#"{"error":"Unauthorized"}"#);
    let wish = json!({ "user_id": "1", "quote": "x" });
    for who in [NOBODY, &[("authorization", "wrong")], &[("authorization", "")]] {
        assert_eq!(said(&ask(site, who, Method::POST, "/quotes", &wish).await), unauthorized, "{who:?}");
        assert_eq!(said(&send(site, Method::DELETE, "/quotes/1", who, "").await), unauthorized, "{who:?}");
    }
    for wish in [
        json!({}),
        json!({ "user_id": "1" }),
        json!({ "quote": "x" }),
        json!({ "user_id": "", "quote": "x" }),
        json!({ "user_id": "1", "quote": " " }),
        json!({ "user_id": null, "quote": null }),
    ] {
        assert_eq!(said(&ask(site, ADMIN, Method::POST, "/quotes", &wish).await), MISSING, "{wish}");
    }
    for path in ["/quotes/0", "/quotes/x", "/quotes/01", "/quotes/-1", "/quotes/99999999999999999999", "/quotes/7"] {
        for method in [Method::DELETE, Method::GET] {
            assert_eq!(said(&send(site, method, path, ADMIN, "").await), NONE, "{path}");
        }
        assert_eq!(said(&ask(site, ADMIN, Method::PATCH, path, &json!({ "quote": "x" })).await), NONE, "{path}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn json_is_taken_as_whatever_type_where_clients_of_old_are_served_and_only_there() {
    let product = product().await;
    let site = &product.site;
    let bearer = format!("Bearer {KEY}");
    for kind in ["text/plain", FORM.1, JSON.1, "application/octet-stream"] {
        let headers = [("authorization", &*bearer), ("content-type", kind)];
        let made = send(site, Method::POST, "/quotes", &headers, r#" {"user_id": "1", "quote": "x"}"#).await;
        assert_eq!(made.status, StatusCode::CREATED, "{kind}");
    }
    let headers = [ADMIN[0], ("content-type", "text/plain")];
    let changed = send(site, Method::PATCH, "/quotes/1", &headers, r#"{"quote":"y"}"#).await;
    assert_eq!(changed.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    product.running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_a_quote_is_refused() {
    let product = product().await;
    let site = &product.site;
    for (author, quote) in [
        ("1", json!("x".repeat(1001))),
        ("1", json!("a\u{0}b")),
        ("1", json!("\u{1b}[31mred")),
        ("1", json!(7)),
        ("1", json!(["x"])),
        ("a b", json!("x")),
        ("../x", json!("x")),
        ("<b>", json!("x")),
    ] {
        let wish = json!({ "user_id": author, "quote": quote });
        let refused = ask(site, ADMIN, Method::POST, "/quotes", &wish).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wish}: {}", refused.text);
        assert!(refused.json()["error"].as_str().is_some_and(|error| !error.is_empty()));
    }
    for body in ["", "[]", "null", "{", r#"["1","x"]"#] {
        let refused = send(site, Method::POST, "/quotes", &[ADMIN[0], JSON], body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body:?}");
    }
    let large = json!({ "user_id": "1", "quote": "x", "more": "x".repeat(17_000) });
    let refused = ask(site, ADMIN, Method::POST, "/quotes", &large).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(texts(site, "/quotes").await, [""; 0]);
    let longest = "𝄞".repeat(1000);
    let escaped = format!(r#"{{"user_id":"1","quote":"{}"}}"#, r"\ud834\udd1e".repeat(1000));
    assert_eq!(send(site, Method::POST, "/quotes", ADMIN, &escaped).await.status, StatusCode::CREATED);
    assert_eq!(texts(site, "/quotes").await, [longest]);
    product.running.stop().await;
}

#[tokio::test]
async fn hostile_texts_are_only_text() {
    let product = product().await;
    let site = &product.site;
    let hostile = [
        "<script>alert(1)</script>",
        "'; DROP TABLE quotes; --",
        "=HYPERLINK(\"http://example.org\")",
        "%s%n{{7*7}}${7*7}",
        "\u{202e}gnp.exe",
        "a\nb\tc",
        "x\u{2028}data: x",
        "\\u0000",
        "👩‍👩‍👧‍👦 é",
    ];
    for text in hostile {
        post_as(site, "1", text).await;
    }
    assert_eq!(texts(site, "/quotes").await, hostile);
    assert_eq!(look(site, NOBODY, "/quotes").await.header("x-content-type-options"), "nosniff");
    product.running.stop().await;
}

#[tokio::test]
async fn accounts_post_as_themselves_and_administrators_as_anybody() {
    let product = product().await;
    let site = &product.site;
    let [ann, bob, carl] = [
        site.sign_up("Ann", "member").await,
        site.sign_up("bob", "organiser").await,
        site.sign_up("carl", "admin").await,
    ];
    let as_ = |session: &str| [("cookie", session.to_owned())];
    for (session, named, wanted) in [
        (&ann, None, Some("Ann")),
        (&ann, Some("ANN"), Some("Ann")),
        (&ann, Some("bob"), None),
        (&bob, Some("Ann"), None),
        (&carl, None, Some("carl")),
        (&carl, Some("bob"), Some("bob")),
        (&carl, Some("Haddock"), Some("Haddock")),
    ] {
        let [(name, value)] = as_(session);
        let wish = json!({ "user_id": named, "quote": format!("by {named:?}") });
        let made = ask(site, &[(name, &value)], Method::POST, "/quotes", &wish).await;
        let Some(wanted) = wanted else {
            assert_eq!(said(&made), NOT_YOURS, "{wish}");
            continue;
        };
        assert_eq!(made.status, StatusCode::CREATED, "{wish}");
        let quote = look(site, NOBODY, &format!("/quotes/{}", made.json()["id"])).await.json();
        assert_eq!(quote["user_id"], wanted);
    }
    let wish = json!({ "quote": "x" });
    for (session, scope, wanted) in [
        (&ann, "read", 403),
        (&ann, "vote", 201),
        (&bob, "organise", 201),
        (&carl, "organise", 201),
        (&carl, "admin", 201),
    ] {
        let token = token(site, session, scope).await;
        let who = [("authorization", &*token)];
        let made = ask(site, &who, Method::POST, "/quotes", &wish).await;
        assert_eq!(made.status.as_u16(), wanted, "{scope}: {}", made.text);
        let named = ask(site, &who, Method::POST, "/quotes", &json!({ "user_id": "Milou", "quote": "x" })).await;
        assert_eq!(named.status.as_u16(), if scope == "admin" { 201 } else { 403 }, "{scope}: {}", named.text);
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_quote_is_changed_and_deleted_by_its_author_and_by_administrators_who_are_on_record() {
    let product = product().await;
    let site = &product.site;
    let [ann, bob, carl] = [
        site.sign_up("ann", "member").await,
        site.sign_up("bob", "organiser").await,
        site.sign_up("carl", "admin").await,
    ];
    let [read, vote, organise, admin] = [
        token(site, &ann, "read").await,
        token(site, &ann, "vote").await,
        token(site, &carl, "organise").await,
        token(site, &carl, "admin").await,
    ];
    let forbidden = |need: &str| (403, format!(r#"{{"error":"{need}"}}"#));
    let not_yours = (403, NOT_YOURS.1.to_owned());
    let not_with_it = forbidden("this token may not be used for that");
    for (who, refused) in [
        (("cookie", &*bob), Some(not_yours.clone())),
        (("authorization", &*read), Some(not_with_it)),
        (("authorization", &*organise), Some(not_yours)),
        (("cookie", &*ann), None),
        (("authorization", &*vote), None),
        (("cookie", &*carl), None),
        (("authorization", &*admin), None),
        (ADMIN[0], None),
    ] {
        let id = post(site, &[("cookie", &ann)], json!({ "quote": "mine" })).await;
        let path = format!("/quotes/{id}");
        let changed = ask(site, &[who], Method::PATCH, &path, &json!({ "quote": " changed " })).await;
        let deleted = send(site, Method::DELETE, &path, &[who], "").await;
        if let Some((status, text)) = refused {
            assert_eq!((said(&changed), said(&deleted)), ((status, &*text), (status, &*text)), "{who:?}");
            continue;
        }
        let view = changed.json();
        assert_eq!((&view["quote"], &view["id"], &view["user_id"]), (&json!("changed"), &json!(id), &json!("ann")));
        assert!(view["edited_at"].is_string() && view["created_at"].is_string(), "{view}");
        assert_eq!(deleted.status, StatusCode::OK, "{who:?}");
    }
    let empty = post(site, &[("cookie", &ann)], json!({ "quote": "mine" })).await;
    for body in [json!({ "quote": "" }), json!({}), Value::Null] {
        let refused = ask(site, &[("cookie", &ann)], Method::PATCH, &format!("/quotes/{empty}"), &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(
        deeds(&product).await,
        ["carl", "carl", "admin key"].map(|who| [who, "quote.edit", who, "quote.delete"]).concat()
    );
    product.running.stop().await;
}

/// Who did what to quotes, the oldest first.
async fn deeds(product: &InProcess) -> Vec<String> {
    let trail = look(&product.site, ADMIN, "/users/audit").await.json();
    let deeds =
        trail.as_array().unwrap().iter().rev().filter(|deed| deed["what"].as_str().unwrap().starts_with("quote."));
    deeds.flat_map(|deed| ["who", "what"].map(|field| deed[field].as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn a_quote_outlives_its_authors_account_and_is_not_the_next_ones() {
    let product = product().await;
    let site = &product.site;
    let ann = site.sign_up("ann", "member").await;
    let id = post(site, &[("cookie", &ann)], json!({ "quote": "mine" })).await;
    assert_eq!(send(site, Method::DELETE, "/users/ann", ADMIN, "").await.status, StatusCode::NO_CONTENT);
    let ann = site.sign_up("ann", "member").await;
    let path = format!("/quotes/{id}");
    assert_eq!(look(site, NOBODY, &path).await.json()["user_id"], Value::Null);
    assert_eq!(said(&send(site, Method::DELETE, &path, &[("cookie", &ann)], "").await), NOT_YOURS);
    product.running.stop().await;
}
