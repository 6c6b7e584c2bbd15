//! Items in servers of Redis that are a test's own: read from replicas, by several processes at once; and one that has no
//! memory left.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hemicycle::domain::item::{ItemBounds, ItemChange, ItemKey, ItemTotals};
use hemicycle::items::redis::{ItemsOptions, RedisItems};
use hemicycle::items::{Items, ItemsError};
use hemicycle_stack::redis::{Redis, RedisOptions};
use hemicycle_stack::sentinel::{SentinelOptions, Sentinels};

use crate::api::items::assert_clients_of_old_are_served;
use crate::cli::run::{eventually_ready, listening};
use crate::scaled::eventually;
use crate::servers::{prefix, redis_url_text};

const PATIENCE: Duration = Duration::from_mins(1);

/// A main and two replicas, and items as two processes have them.
struct Fleet {
    main: Redis,
    replicas: Vec<Redis>,
    processes: [Items; 2],
}

fn key(text: &str) -> ItemKey {
    text.parse().unwrap()
}

async fn get(items: &Items, name: &str) -> Result<String, ItemsError> {
    let value = items.get(key(name)).await?;
    Ok(value.map(|value| String::from_utf8(value.into()).unwrap()).unwrap_or_default())
}

async fn set(items: &Items, name: &str, value: impl ToString) -> Result<(), ItemsError> {
    items.change(ItemChange::set(key(name), value.to_string()).unwrap()).await
}

fn open(url: &str, replicas: &[&Redis]) -> Items {
    let bounds = ItemBounds(ItemTotals { keys: 1000, bytes: 1 << 20 });
    let replicas = replicas.iter().map(|replica| replica.url().parse().unwrap()).collect();
    Items::Redis(RedisItems::start(&ItemsOptions { url: url.parse().unwrap(), replicas, prefix: prefix(), bounds }))
}

fn open_twice(url: &str, replicas: &[&Redis]) -> [Items; 2] {
    let (bounds, prefix) = (ItemBounds(ItemTotals { keys: 1000, bytes: 1 << 20 }), prefix());
    let replicas: Vec<_> = replicas.iter().map(|replica| replica.url().parse().unwrap()).collect();
    [(); 2].map(|()| {
        let (url, replicas, prefix) = (url.parse().unwrap(), replicas.clone(), prefix.clone());
        Items::Redis(RedisItems::start(&ItemsOptions { url, replicas, prefix, bounds }))
    })
}

async fn eventually_fresh(items: &Items, wanted: u64) {
    eventually(&format!("{wanted} fresh replicas"), async || items.sources().fresh == wanted).await;
}

impl Fleet {
    async fn start() -> Self {
        let main = Redis::start(&RedisOptions::default()).unwrap();
        let replicas = [(); 2].map(|()| Redis::start(&RedisOptions::replica_of(main.address())).unwrap());
        let processes = open_twice(&main.url(), &replicas.each_ref());
        for items in &processes {
            eventually_fresh(items, 2).await;
        }
        Self { main, replicas: replicas.into(), processes }
    }
}

