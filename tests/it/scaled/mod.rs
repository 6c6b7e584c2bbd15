//! The product as it runs at scale: its roles as processes of their own, over PostgreSQL and Redis.

mod alone;
mod bus;
mod closing;
mod codes;
mod failover;
mod faults;
mod forks;
mod people;
mod quotes;
mod restored;
mod scenario;
mod sockets;
mod viewers;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hemicycle::store::Store;
use hemicycle::store::postgres::Postgres;
use hemicycle_stack::whole::{DATABASE, Stack, StackOptions};
use reqwest::StatusCode;
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio::sync::{Mutex, MutexGuard};

use crate::faults::load::{Crowd, term};
use crate::sandbox::{Site, binary};

/// For a stack to be there, and for what a fault has held up.
const PATIENCE: Duration = Duration::from_mins(1);

/// How the roles are split where there is one process of each.
const SPLIT: [&str; 4] = ["vote", "worker", "result", "polls,users,quotes,search,items,site"];

/// A dozen stacks at a time would only wait for each other.
static TURN: Mutex<()> = Mutex::const_new(());

/// A stack of this test's own.
struct Standing {
    /// Its front.
    site: Site,
    stack: Arc<Stack>,
    _turn: MutexGuard<'static, ()>,
}

impl Standing {
    async fn start(options: StackOptions) -> Self {
        let turn = TURN.lock().await;
        let starting = tokio::task::spawn_blocking(move || Stack::start(&options));
        let stack = tokio::time::timeout(PATIENCE, starting).await.unwrap().unwrap().unwrap();
        let site = Site::at_port(stack.front.address().port());
        Self { site, stack: Arc::new(stack), _turn: turn }
    }

    /// One process of each role.
    async fn split() -> Self {
        Self::start(StackOptions::lean(binary(), &SPLIT)).await
    }

    /// Does what blocks, away from the runtime's own threads.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Stack) -> T + Send + 'static) -> T {
        let stack = Arc::clone(&self.stack);
        tokio::task::spawn_blocking(move || work(&stack)).await.unwrap()
    }

    /// A metric of the worker.
    async fn metric(&self, name: &str) -> Option<f64> {
        self.at("worker").metric(&format!("hemicycle_{name}")).await
    }

    /// A connection to the database, to look behind the product.
    async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.stack.postgres.url(DATABASE)).await.unwrap()
    }

    /// Of each partition, the last entry that was counted and the last that the log holds.
    async fn entries(&self) -> Vec<(i64, i64)> {
        let counted = sqlx::query_scalar("SELECT entry FROM partitions WHERE partition >= 0 ORDER BY partition");
        let counted: Vec<i64> = counted.fetch_all(&mut self.database().await).await.unwrap();
        let end = |stack: &Stack, partition: usize| {
            let end = stack.redis.command(&["HGET", "hemicycle:1:ends", &partition.to_string()]).unwrap();
            end.text().unwrap().split(' ').next().unwrap().parse::<i64>().unwrap()
        };
        let ends = move |stack: &Stack| (0..counted.len()).map(|at| (counted[at], end(stack, at))).collect();
        self.blocking(ends).await
    }

    /// Waits until the worker has read all there is, and says so. A worker that cannot ask the database shows what it
    /// knew last, so the database has to say so, too.
    async fn settle(&self) {
        let worker = self.at("worker");
        let all_read = async || self.entries().await.iter().all(|(counted, end)| counted == end);
        eventually("a log that is read to its end", all_read).await;
        let sum = sqlx::query_scalar("SELECT coalesce(sum(votes), 0)::float8 FROM tallies");
        let counted: f64 = sum.fetch_one(&mut self.database().await).await.unwrap();
        eventually("a worker that has caught up", async || {
            let terms = ["pending", "counted"].map(|term| format!("hemicycle_ballots_{term}"));
            worker.metric(&terms[0]).await == Some(0.0) && worker.metric(&terms[1]).await == Some(counted)
        })
        .await;
    }

    /// The results of a poll, asked for again while some connection still finds that it went with its server.
    async fn results(&self, poll: &str) -> Value {
        let mut results = Value::Null;
        eventually("results", async || {
            let asked = self.site.http.get(self.site.url(&format!("/results/{poll}.json"))).send();
            let Ok(answer) = asked.await else { return false };
            let shown = answer.status() == StatusCode::OK;
            results = answer.json().await.unwrap_or_default();
            shown
        })
        .await;
        results
    }

    /// How the two options of a poll stand.
    async fn votes(&self, poll: &str) -> [u64; 2] {
        let results = self.results(poll).await;
        [0, 1].map(|option: usize| results["options"][option]["votes"].as_u64().unwrap())
    }

    async fn assert_tallies_equal_the_fold(&self) {
        let store = Store::Postgres(Postgres::connect(&self.stack.postgres.url(DATABASE), &[], 1).unwrap());
        assert_eq!(store.verify().await.unwrap(), [], "tallies are not the fold of the ballots");
        store.close().await;
    }

    /// The first process with this role, at its own address.
    fn at(&self, role: &str) -> Site {
        self.each(role).swap_remove(0)
    }

    /// Every process with this role, at its own address.
    fn each(&self, role: &str) -> Vec<Site> {
        self.stack.with_role(role).map(|process| Site::at_port(process.address().port())).collect()
    }
}

fn name(voter: u32) -> String {
    format!("voter {voter}")
}

/// They all vote, each in a request of their own, some at a time; whoever is put off tries again.
async fn vote(site: &Site, poll: &str, voters: Range<u32>, choice: &str) {
    for some in voters.collect::<Vec<_>>().chunks(4) {
        let accepted = some.iter().map(async |voter| {
            eventually("a vote that is taken", async || {
                let (status, body) = site.vote(poll, &name(*voter), choice).await;
                assert!(matches!(status, StatusCode::ACCEPTED | StatusCode::SERVICE_UNAVAILABLE), "{poll} {body}");
                status == StatusCode::ACCEPTED
            })
            .await;
        });
        join_all(accepted).await;
    }
}

/// Asks until the answer is yes; panics, saying what for, where that takes too long.
pub async fn eventually(what: &str, mut asked: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !asked().await {
        assert!(Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Holds what is counted, and what is shown, against what the crowd was told.
async fn assert_kept(front: &Site, worker: &Site, crowd: &Crowd) {
    eventually("a worker that has caught up", async || {
        status(worker, "/readyz").await == Some(StatusCode::OK)
            && worker.metric("hemicycle_ballots_pending").await == Some(0.0)
    })
    .await;
    let counted = term(worker, "counted").await;
    eventually("results that show all that is counted", async || {
        let Ok(answer) = front.http.get(front.url("/results/default.json")).send().await else {
            return false;
        };
        let results = answer.json::<Value>().await.unwrap_or_default();
        results["total"].as_u64() == Some(counted)
    })
    .await;
    crowd.hold(&front.json("/results/default.json").await, worker).await;
}

/// The status of the answer at a path, where one comes.
async fn status(site: &Site, path: &str) -> Option<StatusCode> {
    let request = site.http.get(site.url(path)).timeout(Duration::from_secs(5));
    Some(request.send().await.ok()?.status())
}
