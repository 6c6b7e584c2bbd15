//! The audit trail: what was done by administration, by whom and when.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// An administrative act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// Who: an account's id, or `admin key`.
    pub who: String,
    /// What, such as `poll.close`.
    pub what: String,
    /// To what: a poll's slug, an account's id; empty where nothing is named.
    pub subject: String,
}

/// A deed on record, with its number: later ones have higher numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 12, "at": "2026-05-04T09:30:00Z", "who": "admin key", "what": "poll.close", "subject": "drinks"
}))]
pub struct Recorded {
    /// Its number.
    pub id: u64,
    /// The deed.
    #[serde(flatten)]
    pub deed: Deed,
}
