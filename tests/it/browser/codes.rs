//! Voting codes, from the organiser's sheet to a phone.

use serde_json::json;

use super::driver::{Browser, JavaScript};
use super::look::{Look, inspect};
use super::{enter_studio, make_poll, says};
use crate::sandbox::{InProcess, Site};

/// A poll by code, made in the studio; its slug and the codes of a sheet that was printed.
async fn printed(site: &Site, codes: u32) -> (String, Vec<String>) {
    let organiser = Browser::start(JavaScript::On).await;
    enter_studio(&organiser, site, "/studio/new").await;
    organiser.click("[name=one_vote_per][value=code]").await;
    let slug = make_poll(&organiser, "Who takes the chair?", "Ann\nBob").await;
    inspect(&organiser, "studio-codes-none").await;
    organiser.clear("[name=count]").await;
    organiser.fill("[name=count]", &codes.to_string()).await;
    organiser.press("Make, to print").await;
    organiser.until("document.querySelectorAll('.cards li').length > 0").await;
    inspect(&organiser, "codes-sheet").await;
    let shown =
        organiser.evaluate("[...document.querySelectorAll('.cards .code')].map(code => code.textContent)").await;
    let shown: Vec<String> = serde_json::from_value(shown).unwrap();
    assert_eq!(shown.len(), usize::try_from(codes).unwrap());
    organiser.open(&site.url(&format!("/studio/polls/{slug}"))).await;
    organiser.until(&says("Batch 1")).await;
    inspect(&organiser, "studio-codes").await;
    let page = organiser.text("body").await;
    assert!(shown.iter().all(|code| !page.contains(code)), "codes are shown once");
    (slug, shown)
}

/// A phone that has scanned a code.
async fn scanned(site: &Site, slug: &str, code: &str, javascript: JavaScript) -> Browser {
    let phone = Browser::start(javascript).await;
    phone.look(Look::PHONE).await;
    phone.open(&site.url(&format!("/vote/{slug}/{code}"))).await;
    phone.until(&format!("location.pathname === '/vote/{slug}'")).await;
    assert!(!phone.address().await.contains(code), "the code is not in the address");
    phone
}

#[tokio::test]
async fn a_code_that_was_printed_votes_once_from_a_phone() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let (slug, codes) = printed(site, 2).await;
    let phone = scanned(site, &slug, &codes[0], JavaScript::On).await;
    inspect(&phone, "vote-by-code").await;
    phone.press("Bob").await;
    phone.until(&says("A code counts once: yours is used now.")).await;
    inspect(&phone, "vote-by-code-cast").await;
    assert_eq!(site.settled(&slug).await["options"][1]["votes"], 1);
    let again = scanned(site, &slug, &codes[0], JavaScript::On).await;
    again.until(&says("This code has been used")).await;
    assert!(!again.text("main").await.contains("Your vote"), "which vote is shown to nobody");
    assert_eq!(
        again.evaluate("[...document.querySelectorAll('.ballot button')].every(it => it.disabled)").await,
        json!(true)
    );
    inspect(&again, "vote-by-code-used").await;
    assert_eq!(site.settled(&slug).await["total"], 1);
    product.running.stop().await;
}

#[tokio::test]
async fn without_javascript_a_code_is_typed_and_a_wrong_one_is_told() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let (slug, codes) = printed(site, 1).await;
    let phone = Browser::start(JavaScript::Off).await;
    phone.look(Look::PHONE).await;
    phone.open(&site.url(&format!("/vote/{slug}"))).await;
    phone.fill("[name=code]", "2222 2222 2222").await;
    phone.press("Ann").await;
    phone.until(&says("There is no such voting code in this poll.")).await;
    phone.fill("[name=code]", &codes[0].to_lowercase().replace('-', " ")).await;
    phone.press("Ann").await;
    phone.until(&says("A code counts once: yours is used now.")).await;
    assert_eq!(site.settled(&slug).await["options"][0]["votes"], 1);
    phone.open(&site.url(&format!("/vote/{slug}"))).await;
    phone.fill("[name=code]", &codes[0]).await;
    phone.press("Bob").await;
    phone.until(&says("used")).await;
    assert_eq!(site.settled(&slug).await["total"], 1);
    product.running.stop().await;
}
