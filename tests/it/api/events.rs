//! The live stream.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::{delete, get};
use crate::sandbox::{InProcess, Site};

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: String,
}

/// A viewer.
pub struct Stream {
    response: Response,
    buffer: String,
    /// Lines that only say that the stream lives.
    pub comments: usize,
    /// The `retry:` it was told.
    pub retry: Option<u64>,
    /// Whether it has ended, and as it should: not because the connection broke.
    pub ended_well: bool,
}

impl Stream {
    /// Opens the stream of a poll, which must be there.
    pub async fn open(site: &Site, poll: &str, headers: &[(&str, &str)]) -> Self {
        Self::try_open(site, poll, headers).await.expect("no stream")
    }

    /// The same beside a page that shows the version `seen`.
    pub async fn open_seen(site: &Site, poll: &str, seen: &str, headers: &[(&str, &str)]) -> Self {
        Self::ask(site, &format!("/results/{poll}/events?seen={seen}"), headers).await.expect("no stream")
    }

    /// The same, where whoever should serve it may be going down: `None` where no answer comes, or one of 502 or 503.
    pub async fn try_open(site: &Site, poll: &str, headers: &[(&str, &str)]) -> Option<Self> {
        Self::ask(site, &format!("/results/{poll}/events"), headers).await
    }

    /// Opens the stream at an address: `None` as above.
    pub async fn ask(site: &Site, address: &str, headers: &[(&str, &str)]) -> Option<Self> {
        let mut request = site.http.get(site.url(address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.ok()?;
        if [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE].contains(&response.status()) {
            return None;
        }
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Some(Self { response, buffer: String::new(), comments: 0, retry: None, ended_well: false })
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.arrived() {
                return Some(event);
            }
            self.receive(Duration::from_secs(10)).await?;
        }
    }

    /// Waits for a line that only says that the stream lives. What happens until then is left out.
    pub async fn sign_of_life(&mut self) {
        let before = self.comments;
        loop {
            while self.arrived().is_some() {}
            if self.comments > before {
                return;
            }
            self.receive(Duration::from_secs(40)).await.expect("the stream ended");
        }
    }

    /// The first event that has arrived whole.
    fn arrived(&mut self) -> Option<Event> {
        while let Some((block, rest)) = self.buffer.split_once("\n\n") {
            let (block, rest) = (block.to_owned(), rest.to_owned());
            self.buffer = rest;
            if let Some(event) = self.read(&block) {
                return Some(event);
            }
        }
        None
    }

    /// More of the stream; `None` at its end.
    async fn receive(&mut self, patience: Duration) -> Option<()> {
        let chunk = tokio::time::timeout(patience, self.response.chunk()).await.expect("the stream is silent");
        self.ended_well = matches!(chunk, Ok(None));
        self.buffer.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        Some(())
    }

    fn read(&mut self, block: &str) -> Option<Event> {
        let mut event = Event::default();
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => id.clone_into(&mut event.id),
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("data", data)) => data.clone_into(&mut event.data),
                Some(("retry", millis)) => self.retry = millis.parse().ok(),
                _ => self.comments += 1,
            }
        }
        (!event.name.is_empty()).then_some(event)
    }

    /// The next event, which must be a snapshot.
    pub async fn snapshot(&mut self) -> Value {
        let event = self.next().await.expect("the stream ended");
        assert_eq!(event.name, "snapshot");
        serde_json::from_str(&event.data).unwrap()
    }
}

#[tokio::test]
async fn the_stream_starts_with_how_the_poll_stands_and_moves_with_the_votes() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let mut stream = Stream::open(site, "default", &[]).await;
    let first = stream.next().await.unwrap();
    let mut last: Value = serde_json::from_str(&first.data).unwrap();
    assert_eq!(first.id, format!("{}.{}", last["id"].as_str().unwrap(), last["version"]));
    assert!((1000..5000).contains(&stream.retry.unwrap()));
    for (count, voter) in ["ann", "bob", "cid"].iter().enumerate() {
        site.vote("default", voter, "a").await;
        let next = stream.snapshot().await;
        assert_eq!(next["total"], count + 1);
        assert!(next["version"].as_u64() > last["version"].as_u64());
        last = next;
    }
    site.organise("/polls/default/close", &json!({})).await;
    while last["final"] != true {
        last = stream.snapshot().await;
    }
    assert_eq!((&last["status"], &last["total"]), (&json!("closed"), &json!(3)));
    drop(stream);
    product.running.stop().await;
}

