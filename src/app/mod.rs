//! The composition root: opens the backends, wires the roles, runs them, and takes them down in order.

pub mod data_dir;
pub mod logging;
mod welcome;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::welcome::print_welcome;

use self::data_dir::{DataDir, DataDirError, KeyRing};
use crate::config::{DefaultPoll, Up};
use crate::domain::clock::{Clock, Entropy};
use crate::domain::names::{JoinCode, PollId};
use crate::domain::new_poll::{Invalid, NewPoll};
use crate::domain::poll::Status;
use crate::domain::voter::VoterSigner;
use crate::http::auth::AdminKey;
use crate::http::edge;
use crate::http::health::Health;
use crate::http::metrics::Metrics;
use crate::http::ops::{self, Ops};
use crate::http::origin::Origins;
use crate::http::pages::Pages;
use crate::http::server;
use crate::http::voter::Voters;
use crate::live::Live;
use crate::queue::local::LocalQueue;
use crate::queue::{Queue, QueueError};
use crate::roles::result::hub::Hub;
use crate::roles::vote::intake::{Intake, intake};
use crate::roles::{polls, result, site, vote, worker};
use crate::store::sqlite::Sqlite;
use crate::store::sqlite::connect::OpenError;
use crate::store::{Store, StoreError};

/// The slug of the default poll.
pub const DEFAULT_SLUG: &str = "default";
/// Connections to the listener for operations.
const OPS_CONNECTIONS: usize = 256;
/// How long their requests get to finish at the very end.
const OPS_GRACE: Duration = Duration::from_secs(1);

/// Why the product did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// An address.
    #[error("cannot listen on {address}: {}", listen_hint(source))]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of the embedded store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The default poll's labels.
    #[error("OPTION_A and OPTION_B make no poll: {0}")]
    DefaultPoll(#[source] Invalid),
    /// The store is new, the queue is not.
    #[error(
        "{0} is missing or empty, but the queue beside it holds ballots: put a backup of it back with `hemicycle restore --store-only`, or move both files away"
    )]
    StoreLost(std::path::PathBuf),
    /// The queue, while it was made ready.
    #[error("cannot prepare the queue")]
    Queue(#[from] QueueError),
    /// The store, while it was made ready.
    #[error("cannot prepare the store")]
    Store(#[from] StoreError),
    /// A template: a defect.
    #[error("a page template is broken")]
    Template(#[from] minijinja::Error),
}

fn listen_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "something else listens there already; choose another PORT",
        io::ErrorKind::PermissionDenied => "not allowed; ports below 1024 are reserved, choose another PORT",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address",
        _ => "the system refuses",
    }
}

/// Time and chance of a process; tests bring their own.
#[derive(Clone, Debug)]
pub struct Ambient {
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
}

impl Ambient {
    /// The machine's own.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: Clock::System, entropy: Entropy::System }
    }
}

/// The product, running.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where operations listen, if on an address of their own.
    pub ops_address: Option<SocketAddr>,
    /// Its keys.
    pub keys: KeyRing,
    store: Store,
    queue: Queue,
    health: Health,
    hub: Hub,
    tasks: Tasks,
    _data_dir: DataDir,
}

/// What runs, and what stops it.
#[derive(Debug)]
struct Tasks {
    server: JoinHandle<()>,
    ops_server: Option<JoinHandle<()>>,
    appender: JoinHandle<()>,
    worker: JoinHandle<()>,
    stop: Stop,
    grace: Duration,
}

/// Going down happens in this order: each part stops once nothing more can come from the one before.
#[derive(Debug, Default)]
struct Stop {
    serving: CancellationToken,
    ops: CancellationToken,
    intake: CancellationToken,
    worker: CancellationToken,
}

/// What the roles share.
struct Parts {
    store: Store,
    queue: Queue,
    live: Live,
    metrics: Metrics,
    health: Health,
    pages: Pages,
    origins: Origins,
    key: AdminKey,
    ambient: Ambient,
}

