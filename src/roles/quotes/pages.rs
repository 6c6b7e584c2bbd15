//! Pages of quotes, ready to be sent. Those that are asked for at the same moment are read once, and share their bytes.

use std::fmt::Write;

use axum::http::header::{CONTENT_TYPE, LINK};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::try_join_all;

use super::view;
use crate::domain::quote::Quote;
use crate::gather::{Bounds, Gather, GatherError};
use crate::http::error::ApiError;
use crate::store::words::Order;
use crate::store::{Store, StoreError};

/// Requests that may wait for a page.
const WAITING: usize = 10_000;
/// Pages read at a time.
const TOGETHER: usize = 64;
/// Quotes read at a time: each is at most some 6 KB.
const ROWS: usize = 4000;

/// Which quotes, and how much of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// In which order, and after which.
    pub order: Order,
    /// How many at most.
    pub limit: u32,
    /// Whether all that is known of them.
    pub full: bool,
    /// Whether also those that are hidden.
    pub all: bool,
}

/// A page as it is sent.
#[derive(Clone, Debug)]
pub struct Sheet {
    body: Bytes,
    next: Option<HeaderValue>,
}

/// The way to pages. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Pages {
    gather: Gather<Page, Sheet, StoreError>,
}

impl Pages {
    /// Pages of what this store has.
    pub fn of(store: Store) -> Self {
        let weigh = |page: &Page| page.limit as usize;
        let bounds = Bounds { waiting: WAITING, batch: TOGETHER, weight: ROWS, weigh };
        let read = move |pages: Vec<Page>| {
            let store = store.clone();
            async move { try_join_all(pages.iter().map(|page| page.read(&store))).await }
        };
        Self { gather: Gather::distinct(bounds, read) }
    }

    /// A page as it is now.
    ///
    /// # Errors
    /// Where the store is unavailable, or too many wait already.
    pub async fn sheet(&self, page: Page) -> Result<Sheet, ApiError> {
        self.gather.ask(page).await.map_err(|error| match error {
            GatherError::Busy => ApiError::Busy(None),
            error => ApiError::Unavailable { fate: None, source: Some(Box::new(error)) },
        })
    }
}

impl Page {
    async fn read(&self, store: &Store) -> Result<Sheet, StoreError> {
        let quotes = store.quotes(self.order, self.limit, self.all).await?;
        Ok(Sheet::new(&quotes, self.full, self.next(&quotes)))
    }

    /// The link to the page after this one, where there may be one.
    fn next(&self, quotes: &[Quote]) -> Option<HeaderValue> {
        let last = quotes.last().filter(|_| quotes.len() == self.limit as usize)?;
        let mut address = format!("</quotes?limit={}", self.limit);
        // Writing to a string does not fail.
        let _ = match self.order {
            Order::After(_) => write!(address, "&after={}", last.id),
            Order::Newest(_) => write!(address, "&order=new&after={}", last.id),
            Order::Liked(_) => write!(address, "&order=top&after={}.{}", last.upvotes, last.id),
        };
        address.push_str(if self.full { "&format=full" } else { "" });
        address.push_str(if self.all { "&hidden=true" } else { "" });
        address.push_str(">; rel=\"next\"");
        HeaderValue::try_from(address).ok()
    }
}

impl Sheet {
    /// These quotes, all that is known of them if `full`, with the link to those that follow.
    pub fn new(quotes: &[Quote], full: bool, next: Option<HeaderValue>) -> Self {
        Self { body: view::list(quotes, full), next }
    }
}

impl IntoResponse for Sheet {
    fn into_response(self) -> Response {
        let kind: [(HeaderName, HeaderValue); 1] = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (kind, self.body).into_response();
        self.next.map(|next| response.headers_mut().insert(LINK, next));
        response
    }
}
