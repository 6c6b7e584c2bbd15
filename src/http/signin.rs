//! The page to sign in, which two roles show: the one that has pages, and the one that turned somebody down.

use serde::Serialize;

use crate::config::SignUp;
use crate::domain::user::UserRole;

/// The pages that send people to sign in, and take them back.
const BACK_TO: [&str; 4] = ["/studio", "/account", "/vote", "/wall"];

/// What the page shows.
#[derive(Debug, Serialize)]
pub struct SignInPage<'a> {
    /// Where to go on, if somebody wanted to go somewhere.
    pub next: Option<&'a str>,
    /// What was wrong with what was sent before.
    pub wrong: Option<Wrong>,
    /// The id that was sent before.
    pub id: &'a str,
    /// Who may sign up instead.
    pub signup: SignUp,
    /// Whether it answers a form: its address is then not one of a page.
    is_answer: bool,
    /// What a switch of language must keep of the address.
    query: Option<String>,
}

/// What was wrong with what somebody sent to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wrong {
    /// The id or the password: which of both is not said.
    Password,
    /// The admin key.
    Key,
}

impl<'a> SignInPage<'a> {
    /// A page that leads to `next`.
    #[must_use]
    pub fn new(next: Option<&'a str>, signup: SignUp) -> Self {
        let query = next.map(|next| format!("next={next}"));
        Self { next, wrong: None, id: "", signup, is_answer: false, query }
    }

    /// The same page as the answer to a wrong attempt.
    #[must_use]
    pub fn again(self, wrong: Wrong, id: &'a str) -> Self {
        Self { wrong: Some(wrong), id, is_answer: true, ..self }
    }
}

/// An address among the pages that people must sign in for: a link must not lead through our sign-in to another site.
#[must_use]
pub fn within(next: Option<&str>) -> Option<&str> {
    let plain = |path: &&str| {
        let below = |page: &&str| path.strip_prefix(*page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        BACK_TO.iter().any(below)
            && path.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'-' | b'.' | b'_' | b'@' | b'+'))
    };
    next.filter(plain)
}

/// Where somebody finds themselves once they are signed in: where they wanted to go, else where they have something to
/// do.
#[must_use]
pub fn landing(next: Option<&str>, role: UserRole) -> &str {
    next.unwrap_or(if role >= UserRole::Organiser { "/studio" } else { "/account" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_our_own_pages_and_nowhere_else() {
        for page in ["/studio/polls/drinks", "/account", "/vote/drinks"] {
            assert_eq!(within(Some(page)), Some(page));
        }
        for elsewhere in ["https://example.org", "//example.org", "/studio.example.org", "/studio/\\example.org", "/"] {
            assert_eq!(within(Some(elsewhere)), None, "{elsewhere}");
        }
        assert_eq!(within(None), None);
    }

    #[test]
    fn whoever_wanted_to_go_nowhere_finds_what_they_may_use() {
        let landings = UserRole::ALL.map(|role| landing(None, role));
        assert_eq!(landings, ["/account", "/studio", "/studio"]);
        assert_eq!(landing(Some("/vote/drinks"), UserRole::Admin), "/vote/drinks");
    }
}
