//! How often somebody may sign in and ask: by address, account and credential. That windows slide as they should is
//! proved in `rate_contract`; here, that the product holds requests against them.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADMIN, Answer, FORM, NOBODY, Who, ask, get, look, send};
use crate::sandbox::{InProcess, Site};

const PASSWORD: &str = "the password of ann";
/// So that a test may come from any address.
const BEHIND_PROXY: [&str; 2] = ["--trusted-proxies", "127.0.0.1"];

async fn sign_in(site: &Site, address: &str, id: &str, password: &str) -> Answer {
    let shown = json!({ "id": id, "password": password });
    ask(site, &[("x-forwarded-for", address)], Method::POST, "/sessions", &shown).await
}

async fn status(site: &Site, address: &str, id: &str, password: &str) -> u16 {
    sign_in(site, address, id, password).await.status.as_u16()
}

/// An address of its own for each attempt.
fn address(number: usize) -> String {
    format!("192.0.2.{number}")
}

/// How many answers have this status.
fn count(answers: &[u16], status: u16) -> usize {
    answers.iter().filter(|one| **one == status).count()
}

/// Seconds until somebody who was refused may come back: within a minute, and a moment.
fn wait_of(answer: &Answer) -> u32 {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.text);
    let seconds = answer.header("retry-after").parse().unwrap();
    assert!((1..=61).contains(&seconds), "{seconds}");
    seconds
}

#[tokio::test]
async fn ten_sign_ins_may_fail_from_an_address_whatever_the_accounts() {
    let product = InProcess::start(&BEHIND_PROXY).await;
    let site = &product.site;
    for id in ["ann", "bob"] {
        site.make_user(id, PASSWORD, "member").await;
    }
    for number in 0..10 {
        assert_eq!(status(site, "192.0.2.1", &format!("nobody-{number}"), "wrong").await, 401, "{number}");
    }
    let before = site.hashes().await;
    for (id, password) in [("nobody", "wrong"), ("ann", "wrong"), ("bob", PASSWORD)] {
        wait_of(&sign_in(site, "192.0.2.1", id, password).await);
    }
    let key = json!({ "key": "supersecretkey" });
    wait_of(&ask(site, &[("x-forwarded-for", "192.0.2.1")], Method::POST, "/sessions", &key).await);
    assert_eq!(site.hashes().await, before, "no password is looked at any more");
    assert_eq!(status(site, "192.0.2.2", "bob", PASSWORD).await, 201, "others are not concerned");
    product.running.stop().await;
}

#[tokio::test]
async fn of_many_guesses_at_once_from_an_address_only_so_many_are_answered() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_user("ann", PASSWORD, "member").await;
    let guess = async |number: usize| status(site, "", &format!("nobody-{number}"), "wrong").await;
    let (answers, right) = tokio::join!(join_all((0..50).map(guess)), async {
        // Behind the others in the queue of passwords.
        while site.metric("hemicycle_password_jobs_waiting").await < Some(15.0) && site.hashes().await < 12 {
            tokio::task::yield_now().await;
        }
        status(site, "", "ann", PASSWORD).await
    });
    assert_eq!((count(&answers, 401), count(&answers, 429)), (10, 40));
    assert_eq!(right, 429, "a guess that was right is not told either");
    product.running.stop().await;
}

#[tokio::test]
async fn of_many_keys_at_once_only_so_many_are_looked_at() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let guess = async |number: usize| {
        let key = json!({ "key": format!("guess number {number}") });
        ask(site, NOBODY, Method::POST, "/sessions", &key).await.status.as_u16()
    };
    let answers = join_all((0..50).map(guess)).await;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (10, 40));
    product.running.stop().await;
}

#[tokio::test]
async fn a_crowd_behind_one_address_signs_in() {
    let product = InProcess::start(&["--rate-limit", "1"]).await;
    let site = &product.site;
    for number in 0..20 {
        site.make_user(&format!("u{number}"), PASSWORD, "member").await;
    }
    let one = async |number: usize| status(site, "", &format!("u{}", number % 20), PASSWORD).await;
    assert_eq!(join_all((0..60).map(one)).await, [201; 60]);
    for _ in 0..15 {
        assert_eq!(ask(site, NOBODY, Method::POST, "/sessions", &json!({ "key": "supersecretkey" })).await.status, 201);
    }
    product.running.stop().await;
}

#[tokio::test]
async fn ten_sign_ins_may_fail_to_an_account_wherever_they_come_from() {
    let product = InProcess::start(&BEHIND_PROXY).await;
    let site = &product.site;
    for id in ["ann", "bob"] {
        site.make_user(id, PASSWORD, "member").await;
    }
    for (account, same) in [("ann", "ANN"), ("nobody", "Nobody"), ("no id", "NO id ")] {
        for number in 0..10 {
            assert_eq!(status(site, &address(number), account, "wrong").await, 401, "{account} {number}");
        }
        let before = site.hashes().await;
        wait_of(&sign_in(site, &address(100), account, "wrong").await);
        wait_of(&sign_in(site, &address(101), same, PASSWORD).await);
        assert_eq!(site.hashes().await, before, "{account}");
    }
    assert_eq!(status(site, &address(102), "bob", PASSWORD).await, 201, "another account is not concerned");
    product.running.stop().await;
}

