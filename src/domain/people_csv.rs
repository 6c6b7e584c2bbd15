//! The file that lists people: CSV (RFC 4180) with a header that names the columns `id`, `name` and, where there are any,
//! `password`, in any order and among others; separated by commas or semicolons; UTF-8, with or without a byte order mark.
//!
//! It is read as it comes, in constant memory. A row that cannot be read is skipped, with its line and the reason.

use std::fmt;
use std::io::{self, Read};

use csv::ByteRecord;

use super::csv_records::CsvRecords;
use super::csv_rows::{BadFile, BadRow, Header, Skipped, text};

/// Somebody's row. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file it begins at, from 1.
    pub line: u64,
    /// What they are known by: a line, not empty, without space around it.
    pub id: String,
    /// What they are called: a line, not empty, without space around it.
    pub name: String,
    /// Their password, as it stands there; `None` where there is none.
    pub password: Option<String>,
}

impl fmt::Debug for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Row(line {}: {}, {}, password: {})", self.line, self.id, self.name, self.password.is_some())
    }
}

/// The rows of a file, one after the other. After an error no more is read.
#[derive(Debug)]
pub struct PeopleCsv<R> {
    records: CsvRecords<R>,
    columns: Columns,
}

impl<R: Read> PeopleCsv<R> {
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

impl<R: Read> Iterator for PeopleCsv<R> {
    /// A row, or one that was skipped; an error where the file could not be read any further: what came before is not all.
    type Item = Result<Result<Row, Skipped>, io::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, record) = match self.records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let row = record.map_err(BadRow::from).and_then(|record| self.columns.row(&record));
        Some(Ok(row.map(|row| Row { line, ..row }).map_err(|reason| Skipped { line, reason })))
    }
}

/// Where the columns are.
#[derive(Clone, Copy, Debug)]
struct Columns {
    id: usize,
    name: usize,
    password: Option<usize>,
}

impl Columns {
    fn named_by(header: &ByteRecord) -> Result<Self, BadFile> {
        let header = Header::new(header, "id,name,password");
        Ok(Self { id: header.need("id")?, name: header.need("name")?, password: header.find("password")? })
    }

