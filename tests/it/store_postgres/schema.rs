//! Making the schema, and waiting for it.

use futures_util::future::join_all;
use hemicycle::domain::poll::OneVotePer;
use hemicycle::store::StoreError;
use hemicycle::store::postgres::Postgres;
use hemicycle::store::postgres::schema::{MigrateError, SchemaError, migrate};

use super::store;
use crate::forge::open;
use crate::servers::{Database, PARTITIONS};

#[tokio::test]
async fn many_may_migrate_at_once_and_the_first_says_how_many_partitions_there_are() {
    let database = Database::empty();
    let url = database.url();
    let migrated = join_all((2..10).map(|partitions| migrate(&url, partitions))).await;
    let migrated: Vec<_> = migrated.into_iter().map(Result::unwrap).collect();
    let fixed = migrated[0].partitions;
    assert!(migrated.iter().all(|one| (one.partitions, one.to) == (fixed, migrated[0].to)), "{migrated:?}");
    assert!(migrated.iter().any(|one| one.from.is_none()), "{migrated:?}");
    assert_eq!(database.sql("SELECT count(*) FROM partitions WHERE partition >= 0"), fixed.to_string());
    let children = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'ballots'::regclass";
    assert_eq!(database.sql(children), fixed.to_string());
    let later = migrate(&url, 11).await.unwrap();
    assert_eq!((later.from, later.partitions), (Some(later.to), fixed), "the first number stays");
    assert_eq!(database.store().check_schema().await.unwrap(), fixed);
}

#[tokio::test]
async fn a_number_of_partitions_that_cannot_be_is_refused() {
    let database = Database::empty();
    for partitions in [0, 1001] {
        let refused = migrate(&database.url(), partitions).await;
        assert!(matches!(refused, Err(MigrateError::Partitions(_))), "{refused:?}");
    }
    assert!(matches!(database.store().check_schema().await, Err(SchemaError::Missing)));
}

#[tokio::test]
async fn roles_tell_a_missing_an_older_and_a_newer_schema_apart() {
    let empty = Database::empty();
    let missing = empty.store().check_schema().await.unwrap_err();
    assert!(missing.to_string().contains("run: hemicycle migrate"), "{missing}");
    let unmigrated = store(&empty).insert_poll(&open(1)).await;
    assert!(matches!(unmigrated, Err(StoreError::Unavailable(_))), "{unmigrated:?}");

    let database = Database::migrated();
    let newer = "INSERT INTO _sqlx_migrations SELECT 9999, 'next year', now(), true, '', 0";
    database.sql(newer);
    assert_eq!(database.store().check_schema().await.unwrap(), PARTITIONS);
    let migrated = migrate(&database.url(), PARTITIONS).await.unwrap();
    assert_eq!((migrated.from, migrated.to), (Some(9999), 9999), "a newer schema is left as it is");

    database.sql("UPDATE _sqlx_migrations SET version = version - 10000");
    let older = database.store().check_schema().await.unwrap_err();
    let SchemaError::Older { found, needed } = older else { panic!("{older:?}") };
    assert!(found < needed, "{found} {needed}");
    assert!(older.to_string().contains("run: hemicycle migrate"), "{older}");
    database.sql("DELETE FROM _sqlx_migrations");
    assert!(matches!(database.store().check_schema().await, Err(SchemaError::Missing)));
}

#[tokio::test]
async fn polls_made_before_there_were_accounts_are_nobodys_and_have_one_vote_per_browser() {
    let database = Database::migrated();
    let poll = open(1);
    store(&database).insert_poll(&poll).await.unwrap();
    // As the release before accounts left it.
    database.sql("DROP TABLE quote_words, upvotes, quotes, codes, code_batches, loaded, deeds, invitations, tokens, sessions, users CASCADE");
    database.sql("ALTER TABLE polls DROP COLUMN owner, DROP COLUMN one_vote_per");
    database.sql("DELETE FROM _sqlx_migrations WHERE version >= 3");
    assert!(matches!(database.store().check_schema().await, Err(SchemaError::Older { found: 2, .. })));
    migrate(&database.url(), PARTITIONS).await.unwrap();
    let migrated = store(&database).poll(poll.id).await.unwrap();
    assert_eq!((migrated, poll.one_vote_per, &poll.owner), (Some(poll.clone()), OneVotePer::Browser, &None));
}

#[tokio::test]
async fn a_server_that_is_away_is_neither_empty_nor_old() {
    // Nobody listens on the discard port.
    let store = Postgres::connect("postgres://nobody@127.0.0.1:9/none", &[], 2).unwrap();
    assert!(matches!(store.check_schema().await, Err(SchemaError::Unavailable(_))));
    assert!(Postgres::connect("mysql://nobody@127.0.0.1/none", &[], 2).is_err());
}
