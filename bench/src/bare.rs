//! The ceiling: axum, the same bytes, and nothing else.

use std::path::PathBuf;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    COOKIE, REFERRER_POLICY, SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

const NOSNIFF: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));

/// Answers ballots, the voting page, a page of quotes and items as the product does; prints its address.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File with the answer to a ballot
    #[arg(long)]
    ballot: PathBuf,
    /// File with the voting page
    #[arg(long)]
    page: PathBuf,
    /// File with the page of quotes
    #[arg(long)]
    quotes: PathBuf,
    /// File with the cookie that a new voter gets
    #[arg(long)]
    cookie: PathBuf,
    /// File with the content policy
    #[arg(long)]
    policy: PathBuf,
}

/// Serves until it is killed.
///
/// # Errors
/// When a file cannot be read, or no address is free.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
    let (ballot, page) = (Bytes::from(read(&args.ballot)?), Bytes::from(read(&args.page)?));
    let quotes = Bytes::from(read(&args.quotes)?);
    let cookie = HeaderValue::from_bytes(&read(&args.cookie)?)?;
    let policy = HeaderValue::from_bytes(&read(&args.policy)?)?;
    let page_cookie = cookie.clone();
    let routes = Router::new()
        .route(
            "/ballots/{poll}",
            post(move |headers: HeaderMap, _body: Bytes| async move {
                let fixed = [NOSNIFF, (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
                let json = [(CONTENT_TYPE, "application/json")];
                with_cookie((StatusCode::ACCEPTED, json, fixed, ballot).into_response(), &headers, &cookie)
            }),
        )
        .route(
            "/vote/{poll}",
            get(move |headers: HeaderMap| async move {
                let fixed = [
                    NOSNIFF,
                    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
                    (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
                    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
                    (CONTENT_SECURITY_POLICY, policy),
                ];
                with_cookie((fixed, page).into_response(), &headers, &page_cookie)
            }),
        )
        .route(
            "/quotes",
            get(move || async move {
                let fixed = [NOSNIFF, (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
                ([(CONTENT_TYPE, "application/json")], fixed, quotes).into_response()
            }),
        )
        .route("/item", get(|| async { (of_items(), VALUE) }).post(|_body: Bytes| async { (of_items(), "ok") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}

/// What each item is.
pub const VALUE: &str = "a value of some forty bytes, as they are";

fn of_items() -> [(HeaderName, HeaderValue); 6] {
    [
        NOSNIFF,
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox")),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Link, Retry-After, X-Request-Id")),
    ]
}

fn with_cookie(mut response: Response, asked: &HeaderMap, cookie: &HeaderValue) -> Response {
    if !asked.contains_key(COOKIE) {
        response.headers_mut().insert(SET_COOKIE, cookie.clone());
    }
    response
}
