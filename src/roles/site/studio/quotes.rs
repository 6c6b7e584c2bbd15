//! All quotes, for organisers: what is on the wall, what is hidden and by whom, and some to make a poll of.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::Needs;
use super::super::wall::{Card, Found, place};
use crate::domain::names::MAX_OPTIONS;
use crate::domain::new_poll::as_label;
use crate::domain::quote::QuoteId;
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::query::Parameters;

/// Quotes on one page: as many as a poll can take.
const PAGE: u32 = 50;

/// Which quotes are asked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    /// `top` or `hidden`; else the newest.
    show: Option<String>,
    /// The last one seen: its [place](place), of a search as that says it.
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
    /// Why nothing was looked for.
    refused: Option<&'static str>,
    is_first: bool,
    /// Which quotes these are, as addresses say it, without the place and with it.
    part: String,
    query: String,
    /// Where the forms of quotes lead back to.
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
    let (show, part) = wanted.part();
    let Found { quotes, next, refused } = needs.quotes_to_show(&wanted, show).await?;
    let query = match &wanted.after {
        Some(after) => format!("{part}&after={after}"),
        None => part.clone(),
    };
    let page = Page {
        show,
        cards: needs.cards(quotes, Some(&caller.actor), None).await?,
        next,
        refused,
        is_first: wanted.after.is_none(),
        back: format!("/studio/quotes?{query}"),
        query,
        part,
        q: wanted.q.filter(|_| show == Show::Found),
    };
    needs.pages.show_to(&caller, "studio/quotes.html", language, page)
}

impl Needs {
    async fn quotes_to_show(&self, wanted: &Wanted, show: Show) -> Result<Found, ApiError> {
        let after = wanted.after.as_deref();
        let mut quotes = match show {
            Show::New => self.store.quotes(place::newest(after)?, PAGE + 1, true).await?,
            Show::Top => self.store.quotes(place::best_liked(after)?, PAGE + 1, true).await?,
            Show::Hidden => self.store.hidden_quotes(place::by_age(after)?, PAGE + 1).await?,
            Show::Found => return self.find_all_quotes(wanted.q.as_deref().unwrap_or_default(), after).await,
        };
        let is_more = quotes.len() > PAGE as usize;
        quotes.truncate(PAGE as usize);
        let next = quotes.last().filter(|_| is_more).map(|last| place::behind(last, show == Show::Top));
        Ok(Found { quotes, next, refused: None })
    }

    /// What has these words, and before it, on the first page, what of it is hidden.
    async fn find_all_quotes(&self, words: &str, after: Option<&str>) -> Result<Found, ApiError> {
        let mut quotes = if after.is_none() { self.find_hidden_quotes(words).await? } else { Vec::new() };
        let found = self.find_quotes(words, after).await?;
        quotes.extend(found.quotes);
        Ok(Found { quotes, ..found })
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
    /// Which quotes are asked for, and how addresses say so.
    fn part(&self) -> (Show, String) {
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
