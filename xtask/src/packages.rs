//! What the chores need beside Rust and a C compiler, by the names Debian gives it.

use std::process::Command;

use anyhow::{Context, bail};
use hemicycle_stack::programs;

use crate::shell;

/// A command and the Debian package that brings it.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Found, on the search path or where Debian keeps servers, where the package is installed.
    pub command: &'static str,
    /// What apt-get calls it.
    pub package: &'static str,
    /// What it is for.
    pub purpose: &'static str,
}

const REDIS: Need = Need { command: "redis-server", package: "redis-server", purpose: "the queue at scale" };
const POSTGRES: Need = Need { command: "initdb", package: "postgresql", purpose: "the store at scale" };
const HAPROXY: Need = Need { command: "haproxy", package: "haproxy", purpose: "one address before several servers" };
const SETPRIV: Need = Need { command: "setpriv", package: "util-linux", purpose: "PostgreSQL, which refuses root" };
const IPCRM: Need = Need { command: "ipcrm", package: "util-linux", purpose: "the memory of a killed PostgreSQL" };
const PYTHON: Need = Need { command: "python3", package: "python3-venv", purpose: "Schemathesis, which tries the API" };

/// What the servers of the stack need.
pub const STACK: &[Need] = &[REDIS, POSTGRES, HAPROXY, SETPRIV, IPCRM];

/// What measuring needs.
pub const BENCH: &[Need] =
    &[Need { command: "wrk", package: "wrk", purpose: "the load" }, REDIS, POSTGRES, HAPROXY, SETPRIV, IPCRM];

/// What the tests need.
pub const TESTS: &[Need] = &[
    Need { command: "chromium", package: "chromium", purpose: "the end-to-end test in a browser" },
    Need { command: "chromedriver", package: "chromium-driver", purpose: "the end-to-end test in a browser" },
    Need { command: "faketime", package: "faketime", purpose: "the tests that set the clock back" },
    Need { command: "kill", package: "procps", purpose: "the tests that end a process" },
    Need { command: "prlimit", package: "util-linux", purpose: "the tests that fill a disk" },
    Need { command: "openssl", package: "openssl", purpose: "the certificate of a Redis that is reached by TLS" },
    Need { command: "curl", package: "curl", purpose: "the commands by which clients of old make accounts" },
    Need { command: "git", package: "git", purpose: "the test that every sabotage still fits the sources" },
    PYTHON,
    REDIS,
    POSTGRES,
    HAPROXY,
    SETPRIV,
    IPCRM,
];

/// Installs what is missing, if `install`; otherwise says what is.
///
/// # Errors
/// Where something is missing at the end.
pub fn ensure(needs: &[Need], install: bool) -> anyhow::Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("missing: {} ({}), for {}", need.command, need.package, need.purpose);
    }
    let names: Vec<_> = missing.iter().map(|need| need.package).collect();
    let by_hand = format!("apt-get install --no-install-recommends {}", names.join(" "));
    if !install {
        bail!("install it first: {by_hand} (cargo xtask test without --no-install installs what the tests need)");
    }
    if shell::find("apt-get").is_none() {
        bail!("no apt-get here: install by hand what brings these commands; on Debian it is: {by_hand}");
    }
    with_apt_get(&names).with_context(|| format!("try it by hand: {by_hand}"))?;
    match self::missing(needs).first() {
        None => Ok(()),
        Some(need) => bail!("{} was installed, yet {} is not found", need.package, need.command),
    }
}

fn missing(needs: &[Need]) -> Vec<Need> {
    needs.iter().filter(|need| !is_there(need)).copied().collect()
}

fn is_there(need: &Need) -> bool {
    // Debian has Python without what makes a folder of its own for a program.
    let works = need.command != PYTHON.command
        || shell::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]));
    programs::find(need.command).is_ok() && works
}

fn with_apt_get(packages: &[&str]) -> anyhow::Result<()> {
    shell::run(apt_get()?.args(["update", "--quiet"]))?;
    shell::run(apt_get()?.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages))
}

/// apt-get that asks nothing; through sudo where we are not root.
fn apt_get() -> anyhow::Result<Command> {
    let quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new(quiet[0])
    } else if shell::find("sudo").is_some() {
        let mut sudo = Command::new("sudo");
        sudo.arg(quiet[0]);
        sudo
    } else {
        bail!("installing needs root, and there is no sudo");
    };
    command.args(&quiet[1..]);
    Ok(command)
}
