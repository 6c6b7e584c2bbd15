//! The real servers that tests share: started by the first that asks, gone with the process. Each test has a key prefix
//! of its own.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use hemicycle::config::RedisUrl;
use hemicycle::queue::redis::{Acks, RedisOptions};
use hemicycle_stack::redis::Redis;
use redis::aio::MultiplexedConnection;

static REDIS: LazyLock<Redis> =
    LazyLock::new(|| Redis::start(&hemicycle_stack::redis::RedisOptions::default()).unwrap());
static PREFIXES: AtomicU32 = AtomicU32::new(1);

/// Where the shared Redis is.
pub fn redis_url() -> RedisUrl {
    REDIS.url().parse().unwrap()
}

/// A key prefix that nothing else uses.
pub fn prefix() -> String {
    format!("test{}:", PREFIXES.fetch_add(1, Ordering::Relaxed))
}

/// A queue of its own in the shared Redis.
pub fn redis_options(partitions: u16) -> RedisOptions {
    RedisOptions { url: redis_url(), partitions, prefix: prefix(), acks: Acks::Disk, max_unread: 1_000_000 }
}

/// A connection to the shared Redis, to look behind the product.
pub async fn redis_connection() -> MultiplexedConnection {
    let client = redis::Client::open(REDIS.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}
