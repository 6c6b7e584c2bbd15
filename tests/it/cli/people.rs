//! Accounts out of CSV files and into them, over both stores; and the file that is loaded once.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::run::{eventually_ready, listening};
use super::{VARIABLES, VARIABLES_AT_SCALE, hemicycle, refusal, stdout};
use crate::sandbox::{KEY, Process, Site, binary};
use crate::servers::Database;

const GOOD: &str = "id,name,password\n1,Tintin,milou\n2,\"Haddock, capitaine\",\n3,Tournesol,plus à l'ouest\n";
/// Two rows of it make accounts; the others do not, and begin at these lines.
const BAD: &str =
    "id,name,password\n1,Tintin,milou\na b,Spaces,\n3,,\n\"4\",\"two\nlines\",\n1,Again,\nme,Reserved,\n8,Last,\n";
const BAD_LINES: [u32; 5] = [3, 4, 5, 7, 8];

/// A store in this folder, made by a first start.
pub fn started_once(folder: &Path) {
    assert!(Process::start(folder).terminate().success());
}

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("people.csv");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Imports what comes from a pipe.
fn import_piped(data: &Path, text: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "printf %s \"$TEXT\" | timeout 10 \"$BINARY\" import users -"]);
    for variable in VARIABLES.into_iter().chain(VARIABLES_AT_SCALE) {
        command.env_remove(variable);
    }
    command.env("TEXT", text).env("BINARY", binary()).env("DATA_DIR", data).stdin(Stdio::null()).output().unwrap()
}

/// The rows that an export holds, by column.
fn exported(output: &Output) -> Vec<[String; 3]> {
    let text = stdout(output);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(rows.headers().unwrap(), vec!["id", "name", "role", "created_at"]);
    rows.records().map(|row| row.unwrap()).map(|row| [0, 1, 2].map(|column| row[column].to_owned())).collect()
}

fn ids(output: &Output) -> Vec<String> {
    exported(output).into_iter().map(|[id, ..]| id).collect()
}

/// The lines that were skipped, as they are told.
pub fn skipped(output: &Output) -> Vec<u32> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = text.lines().filter_map(|line| line.strip_prefix("skipped line "));
    lines.map(|line| line.split(':').next().unwrap().parse().unwrap()).collect()
}

async fn users(site: &Site) -> Value {
    site.json_with_key("/users").await
}

/// Imports and exports over the store that `environment` names.
fn assert_people_come_and_go(folder: &Path, environment: &[(&str, &str)]) {
    let run = |arguments: &[&str]| hemicycle(folder, arguments, environment);
    let good = file(folder, GOOD);
    assert_eq!(stdout(&run(&["import", "users", &good])), "imported 3 accounts, skipped 0 rows\n");
    let again = run(&["import", "users", &good]);
    assert_eq!(stdout(&again), "imported 0 accounts, skipped 3 rows\n");
    assert_eq!(skipped(&again), [2, 3, 4], "{again:?}");
    let people = run(&["export", "users"]);
    let wanted = [["1", "Tintin"], ["2", "Haddock, capitaine"], ["3", "Tournesol"]];
    assert_eq!(exported(&people), wanted.map(|[id, name]| [id, name, "member"].map(String::from)));
    let text = stdout(&people);
    assert!(["milou", "ouest", "argon2"].iter().all(|secret| !text.contains(secret)), "{text}");
    let other = folder.join("export.csv");
    assert_eq!(stdout(&run(&["export", "users", "--output", other.to_str().unwrap()])), "");
    assert_eq!(fs::read_to_string(&other).unwrap(), text);
}

#[tokio::test]
async fn accounts_are_imported_and_exported_over_the_embedded_store() {
    let folder = tempfile::tempdir().unwrap();
    started_once(folder.path());
    assert_people_come_and_go(folder.path(), &[]);
    let process = Process::start(folder.path());
    process.site.sign_in_as("1", "milou").await;
    process.site.sign_in_as("3", "plus à l'ouest").await;
    let nobody = json!({ "id": "2", "password": "" });
    let refused = process.site.http.post(process.site.url("/sessions")).json(&nobody).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "without a password nobody signs in");
}

#[test]
fn accounts_are_imported_and_exported_over_a_database() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::migrated());
    assert_people_come_and_go(folder.path(), &[("DATABASE_URL", &database.url())]);
    assert_eq!(database.sql("SELECT count(*) FROM users WHERE password LIKE '$argon2id$%'"), "2");
}

