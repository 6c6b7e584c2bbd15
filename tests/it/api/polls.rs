//! Making, listing, finding and changing polls, and who may.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{JSON, delete, get, get_with_key, patch, send};
use crate::sandbox::{InProcess, KEY};

fn fields(poll: &Value) -> Vec<&str> {
    poll.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_new_poll_answers_with_every_field_and_where_it_is() {
    let product = InProcess::start(&[]).await;
    let wish = json!({ "title": " Tea? ", "options": ["Tea", " Coffee "] }).to_string();
    let made = send(&product.site, Method::POST, "/polls", &[("authorization", KEY), JSON], &wish).await;
    assert_eq!((made.status, made.header("location")), (StatusCode::CREATED, "/polls/tea"));
    let poll = made.json();
    let mut wanted = vec![
        "id",
        "slug",
        "code",
        "title",
        "status",
        "generation",
        "options",
        "opens_at",
        "closes_at",
        "allow_change",
        "one_vote_per",
        "results",
        "created_at",
        "final",
    ];
    wanted.sort_unstable();
    assert_eq!(fields(&poll), wanted);
    assert_eq!(poll["options"], json!([{ "key": "a", "label": "Tea" }, { "key": "b", "label": "Coffee" }]));
    let told = ["slug", "title", "status", "generation", "opens_at", "closes_at", "allow_change", "results", "final"];
    let told: Vec<_> = told.iter().map(|field| poll[*field].clone()).collect();
    assert_eq!(json!(told), json!(["tea", "Tea?", "draft", 1, null, null, true, "live", false]));
    assert_eq!(product.site.json_with_key("/polls/tea").await, poll);
    let same_title = product.site.make_poll(json!({ "title": "Tea?" })).await;
    assert_ne!(same_title["slug"], "tea", "a slug made from the title is made unique");
    product.running.stop().await;
}

#[tokio::test]
async fn a_poll_is_found_by_slug_and_by_join_code_in_any_case() {
    let product = InProcess::start(&[]).await;
    let poll = product.site.make_poll(json!({ "slug": "tea" })).await;
    let code = poll["code"].as_str().unwrap();
    for name in ["tea", code, &code.to_lowercase()] {
        assert_eq!(product.site.json(&format!("/polls/{name}")).await["id"], poll["id"], "{name}");
        assert_eq!(product.site.json(&format!("/results/{name}.json")).await["id"], poll["id"], "{name}");
        assert_eq!(product.site.vote(name, "ann", "a").await.0, StatusCode::ACCEPTED, "{name}");
    }
    let absent = get(&product.site, "/polls/nothing").await;
    assert_eq!((absent.status, absent.json()), (StatusCode::NOT_FOUND, json!({ "error": "there is no such poll" })));
    product.running.stop().await;
}

#[tokio::test]
async fn the_list_has_the_default_poll_first_and_drafts_only_with_the_key() {
    let product = InProcess::start(&["--option-a", "Cats", "--option-b", "Dogs"]).await;
    product.site.make_poll(json!({ "slug": "draft", "status": "draft" })).await;
    product.site.make_poll(json!({ "slug": "tea" })).await;
    let slugs = |list: Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|poll| poll["slug"].as_str().unwrap().to_owned()).collect()
    };
    let public = product.site.json("/polls").await;
    assert_eq!((&public[0]["status"], &public[0]["options"][1]["label"]), (&json!("open"), &json!("Dogs")));
    assert_eq!(slugs(public), ["default", "tea"]);
    let listed = slugs(get_with_key(&product.site, "/polls").await.json());
    assert_eq!((listed[0].as_str(), listed.len()), ("default", 3));
    assert!(listed.contains(&"draft".to_owned()));
    product.running.stop().await;
}

