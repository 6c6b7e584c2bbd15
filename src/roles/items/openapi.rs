//! What the role has to say of its routes, and what has no type of its own.

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::{OpenApi, ToSchema};

use super::{list, page, wire};
use crate::domain::item::{MAX_KEY, MAX_VALUE};
use crate::http::openapi::{self, Chapter};

#[derive(OpenApi)]
#[openapi(paths(wire::get_item, wire::set_item, wire::delete_item, list::get_items, page::delete_by_form))]
struct Operations;

/// What keys are made of, as a pattern: no control characters.
const NO_CONTROLS: &str = r"^[^\u0000-\u001F\u007F-\u009F]+$";

/// The role's chapter of the description.
#[must_use]
pub fn chapter() -> Chapter {
    let about = "Shared small keys and values, for programs and for pages of any origin.";
    let mut operations = Operations::openapi();
    openapi::leave_bodies_out(&mut operations, &["delete_item"]);
    Chapter { role: "items", about, operations }
}

/// The key of an item, in a body.
#[must_use]
pub fn given_key() -> Object {
    plain("The key: at most 512 bytes, none of them control characters.", MAX_KEY)
        .min_length(Some(1))
        .pattern(Some(NO_CONTROLS))
        .build()
}

/// The value of an item, in a body.
#[must_use]
pub fn given_value() -> Object {
    plain("The value: at most 1 MiB.", MAX_VALUE).build()
}

/// The key of an item, in an address.
#[must_use]
pub fn key_in_address() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_KEY))
        .pattern(Some(NO_CONTROLS))
        .build()
}

/// What is kept as text.
fn plain(what: &str, longest: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Number, Type::Boolean]))
        .max_length(Some(longest))
        .description(Some(format!("{what} Numbers, true and false are kept as text.")))
}

/// An item to be deleted.
#[derive(ToSchema)]
#[schema(as = ItemName, example = json!({ "id": "score" }))]
#[expect(dead_code, reason = "only described: the key may also be in the address")]
pub struct Name {
    #[schema(schema_with = given_key, required)]
    id: String,
}
