//! Host names that have a page of their own at `/`.

use std::sync::Arc;

use crate::config::{HostPatterns, Hosts as Config};

/// Whose page is at `/` of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// The default poll's voting page.
    Vote,
    /// The default poll's result.
    Result,
    /// The service of items.
    Items,
}

/// The host names that have a page of their own at `/`. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Hosts {
    patterns: Arc<Config>,
}

impl Hosts {
    /// As configured.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { patterns: Arc::new(config.clone()) }
    }

    /// Whose page is at `/` of this host, as a request names it: in any case, with or without a port. `None` where it is
    /// nobody's in particular. A host that fits several is a vote host before a result host, and that before an items host.
    #[must_use]
    pub fn front(&self, host: &str) -> Option<Front> {
        let host = name(host).to_ascii_lowercase();
        let fits =
            |patterns: &HostPatterns| patterns.each().any(|pattern| matches(pattern.as_bytes(), host.as_bytes()));
        let Config { vote_hosts, result_hosts, items_hosts } = &*self.patterns;
        let fronts = [(vote_hosts, Front::Vote), (result_hosts, Front::Result), (items_hosts, Front::Items)];
        fronts.into_iter().find(|(patterns, _)| fits(patterns)).map(|(_, front)| front)
    }
}

/// A host without its port, and without the dot that makes a name absolute.
fn name(host: &str) -> &str {
    let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
    let host = host.get(..end.unwrap_or(host.len())).unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host)
}

/// Whether a text fits a pattern in which `*` stands for any text, also for none.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Behind the last star: where the pattern goes on, and where the text did when it was tried last.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, read));
            at += 1;
        } else if pattern.get(at) == Some(&text[read]) {
            (at, read) = (at + 1, read + 1);
        } else if let Some((after, tried)) = star {
            // The star takes one more.
            (at, read, star) = (after, tried + 1, Some((after, tried + 1)));
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(vote: &str, result: &str) -> Hosts {
        let [vote_hosts, result_hosts, items_hosts] = [vote, result, "items.*"].map(|hosts| hosts.parse().unwrap());
        Hosts::new(&Config { vote_hosts, result_hosts, items_hosts })
    }

    #[test]
    fn by_default_the_first_label_tells() {
        let hosts = hosts("vote.*", "result.*,results.*");
        for host in ["vote.localhost", "VOTE.Localhost:8080", "vote.votes.fr.", "vote.10.0.0.7.nip.io:80"] {
            assert_eq!(hosts.front(host), Some(Front::Vote), "{host}");
        }
        for host in ["result.localhost:1", "results.votes.fr", "RESULTS.x"] {
            assert_eq!(hosts.front(host), Some(Front::Result), "{host}");
        }
        assert_eq!(hosts.front("items.localhost:8080"), Some(Front::Items));
        for host in
            ["localhost", "vote", "myvote.localhost", "votes.fr", "x.vote.fr", "10.0.0.7:80", "[::1]:80", "", ":"]
        {
            assert_eq!(hosts.front(host), None, "{host}");
        }
    }

    #[test]
    fn patterns_of_ones_own_take_their_place() {
        let hosts = hosts("poll-*.example.org, *vote*, [::1]", "*.example.org");
        for host in ["poll-7.example.org", "poll-.example.org", "myvoter", "[::1]:8080"] {
            assert_eq!(hosts.front(host), Some(Front::Vote), "{host}");
        }
        assert_eq!(hosts.front("vote.example.org"), Some(Front::Vote), "both fit: to vote goes first");
        assert_eq!(hosts.front("poll.example.org"), Some(Front::Result));
        assert_eq!(hosts.front("example.org"), None);
    }

    #[test]
    fn a_star_is_any_text_and_many_stars_take_no_longer() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*.a.*", "x.a.a.y", true),
            ("a*b*c", "a-b-b-c", true),
            ("a", "", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
        assert!(!matches("*a*a*a*a*a*a*a*a*a*b".as_bytes(), "a".repeat(8000).as_bytes()));
    }
}
