//! Quotes: short texts that people post, like and look for.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::folding::is_invisible;
use super::user::UserId;

/// The longest quote, in characters.
pub const MAX_TEXT: usize = 1000;

/// The number of a quote: the later it was posted, the higher. None is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991_u64, example = 1)]
pub struct QuoteId(u64);

impl QuoteId {
    /// The quote of this number: 1 or more, and below 2^53, which every client's numbers hold.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (1..1 << 53).contains(&number).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for QuoteId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for QuoteId {
    type Err = InvalidQuote;

    fn from_str(text: &str) -> Result<Self, InvalidQuote> {
        // Not what `parse` alone takes: there is one way to write a number.
        let is_plain = text.bytes().all(|c| c.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|_| is_plain).and_then(Self::new).ok_or(InvalidQuote::Id)
    }
}

/// What is wrong with a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuote {
    /// No number of a quote.
    #[error("id: the number of a quote")]
    Id,
    /// Empty, too long, or with control characters other than ends of lines.
    #[error("quote: 1 to {MAX_TEXT} characters, none of them control characters")]
    Text,
}

/// A quote as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its number.
    pub id: QuoteId,
    /// Who posted it; nobody where it came from a file, or the account is gone.
    pub author: Option<UserId>,
    /// Whether the author's account is there: then it is theirs to change.
    pub is_owned: bool,
    /// What it says.
    pub text: String,
    /// When it was posted.
    pub made_at: Timestamp,
    /// When its text was changed last.
    pub edited_at: Option<Timestamp>,
    /// How many like it.
    pub upvotes: u64,
    /// Who hid it from the public, if somebody did.
    pub hidden: Option<Hidden>,
}

/// A decision that a quote is not to be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hidden {
    /// Whose: an account's id, or `admin key`.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// A quote to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuote {
    /// Who posts it.
    pub author: Option<UserId>,
    /// What it says, [checked](check_text).
    pub text: String,
    /// When.
    pub made_at: Timestamp,
}

impl Quote {
    /// Whether it is this account's.
    #[must_use]
    pub fn is_of(&self, user: Option<&UserId>) -> bool {
        self.is_owned && user.is_some() && self.author.as_ref() == user
    }
}

/// A quote's text without surrounding space, its lines ended as Unix does.
///
/// # Errors
/// When there is nothing to be seen of it, it is too long, or has control characters.
pub fn check_text(text: &str) -> Result<String, InvalidQuote> {
    let text = text.trim().replace("\r\n", "\n");
    let is_text = |c: char| c == '\n' || c == '\t' || (!c.is_control() && u32::from(c) & 0xFFFE != 0xFFFE);
    let is_seen = |c: char| !c.is_whitespace() && !is_invisible(c);
    let fits = text.chars().any(is_seen) && text.chars().count() <= MAX_TEXT && text.chars().all(is_text);
    if fits { Ok(text) } else { Err(InvalidQuote::Text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_has_something_to_say_and_not_too_much() {
        assert_eq!(check_text(" one\r\ntwo \n"), Ok("one\ntwo".into()));
        assert!(check_text(&"é".repeat(MAX_TEXT)).is_ok());
        for wrong in
            ["", " \n ", "\u{200b}", "\u{2800} \u{3164}", "a\0b", "a\u{7}", "\u{1b}[31m", &"x".repeat(MAX_TEXT + 1)]
        {
            assert_eq!(check_text(wrong), Err(InvalidQuote::Text), "{wrong:?}");
        }
    }

    #[test]
    fn a_number_is_written_in_one_way() {
        assert_eq!("17".parse::<QuoteId>().map(QuoteId::get), Ok(17));
        for wrong in ["", "0", "-1", "+1", "01", "1.0", " 1", "9007199254740992", "99999999999999999999"] {
            assert_eq!(wrong.parse::<QuoteId>(), Err(InvalidQuote::Id), "{wrong:?}");
        }
    }
}
