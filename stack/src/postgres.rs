//! PostgreSQL: a primary and its standbys.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context, ensure};

use crate::ports;
use crate::process::{self, Process, Signal, words};
use crate::programs;

/// The account that Debian makes for PostgreSQL, and the superuser of every server here.
const USER: &str = "postgres";

/// Makes the data directory by the command given, if there is none yet, and becomes the server.
///
/// That the server's own process does it means that it, too, ends with us.
const BECOME: &str = r#"
set -e
postgres=$1
shift
if ! [ -d data ]; then
    trap 'rm -f making' EXIT
    touch making
    "$@"
    cat extra.conf >> data/postgresql.conf
    rm making
fi
exec "$postgres" -D data
"#;

/// What belongs to no process would be left where it is killed. So initdb ends first, which takes less than a second;
/// of a server there is one segment of shared memory, which goes when nobody has it any more.
const FAREWELL: &str = r#"
for try in 1 2 3 4 5 6 7 8 9 10; do
    [ -e "$folder/making" ] && sleep 0.2
done
ipcrm --shmem-id "$(sed -n '7s/.* //p' "$folder/data/postmaster.pid")"
"#;

/// How to start a PostgreSQL.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Whether a commit waits for the disk. Without, a server may be killed, but the machine may not fail.
    pub fsync: bool,
    /// Further settings; a value that needs quotes brings them.
    pub config: Vec<(String, String)>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { fsync: true, config: Vec::new() }
    }
}

impl PostgresOptions {
    /// For tests in which no machine fails.
    #[must_use]
    pub fn quick() -> Self {
        Self { fsync: false, ..Self::default() }
    }

    /// As a server for itself is set up: the defaults are for a machine that has other work.
    #[must_use]
    pub fn sized() -> Self {
        let config = [("shared_buffers", "1GB"), ("max_wal_size", "4GB")];
        Self { config: config.map(|(name, value)| (name.into(), value.into())).into(), ..Self::default() }
    }

    fn lines(&self, port: u16, name: &str) -> String {
        let fixed = [
            ("listen_addresses", "'127.0.0.1'"),
            ("port", &port.to_string()),
            ("unix_socket_directories", "''"),
            ("cluster_name", &format!("'{name}'")),
            ("fsync", if self.fsync { "on" } else { "off" }),
            ("max_connections", "200"),
            ("wal_level", "replica"),
            ("hot_standby", "on"),
            // A standby that was down finds what it missed, and tries again at once.
            ("wal_keep_size", "256MB"),
            ("wal_retrieve_retry_interval", "200ms"),
            // In its folder, so that nothing is left where it is killed.
            ("dynamic_shared_memory_type", "mmap"),
            ("timezone", "'UTC'"),
        ];
        let mut lines = fixed.map(|(name, value)| format!("{name} = {value}\n")).concat();
        lines.extend(self.config.iter().map(|(name, value)| format!("{name} = {value}\n")));
        lines
    }
}

/// How a server is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Clients are cut off, everything is written.
    Fast,
    /// Everything ends at once; the next start recovers.
    Immediate,
}

/// A running PostgreSQL on 127.0.0.1 that trusts everybody; the superuser is `postgres`.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    options: PostgresOptions,
}

impl Postgres {
    /// Makes an empty server and waits until it takes connections.
    ///
    /// # Errors
    /// Where PostgreSQL is missing or does not start.
    pub fn start(options: &PostgresOptions) -> anyhow::Result<Self> {
        let make = words![
            programs::find_of_postgres("initdb")?,
            "--pgdata=data",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=trust",
            "--no-sync",
            "--no-instructions",
        ];
        ports::on_free_port(|port| Self::start_on(port, "primary", options, &make))
    }

