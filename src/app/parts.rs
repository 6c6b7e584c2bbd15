//! What the roles of a process share, and how each role is made from it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::data_dir::KeyRing;
use super::door::Door;
use super::{Ambient, DEFAULT_SLUG, StartError, Stop, description};
use crate::config::{self, DefaultPoll, ItemsWrite, Limits, People, Role, Service};
use crate::domain::item::{ItemBounds, ItemTotals};
use crate::domain::names::{JoinCode, PollId};
use crate::domain::new_poll::NewPoll;
use crate::domain::poll::Status;
use crate::domain::voter::VoterSigner;
use crate::http::actors::Actors;
use crate::http::files::Files;
use crate::http::finder::Finder;
use crate::http::guard::{self, Guard};
use crate::http::health::Health;
use crate::http::hosts::Hosts;
use crate::http::metrics::Metrics;
use crate::http::ops::{self, Counts, Ops};
use crate::http::origin::Origins;
use crate::http::pages::Pages;
use crate::http::passwords::Passwords;
use crate::http::session::SessionCookie;
use crate::http::voter::Voters;
use crate::http::{assets, edge, server};
use crate::items::Items;
use crate::live::Live;
use crate::queue::Queue;
use crate::rate::sketch::Sketch;
use crate::rate::{Rate, Rule};
use crate::roles::quotes::load as quotes_load;
use crate::roles::quotes::wall::Wall;
use crate::roles::result::course::Courses;
use crate::roles::result::hub::Hub;
use crate::roles::users::load::{self, LoadError, Told};
use crate::roles::vote::intake::{Intake, intake};
use crate::roles::vote::slip::Slips;
use crate::roles::{items, polls, quotes, result, search, site, users, vote, worker};
use crate::store::words::QuoteCount;
use crate::store::{Store, StoreError};

/// What every process has, before it knows its backends.
#[derive(Clone)]
pub struct Shell {
    pub metrics: Metrics,
    pub health: Health,
    pub pages: Pages,
    pub origins: Origins,
    pub hosts: Hosts,
    pub keys: KeyRing,
    pub guard: Arc<Guard>,
    pub passwords: Passwords,
    pub people: People,
    pub items_write: ItemsWrite,
    pub ambient: Ambient,
    pub limits: Limits,
    pub counts: Arc<OnceLock<Counts>>,
}

/// The backends of a process; those its roles do not need are absent.
#[derive(Clone, Debug)]
pub struct Backends {
    pub store: Option<Store>,
    pub queue: Option<Queue>,
    pub live: Option<Live>,
    pub items: Option<Items>,
    /// Whether nobody else works on these: then nothing accepted is left uncounted behind.
    pub alone: bool,
}

/// The roles of a process, at work.
#[derive(Debug)]
pub struct Work {
    pub backends: Backends,
    pub hub: Option<Hub>,
    pub wall: Option<Wall>,
    pub appender: Option<JoinHandle<()>>,
    pub worker: Option<JoinHandle<()>>,
}

/// How many items there may be.
pub fn item_bounds(config: &config::Items) -> ItemBounds {
    ItemBounds(ItemTotals { keys: config.items_max_keys, bytes: config.items_max_bytes })
}

impl Shell {
    /// `store`: who is who; without it only the admin key is known. `rate`: how often they come.
    pub fn new(
        config: &Service,
        keys: KeyRing,
        ambient: Ambient,
        (store, rate): (Option<&Store>, Rate),
    ) -> Result<Self, StartError> {
        let files = config.faces.assets.clone().map_or(Files::BuiltIn, Files::Folder);
        let origins = Origins::new(config.public.public_url.clone(), config.public.trusted_proxies.clone());
        let (metrics, limits) = (Metrics::default(), config.limits.clone());
        let Ambient { clock, entropy } = ambient.clone();
        let days = SignedDuration::from_hours(24 * i64::from(config.people.session_days));
        let cookie = SessionCookie::new(&origins, days);
        let actors = Actors::new(&keys.admin, &keys.secrets, cookie, store, clock.clone());
        let voters = Voters::new(VoterSigner::new(&keys.secrets), clock, entropy.clone(), &origins);
        let rates = guard::Limits {
            rate,
            address: Rule::a_minute(limits.rate_limit),
            credential: Rule::a_minute(limits.rate_limit_credential),
            failures: Rule::a_minute(limits.sign_in_failures),
            metrics: metrics.clone(),
        };
        let guard = Arc::new(Guard::new(actors, origins.clone(), voters, rates));
        let (threads, waiting) = (usize::from(limits.password_threads), limits.password_waiting);
        Ok(Self {
            passwords: Passwords::start(threads, waiting, metrics.clone(), entropy),
            metrics,
            health: Health::starting(),
            pages: Pages::new(files)?,
            origins,
            hosts: Hosts::new(&config.hosts),
            guard,
            people: config.people.clone(),
            items_write: config.items.items_write,
            keys,
            ambient,
            limits,
            counts: Arc::default(),
        })
    }