#[tokio::test]
async fn what_was_exported_is_imported_elsewhere_without_passwords() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::migrated());
    started_once(folder.path());
    let formula = format!("{GOOD}4,\"=HYPERLINK(\"\"x\"\")\",\n");
    stdout(&hemicycle(folder.path(), &["import", "users", &file(folder.path(), &formula)], &[]));
    let first = hemicycle(folder.path(), &["export", "users"], &[]);
    assert!(!exported(&first)[3][1].starts_with('='), "a spreadsheet would run it");
    let url = database.url();
    let there = [("DATABASE_URL", &*url)];
    let path = file(folder.path(), &stdout(&first));
    assert_eq!(
        stdout(&hemicycle(folder.path(), &["import", "users", &path], &there)),
        "imported 4 accounts, skipped 0 rows\n"
    );
    assert_eq!(exported(&hemicycle(folder.path(), &["export", "users"], &there)), exported(&first));
    assert_eq!(database.sql("SELECT count(password) FROM users"), "0");
}

#[tokio::test]
async fn bad_rows_are_told_with_their_lines_and_the_others_are_imported_unless_it_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    started_once(folder.path());
    let bad = file(folder.path(), BAD);
    let nothing = hemicycle(folder.path(), &["import", "users", "--all-or-nothing", &bad], &[]);
    let text = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert_eq!(nothing.status.code(), Some(1), "{text}");
    assert!(text.lines().last().unwrap().starts_with("hemicycle: no account was made: "), "{text}");
    assert!(skipped(&nothing).len() >= 4 && nothing.stdout.is_empty(), "{text}");
    let export = || ids(&hemicycle(folder.path(), &["export", "users"], &[]));
    assert_eq!(export(), [] as [&str; 0]);
    let some = hemicycle(folder.path(), &["import", "users", &bad], &[]);
    assert_eq!(stdout(&some), "imported 2 accounts, skipped 5 rows\n");
    let mut lines = skipped(&some);
    lines.sort_unstable();
    assert_eq!(lines, BAD_LINES, "{some:?}");
    assert_eq!(export(), ["1", "8"]);
    let text = String::from_utf8_lossy(&some.stderr).into_owned();
    for reason in ["line 3: id: ", "line 4: the name is missing", "line 5: the name goes on", "line 7: another account"]
    {
        assert!(text.contains(reason), "{reason}: {text}");
    }
    let taken = file(folder.path(), "id,name\n9,New\n1,Taken\n");
    let nothing = hemicycle(folder.path(), &["import", "users", "--all-or-nothing", &taken], &[]);
    assert_eq!((nothing.status.code(), skipped(&nothing)), (Some(1), vec![3]), "{nothing:?}");
    assert_eq!(export(), ["1", "8"], "an id in use keeps all the others out, too");
    let good = file(folder.path(), "id,name\n9,New\n");
    let all = hemicycle(folder.path(), &["import", "users", "--all-or-nothing", &good], &[]);
    assert_eq!(stdout(&all), "imported 1 account, skipped 0 rows\n");
}

#[tokio::test]
async fn accounts_come_from_a_pipe_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    assert_eq!(stdout(&import_piped(folder.path(), GOOD)), "imported 3 accounts, skipped 0 rows\n");
    let listed = users(&process.site).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(3), "{listed}");
    process.site.sign_in_as("1", "milou").await;
    assert_eq!(ids(&hemicycle(folder.path(), &["export", "users"], &[])), ["1", "2", "3"]);
    assert!(process.terminate().success());
}

#[test]
fn a_file_or_store_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (data, good) = (folder.path().join("data"), file(folder.path(), GOOD));
    let none = refusal(&hemicycle(&data, &["import", "users", &good], &[]));
    assert!(none.contains("there is no store in") && none.contains("DATABASE_URL"), "{none}");
    assert!(refusal(&hemicycle(&data, &["export", "users"], &[])).contains("there is no store in"));
    started_once(&data);
    let missing = refusal(&hemicycle(&data, &["import", "users", "/nonexistent.csv"], &[]));
    assert!(missing.contains("cannot read /nonexistent.csv"), "{missing}");
    for (text, reason) in [("", "the file is empty"), ("name\nx\n", "no column \"id\""), ("id,id,name\n", "twice")] {
        let bad = refusal(&hemicycle(&data, &["import", "users", &file(folder.path(), text)], &[]));
        assert!(bad.contains("people.csv") && bad.contains(reason), "{text:?}: {bad}");
    }
    for url in ["nonsense", "postgres://u:hunter22@127.0.0.1:9/none"] {
        for arguments in [&["import", "users", &good][..], &["export", "users"]] {
            let bad = refusal(&hemicycle(&data, arguments, &[("DATABASE_URL", url)]));
            assert!(!bad.contains("hunter22"), "{bad}");
        }
    }
    let database = Database::empty();
    let early = refusal(&hemicycle(&data, &["import", "users", &good], &[("DATABASE_URL", &database.url())]));
    assert!(early.contains("run: hemicycle migrate"), "{early}");
}

