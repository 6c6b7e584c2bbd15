//! What only the queue in Redis does: several partitions, several processes, a bound, and servers that will not do.

use std::collections::HashSet;
use std::time::Duration;

use hemicycle::domain::ballot::Ballot;
use hemicycle::domain::fold;
use hemicycle::domain::gate::{Gate, Phase};
use hemicycle::domain::log::{Bookmark, EntryId, Section};
use hemicycle::domain::names::{Choice, PollId};
use hemicycle::queue::redis::{RedisOptions, RedisQueue};
use hemicycle::queue::{Answer, Queue, QueueError};
use hemicycle_stack::redis::Redis;

use crate::forge::{at, ballot, open, poll_id, strict, tried, voter};
use crate::servers::{redis_connection, redis_options};

fn queue(options: &RedisOptions) -> Queue {
    Queue::Redis(RedisQueue::new(options.clone()))
}

#[tokio::test]
async fn each_voter_has_a_partition_and_each_partition_its_marker() {
    let queue = queue(&redis_options(4));
    queue.install(poll_id(1), &open(1).gate(), at(0)).await.unwrap();
    let ballots: Vec<_> = (0..200).map(|of| ballot(1, of, 0)).collect();
    assert_eq!(queue.append(&ballots, at(1)).await.unwrap(), vec![Answer::Accepted; 200]);
    queue.close_gate(poll_id(1), 1, at(2)).await.unwrap();
    let mut seen = 0;
    for partition in 0..4 {
        let records = queue.read(partition, EntryId(0), u64::MAX).await.unwrap();
        let [first, last] = &records[..] else { panic!("{records:?}") };
        let [Section::Ballots { ballots, .. }] = &first.content.as_ref().unwrap().sections[..] else { panic!() };
        assert!(ballots.iter().all(|(voter, _)| voter.partition(4) == partition));
        assert!(matches!(last.content.as_ref().unwrap().sections[..], [Section::Closed(_)]));
        seen += ballots.len();
    }
    assert_eq!((seen, voter(1).partition(4)), (200, 1));
}

#[tokio::test]
async fn a_process_that_knows_an_old_gate_answers_by_the_new_one() {
    let options = redis_options(2);
    let (one, other) = (queue(&options), queue(&options));
    one.install(poll_id(1), &open(1).gate(), at(0)).await.unwrap();
    assert_eq!(other.append(&[ballot(1, 1, 0)], at(1)).await.unwrap(), [Answer::Accepted]);
    one.close_gate(poll_id(1), 1, at(2)).await.unwrap();
    assert_eq!(other.append(&[ballot(1, 2, 0)], at(1)).await.unwrap(), [Answer::Closed(Some(at(2)))]);
    let reopened = Gate { generation: 2, revision: 9, ..open(1).gate() };
    one.install(poll_id(1), &reopened, at(3)).await.unwrap();
    assert_eq!(other.append(&[ballot(1, 3, 0)], at(4)).await.unwrap(), [Answer::Accepted]);
}

#[tokio::test]
async fn of_two_processes_that_race_for_a_first_choice_one_wins() {
    let options = redis_options(2);
    let (one, other) = (queue(&options), queue(&options));
    one.install(poll_id(2), &strict(2).gate(), at(0)).await.unwrap();
    for of in 0..50 {
        let (first, second) = ([ballot(2, of, 0)], [ballot(2, of, 1)]);
        let (first, second) = tokio::join!(one.append(&first, at(1)), other.append(&second, at(1)));
        let mut answers = [first.unwrap()[0], second.unwrap()[0]];
        answers.sort_by_key(|answer| *answer != Answer::Accepted);
        assert_eq!(answers, [Answer::Accepted, Answer::AlreadyVoted]);
    }
}

