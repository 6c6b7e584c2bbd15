//! `hemicycle dead-letters`: looks at ballots that could not be counted, tries them again, or gives them up.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use clap::Subcommand;
use serde::Serialize;

use super::many;
use super::place::Place;
use crate::domain::clock::Clock;
use crate::queue::format;
use crate::store::letters::{Retried, StoredLetter};
use crate::store::{Store, StoreError};

/// Letters read at a time: each brings its whole entry.
const PAGE: u32 = 100;
/// How often a letter is tried whose poll is being reset or deleted.
const TRIES: u32 = 5;

/// The options of `dead-letters`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A dead letter is an entry of the log, or some ballots of one, that could not be counted: its bytes are \
        damaged, the store refused it, or a ballot chose an option that its poll does not have. It is kept, the rest goes \
        on, and the metric hemicycle_ballots_dead_total tells of it.\n\n\
        First see what there is and why; where a newer release can read it, or the store takes it again, retry it: its \
        ballots count as if they had been read in their turn, once. Drop only what is beyond help: those ballots are lost.\n\n\
        Without DATABASE_URL this is about the embedded store in DATA_DIR.\n\n\
        Examples:\n  \
        hemicycle dead-letters list\n  \
        hemicycle dead-letters retry 3 5\n  \
        hemicycle dead-letters drop 4 --yes\n  \
        DATABASE_URL=postgres://… hemicycle dead-letters list --json"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show them: number, when, where in the log, how many ballots, why
    List(List),
    /// Count them after all, as if they had been read in their turn
    Retry(Chosen),
    /// Give them up: their ballots are lost
    Drop(Chosen),
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Write an array of JSON objects
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Chosen {
    #[command(flatten)]
    place: Place,
    /// Which, by the numbers that `list` shows
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<i64>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Do not ask, also on a terminal
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    id: i64,
    at: jiff::Timestamp,
    partition: u16,
    entry: u64,
    ballots: u64,
    /// Whether these are all ballots of the entry.
    whole: bool,
    reason: &'a str,
}

/// Does what was asked.
///
/// # Errors
/// When there is no store, no such letter, or a letter that was to be retried stays.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let place = match &args.action {
        Action::List(list) => &list.place,
        Action::Retry(chosen) | Action::Drop(chosen) => &chosen.place,
    };
    let (store, partitions) = place.open().await?;
    let done = match &args.action {
        Action::List(list) => print(&all(&store).await?, list.json),
        Action::Retry(chosen) => match chosen.letters(&store, "Count").await? {
            Some(letters) => retry(&store, &letters, partitions).await,
            None => Ok(()),
        },
        Action::Drop(chosen) => match chosen.letters(&store, "Give up").await? {
            Some(letters) => drop_all(&store, &letters).await,
            None => Ok(()),
        },
    };
    store.close().await;
    done
}

impl Chosen {
    /// The letters chosen; `None` where whoever was asked has thought better of it.
    async fn letters(&self, store: &Store, what: &str) -> anyhow::Result<Option<Vec<StoredLetter>>> {
        let mut letters = all(store).await?;
        if !self.all {
            if let Some(absent) = self.ids.iter().find(|id| letters.iter().all(|letter| letter.id != **id)) {
                bail!("there is no dead letter {absent}; hemicycle dead-letters list shows those there are");
            }
            letters.retain(|letter| self.ids.contains(&letter.id));
        }
        let ballots: u64 = letters.iter().map(|letter| letter.ballots).sum();
        let question = format!("{what} {} with {ballots} ballots?", many(letters.len() as u64, "dead letter"));
        let agreed = letters.is_empty() || self.yes || !io::stdin().is_terminal() || ask(&question)?;
        Ok(agreed.then_some(letters))
    }
}

fn ask(question: &str) -> io::Result<bool> {
    print!("{question} [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn all(store: &Store) -> Result<Vec<StoredLetter>, StoreError> {
    let mut letters: Vec<StoredLetter> = Vec::new();
    loop {
        let page = store.dead_letters(letters.last().map_or(0, |letter| letter.id), PAGE).await?;
        if page.is_empty() {
            return Ok(letters);
        }
        letters.extend(page);
    }
}

fn print(letters: &[StoredLetter], json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let lines: Vec<Line> = letters.iter().map(Line::from).collect();
        serde_json::to_writer_pretty(&mut out, &lines)?;
        return Ok(writeln!(out)?);
    }
    if letters.is_empty() {
        return Ok(writeln!(out, "There are no dead letters.")?);
    }
    writeln!(out, "{:>6}  {:20}  {:>9}  {:>10}  {:>7}  REASON", "ID", "WHEN", "PARTITION", "ENTRY", "BALLOTS")?;
    for letter in letters {
        let StoredLetter { id, at, partition, entry, ballots, reason, .. } = letter;
        let part = if letter.whole { "" } else { " (the entry's other ballots were counted)" };
        writeln!(out, "{id:>6}  {at:20.0}  {partition:>9}  {:>10}  {ballots:>7}  {reason}{part}", entry.0)?;
    }
    Ok(())
}

async fn retry(store: &Store, letters: &[StoredLetter], partitions: u16) -> anyhow::Result<()> {
    let mut stay = 0;
    for letter in letters {
        match retry_one(store, letter, partitions).await? {
            Retried::Applied(_) => println!("{}: {} ballots applied", letter.id, letter.ballots),
            Retried::Gone => println!("{}: gone meanwhile", letter.id),
            Retried::InPart => {
                stay += 1;
                println!("{}: stays: the other ballots of its entry were counted, and these have no place", letter.id);
            }
            Retried::Unreadable(why) => {
                stay += 1;
                println!("{}: stays: {why}", letter.id);
            }
        }
    }
    if stay > 0 {
        bail!("{} could not be applied", many(stay, "dead letter"));
    }
    Ok(())
}

async fn retry_one(store: &Store, letter: &StoredLetter, partitions: u16) -> anyhow::Result<Retried> {
    let mut tries = 0;
    loop {
        tries += 1;
        let entry = format::decode_intact(&letter.body, letter.fingerprint);
        match store.retry_dead_letter(letter, entry, partitions, Clock::System.now()).await {
            Err(StoreError::Changed) if tries < TRIES => {}
            retried => return retried.with_context(|| format!("cannot apply dead letter {}", letter.id)),
        }
    }
}

async fn drop_all(store: &Store, letters: &[StoredLetter]) -> anyhow::Result<()> {
    for letter in letters {
        let dropped = store.drop_dead_letter(letter.id).await?;
        println!("{}: {}", letter.id, if dropped { "dropped" } else { "gone meanwhile" });
    }
    Ok(())
}

impl<'a> From<&'a StoredLetter> for Line<'a> {
    fn from(letter: &'a StoredLetter) -> Self {
        let StoredLetter { id, at, partition, entry, ballots, whole, reason, .. } = letter;
        Self { id: *id, at: *at, partition: *partition, entry: entry.0, ballots: *ballots, whole: *whole, reason }
    }
}
