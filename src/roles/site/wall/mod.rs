//! The wall: quotes for a room to read, like and add to, on phones and on a screen in front.

mod card;
mod find;
mod own;
mod page;
pub mod place;

use axum::Router;
use axum::routing::get;

pub use self::card::Card;
pub use self::find::Found;
use super::Needs;

/// The wall's routes.
pub fn router() -> Router<Needs> {
    Router::new()
        .route("/wall", get(page::page))
        .route("/wall/search", get(page::search))
        .route("/wall/{quote}/edit", get(own::edit))
        .route("/wall/{quote}/delete", get(own::confirm))
}
