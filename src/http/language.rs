//! In which language a person reads our pages: by their own choice, else as their browser asks for.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT_LANGUAGE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;

use super::cookies;

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Language {
    /// English, and whatever we do not speak.
    #[default]
    English,
    /// French.
    French,
}

/// The cookie that keeps a choice, and the parameter of an address that makes it.
const NAME: &str = "lang";

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// Its tag, as in HTML's `lang` (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// What its speakers call it.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
        }
    }

    /// The language of a request: `?lang=` in its address, else the cookie, else `Accept-Language`.
    #[must_use]
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let accepted = || headers.get(ACCEPT_LANGUAGE)?.to_str().ok().map(negotiate);
        chosen(uri).or_else(|| kept(headers)).or_else(accepted).unwrap_or_default()
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }
}

/// What the address of a request chooses, if it does.
#[must_use]
pub fn chosen(uri: &Uri) -> Option<Language> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(name, _)| *name == NAME).and_then(|(_, tag)| Language::from_tag(tag))
}

/// Keeps a choice in the browser for a year.
pub fn keep(language: Language, response: &mut Response) {
    let cookie = format!("{NAME}={}; Path=/; Max-Age=31536000; SameSite=Lax", language.tag());
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn kept(headers: &HeaderMap) -> Option<Language> {
    cookies::named(headers, NAME).next().and_then(Language::from_tag)
}

/// The language we speak with the highest weight in an `Accept-Language` (RFC 9110, 12.5.4); of equal ones the first.
fn negotiate(accepted: &str) -> Language {
    let mut best = (0.0, Language::default());
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse().ok());
        if let (Some(language), Some(weight)) = (Language::from_tag(tag), weight)
            && weight > best.0
        {
            best = (weight, language);
        }
    }
    best.1
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(address: &str, headers: &[(&'static str, &'static str)]) -> Language {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        Language::of(&address.parse().unwrap(), &headers.collect())
    }

    #[test]
    fn the_heaviest_language_that_we_speak_is_taken() {
        for (accepted, wanted) in [
            ("fr", Language::French),
            ("fr-CA,en;q=0.8", Language::French),
            ("en;q=0.8, FR-fr;q=0.9", Language::French),
            ("de, fr;q=0.5, en;q=0.6", Language::English),
            ("en,fr", Language::English),
            ("fr;q=0, de", Language::English),
            ("fr;q=x", Language::English),
            (";;,,=", Language::English),
            ("*", Language::English),
        ] {
            assert_eq!(negotiate(accepted), wanted, "{accepted}");
        }
    }

    #[test]
    fn a_choice_goes_before_what_the_browser_asks_for() {
        let french = ("accept-language", "fr");
        assert_eq!(language("/", &[]), Language::English);
        assert_eq!(language("/", &[french]), Language::French);
        assert_eq!(language("/", &[french, ("cookie", "a=b; lang=en")]), Language::English);
        assert_eq!(language("/?x=1&lang=fr", &[("cookie", "lang=en")]), Language::French);
        assert_eq!(language("/?lang=xx", &[french]), Language::French);
    }
}
