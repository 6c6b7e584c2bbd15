//! Items: read and written, in one process and through Redis with two replicas, and read while somebody lists them all.

use std::time::Duration;

use anyhow::{Context, ensure};
use hemicycle_stack::redis::{Redis, RedisOptions};
use hemicycle_stack::role::Role;
use tokio::task::JoinSet;

use super::bare::VALUE;
use super::figures::{Figures, Unit};
use super::load::Load;
use super::process::{Bare, Product, binary};
use super::{Args, http};

/// Items that are read and written.
const ITEMS: u32 = 1000;
/// Items that are listed.
const LISTED: u32 = 100_000;
/// Connections that read while all are listed.
const READERS: usize = 16;
/// Requests at a time that make the items.
const MAKERS: usize = 64;

/// What is asked, and how much of the ceiling it is to reach.
struct Request {
    method: &'static str,
    /// For wrk.
    script: &'static str,
    target: f64,
}

const GET: Request = Request { method: "GET", script: GETS, target: 0.5 };
const POST: Request = Request { method: "POST", script: POSTS, target: 0.4 };

/// The role over a main, which has each write on disk before it answers, and two replicas.
struct Scaled {
    role: Role,
    _servers: [Redis; 3],
}

impl Scaled {
    /// `append_fsync`: when the replicas have on disk what they hold in memory.
    async fn start(append_fsync: &str) -> anyhow::Result<Self> {
        let main = Redis::start(&RedisOptions::default())?;
        let options = RedisOptions { append_fsync: append_fsync.into(), ..RedisOptions::replica_of(main.address()) };
        let replicas = [Redis::start(&options)?, Redis::start(&options)?];
        let environment = [
            ("REDIS_URL", main.url()),
            ("REDIS_REPLICAS_URL", replicas.each_ref().map(Redis::url).join(",")),
            ("ADMIN_KEY", "key-of-the-benchmark".into()),
            ("SECRET_KEY", "secret-of-the-benchmark".into()),
            ("RUST_LOG", "error".into()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value));
        let role = Role::start(&binary()?, "items", &environment)?;
        // Replicas are read from once they have been fresh for a second, writes answered at once a little later.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let [one, two] = replicas;
        Ok(Self { role, _servers: [main, one, two] })
    }

    fn address(&self) -> String {
        self.role.address().to_string()
    }
}

/// Measures items over both backends.
///
/// # Errors
/// When something cannot be started or measured.
pub async fn measure(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    let product = Product::start().await?;
    let bare = Bare::start(&product.address).await?;
    compare(args, "items in one process", &product.address, &bare, figures).await?;
    let scaled = Scaled::start("everysec").await?;
    compare(args, "items through Redis", &scaled.address(), &bare, figures).await?;
    drop(scaled);
    let scaled = Scaled::start("always").await?;
    make(&scaled.address(), 0..ITEMS).await?;
    let name = "items through Redis, all on disk";
    of_bare(args, name, &scaled.address(), &bare, &[POST], figures)
}

async fn compare(args: &Args, name: &str, address: &str, bare: &Bare, figures: &mut Figures) -> anyhow::Result<()> {
    make(address, 0..ITEMS).await?;
    of_bare(args, name, address, bare, &[GET, POST], figures)?;
    make(address, ITEMS..LISTED - 1).await?;
    let listing = tokio::spawn(list_for_ever(address.to_owned()));
    let mut p99 = Vec::new();
    let load = Load { connections: READERS, seconds: args.seconds };
    for _ in 0..args.rounds {
        p99.push(load.by_script(address, GETS)?.p99_ms);
    }
    ensure!(!listing.is_finished(), "the list of all items failed");
    listing.abort();
    figures.at_most(&format!("{name}: GET while all are listed, p99"), Unit::Milliseconds, 5.0, &p99);
    Ok(())
}

/// How many of the requests that the bare server answers in a second these answer.
fn of_bare(
    args: &Args,
    name: &str,
    address: &str,
    bare: &Bare,
    requests: &[Request],
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let load = Load { connections: args.connections, seconds: args.seconds };
    let mut rates: Vec<(Vec<f64>, Vec<f64>)> = requests.iter().map(|_| Default::default()).collect();
    for round in 0..args.rounds {
        eprintln!("{name}: round {} of {}", round + 1, args.rounds);
        for (request, (rates, ceilings)) in requests.iter().zip(&mut rates) {
            ceilings.push(load.by_script(&bare.address, request.script)?.rate);
            let measured = load.by_script(address, request.script)?;
            ensure!(measured.errors == 0, "{name}: {} requests failed", measured.errors);
            rates.push(measured.rate);
        }
    }
    for (Request { method, target, .. }, (rates, ceilings)) in requests.iter().zip(&rates) {
        figures.ratio(&format!("{name}: {method}, of bare {method}"), *target, rates, ceilings);
    }
    Ok(())
}

/// Sets items with these numbers.
async fn make(address: &str, numbers: std::ops::Range<u32>) -> anyhow::Result<()> {
    let mut makers = JoinSet::new();
    for first in 0..MAKERS {
        let (address, numbers) = (address.to_owned(), numbers.clone().skip(first).step_by(MAKERS));
        makers.spawn(async move {
            for number in numbers {
                let body = format!(r#"{{"id":"item-{number}","val":"{VALUE}"}}"#);
                let answer = http::send(&address, "POST", "/item", "", &body).await?;
                ensure!(answer.status == 200, "item {number}: {}", answer.body);
            }
            Ok(())
        });
    }
    makers.join_all().await.into_iter().collect::<anyhow::Result<()>>().context("items cannot be made")
}

async fn list_for_ever(address: String) {
    // Whether they all come is for tests to say.
    while http::send(&address, "GET", "/items", "", "").await.is_ok() {}
}

const GETS: &str = "local n = 0\nfunction init() math.randomseed(os.time()); n = math.random(0, 999) end\n\
    function request() n = (n + 7) % 1000; return wrk.format('GET', '/item?id=item-' .. n) end\n";

const POSTS: &str = "local n = 0\nlocal json = { ['Content-Type'] = 'application/json' }\n\
    local value = '\",\"val\":\"a value of some forty bytes, as they are\"}'\n\
    function init() math.randomseed(os.time()); n = math.random(0, 999) end\n\
    function request() n = (n + 7) % 1000; return wrk.format('POST', '/item', json, '{\"id\":\"item-' .. n .. value) end\n";
