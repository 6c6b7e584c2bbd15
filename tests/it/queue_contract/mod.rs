//! What every queue must do. A backend joins with one line in the list of backends at the end; each case is then a
//! test of its own on it, over a queue of its own.

mod choices;
mod closing;
mod gates;
mod log;
mod trimming;

use bytes::Bytes;
use hemicycle::domain::ballot::{Ballot, VoterKey};
use hemicycle::domain::gate::Gate;
use hemicycle::domain::log::{EntryId, LogEnd, Marker, Record, Section};
use hemicycle::domain::names::{Choice, PollId};
use hemicycle::domain::poll::Poll;
use hemicycle::queue::local::LocalQueue;
use hemicycle::queue::redis::{RedisOptions, RedisQueue};
use hemicycle::queue::{Answer, Queue, format};
use hemicycle::store::sqlite::log::{LogFile, LogRow, LogWrite};
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::forge::{at, ballot, voter};

/// Makes every case a test on every backend.
macro_rules! queue_contract {
    (backends { $($backend:ident = $open:path;)+ } cases $cases:tt) => {
        $(mod $backend { queue_contract!(@cases $open, $cases); })+
    };
    (@cases $open:path, { $($group:ident: $($case:ident)+;)+ }) => {
        $(mod $group {
            $(#[tokio::test]
            async fn $case() {
                let mut backend = $open().await;
                $crate::queue_contract::$group::$case(&mut backend).await;
                backend.is_gapless().await;
                backend.queue.shut_down().await;
            })+
        })+
    };
}

/// A queue of one partition, and what must live as long.
pub struct Backend {
    queue: Queue,
    kind: Kind,
}

/// How a queue of each kind is opened again, and how something foreign gets into its log.
enum Kind {
    Local(TempDir),
    Redis(RedisOptions),
}

async fn local() -> Backend {
    let folder = TempDir::new().unwrap();
    let queue = Queue::Local(LocalQueue::open(&folder.path().join("queue.sqlite")).await.unwrap());
    Backend { queue, kind: Kind::Local(folder) }
}

#[expect(clippy::unused_async, reason = "every backend is opened alike")]
async fn redis() -> Backend {
    let options = crate::servers::redis_options(1);
    Backend { queue: Queue::Redis(RedisQueue::new(options.clone())), kind: Kind::Redis(options) }
}

/// Everything an entry says, ballots and markers in order.
type Told = (Vec<(PollId, u32, VoterKey, Choice)>, Vec<Marker>);

impl Backend {
    /// Closes the queue and opens it again, as a new process would.
    async fn reopen(&mut self) {
        self.queue.shut_down().await;
        self.queue = match &self.kind {
            Kind::Local(folder) => Queue::Local(LocalQueue::open(&folder.path().join("queue.sqlite")).await.unwrap()),
            Kind::Redis(options) => Queue::Redis(RedisQueue::new(options.clone())),
        };
    }

    /// Puts bytes at the end of the log that no release of ours has written, with a fingerprint that is theirs or not.
    async fn smuggle(&mut self, body: &'static [u8], ballots: u32, fingerprint: Option<u64>) {
        let LogEnd { entry, position, .. } = self.end().await;
        self.queue.shut_down().await;
        let fingerprint = fingerprint.unwrap_or_else(|| format::fingerprint(body));
        let id = entry.0 + 1;
        match &self.kind {
            Kind::Local(folder) => {
                let file = LogFile::open(&folder.path().join("queue.sqlite")).await.unwrap();
                let body = Bytes::from_static(body);
                let row = LogRow { id: EntryId(id), first: position, ballots, fingerprint, body };
                file.write(&LogWrite { row: Some(row), ..LogWrite::default() }).await.unwrap();
                file.close().await;
            }
            Kind::Redis(options) => {
                let mut redis = crate::servers::redis_connection().await;
                let (log, ends) = (format!("{}1:log:0", options.prefix), format!("{}1:ends", options.prefix));
                let end = format!("{id} {} {fingerprint}", position + u64::from(ballots));
                let fields = [("first", position), ("ballots", ballots.into()), ("print", fingerprint)];
                redis::cmd("XADD")
                    .arg(log)
                    .arg(format!("{id}-0"))
                    .arg(&fields[..])
                    .arg("body")
                    .arg(body)
                    .exec_async(&mut redis)
                    .await
                    .unwrap();
                redis::cmd("HSET").arg(ends).arg(0).arg(end).exec_async(&mut redis).await.unwrap();
            }
        }
        self.reopen().await;
    }

    /// The queue as two processes have it, where its kind allows a second.
    fn handles(&self) -> [Queue; 2] {
        let other = match &self.kind {
            Kind::Local(_) => self.queue.clone(),
            Kind::Redis(options) => Queue::Redis(RedisQueue::new(options.clone())),
        };
        [self.queue.clone(), other]
    }

