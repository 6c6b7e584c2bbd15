//! Where people are to vote: a voter's cookie is the host's that gave it, so who votes under two names of this site
//! would be two voters. With `PUBLIC_URL` set, the voting pages of vote hosts lead there.

use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};

use super::Vote;
use crate::http::hosts::Front;
use crate::http::origin::Peer;

impl Vote {
    /// Sends whoever asks for a voting page at a vote host to the same page under `PUBLIC_URL`, if that is another
    /// host; `None` where the page is to be shown here.
    ///
    /// By 307: the address may be configured otherwise tomorrow, so no browser is to remember it (301, 308), and a HEAD
    /// stays one (302, 303 leave that open). Ballots are taken where they arrive: a client of old sends no second
    /// request.
    pub(super) fn moved(&self, request: &Request) -> Option<Response> {
        let (headers, peer) = (request.headers(), request.extensions().get::<Peer>().copied());
        let public = self.needs.origins.elsewhere(headers, peer)?;
        let host = self.needs.origins.host(headers, peer)?;
        (self.needs.hosts.front(host) == Some(Front::Vote)).then(|| {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            Redirect::temporary(&format!("{}{path}", public.to_string().trim_end_matches('/'))).into_response()
        })
    }
}
