//! What all windows must do, of one process and shared. A backend joins with one line in the list of backends at the end;
//! each case is then a test of its own on it, over windows of its own. Below it is what only those over Redis do.

use std::time::{Duration, Instant};

use hemicycle::config::RedisUrl;
use hemicycle::rate::redis::RedisRate;
use hemicycle::rate::{Key, Rate, Rule, Taken};
use hemicycle_stack::redis::{Redis, RedisOptions};
use redis::AsyncCommands;

use crate::servers::{prefix, redis_connection, redis_url};

/// Makes every case a test on every backend.
macro_rules! rate_contract {
    (backends { $($backend:ident = $open:path;)+ } cases $cases:tt) => {
        $(mod $backend { rate_contract!(@cases $open, $cases); })+
    };
    (@cases $open:path, { $($case:ident)+ }) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $crate::rate_contract::$case(&$open()).await;
        })+
    };
}

/// Windows by two handles, as two processes have them where they are shared.
struct Backend {
    rate: Rate,
    other: Rate,
    is_shared: bool,
}

fn local() -> Backend {
    let rate = Rate::local();
    Backend { other: rate.clone(), rate, is_shared: false }
}

fn redis() -> Backend {
    let prefix = prefix();
    let open = || patient(redis_url(), &prefix);
    Backend { rate: open(), other: open(), is_shared: true }
}

/// However busy the machine is, it is Redis that decides.
fn patient(url: RedisUrl, prefix: &str) -> Rate {
    Rate::Redis(RedisRate::with_patience(url, prefix, Duration::from_secs(20)))
}

/// Longer than any test.
const LONG: Duration = Duration::from_hours(1);
/// For tests in which it passes: much longer than a burst takes.
const SHORT: Duration = Duration::from_secs(3);
const BURST: usize = 200;

fn key(who: &str) -> Key {
    Key::new("test", who.as_bytes())
}

fn rule(most: u32) -> Rule {
    Rule { most, window: LONG }
}

/// Tries at once; how many were let in.
async fn burst(rate: &Rate, key: Key, rule: Rule) -> usize {
    let one = |_| {
        let rate = rate.clone();
        tokio::spawn(async move { rate.take(&key, rule).await.allowed })
    };
    let tries: Vec<_> = (0..BURST).map(one).collect();
    let mut allowed = 0;
    for one in tries {
        allowed += usize::from(one.await.unwrap());
    }
    allowed
}

async fn of_a_burst_exactly_as_many_pass_as_the_rule_says(backend: &Backend) {
    assert_eq!(burst(&backend.rate, key("a"), rule(17)).await, 17);
    assert_eq!(burst(&backend.rate, key("a"), rule(17)).await, 0);
}

async fn a_rest_within_the_window_gives_nothing_back_and_after_it_there_is_everything(backend: &Backend) {
    let rule = Rule { most: 20, window: SHORT };
    let start = Instant::now();
    assert_eq!(burst(&backend.rate, key("a"), rule).await, 20);
    // What is tested is that time passes: a bucket that fills up again would let some in after a tenth of the window.
    tokio::time::sleep(SHORT / 10).await;
    let more = burst(&backend.rate, key("a"), rule).await;
    assert!(start.elapsed() < SHORT, "too slow to tell");
    assert_eq!(more, 0);
    tokio::time::sleep(SHORT).await;
    assert_eq!(burst(&backend.rate, key("a"), rule).await, 20);
}

async fn refused_tries_extend_nothing(backend: &Backend) {
    let rule = Rule { most: 2, window: SHORT };
    for _ in 0..2 {
        assert!(backend.rate.take(&key("a"), rule).await.allowed);
    }
    let mut reset = SHORT;
    loop {
        let taken = backend.rate.take(&key("a"), rule).await;
        if taken.allowed {
            return;
        }
        assert!(taken.reset <= reset, "{taken:?} after {reset:?}");
        reset = taken.reset;
        // Time has to pass while somebody goes on trying.
        tokio::time::sleep(SHORT / 20).await;
    }
}

