//! `hemicycle run`: some roles in this process, over PostgreSQL and Redis.
//!
//! The process listens at once. Until its servers answer, and the schema is there, it says 503 to everybody and why to
//! operations; then its roles start. What is lost later, each backend finds again by itself.

use std::time::Duration;

use axum::Router;
use axum::routing::any;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::data_dir::KeyRing;
use super::parts::{Backends, Shell, Work, item_bounds};
use super::running::{Running, Stop, Tasks};
use super::{Ambient, OPS_CONNECTIONS, StartError, listen};
use crate::config::{BallotAcks, Role, Run};
use crate::domain::backoff::Backoff;
use crate::http::error::{ApiError, Fate, chain};
use crate::http::health::Health;
use crate::items::Items;
use crate::items::redis::{ItemsOptions, RedisItems};
use crate::live::Live;
use crate::live::redis::RedisLive;
use crate::queue::Queue;
use crate::queue::redis::{Acks, RedisOptions, RedisQueue};
use crate::rate::Rate;
use crate::roles::quotes;
use crate::roles::users::load::LoadError;
use crate::store::postgres::Postgres;
use crate::store::{Store, StoreError};

/// Between two attempts to reach a server: at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How often the servers are asked whether they answer.
const WATCH: Duration = Duration::from_secs(1);

const DATABASE: &str = "database";
const QUEUE: &str = "queue";
const ITEMS: &str = "items";

/// Starts the roles of this process. Returns as soon as it listens.
///
/// # Errors
/// When something the roles need was not given, or an address cannot be used.
pub async fn run(config: &Run, ambient: Ambient) -> Result<Running, StartError> {
    if let Some(missing) = config.missing() {
        return Err(StartError::Missing(missing));
    }
    let service = &config.service;
    let keys = KeyRing {
        admin: service.keys.admin_key.clone().unwrap_or_default(),
        secrets: service.keys.secret_key.clone(),
        is_new: false,
    };
    let postgres = connect(config)?;
    let (listener, address) = listen(service.listen.address()).await?;
    let ops_listener = match service.listen.ops_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let redis = &config.redis;
    let rate = redis.redis_url.clone().map_or_else(Rate::local, |url| Rate::shared(url, &redis.redis_prefix));
    let store = postgres.clone().map(Store::Postgres);
    let shell = Shell::new(service, keys.clone(), ambient, (store.as_ref(), rate))?;
    let stop = Stop::default();
    let ops_address = ops_listener.as_ref().map(|(_, address)| *address);
    let has_own_ops = ops_address.is_some();
    let ops_server = ops_listener.map(|(listener, _)| {
        let routes = watch::Sender::new(shell.wrap(shell.ops(false))).subscribe();
        shell.serve(listener, routes, OPS_CONNECTIONS, &stop.ops)
    });
    let with_ops =
        move |shell: &Shell, routes: Router| if has_own_ops { routes } else { routes.merge(shell.ops(true)) };
    let routes = watch::Sender::new(shell.wrap_unguarded(with_ops(&shell, not_yet())));
    let server = shell.serve(listener, routes.subscribe(), service.limits.max_connections, &stop.serving);
    let grace = service.limits.grace();
    let (health, config, stopping) = (shell.health.clone(), config.clone(), stop.clone());
    let work = tokio::spawn(async move {
        let (own, work) = tokio::select! {
            started = start(&shell, &config, postgres, &stopping) => started,
            () = stopping.starting.cancelled() => return None,
        };
        let _ = routes.send_replace(shell.wrap(with_ops(&shell, own)));
        shell.health.started();
        tracing::info!("app.ready");
        Some(work)
    });
    let tasks = Tasks { server, ops_server, work, stop, grace };
    Ok(Running { address, ops_address, keys, health, tasks, data_dir: None })
}

/// The database, where some role needs one.
fn connect(config: &Run) -> Result<Option<Postgres>, StartError> {
    let database = &config.database;
    let Some(url) = database.primary.url.as_deref().filter(|_| config.needs_database()) else { return Ok(None) };
    let postgres = Postgres::connect(url, &database.database_replicas_url, database.database_connections);
    postgres.map(Some).map_err(StartError::DatabaseUrl)
}

/// What is said at every address until the roles are at work. As routes: a fallback would give way to the edge's own.
fn not_yet() -> Router {
    let refuse = || async { ApiError::Unavailable { fate: Some(Fate::Refused), source: None } };
    Router::new().route("/", any(refuse)).route("/{*path}", any(refuse))
}

/// Waits for the servers, then puts the roles to work.
async fn start(shell: &Shell, config: &Run, postgres: Option<Postgres>, stop: &Stop) -> (Router, Work) {
    let backends = match postgres {
        Some(postgres) => start_store(shell, config, postgres).await,
        None => backends(config, None, 0),
    };
    if let Some(queue) = &backends.queue {
        let mut waiting = Waiting::new(shell, QUEUE);
        while let Err(error) = queue.probe(shell.ambient.clock.now()).await {
            waiting.because(chain(&error)).await;
        }
        waiting.is_over();
    }
    if let Some(items) = &backends.items {
        let mut waiting = Waiting::new(shell, ITEMS);
        while let Err(error) = items.totals().await {
            waiting.because(chain(&error)).await;
        }
        waiting.is_over();
    }
    tokio::spawn(keep_asking(shell.health.clone(), backends.clone(), config.roles.clone(), stop.serving.clone()));
    shell.start(&config.roles, backends, stop)
}

