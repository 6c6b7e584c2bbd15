//! The description of the API, in `OpenAPI` 3.1 (<https://spec.openapis.org/oas/v3.1.1.html>).
//!
//! Handlers describe what only they know, as attributes: what they are for, what they take, how they answer where all is
//! well. What follows from the [table of rights](super::table) is added here, to each operation alike: who may, how often,
//! and how it says no.

mod answers;
pub mod given;

use axum::http::Method;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{Components, ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Required};

use super::table::{AS_WRITE, Row, TABLE};
use crate::domain::rights::{Need, Scope};

/// What whoever reads the description should know before anything else, in Markdown.
const PREFACE: &str = include_str!("preface.md");
/// How the description calls what somebody may show.
const ADMIN_KEY: &str = "adminKey";
const TOKEN: &str = "token";
const SESSION: &str = "session";

/// What one role has to say of its routes.
#[derive(Clone)]
pub struct Chapter {
    /// The role.
    pub role: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// Its operations, as its handlers describe them.
    pub operations: OpenApi,
}

/// The whole description.
#[must_use]
pub fn whole(chapters: impl IntoIterator<Item = Chapter>) -> OpenApi {
    let license = LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).build();
    let info = InfoBuilder::new()
        .title("Hemicycle")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(PREFACE))
        .license(Some(license))
        .build();
    let mut whole = OpenApiBuilder::new().info(info).build();
    whole.components = Some(shared());
    for Chapter { role, about, mut operations } in chapters {
        let tag = TagBuilder::new().name(role).description(Some(about)).build();
        whole.tags.get_or_insert_default().push(tag);
        for (path, item) in &mut operations.paths.paths {
            complete(role, path, item);
        }
        whole.merge(operations);
    }
    whole
}

/// The row of the table for an operation. `/results/{poll}.json` is a format of `/results/{poll}`.
#[must_use]
pub fn row_of(method: &str, path: &str) -> Option<&'static Row> {
    let page = path.rsplit_once("}.").map(|(page, _)| format!("{page}}}"));
    let path = page.as_deref().unwrap_or(path);
    TABLE.iter().find(|row| row.method == method && row.path == path)
}

/// Says of what a `POST` of `path` has made how to go on with it: its `name` for the other operations, and which these are.
pub fn lead_on(chapter: &mut OpenApi, path: &str, (name, expression): (&str, &str), others: &[&str]) {
    let post = chapter.paths.paths.get_mut(path).and_then(|item| item.post.as_mut());
    let Some(RefOr::T(made)) = post.and_then(|post| post.responses.responses.get_mut("201")) else { return };
    for other in others {
        let link = LinkBuilder::new().operation_id(*other).parameter(name, expression).build();
        made.links.insert((*other).to_owned(), RefOr::T(link));
    }
}

/// Says of these operations that they go without a body as well: the attribute has no word for it.
pub fn leave_bodies_out(chapter: &mut OpenApi, operations: &[&str]) {
    for PathItem { post, delete, .. } in chapter.paths.paths.values_mut() {
        for Operation { operation_id, request_body, .. } in [post, delete].into_iter().flatten() {
            let is_meant = operation_id.as_ref().is_some_and(|id| operations.contains(&id.as_str()));
            if let (true, Some(RefOr::T(body))) = (is_meant, request_body) {
                body.required = Some(Required::False);
            }
        }
    }
}

/// What operations refer to.
fn shared() -> Components {
    let mut components = Components::new();
    components.responses = answers::all();
    components.headers = answers::headers();
    for (name, scheme) in schemes() {
        components.add_security_scheme(name, scheme);
    }
    components
}

fn schemes() -> [(&'static str, SecurityScheme); 3] {
    let by_header = "The admin key, in `Authorization`, as it is or after `Bearer`. It may do everything.";
    let by_token = "An API token, made at `/account` or by `POST /sessions/tokens`. It may do what its scopes say.";
    let by_cookie =
        "The session of whoever has signed in, here or by `POST /sessions`. By https it is called `__Host-session`.";
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("hemi_…").description(Some(by_token));
    [
        (ADMIN_KEY, SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", by_header)))),
        (TOKEN, SecurityScheme::Http(bearer.build())),
        (SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description("session", by_cookie)))),
    ]
}

/// Adds to the operations of a path what the table knows of them.
fn complete(role: &str, path: &str, item: &mut PathItem) {
    let PathItem { get, post, patch, delete, .. } = item;
    for (method, operation) in
        [(Method::GET, get), (Method::POST, post), (Method::PATCH, patch), (Method::DELETE, delete)]
    {
        if let (Some(operation), Some(row)) = (operation, row_of(method.as_str(), path)) {
            operation.tags = Some(vec![role.to_owned()]);
            operation.security = Some(security(row));
            if path.contains("{poll}") {
                operation.parameters.get_or_insert_default().insert(0, RefOr::T(poll()));
            }
            answers::add(operation, row);
        }
    }
}

/// What may be shown, any one of it; nothing at all where an empty requirement is among them.
fn security(row: &Row) -> Vec<SecurityRequirement> {
    let key = SecurityRequirement::new(ADMIN_KEY, [""; 0]);
    let session = SecurityRequirement::new(SESSION, [""; 0]);
    let token = |scope: Scope| SecurityRequirement::new(TOKEN, [scope.word()]);
    match row.need {
        Need::Anybody if row.whose.is_empty() => Vec::new(),
        // Cookies prove nothing there.
        Need::Anybody if row.whose == AS_WRITE => vec![SecurityRequirement::default(), key, token(Scope::Admin)],
        Need::Anybody => {
            vec![SecurityRequirement::default(), key, SecurityRequirement::new(TOKEN, [""; 0]), session]
        }
        Need::Member => vec![key, token(Scope::Read), session],
        Need::Author => vec![key, token(Scope::Vote), token(Scope::Organise), session],
        Need::InPerson => vec![key, session],
        Need::Organiser => vec![key, token(Scope::Organise), session],
        Need::Admin => vec![key, token(Scope::Admin), session],
    }
}

/// The parameter `{poll}`, wherever a path has it.
fn poll() -> Parameter {
    let name = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9-]{1,64}$")).build();
    ParameterBuilder::new()
        .name("poll")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The poll's slug, or its join code."))
        .example(Some("default".into()))
        .schema(Some(name))
        .build()
}

/// Whether an operation has something to read that may make no sense.
fn reads(operation: &Operation, row: &Row) -> bool {
    row.path.contains('{') || operation.request_body.is_some() || operation.parameters.is_some()
}
