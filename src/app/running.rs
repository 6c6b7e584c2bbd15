//! A process at work, and how it goes down.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::data_dir::{DataDir, KeyRing};
use super::parts::Work;
use crate::http::health::Health;

/// How long requests to operations get to finish at the very end.
const OPS_GRACE: Duration = Duration::from_secs(1);

/// The product, running.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where operations listen, if on an address of their own.
    pub ops_address: Option<SocketAddr>,
    /// Its keys.
    pub keys: KeyRing,
    pub(super) health: Health,
    pub(super) tasks: Tasks,
    pub(super) data_dir: Option<DataDir>,
}

/// What runs, and what stops it.
#[derive(Debug)]
pub(super) struct Tasks {
    pub server: JoinHandle<()>,
    pub ops_server: Option<JoinHandle<()>>,
    /// Ends with the roles once they are at work; without them where it was stopped before.
    pub work: JoinHandle<Option<Work>>,
    pub stop: Stop,
    pub grace: Duration,
}

/// Going down happens in this order: each part stops once nothing more can come from the one before.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    pub starting: CancellationToken,
    pub serving: CancellationToken,
    pub intake: CancellationToken,
    pub worker: CancellationToken,
    pub ops: CancellationToken,
}

impl Running {
    /// Takes the product down: not ready, nothing new, streams ended politely, everything accepted made durable and,
    /// where nobody else would do it, counted; files closed.
    pub async fn stop(self) {
        tracing::info!("app.stopping");
        self.health.draining();
        let Tasks { server, ops_server, work, stop, grace } = self.tasks;
        stop.starting.cancel();
        // A task that panicked has nothing left to finish.
        let work = work.await.ok().flatten();
        if let Some(hub) = work.as_ref().and_then(|work| work.hub.as_ref()) {
            hub.drain();
        }
        if let Some(wall) = work.as_ref().and_then(|work| work.wall.as_ref()) {
            wall.drain();
        }
        stop.serving.cancel();
        if tokio::time::timeout(grace, server).await.is_err() {
            tracing::warn!("app.grace_over: some requests did not finish");
        }
        let Some(work) = work else { return };
        stop.intake.cancel();
        if let Some(appender) = work.appender {
            let _ = appender.await;
        }
        stop.worker.cancel();
        if let Some(worker) = work.worker {
            let _ = worker.await;
        }
        // Last, so that whoever asks meanwhile is told "draining". A scrape that hangs is not worth waiting for.
        stop.ops.cancel();
        if let Some(server) = ops_server {
            let _ = tokio::time::timeout(OPS_GRACE, server).await;
        }
        if let Some(store) = work.backends.store {
            store.close().await;
        }
        if let Some(queue) = work.backends.queue {
            queue.shut_down().await;
        }
        drop(self.data_dir);
        tracing::info!("app.stopped");
    }
}
