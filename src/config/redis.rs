//! How Redis is reached.

use std::fmt;
use std::str::FromStr;

/// The port of a Sentinel that names none.
const SENTINEL_PORT: u16 = 26379;

/// Where a Redis is: one server, or the main one of a set that Sentinels watch.
#[derive(Clone, PartialEq, Eq)]
pub enum RedisUrl {
    /// `redis://` or `rediss://`, as it was given.
    Server(String),
    /// `redis+sentinel://user:password@host:port,host:port/name`; the credentials are the servers', not the
    /// Sentinels'.
    Sentinel {
        /// Host and port of each Sentinel.
        sentinels: Vec<(String, u16)>,
        /// What the Sentinels call the set.
        name: String,
        /// The servers' user, where one is needed.
        user: Option<String>,
        /// The servers' password, where one is needed.
        password: Option<String>,
    },
}

const WANTED: &str = "expected redis://HOST:PORT, rediss://HOST:PORT or redis+sentinel://HOST:PORT,HOST:PORT/NAME";

impl FromStr for RedisUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(WANTED)?;
        match scheme {
            "redis" | "rediss" if !rest.is_empty() && redis::parse_redis_url(text).is_some() => {
                Ok(Self::Server(text.to_owned()))
            }
            "redis+sentinel" => parse_sentinels(rest).ok_or(WANTED),
            _ => Err(WANTED),
        }
    }
}

fn parse_sentinels(rest: &str) -> Option<RedisUrl> {
    let (authority, name) = rest.split_once('/')?;
    let (credentials, hosts) = authority.rsplit_once('@').map_or((None, authority), |(who, at)| (Some(who), at));
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().ok().map(String::from);
    let (user, password) = match credentials {
        None => (None, None),
        Some(credentials) => {
            let (user, password) = credentials.split_once(':').unwrap_or(("", credentials));
            (decoded(user).filter(|user| !user.is_empty()), Some(decoded(password)?))
        }
    };
    let sentinels = hosts.split(',').map(parse_host).collect::<Option<Vec<_>>>()?;
    let valid = !name.is_empty() && !name.contains('/');
    valid.then(|| RedisUrl::Sentinel { sentinels, name: name.to_owned(), user, password })
}

fn parse_host(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (text, SENTINEL_PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// Without credentials: this is for logs.
impl fmt::Display for RedisUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
                write!(out, "{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
            }
            Self::Sentinel { sentinels, name, .. } => {
                let hosts: Vec<_> = sentinels.iter().map(|(host, port)| format!("{host}:{port}")).collect();
                write!(out, "redis+sentinel://{}/{name}", hosts.join(","))
            }
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_recognised() {
        let server: RedisUrl = "redis://localhost:6379/0".parse().unwrap();
        assert_eq!(server, RedisUrl::Server("redis://localhost:6379/0".into()));
        let watched: RedisUrl = "redis+sentinel://us%65r:p%40ss@one,two:5,[::1]:6/main".parse().unwrap();
        let sentinels = vec![("one".into(), 26379), ("two".into(), 5), ("::1".into(), 6)];
        let (user, password) = (Some("user".into()), Some("p@ss".into()));
        assert_eq!(watched, RedisUrl::Sentinel { sentinels, name: "main".into(), user, password });
    }

    #[test]
    fn anything_else_is_refused_with_the_forms() {
        for text in ["", "localhost", "http://x", "redis://", "redis+sentinel://one", "redis+sentinel:///x"] {
            assert_eq!(text.parse::<RedisUrl>(), Err(WANTED), "{text}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for url in ["redis://:secret@host:1", "redis+sentinel://:secret@host:1/main"] {
            let shown = format!("{:?}", url.parse::<RedisUrl>().unwrap());
            assert!(shown.contains("host:1") && !shown.contains("secret"), "{shown}");
        }
    }
}
