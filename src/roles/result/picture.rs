//! The result as a picture to keep, in SVG.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::Needs;
use crate::domain::snapshot::{Audience, Snapshot, Standing};
use crate::http::error::ApiError;
use crate::http::language::Language;

/// Letters in a line of the picture's title, and in a label, at most.
const TITLE_WIDTH: usize = 46;
const LABEL_WIDTH: usize = 48;
/// Heights in the picture, in its units: of the head with one line, of each further line, of an option, of the foot.
const HEAD: usize = 190;
const LINE: usize = 52;
const ROW: usize = 96;
const FOOT: usize = 70;
/// The full width of a bar in the picture.
const BAR: u64 = 1080;

#[derive(Debug, Serialize)]
struct Picture<'a> {
    height: usize,
    title: Vec<String>,
    rows: Vec<Bar>,
    total: u64,
    state: &'a str,
    at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Bar {
    label: String,
    votes: u64,
    ahead: bool,
    width: u64,
    y: usize,
}

/// The result as `audience` may see it.
pub fn picture(
    needs: &Needs,
    snapshot: &Snapshot,
    audience: Audience,
    language: Language,
) -> Result<Response, ApiError> {
    let view = snapshot.view(audience);
    let Some(total) = view.total else { return Err(ApiError::Unauthorized) };
    let title = lines(&view.title, TITLE_WIDTH);
    let head = HEAD + LINE * title.len().saturating_sub(1);
    let bar = |(place, row): (usize, Standing<'_>)| Bar {
        label: shortened(row.label, LABEL_WIDTH),
        votes: row.votes.unwrap_or_default(),
        ahead: row.ahead,
        width: BAR * row.votes.unwrap_or_default() / total.max(1),
        y: head + ROW * place,
    };
    let rows: Vec<Bar> = view.standings().into_iter().enumerate().map(bar).collect();
    let height = head + ROW * rows.len() + FOOT;
    let picture = Picture { height, title, rows, total, state: view.state(), at: view.at };
    let body = needs.pages.render("result.svg", language, &picture)?;
    let file = format!("attachment; filename=\"{}.svg\"", view.poll);
    let mut response = ([(CONTENT_TYPE, "image/svg+xml")], body).into_response();
    let headers = response.headers_mut();
    // What strangers wrote is in it, and a browser that opens it by its address must run none of it.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    if let Ok(file) = HeaderValue::try_from(file) {
        headers.insert(CONTENT_DISPOSITION, file);
    }
    Ok(response)
}

/// Breaks a text between words into lines of at most `width` letters; a longer word is broken, too.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for part in letters.chunks(width) {
            match lines.last_mut() {
                Some(line) if line.chars().count() + 1 + part.len() <= width => {
                    line.push(' ');
                    line.extend(part);
                }
                _ => lines.push(part.iter().collect()),
            }
        }
    }
    lines
}

/// The text, or its beginning where it has more than `width` letters.
fn shortened(text: &str, width: usize) -> String {
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(width).collect();
    if letters.next().is_none() { start } else { format!("{}…", start.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words_and_a_long_word_within() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("a considerable word", 5), ["a", "consi", "derab", "le", "word"]);
        assert!(lines(" ", 5).is_empty());
    }

    #[test]
    fn a_long_text_says_that_it_goes_on() {
        assert_eq!(shortened("élève", 5), "élève");
        assert_eq!(shortened("one two", 4), "one…");
    }
}
