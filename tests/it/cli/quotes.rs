//! Quotes out of CSV files and into them, over both stores; and the file that is loaded once.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::people::{skipped, started_once};
use super::run::{eventually_ready, listening};
use super::{VARIABLES, VARIABLES_AT_SCALE, hemicycle, refusal, stdout};
use crate::sandbox::{KEY, Process, Site, binary};
use crate::servers::Database;

const GOOD: &str =
    "quote,user_id,created_at\nOne,Ann,2024-02-29T12:00:00.123Z\n\"Two,\nlines\",,\n\"=1+1; \"\"said\"\"\",1,\n";
/// Two rows of it make quotes; the others do not, and begin at these lines.
const BAD: &str =
    "user_id,quote,created_at\n1,First,\na b,Spaces,\n1,,\n1,\"bell \u{7}\",\n1,When?,yesterday\n1,\"open,\n,Last,\n";
const BAD_LINES: [u32; 5] = [3, 4, 5, 6, 7];

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("quotes.csv");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn texts(site: &Site) -> Vec<String> {
    let quotes = site.json("/quotes").await;
    quotes.as_array().unwrap().iter().map(|quote| quote["quote"].as_str().unwrap().to_owned()).collect()
}

/// Imports and exports over the store that `environment` names.
fn assert_quotes_come_and_go(folder: &Path, environment: &[(&str, &str)]) {
    let run = |arguments: &[&str]| hemicycle(folder, arguments, environment);
    assert_eq!(stdout(&run(&["export", "quotes"])), "quote,user_id,created_at\n");
    let good = file(folder, GOOD);
    assert_eq!(stdout(&run(&["import", "quotes", &good])), "imported 3 quotes, skipped 0 rows\n");
    let text = stdout(&run(&["export", "quotes"]));
    assert!(
        text.starts_with("quote,user_id,created_at\nOne,Ann,2024-02-29T12:00:00.123Z\n\"Two,\nlines\",,2"),
        "{text}"
    );
    assert!(text.contains("\n\"'=1+1; \"\"said\"\"\",1,"), "a spreadsheet would run it: {text}");
    let other = folder.join("export.csv");
    assert_eq!(stdout(&run(&["export", "quotes", "--output", other.to_str().unwrap()])), "");
    assert_eq!(fs::read_to_string(&other).unwrap(), text);
    let bad = file(folder, BAD);
    let nothing = run(&["import", "quotes", "--all-or-nothing", &bad]);
    let said = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert_eq!((nothing.status.code(), skipped(&nothing)), (Some(1), BAD_LINES.to_vec()), "{said}");
    assert!(said.lines().last().unwrap().starts_with("hemicycle: no quote was added: "), "{said}");
    assert_eq!(stdout(&run(&["export", "quotes"])), text);
    let some = run(&["import", "quotes", &bad]);
    assert_eq!(stdout(&some), "imported 2 quotes, skipped 5 rows\n");
    assert_eq!(skipped(&some), BAD_LINES);
    let said = String::from_utf8_lossy(&some.stderr).into_owned();
    for reason in [
        "line 3: user_id: 1 to 64",
        "line 4: the quote is missing",
        "line 5: quote: 1 to 1000",
        "line 6: created_at: a time",
        "line 7: a quotation mark is not closed",
    ] {
        assert!(said.contains(reason), "{reason}: {said}");
    }
    let good = file(folder, GOOD);
    assert_eq!(
        stdout(&run(&["import", "quotes", "--all-or-nothing", &good])),
        "imported 3 quotes, skipped 0 rows\n",
        "what is imported twice is there twice"
    );
    assert_eq!(csv::Reader::from_reader(stdout(&run(&["export", "quotes"])).as_bytes()).records().count(), 8);
}

#[test]
fn quotes_are_imported_and_exported_over_the_embedded_store() {
    let folder = tempfile::tempdir().unwrap();
    started_once(folder.path());
    assert_quotes_come_and_go(folder.path(), &[]);
}

#[test]
fn quotes_are_imported_and_exported_over_a_database() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::migrated());
    assert_quotes_come_and_go(folder.path(), &[("DATABASE_URL", &database.url())]);
    assert_eq!(database.sql("SELECT count(*) FROM quotes q JOIN quote_words w ON w.quote = q.id"), "8");
}

