//! All quotes, for organisers: what is on the wall, what is hidden and by whom, and some to make a poll of.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::Needs;
use super::super::wall::Card;
use crate::domain::names::MAX_OPTIONS;
use crate::domain::new_poll::as_label;
use crate::domain::quote::{Quote, QuoteId};
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::query::Parameters;
use crate::store::words::Order;

/// Quotes on one page: as many as a poll can take.
const PAGE: u32 = 50;

/// Which quotes are asked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    /// `top` or `hidden`; else the newest.
    show: Option<String>,
    /// The last one seen: its number, of `top` behind how many liked it and a dot.
    after: Option<String>,
    /// What to look for.
    q: Option<String>,
}

/// Which quotes a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Show {
    New,
    Top,
    Hidden,
    Found,
}

#[derive(Debug, Serialize)]
struct Page {
    show: Show,
    cards: Vec<Card>,
    q: Option<String>,
    /// What follows `after=` in the address of the next page.
    next: Option<String>,
    is_first: bool,
    query: String,
    back: String,
}

/// Quotes as the options of a poll.
#[derive(Debug, Default)]
pub struct Chosen {
    /// What is left to choose from: each once, none longer than a label.
    pub labels: Vec<String>,
    /// Those that were too long, whole.
    pub shortened: Vec<String>,
}

/// `GET /studio/quotes`.
pub async fn list(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, ApiError> {
    let (show, mut query) = wanted.query();
    let mut quotes = needs.quotes_to_show(&wanted, show).await?;
    let is_more = show != Show::Found && quotes.len() > PAGE as usize;
    if is_more {
        quotes.truncate(PAGE as usize);
    }
    if let Some(after) = &wanted.after {
        query = format!("{query}&after={after}");
    }
    let cards = needs.cards(quotes, Some(&caller.actor), None).await?;
    let page = Page {
        show,
        next: cards.last().filter(|_| is_more).map(|last| show.place(last)),
        cards,
        is_first: wanted.after.is_none(),
        back: format!("/studio/quotes?{query}"),
        query,
        q: wanted.q.filter(|_| show == Show::Found),
    };
    needs.pages.show_to(&caller, "studio/quotes.html", language, page)
}

impl Needs {
    /// What a page shows, and one more where there is another page.
    async fn quotes_to_show(&self, wanted: &Wanted, show: Show) -> Result<Vec<Quote>, ApiError> {
        let after = wanted.after.as_deref();
        let number = || after.map(|id| id.parse::<QuoteId>().map_err(|_| wrong_place())).transpose();
        Ok(match show {
            Show::New => self.store.quotes(Order::Newest(number()?), PAGE + 1, true).await?,
            Show::Top => self.store.quotes(Order::Liked(after.map(liked).transpose()?), PAGE + 1, true).await?,
            Show::Hidden => self.store.hidden_quotes(number()?, PAGE + 1).await?,
            Show::Found => {
                let words = wanted.q.as_deref().unwrap_or_default();
                let mut quotes = self.find_quotes(words).await?.quotes;
                quotes.extend(self.find_hidden_quotes(words).await?);
                quotes
            }
        })
    }

    /// The quotes of these numbers as options of a poll: those that everybody may see.
    pub(super) async fn chosen(&self, ids: &[&str]) -> Result<Chosen, ApiError> {
        let ids: Vec<QuoteId> = ids.iter().filter_map(|id| id.parse().ok()).take(MAX_OPTIONS).collect();
        let mut chosen = Chosen::default();
        for quote in self.store.quotes_of(&ids, false).await? {
            let (label, is_cut) = as_label(&quote.text);
            if chosen.labels.contains(&label) {
                continue;
            }
            chosen.labels.push(label);
            if is_cut {
                chosen.shortened.push(quote.text);
            }
        }
        Ok(chosen)
    }
}

impl Wanted {
    /// Which quotes are asked for, and the address that asks for them, without the place in it.
    fn query(&self) -> (Show, String) {
        let words = self.q.as_deref().filter(|words| !words.trim().is_empty());
        if let Some(query) = words.and_then(|words| serde_urlencoded::to_string([("q", words)]).ok()) {
            return (Show::Found, query);
        }
        let (show, word) = match self.show.as_deref() {
            Some("top") => (Show::Top, "top"),
            Some("hidden") => (Show::Hidden, "hidden"),
            _ => (Show::New, "new"),
        };
        (show, format!("show={word}"))
    }
}

impl Show {
    /// Where a page with this last quote ends.
    fn place(self, last: &Card) -> String {
        if self == Self::Top { format!("{}.{}", last.upvotes(), last.id()) } else { last.id().to_string() }
    }
}

fn liked(after: &str) -> Result<(u64, QuoteId), ApiError> {
    let place = after.split_once('.').and_then(|(upvotes, id)| Some((upvotes.parse().ok()?, id.parse().ok()?)));
    place.ok_or_else(wrong_place)
}

fn wrong_place() -> ApiError {
    ApiError::BadRequest("after: where the page before ended".into())
}
