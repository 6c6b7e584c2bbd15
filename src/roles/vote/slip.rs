//! A voting code in a browser's keeping: its link hands it over as a cookie, so that the code stands in no address, no
//! history and no log.
//!
//! The cookie is `code_<poll id>`: the code and a random nonce, sealed. The nonce is what the browser's attempt to vote
//! goes by, so that it may send its ballot again, and another browser with the same code may not.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::domain::ballot::Attempt;
use crate::domain::clock::Entropy;
use crate::domain::code::VotingCode;
use crate::domain::names::PollId;
use crate::domain::seal::Seal;
use crate::http::cookies;
use crate::http::origin::Origins;

/// How long a browser keeps it, in seconds: a day.
const LIFETIME: u32 = 24 * 3600;
const CODE: usize = 8;
const NONCE: usize = 8;

/// A code in a browser's keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The code.
    pub code: VotingCode,
    nonce: [u8; NONCE],
}

impl Slip {
    /// The attempt that this browser makes with the code.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        Attempt::named(&self.nonce, self.code)
    }
}

/// Hands slips to browsers, and knows them again.
#[derive(Clone, Debug)]
pub struct Slips {
    seal: Seal,
    entropy: Entropy,
    attributes: &'static str,
}

impl Slips {
    /// Slips sealed with the first of `secrets` and known by each.
    #[must_use]
    pub fn new<S: AsRef<[u8]>>(secrets: &[S], entropy: Entropy, origins: &Origins) -> Self {
        Self { seal: Seal::new(secrets, b"hemicycle code cookie 1\0"), entropy, attributes: cookies::private(origins) }
    }

    /// The slip for this poll that came along, if one did.
    #[must_use]
    pub fn of(&self, headers: &HeaderMap, poll: PollId) -> Option<Slip> {
        let name = name(poll);
        cookies::named(headers, &name).find_map(|value| self.open(value))
    }

    /// Hands a code to the browser that sent `headers`. One that has it already goes on with its attempt.
    pub fn hand_over(&self, code: VotingCode, poll: PollId, headers: &HeaderMap, response: &mut Response) {
        let known = self.of(headers, poll).filter(|slip| slip.code == code);
        let slip = known.unwrap_or_else(|| Slip { code, nonce: self.entropy.bytes() });
        let cookie = format!("{}={}; Max-Age={LIFETIME}{}", name(poll), self.close(&slip), self.attributes);
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }

    fn close(&self, slip: &Slip) -> String {
        let mut value = [0; CODE + NONCE];
        value[..CODE].copy_from_slice(&slip.code.to_bytes());
        value[CODE..].copy_from_slice(&slip.nonce);
        self.seal.close(&value)
    }

    fn open(&self, cookie: &str) -> Option<Slip> {
        let value: [u8; CODE + NONCE] = self.seal.open(cookie)?;
        let (code, nonce) = value.split_at(CODE);
        Some(Slip { code: VotingCode::from_bytes(code.try_into().ok()?)?, nonce: nonce.try_into().ok()? })
    }
}

fn name(poll: PollId) -> String {
    format!("code_{poll}")
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    fn slips(secret: &str) -> Slips {
        Slips::new(&[secret], Entropy::System, &Origins::default())
    }

    /// What a browser sends back that was handed this code.
    fn handed(slips: &Slips, code: VotingCode, poll: PollId, before: &HeaderMap) -> HeaderMap {
        let mut response = Response::default();
        slips.hand_over(code, poll, before, &mut response);
        let set = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=86400"] {
            assert!(set.contains(part), "{set}");
        }
        assert!(!set.contains(&code.to_string()), "{set}");
        HeaderMap::from_iter([(COOKIE, set.split(';').next().unwrap().parse().unwrap())])
    }

    #[test]
    fn a_slip_is_known_in_its_poll_and_nowhere_else() {
        let (slips, code) = (slips("secret"), VotingCode::random(&Entropy::System));
        let [here, there] = [1, 2].map(|number| PollId::from_u64(number).unwrap());
        let cookie = handed(&slips, code, here, &HeaderMap::new());
        assert_eq!(slips.of(&cookie, here).map(|slip| slip.code), Some(code));
        assert_eq!(slips.of(&cookie, there), None);
        assert_eq!(self::slips("other").of(&cookie, here), None, "sealed by a secret that is not ours");
    }

    #[test]
    fn a_browser_goes_on_with_its_attempt_and_every_other_makes_one_of_its_own() {
        let (slips, code) = (slips("secret"), VotingCode::random(&Entropy::System));
        let poll = PollId::from_u64(1).unwrap();
        let attempt = |cookie: &HeaderMap| slips.of(cookie, poll).unwrap().attempt();
        let first = handed(&slips, code, poll, &HeaderMap::new());
        assert_eq!(attempt(&handed(&slips, code, poll, &first)), attempt(&first), "the link was opened again");
        assert_ne!(attempt(&handed(&slips, code, poll, &HeaderMap::new())), attempt(&first), "elsewhere");
        let other = handed(&slips, VotingCode::random(&Entropy::System), poll, &first);
        assert_ne!(slips.of(&other, poll).unwrap().code, code, "the newest link counts");
    }
}