#[test]
fn what_is_added_of_a_long_file_is_its_beginning_in_order() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::migrated());
    let url = database.url();
    let there = [("DATABASE_URL", &*url)];
    let texts: Vec<String> = (0..21_000).map(|number| format!("quote {number}")).collect();
    let path = file(folder.path(), &format!("quote\n{}\n", texts.join("\n")));
    database.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no room''; END'; \
         CREATE TRIGGER refuse BEFORE INSERT ON quotes FOR EACH ROW WHEN (NEW.quote = 'quote 12000') \
         EXECUTE FUNCTION refuse()",
    );
    let said = refusal(&hemicycle(folder.path(), &["import", "quotes", &path], &there));
    assert!(
        said.starts_with("hemicycle: imported 10000 quotes, then not more of ") && said.contains("no room"),
        "{said}"
    );
    let added = || -> Vec<String> {
        serde_json::from_str(&database.sql("SELECT json_agg(quote ORDER BY id) FROM quotes")).unwrap()
    };
    assert_eq!(added(), texts[..10_000]);
    assert_eq!(database.sql("SELECT count(*) FROM quote_words"), "10000");
    database.sql("DROP TRIGGER refuse ON quotes; TRUNCATE quotes, quote_words CASCADE");
    let all = hemicycle(folder.path(), &["import", "quotes", &path], &there);
    assert_eq!(stdout(&all), "imported 21000 quotes, skipped 0 rows\n");
    assert_eq!(added(), texts);
}

#[tokio::test]
async fn what_was_exported_is_imported_elsewhere_as_it_was() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::migrated());
    let process = Process::start(folder.path());
    let texts = ["=1+1", "'=1+1", "''=x", "a;=b", "-1\t+1", "two\n\nlines", "\"quoted\"", "@x, y;'z", "'tis", "é👩‍👩‍👧"];
    for text in texts {
        let wish = json!({ "user_id": "Ann", "quote": text });
        assert_eq!(process.site.organise("/quotes", &wish).await.0, 201);
    }
    assert!(process.terminate().success());
    let first = stdout(&hemicycle(folder.path(), &["export", "quotes"], &[]));
    let url = database.url();
    let there = [("DATABASE_URL", &*url)];
    let path = file(folder.path(), &first);
    assert_eq!(
        stdout(&hemicycle(folder.path(), &["import", "quotes", &path], &there)),
        "imported 10 quotes, skipped 0 rows\n"
    );
    assert_eq!(stdout(&hemicycle(folder.path(), &["export", "quotes"], &there)), first);
    let stored = database.sql("SELECT json_agg(quote ORDER BY id) FROM quotes");
    assert_eq!(serde_json::from_str::<Vec<String>>(&stored).unwrap(), texts);
}

#[tokio::test]
async fn hidden_quotes_are_exported_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    for text in ["seen", "hidden"] {
        process.site.organise("/quotes", &json!({ "user_id": "1", "quote": text })).await;
    }
    assert_eq!(process.site.organise("/quotes/2/hide", &json!({})).await.0, 200);
    let export = |more: &[&str]| stdout(&hemicycle(folder.path(), &[&["export", "quotes"], more].concat(), &[]));
    assert!(!export(&[]).contains("hidden") && export(&["--hidden"]).contains("hidden,1,"));
    assert!(process.terminate().success());
}

/// Imports what comes from a pipe.
fn import_piped(data: &Path, text: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "printf %s \"$TEXT\" | timeout 10 \"$BINARY\" import quotes -"]);
    for variable in VARIABLES.into_iter().chain(VARIABLES_AT_SCALE) {
        command.env_remove(variable);
    }
    command.env("TEXT", text).env("BINARY", binary()).env("DATA_DIR", data).stdin(Stdio::null()).output().unwrap()
}

#[tokio::test]
async fn quotes_come_from_a_pipe_while_it_runs_and_are_their_authors() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let ann = process.site.sign_up("ann", "member").await;
    assert_eq!(stdout(&import_piped(folder.path(), GOOD)), "imported 3 quotes, skipped 0 rows\n");
    assert_eq!(texts(&process.site).await, ["One", "Two,\nlines", "=1+1; \"said\""]);
    let deleted = process.site.http.delete(process.site.url("/quotes/1")).header("cookie", ann).send().await.unwrap();
    assert_eq!(deleted.status(), 200);
    assert!(process.terminate().success());
}

#[test]
fn a_file_or_store_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (data, good) = (folder.path().join("data"), file(folder.path(), GOOD));
    assert!(refusal(&hemicycle(&data, &["import", "quotes", &good], &[])).contains("there is no store in"));
    assert!(refusal(&hemicycle(&data, &["export", "quotes"], &[])).contains("there is no store in"));
    started_once(&data);
    let missing = refusal(&hemicycle(&data, &["import", "quotes", "/nonexistent.csv"], &[]));
    assert!(missing.contains("cannot read /nonexistent.csv"), "{missing}");
    for (text, reason) in [("", "the file is empty"), ("text\nx\n", "no column \"quote\""), ("quote,quote\n", "twice")]
    {
        let bad = refusal(&hemicycle(&data, &["import", "quotes", &file(folder.path(), text)], &[]));
        assert!(bad.contains("quotes.csv") && bad.contains(reason), "{text:?}: {bad}");
    }
}

