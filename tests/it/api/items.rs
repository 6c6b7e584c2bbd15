//! Items, as clients of old ask for them, from anywhere.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, FORM, JSON, get, send};
use crate::sandbox::{InProcess, KEY, Site};

const PLAIN: (&str, &str) = ("content-type", "text/plain;charset=UTF-8");
const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const ELSEWHERE: [(&str, &str); 2] = [("origin", "https://elsewhere.example"), ("sec-fetch-site", "cross-site")];

async fn set(site: &Site, id: &str, val: &Value) -> Answer {
    send(site, Method::POST, "/item", &[JSON], &json!({ "id": id, "val": val }).to_string()).await
}

async fn delete(site: &Site, id: &str) -> Answer {
    send(site, Method::DELETE, "/item", &[JSON], &json!({ "id": id }).to_string()).await
}

async fn value(site: &Site, id: &str) -> String {
    let query = serde_urlencoded::to_string([("id", id)]).unwrap();
    let answer = get(site, &format!("/item?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.text
}

fn said(answer: &Answer, status: StatusCode, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.contains(words), "{error}");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "errors can be read from anywhere, too: {error}");
}

/// What clients of old do, wherever the role runs.
pub async fn assert_clients_of_old_are_served(site: &Site) {
    let home = send(site, Method::GET, "/", &[("host", "items.localhost")], "").await;
    assert_eq!((home.status, home.header("content-type")), (StatusCode::OK, "text/plain; charset=utf-8"));
    assert_eq!(value(site, "greeting").await, "");
    for headers in [&[JSON][..], &[PLAIN], &[], &[FORM]] {
        let answer = send(site, Method::POST, "/item", headers, r#"{"id":"greeting","val":"hello"}"#).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "ok"), "{headers:?}");
        assert_eq!(value(site, "greeting").await, "hello");
        assert_eq!(get(site, "/items").await.json(), json!(["greeting"]));
        let answer = send(site, Method::DELETE, "/item", headers, r#"{"id":"greeting"}"#).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "ok"), "{headers:?}");
        assert_eq!(get(site, "/items").await.json(), json!([]));
    }
    let answer = send(site, Method::POST, "/item", &[FORM], "id=caf%C3%A9+%26+co&val=a%0D%0Ab").await;
    assert_eq!(answer.text, "ok");
    assert_eq!(value(site, "café & co").await, "a\r\nb");
    let by_form = send(site, Method::DELETE, "/item", &[FORM], "id=caf%C3%A9+%26+co").await;
    assert_eq!((by_form.text.as_str(), value(site, "café & co").await), ("ok", String::new()));
}

#[tokio::test]
async fn clients_of_old_are_served_unchanged() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    assert_clients_of_old_are_served(site).await;
    for (val, wanted) in [
        (json!(17), "17"),
        (json!(1.5), "1.5"),
        (json!(-3), "-3"),
        (json!(2.0), "2.0"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(true), "true"),
        (json!(false), "false"),
    ] {
        assert_eq!(set(site, "plain", &val).await.text, "ok");
        assert_eq!(value(site, "plain").await, wanted);
    }
    let by_query = send(site, Method::DELETE, "/item?id=plain", &[], "").await;
    assert_eq!((by_query.status, by_query.text.as_str()), (StatusCode::OK, "ok"));
    assert_eq!(value(site, "plain").await, "");
    product.running.stop().await;
}

#[tokio::test]
async fn what_can_be_no_item_is_refused_and_changes_nothing() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let half_wrong = send(site, Method::DELETE, "/item?id=", &[JSON], r#"{"id":"a"}"#).await;
    said(&half_wrong, StatusCode::BAD_REQUEST, "id: 1 to 512 bytes");
    for (body, words) in [
        ("", "not as expected"),
        ("{", "not as expected"),
        ("[]", "an object"),
        (r#"{"val":"x"}"#, "id"),
        (r#"{"id":"x"}"#, "val"),
        (r#"{"id":"","val":"x"}"#, "id"),
        (r#"{"id":"a\nb","val":"x"}"#, "control"),
        (r#"{"id":"a\u0000","val":"x"}"#, "control"),
        (r#"{"id":"x","val":["x"]}"#, "a string, a number, true or false"),
        (r#"{"id":"x","val":{}}"#, "a string, a number, true or false"),
    ] {
        said(&send(site, Method::POST, "/item", &[JSON], body).await, StatusCode::BAD_REQUEST, words);
    }
    said(&set(site, &"k".repeat(513), &json!("x")).await, StatusCode::BAD_REQUEST, "512");
    said(&set(site, "large", &json!("x".repeat((1 << 20) + 1))).await, StatusCode::PAYLOAD_TOO_LARGE, "1048576");
    said(&set(site, "large", &json!("x".repeat(3 << 20))).await, StatusCode::PAYLOAD_TOO_LARGE, "larger");
    for path in ["/item", "/item?id=", "/item?id=%0A", "/items?limit=0", "/items?limit=1001", "/items?after=%00"] {
        said(&get(site, path).await, StatusCode::BAD_REQUEST, "");
    }
    said(&get(site, "/items?limit=x").await, StatusCode::BAD_REQUEST, "the address is not as expected: limit: ");
    // Not for U+FFFD, whichever bytes they are.
    for path in ["/item?id=%FF", "/items?prefix=caf%C3"] {
        said(&get(site, path).await, StatusCode::BAD_REQUEST, "not UTF-8");
    }
    for form in ["id=%FF&val=x", "id=x&val=caf%C3"] {
        said(&send(site, Method::POST, "/item", &[FORM], form).await, StatusCode::BAD_REQUEST, "not UTF-8");
    }
    said(&send(site, Method::DELETE, "/item", &[], "").await, StatusCode::BAD_REQUEST, "id is missing");
    said(&send(site, Method::PUT, "/item", &[], "").await, StatusCode::METHOD_NOT_ALLOWED, "method");
    assert_eq!(get(site, "/items").await.json(), json!([]));
    assert_eq!(set(site, &"é".repeat(256), &json!("x".repeat(1 << 20))).await.text, "ok", "the longest and largest");
    assert_eq!(value(site, &"é".repeat(256)).await.len(), 1 << 20);
    product.running.stop().await;
}

#[tokio::test]
async fn pages_of_any_origin_may_use_items_and_nothing_else() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    for path in ["/item", "/items"] {
        let asked = [
            ELSEWHERE[0],
            ("access-control-request-method", "DELETE"),
            ("access-control-request-headers", "content-type"),
        ];
        let answer = send(site, Method::OPTIONS, path, &asked, "").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-headers"), "Content-Type, Authorization");
        let methods = answer.header("access-control-allow-methods");
        assert!(methods.contains("GET") && (path == "/items" || methods.contains("POST, DELETE")), "{methods}");
        assert_eq!(answer.header("access-control-allow-credentials"), "", "cookies are for nothing here");
    }
    let answer =
        send(site, Method::POST, "/item", &[&ELSEWHERE[..], &[JSON]].concat(), r#"{"id":"a","val":"b"}"#).await;
    assert_eq!((answer.text.as_str(), answer.header("access-control-allow-origin")), ("ok", "*"));
    assert_eq!(get(site, "/item?id=a").await.header("access-control-allow-origin"), "*");
    let answer = send(site, Method::POST, "/items/delete", &[&ELSEWHERE[..], &[FORM]].concat(), "id=a").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "a form of ours is for pages of ours");
    let answer = send(site, Method::OPTIONS, "/polls", &ELSEWHERE[..1], "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(get(site, "/polls").await.header("access-control-allow-origin"), "");
    product.running.stop().await;
}

#[tokio::test]
async fn with_a_key_to_write_everybody_reads_and_cookies_count_for_nothing() {
    let product = InProcess::start(&["--items-write", "key"]).await;
    let site = &product.site;
    let (session, body) = (site.sign_in().await, r#"{"id":"a","val":"b"}"#);
    let wish = json!({ "name": "to administer", "scopes": ["admin"] });
    let made = site.http.post(site.url("/sessions/tokens")).header("cookie", site.sign_up("carl", "admin").await);
    let token =
        made.json(&wish).send().await.unwrap().json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    let wish = json!({ "name": "to organise", "scopes": ["organise"] });
    let made = site.http.post(site.url("/sessions/tokens")).header("cookie", site.sign_up("olga", "organiser").await);
    let lesser =
        made.json(&wish).send().await.unwrap().json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    for (who, status) in [
        (&[][..], StatusCode::UNAUTHORIZED),
        (&[("cookie", session.as_str())], StatusCode::UNAUTHORIZED),
        (&[("authorization", "another key"), ("cookie", session.as_str())], StatusCode::UNAUTHORIZED),
        (&[("authorization", lesser.as_str())], StatusCode::FORBIDDEN),
        (&[("authorization", KEY)], StatusCode::OK),
        (&[("authorization", token.as_str())], StatusCode::OK),
    ] {
        let [set, delete] = [Method::POST, Method::DELETE].map(|method| send(site, method, "/item", who, body));
        for answer in [set.await, delete.await] {
            assert_eq!(answer.status, status, "{who:?}: {}", answer.text);
            assert_eq!(answer.header("access-control-allow-origin"), "*");
        }
    }
    let answer = send(site, Method::POST, "/items/delete", &[FORM, ("cookie", &session)], "id=a").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let page = send(site, Method::GET, "/items", &[PAGE], "").await;
    assert!(page.text.contains("can only be read") && !page.text.contains("action=\"/item\""), "{}", page.text);
    product.running.stop().await;
}

#[tokio::test]
async fn past_their_bounds_items_are_full_until_some_are_deleted() {
    let product = InProcess::start(&["--items-max-keys", "2", "--items-max-bytes", "100"]).await;
    let site = &product.site;
    said(&set(site, "a", &json!("x".repeat(100))).await, StatusCode::INSUFFICIENT_STORAGE, "no room");
    for id in ["a", "b"] {
        assert_eq!(set(site, id, &json!("x")).await.text, "ok");
    }
    said(&set(site, "c", &json!("x")).await, StatusCode::INSUFFICIENT_STORAGE, "as many");
    let page = send(site, Method::POST, "/item", &[FORM, PAGE], "id=c&val=x").await;
    assert_eq!(page.status, StatusCode::INSUFFICIENT_STORAGE);
    assert!(page.text.contains("There is no room for more items"), "{}", page.text);
    assert_eq!(delete(site, "a").await.text, "ok");
    assert_eq!(set(site, "c", &json!("x")).await.text, "ok");
    product.running.stop().await;
}

#[tokio::test]
async fn the_keys_come_all_at_once_or_page_by_page() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let val = json!("x");
    let ids: Vec<_> = (0..2345).map(|number| format!("{}/{number:04}", number % 2)).collect();
    for some in ids.chunks(100) {
        assert!(join_all(some.iter().map(|id| set(site, id, &val))).await.iter().all(|answer| answer.text == "ok"));
    }
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    let all = get(site, "/items").await;
    assert_eq!(all.header("content-type"), "application/json");
    assert_eq!(all.json(), json!(sorted));
    let (mut path, mut found) = ("/items?prefix=1/&limit=1000".to_owned(), Vec::new());
    loop {
        let page = get(site, &path).await;
        found.extend(page.json().as_array().unwrap().clone());
        let Some(next) = page.header("link").strip_suffix(">; rel=\"next\"") else { break };
        path = next.strip_prefix('<').unwrap().to_owned();
    }
    sorted.retain(|id| id.starts_with("1/"));
    assert_eq!(json!(found), json!(sorted));
    assert_eq!(get(site, "/items?limit=1000&prefix=none").await.header("link"), "");
    product.running.stop().await;
}

#[tokio::test]
async fn markup_of_strangers_is_harmless_by_direct_link_and_on_the_page() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let markup = "<script>alert(1)</script></textarea>\"'";
    assert_eq!(set(site, markup, &json!(markup)).await.text, "ok");
    let query = serde_urlencoded::to_string([("id", markup)]).unwrap();
    let raw = send(site, Method::GET, &format!("/item?{query}"), &[PAGE], "").await;
    assert_eq!(raw.text, markup);
    for (header, wanted) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(raw.header(header), wanted);
    }
    for path in [
        "/items".to_owned(),
        format!("/items/view?{query}"),
        format!("/items/delete?{query}"),
        format!("/items?saved={query}"),
    ] {
        let page = send(site, Method::GET, &path, &[PAGE], "").await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script>alert"), "{path}: {}", page.text);
        assert!(page.header("content-security-policy").contains("default-src 'none'"), "{path}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_browser_is_shown_a_page_and_led_back_to_it() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let page = send(site, Method::GET, "/items", &[PAGE], "").await;
    assert!(page.header("content-type").starts_with("text/html"));
    let vary: Vec<_> = page.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(vary.contains(&"accept"), "{vary:?}");
    assert_eq!(get(site, "/items").await.header("vary"), "accept");
    let answer = send(site, Method::POST, "/item", &[FORM, PAGE], "id=a+b&val=one%0D%0Atwo").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/items?saved=a+b"));
    assert_eq!(value(site, "a b").await, "one\ntwo", "what was typed");
    let says = async |address: &str| send(site, Method::GET, address, &[PAGE], "").await.text;
    assert!(says("/items?saved=a+b").await.contains("Saved:"));
    for address in ["/items?saved=call+this+number", "/items?deleted=call+this+number"] {
        assert!(!says(address).await.contains("<bdi class=\"address\">"), "an address could say anything: {address}");
    }
    let answer = send(site, Method::POST, "/items/delete", &[FORM, PAGE], "id=a+b").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/items?deleted=a+b"));
    assert_eq!(value(site, "a b").await, "");
    product.running.stop().await;
}
