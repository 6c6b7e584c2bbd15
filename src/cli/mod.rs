//! What a person types.

mod backup;
mod dead_letters;
mod export;
mod healthcheck;
mod import;
mod migrate;
mod place;
mod restore;
mod run;
mod up;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

use crate::config::{Run, Up};

/// Runs live votes for a crowd of any size: every accepted vote is counted exactly once.
#[derive(Debug, Parser)]
#[command(
    name = "hemicycle",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command, hemicycle starts as `hemicycle up` does: everything in one process, with an embedded store.\n\n\
        Examples:\n  \
        hemicycle                             start on http://localhost:8080\n  \
        hemicycle up --listen 0.0.0.0         let the phones in the room in\n  \
        PORT=9000 DATA_DIR=/var/lib/hemicycle hemicycle up\n  \
        hemicycle backup monday.tar           while it runs\n  \
        hemicycle run --roles vote,result     some roles, over PostgreSQL and Redis\n\n\
        Every option is also the environment variable named beside it. RUST_LOG filters the logs (default: info)."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: Up,
}

const RUN_HELP: &str = "Examples:\n  \
    hemicycle migrate                     once, and after each update\n  \
    hemicycle run --roles vote,result     these two, in one process\n  \
    hemicycle run --roles worker          another process, as many as are needed\n\n\
    A process listens at once and is ready (/readyz) when its servers answer; servers that are away are tried again \
    for ever.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything in this process, over an embedded store
    Up(Box<Up>),
    /// Start some roles in this process, over PostgreSQL and Redis
    #[command(after_help = RUN_HELP)]
    Run(Box<Run>),
    /// Bring the database's schema up to date; before `run`, and after each update
    Migrate(migrate::Args),
    /// Write polls and their results, accounts, or quotes, as JSON or CSV; also while hemicycle runs
    Export(export::Args),
    /// Make accounts, or quotes, out of a CSV file; also while hemicycle runs
    Import(import::Args),
    /// Copy an embedded store, the queue and the keys into one file; also while hemicycle runs
    Backup(backup::Args),
    /// Put a backup of an embedded store in place of a data directory; not while hemicycle runs
    Restore(restore::Args),
    /// Show ballots that could not be counted, try them again, or give them up; also while hemicycle runs
    DeadLetters(dead_letters::Args),
    /// Ask a running hemicycle whether it is ready: exit code 0 if it is, 1 if not
    Healthcheck(healthcheck::Args),
}

/// Options whose values are not for everyone's eyes, and are checked while the command line is parsed.
const SECRETS: [&str; 4] = ["--admin-key", "--secret-key", "--redis-url", "--ballots-redis-url"];

/// Parses the command line and runs it.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| without_secrets(error).exit());
    // Whatever we write has voter keys or results in it: for its owner only, also where the directory is open to others.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let done = match cli.command {
        None => up::run(&cli.up),
        Some(Command::Up(config)) => up::run(&config),
        Some(Command::Run(config)) => run::run(&config),
        Some(Command::Migrate(args)) => in_runtime(migrate::run(&args)),
        Some(Command::Export(args)) => in_runtime(export::run(&args)),
        Some(Command::Import(args)) => in_runtime(import::run(&args)),
        Some(Command::Backup(args)) => in_runtime(backup::run(&args)),
        Some(Command::Restore(args)) => in_runtime(restore::run(&args)),
        Some(Command::DeadLetters(args)) => in_runtime(dead_letters::run(&args)),
        Some(Command::Healthcheck(args)) => healthcheck::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hemicycle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The same error, naming the option but not its value where that may hold a password: a secret with a typing error in
/// it is one all the same, and what is printed here ends up in logs.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let option = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    if error.kind() == ErrorKind::ValueValidation && SECRETS.contains(&option.split(' ').next().unwrap_or_default()) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".into()));
    }
    error
}

/// Runs a command on this thread, which may wait for its input meanwhile: what it has begun goes on, on others.
fn in_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

/// So many of something, as one says it.
fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
