//! The processes that are measured.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::http;

const KEY: &str = "key of the benchmark";

/// Builds the product and this tool as they are released.
///
/// # Errors
/// When they do not build.
pub fn build_release() -> anyhow::Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let status = Command::new(cargo).args(["build", "--release", "--workspace", "--bins"]).status()?;
    if status.success() { Ok(()) } else { bail!("the release does not build") }
}

/// Viewers are file descriptors.
pub fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it cannot be raised, connecting the viewers says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

fn released(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    target.join("release").join(name)
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

#[derive(Debug)]
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Product {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        // Beside the build rather than under /tmp, which may be memory: what is measured writes to a disk.
        let folder = TempDir::new_in(released("").parent().unwrap_or(Path::new(".")))?;
        let mut command = Command::new(released("hemicycle"));
        command.env("DATA_DIR", folder.path()).env("PORT", "0").env("ADMIN_KEY", KEY);
        let started = Instant::now();
        let mut child = Killed(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
        let first = first_line(&mut child.0)?;
        let port = first.rsplit(':').next().with_context(|| format!("it said: {first}"))?;
        let address = format!("127.0.0.1:{port}");
        while http::send(&address, "GET", "/readyz", "", "").await?.status != 200 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Self { address, ready_after: started.elapsed(), child, _folder: folder })
    }

    /// Its memory now.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn resident_bytes(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024.0)
    }

    /// Its ledger now.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ledger(&self) -> anyhow::Result<Ledger> {
        let header = format!("Authorization: {KEY}\r\n");
        let page = http::send(&self.address, "GET", "/metrics", &header, "").await?.body;
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

    /// Its ledger once everything accepted is counted.
    ///
    /// # Errors
    /// When it does not answer, or never catches up.
    pub async fn settle(&self) -> anyhow::Result<Ledger> {
        for _ in 0..6000 {
            let ledger = self.ledger().await?;
            if ledger.pending == 0.0 {
                return Ok(ledger);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the worker never caught up")
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
    /// Starts it with the answers that the product gives.
    ///
    /// # Errors
    /// When either does not answer.
    pub async fn start(product: &Product) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let ballot = http::send(&product.address, "POST", "/ballots/default", "", r#"{"choice":"a"}"#).await?;
        let page = http::send(&product.address, "GET", "/vote/default", "", "").await?;
        let cookie = ballot.header("set-cookie").context("no cookie")?;
        let policy = page.header("content-security-policy").context("no content policy")?;
        let mut command = Command::new(released("xtask"));
        command.arg("bench-bare");
        for (name, text) in [("ballot", &ballot.body[..]), ("page", &page.body), ("cookie", cookie), ("policy", policy)]
        {
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
