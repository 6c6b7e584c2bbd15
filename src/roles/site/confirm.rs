//! The page that asks before something is gone for good.

use serde::Serialize;

/// What the page asks.
#[derive(Debug, Serialize)]
pub struct Confirm<'a> {
    /// What would be done: the texts are `{action}-title`, `-warning` and `-do`.
    pub action: &'a str,
    /// To what: its title or name.
    pub what: &'a str,
    /// How much of it the warning speaks of.
    pub count: u64,
    /// Where the form leads that does it.
    pub form: String,
    /// Where to go back to.
    pub back: String,
}
