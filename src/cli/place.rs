//! Which store a command is about: the embedded one of a folder, or a database.

use anyhow::{Context, bail};

use crate::app::data_dir;
use crate::config::{Data, DatabaseUrl};
use crate::store::Store;
use crate::store::postgres::Postgres;
use crate::store::sqlite::Sqlite;

/// Of one command: an import adds three chunks side by side, and sorts what they put off over the fourth.
const CONNECTIONS: u32 = 4;

/// Where the store is.
#[derive(Debug, clap::Args)]
pub struct Place {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    database: DatabaseUrl,
}

impl Place {
    /// The store, and how many partitions its log has.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub async fn open(&self) -> anyhow::Result<(Store, u16)> {
        if let Some(url) = &self.database.url {
            let store = Postgres::connect(url, &[], CONNECTIONS).context("DATABASE_URL is no address of a database")?;
            let partitions = store.check_schema().await?;
            return Ok((Store::Postgres(store), partitions));
        }
        let path = self.data.data_dir.join(data_dir::STORE);
        if !path.exists() {
            let folder = self.data.data_dir.display();
            bail!("there is no store in {folder}; name its folder with DATA_DIR, or its database with DATABASE_URL");
        }
        Ok((Store::Sqlite(Sqlite::open(&path).await?), 1))
    }
}
