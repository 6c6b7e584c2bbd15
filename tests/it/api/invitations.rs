//! Signing up: with an invitation, without one, and not at all.

use hemicycle::app::Ambient;
use hemicycle::domain::clock::{Clock, Entropy};
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADMIN, Answer, FORM, NOBODY, Who, ask, look, send};
use crate::forge::at;
use crate::sandbox::{InProcess, Site};

const PASSWORD: &str = "a password of one's own";

/// An invitation: its secret, and what it is called.
async fn invite(site: &Site, wish: &Value) -> (String, String) {
    let made = ask(site, ADMIN, Method::POST, "/users/invitations", wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let [link, id] = ["link", "id"].map(|field| made.json()[field].as_str().unwrap().to_owned());
    let start = format!("{}/signup?invite=", site.base);
    (link.strip_prefix(&start).unwrap_or_else(|| panic!("{link}")).to_owned(), id)
}

async fn sign_up(site: &Site, id: &str, invite: Option<&str>) -> Answer {
    let wish = json!({ "id": id, "password": PASSWORD, "invite": invite });
    ask(site, NOBODY, Method::POST, "/sessions/signup", &wish).await
}

#[tokio::test]
async fn an_invitation_makes_one_account_as_it_says() {
    let product = InProcess::start(&["--rate-limit", "100"]).await;
    let site = &product.site;
    for (wish, role) in [
        (json!({}), "organiser"),
        (json!({ "role": "member", "note": "For Ann" }), "member"),
        (json!({ "role": "organiser" }), "organiser"),
        (json!({ "role": "admin" }), "admin"),
    ] {
        let (secret, _) = invite(site, &wish).await;
        let (first, second) = (format!("first-{role}-{}", wish["role"] == role), "second");
        let made = sign_up(site, &first, Some(&secret)).await;
        assert_eq!((made.status, made.json()["role"].as_str()), (StatusCode::CREATED, Some(role)), "{wish}");
        let me = look(site, &[("cookie", made.cookie().unwrap())], "/users/me").await.json();
        assert_eq!((&me["id"], &me["role"]), (&json!(first), &json!(role)), "they are signed in");
        site.sign_in_as(&first, PASSWORD).await;
        assert_eq!(sign_up(site, second, Some(&secret)).await.status, StatusCode::FORBIDDEN, "it is used up");
    }
    assert_eq!(look(site, ADMIN, "/users/invitations").await.text, "[]");
    product.running.stop().await;
}

#[tokio::test]
async fn nobody_chooses_their_own_role() {
    let product = InProcess::start(&["--rate-limit", "100"]).await;
    let site = &product.site;
    let (secret, _) = invite(site, &json!({ "role": "member" })).await;
    let wish = json!({ "id": "ann", "password": PASSWORD, "invite": secret, "role": "admin" });
    let made = ask(site, NOBODY, Method::POST, "/sessions/signup", &wish).await;
    assert_eq!((made.status, made.json()["role"].as_str()), (StatusCode::CREATED, Some("member")));
    product.running.stop().await;
}

#[tokio::test]
async fn an_attempt_that_fails_does_not_use_an_invitation_up() {
    let product = InProcess::start(&["--rate-limit", "100"]).await;
    let site = &product.site;
    site.make_user("ann", "", "member").await;
    let (secret, _) = invite(site, &json!({ "note": "For Bob" })).await;
    for (id, password, status) in
        [("Ann", PASSWORD, 409), ("bob", "short", 400), ("b b", PASSWORD, 400), ("me", PASSWORD, 400)]
    {
        let wish = json!({ "id": id, "password": password, "invite": secret });
        assert_eq!(ask(site, NOBODY, Method::POST, "/sessions/signup", &wish).await.status, status, "{id}");
    }
    let form = format!("id=bob&name=Bob&password=a+password+of+his&invite={secret}");
    let by_form = send(site, Method::POST, "/sessions/signup", &[FORM], &form).await;
    assert_eq!((by_form.status.as_u16(), by_form.header("location")), (303, "/studio"));
    assert!(by_form.cookie().is_some_and(|cookie| cookie.starts_with("session=")));
    product.running.stop().await;
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_or_is_over_lets_nobody_in() {
    let clock = Clock::manual(at(0));
    let ambient = Ambient { clock: clock.clone(), entropy: Entropy::System };
    let product = InProcess::start_with(ambient, &["--rate-limit", "100"]).await;
    let site = &product.site;
    let mut made = Vec::new();
    for note in ["back", "by form", "last", "late"] {
        made.push(invite(site, &json!({ "note": note })).await);
    }
    let listed = look(site, ADMIN, "/users/invitations").await;
    assert!(made.iter().all(|(secret, _)| !listed.text.contains(secret)), "{}", listed.text);
    assert_eq!(listed.json().as_array().unwrap().len(), 4);
    let path = format!("/users/invitations/{}", made[0].1);
    for status in [204, 404] {
        assert_eq!(ask(site, ADMIN, Method::DELETE, &path, &Value::Null).await.status, status);
    }
    let path = format!("/users/invitations/{}/delete", made[1].1);
    assert_eq!(
        send(site, Method::POST, &path, &[ADMIN[0], FORM], "").await.header("location"),
        "/studio/users#invitations"
    );
    for (secret, _) in &made[..2] {
        assert_eq!(sign_up(site, "ann", Some(secret)).await.status, 403);
    }
    let end = at(0) + SignedDuration::from_hours(14 * 24);
    clock.set(end - SignedDuration::from_millis(1));
    assert_eq!(sign_up(site, "ann", Some(&made[2].0)).await.status, 201);
    clock.set(end);
    assert_eq!(sign_up(site, "bob", Some(&made[3].0)).await.status, 403);
    assert_eq!(look(site, ADMIN, "/users/invitations").await.text, "[]");
    product.running.stop().await;
}

#[tokio::test]
async fn only_admins_invite() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let (organiser, admin) = (site.sign_up("ann", "organiser").await, site.sign_up("eve", "admin").await);
    let may = async |who: Who<'_>| {
        let made = ask(site, who, Method::POST, "/users/invitations", &json!({})).await.status.as_u16();
        (made, look(site, who, "/users/invitations").await.status.as_u16())
    };
    assert_eq!(may(&[("cookie", &organiser)]).await, (403, 403));
    assert_eq!(may(&[("cookie", &admin)]).await, (201, 200));
    assert_eq!(may(NOBODY).await, (401, 401));
    for wish in [json!({ "role": "king" }), json!({ "note": "a\nb" }), json!({ "note": "x".repeat(101) })] {
        assert_eq!(ask(site, ADMIN, Method::POST, "/users/invitations", &wish).await.status, 400, "{wish}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn who_may_sign_up_is_a_setting() {
    for (signup, without, with) in [("off", 403, 403), ("invite", 403, 201), ("open", 201, 201)] {
        let product = InProcess::start(&["--signup", signup]).await;
        let site = &product.site;
        let (secret, _) = invite(site, &json!({ "role": "member" })).await;
        let bare = sign_up(site, "ann", None).await;
        assert_eq!(bare.status, without, "{signup}");
        if without == 201 {
            assert_eq!(bare.json()["role"], "organiser");
            assert_eq!(sign_up(site, "ANN", None).await.status, 409);
            assert_eq!(sign_up(site, "cid", Some("no invitation")).await.status, 403, "they meant to use one");
        }
        assert_eq!(sign_up(site, "bob", Some(&secret)).await.status, with, "{signup}");
        product.running.stop().await;
    }
}
