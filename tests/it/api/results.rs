//! Results as JSON, as a table and as a page.

use serde_json::json;

use super::get;
use crate::sandbox::InProcess;

#[tokio::test]
async fn a_result_tells_state_version_total_and_votes_by_option() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let poll = site.make_poll(json!({ "slug": "tea" })).await;
    let before = site.json("/results/tea.json").await;
    for (voter, choice) in [("ann", "a"), ("bob", "b"), ("cid", "b")] {
        site.vote("tea", voter, choice).await;
    }
    let result = site.settled("tea").await;
    let told = ["poll", "id", "status", "final", "generation", "total", "hidden"].map(|field| result[field].clone());
    assert_eq!(json!(told), json!(["tea", poll["id"], "open", false, 1, 3, false]));
    let options = json!([{ "key": "a", "label": "Tea", "votes": 1 }, { "key": "b", "label": "Coffee", "votes": 2 }]);
    assert_eq!(result["options"], options);
    assert!(result["at"].is_string());
    assert!(result["version"].as_u64() > before["version"].as_u64(), "votes are news");
    product.running.stop().await;
}

#[tokio::test]
async fn the_table_is_csv_in_which_no_label_is_a_formula() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "options": ["=1+1;@x", "A, \"B\""] })).await;
    site.vote("tea", "ann", "b").await;
    site.settled("tea").await;
    let table = get(site, "/results/tea.csv").await;
    assert_eq!(table.text, "key,label,votes\r\na,'=1+1;'@x,0\r\nb,\"A, \"\"B\"\"\",1\r\n");
    assert!(table.header("content-type").starts_with("text/csv"));
    assert!(table.header("content-disposition").contains("tea.csv"));
    product.running.stop().await;
}

#[tokio::test]
async fn a_label_of_a_stranger_is_harmless_on_every_page() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "title": "<script>alert(1)</script>", "options": ["<b>x</b>", "y"] })).await;
    let session = site.sign_in().await;
    let studio = ["", "/edit", "/sheet", "/reset", "/delete"].map(|page| format!("/studio/polls/tea{page}"));
    let pages = ["/", "/join?code=<script>alert", "/vote/tea", "/results/tea", "/results/tea.svg", "/studio"];
    for path in pages.iter().map(ToString::to_string).chain(studio) {
        let headers = [("accept", "text/html"), ("cookie", session.as_str())];
        let page = super::send(site, reqwest::Method::GET, &path, &headers, "").await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains("<script>alert") && !page.text.contains("<b>x"), "{path}: {}", page.text);
        assert!(page.text.contains("&lt;script&gt;"), "{path} shows the title");
        assert!(page.header("content-security-policy").contains("default-src 'none'"), "{path}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn other_endings_and_unknown_polls_are_not_found() {
    let product = InProcess::start(&[]).await;
    for path in [
        "/results/nothing.svg",
        "/results/default.xml",
        "/results/nothing.json",
        "/results/nothing.csv",
        "/results/nothing",
    ] {
        assert_eq!(get(&product.site, path).await.status, 404, "{path}");
    }
    product.running.stop().await;
}
