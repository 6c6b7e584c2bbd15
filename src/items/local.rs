//! Items of one process, in its store: one statement for all reads that arrived together, one transaction for all writes.

use bytes::Bytes;

use super::{ItemsError, READ_BATCH, WAITING, WRITE_BATCH, WRITE_WEIGHT};
use crate::domain::item::{ItemBounds, ItemChange, ItemKey, ItemOutcome, ItemTotals};
use crate::gather::{Bounds, Gather};
use crate::store::sqlite::Sqlite;
use crate::store::sqlite::log::WriteError;

/// Items in a file of SQLite. Cloning shares them.
#[derive(Clone, Debug)]
pub struct LocalItems {
    store: Sqlite,
    reads: Gather<ItemKey, Option<Bytes>, ItemsError>,
    writes: Gather<ItemChange, ItemOutcome, ItemsError>,
}

impl LocalItems {
    /// The items of this store, and their bounds.
    #[must_use]
    pub fn open(store: Sqlite, bounds: ItemBounds) -> Self {
        let (reading, writing) = (store.clone(), store.clone());
        let reads = Gather::distinct(Bounds::of(WAITING, READ_BATCH), move |keys: Vec<ItemKey>| {
            let store = reading.clone();
            async move { store.items(&keys).await.map_err(ItemsError::refused) }
        });
        let batch = Bounds { waiting: WAITING, batch: WRITE_BATCH, weight: WRITE_WEIGHT, weigh: ItemChange::weight };
        let writes = Gather::each(batch, move |changes: Vec<ItemChange>| {
            let store = writing.clone();
            async move { store.change_items(&changes, bounds).await.map_err(ItemsError::from) }
        });
        Self { store, reads, writes }
    }

    pub(super) async fn get(&self, key: ItemKey) -> Result<Option<Bytes>, ItemsError> {
        self.reads.ask(key).await.map_err(ItemsError::shared)
    }

    pub(super) async fn change(&self, change: ItemChange) -> Result<(), ItemsError> {
        self.writes.ask(change).await.map_err(ItemsError::shared)?.into()
    }

    pub(super) async fn keys(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, ItemsError> {
        self.store.item_keys(prefix, after, limit).await.map_err(ItemsError::refused)
    }

    pub(super) async fn totals(&self) -> Result<ItemTotals, ItemsError> {
        self.store.item_totals().await.map_err(ItemsError::refused)
    }
}

impl From<WriteError> for ItemsError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(_) => Self::refused(error),
            WriteError::Unknown(_) => Self::unknown(error),
        }
    }
}
