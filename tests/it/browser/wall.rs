//! The wall, as a room uses it: quotes that come in by themselves, are liked, found and looked after.

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::driver::{Browser, ENTER, JavaScript, TAB};
use super::look::{Look, inspect, picture};
use super::says;
use crate::sandbox::{InProcess, Process, Site, binary};

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

/// That a quote of the list of the newest has so many upvotes, and whether they are also of whoever looks, and that the
/// server knows.
fn liked(quote: u64, upvotes: u32, own: bool) -> String {
    format!(
        "document.querySelector('#new-{quote} .like').innerText.includes('{upvotes}') && \
         document.querySelector('#new-{quote} .like').getAttribute('aria-pressed') === '{own}' && \
         document.querySelector('#new-{quote}').ariaBusy !== 'true'"
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
    room.until(&format!("!({})", says("still empty"))).await;
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
    room.until(&says("The wall is still empty")).await;
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
    french.until(&says("Nouvelles")).await;
    inspect(&french, "wall-french").await;
    product.running.stop().await;
}

#[tokio::test]
async fn an_upvote_counts_once_however_often_it_is_clicked_and_can_be_taken_back() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let quote = post(site, "ann", "Once is enough.").await;
    let room = passing_by(site).await;
    room.until(&liked(quote, 0, false)).await;
    room.slow_down(150).await;
    for _ in 0..5 {
        room.run("document.querySelector('#new-1 .like').click()").await;
    }
    room.until(&liked(quote, 1, true)).await;
    room.slow_down(0).await;
    room.run("document.querySelector('#top-1 .like').click()").await;
    room.until(&liked(quote, 0, false)).await;
    // By keyboard, and once more after a reload.
    room.run("document.querySelector('#new-1 .like').focus()").await;
    room.strike(ENTER).await;
    room.until(&liked(quote, 1, true)).await;
    assert_eq!(room.evaluate("document.activeElement.closest('li')?.id").await, "new-1", "the focus stays");
    room.reload().await;
    room.until(&liked(quote, 1, true)).await;
    product.running.stop().await;
    room.click("#new-1 .like").await;
    room.until(&says("You are offline.")).await;
    room.until(&liked(quote, 1, true)).await;
    room.until(&says("reconnecting")).await;
}

#[tokio::test]
async fn what_somebody_reads_does_not_move_and_they_are_told_what_is_new() {
    let product = InProcess::start(&["--rate-limit-credential", "1000"]).await;
    let site = &product.site;
    for number in 1..=40 {
        post(site, "ann", &format!("The quote of number {number}, which takes a line or two on a phone.")).await;
    }
    let phone = Browser::start(JavaScript::On).await;
    phone.look(Look { width: 360, ..Look::PHONE }).await;
    phone.open(&site.url("/wall")).await;
    phone.until(&first_is("new", "The quote of number 40, which takes a line or two on a phone.")).await;
    phone.run("document.querySelector('#new-30 .like').scrollIntoView({ block: 'center' })").await;
    phone.run("document.querySelector('#new-30 .like').focus({ preventScroll: true })").await;
    let place = "document.querySelector('#new-30').getBoundingClientRect().top";
    let before = phone.evaluate(place).await;
    post(site, "bob", "Hot off the press").await;
    phone.until(&says("One new quote")).await;
    post(site, "bob", "And another").await;
    phone.until(&says("2 new quotes")).await;
    let moved = phone.evaluate(&format!("Math.abs({place} - {before})")).await;
    assert!(moved.as_f64() <= Some(1.0), "what is read moved by {moved} pixels");
    assert_eq!(phone.evaluate("document.activeElement.closest('li')?.id").await, "new-30");
    picture(&phone, "wall-news", Look { width: 360, ..Look::PHONE }).await;
    phone.press("2 new quotes").await;
    phone.until(&first_is("new", "And another")).await;
    phone.until("document.querySelector('#new-42').getBoundingClientRect().top > 0").await;
    assert_eq!(list(&phone, "new").await.as_array().unwrap().len(), 30);

    // What fell off the end is on the next page, and nothing is missed between the two.
    phone.until("document.querySelector('[data-list=new] [data-next]').search === '?order=new&after=13'").await;
    phone.follow("Older").await;
    phone.until(&first_is("new", "The quote of number 12, which takes a line or two on a phone.")).await;
    phone.follow("Newest").await;
    phone.until(&first_is("new", "And another")).await;
    product.running.stop().await;
}

