//! Closing while ballots arrive through two vote processes: exact, and final once and for all.

use std::time::Instant;

use hemicycle_stack::whole::StackOptions;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Standing, assert_kept, eventually};
use crate::api::events::Stream;
use crate::faults::load::{Crowd, Outcome};
use crate::sandbox::{KEY, Site, binary};

const SEATS: usize = 64;
/// Ballots a second, where the machine can; the close meets whatever load there is.
const RATE: u32 = 2000;
/// Ballots that are accepted before the poll is closed.
const BEFORE: u32 = 4000;
const ACCEPTED: &str = "http_requests_total{method=\"POST\",route=\"/ballots/{poll}\",status=\"202\"}";

/// All snapshots that a viewer is shown until the poll is deleted.
async fn watch(mut stream: Stream) -> Vec<Value> {
    let mut shown = Vec::new();
    loop {
        let event = stream.next().await.expect("the stream ended");
        if event.name == "gone" {
            return shown;
        }
        shown.push(serde_json::from_str(&event.data).unwrap());
    }
}

async fn delete_default_poll(site: &Site) {
    let request = site.http.delete(site.url("/polls/default")).header("authorization", KEY);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_between_two_vote_processes_under_load_is_exact_and_final_is_the_last_word() {
    let roles = ["vote", "vote", "worker", "result", "polls,users,site"];
    let standing = Standing::start(StackOptions::lean(binary(), &roles)).await;
    let site = &standing.site;
    let viewer = tokio::spawn(watch(Stream::open(site, "default", &[]).await));

    let started = Instant::now();
    let voting = Crowd::new("default", SEATS).steadfast().at_rate(RATE).start(site, usize::MAX);
    voting.acknowledged(BEFORE).await;
    let took = started.elapsed();
    let asked = Instant::now();
    let (status, closed) = site.organise("/polls/default/close", &json!({})).await;
    let answered = Instant::now();
    assert_eq!((status, &closed["status"]), (StatusCode::OK, &json!("closed")), "{closed}");
    // The crowd goes on, and nobody hears it.
    eventually("a final result", async || site.json("/results/default.json").await["final"] == true).await;
    let crowd = voting.stop().await;

    let on_the_way = crowd.casts().filter(|cast| cast.started < answered && cast.ended > asked).count();
    let late: Vec<_> = crowd.casts().filter(|cast| cast.started > answered).collect();
    assert!(on_the_way > 0 && late.len() >= SEATS, "{on_the_way} on the way, {} late: it met no load", late.len());
    let accepted_late = late.iter().find(|cast| cast.status != Some(StatusCode::CONFLICT));
    assert!(accepted_late.is_none(), "after the poll was closed: {accepted_late:?}");
    let told = |status| crowd.casts().filter(|cast| cast.status == Some(status)).count();
    let (accepted, refused) = (told(StatusCode::ACCEPTED), told(StatusCode::CONFLICT));
    assert_eq!(accepted + refused, crowd.casts().count(), "some were told something else");
    assert_eq!(crowd.count(Outcome::Unanswered), 0);

    let mut by_process = Vec::new();
    for vote in standing.each("vote") {
        by_process.push(vote.metric(ACCEPTED).await.unwrap_or_default());
    }
    assert!(
        by_process.iter().all(|accepted| *accepted > f64::from(BEFORE) / 10.0),
        "one took nearly all: {by_process:?}"
    );
    assert_eq!(by_process.iter().sum::<f64>().to_string(), accepted.to_string(), "acknowledged by somebody else");

    // Everybody was answered, so that acknowledged is exactly counted and superseded.
    assert_kept(site, &standing.at("worker"), &crowd).await;
    let last = site.json("/results/default.json").await;
    delete_default_poll(site).await;
    let shown = viewer.await.unwrap();
    let first_final = shown.iter().position(|snapshot| snapshot["final"] == true).expect("never final");
    assert_eq!(first_final, shown.len() - 1, "it was shown as final, and then changed: {:?}", &shown[first_final..]);
    let without_time = |snapshot: &Value| {
        let mut snapshot = snapshot.clone();
        snapshot.as_object_mut().unwrap().remove("at");
        snapshot
    };
    assert_eq!(without_time(&shown[first_final]), without_time(&last), "final was not the last word");
    println!(
        "{BEFORE} accepted in {took:?} of {RATE} a second; {by_process:?} by process, {refused} refused, \
         {on_the_way} on the way while it closed"
    );
}