    /// Remembers a first choice as the release did that knew no attempts, and opens the queue again.
    async fn remember_without_attempt(&mut self, poll: &Poll, of: u64, choice: u8) {
        self.queue.shut_down().await;
        let key = &voter(of).0[..];
        match &self.kind {
            Kind::Local(folder) => {
                let file = SqliteConnectOptions::new().filename(folder.path().join("queue.sqlite"));
                let mut file = file.connect().await.unwrap();
                let before = "ALTER TABLE first_choices DROP COLUMN attempt; \
                              DELETE FROM _sqlx_migrations WHERE version = 2";
                sqlx::raw_sql(before).execute(&mut file).await.unwrap();
                let row = sqlx::query("INSERT INTO first_choices (poll, round, voter, choice) VALUES (?, ?, ?, ?)");
                let row = row.bind(i64::try_from(poll.id.get()).unwrap()).bind(poll.round).bind(key).bind(choice);
                row.execute(&mut file).await.unwrap();
                file.close().await.unwrap();
            }
            Kind::Redis(options) => {
                let mut redis = crate::servers::redis_connection().await;
                let round = format!("{}:{}", poll.id, poll.round);
                let (hash, index) =
                    (format!("{}1:choices:{round}", options.prefix), format!("{}1:choices", options.prefix));
                redis::cmd("HSET").arg(hash).arg(key).arg(&[choice][..]).exec_async(&mut redis).await.unwrap();
                redis::cmd("SADD").arg(index).arg(round).exec_async(&mut redis).await.unwrap();
            }
        }
        self.reopen().await;
    }

    async fn install(&self, poll: &Poll) {
        self.queue.install(poll.id, &poll.gate(), at(0)).await.unwrap();
    }

    async fn append(&self, ballots: &[Ballot], now: Timestamp) -> Vec<Answer> {
        self.queue.append(ballots, now).await.unwrap()
    }

    /// The answer to a fresh voter's ballot for the first option.
    async fn ask(&self, poll: u64, of: u64, now: Timestamp) -> Answer {
        self.append(&[ballot(poll, of, 0)], now).await[0]
    }

    async fn gate(&self, poll: &Poll) -> Gate {
        self.queue.gate(poll.id).await.unwrap().unwrap()
    }

    async fn end(&self) -> LogEnd {
        self.queue.ends().await.unwrap()[0]
    }

    async fn whole_log(&self) -> Vec<Record> {
        self.queue.read(0, EntryId(0), u64::MAX).await.unwrap()
    }

    /// What all readable entries say.
    async fn told(&self) -> Told {
        let mut told = Told::default();
        for section in
            self.whole_log().await.into_iter().filter_map(|record| record.content.ok()).flat_map(|e| e.sections)
        {
            match section {
                Section::Closed(marker) => told.1.push(marker),
                Section::Ballots { poll, generation, ballots } => {
                    told.0.extend(ballots.into_iter().map(|(voter, choice)| (poll, generation, voter, choice)));
                }
            }
        }
        told
    }

    /// Ids and positions follow each other without a gap up to the end, whatever was appended and trimmed.
    async fn is_gapless(&self) {
        let records = self.whole_log().await;
        for pair in records.windows(2) {
            assert_eq!((pair[1].id.0, pair[1].first), (pair[0].id.0 + 1, pair[0].end()));
        }
        let end = records.last().map(|record| LogEnd {
            entry: record.id,
            fingerprint: record.fingerprint,
            position: record.end(),
        });
        assert_eq!(self.end().await, end.unwrap_or_default());
    }
}

queue_contract! {
    backends {
        on_a_local_file = crate::queue_contract::local;
        on_redis = crate::queue_contract::redis;
    }
    cases {
        gates:
            without_a_gate_nothing_is_accepted
            a_gate_that_is_shut_accepts_nothing_and_says_when_it_opens
            a_gate_opens_by_itself_and_stays_open_when_the_clock_is_set_back
            a_higher_generation_wins_and_a_lower_one_is_ignored
            a_higher_revision_moves_times_and_an_old_one_does_not
            a_gate_is_used_from_its_first_ballot_through_its_round
            gates_survive_reopening
            a_forgotten_poll_is_unknown_again;
        closing:
            the_first_append_past_the_time_latches_for_good
            a_latch_by_the_clock_writes_its_marker_behind_the_ballots
            closing_twice_writes_one_marker
            markers_can_be_repeated_for_a_reader_that_missed_them
            closing_another_generation_does_nothing
            a_higher_revision_never_unlatches
            installing_a_closed_gate_latches_with_a_marker
            a_poll_unknown_to_the_queue_can_be_closed_by_installing
            a_batch_that_meets_a_closed_gate_is_accepted_in_its_other_polls;
        choices:
            the_first_choice_stands_across_batches
            the_first_choice_stands_within_a_batch
            the_first_choice_stands_after_reopening
            each_round_has_first_choices_of_its_own
            sweeping_forgets_earlier_rounds_and_nothing_else
            where_change_is_allowed_every_ballot_is_accepted
            a_forgotten_poll_forgets_its_choices
            many_first_choices_in_one_batch_are_remembered
            the_same_attempt_again_is_accepted
            another_attempt_is_a_second_use_even_for_the_same_choice
            of_many_attempts_in_one_batch_the_first_is_accepted
            of_many_attempts_that_race_one_is_accepted
            attempts_and_plain_voters_live_side_by_side
            each_round_has_attempts_of_its_own
            where_change_is_allowed_attempts_mean_nothing
            what_the_release_before_remembered_is_honoured;
        log:
            answers_come_in_the_order_of_the_ballots
            what_was_accepted_is_in_the_log_and_nothing_else
            an_append_of_nothing_writes_nothing
            reading_starts_at_the_entry_itself_and_stops_at_enough_ballots
            a_long_log_is_read_whole
            reopening_finds_the_same_end
            waiting_ends_with_the_next_entry
            the_log_is_probed
            an_unreadable_entry_is_accounted_for
            an_entry_of_a_newer_format_is_told_as_one
            an_entry_that_does_not_match_its_fingerprint_is_unreadable;
        trimming:
            trimming_never_passes_the_bookmark
            a_log_with_another_entry_at_the_bookmark_is_not_trimmed
            trimming_keeps_as_many_ballots_before_the_bookmark
            a_trimmed_log_goes_on_where_it_was;
    }
}
