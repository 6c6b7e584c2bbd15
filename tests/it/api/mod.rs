//! The HTTP contract of polls, ballots, results, accounts and quotes, as a client sees it.

mod assets;
mod audit;
mod ballots;
pub mod codes;
pub mod events;
mod examples;
mod hidden;
pub mod hosts;
mod invitations;
pub mod items;
mod limits;
mod openapi;
mod owners;
mod pages_of_people;
mod pages_of_words;
mod polls;
mod quotes;
mod results;
mod schedule;
mod search;
mod sessions;
pub mod socket;
mod states;
mod strangers;
mod studio;
mod tokens;
mod users;
mod voters;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::sandbox::{KEY, Site};

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// `name=value` of the cookie it sets.
    fn cookie(&self) -> Option<&str> {
        self.header("set-cookie").split(';').next().filter(|cookie| !cookie.is_empty())
    }
}

/// Sends a request with these headers and this body.
async fn send(site: &Site, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = site.http.request(method, site.url(path)).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

async fn get(site: &Site, path: &str) -> Answer {
    send(site, Method::GET, path, &[], "").await
}

async fn get_with_key(site: &Site, path: &str) -> Answer {
    send(site, Method::GET, path, &[("authorization", KEY)], "").await
}

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// What shows who sends a request: one header, or none.
type Who<'a> = &'a [(&'a str, &'a str)];
/// Somebody without anything to show.
const NOBODY: Who<'static> = &[];
/// Whoever has the admin key.
const ADMIN: Who<'static> = &[("authorization", KEY)];

/// Sends JSON, or nothing where it is null.
async fn ask(site: &Site, who: Who<'_>, method: Method, path: &str, body: &Value) -> Answer {
    if body.is_null() {
        return send(site, method, path, who, "").await;
    }
    send(site, method, path, &[who, &[JSON]].concat(), &body.to_string()).await
}

/// What somebody sees at a path.
async fn look(site: &Site, who: Who<'_>, path: &str) -> Answer {
    send(site, Method::GET, path, who, "").await
}

async fn patch(site: &Site, poll: &str, change: &Value) -> Answer {
    let path = format!("/polls/{poll}");
    send(site, Method::PATCH, &path, &[("authorization", KEY), JSON], &change.to_string()).await
}

async fn delete(site: &Site, poll: &str) -> Answer {
    send(site, Method::DELETE, &format!("/polls/{poll}"), &[("authorization", KEY)], "").await
}
