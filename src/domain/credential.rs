//! What proves who somebody is: the secrets of sessions, API tokens and invitations.
//!
//! A secret is 32 random bytes, written in base64url. Only its SHA-256 is stored: with so much chance in it, nothing
//! slower is needed.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::clock::Entropy;
use super::rights::Scopes;
use super::user::{UserId, UserRole};

/// What API tokens begin with, so that people and scanners recognise one that went astray.
pub const TOKEN_PREFIX: &str = "hemi_";
/// The longest name of a token or note of an invitation, in characters.
pub const MAX_LABEL: usize = 100;

/// A secret, as its owner knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

/// A secret, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl Secret {
    /// A new secret.
    #[must_use]
    pub fn random(entropy: &Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// Reads what [`Secret::text`] wrote; `None` where it is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Longer ones are not even decoded.
        let bytes = (text.len() == 43).then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok())??;
        bytes.try_into().ok().map(Self)
    }

    /// The secret in 43 characters.
    #[must_use]
    pub fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0).into())
    }

    /// Bytes that only who knows the secret can make: a key for `purpose`.
    #[must_use]
    pub fn derive(&self, purpose: &[u8]) -> [u8; 16] {
        let digest = Sha256::new().chain_update(self.0).chain_update(purpose).finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        key
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret")
    }
}

/// What a session, token or invitation is called where it is listed: 16 hexadecimal digits that open nothing.
#[must_use]
pub fn public_id(entropy: &Entropy) -> String {
    format!("{:016x}", u64::from_be_bytes(entropy.bytes()))
}

/// Whose a session or token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An account's.
    User(UserId),
    /// Of whoever showed the admin key; this is the key's mark: with another key, what it began is over.
    Key([u8; 16]),
}

impl Holder {
    /// The account, if it is one's.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Key(_) => None,
        }
    }
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What it is called.
    pub id: String,
    /// Whose it is.
    pub holder: Holder,
    /// What the browser calls itself, in a word or two.
    pub agent: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was last used, to about ten minutes.
    pub seen_at: Timestamp,
    /// When it ends by itself.
    pub ends_at: Timestamp,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is called in lists and addresses.
    pub id: String,
    /// Whose it is.
    pub holder: Holder,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was last used, to about ten minutes.
    pub seen_at: Option<Timestamp>,
    /// When it ends by itself.
    pub ends_at: Timestamp,
}

/// A link by which one person may sign up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// What it is called in lists and addresses.
    pub id: String,
    /// What whoever accepts it becomes.
    pub role: UserRole,
    /// For whom it is, as the admin noted.
    pub note: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends by itself.
    pub ends_at: Timestamp,
}

/// A session or token that was shown, with what its account is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<T> {
    /// The session or token.
    pub credential: T,
    /// What its holder is here; [`UserRole::Admin`] for the admin key.
    pub role: UserRole,
    /// What its holder is called; empty for the admin key.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_being_written_and_its_hash_is_another() {
        let secret = Secret::random(&Entropy::System);
        assert_eq!(Secret::parse(&secret.text()), Some(secret.clone()));
        assert_ne!(secret.hash().0, secret.0);
        assert_ne!(secret.derive(b"one"), secret.derive(b"two"));
        for text in ["", "short", &"A".repeat(44), &"!".repeat(43)] {
            assert_eq!(Secret::parse(text), None, "{text}");
        }
        assert!(!format!("{secret:?}").contains(&secret.text()));
    }
}
