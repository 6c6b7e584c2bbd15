//! What pages are made of: assets, their caching, and a folder in which somebody works on them.

use std::fs;

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use super::{get, send};
use crate::sandbox::InProcess;

/// The addresses of assets that a page names.
fn assets_of(page: &str) -> Vec<String> {
    let links = page.split("\"/assets/").skip(1).filter_map(|rest| rest.split('"').next());
    links.map(|link| format!("/assets/{link}")).collect()
}

#[tokio::test]
async fn an_asset_is_kept_for_ever_under_its_own_version_and_briefly_under_any_other() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let page = get(site, "/results/default").await.text;
    let assets = assets_of(&page);
    assert_eq!(assets.len(), 3, "icon, style and script: {assets:?}");
    for address in assets {
        let asset = get(site, &address).await;
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable", "{address}");
        let name = address.rsplit('/').next().unwrap();
        for other in [format!("/assets/{name}"), format!("/assets/0123456789abcdef/{name}")] {
            assert_eq!(get(site, &other).await.header("cache-control"), "public, max-age=60", "{other}");
        }
    }
    assert_eq!(get(site, "/assets/nothing.css").await.status, 404);
    product.running.stop().await;
}

#[tokio::test]
async fn no_page_has_inline_script_or_style_or_asks_another_host() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "closes_at": "2999-01-01T00:00:00Z" })).await;
    let session = site.sign_in().await;
    site.make_poll(json!({ "slug": "codes", "one_vote_per": "code", "allow_change": false })).await;
    let ann = json!({ "id": "ann", "name": "Ann" });
    assert_eq!(site.organise("/users", &ann).await.0, 201);
    assert_eq!(site.organise("/users/invitations", &json!({})).await.0, 201);
    let studio = ["", "/edit", "/sheet", "/reset", "/delete"].map(|page| format!("/studio/polls/tea{page}"));
    let pages =
        ["/", "/join", "/signin", "/signup", "/vote/tea", "/vote/none", "/results/tea", "/studio", "/studio/new"];
    let people = ["/studio/polls/codes", "/account", "/studio/users", "/studio/users/ann", "/studio/users/ann/delete"];
    let pages = pages.iter().chain(&people).chain(&["/signup?invite=x", "/studio/audit"]);
    for path in pages.map(ToString::to_string).chain(studio) {
        let headers = [("accept", "text/html"), ("cookie", session.as_str())];
        let page = send(site, Method::GET, &path, &headers, "").await.text.replace("&#x2f;", "/");
        for (at, _) in page.match_indices("<script") {
            assert!(page[at..].starts_with("<script type=\"module\" src=\"/assets/"), "{path}: an inline script");
        }
        for inline in ["<style", " style=", " onclick=", " onload=", "javascript:"] {
            assert!(!page.contains(inline), "{path}: {inline}");
        }
        for (at, _) in page.match_indices("=\"http") {
            let own = format!("=\"{}", site.base);
            assert!(page[at..].starts_with(&own), "{path}: {}", &page[at..(at + 80).min(page.len())]);
        }
    }
    product.running.stop().await;
}

#[tokio::test]
async fn the_voting_page_is_light() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let page = get(site, "/vote/default").await;
    let head: usize = page.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    assert!(page.text.len() + head < 15_000, "{} bytes", page.text.len() + head);
    // Assets that it loads, once: with them it still comes in a moment over a bad network.
    let mut assets = 0;
    for address in assets_of(&page.text).into_iter().chain(["/assets/page.js".into()]) {
        assets += get(site, &address).await.text.len();
    }
    assert!(assets < 40_000, "{assets} bytes");
    product.running.stop().await;
}

#[tokio::test]
async fn files_of_a_folder_take_the_place_of_the_built_in_ones_and_show_at_once() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::create_dir_all(file("templates")).unwrap();
    fs::create_dir_all(file("assets")).unwrap();
    fs::write(file("templates/join.html"), "one {{ t('join-title') }}").unwrap();
    fs::write(file("assets/style.css"), "body { color: red }").unwrap();
    fs::write(file("secret.txt"), "secret").unwrap();
    let product = InProcess::start(&["--assets", folder.path().to_str().unwrap()]).await;
    let site = &product.site;
    assert_eq!(get(site, "/join").await.text, "one Join a poll");
    fs::write(file("templates/join.html"), "two").unwrap();
    assert_eq!(get(site, "/join").await.text, "two");
    let style = get(site, "/assets/style.css").await;
    assert_eq!((style.text.as_str(), style.header("cache-control")), ("body { color: red }", "no-cache"));
    assert!(get(site, "/vote/default").await.text.contains("Cats"), "what is missing there is built in");
    for name in ["..%2fsecret.txt", "../secret.txt", "secret.txt"] {
        assert_eq!(get(site, &format!("/assets/{name}")).await.status, 404, "{name}");
    }
    fs::write(file("templates/join.html"), "{% broken").unwrap();
    assert_eq!(get(site, "/join").await.status, 500);
    product.running.stop().await;
}
