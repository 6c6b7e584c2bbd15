//! Any quotes at all: what a backend finds by its index is what a naive look at every text finds, in the same order.

use std::cmp::Reverse;

use hemicycle::domain::folding::{Search, fold};
use hemicycle::domain::keys::{ShortWords, Term, keys, wanted};
use hemicycle::domain::quote::{Hidden, QuoteId};
use hemicycle::domain::ranking::{Page, Place, Ranking};
use hemicycle::store::sqlite::Sqlite;
use hemicycle::store::words::Bounds;
use hemicycle::store::{Store, StoreError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::forge::{at, quote, voter};
use crate::servers::Database;

/// What texts and searches are made of.
const LETTERS: [&str; 28] = [
    "a", "a", "b", "c", "é", "E\u{301}", "œ", "ß", "ﬁ", "I", "İ", "%", "_", "\\", "\"", "'", "*", "^", "日", "本",
    "👍", "ʼ", ":", " ", " ", " ", "\n", "\u{301}",
];

/// Something that happens to quotes; which, is counted from the first that is there.
#[derive(Clone, Debug)]
enum Step {
    Post(String),
    Undone(String),
    Like(usize, u64),
    Hide(usize, bool),
    Edit(usize, String),
    Delete(usize),
}

/// A quote as the model has it.
#[derive(Clone, Debug)]
struct Kept {
    id: QuoteId,
    text: String,
    likes: Vec<u64>,
    hidden: bool,
}

#[derive(Clone, Debug)]
struct Asked {
    keyword: String,
    limit: usize,
    bounds: Bounds,
}

fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&LETTERS[..]), 1..most).prop_map(|letters| letters.concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => text(20).prop_map(Step::Post),
        1 => text(20).prop_map(Step::Undone),
        5 => (0..20_usize, 0..4_u64).prop_map(|(of, voter)| Step::Like(of, voter)),
        2 => (0..20_usize, any::<bool>()).prop_map(|(of, hidden)| Step::Hide(of, hidden)),
        2 => (0..20_usize, text(20)).prop_map(|(of, text)| Step::Edit(of, text)),
        1 => (0..20_usize).prop_map(Step::Delete),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let bounds = (0..4_u32, 0..6_u32, 1..8_u32, 1..3_u32);
    (text(9), 1..4_usize, bounds).prop_map(|(keyword, limit, (few, more, liked, first))| {
        let bounds = Bounds { few, most: few + more, liked, first };
        Asked { keyword, limit, bounds }
    })
}

async fn take(store: &Store, model: &mut Vec<Kept>, step: &Step) {
    let known = |of: usize, model: &[Kept]| (!model.is_empty()).then(|| of % model.len());
    match step {
        Step::Post(text) => {
            let id = store.insert_quote(&quote(text)).await.unwrap().id;
            model.push(Kept { id, text: text.clone(), likes: Vec::new(), hidden: false });
        }
        Step::Undone(text) => {
            let mut load = store.load_quotes().await.unwrap();
            load.add(&[quote(text), quote(text)]).await.unwrap();
        }
        Step::Like(of, who) => {
            let Some(kept) = known(*of, model).map(|of| &mut model[of]) else { return };
            if store.upvote(kept.id, voter(*who), true).await.unwrap().is_some() && !kept.likes.contains(who) {
                kept.likes.push(*who);
            }
        }
        Step::Hide(of, hide) => {
            let Some(kept) = known(*of, model).map(|of| &mut model[of]) else { return };
            let hidden = Hidden { by: "ann".into(), at: at(1) };
            store.hide_quote(kept.id, hide.then_some(&hidden)).await.unwrap();
            kept.hidden = *hide;
        }
        Step::Edit(of, text) => {
            let Some(kept) = known(*of, model).map(|of| &mut model[of]) else { return };
            store.change_quote(kept.id, text, at(2)).await.unwrap();
            kept.text.clone_from(text);
        }
        Step::Delete(of) => {
            let Some(of) = known(*of, model) else { return };
            assert!(store.delete_quote(model.remove(of).id).await.unwrap());
        }
    }
}

