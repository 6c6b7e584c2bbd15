//! A backup made while everybody votes, restored elsewhere.

use std::path::Path;
use std::process::{Command, Output};

use reqwest::StatusCode;
use serde_json::json;

use super::assert_tallies_equal_the_fold;
use super::load::{Crowd, Outcome, cookie_set_by};
use crate::sandbox::{Process, Site, binary};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_under_load_has_every_ballot_acknowledged_before_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file, elsewhere) =
        (folder.path().join("data"), folder.path().join("backup.tar"), folder.path().join("elsewhere"));
    let process = Process::start(&data);
    let (status, cookie) = vote(&process.site, None, "a").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let voting = Crowd::new("default", 16).start(&process.site, 20_000);
    voting.acknowledged(300).await;
    let before = voting.acknowledged_so_far() + 1;
    let (from, to) = (data.clone(), file.clone());
    let backup = tokio::task::spawn_blocking(move || hemicycle(&["backup"], &from, &to)).await.unwrap();
    assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    let after = voting.acknowledged_so_far() + 1;
    let crowd = voting.stop().await;
    assert!(after > before, "nobody voted while the backup was made");
    process.kill();

    let restored = hemicycle(&["restore"], &elsewhere, &file);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let process = Process::start(&elsewhere);
    let result = process.site.settled("default").await;
    let counted = process.site.metric("hemicycle_ballots_counted").await.unwrap();
    let found = counted + process.site.metric("hemicycle_ballots_superseded_total").await.unwrap();
    let all = crowd.count(Outcome::Acknowledged) + crowd.count(Outcome::Unanswered) + 1;
    assert!(f64::from(before) <= found && found <= f64::from(all), "{before} <= {found} <= {all}");
    assert_eq!(process.site.metric("hemicycle_conservation_difference").await, Some(0.0));

    assert_eq!(vote(&process.site, cookie, "b").await, (StatusCode::ACCEPTED, None), "the cookie is not known");
    let revoted = process.site.settled("default").await;
    assert_eq!(revoted["total"], result["total"], "a voter from before the backup counts twice");
    assert!(process.terminate().success());
    assert_tallies_equal_the_fold(&elsewhere).await;
}

/// Votes with this cookie; the status, and the cookie that was set.
async fn vote(site: &Site, cookie: Option<String>, choice: &str) -> (StatusCode, Option<String>) {
    let mut request = site.http.post(site.url("/ballots/default")).json(&json!({ "choice": choice }));
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), cookie_set_by(&answer))
}

fn hemicycle(arguments: &[&str], data: &Path, file: &Path) -> Output {
    Command::new(binary()).args(arguments).arg(file).env("DATA_DIR", data).output().unwrap()
}
