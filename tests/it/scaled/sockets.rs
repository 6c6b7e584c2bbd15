//! Socket.IO over several result processes behind one front.

use std::time::{Duration, Instant};

use hemicycle_stack::whole::StackOptions;
use serde_json::json;

use super::viewers::viewers;
use super::{Standing, eventually, vote};
use crate::api::socket::Client;
use crate::browser::driver::{Browser, JavaScript};
use crate::browser::socket::{listen, scores_are};
use crate::sandbox::binary;

const ROLES: [&str; 5] = ["vote", "worker", "result", "result", "polls,users,site"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_poll_stay_with_their_process_and_all_see_the_scores() {
    let standing = Standing::start(StackOptions::lean(binary(), &ROLES)).await;
    let (site, results) = (&standing.site, standing.each("result"));
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = Client::connect(site).await;
        assert!(client.cookie.is_some(), "the front does not know it again");
        assert_eq!(client.event().await, Some(("message".into(), json!({ "text": "Welcome!" }))));
        assert_eq!(client.scores().await, "{\"a\":0,\"b\":0}");
        clients.push(client);
    }
    eventually("clients on both processes", async || {
        let seen = viewers(&results).await;
        seen.iter().all(|viewers| *viewers > 0.0) && seen.iter().sum::<f64>() > 3.5
    })
    .await;
    vote(site, "default", 0..6, "a").await;
    vote(site, "default", 6..8, "b").await;
    for client in &mut clients {
        client.until("{\"a\":6,\"b\":2}").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_whose_process_goes_down_finds_the_other_by_itself() {
    let standing = Standing::start(StackOptions::lean(binary(), &ROLES)).await;
    let (site, results) = (&standing.site, standing.each("result"));
    let browser = Browser::start(JavaScript::On).await;
    let mut votes = 0;
    for transports in ["['polling']", "['websocket']"] {
        // A page that has no stream of its own.
        browser.open(&site.url("/vote/default")).await;
        listen(&browser, transports).await;
        browser.until(&scores_are(votes, 0)).await;
        let seen = viewers(&results).await;
        let serving: Vec<usize> = (0..2).filter(|at| seen[*at] > 0.0).collect();
        let [gone] = serving[..] else { panic!("one client at {serving:?}") };
        let began = Instant::now();
        let ended = standing.blocking(move |stack| stack.with_role("result").nth(gone).unwrap().terminate().unwrap());
        assert!(ended.await.success(), "it did not end by itself");
        assert!(began.elapsed() < Duration::from_secs(5), "the client held it up for {:?}", began.elapsed());
        browser.until("connections === 2").await;
        votes += 3;
        vote(site, "default", 0..u32::try_from(votes).unwrap(), "a").await;
        browser.until(&scores_are(votes, 0)).await;
        assert_eq!(browser.evaluate("heard.filter((one) => one[0] === 'message').length").await, 2, "greeted again");
        standing.blocking(move |stack| super::viewers::restart(stack, gone)).await;
        browser.run("socket.disconnect()").await;
        eventually("nobody left", async || viewers(&results).await == [0.0, 0.0]).await;
    }
}
