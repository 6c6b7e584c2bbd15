//! Dead letters: kept with their place in the log, dropped, tried again.

use hemicycle::domain::fold::{DeadLetter, Plan};
use hemicycle::domain::log::{Bookmark, Entry, EntryId, Section, Unreadable};
use hemicycle::domain::poll::Poll;
use hemicycle::store::Store;
use hemicycle::store::letters::{Retried, StoredLetter};

use super::{apply, dead_letter, group, marker, plan, shown, terms, votes};
use crate::forge::{at, choice, open, poll_id, voter};

/// A plan that buries a whole entry of so many ballots and leaves the bookmark after it.
fn burial(entry: u64, first: u64, ballots: u64) -> Plan {
    let letter = DeadLetter { entry: EntryId(entry), first, fingerprint: 11, ..dead_letter(ballots) };
    let bookmark = plan(vec![], entry, first + ballots).bookmark;
    Plan { dead: vec![letter], read: ballots, bookmark, ..Plan::default() }
}

fn entry(poll: &Poll, cast: &[(u64, usize)]) -> Entry {
    let ballots = cast.iter().map(|(of, index)| (voter(*of), choice(*index))).collect();
    Entry { at: at(0), sections: vec![Section::Ballots { poll: poll.id, generation: poll.generation, ballots }] }
}

async fn only_letter(store: &Store) -> StoredLetter {
    let letters = store.dead_letters(0, 10).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    letter.clone()
}

pub async fn letters_are_listed_in_order_with_their_place_in_the_log(store: &Store) {
    let second = Plan { dead: vec![DeadLetter { epoch: 3, whole: false, ..dead_letter(2) }], ..burial(5, 9, 2) };
    apply(store, &burial(4, 6, 3)).await;
    apply(store, &second).await;
    let letters = store.dead_letters(0, 10).await.unwrap();
    let [first, second] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((first.partition, first.entry, first.epoch, first.position), (0, EntryId(4), 0, 6));
    assert_eq!((first.fingerprint, first.ballots, first.whole), (11, 3, true));
    assert_eq!((first.reason.as_str(), &first.body[..], first.at), ("unreadable", &b"?"[..], at(0)));
    assert_eq!((second.epoch, second.whole), (3, false));
    assert_eq!(store.dead_letters(0, 1).await.unwrap(), std::slice::from_ref(first));
    assert_eq!(store.dead_letters(first.id, 10).await.unwrap(), std::slice::from_ref(second));
}

pub async fn a_dropped_letter_is_gone_and_its_ballots_stay_dead(store: &Store) {
    apply(store, &burial(4, 6, 3)).await;
    let letter = only_letter(store).await;
    assert!(store.drop_dead_letter(letter.id).await.unwrap());
    assert!(!store.drop_dead_letter(letter.id).await.unwrap());
    assert_eq!((store.dead_letters(0, 10).await.unwrap(), terms(store).await), (vec![], [0, 0, 0, 3, 0]));
    let gone = store.retry_dead_letter(&letter, Ok(entry(&open(1), &[(1, 0)])), 1, at(1)).await.unwrap();
    assert_eq!((gone, terms(store).await), (Retried::Gone, [0, 0, 0, 3, 0]));
}

pub async fn a_retried_letter_counts_as_if_it_had_been_read_in_its_turn(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    apply(store, &plan(vec![group(&poll, 0, &[(1, 0, 0), (2, 0, 1)])], 1, 2)).await;
    apply(store, &burial(2, 2, 4)).await;
    apply(store, &plan(vec![group(&poll, 0, &[(2, 1, 6)])], 3, 7)).await;
    let (bookmark, before) = (store.bookmark(0).await.unwrap(), shown(store, 1).await);
    // One who votes again, one who did so later, and one who came twice.
    let entry = entry(&poll, &[(1, 2), (2, 2), (3, 0), (3, 2)]);
    let retried = store.retry_dead_letter(&only_letter(store).await, Ok(entry), 1, at(1)).await.unwrap();
    assert_eq!(retried, Retried::Applied(vec![poll.id]));
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![0, 1, 2], [3, 4, 0, 0, 0]));
    assert_eq!((store.bookmark(0).await.unwrap(), shown(store, 1).await), (bookmark, before + 1));
    assert_eq!(store.ledger().await.unwrap().applied, 7);
    assert_eq!(store.dead_letters(0, 10).await.unwrap(), []);
}

pub async fn a_letter_that_was_buried_twice_is_counted_once(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    let mut again = burial(2, 2, 2);
    again.dead[0].epoch = 1;
    again.bookmark = Bookmark { epoch: 1, ..again.bookmark };
    apply(store, &burial(2, 2, 2)).await;
    apply(store, &again).await;
    for letter in store.dead_letters(0, 10).await.unwrap().iter().rev() {
        let retried = store.retry_dead_letter(letter, Ok(entry(&poll, &[(1, 0), (2, 1)])), 1, at(1)).await.unwrap();
        assert!(matches!(retried, Retried::Applied(_)), "{retried:?}");
    }
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![1, 1, 0], [2, 0, 0, 0, 2]));
}

pub async fn a_retried_letter_brings_its_markers_and_buries_what_has_no_place(store: &Store) {
    let poll = open(1);
    store.insert_poll(&poll).await.unwrap();
    apply(store, &burial(1, 0, 3)).await;
    let mut entry = entry(&poll, &[(1, 0), (2, 7)]);
    entry.sections.push(Section::Ballots { poll: poll_id(9), generation: 1, ballots: vec![(voter(3), choice(0))] });
    entry.sections.push(Section::Closed(marker(&poll, 1)));
    let retried = store.retry_dead_letter(&only_letter(store).await, Ok(entry.clone()), 1, at(1)).await.unwrap();
    assert_eq!(retried, Retried::Applied(vec![poll.id]));
    assert_eq!((votes(store, 1).await, terms(store).await), (vec![1, 0, 0], [1, 0, 1, 1, 0]));
    assert!(store.poll(poll.id).await.unwrap().unwrap().is_final);
    let rest = only_letter(store).await;
    assert_eq!((rest.ballots, rest.whole, rest.position), (1, false, 0));
    let retried = store.retry_dead_letter(&rest, Ok(entry), 1, at(1)).await.unwrap();
    assert_eq!((retried, only_letter(store).await), (Retried::InPart, rest));
}

pub async fn a_letter_that_is_still_unreadable_or_refused_stays(store: &Store) {
    apply(store, &burial(1, 0, 3)).await;
    let letter = only_letter(store).await;
    let why = Unreadable::Malformed("a sample");
    let retried = store.retry_dead_letter(&letter, Err(why.clone()), 1, at(1)).await.unwrap();
    assert_eq!(retried, Retried::Unreadable(why));
    assert_eq!((only_letter(store).await, terms(store).await), (letter, [0, 0, 0, 3, 0]));
}
