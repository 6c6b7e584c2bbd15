//! Search in a million quotes: how long they take to come in, and how soon their words are found.

mod texts;

use std::collections::VecDeque;
use std::io::{self, Read};
use std::time::Instant;

use anyhow::{Context, ensure};
use hemicycle::domain::folding::Search;
use hemicycle::domain::ranking::Ranking;
use hemicycle::roles::quotes::load::{Told, import};
use hemicycle::store::Store;
use hemicycle::store::postgres::Postgres;
use hemicycle::store::sqlite::Sqlite;
use hemicycle_stack::whole::{ADMIN_KEY, DATABASE};
use jiff::Timestamp;
use tempfile::TempDir;

use self::texts::Texts;
use super::figures::{Figures, Unit};
use super::load::Load;
use super::process::{KEY, Product, resident_bytes};
use super::{Args, scaled};

/// Connections that search.
const CONNECTIONS: usize = 16;
/// A word is rare that is in fewer quotes.
const RARE: u32 = 200;
const RARE_WORDS: usize = 500;
/// Milliseconds of the 99th percentile of theirs.
const RARE_TARGET: f64 = 20.0;
const SHORT: [&str; 12] = ["a", "e", "s", "t", "th", "an", "st", "ou", "e a", "pr", "br", "i"];

/// Measures both backends.
///
/// # Errors
/// When something cannot be started or measured.
pub async fn measure(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    embedded(args, figures).await?;
    at_scale(args, figures).await
}

async fn embedded(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let store = Store::Sqlite(Sqlite::open(&folder.path().join("store.db")).await?);
    let words = fill(args, "embedded", &store, figures).await?;
    store.close().await;
    let product = Product::start_in(folder).await?;
    search(args, "embedded", (&product.address, KEY), &words, figures)
}

async fn at_scale(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    let stack = scaled::start(&["search"])?;
    let store = Store::Postgres(Postgres::connect(&stack.postgres.url(DATABASE), &[], 4)?);
    let words = fill(args, "at scale", &store, figures).await?;
    store.close().await;
    // As the server does by itself after a while.
    stack.postgres.sql(DATABASE, "VACUUM ANALYZE quotes")?;
    stack.postgres.sql(DATABASE, "ANALYZE quote_words")?;
    search(args, "at scale", (&scaled::address(&stack, "search"), ADMIN_KEY), &words, figures)
}

/// Words to look for: rare, common and short ones.
struct Words {
    rare: Vec<String>,
    common: Vec<String>,
}

/// Texts as a file of quotes, written as it is read.
struct File<'a> {
    texts: &'a mut Texts,
    left: usize,
    /// What is left of a line.
    line: VecDeque<u8>,
}

impl Read for File<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.line.is_empty() && self.left > 0 {
            self.left -= 1;
            self.line.extend(self.texts.text().bytes().chain([b'\n']));
        }
        self.line.read(buffer)
    }
}

/// Brings the quotes in, as a user does.
async fn fill(args: &Args, name: &str, store: &Store, figures: &mut Figures) -> anyhow::Result<Words> {
    let (mut texts, before, started) = (Texts::new(), resident_bytes(std::process::id())?, Instant::now());
    let (mut most, mut unmeasured, mut added) = (before, None, 0);
    let tell = |told| match told {
        Told::Added(more) => {
            added += more;
            match resident_bytes(std::process::id()) {
                Ok(bytes) => most = most.max(bytes),
                Err(error) => unmeasured = Some(error),
            }
            if added.is_multiple_of(100_000) {
                eprintln!("{name}: {added} quotes added, {:.0} s", started.elapsed().as_secs_f64());
            }
        }
        Told::Skipped(why) => eprintln!("{name}: skipped {why}"),
    };
    let file = File { texts: &mut texts, left: args.quotes, line: b"quote\n".to_vec().into() };
    import(store, file, Timestamp::UNIX_EPOCH, false, tell).await?;
    ensure!(unmeasured.is_none(), "{unmeasured:?}");
    ensure!(added == args.quotes as u64, "{added} quotes were added of {}", args.quotes);
    let seconds = started.elapsed().as_secs_f64();
    figures.at_most(&format!("{name}: import of {} quotes", args.quotes), Unit::Seconds, 60.0, &[seconds]);
    figures.at_most(&format!("{name}: memory it took"), Unit::Megabytes, 100.0, &[(most - before) / 1e6]);
    let mut rare = Vec::new();
    for _ in 0..50 * RARE_WORDS {
        let word = texts.rare();
        let found = store.find_few(&Search::parse(&word)?, Ranking::new(None, RARE as usize), RARE).await?;
        if found.is_some() {
            rare.push(word);
        }
        if rare.len() == RARE_WORDS {
            return Ok(Words { rare, common: texts.common(30) });
        }
    }
    anyhow::bail!("there are not enough rare words")
}

fn search(
    args: &Args,
    name: &str,
    (address, key): (&str, &str),
    words: &Words,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let short: Vec<String> = SHORT.map(str::to_owned).to_vec();
    let kinds = [
        ("rare words", &words.rare, RARE_TARGET),
        ("common words", &words.common, 500.0),
        ("short words", &short, 500.0),
    ];
    for (kind, words, target) in kinds {
        let encoded = |word: &String| word.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let paths: Vec<_> = words.iter().map(|word| format!("/search?keyword={}", encoded(word))).collect();
        let (mut p99, mut rates, mut put_off) = (vec![], vec![], 0);
        for round in 0..args.rounds {
            eprintln!("{name}, {kind}: round {} of {}", round + 1, args.rounds);
            let load = Load { connections: CONNECTIONS, seconds: args.seconds };
            let measured = load.get_any(address, key, &paths).context("searching")?;
            // Of searches for common words, those that waited too long for their turn are told to come again.
            ensure!(measured.errors == 0 || target > RARE_TARGET, "{} searches failed", measured.errors);
            put_off += measured.errors;
            p99.push(measured.p99_ms);
            rates.push(measured.rate);
        }
        figures.at_most(&format!("{name}: {kind}, 99th percentile"), Unit::Milliseconds, target, &p99);
        eprintln!("{name}, {kind}: {rates:.0?} a second, 99th percentile {p99:.1?} ms, {put_off} put off");
    }
    Ok(())
}
