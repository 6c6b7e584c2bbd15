//! End to end, as people do it: in a browser, by clicks and keys.

mod apidocs;
mod codes;
pub mod driver;
mod items;
mod look;
mod organiser;
mod people;
mod quotes;
mod reader;
pub mod socket;
mod viewer;
mod voter;
mod wall;

use self::driver::Browser;
use crate::sandbox::{KEY, Site};

/// What a result page shows of an option.
fn votes_are(option: &str, votes: u32) -> String {
    format!("document.querySelector('[data-key={option}] [data-votes]').textContent === '{votes}'")
}

/// What a page says somewhere.
fn says(words: &str) -> String {
    format!("document.body.innerText.includes(`{words}`)")
}

/// The state that a page shows of a poll.
fn state_is(state: &str) -> String {
    format!("document.querySelector('.state').dataset.state === '{state}'")
}

/// Goes to a page of the studio, signing in on the way.
async fn enter_studio(browser: &Browser, site: &Site, path: &str) {
    browser.open(&site.url(path)).await;
    browser.until("location.pathname === '/signin'").await;
    browser.run("document.querySelector('details').open = true").await;
    browser.fill("[name=key]", KEY).await;
    browser.press("Sign in with the key").await;
    browser.until(&format!("location.pathname === '{path}'")).await;
}

/// Fills in the form of a new poll and sends it; ends on the poll's page in the studio. Returns the poll's slug.
async fn make_poll(browser: &Browser, title: &str, answers: &str) -> String {
    browser.fill("[name=title]", title).await;
    browser.fill("[name=options]", answers).await;
    browser.press("Make the poll").await;
    browser.until("location.pathname.startsWith('/studio/polls/')").await;
    browser.address().await.rsplit('/').next().unwrap().to_owned()
}
