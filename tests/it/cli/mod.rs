//! The command line: what it teaches, what it refuses and how, and the chores around a data directory.

mod chores;
mod dead_letters;
mod environments;
mod people;
mod quotes;
mod refusals;
pub mod run;
mod search;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::sandbox::{KEY, Process, Site, binary};

/// The variables of `up`.
const VARIABLES: [&str; 31] = [
    "LISTEN",
    "PORT",
    "OPS_LISTEN",
    "DATA_DIR",
    "PUBLIC_URL",
    "TRUSTED_PROXIES",
    "VOTE_HOSTS",
    "RESULT_HOSTS",
    "ITEMS_HOSTS",
    "ADMIN_KEY",
    "SECRET_KEY",
    "SIGNUP",
    "SESSION_DAYS",
    "CSV_FILE_USERS",
    "CSV_FILE_QUOTES",
    "ITEMS_WRITE",
    "ITEMS_MAX_BYTES",
    "ITEMS_MAX_KEYS",
    "OPTION_A",
    "OPTION_B",
    "MAX_CONNECTIONS",
    "MAX_VIEWERS",
    "INTAKE_CAPACITY",
    "PASSWORD_THREADS",
    "PASSWORD_WAITING",
    "RATE_LIMIT",
    "RATE_LIMIT_CREDENTIAL",
    "SIGN_IN_FAILURES",
    "QUEUE_RETAIN",
    "HEAD_SECONDS",
    "GRACE_SECONDS",
];

/// Those of `run` and `migrate` beyond it.
const VARIABLES_AT_SCALE: [&str; 12] = [
    "ROLES",
    "DATABASE_URL",
    "DATABASE_REPLICAS_URL",
    "DATABASE_CONNECTIONS",
    "REDIS_URL",
    "BALLOTS_REDIS_URL",
    "BALLOT_ACKS",
    "REDIS_PREFIX",
    "QUEUE_MAX_UNREAD",
    "QUEUE_PARTITIONS",
    "ITEMS_REDIS_URL",
    "REDIS_REPLICAS_URL",
];

/// Runs the command over a data directory; what should have ended by itself is ended after ten seconds.
fn hemicycle(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("10").arg(binary()).args(arguments).stdin(Stdio::null());
    for variable in VARIABLES.into_iter().chain(VARIABLES_AT_SCALE) {
        command.env_remove(variable);
    }
    command.env("DATA_DIR", data).env("PORT", "0").env("ADMIN_KEY", KEY).envs(environment.iter().copied());
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line with which the command said why it did not do it.
fn refusal(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("hemicycle: ") && text.ends_with('\n') && text.lines().count() == 1, "{text:?}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    text
}

/// A data directory in which people have voted and nobody is at home.
async fn voted(folder: &Path, ballots: u32) {
    let process = Process::start(folder);
    vote(&process.site, 0..ballots, "a").await;
    process.site.settled("default").await;
    assert!(process.terminate().success());
}

async fn vote(site: &Site, voters: std::ops::Range<u32>, choice: &str) {
    for voter in voters {
        assert_eq!(site.vote("default", &format!("voter {voter}"), choice).await.0, 202);
    }
}

/// Copies the files of a folder into a new one.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
