//! What the role has to say of its routes, and what has no type of its own.

use jiff::Timestamp;
use serde_json::Value;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::{OpenApi, ToSchema};

use super::{accounts, audit, invitations, sessions, signin, signup, tokens};
use crate::domain::rights::Scope;
use crate::domain::user::{UserId, UserRole};
use crate::http::openapi::{self, Chapter};

#[derive(OpenApi)]
#[openapi(paths(
    accounts::list,
    accounts::create,
    accounts::show,
    accounts::change,
    accounts::edit_by_form,
    accounts::delete,
    accounts::delete_by_form,
    audit::list,
    invitations::list,
    invitations::create,
    invitations::take_back,
    invitations::take_back_by_form,
    sessions::list,
    sessions::end,
    sessions::end_by_form,
    sessions::sign_out,
    signin::sign_in,
    signin::change_password,
    signup::sign_up,
    tokens::list,
    tokens::create,
    tokens::delete,
    tokens::delete_by_form
))]
struct Operations;

/// The role's chapter of the description.
#[must_use]
pub fn chapter() -> Chapter {
    let about = "Accounts, invitations and the audit trail; signing in and up, sessions and API tokens.";
    let mut operations = Operations::openapi();
    for (path, id, others) in [
        ("/users", "$request.body#/id", &["show_user", "change_user", "delete_user"][..]),
        ("/users/invitations", "$response.body#/id", &["delete_invitation"]),
        ("/sessions/tokens", "$response.body#/id", &["delete_token"]),
    ] {
        openapi::lead_on(&mut operations, path, ("id", id), others);
    }
    Chapter { role: "users", about, operations }
}

/// An account in a list.
#[derive(ToSchema)]
#[schema(as = ListedUser, example = json!({ "id": "tintin", "name": "Tintin" }))]
#[expect(dead_code, reason = "only described: an answer has the one or the other")]
pub struct Listed {
    id: UserId,
    name: String,
    /// With `format=full`.
    #[schema(nullable = false)]
    role: Option<UserRole>,
    /// With `format=full`.
    #[schema(nullable = false)]
    created_at: Option<Timestamp>,
}

/// What somebody is to become. An empty one, as forms send it, says nothing.
#[must_use]
pub fn given_role() -> Object {
    let words = UserRole::ALL.map(UserRole::word).into_iter().chain([""]).map(Value::from);
    let kinds = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(kinds).enum_values(Some(words.chain([Value::Null]))).build()
}

/// What the system of old says.
#[derive(ToSchema)]
#[schema(as = Message, example = json!({ "message": "Utilisateur ajouté" }))]
#[expect(dead_code, reason = "only described: it is always the same")]
pub struct Said {
    message: String,
}

/// A session that has begun; its secret is in the cookie.
#[derive(ToSchema)]
#[schema(as = NewSession, example = json!({
    "session": "0123456789abcdef", "user": "tintin", "ends_at": "2026-06-03T09:30:00Z"
}))]
#[expect(dead_code, reason = "only described: two handlers build it, field by field")]
pub struct Begun {
    /// Its id.
    session: String,
    /// Whose it is; nobody's where the admin key was shown.
    user: Option<UserId>,
    /// What they are here, where they have just signed up.
    #[schema(nullable = false)]
    role: Option<UserRole>,
    ends_at: Timestamp,
}

/// A new token, as the form has it: a box for each scope.
#[derive(ToSchema)]
#[schema(example = json!({ "name": "the wall in the hall", "scope": ["read"], "days": "30" }))]
#[expect(dead_code, reason = "only described: forms are read field by field")]
pub struct TokenForm {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may be used for.
    #[schema(min_items = 1)]
    scope: Vec<Scope>,
    /// For how many days it is good.
    #[schema(minimum = 1, maximum = 3660)]
    days: Option<u32>,
}
