//! The file that lists quotes: CSV (RFC 4180) with a header that names the column `quote` and, where there are any,
//! `user_id` and `created_at` (RFC 3339), in any order and among others; separated by commas or semicolons; UTF-8, with
//! or without a byte order mark.
//!
//! It is read as it comes, in constant memory. A row that cannot be read is skipped, with its line and the reason.
//!
//! What a spreadsheet would take for a formula has an apostrophe in front of it
//! (<https://owasp.org/www-community/attacks/CSV_Injection>), which is taken away again when the file is read: so a text
//! with apostrophes there already gets one more, and every text comes back as it was.

use std::io::{self, Read};

use csv::ByteRecord;
use jiff::Timestamp;

use super::clock::whole_milliseconds;
use super::csv_records::CsvRecords;
use super::csv_rows::{BadFile, BadRow, Header, Skipped, text};

/// The columns of a file of ours.
pub const COLUMNS: [&str; 3] = ["quote", "user_id", "created_at"];

/// A quote's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the file it begins at, from 1.
    pub line: u64,
    /// What it says, not empty.
    pub quote: String,
    /// Who posted it; `None` where that is not said.
    pub user_id: Option<String>,
    /// When it was posted, as it stands there; `None` where that is not said.
    pub created_at: Option<String>,
}

/// The rows of a file, one after the other. After an error no more is read.
#[derive(Debug)]
pub struct QuotesCsv<R> {
    records: CsvRecords<R>,
    columns: Columns,
}

impl<R: Read> QuotesCsv<R> {
    /// Reads the header of `input`, which needs no buffer of its own.
    ///
    /// # Errors
    /// [`BadFile`] where the header or `input` cannot be read.
    pub fn open(input: R) -> Result<Self, BadFile> {
        let mut records = CsvRecords::open(input)?;
        let (_, header) = records.next().transpose()?.ok_or(BadFile::Empty)?;
        let columns = Columns::named_by(&header.map_err(BadFile::Header)?)?;
        Ok(Self { records, columns })
    }
}

impl<R: Read> Iterator for QuotesCsv<R> {
    /// A row, or one that was skipped; an error where the file could not be read any further: what came before is not all.
    type Item = Result<Result<Row, Skipped>, io::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, record) = match self.records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let row = record.map_err(BadRow::from).and_then(|record| self.columns.row(line, &record));
        Some(Ok(row.map_err(|reason| Skipped { line, reason })))
    }
}

/// Where the columns are.
#[derive(Clone, Copy, Debug)]
struct Columns {
    quote: usize,
    user_id: Option<usize>,
    created_at: Option<usize>,
}

impl Columns {
    fn named_by(header: &ByteRecord) -> Result<Self, BadFile> {
        let header = Header::new(header, "quote, or quote,user_id,created_at");
        Ok(Self {
            quote: header.need("quote")?,
            user_id: header.find("user_id")?,
            created_at: header.find("created_at")?,
        })
    }

    fn row(self, line: u64, record: &ByteRecord) -> Result<Row, BadRow> {
        let quote = text(record, self.quote, "quote")?;
        if quote.trim().is_empty() {
            return Err(BadRow::Missing("quote"));
        }
        let some = |place: Option<usize>, column| {
            let field = place.map(|place| text(record, place, column)).transpose()?.map(str::trim);
            Ok::<_, BadRow>(field.filter(|field| !field.is_empty()).map(str::to_owned))
        };
        let (user_id, created_at) = (some(self.user_id, "user_id")?, some(self.created_at, "created_at")?);
        Ok(Row { line, quote: without_guards(quote), user_id, created_at })
    }
}

/// A time as a file has it, to the millisecond.
#[must_use]
pub fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(whole_milliseconds)
}

/// A text as a spreadsheet may have it.
#[must_use]
pub fn guarded(text: &str) -> String {
    with_guards(text, |apostrophes| apostrophes + 1)
}

/// The text that was guarded so.
#[must_use]
pub fn without_guards(text: &str) -> String {
    with_guards(text, |apostrophes| apostrophes.saturating_sub(1))
}

/// The text with another number of apostrophes wherever a cell may begin and, after any number of them, a formula. A
/// cell may also begin behind a semicolon or a tab, at which some divide a line.
fn with_guards(text: &str, change: fn(usize) -> usize) -> String {
    let (mut changed, mut rest, mut starts_cell) = (String::with_capacity(text.len() + 1), text, true);
    while let Some(next) = rest.chars().next() {
        let after = rest.trim_start_matches('\'');
        let apostrophes = rest.len() - after.len();
        let is_formula = starts_cell && after.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if is_formula {
            changed.extend(std::iter::repeat_n('\'', change(apostrophes)));
            rest = after;
        }
        // What is copied: a formula's sign, or any other character.
        let copied = if is_formula { after.chars().next().unwrap_or(next) } else { next };
        changed.push(copied);
        rest = &rest[copied.len_utf8()..];
        starts_cell = matches!(copied, ';' | '\t') || (starts_cell && matches!(copied, ' ' | '"'));
    }
    changed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::snapshot::harmless_in_csv;

    /// What each row comes to, in one line.
    fn rows(file: &str) -> Vec<String> {
        let told = |row: Result<Row, Skipped>| match row {
            Ok(row) => format!("{}: {:?} {:?} {:?}", row.line, row.quote, row.user_id, row.created_at),
            Err(skipped) => skipped.to_string(),
        };
        QuotesCsv::open(file.as_bytes()).unwrap().map(|row| told(row.unwrap())).collect()
    }

    fn refusal(file: &str) -> String {
        QuotesCsv::open(file.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_file_needs_no_more_than_the_quotes() {
        assert_eq!(rows("quote\nOne\n\"Two,\nlines\"\n"), ["2: \"One\" None None", "3: \"Two,\\nlines\" None None"]);
        assert_eq!(
            rows("\u{feff}id;Created_At;QUOTE;user_id\r\n1;2024-01-01T00:00:00Z;One; Ann \r\n2;;Two;\r\n"),
            ["2: \"One\" Some(\"Ann\") Some(\"2024-01-01T00:00:00Z\")", "3: \"Two\" None None"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        assert_eq!(
            rows("quote,user_id\n,Ann\n\" \",\nfine,\n\"open,\n"),
            [
                "line 2: the quote is missing",
                "line 3: the quote is missing",
                "4: \"fine\" None None",
                "line 5: a quotation mark is not closed",
            ]
        );
        assert_eq!(refusal(""), "the file is empty");
        let missing = "the first line names no column \"quote\": it must look like quote, or quote,user_id,created_at";
        assert_eq!(refusal("text\nOne\n"), missing);
        assert_eq!(refusal("quote,Quote\n"), "the first line names the column \"quote\" twice");
    }

    #[test]
    fn formulas_are_guarded_and_apostrophes_before_them_come_back() {
        for (text, wanted) in [
            ("=1+1", "'=1+1"),
            ("'=1+1", "''=1+1"),
            ("a=1", "a=1"),
            ("'tis", "'tis"),
            (" \"-1;@x", " \"'-1;'@x"),
            ("a\t\t+b", "a\t'\t'+b"),
            ("''", "''"),
        ] {
            assert_eq!((guarded(text), without_guards(wanted)), (wanted.to_owned(), text.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back_as_it_was(text in "[';=\\-\t \"a\r\n]{0,12}|\\PC{0,20}") {
            let guarded = guarded(&text);
            prop_assert_eq!(without_guards(&guarded), text);
            prop_assert_eq!(harmless_in_csv(&guarded), guarded.clone(), "nothing is left that would be a formula");
        }
    }
}
