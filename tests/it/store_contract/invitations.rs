//! Invitations: each makes one account, as what it says.

use futures_util::future::join_all;
use hemicycle::domain::credential::Invitation;
use hemicycle::domain::user::{NewUser, User, UserRole};
use hemicycle::store::{Store, StoreError};

use crate::forge::{account, at, invitation, secret, user_id};

const HOUR: i64 = 3_600_000;

async fn invited(store: &Store, number: u64) -> Invitation {
    let invitation = invitation(number);
    store.insert_invitation(&invitation, &secret(number)).await.unwrap();
    invitation
}

pub async fn invitations_are_found_and_listed_until_they_are_over(store: &Store) {
    let (first, second) = (invited(store, 1).await, invited(store, 2).await);
    assert_eq!(store.invitation(&secret(1), at(HOUR)).await.unwrap(), Some(first.clone()));
    assert_eq!(store.invitation(&secret(1), at(HOUR + 1)).await.unwrap(), None);
    assert_eq!(store.invitation(&secret(3), at(2)).await.unwrap(), None);
    assert_eq!(store.invitations(at(2)).await.unwrap(), [second.clone(), first]);
    assert_eq!(store.invitations(at(HOUR + 1)).await.unwrap(), [second]);
}

pub async fn an_invitation_makes_an_account_as_what_it_says(store: &Store) {
    invited(store, 1).await;
    let hopeful = NewUser { user: User { role: UserRole::Admin, ..account("Ann").user }, ..account("Ann") };
    let made = store.accept_invitation(&secret(1), &hopeful).await.unwrap().unwrap();
    assert_eq!(made, User { role: UserRole::Organiser, ..hopeful.user });
    assert_eq!(store.credentials(&user_id("ann")).await.unwrap(), Some((made, hopeful.password)));
    assert_eq!(store.invitations(at(0)).await.unwrap(), [], "it is used up");
    assert_eq!(store.accept_invitation(&secret(1), &account("bob")).await.unwrap(), None);
    assert_eq!(store.user(&user_id("bob")).await.unwrap(), None);
}

pub async fn an_invitation_is_used_once_however_many_race(store: &Store) {
    invited(store, 1).await;
    let accepted = join_all((0..8).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.accept_invitation(&secret(1), &account(&format!("u{number}"))).await })
    }));
    let accepted: Vec<_> = accepted.await.into_iter().map(|accepted| accepted.unwrap().unwrap()).collect();
    let made: Vec<User> = accepted.into_iter().flatten().collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(store.users(None, 10).await.unwrap(), made);
}

pub async fn an_id_in_use_leaves_the_invitation(store: &Store) {
    let invitation = invited(store, 1).await;
    store.insert_user(&account("Ann")).await.unwrap();
    let taken = store.accept_invitation(&secret(1), &account("ann")).await;
    assert!(matches!(taken, Err(StoreError::UserTaken)), "{taken:?}");
    assert_eq!(store.invitation(&secret(1), at(1)).await.unwrap(), Some(invitation));
    assert!(store.accept_invitation(&secret(1), &account("bob")).await.unwrap().is_some());
}

pub async fn an_invitation_that_is_over_or_taken_back_makes_nobody(store: &Store) {
    let (first, second) = (invited(store, 1).await, invited(store, 2).await);
    let late = NewUser { user: User { made_at: at(HOUR + 1), ..account("Ann").user }, ..account("Ann") };
    assert_eq!(store.accept_invitation(&secret(1), &late).await.unwrap(), None);
    assert!(store.delete_invitation(&second.id).await.unwrap());
    assert!(!store.delete_invitation(&second.id).await.unwrap());
    assert_eq!(store.accept_invitation(&secret(2), &account("Ann")).await.unwrap(), None);
    assert_eq!(store.users(None, 10).await.unwrap(), []);
    assert_eq!(store.invitations(at(0)).await.unwrap(), [first]);
}
