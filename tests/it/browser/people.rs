//! People: signing up, one's account, what organisers see of each other, and administrators who look after all of them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::driver::{Browser, JavaScript};
use super::look::{Look, inspect};
use super::{enter_studio, make_poll, says};
use crate::sandbox::{InProcess, Site};

/// A password that everybody here has.
const PASSWORD: &str = "a long walk";

/// Makes an account by the API; the key makes it whatever it is to be.
async fn make_account(site: &Site, id: &str, role: &str) {
    let wish = json!({ "id": id, "name": id, "password": PASSWORD, "role": role });
    assert_eq!(site.organise("/users", &wish).await.0, StatusCode::CREATED);
}

/// Signs in where the browser is.
async fn sign_in(browser: &Browser, id: &str, password: &str) {
    browser.fill("[name=id]", id).await;
    browser.fill("[name=password]", password).await;
    browser.press("Sign in").await;
}

/// A browser that shows where somebody of this role finds themselves after signing in.
async fn signed_in(site: &Site, id: &str, role: &str, javascript: JavaScript) -> Browser {
    make_account(site, id, role).await;
    let browser = Browser::start(javascript).await;
    browser.look(Look::PHONE).await;
    browser.open(&site.url("/signin")).await;
    sign_in(&browser, id, PASSWORD).await;
    browser.until("location.pathname !== '/signin'").await;
    browser
}

