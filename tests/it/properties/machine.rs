//! The product's queue, store and worker, driven step by step beside the model.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use hemicycle::domain::ballot::Ballot;
use hemicycle::domain::clock::Clock;
use hemicycle::domain::gate::Phase;
use hemicycle::domain::log::EntryId;
use hemicycle::domain::poll::Poll;
use hemicycle::http::health::Health;
use hemicycle::http::metrics::Metrics;
use hemicycle::live::Live;
use hemicycle::queue::local::LocalQueue;
use hemicycle::queue::{Answer, Queue};
use hemicycle::roles::worker::announcer::Announcer;
use hemicycle::roles::worker::turn::{Counter, Turn};
use hemicycle::roles::worker::{Needs, janitor, keeper};
use hemicycle::store::Store;
use hemicycle::store::sqlite::Sqlite;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tempfile::TempDir;

use super::model::{Cast, QueueSide, StoreSide, Written, by_minute};
use super::{Action, Files, POLLS, Step};
use crate::forge::{at, ballot, draft, open, poll_id, strict, tried};

type Checked = Result<(), TestCaseError>;

/// What runs in one life of the process.
struct Life {
    store: Store,
    queue: Queue,
    needs: Arc<Needs>,
    counter: Counter,
}

/// Everything: the files, the process, the model.
pub struct Machine {
    folder: TempDir,
    clock: Clock,
    life: Life,
    queue: QueueSide,
    store: StoreSide,
    copies: (QueueSide, StoreSide),
    shown: BTreeMap<u64, u64>,
    serial: u64,
    /// Whether a file ever came back older, and whether a store did.
    faulted: bool,
    accepted: u64,
}

/// Whether voters of this poll may change their choice.
pub fn allows_change(poll: u64) -> bool {
    poll != 2
}

impl Life {
    async fn start(folder: &TempDir, clock: &Clock, retain: u64) -> Self {
        let file = |name: &str| folder.path().join(name);
        let store = Store::Sqlite(Sqlite::open(&file("store")).await.unwrap());
        let queue = Queue::Local(LocalQueue::open(&file("queue")).await.unwrap());
        let (live, metrics, health) = (Live::local(), Metrics::default(), Health::starting());
        let announcer = Announcer::start(store.clone(), live.clone(), clock.clone());
        let (clock, parts) = (clock.clone(), (store.clone(), queue.clone()));
        let needs =
            Arc::new(Needs { store: parts.0, queue: parts.1, live, clock, metrics, health, retain, alone: true });
        let counter = Counter::new(Arc::clone(&needs), announcer);
        Self { store, queue, needs, counter }
    }

    async fn stop(&self) {
        self.store.close().await;
        self.queue.shut_down().await;
    }
}

impl Machine {
    /// Three polls, each made as the product makes them.
    pub async fn start() -> Self {
        let (folder, clock) = (TempDir::new().unwrap(), Clock::manual(at(0)));
        let life = Life::start(&folder, &clock, 1000).await;
        for poll in [open(1), strict(2), draft(3)] {
            life.store.insert_poll(&poll).await.unwrap();
            life.queue.install(poll.id, &poll.gate(), at(0)).await.unwrap();
        }
        let mut machine = Self {
            folder,
            clock,
            life,
            queue: QueueSide::default(),
            store: StoreSide::default(),
            copies: Default::default(),
            shown: BTreeMap::new(),
            serial: 0,
            faulted: false,
            accepted: 0,
        };
        machine.restart(Files::Copied).await;
        machine
    }

    /// Does one step on both sides.
    pub async fn take(&mut self, step: &Step) -> Checked {
        // Every append has a time of its own, as it has in a world where time passes.
        self.clock.set(self.clock.now() + SignedDuration::from_millis(1));
        match step {
            Step::Vote(ballots) => self.vote(ballots).await?,
            Step::Organise(poll, action, dies) => self.organise(*poll, *action, *dies).await,
            Step::Count => self.count().await?,
            Step::Keep => drop(keeper::make_round(&self.life.needs).await.unwrap()),
            Step::Tidy(retain) => self.tidy(*retain).await,
            Step::Jump(seconds) => self.clock.set(self.clock.now() + SignedDuration::from_secs(*seconds)),
            Step::Restart(files) => {
                self.restart(*files).await;
                self.count().await?;
            }
        }
        self.note(Vec::new()).await;
        Ok(())
    }

