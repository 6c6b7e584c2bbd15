//! The product: one or several of its roles as a process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context, ensure};

use crate::http;
use crate::ports::{self, local};
use crate::process::{self, Process, Signal, words};

/// What of our own environment the product gets: how to run, nothing of what to do.
const INHERITED: [&str; 5] = ["PATH", "TMPDIR", "RUST_LOG", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// A process of the product.
#[derive(Debug)]
pub struct Role {
    process: Process,
    roles: String,
    address: SocketAddr,
}

impl Role {
    /// Runs `binary run --roles roles` with this environment on a free port, and waits until it is ready.
    ///
    /// # Errors
    /// Where it does not start, with the end of what it printed.
    pub fn start(binary: &Path, roles: &str, environment: &[(String, String)]) -> anyhow::Result<Self> {
        let binary = binary.canonicalize().with_context(|| binary.display().to_string())?;
        ports::on_free_port(|port| {
            let address = local(port);
            let mut command = words!["env", "-i"];
            let inherited = INHERITED.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
            command.extend(inherited.map(|(name, value)| format!("{name}={value}").into()));
            command.extend(environment.iter().map(|(name, value)| format!("{name}={value}").into()));
            command.extend(words![format!("LISTEN={address}"), &binary, "run", "--roles", roles]);
            let name = format!("{roles} on port {port}");
            let process = Process::new(&name, process::folder("role"), "", &command)?;
            let role = Self { process, roles: roles.into(), address };
            role.start_again()?;
            Ok(role)
        })
    }

    /// The roles it has, separated by commas.
    #[must_use]
    pub fn roles(&self) -> &str {
        &self.roles
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Its process id.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.process.pid()
    }

    /// kill -9, and waits until it is gone.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&self) -> anyhow::Result<ExitStatus> {
        self.process.kill()
    }

    /// SIGTERM, and waits until it has ended.
    ///
    /// # Errors
    /// Where it does not run or does not end.
    pub fn terminate(&self) -> anyhow::Result<ExitStatus> {
        self.process.stop(Signal::TERM)
    }

    /// Starts it on the same port, and waits until it is ready.
    ///
    /// # Errors
    /// Where it runs or does not start.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.process.start()?;
        self.process.wait_until(|| {
            // That it printed its address shows that it is not somebody else who answers there.
            let printed = std::fs::read(self.process.log_file())?;
            ensure!(String::from_utf8_lossy(&printed).contains(&self.base()), "it has not printed its address");
            let (status, answer) = http::get(self.address, "/readyz")?;
            ensure!(status == 200, "it is not ready: {answer}");
            Ok(())
        })
    }
}

/// Runs `binary migrate` on this database.
///
/// # Errors
/// What it printed, where it fails.
pub fn migrate(binary: &Path, database_url: &str, partitions: Option<u32>) -> anyhow::Result<()> {
    let mut command = Command::new(binary);
    command.arg("migrate").env("DATABASE_URL", database_url);
    if let Some(partitions) = partitions {
        command.args(["--partitions", &partitions.to_string()]);
    }
    let output = command.output().with_context(|| binary.display().to_string())?;
    let printed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "migrate failed ({}): {}", output.status, printed.trim());
    Ok(())
}
