//! Pages: templates, rendered with everything escaped.

use std::sync::Arc;

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, Value};
use serde::Serialize;

use super::error::{ApiError, ErrorBody};

const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("error.html", include_str!("../../templates/error.html")),
    ("home.html", include_str!("../../templates/home.html")),
    ("poll.html", include_str!("../../templates/poll.html")),
    ("results.html", include_str!("../../templates/results.html")),
    ("vote.html", include_str!("../../templates/vote.html")),
];

/// The product's pages. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Pages {
    templates: Arc<Environment<'static>>,
}

/// What `error.html` shows.
#[derive(Debug, Serialize)]
struct ErrorPage<'a> {
    status: u16,
    reason: &'static str,
    error: &'a ErrorBody,
}

impl Pages {
    /// Compiles the templates.
    ///
    /// # Errors
    /// Where one of them is not a template.
    pub fn new() -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        templates.add_filter("readable", readable);
        for (name, source) in TEMPLATES {
            templates.add_template(name, source)?;
        }
        Ok(Self { templates: Arc::new(templates) })
    }

    /// Renders a page to bytes.
    ///
    /// # Errors
    /// Where the template asks for something it was not given: a defect.
    pub fn render(&self, template: &str, values: impl Serialize) -> Result<Bytes, ApiError> {
        let page =
            self.templates.get_template(template).and_then(|template| template.render(Value::from(Serde(&values))));
        page.map(Bytes::from).map_err(|error| ApiError::Internal(Box::new(error)))
    }

    /// Shows an error that would have been JSON as a page.
    #[must_use]
    pub fn error_page(&self, response: Response) -> Response {
        let Some(error) = response.extensions().get::<ErrorBody>() else { return response };
        let status = response.status();
        let reason = status.canonical_reason().unwrap_or("Error");
        let Ok(page) = self.render("error.html", ErrorPage { status: status.as_u16(), reason, error }) else {
            return response;
        };
        let mut shown = (status, html(page)).into_response();
        for (name, value) in response.headers() {
            if name != CONTENT_TYPE && name != axum::http::header::CONTENT_LENGTH {
                shown.headers_mut().append(name, value.clone());
            }
        }
        shown
    }
}

/// A time as people read it: `21 November 2026, 10:22 UTC`, with seconds where it is not a whole minute.
fn readable(time: &str) -> Result<String, minijinja::Error> {
    let time: Timestamp =
        time.parse().map_err(|_| minijinja::Error::new(ErrorKind::InvalidOperation, "readable: not a time"))?;
    let whole_minute = time.as_second().rem_euclid(60) == 0;
    let format = if whole_minute { "%-d %B %Y, %H:%M UTC" } else { "%-d %B %Y, %H:%M:%S UTC" };
    Ok(time.strftime(format).to_string())
}

/// A rendered page as an answer.
#[must_use]
pub fn html(page: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], page).into_response()
}

/// Whether the sender is a browser that shows a page, rather than a client that reads JSON.
#[must_use]
pub fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn a_time_is_shown_as_people_read_it() {
        assert_eq!(readable("2026-11-21T10:22:00Z").unwrap(), "21 November 2026, 10:22 UTC");
        assert_eq!(readable("2026-01-02T09:05:07.25Z").unwrap(), "2 January 2026, 09:05:07 UTC");
        assert!(readable("soon").is_err());
    }
}