/// Many writers and readers by both processes: a reader never finds anything older than what was acknowledged, by
/// whichever process, before it asked. Returns how many reads there were.
async fn hammer(processes: &[Items; 2], lasting: Duration) -> u64 {
    const ITEMS: usize = 8;
    let acknowledged: Arc<[AtomicU64; ITEMS]> = Arc::default();
    let (over, reads) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
    let mut tasks = Vec::new();
    for item in 0..ITEMS {
        let (items, told, over_now) = (processes[item % 2].clone(), Arc::clone(&acknowledged), Arc::clone(&over));
        tasks.push(tokio::spawn(async move {
            for number in 1_u64.. {
                if over_now.load(Ordering::Relaxed) {
                    break;
                }
                if set(&items, &format!("item {item}"), number).await.is_ok() {
                    told[item].store(number, Ordering::SeqCst);
                }
            }
        }));
        for items in processes.clone() {
            let (told, over_now, reads) = (Arc::clone(&acknowledged), Arc::clone(&over), Arc::clone(&reads));
            tasks.push(tokio::spawn(async move {
                while !over_now.load(Ordering::Relaxed) {
                    let before = told[item].load(Ordering::SeqCst);
                    let Ok(found) = get(&items, &format!("item {item}")).await else { continue };
                    let found: u64 = found.parse().unwrap_or_default();
                    assert!(found >= before, "item {item}: {found} was read after {before} was acknowledged");
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
    }
    tokio::time::sleep(lasting).await;
    over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    reads.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_told_that_something_is_written_reads_it_by_any_process() {
    let fleet = Fleet::start().await;
    let reads = hammer(&fleet.processes, Duration::from_secs(5)).await;
    let sources = fleet.processes[0].sources();
    println!("{reads} reads, none stale; {sources:?}");
    assert!(reads > 2000, "{reads}");
    assert!(sources.replica > 0, "replicas serve reads: {sources:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_what_is_stale_while_replicas_hang_stop_and_come_back() {
    let fleet = Fleet::start().await;
    let processes = fleet.processes.clone();
    let hammering = tokio::spawn(async move { hammer(&processes, Duration::from_secs(12)).await });
    let fleet = tokio::task::spawn_blocking(move || {
        let pause = || std::thread::sleep(Duration::from_millis(1200));
        fleet.replicas[0].process().freeze().unwrap();
        pause();
        fleet.replicas[0].process().thaw().unwrap();
        fleet.replicas[1].kill().unwrap();
        pause();
        fleet.replicas[1].start_again().unwrap();
        pause();
        // It goes on answering, with what it had.
        fleet.replicas[0].command(&["REPLICAOF", "NO", "ONE"]).unwrap();
        pause();
        let main = fleet.main.address();
        fleet.replicas[0].command(&["REPLICAOF", &main.ip().to_string(), &main.port().to_string()]).unwrap();
        fleet
    })
    .await
    .unwrap();
    println!("{} reads, none stale", hammering.await.unwrap());
    for items in &fleet.processes {
        eventually_fresh(items, 2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_stopped_is_passed_over_and_used_again_once_it_is_back() {
    let fleet = Fleet::start().await;
    let items = &fleet.processes[0];
    set(items, "a", "one").await.unwrap();
    fleet.replicas[0].kill().unwrap();
    for _ in 0..50 {
        assert_eq!(get(items, "a").await.unwrap(), "one");
    }
    eventually_fresh(items, 1).await;
    fleet.replicas[1].kill().unwrap();
    eventually_fresh(items, 0).await;
    let by_main = items.sources().main;
    assert_eq!(get(items, "a").await.unwrap(), "one");
    assert_eq!(items.sources().main, by_main + 1, "the main where there is no replica");
    fleet.replicas[0].start_again().unwrap();
    eventually_fresh(items, 1).await;
    let by_replica = items.sources().replica;
    assert_eq!(get(items, "a").await.unwrap(), "one");
    assert_eq!(items.sources().replica, by_replica + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_does_not_follow_is_not_read_from_though_it_answers() {
    let fleet = Fleet::start().await;
    let items = &fleet.processes[0];
    set(items, "a", "one").await.unwrap();
    fleet.replicas[0].command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    set(items, "a", "two").await.unwrap();
    for _ in 0..50 {
        assert_eq!(get(items, "a").await.unwrap(), "two");
    }
    eventually_fresh(items, 1).await;
    let main = fleet.main.address();
    fleet.replicas[0].command(&["REPLICAOF", &main.ip().to_string(), &main.port().to_string()]).unwrap();
    eventually_fresh(items, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_a_hanging_replica_lacks_is_held_back_until_nobody_reads_from_it() {
    let fleet = Fleet::start().await;
    let [writer, reader] = &fleet.processes;
    // For the first moments of a process each write is held.
    eventually("writes that are answered at once", async || {
        let started = Instant::now();
        set(writer, "a", "one").await.unwrap();
        started.elapsed() < Duration::from_millis(90)
    })
    .await;
    fleet.replicas[0].process().freeze().unwrap();
    let started = Instant::now();
    set(writer, "a", "two").await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(500), "{:?}", started.elapsed());
    assert_eq!(get(reader, "a").await.unwrap(), "two");
    let started = Instant::now();
    let told = join_all((0..20).map(|number| set(writer, "b", number))).await;
    assert!(told.iter().all(Result::is_ok));
    assert!(started.elapsed() < Duration::from_secs(2), "answers are held, not batches: {:?}", started.elapsed());
    fleet.replicas[0].process().thaw().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_main_is_away_replicas_that_had_caught_up_are_read_from_and_no_write_is_acknowledged() {
    let fleet = Fleet::start().await;
    let items = &fleet.processes[0];
    set(items, "a", "one").await.unwrap();
    fleet.main.kill().unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(2) {
        assert_eq!(get(items, "a").await.unwrap(), "one");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(set(items, "a", "two").await.is_err());
    fleet.main.start_again().unwrap();
    eventually("a write that is acknowledged", async || set(items, "a", "three").await.is_ok()).await;
    for items in &fleet.processes {
        assert_eq!(get(items, "a").await.unwrap(), "three");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_in_place_of_the_main_takes_no_writes_and_no_client_hears_of_its_refusal() {
    let main = Redis::start(&RedisOptions::default()).unwrap();
    let replica = Redis::start(&RedisOptions::replica_of(main.address())).unwrap();
    let items = open(&replica.url(), &[]);
    let refused = set(&items, "a", "one").await.unwrap_err();
    assert!(matches!(refused, ItemsError::Refused(_)), "{refused:?}");
    assert!(!refused.to_string().contains("READONLY"), "{refused}");
    // It has no such item, and cannot know whether there is one.
    let deleted = items.change(ItemChange::delete(key("a"))).await.unwrap_err();
    assert!(matches!(deleted, ItemsError::Refused(_)), "{deleted:?}");
    let main_again = items.get(key("a")).await;
    assert!(main_again.is_err(), "it might be behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failover_writes_and_reads_go_on_and_nothing_acknowledged_is_stale() {
    let main = Redis::start(&RedisOptions::default()).unwrap();
    let replicas = [(); 2].map(|()| Redis::start(&RedisOptions::replica_of(main.address())).unwrap());
    let sentinels = Sentinels::start("items", &main, 2, SentinelOptions::default()).unwrap();
    let processes = open_twice(&sentinels.url(), &[&main, &replicas[0], &replicas[1]]);
    for items in &processes {
        eventually_fresh(items, 2).await;
    }
    set(&processes[0], "before", "kept").await.unwrap();
    let hammered = processes.clone();
    let hammering = tokio::spawn(async move { hammer(&hammered, Duration::from_secs(15)).await });
    let former: SocketAddr = main.address();
    let (main, promoted) = tokio::task::spawn_blocking(move || {
        main.kill().unwrap();
        let promoted = sentinels.main_after(former, PATIENCE).unwrap();
        (main, (promoted, sentinels))
    })
    .await
    .unwrap();
    println!("{} promoted; {} reads, none stale", promoted.0, hammering.await.unwrap());
    for items in &processes {
        eventually("a write that is acknowledged", async || set(items, "after", "there").await.is_ok()).await;
        assert_eq!(get(items, "before").await.unwrap(), "kept");
    }
    main.start_again().unwrap();
    for items in &processes {
        eventually_fresh(items, 2).await;
        assert_eq!(get(items, "after").await.unwrap(), "there");
    }
}

#[tokio::test]
async fn a_server_without_memory_refuses_what_is_set_and_all_that_travels_with_it() {
    let main = Redis::start(&RedisOptions::default()).unwrap();
    let items = open(&main.url(), &[]);
    let delete = async |name: &str| items.change(ItemChange::delete(key(name))).await;
    for name in ["a", "b", "c"] {
        set(&items, name, "there").await.unwrap();
    }
    let before = items.totals().await.unwrap();
    main.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let refused = set(&items, "a", "another").await.unwrap_err();
    assert!(matches!(refused, ItemsError::Refused(_)), "{refused:?}");
    // Whatever travels together is refused together: all of it, or some of what was refused would have happened.
    let told = join_all(["a", "b"].map(async |name| match name {
        "a" => set(&items, name, "another").await,
        _ => delete(name).await,
    }));
    assert!(told.await.iter().all(|told| matches!(told, Err(ItemsError::Refused(_)))));
    assert_eq!(items.totals().await.unwrap(), before);
    delete("b").await.unwrap();
    main.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    set(&items, "a", "again").await.unwrap();
    for (name, value) in [("a", "again"), ("b", ""), ("c", "there")] {
        assert_eq!(get(&items, name).await.unwrap(), value);
    }
    assert_eq!(items.totals().await.unwrap(), ItemTotals { keys: 2, bytes: 12 });
}

#[tokio::test]
async fn the_role_runs_alone_with_no_database() {
    let (redis, prefix) = (redis_url_text(), prefix());
    let environment: [(&str, &str); 3] = [("REDIS_URL", &redis), ("REDIS_PREFIX", &prefix), ("ITEMS_WRITE", "open")];
    let process = listening("items", &environment);
    eventually_ready(&process.site).await;
    assert_clients_of_old_are_served(&process.site).await;
    assert_eq!(process.site.metric("hemicycle_items_replicas_fresh").await, Some(0.0));
    assert!(process.terminate().success());
}
