//! The records of a CSV file (RFC 4180), each with the line it begins at, in constant memory.
//!
//! Lines are put together until their quotation marks are paired, and then read by the library. So a quotation mark that is
//! never closed costs its line, and not the rest of the file.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read, SeekFrom};
use std::mem;

use csv::{ByteRecord, Position};

/// The longest record, in bytes with the end of its line.
pub const LONGEST: usize = 64 << 10;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Why it cannot be told where a record's fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// A quotation that does not end in the next 64 KiB.
    #[error("a quotation mark is not closed")]
    OpenQuote,
    /// Longer than we read.
    #[error("the line is longer than {LONGEST} bytes")]
    TooLong,
}

/// A record, or what is wrong with it, with the line it begins at, from 1.
pub type Placed = (u64, Result<ByteRecord, BadRecord>);

/// The records of a file, one after the other.
pub struct CsvRecords<R> {
    input: BufReader<R>,
    /// One for all records: making one takes longer than reading a record.
    parser: csv::Reader<Cursor<Vec<u8>>>,
    /// The number of the next line of `ahead`, or else of the input.
    line: u64,
    /// Lines that were read already, in vain.
    ahead: VecDeque<Vec<u8>>,
    /// What the lines put together last came to.
    found: VecDeque<Placed>,
    /// Whether the input broke off: what comes after is not asked for.
    is_broken: bool,
}

impl<R: Read> CsvRecords<R> {
    /// Finds out how `input` is separated: by semicolons where its first line has one and no comma.
    ///
    /// # Errors
    /// Where `input` cannot be read.
    pub fn open(input: R) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(LONGEST, input);
        if input.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        let (ahead, found) = (VecDeque::new(), VecDeque::new());
        let mut records = Self { input, parser: parser(b','), line: 1, ahead, found, is_broken: false };
        while let Some(first) = records.read_line()? {
            let is_blank = first.trim_ascii().is_empty();
            if first.contains(&b';') && !first.contains(&b',') {
                records.parser = parser(b';');
            }
            if is_blank {
                records.line += 1;
            } else {
                records.ahead.push_back(first);
                break;
            }
        }
        Ok(records)
    }

    /// The next line with its end, cut off one byte past the longest; `None` at the end.
    fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        (&mut self.input).take(LONGEST as u64 + 1).read_until(b'\n', &mut line)?;
        if line.len() > LONGEST && !line.ends_with(b"\n") {
            self.input.skip_until(b'\n')?;
        }
        Ok(Some(line).filter(|line| !line.is_empty()))
    }

    /// Puts lines together until they are one record, or more; `false` at the end.
    fn put_together(&mut self) -> io::Result<bool> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let (mut length, mut quotes) = (0, 0);
        while let Some(line) = self.read_line()? {
            length += line.len();
            quotes += line.split(|byte| *byte == b'"').count() - 1;
            lines.push(line);
            if quotes % 2 == 0 || length > LONGEST {
                break;
            }
        }
        let Some(first) = lines.first() else { return Ok(false) };
        let bad = match quotes % 2 {
            _ if first.len() > LONGEST => Some(BadRecord::TooLong),
            0 => None,
            _ => Some(BadRecord::OpenQuote),
        };
        if let Some(bad) = bad {
            self.found.push_back((self.line, Err(bad)));
            self.line += 1;
            for line in lines.drain(1..).rev() {
                self.ahead.push_front(line);
            }
        } else {
            self.parse(lines.concat())?;
            self.line += lines.len() as u64;
        }
        Ok(true)
    }

    fn parse(&mut self, text: Vec<u8>) -> io::Result<()> {
        *self.parser.get_mut() = Cursor::new(text);
        self.parser.seek_raw(SeekFrom::Start(0), Position::new())?;
        let mut record = ByteRecord::new();
        // Any bytes in any number of fields are a record.
        while self.parser.read_byte_record(&mut record)? {
            let text = self.parser.get_ref().get_ref();
            let start = record.position().map_or(0, |place| usize::try_from(place.byte()).unwrap_or_default());
            let blank = text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let above = text[..start + blank].split(|byte| *byte == b'\n').count() - 1;
            self.found.push_back((self.line + above as u64, Ok(mem::take(&mut record))));
        }
        Ok(())
    }
}

fn parser(separator: u8) -> csv::Reader<Cursor<Vec<u8>>> {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(separator).from_reader(Cursor::default())
}

impl<R: Read> Iterator for CsvRecords<R> {
    type Item = io::Result<Placed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.found.pop_front() {
                return Some(Ok(record));
            }
            if self.is_broken {
                return None;
            }
            match self.put_together() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.is_broken = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl<R> fmt::Debug for CsvRecords<R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CsvRecords(line {})", self.line)
    }
}