#[tokio::test]
async fn an_attempt_takes_room_beside_a_first_choice_only_where_there_is_one() {
    let options = redis_options(1);
    let queue = queue(&options);
    queue.install(poll_id(1), &strict(1).gate(), at(0)).await.unwrap();
    let ballots = [ballot(1, 1, 0), tried(0x0102_0304, ballot(1, 2, 1)), ballot(1, 3, 2)];
    assert_eq!(queue.append(&ballots, at(1)).await.unwrap(), [Answer::Accepted; 3]);
    assert_eq!(queue.append(&[ballot(1, 4, 2)], at(1)).await.unwrap(), [Answer::Accepted]);
    let kept = format!("{}1:choices:{}:1", options.prefix, poll_id(1));
    let mut kept: Vec<Vec<u8>> =
        redis::cmd("HVALS").arg(kept).query_async(&mut redis_connection().await).await.unwrap();
    kept.sort();
    assert_eq!(kept, [&[0][..], &[1, 1, 2, 3, 4], &[2], &[2]]);
}

#[tokio::test]
async fn a_first_choice_that_no_release_wrote_refuses_its_ballots_by_name() {
    let options = redis_options(1);
    let queue = queue(&options);
    queue.install(poll_id(1), &strict(1).gate(), at(0)).await.unwrap();
    let kept = format!("{}1:choices:{}:1", options.prefix, poll_id(1));
    let mut redis = redis_connection().await;
    for strange in [&b""[..], &[0, 1], &[0, 1, 2, 3, 4, 5], &[200], &[200, 1, 2, 3, 4]] {
        redis::cmd("HSET").arg(&kept).arg(&voter(1).0[..]).arg(strange).exec_async(&mut redis).await.unwrap();
        let refused = queue.append(&[ballot(1, 1, 0)], at(1)).await.unwrap_err();
        let why = hemicycle::http::error::chain(&refused);
        assert!(matches!(refused, QueueError::Refused(_)) && why.contains("a first choice"), "{why}");
    }
    assert_eq!(queue.append(&[ballot(1, 2, 0)], at(1)).await.unwrap(), [Answer::Accepted]);
}

#[tokio::test]
async fn past_its_bound_the_queue_is_full_until_workers_have_counted() {
    let queue = queue(&RedisOptions { max_unread: 3, ..redis_options(1) });
    queue.install(poll_id(1), &open(1).gate(), at(0)).await.unwrap();
    let three: Vec<_> = (0..3).map(|of| ballot(1, of, 0)).collect();
    assert_eq!(queue.append(&three, at(1)).await.unwrap(), vec![Answer::Accepted; 3]);
    assert_eq!(queue.append(&[ballot(1, 9, 0)], at(1)).await.unwrap(), [Answer::Full]);
    queue.close_gate(poll_id(1), 1, at(2)).await.expect("closing needs no room");
    queue.counted(0, 1).await.unwrap();
    queue.counted(0, 0).await.expect("what is counted again takes no room");
    queue.install(poll_id(2), &open(2).gate(), at(2)).await.unwrap();
    assert_eq!(queue.append(&[ballot(2, 9, 0)], at(3)).await.unwrap(), [Answer::Accepted]);
}

#[tokio::test]
async fn a_partition_that_is_full_turns_down_its_own_voters_only() {
    let queue = queue(&RedisOptions { max_unread: 2 * 10, ..redis_options(2) });
    queue.install(poll_id(1), &strict(1).gate(), at(0)).await.unwrap();
    let (there, elsewhere): (Vec<_>, Vec<_>) =
        (0..100).map(|of| ballot(1, of, 0)).partition(|ballot| ballot.voter.partition(2) == 0);
    assert_eq!(queue.append(&there[..10], at(1)).await.unwrap(), vec![Answer::Accepted; 10]);
    let both = [there[10], elsewhere[0]];
    assert_eq!(queue.append(&both, at(1)).await.unwrap(), [Answer::Full, Answer::Accepted]);
    queue.counted(0, 10).await.unwrap();
    let other = Ballot { choice: Choice::from_index(1).unwrap(), ..there[10] };
    let accepted = queue.append(&[other], at(2)).await.unwrap();
    assert_eq!(accepted, [Answer::Accepted], "the choice of a ballot that was turned down was kept");
}

