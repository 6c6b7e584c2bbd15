//! Redis: a main, or a replica of one.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, bail, ensure};

use crate::clock;
use crate::ports::{self, local};
use crate::process::{self, Process, Signal, words};
use crate::programs;
use crate::resp::{Connection, Reply};

/// What Redis calls the folder of its append-only file.
const AOF: &str = "appendonlydir";

/// Becomes the server, under the library that changes its clock where there is one.
const BECOME: &str = r#"[ -e "$1" ] && export LD_PRELOAD="$1"; shift; exec "$@""#;

/// How to start a Redis. The default is what the product demands of the ballots' Redis.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// Whether it writes an append-only file.
    pub append_only: bool,
    /// When that file is on disk: `always`, `everysec` or `no`.
    pub append_fsync: String,
    /// What happens when the memory is full.
    pub maxmemory_policy: String,
    /// The main to follow.
    pub replica_of: Option<SocketAddr>,
    /// Further lines of its configuration.
    pub config: Vec<(String, String)>,
    /// Starts with this copy of an append-only file, made by [`Redis::copy_aof`].
    pub aof_from: Option<PathBuf>,
    /// How many seconds its clock is ahead of the machine's; behind, where negative.
    pub clock_ahead: i64,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            append_only: true,
            append_fsync: "always".into(),
            maxmemory_policy: "noeviction".into(),
            replica_of: None,
            config: Vec::new(),
            aof_from: None,
            clock_ahead: 0,
        }
    }
}

impl RedisOptions {
    /// A replica of the Redis at this address.
    #[must_use]
    pub fn replica_of(main: SocketAddr) -> Self {
        Self { replica_of: Some(main), ..Self::default() }
    }

    fn lines(&self) -> String {
        let append_only = if self.append_only { "yes" } else { "no" };
        let fixed = [
            ("appendonly", append_only),
            ("appendfsync", &self.append_fsync),
            ("maxmemory-policy", &self.maxmemory_policy),
            ("save", "\"\""),
            // A replica need not wait for others that might want the same transfer.
            ("repl-diskless-sync-delay", "0"),
        ];
        let mut lines = fixed.map(|(name, value)| format!("{name} {value}\n")).concat();
        lines.extend(self.replica_of.map(|main| format!("replicaof {} {}\n", main.ip(), main.port())));
        lines.extend(self.config.iter().map(|(name, value)| format!("{name} {value}\n")));
        lines
    }
}

/// A running Redis without a password, on 127.0.0.1.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    address: SocketAddr,
}

impl Redis {
    /// Starts it and waits until it answers; a replica, until it has caught up with its main.
    ///
    /// # Errors
    /// Where redis-server is missing or does not start.
    pub fn start(options: &RedisOptions) -> anyhow::Result<Self> {
        ports::on_free_port(|port| Self::start_on(port, options))
    }

    fn start_on(port: u16, options: &RedisOptions) -> anyhow::Result<Self> {
        let name = if options.replica_of.is_some() { "redis replica" } else { "redis" };
        let (lines, clock_ahead) = (options.lines(), options.clock_ahead);
        let process = prepare(Plan { name, port, lines, arguments: &[], clock_ahead })?;
        if let Some(aof) = &options.aof_from {
            copy_folder(aof, &process.folder().join(AOF))?;
        }
        let redis = Self { process, address: local(port) };
        redis.start_again()?;
        redis.process.wait_until(|| redis.caught_up())?;
        Ok(redis)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `redis://127.0.0.1:port`
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Its folder: configuration, append-only file, log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Sends a command on a connection of its own.
    ///
    /// # Errors
    /// Where it does not answer, or answers with an error.
    pub fn command(&self, words: &[&str]) -> anyhow::Result<Reply> {
        match Connection::open(self.address)?.command(words)? {
            Reply::Error(error) => bail!("{}: {error}", words.join(" ")),
            reply => Ok(reply),
        }
    }

    /// SIGTERM, and waits until it has ended.
    ///
    /// # Errors
    /// Where it does not run or does not end.
    pub fn stop(&self) -> anyhow::Result<ExitStatus> {
        self.process.stop(Signal::TERM)
    }

    /// kill -9, and waits until it is gone.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&self) -> anyhow::Result<ExitStatus> {
        self.process.kill()
    }

