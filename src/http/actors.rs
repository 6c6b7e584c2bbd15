//! Who sent a request: by the admin key, an API token, or the session of a browser.
//!
//! Sessions and tokens are in the store, found by the hash of their secret. What was found is believed for half a second
//! in each process, so that a page with twenty requests asks once, and a revocation is known everywhere within a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::error::ApiError;
use super::session::SessionCookie;
use crate::domain::clock::Clock;
use crate::domain::credential::{Holder, Secret, SecretHash, Session, Shown, TOKEN_PREFIX, Token};
use crate::domain::deed::Deed;
use crate::domain::rights::{Actor, Need, Proof};
use crate::domain::user::UserRole;
use crate::store::{Store, StoreError};

/// How long what the store said is believed.
const FRESH: Duration = Duration::from_millis(500);
/// How many are remembered; past it the memory starts over.
const CAPACITY: usize = 10_000;
/// How exactly the last use of a session or token is kept.
const SEEN: SignedDuration = SignedDuration::from_mins(10);

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

    /// By which sessions of this key are known: by the key under one of our secrets, for the mark is stored.
    fn mark(&self, secret: &str) -> [u8; 16] {
        let mut mac =
            <Hmac<Sha256>>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| <Hmac<Sha256>>::new(&[0; 64].into()));
        mac.update(b"hemicycle mark of the admin key 1\0");
        mac.update(&self.0);
        let mut mark = [0; 16];
        mark.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        mark
    }
}

impl std::fmt::Debug for AdminKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("AdminKey")
    }
}

/// Somebody who is known, and by what.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// What their account is called; empty for the admin key.
    pub name: String,
    /// Whose sessions and tokens are theirs.
    pub holder: Holder,
    /// What the session is called by which they came.
    pub session: Option<String>,
    /// The secret of the token by which they came.
    pub token: Option<Secret>,
    /// What distinguishes the credential they came with, for limits.
    pub credential: SecretHash,
}

/// What the store said, and when.
type Memory = HashMap<SecretHash, (Arc<Caller>, Instant)>;

/// Tells who sent a request. Cloning shares what is known.
#[derive(Clone, Debug)]
pub struct Actors {
    /// The admin key.
    pub key: AdminKey,
    /// The cookie of sessions.
    pub cookie: SessionCookie,
    /// The marks of the admin key: the first is for new sessions, each is recognised.
    marks: Arc<[[u8; 16]]>,
    /// Where sessions and tokens are; without it only the admin key is known.
    store: Option<Store>,
    clock: Clock,
    known: Arc<Mutex<Memory>>,
}

impl Actors {
    /// Whoever has shown the admin key `key`, or holds what `store` knows, where there is one. `secrets`: the newest first.
    #[must_use]
    pub fn new(key: &str, secrets: &[String], cookie: SessionCookie, store: Option<&Store>, clock: Clock) -> Self {
        let key = AdminKey::new(key);
        let marks = secrets.iter().map(|secret| key.mark(secret)).collect();
        Self { marks, key, cookie, store: store.map(Store::primary), clock, known: Arc::default() }
    }

