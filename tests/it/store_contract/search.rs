//! Finding quotes by their words.

use hemicycle::domain::folding::Search;
use hemicycle::domain::quote::{Hidden, QuoteId};
use hemicycle::domain::ranking::{Page, Place, Ranking};
use hemicycle::store::Store;
use hemicycle::store::words::Bounds;

use crate::finding::find;
use crate::forge::{at, quote, voter};

async fn posted(store: &Store, texts: &[&str]) -> Vec<QuoteId> {
    let mut ids = Vec::new();
    for text in texts {
        ids.push(store.insert_quote(&quote(text)).await.unwrap().id);
    }
    ids
}

async fn page(store: &Store, keyword: &str, after: Option<Place>, limit: usize, bounds: Bounds) -> Page {
    let (search, page) = (Search::parse(keyword).unwrap(), Ranking::new(after, limit));
    find(store, &search, page, bounds).await.unwrap()
}

/// What is found, by its place among `ids`.
async fn found(store: &Store, ids: &[QuoteId], keyword: &str) -> Vec<usize> {
    let page = page(store, keyword, None, 100, Bounds::default()).await;
    page.places.iter().map(|place| ids.iter().position(|id| *id == place.id).unwrap()).collect()
}

pub async fn better_matches_come_first_then_the_better_liked_then_the_oldest(store: &Store) {
    let ids = posted(store, &["scatter", "cattle", "a cat", "concatenate", "the cat, the dog", "cats"]).await;
    for (of, place) in [(1, 3), (2, 3), (1, 5), (1, 4)] {
        store.upvote(ids[place], voter(of), true).await.unwrap();
    }
    assert_eq!(found(store, &ids, "cat").await, [4, 2, 5, 1, 3, 0]);
    assert_eq!(found(store, &ids, "cat dog").await, [4]);
    assert_eq!(found(store, &ids, "ca").await, [4, 5, 1, 2], "short words match where words begin");
    assert_eq!(found(store, &ids, "cat dog bird").await, [0; 0]);
}

pub async fn case_accents_and_ligatures_do_not_count(store: &Store) {
    let ids = posted(store, &["L'été à Paris", "un chef-d'œuvre", "100% of it", "STRASSE", "日本語の本"]).await;
    for (keyword, wanted) in [
        ("ete", vec![0]),
        ("L’ÉTÉ", vec![0]),
        ("l'ete a", vec![0]),
        ("OEUVRE", vec![1]),
        ("chef-d", vec![1]),
        ("ef-d'oeuvr", vec![1]),
        ("hef-d'œuvre", vec![1]),
        ("100%", vec![2]),
        ("straße", vec![3]),
        ("日", vec![4]),
        ("本語の", vec![4]),
        ("の本", vec![]),
    ] {
        assert_eq!(found(store, &ids, keyword).await, wanted, "{keyword}");
    }
}

pub async fn nothing_that_is_looked_for_has_a_meaning(store: &Store) {
    let texts =
        ["%", "_", "a\\b", "say \"no\"", "it's", "a*", "^a", "a & b | !c", "x:*", "(y) AND z", "\u{e025}", "plain"];
    let ids = posted(store, &texts).await;
    for (place, text) in texts.iter().enumerate() {
        assert!(found(store, &ids, text).await.contains(&place), "{text}");
    }
    for (keyword, wanted) in [
        ("%", vec![0]),
        ("\\", vec![2]),
        ("\"", vec![3]),
        ("'", vec![4]),
        ("*", vec![5, 8]),
        ("^a", vec![6]),
        (":*", vec![8]),
        ("NEAR(a b)", vec![]),
        ("-- ", vec![]),
        ("\0", vec![]),
        ("plain\0", vec![11]),
    ] {
        if Search::parse(keyword).is_ok() {
            assert_eq!(found(store, &ids, keyword).await, wanted, "{keyword:?}");
        }
    }
    let odd =
        ["\u{fffe}", "\u{10ffff}", "\u{fdfa}", &"é".repeat(200), &"a'".repeat(100), &"👍".repeat(200), "'' \\' \\\\"];
    for keyword in odd {
        assert_eq!(found(store, &ids, keyword).await, [0; 0], "{keyword}");
    }
}