/// What a request with this token is answered.
async fn with_token(site: &Site, token: &str, path: &str) -> (StatusCode, Value) {
    let request = site.http.get(site.url(path)).header("authorization", format!("Bearer {token}"));
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn somebody_signs_up_stumbling_and_makes_a_poll_that_no_other_organiser_sees() {
    let product = InProcess::start(&["--signup", "open"]).await;
    let site = &product.site;
    make_account(site, "taken", "organiser").await;
    let ann = Browser::start(JavaScript::On).await;
    ann.look(Look::PHONE).await;
    ann.open(&site.url("/signin")).await;
    ann.follow("Sign up").await;
    ann.until("location.pathname === '/signup'").await;
    inspect(&ann, "signup").await;
    ann.fill("[name=id]", "Taken").await;
    ann.fill("[name=name]", "Ann Lee").await;
    ann.fill("[name=password]", PASSWORD).await;
    ann.press("Make my account").await;
    ann.until(&says("This id is taken")).await;
    assert_eq!(ann.evaluate("document.querySelector('[name=name]').value").await, "Ann Lee");
    assert_eq!(ann.evaluate("document.querySelector('[name=password]').value").await, "");
    inspect(&ann, "signup-wrong").await;
    ann.clear("[name=id]").await;
    ann.fill("[name=id]", "ann").await;
    ann.fill("[name=password]", "short").await;
    ann.press("Make my account").await;
    ann.until(&says("This password is too short")).await;
    ann.fill("[name=password]", PASSWORD).await;
    ann.press("Make my account").await;
    ann.until("location.pathname === '/studio'").await;
    assert_eq!(ann.evaluate("document.querySelectorAll('[data-dead]').length").await, 0, "that is for admins");
    inspect(&ann, "studio-organiser").await;
    ann.open(&site.url("/studio/new")).await;
    ann.click("[name=open]").await;
    let slug = make_poll(&ann, "Where to walk?", "Hills\nCoast").await;
    ann.follow("Studio").await;
    ann.until(&says("Where to walk?")).await;
    another_organiser_sees_nothing_of_it(site, &slug).await;
    product.running.stop().await;
}

async fn another_organiser_sees_nothing_of_it(site: &Site, slug: &str) {
    let other = signed_in(site, "bob", "organiser", JavaScript::On).await;
    other.until("location.pathname === '/studio'").await;
    assert!(!other.text("main").await.contains("Where to walk?"));
    for path in ["", "/edit", "/sheet", "/delete"] {
        other.open(&site.url(&format!("/studio/polls/{slug}{path}"))).await;
        other.until(&says("There is no such poll")).await;
    }
    other.open(&site.url(&format!("/polls/{slug}"))).await;
    assert!(!other.text("body").await.contains("Where to walk?"));
    other.open(&site.url("/polls")).await;
    assert!(!other.text("body").await.contains("Where to walk?"), "not even its title");
    other.open(&site.url("/studio/users")).await;
    other.until(&says("This is for administrators")).await;
}

#[tokio::test]
async fn without_javascript_somebody_signs_up_changes_their_password_and_deletes_their_account() {
    let product = InProcess::start(&["--signup", "open"]).await;
    let site = &product.site;
    let browser = Browser::start(JavaScript::Off).await;
    browser.look(Look::PHONE).await;
    browser.open(&site.url("/signup")).await;
    browser.fill("[name=id]", "ann").await;
    browser.fill("[name=password]", PASSWORD).await;
    browser.press("Make my account").await;
    browser.until("location.pathname === '/studio'").await;
    make_poll_without_scripts(&browser).await;
    browser.follow("My account").await;
    change_password(&browser, "not this", "another walk").await;
    browser.until(&says("That is not your current password.")).await;
    change_password(&browser, PASSWORD, "short").await;
    browser.until(&says("This password is too short")).await;
    change_password(&browser, PASSWORD, "another walk").await;
    browser.until(&says("Your password is changed.")).await;
    browser.press("Sign out").await;
    browser.until("location.pathname === '/'").await;
    browser.follow("Sign in").await;
    sign_in(&browser, "ann", PASSWORD).await;
    browser.until(&says("The id or the password is wrong.")).await;
    browser.fill("[name=password]", "another walk").await;
    browser.press("Sign in").await;
    browser.until("location.pathname === '/studio'").await;
    browser.follow("My account").await;
    browser.follow("Delete my account").await;
    browser.until(&says("Your poll stays, and only administrators can run it.")).await;
    browser.press("Delete my account").await;
    browser.until("location.pathname === '/'").await;
    assert_eq!(site.json_with_key("/users").await, json!([]));
    product.running.stop().await;
}

async fn make_poll_without_scripts(browser: &Browser) {
    browser.follow("New poll").await;
    browser.until("location.pathname === '/studio/new'").await;
    browser.click("[value=account]").await;
    make_poll(browser, "Where to walk?", "Hills\nCoast").await;
    browser.until(&says("One vote per account.")).await;
}

async fn change_password(browser: &Browser, current: &str, new: &str) {
    browser.fill("[name=current]", current).await;
    browser.fill("#password [name=password]", new).await;
    browser.press("Set the new password").await;
    browser.until("location.pathname === '/account'").await;
}

#[tokio::test]
async fn a_member_finds_their_account_changes_their_name_and_makes_and_deletes_a_token_that_works() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let browser = signed_in(site, "ann", "member", JavaScript::On).await;
    browser.until("location.pathname === '/account'").await;
    inspect(&browser, "account").await;
    browser.clear("[name=name]").await;
    browser.fill("[name=name]", "Ann Lee").await;
    browser.press("Save").await;
    browser.until(&says("Your name is changed.")).await;
    assert_eq!(site.json_with_key("/users/ann").await["name"], "Ann Lee");
    assert_eq!(browser.evaluate("document.querySelectorAll('[name=scope]').length").await, 2, "read and vote");
    browser.click("#tokens summary").await;
    browser.click("[name=scope]").await;
    browser.fill("#tokens [name=name]", "ci").await;
    browser.press("Make the token").await;
    browser.until(&says("at least one thing that it is for")).await;
    browser.fill("#tokens [name=name]", "the lights on the wall").await;
    browser.press("Make the token").await;
    browser.until(&says("Your new token")).await;
    inspect(&browser, "account-token").await;
    let token = browser.evaluate("document.querySelector('[data-copy]').value").await;
    let token = token.as_str().unwrap();
    assert!(browser.text("pre").await.contains(token));
    let (status, me) = with_token(site, token, "/users/me").await;
    assert_eq!((status, &me["id"]), (StatusCode::OK, &json!("ann")));
    browser.follow("To my account").await;
    browser.until(&says("the lights on the wall")).await;
    inspect(&browser, "account-tokens").await;
    browser.press("Delete").await;
    browser.until("!document.querySelector('#tokens .lines')").await;
    change_password(&browser, "not this", "another walk").await;
    browser.until(&says("That is not your current password.")).await;
    inspect(&browser, "account-wrong").await;
    browser.follow("Delete my account").await;
    browser.until("location.pathname === '/account/delete'").await;
    inspect(&browser, "account-delete").await;
    assert_eq!(with_token(site, token, "/users/me").await.0, StatusCode::UNAUTHORIZED);
    browser.open(&site.url("/studio")).await;
    browser.until(&says("Your account may vote.")).await;
    inspect(&browser, "forbidden").await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_second_browser_is_listed_and_signed_out_from_the_first() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let first = signed_in(site, "ann", "organiser", JavaScript::On).await;
    let second = Browser::start(JavaScript::On).await;
    second.open(&site.url("/signin?next=/account")).await;
    sign_in(&second, "ann", PASSWORD).await;
    second.until("location.pathname === '/account'").await;
    first.follow("My account").await;
    first.until(&says("Where you are signed in")).await;
    assert_eq!(first.evaluate("document.querySelectorAll('#sessions li').length").await, 2);
    assert!(first.text("#sessions").await.contains("Chrome on Linux"), "{}", first.text("#sessions").await);
    inspect(&first, "account-sessions").await;
    first.press("Sign out there").await;
    first.until("document.querySelectorAll('#sessions li').length === 1").await;
    second.follow("Studio").await;
    second.until("location.pathname === '/signin'").await;
    product.running.stop().await;
}

