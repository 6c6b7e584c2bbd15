//! Socket.IO with the official JavaScript client, in a page of the same origin: as the pages of old have it.

use std::time::Instant;

use serde_json::{Value, json};

use super::driver::{Browser, JavaScript};
use crate::sandbox::{InProcess, Site};

const LIBRARY: &str = include_str!("../../vendor/socket.io.min.js");

/// Connects in the current page by these transports, as an array of JavaScript; what it hears is kept there.
pub async fn listen(browser: &Browser, transports: &str) {
    browser.run(LIBRARY).await;
    browser
        .run(&format!(
            "window.heard = []; window.connections = 0;
             window.socket = io({{ transports: {transports} }});
             socket.onAny((name, data) => heard.push([name, data]));
             socket.on('connect', () => {{ connections += 1; socket.emit('subscribe', {{ channel: 'any' }}); }});"
        ))
        .await;
}

/// What holds once these are the newest scores it has heard.
pub fn scores_are(a: u64, b: u64) -> String {
    format!("heard.length && heard.at(-1)[1] === '{{\"a\":{a},\"b\":{b}}}'")
}

async fn transport(browser: &Browser) -> Value {
    browser.evaluate("socket.io.engine.transport.name").await
}

/// Greeted first, then shown the scores, by votes and by the second.
async fn follows(browser: &Browser, site: &Site) {
    browser.until("heard.length >= 2").await;
    let first = browser.evaluate("heard.slice(0, 2)").await;
    assert_eq!(first, json!([["message", { "text": "Welcome!" }], ["scores", "{\"a\":0,\"b\":0}"]]));
    site.vote("default", "ann", "a").await;
    browser.until(&scores_are(1, 0)).await;
    for voter in ["bob", "cid", "dan"] {
        site.vote("default", voter, "b").await;
    }
    browser.until(&scores_are(1, 3)).await;
    let began = Instant::now();
    browser.run("window.before = heard.length").await;
    browser.until("heard.length >= before + 3").await;
    assert!(began.elapsed().as_secs() < 4, "three in {:?}", began.elapsed());
    let names = browser.evaluate("[...new Set(heard.slice(1).map((one) => one[0]))]").await;
    assert_eq!(names, json!(["scores"]));
    assert_eq!(browser.evaluate("connections").await, 1, "the session held");
}

async fn by(transports: &str, settles_on: &str) {
    let product = InProcess::start(&[]).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.open(&product.site.url("/results/default")).await;
    listen(&browser, transports).await;
    follows(&browser, &product.site).await;
    browser.until(&format!("socket.io.engine.transport.name === '{settles_on}'")).await;
    assert_eq!(transport(&browser).await, settles_on);
    product.running.stop().await;
    browser.until("!socket.connected").await;
    let reason = browser.evaluate("socket.active").await;
    assert_eq!(reason, true, "it goes on trying: it was not told to stay away");
}

#[tokio::test]
async fn the_official_client_follows_by_long_polling() {
    by("['polling']", "polling").await;
}

#[tokio::test]
async fn the_official_client_follows_by_websocket() {
    by("['websocket']", "websocket").await;
}

#[tokio::test]
async fn the_official_client_goes_from_polling_to_websocket() {
    by("['polling', 'websocket']", "websocket").await;
}
