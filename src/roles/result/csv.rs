//! A result as CSV (RFC 4180).

use crate::domain::snapshot::{SnapshotView, harmless_in_csv};
use crate::http::error::ApiError;

/// One line an option: key, label, votes.
///
/// # Errors
/// Never in practice: writing to memory does not fail.
pub fn encode(view: &SnapshotView) -> Result<Vec<u8>, ApiError> {
    let failed = |error: csv::Error| ApiError::Internal(Box::new(error));
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(["key", "label", "votes"]).map_err(failed)?;
    for option in &view.options {
        let votes = option.votes.map(|votes| votes.to_string()).unwrap_or_default();
        table.write_record([option.key.to_string(), harmless_in_csv(&option.label), votes]).map_err(failed)?;
    }
    table.into_inner().map_err(|error| ApiError::Internal(Box::new(error.into_error())))
}
