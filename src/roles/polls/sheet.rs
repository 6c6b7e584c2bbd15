//! Voting codes to print and cut up: a card each, with the code as a QR code and to be typed.

use axum::body::Bytes;
use serde::Serialize;

use crate::domain::code::VotingCode;
use crate::domain::poll::Poll;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::pages::Pages;
use crate::http::qr;

/// The most cards of a sheet: some three megabytes of page.
pub const MOST: u32 = 1000;

#[derive(Debug, Serialize)]
struct Sheet {
    slug: String,
    title: String,
    /// Where a code is typed, as people type it: without the scheme.
    address: String,
    cards: Vec<Card>,
    /// It answers a form: there is no such page to come back to.
    is_answer: bool,
}

#[derive(Debug, Serialize)]
struct Card {
    code: String,
    qr: Option<qr::Modules>,
}

/// The sheet, in HTML, of a poll whose voting page is at this address.
///
/// # Errors
/// Where the page cannot be rendered.
pub async fn page(
    pages: &Pages,
    language: Language,
    poll: &Poll,
    page: &str,
    codes: Vec<VotingCode>,
) -> Result<Bytes, ApiError> {
    let (pages, page, slug, title) = (pages.clone(), page.to_owned(), poll.slug.to_string(), poll.title.clone());
    // By its join code, which is short however long the slug is.
    let site =
        page.split_once("://").map_or(page.as_str(), |(_, address)| address).trim_end_matches(poll.slug.as_str());
    let address = format!("{site}{}", poll.code);
    let drawn = tokio::task::spawn_blocking(move || {
        let card = |code: VotingCode| Card { code: code.to_string(), qr: qr::modules(&format!("{page}/{code}")) };
        let cards = codes.into_iter().map(card).collect();
        pages.render("studio/codes_sheet.html", language, Sheet { slug, title, address, cards, is_answer: true })
    });
    drawn.await.map_err(|error| ApiError::Internal(Box::new(error)))?
}
