//! What only the PostgreSQL store must do: a schema made by many at once, claims side by side, servers that come and
//! go, replicas that lag.

mod claims;
mod outages;
mod people;
mod replicas;
mod schema;
mod search;

use std::collections::BTreeMap;
use std::time::Duration;

use hemicycle::domain::log::{EntryId, LogEnd};
use hemicycle::store::Store;
use tokio::time::Instant;

use crate::servers::{Database, PARTITIONS};

/// How long anything may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

fn store(database: &Database) -> Store {
    Store::Postgres(database.store())
}

/// Ends with which every partition is behind, the higher the further.
fn ends() -> BTreeMap<u16, LogEnd> {
    let end = |partition| LogEnd { entry: EntryId(9), fingerprint: 9, position: 100 + u64::from(partition) };
    (0..PARTITIONS).map(|partition| (partition, end(partition))).collect()
}

/// Asks until the answer is yes.
async fn until(what: &str, mut asked: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !asked().await {
        assert!(Instant::now() < deadline, "not after {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
