//! What a Redis must be for the promise to hold, asked of every new connection.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisResult, ServerErrorKind};
use std::collections::HashMap;

/// The oldest release whose scripts are refused as a whole while memory is short.
const OLDEST: u32 = 7;

/// What has to be configured, as what, and why.
const NEEDED: [(&str, &str, &str); 4] = [
    ("appendonly", "yes", "or a restart loses accepted ballots"),
    ("appendfsync", "always", "or a crash of the machine loses accepted ballots"),
    ("no-appendfsync-on-rewrite", "no", "or a crash during a rewrite loses accepted ballots"),
    ("maxmemory-policy", "noeviction", "or a full memory drops accepted ballots"),
];

/// What is wrong with the server behind `connection`, if anything.
pub fn examine(mut connection: MultiplexedConnection) -> BoxFuture<'static, RedisResult<Option<String>>> {
    async move {
        let info: String = redis::cmd("INFO").query_async(&mut connection).await?;
        let names: Vec<&str> = NEEDED.iter().map(|(name, ..)| *name).collect();
        let config = redis::cmd("CONFIG").arg("GET").arg(names).query_async(&mut connection).await;
        let config: HashMap<String, String> = match config {
            Ok(config) => config,
            Err(error) if is_refusal(error.kind()) => {
                return Ok(Some("CONFIG GET is not permitted, so that its promises cannot be checked".into()));
            }
            Err(error) => return Err(error),
        };
        Ok(wrong(&info, &config))
    }
    .boxed()
}

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Server(ServerErrorKind::NoPerm | ServerErrorKind::ResponseError))
}

fn wrong(info: &str, config: &HashMap<String, String>) -> Option<String> {
    let told = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let version = told("redis_version").unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or_default();
    let mut found = Vec::new();
    if major < OLDEST {
        found.push(format!("it is release {version}: {OLDEST}.0 or newer is needed"));
    }
    if told("cluster_enabled") == Some("1") {
        found.push("it is a cluster: one main server is needed, because a batch is one step".into());
    }
    for (name, needed, why) in NEEDED {
        let actual = config.get(name).map_or("unknown", String::as_str);
        if actual != needed {
            found.push(format!("{name} is {actual}: {needed} is needed, {why}"));
        }
    }
    (!found.is_empty()).then(|| found.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: Option<(&str, &str)>) -> HashMap<String, String> {
        let mut config: HashMap<String, String> =
            NEEDED.iter().map(|(name, needed, _)| ((*name).to_owned(), (*needed).to_owned())).collect();
        config.extend(change.map(|(name, value)| (name.to_owned(), value.to_owned())));
        config
    }

    #[test]
    fn a_server_that_keeps_the_promise_passes() {
        assert_eq!(wrong("redis_version:7.0.15\r\ncluster_enabled:0\r\n", &config(None)), None);
    }

    #[test]
    fn everything_that_breaks_the_promise_is_named() {
        for (name, value) in [("appendonly", "no"), ("appendfsync", "everysec"), ("maxmemory-policy", "allkeys-lru")] {
            let found = wrong("redis_version:7.2.0\r\n", &config(Some((name, value)))).unwrap();
            assert!(found.contains(&format!("{name} is {value}")), "{found}");
        }
        assert!(wrong("redis_version:6.2.1\r\n", &config(None)).unwrap().contains("6.2.1"));
        assert!(wrong("redis_version:7.0.0\r\ncluster_enabled:1\r\n", &config(None)).unwrap().contains("cluster"));
    }
}
