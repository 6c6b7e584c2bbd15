//! Rows of a CSV file by the names of their columns: what people's files and quotes' files have in common.

use std::io;

use csv::ByteRecord;

use super::csv_records::BadRecord;

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Skipped {
    /// The line of the file it begins at, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: BadRow,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRow {
    /// Nothing in a column that must have something.
    #[error("the {0} is missing")]
    Missing(&'static str),
    /// A column that is not UTF-8.
    #[error("the {0} is not UTF-8: save the file as CSV UTF-8")]
    NotUtf8(&'static str),
    /// A line break where there can be none.
    #[error("the {0} goes on in the next line: is a quotation mark missing?")]
    LineBreak(&'static str),
    /// It cannot be told where its fields are.
    #[error(transparent)]
    Record(#[from] BadRecord),
}

/// Why a whole file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// There is not even a header.
    #[error("the file is empty")]
    Empty,
    /// The header does not name a column that must be there.
    #[error("the first line names no column {name:?}: it must look like {like}")]
    NoColumn {
        /// Which column.
        name: &'static str,
        /// A header that has it.
        like: &'static str,
    },
    /// The header names a column twice.
    #[error("the first line names the column {0:?} twice")]
    TwoColumns(&'static str),
    /// The header is no row.
    #[error("the first line cannot be read")]
    Header(#[source] BadRecord),
    /// The file could not be read any further.
    #[error("the file cannot be read")]
    Unreadable(#[from] io::Error),
}

/// The names of a file's columns.
#[derive(Clone, Copy, Debug)]
pub struct Header<'h> {
    record: &'h ByteRecord,
    like: &'static str,
}

impl<'h> Header<'h> {
    /// The header in this record; a right one looks `like` this.
    #[must_use]
    pub fn new(record: &'h ByteRecord, like: &'static str) -> Self {
        Self { record, like }
    }

    /// Where the column of this name is, in capitals or not, if it is there.
    ///
    /// # Errors
    /// Where it is there twice.
    pub fn find(self, name: &'static str) -> Result<Option<usize>, BadFile> {
        let is_it = |(_, field): &(usize, &[u8])| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        let mut places = self.record.iter().enumerate().filter(is_it).map(|(place, _)| place);
        let place = places.next();
        if places.next().is_some() { Err(BadFile::TwoColumns(name)) } else { Ok(place) }
    }

    /// Where the column of this name is.
    ///
    /// # Errors
    /// Where it is not there, or twice.
    pub fn need(self, name: &'static str) -> Result<usize, BadFile> {
        self.find(name)?.ok_or(BadFile::NoColumn { name, like: self.like })
    }
}

/// What a row has at a place, as text; nothing where the row is shorter.
///
/// # Errors
/// Where it is not UTF-8.
pub fn text<'r>(record: &'r ByteRecord, place: usize, column: &'static str) -> Result<&'r str, BadRow> {
    str::from_utf8(record.get(place).unwrap_or_default()).map_err(|_| BadRow::NotUtf8(column))
}
