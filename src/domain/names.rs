//! What polls and options are called: ids, slugs, join codes and option keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clock::Entropy;

/// The most options a poll may have.
pub const MAX_OPTIONS: usize = 50;

/// A poll's immutable identity: 47 random bits, so that an id is never handed out twice even when a database is
/// restored from a backup, and every store keeps it in six bytes. Written as 12 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{12}$", example = "3f0b1c9d2e47")]
pub struct PollId(u64);

impl PollId {
    const MAX: u64 = (1 << 47) - 1;

    /// A new random id.
    #[must_use]
    pub fn random(entropy: &Entropy) -> Self {
        Self((u64::from_be_bytes(entropy.bytes()) & Self::MAX).max(1))
    }

    /// The id with this number, as stores and log entries keep it; `None` outside 1..2^47.
    #[must_use]
    pub fn from_u64(number: u64) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then_some(Self(number))
    }

    /// The id as a number in 1..2^47.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PollId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:012x}", self.0)
    }
}

impl FromStr for PollId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let number = u64::from_str_radix(text, 16).map_err(|_| InvalidName::PollId)?;
        Self::from_u64(number).ok_or(InvalidName::PollId)
    }
}

impl Serialize for PollId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Not 12 hexadecimal digits of a poll id.
    #[error("a poll id is 12 hexadecimal digits")]
    PollId,
    /// Outside `[a-z0-9-]{1,64}`.
    #[error("a slug has 1 to 64 characters out of a-z, 0-9 and -")]
    Slug,
    /// A word that the product's own paths use.
    #[error("this slug is reserved; choose another")]
    Reserved,
}

/// The words a slug may not be: parts of our own paths, today's and likely ones.
const RESERVED: [&str; 12] =
    ["admin", "all", "api", "assets", "close", "duplicate", "events", "new", "open", "polls", "reset", "results"];

/// A poll's readable name in addresses: `[a-z0-9-]{1,64}`, none of the reserved words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Slug(String);

impl Slug {
    /// The longest slug, in characters.
    pub const MAX: usize = 64;

    /// Checks a slug that a person chose.
    ///
    /// # Errors
    /// When a character or the length is not allowed, or the word is reserved.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty() || text.len() > Self::MAX || !text.bytes().all(allowed) {
            return Err(InvalidName::Slug);
        }
        if RESERVED.contains(&text) {
            return Err(InvalidName::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// A slug made of a title's ASCII letters and digits, with `suffix` appended to make it unique.
    #[must_use]
    pub fn from_title(title: &str, suffix: Option<&str>) -> Self {
        let mut words = String::new();
        for c in title.chars() {
            match c.to_ascii_lowercase() {
                c if c.is_ascii_lowercase() || c.is_ascii_digit() => words.push(c),
                _ if words.is_empty() || words.ends_with('-') => {}
                _ => words.push('-'),
            }
            if words.len() >= 40 {
                break;
            }
        }
        let words = words.trim_end_matches('-');
        let base = if words.is_empty() { "poll" } else { words };
        match suffix {
            Some(suffix) => Self(format!("{base}-{}", suffix.to_ascii_lowercase())),
            None => Self::parse(base).unwrap_or_else(|_| Self(format!("{base}-poll"))),
        }
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Six characters to read out to a room: no look-alikes (0/O, 1/I/L, U/V). Case does not matter when it is typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct JoinCode(String);

impl JoinCode {
    /// How many characters a code has.
    pub const LENGTH: usize = 6;
    const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// A new random code: one of 30^6, about 729 million.
    #[must_use]
    pub fn random(entropy: &Entropy) -> Self {
        let mut rest = u64::from_be_bytes(entropy.bytes());
        let base = Self::ALPHABET.len() as u64;
        let mut code = String::with_capacity(Self::LENGTH);
        for _ in 0..Self::LENGTH {
            let place = usize::try_from(rest % base).unwrap_or_default();
            code.push(char::from(Self::ALPHABET[place]));
            rest /= base;
        }
        Self(code)
    }

    /// Reads what a person typed: any case, spaces and dashes ignored. `None` where it cannot be a code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
        let valid = code.len() == Self::LENGTH && code.bytes().all(|c| Self::ALPHABET.contains(&c));
        valid.then_some(Self(code))
    }

    /// The code as text, in capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JoinCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// An option's place in its poll, from 0; shown as a key: `a`..`z`, then `aa`, `ab`…
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, pattern = "^[a-z]{1,2}$", example = "a")]
pub struct Choice(u8);

impl Choice {
    /// The choice at this place; `None` from [`MAX_OPTIONS`] on.
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        u8::try_from(index).ok().filter(|_| index < MAX_OPTIONS).map(Self)
    }

    /// The choice that a key names in a poll of `options` options; `None` where there is no such option.
    #[must_use]
    pub fn from_key(key: &str, options: usize) -> Option<Self> {
        let digit = |c: u8| c.is_ascii_lowercase().then(|| usize::from(c - b'a'));
        let index = match *key.as_bytes() {
            [only] => digit(only)?,
            [first, second] => (digit(first)? + 1) * 26 + digit(second)?,
            _ => return None,
        };
        Self::from_index(index).filter(|_| index < options)
    }

    /// The place, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The place as the log and the stores keep it.
    #[must_use]
    pub fn as_u8(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |place: u8| char::from(b'a' + place);
        match self.0.checked_sub(26) {
            None => write!(out, "{}", letter(self.0)),
            Some(rest) => write!(out, "{}{}", letter(rest / 26), letter(rest % 26)),
        }
    }
}

impl Serialize for Choice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_keys_run_from_a_through_z_to_two_letters() {
        let key = |index| Choice::from_index(index).unwrap().to_string();
        assert_eq!([key(0), key(25), key(26), key(49)], ["a", "z", "aa", "ax"]);
        for index in 0..MAX_OPTIONS {
            assert_eq!(Choice::from_key(&key(index), MAX_OPTIONS), Choice::from_index(index));
        }
        assert_eq!(Choice::from_index(50), None);
        assert_eq!(Choice::from_key("c", 2), None);
        assert_eq!(Choice::from_key("A", 2), None);
        assert_eq!(Choice::from_key("", 2), None);
    }

    #[test]
    fn slugs_made_of_titles_are_valid_slugs() {
        for title in ["Tea or coffee?", "  Été à Genève ", "???", "new", "a".repeat(300).as_str(), "--x--"] {
            for suffix in [None, Some("AB23CD")] {
                let slug = Slug::from_title(title, suffix);
                assert_eq!(Slug::parse(slug.as_str()), Ok(slug.clone()), "{title:?} gave {slug}");
            }
        }
        assert_eq!(Slug::from_title("Tea or coffee?", None).as_str(), "tea-or-coffee");
    }

    #[test]
    fn join_codes_forgive_case_and_spaces_and_refuse_look_alikes() {
        let code = JoinCode::random(&Entropy::System);
        assert_eq!(JoinCode::parse(&code.as_str().to_lowercase()), Some(code));
        assert_eq!(JoinCode::parse("ab2 3cd").unwrap().as_str(), "AB23CD");
        assert_eq!(JoinCode::parse("AB0CDE"), None);
        assert_eq!(JoinCode::parse("ABCDE"), None);
    }

    #[test]
    fn poll_ids_survive_being_written_and_read() {
        let id = PollId::random(&Entropy::System);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("0".parse::<PollId>(), Err(InvalidName::PollId));
        assert_eq!("ffffffffffff".parse::<PollId>(), Err(InvalidName::PollId));
    }
}