#[tokio::test]
async fn changing_anything_needs_the_key_raw_or_bearer() {
    let product = InProcess::start(&[]).await;
    let (site, wish) = (&product.site, json!({ "title": "Tea?", "options": ["a", "b"] }).to_string());
    let requests = [
        (Method::POST, "/polls", wish.as_str()),
        (Method::PATCH, "/polls/default", "{}"),
        (Method::DELETE, "/polls/default", ""),
        (Method::POST, "/polls/default/open", ""),
        (Method::POST, "/polls/default/close", ""),
        (Method::POST, "/polls/default/reset", ""),
        (Method::POST, "/polls/default/duplicate", ""),
        (Method::POST, "/polls/default/delete", ""),
    ];
    let bearer = format!("Bearer {KEY}");
    for (method, path, body) in requests {
        for headers in [vec![JSON], vec![JSON, ("authorization", "wrong")], vec![JSON, ("authorization", "Bearer ")]] {
            let answer = send(site, method.clone(), path, &headers, body).await;
            let told = (answer.status, answer.text.as_str());
            assert_eq!(told, (StatusCode::UNAUTHORIZED, r#"{"error":"Unauthorized"}"#), "{method} {path}");
        }
    }
    assert_eq!(site.json("/polls/default").await["status"], "open", "nothing of it was done");
    for key in [KEY, &bearer] {
        let answer = send(site, Method::POST, "/polls", &[JSON, ("authorization", key)], &wish).await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_refused_and_makes_nothing() {
    let product = InProcess::start(&[]).await;
    let (title, options) = ("Tea?", ["a", "b"]);
    let wrong = [
        (json!({ "options": options }), "title"),
        (json!({ "title": "", "options": options }), "title"),
        (json!({ "title": title, "options": ["one"] }), "options"),
        (json!({ "title": title, "options": vec!["x"; 51] }), "options"),
        (json!({ "title": title, "options": ["x", " x"] }), "twice"),
        (json!({ "title": title, "options": options, "slug": "Not A Slug" }), "slug"),
        (json!({ "title": title, "options": options, "slug": "results" }), "reserved"),
        (json!({ "title": title, "options": options, "status": "closed" }), "status"),
        (json!({ "title": title, "options": options, "closes_at": "2001-01-01T00:00:00Z" }), "closes_at"),
        (json!({ "title": title, "options": options, "results": "never" }), "never"),
        (json!({ "title": title, "options": options, "colour": "red" }), "colour"),
    ];
    for (wish, why) in wrong {
        let (status, body) = product.site.organise("/polls", &wish).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wish}");
        assert!(body["error"].as_str().unwrap().contains(why), "{wish}: {body}");
    }
    let (status, body) =
        product.site.organise("/polls", &json!({ "title": title, "options": options, "slug": "default" })).await;
    assert_eq!((status, body), (StatusCode::CONFLICT, json!({ "error": "another poll has this slug" })));
    assert_eq!(get_with_key(&product.site, "/polls").await.json().as_array().unwrap().len(), 1);
    let text = [("authorization", KEY), ("content-type", "text/plain")];
    let wish = json!({ "title": title, "options": options }).to_string();
    for (method, path) in [(Method::POST, "/polls"), (Method::PATCH, "/polls/default")] {
        let answer = send(&product.site, method, path, &text, &wish).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn texts_can_change_until_the_first_ballot_and_visibility_at_any_time() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea" })).await;
    let changed = patch(site, "tea", &json!({ "title": "Which?", "options": ["Black", "Green"] })).await;
    assert_eq!((changed.status, &changed.json()["options"][1]["label"]), (StatusCode::OK, &json!("Green")));
    assert_eq!(patch(site, "tea", &json!({ "options": ["a", "b", "c"] })).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.vote("tea", "ann", "a").await.0, StatusCode::ACCEPTED);
    for change in [json!({ "title": "Other?" }), json!({ "options": ["x", "y"] })] {
        let refused = patch(site, "tea", &change).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{change}");
        assert!(refused.json()["error"].as_str().unwrap().contains("has ballots"));
    }
    let changed = patch(site, "tea", &json!({ "results": "hidden" })).await;
    assert_eq!((changed.status, &changed.json()["title"]), (StatusCode::OK, &json!("Which?")));
    assert_eq!(site.organise("/polls/tea/reset", &json!({})).await.0, StatusCode::OK);
    assert_eq!(patch(site, "tea", &json!({ "title": "Other?" })).await.status, StatusCode::OK, "a new round");
    product.running.stop().await;
}

#[tokio::test]
async fn drafts_and_final_polls_can_be_deleted_and_no_others() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "draft", "status": "draft" })).await;
    assert_eq!(delete(site, "draft").await.status, StatusCode::NO_CONTENT);
    assert_eq!(get(site, "/polls/draft").await.status, StatusCode::NOT_FOUND);
    assert_eq!(delete(site, "draft").await.status, StatusCode::NOT_FOUND);
    site.make_poll(json!({ "slug": "tea" })).await;
    assert_eq!(site.vote("tea", "ann", "a").await.0, StatusCode::ACCEPTED);
    let refused = delete(site, "tea").await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    site.organise("/polls/tea/close", &json!({})).await;
    site.results_when("tea", |result| result["final"] == true).await;
    assert_eq!(delete(site, "tea").await.status, StatusCode::NO_CONTENT);
    for path in ["/polls/tea", "/results/tea.json", "/results/tea.csv", "/results/tea/events", "/vote/tea"] {
        assert_eq!(get(site, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(site.vote("tea", "ann", "a").await.0, StatusCode::NOT_FOUND);
    assert_eq!(site.metric("hemicycle_conservation_difference").await, Some(0.0));
    product.running.stop().await;
}
