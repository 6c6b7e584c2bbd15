//! A listener's connections: bounded in number, in the size of what is read ahead, and in the patience with slow peers.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::Service;

use super::metrics::Metrics;
use super::origin::Peer;

/// What is read ahead of a connection, and so the longest request head; the least that hyper takes.
const BUFFER: usize = 8 << 10;
/// How long a peer may leave what we sent unacknowledged: it is gone, or has stopped reading.
const SEND_PATIENCE: Duration = Duration::from_mins(1);
/// A pause after the system refused a connection, for want of file descriptors say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the newest of `routes` on `listener` until `shutdown`, then finishes the requests at hand. `head_patience`: how long a
/// request head may take, and how long an idle connection is kept.
pub async fn serve(
    listener: TcpListener,
    routes: watch::Receiver<Router>,
    (max_connections, head_patience): (usize, Duration),
    metrics: Metrics,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    let connections = TaskTracker::new();
    // With every place taken nothing is accepted: newcomers wait in the system's own bounded queue.
    while let Some(place) = unless(&shutdown, places.clone().acquire_owned()).await.and_then(Result::ok) {
        match unless(&shutdown, listener.accept()).await {
            None => break,
            Some(Ok((stream, peer))) => {
                tune(&stream);
                let stream = Stream::new(stream, place, connections.token(), metrics.clone());
                let shutdown = shutdown.clone();
                tokio::spawn(serve_connection(stream, peer, routes.clone(), head_patience, shutdown));
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "connection.refused");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn unless<F: Future>(shutdown: &CancellationToken, work: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        done = work => Some(done),
    }
}

async fn serve_connection(
    stream: Stream,
    peer: SocketAddr,
    routes: watch::Receiver<Router>,
    head_patience: Duration,
    shutdown: CancellationToken,
) {
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer.ip()));
        let mut routes = routes.borrow().clone();
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_patience)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let finished = tokio::select! {
        finished = connection.as_mut() => finished,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = finished {
        tracing::debug!(%error, "connection.broken");
    }
}

/// A connection, with its place among them. One that HTTP is done with, because it went on as a websocket, keeps it
/// until it is closed.
struct Stream {
    tcp: TcpStream,
    metrics: Metrics,
    _place: OwnedSemaphorePermit,
    _open: TaskTrackerToken,
}

impl Stream {
    fn new(tcp: TcpStream, place: OwnedSemaphorePermit, open: TaskTrackerToken, metrics: Metrics) -> Self {
        metrics.connections.inc();
        Self { tcp, metrics, _place: place, _open: open }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

fn tune(stream: &TcpStream) {
    let tuned = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let tuned = tuned.and_then(|()| SockRef::from(stream).set_tcp_user_timeout(Some(SEND_PATIENCE)));
    if let Err(error) = tuned {
        tracing::debug!(%error, "connection.untuned");
    }
}
