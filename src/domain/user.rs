//! Who has an account, and as what.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest id, in characters.
pub const MAX_ID: usize = 64;
/// The longest name, in characters.
pub const MAX_NAME: usize = 100;

/// Words of our own paths below `/users`, which nobody can be called.
const RESERVED: [&str; 6] = ["audit", "export", "import", "invitations", "me", "new"];

/// What is wrong with an account's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUser {
    /// Not what an id is made of.
    #[error("id: 1 to {MAX_ID} letters, digits or . _ @ + -, a letter or digit first")]
    Id,
    /// A word of our own paths.
    #[error("id: this word is reserved; choose another")]
    Reserved,
    /// Empty, too long, or with control characters.
    #[error("name: 1 to {MAX_NAME} characters, none of them control characters")]
    Name,
    /// No such role.
    #[error("role: member, organiser or admin")]
    Role,
}

/// The name by which somebody signs in: ASCII letters, digits and `. _ @ + -`. Kept as it was chosen, and the same
/// whether in capitals or not.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$", example = "tintin")]
pub struct UserId(String);

impl UserId {
    /// Checks an id that somebody chose.
    ///
    /// # Errors
    /// When a character or the length is not allowed, or the word is reserved.
    pub fn parse(text: &str) -> Result<Self, InvalidUser> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'@' | b'+' | b'-');
        let begins_well = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        if !begins_well || text.len() > MAX_ID || !text.bytes().all(allowed) {
            return Err(InvalidUser::Id);
        }
        let id = Self(text.to_owned());
        if RESERVED.contains(&id.folded().as_str()) { Err(InvalidUser::Reserved) } else { Ok(id) }
    }

    /// The id as it was chosen.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the query of an address carries it: of what it is made of, only a `+` would be read as another, a space.
    #[must_use]
    pub fn in_query(&self) -> String {
        self.0.replace('+', "%2B")
    }

    /// The id without capitals: what two of the same have in common.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for UserId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for UserId {}

impl fmt::Display for UserId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What somebody is here: each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// Votes with the account, posts quotes of their own.
    #[default]
    Member,
    /// Also runs polls of their own.
    Organiser,
    /// Runs everything.
    Admin,
}

impl UserRole {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Member, Self::Organiser, Self::Admin];

    /// The role in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Organiser => "organiser",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for UserRole {
    type Err = InvalidUser;

    fn from_str(text: &str) -> Result<Self, InvalidUser> {
        Self::ALL.into_iter().find(|role| role.word() == text).ok_or(InvalidUser::Role)
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// By which they sign in.
    pub id: UserId,
    /// What others call them.
    pub name: String,
    /// What they are here.
    pub role: UserRole,
    /// When the account was made.
    pub made_at: Timestamp,
}

/// An account to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The account.
    pub user: User,
    /// Its password, hashed; without one nobody can sign in to it.
    pub password: Option<String>,
}

/// A change to an account; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Another name.
    pub name: Option<String>,
    /// Another role.
    pub role: Option<UserRole>,
    /// Another password, hashed: then the sessions of before are over.
    pub password: Option<String>,
    /// Whether with another password the API tokens of before are over, too.
    pub end_tokens: bool,
}

/// A name without surrounding space.
///
/// # Errors
/// When it is empty, too long, or has control characters.
pub fn check_name(name: &str) -> Result<String, InvalidUser> {
    super::new_poll::one_line(name, MAX_NAME).ok_or(InvalidUser::Name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_an_address_and_a_csv_file_can_carry() {
        for id in ["1", "Tintin", "ann.lee+polls@example.org", "a-b_c", &"x".repeat(64)] {
            assert_eq!(UserId::parse(id).map(|id| id.to_string()), Ok(id.to_owned()));
        }
        for id in ["", " ", "a b", "a/b", "-a", "=cmd", "@a", "é", &"x".repeat(65)] {
            assert_eq!(UserId::parse(id), Err(InvalidUser::Id), "{id}");
        }
        assert_eq!(UserId::parse("Audit"), Err(InvalidUser::Reserved));
        assert_eq!(UserId::parse("Ann"), UserId::parse("aNN"));
    }

    #[test]
    fn an_id_comes_out_of_a_query_as_it_went_in() {
        let id = UserId::parse("Ann.lee+polls_1@example.org").unwrap();
        assert_eq!(id.in_query(), "Ann.lee%2Bpolls_1@example.org");
        let read: Vec<(String, String)> = serde_urlencoded::from_str(&format!("after={}", id.in_query())).unwrap();
        assert_eq!(read, [("after".into(), id.to_string())]);
    }

    #[test]
    fn each_role_may_what_those_before_may() {
        assert!(UserRole::Admin > UserRole::Organiser && UserRole::Organiser > UserRole::Member);
        for role in UserRole::ALL {
            assert_eq!(role.word().parse(), Ok(role));
        }
    }
}
