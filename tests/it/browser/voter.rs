//! Voting: on a phone, without scripts, by keyboard, without a network, too early and too late.

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::driver::{Browser, ENTER, JavaScript, TAB};
use super::look::{Look, inspect};
use super::{says, votes_are};
use crate::sandbox::{InProcess, Process, binary};

/// A poll named drinks of these fields, and a phone that shows its voting page.
async fn voting(fields: Value) -> (InProcess, Browser) {
    let product = InProcess::start(&[]).await;
    let mut poll = json!({ "slug": "drinks" });
    poll.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    product.site.make_poll(poll).await;
    let browser = Browser::start(JavaScript::On).await;
    browser.look(Look::PHONE).await;
    browser.open(&product.site.url("/vote/drinks")).await;
    (product, browser)
}

#[tokio::test]
async fn a_vote_on_a_phone_is_taken_without_a_reload_and_the_page_says_when_it_is_counted() {
    let (product, browser) = voting(
        json!({ "title": "What shall we drink?", "options": ["Tea", "Coffee", "A tall glass of water from the tap"] }),
    )
    .await;
    let site = &product.site;
    inspect(&browser, "vote").await;
    browser.evaluate("window.neverReloaded = true").await;
    browser.press("Tea").await;
    browser.until(&says("Your vote for “Tea” is counted. You can change it")).await;
    browser.press("Coffee").await;
    browser.until(&says("Your vote for “Coffee” is counted.")).await;
    inspect(&browser, "voted").await;
    assert_eq!(browser.evaluate("window.neverReloaded").await, true);
    assert_eq!(site.settled("drinks").await["total"], 1, "one voter, one vote");
    browser.reload().await;
    browser.until(&says("You voted for “Coffee”.")).await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_poll_without_change_takes_one_vote_and_says_so_before() {
    let (product, browser) = voting(json!({ "allow_change": false })).await;
    browser.until(&says("You vote once here")).await;
    browser.press("Tea").await;
    browser.until(&says("Your vote for “Tea” is counted.")).await;
    assert_eq!(browser.evaluate("document.querySelectorAll('.ballot button:enabled').length").await, 0);
    product.running.stop().await;
}

#[tokio::test]
async fn without_javascript_joining_voting_and_the_result_work() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let poll = site.make_poll(json!({ "slug": "drinks" })).await;
    let browser = Browser::start(JavaScript::Off).await;
    browser.look(Look::PHONE).await;
    browser.open("data:text/html,<title>off</title><script>document.title = 'on'</script>").await;
    assert_eq!(browser.evaluate("document.title").await, "off", "scripts are off");

    browser.open(&site.url("/")).await;
    browser.fill("[name=code]", "no way").await;
    browser.press("Join").await;
    browser.until(&says("There is no poll with the code")).await;
    browser.clear("[name=code]").await;
    let code = poll["code"].as_str().unwrap().to_lowercase();
    browser.fill("[name=code]", &format!(" {} {}", &code[..3], &code[3..])).await;
    browser.press("Join").await;
    browser.until("location.pathname === '/vote/drinks'").await;
    browser.press("Coffee").await;
    browser.until(&says("Your vote for “Coffee” is in. You can change it")).await;
    browser.follow("Results").await;
    // The page reloads itself every few seconds.
    browser.until(&votes_are("b", 1)).await;
    product.running.stop().await;
}

