//! The page to sign up, which two roles show, as that to [sign in](super::signin); and whether somebody may.

use jiff::Timestamp;
use serde::Serialize;

use super::error::ApiError;
use crate::config::SignUp;
use crate::domain::credential::Secret;
use crate::domain::user::UserRole;
use crate::store::Store;

/// Whether somebody may sign up here, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// Everybody may.
    Open,
    /// They showed this secret of an invitation to become this.
    Invited(Secret, UserRole),
    /// They showed an invitation that was used, taken back, is too old, or was never made.
    Stale,
    /// It takes an invitation, and they showed none.
    ByInvitation,
    /// Nobody may.
    Shut,
}

/// What the page shows.
#[derive(Debug, Serialize)]
pub struct SignUpPage<'a> {
    entrance: &'static str,
    /// Whether whoever has no invitation may sign up.
    is_open: bool,
    invite: Option<String>,
    role: Option<UserRole>,
    next: Option<&'a str>,
    id: &'a str,
    name: &'a str,
    wrong: Option<Wrong>,
    is_answer: bool,
    /// What a switch of language must keep of the address.
    query: Option<String>,
}

/// A field that was not filled in well, and the text that says what is wrong, without its prefix `error-`.
#[derive(Clone, Copy, Debug, Serialize)]
struct Wrong {
    field: &'static str,
    key: &'static str,
}

impl Entrance {
    /// What stands before whoever showed `invite`, as of `now`.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn find(
        signup: SignUp,
        invite: Option<&str>,
        (store, now): (&Store, Timestamp),
    ) -> Result<Self, ApiError> {
        let invite = invite.filter(|invite| !invite.is_empty());
        let shown = match (signup, invite) {
            (SignUp::Off, _) => return Ok(Self::Shut),
            (SignUp::Open, None) => return Ok(Self::Open),
            (SignUp::Invite, None) => return Ok(Self::ByInvitation),
            (SignUp::Open | SignUp::Invite, Some(invite)) => Secret::parse(invite),
        };
        let Some(secret) = shown else { return Ok(Self::Stale) };
        let known = store.invitation(&secret.hash(), now).await?;
        Ok(known.map_or(Self::Stale, |invitation| Self::Invited(secret, invitation.role)))
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invited(..) => "invited",
            Self::Stale => "stale",
            Self::ByInvitation => "by-invitation",
            Self::Shut => "shut",
        }
    }

    fn invitation(&self) -> (Option<String>, Option<UserRole>) {
        match self {
            Self::Invited(secret, role) => (Some(secret.text()), Some(*role)),
            _ => (None, None),
        }
    }
}

impl<'a> SignUpPage<'a> {
    /// A page before this entrance, that leads to `next`.
    #[must_use]
    pub fn new(entrance: &Entrance, signup: SignUp, next: Option<&'a str>) -> Self {
        let (invite, role) = entrance.invitation();
        let kept =
            [invite.as_deref().map(|invite| format!("invite={invite}")), next.map(|next| format!("next={next}"))];
        let kept: Vec<String> = kept.into_iter().flatten().collect();
        Self {
            entrance: entrance.word(),
            is_open: signup == SignUp::Open,
            invite,
            role,
            next,
            id: "",
            name: "",
            wrong: None,
            is_answer: false,
            query: Some(kept.join("&")).filter(|query| !query.is_empty()),
        }
    }

    /// The same page as the answer to what was filled in with an error; `None` where that is not about what it asks.
    #[must_use]
    pub fn again(self, id: &'a str, name: &'a str, error: &ApiError) -> Option<Self> {
        let key = error.key();
        let field = match key {
            "user-id" | "user-reserved" | "user-taken" => "id",
            "user-name" => "name",
            "password-short" | "password-long" => "password",
            "sign-up-closed" => return Some(Self { is_answer: true, ..self }),
            _ => return None,
        };
        Some(Self { id, name, wrong: Some(Wrong { field, key }), is_answer: true, ..self })
    }
}