    /// Makes a standby that follows this server, and waits until it does. If `synchronous`, commits here wait until
    /// they are on its disk, too.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn standby(&self, name: &str, synchronous: bool) -> anyhow::Result<Self> {
        let primary = format!("host=127.0.0.1 port={} user={USER} application_name={name}", self.port);
        let make = words![
            programs::find_of_postgres("pg_basebackup")?,
            format!("--dbname={primary}"),
            "--pgdata=data",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ];
        let standby = ports::on_free_port(|port| Self::start_on(port, name, &self.options, &make))?;
        if synchronous {
            self.set_synchronous(&[name])?;
        }
        let wanted = if synchronous { "sync" } else { "async" };
        let query = format!("SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}'");
        self.process.wait_until(|| {
            let state = self.sql(USER, &query)?;
            ensure!(state == wanted, "standby {name} is {state:?}, not {wanted}");
            Ok(())
        })?;
        Ok(standby)
    }

    fn start_on(port: u16, name: &str, options: &PostgresOptions, make: &[OsString]) -> anyhow::Result<Self> {
        let folder = process::folder("postgres");
        let account = account()?;
        let mut command = words!["env", "-C", &folder];
        if account.is_some() {
            command.extend(words!["setpriv", "--reuid", USER, "--regid", USER, "--init-groups"]);
        }
        command.extend(words!["sh", "-c", BECOME, "sh", programs::find_of_postgres("postgres")?]);
        command.extend_from_slice(make);
        let process = Process::new(&format!("postgres {name} on port {port}"), folder, FAREWELL, &command)?;
        fs::write(process.folder().join("extra.conf"), options.lines(port, name))?;
        if let Some((user, group)) = account {
            chown(process.folder(), Some(user), Some(group)).context("chown")?;
        }
        let postgres = Self { process, port, options: options.clone() };
        postgres.start_again()?;
        Ok(postgres)
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `postgres://postgres@127.0.0.1:port/database`
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// Its folder: data directory and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// Its process: the postmaster.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Makes a database.
    ///
    /// # Errors
    /// Where it exists.
    pub fn create_database(&self, name: &str) -> anyhow::Result<()> {
        self.sql(USER, &format!("CREATE DATABASE \"{name}\"")).map(drop)
    }

    /// Removes a database, whoever is connected to it.
    ///
    /// # Errors
    /// Where there is none.
    pub fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        self.sql(USER, &format!("DROP DATABASE \"{name}\" WITH (FORCE)")).map(drop)
    }

    /// Runs SQL, several statements as one transaction, through psql. Rows come a line each, columns split by `|`.
    ///
    /// # Errors
    /// What psql says where it fails.
    pub fn sql(&self, database: &str, text: &str) -> anyhow::Result<String> {
        let mut psql = Command::new(programs::find_of_postgres("psql")?);
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]);
        let output = psql.args(["--command", text, &self.url(database)]).output().context("psql")?;
        ensure!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// Where it does not run or does not end.
    pub fn stop(&self, mode: Mode) -> anyhow::Result<ExitStatus> {
        self.process.stop(match mode {
            Mode::Fast => Signal::INT,
            Mode::Immediate => Signal::QUIT,
        })
    }

    /// kill -9 for the postmaster and all backends, and waits until they are gone.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&self) -> anyhow::Result<ExitStatus> {
        self.process.kill()
    }

    /// Starts it on the same port over its data, and waits until it takes connections.
    ///
    /// # Errors
    /// Where it runs or does not start.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.process.start()?;
        let status_file = self.folder().join("data/postmaster.pid");
        self.process.wait_until(|| {
            let status = fs::read_to_string(&status_file).context("no postmaster.pid")?;
            let lines: Vec<_> = status.lines().map(str::trim).collect();
            let ours = lines.first() == Some(&self.process.pid()?.to_string().as_str());
            ensure!(ours && lines.get(7) == Some(&"ready"), "postmaster.pid says {lines:?}");
            Ok(())
        })
    }

    /// Copies its data, while it is stopped, into the new folder `to`.
    ///
    /// # Errors
    /// Where it runs, or the copy cannot be written.
    pub fn copy_data(&self, to: &Path) -> anyhow::Result<()> {
        ensure!(!self.process.is_running(), "stop it before its data is copied");
        copy_folder(&self.folder().join("data"), to)
    }

    /// Starts it over a copy made by [`copy_data`](Self::copy_data) instead of what it left.
    ///
    /// # Errors
    /// Where it runs, the copy cannot be read, or it does not start.
    pub fn start_again_from(&self, data: &Path) -> anyhow::Result<()> {
        ensure!(!self.process.is_running(), "stop it before its data is replaced");
        let own = self.folder().join("data");
        fs::remove_dir_all(&own)?;
        copy_folder(data, &own)?;
        self.start_again()
    }

    /// Names the standbys of which the first that is connected is synchronous; none with an empty list.
    ///
    /// # Errors
    /// Where it does not answer.
    pub fn set_synchronous(&self, standbys: &[&str]) -> anyhow::Result<()> {
        let names: Vec<_> = standbys.iter().map(|name| format!("\"{name}\"")).collect();
        self.sql(USER, &format!("ALTER SYSTEM SET synchronous_standby_names = '{}'", names.join(", ")))?;
        self.sql(USER, "SELECT pg_reload_conf()").map(drop)
    }

    /// On a standby: stops applying what comes from the primary, so that it lags.
    ///
    /// # Errors
    /// Where this is no standby.
    pub fn pause_replay(&self) -> anyhow::Result<()> {
        self.sql(USER, "SELECT pg_wal_replay_pause()")?;
        self.process.wait_until(|| {
            let state = self.sql(USER, "SELECT pg_get_wal_replay_pause_state()")?;
            ensure!(state == "paused", "replay is {state}");
            Ok(())
        })
    }

    /// On a standby: applies again what comes from the primary.
    ///
    /// # Errors
    /// Where this is no standby.
    pub fn resume_replay(&self) -> anyhow::Result<()> {
        self.sql(USER, "SELECT pg_wal_replay_resume()").map(drop)
    }

    /// Makes a standby a primary that waits for no standby of its own, and waits until it is.
    ///
    /// # Errors
    /// Where this is no standby.
    pub fn promote(&self) -> anyhow::Result<()> {
        self.set_synchronous(&[])?;
        let promoted = self.sql(USER, "SELECT pg_promote()")?;
        ensure!(promoted == "t", "{} is not promoted", self.process.name());
        Ok(())
    }
}

/// `postgres://postgres@127.0.0.1:port/database`
pub(crate) fn url(port: u16, database: &str) -> String {
    format!("postgres://{USER}@127.0.0.1:{port}/{database}")
}

/// Copies a folder with all that is in it, owners and rights included.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    ensure!(!to.exists(), "{} is there already", to.display());
    let copied = Command::new("cp").arg("-a").args([from, to]).output().context("cp")?;
    ensure!(copied.status.success(), "cp: {}", String::from_utf8_lossy(&copied.stderr).trim());
    Ok(())
}

/// PostgreSQL refuses to run as root: the user and group as which it runs instead.
fn account() -> anyhow::Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
    let ids = accounts.lines().find_map(|line| {
        let mut fields = line.strip_prefix(USER)?.strip_prefix(':')?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Ok(Some(ids.with_context(|| format!("there is no user {USER}: apt-get install postgresql"))?))
}
