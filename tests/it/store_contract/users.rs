//! Accounts: made, found, listed, changed, deleted, imported and loaded.

use futures_util::future::join_all;
use hemicycle::domain::poll::Poll;
use hemicycle::domain::user::{NewUser, User, UserChange, UserRole};
use hemicycle::store::{Store, StoreError};

use crate::forge::{account, at, held_by, open, secret, session, token, user_id};

/// The ids of all accounts in the store's order, read in pages of `limit`.
async fn ids(store: &Store, limit: u32) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    loop {
        let after = ids.last().map(|last| user_id(last));
        let page = store.users(after.as_ref(), limit).await.unwrap();
        if page.is_empty() {
            return ids;
        }
        assert!(page.len() <= limit as usize);
        ids.extend(page.iter().map(|user| user.id.to_string()));
    }
}

async fn with_users(store: &Store, ids: &[&str]) {
    for id in ids {
        store.insert_user(&account(id)).await.unwrap();
    }
}

fn accounts(ids: &[&str]) -> Vec<NewUser> {
    ids.iter().map(|id| account(id)).collect()
}

pub async fn an_account_is_found_in_capitals_or_not_and_as_it_was_chosen(store: &Store) {
    let ann = NewUser { user: User { role: UserRole::Admin, ..account("Ann").user }, ..account("Ann") };
    let bob = NewUser { password: None, ..account("bob@example.org") };
    store.insert_user(&ann).await.unwrap();
    store.insert_user(&bob).await.unwrap();
    for id in ["Ann", "ann", "ANN"] {
        let found = store.user(&user_id(id)).await.unwrap().unwrap();
        assert_eq!((found.id.as_str(), &found), ("Ann", &ann.user));
        let credentials = store.credentials(&user_id(id)).await.unwrap();
        assert_eq!(credentials, Some((ann.user.clone(), ann.password.clone())));
    }
    assert_eq!(store.credentials(&bob.user.id).await.unwrap(), Some((bob.user, None)));
    assert_eq!(store.user(&user_id("an")).await.unwrap(), None);
    assert_eq!(store.credentials(&user_id("anna")).await.unwrap(), None);
}

pub async fn an_id_in_use_is_taken_in_capitals_or_not(store: &Store) {
    with_users(store, &["Ann"]).await;
    for id in ["Ann", "ann", "aNN"] {
        let taken = NewUser { password: None, ..account(id) };
        assert!(matches!(store.insert_user(&taken).await, Err(StoreError::UserTaken)), "{id}");
    }
    let kept = store.credentials(&user_id("ann")).await.unwrap();
    assert_eq!(kept, Some((account("Ann").user, account("Ann").password)));
}

pub async fn accounts_are_listed_in_the_order_of_their_ids_by_page(store: &Store) {
    with_users(store, &["b", "A_b", "ab", "a.b", "a-b", "Aa", "a", "2", "10"]).await;
    let in_order = ["10", "2", "a", "a-b", "a.b", "A_b", "Aa", "ab", "b"];
    for limit in [1, 2, 9, 100] {
        assert_eq!(ids(store, limit).await, in_order, "in pages of {limit}");
    }
    let between = store.users(Some(&user_id("A.c")), 1).await.unwrap();
    assert_eq!(between[0], account("A_b").user, "nobody is called that, and the next is found all the same");
}

pub async fn an_accounts_polls_are_counted_in_capitals_or_not(store: &Store) {
    with_users(store, &["Ann", "anna", "bob"]).await;
    for (number, owner) in [(1, Some("Ann")), (2, Some("Ann")), (3, Some("anna")), (4, None)] {
        store.insert_poll(&Poll { owner: owner.map(user_id), ..open(number) }).await.unwrap();
    }
    let counted = async |id: &str| store.polls_of(&user_id(id)).await.unwrap();
    for (id, polls) in [("Ann", 2), ("ann", 2), ("ANN", 2), ("anna", 1), ("bob", 0), ("nobody", 0)] {
        assert_eq!(counted(id).await, polls, "{id}");
    }
    let first = store.poll(open(1).id).await.unwrap().unwrap();
    store.delete_poll(&first).await.unwrap();
    assert_eq!(counted("ann").await, 1);
    assert!(store.delete_user(&user_id("ANN")).await.unwrap());
    with_users(store, &["ann"]).await;
    assert_eq!(counted("ann").await, 0, "her polls were nobody's when she came again");
}

