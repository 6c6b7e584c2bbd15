//! The audit trail, for administrators to read.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::Needs;
use crate::domain::deed::Recorded;
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::query::Parameters;

/// Deeds on one page.
const PAGE: u32 = 100;

/// Before which deed the page begins.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    before: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Page {
    deeds: Vec<Line>,
    is_first: bool,
    /// What follows `before=` in the address of the next page.
    next: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Line {
    at: Timestamp,
    who: String,
    what: String,
    /// The text that says it in words, if there is one.
    text: String,
    subject: String,
}

/// `GET /studio/audit`: the newest first.
pub async fn page(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, ApiError> {
    let mut deeds = needs.store.deeds(wanted.before, PAGE + 1).await?;
    let is_more = deeds.len() > PAGE as usize;
    deeds.truncate(PAGE as usize);
    let page = Page {
        next: deeds.last().filter(|_| is_more).map(|last| last.id),
        deeds: deeds.into_iter().map(Line::from).collect(),
        is_first: wanted.before.is_none(),
    };
    needs.pages.show_to(&caller, "studio/audit.html", language, page)
}

impl From<Recorded> for Line {
    fn from(Recorded { deed, .. }: Recorded) -> Self {
        let text = format!("audit-{}", deed.what.replace('.', "-"));
        Self { at: deed.at, who: deed.who, what: deed.what, text, subject: deed.subject }
    }
}