#[tokio::test]
async fn streams_on_which_nothing_happens_show_that_they_live() {
    let product = InProcess::start(&[]).await;
    let mut of_results = Stream::open(&product.site, "default", &[]).await;
    let mut of_quotes = Stream::ask(&product.site, "/quotes/events", &[]).await.expect("no stream");
    tokio::join!(of_results.sign_of_life(), of_quotes.sign_of_life());
    drop((of_results, of_quotes));
    product.running.stop().await;
}

#[tokio::test]
async fn a_viewer_that_comes_back_is_not_told_again_what_it_saw() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let mut stream = Stream::open(site, "default", &[]).await;
    let seen = stream.next().await.unwrap();
    drop(stream);
    let mut stream = Stream::open(site, "default", &[("last-event-id", &seen.id)]).await;
    site.vote("default", "ann", "a").await;
    let news = stream.next().await.unwrap();
    assert_ne!(news.id, seen.id, "the first event is the news");
    assert!(news.data.contains("\"total\":1"));
    let mut behind = Stream::open(site, "default", &[("last-event-id", &seen.id)]).await;
    assert_eq!(behind.next().await.unwrap().id, news.id, "whoever missed it is told at once");
    // A page says in the address what it shows; a browser that comes back by itself knows better.
    let mut beside = Stream::open_seen(site, "default", &news.id, &[("last-event-id", &seen.id)]).await;
    assert_eq!(beside.next().await.unwrap().id, news.id, "the header goes before the address");
    let mut beside = Stream::open_seen(site, "default", &news.id, &[]).await;
    site.vote("default", "bob", "a").await;
    assert!(beside.next().await.unwrap().data.contains("\"total\":2"), "it was told again what its page shows");
    drop((stream, behind, beside));
    product.running.stop().await;
}

#[tokio::test]
async fn a_viewer_ahead_of_the_store_is_told_to_forget() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    let id = site.json("/polls/default").await["id"].as_str().unwrap().to_owned();
    let mut stream = Stream::open(site, "default", &[("last-event-id", &format!("{id}.999"))]).await;
    assert_eq!(stream.next().await.unwrap().name, "reset");
    assert_eq!(stream.snapshot().await["total"], 0);
    let mut beside = Stream::open_seen(site, "default", &format!("{id}.999"), &[]).await;
    assert_eq!(beside.next().await.unwrap().name, "reset");
    for foreign in ["000000000001.999", "nonsense", ""] {
        let mut stream = Stream::open(site, "default", &[("last-event-id", foreign)]).await;
        assert_eq!(stream.next().await.unwrap().name, "snapshot", "{foreign:?} is of no poll of ours");
    }
    drop(stream);
    product.running.stop().await;
}

#[tokio::test]
async fn past_the_cap_viewers_are_turned_away_until_one_leaves() {
    let product = InProcess::start(&["--max-viewers", "2"]).await;
    let site = &product.site;
    let mut first = Stream::open(site, "default", &[]).await;
    let mut second = Stream::open(site, "default", &[]).await;
    assert!(first.next().await.is_some() && second.next().await.is_some());
    let full = get(site, "/results/default/events").await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!full.header("retry-after").is_empty());
    assert_eq!(get(site, "/results/default.json").await.status, StatusCode::OK, "the rest goes on");
    drop(first);
    for _ in 0..1000 {
        if site.http.get(site.url("/results/default/events")).send().await.unwrap().status() == StatusCode::OK {
            drop(second);
            return product.running.stop().await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the place never became free");
}

#[tokio::test]
async fn viewers_of_a_deleted_poll_are_told_that_it_is_gone() {
    let product = InProcess::start(&[]).await;
    let site = &product.site;
    site.make_poll(json!({ "slug": "tea", "status": "draft" })).await;
    let mut stream = Stream::open(site, "tea", &[]).await;
    stream.snapshot().await;
    assert_eq!(delete(site, "tea").await.status, StatusCode::NO_CONTENT);
    assert_eq!(stream.next().await.unwrap().name, "gone");
    assert_eq!(stream.next().await, None, "and the stream ends");
    product.running.stop().await;
}