async fn a_try_is_told_how_the_window_stands(backend: &Backend) {
    let (key, rule, is_shared) = (key("a"), rule(2), backend.is_shared);
    let untouched = Taken { allowed: true, remaining: 2, most: 2, reset: Duration::ZERO, is_shared };
    assert_eq!(backend.rate.peek(&key, rule).await, untouched);
    for (allowed, remaining) in [(true, 1), (true, 0), (false, 0)] {
        let taken = backend.rate.take(&key, rule).await;
        assert_eq!(taken, Taken { allowed, remaining, most: 2, reset: taken.reset, is_shared });
        assert!(taken.reset > LONG / 2 && taken.reset <= LONG, "{taken:?}");
    }
}

async fn a_peek_counts_nothing(backend: &Backend) {
    for remaining in [2, 1] {
        for _ in 0..10 {
            let peeked = backend.rate.peek(&key("a"), rule(2)).await;
            assert_eq!((peeked.allowed, peeked.remaining), (true, remaining));
        }
        assert!(backend.rate.take(&key("a"), rule(2)).await.allowed);
    }
    let peeked = backend.rate.peek(&key("a"), rule(2)).await;
    assert!(!peeked.allowed && !peeked.reset.is_zero(), "{peeked:?}");
}

async fn a_try_given_back_makes_room_for_exactly_one(backend: &Backend) {
    assert_eq!(burst(&backend.rate, key("a"), rule(5)).await, 5);
    backend.rate.give_back(&key("a"), rule(5)).await;
    assert_eq!(burst(&backend.rate, key("a"), rule(5)).await, 1);
}

async fn giving_back_what_nobody_took_gives_nothing(backend: &Backend) {
    backend.rate.give_back(&key("a"), rule(5)).await;
    assert_eq!(burst(&backend.rate, key("a"), rule(5)).await, 5);
}

async fn two_keys_do_not_know_of_each_other(backend: &Backend) {
    let other_kind = Key::new("another", b"a");
    for key in [key("a"), key("b"), other_kind] {
        assert_eq!(burst(&backend.rate, key, rule(5)).await, 5);
    }
}

async fn two_handles_share_their_windows(backend: &Backend) {
    assert!(backend.rate.take(&key("a"), rule(3)).await.allowed);
    assert_eq!(backend.other.peek(&key("a"), rule(3)).await.remaining, 2);
    let both = tokio::join!(burst(&backend.rate, key("a"), rule(3)), burst(&backend.other, key("a"), rule(3)));
    assert_eq!(both.0 + both.1, 2);
    backend.other.give_back(&key("a"), rule(3)).await;
    assert!(backend.rate.take(&key("a"), rule(3)).await.allowed);
}

async fn a_stricter_rule_holds_at_once(backend: &Backend) {
    assert_eq!(burst(&backend.rate, key("a"), rule(10)).await, 10);
    let taken = backend.rate.take(&key("a"), rule(4)).await;
    assert_eq!((taken.allowed, taken.remaining), (false, 0));
}

async fn a_rule_beyond_the_bounds_means_the_nearest_within_them(backend: &Backend) {
    let endless = Rule { most: 0, window: Duration::MAX };
    assert_eq!(burst(&backend.rate, key("a"), endless).await, 1);
    let peeked = backend.rate.peek(&key("a"), endless).await;
    assert_eq!((peeked.most, peeked.is_shared), (1, backend.is_shared));
    assert!(peeked.reset > LONG && peeked.reset <= LONG * 24, "{peeked:?}");
}

rate_contract! {
    backends {
        in_one_process = crate::rate_contract::local;
        on_redis = crate::rate_contract::redis;
    }
    cases {
        of_a_burst_exactly_as_many_pass_as_the_rule_says
        a_rest_within_the_window_gives_nothing_back_and_after_it_there_is_everything
        refused_tries_extend_nothing
        a_try_is_told_how_the_window_stands
        a_peek_counts_nothing
        a_try_given_back_makes_room_for_exactly_one
        giving_back_what_nobody_took_gives_nothing
        two_keys_do_not_know_of_each_other
        two_handles_share_their_windows
        a_stricter_rule_holds_at_once
        a_rule_beyond_the_bounds_means_the_nearest_within_them
    }
}

