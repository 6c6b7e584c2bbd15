//! Everything `hemicycle run` can be told: which roles, over which servers.

use std::fmt;

use clap::{Args, ValueEnum};

use super::{Database, ItemsRedis, RedisUrl, Service};

/// A service of the product that can run, and be scaled, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Role {
    /// Takes ballots
    Vote,
    /// Counts them
    Worker,
    /// Shows results
    Result,
    /// Makes and changes polls
    Polls,
    /// Keeps accounts, sessions and tokens
    Users,
    /// Keeps quotes and who likes them
    Quotes,
    /// Finds quotes by their words
    Search,
    /// Keeps shared small keys and values
    Items,
    /// The front page, the studio and the assets
    Site,
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Vote => "vote",
            Self::Worker => "worker",
            Self::Result => "result",
            Self::Polls => "polls",
            Self::Users => "users",
            Self::Quotes => "quotes",
            Self::Search => "search",
            Self::Items => "items",
            Self::Site => "site",
        })
    }
}

/// What is promised of an accepted ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BallotAcks {
    /// It is on the disk of the main Redis: any process may crash
    Disk,
    /// Also a replica has it: the main may be lost, if the replica that has most is promoted
    Replica,
}

/// Where Redis is.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Redis")]
pub struct Redis {
    /// Redis 7 or newer: redis://HOST:PORT, rediss://HOST:PORT, or redis+sentinel://HOST:PORT,HOST:PORT/NAME
    #[arg(long, env = "REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<RedisUrl>,
    /// The Redis that ballots go to, where it is another one. It must write through to its disk (appendonly yes,
    /// appendfsync always) and evict nothing (maxmemory-policy noeviction)
    #[arg(long, env = "BALLOTS_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub ballots_redis_url: Option<RedisUrl>,
    /// What is promised of an accepted ballot
    #[arg(long, env = "BALLOT_ACKS", value_name = "WHERE", default_value = "disk")]
    pub ballot_acks: BallotAcks,
    /// What all keys and channels begin with: one for each system that shares a Redis
    #[arg(long, env = "REDIS_PREFIX", value_name = "PREFIX", default_value = "hemicycle:")]
    pub redis_prefix: String,
    /// Accepted ballots that may wait to be counted; past it voters get 503
    #[arg(long, env = "QUEUE_MAX_UNREAD", value_name = "BALLOTS", default_value_t = 10_000_000)]
    pub queue_max_unread: u64,
}

impl Redis {
    /// Where ballots go.
    #[must_use]
    pub fn ballots(&self) -> Option<&RedisUrl> {
        self.ballots_redis_url.as_ref().or(self.redis_url.as_ref())
    }
}

/// Everything `hemicycle run` can be told.
#[derive(Args, Clone, Debug)]
pub struct Run {
    /// The roles of this process, separated by commas
    #[arg(long, env = "ROLES", value_name = "ROLES", value_delimiter = ',', required = true)]
    pub roles: Vec<Role>,
    /// Where the database is.
    #[command(flatten)]
    pub database: Database,
    /// Where Redis is.
    #[command(flatten)]
    pub redis: Redis,
    /// Where items are.
    #[command(flatten)]
    pub items: ItemsRedis,
    /// How to serve.
    #[command(flatten)]
    pub service: Service,
}

impl Run {
    /// Whether some role is about more than items, which are in Redis alone.
    #[must_use]
    pub fn needs_database(&self) -> bool {
        self.roles.iter().any(|role| *role != Role::Items)
    }

    /// Where items are.
    #[must_use]
    pub fn items(&self) -> Option<&RedisUrl> {
        self.items.items_redis_url.as_ref().or(self.redis.redis_url.as_ref())
    }

    /// What the roles need and were not given, in one line; `None` where nothing is missing.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let has_redis =
            |role: &Role| self.redis.redis_url.is_some() || (*role == Role::Items && self.items().is_some());
        let over_database_alone = |role: &Role| matches!(role, Role::Site | Role::Users | Role::Quotes | Role::Search);
        let without_redis = self.roles.iter().find(|role| !over_database_alone(role) && !has_redis(role));
        let without_database =
            self.roles.iter().find(|role| **role != Role::Items && self.database.primary.url.is_none());
        let settings = [
            ("DATABASE_URL", without_database.is_some()),
            ("REDIS_URL", without_redis.is_some()),
            ("ADMIN_KEY", self.service.keys.admin_key.is_none()),
            ("SECRET_KEY", self.service.keys.secret_key.is_empty()),
        ];
        let missing: Vec<&str> = settings.iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| *name).collect();
        let role = without_redis.or(without_database).or(self.roles.first()).filter(|_| !missing.is_empty())?;
        Some(format!("role {role} needs {}", missing.join(", ")))
    }
}