    /// The routes for operations; on the public listener behind the key.
    pub fn ops(&self, is_public: bool) -> Router {
        ops::router(Ops {
            health: self.health.clone(),
            metrics: self.metrics.clone(),
            counts: Arc::clone(&self.counts),
            guard: is_public.then(|| self.guard.actors.key.clone()),
        })
    }

    /// The edge around routes, with the guard before each.
    pub fn wrap(&self, routes: Router) -> Router {
        self.wrap_with(routes, Some(Arc::clone(&self.guard)))
    }

    /// The same without the guard: for what is said at every address while a process starts.
    pub fn wrap_unguarded(&self, routes: Router) -> Router {
        self.wrap_with(routes, None)
    }

    fn wrap_with(&self, routes: Router, guard: Option<Arc<Guard>>) -> Router {
        edge::wrap(routes, guard, self.metrics.clone(), self.pages.clone(), &self.ambient.entropy)
    }

    pub fn serve(
        &self,
        listener: TcpListener,
        routes: watch::Receiver<Router>,
        max_connections: usize,
        stop: &CancellationToken,
    ) -> JoinHandle<()> {
        let bounds = (max_connections, Duration::from_secs(self.limits.head_seconds));
        tokio::spawn(server::serve(listener, routes, bounds, self.metrics.clone(), stop.clone()))
    }

    /// Puts roles to work over their backends; their routes.
    pub fn start(&self, roles: &[Role], backends: Backends, stop: &Stop) -> (Router, Work) {
        let (mut routes, mut door) = (Router::new(), Door::new(self.hosts.clone(), self.origins.clone()));
        let mut work = Work { backends: backends.clone(), hub: None, wall: None, appender: None, worker: None };
        let Backends { store, queue, live, items, alone } = backends;
        let counts = |role| roles.contains(&role);
        if roles.iter().any(|role| *role != Role::Worker) {
            routes = routes.merge(assets::router(self.pages.files().clone()));
        }
        if let (true, Some(items)) = (counts(Role::Items), items) {
            let needs = self.items(items);
            routes = routes.merge(items::router(needs));
            door.lead_to_items(items::home());
        }
        // Items alone need no database.
        let Some(store) = store else { return (routes.merge(door.router()), work) };
        let finder = Finder::new(&store);
        if counts(Role::Users) {
            routes = routes.merge(users::router(self.users(store.clone())));
        }
        if counts(Role::Quotes) {
            let wall = self.wall(store.for_viewers(), alone);
            routes = routes.merge(quotes::router(self.quotes(store.clone(), &finder, wall.clone())));
            work.wall = Some(wall);
        }
        if counts(Role::Search) {
            routes = routes.merge(search::router(search::Needs { finder: finder.clone() }));
        }
        if counts(Role::Site) {
            let needs = self.site(store.clone(), queue.clone(), finder.clone());
            routes = routes.merge(site::router(needs.clone()));
            door.lead_home(site::home(needs));
        }
        if let (true, Some(live)) = (counts(Role::Result), &live) {
            let hub = self.hub(store.for_viewers(), live);
            let result = result::router(self.result(hub.clone(), store.for_viewers()));
            door.lead_to_result(&result);
            routes = routes.merge(result);
            work.hub = Some(hub);
        }
        if let (Some(queue), Some(live)) = (&queue, &live) {
            if counts(Role::Vote) {
                let (health, metrics, clock) = (self.health.clone(), self.metrics.clone(), self.ambient.clock.clone());
                let (intake, appender) = intake(queue.clone(), clock, metrics, health, self.limits.intake_capacity);
                let vote = vote::router(self.vote(&store, queue, live, intake));
                door.lead_to_vote(&vote);
                routes = routes.merge(vote);
                work.appender = Some(tokio::spawn(appender.run(stop.intake.clone())));
            }
            if counts(Role::Polls) {
                routes = routes.merge(polls::router(self.polls(&store, queue, live)));
            }
            if counts(Role::Worker) {
                let needs = self.worker(&store, queue, live, alone);
                work.worker = Some(tokio::spawn(worker::run(needs, stop.worker.clone())));
            }
        }
        let queue = queue.filter(|_| counts(Role::Worker));
        // Set once: a process starts its roles once.
        let _ = self.counts.set(Counts { store, queue });
        (routes.merge(door.router()), work)
    }

    fn site(&self, store: Store, queue: Option<Queue>, finder: Finder) -> site::Needs {
        site::Needs {
            counts: Counts { store: store.clone(), queue },
            quote_count: QuoteCount::new(store.clone()),
            store,
            clock: self.ambient.clock.clone(),
            pages: self.pages.clone(),
            origins: self.origins.clone(),
            actors: self.guard.actors.clone(),
            finder,
            voters: self.guard.voters.clone(),
            signup: self.people.signup,
            description: description::whole(),
        }
    }

    fn items(&self, items: Items) -> items::Needs {
        self.metrics.watch_items(items.clone());
        let (actors, pages) = (self.guard.actors.clone(), self.pages.clone());
        items::Needs { items, actors, pages, write: self.items_write, room: items::Room::default() }
    }

