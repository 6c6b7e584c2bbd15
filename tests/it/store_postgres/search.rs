//! Search in PostgreSQL: by its index whatever the locale, and from replicas.

use std::time::Duration;

use hemicycle::domain::folding::Search;
use hemicycle::domain::ranking::Ranking;
use hemicycle::store::postgres::Postgres;
use hemicycle::store::postgres::schema::migrate;
use hemicycle::store::words::Bounds;
use hemicycle::store::{Store, StoreError};
use hemicycle_stack::postgres::{Mode, Postgres as Server, PostgresOptions};
use sqlx::{Connection, Executor, PgConnection};

use super::{store, until};
use crate::finding::find;
use crate::forge::{add_quotes, quote};
use crate::servers::Database;

const DATABASE: &str = "postgres";

/// How many quotes are found, and whether the first page was read without a turn.
async fn count(store: &Store, keyword: &str) -> Option<(usize, bool)> {
    let (search, page, bounds) = (Search::parse(keyword).unwrap(), Ranking::new(None, 1000), Bounds::default());
    let few = store.find_few(&search, page.clone(), bounds.few).await.ok()?;
    let is_few = few.is_some();
    Some((find(store, &search, page, bounds).await.ok()?.places.len(), is_few))
}

#[tokio::test]
async fn texts_are_found_by_their_index_and_never_by_reading_them_all() {
    let database = Database::migrated();
    let filling = store(&database);
    for chunk in 0..50 {
        let text =
            |n: u32| format!("common words and word{}x {}", chunk * 1000 + n, if n < 2 { "zebra ça" } else { "" });
        add_quotes(&filling, &(0..1000).map(|n| quote(&text(n))).collect::<Vec<_>>()).await.unwrap();
    }
    filling.close().await;
    database.sql("ANALYZE");
    let read_all = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'quote_words'";
    let by_index = || {
        let scans = database.sql("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'quote_words_by_key'");
        scans.parse::<u32>().unwrap()
    };
    let (scans, reads) = (by_index(), database.sql(read_all));
    let searching = store(&database);
    let asked = [
        ("word17x", 1),
        ("ord170", 111),
        ("zebra", 100),
        ("ça", 100),
        ("z", 100),
        ("nowhere", 0),
        ("zebra word17001x", 1),
    ];
    for (keyword, wanted) in asked {
        assert_eq!(count(&searching, keyword).await, Some((wanted, true)), "{keyword}");
    }
    assert_eq!(count(&searching, "common").await, Some((1000, false)));
    searching.close().await;
    // A server counts when a connection ends.
    until("all are counted", async || by_index() >= scans + 16).await;
    assert_eq!(database.sql(read_all), reads, "texts were read from first to last");
}

#[tokio::test]
async fn letters_of_all_scripts_are_found_whatever_the_locale() {
    let database = Database::of_locale("C");
    migrate(&database.url(), 3).await.unwrap();
    let store = store(&database);
    let quotes = ["un été à Zürich", "Ελλάδα", "日本語", "Привет", "👍"].map(quote);
    add_quotes(&store, &quotes).await.unwrap();
    for keyword in ["zuri", "ÉTÉ", "ΛΆΔ", "日本", "日", "ВЕТ", "п", "👍"] {
        assert_eq!(count(&store, keyword).await, Some((1, true)), "{keyword}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_replica_answers_searches_while_the_primary_is_down() {
    let primary = Server::start(&PostgresOptions::quick()).unwrap();
    migrate(&primary.url(DATABASE), 3).await.unwrap();
    let replica = primary.standby("one", false).unwrap();
    let store = Store::Postgres(Postgres::connect(&primary.url(DATABASE), &[replica.url(DATABASE)], 4).unwrap());
    add_quotes(&store, &["a bird", "two birds"].map(quote)).await.unwrap();
    until("the replica has them", async || replica.sql(DATABASE, "SELECT count(*) FROM quote_words").unwrap() == "2")
        .await;
    // Long enough for the replica to be known to have all there is.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    primary.stop(Mode::Fast).unwrap();
    let viewers = store.for_viewers();
    until("the replica answers", async || count(&viewers, "bird").await == Some((2, true))).await;
    for _ in 0..20 {
        assert_eq!(count(&viewers, "bird").await, Some((2, true)));
    }
    assert_eq!(count(&store, "bird").await, None, "the primary is down");
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_by_the_server() {
    let database = Database::migrated();
    let store = store(&database);
    add_quotes(&store, &["a bird"].map(quote)).await.unwrap();
    let mut holding = PgConnection::connect(&database.url()).await.unwrap();
    holding.execute("BEGIN; LOCK quote_words IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (search, page, bounds) = (Search::parse("bird").unwrap(), Ranking::new(None, 10), Bounds::default());
    assert_eq!(store.find_few(&search, page.clone(), bounds.few).await.unwrap(), None);
    assert_eq!(store.find_many(&search, page.clone(), bounds).await.unwrap(), None);
    let liked = store.find_liked(&search, page, bounds).await;
    assert!(matches!(liked, Err(StoreError::TooSlow(_))), "{liked:?}");
    holding.execute("COMMIT").await.unwrap();
    assert_eq!(count(&store, "bird").await, Some((1, true)));
    store.close().await;
}
