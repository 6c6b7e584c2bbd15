//! Items: by the page to browse and edit them, and by a page of another origin, as the clients of old are.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::json;

use super::driver::{Browser, JavaScript};
use super::look::inspect;
use super::says;
use crate::sandbox::{InProcess, Site};

/// What the client of old does, and what it is answered, in order.
const CLIENT: &str = "const done = arguments[arguments.length - 1], site = window.site;
    const json = { 'Content-Type': 'application/json' };
    const ask = async (path, options) => (await fetch(site + path, options)).text();
    (async () => {
        const told = [];
        told.push(await ask('/item', { method: 'POST', headers: json, body: JSON.stringify({ id: 'été', val: '1 < 2' }) }));
        told.push(await ask('/item', { method: 'POST', headers: json, body: JSON.stringify({ id: 'count', val: 17 }) }));
        told.push(await (await fetch(site + '/items')).json());
        told.push(await ask('/item?id=' + encodeURIComponent('été')));
        told.push(await ask('/item', { method: 'DELETE', headers: json, body: JSON.stringify({ id: 'count' }) }));
        told.push(await ask('/item?id=count'));
        told.push(await (await fetch(site + '/items')).json());
        told.push((await fetch(site + '/item')).status);
        told.push(await (await fetch(site + '/item', { credentials: 'omit', headers: { Authorization: 'x' } })).json());
        return told;
    })().then(done, (error) => done(String(error)));";

/// A page of another origin; its address.
async fn elsewhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let page = Router::new().route("/", get(|| async { Html("<!doctype html><title>Elsewhere</title>") }));
    tokio::spawn(async move { axum::serve(listener, page).await });
    format!("http://{address}/")
}

#[tokio::test]
async fn a_page_of_another_origin_uses_items_as_the_client_of_old_does() {
    let product = InProcess::start(&[]).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.open(&elsewhere().await).await;
    browser.run(&format!("window.site = '{}'", product.site.base)).await;
    let told = browser.run_async(CLIENT).await;
    let missing = "id is missing: the key of the item";
    let wanted = json!(["ok", "ok", ["count", "été"], "1 < 2", "ok", "", ["été"], 400, { "error": missing }]);
    assert_eq!(told, wanted);
    product.running.stop().await;
}

async fn set(site: &Site, id: &str, val: &str) {
    let answer = site.http.post(site.url("/item")).json(&json!({ "id": id, "val": val })).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "ok");
}

async fn value(site: &Site, id: &str) -> String {
    let query = serde_urlencoded::to_string([("id", id)]).unwrap();
    site.http.get(site.url(&format!("/item?{query}"))).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn without_a_script_items_are_added_found_changed_and_deleted() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let browser = Browser::start(JavaScript::Off).await;
    browser.open(&site.url("/items")).await;
    assert!(browser.text("main").await.contains("There are no items yet"));
    browser.fill("[name=id]", "greeting/en").await;
    browser.fill("[name=val]", "Hello\n<b>there</b>").await;
    browser.press("Save").await;
    assert!(browser.text("[role=status]").await.contains("Saved: greeting/en"));
    assert_eq!(value(site, "greeting/en").await, "Hello\n<b>there</b>");
    for number in 0..120 {
        set(site, &format!("more/{number:03}"), "x").await;
    }
    browser.open(&site.url("/items")).await;
    assert!(browser.text("main").await.contains("121 items in all"));
    browser.follow("Next page").await;
    browser.until("location.search.includes('after=')").await;
    assert!(browser.text("[data-items]").await.contains("more/049"));
    browser.fill("[name=prefix]", "greet").await;
    browser.press("Find").await;
    browser.until("location.search.includes('prefix=greet')").await;
    assert_eq!(browser.text("[data-items] bdi").await, "greeting/en");
    browser.follow("greeting/en").await;
    browser.until("location.pathname === '/items/view'").await;
    browser.clear("[name=val]").await;
    browser.fill("[name=val]", "Good evening").await;
    browser.press("Save").await;
    assert!(browser.text("[role=status]").await.contains("Saved: greeting/en"));
    assert_eq!(value(site, "greeting/en").await, "Good evening");
    browser.follow("greeting/en").await;
    browser.until("location.pathname === '/items/view'").await;
    browser.follow("Delete").await;
    browser.until("location.pathname === '/items/delete'").await;
    assert!(browser.text("main").await.contains("It is gone for everybody"));
    browser.press("Delete the item").await;
    assert!(browser.text("[role=status]").await.contains("Deleted."));
    assert_eq!(value(site, "greeting/en").await, "");
    product.running.stop().await;
}

#[tokio::test]
async fn the_pages_of_items_can_be_read_on_every_device_in_both_languages() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    for (language, words) in [("en", "There are no items yet"), ("fr", "Il n’y a pas encore d’élément")] {
        let browser = Browser::start_speaking(JavaScript::On, language).await;
        browser.open(&site.url("/items")).await;
        browser.until(&says(words)).await;
        inspect(&browser, &format!("items-empty-{language}")).await;
    }
    for id in ["greeting", "color/background", "<script>alert(1)</script>", "a very long key that has no end"] {
        set(site, id, "The value of it.\nA second line.").await;
    }
    set(site, &"verylongkeywithoutanyspaces".repeat(15), "x").await;
    for language in ["en", "fr"] {
        let browser = Browser::start_speaking(JavaScript::On, language).await;
        for (path, name) in [
            ("/items?saved=greeting", "items"),
            ("/items/view?id=greeting", "item"),
            ("/items/delete?id=greeting", "item-delete"),
        ] {
            browser.open(&site.url(path)).await;
            browser.until(&format!("document.documentElement.lang === '{language}'")).await;
            inspect(&browser, &format!("{name}-{language}")).await;
        }
    }
    product.running.stop().await;
    let product = InProcess::start(&["--items-write", "key"]).await;
    let browser = Browser::start(JavaScript::On).await;
    for (path, name) in [("/items", "items-read-only"), ("/items/view?id=none", "item-read-only")] {
        browser.open(&product.site.url(path)).await;
        inspect(&browser, name).await;
    }
    product.running.stop().await;
}