#[tokio::test]
async fn an_administrator_invites_somebody_and_looks_after_their_account() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let admin = Browser::start(JavaScript::On).await;
    admin.look(Look::PHONE).await;
    enter_studio(&admin, site, "/account").await;
    admin.until(&says("You came with the admin key")).await;
    inspect(&admin, "account-key").await;
    admin.follow("Make an account").await;
    admin.until("location.pathname === '/studio/users'").await;
    make_an_account_by_form(&admin).await;
    let link = invite(&admin).await;

    let late = Browser::start(JavaScript::On).await;
    late.open(&link).await;
    late.until(&says("You are invited as Member")).await;
    inspect(&late, "signup-invited").await;
    let guest = Browser::start(JavaScript::Off).await;
    guest.look(Look::PHONE).await;
    guest.open(&link).await;
    guest.until(&says("You are invited as Member")).await;
    guest.fill("[name=id]", "guest").await;
    guest.fill("[name=password]", PASSWORD).await;
    guest.press("Make my account").await;
    guest.until("location.pathname === '/account'").await;
    late.fill("[name=id]", "guest").await;
    late.fill("[name=password]", PASSWORD).await;
    late.press("Make my account").await;
    late.until(&says("This invitation is not good any more")).await;
    inspect(&late, "signup-stale").await;
    late.open(&site.url("/signup")).await;
    late.until(&says("Signing up takes an invitation here.")).await;
    inspect(&late, "signup-closed").await;

    change_and_delete(&admin, &guest, site).await;
    admin.follow("Audit").await;
    admin.until(&says("deleted the account guest")).await;
    for deed in ["made the account bob", "made the invitation", "signed up as guest", "changed the account guest"] {
        assert!(admin.text("main").await.contains(deed), "{deed}: {}", admin.text("main").await);
    }
    inspect(&admin, "studio-audit").await;
    product.running.stop().await;
}

async fn make_an_account_by_form(admin: &Browser) {
    inspect(admin, "studio-users-empty").await;
    admin.click("#make summary").await;
    admin.fill("#make [name=id]", "bob").await;
    admin.fill("#make [name=name]", "Bob the bald").await;
    inspect(admin, "studio-users-make").await;
    admin.press("Make the account").await;
    admin.until(&says("The account is made.")).await;
    inspect(admin, "studio-user").await;
    admin.follow("Accounts").await;
}

