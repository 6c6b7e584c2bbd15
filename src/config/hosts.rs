//! Which host names have a page of their own at `/`.

use std::str::FromStr;

use clap::Args;

const WANTED: &str =
    "expected host names such as vote.example.org or vote.*, separated by commas, without scheme, port or path";

/// Which host names have a page of their own at `/`. Elsewhere `/` is the front page, or, in a process without the role
/// site, the page of the one role it has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Host names")]
pub struct Hosts {
    /// Host names where / is the default poll's voting page, separated by commas; * stands for anything
    #[arg(long, env = "VOTE_HOSTS", value_name = "HOSTS", default_value = "vote.*")]
    pub vote_hosts: HostPatterns,
    /// Host names where / is the default poll's result, separated by commas; * stands for anything
    #[arg(long, env = "RESULT_HOSTS", value_name = "HOSTS", default_value = "result.*,results.*")]
    pub result_hosts: HostPatterns,
    /// Host names where / says how to use items, separated by commas; * stands for anything
    #[arg(long, env = "ITEMS_HOSTS", value_name = "HOSTS", default_value = "items.*")]
    pub items_hosts: HostPatterns,
}

/// Patterns of host names, in lower case, `*` for anything; none where the text is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPatterns(Vec<String>);

impl HostPatterns {
    /// Each pattern.
    pub fn each(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromStr for HostPatterns {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let patterns = text.split(',').map(|pattern| pattern.trim().to_ascii_lowercase());
        patterns
            .map(|pattern| if is_pattern(&pattern) { Ok(pattern) } else { Err(WANTED) })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Whether some host name or address fits: an IPv6 address is in brackets, as in a URL.
fn is_pattern(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        let plain = label.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'*'));
        plain && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::{HostPatterns, WANTED};

    #[test]
    fn host_names_with_stars_are_patterns() {
        for text in ["vote.*", "*", "*.vote.example.org", "localhost", "10.0.0.7", "[::1]", "a-b.c", "vote*"] {
            assert!(text.parse::<HostPatterns>().is_ok(), "{text}");
        }
        let several: HostPatterns = " Vote.Votes.FR , vote.* ".parse().unwrap();
        assert_eq!(several.each().collect::<Vec<_>>(), ["vote.votes.fr", "vote.*"]);
        assert_eq!("".parse::<HostPatterns>().unwrap().each().count(), 0, "no such hosts at all");
    }

    #[test]
    fn what_can_be_no_host_is_refused() {
        let wrong = [
            "http://vote.example.org",
            "vote.example.org:8080",
            "vote.example.org/",
            "vote host",
            "a,,b",
            "vote.",
            ".vote",
            "-vote",
            "vote-",
            "vote..org",
            "_vote",
            "[::1]:80",
            "[::g]",
            "::1",
            "vöte",
            "(vote|poll).*",
        ];
        for text in wrong {
            assert_eq!(text.parse::<HostPatterns>(), Err(WANTED), "{text}");
        }
    }
}
