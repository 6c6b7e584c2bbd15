//! The wall, as a room uses it: quotes that come in by themselves, are liked, found and looked after.

use serde_json::{Value, json};

use super::driver::{Browser, ENTER, JavaScript};
use super::look::{Look, inspect, picture};
use super::says;
use crate::sandbox::{InProcess, Site};

/// A browser at the wall, of an account of this role.
pub async fn at_the_wall(site: &Site, id: &str, role: &str, javascript: JavaScript) -> Browser {
    let password = "a long walk";
    site.make_user(id, password, role).await;
    let browser = Browser::start(javascript).await;
    browser.look(Look::DESKTOP).await;
    browser.open(&site.url("/signin?next=/wall")).await;
    browser.fill("[name=id]", id).await;
    browser.fill("[name=password]", password).await;
    browser.press("Sign in").await;
    browser.until("location.pathname === '/wall'").await;
    browser
}

/// A browser of somebody who is passing by.
async fn passing_by(site: &Site) -> Browser {
    let browser = Browser::start(JavaScript::On).await;
    browser.look(Look::DESKTOP).await;
    browser.open(&site.url("/wall")).await;
    browser
}

/// Posts a quote in somebody's name; its number.
pub async fn post(site: &Site, author: &str, quote: &str) -> u64 {
    let (status, told) = site.organise("/quotes", &json!({ "user_id": author, "quote": quote })).await;
    assert_eq!(status, 201, "{told}");
    told["id"].as_u64().unwrap()
}

/// The texts of a list, as they are seen.
async fn list(browser: &Browser, kind: &str) -> Value {
    let texts = format!("[...document.querySelectorAll('[data-list={kind}] [data-text]')].map((one) => one.innerText)");
    browser.evaluate(&texts).await
}

/// That the first quote of a list says this.
fn first_is(kind: &str, text: &str) -> String {
    format!("document.querySelector('[data-list={kind}] [data-text]')?.innerText === `{text}`")
}

/// That a quote of the list of the newest has so many upvotes, and whether they are also of whoever looks.
fn liked(quote: u64, upvotes: u32, own: bool) -> String {
    format!(
        "document.querySelector('#new-{quote} .like').innerText.includes('{upvotes}') && \
         document.querySelector('#new-{quote} .like').getAttribute('aria-pressed') === '{own}'"
    )
}

#[tokio::test]
async fn a_quote_comes_in_elsewhere_without_a_reload_and_so_does_what_becomes_of_it() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let ann = at_the_wall(site, "ann", "member", JavaScript::On).await;
    inspect(&ann, "wall-empty").await;
    let room = passing_by(site).await;
    room.until(&says("The wall is still empty")).await;
    room.run("window.neverReloaded = true").await;
    ann.fill("[name=quote]", "Who asks, leads.").await;
    ann.press("Put it on the wall").await;
    ann.until(&says("Your quote is on the wall.")).await;
    room.until(&first_is("new", "Who asks, leads.")).await;
    assert!(!room.text("main").await.contains("still empty"));
    ann.until(&first_is("new", "Who asks, leads.")).await;
    ann.click("#new-1 .like").await;
    room.until(&liked(1, 1, false)).await;
    ann.until(&liked(1, 1, true)).await;
    room.click("#new-1 .like").await;
    ann.until(&liked(1, 2, true)).await;

    // Only the author is offered to change it, and does.
    assert_eq!(room.evaluate("document.querySelectorAll('.own').length").await, 0);
    ann.click("#new-1 [data-edit]").await;
    ann.until("location.pathname === '/wall/1/edit'").await;
    inspect(&ann, "wall-edit").await;
    ann.fill("[name=quote]", " And who answers?").await;
    ann.press("Save").await;
    room.until(&first_is("new", "Who asks, leads. And who answers?")).await;
    room.until(&says("edited")).await;
    ann.click("#new-1 [data-delete]").await;
    ann.until(&says("with its 2 likes")).await;
    inspect(&ann, "wall-delete").await;
    ann.press("Delete the quote").await;
    ann.until(&says("The wall is still empty")).await;
    room.until("document.querySelectorAll('.quote').length === 0").await;
    assert_eq!(room.evaluate("window.neverReloaded").await, true);
    product.running.stop().await;
}

/// A wall with something on it, for pictures.
async fn furnish(site: &Site) {
    for (author, quote) in [
        ("grace", "The most dangerous phrase in the language is: we have always done it this way."),
        ("antoine", "On ne voit bien qu’avec le cœur.\nL’essentiel est invisible pour les yeux."),
        (
            "edsger",
            "Simplicity is a great virtue, but it requires hard work to achieve it and education to appreciate it. And to make matters worse: complexity sells better.",
        ),
        ("zayd", "من جدّ وجد"),
        ("ada", "That brain of mine is something more than merely mortal, as time will show."),
        ("donald", "Beware of bugs in the above code; I have only proved it correct, not tried it."),
        ("marie", "Rien dans la vie n’est à craindre, tout doit être compris."),
        ("ursula", &"We live in capitalism. Its power seems inescapable. So did the divine right of kings. ".repeat(7)),
    ] {
        post(site, author, quote).await;
    }
    for (quote, voters) in [(1, 12), (2, 31), (4, 3), (6, 7), (7, 19)] {
        for voter in 0..voters {
            let request = site.http.post(site.url(&format!("/quotes/{quote}/upvotes")));
            let request = request.header("idempotency-key", format!("{quote} {voter}"));
            assert!(request.send().await.unwrap().status().is_success());
        }
    }
}

#[tokio::test]
async fn the_wall_can_be_read_on_every_screen_in_both_languages() {
    let product = InProcess::start(&["--rate-limit", "1000"]).await;
    let site = &product.site;
    furnish(site).await;
    let room = passing_by(site).await;
    room.until("document.querySelectorAll('.quote').length === 16").await;
    inspect(&room, "wall").await;
    room.look(Look::WALL).await;
    picture(&room, "wall", Look::WALL).await;
    room.press("Full screen").await;
    room.until("document.fullscreenElement !== null").await;
    picture(&room, "wall-full", Look::WALL).await;
    room.look(Look::PHONE).await;
    room.follow("Most liked").await;
    room.until("document.querySelector('[data-list=top]').checkVisibility()").await;
    assert_eq!(room.evaluate("document.querySelector('[data-list=new]').checkVisibility()").await, false);
    picture(&room, "wall-top", Look::PHONE).await;
    let admin = at_the_wall(site, "eve", "admin", JavaScript::On).await;
    inspect(&admin, "wall-admin").await;
    let french = Browser::start_speaking(JavaScript::On, "fr").await;
    french.open(&site.url("/wall")).await;
    french.until(&says("Les plus récentes")).await;
    inspect(&french, "wall-french").await;
    product.running.stop().await;
}
