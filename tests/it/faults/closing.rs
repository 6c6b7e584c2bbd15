//! Closing: exact under load, and for good even when the clock is set back.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use hemicycle::app::Ambient;
use hemicycle::domain::clock::{Clock, Entropy, from_millis};
use reqwest::StatusCode;
use serde_json::json;

use super::assert_tallies_equal_the_fold;
use super::load::{Crowd, Outcome};
use crate::sandbox::{InProcess, Process, Site, binary};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_under_load_accepts_nothing_after_and_loses_nothing_before() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let site = &process.site;
    site.make_poll(json!({ "slug": "drinks" })).await;
    let voting = Crowd::new("drinks", 32).start(site, 5000);
    voting.acknowledged(500).await;
    let asked = Instant::now();
    let (status, closed) = site.organise("/polls/drinks/close", &json!({})).await;
    let answered = Instant::now();
    assert_eq!((status, &closed["status"]), (StatusCode::OK, &json!("closed")), "{closed}");
    let crowd = voting.finish().await;
    let on_the_way = crowd.casts().filter(|cast| cast.started < answered && cast.ended > asked).count();
    let too_late = crowd.casts().filter(|cast| cast.status == Some(StatusCode::CONFLICT)).count();
    assert!(on_the_way > 0 && too_late > 0, "{on_the_way} on the way, {too_late} too late: the close met no load");
    let late = crowd.casts().find(|cast| cast.started > answered && cast.outcome == Outcome::Acknowledged);
    assert!(late.is_none(), "accepted after the poll was closed: {late:?}");
    assert_eq!(crowd.count(Outcome::Unanswered), 0);
    let result = site.results_when("drinks", |result| result["final"] == true).await;
    assert_eq!(crowd.check_exactly(site).await["total"], result["total"], "votes came in after the result was final");
    assert!(process.terminate().success());
    assert_tallies_equal_the_fold(folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_closed_by_time_stays_closed_when_the_machine_s_clock_is_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let shift = folder.path().join("shift");
    set_clock(&shift, "+0");
    let data = folder.path().join("data");
    let process = Process::start_by(under_faketime(&shift), &data);
    make_poll_that_closes_in_an_hour(&process.site).await;
    assert_eq!(process.site.vote("drinks", "ann", "a").await.0, StatusCode::ACCEPTED);
    set_clock(&shift, "+2h");
    assert_eq!(process.site.vote("drinks", "bob", "a").await.0, StatusCode::CONFLICT, "the clock did not move");
    set_clock(&shift, "-2h");
    assert_stays_closed(&process.site).await;
    process.kill();
    let process = Process::start_by(under_faketime(&shift), &data);
    assert_stays_closed(&process.site).await;
    let result = process.site.results_when("drinks", |result| result["final"] == true).await;
    assert_eq!(result["total"], 1, "{result}");
}

#[tokio::test]
async fn a_poll_closed_by_time_stays_closed_when_its_own_clock_is_set_back() {
    let start = 1_800_000_000_000;
    let clock = Clock::manual(from_millis(start));
    let ambient = Ambient { clock: clock.clone(), entropy: Entropy::System };
    let product = InProcess::start_with(ambient, &[]).await;
    make_poll_that_closes_in_an_hour(&product.site).await;
    assert_eq!(product.site.vote("drinks", "ann", "a").await.0, StatusCode::ACCEPTED);
    clock.set(from_millis(start + 2 * 3_600_000));
    assert_eq!(product.site.vote("drinks", "bob", "a").await.0, StatusCode::CONFLICT);
    clock.set(from_millis(start - 2 * 3_600_000));
    assert_stays_closed(&product.site).await;
    let result = product.site.results_when("drinks", |result| result["final"] == true).await;
    assert_eq!(result["total"], 1, "{result}");
    product.running.stop().await;
}

async fn make_poll_that_closes_in_an_hour(site: &Site) {
    site.make_poll(json!({ "slug": "drinks" })).await;
    let (status, poll) = site.organise("/polls/drinks/close", &json!({ "in": 3600 })).await;
    assert_eq!((status, &poll["status"]), (StatusCode::OK, &json!("open")), "{poll}");
}

async fn assert_stays_closed(site: &Site) {
    for voter in ["ann", "bob", "cid"] {
        let (status, body) = site.vote("drinks", voter, "b").await;
        assert_eq!((status, &body["status"]), (StatusCode::CONFLICT, &json!("closed")), "{body}");
    }
}

/// The real binary under a clock that a file shifts. Only the wall clock: monotonic time is not anybody's to set.
fn under_faketime(shift: &Path) -> Command {
    let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|machine| format!("/usr/lib/{machine}/faketime/libfaketimeMT.so.1"))
        .into_iter()
        .find(|library| Path::new(library).exists())
        .expect("the package faketime is needed: apt-get install faketime");
    let mut command = Command::new(binary());
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", shift);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

fn set_clock(file: &Path, shift: &str) {
    let next = file.with_extension("next");
    std::fs::write(&next, shift).unwrap();
    std::fs::rename(next, file).unwrap();
}
