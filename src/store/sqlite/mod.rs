//! The embedded store: one file of SQLite in write-ahead mode, synchronous to the disk.

pub mod apply;
pub mod connect;
mod letters;
pub mod log;
mod polls;
mod results;
mod rows;
mod turnout;

use std::path::Path;

use sqlx::migrate::Migrator;

use self::connect::{Connections, OpenError};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite/store");

/// The store in one file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    file: Connections,
}

impl Sqlite {
    /// Opens the store at `path`, making it where it is missing.
    ///
    /// # Errors
    /// When the file is damaged, newer than this release, or not usable.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { file: Connections::open(path, &MIGRATIONS).await? })
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.file.close().await;
    }
}