    /// The row of a record, without its line.
    fn row(self, record: &ByteRecord) -> Result<Row, BadRow> {
        let needed = |place, column| match text(record, place, column)?.trim() {
            "" => Err(BadRow::Missing(column)),
            text if text.contains(['\r', '\n']) => Err(BadRow::LineBreak(column)),
            text => Ok(text.to_owned()),
        };
        let (id, name) = (needed(self.id, "id")?, needed(self.name, "name")?);
        let password = self.password.map(|place| text(record, place, "password")).transpose()?;
        let password = password.filter(|password| !password.is_empty()).map(str::to_owned);
        Ok(Row { line: 0, id, name, password })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::sample::select;

    use super::*;
    use crate::domain::csv_records::{BadRecord, LONGEST};

    /// A reader that gives out little at a time, as pipes do.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(7).min(buffer.len());
            self.0.read(&mut buffer[..count])
        }
    }

    /// What each row comes to, in one line.
    fn rows(file: impl AsRef<[u8]>) -> Vec<String> {
        let told = |row: Result<Row, Skipped>| match row {
            Ok(row) => format!("{}: {}/{}/{}", row.line, row.id, row.name, row.password.as_deref().unwrap_or("-")),
            Err(skipped) => skipped.to_string(),
        };
        PeopleCsv::open(Trickle(file.as_ref())).unwrap().map(|row| told(row.unwrap())).collect()
    }

    fn refusal(file: &str) -> String {
        PeopleCsv::open(file.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn columns_are_found_by_name_and_the_password_may_be_left_out() {
        assert_eq!(
            rows("id,name,password\n7,Anna, a b \n8,Bob,\n9,Cy"),
            ["2: 7/Anna/ a b ", "3: 8/Bob/-", "4: 9/Cy/-"]
        );
        assert_eq!(rows("Name, ID ,mail\r\nAnna , 7 ,a@x\r\n"), ["2: 7/Anna/-"]);
        assert_eq!(rows("id,name\n"), [""; 0]);
    }

    #[test]
    fn semicolons_and_a_byte_order_mark_are_as_good() {
        assert_eq!(rows("\u{feff}id;name;password\n7;Doe, Anna;x\n"), ["2: 7/Doe, Anna/x"]);
        assert_eq!(rows("\u{feff}\"id\";\"name\"\n\"7\";\"Anna; Bob\"\n"), ["2: 7/Anna; Bob/-"]);
        assert_eq!(rows("id,name\n7,Anna; Bob\n"), ["2: 7/Anna; Bob/-"]);
    }

    #[test]
    fn a_row_is_at_the_line_where_it_begins() {
        let file = "\n\nid,name,password\n7,\"Anna \"\"A\"\" Doe\",\"two\nlines\"\n\r\n8,Bob,x\n";
        assert_eq!(rows(file), ["4: 7/Anna \"A\" Doe/two\nlines", "7: 8/Bob/x"]);
    }

    #[test]
    fn a_bad_row_is_skipped_alone() {
        let file = b"id,name,password\n,Anna,x\n8, ,x\n9\n10,B\xffb,x\n11,Bob,\xc3\n12,\xc3\x89va,x\n".as_slice();
        let not_utf8 = "is not UTF-8: save the file as CSV UTF-8";
        let expected = [
            "line 2: the id is missing".to_owned(),
            "line 3: the name is missing".into(),
            "line 4: the name is missing".into(),
            format!("line 5: the name {not_utf8}"),
            format!("line 6: the password {not_utf8}"),
            "7: 12/Éva/x".into(),
        ];
        assert_eq!(rows(file), expected);
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_costs_one_line() {
        let open = |line| format!("line {line}: {}", BadRecord::OpenQuote);
        assert_eq!(rows("id,name\n7,\"Anna\n8,Bob\n9,Cy"), [open(2), "3: 8/Bob/-".into(), "4: 9/Cy/-".into()]);
        let rows = rows(format!("id,name\n7,\"Anna\n{}", "8,Bob\n".repeat(50_000)));
        assert_eq!((rows.len(), rows[0].as_str(), rows[50_000].as_str()), (50_001, &*open(2), "50002: 8/Bob/-"));
    }

    #[test]
    fn a_name_that_goes_on_in_the_next_line_is_told_as_what_it_may_be() {
        let hint = "line 2: the name goes on in the next line: is a quotation mark missing?";
        assert_eq!(rows("id,name\n7,\"Anna\n8,Bob\"\n9,Cy\n"), [hint, "4: 9/Cy/-"]);
    }

    #[test]
    fn rows_are_bounded() {
        let long = |length: usize| format!("id,name\n7,{}\n8,Bob\n", "x".repeat(length));
        assert_eq!(rows(long(LONGEST - 3)).len(), 2, "with its line's end it just fits");
        for length in [LONGEST - 2, LONGEST, 5 * LONGEST] {
            assert_eq!(rows(long(length)), ["line 2: the line is longer than 65536 bytes", "3: 8/Bob/-"], "{length}");
        }
    }

    #[test]
    fn a_file_without_the_columns_is_none() {
        assert_eq!(refusal(""), "the file is empty");
        assert_eq!(refusal("\n\r\n"), "the file is empty");
        let missing = |column| format!("the first line names no column {column:?}: it must look like id,name,password");
        assert_eq!(refusal("name,password\nAnna,x\n"), missing("id"));
        assert_eq!(refusal("id\n7\n"), missing("name"));
        assert_eq!(refusal("7,Anna,x\n"), missing("id"));
        assert_eq!(refusal("id,name,ID\n"), "the first line names the column \"id\" twice");
    }

    #[test]
    fn a_file_that_breaks_off_is_an_error_and_not_a_short_file() {
        #[derive(Debug)]
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let start = format!("id,name\n{}", "7,Anna\n".repeat(20_000));
        let mut rows = PeopleCsv::open(start.as_bytes().chain(Broken)).unwrap();
        let error = rows.find_map(Result::err).unwrap();
        assert_eq!(error.to_string(), "the disk is gone");
        assert!(rows.all(|row| row.is_ok()), "it was read again");
        assert!(matches!(PeopleCsv::open(Broken).unwrap_err(), BadFile::Unreadable(_)));
    }

    proptest::proptest! {
        #[test]
        fn what_others_write_is_read_as_it_was(
            passwords in vec("(?s).{1,20}|[\",;\n\r ]{1,6}", 1..20),
            semicolons: bool,
        ) {
            let separator = if semicolons { b';' } else { b',' };
            let mut file = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
            file.write_record(["id", "name", "password"]).unwrap();
            for password in &passwords {
                file.write_record(["7", "Anna", password]).unwrap();
            }
            let file = file.into_inner().unwrap();
            let rows = PeopleCsv::open(Trickle(&file)).unwrap();
            let read: Vec<_> = rows.map(|row| row.unwrap().unwrap().password.unwrap()).collect();
            assert_eq!(read, passwords);
        }

        #[test]
        fn whatever_the_bytes_are_rows_come_to_an_end(
            noise in vec(select(b"\",;\n\ra\xff\xef\xbb\xbf ".as_slice()), 0..60),
        ) {
            let rows = rows([b"id,name\n", noise.as_slice()].concat());
            assert!(rows.len() <= noise.len(), "{rows:?}");
        }
    }

    #[test]
    fn debug_does_not_show_a_password() {
        let mut rows = PeopleCsv::open("id,name,password\n7,Anna,hunter2\n".as_bytes()).unwrap();
        let shown = format!("{:?}", rows.next().unwrap().unwrap().unwrap());
        assert!(shown.contains("Anna") && !shown.contains("hunter2"), "{shown}");
    }
}
