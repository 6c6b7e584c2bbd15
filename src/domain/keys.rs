//! Keys: by what an index finds texts.
//!
//! Of each token of a [folded](super::folding) text there is its beginning, marked `^`, and what is left of it after its
//! first character, after its second and so on, down to three characters; each cut after six. `monday` has `^monday`,
//! `onday`, `nday` and `day`. So whatever stands in a word is the beginning of a key, and what an index is asked for is one
//! or two keys, which few texts have: three letters alone would be in many. Short words, which many texts have, are asked
//! for only where all others are as short. They are the beginnings of very many keys; where that matters, there are keys of
//! their own for them: `<m` and `<mo`. An index may find more than matches, never less; the texts themselves then tell.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::folding::{SHORT, Search, Word};

/// So many words of a search are asked for, those with the longest tokens: they tell most, and each common one costs a
/// walk through all texts that have it.
const WORDS: usize = 3;
/// For the same reason so many keys are, of each of which a text must have one: as many as three long words have.
const TERMS: usize = 12;
/// The longest key, in characters, without its mark.
const LONGEST: usize = 6;
/// Marks the beginning of a token. No key of two characters or more has it in any other place.
const MARK: char = '^';
/// Marks how a token begins.
const SHORT_MARK: char = '<';

/// How an index finds short words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortWords {
    /// By keys of their own: a third of all keys.
    ByKeys,
    /// As the beginnings of the keys there are anyhow.
    AsPrefixes,
}

/// A key that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The key, or how it begins.
    pub key: String,
    /// Whether every key counts that begins so.
    pub is_prefix: bool,
}

/// All keys of a folded text, in order.
#[must_use]
pub fn keys(folded: &str, short: ShortWords) -> Vec<Cow<'_, str>> {
    let mut keys = Vec::new();
    for token in folded.split(' ').filter(|token| !token.is_empty()) {
        keys.push(marked(cut(token)).into());
        if short == ShortWords::ByKeys {
            let ends = token.char_indices().map(|(at, c)| at + c.len_utf8()).take(SHORT - 1);
            keys.extend(ends.map(|end| Cow::from(format!("{SHORT_MARK}{}", &token[..end]))));
        }
        let further = token.char_indices().skip(1).map(|(at, _)| &token[at..]);
        keys.extend(further.take_while(|rest| rest.chars().nth(SHORT - 1).is_some()).map(|rest| Cow::from(cut(rest))));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What a text must have to match: all of these, of each at least one.
#[must_use]
pub fn wanted(search: &Search, short: ShortWords) -> Vec<Vec<Term>> {
    let mut words: Vec<&Word> = search.words().iter().collect();
    let longest = |word: &Word| word.tokens().split(' ').map(|token| token.chars().count()).max().unwrap_or_default();
    if words.iter().any(|word| longest(word) >= SHORT) {
        words.retain(|word| !is_one_short(word));
    }
    words.sort_by_key(|word| Reverse(longest(word)));
    let mut wanted: Vec<Vec<Term>> = Vec::new();
    for terms in words.into_iter().take(WORDS).flat_map(|word| word_wanted(word, short)) {
        if !wanted.contains(&terms) {
            wanted.push(terms);
        }
    }
    let longest = |terms: &Vec<Term>| terms.iter().map(|term| term.key.chars().count()).max();
    if wanted.len() > TERMS {
        wanted.sort_by_key(|terms| Reverse(longest(terms)));
        wanted.truncate(TERMS);
    }
    wanted
}

/// Whether all that is known is how a token begins.
fn is_one_short(word: &Word) -> bool {
    word.is_short() && !word.tokens().contains(' ')
}

fn word_wanted(word: &Word, short: ShortWords) -> Vec<Vec<Term>> {
    let tokens: Vec<&str> = word.tokens().split(' ').collect();
    let last = tokens.len() - 1;
    let token_wanted = |(place, token): (usize, &&str)| match place {
        0 if is_one_short(word) => vec![vec![match short {
            ShortWords::ByKeys => Term { key: format!("{SHORT_MARK}{token}"), is_prefix: false },
            ShortWords::AsPrefixes => Term { key: marked(token), is_prefix: true },
        }]],
        0 if last == 0 => within(token),
        // Where a word of several tokens begins, a longer token of the text may end.
        0 if !word.is_short() && token.chars().all(char::is_alphanumeric) => within(token),
        _ => begins(token, place == last),
    };
    tokens.iter().enumerate().flat_map(token_wanted).collect()
}

/// What a token has that begins with `text`, or is it where it `goes_on` not.
fn begins(text: &str, goes_on: bool) -> Vec<Vec<Term>> {
    let first = cut(text);
    let is_prefix = goes_on && first.chars().count() < LONGEST;
    let mut wanted = vec![vec![Term { key: marked(first), is_prefix }]];
    wanted.extend(further(text));
    wanted
}

/// What a token has with `text` in it; nothing is known of one that ends with less than three characters.
fn within(text: &str) -> Vec<Vec<Term>> {
    if text.chars().count() < SHORT {
        return Vec::new();
    }
    let first = cut(text);
    let is_prefix = first.chars().count() < LONGEST;
    let keys = [first.to_owned(), marked(first)];
    let mut wanted = vec![keys.map(|key| Term { key, is_prefix }).to_vec()];
    wanted.extend(further(text));
    wanted
}

/// The same for what follows the first key: whole keys, the last of them as near to the end as it can be.
fn further(text: &str) -> Vec<Vec<Term>> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let last = starts.len().saturating_sub(LONGEST);
    let next = (LONGEST..starts.len()).step_by(LONGEST).map(|place| cut(&text[starts[place.min(last)]..]));
    next.map(|key| vec![Term { key: key.to_owned(), is_prefix: false }]).collect()
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}

