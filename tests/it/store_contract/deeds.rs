//! The audit trail: what was changed is on it, and nothing else.

use hemicycle::domain::credential::Holder;
use hemicycle::domain::deed::Deed;
use hemicycle::domain::poll::Poll;
use hemicycle::domain::user::UserChange;
use hemicycle::store::{Store, StoreError};

use crate::forge::{account, at, codes, deed, held_by, invitation, open, poll_id, secret, session, token, user_id};

/// What is on record, the oldest first.
async fn trail(store: &Store) -> Vec<String> {
    let deeds = store.deeds(None, 100).await.unwrap();
    deeds.into_iter().rev().map(|recorded| recorded.deed.what).collect()
}

pub async fn deeds_are_listed_newest_first_by_page(store: &Store) {
    assert_eq!(store.deeds(None, 10).await.unwrap(), []);
    let done = |number: i64| Deed {
        at: at(number),
        who: "Änn".into(),
        what: format!("user.add {number}"),
        subject: if number == 0 { String::new() } else { format!("u{number}") },
    };
    for number in 0..5 {
        store.on_record(done(number)).insert_user(&account(&format!("u{number}"))).await.unwrap();
    }
    let first = store.deeds(None, 2).await.unwrap();
    let second = store.deeds(Some(first[1].id), 2).await.unwrap();
    let third = store.deeds(Some(second[1].id), 2).await.unwrap();
    let listed: Vec<_> = [&first[..], &second, &third].concat();
    assert!(listed.is_sorted_by(|newer, older| newer.id > older.id), "{listed:?}");
    assert_eq!(listed.into_iter().map(|recorded| recorded.deed).collect::<Vec<_>>(), [4, 3, 2, 1, 0].map(done));
    assert_eq!(store.deeds(Some(third[0].id), 2).await.unwrap(), []);
}

pub async fn what_is_done_to_polls_is_on_record_and_what_is_refused_is_not(store: &Store) {
    let poll = open(1);
    store.insert_poll(&open(2)).await.unwrap();
    store.on_record(deed("add")).insert_poll(&poll).await.unwrap();
    let taken = store.on_record(deed("taken")).insert_poll(&Poll { id: poll_id(3), ..poll.clone() }).await;
    assert!(matches!(taken, Err(StoreError::NameTaken)), "{taken:?}");
    let ownerless = Poll { owner: Some(user_id("nobody")), ..open(4) };
    let refused = store.on_record(deed("refused")).insert_poll(&ownerless).await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    let wanted = Poll { title: "Which?".into(), ..poll.clone() };
    let changed = store.on_record(deed("change")).update_poll(&wanted, at(1)).await.unwrap();
    let late = store.on_record(deed("late")).update_poll(&wanted, at(1)).await;
    assert!(matches!(late, Err(StoreError::Changed)), "{late:?}");
    let late = store.on_record(deed("late")).delete_poll(&poll).await;
    assert!(matches!(late, Err(StoreError::Changed)), "{late:?}");
    store.on_record(deed("delete")).delete_poll(&changed).await.unwrap();
    let gone = store.on_record(deed("gone")).delete_poll(&changed).await;
    assert!(matches!(gone, Err(StoreError::Changed)), "{gone:?}");
    assert_eq!(trail(store).await, ["add", "change", "delete"]);
}

pub async fn what_is_done_to_accounts_is_on_record_and_what_is_refused_is_not(store: &Store) {
    let recording = |what| store.on_record(deed(what));
    let (ann, bob) = ([account("Ann")], [account("ann"), account("bob")]);
    recording("load").load_users(&ann, at(0)).await.unwrap().unwrap();
    assert_eq!(recording("again").load_users(&bob, at(0)).await.unwrap(), None);
    assert!(matches!(recording("taken").insert_user(&ann[0]).await, Err(StoreError::UserTaken)));
    recording("taken").insert_users(&ann, false).await.unwrap();
    recording("taken").insert_users(&bob, true).await.unwrap();
    recording("import").insert_users(&bob, false).await.unwrap();
    let change = UserChange { password: Some("new".into()), ..UserChange::default() };
    recording("change").change_user(&user_id("ann"), &change, None).await.unwrap().unwrap();
    assert_eq!(recording("nobody").change_user(&user_id("eve"), &change, None).await.unwrap(), None);
    assert!(recording("delete").delete_user(&user_id("ann")).await.unwrap());
    assert!(!recording("nobody").delete_user(&user_id("ann")).await.unwrap());
    recording("add").insert_user(&ann[0]).await.unwrap();
    assert_eq!(trail(store).await, ["load", "import", "change", "delete", "add"]);
}

