//! Sessions and API tokens: found by their secrets, listed, ended, bounded.

use hemicycle::domain::credential::{Holder, Session, Shown, Token};
use hemicycle::domain::user::{UserChange, UserRole};
use hemicycle::store::{Store, StoreError};

use crate::forge::{account, at, held_by, secret, session, token, user_id};

const HOUR: i64 = 3_600_000;

async fn begun(store: &Store, number: u64, holder: Holder) -> Session {
    let session = session(number, holder);
    store.begin_session(&session, &secret(number), None).await.unwrap();
    session
}

async fn with_users(store: &Store) {
    for id in ["Ann", "bob"] {
        store.insert_user(&account(id)).await.unwrap();
    }
}

pub async fn a_session_is_found_by_its_secret_until_its_end(store: &Store) {
    with_users(store).await;
    let begun = begun(store, 1, held_by("Ann")).await;
    let shown = Shown { credential: begun.clone(), role: UserRole::Member, name: "Name of Ann".into() };
    assert_eq!(store.session(&secret(1), at(1)).await.unwrap(), Some(shown.clone()));
    assert_eq!(store.session(&secret(1), at(HOUR)).await.unwrap(), Some(shown));
    assert_eq!(store.session(&secret(1), at(HOUR + 1)).await.unwrap(), None);
    assert_eq!(store.session(&secret(2), at(1)).await.unwrap(), None);
    assert_eq!(store.token(&secret(1), at(1)).await.unwrap(), None, "a session is no token");
    assert_eq!(store.sessions(&begun.holder, at(HOUR + 1)).await.unwrap(), []);
}

pub async fn a_session_begins_only_with_the_password_that_is_the_accounts_then(store: &Store) {
    with_users(store).await;
    let change = UserChange { password: Some("the new one".into()), ..UserChange::default() };
    store.change_user(&user_id("Ann"), &change, None).await.unwrap().unwrap();
    let begin = async |number, of, password| {
        store.begin_session(&session(number, held_by(of)), &secret(number), Some(password)).await.unwrap()
    };
    assert!(!begin(1, "Ann", "the old one").await);
    assert!(begin(2, "aNN", "the new one").await);
    assert!(!begin(3, "bob", "the new one").await);
    assert!(!begin(4, "nobody", "the new one").await);
    let found = async |number| store.session(&secret(number), at(1)).await.unwrap().is_some();
    assert_eq!((found(1).await, found(2).await, found(3).await), (false, true, false));
}

pub async fn a_session_shows_what_its_account_is_now(store: &Store) {
    with_users(store).await;
    begun(store, 1, held_by("ANN")).await;
    assert!(store.insert_token(&token(1, held_by("ANN")), &secret(1)).await.unwrap());
    let change = UserChange { name: Some("Änn".into()), role: Some(UserRole::Admin), ..UserChange::default() };
    store.change_user(&user_id("Ann"), &change, None).await.unwrap().unwrap();
    let session = store.session(&secret(1), at(1)).await.unwrap().unwrap();
    let id = session.credential.holder.user().map(|id| id.as_str().to_owned());
    assert_eq!((session.role, session.name, id), (UserRole::Admin, "Änn".into(), Some("Ann".into())));
    let token = store.token(&secret(1), at(1)).await.unwrap().unwrap();
    let id = token.credential.holder.user().map(|id| id.as_str().to_owned());
    assert_eq!((token.role, token.name, id), (UserRole::Admin, "Änn".into(), Some("Ann".into())));
}

pub async fn nobody_holds_what_is_of_no_account(store: &Store) {
    let refused = store.begin_session(&session(1, held_by("Ann")), &secret(1), None).await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    let refused = store.insert_token(&token(1, held_by("Ann")), &secret(1)).await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
}

pub async fn sessions_are_listed_by_holder_the_newest_first(store: &Store) {
    with_users(store).await;
    let [first, third] = [begun(store, 1, held_by("Ann")).await, begun(store, 3, held_by("Ann")).await];
    let second = begun(store, 2, held_by("bob")).await;
    for id in ["Ann", "aNN"] {
        assert_eq!(store.sessions(&held_by(id), at(3)).await.unwrap(), [third.clone(), first.clone()], "{id}");
    }
    assert_eq!(store.sessions(&held_by("bob"), at(3)).await.unwrap(), [second]);
    assert_eq!(store.sessions(&held_by("Ann"), at(HOUR + 1)).await.unwrap(), [third], "the first is over");
    assert_eq!(store.sessions(&Holder::Key([1; 16]), at(3)).await.unwrap(), []);
}

