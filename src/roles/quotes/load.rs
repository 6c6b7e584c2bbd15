//! Adding many quotes out of a file. It is read as it comes: memory does not grow with it.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::Path;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use crate::domain::csv_rows::{BadFile, Skipped};
use crate::domain::quote::{InvalidQuote, NewQuote, check_text};
use crate::domain::quotes_csv::{QuotesCsv, Row, time};
use crate::domain::user::{InvalidUser, UserId};
use crate::store::words::Load;
use crate::store::{Store, StoreError};

/// Quotes added in one step of a longer transaction.
const STEP: usize = 1000;
/// Quotes added in one transaction, where they need not all be added or none.
const CHUNK: usize = 5000;
/// After so many of them all are waited for: whoever wants an account for themselves, which all of them name, gets it then.
const REST: u64 = 20;
/// So many are added while what those before them put off is finished.
const SETTLED: u64 = 2;

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is none, or cannot be opened.
    #[error(transparent)]
    File(#[from] BadFile),
    /// It broke off.
    #[error("the file cannot be read any further")]
    Unreadable(#[from] io::Error),
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a row makes no quote.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(transparent)]
    Row(#[from] Skipped),
    #[error("line {0}: {1}")]
    Quote(u64, #[source] InvalidQuote),
    // It begins with `id: `.
    #[error("line {0}: user_{1}")]
    Author(u64, #[source] InvalidUser),
    #[error("line {0}: created_at: a time such as 2026-01-31T12:00:00Z")]
    Time(u64),
}

/// What became of rows.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// So many more are quotes now.
    Added(u64),
    /// One is not, and why, with its line.
    Skipped(String),
}

/// Adds the quotes that a file lists, and tells what became of its rows. With `all_or_nothing`, one row that makes no quote
/// keeps all others from being added: `false` then. Otherwise others write in between, however long it takes.
///
/// # Errors
/// [`LoadError`]: rows told of before then are added.
pub async fn import(
    store: &Store,
    file: impl Read,
    now: Timestamp,
    all_or_nothing: bool,
    mut tell: impl FnMut(Told),
) -> Result<bool, LoadError> {
    let mut rows = Rows::open(file, now)?;
    if all_or_nothing {
        return fill(store.load_quotes().await?, &mut rows, true, &mut tell).await;
    }
    let mut chunks = Chunks { store, under_way: VecDeque::new(), last: None, settling: None };
    let begun = chunks.begin_all(&mut rows, &mut tell).await;
    // What was begun before something failed may be added all the same, and is told of. What failed first, counts.
    begun.and(chunks.finish_all(&mut tell).await.map_err(LoadError::from))?;
    chunks.settled().await?;
    store.settle_quotes().await?;
    Ok(true)
}

/// Loads the file that is loaded once, into a store that has no quote yet; `None` where that is over.
///
/// # Errors
/// [`LoadError`]: then nothing was added.
pub async fn once(
    store: &Store,
    path: &Path,
    now: Timestamp,
    mut tell: impl FnMut(Told),
) -> Result<Option<()>, LoadError> {
    let Some(load) = store.load_quotes_once(now).await? else { return Ok(None) };
    let file = std::fs::File::open(path).map_err(BadFile::Unreadable)?;
    fill(load, &mut Rows::open(file, now)?, false, &mut tell).await?;
    store.settle_quotes().await?;
    Ok(Some(()))
}

/// Quotes being added in transactions of their own, side by side. They are numbered and become seen in order: whatever
/// fails, what was added is the beginning of the file.
struct Chunks<'a> {
    store: &'a Store,
    under_way: VecDeque<AbortOnDropHandle<Result<u64, StoreError>>>,
    /// Told when what was begun last is seen.
    last: Option<oneshot::Receiver<()>>,
    /// What finishes what was put off.
    settling: Option<AbortOnDropHandle<Result<(), StoreError>>>,
}

impl Chunks<'_> {
    async fn begin_all<R: Read>(&mut self, rows: &mut Rows<R>, tell: &mut impl FnMut(Told)) -> Result<(), LoadError> {
        for number in 1_u64.. {
            if number.is_multiple_of(REST) {
                self.finish_all(tell).await?;
            }
            if number.is_multiple_of(SETTLED) {
                self.settle().await?;
            }
            if self.under_way.len() == self.store.loads_at_once() {
                self.finish(tell).await?;
            }
            let some = rows.some(CHUNK, tell)?;
            let is_last = some.len() < CHUNK;
            self.begin(some).await?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    async fn begin(&mut self, some: Vec<NewQuote>) -> Result<(), StoreError> {
        let mut load = self.store.load_quotes().await?;
        let ids = load.number(some.len()).await?;
        let (seen, last) = oneshot::channel();
        let before = self.last.replace(last);
        self.under_way.push_back(AbortOnDropHandle::new(tokio::spawn(async move {
            load.add_as(&ids, &some).await?;
            if let Some(before) = before
                && before.await.is_err()
            {
                // It failed, which whoever waits for it is told.
                return Ok(0);
            }
            load.commit().await?;
            // Where nothing follows, nobody listens.
            let _ = seen.send(());
            Ok(some.len() as u64)
        })));
        Ok(())
    }

    /// Begins to finish what was put off up to now, once what was put off before is finished.
    async fn settle(&mut self) -> Result<(), StoreError> {
        self.settled().await?;
        let store = self.store.clone();
        self.settling = Some(AbortOnDropHandle::new(tokio::spawn(async move { store.settle_quotes().await })));
        Ok(())
    }

    async fn settled(&mut self) -> Result<(), StoreError> {
        match self.settling.take() {
            Some(settling) => settling.await.map_err(crashed)?,
            None => Ok(()),
        }
    }

    /// Waits for all that was begun; what failed first, if anything did.
    async fn finish_all(&mut self, tell: &mut impl FnMut(Told)) -> Result<(), StoreError> {
        let mut finished = Ok(());
        while !self.under_way.is_empty() {
            finished = finished.and(self.finish(tell).await);
        }
        finished
    }

    /// Waits for what was begun first.
    async fn finish(&mut self, tell: &mut impl FnMut(Told)) -> Result<(), StoreError> {
        if let Some(first) = self.under_way.pop_front() {
            tell(Told::Added(first.await.map_err(crashed)??));
        }
        Ok(())
    }
}

fn crashed(_: JoinError) -> StoreError {
    StoreError::Unavailable(sqlx::Error::WorkerCrashed)
}

/// Adds all rows in one transaction; with `all_or_nothing`, none and `false` where one is unfit.
async fn fill<R: Read>(
    mut load: Load,
    rows: &mut Rows<R>,
    all_or_nothing: bool,
    tell: &mut impl FnMut(Told),
) -> Result<bool, LoadError> {
    let mut added = 0;
    loop {
        let some = rows.some(STEP, tell)?;
        if all_or_nothing && rows.unfit > 0 {
            break;
        }
        load.add(&some).await?;
        added += some.len() as u64;
        if some.len() < STEP {
            load.commit().await?;
            tell(Told::Added(added));
            return Ok(true);
        }
    }
    // Others may write while the rest is looked through.
    drop(load);
    while rows.some(STEP, tell)?.len() == STEP {}
    Ok(false)
}

/// The quotes of a file.
struct Rows<R> {
    file: QuotesCsv<R>,
    now: Timestamp,
    unfit: u64,
}

impl<R: Read> Rows<R> {
    fn open(file: R, now: Timestamp) -> Result<Self, BadFile> {
        Ok(Self { file: QuotesCsv::open(file)?, now, unfit: 0 })
    }

    /// The next so many; fewer at the end.
    fn some(&mut self, count: usize, tell: &mut impl FnMut(Told)) -> io::Result<Vec<NewQuote>> {
        let mut some = Vec::with_capacity(count);
        while some.len() < count
            && let Some(row) = self.file.next().transpose()?
        {
            match row.map_err(Unfit::from).and_then(|row| fit(row, self.now)) {
                Ok(quote) => some.push(quote),
                Err(unfit) => {
                    self.unfit += 1;
                    tell(Told::Skipped(unfit.to_string()));
                }
            }
        }
        Ok(some)
    }
}

fn fit(row: Row, now: Timestamp) -> Result<NewQuote, Unfit> {
    let Row { line, quote, user_id, created_at } = row;
    let author = user_id.map(|id| UserId::parse(&id)).transpose().map_err(|error| Unfit::Author(line, error))?;
    let text = check_text(&quote).map_err(|error| Unfit::Quote(line, error))?;
    let made_at = created_at.map_or(Some(now), |text| time(&text)).ok_or(Unfit::Time(line))?;
    Ok(NewQuote { author, text, made_at })
}