pub async fn a_file_that_is_not_loaded_is_not_on_record(store: &Store) {
    store.insert_user(&account("Ann")).await.unwrap();
    assert_eq!(store.on_record(deed("load")).load_users(&[account("bob")], at(0)).await.unwrap(), None);
    assert_eq!(trail(store).await, [] as [&str; 0]);
}

pub async fn what_is_done_to_sessions_and_tokens_is_on_record_and_what_is_refused_is_not(store: &Store) {
    let recording = |what| store.on_record(deed(what));
    let key = Holder::Key([1; 16]);
    recording("begin").begin_session(&session(1, key.clone()), &secret(1), None).await.unwrap();
    store.begin_session(&session(2, key.clone()), &secret(2), None).await.unwrap();
    let refused = recording("refused").begin_session(&session(3, held_by("Ann")), &secret(3), None).await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    recording("see").see_session(&session(1, key.clone()).id, at(9)).await.unwrap();
    assert!(recording("end others").end_other_sessions(&key, &session(1, key.clone()).id).await.unwrap());
    assert!(!recording("no others").end_other_sessions(&key, &session(1, key.clone()).id).await.unwrap());
    assert!(recording("end").end_session(&key, &session(1, key.clone()).id).await.unwrap());
    assert!(!recording("none").end_session(&key, &session(1, key.clone()).id).await.unwrap());
    assert!(recording("add token").insert_token(&token(1, key.clone()), &secret(1)).await.unwrap());
    recording("see").see_token(&token(1, key.clone()).id, at(9)).await.unwrap();
    for number in 2..=100 {
        assert!(store.insert_token(&token(number, key.clone()), &secret(number)).await.unwrap());
    }
    assert!(!recording("too many").insert_token(&token(101, key.clone()), &secret(101)).await.unwrap());
    assert!(recording("delete token").delete_token(&key, &token(1, key.clone()).id).await.unwrap());
    assert!(!recording("none").delete_token(&key, &token(1, key.clone()).id).await.unwrap());
    assert_eq!(trail(store).await, ["begin", "end others", "end", "add token", "delete token"]);
}

pub async fn what_is_done_to_invitations_is_on_record_and_what_is_refused_is_not(store: &Store) {
    let recording = |what| store.on_record(deed(what));
    store.insert_user(&account("Ann")).await.unwrap();
    recording("invite").insert_invitation(&invitation(1), &secret(1)).await.unwrap();
    let taken = recording("taken").accept_invitation(&secret(1), &account("Ann")).await;
    assert!(matches!(taken, Err(StoreError::UserTaken)), "{taken:?}");
    recording("accept").accept_invitation(&secret(1), &account("bob")).await.unwrap().unwrap();
    assert_eq!(recording("used").accept_invitation(&secret(1), &account("eve")).await.unwrap(), None);
    assert!(!recording("used").delete_invitation(&invitation(1).id).await.unwrap());
    store.insert_invitation(&invitation(2), &secret(2)).await.unwrap();
    assert!(recording("take back").delete_invitation(&invitation(2).id).await.unwrap());
    assert_eq!(trail(store).await, ["invite", "accept", "take back"]);
}

pub async fn a_batch_of_codes_is_on_record_once_it_is_complete_and_when_it_is_void(store: &Store) {
    store.insert_poll(&open(1)).await.unwrap();
    let (id, recording) = (poll_id(1), |what| store.on_record(deed(what)));
    let number = recording("begin").begin_batch(id, 3, at(0)).await.unwrap();
    recording("codes").add_codes(id, number, &codes(0..3)).await.unwrap();
    assert_eq!(trail(store).await, [] as [&str; 0]);
    assert!(recording("complete").complete_batch(id, number).await.unwrap());
    assert!(!recording("again").complete_batch(id, number).await.unwrap());
    assert!(recording("void").void_batch(id, number).await.unwrap());
    assert!(!recording("again").void_batch(id, number).await.unwrap());
    while recording("sweep").sweep_codes(at(0)).await.unwrap() {}
    assert_eq!(trail(store).await, ["complete", "void"]);
}
