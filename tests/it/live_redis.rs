//! The live bus between processes.

use std::sync::Arc;
use std::time::Duration;

use hemicycle::domain::snapshot::Snapshot;
use hemicycle::live::redis::RedisLive;
use hemicycle::live::{Event, Live, Subscription};
use hemicycle_stack::redis::{Redis, RedisOptions};

use crate::forge::{at, open, poll_id};
use crate::servers::{prefix, redis_url};

fn changed(number: u64, votes: u64) -> Event {
    Event::Changed(Arc::new(Snapshot { poll: Arc::new(open(number)), votes: vec![votes, 0, 0], at: at(1) }))
}

async fn next(subscription: &mut Subscription) -> Event {
    tokio::time::timeout(Duration::from_secs(20), subscription.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_one_process_publishes_every_process_hears() {
    let prefix = prefix();
    let [one, other] = [(); 2].map(|()| Live::Redis(RedisLive::start(redis_url(), &prefix)));
    let (mut here, mut there) = (one.subscribe(), other.subscribe());
    for subscription in [&mut here, &mut there] {
        assert!(matches!(next(subscription).await, Event::Missed), "connected: what came before was missed");
    }
    one.publish(changed(1, 7));
    one.publish(Event::Deleted(poll_id(2)));
    for subscription in [&mut here, &mut there] {
        let event = next(subscription).await;
        assert!(matches!(&event, Event::Changed(snapshot) if snapshot.votes == [7, 0, 0]), "{event:?}");
        assert!(matches!(next(subscription).await, Event::Deleted(id) if id == poll_id(2)));
    }
}

#[tokio::test]
async fn after_redis_was_away_subscribers_hear_that_they_missed_something_and_then_the_news() {
    let server = Redis::start(&RedisOptions::default()).unwrap();
    let live = Live::Redis(RedisLive::start(server.url().parse().unwrap(), &prefix()));
    let mut subscription = live.subscribe();
    assert!(matches!(next(&mut subscription).await, Event::Missed));
    server.kill().unwrap();
    live.publish(changed(1, 1));
    server.start_again().unwrap();
    assert!(matches!(next(&mut subscription).await, Event::Missed));
    live.publish(changed(1, 2));
    let event = next(&mut subscription).await;
    assert!(matches!(&event, Event::Changed(snapshot) if snapshot.votes == [2, 0, 0]), "{event:?}");
}
