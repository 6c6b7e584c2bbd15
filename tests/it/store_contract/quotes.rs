//! Quotes: posted, listed, changed, liked, hidden, deleted and loaded.

use futures_util::future::join_all;
use hemicycle::domain::quote::{Hidden, NewQuote, Quote, QuoteId};
use hemicycle::store::Store;
use hemicycle::store::words::Order;

use crate::forge::{account, add_quotes, at, quote, user_id, voter};

async fn posted(store: &Store, texts: &[&str]) -> Vec<QuoteId> {
    let mut ids = Vec::new();
    for text in texts {
        ids.push(store.insert_quote(&quote(text)).await.unwrap().id);
    }
    ids
}

fn texts(quotes: &[Quote]) -> Vec<&str> {
    quotes.iter().map(|quote| quote.text.as_str()).collect()
}

fn hidden() -> Hidden {
    Hidden { by: "ann".into(), at: at(7) }
}

pub async fn a_quote_is_kept_as_it_was_posted(store: &Store) {
    store.insert_user(&account("Ann")).await.unwrap();
    let new = NewQuote { author: Some(user_id("ann")), text: "L'été\n\"\\%_".into(), made_at: at(5) };
    let made = store.insert_quote(&new).await.unwrap();
    assert_eq!((made.author.as_ref(), made.is_owned, made.made_at), (Some(&user_id("ann")), true, at(5)));
    assert_eq!((made.text.as_str(), made.upvotes, &made.hidden, made.edited_at), (new.text.as_str(), 0, &None, None));
    assert_eq!(store.quote(made.id).await.unwrap(), Some(made.clone()));
    let strangers = NewQuote { author: Some(user_id("bob")), ..new.clone() };
    let strangers = store.insert_quote(&strangers).await.unwrap();
    assert!(!strangers.is_owned && strangers.author == Some(user_id("bob")) && strangers.id > made.id);
    assert_eq!(store.quote(QuoteId::new(99).unwrap()).await.unwrap(), None);
}

pub async fn quotes_are_listed_by_age_and_by_upvotes_page_by_page(store: &Store) {
    let ids = posted(store, &["one", "two", "three", "four"]).await;
    for (of, id) in [(1, ids[1]), (2, ids[1]), (1, ids[3])] {
        store.upvote(id, voter(of), true).await.unwrap();
    }
    let listed = async |order| store.quotes(order, 2, false).await.unwrap();
    assert_eq!(texts(&listed(Order::After(None)).await), ["one", "two"]);
    assert_eq!(texts(&listed(Order::After(Some(ids[1]))).await), ["three", "four"]);
    assert_eq!(texts(&listed(Order::Newest(None)).await), ["four", "three"]);
    assert_eq!(texts(&listed(Order::Newest(Some(ids[2]))).await), ["two", "one"]);
    assert_eq!(texts(&listed(Order::Liked(None)).await), ["two", "four"]);
    assert_eq!(texts(&listed(Order::Liked(Some((1, ids[3])))).await), ["one", "three"]);
    assert_eq!(texts(&listed(Order::Liked(Some((0, ids[0])))).await), ["three"]);
    assert_eq!(texts(&store.quotes_of(&[ids[2], ids[0]], false).await.unwrap()), ["three", "one"]);
    assert_eq!(store.quote_count().await.unwrap(), 4);
}

pub async fn a_voter_likes_a_quote_once_however_often_they_say_so(store: &Store) {
    let ids = posted(store, &["one", "two"]).await;
    let votes = join_all((0..20).map(|_| store.upvote(ids[0], voter(1), true))).await;
    assert!(votes.into_iter().all(|likes| likes.unwrap() == Some(1)));
    assert_eq!(store.upvote(ids[0], voter(2), true).await.unwrap(), Some(2));
    let keys = [(ids[0], voter(1)), (ids[1], voter(1)), (ids[0], voter(3))];
    assert_eq!(store.upvoted(&keys).await.unwrap(), [ids[0]].into());
    assert_eq!(store.upvote(ids[0], voter(1), false).await.unwrap(), Some(1));
    assert_eq!(store.upvote(ids[0], voter(1), false).await.unwrap(), Some(1));
    assert_eq!(store.quote(ids[0]).await.unwrap().unwrap().upvotes, 1);
    assert_eq!(store.upvote(QuoteId::new(99).unwrap(), voter(1), true).await.unwrap(), None);
}

