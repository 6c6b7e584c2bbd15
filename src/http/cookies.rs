//! Cookies, as requests bring them and as answers set them.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use super::origin::Origins;

/// The values of all cookies of this name that came along; a browser may send several.
pub fn named<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = &'h str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(known, _)| *known == name).map(|(_, value)| value)
}

/// What follows a cookie that says who somebody is: scripts and other sites do not get it, nor, where people come by
/// https, does anybody on the way.
#[must_use]
pub fn private(origins: &Origins) -> &'static str {
    if origins.is_secure() { "; Path=/; HttpOnly; SameSite=Lax; Secure" } else { "; Path=/; HttpOnly; SameSite=Lax" }
}
