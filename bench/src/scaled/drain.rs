//! How fast workers count what waits in Redis, beside one client that upserts the same rows and does nothing else.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hemicycle::domain::ballot::{Attempt, Ballot, VoterKey};
use hemicycle::domain::clock::Clock;
use hemicycle::domain::names::{Choice, PollId};
use hemicycle::queue::redis::{Acks, RedisOptions, RedisQueue};
use hemicycle::queue::{Answer, Queue};
use hemicycle::store::Store;
use hemicycle::store::postgres::Postgres;
use hemicycle_stack::role::Role;
use hemicycle_stack::whole::{DATABASE, Stack};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::rows::Rows;
use super::start;
use crate::Args;
use crate::figures::Figures;
use crate::process::binary;

/// Ballots of a round: some seconds of counting.
const ROUND: usize = 400_000;
/// Ballots that an intake appends at a time when it is pushed by 256 connections.
const APPENDED: usize = 256;
/// Rows of one statement of the bare client: as many as a worker's batch has at most.
const BATCH: usize = 5000;
/// How often it is looked how far the workers are.
const LOOK: Duration = Duration::from_millis(20);
/// The database of the bare client.
const BARE: &str = "bare";

/// Everything that a round needs.
struct Scene {
    rows: Rows,
    poll: PollId,
    queue: Queue,
    store: Store,
    bare: PgConnection,
    stack: Stack,
}

/// Measures one worker on fresh voters, one on revotes, and two.
///
/// # Errors
/// Where something is not accepted, or not counted.
pub async fn measure(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let rounds = usize::from(args.rounds);
    let (fresh, fresh_bare) = scene.compare("fresh voters", rounds, Rows::fresh).await?;
    // A poll of a million, whatever the number of rounds.
    while scene.store.ledger().await?.counted < 1_000_000 {
        let ballots = scene.rows.fresh(ROUND);
        scene.upsert(&ballots).await?;
        scene.drain(&ballots, 2).await?;
    }
    let (again, again_bare) = scene.compare("revotes", rounds, Rows::revotes).await?;
    let (mut one, mut two) = (vec![], vec![]);
    for round in 1..=rounds {
        eprintln!("counting with two workers: round {round} of {rounds}");
        for (rates, workers) in [(&mut one, 1), (&mut two, 2)] {
            let ballots = scene.rows.fresh(ROUND);
            rates.push(scene.drain(&ballots, workers).await?);
        }
    }
    figures.ratio("one worker on fresh voters, of a bare upsert", 0.8, &fresh, &fresh_bare);
    figures.ratio("one worker on revotes, of a bare upsert", 0.5, &again, &again_bare);
    figures.ratio("two workers, of one", 1.5, &two, &one);
    Ok(())
}

impl Scene {
    async fn set() -> anyhow::Result<Self> {
        let stack = start(&["polls"])?;
        let url = stack.postgres.url(DATABASE);
        let store = Store::Postgres(Postgres::connect(&url, &[], 2)?);
        let poll = store.poll_named("default").await?.context("no default poll")?;
        let queue = Queue::Redis(RedisQueue::new(RedisOptions {
            url: stack.redis.url().parse().map_err(anyhow::Error::msg)?,
            partitions: u16::try_from(
                stack.postgres.sql(DATABASE, "SELECT partitions FROM system")?.trim().parse::<u32>()?,
            )?,
            prefix: "hemicycle:".into(),
            acks: Acks::Disk,
            max_unread: u64::MAX,
        }));
        queue.install(poll.id, &poll.gate(), Clock::System.now()).await?;
        stack.postgres.create_database(BARE)?;
        let mut bare = PgConnection::connect(&stack.postgres.url(BARE)).await?;
        sqlx::query(
            "CREATE TABLE ballots (poll bigint, voter uuid, choice smallint, sequence bigint, PRIMARY KEY (poll, voter))",
        )
        .execute(&mut bare)
        .await?;
        Ok(Self { rows: Rows::new(), poll: poll.id, queue, store, bare, stack })
    }

