//! Sessions of browsers: the cookie that carries the secret, and how one begins.

use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use jiff::SignedDuration;

use super::cookies;
use super::error::ApiError;
use super::origin::Origins;
use crate::domain::clock::{Clock, Entropy};
use crate::domain::credential::{Holder, Secret, Session, public_id};
use crate::store::Store;

/// The longest that is kept of what a browser calls itself, in characters.
const MAX_AGENT: usize = 200;
/// How many session cookies of one request are looked at, each of them in the store. A browser sends one, or a few where
/// somebody has planted others.
const MOST: usize = 4;

/// The cookie of sessions. By https it has the prefix `__Host-`, so that no other host of the domain can set one
/// (<https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix>).
#[derive(Clone, Copy, Debug)]
pub struct SessionCookie {
    name: &'static str,
    attributes: &'static str,
    lifetime: SignedDuration,
}

impl SessionCookie {
    /// The cookie at this site, of sessions that last so long.
    #[must_use]
    pub fn new(origins: &Origins, lifetime: SignedDuration) -> Self {
        let name = if origins.is_secure() { "__Host-session" } else { "session" };
        Self { name, attributes: cookies::private(origins), lifetime }
    }

    /// The secrets of the session cookies that came along, of the first few.
    pub fn secrets(&self, headers: &HeaderMap) -> impl Iterator<Item = Secret> {
        cookies::named(headers, self.name).filter_map(Secret::parse).take(MOST)
    }

    /// Begins a session of `holder` in the browser that sent `headers`: its secret is new whatever came along.
    ///
    /// # Errors
    /// [`ApiError::WrongPassword`] where `password`, hashed, is not the account's any more; and where the store is unavailable.
    pub async fn begin(
        &self,
        (store, clock, entropy): (&Store, &Clock, &Entropy),
        (holder, password): (Holder, Option<&str>),
        headers: &HeaderMap,
    ) -> Result<(Secret, Session), ApiError> {
        let (secret, now) = (Secret::random(entropy), clock.now());
        let ends_at = now + self.lifetime;
        let session =
            Session { id: public_id(entropy), holder, agent: agent(headers), began_at: now, seen_at: now, ends_at };
        let begun = store.begin_session(&session, &secret.hash(), password).await?;
        if begun { Ok((secret, session)) } else { Err(ApiError::WrongPassword) }
    }

    /// Hands the cookie of a session to the browser.
    pub fn hand_over(&self, secret: &Secret, response: &mut Response) {
        self.set(response, &secret.text(), self.lifetime.as_secs());
    }

    /// Takes the cookie from the browser.
    pub fn take_back(&self, response: &mut Response) {
        self.set(response, "", 0);
    }

    fn set(&self, response: &mut Response, value: &str, seconds: i64) {
        let (name, attributes) = (self.name, self.attributes);
        if let Ok(cookie) = HeaderValue::try_from(format!("{name}={value}; Max-Age={seconds}{attributes}")) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}

/// What a browser calls itself, for its owner to recognise it by.
fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    agent.chars().filter(|c| !c.is_control()).take(MAX_AGENT).collect()
}
