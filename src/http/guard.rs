//! The guard before every route: it holds each request against the [table](super::table), and passes on only what has a
//! row there. So a route that nobody has put into the table serves nobody.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, OptionalFromRequestParts, Request};
use axum::http::header::{ALLOW, AUTHORIZATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::actors::{self, Actors, Caller};
use super::cors;
use super::error::ApiError;
use super::metrics::Metrics;
use super::origin::{Origins, Peer};
use super::table::{Kind, Limit, Row, TABLE};
use super::voter::Voters;
use crate::domain::credential::TOKEN_PREFIX;
use crate::domain::rights::Need;
use crate::rate::{Key, Rate, Rule, Taken, network};

/// What the guard needs.
#[derive(Debug)]
pub struct Guard {
    /// Who sends requests.
    pub actors: Actors,
    /// From where.
    pub origins: Origins,
    /// Whose cookies are genuine.
    pub voters: Voters,
    /// How often.
    pub limits: Limits,
    /// Wrong admin keys, by whoever tried them.
    guesses: Rate,
    /// The table, by path.
    rows: HashMap<&'static str, Vec<&'static Row>>,
}

/// Wrong admin keys that one party may try, at each process.
const GUESSES: Rule = Rule::a_minute(30);

/// Limits on requests, shared by all processes that can. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The windows.
    pub rate: Rate,
    /// For an address.
    pub address: Rule,
    /// For a session, token, the admin key or a voter's cookie.
    pub credential: Rule,
    /// Attempts to sign in that fail, by address and by account.
    pub failures: Rule,
    /// What is counted.
    pub metrics: Metrics,
}

/// Whoever sent a request to a route that not everybody may use; an extractor. As an `Option` also for routes that
/// everybody may use and whose requests are counted: nobody is known at others.
#[derive(Clone, Debug)]
pub struct Known(pub Arc<Caller>);

impl<S: Sync> FromRequestParts<S> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Unauthorized)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl Guard {
    /// A guard that holds requests against the table.
    #[must_use]
    pub fn new(actors: Actors, origins: Origins, voters: Voters, limits: Limits) -> Self {
        let mut rows: HashMap<&'static str, Vec<&'static Row>> = HashMap::new();
        for row in TABLE {
            rows.entry(row.path).or_default().push(row);
        }
        Self { actors, origins, voters, limits, guesses: Rate::local(), rows }
    }

    /// Lets a request pass, or answers it.
    pub async fn stand(&self, mut request: Request, next: Next) -> Response {
        let rows = request.extensions().get::<MatchedPath>().and_then(|path| self.rows.get(path.as_str()));
        // At no address of ours: the edge's own answer is the right one.
        let Some(rows) = rows else { return ApiError::NotFound("address").into_response() };
        let Some(row) = rows.iter().find(|row| row.takes(request.method())) else {
            let is_shared = rows.iter().any(|row| row.kind == Kind::Shared);
            let asks_first = is_shared && *request.method() == Method::OPTIONS;
            return if asks_first { cors::preflight(rows) } else { other_method(rows) };
        };
        let (headers, peer) = (request.headers(), request.extensions().get::<Peer>().copied());
        if !matches!(*request.method(), Method::GET | Method::HEAD)
            && row.kind != Kind::Shared
            && let Err(error) = self.origins.check(headers, peer)
        {
            return error.into_response();
        }
        if row.is_open() && !headers.contains_key(AUTHORIZATION) {
            return next.run(request).await;
        }
        // Boxed: its state would otherwise be part of, and allocated for, every ballot.
        let mut taken = None;
        match Box::pin(self.admit(row, &mut request, &mut taken)).await {
            Ok(()) => told(next.run(request).await, taken),
            Err(refused) => told(refused, taken),
        }
    }

    async fn admit(&self, row: &Row, request: &mut Request, taken: &mut Option<Taken>) -> Result<(), Response> {
        let peer = request.extensions().get::<Peer>().copied();
        self.hold_back_guesses(request.headers(), peer).await.map_err(IntoResponse::into_response)?;
        if row.is_open() {
            return Ok(());
        }
        let caller = self.actors.know(request.headers()).await.map_err(IntoResponse::into_response)?;
        if row.limit == Limit::Rate {
            let counted = self.count(caller.as_deref(), request.headers(), peer).await;
            *taken = Some(counted);
            if !counted.allowed {
                return Err(too_many(counted).into_response());
            }
        }
        let Some(caller) = caller else {
            return if row.need == Need::Anybody { Ok(()) } else { Err(sign_in_first(row, request)) };
        };
        if row.need != Need::Anybody {
            caller.require(row.need).map_err(IntoResponse::into_response)?;
        }
        request.extensions_mut().insert(Known(caller));
        Ok(())
    }

