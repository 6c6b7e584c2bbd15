//! `hemicycle export`: polls and their results, accounts, or quotes.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::place::Place;
use crate::app::data_dir;
use crate::config::Data;
use crate::domain::clock::Clock;
use crate::domain::quotes_csv;
use crate::domain::snapshot::{Audience, SnapshotView, harmless_in_csv};
use crate::domain::user::UserId;
use crate::store::Store;
use crate::store::sqlite::Sqlite;
use crate::store::words::Order;

/// Accounts or quotes read at a time.
const PAGE: u32 = 1000;

/// The options of `export`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    some: Polls,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Accounts as CSV: id, name, role and since when; never a password. Of the embedded store, or of the
    /// database that `DATABASE_URL` names
    Users(Users),
    /// Quotes as CSV: `quote`, `user_id` and `created_at`, as `hemicycle import quotes` takes them. Of the embedded store, or of
    /// the database that `DATABASE_URL` names
    Quotes(Quotes),
}

#[derive(Debug, clap::Args)]
struct Users {
    #[command(flatten)]
    place: Place,
    /// File to write; standard output where it is not given
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Quotes {
    #[command(flatten)]
    place: Place,
    /// Also those that are hidden; wherever they are imported, they are not
    #[arg(long)]
    hidden: bool,
    /// File to write; standard output where it is not given
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Polls {
    #[command(flatten)]
    data: Data,
    /// Polls to export, by slug or join code; all of them where none is named
    #[arg(value_name = "POLLS")]
    wanted: Vec<String>,
    /// How to write them
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// File to write; standard output where it is not given
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An array of polls with their options and votes
    Json,
    /// A line an option: poll, title, status, key, label, votes
    Csv,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    poll: &'a str,
    title: String,
    status: crate::domain::poll::Status,
    key: String,
    label: String,
    votes: u64,
}

/// Exports, without anything that could lead to a voter.
///
/// # Errors
/// When there is no store, no such poll, or no way to write.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    match &args.what {
        Some(What::Users(users)) => users.export().await,
        Some(What::Quotes(quotes)) => quotes.export().await,
        None => args.some.export().await,
    }
}

impl Users {
    async fn export(&self) -> anyhow::Result<()> {
        let (store, _) = self.place.open().await?;
        let mut table = csv::Writer::from_writer(output(self.output.as_ref())?);
        table.write_record(["id", "name", "role", "created_at"])?;
        let mut after = None;
        loop {
            let users = store.users(after.as_ref(), PAGE).await?;
            for user in &users {
                let name = harmless_in_csv(&user.name);
                table.write_record([user.id.as_str(), &name, user.role.word(), &user.made_at.to_string()])?;
            }
            match users.into_iter().last() {
                Some(last) => after = Some(last.id),
                None => break,
            }
        }
        store.close().await;
        Ok(table.flush()?)
    }
}

impl Quotes {
    async fn export(&self) -> anyhow::Result<()> {
        let (store, _) = self.place.open().await?;
        let mut table = csv::Writer::from_writer(output(self.output.as_ref())?);
        table.write_record(quotes_csv::COLUMNS)?;
        let mut after = None;
        loop {
            let quotes = store.quotes(Order::After(after), PAGE, self.hidden).await?;
            for quote in &quotes {
                let author = quote.author.as_ref().map(UserId::as_str).unwrap_or_default();
                table.write_record([&*quotes_csv::guarded(&quote.text), author, &quote.made_at.to_string()])?;
            }
            match quotes.last() {
                Some(last) => after = Some(last.id),
                None => break,
            }
        }
        store.close().await;
        Ok(table.flush()?)
    }
}

impl Polls {
    async fn export(&self) -> anyhow::Result<()> {
        let path = self.data.data_dir.join(data_dir::STORE);
        if !path.exists() {
            bail!("there is no store in {}; name its folder with DATA_DIR", self.data.data_dir.display());
        }
        let store = Store::Sqlite(Sqlite::open(&path).await?);
        let views = views(&store, &self.wanted).await?;
        store.close().await;
        let mut out = output(self.output.as_ref())?;
        match self.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, &views)?;
                writeln!(out)?;
            }
            Format::Csv => write_csv(&mut out, &views)?,
        }
        Ok(out.flush()?)
    }
}

/// Where to write.
fn output(path: Option<&PathBuf>) -> anyhow::Result<Box<dyn Write>> {
    Ok(match path {
        Some(path) => Box::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?),
        None => Box::new(io::stdout().lock()),
    })
}

async fn views(store: &Store, wanted: &[String]) -> anyhow::Result<Vec<SnapshotView>> {
    let mut polls = Vec::new();
    for name in wanted {
        polls.push(store.poll_named(name).await?.with_context(|| format!("there is no poll {name}"))?);
    }
    if wanted.is_empty() {
        polls = store.polls().await?;
    }
    let mut views = Vec::new();
    for poll in polls {
        let snapshot = store.snapshot(poll.id, Clock::System.now()).await?;
        views.extend(snapshot.map(|snapshot| snapshot.view(Audience::Organiser)));
    }
    Ok(views)
}

fn write_csv(out: &mut dyn Write, views: &[SnapshotView]) -> anyhow::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    for view in views {
        for option in &view.options {
            table.serialize(Line {
                poll: &view.poll,
                title: harmless_in_csv(&view.title),
                status: view.status,
                key: option.key.to_string(),
                label: harmless_in_csv(&option.label),
                votes: option.votes.unwrap_or_default(),
            })?;
        }
    }
    Ok(table.flush()?)
}
