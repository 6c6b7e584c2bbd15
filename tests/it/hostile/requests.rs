//! What a request can say that it should not.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use super::{Target, assert_refused, converse};
use crate::sandbox::{InProcess, KEY, Site};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn bodies_that_are_too_large_are_413() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let padded = format!("{{\"choice\":\"a\",\"padding\":\"{}\"}}", "x".repeat(5000));
    let ballot = site.http.post(site.url("/ballots/drinks")).body(padded.clone()).send().await.unwrap();
    assert_refused(ballot, StatusCode::PAYLOAD_TOO_LARGE, "a ballot").await;
    let form = site.http.post(site.url("/vote/drinks")).header(CONTENT_TYPE, FORM);
    let form = form.body(format!("vote=a&padding={}", "x".repeat(5000))).send().await.unwrap();
    assert_refused(form, StatusCode::PAYLOAD_TOO_LARGE, "a form").await;
    let poll = json!({ "title": "x".repeat(70_000), "options": ["a", "b"] });
    assert_eq!(site.organise("/polls", &poll).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let chunked = format!(
        "POST /ballots/drinks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{padded}\r\n0\r\n\r\n",
        padded.len()
    );
    let answer = converse(site, chunked).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    target.assert_unharmed().await;
}

#[tokio::test]
async fn bodies_that_are_no_ballot_are_400_in_json() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let deep = format!("{{\"choice\":{}", "[".repeat(4000));
    let bodies: [&[u8]; 13] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{\"choice\":\"\xff\"}",
        b"{\"choice\":\"\\ud800\"}",
        b"{\"choice\":1}",
        b"{\"choice\":\"z\"}",
        b"{\"choice\":\"a\\u0000\"}",
        b"{\"choice\":\"a\",\"choice\":\"b\"}",
        b"{\"choice\":\"a\"}{\"choice\":\"a\"}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let answer = site.http.post(site.url("/ballots/drinks")).body(body.to_vec()).send().await.unwrap();
        assert_refused(answer, StatusCode::BAD_REQUEST, &String::from_utf8_lossy(body)).await;
    }
    for form in [&b"vote=\xff"[..], b"vote", b"vote=z", b"vote=%ff", b"choice=a"] {
        let request = site.http.post(site.url("/vote/drinks")).header(CONTENT_TYPE, FORM).body(form.to_vec());
        assert_refused(request.send().await.unwrap(), StatusCode::BAD_REQUEST, &String::from_utf8_lossy(form)).await;
    }
    for key in ["", &"k".repeat(300), "schlüssel"] {
        let request = site.http.post(site.url("/ballots/drinks")).header("idempotency-key", key);
        let answer = request.json(&json!({ "choice": "a" })).send().await.unwrap();
        assert_refused(answer, StatusCode::BAD_REQUEST, key).await;
    }
    target.assert_unharmed().await;
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_makes_a_new_voter() {
    let (ours, other) = (InProcess::start(&[]).await, InProcess::start(&[]).await);
    let genuine = cookie_after_voting(&ours.site, None).await.expect("a first ballot sets a cookie");
    let foreign = cookie_after_voting(&other.site, None).await.unwrap();
    let cut = genuine[..genuine.len() - 1].to_owned();
    let last = if genuine.ends_with('A') { "B" } else { "A" };
    let swapped = format!("{}{last}", &genuine[..genuine.len() - 2]);
    let bad = [foreign, cut, swapped, "voter_id=".into(), "voter_id=1".into(), format!("VOTER_ID={}", &genuine[9..])];
    for (number, cookie) in bad.iter().enumerate() {
        let set = cookie_after_voting(&ours.site, Some(cookie)).await;
        assert!(set.is_some_and(|set| set != genuine), "{cookie} was taken for a voter");
        assert_eq!(ours.site.settled("default").await["total"], number + 2, "{cookie}");
    }
    let voters = bad.len() + 1;
    for several in [format!("voter_id=forged; {genuine}"), format!("{genuine}; {genuine}"), format!("a=b; {genuine}")] {
        assert_eq!(cookie_after_voting(&ours.site, Some(&several)).await, None, "{several}");
        assert_eq!(ours.site.settled("default").await["total"], voters, "{several}");
    }
    ours.running.stop().await;
    other.running.stop().await;
}

async fn cookie_after_voting(site: &Site, cookie: Option<&str>) -> Option<String> {
    let request = site.http.post(site.url("/ballots/default")).json(&json!({ "choice": "a" }));
    let request = if let Some(cookie) = cookie { request.header(COOKIE, cookie) } else { request };
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    Some(answer.headers().get(SET_COOKIE)?.to_str().unwrap().split(';').next().unwrap().to_owned())
}

#[tokio::test]
async fn posts_that_another_site_caused_are_403() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let causes = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", ""),
        ("origin", "null"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1"),
        ("origin", "127.0.0.1"),
    ];
    let forms = [
        ("/ballots/drinks", "{\"choice\":\"b\"}", "text/plain"),
        ("/vote/drinks", "vote=b", FORM),
        ("/polls", "title=Tea&options=a%0Ab&results=live", FORM),
        ("/polls/drinks/close", "", FORM),
        ("/polls/drinks/reset", "", FORM),
        ("/polls/drinks/delete", "", FORM),
        ("/sessions", "key=supersecretkey", FORM),
        ("/sessions/end", "", FORM),
    ];
    let session = site.sign_in().await;
    for (name, value) in causes {
        for (path, body, kind) in forms {
            let request = site.http.post(site.url(path)).header(CONTENT_TYPE, kind).header(name, value).body(body);
            let request = request.header("cookie", &session);
            assert_refused(request.send().await.unwrap(), StatusCode::FORBIDDEN, &format!("{path} {name}: {value}"))
                .await;
        }
    }
    target.assert_unharmed().await;
}

