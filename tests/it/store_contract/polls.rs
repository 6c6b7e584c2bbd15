//! Polls: kept, found, changed, deleted.

use hemicycle::domain::names::{JoinCode, Slug};
use hemicycle::domain::poll::{OneVotePer, Poll, Status, Versions, Visibility};
use hemicycle::store::{Store, StoreError};

use crate::forge::{account, at, code, draft, open, poll_id, user_id};

pub async fn a_poll_is_found_by_id_slug_and_join_code_in_any_case(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    assert_eq!(store.poll(poll.id).await.unwrap(), Some(poll.clone()));
    let code = poll.code.as_str();
    for name in ["poll-1", code, &code.to_lowercase(), &format!("{}-{}", &code[..3], &code[3..])] {
        assert_eq!(store.poll_named(name).await.unwrap(), Some(poll.clone()), "{name}");
    }
    assert_eq!(store.poll_named("poll-2").await.unwrap(), None);
    assert_eq!(store.poll(poll_id(2)).await.unwrap(), None);
}

pub async fn a_slug_or_code_in_use_is_taken_as_either(store: &Store) {
    let named_like =
        |slug: &str, code: JoinCode, number| Poll { slug: Slug::parse(slug).unwrap(), code, ..draft(number) };
    store.insert_poll(&named_like("tea", code(1), 1)).await.unwrap();
    let first_code = code(1).as_str().to_lowercase();
    let slug_like_code = Slug::parse(&first_code).unwrap();
    let code_like_slug = Poll { slug: Slug::parse("bbbbbb").unwrap(), ..draft(5) };
    store.insert_poll(&code_like_slug).await.unwrap();
    let dashed = format!("{}-{}", &first_code[..3], &first_code[3..]);
    store.insert_poll(&named_like("ccc-ccc", code(7), 7)).await.unwrap();
    for taken in [
        named_like("tea", code(2), 2),
        named_like("coffee", code(1), 3),
        Poll { slug: slug_like_code, ..draft(4) },
        named_like("milk", JoinCode::parse("BBBBBB").unwrap(), 6),
        // A code may be typed with dashes.
        named_like(&dashed, code(8), 8),
        named_like("water", JoinCode::parse("CCCCCC").unwrap(), 9),
    ] {
        let refused = store.insert_poll(&taken).await.unwrap_err();
        assert!(matches!(refused, StoreError::NameTaken), "{} {}: {refused:?}", taken.slug, taken.code);
    }
    assert_eq!(store.polls().await.unwrap().len(), 3, "nothing of a refused poll is kept");
    store.insert_poll(&named_like("coffee", code(2), 2)).await.unwrap();
}

pub async fn the_default_poll_is_listed_first_then_the_newest(store: &Store) {
    let made = |number, millis| Poll { created_at: at(millis), ..draft(number) };
    store.insert_poll(&Poll { is_default: true, ..made(1, 1) }).await.unwrap();
    store.insert_poll(&made(2, 2)).await.unwrap();
    store.insert_poll(&made(3, 3)).await.unwrap();
    let listed: Vec<_> = store.polls().await.unwrap().iter().map(|poll| poll.id).collect();
    assert_eq!(listed, [poll_id(1), poll_id(3), poll_id(2)]);
}

pub async fn a_change_counts_up_and_one_made_on_old_knowledge_is_refused(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    let wanted = Poll { title: "Which?".into(), ..poll.clone() };
    let changed = store.update_poll(&wanted, at(1)).await.unwrap();
    assert_eq!(changed.versions, Versions { shown: 2, text: 2, revision: 2 });
    assert_eq!(store.poll(poll.id).await.unwrap(), Some(changed.clone()));
    let late = store.update_poll(&Poll { title: "Late".into(), ..poll.clone() }, at(2)).await;
    assert!(matches!(late, Err(StoreError::Changed)), "{late:?}");
    let absent = store.update_poll(&open(2), at(2)).await;
    assert!(matches!(absent, Err(StoreError::Changed)), "{absent:?}");
    assert_eq!(store.poll(poll.id).await.unwrap(), Some(changed));
}

