//! The forms of our pages, which lead back to where they were.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{post_as, product, texts};
use crate::api::{ADMIN, Answer, FORM, NOBODY, Who, look, send};
use crate::sandbox::Site;

async fn fill_in(site: &Site, who: Who<'_>, path: &str, form: &str) -> Answer {
    send(site, Method::POST, path, &[who, &[FORM]].concat(), form).await
}

fn led(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("location"))
}

#[tokio::test]
async fn each_thing_is_done_by_a_form_too_which_leads_back() {
    let product = product().await;
    let site = &product.site;
    let ann = site.sign_up("ann", "admin").await;
    let ann = [("cookie", &*ann)];
    let back = "back=%2Fwall%3Forder%3Dtop%23newest";
    let there = (303, "/wall?order=top#newest");
    let posted = fill_in(site, &ann, "/quotes", &format!("quote=Mille+sabords%0D%0A%21&user_id=&{back}")).await;
    assert_eq!(led(&posted), there);
    assert_eq!(texts(site, "/quotes").await, ["Mille sabords\n!"]);
    let path = "/quotes/1";
    assert_eq!(led(&fill_in(site, &ann, &format!("{path}/edit"), &format!("quote=x&{back}")).await), there);
    assert_eq!(texts(site, "/quotes").await, ["x"]);
    let liked = fill_in(site, NOBODY, &format!("{path}/upvotes"), back).await;
    assert_eq!(led(&liked), there);
    let voter = [("cookie", liked.cookie().unwrap())];
    assert_eq!(look(site, NOBODY, path).await.json()["upvotes"], 1);
    assert_eq!(led(&fill_in(site, &voter, &format!("{path}/upvotes/delete"), back).await), there);
    assert_eq!(look(site, NOBODY, path).await.json()["upvotes"], 0);
    assert_eq!(led(&fill_in(site, &ann, &format!("{path}/hide"), back).await), there);
    assert_eq!(texts(site, "/quotes").await, [""; 0]);
    assert_eq!(led(&fill_in(site, &ann, &format!("{path}/restore"), back).await), there);
    assert_eq!(led(&fill_in(site, &ann, &format!("{path}/delete"), back).await), there);
    assert_eq!(look(site, ADMIN, path).await.status, StatusCode::NOT_FOUND);
    product.running.stop().await;
}

#[tokio::test]
async fn no_form_leads_to_another_site() {
    let product = product().await;
    let site = &product.site;
    let id = post_as(site, "1", "x").await;
    let path = format!("/quotes/{id}/upvotes");
    for form in [
        "",
        "back=",
        "back=https%3A%2F%2Fexample.org",
        "back=%2F%2Fexample.org",
        "back=%2F%5Cexample.org",
        "back=%2F%09%2Fexample.org",
        "back=javascript%3Aalert(1)",
        "back=%2Fwall%0D%0ASet-Cookie%3A+x%3D1",
    ] {
        assert_eq!(led(&fill_in(site, NOBODY, &path, form).await), (303, "/wall"), "{form}");
    }
    product.running.stop().await;
}

#[tokio::test]
async fn a_form_that_fails_says_so_on_a_page_in_the_readers_language() {
    let product = product().await;
    let site = &product.site;
    let french = [ADMIN[0], ("accept", "text/html"), ("accept-language", "fr")];
    for (path, form, status, wanted) in [
        ("/quotes/99/edit", "quote=x", 404, "Cette citation n’existe pas"),
        ("/quotes", &*format!("user_id=1&quote={}", "x".repeat(1001)), 400, "Une citation compte de 1 à 1 000"),
    ] {
        let page = fill_in(site, &french, path, form).await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert!(page.header("content-type").starts_with("text/html") && page.text.contains(wanted), "{}", page.text);
    }
    assert_eq!(look(site, NOBODY, "/quotes").await.json(), json!([]));
    product.running.stop().await;
}
