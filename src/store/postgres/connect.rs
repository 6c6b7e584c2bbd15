//! Pools of connections that come and go with their server.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgPool, PgPoolOptions};

/// How long a call waits for a connection, be it for a free one or for a server that is down.
const ACQUIRE: Duration = Duration::from_secs(3);
/// A connection that was used within this time is taken to be alive. Asking each time would cost a round trip a call;
/// never asking, a failed request for each connection that a restart of the server left behind.
const TRUSTED: Duration = Duration::from_millis(500);
/// How long a connection may take to come back from a call that was given up.
const RELEASE: Duration = Duration::from_secs(3);

/// How to connect to an address.
///
/// # Errors
/// When it is none of PostgreSQL: the driver itself takes any kind.
pub fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    if !["postgres://", "postgresql://"].iter().any(|kind| url.starts_with(kind)) {
        let expected = "an address of PostgreSQL begins with postgres:// or postgresql://";
        return Err(sqlx::Error::Configuration(expected.into()));
    }
    Ok(url.parse::<PgConnectOptions>()?.application_name("hemicycle"))
}

/// A pool that connects when it is used.
///
/// # Errors
/// When the address is none.
pub fn pool(url: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        // The driver waits for the answer to what was cancelled before it gives a connection back. From a server that
        // was cut off none comes, and the pool would run dry.
        .after_release(|connection, _| {
            Box::pin(async move {
                let answer = tokio::time::timeout(RELEASE, connection.ping()).await;
                answer.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
            })
        });
    Ok(pool.connect_lazy_with(options(url)?))
}

/// Whether an error is about the data of a statement (classes 22 and 23) rather than about the state of the server.
#[must_use]
pub fn is_about_data(error: &PgDatabaseError) -> bool {
    matches!(error.code().get(..2), Some("22" | "23"))
}
