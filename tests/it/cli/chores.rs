//! Help, keys, exports, backups and health checks.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{VARIABLES, copy, hemicycle, refusal, stdout, vote, voted};
use crate::sandbox::{Process, Site, binary, signal};

#[test]
fn help_names_every_variable_and_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let help = stdout(&hemicycle(folder.path(), &["--help"], &[]));
    // As it is read, wherever its lines break.
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for variable in VARIABLES {
        assert!(words.contains(&format!("[env: {variable}")), "{variable} is not in:\n{help}");
    }
    for command in ["up", "export", "import", "backup", "restore", "dead-letters", "healthcheck"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command} is not in:\n{help}");
        let help = stdout(&hemicycle(folder.path(), &[command, "--help"], &[]));
        assert!(help.contains("Usage: hemicycle"), "{help}");
    }
    assert!(!help.contains(crate::sandbox::KEY), "the key in the environment is shown");
    let version = stdout(&hemicycle(folder.path(), &["--version"], &[]));
    assert_eq!(version, format!("hemicycle {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn generated_keys_are_private_and_not_printed_to_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = Command::new(binary());
    command.env_remove("ADMIN_KEY").env_remove("SECRET_KEY").env("DATA_DIR", &data).env("PORT", "0");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut printed, mut out) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
    out.read_line(&mut printed).unwrap();
    let keys: Value = serde_json::from_slice(&fs::read(data.join("keys.json")).unwrap()).unwrap();
    let site = Site::at_port(printed.trim().rsplit(':').next().unwrap().parse().unwrap());
    let key = keys["admin_key"].as_str().unwrap();
    let request = site.http.post(site.url("/polls")).header("authorization", key);
    let answer = request.json(&json!({ "title": "Tea?", "options": ["Yes", "No"] })).send().await.unwrap();
    assert_eq!(answer.status(), 201, "the generated key does not work");
    signal(child.id(), "TERM");
    out.read_to_string(&mut printed).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(printed.contains("Hemicycle is open at"), "{printed}");
    for secret in [key, keys["secret_key"].as_str().unwrap()] {
        assert!(secret.len() >= 32 && !printed.contains(secret), "a secret was printed: {printed}");
    }
    assert_eq!(mode(&data.join("keys.json")), 0o600);
    assert_eq!(mode(&data), 0o700);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn export_writes_json_and_csv_while_it_runs_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let process = Process::start(&data);
    process.site.make_poll(json!({ "slug": "sums", "options": ["=1+1", "two, \"or so\""] })).await;
    vote(&process.site, 0..3, "b").await;
    process.site.settled("default").await;
    let running = stdout(&hemicycle(&data, &["export"], &[]));
    let polls: Vec<Value> = serde_json::from_str(&running).unwrap();
    let default = polls.iter().find(|poll| poll["poll"] == "default").unwrap();
    assert_eq!((polls.len(), &default["total"], &default["options"][1]["votes"]), (2, &json!(3), &json!(3)));
    assert!(process.terminate().success());
    let file = folder.path().join("results.csv");
    stdout(&hemicycle(&data, &["export", "--format", "csv", "-o", file.to_str().unwrap()], &[]));
    let csv = fs::read_to_string(&file).unwrap();
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(rows.headers().unwrap(), vec!["poll", "title", "status", "key", "label", "votes"]);
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert!(rows.iter().any(|row| &row[0] == "default" && &row[3] == "b" && &row[5] == "3"), "{csv}");
    assert!(rows.iter().any(|row| &row[4] == "two, \"or so\""), "{csv}");
    assert!(rows.iter().all(|row| !row[4].starts_with('=')), "a spreadsheet would run this: {csv}");
    assert!(!csv.contains("voter"), "{csv}");
    let one = stdout(&hemicycle(&data, &["export", "sums"], &[]));
    assert_eq!(serde_json::from_str::<Value>(&one).unwrap().as_array().map(Vec::len), Some(1));
    assert!(refusal(&hemicycle(&data, &["export", "nothing"], &[])).contains("there is no poll nothing"));
    assert!(refusal(&hemicycle(folder.path(), &["export"], &[])).contains("there is no store"));
}

