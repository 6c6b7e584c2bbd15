//! Accounts over several processes: sessions hold and end in all of them, limits are shared, and whoever signs in by the
//! thousand does not keep anybody from voting.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hemicycle_stack::whole::StackOptions;
use reqwest::StatusCode;
use serde_json::json;

use super::{Standing, eventually};
use crate::sandbox::{Site, binary};

const PASSWORD: &str = "correct horse battery";

/// Makes an account by the admin key.
async fn make_user(site: &Site, id: &str, role: &str) {
    let wish = json!({ "id": id, "name": id, "password": PASSWORD, "role": role });
    let (status, body) = site.organise("/users", &wish).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

/// The cookie of a new session.
async fn sign_in(site: &Site, id: &str) -> String {
    let shown = json!({ "id": id, "password": PASSWORD });
    let answer = site.http.post(site.url("/sessions")).json(&shown).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// The status of a page in a session.
async fn page(site: &Site, session: &str, path: &str) -> StatusCode {
    site.http.get(site.url(path)).header("cookie", session).send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_holds_in_every_process_and_once_ended_is_over_in_all_within_a_second() {
    let roles = ["vote", "worker", "result", "polls", "users", "users", "site", "site"];
    let standing = Standing::start(StackOptions::lean(binary(), &roles)).await;
    make_user(&standing.site, "ann", "organiser").await;
    let [here, there] = [0, 1].map(|number| standing.each("users").swap_remove(number));
    let session = sign_in(&here, "ann").await;
    let sites = standing.each("site");
    for site in &sites {
        assert_eq!(page(site, &session, "/studio").await, StatusCode::OK);
    }
    assert_eq!(page(&there, &session, "/users/me").await, StatusCode::OK);
    let other = sign_in(&there, "ann").await;
    let ended = here.http.delete(here.url("/sessions/others")).header("cookie", &other).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    let since = Instant::now();
    for (site, path) in [(&there, "/users/me"), (&sites[0], "/studio"), (&sites[1], "/studio")] {
        eventually("the end of a session", async || page(site, &session, path).await != StatusCode::OK).await;
    }
    assert!(since.elapsed() < Duration::from_secs(1), "it took {:?}", since.elapsed());
    assert_eq!(page(&sites[0], &other, "/studio").await, StatusCode::OK, "the other one goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_let_in_as_many_as_one_and_each_decides_alone_while_redis_is_away() {
    let standing = Standing::start(StackOptions::lean(binary(), &["users", "users"])).await;
    let users = standing.each("users");
    let burst = async || {
        let asked = (0..60).map(|number: usize| users[number % 2].http.get(users[number % 2].url("/users")).send());
        let answers = join_all(asked).await.into_iter().map(|answer| answer.unwrap().status());
        answers.filter(|status| *status == StatusCode::UNAUTHORIZED).count()
    };
    assert_eq!(burst().await, 10, "and all others 429");
    assert_eq!(burst().await, 0, "the minute is not over");
    standing.blocking(|stack| stack.redis.kill().unwrap()).await;
    assert_eq!(burst().await, 20, "ten for each, and no error");
    let alone = users[0].metric("hemicycle_rate_alone_total").await.unwrap();
    assert!(alone >= 10.0, "{alone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_sign_ins_leaves_voting_its_rate() {
    let mut options = StackOptions::lean(binary(), &["vote", "worker", "result,polls,users,site"]);
    // All of them are let in to be hashed, as if each came from an address of its own.
    options.environment = vec![("SIGN_IN_FAILURES".into(), "10000".into())];
    let standing = Standing::start(options).await;
    make_user(&standing.site, "ann", "member").await;
    let (vote, users) = (standing.at("vote"), standing.at("users"));
    let quiet = accepted_in(&vote, Duration::from_secs(4)).await;
    let storm = tokio::spawn(storm(users.clone()));
    let beside = accepted_in(&vote, Duration::from_secs(4)).await;
    let (looked_at, put_off) = storm.await.unwrap();
    let ratio = f64::from(beside) / f64::from(quiet);
    println!("votes beside a storm ({looked_at} looked at, {put_off} put off), against votes alone: {ratio:.2}");
    // The machine's cores are shared by whoever else runs here: far below what is seen, far above a stall.
    assert!(ratio > 0.3, "{quiet} alone, {beside} beside the storm");
    assert!(looked_at > 100 && put_off > 0, "{looked_at} looked at, {put_off} put off");
    assert_eq!(
        users.metric("hemicycle_password_hashes_total").await,
        Some(f64::from(looked_at) + 1.0),
        "and Ann's own"
    );
    assert_eq!(vote.http.get(vote.url("/readyz")).send().await.unwrap().status(), StatusCode::OK);
}

/// How many votes are accepted in this time, eight voters at a time.
async fn accepted_in(site: &Site, time: Duration) -> u32 {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let until = Instant::now() + time;
    let accepted = join_all((0..8).map(|_| async {
        let mut accepted = 0;
        while Instant::now() < until {
            let voter = NUMBER.fetch_add(1, Ordering::SeqCst).to_string();
            accepted += u32::from(site.vote("default", &voter, "a").await.0 == StatusCode::ACCEPTED);
        }
        accepted
    }));
    accepted.await.into_iter().sum()
}

/// Two thousand attempts to sign in at once; how many were looked at, and how many put off. Each is answered.
async fn storm(site: Site) -> (u32, u32) {
    let answers = join_all((0..2000).map(|number| {
        let shown = json!({ "id": format!("ann-{number}"), "password": "wrong" });
        site.http.post(site.url("/sessions")).json(&shown).send()
    }));
    let statuses: Vec<_> = answers.await.into_iter().map(|answer| answer.unwrap().status()).collect();
    let count = |wanted| u32::try_from(statuses.iter().filter(|status| **status == wanted).count()).unwrap();
    let (looked_at, put_off) = (count(StatusCode::UNAUTHORIZED), count(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(looked_at + put_off, 2000, "{statuses:?}");
    (looked_at, put_off)
}