/// Makes an invitation, takes a second one back, and returns the link of the first.
async fn invite(admin: &Browser) -> String {
    let mut links = Vec::new();
    for note in ["Guest of honour", "Nobody"] {
        admin.until("location.pathname === '/studio/users'").await;
        admin.click("#invite summary").await;
        admin.fill("[name=note]", note).await;
        admin.click("#invite [value=member]").await;
        admin.press("Make the link").await;
        admin.until(&says("The invitation is ready")).await;
        links.push(admin.evaluate("document.querySelector('[data-copy]').value").await);
        inspect(admin, "studio-invited").await;
        admin.follow("To the accounts").await;
    }
    admin.until("document.querySelectorAll('#invitations li').length === 2").await;
    inspect(admin, "studio-users").await;
    admin.press("Take back").await;
    admin.until("document.querySelectorAll('#invitations li').length === 1").await;
    assert!(admin.text("#invitations").await.contains("Guest of honour"));
    links[0].as_str().unwrap().to_owned()
}

async fn change_and_delete(admin: &Browser, guest: &Browser, site: &Site) {
    admin.open(&site.url("/studio/users")).await;
    admin.follow("guest").await;
    admin.click("[value=organiser]").await;
    admin.press("Save").await;
    admin.until(&says("The account is changed.")).await;
    guest.open(&site.url("/studio")).await;
    guest.until("location.pathname === '/studio' && document.querySelector('h1').textContent === 'Studio'").await;
    admin.follow("Delete the account").await;
    admin.until(&says("Delete this account?")).await;
    admin.press("Delete the account").await;
    admin.until("location.pathname === '/studio/users'").await;
    guest.open(&site.url("/studio")).await;
    guest.until("location.pathname === '/signin'").await;
}

#[tokio::test]
async fn the_form_of_a_poll_says_what_each_rule_guarantees_and_the_poll_keeps_its_rule() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let browser = signed_in(site, "ann", "organiser", JavaScript::On).await;
    browser.open(&site.url("/studio/new")).await;
    browser.click("[value=code]").await;
    browser.until(&says("a code is used once")).await;
    assert_eq!(browser.evaluate("document.querySelector('.unless-code').checkVisibility()").await, false);
    inspect(&browser, "studio-new-codes").await;
    let slug = make_poll(&browser, "Where to walk?", "Hills\nCoast").await;
    browser.until(&says("Voting codes")).await;
    inspect(&browser, "studio-codes").await;
    browser.follow("Edit").await;
    browser.until(&says("One vote per voting code. This was fixed")).await;
    browser.press("Save").await;
    browser.until(&format!("location.pathname === '/studio/polls/{slug}'")).await;
    browser.press("Duplicate").await;
    browser.until(&format!("location.pathname !== '/studio/polls/{slug}'")).await;
    browser.until(&says("One vote per voting code.")).await;
    browser.open(&site.url("/studio/new")).await;
    browser.click("[value=account]").await;
    make_poll(&browser, "Who walks first?", "You\nMe").await;
    browser.until(&says("One vote per account.")).await;
    inspect(&browser, "studio-account-poll").await;
    let admin = Browser::start(JavaScript::On).await;
    enter_studio(&admin, site, &format!("/studio/polls/{slug}")).await;
    admin.until(&says("Organiser: ann")).await;
    admin.follow("Studio").await;
    admin.until("document.querySelectorAll('.owner').length === 3").await;
    inspect(&admin, "studio-admin").await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_french_reader_finds_french_pages_of_their_account() {
    let product = InProcess::start(&["--signup", "open"]).await;
    let site = &product.site;
    let browser = Browser::start_speaking(JavaScript::On, "fr").await;
    browser.look(Look::PHONE).await;
    browser.open(&site.url("/signup")).await;
    browser.fill("[name=id]", "ann").await;
    browser.fill("[name=password]", PASSWORD).await;
    inspect(&browser, "signup-french").await;
    browser.press("Créer mon compte").await;
    browser.until("location.pathname === '/studio'").await;
    browser.open(&site.url("/studio/new")).await;
    inspect(&browser, "studio-new-french").await;
    browser.open(&site.url("/account")).await;
    browser.until(&says("Où vous êtes connecté")).await;
    inspect(&browser, "account-french").await;
    product.running.stop().await;
}
