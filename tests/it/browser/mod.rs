//! End to end, as people do it: in a browser, by clicks and keys.

pub mod driver;
mod look;
pub mod socket;

use serde_json::json;

use self::driver::{Browser, ENTER, JavaScript, TAB};
use self::look::{Look, inspect};
use crate::api::events::Stream;
use crate::sandbox::{InProcess, KEY, Site};

/// What a result page shows of an option.
fn votes_are(option: &str, votes: u32) -> String {
    format!("document.querySelector('[data-key={option}] [data-votes]').textContent === '{votes}'")
}

/// What a page says somewhere.
fn says(words: &str) -> String {
    format!("document.body.innerText.includes('{words}')")
}

/// Fills in the form on the front page and sends it; ends on the poll's own page.
async fn make_poll(browser: &Browser, site: &Site) {
    browser.open(&site.url("/")).await;
    browser.fill("[name=title]", "What shall we drink?").await;
    browser.fill("[name=options]", "Tea\nCoffee\nA tall glass of water from the tap").await;
    browser.fill("[name=key]", KEY).await;
    browser.press("Make the poll").await;
    browser.until("location.pathname.startsWith('/polls/')").await;
}

#[tokio::test]
async fn a_poll_is_made_voted_on_watched_and_closed_in_a_browser() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let browser = Browser::start(JavaScript::On).await;
    browser.look(Look::PHONE).await;
    make_poll(&browser, site).await;
    inspect(&browser, "poll").await;
    let slug = browser.address().await.rsplit('/').next().unwrap().to_owned();
    let phone = browser.window().await;

    browser.open(&site.url(&format!("/vote/{slug}"))).await;
    inspect(&browser, "vote").await;
    browser.press("Tea").await;
    browser.until(&says("Your vote for Tea is in")).await;
    inspect(&browser, "voted").await;

    let screen = browser.new_window().await;
    browser.look(Look::DESKTOP).await;
    browser.open(&site.url(&format!("/results/{slug}"))).await;
    browser.until(&votes_are("a", 1)).await;
    browser.evaluate("window.neverReloaded = true").await;
    assert_eq!(browser.text("[data-total]").await, "1");

    browser.switch_to(&phone).await;
    browser.press("Coffee").await;
    browser.until(&says("Your vote for Coffee is in")).await;
    browser.switch_to(&screen).await;
    browser.until(&votes_are("b", 1)).await;
    browser.until(&votes_are("a", 0)).await;
    browser.until("document.querySelector('[data-key=b] progress').value === 1").await;
    for voter in 0..11 {
        site.vote(&slug, &format!("friend {voter}"), ["a", "b", "b", "c"][voter % 4]).await;
    }
    browser.until("document.querySelector('[data-total]').textContent === '12'").await;
    inspect(&browser, "results").await;

    browser.switch_to(&phone).await;
    browser.open(&site.url(&format!("/polls/{slug}"))).await;
    browser.fill("[name=key]", KEY).await;
    browser.press("Close").await;
    browser.until(&says("Open again")).await;
    inspect(&browser, "poll-final").await;
    browser.open(&site.url(&format!("/vote/{slug}"))).await;
    browser.until(&says("This poll is closed")).await;
    inspect(&browser, "vote-closed").await;

    browser.switch_to(&screen).await;
    browser.until("document.querySelector('[data-status]').textContent === 'final'").await;
    assert_eq!(browser.evaluate("window.neverReloaded").await, true, "the page came by itself, without a reload");
    inspect(&browser, "results-final").await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_page_whose_stream_was_turned_away_comes_back_by_itself() {
    let product = InProcess::start(&["--max-viewers", "1"]).await;
    let site = &product.site;
    let only_place = Stream::open(site, "default", &[]).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.open(&site.url("/results/default")).await;
    browser.until(&says("reconnecting")).await;
    drop(only_place);
    site.vote("default", "ann", "a").await;
    browser.until(&votes_are("a", 1)).await;
    assert!(!browser.text("body").await.contains("reconnecting"));
    product.running.stop().await;
}

#[tokio::test]
async fn without_javascript_the_vote_and_the_result_work() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let browser = Browser::start(JavaScript::Off).await;
    browser.look(Look::PHONE).await;
    browser.open("data:text/html,<title>off</title><script>document.title = 'on'</script>").await;
    assert_eq!(browser.evaluate("document.title").await, "off", "scripts are off");

    make_poll(&browser, site).await;
    browser.click("a[href^='/vote/']").await;
    browser.until("location.pathname.startsWith('/vote/')").await;
    browser.press("Coffee").await;
    browser.until(&says("Your vote for Coffee is in")).await;
    browser.follow("Results").await;
    // The page reloads itself every few seconds.
    browser.until(&votes_are("b", 1)).await;
    browser.open(&site.url("/")).await;
    inspect(&browser, "home").await;
    product.running.stop().await;
}

#[tokio::test]
async fn everything_can_be_done_by_keyboard_and_the_focus_is_seen() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "drinks", "closes_at": "2999-11-21T10:22:00Z" })).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.look(Look::SMALL_PHONE).await;
    browser.open(&site.url("/vote/drinks")).await;
    browser.until(&says("21 November 2999, 10:22 UTC")).await;
    let mut strokes = 0;
    while browser.evaluate("document.activeElement.value").await != "b" {
        browser.strike(TAB).await;
        strokes += 1;
        assert!(strokes < 10, "the second answer is never reached");
        let outline = browser.evaluate("getComputedStyle(document.activeElement).outlineStyle").await;
        assert_eq!(outline, "solid", "stroke {strokes}: the focus is not to be seen");
    }
    browser.strike(ENTER).await;
    browser.until(&says("Your vote for Coffee is in")).await;
    product.running.stop().await;
}

#[tokio::test]
async fn errors_are_pages_too() {
    let product = InProcess::start(&[]).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.open(&product.site.url("/vote/nowhere")).await;
    browser.until(&says("404")).await;
    inspect(&browser, "error").await;
    product.running.stop().await;
}
