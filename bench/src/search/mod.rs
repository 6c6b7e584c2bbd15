//! Search in a million quotes: how long they take to come in, and how soon their words are found.

mod texts;

use std::time::Instant;

use anyhow::{Context, ensure};
use hemicycle::domain::folding::Search;
use hemicycle::domain::quote::NewQuote;
use hemicycle::domain::ranking::Ranking;
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
/// Quotes handed over at a time.
const BATCH: usize = 1000;
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
    stack.postgres.sql(DATABASE, "VACUUM ANALYZE")?;
    search(args, "at scale", (&scaled::address(&stack, "search"), ADMIN_KEY), &words, figures)
}

/// Words to look for: rare, common and short ones.
struct Words {
    rare: Vec<String>,
    common: Vec<String>,
}

/// Brings the quotes in.
async fn fill(args: &Args, name: &str, store: &Store, figures: &mut Figures) -> anyhow::Result<Words> {
    let (mut texts, before, started) = (Texts::new(), resident_bytes(std::process::id())?, Instant::now());
    let (mut load, mut most, mut left) = (store.load_quotes().await?, before, args.quotes);
    while left > 0 {
        let many = left.min(BATCH);
        let new = |text| NewQuote { author: None, text, made_at: Timestamp::UNIX_EPOCH };
        let batch: Vec<_> = (0..many).map(|_| new(texts.text())).collect();
        load.add(&batch).await?;
        left -= many;
        if left.is_multiple_of(100 * BATCH) {
            most = most.max(resident_bytes(std::process::id())?);
            eprintln!("{name}: {left} quotes left, {:.0} s", started.elapsed().as_secs_f64());
        }
    }
    load.commit().await?;
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