fn marked(key: &str) -> String {
    format!("{MARK}{key}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::folding::fold;

    fn of(text: &str) -> Vec<String> {
        keys(&fold(text), ShortWords::ByKeys).into_iter().map(Cow::into_owned).collect()
    }

    fn asked(keyword: &str) -> String {
        asked_of(keyword, ShortWords::ByKeys)
    }

    fn asked_of(keyword: &str, short: ShortWords) -> String {
        let term = |term: Term| format!("{}{}", term.key, if term.is_prefix { "*" } else { "" });
        let any = |terms: Vec<Term>| terms.into_iter().map(term).collect::<Vec<_>>().join("|");
        wanted(&Search::parse(keyword).unwrap(), short).into_iter().map(any).collect::<Vec<_>>().join(" ")
    }

    /// Whether an index of either kind would find a text.
    fn finds(keyword: &str, text: &str) -> bool {
        [ShortWords::ByKeys, ShortWords::AsPrefixes].into_iter().all(|short| {
            let folded = fold(text);
            let keys = keys(&folded, short);
            let has =
                |term: &Term| keys.iter().any(|key| *key == term.key || (term.is_prefix && key.starts_with(&term.key)));
            wanted(&Search::parse(keyword).unwrap(), short).iter().all(|any| any.iter().any(has))
        })
    }

    #[test]
    fn a_token_has_its_beginning_and_what_follows() {
        assert_eq!(of("Monday"), ["<m", "<mo", "^monday", "day", "nday", "onday"]);
        assert_eq!(of("a to"), ["<a", "<t", "<to", "^a", "^to"]);
        assert_eq!(of("être!"), ["<!", "<e", "<et", "^!", "^etre", "tre"]);
        assert_eq!(of("abcdefghi"), ["<a", "<ab", "^abcdef", "bcdefg", "cdefgh", "defghi", "efghi", "fghi", "ghi"]);
        assert_eq!(of(""), [""; 0]);
        assert_eq!(keys(" a to ", ShortWords::AsPrefixes), ["^a", "^to"]);
    }

    #[test]
    fn a_search_asks_for_few_keys() {
        assert_eq!(asked("a to"), "<to <a");
        assert_eq!(asked_of("a to", ShortWords::AsPrefixes), "^to* ^a*");
        assert_eq!(asked("day"), "day*|^day*");
        assert_eq!(asked("monday"), "monday|^monday");
        assert_eq!(asked("Wednesdays"), "wednes|^wednes esdays");
        assert_eq!(asked("abcdefghijklmnop"), "abcdef|^abcdef ghijkl klmnop");
        assert_eq!(asked("lundis,a"), "lundis|^lundis ^, ^a*");
        assert_eq!(asked("n'est"), "^' ^est*");
        assert_eq!(asked("a to be on monday"), "monday|^monday");
        assert_eq!(asked("a to be on"), "<to <be <on");
        assert_eq!(asked("wu ..."), "<wu ^. ^.*");
        assert_eq!(asked("c'est n'est qu'il zebre"), "zebre*|^zebre* ^' ^est*");
        assert_eq!(asked("l'"), "^l ^'*");
        let many = format!("{}zebras", "a.".repeat(90));
        assert_eq!(asked(&many), "^. ^a ^zebras");
        let long: String = ('a'..='z').cycle().take(150).collect();
        assert_eq!(wanted(&Search::parse(&long).unwrap(), ShortWords::ByKeys).len(), TERMS);
        assert_eq!(asked("100%"), "100*|^100* ^%*");
    }

    proptest! {
        #[test]
        fn no_match_is_without_the_keys(text in "[a-cé'% ]{0,30}", keyword in "[a-cé'%]{1,9}( [a-c]{1,3}){0,5}") {
            let search = Search::parse(&keyword).unwrap();
            if search.rank(&fold(&text)).is_some() {
                prop_assert!(finds(&keyword, &text), "{keyword} in {text}");
            }
        }

        #[test]
        fn whatever_is_within_a_text_is_found(text in "\\PC{1,40}", at in 0_usize..40, length in 3_usize..20) {
            let part: String = text.chars().skip(at).take(length).collect();
            if let Ok(search) = Search::parse(&part) && search.rank(&fold(&text)).is_some() {
                prop_assert!(finds(&part, &text), "{part} in {text}");
            }
        }
    }
}