#[tokio::test]
async fn posts_that_our_own_pages_caused_pass() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let own = site.base.clone();
    for (name, value) in [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none"), ("origin", own.as_str())] {
        let request = site.http.post(site.url("/vote/default")).header(CONTENT_TYPE, FORM).header(name, value);
        let answer = request.body("vote=b").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{name}: {value}");
    }
    assert_eq!(site.settled("default").await["total"], 3);
    product.running.stop().await;
}

#[tokio::test]
async fn tricks_with_paths_find_nothing() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let long = "a".repeat(4000);
    let names =
        ["..%2f", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%00", "drinks%00", "%ff", "drinks%20", "%27%20OR%201", &long];
    for folder in ["/vote/", "/results/", "/polls/", "/assets/"] {
        for name in names {
            assert_no_such_thing(site, &format!("{folder}{name}")).await;
        }
    }
    for path in [
        "//",
        "/vote//",
        "//vote/drinks",
        "/vote/drinks/",
        "/results/drinks.exe",
        "/results/drinks.json.csv",
        "/nothing",
    ] {
        assert_no_such_thing(site, path).await;
    }
    for path in ["/../../etc/passwd", "/vote/../polls/drinks/../../x", "/assets/../Cargo.toml"] {
        let answer =
            converse(site, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    for name in names {
        let ballot = site.http.post(site.url(&format!("/ballots/{name}"))).json(&json!({ "choice": "a" }));
        let answer = ballot.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{name}: {}", answer.status());
    }
    target.assert_unharmed().await;
}

/// 404 (or 400, where the path is no text) in JSON for a client and as a page for a browser.
async fn assert_no_such_thing(site: &Site, path: &str) {
    let status = if path.contains("%ff") { StatusCode::BAD_REQUEST } else { StatusCode::NOT_FOUND };
    assert_refused(site.http.get(site.url(path)).send().await.unwrap(), status, path).await;
    let page = site.http.get(site.url(path)).header("accept", "text/html,*/*").send().await.unwrap();
    assert_eq!(page.status(), status, "{path}");
    let kind = page.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    assert!(kind.starts_with("text/html"), "{path}: {kind}");
    assert!(page.text().await.unwrap().contains("<html"), "{path}");
}

#[tokio::test]
async fn methods_that_an_address_does_not_take_are_405() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let wrong = [
        ("PUT", "/ballots/drinks"),
        ("DELETE", "/ballots/drinks"),
        ("DELETE", "/vote/drinks"),
        ("POST", "/results/drinks"),
        ("POST", "/results/drinks/events"),
        ("PUT", "/polls/drinks"),
        ("DELETE", "/polls"),
        ("GET", "/polls/drinks/close"),
        ("POST", "/livez"),
        ("POST", "/"),
        ("BREW", "/vote/drinks"),
    ];
    for (method, path) in wrong {
        let method = method.parse().unwrap();
        let request = site.http.request(method, site.url(path)).header("authorization", KEY);
        let answer = request.send().await.unwrap();
        assert!(answer.headers().contains_key("allow"), "{path} does not say what it takes");
        assert_refused(answer, StatusCode::METHOD_NOT_ALLOWED, path).await;
    }
    target.assert_unharmed().await;
}

#[tokio::test]
async fn links_carry_no_host_that_is_not_one() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let hosts =
        ["evil\"><script>alert(1)</script>", "evil.example/path", "user@evil.example", "evil example", "evil\\x"];
    for host in hosts {
        for path in ["/results/drinks", "/join", "/vote/drinks"] {
            let answer = converse(
                site,
                format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"),
            )
            .await;
            assert!(!answer.contains("evil"), "{host} came back in {path}: {answer}");
        }
    }
    let forwarded = site.http.get(site.url("/results/drinks")).header("x-forwarded-host", "evil.example");
    let page = forwarded.header("accept", "text/html").send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("evil"), "a header of nobody we trust came back: {page}");
    target.assert_unharmed().await;
}

#[tokio::test]
async fn organising_without_the_key_is_401_and_changes_nothing() {
    let target = Target::start(&[]).await;
    let site = target.site();
    let almost = format!("Bearer {}", &KEY[..KEY.len() - 1]);
    for key in [None, Some(""), Some("Bearer "), Some(almost.as_str()), Some("SUPERSECRETKEY")] {
        for (method, path) in [
            ("POST", "/polls"),
            ("POST", "/polls/drinks/close"),
            ("POST", "/polls/drinks/reset"),
            ("POST", "/polls/drinks/delete"),
            ("PATCH", "/polls/drinks"),
            ("DELETE", "/polls/drinks"),
        ] {
            let request = site.http.request(method.parse().unwrap(), site.url(path));
            let request = if let Some(key) = key { request.header("authorization", key) } else { request };
            let answer = request.json(&json!({})).send().await.unwrap();
            let body = assert_refused(answer, StatusCode::UNAUTHORIZED, path).await;
            assert_eq!(body, json!({ "error": "Unauthorized" }), "{method} {path}");
        }
    }
    assert_eq!(site.json("/polls").await.as_array().map(Vec::len), Some(2));
    assert_ne!(target.before["polls"], Value::Null);
    target.assert_unharmed().await;
}