pub async fn a_change_leaves_what_it_does_not_name(store: &Store) {
    with_users(store, &["Ann", "bob"]).await;
    let User { id, made_at, .. } = account("Ann").user;
    let steps = [
        (UserChange { name: Some("Änn".into()), ..UserChange::default() }, ("Änn", UserRole::Member, "hashed for Ann")),
        (
            UserChange { role: Some(UserRole::Admin), ..UserChange::default() },
            ("Änn", UserRole::Admin, "hashed for Ann"),
        ),
        (UserChange { password: Some("new".into()), ..UserChange::default() }, ("Änn", UserRole::Admin, "new")),
        (UserChange::default(), ("Änn", UserRole::Admin, "new")),
    ];
    for (change, (name, role, password)) in steps {
        let changed = store.change_user(&user_id("ANN"), &change, None).await.unwrap().unwrap();
        assert_eq!(changed, User { id: id.clone(), name: name.into(), role, made_at });
        assert_eq!(changed.id.as_str(), "Ann");
        assert_eq!(store.credentials(&id).await.unwrap(), Some((changed, Some(password.into()))));
    }
    assert_eq!(store.change_user(&user_id("anna"), &UserChange::default(), None).await.unwrap(), None);
    assert_eq!(store.user(&user_id("bob")).await.unwrap(), Some(account("bob").user));
}

pub async fn another_password_ends_all_sessions_but_the_kept_one(store: &Store) {
    with_users(store, &["Ann", "bob"]).await;
    for (number, id) in [(1, "Ann"), (2, "ann"), (3, "Ann"), (4, "bob")] {
        store.begin_session(&session(number, held_by(id)), &secret(number), None).await.unwrap();
    }
    assert!(store.insert_token(&token(5, held_by("Ann")), &secret(5)).await.unwrap());
    let left = async || {
        let held = store.sessions(&held_by("Ann"), at(9)).await.unwrap();
        held.iter().map(|session| session.began_at.as_millisecond() - at(0).as_millisecond()).collect::<Vec<_>>()
    };
    let ann = user_id("ann");
    let new_name = UserChange { name: Some("Ann".into()), role: Some(UserRole::Admin), ..UserChange::default() };
    store.change_user(&ann, &new_name, None).await.unwrap().unwrap();
    assert_eq!(left().await, [3, 2, 1], "with another name or role nobody is signed out");
    let new_password = UserChange { password: Some("new".into()), ..UserChange::default() };
    store.change_user(&ann, &new_password, Some(&session(2, held_by("Ann")).id)).await.unwrap().unwrap();
    assert_eq!(left().await, [2]);
    store.change_user(&ann, &new_password, Some(&session(4, held_by("bob")).id)).await.unwrap().unwrap();
    assert_eq!(left().await, [] as [i64; 0]);
    assert!(store.session(&secret(4), at(9)).await.unwrap().is_some(), "another's session goes on");
    assert!(store.token(&secret(5), at(9)).await.unwrap().is_some(), "a token knows no password");
    store.change_user(&ann, &UserChange { end_tokens: true, ..new_name }, None).await.unwrap().unwrap();
    assert!(store.token(&secret(5), at(9)).await.unwrap().is_some(), "and ends with none");
    store.change_user(&ann, &UserChange { end_tokens: true, ..new_password }, None).await.unwrap().unwrap();
    assert!(store.token(&secret(5), at(9)).await.unwrap().is_none(), "unless it is to");
}

pub async fn a_deleted_account_takes_its_sessions_and_tokens_and_leaves_its_polls(store: &Store) {
    with_users(store, &["Ann", "bob"]).await;
    for (number, id) in [(1, "Ann"), (2, "bob")] {
        store.begin_session(&session(number, held_by(id)), &secret(number), None).await.unwrap();
        assert!(store.insert_token(&token(number, held_by(id)), &secret(number)).await.unwrap());
        store.insert_poll(&Poll { owner: Some(user_id(id)), ..open(number) }).await.unwrap();
    }
    let [anns, bobs] = [store.poll(open(1).id), store.poll(open(2).id)].map(async |poll| poll.await.unwrap().unwrap());
    let (anns, bobs) = (anns.await, bobs.await);
    assert!(store.delete_user(&user_id("ANN")).await.unwrap());
    assert!(!store.delete_user(&user_id("Ann")).await.unwrap());
    assert_eq!(store.user(&user_id("Ann")).await.unwrap(), None);
    let found = async |number| {
        let session = store.session(&secret(number), at(9)).await.unwrap().is_some();
        (session, store.token(&secret(number), at(9)).await.unwrap().is_some())
    };
    assert_eq!((found(1).await, found(2).await), ((false, false), (true, true)));
    assert_eq!(store.poll(anns.id).await.unwrap(), Some(Poll { owner: None, ..anns.clone() }));
    assert_eq!(store.poll(bobs.id).await.unwrap(), Some(bobs));
    // Whoever read the poll before may change it still, and it is not Ann's again, not even where she is.
    with_users(store, &["ann"]).await;
    let changed = store.update_poll(&Poll { title: "Which?".into(), ..anns.clone() }, at(9)).await.unwrap();
    assert_eq!((changed.owner.as_ref(), changed.title.as_str()), (None, "Which?"));
    assert_eq!(store.poll(anns.id).await.unwrap(), Some(changed.clone()));
    store.delete_poll(&changed).await.unwrap();
}

