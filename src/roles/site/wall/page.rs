//! The pages of the wall: what is newest and best liked, and what a search finds.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::super::Needs;
use super::{Card, Found, place};
use crate::domain::rights::{Actor, Need};
use crate::domain::voter::Voter;
use crate::http::actors::Caller;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::origin::Base;
use crate::http::qr;
use crate::http::query::Parameters;
use crate::http::voter::Identified;
use crate::store::words::Order;

/// Quotes in each list of a page.
const PAGE: u32 = 30;

/// Which part of the wall is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    /// `top`; else the newest.
    order: Option<String>,
    /// The last one seen: its [place](place), of a search as that says it.
    after: Option<String>,
    /// What to look for.
    q: Option<String>,
}

/// One list of quotes.
#[derive(Debug, Serialize)]
struct List {
    /// `new`, `top` or `found`.
    kind: &'static str,
    cards: Vec<Card>,
    /// What follows `after=` in the address of the next page.
    next: Option<String>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "a template asks each of them")]
struct Page {
    /// The lists; on a narrow screen only the one of this order is seen.
    lists: Vec<List>,
    order: &'static str,
    /// What scripts make cards of.
    blank: Card,
    /// How many quotes there are.
    total: u64,
    is_first: bool,
    /// What is looked for.
    q: Option<String>,
    is_search: bool,
    /// Why nothing was looked for.
    refused: Option<&'static str>,
    /// Where the forms of quotes lead back to.
    back: String,
    /// What a switch of language must keep of the address.
    query: String,
    /// What is looked for, as addresses have it: `q=…`.
    words: String,
    /// Whether whoever looks is known, and as which account.
    is_known: bool,
    me: Option<String>,
    is_organiser: bool,
    is_admin: bool,
    address: String,
    place: String,
    qr: Option<String>,
}

/// Whoever looks at the wall.
struct Reader {
    caller: Option<Arc<Caller>>,
    /// As whom their browser likes quotes.
    browser: Identified,
}

/// `GET /wall`: without `after` both orders, for wide screens show them side by side.
pub async fn page(
    State(needs): State<Needs>,
    language: Language,
    headers: HeaderMap,
    base: Base,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, ApiError> {
    if let Some(words) = &wanted.q {
        let words = utf8_percent_encode(words, NON_ALPHANUMERIC);
        return Ok(Redirect::to(&format!("/wall/search?q={words}")).into_response());
    }
    let reader = needs.reader(&headers).await?;
    let mut lists = Vec::new();
    match wanted.after.as_deref() {
        None => {
            lists.push(needs.list(Order::Newest(None), &reader).await?);
            lists.push(needs.list(Order::Liked(None), &reader).await?);
        }
        after if wanted.is_top() => lists.push(needs.list(place::best_liked(after)?, &reader).await?),
        after => lists.push(needs.list(place::newest(after)?, &reader).await?),
    }
    let total = needs.quote_count.total().await?;
    let page = Page { lists, total, ..Page::new(&wanted, &reader, &base) };
    needs.show_wall(language, page, reader)
}

/// `GET /wall/search`.
pub async fn search(
    State(needs): State<Needs>,
    language: Language,
    headers: HeaderMap,
    base: Base,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, ApiError> {
    let reader = needs.reader(&headers).await?;
    let words = wanted.q.as_deref().unwrap_or_default();
    let Found { quotes, next, refused } = needs.find_quotes(words, wanted.after.as_deref()).await?;
    let cards = needs.cards(quotes, reader.actor(), reader.voter().as_ref()).await?;
    let total = needs.quote_count.total().await?;
    let lists = vec![List { kind: "found", cards, next }];
    let page = Page { lists, total, is_search: true, refused, ..Page::new(&wanted, &reader, &base).searched(&wanted) };
    needs.show_wall(language, page, reader)
}

impl Needs {
    async fn reader(&self, headers: &HeaderMap) -> Result<Reader, ApiError> {
        Ok(Reader { caller: self.actors.know(headers).await?, browser: self.voters.browser(headers) })
    }

    async fn list(&self, order: Order, reader: &Reader) -> Result<List, ApiError> {
        let mut quotes = self.store.quotes(order, PAGE + 1, false).await?;
        let is_more = quotes.len() > PAGE as usize;
        quotes.truncate(PAGE as usize);
        let is_top = matches!(order, Order::Liked(_));
        let next = quotes.last().filter(|_| is_more).map(|last| place::behind(last, is_top));
        let cards = self.cards(quotes, reader.actor(), reader.voter().as_ref()).await?;
        Ok(List { kind: if is_top { "top" } else { "new" }, cards, next })
    }

    fn show_wall(&self, language: Language, page: Page, reader: Reader) -> Result<Response, ApiError> {
        let mut response = self.pages.show("wall/wall.html", language, page)?;
        // So that limits and upvotes go by browser, not by the address of the room.
        reader.browser.remember(&mut response);
        Ok(response)
    }
}

impl Reader {
    fn actor(&self) -> Option<&Actor> {
        self.caller.as_deref().map(|caller| &caller.actor)
    }

    /// As whom they like quotes; a browser that is new has liked none.
    fn voter(&self) -> Option<Voter> {
        match self.actor().and_then(|actor| actor.user.clone()) {
            Some(user) => Some(Voter::Account(user)),
            None => self.browser.returning().cloned(),
        }
    }
}

impl Wanted {
    fn is_top(&self) -> bool {
        self.order.as_deref() == Some("top")
    }
}

impl Page {
    /// A page without lists.
    fn new(wanted: &Wanted, reader: &Reader, base: &Base) -> Self {
        let order = if wanted.is_top() { "top" } else { "new" };
        let mut query = format!("order={order}");
        if let Some(after) = &wanted.after {
            query = format!("{query}&after={after}");
        }
        let is = |need| reader.actor().is_some_and(|actor| actor.meets(need));
        let address = base.whole("/wall");
        Self {
            lists: Vec::new(),
            order,
            blank: Card::blank(reader.actor()),
            total: 0,
            is_first: wanted.after.is_none(),
            q: None,
            is_search: false,
            refused: None,
            back: format!("/wall?{query}"),
            query,
            words: String::new(),
            is_known: reader.caller.is_some(),
            me: reader.actor().and_then(|actor| actor.user.as_ref()).map(ToString::to_string),
            is_organiser: is(Need::Organiser),
            is_admin: is(Need::Admin),
            place: address.split_once("://").map_or(address.as_str(), |(_, rest)| rest).to_owned(),
            qr: qr::data(&address),
            address,
        }
    }

    /// The same where something is looked for.
    fn searched(self, wanted: &Wanted) -> Self {
        let q = wanted.q.clone().unwrap_or_default();
        let words = serde_urlencoded::to_string([("q", &q)]).unwrap_or_default();
        let query = match &wanted.after {
            Some(after) => format!("{words}&after={after}"),
            None => words.clone(),
        };
        Self { q: Some(q), back: format!("/wall/search?{query}"), query, words, ..self }
    }
}
