//! Telling the records of a CSV file (RFC 4180) apart, in constant memory: a window as long as the longest record. One that
//! cannot be told costs its line and no more: also one whose quotation mark is never closed. That takes a strict reader:
//! a lenient one would find the end of the quotation in somebody else's record.

use std::fmt;
use std::io::{self, Read};

/// The longest record, in bytes with the end of its line.
pub const LONGEST: usize = 64 << 10;
/// The most columns.
pub const COLUMNS: usize = 64;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Why it cannot be told where a record's fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// A quotation that does not end in the next 64 KiB, or not where its field does.
    #[error("a quotation mark is not closed, or one within quotation marks is not doubled")]
    OpenQuote,
    /// Longer than we read.
    #[error("the line is longer than {LONGEST} bytes")]
    TooLong,
    /// Wider than we read.
    #[error("there are more than {COLUMNS} columns")]
    TooWide,
}

/// The fields of one record, without their quotation marks.
#[derive(Debug)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    /// How many there are; at most 64.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// The field in this column, from 0; empty where the record has no such column.
    #[must_use]
    pub fn get(&self, column: usize) -> &'a [u8] {
        let start = column.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or(0));
        self.ends.get(column).map_or(&[], |end| &self.bytes[start..*end])
    }
}

/// A record: the line it begins at, from 1, and its fields or what is wrong with it.
pub type Record<'a> = (u64, Result<Fields<'a>, BadRecord>);

/// What the window begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parsed {
    /// A record of this length, without the end of its line.
    Record(usize),
    /// The beginning of one.
    InPart,
    /// None.
    Not(BadRecord),
}

/// The records of a file, one after the other.
pub struct Records<R> {
    input: R,
    window: Vec<u8>,
    /// Where in the window the next record begins.
    at: usize,
    /// The line of it.
    line: u64,
    has_ended: bool,
    separator: u8,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl<R> fmt::Debug for Records<R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Records(line {})", self.line)
    }
}

impl<R: Read> Records<R> {
    /// Records of `input`, which needs no buffer of its own. Whichever comes first in it, `,` or `;`, separates fields: a
    /// header that has neither in its names decides.
    ///
    /// # Errors
    /// Those of `input`.
    pub fn new(input: R) -> io::Result<Self> {
        let (window, fields, ends) = (Vec::with_capacity(LONGEST), Vec::new(), Vec::new());
        let mut records = Self { input, window, at: 0, line: 1, has_ended: false, separator: b',', fields, ends };
        records.fill()?;
        records.at = if records.window.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let separator = records.window.iter().find(|byte| matches!(byte, b',' | b';'));
        records.separator = separator.copied().unwrap_or(b',');
        Ok(records)
    }

    /// The next record; blank lines between records are none.
    ///
    /// # Errors
    /// Those of `input`; no more is read after one.
    pub fn read(&mut self) -> io::Result<Option<Record<'_>>> {
        if !self.skip_blank_lines()? {
            return Ok(None);
        }
        let line = self.line;
        let mut parsed = self.parse();
        if parsed == Parsed::InPart && self.fill()? {
            parsed = self.parse();
        }
        if let Parsed::Record(length) = parsed {
            self.consume(length);
            return Ok(Some((line, Ok(Fields { bytes: &self.fields, ends: &self.ends }))));
        }
        let reason = self.skip_line()?;
        Ok(Some((line, Err(if let Parsed::Not(reason) = parsed { reason } else { reason }))))
    }

    /// Tries the next record on what is in the window.
    fn parse(&mut self) -> Parsed {
        let (rest, mut at) = (&self.window[self.at..], 0);
        self.fields.clear();
        self.ends.clear();
        loop {
            if self.ends.len() == COLUMNS {
                return Parsed::Not(BadRecord::TooWide);
            }
            let Some(length) = take_field(&rest[at..], self.separator, &mut self.fields) else { return Parsed::InPart };
            self.ends.push(self.fields.len());
            at += length;
            match rest.get(at) {
                None => return Parsed::InPart,
                Some(b'\r' | b'\n') => return Parsed::Record(at),
                Some(byte) if *byte == self.separator => at += 1,
                Some(_) => return Parsed::Not(BadRecord::OpenQuote),
            }
        }
    }

    /// Fills the window; says whether there is more in it now.
    fn fill(&mut self) -> io::Result<bool> {
        self.window.drain(..self.at);
        self.at = 0;
        let before = self.window.len();
        if !self.has_ended {
            let room = (LONGEST - before) as u64;
            self.has_ended = true;
            self.input.by_ref().take(room).read_to_end(&mut self.window)?;
            self.has_ended = self.window.len() < LONGEST;
            if self.has_ended {
                // The last line ends, too. If a record does not end with it, then its quotation mark is not closed.
                self.window.push(b'\n');
            }
        }
        Ok(self.window.len() > before)
    }

    /// Whether anything is left after that.
    fn skip_blank_lines(&mut self) -> io::Result<bool> {
        loop {
            let blank = self.window[self.at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.consume(blank);
            if self.at < self.window.len() {
                return Ok(true);
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Goes on behind the end of this line, and says what was wrong with it.
    fn skip_line(&mut self) -> io::Result<BadRecord> {
        let mut reason = BadRecord::OpenQuote;
        loop {
            if let Some(end) = self.window[self.at..].iter().position(|byte| *byte == b'\n') {
                self.consume(end + 1);
                return Ok(reason);
            }
            reason = BadRecord::TooLong;
            self.at = self.window.len();
            if !self.fill()? {
                return Ok(reason);
            }
        }
    }

    fn consume(&mut self, length: usize) {
        let passed = &self.window[self.at..self.at + length];
        self.line += (passed.split(|byte| *byte == b'\n').count() - 1) as u64;
        self.at += length;
    }
}

/// Appends the field that `rest` begins with; how long it is there, or `None` where its quotation does not end.
fn take_field(rest: &[u8], separator: u8, field: &mut Vec<u8>) -> Option<usize> {
    if rest.first() != Some(&b'"') {
        let is_end = |byte: &u8| *byte == separator || matches!(byte, b'\r' | b'\n');
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        field.extend_from_slice(&rest[..length]);
        return Some(length);
    }
    let mut at = 1;
    loop {
        let end = at + rest[at..].iter().position(|byte| *byte == b'"')?;
        field.extend_from_slice(&rest[at..end]);
        if rest.get(end + 1) != Some(&b'"') {
            return Some(end + 1);
        }
        field.push(b'"');
        at = end + 2;
    }
}
