//! The order of what a search has found, and its pages.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use super::folding::Match;
use super::quote::QuoteId;

/// Where a quote stands in the answer to a search: the lesser, the nearer to the front. As text it is
/// `<rank>.<upvotes>.<id>`, the rank from 0 for whole words: the cursor of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// How well it matches.
    pub rank: Match,
    /// How many like it; the most first.
    pub upvotes: Reverse<u64>,
    /// Which; the oldest first.
    pub id: QuoteId,
}

/// A cursor that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("after: <rank>.<upvotes>.<id>, as the link to the next page has it")]
pub struct InvalidPlace;

/// One page of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What is on it, in order.
    pub places: Vec<Place>,
    /// Whether more follows.
    pub more: bool,
}

/// Finds one page among all that is found.
#[derive(Clone, Debug)]
pub struct Ranking {
    after: Option<Place>,
    limit: usize,
    found: Vec<Place>,
    whole: usize,
}

impl Ranking {
    /// Of the page after a place, of at most `limit` quotes.
    #[must_use]
    pub fn new(after: Option<Place>, limit: usize) -> Self {
        Self { after, limit, found: Vec::new(), whole: 0 }
    }

    /// Adds what was found, in any order.
    pub fn add(&mut self, found: impl IntoIterator<Item = Place>) {
        for place in found {
            if self.after.is_none_or(|after| place > after) {
                self.whole += usize::from(place.rank == Match::Whole);
                self.found.push(place);
            }
        }
    }

    /// Whether nothing less liked than all that was added can be on the page.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.whole > self.limit
    }

    /// The page.
    #[must_use]
    pub fn into_page(self) -> Page {
        let Self { limit, found: mut places, .. } = self;
        places.sort_unstable();
        // One whose upvotes changed meanwhile may have been found twice.
        let mut seen = HashSet::with_capacity(places.len());
        places.retain(|place| seen.insert(place.id));
        let more = places.len() > limit;
        places.truncate(limit);
        Page { places, more }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.rank as u8, self.upvotes.0, self.id)
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let (rank, liked) = text.split_once('.').ok_or(InvalidPlace)?;
        let rank = Match::ALL.into_iter().find(|known| (*known as u8).to_string() == rank).ok_or(InvalidPlace)?;
        let (upvotes, id) = liked_place(liked).ok_or(InvalidPlace)?;
        Ok(Self { rank, upvotes: Reverse(upvotes), id })
    }
}

/// The place of a quote among the best liked, which is written `<upvotes>.<id>`; `None` where it is none.
#[must_use]
pub fn liked_place(text: &str) -> Option<(u64, QuoteId)> {
    let (upvotes, id) = text.split_once('.')?;
    let is_plain = upvotes.bytes().all(|c| c.is_ascii_digit());
    Some((upvotes.parse().ok().filter(|_| is_plain)?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_among_the_best_liked_is_written_in_one_way() {
        assert_eq!(liked_place("12.7").map(|(upvotes, id)| (upvotes, id.get())), Some((12, 7)));
        for wrong in ["", "7", ".7", "+5.7", "5.", "5.0", "5.+7", "5.7.1", " 5.7", "99999999999999999999.7"] {
            assert_eq!(liked_place(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn better_matches_come_first_then_the_better_liked_then_the_oldest() {
        let mut places = ["2.9.1", "0.1.7", "1.5.3", "0.3.9", "0.1.4"].map(place);
        places.sort_unstable();
        assert_eq!(places.map(|place| place.to_string()), ["0.3.9", "0.1.4", "0.1.7", "1.5.3", "2.9.1"]);
    }

    #[test]
    fn pages_follow_each_other() {
        let all = ["2.9.1", "0.1.7", "1.5.3", "0.3.9", "0.1.4"].map(place);
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let mut ranking = Ranking::new(after, 2);
            ranking.add(all);
            let page = ranking.into_page();
            seen.extend(page.places.iter().map(ToString::to_string));
            after = page.places.last().copied();
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, ["0.3.9", "0.1.4", "0.1.7", "1.5.3", "2.9.1"]);
    }

    #[test]
    fn a_page_is_settled_when_it_is_full_of_whole_words_and_more_follow() {
        let mut ranking = Ranking::new(Some(place("0.9.1")), 1);
        ranking.add(["0.9.1", "0.10.3", "1.9.2", "0.8.4"].map(place));
        assert!(!ranking.is_settled());
        ranking.add([place("0.7.5")]);
        assert!(ranking.is_settled());
        assert_eq!(ranking.into_page(), Page { places: vec![place("0.8.4")], more: true });
    }

    #[test]
    fn a_cursor_that_is_none_is_refused() {
        for wrong in ["", "0", "0.1", "3.1.1", "0.-1.1", "0.+1.1", "0..1", "0.1.0", "0.1.1.1", "a.1.1", "00.1.1"] {
            assert_eq!(wrong.parse::<Place>(), Err(InvalidPlace), "{wrong:?}");
        }
    }
}