    /// The rates of one worker, and of the bare client, on the same ballots.
    async fn compare(
        &mut self,
        what: &str,
        rounds: usize,
        make: fn(&mut Rows, usize) -> Vec<(VoterKey, Choice)>,
    ) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
        let (mut rates, mut ceilings) = (vec![], vec![]);
        for round in 1..=rounds {
            eprintln!("counting {what}: round {round} of {rounds}");
            let ballots = make(&mut self.rows, ROUND);
            ceilings.push(self.upsert(&ballots).await?);
            rates.push(self.drain(&ballots, 1).await?);
        }
        Ok((rates, ceilings))
    }

    /// The bare client: upserts these rows, a batch a transaction. Rows a second.
    async fn upsert(&mut self, ballots: &[(VoterKey, Choice)]) -> anyhow::Result<f64> {
        let poll = i64::try_from(self.poll.get())?;
        let first: i64 = sqlx::query_scalar("SELECT count(*) FROM ballots").fetch_one(&mut self.bare).await?;
        let started = Instant::now();
        let mut sequence = first;
        for batch in ballots.chunks(BATCH) {
            let next = sequence + i64::try_from(batch.len())?;
            sqlx::query(
                "INSERT INTO ballots SELECT $1, * FROM unnest($2::uuid[], $3::smallint[], $4::bigint[]) \
                 ON CONFLICT (poll, voter) DO UPDATE SET choice = excluded.choice, sequence = excluded.sequence",
            )
            .bind(poll)
            .bind(batch.iter().map(|(voter, _)| Uuid::from_bytes(voter.0)).collect::<Vec<_>>())
            .bind(batch.iter().map(|(_, choice)| i16::from(choice.as_u8())).collect::<Vec<_>>())
            .bind((sequence..next).collect::<Vec<_>>())
            .execute(&mut self.bare)
            .await?;
            sequence = next;
        }
        Ok(rate(ballots.len() as u64, started.elapsed()))
    }

    /// Appends these ballots, starts so many workers and lets them count. Ballots a second, from the first batch that
    /// is counted: a process that starts is not what is measured here.
    async fn drain(&mut self, ballots: &[(VoterKey, Choice)], workers: usize) -> anyhow::Result<f64> {
        let before = self.counted().await?;
        for batch in ballots.chunks(APPENDED) {
            let (poll, attempt) = (self.poll, Attempt::default());
            let batch: Vec<Ballot> =
                batch.iter().map(|(voter, choice)| Ballot { poll, voter: *voter, choice: *choice, attempt }).collect();
            let answers = self.queue.append(&batch, Clock::System.now()).await?;
            ensure!(answers.iter().all(|answer| *answer == Answer::Accepted), "a ballot was not accepted");
        }
        let all = before + ballots.len() as u64;
        let binary = binary()?;
        let roles: Vec<Role> = std::thread::scope(|scope| {
            let start = || Role::start(&binary, "worker", &self.stack.environment);
            let starting: Vec<_> = (0..workers).map(|_| scope.spawn(start)).collect();
            starting
                .into_iter()
                .map(|role| role.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked")))
                .collect::<anyhow::Result<_>>()
        })?;
        let (started, first) = loop {
            let counted = self.counted().await?;
            if counted > before {
                break (Instant::now(), counted);
            }
            tokio::time::sleep(LOOK).await;
        };
        ensure!(first < before + ballots.len() as u64 / 2, "it was counted before anybody looked");
        while self.counted().await? < all {
            ensure!(started.elapsed() < Duration::from_mins(2), "the workers do not catch up");
            tokio::time::sleep(LOOK).await;
        }
        let rate = rate(all - first, started.elapsed());
        drop(roles);
        Ok(rate)
    }

    async fn counted(&self) -> anyhow::Result<u64> {
        let ledger = self.store.ledger().await?;
        Ok(ledger.counted + ledger.superseded)
    }
}

#[expect(clippy::cast_precision_loss, reason = "millions")]
fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
