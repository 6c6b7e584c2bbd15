//! Voting by single-use codes: how they are made, travel, vote once, and give nothing away.

mod crowds;
mod making;
mod voting;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, get, get_with_key, send};
use crate::sandbox::{KEY, Site};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const PAGE: (&str, &str) = ("accept", "text/html");
/// It looks like a code, and is none of any poll here but by a chance of one in 10^17.
const STRANGE: &str = "2345-6789-ABCD";

/// Makes a poll that votes by code, from these fields and others.
pub async fn make_poll(site: &Site, slug: &str, mut fields: Value) {
    fields["slug"] = json!(slug);
    fields["one_vote_per"] = json!("code");
    site.make_poll(fields).await;
}

async fn make(site: &Site, poll: &str, count: u32) -> Answer {
    let path = format!("/polls/{poll}/codes");
    send(site, Method::POST, &path, &[JSON, ("authorization", KEY)], &json!({ "count": count }).to_string()).await
}

/// New codes of a poll.
pub async fn codes(site: &Site, poll: &str, count: u32) -> Vec<String> {
    let table = make(site, poll, count).await;
    assert_eq!(table.status, StatusCode::OK, "{}", table.text);
    let mut lines = table.text.lines();
    assert_eq!(lines.next(), Some("code,link"));
    let codes: Vec<String> = lines.map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), count as usize);
    codes
}

async fn one_code(site: &Site, poll: &str) -> String {
    codes(site, poll, 1).await.remove(0)
}

async fn counts(site: &Site, poll: &str) -> Value {
    let counts = get_with_key(site, &format!("/polls/{poll}/codes")).await;
    assert_eq!(counts.status, StatusCode::OK, "{}", counts.text);
    counts.json()
}

/// Votes by JSON with these headers, and this code in the body.
pub async fn vote(site: &Site, poll: &str, headers: &[(&str, &str)], choice: &str, code: &str) -> Answer {
    let body = json!({ "choice": choice, "code": code }).to_string();
    send(site, Method::POST, &format!("/ballots/{poll}"), headers, &body).await
}

/// Opens the link of a code; the cookie that it sets.
pub async fn open_link(site: &Site, poll: &str, code: &str) -> String {
    let opened = get(site, &format!("/vote/{poll}/{code}")).await;
    assert_eq!((opened.status, opened.header("location")), (StatusCode::SEE_OTHER, &*format!("/vote/{poll}")));
    opened.cookie().unwrap().to_owned()
}

pub async fn vote_by_form(site: &Site, poll: &str, cookie: Option<&str>, body: &str) -> Answer {
    let mut headers = vec![FORM, PAGE];
    headers.extend(cookie.map(|cookie| ("cookie", cookie)));
    send(site, Method::POST, &format!("/vote/{poll}"), &headers, body).await
}

/// The number of votes that were counted.
async fn total(site: &Site, poll: &str) -> Value {
    site.settled(poll).await["total"].clone()
}

/// Everybody votes at the same moment; how many were accepted, and how many had come too late.
pub async fn race(sites: &[Site], poll: &str, codes: impl Iterator<Item = &String>) -> (usize, usize) {
    let votes = codes.enumerate().map(async |(racer, code)| {
        let choice = if racer % 2 == 0 { "a" } else { "b" };
        vote(&sites[racer % sites.len()], poll, &[], choice, code).await.status
    });
    let told = join_all(votes).await;
    let of = |status| told.iter().filter(|told| **told == status).count();
    let (accepted, late) = (of(StatusCode::ACCEPTED), of(StatusCode::CONFLICT));
    assert_eq!(accepted + late, told.len(), "{told:?}");
    (accepted, late)
}
