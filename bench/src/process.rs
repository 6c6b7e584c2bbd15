//! The processes that are measured.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::http;

/// The admin key of what is measured.
pub const KEY: &str = "key-of-the-benchmark";

/// Viewers are file descriptors.
pub fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it cannot be raised, connecting the viewers says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// The product, released: it is built beside this program.
///
/// # Errors
/// When it is not there.
pub fn binary() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("hemicycle");
    ensure!(path.is_file(), "{} is missing: run this as cargo xtask bench", path.display());
    Ok(path)
}

/// The product in a process of its own over an empty directory; gone with the value.
#[derive(Debug)]
pub struct Product {
    /// `127.0.0.1:port`
    pub address: String,
    /// From the start of the process to the first "ready".
    pub ready_after: Duration,
    child: Killed,
    _folder: TempDir,
}

/// The terms of conservation that a measurement looks at.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    /// Standing in a tally.
    pub counted: f64,
    /// Accepted and not yet counted.
    pub pending: f64,
    /// What does not add up.
    pub difference: f64,
}

/// A process that ends with this value.
#[derive(Debug)]
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The few voters of a measurement that come back stand for many.
pub const UNLIMITED: (&str, &str) = ("RATE_LIMIT_CREDENTIAL", "1000000");
/// The page of quotes that is measured.
pub const QUOTES: &str = "/quotes?limit=20";

impl Product {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_in(TempDir::new()?).await
    }

    /// The same over a directory that may have something in it.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_in(folder: TempDir) -> anyhow::Result<Self> {
        let mut command = Command::new(binary()?);
        command.env("DATA_DIR", folder.path()).env("PORT", "0").env("ADMIN_KEY", KEY);
        command.env(UNLIMITED.0, UNLIMITED.1).env("RATE_LIMIT", UNLIMITED.1);
        let started = Instant::now();
        let mut child = Killed(command.stdout(Stdio::piped()).env("RUST_LOG", "error").spawn()?);
        let first = first_line(&mut child.0)?;
        let port = first.rsplit(':').next().with_context(|| format!("it said: {first}"))?;
        let address = format!("127.0.0.1:{port}");
        while http::send(&address, "GET", "/readyz", "", "").await?.status != 200 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Self { address, ready_after: started.elapsed(), child, _folder: folder })
    }

    /// Posts more quotes than a page has.
    ///
    /// # Errors
    /// When one is not taken.
    pub async fn post_quotes(&self) -> anyhow::Result<()> {
        let header = format!("Authorization: {KEY}\r\n");
        for number in 0..30 {
            let quote = format!(r#"{{"user_id":{number},"quote":"The chair is only a chair, said number {number}."}}"#);
            let answer = http::send(&self.address, "POST", "/quotes", &header, &quote).await?;
            ensure!(answer.status == 201, "a quote: {}", answer.status);
        }
        Ok(())
    }

    /// Its memory now.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn resident_bytes(&self) -> anyhow::Result<f64> {
        resident_bytes(self.child.0.id())
    }

    /// Its ledger once everything accepted is counted.
    ///
    /// # Errors
    /// When it does not answer, or never catches up.
    pub async fn settle(&self) -> anyhow::Result<Ledger> {
        settle(&self.address, KEY).await
    }
}

/// The memory of a process now.
///
/// # Errors
/// When the system does not say.
pub fn resident_bytes(pid: u32) -> anyhow::Result<f64> {
    status_bytes(pid, "VmRSS")
}

/// The most memory that a process has had.
///
/// # Errors
/// When the system does not say.
pub fn peak_bytes(pid: u32) -> anyhow::Result<f64> {
    status_bytes(pid, "VmHWM")
}

fn status_bytes(pid: u32, name: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .with_context(|| format!("no {name}"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024.0)
}

/// The ledger of a process that counts, now.
///
/// # Errors
/// When it does not answer.
pub async fn ledger(address: &str, key: &str) -> anyhow::Result<Ledger> {
    let header = format!("Authorization: {key}\r\n");
    let page = http::send(address, "GET", "/metrics", &header, "").await?.body;
    let value = |name: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.with_context(|| format!("no {name}"))?.parse::<f64>().context("not a number")
    };
    Ok(Ledger {
        counted: value("hemicycle_ballots_counted")?,
        pending: value("hemicycle_ballots_pending")?,
        difference: value("hemicycle_conservation_difference")?,
    })
}

/// The same once everything accepted is counted.
///
/// # Errors
/// When it does not answer, or makes no progress for ten seconds.
pub async fn settle(address: &str, key: &str) -> anyhow::Result<Ledger> {
    let (mut least, mut progressed) = (f64::INFINITY, Instant::now());
    loop {
        let ledger = ledger(address, key).await?;
        if ledger.pending == 0.0 {
            return Ok(ledger);
        }
        if ledger.pending < least {
            (least, progressed) = (ledger.pending, Instant::now());
        }
        ensure!(progressed.elapsed() < Duration::from_secs(10), "the worker does not catch up");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The bare server in a process of its own.
#[derive(Debug)]
pub struct Bare {
    /// `127.0.0.1:port`
    pub address: String,
    _child: Killed,
    _folder: TempDir,
}

impl Bare {
    /// Starts it with the answers that the product gives at `address`.
    ///
    /// # Errors
    /// When either does not answer.
    pub async fn start(address: &str) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let ballot = http::send(address, "POST", "/ballots/default", "", r#"{"choice":"a"}"#).await?;
        let page = http::send(address, "GET", "/vote/default", "", "").await?;
        let cookie = ballot.header("set-cookie").context("no cookie")?;
        let quotes = http::send(address, "GET", QUOTES, "", "").await?.body;
        let policy = page.header("content-security-policy").context("no content policy")?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        let files = [("ballot", &ballot.body[..]), ("page", &page.body), ("quotes", &quotes), ("cookie", cookie)];
        for (name, text) in files.into_iter().chain([("policy", policy)]) {
            let path = folder.path().join(name);
            fs::write(&path, text)?;
            command.arg(format!("--{name}")).arg(path);
        }
        let mut child = Killed(command.stdout(Stdio::piped()).spawn()?);
        let address = first_line(&mut child.0)?;
        Ok(Self { address, _child: child, _folder: folder })
    }
}

fn first_line(child: &mut Child) -> anyhow::Result<String> {
    let stdout = child.stdout.take().context("no standard output")?;
    let line = BufReader::new(stdout).lines().next().context("it ended at once")??;
    Ok(line)
}