    /// Whoever sent these headers; nobody where what they show is not good (any more), or is nothing.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn know(&self, headers: &HeaderMap) -> Result<Option<Arc<Caller>>, ApiError> {
        if let Some(shown) = shown(headers) {
            return self.know_by_header(shown).await;
        }
        for secret in self.cookie.secrets(headers) {
            if let Some(caller) = self.session(&secret).await? {
                return Ok(Some(caller));
            }
        }
        Ok(None)
    }

    /// The holder of sessions that begin with the admin key.
    #[must_use]
    pub fn key_holder(&self) -> Holder {
        Holder::Key(self.marks.first().copied().unwrap_or_default())
    }

    /// Forgets what the store said: something of it was changed here.
    pub fn forget(&self) {
        self.known().clear();
    }

    async fn know_by_header(&self, shown: &str) -> Result<Option<Arc<Caller>>, ApiError> {
        if self.key.is(shown) {
            return Ok(Some(Arc::new(self.with_key())));
        }
        match shown.strip_prefix(TOKEN_PREFIX).and_then(Secret::parse) {
            Some(secret) => self.token(&secret).await,
            None => Ok(None),
        }
    }

    fn with_key(&self) -> Caller {
        let actor = Actor { user: None, role: UserRole::Admin, proof: Proof::Key };
        let credential = SecretHash(self.key.0);
        Caller { actor, name: String::new(), holder: self.key_holder(), session: None, token: None, credential }
    }

    async fn session(&self, secret: &Secret) -> Result<Option<Arc<Caller>>, ApiError> {
        let hash = secret.hash();
        if let Some(caller) = self.remembered(&hash) {
            return Ok(Some(caller));
        }
        let (Some(store), now) = (&self.store, self.clock.now()) else { return Ok(None) };
        let Some(shown) = store.session(&hash, now).await?.filter(|shown| self.is_good(&shown.credential.holder))
        else {
            return Ok(None);
        };
        if is_due(Some(shown.credential.seen_at), now) {
            note(store.see_session(&shown.credential.id, now).await);
        }
        Ok(Some(self.remember(hash, by_session(hash, shown))))
    }

    async fn token(&self, secret: &Secret) -> Result<Option<Arc<Caller>>, ApiError> {
        let hash = secret.hash();
        if let Some(caller) = self.remembered(&hash) {
            return Ok(Some(caller));
        }
        let (Some(store), now) = (&self.store, self.clock.now()) else { return Ok(None) };
        let Some(shown) = store.token(&hash, now).await?.filter(|shown| self.is_good(&shown.credential.holder)) else {
            return Ok(None);
        };
        if is_due(shown.credential.seen_at, now) {
            note(store.see_token(&shown.credential.id, now).await);
        }
        Ok(Some(self.remember(hash, by_token(secret, shown))))
    }

    /// Whether a holder is one still: what began with another admin key is over.
    fn is_good(&self, holder: &Holder) -> bool {
        match holder {
            Holder::User(_) => true,
            Holder::Key(mark) => self.marks.contains(mark),
        }
    }

    fn remembered(&self, hash: &SecretHash) -> Option<Arc<Caller>> {
        let known = self.known();
        known.get(hash).filter(|(_, at)| at.elapsed() < FRESH).map(|(caller, _)| Arc::clone(caller))
    }

    fn remember(&self, hash: SecretHash, caller: Caller) -> Arc<Caller> {
        let caller = Arc::new(caller);
        let mut known = self.known();
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(hash, (Arc::clone(&caller), Instant::now()));
        caller
    }

    fn known(&self) -> MutexGuard<'_, Memory> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// What goes on record of something they do.
    #[must_use]
    pub fn deed(&self, what: &str, subject: &str, at: Timestamp) -> Deed {
        Deed { at, who: self.actor.to_string(), what: what.to_owned(), subject: subject.to_owned() }
    }

    /// Requires that they are what `need` asks for.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`].
    pub fn require(&self, need: Need) -> Result<(), ApiError> {
        if self.actor.meets(need) { Ok(()) } else { Err(ApiError::Forbidden(need)) }
    }
}

/// What a request shows to be known by, whatever it is worth: `Authorization: <it>` or `Authorization: Bearer <it>`.
#[must_use]
pub fn shown(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(AUTHORIZATION)?.to_str().unwrap_or_default();
    Some(header.strip_prefix("Bearer ").unwrap_or(header))
}

fn by_session(credential: SecretHash, shown: Shown<Session>) -> Caller {
    let Shown { credential: session, role, name } = shown;
    let actor = Actor { user: session.holder.user().cloned(), role, proof: Proof::Session };
    Caller { actor, name, holder: session.holder, session: Some(session.id), token: None, credential }
}

fn by_token(secret: &Secret, shown: Shown<Token>) -> Caller {
    let Shown { credential: token, role, name } = shown;
    let actor = Actor { user: token.holder.user().cloned(), role, proof: Proof::Token(token.scopes) };
    Caller { actor, name, holder: token.holder, session: None, token: Some(secret.clone()), credential: secret.hash() }
}

fn is_due(seen_at: Option<Timestamp>, now: Timestamp) -> bool {
    seen_at.is_none_or(|seen_at| now.duration_since(seen_at) > SEEN)
}

/// When something was last used is worth no failed request.
fn note(noted: Result<(), StoreError>) {
    if let Err(error) = noted {
        tracing::debug!(%error, "actors.last_use_not_noted");
    }
}
