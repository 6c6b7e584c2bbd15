//! Socket.IO by long polling, spoken by hand (<https://socket.io/docs/v4/engine-io-protocol/>).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::{delete, patch};
use crate::sandbox::{InProcess, Site};

const SEPARATOR: char = '\u{1e}';
/// For one answer, and for one event: longer than the longest time between two pings.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session.
pub struct Client {
    site: Site,
    /// What the server said of it.
    pub opened: Value,
    /// The cookie by which a proxy knows its process.
    pub cookie: Option<String>,
    packets: VecDeque<String>,
}

impl Client {
    /// Opens a session and connects to the namespace.
    pub async fn connect(site: &Site) -> Self {
        let mut client = Self::open(site, "/socket.io/").await;
        assert_eq!(client.send("40").await.status(), StatusCode::OK);
        let connected = client.packet().await.expect("it is connected");
        assert!(connected.starts_with("40{\"sid\":"), "{connected}");
        client
    }

    /// Opens a session and says no more.
    pub async fn open(site: &Site, path: &str) -> Self {
        let request = site.http.get(site.url(&format!("{path}?EIO=4&transport=polling&t=abc"))).timeout(PATIENCE);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap());
        let cookie = cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        let text = answer.text().await.unwrap();
        let opened = serde_json::from_str(text.strip_prefix('0').expect("an open packet")).unwrap();
        Self { site: site.clone(), opened, cookie, packets: VecDeque::new() }
    }

    /// Where its requests go.
    pub fn url(&self) -> String {
        self.site.url(&format!("/socket.io/?EIO=4&transport=polling&sid={}", self.opened["sid"].as_str().unwrap()))
    }

    fn known(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.timeout(PATIENCE);
        if let Some(cookie) = &self.cookie { request.header("cookie", cookie) } else { request }
    }

    /// Posts packets.
    pub async fn send(&self, packets: &str) -> Response {
        self.try_send(packets).await.unwrap()
    }

    async fn try_send(&self, packets: &str) -> Option<Response> {
        self.known(self.site.http.post(self.url())).body(packets.to_owned()).send().await.ok()
    }

    /// Asks for packets, and waits until there are some.
    pub async fn poll(&self) -> Option<Response> {
        self.known(self.site.http.get(self.url())).send().await.ok()
    }

    /// The next packet that is no ping; `None` where the session is over.
    pub async fn packet(&mut self) -> Option<String> {
        loop {
            if let Some(packet) = self.packets.pop_front() {
                match packet.as_str() {
                    "2" => drop(self.try_send("3").await?),
                    "1" => return None,
                    _ => return Some(packet),
                }
                continue;
            }
            let answer = self.poll().await.filter(|answer| answer.status() == StatusCode::OK)?;
            self.packets.extend(answer.text().await.unwrap().split(SEPARATOR).map(str::to_owned));
        }
    }

    /// The next event: its name and what came with it.
    pub async fn event(&mut self) -> Option<(String, Value)> {
        let packet = self.packet().await?;
        let event: Value = serde_json::from_str(packet.strip_prefix("42").expect("an event")).unwrap();
        assert_eq!(event.as_array().unwrap().len(), 2, "{event}");
        Some((event[0].as_str().unwrap().to_owned(), event[1].clone()))
    }

    /// The next event, which must be scores: the text within the text.
    pub async fn scores(&mut self) -> String {
        let (name, scores) = self.event().await.expect("the session is over");
        assert_eq!(name, "scores");
        scores.as_str().expect("scores are a text of JSON, not JSON").to_owned()
    }

    /// Waits for these scores.
    pub async fn until(&mut self, wanted: &str) {
        let give_up = Instant::now() + PATIENCE;
        while self.scores().await != wanted {
            assert!(Instant::now() < give_up, "never came: {wanted}");
        }
    }

    async fn greeted(&mut self) {
        let (name, greeting) = self.event().await.expect("the session is over");
        assert_eq!((name.as_str(), greeting), ("message", json!({ "text": "Welcome!" })));
    }
}

#[tokio::test]
async fn a_client_is_greeted_then_told_the_scores_and_every_change() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.vote("default", "ann", "b").await;
    site.settled("default").await;
    let mut client = Client::connect(site).await;
    assert_eq!(client.opened["upgrades"], json!(["websocket"]));
    client.greeted().await;
    assert_eq!(client.scores().await, "{\"a\":0,\"b\":1}", "at once");
    for said in ["42[\"subscribe\",{\"channel\":\"any\"}]", "42[\"subscribe\"]", "42[\"whatever\",1]"] {
        let answer = client.send(said).await;
        assert_eq!((answer.status(), answer.text().await.unwrap().as_str()), (StatusCode::OK, "ok"), "{said}");
    }
    site.vote("default", "bob", "a").await;
    client.until("{\"a\":1,\"b\":1}").await;
    site.vote("default", "ann", "a").await;
    client.until("{\"a\":2,\"b\":0}").await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_ask_is_kept_the_newest_scores_only() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let mut client = Client::connect(site).await;
    client.greeted().await;
    client.scores().await;
    for count in 1..=20 {
        site.vote("default", &count.to_string(), "a").await;
        site.settled("default").await;
    }
    let mut heard = 1;
    while client.scores().await != "{\"a\":20,\"b\":0}" {
        heard += 1;
    }
    assert!(heard <= 3, "it was kept {heard} of 20");
    product.running.stop().await;
}

