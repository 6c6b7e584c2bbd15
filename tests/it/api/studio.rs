//! Sessions and the forms of the studio, as a browser sends them.

use reqwest::Method;
use serde_json::json;

use super::{Answer, FORM, get, send};
use crate::sandbox::{InProcess, Site};

/// Sends a form of our own pages in a session.
async fn submit(site: &Site, session: &str, path: &str, body: &str) -> Answer {
    send(site, Method::POST, path, &[FORM, ("cookie", session), ("sec-fetch-site", "same-origin")], body).await
}

#[tokio::test]
async fn the_key_begins_a_session_in_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let product = InProcess::start(&["--public-url", "https://vote.example.org"]).await;
    let site = &product.site;
    let wrong = send(site, Method::POST, "/sessions", &[FORM], "key=wrong").await;
    assert_eq!((wrong.status.as_u16(), wrong.cookie()), (401, None));
    let right = send(site, Method::POST, "/sessions", &[FORM], "key=supersecretkey&next=/studio/new").await;
    assert_eq!((right.status.as_u16(), right.header("location")), (303, "/studio/new"));
    let cookie = right.header("set-cookie");
    for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie} lacks {attribute}");
    }
    let session = right.cookie().unwrap();
    assert_eq!(send(site, Method::GET, "/studio", &[("cookie", session)], "").await.status, 200);
    let out = submit(site, session, "/sessions/end", "").await;
    assert_eq!(out.cookie(), Some("__Host-session="));
    product.running.stop().await;
}

#[tokio::test]
async fn whoever_guesses_keys_has_to_wait_behind_a_page_that_says_so() {
    let product = InProcess::start(&["--trusted-proxies", "127.0.0.1"]).await;
    let site = &product.site;
    let guess = async |address: &str| {
        let headers = [FORM, ("accept", "text/html"), ("x-forwarded-for", address)];
        send(site, Method::POST, "/sessions", &headers, "key=guess").await
    };
    for _ in 0..10 {
        assert_eq!(guess("192.0.2.1").await.status, 401);
    }
    let refused = guess("192.0.2.1").await;
    assert!(refused.status == 429 && refused.text.contains("Too many requests"), "{}", refused.text);
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(guess("192.0.2.2").await.status, 401, "others may try");
    product.running.stop().await;
}

#[tokio::test]
async fn the_studio_sends_whoever_has_no_session_to_sign_in_and_back() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    for path in ["/studio", "/studio/new", "/studio/polls/default", "/studio/polls/default/edit", "/studio/glance"] {
        let answer = send(site, Method::GET, path, &[("cookie", "session=AAAA")], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, &*format!("/signin?next={path}")));
    }
    let session = site.sign_in().await;
    for path in ["/studio/polls/nothing", "/studio/polls/default/explode", "/studio/polls/nothing/sheet"] {
        assert_eq!(send(site, Method::GET, path, &[("cookie", &session)], "").await.status, 404, "{path}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn the_forms_make_change_show_and_delete_a_poll() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let session = site.sign_in().await;
    let wish = "title=Which+drink%3F&options=Tea%0D%0ACoffee&results=hidden&slug=drinks&closes_at=2999-01-01T10:00";
    let made = submit(site, &session, "/polls", wish).await;
    assert_eq!((made.status.as_u16(), made.header("location")), (303, "/studio/polls/drinks"));
    let poll = site.json_with_key("/polls/drinks").await;
    assert_eq!((&poll["status"], &poll["closes_at"]), (&json!("draft"), &json!("2999-01-01T10:00:00Z")));
    assert_eq!((&poll["allow_change"], &poll["results"]), (&json!(false), &json!("hidden")));

    let texts = "title=Which%3F&options=Tea%0D%0ACoffee%0D%0AWater&results=live";
    let edit = format!("{texts}&revision=1&opens_at=2998-01-01T10:00&closes_at=");
    assert_eq!(submit(site, &session, "/polls/drinks/edit", &edit).await.status, 303);
    let outdated = submit(site, &session, "/polls/drinks/edit", &edit).await;
    assert_eq!(outdated.status, 409, "what the form shows is not what is there now: {}", outdated.text);
    let poll = site.json_with_key("/polls/drinks").await;
    assert_eq!((&poll["title"], &poll["closes_at"]), (&json!("Which?"), &json!(null)));
    assert_eq!((poll["options"].as_array().unwrap().len(), &poll["opens_at"]), (3, &json!("2998-01-01T10:00:00Z")));
    assert_eq!(submit(site, &session, "/polls/drinks/show", "results=after_close").await.status, 303);
    assert_eq!(site.json_with_key("/polls/drinks").await["results"], "after_close");
    for (path, body) in
        [("/polls/drinks/show", "results=never"), ("/polls/drinks/edit", "title=&options=a&results=live&revision=3")]
    {
        assert_eq!(submit(site, &session, path, body).await.status, 400, "{path}");
    }
    let deleted = submit(site, &session, "/polls/drinks/delete", "").await;
    assert_eq!((deleted.status.as_u16(), deleted.header("location")), (303, "/studio"));
    assert_eq!(get(site, "/polls/drinks").await.status, 404);
    product.running.stop().await;
}

#[tokio::test]
async fn an_edit_that_leaves_the_texts_alone_passes_after_the_first_vote() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "drinks" })).await;
    site.vote("drinks", "ann", "a").await;
    site.settled("drinks").await;
    let session = site.sign_in().await;
    let rest = "options=Tea%0ACoffee&results=hidden&closes_at=2999-01-01T10:00";
    let same = format!("revision=1&title=Tea+or+coffee%3F&{rest}");
    assert_eq!(submit(site, &session, "/polls/drinks/edit", &same).await.status, 303);
    assert_eq!(site.json_with_key("/polls/drinks").await["results"], "hidden");
    let other = format!("revision=2&title=Coffee+or+tea%3F&{rest}");
    let locked = submit(site, &session, "/polls/drinks/edit", &other).await;
    assert!(locked.status == 409 && locked.text.contains("this poll has ballots"), "{}", locked.text);
    product.running.stop().await;
}