#[tokio::test]
async fn a_server_that_could_lose_ballots_is_refused_by_name() {
    let lax = hemicycle_stack::redis::RedisOptions { append_fsync: "everysec".into(), ..Default::default() };
    let server = Redis::start(&lax).unwrap();
    let options = RedisOptions { url: server.url().parse().unwrap(), ..redis_options(1) };
    let queue = queue(&options);
    let refused = queue.install(poll_id(1), &open(1).gate(), at(0)).await.unwrap_err();
    let why = hemicycle::http::error::chain(&refused);
    assert!(matches!(refused, QueueError::Refused(_)) && why.contains("appendfsync is everysec"), "{why}");
    server.command(&["CONFIG", "SET", "appendfsync", "always"]).unwrap();
    queue.install(poll_id(1), &open(1).gate(), at(0)).await.expect("it is asked again");
}

#[tokio::test]
async fn while_redis_is_away_ballots_are_refused_and_afterwards_accepted_again() {
    let server = Redis::start(&hemicycle_stack::redis::RedisOptions::default()).unwrap();
    let options = RedisOptions { url: server.url().parse().unwrap(), ..redis_options(1) };
    let queue = queue(&options);
    queue.install(poll_id(1), &open(1).gate(), at(0)).await.unwrap();
    queue.append(&[ballot(1, 1, 0)], at(1)).await.unwrap();
    server.kill().unwrap();
    queue.append(&[ballot(1, 2, 0)], at(1)).await.expect_err("nobody is there");
    let again = queue.append(&[ballot(1, 2, 0)], at(1)).await;
    assert!(matches!(again, Err(QueueError::Refused(_))), "{again:?}");
    server.start_again().unwrap();
    // The next attempt to reach it is due within a moment.
    let accepted = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            match queue.append(&[ballot(1, 3, 0)], at(1)).await {
                Ok(answers) => break answers,
                Err(error) => assert!(matches!(error, QueueError::Refused(_)), "{error:?}"),
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(accepted.await.unwrap(), [Answer::Accepted]);
    let records = queue.read(0, EntryId(0), u64::MAX).await.unwrap();
    assert_eq!(records.iter().map(|record| record.ballots).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn while_the_memory_of_redis_is_full_ballots_are_refused_and_the_log_can_still_be_trimmed() {
    let server = Redis::start(&hemicycle_stack::redis::RedisOptions::default()).unwrap();
    let options = RedisOptions { url: server.url().parse().unwrap(), ..redis_options(1) };
    let queue = queue(&options);
    queue.install(poll_id(1), &open(1).gate(), at(0)).await.unwrap();
    for of in 0..2 {
        assert_eq!(queue.append(&[ballot(1, of, 0)], at(1)).await.unwrap(), [Answer::Accepted]);
    }
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let full = queue.append(&[ballot(1, 2, 0)], at(1)).await;
    assert!(matches!(full, Err(QueueError::Refused(_))), "{full:?}");
    let records = queue.read(0, EntryId(0), u64::MAX).await.unwrap();
    assert_eq!(records.len(), 2, "a ballot that was refused is in the log");
    let bookmark = records.iter().fold(Bookmark::default(), Bookmark::after);
    assert_eq!(queue.trim(0, &bookmark, 0).await.unwrap(), 1);
    server.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    assert_eq!(queue.append(&[ballot(1, 2, 0)], at(1)).await.unwrap(), [Answer::Accepted]);
}

#[tokio::test]
async fn the_markers_of_more_polls_than_a_process_remembers_are_repeated() {
    const POLLS: u64 = 4200;
    let options = redis_options(1);
    let (queue, other) = (queue(&options), queue(&options));
    for poll in 1..=POLLS {
        let closed = Gate { phase: Phase::Latched, closes_at: Some(at(1)), ..open(poll).gate() };
        queue.install(poll_id(poll), &closed, at(2)).await.unwrap();
    }
    let before = other.ends().await.unwrap()[0].entry;
    other.repeat_markers(at(3)).await.unwrap();
    let records = other.read(0, EntryId(before.0 + 1), u64::MAX).await.unwrap();
    let markers: HashSet<PollId> = fold::polls_in(&records).collect();
    assert_eq!(markers.len() as u64, POLLS);
}
