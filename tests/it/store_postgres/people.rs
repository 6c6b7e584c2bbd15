//! Accounts, invitations and batches of codes made by several processes at once.

use futures_util::future::join_all;
use hemicycle::domain::quote::NewQuote;
use hemicycle::store::{Store, StoreError};
use sqlx::{Connection, Executor, PgConnection};

use super::{store, until};
use crate::forge::{account, add_quotes, at, codes, invitation, open, poll_id, quote, secret, user_id};
use crate::servers::Database;

/// Does the same from several processes at once, each with connections of its own.
async fn race<T>(database: &Database, task: impl AsyncFn(Store, u32) -> T) -> Vec<T> {
    let processes: Vec<_> = (0..8).map(|number| (store(database), number)).collect();
    join_all(processes.into_iter().map(|(store, number)| task(store, number))).await
}

#[tokio::test]
async fn processes_that_start_together_load_accounts_once() {
    let database = Database::migrated();
    let file: Vec<_> = (0..1500).map(|number| account(&format!("u{number}"))).collect();
    let loaded = race(&database, async |store, _| store.load_users(&file, at(0)).await.unwrap()).await;
    let loaded: Vec<_> = loaded.into_iter().flatten().collect();
    assert_eq!(loaded, [vec![true; file.len()]]);
    assert_eq!(database.sql("SELECT count(*) FROM users"), "1500");
}

#[tokio::test]
async fn an_invitation_makes_one_account_in_whichever_process() {
    let database = Database::migrated();
    store(&database).insert_invitation(&invitation(1), &secret(1)).await.unwrap();
    let accept =
        async |store: Store, number| store.accept_invitation(&secret(1), &account(&format!("u{number}"))).await;
    let made: Vec<_> = race(&database, accept).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(store(&database).users(None, 10).await.unwrap(), made);
}

#[tokio::test]
async fn one_id_is_taken_once_in_whichever_process() {
    let database = Database::migrated();
    let ids = ["Ann", "ann", "ANN", "aNN", "anN", "AnN", "ANn", "aNn"];
    let insert = async |store: Store, number| store.insert_user(&account(ids[number as usize])).await;
    let inserted = race(&database, insert).await;
    assert_eq!(inserted.iter().filter(|inserted| inserted.is_ok()).count(), 1, "{inserted:?}");
    let refused = |inserted: &Result<(), _>| matches!(inserted, Ok(()) | Err(StoreError::UserTaken));
    assert!(inserted.iter().all(refused), "{inserted:?}");
}

#[tokio::test]
async fn a_batch_that_is_void_meanwhile_keeps_no_code() {
    let database = Database::migrated();
    let one = store(&database);
    one.insert_poll(&open(1)).await.unwrap();
    let number = one.begin_batch(poll_id(1), 8000, at(0)).await.unwrap();
    let raced = race(&database, async |store, nth: u32| {
        if nth == 4 {
            assert!(store.void_batch(poll_id(1), number).await.unwrap());
            while store.sweep_codes(at(0)).await.unwrap() {}
            return Ok(());
        }
        let first = u128::from(nth) * 1000;
        store.add_codes(poll_id(1), number, &codes(first..first + 1000)).await
    });
    for added in raced.await {
        assert!(matches!(added, Ok(()) | Err(StoreError::Changed)), "{added:?}");
    }
    assert_eq!(database.sql("SELECT count(*) FROM codes"), "0");
}

#[tokio::test]
async fn quotes_of_an_account_that_is_deleted_meanwhile_are_nobodys() {
    let database = Database::migrated();
    let store = store(&database);
    store.insert_user(&account("ann")).await.unwrap();
    let mut deleting = PgConnection::connect(&database.url()).await.unwrap();
    deleting.execute("BEGIN; DELETE FROM users").await.unwrap();
    let new = NewQuote { author: Some(user_id("ann")), ..quote("a bird") };
    let posting = tokio::spawn({
        let (store, new) = (store.clone(), new.clone());
        async move { store.insert_quote(&new).await }
    });
    let importing = tokio::spawn({
        let store = store.clone();
        async move { add_quotes(&store, &[new.clone(), new]).await }
    });
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("both wait for the account", async || database.sql(waiting) == "2").await;
    deleting.execute("COMMIT").await.unwrap();
    let posted = posting.await.unwrap().unwrap();
    assert_eq!((posted.text.as_str(), posted.is_owned), ("a bird", false));
    importing.await.unwrap().unwrap();
    assert_eq!(database.sql("SELECT count(*) FROM quotes WHERE author = 'ann' AND owner IS NULL"), "3");
    store.close().await;
}
