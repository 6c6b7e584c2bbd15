//! Schemathesis (<https://schemathesis.readthedocs.io>) against the live product: it reads what `/openapi.json` says, sends
//! requests made from it, good and bad, and holds each answer against what is said. Embedded and at scale, with the admin
//! key and without.
//!
//! The version, and that of all it needs, is pinned by hash in `tests/schemathesis/requirements.txt`; made anew with
//! `pip-compile --generate-hashes --strip-extras requirements.in`. It lives in a folder of its own below `target/`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use hemicycle_stack::whole::{ADMIN_KEY, Stack, StackOptions};

use crate::shell;

/// Examples of each operation: where much is answered, and where most is turned down.
const WITH_KEY: u32 = 15;
const WITHOUT: u32 = 4;
/// No request is one too many: what is looked for are wrong answers.
const NO_LIMITS: [(&str, &str); 4] = [
    ("RATE_LIMIT", "1000000"),
    ("RATE_LIMIT_CREDENTIAL", "1000000"),
    ("SIGN_IN_FAILURES", "10000"),
    ("SIGNUP", "open"),
];

/// Installs Schemathesis where it is missing or another version, if `install`; otherwise says how.
///
/// # Errors
/// Where it is not there at the end.
pub fn ensure(install: bool) -> anyhow::Result<()> {
    let wanted = fs::read(settings("requirements.txt")).context("tests/schemathesis/requirements.txt")?;
    if program().is_file() && fs::read(stamp()).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("missing: schemathesis (from PyPI), for the test of the API by its description");
    if !install {
        bail!("cargo xtask test without --no-install puts it into {}", home().display());
    }
    let _ = fs::remove_dir_all(home());
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(home()))?;
    let mut pip = Command::new(home().join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement"]);
    shell::run(pip.arg(settings("requirements.txt")))?;
    fs::write(stamp(), wanted).context("cannot say which version is installed")
}

/// Tries the API of the product as it was built for its tests.
///
/// # Errors
/// Where an answer is not as described.
pub fn run() -> anyhow::Result<()> {
    shell::run(&mut shell::cargo(&["build", "--package", "hemicycle", "--locked"]))?;
    let binary = shell::target().join("debug/hemicycle");
    for key in [false, true] {
        let embedded = Embedded::start(&binary)?;
        try_out("embedded", &embedded.base, key)?;
    }
    let environment = NO_LIMITS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let roles = ["vote,worker", "result", "polls,users,site", "quotes,search,items"];
    let stack = Stack::start(&StackOptions { environment, ..StackOptions::lean(binary, &roles) })?;
    for key in [false, true] {
        try_out("at scale", &stack.base(), key)?;
    }
    Ok(())
}

fn try_out(what: &str, base: &str, with_key: bool) -> anyhow::Result<()> {
    println!("\n{what}, {} the admin key", if with_key { "with" } else { "without" });
    let mut command = Command::new(program());
    command.arg("--config-file").arg(settings("schemathesis.toml")).args(["run", "--max-examples"]);
    command.arg(if with_key { WITH_KEY } else { WITHOUT }.to_string());
    if with_key {
        command.args(["--header", &format!("Authorization: {ADMIN_KEY}")]);
    }
    // What it remembers of failures belongs to nobody's sources; and nothing of it goes through a proxy.
    command.arg(format!("{base}/openapi.json")).current_dir(home()).env("NO_PROXY", "127.0.0.1").env("NO_COLOR", "1");
    shell::run(&mut command)
}

/// The product as one process, with data of its own; gone with the value.
struct Embedded {
    base: String,
    child: Child,
    _data: tempfile::TempDir,
}

impl Embedded {
    fn start(binary: &PathBuf) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut command = Command::new(binary);
        command.arg("up").env("DATA_DIR", data.path()).env("LISTEN", "127.0.0.1").env("PORT", "0");
        command.env("ADMIN_KEY", ADMIN_KEY).envs(NO_LIMITS).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot start the product")?;
        let mut first = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut first)?;
        }
        // Gone with the value from here on, also where it did not start.
        let mut embedded = Self { base: String::new(), child, _data: data };
        let port = first.trim().rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        embedded.base = format!("http://127.0.0.1:{}", port.with_context(|| format!("it did not start: {first}"))?);
        Ok(embedded)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn home() -> PathBuf {
    shell::target().join("schemathesis")
}

fn program() -> PathBuf {
    home().join("bin/schemathesis")
}

/// What is installed, if it was installed to the end.
fn stamp() -> PathBuf {
    home().join("requirements.txt")
}

fn settings(name: &str) -> PathBuf {
    shell::root().join("tests/schemathesis").join(name)
}
