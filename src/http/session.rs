//! An organiser's session: a signed cookie, good in every process that shares the secrets.
//!
//! Its value is when it began (8 bytes, seconds), 16 random bytes and a MAC (16 bytes) in base64url. The MAC also covers
//! the admin key: with another key, all sessions are over. Nothing is stored, so signing out forgets the cookie, and no
//! more; a stolen one is good until it ends by itself.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::cookies;
use super::origin::Origins;
use crate::domain::clock::{Clock, Entropy};

type HmacSha256 = Hmac<Sha256>;

/// How long a session lasts, in seconds: a week, so that it ends in the middle of hardly anybody's evening.
const LIFETIME: i64 = 7 * 24 * 3600;
/// How far ahead of this machine's clock that of another replica may be, in seconds.
const SKEW: i64 = 300;
const NAME: &str = "session";
const BODY: usize = 8 + 16;
const TAG: usize = 16;

/// Begins, recognises and ends sessions. Cloning shares the keys.
#[derive(Clone)]
pub struct Sessions {
    keys: Vec<HmacSha256>,
    clock: Clock,
    entropy: Entropy,
    attributes: &'static str,
}

impl Sessions {
    /// Sessions signed with the first of `secrets` and recognised by each, of whoever has shown `admin_key`.
    #[must_use]
    pub fn new(secrets: &[String], admin_key: &str, (clock, entropy): (Clock, Entropy), origins: &Origins) -> Self {
        let keyed_by = |secret: &String| {
            let mut mac = HmacSha256::new_from_slice(secret.as_bytes()).ok()?;
            mac.update(b"hemicycle session 1\0");
            mac.update(&(admin_key.len() as u64).to_be_bytes());
            mac.update(admin_key.as_bytes());
            Some(mac)
        };
        let attributes = cookies::private(origins);
        Self { keys: secrets.iter().filter_map(keyed_by).collect(), clock, entropy, attributes }
    }

    /// Begins a session: the answer brings the cookie.
    pub fn begin(&self, response: &mut Response) {
        let mut value = [0; BODY + TAG];
        value[..8].copy_from_slice(&self.clock.now().as_second().to_be_bytes());
        value[8..BODY].copy_from_slice(&self.entropy.bytes::<16>());
        if let Some(key) = self.keys.first() {
            let tag = key.clone().chain_update(&value[..BODY]).finalize().into_bytes();
            value[BODY..].copy_from_slice(&tag[..TAG]);
            self.set(response, &BASE64URL_NOPAD.encode(&value), LIFETIME);
        }
    }

    /// Ends the session in this browser.
    pub fn end(&self, response: &mut Response) {
        self.set(response, "", 0);
    }

    /// Whether a session came along that is genuine and not over.
    #[must_use]
    pub fn is_on(&self, headers: &HeaderMap) -> bool {
        cookies::named(headers, NAME).any(|value| self.verify(value).is_some())
    }

    /// When the session of this cookie began.
    fn verify(&self, cookie: &str) -> Option<Timestamp> {
        let mut value = [0; BODY + TAG];
        if BASE64URL_NOPAD.decode_len(cookie.len()).ok()? != value.len() {
            return None;
        }
        BASE64URL_NOPAD.decode_mut(cookie.as_bytes(), &mut value).ok()?;
        let (body, tag) = value.split_at(BODY);
        let genuine = self.keys.iter().any(|key| key.clone().chain_update(body).verify_truncated_left(tag).is_ok());
        let began = Timestamp::from_second(i64::from_be_bytes(body[..8].try_into().ok()?)).ok()?;
        (genuine && (-SKEW..LIFETIME).contains(&self.age(began))).then_some(began)
    }

    fn age(&self, began: Timestamp) -> i64 {
        self.clock.now().as_second() - began.as_second()
    }

    fn set(&self, response: &mut Response, value: &str, seconds: i64) {
        if let Ok(cookie) = HeaderValue::try_from(format!("{NAME}={value}; Max-Age={seconds}{}", self.attributes)) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sessions({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;
    use crate::domain::clock::from_millis;

    const NOW: i64 = 1_800_000_000_000;

    fn sessions(secrets: &[&str], key: &str, clock: &Clock) -> Sessions {
        let secrets: Vec<String> = secrets.iter().map(ToString::to_string).collect();
        Sessions::new(&secrets, key, (clock.clone(), Entropy::System), &Origins::default())
    }

    /// The cookie of a new session, as the browser sends it back.
    fn begun(sessions: &Sessions) -> HeaderMap {
        let mut response = Response::default();
        sessions.begin(&mut response);
        let set = response.headers()[SET_COOKIE].to_str().unwrap();
        HeaderMap::from_iter([(COOKIE, set.split(';').next().unwrap().parse().unwrap())])
    }

    #[test]
    fn a_session_is_recognised_by_whoever_shares_a_secret_and_the_admin_key() {
        let clock = Clock::manual(from_millis(NOW));
        let cookie = begun(&sessions(&["old"], "key", &clock));
        assert!(sessions(&["new", "old"], "key", &clock).is_on(&cookie));
        assert!(!sessions(&["new"], "key", &clock).is_on(&cookie), "signed by a secret that is not ours");
        assert!(!sessions(&["old"], "other key", &clock).is_on(&cookie), "the admin key was changed");
        assert!(!sessions(&["old"], "key", &clock).is_on(&HeaderMap::new()));
    }

    #[test]
    fn a_session_ends_after_a_week() {
        let clock = Clock::manual(from_millis(NOW));
        let sessions = sessions(&["secret"], "key", &clock);
        let cookie = begun(&sessions);
        clock.set(from_millis(NOW + (LIFETIME - 1) * 1000));
        assert!(sessions.is_on(&cookie));
        clock.set(from_millis(NOW + LIFETIME * 1000));
        assert!(!sessions.is_on(&cookie));
        clock.set(from_millis(NOW - (SKEW + 1) * 1000));
        assert!(!sessions.is_on(&cookie), "from the future");
    }

    #[test]
    fn a_session_with_any_character_changed_is_none() {
        let clock = Clock::manual(from_millis(NOW));
        let sessions = sessions(&["secret"], "key", &clock);
        let cookie = begun(&sessions)[COOKIE].to_str().unwrap().to_owned();
        for place in NAME.len() + 1..cookie.len() {
            let mut forged = cookie.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = HeaderMap::from_iter([(COOKIE, String::from_utf8(forged).unwrap().parse().unwrap())]);
            assert!(!sessions.is_on(&forged), "character {place}");
        }
    }
}