    async fn vote(&mut self, wishes: &[(u64, u64, usize, u32)]) -> Checked {
        let cast = |(poll, voter, index, attempt): &_| tried(*attempt, ballot(*poll, *voter, *index));
        let ballots: Vec<Ballot> = wishes.iter().map(cast).collect();
        let answers = self.life.queue.append(&ballots, self.clock.now()).await.unwrap();
        let mut written = Vec::new();
        for ((poll, voter, choice, attempt), answer) in wishes.iter().copied().zip(answers) {
            let gate = self.life.queue.gate(poll_id(poll)).await.unwrap().unwrap();
            let opening = (poll, gate.generation);
            let first = self.queue.first_choices.get(&(poll, gate.round, voter)).copied();
            let held = !allows_change(poll) && first.is_some_and(|first| first != (choice, attempt));
            match answer {
                Answer::Accepted => {
                    prop_assert!(!self.queue.latched.contains(&opening), "accepted after the close: {opening:?}");
                    prop_assert!(!held, "voter {voter} was held to another choice or attempt");
                    let stored = self.life.store.poll(poll_id(poll)).await.unwrap().unwrap();
                    let is_final = stored.is_final && stored.generation == gate.generation;
                    prop_assert!(!is_final, "accepted for a poll that is final");
                    self.queue.first_choices.entry((poll, gate.round, voter)).or_insert((choice, attempt));
                    written.push(Cast { poll, generation: gate.generation, voter, choice, at: self.clock.now() });
                }
                Answer::Closed(_) => drop(self.queue.latched.insert(opening)),
                Answer::AlreadyVoted => prop_assert!(held, "voter {voter} was turned down without a reason"),
                Answer::NotOpen(_) | Answer::Unknown => {}
                Answer::Full => prop_assert!(false, "this queue has no bound"),
            }
        }
        self.accepted += written.len() as u64;
        self.note(written).await;
        Ok(())
    }

    /// Follows the log: one entry with these ballots, if there are any, else only markers.
    async fn note(&mut self, mut ballots: Vec<Cast>) {
        let end = usize::try_from(self.life.queue.ends().await.unwrap()[0].entry.0).unwrap();
        while self.queue.log.len() < end {
            self.serial += 1;
            self.queue.log.push(Written { serial: self.serial, ballots: std::mem::take(&mut ballots) });
        }
        for poll in 1..=POLLS {
            let gate = self.life.queue.gate(poll_id(poll)).await.unwrap().unwrap();
            if gate.phase == Phase::Latched {
                self.queue.latched.insert((poll, gate.generation));
            }
        }
    }

    async fn organise(&mut self, number: u64, action: Action, dies: bool) {
        let now = self.clock.now();
        let poll = self.life.store.poll(poll_id(number)).await.unwrap().unwrap();
        let gate = self.life.queue.gate(poll.id).await.unwrap().unwrap();
        let wanted = match action {
            Action::Open => poll.opened(now).map(|opened| opened.beyond(&gate)),
            Action::Close => poll.closed(now),
            Action::CloseIn(seconds) => poll.closing_at(now + SignedDuration::from_secs(seconds), now),
            Action::Reset => Ok(poll.caught_up(Some(&gate)).reset(now)),
        };
        let Ok(wanted) = wanted else { return };
        let changed: Poll = self.life.store.update_poll(&wanted, now).await.unwrap();
        if changed.round != poll.round {
            self.store.reset(number, changed.generation);
        }
        if dies {
            self.restart(Files::Same).await;
        } else {
            self.life.queue.install(changed.id, &changed.gate(), now).await.unwrap();
        }
    }

