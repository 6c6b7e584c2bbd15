//! Pages: templates, rendered with everything escaped, in the reader's language.
//!
//! Beside the values it is given, a template knows:
//!
//! - `lang`, the tag of the language, and `languages`, those there are (`tag`, `name`)
//! - `t(name, value=…)`, a text of `locales/`, filled in; `t("name.attribute")`, an attribute of it
//! - `has_text(name)`, whether there is such a text
//! - `asset(name)`, the address of a file of `assets/`
//! - the filters `number` (of a whole number), `percent(of)`, and, of an RFC 3339 time, `time` and `clock` (without its date)

use std::sync::Arc;

use axum::http::header::{ACCEPT, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use fluent_bundle::{FluentArgs, FluentValue};
use jiff::Timestamp;
use minijinja::value::{Kwargs, Serde};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::actors::Caller;
use super::error::{ApiError, ErrorBody};
use super::files::{Files, Kind};
use super::language::Language;
use super::texts::{TextError, Texts};
use crate::domain::user::UserRole;

/// Why the pages cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// A template is none.
    #[error("a page template is broken")]
    Template(#[from] minijinja::Error),
    /// The texts of a language.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// The product's pages. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Pages {
    files: Files,
    built_in: Arc<[Environment<'static>]>,
}

/// What `error.html` shows.
#[derive(Debug, Serialize)]
struct ErrorPage<'a> {
    status: u16,
    key: &'static str,
    error: &'a ErrorBody,
    /// Whether it answers a form: its address is then not one of a page.
    is_answer: bool,
}

/// What a page shows to somebody who is signed in.
#[derive(Debug, Serialize)]
struct SignedIn<T> {
    #[serde(flatten)]
    values: T,
    is_organiser: bool,
    is_admin: bool,
}

impl Pages {
    /// Compiles the templates of `files`, in all languages.
    ///
    /// # Errors
    /// Where one of them, or the texts of a language, cannot be used.
    pub fn new(files: Files) -> Result<Self, PagesError> {
        let languages = Language::ALL.into_iter().map(|language| environment(&files, language));
        let built_in = languages.collect::<Result<_, _>>()?;
        Ok(Self { files, built_in })
    }

    /// Where the files come from.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Whether what was rendered once stays as it is: not where somebody works on the files.
    #[must_use]
    pub fn are_fixed(&self) -> bool {
        matches!(self.files, Files::BuiltIn)
    }

    /// Renders a template to bytes.
    ///
    /// # Errors
    /// Where the template asks for something it was not given: a defect. Of a folder in which somebody works on them,
    /// also where a file cannot be used.
    pub fn render(&self, template: &str, language: Language, values: impl Serialize) -> Result<Bytes, ApiError> {
        let internal = |error: PagesError| ApiError::Internal(Box::new(error));
        let values = Value::from(Serde(&values));
        match &self.files {
            Files::BuiltIn => rendered(&self.built_in[language as usize], template, values).map_err(internal),
            folder @ Files::Folder(_) => {
                let fresh = environment(folder, language);
                fresh.and_then(|fresh| rendered(&fresh, template, values)).map_err(internal)
            }
        }
    }

    /// A page as an answer.
    ///
    /// # Errors
    /// As [`Pages::render`].
    pub fn show(&self, template: &str, language: Language, values: impl Serialize) -> Result<Response, ApiError> {
        Ok(html(self.render(template, language, values)?, language))
    }

    /// The same for somebody who is signed in: the template also knows `is_organiser` and `is_admin`, by which the
    /// navigation says where they may go.
    ///
    /// # Errors
    /// As [`Pages::render`].
    pub fn show_to(
        &self,
        caller: &Caller,
        template: &str,
        language: Language,
        values: impl Serialize,
    ) -> Result<Response, ApiError> {
        let role = caller.actor.role;
        let (is_organiser, is_admin) = (role >= UserRole::Organiser, role == UserRole::Admin);
        self.show(template, language, SignedIn { values, is_organiser, is_admin })
    }

    /// Shows an error that would have been JSON as a page. `is_answer`: whether to something that was sent.
    #[must_use]
    pub fn error_page(&self, response: Response, language: Language, is_answer: bool) -> Response {
        let Some(error) = response.extensions().get::<ErrorBody>() else { return response };
        let status = response.status();
        let values = ErrorPage { status: status.as_u16(), key: error.key, error, is_answer };
        let Ok(page) = self.render("error.html", language, values) else { return response };
        let mut shown = (status, html(page, language)).into_response();
        for (name, value) in response.headers() {
            if name != CONTENT_TYPE && name != CONTENT_LENGTH {
                shown.headers_mut().append(name, value.clone());
            }
        }
        shown
    }
}

fn rendered(environment: &Environment<'_>, template: &str, values: Value) -> Result<Bytes, PagesError> {
    Ok(environment.get_template(template)?.render(values)?.into())
}

/// The templates as readers of one language see them.
fn environment(files: &Files, language: Language) -> Result<Environment<'static>, PagesError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    for name in Files::templates() {
        let source = files.read(Kind::Template, &name).unwrap_or_default();
        environment.add_template_owned(name.into_owned(), String::from_utf8_lossy(&source).into_owned())?;
    }
    let others = Language::ALL.map(|one| context! { tag => one.tag(), name => one.own_name() });
    environment.add_global("lang", language.tag());
    environment.add_global("languages", Value::from(others.to_vec()));
    // Nothing in it needs to be escaped; slashes would be.
    let assets = files.assets_version().map_or("/assets".to_owned(), |version| format!("/assets/{version}"));
    environment.add_function("asset", move |name: &str| Value::from_safe_string(format!("{assets}/{name}")));
    let texts = Arc::new(Texts::load(files, language)?);
    let said = Arc::clone(&texts);
    environment.add_function("t", move |name: &str, values: Kwargs| say(&said, name, &values));
    let known = Arc::clone(&texts);
    environment.add_function("has_text", move |name: &str| known.has(name));
    let numbers = Arc::clone(&texts);
    environment.add_filter("number", move |number: u64| numbers.number(number));
    let shares = Arc::clone(&texts);
    environment.add_filter("percent", move |part: u64, whole: u64| shares.percent(part, whole));
    environment.add_filter("clock", |time: &str| match time.parse::<Timestamp>() {
        Ok(time) => Ok(time.strftime("%H:%M UTC").to_string()),
        Err(_) => Err(minijinja::Error::new(ErrorKind::InvalidOperation, "clock: not a time")),
    });
    environment.add_filter("time", move |time: &str| match time.parse::<Timestamp>() {
        Ok(time) => Ok(texts.time(time)),
        Err(_) => Err(minijinja::Error::new(ErrorKind::InvalidOperation, "time: not a time")),
    });
    Ok(environment)
}

fn say(texts: &Texts, name: &str, values: &Kwargs) -> Result<String, minijinja::Error> {
    let mut filled_in = FluentArgs::new();
    for key in values.args() {
        let value: Value = values.get(key)?;
        let value = match u32::try_from(value.clone()) {
            Ok(number) if value.is_number() => FluentValue::from(number),
            _ => FluentValue::from(value.to_string()),
        };
        filled_in.set(key.to_owned(), value);
    }
    Ok(texts.say(name, &filled_in))
}

/// A rendered page as an answer.
#[must_use]
pub fn html(page: Bytes, language: Language) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_LANGUAGE, HeaderValue::from_static(language.tag())),
        (VARY, HeaderValue::from_static("accept-language, cookie")),
    ];
    (headers, page).into_response()
}

/// Whether the sender is a browser that shows a page, rather than a client that reads JSON.
#[must_use]
pub fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}
