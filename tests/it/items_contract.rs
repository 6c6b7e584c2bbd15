//! What all items must do, in a store and in Redis. A backend joins with one line in the list of backends at the end; each
//! case is then a test of its own on it, over items of its own.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use hemicycle::domain::item::{ItemBounds, ItemChange, ItemKey, ItemOutcome, ItemTotals, MAX_KEY, MAX_VALUE};
use hemicycle::items::local::LocalItems;
use hemicycle::items::redis::{ItemsOptions, RedisItems};
use hemicycle::items::{Items, ItemsError, PAGE};
use hemicycle::store::sqlite::Sqlite;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use redis::AsyncCommands;
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::servers::{prefix, redis_connection, redis_url};

/// Makes every case a test on every backend.
macro_rules! items_contract {
    (backends { $($backend:ident = $open:path;)+ } cases $cases:tt) => {
        $(mod $backend { items_contract!(@cases $open, $cases); })+
    };
    (@cases $open:path, { $($case:ident)+ }) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let backend = $open(ROOMY).await;
            $crate::items_contract::$case(&backend).await;
            backend.is_in_step().await;
        })+
        use $crate::items_contract::ROOMY;
        #[tokio::test]
        async fn bounds_hold_change_by_change() {
            let backend = $open($crate::items_contract::bounds(3, 40)).await;
            $crate::items_contract::bounds_hold(&backend).await;
            backend.is_in_step().await;
        }
        #[test]
        fn changes_that_arrive_together_are_decided_on_one_by_one() {
            $crate::items_contract::are_decided_on_one_by_one($open);
        }
    };
}

pub fn bounds(keys: u64, bytes: u64) -> ItemBounds {
    ItemBounds(ItemTotals { keys, bytes })
}

/// Room for every test.
pub const ROOMY: ItemBounds = ItemBounds(ItemTotals { keys: 100_000, bytes: 64 << 20 });

/// Items, and what must live as long.
pub struct Backend {
    items: Items,
    kind: Kind,
}

enum Kind {
    Local(#[expect(dead_code, reason = "it is removed with this value")] TempDir),
    Redis(String),
}

async fn local(bounds: ItemBounds) -> Backend {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(&folder.path().join("store.sqlite")).await.unwrap();
    Backend { items: Items::Local(LocalItems::open(store, bounds)), kind: Kind::Local(folder) }
}

async fn redis(bounds: ItemBounds) -> Backend {
    let (url, prefix) = (redis_url(), prefix());
    let options = ItemsOptions { url, replicas: Vec::new(), prefix: prefix.clone(), bounds };
    Backend { items: Items::Redis(RedisItems::start(&options)), kind: Kind::Redis(prefix) }
}

fn key(text: &str) -> ItemKey {
    text.parse().unwrap()
}

impl Backend {
    async fn set(&self, name: &str, value: &str) -> Result<(), ItemsError> {
        self.items.change(ItemChange::set(key(name), value.to_owned()).unwrap()).await
    }

    async fn delete(&self, name: &str) {
        self.items.change(ItemChange::delete(key(name))).await.unwrap();
    }

    async fn get(&self, name: &str) -> Option<String> {
        let value = self.items.get(key(name)).await.unwrap();
        value.map(|value| String::from_utf8(value.into()).unwrap())
    }

    async fn keys(&self, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        self.items.keys(prefix, after, limit).await.unwrap()
    }

    async fn set_all(&self, names: impl IntoIterator<Item = String>) {
        for set in join_all(names.into_iter().map(async |name| self.set(&name, "x").await)).await {
            set.unwrap();
        }
    }

