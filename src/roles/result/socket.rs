//! Socket.IO (<https://socket.io/docs/v4/socket-io-protocol/>), for the clients of systems that this one replaces: how
//! the default poll stands.
//!
//! At `/socket.io`, with or without a slash at the end: Engine.IO 4, by long polling, websocket, or from one to the other;
//! one namespace, `/`.
//!
//! ```text
//! client                                    server
//! GET ?EIO=4&transport=polling          >   a session, which takes a viewer's place; 503 where there is none,
//! GET ?EIO=4&transport=websocket        >   or where this process goes down
//!                                       <   0{"sid":…,"pingInterval":15000,"pingTimeout":10000,"maxPayload":4096,…}
//! 40                                    >   within 5 s
//!                                       <   40{"sid":…}
//!                                       <   42["message",{"text":"Welcome!"}]     first, and once
//!                                       <   42["scores","{\"a\":2,\"b\":1}"]      at once, at every change, and at least
//!                                                                                 once a second; all options, in order
//! 42["subscribe",{"channel":…}]         >   taken without effect, as any other event is
//!                                       <   2                                     every 15 s
//! 3                                     >   within 10 s
//!                                       <   1                                     this process goes down: the client comes
//!                                                                                 back by itself and finds another
//! ```
//!
//! While the default poll hides its result, or there is none, nobody is sent scores; they begin when it shows them.
//! Within a session scores go back only where the store did. A session lives in one process: where there are several,
//! long polling needs a proxy that leads all requests of a client to the same one, by a cookie say.
//!
//! A client that is slow skips to the newest scores: only they wait for it, never more than once.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::BASE64;
use hyper::upgrade::OnUpgrade;
use serde_json::json;
use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use socketioxide::service::SocketIoService;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::hub::{Hub, Place, Viewer};
use crate::domain::snapshot::{Audience, Snapshot};
use crate::http::body;
use crate::http::error::ApiError;

/// How often a client is asked for a sign of life. With [`PING_TIMEOUT`], the place of one that has vanished is free
/// within half a minute.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How long a sign of life may take.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a session may go without connecting to the namespace. No client needs longer than a round trip; and at the end
/// of this process it is what a session is waited for that never connected.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest body or websocket message of a client: it has nothing to say that is longer than the name of a channel.
const MAX_PAYLOAD: usize = 4 << 10;
/// Packets that may wait for a client, besides the newest scores, which have a place of their own: a greeting, a ping, a
/// farewell.
const MAX_BUFFER: usize = 16;
/// What is read ahead of a websocket.
const READ_BUFFER: usize = 1 << 10;
/// The longest parameter of an address; a session's id has 16 characters.
const MAX_PARAMETER: usize = 32;
/// After how long a client is told the same scores again: once a second, and on time.
const REPEAT: Duration = Duration::from_millis(900);
/// How long clients get to take leave; then long polls are answered without.
const PARTING: Duration = Duration::from_secs(1);
/// How long it is believed that there is no default poll.
const BELIEVED: Duration = Duration::from_secs(1);

/// Sessions, and how they end.
struct Sockets {
    /// Never calls what is inside: its paths are ours.
    service: SocketIoService<Router>,
    hub: Hub,
    /// No session is left to wait for.
    over: CancellationToken,
}

/// What each client is shown.
struct Board {
    hub: Hub,
    /// The slug of the poll.
    poll: &'static str,
    /// When it was last looked for, and whether it was there.
    looked: Mutex<Option<(Instant, bool)>>,
}

/// `/socket.io`; its clients see the poll of this slug.
pub fn router(hub: &Hub, poll: &'static str) -> Router {
    let (service, io) = SocketIo::builder()
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .max_payload(MAX_PAYLOAD as u64)
        .max_buffer_size(MAX_BUFFER)
        .ws_read_buffer_size(READ_BUFFER)
        .ws_max_message_size(MAX_PAYLOAD)
        .ws_max_frame_size(MAX_PAYLOAD)
        .build_with_inner_svc(Router::new());
    let board = Arc::new(Board { hub: hub.clone(), poll, looked: Mutex::default() });
    io.ns("/", async move |socket: SocketRef| board.welcome(socket).await);
    let sockets = Arc::new(Sockets { service, hub: hub.clone(), over: CancellationToken::new() });
    tokio::spawn(part(hub.draining(), io, sockets.over.clone()));
    Router::new()
        .route("/socket.io", get(answer).post(answer))
        .route("/socket.io/", get(answer).post(answer))
        .with_state(sockets)
}

/// Ends all sessions when this process goes down.
async fn part(draining: CancellationToken, io: SocketIo, over: CancellationToken) {
    draining.cancelled().await;
    // One that takes nothing more is not waited for.
    let _ = timeout(PARTING, io.close()).await;
    over.cancel();
}

async fn answer(State(sockets): State<Arc<Sockets>>, request: Request) -> Response {
    sockets.answer(request).await.unwrap_or_else(IntoResponse::into_response)
}

impl Sockets {
    async fn answer(&self, request: Request) -> Result<Response, ApiError> {
        let gone = || ApiError::Unavailable { fate: None, source: None };
        let address = Address::read(request.uri().query())?;
        let is_new = address.is_new;
        let mut request = lean(address, request).await?;
        if is_new {
            if self.hub.draining().is_cancelled() {
                return Err(gone());
            }
            // The session keeps what opened it, and this with it.
            request.extensions_mut().insert(self.hub.place()?);
        }
        let answered = Service::call(&mut self.service.clone(), request);
        let Ok(response) = tokio::select! {
            biased;
            answered = answered => answered,
            () = self.over.cancelled() => return Err(gone()),
        };
        if response.status().is_client_error() && response.body().is_end_stream() {
            return Err(ApiError::BadRequest("this is no packet of Engine.IO 4, or not now".into()));
        }
        Ok(response.map(Body::new))
    }
}

