//! The page to sign in, which two roles show: the one that has pages, and the one that turned somebody down.

use serde::Serialize;

/// Where to go after signing in, unless somewhere else was wanted.
const STUDIO: &str = "/studio";
/// The pages that send people to sign in, and take them back.
const BACK_TO: [&str; 4] = ["/studio", "/account", "/vote", "/wall"];

/// What the page shows.
#[derive(Debug, Serialize)]
pub struct SignInPage<'a> {
    /// Where to go on.
    pub next: &'a str,
    /// Whether what was sent before was wrong.
    pub wrong: bool,
    /// The id that was sent before.
    pub id: &'a str,
    /// What a switch of language must keep of the address.
    query: String,
}

impl<'a> SignInPage<'a> {
    /// A page that leads to `next`.
    #[must_use]
    pub fn new(next: &'a str, wrong: bool, id: &'a str) -> Self {
        Self { next, wrong, id, query: format!("next={next}") }
    }
}

/// An address among the pages that people must sign in for: a link must not lead through our sign-in to another site.
#[must_use]
pub fn within(next: Option<&str>) -> &str {
    let plain = |path: &&str| {
        let below = |page: &&str| path.strip_prefix(*page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        BACK_TO.iter().any(below)
            && path.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'-' | b'.' | b'_' | b'@' | b'+'))
    };
    next.filter(plain).unwrap_or(STUDIO)
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn signing_in_leads_to_our_own_pages_and_nowhere_else() {
        for page in ["/studio/polls/drinks", "/account", "/vote/drinks"] {
            assert_eq!(within(Some(page)), page);
        }
        for elsewhere in ["https://example.org", "//example.org", "/studio.example.org", "/studio/\\example.org", "/"] {
            assert_eq!(within(Some(elsewhere)), "/studio", "{elsewhere}");
        }
        assert_eq!(within(None), "/studio");
    }
}
