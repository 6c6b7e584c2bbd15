//! Opening a file of SQLite: one connection that writes, a few that read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, Transaction};

/// Files smaller than this are checked page by page when they are opened: it takes a few milliseconds.
const CHECKED_BELOW: u64 = 8 << 20;
/// More than searches take at a time (`http::finder`).
const READERS: u32 = 6;

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is no database, or a broken one.
    #[error("{path} is damaged: {reason}. Restore a backup (hemicycle restore), or move the file away to start anew")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// It was written by a newer release.
    #[error("{path} was written by a newer release of hemicycle")]
    Newer {
        /// Which file.
        path: PathBuf,
    },
    /// It cannot be opened, read or written.
    #[error("cannot open {path}")]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: sqlx::Error,
    },
}

/// The connections to one file.
#[derive(Clone, Debug)]
pub struct Connections {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Connections {
    /// Opens `path`, makes it where it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file is damaged, newer than this release, or not usable.
    pub async fn open(path: &Path, migrations: &Migrator) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "MEMORY")
            // 16 MB of log between checkpoints: pages that are written again and again are then copied once.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", "67108864");
        let failed = |error: sqlx::Error| OpenError::from_sqlx(path, error);
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed)?;
        check(path, &writer).await?;
        migrations.run(&writer).await.map_err(|error| OpenError::from_migration(path, error))?;
        let readers = pool(READERS).connect_lazy_with(options.pragma("cache_size", "-8192").pragma("query_only", "ON"));
        Ok(Self { writer, readers })
    }

    /// The pool of reading connections.
    #[must_use]
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// The pool of the one writing connection; for statements that are a transaction of their own.
    #[must_use]
    pub fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// Waits for the writing connection and begins a transaction that will not have to be upgraded.
    ///
    /// # Errors
    /// When the file cannot be locked or read.
    pub async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Closes all connections; the last one folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
        // On a full disk SQLite rolls back by itself. The driver's own rollback then fails, and it would take the
        // connection to be in a transaction for ever: such a connection is closed, and another one opened.
        .after_release(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // Waits for a rollback that may be under way.
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
}

async fn check(path: &Path, writer: &SqlitePool) -> Result<(), OpenError> {
    let small = std::fs::metadata(path).is_ok_and(|file| file.len() < CHECKED_BELOW);
    if !small {
        return Ok(());
    }
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(writer)
        .await
        .map_err(|error| OpenError::from_sqlx(path, error))?;
    if verdict == "ok" {
        return Ok(());
    }
    // Above it, SQLite says only which database it means.
    let reason = verdict.lines().last().unwrap_or_default().to_owned();
    Err(OpenError::Damaged { path: path.to_owned(), reason })
}

impl OpenError {
    fn from_sqlx(path: &Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        match primary_code(&source) {
            Some(CORRUPT | NOT_A_DATABASE) => Self::Damaged { path, reason: source.to_string() },
            _ => Self::Unusable { path, source },
        }
    }

    fn from_migration(path: &Path, error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => Self::Newer { path: path.to_owned() },
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => Self::from_sqlx(path, source),
            other => Self::Damaged { path: path.to_owned(), reason: other.to_string() },
        }
    }
}

/// <https://www.sqlite.org/rescode.html>; the low byte of an extended code is its primary code.
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const TOO_BIG: i32 = 18;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;
const NOT_A_DATABASE: i32 = 26;

/// Whether an error is about the data of a statement rather than about the state of the file or the machine.
#[must_use]
pub fn is_about_data(error: &dyn DatabaseError) -> bool {
    matches!(code_of(error), Some(TOO_BIG | CONSTRAINT | MISMATCH))
}

/// Whether a commit that failed this way may be in the file all the same: the error came while, or after, the disk was
/// asked to keep it, or did not come from SQLite at all.
#[must_use]
pub fn may_have_committed(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => false,
        sqlx::Error::Database(database) => code_of(database.as_ref()) == Some(IO_ERROR),
        _ => true,
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error().and_then(code_of)
}

fn code_of(error: &dyn DatabaseError) -> Option<i32> {
    error.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

/// Copies a database, in use or not, to a new file: consistent as of one moment, without what was deleted.
///
/// # Errors
/// When one cannot be read or the other not written.
pub async fn copy_database(from: &Path, to: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(from).busy_timeout(Duration::from_secs(5));
    let mut connection = options.connect().await?;
    sqlx::query("VACUUM INTO ?").bind(to.to_string_lossy().into_owned()).execute(&mut connection).await?;
    connection.close().await
}