    /// Whoever has tried too many keys has to wait, also with the right one: a guess that is right must not be told from the
    /// others. Tokens are beyond guessing.
    async fn hold_back_guesses(&self, headers: &HeaderMap, peer: Option<Peer>) -> Result<(), ApiError> {
        // A key has no space: what has one is of another scheme, which some proxies and clients send unasked.
        let could_be_key = |shown: &&str| !shown.starts_with(TOKEN_PREFIX) && !shown.contains(' ');
        let Some(shown) = actors::shown(headers).filter(could_be_key) else { return Ok(()) };
        let guesser = Limits::address("admin key", &self.origins, headers, peer);
        let wrong = self.guesses.peek(&guesser, GUESSES).await;
        if !wrong.allowed {
            return Err(too_many(wrong));
        }
        if !self.actors.key.is(shown) {
            self.guesses.take(&guesser, GUESSES).await;
        }
        Ok(())
    }

    /// Counts a request to whatever distinguishes its sender best.
    async fn count(&self, caller: Option<&Caller>, headers: &HeaderMap, peer: Option<Peer>) -> Taken {
        let limits = &self.limits;
        if let Some(caller) = caller {
            return limits.take(&Key::new("credential", &caller.credential.0), limits.credential).await;
        }
        // Whoever shows a key or token that is none may be guessing: voters' cookies are to be had for the asking.
        let voter = if headers.contains_key(AUTHORIZATION) { None } else { self.voters.known(headers) };
        if let Some(voter) = voter {
            return limits.take(&Key::new("voter", &voter.secret()), limits.credential).await;
        }
        limits.take(&Limits::address("address", &self.origins, headers, peer), limits.address).await
    }
}

impl Limits {
    /// What stands for the address a request came from, for one kind of limit.
    #[must_use]
    pub fn address(kind: &'static str, origins: &Origins, headers: &HeaderMap, peer: Option<Peer>) -> Key {
        let address = peer.map(|peer| network(origins.client(headers, peer)));
        Key::new(kind, address.map(|address| address.to_string()).unwrap_or_default().as_bytes())
    }

    /// Counts a try, if it is let in.
    pub async fn take(&self, key: &Key, rule: Rule) -> Taken {
        self.noted(self.rate.take(key, rule).await)
    }

    /// Whether a try would be let in.
    pub async fn peek(&self, key: &Key, rule: Rule) -> Taken {
        self.noted(self.rate.peek(key, rule).await)
    }

    fn noted(&self, taken: Taken) -> Taken {
        if matches!(self.rate, Rate::Redis(_)) && !taken.is_shared {
            self.metrics.rate_alone.inc();
        }
        taken
    }
}

/// The error for a try that was not let in.
#[must_use]
pub fn too_many(taken: Taken) -> ApiError {
    // Rounded up: whoever comes back a moment early is refused again.
    ApiError::TooMany { seconds: taken.reset.as_secs() + 1 }
}

fn other_method(rows: &[&Row]) -> Response {
    let methods: Vec<&str> = rows.iter().map(|row| row.method).collect();
    let mut response = ApiError::MethodNotAllowed.into_response();
    if let Ok(allow) = HeaderValue::try_from(methods.join(", ").replace("GET", "GET, HEAD")) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

fn sign_in_first(row: &Row, request: &Request) -> Response {
    if row.kind == Kind::Page && !request.headers().contains_key(AUTHORIZATION) {
        return Redirect::to(&format!("/signin?next={}", request.uri().path())).into_response();
    }
    ApiError::Unauthorized.into_response()
}

/// Says how the window stands, as <https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06> has it.
fn told(mut response: Response, taken: Option<Taken>) -> Response {
    let Some(taken) = taken else { return response };
    let headers = response.headers_mut();
    let mut tell = |name, value: u64| headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    tell("ratelimit-limit", taken.most.into());
    tell("ratelimit-remaining", taken.remaining.into());
    tell("ratelimit-reset", taken.reset.as_secs() + u64::from(taken.reset.subsec_nanos() > 0));
    response
}
