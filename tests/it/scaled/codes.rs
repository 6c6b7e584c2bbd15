//! Voting codes through two vote processes: one code is one vote, wherever it is shown.

use hemicycle_stack::whole::StackOptions;
use reqwest::StatusCode;
use serde_json::json;

use super::{Standing, eventually};
use crate::api::codes::{codes, make_poll, open_link, race, vote, vote_by_form};
use crate::sandbox::binary;

const RACERS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_code_is_one_vote_through_two_vote_processes() {
    let roles = ["vote", "vote", "worker", "result", "polls,site"];
    let standing = Standing::start(StackOptions::lean(binary(), &roles)).await;
    let (front, votes) = (&standing.site, standing.each("vote"));
    make_poll(front, "board", json!({})).await;
    let codes = codes(front, "board", 202).await;
    let (contested, linked, others) = (&codes[0], &codes[1], &codes[2..]);
    assert_eq!(race(&votes, "board", std::iter::repeat_n(contested, RACERS)).await, (1, RACERS - 1));
    assert_eq!(race(&votes, "board", others.iter()).await, (200, 0));

    let cookie = open_link(&votes[0], "board", linked).await;
    for site in &votes {
        let answer = vote_by_form(site, "board", Some(&cookie), "vote=a").await;
        assert_eq!(answer.status, StatusCode::OK, "the same attempt, by another process");
    }
    assert_eq!(vote(&votes[1], "board", &[], "a", linked).await.status, StatusCode::CONFLICT);
    standing.settle().await;
    assert_eq!(standing.votes("board").await.iter().sum::<u64>(), 202);
    standing.assert_tallies_equal_the_fold().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_no_code_votes_and_whoever_tries_is_told_so() {
    let standing = Standing::split().await;
    let (site, vote_role) = (&standing.site, standing.at("vote"));
    make_poll(site, "board", json!({})).await;
    let codes = codes(site, "board", 2).await;
    assert_eq!(vote(&vote_role, "board", &[], "a", &codes[0]).await.status, StatusCode::ACCEPTED);
    standing.blocking(|stack| stack.database_address.process().freeze()).await.unwrap();
    let refused = vote(&vote_role, "board", &[], "a", &codes[1]).await;
    let told = (refused.status, refused.json()["fate"].clone());
    standing.blocking(|stack| stack.database_address.process().thaw()).await.unwrap();
    assert_eq!(told, (StatusCode::SERVICE_UNAVAILABLE, json!("refused")));
    eventually("a vote that is taken", async || {
        vote(&vote_role, "board", &[], "a", &codes[1]).await.status == StatusCode::ACCEPTED
    })
    .await;
    eventually("both votes in the result", async || standing.votes("board").await == [2, 0]).await;
}
