//! Search at `/search`, as clients of old know it, and `/quotes?q=`.

use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADMIN, Answer, NOBODY, Who, ask, look};
use crate::sandbox::{InProcess, KEY, Site};

/// The product, with room for a test's requests.
async fn product() -> InProcess {
    InProcess::start(&["--rate-limit", "100000", "--rate-limit-credential", "100000"]).await
}

async fn post(site: &Site, quote: &str) -> u64 {
    let wish = json!({ "user_id": "haddock", "quote": quote });
    let made = ask(site, ADMIN, Method::POST, "/quotes", &wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_u64().unwrap()
}

async fn posted(site: &Site, quotes: &[&str]) -> Vec<u64> {
    let mut ids = Vec::new();
    for quote in quotes {
        ids.push(post(site, quote).await);
    }
    ids
}

/// A keyword as an address has it.
fn query(keyword: &str) -> String {
    percent_encoding::utf8_percent_encode(keyword, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn search(site: &Site, keyword: &str) -> Answer {
    look(site, ADMIN, &format!("/search?keyword={}", query(keyword))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_curl_call_of_old_finds_the_texts_of_quotes() {
    let product = product().await;
    posted(&product.site, &["Mille sabords !", "Tonnerre de Brest", "Un bel été, mille fois"]).await;
    let curl = |path: &str, key: bool| {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-w", " %{http_code}", "-X", "GET", &product.site.url(path)]);
        let curl = if key { curl.args(["-H", &format!("Authorization: {KEY}")]) } else { &mut curl };
        String::from_utf8(curl.output().unwrap().stdout).unwrap()
    };
    let (found, none, missing, nobody) = tokio::task::block_in_place(|| {
        (
            curl("/search?keyword=MILLE", true),
            curl("/search?keyword=tintin", true),
            curl("/search", true),
            curl("/search?keyword=mille", false),
        )
    });
    assert_eq!(found, r#"["Mille sabords !","Un bel été, mille fois"] 200"#);
    assert_eq!(none, "[] 200");
    assert_eq!(missing, r#"{"error":"Mot-clé requis"} 400"#);
    assert_eq!(nobody, r#"{"error":"Unauthorized"} 401"#);
}

#[tokio::test]
async fn whoever_is_known_may_search_and_a_token_that_may_read() {
    let product = product().await;
    let site = &product.site;
    post(site, "a bird").await;
    let ann = site.sign_up("ann", "member").await;
    let ann = [("cookie", &*ann)];
    let path = "/search?keyword=bird";
    assert_eq!(look(site, &ann, path).await.json(), json!(["a bird"]));
    for (scope, status) in [("read", 200), ("vote", 403)] {
        let wish = json!({ "name": scope, "scopes": [scope] });
        let made = ask(site, &ann, Method::POST, "/sessions/tokens", &wish).await.json();
        let token = format!("Bearer {}", made["token"].as_str().unwrap());
        assert_eq!(look(site, &[("authorization", &token)], path).await.status, status, "{scope}");
    }
    let wrong: Who<'_> = &[("authorization", "wrong")];
    assert_eq!(look(site, wrong, path).await.status, 401);
    assert_eq!(look(site, NOBODY, path).await.status, 401);
    assert_eq!(look(site, NOBODY, "/quotes?q=bird").await.status, 200, "the public may look through what it may read");
}

#[tokio::test]
async fn pages_follow_each_other_by_links() {
    let product = product().await;
    let site = &product.site;
    let ids = posted(site, &["scat", "cat & mouse", "cats", "cat", "the cat"]).await;
    let upvoted = ask(site, ADMIN, Method::POST, &format!("/quotes/{}/upvotes", ids[4]), &Value::Null).await;
    assert!(upvoted.status.is_success(), "{}", upvoted.text);
    let wanted = ["the cat", "cat & mouse", "cat", "cats", "scat"];
    for (first, who) in [("/search?keyword=Cat&limit=2", ADMIN), ("/quotes?q=Cat&limit=2", NOBODY)] {
        let (mut next, mut seen) = (Some(first.to_owned()), Vec::new());
        while let Some(path) = next {
            let page = look(site, who, &path).await;
            let texts = page.json().as_array().unwrap().clone();
            seen.extend(texts.iter().map(|found| found.get("quote").unwrap_or(found).as_str().unwrap().to_owned()));
            next = page.header("link").strip_prefix('<').map(|link| link.split('>').next().unwrap().to_owned());
        }
        assert_eq!(seen, wanted, "{first}");
    }
    let full = look(site, ADMIN, "/search?keyword=cat&limit=1&format=full").await;
    let found = full.json()[0].clone();
    assert_eq!(found["cursor"], format!("0.1.{}", ids[4]));
    assert_eq!((&found["id"], &found["user_id"], &found["upvotes"]), (&json!(ids[4]), &json!("haddock"), &json!(1)));
    assert!(found["created_at"].is_string() && full.header("link").contains("&format=full"), "{found}");
    let brief = look(site, NOBODY, "/quotes?q=mouse").await.json();
    assert_eq!(brief, json!([{ "id": ids[1], "user_id": "haddock", "quote": "cat & mouse" }]));
    assert!(look(site, NOBODY, "/quotes?q=mouse&format=full").await.json()[0]["created_at"].is_string());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let product = product().await;
    for (query, status) in [
        ("keyword=", 400),
        ("keyword=%20%cc%81", 400),
        ("keyword=%00", 400),
        ("keyword=a&after=1.2", 400),
        ("keyword=a&limit=x", 400),
        ("keyword=a&format=csv", 400),
        ("keyword=a&limit=0", 200),
        ("keyword=a&limit=4000000000", 200),
        ("keyword=a%00b", 200),
        ("keyword=a&after=0.18446744073709551615.1", 200),
    ] {
        let answer = look(&product.site, ADMIN, &format!("/search?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.text);
    }
    assert_eq!(search(&product.site, &"é".repeat(200)).await.status, 200);
    assert_eq!(search(&product.site, &"é".repeat(201)).await.status, 400);
    for query in ["q=", "q=a&order=top", "q=a&hidden=true", "q=a&after=7"] {
        assert_eq!(look(&product.site, NOBODY, &format!("/quotes?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn whatever_is_typed_gets_a_clean_answer() {
    let product = product().await;
    let site = &product.site;
    let typed = [
        "100%",
        "a_b",
        "\\",
        "it's",
        "\"",
        "a* OR b",
        "'; DROP TABLE quotes; --",
        "👍",
        "日本",
        "^",
        "a\tb",
        "(",
        "&|!:*",
    ];
    for text in typed {
        post(site, text).await;
    }
    for text in typed {
        let found = search(site, text).await;
        let found = found.json();
        assert!(found.as_array().unwrap().iter().any(|found| found == text), "{text}: {found}");
    }
}

#[tokio::test]
async fn hidden_quotes_are_found_by_nobody() {
    let product = product().await;
    let site = &product.site;
    let id = post(site, "a rude bird").await;
    let hidden = ask(site, ADMIN, Method::POST, &format!("/quotes/{id}/hide"), &Value::Null).await;
    assert!(hidden.status.is_success() || hidden.status.is_redirection(), "{}", hidden.text);
    assert_eq!(search(site, "rude").await.json(), json!([]));
    assert_eq!(look(site, ADMIN, "/quotes?q=rude").await.json(), json!([]));
}
