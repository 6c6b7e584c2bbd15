//! site: the front page and the assets of all pages.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use crate::domain::clock::Clock;
use crate::domain::poll::Status;
use crate::http::error::ApiError;
use crate::http::pages::{Pages, html};
use crate::store::Store;

/// Name, content type and bytes of each asset.
const ASSETS: [(&str, &str, &str); 3] = [
    ("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
    ("style.css", "text/css; charset=utf-8", include_str!("../../assets/style.css")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("../../assets/live.js")),
];

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Which polls there are.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// How the page looks.
    pub pages: Pages,
}

#[derive(Debug, Serialize)]
struct Home {
    open: Vec<Listed>,
    closed: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    slug: String,
    code: String,
    title: String,
}

/// The role's routes, but for the front page.
pub fn router() -> Router {
    Router::new().route("/assets/{name}", get(asset))
}

/// The front page, at `/`. Routes of its own, because not every host has it there.
pub fn home(needs: Needs) -> Router {
    Router::new().route("/", get(front)).with_state(needs)
}

async fn front(State(needs): State<Needs>) -> Result<Response, ApiError> {
    let now = needs.clock.now();
    let mut page = Home { open: Vec::new(), closed: Vec::new() };
    for poll in needs.store.polls().await? {
        let list = match poll.status_at(now) {
            Status::Draft => continue,
            Status::Open => &mut page.open,
            Status::Closed => &mut page.closed,
        };
        list.push(Listed { slug: poll.slug.to_string(), code: poll.code.to_string(), title: poll.title });
    }
    Ok(html(needs.pages.render("home.html", &page)?))
}

async fn asset(Path(name): Path<String>) -> Result<Response, ApiError> {
    let (_, kind, body) = ASSETS.iter().find(|(known, ..)| *known == name).ok_or(ApiError::NotFound("asset"))?;
    let headers = [(CONTENT_TYPE, *kind), (CACHE_CONTROL, "public, max-age=300")];
    Ok((headers.map(|(name, value)| (name, HeaderValue::from_static(value))), *body).into_response())
}