#[tokio::test]
async fn of_fifty_attempts_at_once_on_an_account_ten_are_computed() {
    let product = InProcess::start(&BEHIND_PROXY).await;
    let site = &product.site;
    site.make_user("ann", PASSWORD, "member").await;
    let before = site.hashes().await;
    let answers = join_all((0..50).map(async |number| status(site, &address(number), "ann", "wrong").await)).await;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (10, 40));
    assert_eq!(site.hashes().await - before, 10);
    product.running.stop().await;
}

#[tokio::test]
async fn an_attempt_that_succeeds_is_given_back() {
    let product = InProcess::start(&BEHIND_PROXY).await;
    let site = &product.site;
    site.make_user("ann", PASSWORD, "member").await;
    for number in 0..9 {
        assert_eq!(status(site, &address(number), "ann", "wrong").await, 401);
    }
    for _ in 0..12 {
        assert_eq!(status(site, "192.0.2.1", "ann", PASSWORD).await, 201);
    }
    assert_eq!(status(site, &address(10), "ann", "wrong").await, 401);
    assert_eq!(status(site, &address(11), "ann", PASSWORD).await, 429);
    product.running.stop().await;
}

#[tokio::test]
async fn an_attempt_that_was_not_looked_at_is_given_back() {
    let more = ["--password-waiting", "1"];
    let product = InProcess::start(&[&BEHIND_PROXY[..], &more].concat()).await;
    let site = &product.site;
    site.make_user("ann", PASSWORD, "member").await;
    for _ in 0..6 {
        let attempt = async |number: usize| status(site, &address(number), "ann", PASSWORD).await;
        let answers = join_all((0..8).map(attempt)).await;
        assert_eq!(count(&answers, 201) + count(&answers, 503), 8, "{answers:?}");
        assert!(count(&answers, 201) > 0 && count(&answers, 503) > 0, "{answers:?}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn the_addresses_of_one_ipv6_network_are_one() {
    let product =
        InProcess::start(&[&BEHIND_PROXY[..], &["--sign-in-failures", "3", "--rate-limit", "3"]].concat()).await;
    let site = &product.site;
    for (number, expected) in [401, 401, 401, 429].into_iter().enumerate() {
        let here = format!("2001:db8:0:1:{number}::{number}");
        assert_eq!(status(site, &here, &format!("nobody-{number}"), "wrong").await, expected, "{here}");
        assert_eq!(look(site, &[("x-forwarded-for", &here)], "/users").await.status, expected, "{here}");
    }
    assert_eq!(status(site, "2001:db8:0:2::1", "nobody", "wrong").await, 401);
    assert_eq!(look(site, &[("x-forwarded-for", "2001:db8:0:2::1")], "/users").await.status, 401);
    product.running.stop().await;
}

#[tokio::test]
async fn without_a_proxy_that_is_trusted_nobody_chooses_their_address() {
    let product = InProcess::start(&["--rate-limit", "3"]).await;
    let site = &product.site;
    let mut seen = Vec::new();
    for number in 0..5 {
        seen.push(look(site, &[("x-forwarded-for", &address(number))], "/users").await.status.as_u16());
    }
    assert_eq!(seen, [401, 401, 401, 429, 429]);
    product.running.stop().await;
}

#[tokio::test]
async fn of_a_hundred_bare_requests_at_once_exactly_ten_are_answered() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let one = async |number: usize| {
        let paths = ["/users", "/sessions", "/users/me", "/sessions/tokens", "/users/audit"];
        get(site, paths[number % paths.len()]).await
    };
    let answers = join_all((0..100).map(one)).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!((count(&statuses, 401), count(&statuses, 429)), (10, 90));
    let mut remaining: Vec<u32> = Vec::new();
    for answer in &answers {
        assert_eq!(answer.header("ratelimit-limit"), "10");
        let reset: u32 = answer.header("ratelimit-reset").parse().unwrap();
        assert!((1..=60).contains(&reset), "{reset}");
        let left = answer.header("ratelimit-remaining").parse().unwrap();
        if answer.status == 429 {
            assert!(wait_of(answer) >= reset, "whoever comes back then is let in");
            assert_eq!((left, answer.json()["error"].is_string()), (0, true));
        } else {
            remaining.push(left);
        }
    }
    remaining.sort_unstable();
    assert_eq!(remaining, (0..10).collect::<Vec<_>>());
    let refused = ask(site, NOBODY, Method::POST, "/sessions/signup", &json!({ "id": "x" })).await;
    assert_eq!(refused.status, 429, "signing up is one of them");
    product.running.stop().await;
}

/// A voter's cookie, and a session and a token of `ann`.
async fn credentials(site: &Site) -> (String, String, String) {
    let ballot = json!({ "choice": "a" });
    let answer = ask(site, NOBODY, Method::POST, "/ballots/default", &ballot).await;
    let voter = answer.cookie().unwrap().to_owned();
    let session = site.sign_up("ann", "admin").await;
    let wish = json!({ "name": "mine", "scopes": ["admin"] });
    let token = ask(site, &[("cookie", &session)], Method::POST, "/sessions/tokens", &wish).await.json();
    (voter, session, token["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn each_credential_has_a_limit_of_its_own() {
    let product = InProcess::start(&["--rate-limit", "2", "--rate-limit-credential", "7"]).await;
    let site = &product.site;
    let (voter, session, token) = credentials(site).await;
    let another = site.sign_in_as("ann", PASSWORD).await;
    let bearer = format!("Bearer {token}");
    let counted = async |who: Who<'_>| {
        let mut let_in = 0;
        loop {
            let answer = look(site, who, "/users").await;
            if answer.status == 429 {
                return (answer.header("ratelimit-limit").to_owned(), let_in);
            }
            let_in += 1;
        }
    };
    for (who, used) in [
        (&[("cookie", &*voter)][..], 0),
        (&[("cookie", &*session)], 1),
        (&[("cookie", &*another)], 0),
        (&[("authorization", &*bearer)], 0),
        (ADMIN, 1),
    ] {
        assert_eq!(counted(who).await, ("7".into(), 7 - used), "{who:?}");
    }
    assert_eq!(
        look(site, &[("authorization", &token)], "/users").await.status,
        429,
        "written otherwise, it is the same"
    );
    assert_eq!(counted(NOBODY).await, ("2".into(), 2));
    assert_eq!(look(site, &[("authorization", "wrong")], "/users").await.status, 429);
    product.running.stop().await;
}

#[tokio::test]
async fn what_is_no_credential_counts_to_the_address() {
    let made_up = format!("hemi_{}", "A".repeat(43));
    let planted = format!("session={}", "A".repeat(43));
    for who in [
        [("authorization", "wrong")],
        [("authorization", &*made_up)],
        [("cookie", &*planted)],
        [("cookie", "voter_id=x")],
    ] {
        let product = InProcess::start(&[]).await;
        let site = &product.site;
        let mut statuses = Vec::new();
        for _ in 0..12 {
            statuses.push(look(site, &who, "/users").await.status.as_u16());
        }
        assert_eq!((count(&statuses, 401), count(&statuses, 429)), (10, 2), "{who:?}");
        product.running.stop().await;
    }
}

#[tokio::test]
async fn whoever_guesses_keys_gains_nothing_by_voters_cookies() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let mut statuses = Vec::new();
    for number in 0..12 {
        let answer = ask(site, NOBODY, Method::POST, "/ballots/default", &json!({ "choice": "a" })).await;
        let (voter, guess) = (answer.cookie().unwrap().to_owned(), format!("guess number {number}"));
        let who = [("cookie", &*voter), ("authorization", &*guess)];
        statuses.push(look(site, &who, "/users").await.status.as_u16());
    }
    assert_eq!((count(&statuses, 401), count(&statuses, 429)), (10, 2));
    product.running.stop().await;
}

#[tokio::test]
async fn voting_and_what_everybody_sees_are_not_limited() {
    let product = InProcess::start(&["--rate-limit", "1", "--rate-limit-credential", "1000"]).await;
    let site = &product.site;
    for _ in 0..2 {
        get(site, "/users").await;
    }
    for number in 0..30 {
        assert_eq!(site.vote("default", &format!("voter {number}"), "a").await.0, StatusCode::ACCEPTED);
        for path in ["/polls", "/polls/default", "/results/default.json", "/vote/default", "/", "/signin"] {
            let answer = get(site, path).await;
            assert_eq!((answer.status.as_u16(), answer.header("ratelimit-limit")), (200, ""), "{path}");
        }
    }
    assert_eq!(get(site, "/users").await.status, 429);
    product.running.stop().await;
}

#[tokio::test]
async fn a_browser_is_told_in_the_language_of_its_reader() {
    let product = InProcess::start(&["--rate-limit", "1", "--sign-in-failures", "1"]).await;
    let site = &product.site;
    get(site, "/users").await;
    ask(site, NOBODY, Method::POST, "/sessions", &json!({ "key": "wrong" })).await;
    for (language, headline) in [("en", "Too many requests"), ("fr", "Trop de demandes")] {
        let headers = [("accept", "text/html"), ("accept-language", language), FORM];
        for (method, path) in [(Method::GET, "/users"), (Method::POST, "/sessions")] {
            let page = send(site, method, path, &headers, "id=ann&password=wrong").await;
            wait_of(&page);
            assert!(page.text.contains(headline) && page.text.contains("<html"), "{path}: {}", page.text);
            assert_eq!(page.header("ratelimit-limit"), if path == "/users" { "1" } else { "" });
        }
    }
    assert_eq!(get(site, "/users").await.json().get("error").map(Value::is_string), Some(true));
    product.running.stop().await;
}