#[tokio::test]
async fn quotes_are_found_as_somebody_types_whatever_accents_they_type() {
    let product = InProcess::start(&["--rate-limit-credential", "1000"]).await;
    let site = &product.site;
    for quote in ["L’été dure longtemps", "Winter is short", "Un été <b>sans</b> fin"] {
        post(site, "ann", quote).await;
    }
    let room = passing_by(site).await;
    room.fill("[name=q]", "ETE").await;
    room.until(&says("2 quotes found.")).await;
    assert_eq!(list(&room, "found").await, json!(["L’été dure longtemps", "Un été <b>sans</b> fin"]));
    assert_eq!(room.evaluate("document.querySelector('[data-list=new]').checkVisibility()").await, false);
    let polite = "document.querySelector('[data-found-count]').getAttribute('role')";
    assert_eq!(room.evaluate(polite).await, "status");
    inspect(&room, "wall-found").await;
    room.fill("[name=q]", " sans").await;
    room.until(&says("One quote found.")).await;
    room.click("[data-list=found] .like").await;
    room.until("document.querySelector('[data-list=found] [aria-pressed=true]')").await;
    room.fill("[name=q]", "x").await;
    room.until(&says("No quote has these words.")).await;
    room.clear("[name=q]").await;
    room.run("document.querySelector('[name=q]').dispatchEvent(new Event('input'))").await;
    room.until("document.querySelector('[data-list=new]').checkVisibility()").await;
    room.until(&liked(3, 1, true)).await;
    room.open(&site.url("/wall/search?q=%C3%89t%C3%A9")).await;
    room.until(&says("2 quotes found.")).await;
    room.follow("All quotes").await;
    room.until("location.pathname === '/wall'").await;
    product.running.stop().await;
}

#[tokio::test]
async fn without_javascript_quotes_are_added_liked_found_and_paged_through() {
    let product = InProcess::start(&["--rate-limit-credential", "1000"]).await;
    let site = &product.site;
    for number in 1..=31 {
        post(site, "bob", &format!("Quote {number}")).await;
    }
    let ann = at_the_wall(site, "ann", "member", JavaScript::Off).await;
    ann.look(Look::PHONE).await;
    ann.fill("[name=quote]", "Without a script.").await;
    ann.press("Put it on the wall").await;
    ann.until(&first_is("new", "Without a script.")).await;
    ann.click("#new-32 .like").await;
    ann.until(&liked(32, 1, true)).await;
    assert!(ann.address().await.ends_with("#new-32"), "back to the same place");
    ann.follow("Most liked").await;
    ann.until("location.search === '?order=top'").await;
    ann.until(&first_is("top", "Without a script.")).await;
    ann.click("#top-32 .like").await;
    ann.until(&first_is("top", "Quote 1")).await;
    ann.follow("Newest").await;
    ann.follow("Older").await;
    ann.until(&first_is("new", "Quote 2")).await;
    assert_eq!(list(&ann, "new").await, json!(["Quote 2", "Quote 1"]));
    ann.fill("[name=q]", "script").await;
    ann.press("Search").await;
    ann.until(&says("One quote found.")).await;
    ann.click(".own [data-delete]").await;
    ann.press("Delete the quote").await;
    ann.until(&first_is("new", "Quote 31")).await;
    product.running.stop().await;
}

#[tokio::test]
async fn the_wall_is_walked_by_keyboard() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    post(site, "ann", "One").await;
    let room = passing_by(site).await;
    room.until(&liked(1, 0, false)).await;
    let mut met = Vec::new();
    for _ in 0..20 {
        room.strike(TAB).await;
        let name = "document.activeElement.id || document.activeElement.innerText.trim().replace(/\\s+/g, ' ')";
        met.push(room.evaluate(name).await.as_str().unwrap_or_default().to_owned());
    }
    for wanted in ["Skip to the content", "Full screen", "Sign in to add it", "q", "Search", "Like 0", "Sign in"] {
        assert!(met.iter().any(|name| name == wanted), "{wanted}: {met:?}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_wall_that_lost_its_connection_says_so_and_misses_nothing() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let site = process.site.clone();
    let room = passing_by(&site).await;
    post(&site, "ann", "Before").await;
    room.until(&first_is("new", "Before")).await;
    room.run("window.neverReloaded = true").await;
    process.kill();
    room.until(&says("reconnecting")).await;
    picture(&room, "wall-lost", Look::DESKTOP).await;
    let mut again = Command::new(binary());
    again.args(["up", "--port", site.base.rsplit(':').next().unwrap()]);
    let _process = Process::start_by(again, folder.path());
    post(&site, "bob", "After").await;
    room.until(&first_is("new", "After")).await;
    assert_eq!(list(&room, "top").await, json!(["Before", "After"]));
    assert!(!room.text("body").await.contains("reconnecting"));
    assert_eq!(room.evaluate("window.neverReloaded").await, true);
}

#[tokio::test]
async fn quotes_slide_in_unless_somebody_wants_nothing_to_move() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let room = passing_by(site).await;
    let counting = "const animate = Element.prototype.animate; window.moved = 0;
        Element.prototype.animate = function (...how) { window.moved += 1; return animate.apply(this, how); };";
    room.run(counting).await;
    room.emulate("screen", ("prefers-reduced-motion", "reduce")).await;
    post(site, "ann", "Still").await;
    room.until(&first_is("new", "Still")).await;
    assert_eq!(room.evaluate("window.moved").await, 0);
    room.emulate("screen", ("prefers-reduced-motion", "no-preference")).await;
    post(site, "ann", "Moving").await;
    room.until(&first_is("new", "Moving")).await;
    room.until("window.moved > 0").await;
    product.running.stop().await;
}