    /// The totals are those of what can be read, and no value is without its key.
    async fn is_in_step(&self) {
        let (mut wanted, mut after) = (ItemTotals::default(), String::new());
        loop {
            let page = self.keys("", &after, PAGE).await;
            let Some(last) = page.last() else { break };
            for value in join_all(page.iter().map(async |name| self.get(name).await)).await {
                wanted.bytes += value.expect("a key without a value").len() as u64;
            }
            wanted.keys += page.len() as u64;
            wanted.bytes += page.iter().map(|name| name.len() as u64).sum::<u64>();
            after.clone_from(last);
        }
        assert_eq!(self.items.totals().await.unwrap(), wanted);
        if let Kind::Redis(prefix) = &self.kind {
            let values: Vec<Vec<u8>> = redis_connection().await.keys(format!("{prefix}items:value:*")).await.unwrap();
            assert_eq!(values.len() as u64, wanted.keys, "a value without its key");
        }
    }
}

async fn what_was_set_is_read_until_it_is_set_again_or_deleted(items: &Backend) {
    assert_eq!(items.get("a").await, None);
    items.set("a", "one").await.unwrap();
    assert_eq!(items.get("a").await.as_deref(), Some("one"));
    items.set("a", "").await.unwrap();
    assert_eq!(items.get("a").await.as_deref(), Some(""), "nothing is a value, too");
    items.delete("a").await;
    assert_eq!(items.get("a").await, None);
    items.delete("a").await;
    assert_eq!(items.items.totals().await.unwrap(), ItemTotals::default());
}

async fn changes_that_arrive_together_are_made_in_their_order(items: &Backend) {
    let changes = (0..300_u32).map(async |number| {
        let name = format!("{}", number % 7);
        if number.is_multiple_of(5) {
            items.delete(&name).await;
        } else {
            items.set(&name, &number.to_string()).await.unwrap();
        }
    });
    join_all(changes).await;
    for name in 0..7 {
        let last = (0..300_u32).rev().find(|number| number % 7 == name).unwrap();
        let wanted = (!last.is_multiple_of(5)).then(|| last.to_string());
        assert_eq!(items.get(&name.to_string()).await, wanted, "{name}");
    }
}

async fn reads_that_arrive_together_are_each_answered_with_their_own(items: &Backend) {
    let names = || (0..500).map(|number| format!("item {number}"));
    join_all(names().map(async |name| items.set(&name, &name).await.unwrap())).await;
    let both = names().chain(names()).chain(["none".to_owned()]);
    for (name, value) in join_all(both.map(async |name| (name.clone(), items.get(&name).await))).await {
        assert_eq!(value, (name != "none").then_some(name));
    }
}

async fn keys_of_any_text_are_told_apart_and_sorted_by_their_bytes(items: &Backend) {
    let longest = "k".repeat(MAX_KEY);
    let mut names = vec![
        "*",
        "?",
        "[a-z]",
        "a",
        "A",
        "a b",
        "a:b",
        "é",
        "日本",
        "👩‍👩‍👧",
        "\"",
        "'); DROP TABLE items; --",
        "\\",
        "%41",
        "{x}",
        "-inf",
        "+",
        "(",
        "0",
    ];
    names.push(&longest);
    for name in &names {
        items.set(name, &format!("<{name}>")).await.unwrap();
    }
    for name in &names {
        assert_eq!(items.get(name).await, Some(format!("<{name}>")));
    }
    names.sort_unstable();
    assert_eq!(items.keys("", "", PAGE).await, names);
    items.delete("*").await;
    assert_eq!(items.keys("", "", PAGE).await.len(), names.len() - 1, "a star is a star");
}

async fn keys_come_in_pages_by_prefix_and_after_any_key(items: &Backend) {
    items.set_all((0..25).map(|number| format!("a{number:02}"))).await;
    items.set_all(["a", "b", "aé", "é", "日"].map(String::from)).await;
    let mut found = Vec::new();
    loop {
        let page = items.keys("a", found.last().map_or("", String::as_str), 4).await;
        assert!(page.len() <= 4);
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    let mut wanted: Vec<String> = (0..25).map(|number| format!("a{number:02}")).collect();
    wanted.insert(0, "a".into());
    wanted.push("aé".into());
    assert_eq!(found, wanted);
    assert_eq!(items.keys("a2", "a21", 100).await, ["a22", "a23", "a24"]);
    assert_eq!(items.keys("", "b", 100).await, ["é", "日"]);
    assert_eq!(items.keys("é", "", 100).await, ["é"]);
    assert_eq!(items.keys("a", "b", 100).await, [""; 0], "past the last with this prefix");
    assert_eq!(items.keys("b", "a", 100).await, ["b"], "before the first with this prefix");
    assert_eq!(items.keys("none", "", 100).await, [""; 0]);
}

async fn every_key_that_is_there_all_the_time_is_listed_once_while_others_come_and_go(items: &Backend) {
    let stays = |number: u32| format!("stays {number:04}");
    items.set_all((0..3000).map(stays)).await;
    let (mut found, mut round) = (Vec::new(), 0);
    loop {
        let page = items.keys("", found.last().map_or("", String::as_str), PAGE).await;
        if page.is_empty() {
            break;
        }
        found.extend(page);
        round += 1;
        items.set(&format!("comes {round}"), "x").await.unwrap();
        items.set(&format!("stays {round:04} and more"), "x").await.unwrap();
        items.delete(&format!("comes {}", round - 1)).await;
    }
    let listed: Vec<_> = found.iter().filter(|name| name.len() == "stays 0000".len()).cloned().collect();
    assert_eq!(listed, (0..3000).map(stays).collect::<Vec<_>>());
}

async fn the_largest_values_are_kept_whole_several_at_a_time(items: &Backend) {
    let value = |letter: u8| String::from_utf8(vec![b'a' + letter; MAX_VALUE]).unwrap();
    join_all((0..6).map(async |letter| items.set(&letter.to_string(), &value(letter)).await.unwrap())).await;
    for letter in 0..6 {
        assert!(items.get(&letter.to_string()).await.unwrap() == value(letter));
    }
}

/// Three items, forty bytes.
async fn bounds_hold(items: &Backend) {
    let told = join_all(["a", "b", "c", "d", "a"].map(async |name| items.set(name, "123456789").await)).await;
    assert!(told[..3].iter().all(Result::is_ok) && told[4].is_ok(), "{told:?}");
    assert!(matches!(told[3], Err(ItemsError::TooManyKeys)), "{told:?}");
    assert!(matches!(items.set("a", &"x".repeat(20)).await, Err(ItemsError::TooManyBytes)));
    assert_eq!(items.get("a").await.as_deref(), Some("123456789"), "what was refused changes nothing");
    items.set("a", &"x".repeat(19)).await.unwrap();
    assert_eq!(items.items.totals().await.unwrap(), ItemTotals { keys: 3, bytes: 40 });
    items.delete("b").await;
    items.set("d", "12345678").await.unwrap();
    let both = join_all([items.set("e", ""), items.set("d", "1")]).await;
    assert!(both[0].is_err() && both[1].is_ok(), "{both:?}");
}

/// Whatever arrives together: what each is told, what is there in the end and how much of it is as the rule says, one change
/// after the other.
fn are_decided_on_one_by_one<F: Future<Output = Backend>>(open: impl Fn(ItemBounds) -> F) {
    let change = (0..6_usize, option::weighted(0.7, 0..14_usize));
    let batches = vec(vec(change, 1..40), 1..6);
    // What is asked at once arrives together only where one thread does it all.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let checked = TestRunner::new(Config::with_cases(40)).run(&batches, |batches| {
        runtime.block_on(async {
            let bounds = bounds(4, 60);
            let items = open(bounds).await;
            let (mut there, mut totals) = (BTreeMap::<usize, String>::new(), ItemTotals::default());
            for (round, batch) in batches.iter().enumerate() {
                // Each another one.
                let value = |at: usize, length: usize| format!("{round}{at:02}{}", &"abcdefghijklmn"[..length]);
                let told = join_all(batch.iter().enumerate().map(async |(at, (item, length))| {
                    let name = key(&format!("item {item}"));
                    let change = match length {
                        Some(length) => ItemChange::set(name, value(at, *length)).unwrap(),
                        None => ItemChange::delete(name),
                    };
                    items.items.change(change).await
                }))
                .await;
                for (at, ((item, length), told)) in batch.iter().zip(told).enumerate() {
                    let weight = |value: &String| ("item 0".len() + value.len()) as u64;
                    let new = length.map(|length| value(at, length));
                    let wanted = bounds.decide(&mut totals, there.get(item).map(weight), new.as_ref().map(weight));
                    let told = match told {
                        Ok(()) => ItemOutcome::Done,
                        Err(ItemsError::TooManyKeys) => ItemOutcome::TooManyKeys,
                        Err(ItemsError::TooManyBytes) => ItemOutcome::TooManyBytes,
                        Err(other) => panic!("{other:?}"),
                    };
                    prop_assert_eq!(told, wanted);
                    match (told, new) {
                        (ItemOutcome::Done, Some(value)) => drop(there.insert(*item, value)),
                        (ItemOutcome::Done, None) => drop(there.remove(item)),
                        _ => {}
                    }
                }
                for item in 0..6 {
                    prop_assert_eq!(items.get(&format!("item {item}")).await, there.get(&item).cloned());
                }
                prop_assert_eq!(items.items.totals().await.unwrap(), totals);
            }
            items.is_in_step().await;
            Ok(())
        })
    });
    checked.unwrap();
}

items_contract! {
    backends {
        in_a_store = crate::items_contract::local;
        in_redis = crate::items_contract::redis;
    }
    cases {
        what_was_set_is_read_until_it_is_set_again_or_deleted
        changes_that_arrive_together_are_made_in_their_order
        reads_that_arrive_together_are_each_answered_with_their_own
        keys_of_any_text_are_told_apart_and_sorted_by_their_bytes
        keys_come_in_pages_by_prefix_and_after_any_key
        every_key_that_is_there_all_the_time_is_listed_once_while_others_come_and_go
        the_largest_values_are_kept_whole_several_at_a_time
    }
}
