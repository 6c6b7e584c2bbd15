//! Where one page of quotes ends and the next begins, as addresses say it: the number of the last quote; where the best
//! liked come first, behind how many like it and a dot.

use crate::domain::quote::{Quote, QuoteId};
use crate::domain::ranking::liked_place;
use crate::http::error::ApiError;
use crate::store::words::Order;

/// Quotes by age, from this place on.
pub fn by_age(after: Option<&str>) -> Result<Option<QuoteId>, ApiError> {
    after.map(|id| id.parse().map_err(|_| wrong())).transpose()
}

/// The newest, from this place on.
pub fn newest(after: Option<&str>) -> Result<Order, ApiError> {
    by_age(after).map(Order::Newest)
}

/// The best liked, from this place on.
pub fn best_liked(after: Option<&str>) -> Result<Order, ApiError> {
    after.map(|after| liked_place(after).ok_or_else(wrong)).transpose().map(Order::Liked)
}

/// The place behind the last quote of a page; `by_likes`: where the best liked come first.
pub fn behind(last: &Quote, by_likes: bool) -> String {
    if by_likes { format!("{}.{}", last.upvotes, last.id) } else { last.id.to_string() }
}

fn wrong() -> ApiError {
    ApiError::BadRequest("after: where the page before ended".into())
}