/// `hemicycle up` with a file of accounts.
fn up_with(data: &Path, people: &str) -> Process {
    let mut command = Command::new(binary());
    command.env("CSV_FILE_USERS", people);
    Process::start_by(command, data)
}

async fn delete(site: &Site, id: &str) {
    let answer = site.http.delete(site.url(&format!("/users/{id}"))).header("authorization", KEY).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_file_of_accounts_is_loaded_once() {
    let folder = tempfile::tempdir().unwrap();
    let (data, people) = (folder.path().join("data"), file(folder.path(), BAD));
    let process = up_with(&data, &people);
    assert_eq!(users(&process.site).await, json!([{ "id": "1", "name": "Tintin" }, { "id": "8", "name": "Last" }]));
    process.site.sign_in_as("1", "milou").await;
    delete(&process.site, "8").await;
    assert!(process.terminate().success());
    let process = up_with(&data, &people);
    assert_eq!(users(&process.site).await, json!([{ "id": "1", "name": "Tintin" }]));
    delete(&process.site, "1").await;
    assert!(process.terminate().success());
    let process = up_with(&data, &people);
    assert_eq!(users(&process.site).await, json!([]), "who was deleted stays so");
    assert!(process.terminate().success());
    fs::remove_file(&people).unwrap();
    assert!(up_with(&data, &people).terminate().success(), "nobody needs it any more");
}

#[tokio::test]
async fn where_there_are_accounts_the_file_is_not_loaded_even_once_they_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (data, people) = (folder.path().join("data"), file(folder.path(), GOOD));
    let process = Process::start(&data);
    process.site.make_user("ann", "", "member").await;
    assert!(process.terminate().success());
    let process = up_with(&data, &people);
    assert_eq!(users(&process.site).await.as_array().map(Vec::len), Some(1));
    delete(&process.site, "ann").await;
    assert!(process.terminate().success());
    let process = up_with(&data, &people);
    assert_eq!(users(&process.site).await, json!([]));
}

#[test]
fn a_file_of_accounts_that_is_none_is_named_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, reason) in [
        ("missing.csv", None, "No such file"),
        ("empty.csv", Some(""), "empty"),
        ("other.csv", Some("a,b\n1,2\n"), "no column"),
    ] {
        let path = folder.path().join(name);
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        let line = refusal(&hemicycle(&folder.path().join("data"), &[], &[("CSV_FILE_USERS", path.to_str().unwrap())]));
        assert!(line.contains("CSV_FILE_USERS") && line.contains(name) && line.contains(reason), "{line}");
    }
}

#[tokio::test]
async fn the_role_users_needs_a_database_and_keys_and_four_at_once_load_the_file_once() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::migrated());
    let (people, url) = (file(folder.path(), GOOD), database.url());
    let environment = [("DATABASE_URL", &*url), ("CSV_FILE_USERS", &people)];
    let start = |_| {
        tokio::task::spawn_blocking({
            let environment = environment.map(|(name, value)| (name, value.to_owned()));
            move || listening("users", &environment.each_ref().map(|(name, value)| (*name, &**value)))
        })
    };
    let processes: Vec<_> = join_all((0..4).map(start)).await.into_iter().map(Result::unwrap).collect();
    for process in &processes {
        eventually_ready(&process.site).await;
        assert_eq!(users(&process.site).await.as_array().map(Vec::len), Some(3));
    }
    processes[0].site.sign_in_as("1", "milou").await;
    let session = processes[1].site.sign_in_as("3", "plus à l'ouest").await;
    let me = processes[2].site.http.get(processes[2].site.url("/users/me")).header("cookie", session);
    assert_eq!(me.send().await.unwrap().json::<Value>().await.unwrap()["id"], "3", "a session of all processes");
    for id in ["1", "2", "3"] {
        delete(&processes[3].site, id).await;
    }
    for process in processes {
        assert!(process.terminate().success());
    }
    let again = listening("users", &environment);
    eventually_ready(&again.site).await;
    assert_eq!(users(&again.site).await, json!([]));
}

#[tokio::test]
async fn at_scale_a_bad_file_of_accounts_keeps_nobody_from_signing_in() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::migrated());
    let (people, url) = (file(folder.path(), "no,such,columns\n"), database.url());
    let process = listening("users", &[("DATABASE_URL", &url), ("CSV_FILE_USERS", &people)]);
    eventually_ready(&process.site).await;
    process.site.sign_up("ann", "member").await;
    assert!(process.terminate().success());
}
