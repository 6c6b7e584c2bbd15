//! The organiser's plain page: how to share a poll, and what can be done to it with the key.

use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::Needs;
use crate::domain::new_poll::NewPoll;
use crate::domain::poll::{Poll, Status, Visibility};
use crate::http::error::ApiError;
use crate::http::origin::Peer;
use crate::http::pages::html;

#[derive(Debug, Serialize)]
struct Page<'a> {
    slug: &'a str,
    code: &'a str,
    title: &'a str,
    status: Status,
    generation: u32,
    is_final: bool,
    opens_at: Option<Timestamp>,
    closes_at: Option<Timestamp>,
    allow_change: bool,
    results: Visibility,
    labels: &'a [String],
    address: String,
    qr: Option<String>,
}

/// The page of one poll.
pub fn organiser(needs: &Needs, poll: &Poll, headers: &HeaderMap, peer: Peer) -> Result<Response, ApiError> {
    let address = format!("{}/vote/{}", needs.origins.base(headers, Some(peer)), poll.slug);
    let page = Page {
        slug: poll.slug.as_str(),
        code: poll.code.as_str(),
        title: &poll.title,
        status: poll.status_at(needs.clock.now()),
        generation: poll.generation,
        is_final: poll.is_final,
        opens_at: poll.opens_at,
        closes_at: poll.closes_at,
        allow_change: poll.allow_change,
        results: poll.results,
        labels: &poll.labels,
        qr: qr_as_data(&address),
        address,
    };
    Ok(html(needs.pages.render("poll.html", &page)?))
}

/// What the form on the front page asks for: a title, labels a line each, and three choices.
pub fn wish(fields: &[(String, String)]) -> NewPoll {
    let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim());
    let lines = field("options").unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    NewPoll {
        title: field("title").unwrap_or_default().to_owned(),
        options: lines.map(str::to_owned).collect(),
        slug: field("slug").filter(|slug| !slug.is_empty()).map(str::to_owned),
        status: Some(if field("open").is_some() { Status::Open } else { Status::Draft }),
        opens_at: None,
        closes_at: None,
        allow_change: Some(field("allow_change").is_some()),
        results: Some(match field("results") {
            Some("hidden") => Visibility::Hidden,
            Some("after_close") => Visibility::AfterClose,
            _ => Visibility::Live,
        }),
    }
}

/// The address as a QR code that an `img` can show; `None` where it is too long for one.
fn qr_as_data(address: &str) -> Option<String> {
    let code = qrcode::QrCode::new(address).ok()?;
    let image = code.render::<qrcode::render::svg::Color>().min_dimensions(200, 200).build();
    Some(format!("data:image/svg+xml;base64,{}", data_encoding::BASE64.encode(image.as_bytes())))
}