#[test]
fn healthcheck_says_by_its_exit_code_whether_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let port = process.site.base.rsplit(':').next().unwrap().to_owned();
    for arguments in [vec!["healthcheck"], vec!["healthcheck", "--live"]] {
        assert_eq!(stdout(&hemicycle(folder.path(), &arguments, &[("PORT", &port)])), "");
    }
    assert!(process.terminate().success());
    for arguments in [vec!["healthcheck"], vec!["healthcheck", "--live"]] {
        let line = refusal(&hemicycle(folder.path(), &arguments, &[("PORT", &port)]));
        assert!(line.contains(&format!("nobody answers at 127.0.0.1:{port}")), "{line}");
    }
}

#[tokio::test]
async fn backup_overwrites_nothing_and_restore_only_what_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("backup.tar"));
    let backup = file.to_str().unwrap();
    assert!(refusal(&hemicycle(&data, &["backup", backup], &[])).contains("there is no store"));
    voted(&data, 3).await;
    assert!(stdout(&hemicycle(&data, &["backup", backup], &[])).starts_with("backed up "));
    assert_eq!(mode(&file), 0o600);
    let bytes = fs::read(&file).unwrap();
    assert!(refusal(&hemicycle(&data, &["backup", backup], &[])).contains("exists already"));
    assert_eq!(fs::read(&file).unwrap(), bytes);

    let process = Process::start(&data);
    vote(&process.site, 3..5, "a").await;
    let line = refusal(&hemicycle(&data, &["restore", "--force", backup], &[]));
    assert!(line.contains("in use by another hemicycle"), "{line}");
    process.site.settled("default").await;
    assert!(process.terminate().success());
    assert!(refusal(&hemicycle(&data, &["restore", backup], &[])).contains("--force"));
    assert_eq!(total(&data).await, 5);
    stdout(&hemicycle(&data, &["restore", "--force", backup], &[]));
    assert_eq!(total(&data).await, 3);
    let leftovers: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(leftovers.len(), 2, "{leftovers:?}");
}

#[tokio::test]
async fn a_file_that_is_no_backup_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("backup.tar"));
    voted(&data, 3).await;
    stdout(&hemicycle(&data, &["backup", file.to_str().unwrap()], &[]));
    let bytes = fs::read(&file).unwrap();
    let mut flipped = bytes.clone();
    for place in (20 * 1024..22 * 1024).chain(bytes.len() / 2..bytes.len() / 2 + 2048) {
        flipped[place] ^= 0xff;
    }
    for (number, bad) in [&b""[..], b"not a tar", &bytes[..bytes.len() / 2], &flipped].into_iter().enumerate() {
        let (to, bad_file) = (folder.path().join(format!("to-{number}")), folder.path().join("bad.tar"));
        copy(&data, &to);
        fs::write(&bad_file, bad).unwrap();
        refusal(&hemicycle(&to, &["restore", "--force", bad_file.to_str().unwrap()], &[]));
        assert_eq!(total(&to).await, 3, "bad backup {number}");
        let leftovers = fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let leftovers: Vec<_> = leftovers.filter(|name| name.contains("restored")).collect();
        assert!(leftovers.is_empty(), "bad backup {number} left {leftovers:?}");
    }
}

#[tokio::test]
async fn a_lost_store_is_put_back_beside_its_queue_and_counts_what_came_after_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("backup.tar"));
    let file = file.to_str().unwrap();
    voted(&data, 3).await;
    stdout(&hemicycle(&data, &["backup", file], &[]));
    voted(&data, 8).await;
    fs::remove_file(data.join("store.db")).unwrap();
    assert!(refusal(&hemicycle(&data, &[], &[])).contains("--store-only"));
    assert!(refusal(&hemicycle(&data, &["restore", file], &[])).contains("queue.db"), "the queue is not overwritten");
    stdout(&hemicycle(&data, &["restore", "--store-only", file], &[]));
    assert_eq!(total(&data).await, 8);
}

/// The default poll's total as the product tells it after a start.
async fn total(data: &Path) -> u64 {
    let process = Process::start(data);
    let total = process.site.settled("default").await["total"].as_u64().unwrap();
    assert!(process.terminate().success());
    total
}
