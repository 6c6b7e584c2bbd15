//! The whole life of a poll, as its organiser lives it in the studio.

use super::driver::{Browser, JavaScript};
use super::look::{Look, inspect};
use super::{enter_studio, make_poll, says, state_is, votes_are};
use crate::sandbox::{InProcess, Site};

/// Presses a button of a page that comes again after it, and waits for what it then says.
async fn press_and_see(browser: &Browser, label: &str, expression: &str) {
    browser.evaluate("window.old = true").await;
    browser.press(label).await;
    browser.until(&format!("!window.old && ({expression})")).await;
}

#[tokio::test]
async fn a_poll_lives_its_whole_life_in_the_studio() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let browser = Browser::start(JavaScript::On).await;
    browser.look(Look::PHONE).await;
    enter_studio(&browser, site, "/studio").await;
    inspect(&browser, "studio").await;
    browser.open(&site.url("/studio/new")).await;
    inspect(&browser, "studio-new").await;
    browser.click("[name=open]").await;
    let slug = make_poll(&browser, "What shall we drnk?", "Tea\nCoffee\nA tall glass of water from the tap").await;
    browser.until(&state_is("draft")).await;
    inspect(&browser, "studio-draft").await;

    browser.follow("Edit").await;
    browser.until("location.pathname.endsWith('/edit')").await;
    browser.clear("[name=title]").await;
    browser.fill("[name=title]", "What shall we drink?").await;
    press_and_see(&browser, "Save", &says("What shall we drink?")).await;
    press_and_see(&browser, "Open", &state_is("open")).await;

    let phone = votes_move_in_the_studio(&browser, site, &slug).await;
    results_are_hidden_and_shown(&browser, site, &slug, &phone).await;
    it_is_closed_and_opened_again(&browser).await;
    it_is_reset_duplicated_and_deleted(&browser, &slug).await;
    product.running.stop().await;
}

/// Votes in a second window, whose name it returns.
async fn votes_move_in_the_studio(browser: &Browser, site: &Site, slug: &str) -> String {
    let studio = browser.window().await;
    let phone = browser.new_window().await;
    browser.open(&site.url(&format!("/vote/{slug}"))).await;
    browser.press("Coffee").await;
    browser.until(&says("is counted")).await;
    browser.switch_to(&studio).await;
    browser.until(&votes_are("b", 1)).await;
    browser.reload().await;
    browser.until("document.querySelector('.minutes td').innerText.trim() === '1'").await;
    inspect(browser, "studio-open").await;
    phone
}

async fn results_are_hidden_and_shown(browser: &Browser, site: &Site, slug: &str, phone: &str) {
    let studio = browser.window().await;
    browser.click("[name=results] option[value=hidden]").await;
    press_and_see(browser, "Apply", &says("Results are hidden")).await;
    browser.switch_to(phone).await;
    browser.open(&site.url(&format!("/results/{slug}"))).await;
    browser.until(&says("The organiser has hidden the result for now.")).await;
    let unseen = "['.seats', '.bars', '.course'].every((one) => document.querySelector(one).hasAttribute('hidden'))";
    assert_eq!(browser.evaluate(unseen).await, true);
    inspect(browser, "results-hidden").await;
    let shown = browser.evaluate("document.querySelector('[data-key=b] [data-votes]').textContent").await;
    assert_eq!(shown, "", "not even for the organiser's browser, which may be the one that projects");
    browser.switch_to(&studio).await;
    assert_eq!(browser.text("[data-key=b] [data-votes]").await, "1", "but in the studio");
    browser.click("[name=results] option[value=live]").await;
    press_and_see(browser, "Apply", &says("Results are live")).await;
    browser.switch_to(phone).await;
    browser.until(&votes_are("b", 1)).await;
    browser.until("!document.querySelector('.seats').hasAttribute('hidden')").await;
    browser.switch_to(&studio).await;
    browser.click("[name=results] option[value=hidden]").await;
    press_and_see(browser, "Apply", &says("Results are hidden")).await;
    browser.switch_to(phone).await;
    browser.until(unseen).await;
    browser.switch_to(&studio).await;
    browser.click("[name=results] option[value=live]").await;
    press_and_see(browser, "Apply", &says("Results are live")).await;
    browser.switch_to(&studio).await;
}

async fn it_is_closed_and_opened_again(browser: &Browser) {
    browser.clear("[name=in]").await;
    browser.fill("[name=in]", "2").await;
    browser.press("Start the countdown").await;
    browser.until(&state_is("final")).await;
    inspect(browser, "studio-final").await;
    press_and_see(browser, "Open again", &state_is("open")).await;
    browser.until(&says("opening 2")).await;
    browser.press("Close now").await;
    browser.until(&state_is("final")).await;
}

async fn it_is_reset_duplicated_and_deleted(browser: &Browser, slug: &str) {
    browser.follow("Reset").await;
    browser.until(&says("One vote will be forgotten, for good.")).await;
    inspect(browser, "studio-reset").await;
    press_and_see(browser, "Forget all votes", &state_is("draft")).await;
    browser.until(&votes_are("b", 0)).await;
    press_and_see(browser, "Duplicate", "location.pathname.startsWith('/studio/polls/')").await;
    assert_ne!(browser.address().await.rsplit('/').next().unwrap(), slug);
    browser.follow("Delete").await;
    browser.until(&says("It will be gone for good, with its code and its address.")).await;
    press_and_see(browser, "Delete the poll", "location.pathname === '/studio'").await;
    assert_eq!(browser.evaluate("document.querySelectorAll('[data-poll]').length").await, 2);
    browser.follow("What shall we drink?").await;
    browser.follow("Sheet to print").await;
    browser.until("location.pathname.endsWith('/sheet')").await;
    inspect(browser, "studio-sheet").await;
}

#[tokio::test]
async fn the_studio_is_for_organisers_and_its_list_is_live() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let browser = Browser::start(JavaScript::On).await;
    browser.look(Look::PHONE).await;
    browser.open(&site.url("/studio")).await;
    browser.until("location.pathname === '/signin'").await;
    inspect(&browser, "signin").await;
    browser.fill("[name=id]", "ann").await;
    browser.fill("[name=password]", "not the password").await;
    browser.press("Sign in").await;
    browser.until(&says("The id or the password is wrong.")).await;
    inspect(&browser, "signin-wrong").await;
    enter_studio(&browser, site, "/studio").await;
    site.vote("default", "ann", "a").await;
    browser.until("document.querySelector('[data-poll] [data-total]').textContent === '1'").await;
    browser.press("Sign out").await;
    browser.until("location.pathname === '/'").await;
    browser.open(&site.url("/studio")).await;
    browser.until("location.pathname === '/signin'").await;
    product.running.stop().await;
}

#[tokio::test]
async fn an_empty_studio_says_what_to_do_first() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.organise("/polls/default/close", &serde_json::json!({})).await;
    site.results_when("default", |results| results["final"] == true).await;
    let delete = site.http.delete(site.url("/polls/default")).header("authorization", crate::sandbox::KEY);
    assert!(delete.send().await.unwrap().status().is_success());
    let browser = Browser::start(JavaScript::On).await;
    enter_studio(&browser, site, "/studio").await;
    browser.until(&says("Your first poll")).await;
    inspect(&browser, "studio-empty").await;
    browser.open(&site.url("/")).await;
    browser.until(&says("No poll is open just now.")).await;
    inspect(&browser, "home-empty").await;
    product.running.stop().await;
}
