//! Shared small keys and values.

use clap::{Args, ValueEnum};

use super::RedisUrl;

/// Who may change items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ItemsWrite {
    /// Everybody who can reach them, pages of other sites too
    Open,
    /// Whoever shows the admin key, or the token of an administrator
    Key,
}

/// Who may change items, and how many there may be.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Items")]
pub struct Items {
    /// Who may set and delete items
    #[arg(long, env = "ITEMS_WRITE", value_name = "WHO", default_value = "open")]
    pub items_write: ItemsWrite,
    /// Bytes that all keys and values may have; past it 507
    #[arg(long, env = "ITEMS_MAX_BYTES", value_name = "BYTES", default_value_t = 256 << 20)]
    pub items_max_bytes: u64,
    /// How many items there may be; past it 507
    #[arg(long, env = "ITEMS_MAX_KEYS", value_name = "N", default_value_t = 100_000)]
    pub items_max_keys: u64,
}

/// Where items are, at scale.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Items")]
pub struct ItemsRedis {
    /// The Redis that items are in, where it is another one than the first
    #[arg(long, env = "ITEMS_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub items_redis_url: Option<RedisUrl>,
    /// Replicas of it, separated by commas, for reading items: redis://HOST:PORT each, the same for all processes of the
    /// role. One that is down or more than half a second behind is passed over
    #[arg(long, env = "REDIS_REPLICAS_URL", value_name = "URLS", value_delimiter = ',', hide_env_values = true)]
    pub redis_replicas_url: Vec<RedisUrl>,
}
