//! The edge of every request: its metrics, the log of its failure, and the headers every answer carries.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::Instrument;

use super::cors;
use super::error::{ApiError, Cause};
use super::guard::Guard;
use super::language::{self, Language};
use super::metrics::{Metrics, RequestLabels, Route};
use super::pages::Pages;
use super::query::is_text;
use super::sending::Sending;
use crate::domain::clock::Entropy;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the edge needs to know.
#[derive(Debug)]
struct Edge {
    metrics: Metrics,
    pages: Pages,
    /// Who may pass; none while there is nothing to guard.
    guard: Option<Arc<Guard>>,
    /// Request ids: a random start, counted upwards, so that those of two processes do not meet.
    ids: AtomicU64,
    /// The room for large answers.
    sending: Sending,
}

/// Wraps the edge around all routes of a listener, with the guard before each, and answers what none of them does.
pub fn wrap(routes: Router, guard: Option<Arc<Guard>>, metrics: Metrics, pages: Pages, entropy: &Entropy) -> Router {
    let ids = AtomicU64::new(u64::from_be_bytes(entropy.bytes()));
    // Cloned for each request, more than once.
    let edge = Arc::new(Edge { metrics, pages, guard, ids, sending: Sending::default() });
    answer_wrong_methods(routes.fallback(|| async { ApiError::NotFound("address") }))
        .layer(from_fn_with_state(edge, around))
}

/// Answers what asks these routes by a method that they do not take. For routes that are called by others of ours; those
/// of a listener have it from [`wrap`].
pub fn answer_wrong_methods(routes: Router) -> Router {
    routes.method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
}

async fn around(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known_method(request.method());
    let route = Route(request.extensions().get::<MatchedPath>().cloned());
    let reader = super::pages::wants_page(request.headers()).then(|| Language::of(request.uri(), request.headers()));
    let chosen = language::chosen(request.uri());
    let is_shared = cors::is_shared(request.uri().path());
    let id = edge.ids.fetch_add(1, Ordering::Relaxed);
    // At the debug level only: at fifty thousand ballots a second a span costs a tenth of the rate, for lines that
    // nobody writes. What fails is logged below, with its id, at any level.
    let span = tracing::debug_span!("request", id = format_args!("{id:016x}"), method, route = route.as_str());
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let mut response = if is_text(path.as_bytes()) && is_text(query.as_bytes()) {
        let answered = AssertUnwindSafe(edge.pass(request, next)).catch_unwind().instrument(span).await;
        let answered = answered.unwrap_or_else(|panic| panicked(panic.as_ref()));
        edge.sending.hold(answered).unwrap_or_else(IntoResponse::into_response)
    } else {
        ApiError::BadRequest("this address is not UTF-8".into()).into_response()
    };
    let labels = RequestLabels { method, route, status: response.status().as_u16() };
    edge.metrics.http_duration.get_or_create_owned(&labels).observe(started.elapsed().as_secs_f64());
    edge.metrics.http_requests.get_or_create_owned(&labels).inc();
    if response.status().is_client_error() || response.status().is_server_error() {
        response = edge.failed(response, id, &labels, reader);
    }
    add_headers(&mut response);
    if is_shared {
        cors::open(response.headers_mut());
    }
    if let Some(chosen) = chosen {
        language::keep(chosen, &mut response);
    }
    response
}

impl Edge {
    async fn pass(&self, request: Request, next: Next) -> Response {
        match &self.guard {
            Some(guard) => guard.stand(request, next).await,
            None => next.run(request).await,
        }
    }

    /// Logs a failed request and shows its id in the answer, so that one leads to the other. `reader`: in which language
    /// to show it as a page, if at all.
    fn failed(&self, mut response: Response, id: u64, labels: &RequestLabels, reader: Option<Language>) -> Response {
        let id = format!("{id:016x}");
        let (method, route, status) = (labels.method, labels.route.as_str(), labels.status);
        match response.extensions().get::<Cause>() {
            Some(Cause(cause)) if status == 503 => {
                tracing::warn!(request.id = id, method, route, status, error = cause, "request.unavailable");
            }
            Some(Cause(cause)) => {
                tracing::error!(request.id = id, method, route, status, error = cause, "request.failed");
            }
            None => tracing::debug!(request.id = id, method, route, status, "request.refused"),
        }
        if let Some(language) = reader {
            response = self.pages.error_page(response, language, method == "POST");
        }
        if let Ok(id) = HeaderValue::try_from(id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

fn add_headers(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
        // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
        headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    }
}

fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
struct Panicked(String);

/// A panic is a defect, and the answer to one request; the connection and the process go on.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
    ApiError::Internal(Box::new(Panicked(text))).into_response()
}
