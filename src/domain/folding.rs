//! Folding: text as search sees it, the same on every backend, so that "ete" finds "Été" and "oeuvre" finds "Œuvre".
//!
//! A text is taken apart by Unicode's compatibility decomposition (<https://www.unicode.org/reports/tr15/>, NFKD), loses
//! its marks, its capitals, its ligatures and what is not seen, and is then a row of *tokens* with a space before and
//! after each: a token is a run of letters and digits, or one character that is neither. `L'Été !` becomes ` l ' ete ! `.
//! So whether a word begins or ends somewhere is seen from the spaces beside it, and each kind of match is the search for
//! a part of a text.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most words of a search; more are a text, not a search.
pub const MAX_WORDS: usize = 16;
/// The longest search, in characters.
pub const MAX_KEYWORD: usize = 200;
/// Words shorter than this match only where a word begins.
pub(super) const SHORT: usize = 3;

/// A text, folded: tokens between spaces.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 2);
    folded.push(' ');
    if text.is_ascii() {
        // The same, ten times as fast.
        fold_small(text.chars().map(|c| c.to_ascii_lowercase()), &mut folded);
    } else {
        let letters = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
        fold_small(letters.filter(|c| !is_combining_mark(*c)), &mut folded);
    }
    if !folded.ends_with(' ') {
        folded.push(' ');
    }
    folded
}

/// Adds the tokens that small letters without marks are.
fn fold_small(letters: impl Iterator<Item = char>, folded: &mut String) {
    let mut in_word = false;
    for c in letters {
        let c = plain(c);
        if is_invisible(c) {
            continue;
        }
        let in_next = c.is_alphanumeric();
        if !(in_word && in_next || folded.ends_with(' ')) {
            folded.push(' ');
        }
        in_word = in_next;
        match ligature(c) {
            Some(letters) => folded.push_str(letters),
            None if c.is_whitespace() || c.is_control() => {}
            None => folded.push(c),
        }
    }
}

/// Characters that readers do not tell from one on the keyboard: as that one.
fn plain(c: char) -> char {
    match c {
        '‘' | '’' | '‛' | 'ʼ' => '\'',
        '“' | '”' | '„' | '‟' => '"',
        '‐'..='―' | '−' => '-',
        'ς' => 'σ',
        _ => c,
    }
}

/// Whether a character is not seen, nor is where it stands: those that Unicode calls ignorable by default
/// (<https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>) and the Braille pattern without dots.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// What Unicode does not take apart and readers do, in small letters.
fn ligature(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'þ' => "th",
        _ => return None,
    })
}

/// What is wrong with a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSearch {
    /// Nothing to look for.
    #[error("nothing to look for")]
    Empty,
    /// Too much to look for.
    #[error("at most {MAX_KEYWORD} characters and {MAX_WORDS} words to look for")]
    TooLong,
}

/// What is looked for: words, all of which a text must have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Search {
    words: Vec<Word>,
}

/// One word of a search: what stands between two spaces of what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// Its tokens with a space between them, but none around.
    tokens: String,
    is_short: bool,
}

/// How well a text matches; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// As whole words.
    Whole,
    /// As the beginnings of words.
    Prefix,
    /// Within words.
    Within,
}

impl Match {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Prefix, Self::Within];
}

impl Search {
    /// What somebody typed. Nothing in it has a meaning but spaces.
    ///
    /// # Errors
    /// Where there is nothing in it, or too much.
    pub fn parse(keyword: &str) -> Result<Self, InvalidSearch> {
        if keyword.chars().count() > MAX_KEYWORD {
            return Err(InvalidSearch::TooLong);
        }
        let mut words: Vec<Word> = Vec::new();
        for word in keyword.split_whitespace().filter_map(Word::new) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        match words.len() {
            0 => Err(InvalidSearch::Empty),
            1..=MAX_WORDS => Ok(Self { words }),
            _ => Err(InvalidSearch::TooLong),
        }
    }

    /// The words, all of which a text must have.
    #[must_use]
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// How well a folded text matches: as well as the word that matches it worst. `None` where one does not.
    #[must_use]
    pub fn rank(&self, folded: &str) -> Option<Match> {
        self.words.iter().map(|word| word.rank(folded)).try_fold(Match::Whole, |worst, rank| Some(worst.max(rank?)))
    }
}

impl Word {
    fn new(text: &str) -> Option<Self> {
        let tokens = fold(text).trim().to_owned();
        let letters = tokens.chars().filter(|c| *c != ' ').count();
        (letters > 0).then_some(Self { tokens, is_short: letters < SHORT })
    }

    /// Its tokens, with a space between them, but none around.
    #[must_use]
    pub fn tokens(&self) -> &str {
        &self.tokens
    }

