//! `hemicycle import users` and `hemicycle import quotes`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, bail};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::many;
use super::place::Place;
use crate::domain::clock::{Clock, Entropy};
use crate::http::metrics::Metrics;
use crate::http::passwords::Passwords;
use crate::roles::quotes::load as quotes;
use crate::roles::users::load::{self, Told};

/// The options of `import`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A row that cannot be an account or a quote (its id is in use, a field is missing or out of bounds) is \
        skipped and told with its line and the reason. Passwords are stored as Argon2id hashes, which takes some 30 ms a \
        row and core. What was imported twice is there twice, where it is quotes.\n\n\
        Without DATABASE_URL this is about the embedded store in DATA_DIR.\n\n\
        Examples:\n  \
        hemicycle import users staff.csv\n  \
        hemicycle import users --all-or-nothing staff.csv\n  \
        hemicycle import quotes said.csv\n  \
        DATABASE_URL=postgres://… hemicycle import users - < staff.csv"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Accounts, as members, out of a CSV file with the columns id, name and password; also while hemicycle runs
    Users(Import),
    /// Quotes out of a CSV file with the column `quote`, and where there are any, `user_id` and `created_at`; also while
    /// hemicycle runs
    Quotes(Import),
}

#[derive(Debug, clap::Args)]
struct Import {
    #[command(flatten)]
    place: Place,
    /// Import nothing at all where one row cannot be imported; nobody else writes meanwhile to an embedded store
    #[arg(long)]
    all_or_nothing: bool,
    /// The file; - for standard input
    file: PathBuf,
}

/// Imports.
///
/// # Errors
/// When there is no store, the file cannot be read, or with --all-or-nothing, some row cannot be imported.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    match &args.what {
        What::Users(import) => import.users().await,
        What::Quotes(import) => import.quotes().await,
    }
}

impl Import {
    async fn users(&self) -> anyhow::Result<()> {
        let (store, _) = self.place.open().await?;
        let (file, length) = open(&self.file)?;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let passwords = Passwords::start(threads, 2 * threads, Metrics::default(), Entropy::System);
        let bar = progress(length);
        let (mut added, mut skipped) = (0, 0);
        let tell = |told| match told {
            Told::Added => added += 1,
            Told::Skipped(why) => {
                skipped += 1;
                bar.suspend(|| eprintln!("skipped {why}"));
            }
        };
        let file = bar.wrap_read(file);
        let now = Clock::System.now();
        let done = load::import((&store, &passwords, threads), file, now, self.all_or_nothing, tell).await;
        bar.finish_and_clear();
        store.close().await;
        let all = done.with_context(|| format!("cannot import {}", self.file.display()))?;
        if !all {
            bail!("no account was made: {} cannot be accounts", many(skipped, "row"));
        }
        println!("imported {}, skipped {}", many(added, "account"), many(skipped, "row"));
        Ok(())
    }

    async fn quotes(&self) -> anyhow::Result<()> {
        let (store, _) = self.place.open().await?;
        let (file, length) = open(&self.file)?;
        let bar = progress(length);
        let (mut added, mut skipped) = (0, 0);
        let tell = |told| match told {
            quotes::Told::Added(more) => added += more,
            quotes::Told::Skipped(why) => {
                skipped += 1;
                bar.suspend(|| eprintln!("skipped {why}"));
            }
        };
        let done = quotes::import(&store, bar.wrap_read(file), Clock::System.now(), self.all_or_nothing, tell).await;
        bar.finish_and_clear();
        store.close().await;
        let all = done
            .with_context(|| format!("imported {}, then not more of {}", many(added, "quote"), self.file.display()))?;
        if !all {
            bail!("no quote was added: {} cannot be quotes", many(skipped, "row"));
        }
        println!("imported {}, skipped {}", many(added, "quote"), many(skipped, "row"));
        Ok(())
    }
}

/// The file, and how long it is where that is known.
fn open(path: &Path) -> anyhow::Result<(Box<dyn Read>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let length = file.metadata().ok().map(|file| file.len());
    Ok((Box::new(file), length))
}

/// Progress through the file, on a terminal.
fn progress(length: Option<u64>) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}");
    let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
