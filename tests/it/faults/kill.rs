//! The process goes down while ballots come in: by kill -9, five times over, and politely by SIGTERM.

use futures_util::StreamExt;

use super::assert_tallies_equal_the_fold;
use super::load::{Crowd, Outcome};
use crate::sandbox::Process;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_ballot_is_lost_or_counted_twice_by_five_kills_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let mut crowd = Crowd::new("default", 32);
    for kill in 1..=5 {
        let process = Process::start(folder.path());
        let before = crowd.count(Outcome::Unanswered);
        let voting = crowd.start(&process.site, 5000);
        voting.acknowledged(300).await;
        process.kill();
        crowd = voting.finish().await;
        assert!(crowd.count(Outcome::Unanswered) > before, "kill {kill} met no ballot on its way");
    }
    let process = Process::start(folder.path());
    crowd.check(&process.site).await;
    assert_eq!(process.site.metric("hemicycle_log_forks_total").await, Some(0.0));
    assert!(process.terminate().success());
    assert_tallies_equal_the_fold(folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_finishes_what_was_accepted_and_ends_streams_politely() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let mut viewers = Vec::new();
    for _ in 0..5 {
        let events = process.site.http.get(process.site.url("/results/default/events")).send().await.unwrap();
        viewers.push(tokio::spawn(events.bytes_stream().collect::<Vec<_>>()));
    }
    let voting = Crowd::new("default", 32).start(&process.site, 5000);
    voting.acknowledged(500).await;
    let stopping = tokio::task::spawn_blocking(|| process.terminate());
    let crowd = voting.finish().await;
    assert!(stopping.await.unwrap().success(), "it did not exit with 0");
    let turned_away = crowd.casts().filter(|cast| cast.outcome != Outcome::Acknowledged).count();
    assert!(turned_away > 0, "everybody had voted before the signal came");
    for viewer in viewers {
        let events = viewer.await.unwrap();
        assert!(events.iter().all(Result::is_ok), "a stream broke off instead of ending: {:?}", events.last());
    }
    let process = Process::start(folder.path());
    crowd.check_exactly(&process.site).await;
    assert!(process.terminate().success());
    assert_tallies_equal_the_fold(folder.path()).await;
}
