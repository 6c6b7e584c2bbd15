//! Which gate the queue holds, and what it lets in.

use hemicycle::domain::gate::Phase;
use hemicycle::domain::poll::{Poll, Versions};
use hemicycle::queue::Answer;

use super::Backend;
use crate::forge::{at, draft, open};

/// The poll as it is after so many changes.
pub fn revised(poll: &Poll, revision: u64) -> Poll {
    Poll { versions: Versions { revision, ..poll.versions }, ..poll.clone() }
}

pub async fn without_a_gate_nothing_is_accepted(backend: &mut Backend) {
    assert_eq!(backend.ask(1, 1, at(0)).await, Answer::Unknown);
    assert_eq!(backend.queue.gate(draft(1).id).await.unwrap(), None);
    assert_eq!(backend.whole_log().await.len(), 0);
}

pub async fn a_gate_that_is_shut_accepts_nothing_and_says_when_it_opens(backend: &mut Backend) {
    backend.install(&draft(1)).await;
    backend.install(&Poll { opens_at: Some(at(500)), ..draft(2) }).await;
    assert_eq!(backend.ask(1, 1, at(0)).await, Answer::NotOpen(None));
    assert_eq!(backend.ask(2, 1, at(499)).await, Answer::NotOpen(Some(at(500))));
    assert_eq!(backend.whole_log().await.len(), 0);
    backend.install(&revised(&open(1), 2)).await;
    assert_eq!(backend.ask(1, 1, at(0)).await, Answer::Accepted);
}

pub async fn a_gate_opens_by_itself_and_stays_open_when_the_clock_is_set_back(backend: &mut Backend) {
    backend.install(&Poll { opens_at: Some(at(500)), ..draft(1) }).await;
    assert_eq!(backend.ask(1, 1, at(500)).await, Answer::Accepted);
    assert_eq!(backend.ask(1, 2, at(-1000)).await, Answer::Accepted);
    backend.reopen().await;
    assert_eq!(backend.ask(1, 3, at(-1000)).await, Answer::Accepted);
}

pub async fn a_higher_generation_wins_and_a_lower_one_is_ignored(backend: &mut Backend) {
    let second = Poll { generation: 2, ..open(1) };
    backend.install(&second).await;
    backend.install(&revised(&draft(1), 9)).await;
    assert_eq!(backend.ask(1, 1, at(0)).await, Answer::Accepted);
    assert_eq!(backend.told().await.0[0].1, 2, "the ballot is of the second generation");
    backend.queue.close_gate(second.id, 2, at(1)).await.unwrap();
    assert_eq!(backend.ask(1, 2, at(1)).await, Answer::Closed(Some(at(1))));
    backend.install(&Poll { generation: 3, ..open(1) }).await;
    assert_eq!(backend.ask(1, 2, at(2)).await, Answer::Accepted);
    assert_eq!(backend.gate(&second).await.generation, 3);
}

pub async fn a_higher_revision_moves_times_and_an_old_one_does_not(backend: &mut Backend) {
    let poll = open(1);
    backend.install(&revised(&Poll { closes_at: Some(at(100)), ..poll.clone() }, 2)).await;
    backend.install(&revised(&Poll { closes_at: Some(at(300)), ..poll.clone() }, 3)).await;
    backend.install(&revised(&Poll { closes_at: Some(at(50)), ..poll.clone() }, 3)).await;
    backend.install(&revised(&Poll { closes_at: Some(at(50)), ..poll.clone() }, 1)).await;
    assert_eq!(backend.ask(1, 1, at(299)).await, Answer::Accepted);
    assert_eq!(backend.ask(1, 2, at(300)).await, Answer::Closed(Some(at(300))));
}

pub async fn a_gate_is_used_from_its_first_ballot_through_its_round(backend: &mut Backend) {
    let poll = open(1);
    backend.install(&poll).await;
    assert!(!backend.gate(&poll).await.used);
    backend.ask(1, 1, at(0)).await;
    assert!(backend.gate(&poll).await.used);
    backend.install(&Poll { generation: 2, ..poll.clone() }).await;
    assert!(backend.gate(&poll).await.used, "the same round");
    backend.install(&Poll { generation: 3, round: 2, ..poll.clone() }).await;
    assert!(!backend.gate(&poll).await.used, "a new round");
}

pub async fn gates_survive_reopening(backend: &mut Backend) {
    let times = Poll { opens_at: Some(at(500)), closes_at: Some(at(900)), allow_change: false, ..draft(2) };
    for poll in [&draft(1), &times, &open(3), &open(4)] {
        backend.install(poll).await;
    }
    backend.ask(3, 1, at(0)).await;
    backend.queue.close_gate(open(4).id, 1, at(7)).await.unwrap();
    let mut before = Vec::new();
    for poll in [&draft(1), &times, &open(3), &open(4)] {
        before.push(backend.gate(poll).await);
    }
    let phases: Vec<_> = before.iter().map(|gate| gate.phase).collect();
    assert_eq!(phases, [Phase::Shut, Phase::Open, Phase::Open, Phase::Latched]);
    backend.reopen().await;
    for (poll, gate) in [draft(1), times, open(3), open(4)].iter().zip(before) {
        assert_eq!(backend.gate(poll).await, gate);
    }
}

pub async fn a_forgotten_poll_is_unknown_again(backend: &mut Backend) {
    backend.install(&open(1)).await;
    backend.ask(1, 1, at(0)).await;
    backend.queue.forget(open(1).id).await.unwrap();
    backend.queue.forget(open(1).id).await.unwrap();
    assert_eq!(backend.ask(1, 1, at(0)).await, Answer::Unknown);
    backend.reopen().await;
    assert_eq!(backend.ask(1, 1, at(0)).await, Answer::Unknown);
}
