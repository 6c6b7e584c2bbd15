//! A file is lost, or comes back older than it was: the store's count and the log no longer fit together.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use serde_json::json;

use super::assert_tallies_equal_the_fold;
use crate::sandbox::{Process, Site};

#[tokio::test]
async fn a_lost_queue_costs_no_counted_ballot_and_voting_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    process.site.make_poll(json!({ "slug": "over" })).await;
    process.site.make_poll(json!({ "slug": "once", "allow_change": false })).await;
    vote(&process.site, "over", 0..3, "a").await;
    vote(&process.site, "once", 0..3, "a").await;
    vote(&process.site, "default", 0..20, "a").await;
    assert_eq!(process.site.organise("/polls/over/close", &json!({})).await.0, StatusCode::OK);
    process.site.results_when("over", |result| result["final"] == true).await;
    process.site.settled("default").await;
    assert!(process.terminate().success());
    remove(folder.path(), "queue.db");

    let process = Process::start(folder.path());
    vote(&process.site, "default", 10..30, "b").await;
    // The log knows nobody any more, so it takes this; the store does, so the first ballot stands.
    vote(&process.site, "once", 0..1, "b").await;
    assert_eq!(process.site.vote("over", "voter 9", "a").await.0, StatusCode::CONFLICT);
    let result = process.site.settled("default").await;
    assert_eq!(result["total"], 30, "{result}");
    assert_eq!(votes(&result), [10, 20]);
    assert_eq!(votes(&process.site.settled("once").await), [3, 0]);
    assert_eq!(votes(&process.site.settled("over").await), [3, 0]);
    assert_eq!(process.site.metric("hemicycle_log_forks_total").await, Some(1.0), "the fork went unnoticed");
    assert_eq!(process.site.metric("hemicycle_conservation_difference").await, Some(0.0));
    assert!(process.terminate().success());
    assert_tallies_equal_the_fold(folder.path()).await;
}

/// Lets twenty voters vote for `a`, and returns a copy of one of the files as it was then.
async fn voted_and_copied(folder: &Path, file: &str) -> PathBuf {
    let process = Process::start(folder);
    vote(&process.site, "default", 0..20, "a").await;
    process.site.settled("default").await;
    assert!(process.terminate().success());
    let older = folder.join("older");
    fs::copy(folder.join(file), &older).unwrap();
    older
}

#[tokio::test]
async fn a_store_that_comes_back_older_counts_the_log_s_tail_again() {
    let folder = tempfile::tempdir().unwrap();
    let older = voted_and_copied(folder.path(), "store.db").await;

    let process = Process::start(folder.path());
    vote(&process.site, "default", 10..30, "b").await;
    let newest = process.site.settled("default").await;
    assert_eq!(votes(&newest), [10, 20]);
    assert!(process.terminate().success());
    remove(folder.path(), "store.db");
    fs::rename(&older, folder.path().join("store.db")).unwrap();

    let process = Process::start(folder.path());
    assert_eq!(votes(&process.site.settled("default").await), [10, 20]);
    vote(&process.site, "default", 29..31, "a").await;
    assert_eq!(votes(&process.site.settled("default").await), [12, 19]);
    assert_eq!(process.site.metric("hemicycle_conservation_difference").await, Some(0.0));
    assert_eq!(process.site.metric("hemicycle_log_gaps_total").await, Some(0.0));
    assert!(process.terminate().success());
    assert_tallies_equal_the_fold(folder.path()).await;
}

#[tokio::test]
async fn an_older_queue_beside_a_newer_store_is_a_fork_and_counts_nobody_twice() {
    let folder = tempfile::tempdir().unwrap();
    let older = voted_and_copied(folder.path(), "queue.db").await;

    let process = Process::start(folder.path());
    vote(&process.site, "default", 10..30, "b").await;
    process.site.settled("default").await;
    assert!(process.terminate().success());
    remove(folder.path(), "queue.db");
    fs::rename(&older, folder.path().join("queue.db")).unwrap();

    let process = Process::start(folder.path());
    vote(&process.site, "default", 25..35, "a").await;
    let result = process.site.settled("default").await;
    assert_eq!(result["total"], 35, "{result}");
    assert_eq!(process.site.metric("hemicycle_log_forks_total").await, Some(1.0), "the fork went unnoticed");
    assert_eq!(process.site.metric("hemicycle_conservation_difference").await, Some(0.0));
    assert!(process.terminate().success());
    assert_tallies_equal_the_fold(folder.path()).await;
}

async fn vote(site: &Site, poll: &str, voters: std::ops::Range<u32>, choice: &str) {
    for voter in voters {
        let (status, body) = site.vote(poll, &format!("voter {voter}"), choice).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    }
}

fn votes(result: &serde_json::Value) -> [u64; 2] {
    [0, 1].map(|option| result["options"][option]["votes"].as_u64().unwrap())
}

/// Removes a database with what belongs to it.
fn remove(folder: &Path, name: &str) {
    fs::remove_file(folder.join(name)).unwrap();
    for part in ["-wal", "-shm"] {
        // An orderly end leaves none.
        let _ = fs::remove_file(folder.join(format!("{name}{part}")));
    }
}