/// Whether a text has all keys of a search.
fn has_keys(search: &Search, text: &str) -> bool {
    let short = ShortWords::AsPrefixes;
    let folded = fold(text);
    let keys = keys(&folded, short);
    let has = |term: &Term| keys.iter().any(|key| *key == term.key || (term.is_prefix && key.starts_with(&term.key)));
    wanted(search, short).iter().all(|any| any.iter().any(has))
}

/// The whole answer, by looking at every text.
fn naive(model: &[Kept], search: &Search, bounds: Bounds) -> Vec<Place> {
    let mut seen: Vec<&Kept> = model.iter().filter(|kept| !kept.hidden).collect();
    seen.sort_by_key(|kept| (Reverse(kept.likes.len()), kept.id));
    if seen.iter().filter(|kept| has_keys(search, &kept.text)).count() > bounds.most as usize {
        seen.truncate(bounds.liked as usize);
    }
    let place = |kept: &Kept| {
        let rank = search.rank(&fold(&kept.text))?;
        Some(Place { rank, upvotes: Reverse(kept.likes.len() as u64), id: kept.id })
    };
    let mut places: Vec<Place> = seen.into_iter().filter_map(place).collect();
    places.sort_unstable();
    places
}

/// A page of a search, as those who ask a store come to it.
pub async fn find(store: &Store, search: &Search, page: Ranking, bounds: Bounds) -> Result<Page, StoreError> {
    let found = match store.find_few(search, page.clone(), bounds.few).await? {
        Some(found) => Some(found),
        None => store.find_many(search, page.clone(), bounds).await?,
    };
    let found = match found {
        Some(found) => found,
        None => store.find_liked(search, page, bounds).await?,
    };
    assert!(found.quotes.iter().all(|(place, quote)| place.id == quote.id), "{found:?}");
    assert!(found.next.is_none() || found.next == found.quotes.last().map(|(place, _)| *place), "{found:?}");
    let places = found.quotes.iter().map(|(place, _)| *place).collect();
    Ok(Page { places, more: found.next.is_some() })
}

/// The whole answer of a store, page by page.
async fn paged(store: &Store, search: &Search, limit: usize, bounds: Bounds) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    loop {
        let ranking = Ranking::new(places.last().copied(), limit);
        let page = find(store, search, ranking, bounds).await.unwrap();
        assert!(page.places.len() <= limit && (page.places.len() == limit || !page.more), "{page:?}");
        places.extend(page.places);
        if !page.more {
            return places;
        }
    }
}

async fn live_through(store: &Store, steps: &[Step], asked: &[Asked]) -> Result<(), TestCaseError> {
    let mut model = Vec::new();
    for step in steps {
        take(store, &mut model, step).await;
    }
    for Asked { keyword, limit, bounds } in asked {
        let Ok(search) = Search::parse(keyword) else { continue };
        for bounds in [*bounds, Bounds::default()] {
            let (found, naive) = (paged(store, &search, *limit, bounds).await, naive(&model, &search, bounds));
            prop_assert_eq!(found, naive, "{:?} {:?} {:?}", keyword, bounds, model);
        }
    }
    for kept in &model {
        store.delete_quote(kept.id).await.unwrap();
    }
    Ok(())
}

/// Any quotes in one store, which is empty again after each.
fn any_quotes_in(runtime: &tokio::runtime::Runtime, store: &Store, cases: u32) {
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let quotes = (prop::collection::vec(step(), 1..30), prop::collection::vec(asked(), 1..12));
    let outcome = TestRunner::new(config).run(&quotes, |(steps, asked)| {
        let done = runtime.block_on(live_through(store, &steps, &asked));
        if done.is_err() {
            runtime.block_on(empty(store));
        }
        done
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn empty(store: &Store) {
    use hemicycle::store::words::Order;
    for kept in store.quotes(Order::After(None), 1000, true).await.unwrap() {
        store.delete_quote(kept.id).await.unwrap();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn sqlite_finds_what_a_naive_look_at_every_text_finds() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let store = runtime.block_on(Sqlite::open(&folder.path().join("store.sqlite"))).unwrap();
    any_quotes_in(&runtime, &Store::Sqlite(store), 48);
}

#[test]
fn postgres_finds_what_a_naive_look_at_every_text_finds() {
    let (database, runtime) = (Database::migrated(), runtime());
    let store = runtime.block_on(async { Store::Postgres(database.store()) });
    any_quotes_in(&runtime, &store, 48);
    runtime.block_on(store.close());
}
