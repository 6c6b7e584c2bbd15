//! items: shared small keys and values (`/item`, `/items`), as clients of old know them, for pages of any origin; and a page
//! to browse and edit them (`/items`).

mod list;
pub mod openapi;
mod page;
mod room;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;

pub use self::room::Room;
use crate::config::ItemsWrite;
use crate::domain::item::ItemKey;
use crate::domain::rights::Need;
use crate::http::actors::{self, Actors};
use crate::http::cors;
use crate::http::error::ApiError;
use crate::http::pages::Pages;
use crate::items::Items;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Where items are.
    pub items: Items,
    /// Who asks.
    pub actors: Actors,
    /// How pages look.
    pub pages: Pages,
    /// Who may change items.
    pub write: ItemsWrite,
    /// How much may be large at a time.
    pub room: Room,
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    Router::new()
        .route("/item", get(wire::get_item).post(wire::set_item).delete(wire::delete_item))
        .route("/items", get(list::get_items))
        .route("/items/view", get(page::view))
        .route("/items/delete", get(page::confirm).post(page::delete_by_form))
        // Cloned for each request.
        .with_state(Arc::new(needs))
}

/// What is at `/` of an items host.
pub fn home() -> Router {
    Router::new().route("/", get(say_hello))
}

const HELLO: &str = "Hemicycle items: shared small keys and values.\n\
    GET /items, GET /item?id=KEY, POST /item {\"id\": KEY, \"val\": VALUE}, DELETE /item {\"id\": KEY}\n";

async fn say_hello() -> (HeaderMap, &'static str) {
    let mut headers = HeaderMap::new();
    cors::open(&mut headers);
    (headers, HELLO)
}

impl Needs {
    /// Whoever sent these headers may change items. Only what is in `Authorization` counts: cookies come along unasked,
    /// and these routes are for pages of any origin.
    async fn allow(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        if self.write == ItemsWrite::Open {
            return Ok(());
        }
        actors::shown(headers).ok_or(ApiError::Unauthorized)?;
        self.actors.know(headers).await?.ok_or(ApiError::Unauthorized)?.require(Need::Admin)
    }
}

/// The key that somebody named.
fn key(id: Option<String>) -> Result<ItemKey, ApiError> {
    let missing = || ApiError::BadRequest("id is missing: the key of the item".into());
    Ok(ItemKey::try_from(id.ok_or_else(missing)?)?)
}
