//! Pages as their readers want them: in their language, and errors, too.

use serde_json::json;

use super::driver::{Browser, JavaScript};
use super::look::{Look, inspect};
use super::says;
use crate::sandbox::InProcess;

#[tokio::test]
async fn a_french_reader_finds_french_pages_and_may_choose_english() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let browser = Browser::start_speaking(JavaScript::On, "fr-FR,fr;q=0.9,en;q=0.5").await;
    browser.look(Look::PHONE).await;
    browser.open(&site.url("/")).await;
    browser.until("document.documentElement.lang === 'fr'").await;
    inspect(&browser, "home-french").await;
    browser.open(&site.url("/vote/default")).await;
    browser.press("Cats").await;
    browser.until(&says("Votre vote «\u{a0}Cats\u{a0}» est compté.")).await;
    inspect(&browser, "voted-french").await;
    browser.open(&site.url("/results/default")).await;
    browser.until(&says("100,0\u{202f}%")).await;
    inspect(&browser, "results-french").await;
    browser.open(&site.url("/vote/nowhere")).await;
    browser.until(&says("Ce vote n’existe pas")).await;
    browser.follow("English").await;
    browser.until(&says("There is no such poll")).await;
    browser.open(&site.url("/vote/default")).await;
    browser.until(&says("You voted for “Cats”.")).await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_visitor_finds_the_open_polls_and_may_join_one_by_its_code() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "drinks" })).await;
    let closed = site.make_poll(json!({ "slug": "games" })).await;
    site.organise("/polls/games/close", &json!({})).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.open(&site.url("/")).await;
    inspect(&browser, "home").await;
    browser.open(&site.url("/join?code=K7M2")).await;
    browser.until(&says("There is no poll with the code “K7M2”.")).await;
    inspect(&browser, "join").await;
    browser.open(&site.url(&format!("/join?code={}", closed["code"].as_str().unwrap()))).await;
    browser.until(&says("This poll is closed.")).await;
    product.running.stop().await;
}

#[tokio::test]
async fn errors_are_pages_too() {
    let product = InProcess::start(&[]).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.open(&product.site.url("/vote/nowhere")).await;
    browser.until(&says("404")).await;
    browser.until(&says("Look at the address or the code again.")).await;
    inspect(&browser, "error").await;
    product.running.stop().await;
}
