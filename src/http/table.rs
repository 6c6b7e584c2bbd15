//! The table of rights: every route there is, and for each method who may use it and how often. What is not in it is
//! not served: see [`guard`](super::guard).

use axum::http::Method;

use crate::domain::rights::Need;

/// How often a route may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// As often as the server can take; ballots are also limited by voter.
    Open,
    /// `RATE_LIMIT` by address; `RATE_LIMIT_CREDENTIAL` for whoever shows a session, a token, the admin key or a
    /// voter's cookie.
    Rate,
    /// Only what fails counts, by address and by account.
    Failures,
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something for programs and forms.
    Api,
    /// A page: whoever must sign in first is sent there, and comes back.
    Page,
    /// Something for programs, and for pages of any origin ([`cors`](super::cors)): what a browser sends unasked, its
    /// cookies, proves nothing here.
    Shared,
}

/// A route by one method.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `GET`, which also stands for `HEAD`; `POST`, `PATCH`, `DELETE`.
    pub method: &'static str,
    /// As the router has it.
    pub path: &'static str,
    /// Who may.
    pub need: Need,
    /// How often.
    pub limit: Limit,
    /// What answers.
    pub kind: Kind,
    /// Whose things it is about, where it is not about all: said in a few words.
    pub whose: &'static str,
}

const fn api(method: &'static str, path: &'static str, need: Need, limit: Limit, whose: &'static str) -> Row {
    Row { method, path, need, limit, kind: Kind::Api, whose }
}

const fn page(path: &'static str, need: Need, whose: &'static str) -> Row {
    Row { method: "GET", path, need, limit: Limit::Open, kind: Kind::Page, whose }
}

const fn shared(method: &'static str, path: &'static str, whose: &'static str) -> Row {
    Row { method, path, need: Need::Anybody, limit: Limit::Open, kind: Kind::Shared, whose }
}

use Limit::{Failures, Open, Rate};
use Need::{Admin, Anybody, Author, InPerson, Member, Organiser};

const ALL: &str = "";
const OWN: &str = "their own; an admin all";
const OWN_DRAFTS: &str = "drafts: their own; an admin all";
const OWN_HIDDEN: &str = "hidden totals: their own; an admin all";
const HIDDEN_QUOTES: &str = "hidden ones: organisers";
const OWN_NAME: &str = "in their own name; an admin in any";
/// Of rows about changing items: everybody, or whoever shows the admin key or an administrator's token.
pub const AS_WRITE: &str = "as ITEMS_WRITE says";
const OWN_ACCOUNT: &str = "their own account, in person; an admin all";

