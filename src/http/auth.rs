//! The organiser's right: the admin key, or a session that began with it.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::ApiError;
use super::session::Sessions;
use crate::domain::snapshot::Audience;

/// The admin key, kept as a hash so that neither its length nor its bytes show in how long a comparison takes.
#[derive(Clone)]
pub struct AdminKey([u8; 32]);

impl AdminKey {
    /// The key to compare with.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// Whether `candidate` is the key.
    #[must_use]
    pub fn is(&self, candidate: &str) -> bool {
        let candidate: [u8; 32] = Sha256::digest(candidate.as_bytes()).into();
        self.0.ct_eq(&candidate).into()
    }

    /// Requires `Authorization: <key>` or `Authorization: Bearer <key>`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] without it.
    pub fn require(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let candidate = header.strip_prefix("Bearer ").unwrap_or(header);
        if self.is(candidate) { Ok(()) } else { Err(ApiError::Unauthorized) }
    }
}

/// Who is an organiser: whoever shows the admin key, or goes on in a session that began with it.
#[derive(Clone, Debug)]
pub struct Organisers {
    /// The key.
    pub key: AdminKey,
    /// The sessions of browsers.
    pub sessions: Sessions,
}

impl Organisers {
    /// Whether these headers are an organiser's. Who changes something by a session must also come from our own pages:
    /// see [`Origins::check`](super::origin::Origins::check).
    #[must_use]
    pub fn know(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(AUTHORIZATION) {
            self.key.require(headers).is_ok()
        } else {
            self.sessions.is_on(headers)
        }
    }

    /// Requires an organiser.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for everybody else.
    pub fn require(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        if self.know(headers) { Ok(()) } else { Err(ApiError::Unauthorized) }
    }

    /// What whoever sent these headers may see.
    #[must_use]
    pub fn audience(&self, headers: &HeaderMap) -> Audience {
        if self.know(headers) { Audience::Organiser } else { Audience::Public }
    }
}

impl std::fmt::Debug for AdminKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("AdminKey")
    }
}