#[tokio::test]
async fn everything_can_be_done_by_keyboard_and_the_focus_is_seen() {
    let (product, browser) = voting(json!({ "closes_at": "2999-11-21T10:22:00Z" })).await;
    let mut strokes = 0;
    while browser.evaluate("document.activeElement.value").await != "b" {
        browser.strike(TAB).await;
        strokes += 1;
        assert!(strokes < 12, "the second answer is never reached");
        let outline = browser.evaluate("getComputedStyle(document.activeElement).outlineStyle").await;
        assert_eq!(outline, "solid", "stroke {strokes}: the focus is not to be seen");
    }
    browser.strike(ENTER).await;
    browser.until(&says("Your vote for “Coffee” is counted.")).await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_vote_without_a_network_is_kept_over_a_reload_and_counted_once_when_it_is_back() {
    let (product, browser) = voting(json!({})).await;
    let site = &product.site;
    browser.connect(false).await;
    browser.press("Tea").await;
    browser.until(&says("You are offline. Your vote for “Tea” is saved")).await;
    inspect(&browser, "vote-offline").await;
    browser.press("Coffee").await;
    browser.until(&says("Your vote for “Coffee” is saved")).await;
    browser.connect(true).await;
    browser.until(&says("Your vote for “Coffee” is counted.")).await;
    let results = site.settled("drinks").await;
    assert_eq!((&results["total"], &results["options"][1]["votes"]), (&json!(1), &json!(1)));

    browser.connect(false).await;
    browser.press("Tea").await;
    browser.until(&says("is saved on this device")).await;
    // Else this page might send it before it is left, and the next one have nothing to say of it.
    browser.open("about:blank").await;
    browser.connect(true).await;
    browser.open(&site.url("/vote/drinks")).await;
    browser.until(&says("Your vote for “Tea” is counted.")).await;
    assert_eq!(site.settled("drinks").await["total"], 1);
    product.running.stop().await;
}

#[tokio::test]
async fn the_choice_made_last_is_the_one_that_counts_however_slow_the_network() {
    let (product, browser) = voting(json!({})).await;
    let site = &product.site;
    browser.slow_down(800).await;
    for choice in ["Tea", "Coffee", "Tea", "Coffee"] {
        browser.press(choice).await;
    }
    browser.until(&says("Your vote for “Coffee” is counted.")).await;
    let results = site.settled("drinks").await;
    assert_eq!((&results["total"], &results["options"][1]["votes"]), (&json!(1), &json!(1)));
    product.running.stop().await;
}

#[tokio::test]
async fn a_vote_kept_while_the_poll_was_reset_is_no_vote_in_what_it_is_now() {
    let (product, browser) = voting(json!({})).await;
    let site = &product.site;
    browser.connect(false).await;
    browser.press("Tea").await;
    browser.until(&says("is saved on this device")).await;
    site.organise("/polls/drinks/reset", &json!({})).await;
    browser.connect(true).await;
    browser.until("document.querySelector('.ballot').dataset.of.endsWith('.2')").await;
    assert_eq!(browser.evaluate("document.querySelector('.chosen, .sent')").await, json!(null));
    assert_eq!(site.settled("drinks").await["total"], 0);
    product.running.stop().await;
}

#[tokio::test]
async fn a_vote_that_meets_a_front_without_servers_is_sent_again_until_it_is_counted() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let site = process.site.clone();
    let browser = Browser::start(JavaScript::On).await;
    browser.look(Look::PHONE).await;
    browser.open(&site.url("/vote/default")).await;
    // From here on nobody would answer for a script.
    let fetched =
        "performance.getEntriesByType('resource').some((it) => it.name.endsWith(name) && it.responseStatus === 200)";
    browser.until(&format!("['vote.js', 'page.js'].every((name) => {fetched})")).await;
    process.kill();
    // What a proxy says while there is nobody behind it.
    let port = site.base.rsplit(':').next().unwrap().to_owned();
    let front = TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    let refusing = tokio::spawn(async move {
        loop {
            let (mut stream, _) = front.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let answer =
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    browser.press("Cats").await;
    browser.until(&says("The server is busy. Your vote for “Cats” is sent again")).await;
    refusing.abort();
    assert!(refusing.await.is_err_and(|error| error.is_cancelled()), "the port is free again");
    let mut again = Command::new(binary());
    again.args(["up", "--port", &port]);
    let process = Process::start_by(again, folder.path());
    browser.until(&says("Your vote for “Cats” is counted.")).await;
    assert_eq!(process.site.settled("default").await["total"], 1);
}

#[tokio::test]
async fn a_poll_that_opens_and_closes_says_so_on_the_voting_page_by_itself() {
    let (product, browser) = voting(json!({ "status": "draft" })).await;
    let site = &product.site;
    browser.until(&says("This poll is not open yet.")).await;
    inspect(&browser, "vote-early").await;
    site.organise("/polls/drinks/open", &json!({})).await;
    browser.until("document.querySelector('.ballot button:enabled')").await;
    site.organise("/polls/drinks/close", &json!({ "in": 4 })).await;
    browser.reload().await;
    browser.until("/^0:0[1-4]$/.test(document.querySelector('[data-countdown]').textContent)").await;
    browser.until(&says("This poll is closed.")).await;
    inspect(&browser, "vote-closed").await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_vote_that_comes_too_late_is_not_taken_and_the_page_says_so() {
    let (product, browser) = voting(json!({})).await;
    let site = &product.site;
    site.organise("/polls/drinks/close", &json!({})).await;
    browser.press("Tea").await;
    browser.until(&says("This poll is closed: your vote for “Tea” came too late.")).await;
    assert_eq!(site.settled("drinks").await["total"], 0);
    product.running.stop().await;
}
