//! Making the schema, and telling whether it is there.

use sqlx::migrate::Migrator;
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::rows::{smallint, tiny};
use super::{Postgres, connect};
use crate::store::StoreError;

static MIGRATIONS: Migrator = Migrator {
    // A newer release has been here: what it made serves this one, too.
    ignore_missing: true,
    ..sqlx::migrate!("migrations/postgres")
};

/// Keeps two first migrations from both fixing the number of partitions; any number will do.
const LAYOUT_LOCK: i64 = 0x6865_6d69;

/// What a migration left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The schema's version before; `None` where there was none.
    pub from: Option<i64>,
    /// The schema's version now.
    pub to: i64,
    /// How many partitions the log has: what the first migration was told.
    pub partitions: u16,
}

/// Why the schema could not be made or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// There are 1 to 1000 partitions.
    #[error("a log of {0} partitions cannot be; choose from 1 to 1000")]
    Partitions(u16),
    /// The server cannot be reached, or does not let this user do it.
    #[error("cannot reach the database, or not change it")]
    Database(#[from] sqlx::Error),
    /// A migration failed.
    #[error("cannot bring the schema up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// Why a role cannot work with the database.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Nothing of ours is there.
    #[error("the database is not prepared; run: hemicycle migrate")]
    Missing,
    /// It was made by an older release.
    #[error("the database has schema version {found}, this release needs {needed}; run: hemicycle migrate")]
    Older {
        /// The version that is there.
        found: i64,
        /// The version that this release was written for.
        needed: i64,
    },
    /// It cannot be asked.
    #[error("the database is not available")]
    Unavailable(#[from] StoreError),
}

/// Makes the schema, or brings it up to date; any number of processes may try at once. The first migration fixes how
/// many `partitions` the log has. Needs a direct connection: it keeps a lock in its session.
///
/// # Errors
/// When the database cannot be reached or changed.
pub async fn migrate(url: &str, partitions: u16) -> Result<Migrated, MigrateError> {
    if !(1..=1000).contains(&partitions) {
        return Err(MigrateError::Partitions(partitions));
    }
    let mut connection = connect::options(url)?.connect().await?;
    let from = version(&mut connection).await?;
    MIGRATIONS.run(&mut connection).await?;
    let partitions = lay_out(&mut connection, partitions).await?;
    let to = version(&mut connection).await?.unwrap_or_default();
    connection.close().await?;
    Ok(Migrated { from, to, partitions })
}

impl Postgres {
    /// How many partitions the log has, once the database is ready for this release. A newer schema is: migrations
    /// add first, and take away a release later.
    ///
    /// # Errors
    /// When it is not, or cannot be asked.
    pub async fn check_schema(&self) -> Result<u16, SchemaError> {
        let needed = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
        let ask = async |pool: sqlx::PgPool| {
            let mut connection = pool.acquire().await?;
            let found = version(&mut connection).await?;
            let partitions = if found.is_some() { partitions(&mut connection).await? } else { None };
            Ok((found, partitions))
        };
        match self.read(ask).await? {
            (Some(found), _) if found < needed => Err(SchemaError::Older { found, needed }),
            (Some(_), Some(partitions)) => Ok(partitions),
            _ => Err(SchemaError::Missing),
        }
    }
}

async fn version(connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    if !exists(connection, "_sqlx_migrations").await? {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success").fetch_one(connection).await
}

async fn partitions(connection: &mut PgConnection) -> Result<Option<u16>, sqlx::Error> {
    if !exists(connection, "system").await? {
        return Ok(None);
    }
    let stored: Option<i16> = sqlx::query_scalar("SELECT partitions FROM system").fetch_optional(connection).await?;
    Ok(stored.map(|stored| tiny(stored.into())))
}

async fn exists(connection: &mut PgConnection, table: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(table).fetch_one(connection).await
}

/// Fixes the number of partitions, if nobody has, and makes what each needs.
async fn lay_out(connection: &mut PgConnection, wanted: u16) -> Result<u16, sqlx::Error> {
    let mut tx = Connection::begin(connection).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LAYOUT_LOCK).execute(&mut *tx).await?;
    if let Some(fixed) = partitions(&mut tx).await? {
        return Ok(fixed);
    }
    sqlx::query("INSERT INTO system (partitions) VALUES ($1)").bind(smallint(wanted)).execute(&mut *tx).await?;
    sqlx::query("INSERT INTO partitions (partition) SELECT generate_series(-1, $1 - 1)")
        .bind(i32::from(wanted))
        .execute(&mut *tx)
        .await?;
    for partition in 0..wanted {
        // Room in every page for a few ballots that change: such a change then touches no index.
        let table = format!(
            "CREATE TABLE ballots_{partition} PARTITION OF ballots FOR VALUES IN ({partition}) \
             WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)"
        );
        sqlx::query(sqlx::AssertSqlSafe(table)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(wanted)
}