#[tokio::test]
async fn a_session_is_an_organiser_to_the_api_but_only_from_our_own_pages() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let session = site.sign_in().await;
    for (origin, status) in [("cross-site", 403), ("same-origin", 200)] {
        let headers = [("content-type", "application/json"), ("cookie", &session), ("sec-fetch-site", origin)];
        let answer = send(site, Method::PATCH, "/polls/default", &headers, r#"{"results":"hidden"}"#).await;
        assert_eq!(answer.status.as_u16(), status, "PATCH from {origin}");
    }
    let from_elsewhere = [("cookie", session.as_str()), ("sec-fetch-site", "cross-site")];
    assert_eq!(send(site, Method::DELETE, "/polls/default", &from_elsewhere, "").await.status, 403);
    product.running.stop().await;
}

#[tokio::test]
async fn a_session_alone_does_not_show_what_is_hidden_for_its_browser_may_be_the_one_that_projects() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "drinks", "results": "hidden" })).await;
    site.vote("drinks", "ann", "a").await;
    site.settled("drinks").await;
    let session = site.sign_in().await;
    let cookie = [("cookie", session.as_str())];
    let total = async |path: &str| send(site, Method::GET, path, &cookie, "").await.json()["total"].clone();
    assert_eq!(total("/results/drinks.json").await, json!(null));
    assert_eq!(total("/results/drinks.json?audience=organiser").await, 1);
    for ending in ["svg", "csv"] {
        let path = format!("/results/drinks.{ending}");
        assert_eq!(send(site, Method::GET, &path, &cookie, "").await.status, 401, "{ending}");
        let path = format!("{path}?audience=organiser");
        assert_eq!(send(site, Method::GET, &path, &cookie, "").await.status, 200, "{ending}");
        assert_eq!(get(site, &path).await.status, 401, "{ending} without a session");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_language_is_kept_once_chosen_and_pages_say_which_they_speak() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let french = send(site, Method::GET, "/vote/default", &[("accept-language", "fr")], "").await;
    assert_eq!((french.header("content-language"), french.text.contains("lang=\"fr\"")), ("fr", true));
    let chosen = get(site, "/results/default?lang=fr").await;
    assert_eq!((chosen.header("content-language"), chosen.cookie()), ("fr", Some("lang=fr")));
    let kept = send(site, Method::GET, "/vote/default", &[("cookie", "lang=fr")], "").await;
    assert_eq!(kept.header("content-language"), "fr");
    let error = send(site, Method::GET, "/vote/none", &[("accept", "text/html"), ("cookie", "lang=fr")], "").await;
    assert!(error.status == 404 && error.text.contains("Ce vote n’existe pas"), "{}", error.text);
    product.running.stop().await;
}