/// Waits for the database, and for what must be in it first.
async fn start_store(shell: &Shell, config: &Run, postgres: Postgres) -> Backends {
    let mut waiting = Waiting::new(shell, DATABASE);
    let partitions = loop {
        match postgres.check_schema().await {
            Ok(partitions) => break partitions,
            Err(error) => waiting.because(chain(&error)).await,
        }
    };
    let store = Store::Postgres(postgres);
    if config.roles.contains(&Role::Polls) {
        while let Err(error) = shell.ensure_default_poll(&store, &config.service.default_poll).await {
            waiting.because(chain(&error)).await;
        }
    }
    if config.roles.contains(&Role::Users) {
        // A file that is no file of accounts must not keep the others from signing in.
        while let Err(error) = shell.load_users(&store).await {
            if !matches!(error, LoadError::Store(StoreError::Unavailable(_))) {
                let file = shell.people.csv_file_users.as_deref().map(tracing::field::debug);
                tracing::error!(file, error = chain(&error), "users.not_loaded");
                break;
            }
            waiting.because(chain(&error)).await;
        }
    }
    if config.roles.contains(&Role::Quotes) {
        // Nor one that is no file of quotes from posting any.
        while let Err(error) = shell.load_quotes(&store).await {
            if !matches!(error, quotes::load::LoadError::Store(StoreError::Unavailable(_))) {
                let file = shell.people.csv_file_quotes.as_deref().map(tracing::field::debug);
                tracing::error!(file, error = chain(&error), "quotes.not_loaded");
                break;
            }
            waiting.because(chain(&error)).await;
        }
    }
    waiting.is_over();
    backends(config, Some(store), partitions)
}

fn backends(config: &Run, store: Option<Store>, partitions: u16) -> Backends {
    let needs = |roles: &[Role]| config.roles.iter().any(|role| roles.contains(role));
    let redis = &config.redis;
    let prefix = redis.redis_prefix.clone();
    let acks = match redis.ballot_acks {
        BallotAcks::Disk => Acks::Disk,
        BallotAcks::Replica => Acks::Replica,
    };
    let max_unread = redis.queue_max_unread;
    let ballots = redis.ballots().filter(|_| needs(&[Role::Vote, Role::Worker, Role::Polls]));
    let live = redis.redis_url.as_ref().filter(|_| needs(&[Role::Vote, Role::Worker, Role::Polls, Role::Result]));
    let queue = ballots.map(|url| {
        let options = RedisOptions { url: url.clone(), partitions, prefix: prefix.clone(), acks, max_unread };
        Queue::Redis(RedisQueue::new(options))
    });
    let live = live.map(|url| Live::Redis(RedisLive::start(url.clone(), &prefix)));
    let bounds = item_bounds(&config.service.items);
    let items = config.items().filter(|_| needs(&[Role::Items])).map(|url| {
        let replicas = config.items.redis_replicas_url.clone();
        Items::Redis(RedisItems::start(&ItemsOptions { url: url.clone(), replicas, prefix, bounds }))
    });
    Backends { store, queue, live, items, alone: false }
}

/// Waiting for a server.
struct Waiting<'a> {
    health: &'a Health,
    component: &'static str,
    backoff: Backoff,
}

impl<'a> Waiting<'a> {
    fn new(shell: &'a Shell, component: &'static str) -> Self {
        let backoff = Backoff::new(RETRY.0, RETRY.1, shell.ambient.entropy.clone());
        Self { health: &shell.health, component, backoff }
    }

    /// Says what is wrong, and waits before the next attempt.
    async fn because(&mut self, why: String) {
        if self.health.report(self.component, Err(why.clone())) {
            tracing::warn!(component = self.component, error = why, "app.waiting");
        }
        tokio::time::sleep(self.backoff.pause()).await;
    }

    fn is_over(&self) {
        if self.health.report(self.component, Ok(())) {
            tracing::info!(component = self.component, "app.reached");
        }
    }
}

/// Asks the servers every second, so that a process nobody talks to knows too when it is cut off.
async fn keep_asking(health: Health, backends: Backends, roles: Vec<Role>, shutdown: CancellationToken) {
    let Backends { store, queue, items, .. } = backends;
    // Results are shown from replicas while the primary is away.
    let only_viewers = roles.iter().all(|role| *role == Role::Result);
    let store = store.map(|store| if only_viewers { store.for_viewers() } else { store });
    // Voting goes on while the database is away.
    let only_voters = roles.iter().all(|role| *role == Role::Vote);
    loop {
        tokio::select! {
            () = tokio::time::sleep(WATCH) => {}
            () = shutdown.cancelled() => return,
        }
        if let (false, Some(store)) = (only_voters, &store) {
            let state = store.hides_results().await.map(drop).map_err(|error| chain(&error));
            note(&health, DATABASE, state);
        }
        if let Some(items) = &items {
            note(&health, ITEMS, items.totals().await.map(drop).map_err(|error| chain(&error)));
        }
        if let Some(queue) = &queue {
            note(&health, QUEUE, queue.ends().await.map(drop).map_err(|error| chain(&error)));
        }
    }
}

fn note(health: &Health, component: &'static str, state: Result<(), String>) {
    let why = state.clone().err();
    if health.report(component, state) {
        if let Some(why) = why {
            tracing::warn!(component, error = why, "app.cut_off");
        } else {
            tracing::info!(component, "app.reached");
        }
    }
}
