//! Making many accounts out of a file.

use std::io::{self, Read};
use std::path::Path;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::domain::csv_rows::{BadFile, Skipped};
use crate::domain::password::{InvalidPassword, check_given};
use crate::domain::people_csv::{PeopleCsv, Row};
use crate::domain::user::{InvalidUser, NewUser, User, UserId, UserRole, check_name};
use crate::http::passwords::{Busy, Passwords};
use crate::store::{Store, StoreError};

/// Accounts added in one transaction.
const CHUNK: usize = 200;

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is none, or broke off.
    #[error(transparent)]
    File(#[from] BadFile),
    /// It broke off.
    #[error("the file cannot be read any further")]
    Unreadable(#[from] io::Error),
    /// No password could be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a row makes no account.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(transparent)]
    Row(#[from] Skipped),
    #[error("line {0}: {1}")]
    Field(u64, #[source] InvalidUser),
    #[error("line {0}: {1}")]
    Password(u64, #[source] InvalidPassword),
    #[error("line {0}: another account has this id")]
    Taken(u64),
}

/// What became of a row.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// It is an account now, or would be.
    Added,
    /// It is not, and why, with its line.
    Skipped(String),
}

/// A row that can be an account, with its line.
type Ready = (u64, NewUser);

/// Adds the accounts that a file lists, and tells what became of each row. With `all_or_nothing`, one row that makes no
/// account keeps all others from being added: `false` then.
///
/// # Errors
/// [`LoadError`]: rows told of before then are added, unless it is all or nothing.
pub async fn import(
    (store, passwords, threads): (&Store, &Passwords, usize),
    file: impl Read,
    now: Timestamp,
    all_or_nothing: bool,
    mut tell: impl FnMut(Told),
) -> Result<bool, LoadError> {
    let rows = ready(file, passwords, threads, now)?;
    let chunk = if all_or_nothing { usize::MAX } else { CHUNK };
    let mut rows = std::pin::pin!(rows);
    let (mut waiting, mut unfit): (Vec<Ready>, bool) = (Vec::new(), false);
    while let Some(row) = rows.try_next().await? {
        match row {
            Ok(row) => waiting.push(row),
            Err(reason) => {
                unfit = true;
                tell(Told::Skipped(reason.to_string()));
            }
        }
        if waiting.len() >= chunk {
            add(store, std::mem::take(&mut waiting), false, &mut tell).await?;
        }
    }
    if all_or_nothing && unfit {
        return Ok(false);
    }
    add(store, waiting, all_or_nothing, &mut tell).await
}

/// Loads the file that is loaded once, into a store that has no account yet; `None` where that is over.
///
/// # Errors
/// [`LoadError`].
pub async fn once(
    (store, passwords, threads): (&Store, &Passwords, usize),
    path: &Path,
    now: Timestamp,
    mut tell: impl FnMut(Told),
) -> Result<Option<()>, LoadError> {
    if store.were_users_loaded().await? {
        return Ok(None);
    }
    if !store.users(None, 1).await?.is_empty() {
        // Where there are accounts, the file's time is over, also once they are deleted.
        store.load_users(&[], now).await?;
        return Ok(None);
    }
    let file = std::fs::File::open(path).map_err(BadFile::Unreadable)?;
    let rows: Vec<_> = ready(file, passwords, threads, now)?.try_collect().await?;
    let mut fit = Vec::new();
    for row in rows {
        match row {
            Ok(row) => fit.push(row),
            Err(reason) => tell(Told::Skipped(reason.to_string())),
        }
    }
    let users: Vec<NewUser> = fit.iter().map(|(_, user)| user.clone()).collect();
    let Some(added) = store.load_users(&users, now).await? else { return Ok(None) };
    told(&fit, &added, &mut tell);
    Ok(Some(()))
}

/// The rows of a file with their passwords hashed, as many at a time as there are threads, in order.
fn ready(
    file: impl Read,
    passwords: &Passwords,
    threads: usize,
    now: Timestamp,
) -> Result<impl Stream<Item = Result<Result<Ready, Unfit>, LoadError>>, BadFile> {
    let rows = PeopleCsv::open(file)?;
    let hashed = move |row: io::Result<Result<Row, Skipped>>| {
        let passwords = passwords.clone();
        async move {
            let (line, mut new, password) = match row?.map_err(Unfit::from).and_then(|row| checked(row, now)) {
                Ok(checked) => checked,
                Err(reason) => return Ok(Err(reason)),
            };
            if let Some(password) = password {
                new.password = Some(passwords.hash(password).await?.as_str().to_owned());
            }
            Ok(Ok((line, new)))
        }
    };
    Ok(stream::iter(rows).map(hashed).buffered(threads.max(1)))
}

fn checked(row: Row, now: Timestamp) -> Result<(u64, NewUser, Option<String>), Unfit> {
    let field = |error| Unfit::Field(row.line, error);
    let (id, name) = (UserId::parse(&row.id).map_err(field)?, check_name(&row.name).map_err(field)?);
    if let Some(password) = &row.password {
        check_given(password).map_err(|error| Unfit::Password(row.line, error))?;
    }
    let user = User { id, name, role: UserRole::Member, made_at: now };
    Ok((row.line, NewUser { user, password: None }, row.password))
}

async fn add(store: &Store, rows: Vec<Ready>, all: bool, tell: &mut impl FnMut(Told)) -> Result<bool, LoadError> {
    let users: Vec<NewUser> = rows.iter().map(|(_, user)| user.clone()).collect();
    let added = store.insert_users(&users, all).await?;
    told(&rows, &added, tell);
    Ok(!all || !added.contains(&false))
}

fn told(rows: &[Ready], added: &[bool], tell: &mut impl FnMut(Told)) {
    for ((line, _), added) in rows.iter().zip(added) {
        tell(if *added { Told::Added } else { Told::Skipped(Unfit::Taken(*line).to_string()) });
    }
}