/// `hemicycle up` with a file of quotes.
fn up_with(data: &Path, quotes: &str) -> Process {
    let mut command = Command::new(binary());
    command.env("CSV_FILE_QUOTES", quotes);
    Process::start_by(command, data)
}

async fn delete(site: &Site, id: u64) {
    let answer =
        site.http.delete(site.url(&format!("/quotes/{id}"))).header("authorization", KEY).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_file_of_quotes_is_loaded_once() {
    let folder = tempfile::tempdir().unwrap();
    let (data, quotes) = (folder.path().join("data"), file(folder.path(), BAD));
    let process = up_with(&data, &quotes);
    let loaded = json!([{ "id": 1, "user_id": "1", "quote": "First" }, { "id": 2, "user_id": null, "quote": "Last" }]);
    assert_eq!(process.site.json("/quotes").await, loaded);
    delete(&process.site, 2).await;
    assert!(process.terminate().success());
    let process = up_with(&data, &quotes);
    assert_eq!(texts(&process.site).await, ["First"]);
    delete(&process.site, 1).await;
    assert!(process.terminate().success());
    let process = up_with(&data, &quotes);
    assert_eq!(process.site.json("/quotes").await, json!([]), "what was deleted stays so");
    assert!(process.terminate().success());
    fs::remove_file(&quotes).unwrap();
    assert!(up_with(&data, &quotes).terminate().success(), "nobody needs it any more");
}

#[tokio::test]
async fn where_there_are_quotes_the_file_is_not_loaded_even_once_they_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (data, quotes) = (folder.path().join("data"), file(folder.path(), GOOD));
    let process = Process::start(&data);
    process.site.organise("/quotes", &json!({ "user_id": "1", "quote": "x" })).await;
    assert!(process.terminate().success());
    let process = up_with(&data, &quotes);
    assert_eq!(texts(&process.site).await, ["x"]);
    delete(&process.site, 1).await;
    assert!(process.terminate().success());
    let process = up_with(&data, &quotes);
    assert_eq!(process.site.json("/quotes").await, json!([]));
}

#[test]
fn a_file_of_quotes_that_is_none_is_named_and_nothing_starts() {
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
        let line =
            refusal(&hemicycle(&folder.path().join("data"), &[], &[("CSV_FILE_QUOTES", path.to_str().unwrap())]));
        assert!(line.contains("CSV_FILE_QUOTES") && line.contains(name) && line.contains(reason), "{line}");
    }
}

#[tokio::test]
async fn four_processes_at_once_load_the_file_once_and_a_bad_one_keeps_nobody_from_posting() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::migrated());
    let (bad, url) = (file(folder.path(), "no,such,columns\n"), database.url());
    let process = listening("quotes", &[("DATABASE_URL", &url), ("CSV_FILE_QUOTES", &bad)]);
    eventually_ready(&process.site).await;
    assert_eq!(process.site.json("/quotes").await, json!([]), "nor does it use up the one time");
    assert!(process.terminate().success());
    let quotes = file(folder.path(), GOOD);
    let environment = [("DATABASE_URL", url), ("CSV_FILE_QUOTES", quotes)];
    let start = |_| {
        let environment = environment.clone();
        tokio::task::spawn_blocking(move || {
            listening("quotes", &environment.each_ref().map(|(name, value)| (*name, &**value)))
        })
    };
    let processes: Vec<_> = join_all((0..4).map(start)).await.into_iter().map(Result::unwrap).collect();
    for process in &processes {
        eventually_ready(&process.site).await;
        assert_eq!(texts(&process.site).await.len(), 3);
    }
    for process in processes {
        assert!(process.terminate().success());
    }
}

/// The role quotes alone needs a database and nothing else.
#[tokio::test]
async fn the_role_quotes_runs_alone_over_a_database() {
    let database = Database::migrated();
    let process = listening("quotes", &[("DATABASE_URL", &database.url())]);
    eventually_ready(&process.site).await;
    let site = &process.site;
    assert_eq!(site.organise("/quotes", &json!({ "user_id": 1, "quote": "x" })).await.0, 201);
    let liked = site.http.post(site.url("/quotes/1/upvotes")).send().await.unwrap();
    assert_eq!(liked.json::<Value>().await.unwrap(), json!({ "upvotes": 1, "upvoted": true }));
    assert_eq!(site.json("/quotes?format=full&order=top").await[0]["upvotes"], 1);
    let elsewhere = site.http.get(site.url("/polls")).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404);
    assert!(process.terminate().success());
}