    async fn count(&mut self) -> Checked {
        let first = self.life.queue.read(0, EntryId(0), 1).await.unwrap();
        let start = first.first().map_or(self.queue.log.len(), |record| usize::try_from(record.id.0).unwrap() - 1);
        self.store.count(&self.queue, start);
        let mut turns = 0;
        while self.life.counter.turn().await.unwrap() != Turn::Idle {
            turns += 1;
            prop_assert!(turns < 100, "the worker never catches up");
        }
        self.note(Vec::new()).await;
        self.store.count(&self.queue, start);
        for poll in 1..=POLLS {
            let votes = self.life.store.snapshot(poll_id(poll), self.clock.now()).await.unwrap().unwrap().votes;
            prop_assert_eq!(votes, self.store.tally(poll), "poll {}", poll);
            prop_assert_eq!(self.turnout(poll).await, self.store.turnout(poll), "poll {}", poll);
        }
        Ok(())
    }

    /// How many voters came to a poll's round, by minute: a batch that took long to come has steps of half a minute.
    async fn turnout(&self, number: u64) -> BTreeMap<i64, u64> {
        let poll = self.life.store.poll(poll_id(number)).await.unwrap().unwrap();
        let series = self.life.store.turnout(poll.id, poll.round, None, u32::MAX).await.unwrap();
        by_minute(series.points.iter().map(|point| (point.at, point.voters)))
    }

    async fn tidy(&mut self, retain: u64) {
        let life = Life::start(&self.folder, &self.clock, retain).await;
        std::mem::replace(&mut self.life, life).stop().await;
        while janitor::step(&self.life.needs).await.unwrap() {}
    }

    async fn restart(&mut self, files: Files) {
        self.life.stop().await;
        let file = |name: &str| -> PathBuf { self.folder.path().join(name) };
        let copy = |from: &str, to: &str| assert!(std::fs::copy(file(from), file(to)).unwrap() > 0);
        match files {
            Files::Same => {}
            Files::Copied => {
                copy("queue", "queue-copy");
                copy("store", "store-copy");
                self.copies = (self.queue.clone(), self.store.clone());
            }
            Files::OldQueue => {
                copy("queue-copy", "queue");
                self.queue = self.copies.0.clone();
                self.faulted = true;
            }
            Files::OldStore => {
                copy("store-copy", "store");
                self.store = self.copies.1.clone();
                self.shown.clear();
                self.faulted = true;
            }
        }
        self.life = Life::start(&self.folder, &self.clock, 1000).await;
    }

    /// What holds after every step.
    pub async fn check(&mut self) -> Checked {
        let Life { store, queue, .. } = &self.life;
        prop_assert_eq!(store.verify().await.unwrap(), vec![], "tallies are not the fold of the ballots");
        let mut ledger = store.ledger().await.unwrap();
        prop_assert_eq!(ledger.difference(), self.store.missed, "{:?}", ledger);
        if !self.faulted {
            let (end, bookmark) = (queue.ends().await.unwrap()[0], store.bookmark(0).await.unwrap());
            ledger.pending = end.position - bookmark.position;
            prop_assert_eq!(ledger.accepted(), self.accepted, "{:?}", ledger);
            prop_assert_eq!((ledger.dead, ledger.repeated), (0, 0));
        }
        for poll in store.polls().await.unwrap() {
            let before = self.shown.insert(poll.id.get(), poll.versions.shown);
            prop_assert!(before <= Some(poll.versions.shown), "version {} after {before:?}", poll.versions.shown);
        }
        Ok(())
    }

    /// The end of every history: all polls are closed, and become final.
    pub async fn end(mut self) -> Checked {
        self.count().await?;
        keeper::make_round(&self.life.needs).await.unwrap();
        for poll in 1..=POLLS {
            self.organise(poll, Action::Close, false).await;
        }
        self.note(Vec::new()).await;
        self.count().await?;
        self.check().await?;
        for poll in self.life.store.polls().await.unwrap() {
            let open = poll.status != hemicycle::domain::poll::Status::Draft;
            prop_assert!(!open || poll.is_final, "{} never becomes final: {poll:?}", poll.slug);
        }
        self.life.stop().await;
        Ok(())
    }
}
