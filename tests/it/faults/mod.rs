//! What is promised under which fault, shown with the real binary as a process. Each test fails unless its fault has
//! really bitten.

mod backup;
mod closing;
mod full;
mod kill;
pub mod load;
mod lost;
mod viewers;

use std::path::Path;

use hemicycle::store::Store;
use hemicycle::store::sqlite::Sqlite;

/// Holds the tallies of a stopped product against the ballots they were made from.
async fn assert_tallies_equal_the_fold(folder: &Path) {
    let store = Store::Sqlite(Sqlite::open(&folder.join("store.db")).await.unwrap());
    assert_eq!(store.verify().await.unwrap(), []);
    store.close().await;
}
