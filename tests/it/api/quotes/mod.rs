//! Quotes at `/quotes`: as clients of old know them, and what else can be done with them.

mod forms;
mod hiding;
mod posting;
mod reading;
mod upvotes;
mod wall;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADMIN, Answer, Who, ask, look};
use crate::sandbox::{InProcess, Site};

/// The product, with room for a test's requests.
async fn product() -> InProcess {
    InProcess::start(&["--rate-limit", "100000", "--rate-limit-credential", "100000"]).await
}

fn said(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), &answer.text)
}

/// Posts a quote; its number.
async fn post(site: &Site, who: Who<'_>, wish: Value) -> u64 {
    let made = ask(site, who, Method::POST, "/quotes", &wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{wish}: {}", made.text);
    made.json()["id"].as_u64().unwrap()
}

/// Posts a quote of an author who need not have an account.
async fn post_as(site: &Site, author: &str, quote: &str) -> u64 {
    post(site, ADMIN, json!({ "user_id": author, "quote": quote })).await
}

/// The texts on a page, in order.
async fn texts(site: &Site, path: &str) -> Vec<String> {
    let page = look(site, &[], path).await.json();
    page.as_array().unwrap().iter().map(|quote| quote["quote"].as_str().unwrap().to_owned()).collect()
}

/// A token of somebody for this scope, as its holder shows it.
async fn token(site: &Site, session: &str, scope: &str) -> String {
    let wish = json!({ "name": scope, "scopes": [scope] });
    let made = ask(site, &[("cookie", session)], Method::POST, "/sessions/tokens", &wish).await.json();
    format!("Bearer {}", made["token"].as_str().unwrap())
}