    /// Whether it matches only where a word begins.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.is_short
    }

    /// The part that every folded text has that matches: its tokens, with a space in front where the word must begin.
    #[must_use]
    pub fn part(&self) -> String {
        if self.is_short { format!(" {}", self.tokens) } else { self.tokens.clone() }
    }

    fn rank(&self, folded: &str) -> Option<Match> {
        let mut best = None;
        for (at, _) in folded.match_indices(&self.tokens) {
            let begins = folded[..at].ends_with(' ');
            let ends = folded[at + self.tokens.len()..].starts_with(' ');
            let rank = match (begins, ends) {
                (true, true) => return Some(Match::Whole),
                (true, false) => Match::Prefix,
                (false, _) if self.is_short => continue,
                (false, _) => Match::Within,
            };
            best = Some(best.map_or(rank, |best: Match| best.min(rank)));
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rank(keyword: &str, text: &str) -> Option<Match> {
        Search::parse(keyword).unwrap().rank(&fold(text))
    }

    #[test]
    fn case_accents_and_ligatures_do_not_count() {
        for (keyword, text) in [
            ("ete", "Un bel ÉTÉ"),
            ("été", "un bel ete"),
            ("oeuvre", "Chef-d’Œuvre"),
            ("ŒUVRE", "chef-d'oeuvre"),
            ("strasse", "Straße"),
            ("STRASSE", "straße"),
            ("fi", "ﬁn"),
            ("aether", "Æther"),
            ("ελλαδα", "Ελλάδα"),
            ("d'oeuvre", "chef-d’œuvre"),
            ("istanbul", "İstanbul"),
            ("１２", "12 %"),
            ("ΔΡΌΜΟΣ", "Ο δρόμος"),
            ("δρόμος", "Ο ΔΡΌΜΟΣ"),
            ("cooperation", "co\u{ad}operation"),
            ("na\u{200b}tional", "national"),
            ("\u{202e}word", "word"),
            ("\"yes\"", "“yes”"),
            ("e-mail", "e\u{2011}mail"),
            ("oʼneill", "O'Neill"),
        ] {
            assert!(rank(keyword, text).is_some(), "{keyword} in {text}: {}", fold(text));
        }
        assert_eq!(fold("L'Été !\n« Oui »"), " l ' ete ! « oui » ");
        assert_eq!((fold(""), fold(" \t ")), (" ".into(), " ".into()));
    }

    #[test]
    fn whole_words_are_better_than_beginnings_and_these_than_parts() {
        assert_eq!(rank("cat", "the cat."), Some(Match::Whole));
        assert_eq!(rank("cat", "scatter, cattle"), Some(Match::Prefix));
        assert_eq!(rank("cat", "scatter"), Some(Match::Within));
        assert_eq!(rank("cat", "scatter cattle cat"), Some(Match::Whole), "the best of its places");
        assert_eq!(rank("cat dog", "cat and doghouse"), Some(Match::Prefix), "the worst of its words");
        assert_eq!(rank("cat dog", "cat"), None, "all words must match");
    }

    #[test]
    fn short_words_match_where_words_begin() {
        assert_eq!(rank("ca", "a cat"), Some(Match::Prefix));
        assert_eq!(rank("at", "a cat"), None);
        assert_eq!(rank("a", "a cat"), Some(Match::Whole));
        assert_eq!(rank("t", "don't"), Some(Match::Whole));
        assert_eq!(rank("aaa", "aaaa"), Some(Match::Prefix));
    }

    #[test]
    fn nothing_that_is_typed_has_a_meaning() {
        assert_eq!(rank("100%", "1000"), None);
        assert_eq!(rank("100%", "by 100% of them"), Some(Match::Whole));
        assert_eq!(rank("_", "a b"), None);
        assert_eq!(rank("\"", "say \"no\""), Some(Match::Whole));
        assert_eq!(rank("a*", "abc"), None);
        assert_eq!(rank("cat OR dog", "cat"), None);
        assert_eq!(rank("\\", r"a\b"), Some(Match::Whole));
    }

    #[test]
    fn there_must_be_something_to_look_for_and_not_too_much() {
        for empty in ["", " ", "\u{301}", "\t\n"] {
            assert_eq!(Search::parse(empty), Err(InvalidSearch::Empty), "{empty:?}");
        }
        let words = |many: u32| (0..many).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        assert!(Search::parse(&words(16)).is_ok());
        assert_eq!(Search::parse(&words(17)), Err(InvalidSearch::TooLong));
        assert_eq!(Search::parse(&"x".repeat(201)), Err(InvalidSearch::TooLong));
        assert_eq!(Search::parse("cat Cat CÂT").unwrap().words().len(), 1);
    }

    proptest! {
        #[test]
        fn plain_letters_are_folded_as_all_others_are(text in "[\\x00-\\x7f]{0,40}") {
            let (plain, mixed) = (fold(&text), fold(&format!("{text} é")));
            prop_assert_eq!(plain.trim_end(), mixed.strip_suffix(" e ").unwrap_or_default());
        }

        #[test]
        fn a_text_is_found_by_each_word_of_it(text in "\\PC{0,40}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded.clone(), "folding what is folded changes nothing");
            prop_assert!(!folded.contains("  ") && folded.starts_with(' ') && folded.ends_with(' '));
            for word in text.split_whitespace() {
                if let Ok(search) = Search::parse(word) {
                    prop_assert_eq!(search.rank(&folded).is_some(), true, "{} in {}", word, folded);
                    for word in search.words() {
                        prop_assert!(folded.contains(&word.part()));
                    }
                }
            }
        }
    }
}
