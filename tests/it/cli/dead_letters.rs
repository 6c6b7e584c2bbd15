//! `hemicycle dead-letters`, over the embedded store.

use std::path::Path;

use hemicycle::domain::fold::{DeadLetter, Plan};
use hemicycle::domain::log::{Entry, EntryId, LogEnd, Section};
use hemicycle::queue::format;
use hemicycle::store::Store;
use hemicycle::store::sqlite::Sqlite;
use serde_json::{Value, json};

use super::{hemicycle, refusal, stdout};
use crate::forge::{at, choice, open, poll_id, voter};

async fn store(folder: &Path) -> Store {
    Store::Sqlite(Sqlite::open(&folder.join("store.db")).await.unwrap())
}

/// A store with a poll and three letters: one that can be read, one that cannot, and part of an entry.
async fn with_letters(folder: &Path) {
    let store = store(folder).await;
    store.insert_poll(&open(1)).await.unwrap();
    let ballots = vec![(voter(1), choice(0)), (voter(2), choice(2))];
    let sections = vec![Section::Ballots { poll: poll_id(1), generation: 1, ballots }];
    let body = format::encode(&Entry { at: at(0), sections });
    let whole = DeadLetter {
        entry: EntryId(1),
        epoch: 0,
        first: 0,
        fingerprint: format::fingerprint(&body),
        whole: true,
        ballots: 2,
        reason: "the store refuses it".into(),
        body,
    };
    let damaged = DeadLetter {
        entry: EntryId(2),
        first: 2,
        ballots: 3,
        reason: "malformed entry".into(),
        body: "?".into(),
        ..whole.clone()
    };
    let part = DeadLetter { entry: EntryId(3), first: 5, ballots: 1, whole: false, ..damaged.clone() };
    let end = LogEnd { entry: EntryId(3), fingerprint: 3, position: 6 };
    let mut claim = store.claim(&[(0, end)].into(), 1).await.unwrap().unwrap();
    let plan = Plan { dead: vec![whole, damaged, part], read: 6, ..Plan::default() };
    claim.apply(&plan, at(0)).await.unwrap();
    claim.commit().await.unwrap();
    store.close().await;
}

fn letters(folder: &Path, arguments: &[&str]) -> std::process::Output {
    hemicycle(folder, &[&["dead-letters"], arguments].concat(), &[])
}

#[tokio::test]
async fn dead_letters_are_listed_for_people_and_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    with_letters(folder.path()).await;
    let table = stdout(&letters(folder.path(), &["list"]));
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].contains("ID") && lines[0].contains("REASON"), "{table}");
    assert!(lines[1].contains("2027-01-15T08:00:00Z") && lines[1].ends_with("the store refuses it"), "{table}");
    assert!(lines[3].contains("other ballots were counted"), "{table}");
    let listed: Value = serde_json::from_str(&stdout(&letters(folder.path(), &["list", "--json"]))).unwrap();
    let wanted = json!({
        "id": 1, "at": "2027-01-15T08:00:00Z", "partition": 0, "entry": 1, "ballots": 2, "whole": true,
        "reason": "the store refuses it",
    });
    assert_eq!((&listed[0], listed.as_array().unwrap().len()), (&wanted, 3));
}

#[tokio::test]
async fn what_can_be_counted_is_and_what_cannot_stays() {
    let folder = tempfile::tempdir().unwrap();
    with_letters(folder.path()).await;
    let output = letters(folder.path(), &["retry", "--all"]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(err.contains("2 dead letters could not be applied"), "{err}");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], "1: 2 ballots applied");
    assert!(lines[1].starts_with("2: stays: malformed entry") && lines[2].starts_with("3: stays: the other"), "{out}");
    let after = store(folder.path()).await;
    assert_eq!(after.snapshot(poll_id(1), at(0)).await.unwrap().unwrap().votes, [1, 0, 1]);
    let ledger = after.ledger().await.unwrap();
    assert_eq!((ledger.applied, ledger.counted, ledger.dead, ledger.difference()), (6, 2, 4, 0));
    after.close().await;
    let line = refusal(&letters(folder.path(), &["retry", "1"]));
    assert!(line.contains("there is no dead letter 1"), "{line}");
}

#[tokio::test]
async fn what_is_dropped_is_gone_and_still_told_of_as_dead() {
    let folder = tempfile::tempdir().unwrap();
    with_letters(folder.path()).await;
    let line = refusal(&letters(folder.path(), &["drop", "2", "9"]));
    assert!(line.contains("there is no dead letter 9"), "{line}");
    assert_eq!(stdout(&letters(folder.path(), &["drop", "2", "3", "--yes"])), "2: dropped\n3: dropped\n");
    assert_eq!(stdout(&letters(folder.path(), &["drop", "--all"])), "1: dropped\n");
    assert_eq!(stdout(&letters(folder.path(), &["list"])), "There are no dead letters.\n");
    let after = store(folder.path()).await;
    assert_eq!(after.ledger().await.unwrap().dead, 6);
    after.close().await;
}

#[test]
fn letters_have_to_be_named_and_a_store_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    for nonsense in [&["retry"][..], &["drop"], &["drop", "1", "--all"], &["retry", "one"], &[]] {
        let output = letters(folder.path(), nonsense);
        assert_eq!(output.status.code(), Some(2), "{nonsense:?}: {output:?}");
    }
    let line = refusal(&letters(folder.path(), &["list"]));
    assert!(line.contains("there is no store in"), "{line}");
    let url = [("DATABASE_URL", "mysql://localhost/votes")];
    let line = refusal(&hemicycle(folder.path(), &["dead-letters", "list"], &url));
    assert!(line.contains("DATABASE_URL"), "{line}");
}