pub async fn an_import_passes_over_ids_in_use_or_adds_nothing_at_all(store: &Store) {
    with_users(store, &["Ann"]).await;
    let some_taken = accounts(&["bob", "ANN", "eve", "Bob"]);
    let added = store.insert_users(&some_taken, true).await.unwrap();
    assert!(added.contains(&false));
    assert_eq!(ids(store, 10).await, ["Ann"]);
    assert_eq!(store.insert_users(&some_taken, false).await.unwrap(), [true, false, true, false]);
    assert_eq!(ids(store, 10).await, ["Ann", "bob", "eve"]);
    assert_eq!(store.user(&user_id("bob")).await.unwrap().unwrap().name, "Name of bob", "the first of the two");
    assert_eq!(store.insert_users(&accounts(&["fay", "gus"]), true).await.unwrap(), [true, true]);
    assert_eq!(store.insert_users(&[], true).await.unwrap(), [] as [bool; 0]);
    assert_eq!(ids(store, 10).await, ["Ann", "bob", "eve", "fay", "gus"]);
}

pub async fn an_import_may_be_of_many(store: &Store) {
    with_users(store, &["user-1234"]).await;
    let many: Vec<NewUser> = (0..2500).map(|number| account(&format!("user-{number:04}"))).collect();
    let added = store.insert_users(&many, false).await.unwrap();
    assert_eq!(added.len(), many.len());
    assert_eq!(added.iter().position(|added| !added), Some(1234));
    assert_eq!(added.iter().filter(|added| **added).count(), 2499);
    assert_eq!(ids(store, 1000).await.len(), 2500);
    let (last, password) = store.credentials(&many[2499].user.id).await.unwrap().unwrap();
    assert_eq!((&last, &password), (&many[2499].user, &many[2499].password));
}

pub async fn accounts_are_loaded_once_whoever_races(store: &Store) {
    assert!(!store.were_users_loaded().await.unwrap());
    let files: Vec<_> = (0..8).map(|number| accounts(&[&format!("u{number}"), "ann"])).collect();
    let loaded = join_all(files.iter().map(|file| {
        let (store, file) = (store.clone(), file.clone());
        tokio::spawn(async move { store.load_users(&file, at(0)).await })
    }));
    let loaded: Vec<_> = loaded.await.into_iter().map(|loaded| loaded.unwrap().unwrap()).collect();
    let firsts: Vec<usize> = (0..8).filter(|number| loaded[*number].is_some()).collect();
    let [first] = firsts[..] else { panic!("{loaded:?}") };
    assert_eq!(loaded[first], Some(vec![true, true]));
    assert_eq!(ids(store, 10).await, ["ann".to_owned(), format!("u{first}")]);
    assert!(store.were_users_loaded().await.unwrap());
}

pub async fn accounts_that_were_deleted_are_not_loaded_again(store: &Store) {
    let file = accounts(&["ann", "ANN"]);
    assert_eq!(store.load_users(&file, at(0)).await.unwrap(), Some(vec![true, false]));
    assert!(store.delete_user(&user_id("ann")).await.unwrap());
    assert_eq!(store.load_users(&file, at(1)).await.unwrap(), None);
    assert_eq!(ids(store, 10).await, [] as [&str; 0]);
}

pub async fn accounts_are_not_loaded_where_there_are_some_nor_later(store: &Store) {
    with_users(store, &["bob"]).await;
    assert_eq!(store.load_users(&accounts(&["ann"]), at(0)).await.unwrap(), None);
    assert!(store.were_users_loaded().await.unwrap());
    assert!(store.delete_user(&user_id("bob")).await.unwrap());
    assert_eq!(store.load_users(&accounts(&["ann"]), at(1)).await.unwrap(), None);
    assert_eq!(ids(store, 10).await, [] as [&str; 0]);
}
