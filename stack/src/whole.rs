//! The whole product as it runs at scale, on one machine: every role as processes of its own behind one front, over a
//! database with a standby and a Redis with replicas and sentinels. Or a leaner one, that starts sooner.

use std::path::PathBuf;
use std::thread::{self, ScopedJoinHandle};

use anyhow::anyhow;

use crate::haproxy::{Haproxy, Upstream};
use crate::postgres::{Postgres, PostgresOptions};
use crate::process::Process;
use crate::redis::{Redis, RedisOptions};
use crate::role::{self, Role};
use crate::sentinel::{Sentinel, SentinelOptions, Sentinels};

/// The product's database.
pub const DATABASE: &str = "hemicycle";

/// What the sentinels call the main Redis.
pub const REDIS_NAME: &str = "hemicycle";

/// The admin key, where [`StackOptions`] has no other.
pub const ADMIN_KEY: &str = "supersecretkey";

/// The name of the standby, for [`Postgres::set_synchronous`].
pub const STANDBY: &str = "standby";

const REDIS_REPLICAS: usize = 2;

/// What to start.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// The product.
    pub binary: PathBuf,
    /// The roles of each kind of process, separated by commas.
    pub roles: Vec<String>,
    /// How many processes of each kind.
    pub of_each: usize,
    /// Whether there are a synchronous standby, replicas of Redis, and sentinels over them.
    pub replicated: bool,
    /// Whether PostgreSQL waits for the disk.
    pub fsync: bool,
    /// How many partitions the queue gets; the product's default where not given.
    pub partitions: Option<u32>,
    /// The port of the front; any free one where not given.
    pub front_port: Option<u16>,
    /// What organisers show.
    pub admin_key: String,
    /// Further environment of every role.
    pub environment: Vec<(String, String)>,
    /// Told of each step that begins.
    pub progress: fn(&str),
}

impl StackOptions {
    /// Everything twice, replicated and on disk.
    #[must_use]
    pub fn whole(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            roles: ["vote", "worker", "result", "polls", "users", "quotes", "search", "items", "site"]
                .map(String::from)
                .into(),
            of_each: 2,
            replicated: true,
            fsync: true,
            partitions: None,
            front_port: None,
            admin_key: ADMIN_KEY.into(),
            environment: Vec::new(),
            progress: |_| {},
        }
    }

    /// The roles in these groups, one process each, over one PostgreSQL and one Redis.
    #[must_use]
    pub fn lean(binary: impl Into<PathBuf>, roles: &[&str]) -> Self {
        let roles = roles.iter().map(ToString::to_string).collect();
        Self { roles, of_each: 1, replicated: false, fsync: false, ..Self::whole(binary) }
    }
}

/// All that runs. What is dropped first comes first.
#[derive(Debug)]
pub struct Stack {
    /// The one address of the product.
    pub front: Haproxy,
    /// The processes of the product, in the order of [`StackOptions::roles`].
    pub roles: Vec<Role>,
    /// The one address of the database.
    pub database_address: Haproxy,
    /// What watches Redis, where it is replicated.
    pub sentinels: Option<Sentinels>,
    /// Replicas of Redis.
    pub redis_replicas: Vec<Redis>,
    /// The Redis that was the main at first.
    pub redis: Redis,
    /// The synchronous standby, where there is one.
    pub standby: Option<Postgres>,
    /// The database that was the primary at first.
    pub postgres: Postgres,
    /// The environment of the roles, to start more of them.
    pub environment: Vec<(String, String)>,
}

impl Stack {
    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// Where a part does not start; the others are gone then, too.
    pub fn start(options: &StackOptions) -> anyhow::Result<Self> {
        let (databases, redis) = thread::scope(|scope| {
            let databases = scope.spawn(|| Databases::start(options));
            let redis = scope.spawn(|| Redises::start(options));
            (joined(databases), joined(redis))
        });
        let (Databases { address, standby, primary }, Redises { sentinels, replicas, main }) = (databases?, redis?);
        let redis_url = sentinels.as_ref().map_or_else(|| main.url(), Sentinels::url);
        let mut environment = variables(&[
            ("DATABASE_URL", &address.database_url(DATABASE)),
            ("REDIS_URL", &redis_url),
            ("BALLOTS_REDIS_URL", &redis_url),
            ("BALLOT_ACKS", if options.replicated { "replica" } else { "disk" }),
            ("ADMIN_KEY", &options.admin_key),
            ("SECRET_KEY", "signs-the-cookies-of-a-test"),
            ("TRUSTED_PROXIES", "127.0.0.1/32"),
        ]);
        if let Some(standby) = &standby {
            environment.extend(variables(&[("DATABASE_REPLICAS_URL", &standby.url(DATABASE))]));
        }
        if !replicas.is_empty() {
            // The main, too: once another one was promoted it is a replica.
            let all: Vec<_> = std::iter::once(&main).chain(&replicas).map(Redis::url).collect();
            environment.extend(variables(&[("REDIS_REPLICAS_URL", &all.join(","))]));
        }
        environment.extend_from_slice(&options.environment);
        let roles = start_roles(options, &environment)?;
        (options.progress)("front …");
        let upstreams: Vec<_> =
            roles.iter().map(|role| Upstream { roles: role.roles().into(), address: role.address() }).collect();
        let front = Haproxy::front(options.front_port, &upstreams)?;
        let (database_address, redis_replicas, redis, postgres) = (address, replicas, main, primary);
        Ok(Self { front, roles, database_address, sentinels, redis_replicas, redis, standby, postgres, environment })
    }

