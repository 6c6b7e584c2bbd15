//! Search in a million quotes: how long they take to come in, and how soon their words are found.

mod texts;

use std::io::{BufWriter, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hemicycle::domain::folding::Search;
use hemicycle::domain::ranking::Ranking;
use hemicycle::store::Store;
use hemicycle::store::postgres::Postgres;
use hemicycle::store::sqlite::Sqlite;
use hemicycle_stack::whole::{ADMIN_KEY, DATABASE};
use tempfile::TempDir;

use self::texts::Texts;
use super::figures::{Figures, Unit};
use super::load::Load;
use super::process::{KEY, Killed, Product, binary, peak_bytes};
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
    let path = folder.path().join("store.db");
    Sqlite::open(&path).await?.close().await;
    let place = ("DATA_DIR", folder.path().to_str().context("the name of a folder is no text")?);
    let mut texts = fill(args, "embedded", place, figures)?;
    let store = Store::Sqlite(Sqlite::open(&path).await?);
    let words = Words::find(&mut texts, &store).await?;
    store.close().await;
    let product = Product::start_in(folder).await?;
    search(args, "embedded", (&product.address, KEY), &words, figures)
}

async fn at_scale(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    let stack = scaled::start(&["search"])?;
    let url = stack.postgres.url(DATABASE);
    let mut texts = fill(args, "at scale", ("DATABASE_URL", &url), figures)?;
    let store = Store::Postgres(Postgres::connect(&url, &[], 1)?);
    let words = Words::find(&mut texts, &store).await?;
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

impl Words {
    /// Of these texts, as there are in a store.
    async fn find(texts: &mut Texts, store: &Store) -> anyhow::Result<Self> {
        let mut rare = Vec::new();
        for _ in 0..50 * RARE_WORDS {
            let word = texts.rare();
            let found = store.find_few(&Search::parse(&word)?, Ranking::new(None, RARE as usize), RARE).await?;
            if found.is_some() {
                rare.push(word);
            }
            if rare.len() == RARE_WORDS {
                return Ok(Self { rare, common: texts.common(30) });
            }
        }
        anyhow::bail!("there are not enough rare words")
    }
}

/// Brings the quotes in as a user does, by the command line, which reads them while they are made. `place`: the variable that
/// says where the store is, and its value.
fn fill(args: &Args, name: &str, place: (&str, &str), figures: &mut Figures) -> anyhow::Result<Texts> {
    let (mut texts, started) = (Texts::new(), Instant::now());
    let mut command = Command::new(binary()?);
    command.args(["import", "quotes", "-"]).env(place.0, place.1).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut import = Killed(command.spawn()?);
    let mut file = BufWriter::new(import.0.stdin.take().context("it has no standard input")?);
    writeln!(file, "quote")?;
    for number in 1..=args.quotes {
        writeln!(file, "{}", texts.text())?;
        if number.is_multiple_of(100_000) {
            eprintln!("{name}: {number} quotes written, {:.0} s", started.elapsed().as_secs_f64());
        }
    }
    file.flush()?;
    let mut most = peak_bytes(import.0.id())?;
    drop(file);
    let status = loop {
        if let Some(status) = import.0.try_wait()? {
            break status;
        }
        // None of a process that has just ended.
        most = peak_bytes(import.0.id()).unwrap_or(most);
        thread::sleep(Duration::from_millis(20));
    };
    let seconds = started.elapsed().as_secs_f64();
    let mut said = String::new();
    import.0.stdout.take().context("it has no standard output")?.read_to_string(&mut said)?;
    ensure!(status.success() && said.trim() == format!("imported {} quotes, skipped 0 rows", args.quotes), "{said}");
    figures.at_most(&format!("{name}: import of {} quotes", args.quotes), Unit::Seconds, 60.0, &[seconds]);
    figures.at_most(&format!("{name}: memory of the import, at most"), Unit::Megabytes, 100.0, &[most / 1e6]);
    Ok(texts)
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