pub async fn only_what_the_public_sees_is_found_and_as_it_is_now(store: &Store) {
    let ids = posted(store, &["one bird", "two birds", "three birds"]).await;
    let hidden = Hidden { by: "ann".into(), at: at(7) };
    store.hide_quote(ids[0], Some(&hidden)).await.unwrap();
    store.hide_quote(ids[0], Some(&hidden)).await.unwrap();
    store.change_quote(ids[0], "one hidden bird", at(8)).await.unwrap();
    store.change_quote(ids[1], "two fish", at(8)).await.unwrap();
    assert!(store.delete_quote(ids[2]).await.unwrap());
    assert_eq!(found(store, &ids, "bird").await, [0; 0]);
    assert_eq!(found(store, &ids, "fish").await, [1]);
    store.hide_quote(ids[0], None).await.unwrap();
    store.hide_quote(ids[0], None).await.unwrap();
    assert_eq!(found(store, &ids, "hidden bird").await, [0]);
    store.hide_quote(ids[0], Some(&hidden)).await.unwrap();
    assert!(store.delete_quote(ids[0]).await.unwrap());
    assert_eq!(found(store, &ids, "bird").await, [0; 0]);
}

pub async fn an_apostrophe_within_a_word_is_one_whichever_it_is(store: &Store) {
    let ids = posted(store, &["Мʼята: чай", "Apple компʼютер", "O’Neill's \\ 'n: it"]).await;
    for (keyword, wanted) in
        [("м'ята", 0), ("ята", 0), ("чай", 0), (":", 0), ("apple", 1), ("ком", 1), ("комп’ютер", 1), ("ютер", 1)]
    {
        assert!(found(store, &ids, keyword).await.contains(&wanted), "{keyword}");
    }
    for keyword in ["oʼneill's", "neill", "\\", "'n", ":"] {
        assert!(found(store, &ids, keyword).await.contains(&2), "{keyword}");
    }
}

pub async fn what_was_undone_is_not_found(store: &Store) {
    let mut load = store.load_quotes().await.unwrap();
    load.add(&[quote("a lost bird")]).await.unwrap();
    drop(load);
    let ids = posted(store, &["a bird"]).await;
    assert_eq!(found(store, &ids, "bird").await, [0]);
    assert_eq!(found(store, &ids, "lost").await, [0; 0]);
}

pub async fn pages_follow_each_other_by_their_places(store: &Store) {
    let ids = posted(store, &["cat", "cats", "scat", "cat two", "cat three"]).await;
    store.upvote(ids[4], voter(1), true).await.unwrap();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = page(store, "cat", after, 2, Bounds::default()).await;
        seen.extend(page.places.iter().map(ToString::to_string));
        after = page.places.last().copied();
        if !page.more {
            break;
        }
    }
    let wanted = [(0, 1, 4), (0, 0, 0), (0, 0, 3), (1, 0, 1), (2, 0, 2)];
    let wanted = wanted.map(|(rank, upvotes, at): (u8, u8, usize)| format!("{rank}.{upvotes}.{}", ids[at]));
    assert_eq!(seen, wanted);
}

pub async fn of_what_is_too_common_the_best_liked_are_ranked(store: &Store) {
    let ids = posted(store, &["cats", "cat 1", "cats 2", "scat 3", "cat 4"]).await;
    for place in [2, 3] {
        store.upvote(ids[place], voter(1), true).await.unwrap();
    }
    let bounds = Bounds { few: 2, most: 4, liked: 3, first: 1 };
    let places = page(store, "cat", None, 9, bounds).await.places;
    assert_eq!(places.iter().map(|place| place.id).collect::<Vec<_>>(), [ids[2], ids[0], ids[3]]);
    let places = page(store, "cat", None, 9, Bounds { most: 5, ..bounds }).await.places;
    assert_eq!(places.len(), 5, "as many as may be are ranked");
}
