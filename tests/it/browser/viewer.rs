//! Watching: bars that move, a stream that breaks, a server that restarts, a countdown, and what is kept of a result.

use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::driver::{Browser, JavaScript};
use super::look::{Look, inspect, picture};
use super::{says, state_is, votes_are};
use crate::api::events::Stream;
use crate::sandbox::{InProcess, Process, binary};

#[tokio::test]
async fn bars_move_in_another_window_without_a_reload_until_the_result_is_final() {
    let product = InProcess::start(&["--public-url", "http://vote.example.org"]).await;
    let site = &product.site;
    let options =
        ["Lyon, by the river", "Marseille", "A quiet village in the mountains, far from any train", "Brussels"];
    let title = "Where shall the next summer gathering of the whole association take place?";
    site.make_poll(json!({ "slug": "summer", "title": title, "options": options })).await;
    let browser = Browser::start(JavaScript::On).await;
    let phone = browser.window().await;
    browser.open(&site.url("/vote/summer")).await;
    let screen = browser.new_window().await;
    browser.look(Look::DESKTOP).await;
    browser.open(&site.url("/results/summer")).await;
    browser.until(&votes_are("a", 0)).await;
    inspect(&browser, "results-empty").await;
    browser.evaluate("window.neverReloaded = true").await;

    browser.switch_to(&phone).await;
    browser.press("Marseille").await;
    browser.until(&says("Your vote for “Marseille” is counted.")).await;
    browser.switch_to(&screen).await;
    browser.until(&votes_are("b", 1)).await;
    browser.until("document.querySelector('[data-key=b] progress').value === 1").await;
    for voter in 0..30 {
        site.vote("summer", &format!("friend {voter}"), ["a", "b", "b", "c", "d", "a", "b"][voter % 7]).await;
    }
    browser.until("document.querySelector('[data-total]').textContent === '31'").await;
    browser.until("!document.querySelector('.course').hidden").await;
    assert!(!browser.text("[data-announcement]").await.contains("leads"), "it does not chatter");
    inspect(&browser, "results").await;
    browser.look(Look::WALL).await;
    picture(&browser, "results", Look::WALL).await;
    browser.look(Look::DESKTOP).await;

    site.organise("/polls/summer/close", &json!({ "in": 3 })).await;
    browser.until("/^0:0[1-3]$/.test(document.querySelector('[data-countdown]').textContent)").await;
    browser.until(&state_is("final")).await;
    let announced = browser.evaluate("document.querySelector('[data-announcement]').textContent").await;
    assert_eq!(announced, "Final result: Marseille with 45.2% of 31 votes.");
    assert_eq!(browser.evaluate("window.neverReloaded").await, true, "the page came by itself, without a reload");
    inspect(&browser, "results-final").await;
    browser.open(&site.url("/results/summer.svg")).await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_result_fills_the_screen_stands_still_where_that_is_wanted_and_can_be_printed() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.vote("default", "ann", "a").await;
    site.settled("default").await;
    let browser = Browser::start(JavaScript::On).await;
    browser.look(Look::DESKTOP).await;
    browser.open(&site.url("/results/default")).await;
    browser.until("document.getAnimations().length > 0").await;
    browser.emulate("screen", ("prefers-reduced-motion", "reduce")).await;
    browser.until("document.getAnimations().length === 0").await;
    browser.press("Full screen").await;
    browser.until("document.fullscreenElement !== null").await;
    browser.until("document.body.innerText.includes('Leave full screen')").await;
    browser.press("Leave full screen").await;
    browser.until("document.fullscreenElement === null").await;
    browser.emulate("print", ("prefers-color-scheme", "dark")).await;
    picture(&browser, "results-printed", Look::DESKTOP).await;
    let hidden =
        "['nav', 'footer', '.links'].every((one) => getComputedStyle(document.querySelector(one)).display === 'none')";
    assert_eq!(browser.evaluate(hidden).await, true, "what cannot be pressed on paper is not printed");
    let ground = browser.evaluate("getComputedStyle(document.body).backgroundColor").await;
    assert_eq!(ground, "rgb(255, 255, 255)", "paper is white");
    product.running.stop().await;
}

#[tokio::test]
async fn a_result_page_says_when_its_poll_opens_until_it_does() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "status": "draft", "opens_at": "2999-11-21T10:22:00Z" })).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.open(&site.url("/results/tea")).await;
    browser.until(&says("It opens on November 21, 2999")).await;
    inspect(&browser, "results-early").await;
    site.organise("/polls/tea/open", &json!({})).await;
    browser.until(&state_is("open")).await;
    assert!(!browser.text("body").await.contains("It opens on"));
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
async fn a_page_outlives_a_restart_of_the_server() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let site = process.site.clone();
    let browser = Browser::start(JavaScript::On).await;
    browser.open(&site.url("/results/default")).await;
    site.vote("default", "ann", "a").await;
    browser.until(&votes_are("a", 1)).await;
    browser.evaluate("window.neverReloaded = true").await;
    process.kill();
    browser.until(&says("reconnecting")).await;
    let port = site.base.rsplit(':').next().unwrap();
    let mut again = Command::new(binary());
    again.args(["up", "--port", port]);
    let _process = Process::start_by(again, folder.path());
    site.vote("default", "bob", "a").await;
    browser.until(&votes_are("a", 2)).await;
    assert_eq!(browser.evaluate("window.neverReloaded").await, true);
    assert!(!browser.text("body").await.contains("reconnecting"));
}