pub async fn a_session_is_seen_later_and_never_earlier(store: &Store) {
    let begun = begun(store, 5, Holder::Key([1; 16])).await;
    for (seen, expected) in [(9, 9), (7, 9), (11, 11)] {
        store.see_session(&begun.id, at(seen)).await.unwrap();
        let shown = store.session(&secret(5), at(9)).await.unwrap().unwrap();
        assert_eq!(shown.credential, Session { seen_at: at(expected), ..begun.clone() });
    }
    store.see_session("none of this name", at(1)).await.unwrap();
}

pub async fn of_too_many_sessions_the_oldest_end(store: &Store) {
    with_users(store).await;
    for (holder, others) in [(held_by("Ann"), held_by("bob")), (Holder::Key([1; 16]), Holder::Key([2; 16]))] {
        let other = begun(store, 1000, others.clone()).await;
        for number in 1..=102 {
            begun(store, number, holder.clone()).await;
        }
        let kept: Vec<_> = store.sessions(&holder, at(200)).await.unwrap();
        let expected: Vec<_> = (3..=102).rev().map(|number| session(number, holder.clone())).collect();
        assert_eq!(kept, expected);
        // A clock that is behind.
        let late = begun(store, 0, holder.clone()).await;
        let kept = store.sessions(&holder, at(200)).await.unwrap();
        assert_eq!((kept.len(), kept.last()), (100, Some(&late)), "the newest is never the one that ends");
        assert_eq!(store.sessions(&others, at(200)).await.unwrap(), std::slice::from_ref(&other), "another's stay");
        store.end_session(&others, &other.id).await.unwrap();
        store.end_other_sessions(&holder, "").await.unwrap();
    }
}

pub async fn sessions_that_are_over_are_swept_away(store: &Store) {
    with_users(store).await;
    begun(store, 1, held_by("Ann")).await;
    begun(store, 2, held_by("Ann")).await;
    let later = Session { began_at: at(HOUR + 1), ..session(3, held_by("bob")) };
    store.begin_session(&later, &secret(3), None).await.unwrap();
    // As of a time when both were not over.
    assert_eq!(store.session(&secret(1), at(1)).await.unwrap(), None);
    assert!(store.session(&secret(2), at(1)).await.unwrap().is_some());
}

