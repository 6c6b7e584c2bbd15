//! The HTTP contract of polls, ballots and results, as a client sees it.

mod assets;
mod ballots;
pub mod events;
mod hidden;
pub mod hosts;
mod pages_of_people;
mod polls;
mod results;
mod schedule;
pub mod socket;
mod states;
mod studio;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::sandbox::{KEY, Site};

/// An answer, read whole.
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
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

async fn patch(site: &Site, poll: &str, change: &Value) -> Answer {
    let path = format!("/polls/{poll}");
    send(site, Method::PATCH, &path, &[("authorization", KEY), JSON], &change.to_string()).await
}

async fn delete(site: &Site, poll: &str) -> Answer {
    send(site, Method::DELETE, &format!("/polls/{poll}"), &[("authorization", KEY)], "").await
}
