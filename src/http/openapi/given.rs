//! What requests of more than one role bring along, described once.

use utoipa::IntoParams;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

/// Whose something is to be. Clients of old also send numbers.
#[must_use]
pub fn given_id() -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    let what = "By what they sign in. Clients of old also send numbers.";
    OneOfBuilder::new().item(Ref::from_schema_name("UserId")).item(number).description(Some(what)).build().into()
}

/// By what a client without cookies names its voter.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described: it is read from the headers")]
pub struct IdempotencyKey {
    /// Names the voter of a client without cookies, who is the same with the same key; with a code, the attempt. Take a random one
    /// and keep it to yourself.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[ -~]+$",
        example = "ann-5b1f0c9d"
    )]
    key: Option<String>,
}
