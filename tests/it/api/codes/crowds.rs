//! Many at once: who race for one code, who vote from one address, and who guess.

use std::slice;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{FORM, STRANGE, codes, make_poll, one_code, open_link, race, total, vote, vote_by_form};
use crate::api::send;
use crate::sandbox::InProcess;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_who_race_for_one_code_one_votes() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let code = one_code(site, "board").await;
    assert_eq!(race(slice::from_ref(site), "board", std::iter::repeat_n(&code, 1000)).await, (1, 999));
    assert_eq!(total(site, "board").await, 1);
    product.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_of_five_hundred_behind_one_address_votes() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let codes = codes(site, "board", 500).await;
    let (linked, typed) = codes.split_at(250);
    let by_link = join_all(linked.iter().map(async |code| {
        let cookie = open_link(site, "board", code).await;
        vote_by_form(site, "board", Some(&cookie), "vote=a").await.status
    }));
    assert!(by_link.await.iter().all(StatusCode::is_success));
    assert_eq!(race(slice::from_ref(site), "board", typed.iter()).await, (250, 0));
    assert_eq!(total(site, "board").await, 500);
    product.running.stop().await;
}

#[tokio::test]
async fn whoever_guesses_codes_is_told_to_wait_and_good_ones_from_the_same_address_vote() {
    let product = InProcess::start(&["--trusted-proxies", "127.0.0.1"]).await;
    let site = &product.site;
    make_poll(site, "board", json!({})).await;
    let codes = codes(site, "board", 3).await;
    let cookie = open_link(site, "board", &codes[0]).await;
    let from = |address| [("x-forwarded-for", address)];
    for guess in 0..30 {
        // By either way; what cannot be a code is no guess.
        let answer = if guess % 2 == 0 {
            vote(site, "board", &from("2001:db8::1"), "a", STRANGE).await.status.as_u16()
        } else {
            let path = format!("/vote/board/{STRANGE}");
            send(site, Method::GET, &path, &from("2001:db8::2"), "").await.status.as_u16()
        };
        assert_eq!(answer, if guess % 2 == 0 { 403 } else { 303 });
        assert_eq!(vote(site, "board", &from("2001:db8::1"), "a", "nonsense").await.status, 403);
    }
    let refused = vote(site, "board", &from("2001:db8::3"), "a", STRANGE).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    let strange = format!("/vote/board/{STRANGE}");
    assert_eq!(send(site, Method::GET, &strange, &from("2001:db8::3"), "").await.status, 429);
    let neighbour = vote(site, "board", &from("2001:db8::3"), "a", &codes[1]).await;
    assert_eq!(neighbour.status, 202, "one who guesses does not keep the room from voting");
    let path = format!("/vote/board/{}", codes[2]);
    assert_eq!(send(site, Method::GET, &path, &from("2001:db8::3"), "").await.status, 303);
    let headers = [FORM, ("cookie", cookie.as_str()), ("x-forwarded-for", "2001:db8::1")];
    assert_eq!(send(site, Method::POST, "/vote/board", &headers, "vote=a").await.status, StatusCode::OK);
    product.running.stop().await;
}
