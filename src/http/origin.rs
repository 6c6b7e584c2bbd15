//! Where a request comes from: the addresses people use, proxies we trust, and whether another site sent the browser.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};
use ipnet::IpNet;

use super::error::ApiError;
use crate::domain::credential::Secret;
use crate::domain::names::Slug;

/// The peer of the connection; in each request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What we know of our own addresses.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    public: Option<Uri>,
    trusted_proxies: Vec<IpNet>,
}

/// The address of this site as the sender of a request knows it; an extractor.
#[derive(Clone, Debug)]
pub struct Base(String);

impl Base {
    /// The whole address of a poll's voting page.
    #[must_use]
    pub fn voting_page(&self, slug: &Slug) -> String {
        format!("{}/vote/{slug}", self.0)
    }

    /// The whole address by which somebody accepts an invitation.
    #[must_use]
    pub fn sign_up(&self, invitation: &Secret) -> String {
        format!("{}/signup?invite={}", self.0, invitation.text())
    }

    /// The whole address of a path of this site.
    #[must_use]
    pub fn whole(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Where a join code is typed, as people type it: without the scheme.
    #[must_use]
    pub fn join(&self) -> String {
        format!("{}/join", self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest))
    }
}

impl<S: Sync> FromRequestParts<S> for Base
where
    Origins: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>().copied();
        Ok(Origins::from_ref(state).base(&parts.headers, peer))
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Origins {
    /// `public`: the address people type, where it is configured. `trusted_proxies`: whose `X-Forwarded-*` count.
    #[must_use]
    pub fn new(public: Option<Uri>, trusted_proxies: Vec<IpNet>) -> Self {
        Self { public, trusted_proxies }
    }

    /// Refuses a request that changes something if a browser says that another site caused it. Clients that are no
    /// browsers send neither header.
    ///
    /// # Errors
    /// [`ApiError::CrossOrigin`].
    pub fn check(&self, headers: &HeaderMap, peer: Option<Peer>) -> Result<(), ApiError> {
        match headers.get(SEC_FETCH_SITE).map(axum::http::HeaderValue::as_bytes) {
            Some(b"same-origin" | b"none") => return Ok(()),
            Some(_) => return Err(ApiError::CrossOrigin),
            None => {}
        }
        let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
        let same = origin.as_ref().and_then(Uri::authority).is_some_and(|authority| {
            let public = self.public.as_ref().and_then(Uri::authority) == Some(authority);
            public || self.host(headers, peer).is_some_and(|host| host.eq_ignore_ascii_case(authority.as_str()))
        });
        if same { Ok(()) } else { Err(ApiError::CrossOrigin) }
    }

    /// The address of this site as the sender of a request knows it.
    #[must_use]
    pub fn base(&self, headers: &HeaderMap, peer: Option<Peer>) -> Base {
        if let Some(public) = &self.public {
            return Base(public.to_string().trim_end_matches('/').to_owned());
        }
        let proto = self.forwarded(headers, peer, &FORWARDED_PROTO).filter(|proto| *proto == "https").unwrap_or("http");
        Base(format!("{proto}://{}", self.host(headers, peer).unwrap_or("localhost")))
    }

    /// The address people are to use, where it is configured and the request came by another host or port.
    #[must_use]
    pub fn elsewhere(&self, headers: &HeaderMap, peer: Option<Peer>) -> Option<&Uri> {
        let public = self.public.as_ref()?;
        let host = self.host(headers, peer)?.parse().ok()?;
        // Not the scheme: whether it was https is known only to whoever unwrapped it in front of us.
        let port = if public.scheme_str() == Some("https") { 443 } else { 80 };
        let known = |at: &Authority| (at.host().to_ascii_lowercase(), at.port_u16().unwrap_or(port));
        Some(public).filter(|public| public.authority().map(known) != Some(known(&host)))
    }

    /// The address of whoever sent a request: the nearest one that is no proxy we trust.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, Peer(peer): Peer) -> IpAddr {
        let trusted = |address: &IpAddr| self.trusted_proxies.iter().any(|net| net.contains(address));
        let named = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let mut hops: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut nearest = peer;
        while trusted(&nearest) {
            match hops.pop().and_then(|hop| hop.parse().ok()) {
                Some(before) => nearest = before,
                None => break,
            }
        }
        nearest
    }

    /// Whether people come by https, so that cookies must not travel otherwise.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public.as_ref().and_then(Uri::scheme_str) == Some("https")
    }

    /// The host, with the port where there is one, that the sender of a request typed; `None` where that can be no host.
    #[must_use]
    pub fn host<'h>(&self, headers: &'h HeaderMap, peer: Option<Peer>) -> Option<&'h str> {
        let host = self.forwarded(headers, peer, &FORWARDED_HOST);
        host.or_else(|| headers.get(HOST)?.to_str().ok()).filter(|host| is_plain_host(host))
    }

    fn forwarded<'h>(&self, headers: &'h HeaderMap, peer: Option<Peer>, name: &HeaderName) -> Option<&'h str> {
        let peer = peer?.0;
        let trusted = self.trusted_proxies.iter().any(|net| net.contains(&peer));
        headers.get(name).filter(|_| trusted)?.to_str().ok()
    }
}

/// A host header ends up in links: only what can be a host and a port may.
fn is_plain_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b':' | b'[' | b']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_the_nearest_address_that_is_no_proxy_of_ours() {
        let origins = Origins::new(None, vec!["10.0.0.0/8".parse().unwrap()]);
        let client = |peer: &str, forwarded: &str| {
            let headers = HeaderMap::from_iter([(FORWARDED_FOR, forwarded.parse().unwrap())]);
            origins.client(&headers, Peer(peer.parse().unwrap())).to_string()
        };
        assert_eq!(client("192.0.2.1", "192.0.2.9"), "192.0.2.1", "nobody we trust says so");
        assert_eq!(
            client("10.0.0.1", "192.0.2.66, 192.0.2.9, 10.0.0.2"),
            "192.0.2.9",
            "what is before it may be made up"
        );
        assert_eq!(client("10.0.0.1", "who knows"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", ""), "10.0.0.1");
    }
}
