//! An organiser's session: a signed cookie, good in every process that shares the secrets.
//!
//! Its value is when it began (8 bytes, seconds) and 16 random bytes, sealed. The seal also covers the admin key: with
//! another key, all sessions are over. Nothing is stored, so signing out forgets the cookie, and no more; a stolen one is
//! good until it ends by itself.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use jiff::Timestamp;

use super::cookies;
use super::origin::Origins;
use crate::domain::clock::{Clock, Entropy};
use crate::domain::seal::Seal;

/// How long a session lasts, in seconds: a week, so that it ends in the middle of hardly anybody's evening.
const LIFETIME: i64 = 7 * 24 * 3600;
/// How far ahead of this machine's clock that of another replica may be, in seconds.
const SKEW: i64 = 300;
const NAME: &str = "session";
const BODY: usize = 8 + 16;

/// Begins, recognises and ends sessions. Cloning shares the keys.
#[derive(Clone, Debug)]
pub struct Sessions {
    seal: Seal,
    clock: Clock,
    entropy: Entropy,
    attributes: &'static str,
}

impl Sessions {
    /// Sessions signed with the first of `secrets` and recognised by each, of whoever has shown `admin_key`.
    #[must_use]
    pub fn new(secrets: &[String], admin_key: &str, (clock, entropy): (Clock, Entropy), origins: &Origins) -> Self {
        let length = (admin_key.len() as u64).to_be_bytes();
        let purpose = [&b"hemicycle session 1\0"[..], &length, admin_key.as_bytes()].concat();
        Self { seal: Seal::new(secrets, &purpose), clock, entropy, attributes: cookies::private(origins) }
    }

    /// Begins a session: the answer brings the cookie.
    pub fn begin(&self, response: &mut Response) {
        let mut value = [0; BODY];
        value[..8].copy_from_slice(&self.clock.now().as_second().to_be_bytes());
        value[8..].copy_from_slice(&self.entropy.bytes::<16>());
        self.set(response, &self.seal.close(&value), LIFETIME);
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
        let value: [u8; BODY] = self.seal.open(cookie)?;
        let began = Timestamp::from_second(i64::from_be_bytes(value[..8].try_into().ok()?)).ok()?;
        (-SKEW..LIFETIME).contains(&self.age(began)).then_some(began)
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