    /// Starts it on the same port over what it left in its folder, and waits until it answers.
    ///
    /// # Errors
    /// Where it runs or does not start.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.process.start()?;
        wait_until_it_answers(&self.process, self.address)
    }

    /// Copies the append-only file, as it is at one moment, into the new folder `to`.
    ///
    /// # Errors
    /// Where there is none, or the copy cannot be written.
    pub fn copy_aof(&self, to: &Path) -> anyhow::Result<()> {
        let runs = self.process.is_running();
        if runs {
            self.process.freeze()?;
        }
        let outcome = copy_folder(&self.folder().join(AOF), to);
        if runs {
            self.process.thaw()?;
        }
        outcome
    }

    /// Starts it over a copy made by [`copy_aof`](Self::copy_aof) instead of what it left.
    ///
    /// # Errors
    /// Where it runs, the copy cannot be read, or it does not start.
    pub fn start_again_from(&self, aof: &Path) -> anyhow::Result<()> {
        ensure!(!self.process.is_running(), "stop it before its file is replaced");
        let own = self.folder().join(AOF);
        if own.exists() {
            fs::remove_dir_all(&own)?;
        }
        copy_folder(aof, &own)?;
        self.start_again()
    }

    /// From its next start on, its clock is so many seconds ahead of the machine's.
    ///
    /// # Errors
    /// Where it runs, or there is no C compiler.
    pub fn put_clock_ahead(&self, seconds: i64) -> anyhow::Result<()> {
        ensure!(!self.process.is_running(), "stop it before its clock is changed");
        clock::compile(self.folder(), seconds)
    }

    /// Fails where it is a replica that does not follow its main yet.
    fn caught_up(&self) -> anyhow::Result<()> {
        let replication = self.command(&["INFO", "replication"])?;
        ensure!(!replication.text()?.contains("master_link_status:down"), "it does not reach its main");
        Ok(())
    }
}

/// A redis-server to be.
pub(crate) struct Plan<'a> {
    pub name: &'a str,
    pub port: u16,
    /// Of its configuration.
    pub lines: String,
    /// Of its command line.
    pub arguments: &'a [&'a str],
    pub clock_ahead: i64,
}

/// A redis-server that is not started yet.
pub(crate) fn prepare(plan: Plan) -> anyhow::Result<Process> {
    let Plan { name, port, lines, arguments, clock_ahead } = plan;
    let folder = process::folder("redis");
    let config = folder.join("redis.conf");
    let fixed = format!("bind 127.0.0.1\nport {port}\nprotected-mode yes\ndir {}\n", folder.display());
    let mut command = words!["sh", "-c", BECOME, "sh", clock::library(&folder)];
    command.extend(words![programs::find("redis-server")?, &config]);
    command.extend(arguments.iter().map(OsString::from));
    let process = Process::new(&format!("{name} on port {port}"), folder, "", &command)?;
    fs::write(config, fixed + &lines)?;
    if clock_ahead != 0 {
        clock::compile(process.folder(), clock_ahead)?;
    }
    Ok(process)
}

/// Waits until this very process answers: on a port that somebody else took meanwhile, another might.
pub(crate) fn wait_until_it_answers(process: &Process, address: SocketAddr) -> anyhow::Result<()> {
    process.wait_until(|| {
        let mut connection = Connection::open(address)?;
        let server = connection.command(&["INFO", "server"])?;
        let ours = format!("process_id:{}\r\n", process.pid()?);
        ensure!(server.text()?.contains(&ours), "another Redis answers on its port");
        let pong = connection.command(&["PING"])?;
        ensure!(pong == Reply::Text("PONG".into()), "it answers a PING with {pong:?}");
        Ok(())
    })
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
