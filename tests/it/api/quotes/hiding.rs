//! Hiding quotes from the public.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{post, post_as, product, said, texts, token};
use crate::api::{ADMIN, NOBODY, ask, look, send};

const NONE: (u16, &str) = (404, r#"{"error":"Citation non trouvée"}"#);

#[tokio::test]
async fn a_hidden_quote_is_seen_by_organisers_and_its_author_only() {
    let product = product().await;
    let site = &product.site;
    let (ann, bob) = (site.sign_up("ann", "member").await, site.sign_up("bob", "organiser").await);
    let cid = site.sign_up("cid", "member").await;
    let [read, vote] = [token(site, &bob, "read").await, token(site, &bob, "vote").await];
    let hidden = post(site, &[("cookie", &ann)], json!({ "quote": "hidden" })).await;
    post_as(site, "1", "seen").await;
    let path = format!("/quotes/{hidden}");
    let view = ask(site, &[("cookie", &bob)], Method::POST, &format!("{path}/hide"), &json!({})).await.json();
    assert_eq!(view["hidden"]["by"], "bob");
    assert!(view["hidden"]["at"].is_string());
    for query in ["", "?order=new", "?order=top", "?format=full", "?hidden=false"] {
        assert_eq!(texts(site, &format!("/quotes{query}")).await, ["seen"], "{query}");
    }
    for (who, sees_all, sees_it) in [
        (("x-nobody", ""), 401, false),
        (("cookie", &*cid), 403, false),
        (("cookie", &*ann), 403, true),
        (("cookie", &*bob), 200, true),
        (("authorization", &*read), 200, true),
        (("authorization", &*vote), 403, false),
        (ADMIN[0], 200, true),
    ] {
        let all = look(site, &[who], "/quotes?hidden=true&format=full").await;
        assert_eq!(all.status.as_u16(), sees_all, "{who:?}: {}", all.text);
        if sees_all == 200 {
            let found: Vec<Value> = serde_json::from_value(all.json()).unwrap();
            assert_eq!((found.len(), &found[0]["hidden"]["by"]), (2, &json!("bob")), "{who:?}");
        }
        let shown = look(site, &[who], &path).await;
        if sees_it {
            assert_eq!(shown.json()["hidden"]["by"], "bob", "{who:?}");
        } else {
            assert_eq!(said(&shown), NONE, "{who:?}");
        }
    }
    let like = ask(site, NOBODY, Method::POST, &format!("{path}/upvotes"), &json!({})).await;
    assert_eq!(said(&like), NONE);
    let edit = ask(site, &[("cookie", &cid)], Method::PATCH, &path, &json!({ "quote": "x" })).await;
    assert_eq!(said(&edit), NONE, "whoever may not see it is not told that it is there");
    let changed = ask(site, &[("cookie", &ann)], Method::PATCH, &path, &json!({ "quote": "y" })).await.json();
    assert_eq!(changed["hidden"]["by"], "bob", "changing it does not bring it back");
    let restored = ask(site, &[("cookie", &bob)], Method::POST, &format!("{path}/restore"), &json!({})).await;
    assert!(restored.json().get("hidden").is_none(), "{}", restored.text);
    assert_eq!(texts(site, "/quotes").await, ["y", "seen"]);
    product.running.stop().await;
}

#[tokio::test]
async fn hiding_and_restoring_are_on_record_once_and_stay_whose_they_were() {
    let product = product().await;
    let site = &product.site;
    let bob = site.sign_up("bob", "organiser").await;
    let id = post_as(site, "1", "x").await;
    let path = |action: &str| format!("/quotes/{id}/{action}");
    for who in [("cookie", &*bob), ADMIN[0]] {
        let view = send(site, Method::POST, &path("hide"), &[who], "").await.json();
        assert_eq!(view["hidden"]["by"], "bob", "one that is hidden stays hidden by whom it was");
    }
    for _ in 0..2 {
        assert_eq!(send(site, Method::POST, &path("restore"), ADMIN, "").await.status, StatusCode::OK);
    }
    let trail = look(site, ADMIN, "/users/audit").await.json();
    let trail: Vec<Value> = serde_json::from_value(trail).unwrap();
    let deeds = trail.iter().filter(|deed| deed["what"].as_str().unwrap().starts_with("quote."));
    let deeds: Vec<_> = deeds.map(|deed| [&deed["who"], &deed["what"], &deed["subject"]]).collect();
    let subject = json!(id.to_string());
    let wanted = [["admin key", "quote.restore"], ["bob", "quote.hide"]].map(|deed| deed.map(Value::from));
    assert_eq!(deeds, wanted.each_ref().map(|[who, what]| [who, what, &subject]));
    for action in ["hide", "restore"] {
        assert_eq!(said(&send(site, Method::POST, &format!("/quotes/99/{action}"), ADMIN, "").await), NONE);
        assert_eq!(send(site, Method::POST, &path(action), NOBODY, "").await.status, StatusCode::UNAUTHORIZED);
    }
    product.running.stop().await;
}
