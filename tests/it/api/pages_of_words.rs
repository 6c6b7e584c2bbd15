//! The wall and the pages about quotes, as a browser asks for them.

use reqwest::Method;
use serde_json::json;

use super::{Answer, FORM, get, send};
use crate::sandbox::{InProcess, Site};

async fn page(site: &Site, cookie: &str, path: &str) -> Answer {
    send(site, Method::GET, path, &[("cookie", cookie), ("accept", "text/html")], "").await
}

async fn submit(site: &Site, cookie: &str, path: &str, body: &str) -> Answer {
    send(site, Method::POST, path, &[FORM, ("cookie", cookie), ("sec-fetch-site", "same-origin")], body).await
}

async fn post(site: &Site, author: &str, quote: &str) {
    let (status, told) = site.organise("/quotes", &json!({ "user_id": author, "quote": quote })).await;
    assert_eq!(status, 201, "{told}");
}

#[tokio::test]
async fn an_empty_wall_says_what_to_do_and_makes_a_browser_known() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let first = page(site, "", "/wall").await;
    assert_eq!((first.status.as_u16(), first.header("cache-control")), (200, "no-store"));
    assert!(first.text.contains("The wall is still empty") && first.text.contains("/signin?next=/wall"));
    let cookie = first.cookie().unwrap().to_owned();
    assert!(cookie.starts_with("voter_id=") && first.header("set-cookie").contains("HttpOnly"));
    let again = page(site, &cookie, "/wall").await;
    assert_eq!((again.status.as_u16(), again.cookie()), (200, None), "known by now");
    let ann = site.sign_up("ann", "member").await;
    let hers = page(site, &ann, "/wall").await.text;
    assert!(hers.contains("action=\"/quotes\"") && !hers.contains("/studio/quotes"));
    let key = page(site, &site.sign_in().await, "/wall").await.text;
    assert!(key.contains("You came with the admin key") && key.contains("/studio/quotes"));
    product.running.stop().await;
}

