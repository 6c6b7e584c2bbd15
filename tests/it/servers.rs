//! The real servers that the tests of this process share: started by whoever needs one first, gone with the process.
//! Each test has a key prefix, or a database, of its own.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use hemicycle::config::RedisUrl;
use hemicycle::queue::redis::{Acks, RedisOptions};
use hemicycle::store::postgres::Postgres;
use hemicycle::store::postgres::schema::migrate;
use hemicycle_stack::postgres::{Postgres as Server, PostgresOptions};
use hemicycle_stack::redis::Redis;
use redis::aio::MultiplexedConnection;

static REDIS: LazyLock<Redis> =
    LazyLock::new(|| Redis::start(&hemicycle_stack::redis::RedisOptions::default()).unwrap());
static PREFIXES: AtomicU32 = AtomicU32::new(1);

/// Where the shared Redis is.
pub fn redis_url() -> RedisUrl {
    REDIS.url().parse().unwrap()
}

/// The same, for the environment of a process.
pub fn redis_url_text() -> String {
    REDIS.url()
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

/// The partitions of a database made here.
pub const PARTITIONS: u16 = 3;

const MAINTENANCE: &str = "postgres";
const TEMPLATE: &str = "migrated";

static POSTGRES: LazyLock<Server> = LazyLock::new(|| {
    let server = Server::start(&PostgresOptions::quick()).unwrap();
    server.create_database(TEMPLATE).unwrap();
    let url = server.url(TEMPLATE);
    // On a thread of its own: whoever comes first may be within a runtime.
    let migrated = std::thread::spawn(move || {
        tokio::runtime::Runtime::new().unwrap().block_on(migrate(&url, PARTITIONS)).unwrap();
    });
    migrated.join().unwrap();
    server
});

/// A database of one's own, gone with this value.
pub struct Database {
    name: String,
}

impl Database {
    /// With the schema in it.
    pub fn migrated() -> Self {
        Self::made(&format!("TEMPLATE {TEMPLATE}"))
    }

    /// With nothing in it.
    pub fn empty() -> Self {
        Self::made("")
    }

    /// With nothing in it, and of this locale.
    pub fn of_locale(locale: &str) -> Self {
        Self::made(&format!("TEMPLATE template0 ENCODING 'UTF8' LOCALE '{locale}'"))
    }

    fn made(how: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        POSTGRES.sql(MAINTENANCE, &format!("CREATE DATABASE {name} {how}")).unwrap();
        Self { name }
    }

    /// Its address.
    pub fn url(&self) -> String {
        POSTGRES.url(&self.name)
    }

    /// The store in it.
    pub fn store(&self) -> Postgres {
        Postgres::connect(&self.url(), &[], 8).unwrap()
    }

    /// Runs SQL in it.
    pub fn sql(&self, text: &str) -> String {
        POSTGRES.sql(&self.name, text).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A leftover is gone with the server.
        let _ = POSTGRES.drop_database(&self.name);
    }
}
