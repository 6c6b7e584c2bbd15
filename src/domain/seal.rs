//! Short values that others keep for us and only we could have written, such as cookies: base64url of the value and a
//! MAC, HMAC-SHA-256 (RFC 2104) cut to 16 bytes.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

const TAG: usize = 16;
/// The longest value with its tag.
const LONGEST: usize = 64;

/// Seals with the newest key and recognises what was sealed with any, for one purpose.
#[derive(Clone)]
pub struct Seal {
    keys: Vec<HmacSha256>,
}

impl Seal {
    /// A seal with these secrets, the newest first. What is sealed for one `purpose` is worth nothing for another.
    #[must_use]
    pub fn new<S: AsRef<[u8]>>(secrets: &[S], purpose: &[u8]) -> Self {
        let keyed_by = |secret: &S| {
            let mut mac =
                HmacSha256::new_from_slice(secret.as_ref()).unwrap_or_else(|_| HmacSha256::new(&[0; 64].into()));
            mac.update(purpose);
            mac
        };
        Self { keys: secrets.iter().map(keyed_by).collect() }
    }

    /// The value, sealed.
    #[must_use]
    pub fn close<const N: usize>(&self, value: &[u8; N]) -> String {
        const { assert!(N + TAG <= LONGEST) };
        let mut sealed = [0; LONGEST];
        sealed[..N].copy_from_slice(value);
        if let Some(key) = self.keys.first() {
            let tag = key.clone().chain_update(value).finalize().into_bytes();
            sealed[N..N + TAG].copy_from_slice(&tag[..TAG]);
        }
        BASE64URL_NOPAD.encode(&sealed[..N + TAG])
    }

    /// The value that was sealed; `None` where it was not by one of our keys.
    #[must_use]
    pub fn open<const N: usize>(&self, text: &str) -> Option<[u8; N]> {
        const { assert!(N + TAG <= LONGEST) };
        let mut sealed = [0; LONGEST];
        let sealed = &mut sealed[..N + TAG];
        if BASE64URL_NOPAD.decode_len(text.len()).ok()? != sealed.len() {
            return None;
        }
        BASE64URL_NOPAD.decode_mut(text.as_bytes(), sealed).ok()?;
        let (value, tag) = sealed.split_at(N);
        let genuine = self.keys.iter().any(|key| key.clone().chain_update(value).verify_truncated_left(tag).is_ok());
        if genuine { value.try_into().ok() } else { None }
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Seal({} keys)", self.keys.len())
    }
}