#[tokio::test]
async fn the_wall_goes_on_on_another_page_in_either_order() {
    let product = InProcess::start(&["--rate-limit-credential", "1000"]).await;
    let site = &product.site;
    for number in 1..=32 {
        post(site, "ann", &format!("Quote {number}")).await;
    }
    for (order, after) in [("new", "3"), ("top", "0.30")] {
        let first = page(site, "", &format!("/wall?order={order}")).await.text;
        assert_eq!(first.matches("<li class=\"quote\"").count(), 61, "two lists, and one for scripts");
        let next = format!("order={order}&amp;after={after}\"");
        assert!(first.contains(&next), "{next}");
        let second = page(site, "", &format!("/wall?order={order}&after={after}")).await.text;
        assert_eq!(second.matches("<li class=\"quote\"").count(), 3, "{order}");
    }
    for wrong in ["order=new&after=x", "order=top&after=3", "order=top&after=3.x", "order=new&after=0"] {
        assert_eq!(page(site, "", &format!("/wall?{wrong}")).await.status, 400, "{wrong}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_search_is_counted_and_the_wall_is_not() {
    let product = InProcess::start(&["--rate-limit", "3"]).await;
    let site = &product.site;
    post(site, "ann", "L’été").await;
    for _ in 0..6 {
        assert_eq!(get(site, "/wall").await.status, 200, "a room behind one address opens it at once");
    }
    for _ in 0..3 {
        assert!(page(site, "", "/wall/search?q=ETE").await.text.contains("One quote found."));
    }
    assert_eq!(page(site, "", "/wall/search?q=ETE").await.status, 429);
    let cookie = page(site, "", "/wall").await.cookie().unwrap().to_owned();
    for (q, says) in [
        ("", "nothing to look for yet"),
        ("+", "nothing to look for yet"),
        ("ete", "One quote found."),
        (&"x".repeat(300), "too much to look for"),
        ("%3Cb%3E", "No quote has these words."),
    ] {
        let page = page(site, &cookie, &format!("/wall/search?q={q}")).await;
        assert!(page.status == 200 && page.text.contains(says), "{q}: {}", page.text);
    }
    assert_eq!(page(site, &cookie, "/wall/search").await.status, 200);
    assert_eq!(page(site, &cookie, "/wall/search?q=ete&after=x").await.status, 400);
    product.running.stop().await;
}

#[tokio::test]
async fn a_quote_is_offered_to_be_changed_to_whoever_may() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let ann = site.sign_up("ann", "member").await;
    let bob = site.sign_up("bob", "organiser").await;
    let eve = site.sign_up("eve", "admin").await;
    let made = submit(site, &ann, "/quotes", "quote=Mine&back=/wall").await;
    assert_eq!((made.status.as_u16(), made.header("location")), (303, "/wall"));
    for action in ["edit", "delete"] {
        let path = format!("/wall/1/{action}");
        for (who, status) in [(&ann, 200), (&bob, 403), (&eve, 200)] {
            assert_eq!(page(site, who, &path).await.status.as_u16(), status, "{path}");
        }
        let nobody = page(site, "", &path).await;
        assert_eq!((nobody.status.as_u16(), nobody.header("location")), (303, &*format!("/signin?next={path}")));
        for none in ["2", "0", "x", "99999999999999999999"] {
            assert_eq!(page(site, &eve, &format!("/wall/{none}/{action}")).await.status, 404, "{none}");
        }
    }
    let elsewhere = page(site, &ann, "/wall/1/delete?back=//example.org").await.text;
    assert!(!elsewhere.contains("example.org") && elsewhere.contains("value=\"&#x2f;wall\""));
    let hidden = submit(site, &bob, "/quotes/1/hide", "back=/studio/quotes").await;
    assert_eq!((hidden.status.as_u16(), hidden.header("location")), (303, "/studio/quotes"));
    assert!(
        !page(site, &bob, "/wall").await.text.contains("Mine"),
        "an organiser’s browser may be the one that projects"
    );
    product.running.stop().await;
}

#[tokio::test]
async fn the_studio_has_all_quotes_and_fills_in_a_poll_with_some() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let bob = site.sign_up("bob", "organiser").await;
    assert!(page(site, &bob, "/studio/quotes").await.text.contains("There is nothing here yet."));
    for quote in ["One\nline", "Two", "one line", "  Two ", "Hidden"] {
        post(site, "ann", quote).await;
    }
    assert_eq!(submit(site, &bob, "/quotes/5/hide", "").await.status, 303);
    for (path, shown) in [
        ("/studio/quotes", 5),
        ("/studio/quotes?show=top", 5),
        ("/studio/quotes?show=hidden", 1),
        ("/studio/quotes?q=HIDD", 1),
        ("/studio/quotes?q=two", 2),
        ("/studio/quotes?q=nothing", 0),
        ("/studio/quotes?after=3", 2),
    ] {
        let answer = page(site, &bob, path).await;
        assert_eq!(answer.text.matches("dir=\"auto\" class=\"text\"").count(), shown, "{path}");
    }
    assert_eq!(page(site, &bob, "/studio/quotes?show=top&after=1").await.status, 400);
    let form = page(site, &bob, "/studio/new?quote=2&quote=1&quote=4&quote=5&quote=99&quote=x").await;
    assert_eq!(form.header("cache-control"), "private, no-cache");
    assert!(form.text.contains("Two\nOne line\n</textarea>"), "{}", form.text);
    assert!(
        form.text.contains("4 of the chosen quotes are left out") && form.text.contains("Which quote is the best?")
    );
    let member = site.sign_up("ann", "member").await;
    assert_eq!(page(site, &member, "/studio/quotes").await.status, 403);
    assert_eq!(page(site, "", "/studio/quotes").await.header("location"), "/signin?next=/studio/quotes");
    product.running.stop().await;
}