/// Starts all roles in this process over the embedded store.
///
/// # Errors
/// When an address, the data directory or a file in it cannot be used.
pub async fn up(config: &Up, ambient: Ambient) -> Result<Running, StartError> {
    let listener = listen(config.listen.address()).await?;
    let ops_listener = match config.listen.ops_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let data_dir = DataDir::open(&config.data.data_dir)?;
    let keys = data_dir.keys(&config.keys, &ambient.entropy)?;
    let (store, queue) = (data_dir.store(), data_dir.queue());
    let store_is_new = std::fs::metadata(&store).map_or(true, |file| file.len() == 0);
    let queue = LocalQueue::open(&queue).await?;
    if store_is_new && queue.holds_ballots().await? {
        return Err(StartError::StoreLost(store));
    }
    let store = Sqlite::open(&store).await?;
    let parts = Parts {
        store: Store::Sqlite(store),
        queue: Queue::Local(queue),
        live: Live::local(),
        metrics: Metrics::default(),
        health: Health::starting(),
        pages: Pages::new()?,
        origins: Origins::new(config.public.public_url.clone(), config.public.trusted_proxies.clone()),
        key: AdminKey::new(&keys.admin),
        ambient,
    };
    parts.ensure_default_poll(&config.default_poll).await?;
    Ok(parts.start(config, listener, ops_listener, keys, data_dir))
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

impl Parts {
    fn start(
        self,
        config: &Up,
        (listener, address): (TcpListener, SocketAddr),
        ops_listener: Option<(TcpListener, SocketAddr)>,
        keys: KeyRing,
        data_dir: DataDir,
    ) -> Running {
        let (limits, stop) = (&config.limits, Stop::default());
        let patience = Duration::from_secs(limits.head_seconds);
        let (health, metrics, clock) = (self.health.clone(), self.metrics.clone(), self.ambient.clock.clone());
        let (intake, appender) =
            intake(self.queue.clone(), clock.clone(), metrics.clone(), health, limits.intake_capacity);
        let chance = self.ambient.entropy.clone();
        let hub = Hub::follow(self.store.clone(), &self.live, (clock, chance), metrics, limits.max_viewers);
        let mut routes = self.routes(&hub, self.vote(intake, &keys));
        let mut ops_server = None;
        let ops_address = ops_listener.as_ref().map(|(_, address)| *address);
        match ops_listener {
            Some((listener, _)) => {
                ops_server = Some(self.serve(listener, self.ops(None), (OPS_CONNECTIONS, patience), &stop.ops));
            }
            None => routes = routes.merge(self.ops(Some(self.key.clone()))),
        }
        let server = self.serve(listener, routes, (limits.max_connections, patience), &stop.serving);
        let appender = tokio::spawn(appender.run(stop.intake.clone()));
        let worker = tokio::spawn(worker::run(self.worker(limits.queue_retain), stop.worker.clone()));
        self.health.started();
        let Self { store, queue, health, .. } = self;
        let grace = Duration::from_secs(limits.grace_seconds);
        let tasks = Tasks { server, ops_server, appender, worker, stop, grace };
        Running { address, ops_address, keys, store, queue, health, hub, tasks, _data_dir: data_dir }
    }

    fn vote(&self, intake: Intake, keys: &KeyRing) -> vote::Needs {
        let Ambient { clock, entropy } = self.ambient.clone();
        vote::Needs {
            store: self.store.clone(),
            queue: self.queue.clone(),
            live: self.live.clone(),
            intake,
            voters: Voters::new(VoterSigner::new(&keys.secrets), clock.clone(), entropy, &self.origins),
            origins: self.origins.clone(),
            pages: self.pages.clone(),
            clock,
            metrics: self.metrics.clone(),
        }
    }

    fn routes(&self, hub: &Hub, vote: vote::Needs) -> Router {
        let Self { store, queue, live, pages, origins, key, ambient, .. } = self;
        let (store, queue, live, pages, origins, key) =
            (store.clone(), queue.clone(), live.clone(), pages.clone(), origins.clone(), key.clone());
        let Ambient { clock, entropy } = ambient.clone();
        let site = site::Needs { store: store.clone(), clock: clock.clone(), pages: pages.clone() };
        let result =
            result::Needs { hub: hub.clone(), key: key.clone(), pages: pages.clone(), origins: origins.clone() };
        let polls = polls::Needs { store, queue, live, key, origins, pages, clock, entropy };
        vote::router(vote).merge(result::router(result)).merge(polls::router(polls)).merge(site::router(site))
    }

    fn worker(&self, retain: u64) -> worker::Needs {
        worker::Needs {
            store: self.store.clone(),
            queue: self.queue.clone(),
            live: self.live.clone(),
            clock: self.ambient.clock.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            retain,
        }
    }

    fn ops(&self, guard: Option<AdminKey>) -> Router {
        ops::router(Ops {
            health: self.health.clone(),
            metrics: self.metrics.clone(),
            store: self.store.clone(),
            queue: self.queue.clone(),
            guard,
        })
    }

    fn serve(
        &self,
        listener: TcpListener,
        routes: Router,
        bounds: (usize, Duration),
        stop: &CancellationToken,
    ) -> JoinHandle<()> {
        let routes = edge::wrap(routes, self.metrics.clone(), self.pages.clone(), &self.ambient.entropy);
        tokio::spawn(server::serve(listener, routes, bounds, self.metrics.clone(), stop.clone()))
    }

    /// Makes the default poll, open, where the store has no poll at all: one that was deleted stays so.
    async fn ensure_default_poll(&self, config: &DefaultPoll) -> Result<(), StartError> {
        if !self.store.polls().await?.is_empty() {
            return Ok(());
        }
        let (a, b) = (config.option_a.clone(), config.option_b.clone());
        let wish = NewPoll {
            title: format!("{a} or {b}?"),
            options: vec![a, b],
            slug: Some(DEFAULT_SLUG.into()),
            status: Some(Status::Open),
            opens_at: None,
            closes_at: None,
            allow_change: Some(true),
            results: None,
        };
        let Ambient { clock, entropy } = &self.ambient;
        let poll = wish.into_poll(PollId::random(entropy), JoinCode::random(entropy), clock.now());
        let mut poll = poll.map_err(StartError::DefaultPoll)?;
        poll.is_default = true;
        Ok(self.store.insert_poll(&poll).await?)
    }
}

impl Running {
    /// Takes the product down: not ready, nothing new, streams ended politely, everything accepted made durable and
    /// counted, files closed.
    pub async fn stop(self) {
        tracing::info!("app.stopping");
        self.health.draining();
        self.hub.drain();
        let Tasks { server, ops_server, appender, worker, stop, grace } = self.tasks;
        stop.serving.cancel();
        // A server that panicked has nothing left to finish.
        if tokio::time::timeout(grace, server).await.is_err() {
            tracing::warn!("app.grace_over: some requests did not finish");
        }
        stop.intake.cancel();
        let _ = appender.await;
        stop.worker.cancel();
        let _ = worker.await;
        // Last, so that whoever asks meanwhile is told "draining". A scrape that hangs is not worth waiting for.
        stop.ops.cancel();
        if let Some(server) = ops_server {
            let _ = tokio::time::timeout(OPS_GRACE, server).await;
        }
        self.store.close().await;
        self.queue.shut_down().await;
        tracing::info!("app.stopped");
    }
}
