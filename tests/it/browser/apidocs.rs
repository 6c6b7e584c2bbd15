//! The description of the API, read and tried by somebody who has signed in.

use super::driver::{Browser, JavaScript};
use super::enter_studio;
use super::look::{Look, picture};
use crate::sandbox::InProcess;

/// Unfolds an operation, tries it out as its example has it, and waits for this status.
async fn try_out(browser: &Browser, operation: &str, status: u16) {
    let block = format!("#operations-{operation}");
    browser.until(&format!("document.querySelector('{block}')")).await;
    browser.click(&format!("{block} .opblock-summary-control")).await;
    browser.until(&format!("document.querySelector('{block} .try-out__btn')")).await;
    browser.click(&format!("{block} .try-out__btn")).await;
    browser.until(&format!("document.querySelector('{block} .execute')")).await;
    browser.click(&format!("{block} .execute")).await;
    let answer = format!("document.querySelector('{block} .live-responses-table .response-col_status')");
    browser.until(&answer).await;
    let shown = browser.text(&format!("{block} .live-responses-table tbody .response-col_status")).await;
    assert!(shown.starts_with(&status.to_string()), "{operation}: {shown}");
}

#[tokio::test]
async fn an_operation_is_read_and_tried_on_the_page_of_the_api() {
    let product = InProcess::start(&[]).await;
    let browser = Browser::start(JavaScript::On).await;
    enter_studio(&browser, &product.site, "/studio/new").await;
    browser.open(&product.site.url("/")).await;
    browser.follow("For programs: the API, to read and to try").await;
    browser.until("location.pathname === '/apidocs' && document.querySelectorAll('.opblock').length > 40").await;
    try_out(&browser, "polls-list_polls", 200).await;
    try_out(&browser, "polls-create_poll", 201).await;
    assert_eq!(product.site.json("/polls/drinks").await["title"], "Tea or coffee?", "the poll of the example");
    for look in Look::ALL {
        browser.look(look).await;
        browser.until("document.getAnimations().every((one) => !(one instanceof CSSTransition))").await;
        let name = picture(&browser, "apidocs", look).await;
        let too_wide = browser.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(too_wide.as_i64() <= Some(0), "{name}: sticks out by {too_wide} pixels");
    }
    assert_eq!(browser.console().await, [""; 0], "the console is quiet, and the page's policy kept it from nothing");
    browser.follow("Hemicycle").await;
    browser.until("location.pathname === '/'").await;
    product.running.stop().await;
}