/// Every route, role by role.
pub const TABLE: &[Row] = &[
    // Every listener.
    api("GET", "/livez", Anybody, Open, ALL),
    api("GET", "/readyz", Anybody, Open, ALL),
    api("GET", "/metrics", Anybody, Open, "the admin key, while some poll hides its results"),
    api("GET", "/", Anybody, Open, ALL),
    api("POST", "/", Anybody, Open, "a ballot, where / is a voting page"),
    page("/assets/{name}", Anybody, ALL),
    page("/assets/{version}/{name}", Anybody, ALL),
    // vote
    api("GET", "/ballots/{poll}", Anybody, Open, "their own ballot"),
    api("POST", "/ballots/{poll}", Anybody, Open, "by voter"),
    page("/vote/{poll}", Anybody, ALL),
    api("POST", "/vote/{poll}", Anybody, Open, "by voter"),
    page("/vote/{poll}/{code}", Anybody, "whoever holds the code"),
    // result
    page("/results/{poll}", Anybody, OWN_HIDDEN),
    api("GET", "/results/{poll}/events", Anybody, Open, OWN_HIDDEN),
    api("GET", "/socket.io", Anybody, Open, ALL),
    api("POST", "/socket.io", Anybody, Open, ALL),
    api("GET", "/socket.io/", Anybody, Open, ALL),
    api("POST", "/socket.io/", Anybody, Open, ALL),
    // polls
    api("GET", "/polls", Anybody, Open, OWN_DRAFTS),
    api("POST", "/polls", Organiser, Rate, ALL),
    api("GET", "/polls/{poll}", Anybody, Open, OWN_DRAFTS),
    api("PATCH", "/polls/{poll}", Organiser, Open, OWN),
    api("DELETE", "/polls/{poll}", Organiser, Open, OWN),
    api("POST", "/polls/{poll}/{action}", Organiser, Open, OWN),
    api("GET", "/polls/{poll}/codes", Organiser, Open, OWN),
    api("POST", "/polls/{poll}/codes", Organiser, Rate, OWN),
    api("DELETE", "/polls/{poll}/codes/{batch}", Organiser, Open, OWN),
    api("POST", "/polls/{poll}/codes/{batch}/void", Organiser, Open, OWN),
    // users
    api("GET", "/users", Admin, Rate, ALL),
    api("POST", "/users", Admin, Rate, ALL),
    api("GET", "/users/audit", Admin, Rate, ALL),
    api("GET", "/users/invitations", Admin, Rate, ALL),
    api("POST", "/users/invitations", Admin, Rate, ALL),
    api("DELETE", "/users/invitations/{id}", Admin, Rate, ALL),
    api("POST", "/users/invitations/{id}/delete", Admin, Rate, ALL),
    api("GET", "/users/{id}", Member, Rate, OWN_ACCOUNT),
    api("PATCH", "/users/{id}", Member, Rate, OWN_ACCOUNT),
    api("DELETE", "/users/{id}", InPerson, Rate, OWN_ACCOUNT),
    api("POST", "/users/{id}/edit", Member, Rate, OWN_ACCOUNT),
    api("POST", "/users/{id}/delete", InPerson, Rate, OWN_ACCOUNT),
    api("GET", "/sessions", InPerson, Rate, "their own"),
    api("POST", "/sessions", Anybody, Failures, ALL),
    api("POST", "/sessions/signup", Anybody, Rate, "as SIGNUP says"),
    api("POST", "/sessions/end", Anybody, Open, "their own"),
    api("POST", "/sessions/password", InPerson, Rate, "their own"),
    api("GET", "/sessions/tokens", InPerson, Rate, "their own"),
    api("POST", "/sessions/tokens", InPerson, Rate, "their own"),
    api("DELETE", "/sessions/tokens/{id}", InPerson, Rate, "their own"),
    api("POST", "/sessions/tokens/{id}/delete", InPerson, Rate, "their own"),
    api("DELETE", "/sessions/{id}", InPerson, Rate, "their own"),
    api("POST", "/sessions/{id}/end", InPerson, Rate, "their own"),
    // quotes
    api("GET", "/quotes", Anybody, Rate, HIDDEN_QUOTES),
    api("POST", "/quotes", Author, Rate, OWN_NAME),
    api("GET", "/quotes/events", Anybody, Open, ALL),
    api("GET", "/quotes/{id}", Anybody, Rate, "hidden ones: organisers, and their own"),
    api("PATCH", "/quotes/{id}", Author, Rate, OWN),
    api("DELETE", "/quotes/{id}", Author, Rate, OWN),
    api("POST", "/quotes/{id}/edit", Author, Rate, OWN),
    api("POST", "/quotes/{id}/delete", Author, Rate, OWN),
    api("POST", "/quotes/{id}/hide", Organiser, Rate, ALL),
    api("POST", "/quotes/{id}/restore", Organiser, Rate, ALL),
    api("POST", "/quotes/{id}/upvotes", Anybody, Rate, "by voter"),
    api("DELETE", "/quotes/{id}/upvotes", Anybody, Rate, "by voter"),
    api("POST", "/quotes/{id}/upvotes/delete", Anybody, Rate, "by voter"),
    // search
    api("GET", "/search", Member, Rate, ALL),
    // items
    shared("GET", "/item", ALL),
    shared("POST", "/item", AS_WRITE),
    shared("DELETE", "/item", AS_WRITE),
    shared("GET", "/items", ALL),
    page("/items/view", Anybody, ALL),
    page("/items/delete", Anybody, ALL),
    api("POST", "/items/delete", Anybody, Open, AS_WRITE),
    // site
    page("/join", Anybody, ALL),
    page("/signin", Anybody, ALL),
    page("/signup", Anybody, "as SIGNUP says"),
    api("GET", "/openapi.json", Anybody, Open, ALL),
    page("/apidocs", Anybody, ALL),
    page("/apidocs/{name}", Anybody, ALL),
    page("/wall", Anybody, ALL),
    Row { limit: Rate, ..page("/wall/search", Anybody, ALL) },
    page("/wall/{quote}/edit", Member, OWN),
    page("/wall/{quote}/delete", Member, OWN),
    page("/account", InPerson, "their own"),
    page("/account/delete", InPerson, "their own"),
    page("/studio", Organiser, OWN),
    page("/studio/glance", Organiser, OWN),
    page("/studio/new", Organiser, ALL),
    page("/studio/quotes", Organiser, ALL),
    page("/studio/polls/{poll}", Organiser, OWN),
    page("/studio/polls/{poll}/edit", Organiser, OWN),
    page("/studio/polls/{poll}/sheet", Organiser, OWN),
    page("/studio/polls/{poll}/qr.svg", Organiser, OWN),
    page("/studio/polls/{poll}/{action}", Organiser, OWN),
    page("/studio/users", Admin, ALL),
    page("/studio/users/{id}", Admin, ALL),
    page("/studio/users/{id}/delete", Admin, ALL),
    page("/studio/audit", Admin, ALL),
];

impl Row {
    /// Whether anybody may, and no request is counted.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.need == Need::Anybody && self.limit != Limit::Rate
    }

    /// Whether the row is about this method.
    #[must_use]
    pub fn takes(&self, method: &Method) -> bool {
        method.as_str() == self.method || (*method == Method::HEAD && self.method == "GET")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_is_there_twice() {
        for (place, row) in TABLE.iter().enumerate() {
            let again = TABLE[..place].iter().any(|other| (other.method, other.path) == (row.method, row.path));
            assert!(!again, "{} {}", row.method, row.path);
        }
    }
}
