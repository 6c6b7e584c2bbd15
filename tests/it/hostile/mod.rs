//! Hostile input: each kind gets its 4xx, and changes nothing.

mod connections;
mod requests;
mod sockets;

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sandbox::{InProcess, Site};

/// A product with a poll and a ballot in it, of which nothing may change.
struct Target {
    product: InProcess,
    before: Value,
}

impl Target {
    async fn start(more: &[&str]) -> Self {
        let product = InProcess::start(more).await;
        product.site.make_poll(json!({ "slug": "drinks" })).await;
        assert_eq!(product.site.vote("drinks", "ann", "a").await.0, StatusCode::ACCEPTED);
        let before = state(&product.site).await;
        Self { product, before }
    }

    fn site(&self) -> &Site {
        &self.product.site
    }

    /// Nothing has changed, and the product still serves; takes it down.
    async fn assert_unharmed(self) {
        assert_eq!(state(self.site()).await, self.before);
        assert_eq!(self.site().vote("drinks", "bob", "b").await.0, StatusCode::ACCEPTED);
        assert_eq!(self.site().settled("drinks").await["total"], 2);
        self.product.running.stop().await;
    }
}

/// All that a request could change.
async fn state(site: &Site) -> Value {
    let polls: Value = site
        .http
        .get(site.url("/polls"))
        .header("authorization", crate::sandbox::KEY)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut results = site.settled("drinks").await;
    results.as_object_mut().unwrap().remove("at");
    let accepted = site.metric("hemicycle_ballots_accepted_total").await.unwrap();
    json!({ "polls": polls, "results": results, "accepted": accepted })
}

/// The answer is this status, in JSON that says what is wrong.
async fn assert_refused(answer: Response, status: StatusCode, what: &str) -> Value {
    assert_eq!(answer.status(), status, "{what}");
    let text = answer.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}: no JSON but {text:?}"));
    assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{what}: {body}");
    body
}

/// Sends bytes on a connection of their own and reads until the other side has nothing more to say.
async fn converse(site: &Site, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = connect(site).await;
    // The other side may have heard enough before the end.
    let _ = stream.write_all(bytes.as_ref()).await;
    hear_out(&mut stream).await
}

async fn connect(site: &Site) -> TcpStream {
    TcpStream::connect(site.base.trim_start_matches("http://")).await.unwrap()
}

async fn hear_out(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = async {
        // A reset after the answer is an end like any other.
        while stream.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {}
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await.expect("the connection was left open");
    String::from_utf8_lossy(&answer).into_owned()
}