    fn users(&self, store: Store) -> users::Needs {
        let Ambient { clock, entropy } = self.ambient.clone();
        users::Needs {
            store,
            actors: self.guard.actors.clone(),
            passwords: self.passwords.clone(),
            limits: self.guard.limits.clone(),
            signup: self.people.signup,
            origins: self.origins.clone(),
            pages: self.pages.clone(),
            clock,
            entropy,
        }
    }

    fn wall(&self, store: Store, alone: bool) -> Wall {
        // Alone it reads a file of its own, and hears of every change; else as often as all others read the servers.
        let pace = Duration::from_millis(if alone { 100 } else { 1000 });
        Wall::start(store, pace, self.ambient.entropy.clone(), self.metrics.clone(), self.limits.max_viewers)
    }

    fn quotes(&self, store: Store, finder: &Finder, wall: Wall) -> quotes::Needs {
        quotes::Needs {
            finder: finder.clone(),
            store,
            voters: self.guard.voters.clone(),
            wall,
            clock: self.ambient.clock.clone(),
        }
    }

    fn hub(&self, store: Store, live: &Live) -> Hub {
        let Ambient { clock, entropy } = self.ambient.clone();
        Hub::follow(store, live, (clock, entropy), self.metrics.clone(), self.limits.max_viewers)
    }

    fn result(&self, hub: Hub, store: Store) -> result::Needs {
        let (actors, pages, origins) = (self.guard.actors.clone(), self.pages.clone(), self.origins.clone());
        result::Needs { hub, courses: Courses::new(store), actors, pages, origins, default_poll: DEFAULT_SLUG }
    }

    fn vote(&self, store: &Store, queue: &Queue, live: &Live, intake: Intake) -> vote::Needs {
        let Ambient { clock, entropy } = self.ambient.clone();
        vote::Needs {
            store: store.clone(),
            queue: queue.clone(),
            live: live.clone(),
            intake,
            voters: self.guard.voters.clone(),
            slips: Slips::new(&self.keys.secrets, entropy.clone(), &self.origins),
            origins: self.origins.clone(),
            hosts: self.hosts.clone(),
            pages: self.pages.clone(),
            clock,
            tries: Arc::new(Sketch::new(self.limits.rate_limit_credential, &entropy)),
            actors: self.guard.actors.clone(),
            entropy,
            metrics: self.metrics.clone(),
        }
    }

    fn polls(&self, store: &Store, queue: &Queue, live: &Live) -> polls::Needs {
        let Ambient { clock, entropy } = self.ambient.clone();
        let (actors, origins, pages) = (self.guard.actors.clone(), self.origins.clone(), self.pages.clone());
        let (store, queue, live) = (store.clone(), queue.clone(), live.clone());
        polls::Needs { store, queue, live, actors, origins, pages, clock, entropy }
    }

    fn worker(&self, store: &Store, queue: &Queue, live: &Live, alone: bool) -> worker::Needs {
        worker::Needs {
            store: store.clone(),
            queue: queue.clone(),
            live: live.clone(),
            clock: self.ambient.clock.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            retain: self.limits.queue_retain,
            alone,
        }
    }

    /// Loads the file of accounts, where there is one to load: once, into a store that has none.
    pub async fn load_users(&self, store: &Store) -> Result<(), LoadError> {
        let Some(path) = &self.people.csv_file_users else { return Ok(()) };
        let (mut added, threads) = (0_u64, usize::from(self.limits.password_threads));
        let tell = |told| match told {
            Told::Added => added += 1,
            Told::Skipped(why) => tracing::warn!(why, "users.skipped"),
        };
        let loaded = load::once((store, &self.passwords, threads), path, self.ambient.clock.now(), tell).await?;
        if loaded.is_some() {
            tracing::info!(added, "users.loaded");
        }
        Ok(())
    }

    /// Loads the file of quotes, where there is one to load: once, into a store that has none.
    pub async fn load_quotes(&self, store: &Store) -> Result<(), quotes_load::LoadError> {
        let Some(path) = &self.people.csv_file_quotes else { return Ok(()) };
        let mut added = 0_u64;
        let tell = |told| match told {
            quotes_load::Told::Added(more) => added += more,
            quotes_load::Told::Skipped(why) => tracing::warn!(why, "quotes.skipped"),
        };
        if quotes_load::once(store, path, self.ambient.clock.now(), tell).await?.is_some() {
            tracing::info!(added, "quotes.loaded");
        }
        Ok(())
    }

    /// Makes the default poll, open, where the store has no poll at all: one that was deleted stays so.
    pub async fn ensure_default_poll(&self, store: &Store, config: &DefaultPoll) -> Result<(), StartError> {
        if !store.polls().await?.is_empty() {
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
            one_vote_per: None,
        };
        let Ambient { clock, entropy } = &self.ambient;
        let poll = wish.into_poll(PollId::random(entropy), JoinCode::random(entropy), clock.now());
        let mut poll = poll.map_err(StartError::DefaultPoll)?;
        poll.is_default = true;
        match store.insert_poll(&poll).await {
            // Another process was quicker.
            Ok(()) | Err(StoreError::NameTaken) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