pub async fn a_hidden_quote_is_seen_by_those_who_ask_for_all_and_liked_by_nobody(store: &Store) {
    let ids = posted(store, &["one", "two"]).await;
    let now = store.hide_quote(ids[0], Some(&hidden())).await.unwrap().unwrap();
    assert_eq!(now.hidden, Some(hidden()));
    let again = Hidden { by: "bob".into(), at: at(9) };
    assert_eq!(store.hide_quote(ids[0], Some(&again)).await.unwrap().unwrap().hidden, Some(hidden()));
    assert_eq!(texts(&store.quotes(Order::After(None), 9, false).await.unwrap()), ["two"]);
    assert_eq!(texts(&store.quotes(Order::After(None), 9, true).await.unwrap()), ["one", "two"]);
    assert_eq!(texts(&store.quotes_of(&ids, false).await.unwrap()), ["two"]);
    assert_eq!(store.upvote(ids[0], voter(1), true).await.unwrap(), None);
    assert_eq!(store.quote_count().await.unwrap(), 1);
    assert_eq!(texts(&store.hidden_quotes(None, 9).await.unwrap()), ["one"]);
    assert_eq!(texts(&store.hidden_quotes(Some(ids[0]), 9).await.unwrap()), [""; 0], "before the first");
    assert_eq!(store.hide_quote(ids[0], None).await.unwrap().unwrap().hidden, None);
    assert_eq!(texts(&store.hidden_quotes(None, 9).await.unwrap()), [""; 0]);
    assert_eq!(store.upvote(ids[0], voter(1), true).await.unwrap(), Some(1));
    assert_eq!(store.hide_quote(QuoteId::new(99).unwrap(), None).await.unwrap(), None);
}

pub async fn whoever_likes_changes_hides_and_deletes_at_once_waits_for_nobody_forever(store: &Store) {
    for _ in 0..10 {
        let id = store.insert_quote(&quote("one")).await.unwrap().id;
        let likes = join_all((0..20).map(|of| store.upvote(id, voter(of), true)));
        let changes = join_all((0..4).map(|at_| store.change_quote(id, "two", at(at_))));
        let (by, deletion) = (hidden(), store.delete_quote(id));
        let (likes, changes, hiding, deletion) =
            tokio::join!(likes, changes, store.hide_quote(id, Some(&by)), deletion);
        assert!(likes.iter().all(Result::is_ok), "{likes:?}");
        assert!(changes.iter().all(Result::is_ok), "{changes:?}");
        assert!(hiding.is_ok() && deletion.unwrap(), "{hiding:?}");
        assert_eq!(store.quote(id).await.unwrap(), None);
    }
}

pub async fn a_changed_quote_says_so_and_a_deleted_one_is_gone(store: &Store) {
    let ids = posted(store, &["one", "two"]).await;
    let changed = store.change_quote(ids[0], "ONE", at(8)).await.unwrap().unwrap();
    assert_eq!((changed.text.as_str(), changed.edited_at), ("ONE", Some(at(8))));
    store.upvote(ids[0], voter(1), true).await.unwrap();
    assert!(store.delete_quote(ids[0]).await.unwrap());
    assert!(!store.delete_quote(ids[0]).await.unwrap());
    assert_eq!(store.change_quote(ids[0], "x", at(8)).await.unwrap(), None);
    let next = store.insert_quote(&quote("three")).await.unwrap();
    assert!(next.id > ids[1], "no number is used twice");
    assert!(store.delete_quote(next.id).await.unwrap());
    assert!(store.insert_quote(&quote("four")).await.unwrap().id > next.id);
}

pub async fn a_deleted_accounts_quotes_are_nobodys(store: &Store) {
    store.insert_user(&account("ann")).await.unwrap();
    let new = NewQuote { author: Some(user_id("ann")), ..quote("one") };
    let id = store.insert_quote(&new).await.unwrap().id;
    assert!(store.delete_user(&user_id("ann")).await.unwrap());
    store.insert_user(&account("ann")).await.unwrap();
    let left = store.quote(id).await.unwrap().unwrap();
    assert_eq!((left.author, left.is_owned), (None, false));
}

pub async fn many_quotes_are_added_in_order_all_or_none(store: &Store) {
    let many: Vec<NewQuote> = (0..2500).map(|number| quote(&format!("quote {number}"))).collect();
    add_quotes(store, &many).await.unwrap();
    assert_eq!(store.quote_count().await.unwrap(), 2500);
    let all = store.quotes(Order::After(None), 3000, false).await.unwrap();
    assert!(all.iter().zip(&many).all(|(kept, new)| kept.text == new.text));
    let mut load = store.load_quotes().await.unwrap();
    load.add(&many).await.unwrap();
    drop(load);
    let after = store.insert_quote(&quote("last")).await.unwrap();
    assert!(after.id > all[2499].id);
    assert_eq!(store.quote_count().await.unwrap(), 2501);
}

pub async fn quotes_are_loaded_once_whoever_races(store: &Store) {
    let attempts = (0..4).map(async |_| {
        let Some(mut load) = store.load_quotes_once(at(1)).await.unwrap() else { return false };
        load.add(&[quote("one"), quote("two")]).await.unwrap();
        load.commit().await.unwrap();
        true
    });
    assert_eq!(join_all(attempts).await.into_iter().filter(|loaded| *loaded).count(), 1);
    for kept in store.quotes(Order::After(None), 9, true).await.unwrap() {
        assert!(store.delete_quote(kept.id).await.unwrap());
    }
    assert!(store.load_quotes_once(at(2)).await.unwrap().is_none(), "not again, once they are deleted");
}

pub async fn quotes_are_not_loaded_where_there_are_some(store: &Store) {
    store.insert_quote(&quote("one")).await.unwrap();
    assert!(store.load_quotes_once(at(1)).await.unwrap().is_none());
    assert_eq!(store.quote_count().await.unwrap(), 1);
}
