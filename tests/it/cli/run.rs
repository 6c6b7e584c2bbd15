//! `hemicycle run`: what it does not start with, and what it waits for.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use hemicycle_stack::postgres::{Postgres, PostgresOptions};
use hemicycle_stack::redis::{Redis, RedisOptions};
use hemicycle_stack::role::migrate;
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

use super::{VARIABLES, VARIABLES_AT_SCALE};
use crate::sandbox::{KEY, Process, Site, binary};
use crate::scaled::eventually;
use crate::servers::{Database, prefix, redis_url_text};

const SECRET: &str = "signs-the-cookies-of-a-test";
/// Where nobody listens: the discard port.
const NOWHERE: [(&str, &str); 2] =
    [("DATABASE_URL", "postgres://nobody@127.0.0.1:9/none"), ("REDIS_URL", "redis://127.0.0.1:9")];
const KEYS: [(&str, &str); 2] = [("ADMIN_KEY", KEY), ("SECRET_KEY", SECRET)];

/// `hemicycle run` with these roles and no environment but this; ended after ten seconds.
fn run(roles: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("10").arg(binary());
    with(&mut command, roles, environment).env("PORT", "0").stdin(Stdio::null()).output().unwrap()
}

fn with<'c>(command: &'c mut Command, roles: &str, environment: &[(&str, &str)]) -> &'c mut Command {
    for variable in VARIABLES.into_iter().chain(VARIABLES_AT_SCALE) {
        command.env_remove(variable);
    }
    command.args(["run", "--roles", roles]).envs(environment.iter().copied())
}