/// What an address says.
struct Address {
    /// The same, without all that Engine.IO does not read.
    lean: String,
    is_websocket: bool,
    /// Whether it is to open a session.
    is_new: bool,
}

impl Address {
    fn read(query: Option<&str>) -> Result<Self, ApiError> {
        let parameter = |name: &str| {
            let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then_some(value))
        };
        let (version, transport, sid) = (parameter("EIO"), parameter("transport"), parameter("sid"));
        if [version, transport, sid].into_iter().flatten().any(|value| value.len() > MAX_PARAMETER) {
            return Err(ApiError::BadRequest("no parameter of Engine.IO is that long".into()));
        }
        let (Some(version), Some(transport)) = (version, transport) else {
            return Err(ApiError::BadRequest("EIO and transport are missing: this is for Socket.IO clients".into()));
        };
        let session = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
        let lean = format!("/socket.io/?EIO={version}&transport={transport}{session}");
        Ok(Self { lean, is_websocket: transport == "websocket", is_new: sid.is_none() })
    }
}

/// The request with what Engine.IO needs of it and nothing else, in memory of its own: a session keeps it for as long as
/// it lives.
async fn lean(address: Address, mut request: Request) -> Result<Request, ApiError> {
    let mut lean = Request::new(Body::empty());
    *lean.method_mut() = request.method().clone();
    *lean.uri_mut() = address.lean.parse().map_err(|_| ApiError::BadRequest("this is no address".into()))?;
    if address.is_websocket {
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let (Some(key), Some(upgrade)) = (websocket_key(request.headers()), upgrade) else {
            return Err(ApiError::BadRequest("transport=websocket goes with a websocket upgrade (RFC 6455)".into()));
        };
        lean.headers_mut().insert(header::SEC_WEBSOCKET_KEY, key);
        lean.extensions_mut().insert(upgrade);
    } else if request.method() == Method::POST {
        *lean.body_mut() = Body::from(body::read(request.into_body(), MAX_PAYLOAD).await?);
    }
    Ok(lean)
}

/// The key of a request that asks for an upgrade to a websocket as it should.
fn websocket_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let says = |name: HeaderName, word: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let asks = says(header::UPGRADE, "websocket")
        && says(header::CONNECTION, "upgrade")
        && says(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asks)?.as_bytes();
    (BASE64.decode(key).ok()?.len() == 16).then(|| HeaderValue::from_bytes(key).ok())?
}

impl Board {
    /// Shows one client how the poll stands, until it is gone or this process goes down.
    async fn welcome(&self, socket: SocketRef) {
        let gone = CancellationToken::new();
        socket.on_disconnect({
            let gone = gone.clone();
            async move || gone.cancel()
        });
        // A client that is gone already: whoever tells it next finds out.
        let _ = socket.emit("message", &json!({ "text": "Welcome!" }));
        let Some(place) = socket.req_parts().extensions.get::<Place>().cloned() else { return };
        let draining = self.hub.draining();
        tokio::select! {
            () = self.show(&socket, &place) => {}
            () = gone.cancelled() => {}
            () = draining.cancelled() => {}
        }
    }

    async fn show(&self, socket: &SocketRef, place: &Place) {
        while socket.connected() {
            if let Ok(snapshot) = self.hub.snapshot(self.poll).await
                && let Ok(viewer) = self.hub.watch(place.clone(), snapshot, Audience::Public, None).await
            {
                follow(socket, viewer).await;
            }
            // There was no such poll, or it was deleted, or the store is away. Not all clients at once look again.
            sleep(Duration::from_millis(self.hub.retry_after())).await;
            while socket.connected() && !self.is_there().await {
                sleep(BELIEVED).await;
            }
        }
    }

    /// Whether the poll is there. However many clients wait for it, the store is asked once a second.
    async fn is_there(&self) -> bool {
        let mut looked = self.looked.lock().await;
        match *looked {
            Some((at, there)) if at.elapsed() < BELIEVED => there,
            _ => {
                let there = self.hub.snapshot(self.poll).await.is_ok();
                *looked = Some((Instant::now(), there));
                there
            }
        }
    }
}

/// Sends scores until the client is gone or there is nothing more to come.
async fn follow(socket: &SocketRef, mut viewer: Viewer) {
    let mut frame = Arc::clone(&viewer.first);
    while frame.ending.is_none() && socket.connected() {
        if let Some(scores) = scores(&frame.snapshot) {
            // Volatile: of what the client has not taken yet, only the newest waits for it. It fails for one that is
            // gone, which is seen above.
            let _ = socket.volatile().emit("scores", &scores);
        }
        match timeout(REPEAT, viewer.frames.changed()).await {
            Ok(Ok(())) => {
                let next = viewer.frames.borrow_and_update();
                let restored = next.restorations != frame.restorations;
                if restored || next.ending.is_some() || next.version() >= frame.version() {
                    frame = Arc::clone(&next);
                }
            }
            Ok(Err(_)) => return,
            Err(_) => {}
        }
    }
}

/// `{"a":2,"b":1}`: the votes of all options by key, in order; `None` where they are not for everyone.
fn scores(snapshot: &Snapshot) -> Option<String> {
    let votes = snapshot.poll.choices().zip(&snapshot.votes).map(|((key, _), votes)| format!("\"{key}\":{votes}"));
    snapshot.shows_votes(Audience::Public).then(|| format!("{{{}}}", votes.collect::<Vec<_>>().join(",")))
}