    /// `http://127.0.0.1:port` of the front.
    #[must_use]
    pub fn base(&self) -> String {
        self.front.base()
    }

    /// The processes that have this role.
    pub fn with_role(&self, role: &str) -> impl Iterator<Item = &Role> {
        self.roles.iter().filter(move |process| process.roles().split(',').any(|one| one == role))
    }

    /// The Redis, main or replica, at this address: where the sentinels say that the main is.
    #[must_use]
    pub fn redis_at(&self, address: std::net::SocketAddr) -> Option<&Redis> {
        std::iter::once(&self.redis).chain(&self.redis_replicas).find(|redis| redis.address() == address)
    }

    /// Every process, as [`Process::name`]d.
    #[must_use]
    pub fn processes(&self) -> Vec<&Process> {
        let mut all = vec![self.front.process()];
        all.extend(self.roles.iter().map(Role::process));
        all.extend([self.database_address.process(), self.postgres.process()]);
        all.extend(self.standby.as_ref().map(Postgres::process));
        all.push(self.redis.process());
        all.extend(self.redis_replicas.iter().map(Redis::process));
        all.extend(self.sentinels.iter().flat_map(Sentinels::each).map(Sentinel::process));
        all
    }
}

struct Databases {
    address: Haproxy,
    standby: Option<Postgres>,
    primary: Postgres,
}

impl Databases {
    fn start(options: &StackOptions) -> anyhow::Result<Self> {
        (options.progress)("initdb …");
        let primary =
            Postgres::start(&if options.fsync { PostgresOptions::sized() } else { PostgresOptions::quick() })?;
        let address = Haproxy::database(primary.port())?;
        primary.create_database(DATABASE)?;
        (options.progress)("migrate …");
        role::migrate(&options.binary, &primary.url(DATABASE), options.partitions)?;
        let standby = if options.replicated {
            (options.progress)("standby …");
            Some(primary.standby(STANDBY, true)?)
        } else {
            None
        };
        Ok(Self { address, standby, primary })
    }
}

struct Redises {
    sentinels: Option<Sentinels>,
    replicas: Vec<Redis>,
    main: Redis,
}

impl Redises {
    fn start(options: &StackOptions) -> anyhow::Result<Self> {
        (options.progress)("redis …");
        let main = Redis::start(&RedisOptions::default())?;
        if !options.replicated {
            return Ok(Self { sentinels: None, replicas: Vec::new(), main });
        }
        (options.progress)("redis replicas …");
        let replica = || Redis::start(&RedisOptions::replica_of(main.address()));
        let replicas = (0..REDIS_REPLICAS).map(|_| replica()).collect::<anyhow::Result<Vec<_>>>()?;
        (options.progress)("sentinels …");
        let sentinels = Sentinels::start(REDIS_NAME, &main, replicas.len(), SentinelOptions::default())?;
        Ok(Self { sentinels: Some(sentinels), replicas, main })
    }
}

fn start_roles(options: &StackOptions, environment: &[(String, String)]) -> anyhow::Result<Vec<Role>> {
    let StackOptions { binary, roles, of_each, progress, .. } = options;
    thread::scope(|scope| {
        let mut starting = Vec::new();
        for roles in roles {
            progress(&format!("{roles} …"));
            starting.extend((0..*of_each).map(|_| scope.spawn(|| Role::start(binary, roles, environment))));
        }
        starting.into_iter().map(joined).collect()
    })
}

fn joined<T>(thread: ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    thread.join().map_err(|_| anyhow!("a thread panicked"))?
}

fn variables(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}