#[tokio::test]
async fn scores_come_at_least_once_a_second_even_if_nothing_changes() {
    let product = InProcess::start(&[]).await;
    let mut client = Client::connect(&product.site).await;
    client.greeted().await;
    client.scores().await;
    let began = Instant::now();
    for _ in 0..3 {
        assert_eq!(client.scores().await, "{\"a\":0,\"b\":0}");
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4) && took > Duration::from_secs(2), "three took {took:?}");
    product.running.stop().await;
}

#[tokio::test]
async fn the_path_is_good_with_and_without_a_slash_at_the_end() {
    let product = InProcess::start(&[]).await;
    for path in ["/socket.io", "/socket.io/"] {
        assert_eq!(Client::open(&product.site, path).await.opened["sid"].as_str().unwrap().len(), 16);
    }
    product.running.stop().await;
}

#[tokio::test]
async fn hidden_scores_are_sent_to_nobody_until_they_are_shown() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    patch(site, "default", &json!({ "results": "hidden" })).await;
    let mut client = Client::connect(site).await;
    client.greeted().await;
    for voter in ["ann", "bob", "cid"] {
        site.vote("default", voter, "a").await;
        site.settled("default").await;
    }
    patch(site, "default", &json!({ "results": "live" })).await;
    assert_eq!(client.scores().await, "{\"a\":3,\"b\":0}", "the first it hears of the votes");
    product.running.stop().await;
}

#[tokio::test]
async fn a_client_waits_for_another_default_poll() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let mut before = Client::connect(site).await;
    before.greeted().await;
    before.scores().await;
    site.organise("/polls/default/close", &json!({})).await;
    site.results_when("default", |result| result["final"] == true).await;
    assert_eq!(delete(site, "default").await.status, StatusCode::NO_CONTENT);
    let mut after = Client::connect(site).await;
    after.greeted().await;
    site.make_poll(json!({ "slug": "default", "options": ["Tea", "Coffee", "Water"] })).await;
    assert_eq!(after.scores().await, "{\"a\":0,\"b\":0,\"c\":0}");
    before.until("{\"a\":0,\"b\":0,\"c\":0}").await;
    site.vote("default", "ann", "c").await;
    after.until("{\"a\":0,\"b\":0,\"c\":1}").await;
    product.running.stop().await;
}

#[tokio::test]
async fn a_session_has_a_place_among_the_viewers_until_it_ends() {
    let product = InProcess::start(&["--max-viewers", "1"]).await;
    let site = &product.site;
    let mut client = Client::connect(site).await;
    client.greeted().await;
    client.scores().await;
    assert_eq!(site.metric("hemicycle_viewers").await, Some(1.0));
    let open = || site.http.get(site.url("/socket.io/?EIO=4&transport=polling")).send();
    let full = open().await.unwrap();
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.headers().contains_key("retry-after"));
    let stream = site.http.get(site.url("/results/default/events")).send().await.unwrap();
    assert_eq!(stream.status(), StatusCode::SERVICE_UNAVAILABLE, "one pool of places");
    assert_eq!(client.send("1").await.status(), StatusCode::OK);
    let give_up = Instant::now() + PATIENCE;
    while open().await.unwrap().status() != StatusCode::OK {
        assert!(Instant::now() < give_up, "the place never became free");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    product.running.stop().await;
}

#[tokio::test]
async fn clients_hold_up_no_shutdown_and_are_told_to_come_back() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    patch(site, "default", &json!({ "results": "hidden" })).await;
    let mut polling = Client::connect(site).await;
    polling.greeted().await;
    let mut silent = Client::open(site, "/socket.io/").await;
    assert_eq!(silent.poll().await.unwrap().text().await.unwrap(), "2");
    silent.send("3").await;
    let mut between = Client::connect(site).await;
    between.greeted().await;
    // One that waits for scores, one that never connected to the namespace, and one between two polls.
    let waiting =
        [tokio::spawn(async move { polling.packet().await }), tokio::spawn(async move { silent.packet().await })];
    site.results_when("default", |result| result["hidden"] == true).await;
    let began = Instant::now();
    product.running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(4), "it took {:?}", began.elapsed());
    for ended in waiting {
        assert_eq!(ended.await.unwrap(), None);
    }
    assert_eq!(between.packet().await, None);
}
