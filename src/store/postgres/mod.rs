//! The scaled store: one primary of PostgreSQL (15 or newer), with or without replicas for viewers.
//!
//! A pooler in transaction mode may stand in between: everything but `migrate` leaves nothing behind in a session. No
//! call hangs: each has a time limit here, and each transaction one at the server, for a process that is gone without
//! a word must not keep its locks.

pub mod apply;
mod codes;
pub mod connect;
mod letters;
mod polls;
mod replicas;
mod results;
mod rows;
pub mod schema;
mod search;
mod turnout;

use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgPool, Transaction};

use self::replicas::Replicas;
use crate::domain::deed::Deed;
use crate::store::StoreError;

/// What is written once for both dialects, here for this one.
#[path = "../people/codes.rs"]
mod batches;
#[path = "../people/deeds.rs"]
mod deeds;
#[path = "../people/invitations.rs"]
mod invitations;
#[path = "../words/quotes.rs"]
pub mod quotes;
#[path = "../people/sessions.rs"]
mod sessions;
#[path = "../people/users.rs"]
mod users;

type Here = Postgres;
type Db = sqlx::Postgres;
/// Holds the rows that are read until the transaction ends.
const FOR_UPDATE: &str = " FOR UPDATE";
/// Keeps the rows that are read from being deleted until the transaction ends.
const FOR_KEY_SHARE: &str = " FOR KEY SHARE";

/// How long a read may take.
const READ: Duration = Duration::from_secs(10);
/// How long each step of changing something may take.
const WRITE: Duration = Duration::from_secs(30);

/// The limits are the server's own, for the case that it hears nothing of ours; in the form of `WRITE`. What waits to be
/// sorted into the index of words is read by every search: little of it.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '20s'; \
                     SET LOCAL idle_in_transaction_session_timeout = '30s'; SET LOCAL gin_pending_list_limit = '512kB'";

/// The store on a server.
#[derive(Clone, Debug)]
pub struct Postgres {
    primary: PgPool,
    replicas: Option<Arc<Replicas>>,
    for_viewers: bool,
    deed: Option<Arc<Deed>>,
}

impl Postgres {
    /// Connects when it is needed, not now: the server may be down, and comes and goes without this handle being
    /// opened anew. Where there are `replicas`, they are watched until the last handle is dropped.
    ///
    /// # Errors
    /// When an address is none.
    pub fn connect(url: &str, replicas: &[String], max_connections: u32) -> Result<Self, sqlx::Error> {
        let primary = connect::pool(url, max_connections)?;
        let replicas = if replicas.is_empty() {
            None
        } else {
            Some(Arc::new(Replicas::watch(connect::pool(url, 1)?, replicas, max_connections)?))
        };
        Ok(Self { primary, replicas, for_viewers: false, deed: None })
    }

    /// The same store, read from replicas where that is good enough.
    #[must_use]
    pub fn for_viewers(&self) -> Self {
        Self { for_viewers: true, ..self.clone() }
    }

    /// The same store, read from the primary.
    #[must_use]
    pub fn primary(&self) -> Self {
        Self { for_viewers: false, ..self.clone() }
    }

    /// At most so many connections to each server.
    #[must_use]
    pub fn readers(&self) -> u32 {
        self.primary.options().get_max_connections()
    }

    /// Closes all connections.
    pub async fn close(&self) {
        if let Some(replicas) = &self.replicas {
            replicas.close().await;
        }
        self.primary.close().await;
    }

    async fn begin(&self) -> Result<Transaction<'static, sqlx::Postgres>, StoreError> {
        Ok(self.primary.begin_with(BEGIN).await?)
    }

    /// Begins to add many texts: the more of them are sorted into their index at once, the less each takes. What was added
    /// may wait for what comes before it.
    async fn begin_many(&self) -> Result<Transaction<'static, Db>, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "SET LOCAL gin_pending_list_limit = '16MB'; SET LOCAL work_mem = '64MB'; \
                   SET LOCAL idle_in_transaction_session_timeout = '5min'";
        sqlx::raw_sql(sql).execute(&mut *tx).await?;
        Ok(tx)
    }

    /// The same store, whose changes are on record.
    #[must_use]
    pub fn on_record(&self, deed: Deed) -> Self {
        Self { deed: Some(Arc::new(deed)), ..self.clone() }
    }

    /// Puts a change on record, if it is to be, and makes it durable.
    async fn finish(&self, mut tx: Transaction<'static, Db>) -> Result<(), StoreError> {
        if let Some(deed) = &self.deed {
            deeds::record(&mut tx, deed).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The primary: who somebody is, is never read from a replica that may be behind.
    fn reading(&self) -> &PgPool {
        &self.primary
    }

    /// Looks up what may be a moment old, where that is good enough.
    async fn looked_up<T, F>(&self, read: impl Fn(PgPool) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.view(read).await
    }

    fn bounded<T>(work: impl Future<Output = Result<T, StoreError>>) -> impl Future<Output = Result<T, StoreError>> {
        within(WRITE, work)
    }

    /// Reads from the primary.
    async fn read<T>(&self, read: impl AsyncFnOnce(PgPool) -> Result<T, StoreError>) -> Result<T, StoreError> {
        within(READ, read(self.primary.clone())).await
    }

    /// Reads what may be a moment old: for viewers, from a fresh replica; where that fails, from the next, and in the
    /// end from the primary.
    async fn view<T, F>(&self, read: impl Fn(PgPool) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        for replica in self.replicas.iter().filter(|_| self.for_viewers).flat_map(|replicas| replicas.fresh()) {
            match within(replicas::READ, read(replica.pool())).await {
                Err(StoreError::Unavailable(error)) => replica.pass_over(&error),
                answer => return answer,
            }
        }
        within(READ, read(self.primary.clone())).await
    }
}

/// Gives up on work that takes longer than `limit`: a server that was cut off does not say so.
///
/// The work is boxed. It has room for making a connection, tens of kilobytes, which would be part of each request that may
/// come to use the store, and be moved about with it, whether it does or not.
fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> impl Future<Output = Result<T, StoreError>> {
    let work = Box::pin(work);
    let elapsed = |_| StoreError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    async move { tokio::time::timeout(limit, work).await.map_err(elapsed)? }
}
