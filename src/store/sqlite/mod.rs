//! The embedded store: one file of SQLite in write-ahead mode, synchronous to the disk.

pub mod apply;
mod codes;
pub mod connect;
mod items;
mod letters;
pub mod log;
mod polls;
mod results;
mod rows;
mod search;
mod turnout;

use std::path::Path;
use std::sync::Arc;

use sqlx::migrate::Migrator;
use sqlx::{SqlitePool, Transaction};

use self::connect::{Connections, OpenError};
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

type Here = Sqlite;
type Db = sqlx::Sqlite;
/// One transaction writes at a time: there is nobody to hold rows against.
const FOR_UPDATE: &str = "";
/// Nor is there anybody who could take them away.
const FOR_KEY_SHARE: &str = "";

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite/store");

/// The store in one file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    file: Connections,
    deed: Option<Arc<Deed>>,
}

impl Sqlite {
    /// Opens the store at `path`, making it where it is missing.
    ///
    /// # Errors
    /// When the file is damaged, newer than this release, or not usable.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { file: Connections::open(path, &MIGRATIONS).await?, deed: None })
    }

    /// The same store, whose changes are on record.
    #[must_use]
    pub fn on_record(&self, deed: Deed) -> Self {
        Self { deed: Some(Arc::new(deed)), ..self.clone() }
    }

    /// So many connections read.
    #[must_use]
    pub fn readers(&self) -> u32 {
        self.file.readers().options().get_max_connections()
    }

    async fn begin(&self) -> Result<Transaction<'static, Db>, StoreError> {
        Ok(self.file.begin().await?)
    }

    async fn begin_many(&self) -> Result<Transaction<'static, Db>, StoreError> {
        self.begin().await
    }

    fn reading(&self) -> &SqlitePool {
        self.file.readers()
    }

    /// Looks something up.
    async fn looked_up<T, F>(&self, read: impl Fn(SqlitePool) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        read(self.file.readers().clone()).await
    }

    /// A file does not go away in the middle of a call: there is nothing to give up on. Boxed as it is for a server.
    fn bounded<T>(work: impl Future<Output = Result<T, StoreError>>) -> impl Future<Output = Result<T, StoreError>> {
        Box::pin(work)
    }

    /// Puts a change on record, if it is to be, and makes it durable.
    async fn finish(&self, mut tx: Transaction<'static, Db>) -> Result<(), StoreError> {
        if let Some(deed) = &self.deed {
            deeds::record(&mut tx, deed).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.file.close().await;
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::poll::OneVotePer;
    use crate::domain::poll::tests::draft;
    use crate::domain::quote::{Hidden, NewQuote};

    #[tokio::test]
    async fn polls_made_before_there_were_accounts_are_nobodys_and_have_one_vote_per_browser() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let store = Sqlite::open(&path).await.unwrap();
        let poll = draft();
        store.insert_poll(&poll).await.unwrap();
        // As the release before accounts left it.
        let undo = "DROP TABLE quote_keys; DROP TABLE quote_words; DROP TABLE upvotes; DROP TABLE quotes; \
                    DROP INDEX polls_of_users; ALTER TABLE polls DROP COLUMN owner; \
                    ALTER TABLE polls DROP COLUMN one_vote_per; DROP TABLE codes; DROP TABLE code_batches; \
                    DROP TABLE loaded; DROP TABLE deeds; DROP TABLE invitations; DROP TABLE tokens; \
                    DROP TABLE sessions; DROP TABLE users; DROP TABLE items; DROP TABLE item_totals; \
                    DELETE FROM _sqlx_migrations WHERE version >= 4";
        sqlx::raw_sql(undo).execute(store.file.writer()).await.unwrap();
        store.close().await;
        let store = Sqlite::open(&path).await.unwrap();
        let migrated = store.poll(poll.id).await.unwrap();
        assert_eq!((migrated, poll.one_vote_per, &poll.owner), (Some(poll.clone()), OneVotePer::Browser, &None));
        store.close().await;
    }

    /// See `.cargo/config.toml`.
    #[tokio::test]
    async fn sqlite_is_built_without_what_all_connections_would_wait_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("store.sqlite")).await.unwrap();
        let built: Vec<String> =
            sqlx::query_scalar("PRAGMA compile_options").fetch_all(store.file.readers()).await.unwrap();
        assert!(built.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{built:?}");
        for option in ["ENABLE_MEMORY_MANAGEMENT", "ENABLE_STAT4"] {
            assert!(!built.iter().any(|built| built == option), "{built:?}");
        }
        store.close().await;
    }

    #[tokio::test]
    async fn the_index_of_texts_holds_what_is_there_and_nothing_of_what_went() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("store.sqlite")).await.unwrap();
        let writer = store.file.writer();
        sqlx::raw_sql("CREATE VIRTUAL TABLE temp.terms USING fts5vocab (main, quote_keys, row)")
            .execute(writer)
            .await
            .unwrap();
        let new = |text: &str| NewQuote { author: None, text: text.into(), made_at: Timestamp::UNIX_EPOCH };
        let indexed = async || {
            let check = "INSERT INTO quote_keys (quote_keys) VALUES ('integrity-check')";
            sqlx::query(check).execute(writer).await.unwrap();
            let terms = sqlx::query_scalar::<_, String>("SELECT term FROM temp.terms ORDER BY term");
            terms.fetch_all(writer).await.unwrap().concat()
        };
        let [one, two] = ["l'été", "tea"].map(new);
        let (one, two) = (store.insert_quote(&one).await.unwrap().id, store.insert_quote(&two).await.unwrap().id);
        assert!(indexed().await.contains("ete"));
        store.change_quote(one, "un hiver d'été", Timestamp::UNIX_EPOCH).await.unwrap();
        let hidden = Hidden { by: "ann".into(), at: Timestamp::UNIX_EPOCH };
        store.hide_quote(two, Some(&hidden)).await.unwrap();
        assert!(!indexed().await.contains("tea"));
        let mut load = store.load_quotes().await.unwrap();
        let ids = load.number(1).await.unwrap();
        load.add_as(&ids, &[new("undone")]).await.unwrap();
        drop(load);
        assert!(!indexed().await.contains("undo"));
        store.hide_quote(two, None).await.unwrap();
        assert!(indexed().await.contains("tea"));
        for id in [one, two] {
            assert!(store.delete_quote(id).await.unwrap());
        }
        assert_eq!(indexed().await, "", "something is left");
        store.close().await;
    }
}