pub async fn every_field_of_a_poll_survives(store: &Store) {
    let poll = Poll {
        title: "Ünïcode \u{1f5f3} 'quoted' \"twice\"; --".into(),
        labels: vec!["a,b".into(), "[\"x\"]".into()],
        opens_at: Some(at(5000)),
        closes_at: Some(at(9000)),
        allow_change: false,
        results: Visibility::AfterClose,
        is_default: true,
        owner: Some(user_id("Ann")),
        one_vote_per: OneVotePer::Code,
        ..draft(1)
    };
    store.insert_user(&account("Ann")).await.unwrap();
    store.insert_poll(&poll).await.unwrap();
    assert_eq!(store.poll(poll.id).await.unwrap(), Some(poll.clone()));
    let rules = [OneVotePer::Browser, OneVotePer::Account, OneVotePer::Code];
    for (number, one_vote_per) in (2..).zip(rules) {
        store.insert_poll(&Poll { one_vote_per, ..draft(number) }).await.unwrap();
        let kept = store.poll(poll_id(number)).await.unwrap().unwrap();
        assert_eq!((kept.one_vote_per, kept.owner), (one_vote_per, None));
    }
    let wanted = Poll {
        status: Status::Closed,
        generation: 3,
        opens_at: None,
        closes_at: Some(at(1)),
        results: Visibility::Hidden,
        is_final: true,
        labels: vec!["x".into(), "y".into(), "z".into()],
        ..poll.clone()
    };
    let changed = store.update_poll(&wanted, at(2)).await.unwrap();
    assert_eq!(Poll { versions: poll.versions, ..changed.clone() }, wanted);
    assert_eq!(store.poll(poll.id).await.unwrap(), Some(changed));
}

pub async fn a_deleted_poll_is_gone_and_only_the_newest_revision_deletes(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    let changed = store.update_poll(&Poll { title: "Which?".into(), ..poll.clone() }, at(1)).await.unwrap();
    assert!(matches!(store.delete_poll(&poll).await, Err(StoreError::Changed)));
    assert_eq!(store.poll(poll.id).await.unwrap(), Some(changed.clone()));
    store.delete_poll(&changed).await.unwrap();
    assert_eq!(store.poll(poll.id).await.unwrap(), None);
    assert_eq!(store.snapshot(poll.id, at(2)).await.unwrap(), None);
    assert!(matches!(store.delete_poll(&changed).await, Err(StoreError::Changed)));
    store.insert_poll(&Poll { id: poll_id(2), ..poll }).await.unwrap();
}

pub async fn a_poll_is_unsettled_until_it_is_final(store: &Store) {
    let scheduled = Poll { opens_at: Some(at(1000)), ..draft(1) };
    let closing = Poll { status: Status::Closed, ..draft(3) };
    let settled = Poll { status: Status::Closed, is_final: true, ..draft(4) };
    // A draft may have had a gate that is still open: it was scheduled, or open before a reset.
    for poll in [&scheduled, &open(2), &closing, &settled, &draft(5)] {
        store.insert_poll(poll).await.unwrap();
    }
    let unsettled: Vec<_> = store.unsettled_polls().await.unwrap().iter().map(|poll| poll.id.get()).collect();
    assert_eq!(unsettled, [1, 2, 3, 5]);
}

pub async fn results_are_hidden_while_an_opened_poll_says_so(store: &Store) {
    let hidden = Poll { results: Visibility::Hidden, ..draft(1) };
    let until_final = Poll { results: Visibility::AfterClose, ..open(2) };
    store.insert_poll(&hidden).await.unwrap();
    assert!(!store.hides_results().await.unwrap(), "a draft has nothing to hide");
    store.insert_poll(&until_final).await.unwrap();
    assert!(store.hides_results().await.unwrap());
    let is_final = Poll { status: Status::Closed, is_final: true, ..until_final };
    store.update_poll(&is_final, at(1)).await.unwrap();
    assert!(!store.hides_results().await.unwrap(), "after the close they are shown");
    store.update_poll(&hidden.opened(at(2)).unwrap(), at(2)).await.unwrap();
    assert!(store.hides_results().await.unwrap());
}