pub async fn sessions_of_the_admin_key_are_told_apart_by_its_mark(store: &Store) {
    let [old, new] = [Holder::Key([1; 16]), Holder::Key([2; 16])];
    let (first, second) = (begun(store, 1, old.clone()).await, begun(store, 2, new.clone()).await);
    let shown = store.session(&secret(1), at(2)).await.unwrap();
    assert_eq!(shown, Some(Shown { credential: first.clone(), role: UserRole::Admin, name: String::new() }));
    assert_eq!(store.sessions(&old, at(2)).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(store.sessions(&new, at(2)).await.unwrap(), std::slice::from_ref(&second));
    assert!(!store.end_session(&new, &first.id).await.unwrap());
    assert!(!store.end_other_sessions(&new, &second.id).await.unwrap());
    assert!(store.end_session(&old, &first.id).await.unwrap());
    assert_eq!(store.session(&secret(1), at(2)).await.unwrap(), None);
    assert!(store.session(&secret(2), at(2)).await.unwrap().is_some());
}

pub async fn a_holder_ends_their_own_sessions_and_no_others(store: &Store) {
    with_users(store).await;
    for number in 1..=3 {
        begun(store, number, held_by("Ann")).await;
    }
    let (bobs, keys) = (begun(store, 4, held_by("bob")).await, begun(store, 5, Holder::Key([1; 16])).await);
    let ann = held_by("ANN");
    for other in [&bobs.id, &keys.id, "none of this name"] {
        assert!(!store.end_session(&ann, other).await.unwrap(), "{other}");
    }
    assert!(store.end_session(&ann, &session(3, ann.clone()).id).await.unwrap());
    assert!(!store.end_session(&ann, &session(3, ann.clone()).id).await.unwrap());
    let kept = session(1, ann.clone());
    assert!(store.end_other_sessions(&ann, &kept.id).await.unwrap());
    assert!(!store.end_other_sessions(&ann, &kept.id).await.unwrap(), "there is no other");
    assert_eq!(store.sessions(&ann, at(9)).await.unwrap(), [kept]);
    assert_eq!(store.sessions(&bobs.holder, at(9)).await.unwrap(), [bobs]);
    assert_eq!(store.sessions(&keys.holder, at(9)).await.unwrap(), [keys]);
}

pub async fn a_token_is_found_by_its_secret_until_its_end(store: &Store) {
    with_users(store).await;
    let new = token(1, held_by("Ann"));
    assert!(store.insert_token(&new, &secret(1)).await.unwrap());
    let shown = Shown { credential: new.clone(), role: UserRole::Member, name: "Name of Ann".into() };
    assert_eq!(store.token(&secret(1), at(HOUR)).await.unwrap(), Some(shown));
    assert_eq!(store.token(&secret(1), at(HOUR + 1)).await.unwrap(), None);
    assert_eq!(store.token(&secret(2), at(1)).await.unwrap(), None);
    assert_eq!(store.session(&secret(1), at(1)).await.unwrap(), None, "a token is no session");
    for (seen, expected) in [(5, 5), (3, 5), (8, 8)] {
        store.see_token(&new.id, at(seen)).await.unwrap();
        let shown = store.token(&secret(1), at(9)).await.unwrap().unwrap();
        assert_eq!(shown.credential, Token { seen_at: Some(at(expected)), ..new.clone() });
    }
}

pub async fn a_holder_lists_and_deletes_their_own_tokens_and_no_others(store: &Store) {
    with_users(store).await;
    let holders = [held_by("Ann"), held_by("Ann"), held_by("bob"), Holder::Key([1; 16]), Holder::Key([2; 16])];
    let tokens: Vec<_> = (1..).zip(holders).map(|(number, holder)| token(number, holder)).collect();
    for (number, token) in (1..).zip(&tokens) {
        assert!(store.insert_token(token, &secret(number)).await.unwrap());
    }
    assert_eq!(store.tokens(&held_by("ann"), at(9)).await.unwrap(), [tokens[1].clone(), tokens[0].clone()]);
    assert_eq!(store.tokens(&held_by("ann"), at(HOUR + 1)).await.unwrap(), [tokens[1].clone()], "the first is over");
    assert_eq!(store.tokens(&Holder::Key([1; 16]), at(9)).await.unwrap(), [tokens[3].clone()]);
    let shown = store.token(&secret(4), at(9)).await.unwrap();
    assert_eq!(shown, Some(Shown { credential: tokens[3].clone(), role: UserRole::Admin, name: String::new() }));
    for others in &tokens[2..] {
        assert!(!store.delete_token(&held_by("Ann"), &others.id).await.unwrap(), "{others:?}");
    }
    assert!(!store.delete_token(&tokens[4].holder, &tokens[3].id).await.unwrap(), "another key's");
    assert!(store.delete_token(&held_by("ANN"), &tokens[0].id).await.unwrap());
    assert!(!store.delete_token(&held_by("ANN"), &tokens[0].id).await.unwrap());
    assert_eq!(store.token(&secret(1), at(9)).await.unwrap(), None);
    assert!(store.token(&secret(2), at(9)).await.unwrap().is_some());
}

pub async fn a_holder_has_a_hundred_tokens_and_no_more(store: &Store) {
    with_users(store).await;
    let ann = held_by("Ann");
    for number in 1..=100 {
        assert!(store.insert_token(&token(number, ann.clone()), &secret(number)).await.unwrap(), "{number}");
    }
    assert!(!store.insert_token(&token(101, held_by("ANN")), &secret(101)).await.unwrap());
    assert_eq!(store.token(&secret(101), at(101)).await.unwrap(), None);
    assert!(store.insert_token(&token(102, held_by("bob")), &secret(102)).await.unwrap(), "another has room");
    assert!(store.insert_token(&token(103, Holder::Key([1; 16])), &secret(103)).await.unwrap(), "another has room");
    assert!(store.delete_token(&ann, &token(50, ann.clone()).id).await.unwrap());
    assert!(store.insert_token(&token(104, ann.clone()), &secret(104)).await.unwrap(), "there is room again");
    let later = Token { made_at: at(HOUR + 2), ..token(105, ann.clone()) };
    assert!(store.insert_token(&later, &secret(105)).await.unwrap(), "those that are over take no room");
    assert_eq!(store.tokens(&ann, at(2)).await.unwrap().len(), 99, "1 and 2 were over, and are swept away");
}