/// A process with these roles that listens; whether it is ready is another matter.
pub fn listening(roles: &str, environment: &[(&str, &str)]) -> Process {
    let mut command = Command::new(binary());
    with(&mut command, roles, environment).env("SECRET_KEY", SECRET);
    Process::start_by(command, Path::new("/nonexistent"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What keeps a process from being ready, by component; `None` where nothing does.
async fn troubles(site: &Site) -> Option<Value> {
    let answer = site.http.get(site.url("/readyz")).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["ready"] == true, status == StatusCode::OK, "{status} {body}");
    (status != StatusCode::OK).then(|| body["troubles"].clone())
}

pub async fn eventually_ready(site: &Site) {
    eventually("a process that is ready", async || troubles(site).await.is_none()).await;
}

/// Waits until a process says that it is not ready because of this component, and with these words.
async fn eventually_complains(site: &Site, component: &str, words: &[&str]) {
    eventually(&format!("trouble with the {component}: {words:?}"), async || {
        let troubles = troubles(site).await.unwrap_or_default();
        let trouble = troubles[component].as_str().unwrap_or_default();
        words.iter().all(|word| trouble.contains(word))
    })
    .await;
}

#[test]
fn a_role_that_there_is_not_is_refused_with_those_that_there_are() {
    for roles in ["voting", "vote,counting", ""] {
        let output = run(roles, &[NOWHERE, KEYS].concat());
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{roles:?}: {text}");
        assert!(text.contains("vote, worker, result, polls, users, quotes, search, items, site"), "{roles:?}: {text}");
    }
}

#[test]
fn each_role_says_in_one_line_what_it_lacks() {
    let all = [NOWHERE, KEYS].concat();
    let needs = [
        ("vote", "vote", "DATABASE_URL, REDIS_URL, ADMIN_KEY, SECRET_KEY"),
        ("worker", "worker", "DATABASE_URL, REDIS_URL, ADMIN_KEY, SECRET_KEY"),
        ("result", "result", "DATABASE_URL, REDIS_URL, ADMIN_KEY, SECRET_KEY"),
        ("polls", "polls", "DATABASE_URL, REDIS_URL, ADMIN_KEY, SECRET_KEY"),
        ("users", "users", "DATABASE_URL, ADMIN_KEY, SECRET_KEY"),
        ("quotes", "quotes", "DATABASE_URL, ADMIN_KEY, SECRET_KEY"),
        ("site", "site", "DATABASE_URL, ADMIN_KEY, SECRET_KEY"),
        ("search", "search", "DATABASE_URL, ADMIN_KEY, SECRET_KEY"),
        ("items", "items", "REDIS_URL, ADMIN_KEY, SECRET_KEY"),
        ("site,result", "result", "DATABASE_URL, REDIS_URL, ADMIN_KEY, SECRET_KEY"),
    ];
    for (roles, role, needed) in needs {
        let lacks = |missing: &str, environment: &[(&str, &str)]| {
            let output = run(roles, environment);
            let text = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{roles}: {text}");
            assert_eq!(text, format!("hemicycle: role {role} needs {missing}\n"));
            assert!(output.stdout.is_empty(), "{roles} began all the same");
        };
        lacks(needed, &[]);
        for missing in needed.split(", ") {
            let others: Vec<_> = all.iter().copied().filter(|(name, _)| *name != missing).collect();
            // What every role needs, the first one asks for.
            let role_named = if missing == "REDIS_URL" { role } else { roles.split(',').next().unwrap() };
            let output = run(roles, &others);
            assert_eq!(stderr(&output), format!("hemicycle: role {role_named} needs {missing}\n"));
        }
    }
}

#[test]
fn an_address_that_is_none_is_refused_without_being_shown() {
    let with = |name: &'static str, value: &'static str| {
        let mut environment = [NOWHERE, KEYS].concat();
        environment.push((name, value));
        run("vote", &environment)
    };
    let names = [("REDIS_URL", "--redis-url"), ("BALLOTS_REDIS_URL", "--ballots-redis-url")];
    for value in
        ["localhost", "http://:hunter22@localhost:1", "redis://", "redis://:hunter22@host:port", "redis+sentinel://one"]
    {
        for (name, option) in names {
            let output = with(name, value);
            let text = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{name}={value}: {text}");
            assert!(text.contains(option) && text.contains("expected redis://HOST:PORT"), "{name}={value}: {text}");
            assert!(!text.contains("hunter22"), "{text}");
        }
    }
    for value in ["localhost", "mysql://u:hunter22@localhost/x", "postgres://u:hunter22@localhost:port/x"] {
        for name in ["DATABASE_URL", "DATABASE_REPLICAS_URL"] {
            let output = with(name, value);
            let text = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{name}={value}: {text}");
            assert!(text.starts_with("hemicycle: ") && text.lines().count() == 1, "{name}={value}: {text}");
            assert!(text.contains(name) && !text.contains("hunter22"), "{name}={value}: {text}");
        }
    }
    for (name, value) in [("BALLOT_ACKS", "memory"), ("QUEUE_MAX_UNREAD", "many"), ("DATABASE_CONNECTIONS", "1")] {
        let output = with(name, value);
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {}", stderr(&output));
    }
}

#[tokio::test]
async fn before_the_schema_is_there_every_role_waits_and_then_it_starts_by_itself() {
    for roles in ["vote", "worker", "result", "polls", "users", "site"] {
        let database = Database::empty();
        let (url, redis, prefix) = (database.url(), redis_url_text(), prefix());
        let process = listening(roles, &[("DATABASE_URL", &url), ("REDIS_URL", &redis), ("REDIS_PREFIX", &prefix)]);
        eventually_complains(&process.site, "database", &["not prepared", "run: hemicycle migrate"]).await;
        for path in ["/", "/vote/default", "/ballots/default", "/results/default.json", "/polls"] {
            let answer = process.site.http.post(process.site.url(path)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{roles} {path}");
            assert!(answer.headers().contains_key("retry-after"), "{roles} {path}");
            assert_eq!(answer.json::<Value>().await.unwrap()["fate"], "refused", "{roles} {path}");
        }
        migrate(&binary(), &url, None).unwrap();
        eventually_ready(&process.site).await;
        assert!(process.terminate().success());
    }
}

#[tokio::test]
async fn a_schema_of_an_older_release_is_waited_for_and_a_process_that_waits_can_be_stopped() {
    let database = Database::migrated();
    database.sql("UPDATE _sqlx_migrations SET version = version - 10000");
    let (url, redis, prefix) = (database.url(), redis_url_text(), prefix());
    let environment: [(&str, &str); 3] = [("DATABASE_URL", &url), ("REDIS_URL", &redis), ("REDIS_PREFIX", &prefix)];
    let [waiting, stopped] = [(); 2].map(|()| listening("vote,worker", &environment));
    for process in [&waiting, &stopped] {
        let words = ["schema version", "this release needs", "run: hemicycle migrate"];
        eventually_complains(&process.site, "database", &words).await;
    }
    assert!(stopped.terminate().success());
    database.sql("UPDATE _sqlx_migrations SET version = version + 10000");
    eventually_ready(&waiting.site).await;
}

#[tokio::test]
async fn servers_that_are_away_are_named_one_after_the_other_and_it_starts_when_they_are_there() {
    let postgres = Postgres::start(&PostgresOptions::quick()).unwrap();
    postgres.create_database("late").unwrap();
    let (url, redis) = (postgres.url("late"), Redis::start(&RedisOptions::default()).unwrap());
    migrate(&binary(), &url, None).unwrap();
    postgres.stop(hemicycle_stack::postgres::Mode::Fast).unwrap();
    redis.kill().unwrap();
    let server = redis.url();
    let process = listening("vote,worker,polls", &[("DATABASE_URL", &url), ("REDIS_URL", &server)]);
    eventually_complains(&process.site, "database", &["not available"]).await;
    postgres.start_again().unwrap();
    eventually_complains(&process.site, "queue", &[&server]).await;
    assert_eq!(troubles(&process.site).await.unwrap()["database"], Value::Null, "that one is there");
    redis.start_again().unwrap();
    eventually_ready(&process.site).await;
    assert_eq!(process.site.vote("default", "ann", "a").await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_redis_that_does_not_keep_the_promise_is_named_with_what_is_wrong() {
    let (database, redis) = (Database::migrated(), Redis::start(&RedisOptions::default()).unwrap());
    redis.command(&["CONFIG", "SET", "appendfsync", "everysec"]).unwrap();
    let (url, server) = (database.url(), redis.url());
    let process = listening("vote", &[("DATABASE_URL", &url), ("REDIS_URL", &server)]);
    eventually_complains(&process.site, "queue", &["appendfsync is everysec: always is needed"]).await;
    redis.command(&["CONFIG", "SET", "appendfsync", "always"]).unwrap();
    eventually_ready(&process.site).await;
}

/// A Redis that speaks TLS at one more port, by a certificate for `localhost` that only vouches for itself.
struct OverTls {
    folder: TempDir,
    port: u16,
    _server: Redis,
}

impl OverTls {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key", "-out", "certificate"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", stderr(&made));
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let port = hemicycle_stack::ports::free().unwrap();
        let config = [
            ("tls-port", port.to_string()),
            ("tls-cert-file", path("certificate")),
            ("tls-key-file", path("key")),
            ("tls-ca-cert-file", path("certificate")),
            ("tls-auth-clients", "no".into()),
        ];
        let config = config.map(|(name, value)| (name.to_owned(), value)).into();
        let server = Redis::start(&RedisOptions { config, ..RedisOptions::default() }).unwrap();
        Self { folder, port, _server: server }
    }
}

#[tokio::test]
async fn redis_is_reached_by_tls_and_not_where_nobody_vouches_for_it() {
    let (redis, database) = (OverTls::start(), Database::migrated());
    let (url, database) = (format!("rediss://localhost:{}", redis.port), database.url());
    let certificate = redis.folder.path().join("certificate");
    let environment = [("DATABASE_URL", &database[..]), ("REDIS_URL", &url), ("ADMIN_KEY", KEY)];
    let trusting = [&environment[..], &[("SSL_CERT_FILE", certificate.to_str().unwrap())]].concat();
    let process = listening("vote,worker,result,polls", &trusting);
    eventually_ready(&process.site).await;
    assert_eq!(process.site.vote("default", "ann", "a").await.0, StatusCode::ACCEPTED);
    process.site.results_when("default", |results| results["total"] == 1).await;
    let wary = listening("vote", &environment);
    eventually_complains(&wary.site, "queue", &["certificate"]).await;
}
