//! Quotes as organisers look after them, as a poll is made of them, and as strangers would misuse them.

use super::driver::{Browser, JavaScript};
use super::look::{Look, inspect};
use super::wall::{at_the_wall, post};
use super::{make_poll, says, votes_are};
use crate::sandbox::{InProcess, Site};

/// How many cards of a quote a page shows.
fn cards_of(quote: u64, count: u32) -> String {
    format!("document.querySelectorAll('li[data-quote=\"{quote}\"]').length === {count}")
}

#[tokio::test]
async fn a_quote_that_an_organiser_hides_is_gone_everywhere_until_it_is_restored() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let (kind, rude) = (post(site, "ann", "A kind word").await, post(site, "bob", "A rude word").await);
    let room = Browser::start(JavaScript::On).await;
    room.look(Look::DESKTOP).await;
    room.open(&site.url("/wall")).await;
    room.until(&cards_of(rude, 2)).await;
    let ann = at_the_wall(site, "oscar", "organiser", JavaScript::On).await;
    assert_eq!(ann.evaluate("document.querySelectorAll('[data-delete]').length").await, 0, "that is for its author");
    ann.click(&format!("#new-{rude} .own button")).await;
    ann.until(&cards_of(rude, 0)).await;
    room.until(&cards_of(rude, 0)).await;
    room.until(&cards_of(kind, 2)).await;
    ann.follow("Studio").await;
    ann.until("location.pathname === '/studio/quotes'").await;
    ann.until(&says("Hidden by oscar on")).await;
    inspect(&ann, "studio-quotes").await;
    ann.follow("Hidden").await;
    ann.until("location.search === '?show=hidden'").await;
    assert!(!ann.text("main").await.contains("A kind word"));
    inspect(&ann, "studio-quotes-hidden").await;
    ann.press("Restore").await;
    ann.until(&says("No quote is hidden.")).await;
    room.until(&cards_of(rude, 2)).await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_poll_is_made_of_chosen_quotes_and_voted_on() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let long = format!("To be, or not to be,\nthat is the question: {}", "whether ’tis nobler in the mind ".repeat(5));
    for quote in ["Carpe diem", &long, "Not chosen"] {
        post(site, "ann", quote).await;
    }
    for javascript in [JavaScript::On, JavaScript::Off] {
        let id = format!("{javascript:?}");
        let organiser = at_the_wall(site, &id, "organiser", javascript).await;
        organiser.follow("Studio").await;
        organiser.fill("[name=q]", "BE").await;
        organiser.press("Search").await;
        organiser.until("document.querySelectorAll('[name=quote]').length === 1").await;
        organiser.follow("All quotes").await;
        organiser.until("document.querySelectorAll('[name=quote]').length === 3").await;
        organiser.click("[name=quote][value='1']").await;
        organiser.click("[name=quote][value='2']").await;
        if javascript == JavaScript::On {
            organiser.until(&says("2 chosen.")).await;
            inspect(&organiser, "studio-quotes-chosen").await;
        }
        organiser.press("Make a poll of the chosen").await;
        organiser.until("location.pathname === '/studio/new'").await;
        organiser.until(&says("One quote is longer than an answer may be")).await;
        if javascript == JavaScript::On {
            inspect(&organiser, "studio-new-of-quotes").await;
        }
        organiser.clear("[name=title]").await;
        let answers = organiser.evaluate("document.querySelector('[name=options]').value").await;
        organiser.clear("[name=options]").await;
        let slug = make_poll(&organiser, &format!("Which? {id}"), answers.as_str().unwrap()).await;
        vote_for_the_long_one(site, &slug).await;
        organiser.open(&site.url(&format!("/results/{slug}"))).await;
        organiser.until(&votes_are("a", 1)).await;
    }
    product.running.stop().await;
}

async fn vote_for_the_long_one(site: &Site, slug: &str) {
    let voter = Browser::start(JavaScript::On).await;
    voter.open(&site.url(&format!("/vote/{slug}"))).await;
    let label = voter.text(".ballot button").await;
    assert!(label.contains("To be, or not to be, that is the question: whether ’tis nobler"), "{label}");
    assert!(label.ends_with('…'), "{label}");
    voter.click(".ballot button").await;
    voter.until(&says("is counted")).await;
}

/// What strangers would write if they could make pages do what they say.
fn harmful() -> Vec<String> {
    vec![
        "<script>window.harmed = true</script>".into(),
        "<img src=x onerror=\"window.harmed = true\">".into(),
        "\"><svg onload=\"window.harmed = true\">".into(),
        "'-alert(1)-' {{ 7 * 7 }} &lt;b&gt; </textarea></template></title><h1>Taken over</h1>".into(),
        "\u{202e}sdrawkcab si siht\u{202d} \u{2066}never closed".into(),
        "x".repeat(1000),
        "\n".to_owned() + &"a\n".repeat(400) + "the end",
        "z\u{300}\u{301}\u{302}".to_owned() + &"\u{334}".repeat(300),
    ]
}

#[tokio::test]
async fn what_strangers_write_is_text_on_every_page_that_shows_quotes() {
    let product = InProcess::start(&["--rate-limit-credential", "1000"]).await;
    let site = &product.site;
    let admin = at_the_wall(site, "eve", "admin", JavaScript::On).await;
    // Some come with the page, and some while it lies open.
    let harmful = harmful();
    for quote in &harmful {
        post(site, "mallory", quote).await;
    }
    admin.until(&format!("document.querySelectorAll('[data-list=new] .quote').length === {}", harmful.len())).await;
    is_unharmed(&admin, "wall, live").await;
    let last = post(site, "mallory", "window harmed").await;
    site.organise(&format!("/quotes/{last}/hide"), &serde_json::json!({})).await;
    let numbers: Vec<_> = (1..=harmful.len()).map(|number| format!("quote={number}")).collect();
    let mut pages = vec![
        "/wall".to_owned(),
        "/wall?order=top".to_owned(),
        "/wall/search?q=%3Cscript%3Ewindow".to_owned(),
        "/wall/search?q=harmed".to_owned(),
        "/studio/quotes".to_owned(),
        "/studio/quotes?q=%22%3E%3Csvg+onload".to_owned(),
        "/studio/quotes?show=hidden".to_owned(),
        format!("/studio/new?{}", numbers.join("&")),
    ];
    for number in 1..=harmful.len() {
        pages.push(format!("/wall/{number}/edit"));
        pages.push(format!("/wall/{number}/delete"));
    }
    for page in pages {
        admin.open(&site.url(&page)).await;
        is_unharmed(&admin, &page).await;
    }
    admin.open(&site.url("/wall")).await;
    inspect(&admin, "wall-hostile").await;
    admin.open(&site.url("/studio/quotes")).await;
    inspect(&admin, "studio-quotes-hostile").await;
    product.running.stop().await;
}

/// That nothing of what was written became part of the page, and that it sticks out nowhere on the smallest phone.
async fn is_unharmed(browser: &Browser, page: &str) {
    for look in [Look::SMALL_PHONE, Look::DESKTOP] {
        browser.look(look).await;
        let too_wide = browser.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(too_wide.as_i64() <= Some(0), "{page} sticks out by {too_wide} pixels");
    }
    let harm = "window.harmed === true || document.querySelectorAll('main :is(script, svg, img[src=x])').length > 0 \
                || [...document.querySelectorAll('h1')].length !== 1 || document.body.innerText.includes(' 49 &lt;b')";
    assert_eq!(browser.evaluate(harm).await, false, "{page}");
}
