//! From a request to its voter, and back to the browser as a cookie.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

use super::cookies;
use super::error::ApiError;
use super::origin::Origins;
use crate::domain::clock::{Clock, Entropy};
use crate::domain::user::UserId;
use crate::domain::voter::{CookieVoter, Voter, VoterSigner};

/// The cookie's name.
pub const COOKIE_NAME: &str = "voter_id";
/// The longest `Idempotency-Key`.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;

/// How long a browser keeps the cookie, in seconds: 400 days, the longest that browsers allow.
const LIFETIME: u32 = 34_560_000;
/// The header by which an API client names itself, or one attempt with a code.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Recognises voters and mints new ones.
#[derive(Clone, Debug)]
pub struct Voters {
    signer: VoterSigner,
    clock: Clock,
    entropy: Entropy,
    attributes: &'static str,
}

/// A voter, and the cookie to set where they are new.
#[derive(Clone, Debug)]
pub struct Identified {
    /// Who.
    pub voter: Voter,
    /// The `Set-Cookie` header, for a newly minted voter.
    cookie: Option<HeaderValue>,
}

impl Voters {
    /// Voters known by cookies of `signer`.
    #[must_use]
    pub fn new(signer: VoterSigner, clock: Clock, entropy: Entropy, origins: &Origins) -> Self {
        let attributes = cookies::private(origins);
        Self { signer, clock, entropy, attributes }
    }

    /// The voter whose signed cookie came along, if one did.
    #[must_use]
    pub fn known(&self, headers: &HeaderMap) -> Option<CookieVoter> {
        cookies::named(headers, COOKIE_NAME).find_map(|value| self.signer.verify(value))
    }

    /// The voter of a browser: known, or new with a cookie to set.
    #[must_use]
    pub fn browser(&self, headers: &HeaderMap) -> Identified {
        if let Some(known) = self.known(headers) {
            return Identified { voter: Voter::Cookie(known), cookie: None };
        }
        let minted = CookieVoter::mint(self.clock.now(), &self.entropy);
        let cookie = format!("{COOKIE_NAME}={}; Max-Age={LIFETIME}{}", self.signer.sign(&minted), self.attributes);
        Identified { voter: Voter::Cookie(minted), cookie: HeaderValue::try_from(cookie).ok() }
    }

    /// The voter of an API client: by cookie, else by `Idempotency-Key`, else new.
    ///
    /// # Errors
    /// When the `Idempotency-Key` is empty or too long.
    pub fn client(&self, headers: &HeaderMap) -> Result<Identified, ApiError> {
        let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(self.browser(headers)) };
        if let Some(known) = self.known(headers) {
            return Ok(Identified { voter: Voter::Cookie(known), cookie: None });
        }
        match key.to_str() {
            Ok(key) if (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) => {
                Ok(Identified { voter: Voter::Client(key.to_owned()), cookie: None })
            }
            _ => Err(ApiError::BadRequest(format!(
                "Idempotency-Key: 1 to {MAX_IDEMPOTENCY_KEY} printable ASCII characters"
            ))),
        }
    }
}

impl Identified {
    /// Whoever is signed in with this account.
    #[must_use]
    pub fn account(id: UserId) -> Self {
        Self { voter: Voter::Account(id), cookie: None }
    }

    /// The voter, if a signed cookie brought them: whoever is new cannot have voted.
    #[must_use]
    pub fn returning(&self) -> Option<&Voter> {
        Some(&self.voter).filter(|_| self.cookie.is_none())
    }

    /// Leaves the browser as it is: who votes was found out by other means than this cookie.
    pub fn forget(&mut self) {
        self.cookie = None;
    }

    /// Hands a new voter their cookie, whatever the answer is, so that a retry is the same voter.
    pub fn remember(self, response: &mut Response) {
        if let Some(cookie) = self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}
