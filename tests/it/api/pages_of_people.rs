//! Where the forms of people's pages lead, as a browser sends them, and lists that go on on another page.

use reqwest::Method;
use serde_json::json;

use super::{Answer, send};
use crate::sandbox::{InProcess, Site};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PASSWORD: &str = "a long walk";

/// Sends a form of our own pages, in a session or in none.
async fn submit(site: &Site, session: &str, path: &str, body: &str) -> Answer {
    send(site, Method::POST, path, &[FORM, ("cookie", session), ("sec-fetch-site", "same-origin")], body).await
}

async fn page(site: &Site, session: &str, path: &str) -> Answer {
    send(site, Method::GET, path, &[("cookie", session), ("accept", "text/html")], "").await
}

/// Makes an account of this role and signs in to it; the session's cookie.
async fn session_of(site: &Site, id: &str, role: &str) -> String {
    let wish = json!({ "id": id, "name": id, "password": PASSWORD, "role": role });
    assert_eq!(site.organise("/users", &wish).await.0, 201);
    let answer = submit(site, "", "/sessions", &format!("id={id}&password={PASSWORD}")).await;
    answer.cookie().unwrap().to_owned()
}

fn leads_to(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("location"))
}

#[tokio::test]
async fn signing_in_leads_where_somebody_wanted_to_go_else_where_they_have_something_to_do() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    for (id, role, landing) in
        [("ann", "member", "/account"), ("bob", "organiser", "/studio"), ("eve", "admin", "/studio")]
    {
        let session = session_of(site, id, role).await;
        let sign_in =
            async |next: &str| submit(site, "", "/sessions", &format!("id={id}&password={PASSWORD}&next={next}")).await;
        assert_eq!(leads_to(&sign_in("").await), (303, landing), "{role}");
        assert_eq!(leads_to(&sign_in("/vote/default").await), (303, "/vote/default"));
        assert_eq!(leads_to(&sign_in("//example.org").await), (303, landing));
        assert_eq!(leads_to(&page(site, &session, "/signin").await), (303, landing), "signed in already");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_form_of_the_account_leads_back_there_and_says_what_became_of_it() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let session = session_of(site, "ann", "member").await;
    for (form, body, back) in [
        ("/sessions/password", "current=wrong&password=another+walk", "/account?failed=wrong-password#password"),
        ("/sessions/password", "current=a+long+walk&password=short", "/account?failed=password-short#password"),
        ("/sessions/password", "current=a+long+walk&password=another+walk", "/account?done=password#password"),
        ("/users/me/edit", "name=%00", "/account?failed=user-name#name"),
        ("/users/me/edit", "name=Ann+Lee", "/account?done=name#name"),
        ("/sessions/tokens", "name=ci&days=90", "/account?failed=token#tokens"),
        ("/sessions/tokens", "name=ci&days=ninety&scope=read", "/account?failed=token#tokens"),
    ] {
        assert_eq!(leads_to(&submit(site, &session, form, body).await), (303, back), "{form} {body}");
    }
    let beyond = submit(site, &session, "/sessions/tokens", "name=ci&days=90&scope=organise").await;
    assert_eq!(beyond.status, 403, "more than a member may");
    let said = page(site, &session, "/account?failed=the-server-is-on-fire&done=me").await;
    assert!(said.status == 200 && !said.text.contains("fire"), "an address puts no words into the page's mouth");
    product.running.stop().await;
}

#[tokio::test]
async fn signing_up_by_a_form_is_as_open_as_it_is_said_to_be() {
    for (signup, body, status, says) in [
        ("open", "id=ann&password=short", 400, "too short"),
        ("open", "id=a%2Fb&password=a+long+walk", 400, "An id has letters"),
        ("open", "id=ann&password=a+long+walk&invite=nonsense", 403, "You can sign up without one."),
        ("invite", "id=ann&password=a+long+walk", 403, "Signing up takes an invitation here."),
        ("off", "id=ann&password=a+long+walk", 403, "Nobody can sign up here."),
    ] {
        let product = InProcess::start(&["--signup", signup]).await;
        let answer = submit(&product.site, "", "/sessions/signup", body).await;
        assert_eq!((answer.status.as_u16(), answer.cookie()), (status, None), "{signup} {body}");
        assert!(answer.text.contains(says), "{signup} {body}: {}", answer.text);
        assert!(!answer.text.contains("a long walk"), "a password is not sent back");
        product.running.stop().await;
    }
}

#[tokio::test]
async fn accounts_and_deeds_go_on_on_another_page() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    for number in 0..51 {
        let wish = json!({ "id": format!("u+{number:02}"), "name": "Somebody" });
        assert_eq!(site.organise("/users", &wish).await.0, 201);
        assert_eq!(site.organise("/users/invitations", &json!({})).await.0, 201);
    }
    let session = site.sign_in().await;
    for (path, lines, next) in [("/studio/users", 50, "?after="), ("/studio/audit", 100, "?before=")] {
        let item = if path.ends_with("users") { "<li><a class=\"main\"" } else { "<li><time" };
        let first = page(site, &session, path).await.text;
        assert_eq!(first.matches(item).count(), lines, "{path}");
        let query = first.split(next).nth(1).unwrap_or_else(|| panic!("{path} ends")).split('"').next().unwrap();
        let second = page(site, &session, &format!("{path}{next}{query}")).await.text;
        assert_eq!(second.matches(item).count(), if lines == 50 { 1 } else { 2 }, "{path}");
        assert!(!second.contains(next), "{path} ends there");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn the_glance_says_how_all_polls_do_to_administrators_alone() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let session = session_of(site, "bob", "organiser").await;
    let made = submit(site, &session, "/polls", "title=Which%3F&options=a%0Ab&results=live&one_vote_per=code").await;
    assert_eq!(made.status, 303);
    let own = page(site, &session, "/studio/glance").await.json();
    assert_eq!((&own["health"]["dead"], &own["health"]["counted"]), (&json!(null), &json!(null)));
    assert_eq!((own["polls"].as_array().unwrap().len(), &own["polls"][0]["owner"]), (1, &json!(null)));
    let all = page(site, &site.sign_in().await, "/studio/glance").await.json();
    assert_eq!((&all["health"]["dead"], all["polls"].as_array().unwrap().len()), (&json!(0), 2));
    assert!(all["polls"].as_array().unwrap().iter().any(|poll| poll["owner"] == "bob"));
    product.running.stop().await;
}
