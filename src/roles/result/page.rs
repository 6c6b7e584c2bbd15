//! The result as people look at it.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::Needs;
use super::course::Course;
use super::seats::{self, Seat};
use crate::domain::poll::Status;
use crate::domain::snapshot::{Audience, Snapshot, SnapshotView, Standing};
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::origin::Base;
use crate::http::qr;

#[derive(Debug, Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    view: &'a SnapshotView,
    state: &'static str,
    code: &'a str,
    join: String,
    qr: Option<String>,
    rows: Vec<Standing<'a>>,
    course: Option<Course>,
    seats: Vec<Seat>,
    /// When a draft opens by itself.
    opens_at: Option<Timestamp>,
}

/// The live page: what everybody may see, whoever asks. `base`: where people reach it.
pub async fn live(needs: &Needs, snapshot: &Snapshot, base: &Base, language: Language) -> Result<Response, ApiError> {
    let view = snapshot.view(Audience::Public);
    let course = if view.hidden { None } else { needs.courses.until(snapshot).await? };
    let page = Page {
        state: view.state(),
        code: snapshot.poll.code.as_str(),
        join: base.join(),
        qr: qr::data(&base.voting_page(&snapshot.poll.slug)),
        rows: view.standings(),
        course,
        seats: seats::seats(&view),
        opens_at: snapshot.poll.opens_at.filter(|_| view.status == Status::Draft),
        view: &view,
    };
    needs.pages.show("results.html", language, &page)
}