/// The next try that is decided by the shared windows.
async fn shared_try(rate: &Rate, key: &Key, rule: Rule) -> Taken {
    let shared = async {
        loop {
            let taken = rate.take(key, rule).await;
            if taken.is_shared {
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), shared).await.unwrap()
}

#[tokio::test]
async fn what_redis_keeps_is_bounded_goes_by_itself_and_names_nobody() {
    let prefix = prefix();
    let rate = patient(redis_url(), &prefix);
    let key = Key::new("test", b"192.0.2.1");
    assert_eq!(burst(&rate, key, Rule::a_minute(7)).await, 7);
    let mut redis = redis_connection().await;
    let names: Vec<String> = redis.keys(format!("{prefix}*")).await.unwrap();
    assert_eq!(names, [format!("{prefix}rate:{key}")]);
    assert_eq!(redis.llen::<_, usize>(&names[0]).await.unwrap(), 7);
    let millis: i64 = redis.pttl(&names[0]).await.unwrap();
    assert!((1..=60_000).contains(&millis), "{millis}");
    for _ in 0..7 {
        rate.give_back(&key, Rule::a_minute(7)).await;
    }
    assert!(!redis.exists::<_, bool>(&names[0]).await.unwrap());
}

#[tokio::test]
async fn without_redis_a_process_decides_alone_and_at_once_until_redis_is_back() {
    let server = Redis::start(&RedisOptions::default()).unwrap();
    let rate = Rate::shared(server.url().parse().unwrap(), &prefix());
    shared_try(&rate, &key("a"), rule(5)).await;
    server.kill().unwrap();
    let start = Instant::now();
    for remaining in (0..5).rev() {
        let taken = rate.take(&key("b"), rule(5)).await;
        assert_eq!((taken.allowed, taken.remaining, taken.is_shared), (true, remaining, false));
    }
    assert!(!rate.take(&key("b"), rule(5)).await.allowed, "alone it holds to the rule too");
    rate.give_back(&key("b"), rule(5)).await;
    assert!(rate.peek(&key("b"), rule(5)).await.allowed);
    assert!(start.elapsed() < Duration::from_millis(800), "{:?}: who waits for Redis?", start.elapsed());
    server.start_again().unwrap();
    assert!(shared_try(&rate, &key("b"), rule(5)).await.allowed, "Redis knows nothing of what was let in meanwhile");
}

#[tokio::test]
async fn a_redis_that_says_nothing_keeps_one_try_waiting_and_no_other() {
    // It takes connections, and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: RedisUrl = format!("redis://{}", listener.local_addr().unwrap()).parse().unwrap();
    let rate = Rate::shared(url, &prefix());
    let start = Instant::now();
    for _ in 0..20 {
        let taken = rate.take(&key("a"), rule(20)).await;
        assert!(taken.allowed && !taken.is_shared, "{taken:?}");
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(100) && took < Duration::from_millis(900), "{took:?}");
}

#[tokio::test]
async fn a_redis_that_may_not_write_is_one_that_is_away() {
    let full = RedisOptions { config: vec![("maxmemory".into(), "1".into())], ..RedisOptions::default() };
    let server = Redis::start(&full).unwrap();
    let rate = Rate::shared(server.url().parse().unwrap(), &prefix());
    assert_eq!(burst(&rate, key("a"), rule(9)).await, 9);
    assert!(!rate.take(&key("a"), rule(9)).await.is_shared);
}

#[tokio::test]
async fn tries_of_a_clock_that_was_set_back_do_not_count_until_it_has_caught_up() {
    let server = Redis::start(&RedisOptions { clock_ahead: 3600, ..RedisOptions::default() }).unwrap();
    let rate = patient(server.url().parse().unwrap(), &prefix());
    let rule = Rule::a_minute(1);
    assert!(shared_try(&rate, &key("a"), rule).await.allowed);
    assert!(!shared_try(&rate, &key("a"), rule).await.allowed);
    server.kill().unwrap();
    server.put_clock_ahead(0).unwrap();
    server.start_again().unwrap();
    assert!(shared_try(&rate, &key("a"), rule).await.allowed);
    assert!(!shared_try(&rate, &key("a"), rule).await.allowed);
}
