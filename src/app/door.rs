//! What is behind `/`: by host name it is the default poll's voting page, its result, the service of items, or the front
//! page of the site.
//!
//! Only this one route looks at the host. The page is that of the role whose it is: the request goes to the role's own
//! routes, as if it had asked for `/vote/default` or `/results/default`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tower::ServiceExt;

use super::DEFAULT_SLUG;
use crate::http::edge;
use crate::http::error::ApiError;
use crate::http::hosts::{Front, Hosts};
use crate::http::origin::{Origins, Peer};

/// The routes of this process's roles that have a page to show at `/`.
#[derive(Debug)]
pub struct Door {
    hosts: Hosts,
    origins: Origins,
    home: Option<Router>,
    vote: Option<Router>,
    result: Option<Router>,
    items: Option<Router>,
}

impl Door {
    /// A door to nothing yet.
    pub fn new(hosts: Hosts, origins: Origins) -> Self {
        Self { hosts, origins, home: None, vote: None, result: None, items: None }
    }

    /// Leads to the front page of the site, which these routes have at `/`.
    pub fn lead_home(&mut self, routes: Router) {
        self.home = Some(edge::answer_wrong_methods(routes));
    }

    /// Leads to the voting page.
    pub fn lead_to_vote(&mut self, routes: &Router) {
        self.vote = Some(edge::answer_wrong_methods(routes.clone()));
    }

    /// Leads to the result.
    pub fn lead_to_result(&mut self, routes: &Router) {
        self.result = Some(edge::answer_wrong_methods(routes.clone()));
    }

    /// Leads to what says how to use items, which these routes have at `/`.
    pub fn lead_to_items(&mut self, routes: Router) {
        self.items = Some(edge::answer_wrong_methods(routes));
    }

    /// The route `/`.
    pub fn router(self) -> Router {
        Router::new().route("/", any(open)).with_state(Arc::new(self))
    }

    /// The routes that have the page for this request, and the page's path there. A process without the front page
    /// shows what it has at any host that is not another role's: one that only votes needs no name.
    fn behind(&self, request: &Request) -> Option<(&Router, Option<String>)> {
        let peer = request.extensions().get::<Peer>().copied();
        let host = self.origins.host(request.headers(), peer);
        let vote = || Some((self.vote.as_ref()?, Some(format!("/vote/{DEFAULT_SLUG}"))));
        let result = || Some((self.result.as_ref()?, Some(format!("/results/{DEFAULT_SLUG}"))));
        let items = || Some((self.items.as_ref()?, None));
        let pages = [&self.vote, &self.result, &self.items];
        match host.and_then(|host| self.hosts.front(host)) {
            Some(Front::Vote) => vote(),
            Some(Front::Result) => result(),
            Some(Front::Items) => items(),
            None if self.home.is_some() => self.home.as_ref().map(|home| (home, None)),
            None if pages.iter().filter(|page| page.is_some()).count() == 1 => vote().or_else(result).or_else(items),
            None => None,
        }
    }
}

async fn open(State(door): State<Arc<Door>>, mut request: Request) -> Response {
    let Some((routes, path)) = door.behind(&request) else { return ApiError::NotFound("address").into_response() };
    if let Some(path) = path {
        *request.uri_mut() = moved_to(&path, request.uri());
    }
    match routes.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The same address at another path. A path of ours and a query that was one are an address.
fn moved_to(path: &str, uri: &Uri) -> Uri {
    let asked = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    asked.parse::<PathAndQuery>().map(Uri::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header::HOST;
    use http_body_util::BodyExt;

    use super::*;
    use crate::config;

    /// The page at `/` of a host, in a process of these roles; its status where that is an error.
    async fn page(roles: &[&str], host: &str) -> String {
        let [vote_hosts, result_hosts, items_hosts] =
            ["vote.*", "result.*", "items.*"].map(|hosts| hosts.parse().unwrap());
        let config = config::Hosts { vote_hosts, result_hosts, items_hosts };
        let mut door = Door::new(Hosts::new(&config), Origins::default());
        let routes = |path: &str, page: &'static str| Router::new().route(path, any(move || async move { page }));
        if roles.contains(&"site") {
            door.lead_home(routes("/", "home"));
        }
        if roles.contains(&"vote") {
            door.lead_to_vote(&routes("/vote/default", "vote"));
        }
        if roles.contains(&"result") {
            door.lead_to_result(&routes("/results/default", "result"));
        }
        if roles.contains(&"items") {
            door.lead_to_items(routes("/", "items"));
        }
        let request = Request::builder().uri("/").header(HOST, host).body(Body::empty()).unwrap();
        let answer = door.router().oneshot(request).await.unwrap();
        if !answer.status().is_success() {
            return answer.status().as_str().to_owned();
        }
        String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
    }

    #[tokio::test]
    async fn each_process_shows_what_it_has() {
        for (roles, at_vote, at_result, at_items, elsewhere) in [
            (&["site", "vote", "result", "items"][..], "vote", "result", "items", "home"),
            (&["site"], "404", "404", "404", "home"),
            (&["vote"], "vote", "404", "404", "vote"),
            (&["result"], "404", "result", "404", "result"),
            (&["items"], "404", "404", "items", "items"),
            (&["vote", "result"], "vote", "result", "404", "404"),
            (&["vote", "items"], "vote", "404", "items", "404"),
            (&["site", "vote"], "vote", "404", "404", "home"),
            (&[], "404", "404", "404", "404"),
        ] {
            let hosts = [("vote.x", at_vote), ("result.x:80", at_result), ("items.x", at_items), ("x", elsewhere)];
            for (host, wanted) in hosts.into_iter().chain([("<x>", elsewhere)]) {
                assert_eq!(page(roles, host).await, wanted, "{roles:?} at {host}");
            }
        }
    }
}
