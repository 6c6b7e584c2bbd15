//! `hemicycle restore`: the counterpart of `backup`.

use std::fs::{self, File};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::app::data_dir::{DataDir, KEYS, QUEUE, STORE, create_private};
use crate::config::Data;
use crate::queue::Queue;
use crate::queue::local::LocalQueue;
use crate::store::Store;
use crate::store::sqlite::Sqlite;

/// The options of `restore`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: Data,
    /// A file that `hemicycle backup` wrote
    file: PathBuf,
    /// Replace the store that is there
    #[arg(long)]
    force: bool,
    /// Put back the store alone, and keep the queue and keys that are there: ballots accepted since the backup are then
    /// counted again
    #[arg(long)]
    store_only: bool,
}

/// Restores.
///
/// # Errors
/// When the file is no backup, the directory is in use, or has a store already.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let to = &args.data.data_dir;
    let backup = File::open(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let _locked = DataDir::open(to)?;
    let replaced = if args.store_only { &[STORE][..] } else { &[STORE, QUEUE][..] };
    // An empty store is what a start leaves behind that found only a queue.
    let occupied = |name: &&&str| fs::metadata(to.join(name)).is_ok_and(|file| file.len() > 0);
    if let Some(name) = replaced.iter().find(occupied).filter(|_| !args.force) {
        bail!("{} has a {name} already; name another DATA_DIR, or replace it with --force", to.display());
    }
    remove_unpacked(to);
    let names = unpack_checked(backup, &args.file, to).await.inspect_err(|_| remove_unpacked(to))?;
    let names: Vec<_> = names.into_iter().filter(|name| !args.store_only || *name == STORE).collect();
    put_in_place(to, &names)?;
    remove_unpacked(to);
    println!("restored {} to {}", args.file.display(), to.display());
    Ok(())
}

async fn unpack_checked(backup: File, file: &Path, to: &Path) -> anyhow::Result<Vec<&'static str>> {
    let names = unpack(backup, to).with_context(|| format!("{} is not a backup of hemicycle", file.display()))?;
    if std::io::stderr().is_terminal() {
        eprintln!("checking the tallies against the ballots…");
    }
    check(to).await.with_context(|| format!("{} is damaged; nothing was replaced", file.display()))?;
    Ok(names)
}

/// Removes what an earlier try left, or this one would: a leftover write-ahead log would be taken for the new file's.
fn remove_unpacked(folder: &Path) {
    for name in [STORE, QUEUE, KEYS] {
        for part in ["", "-wal", "-shm"] {
            // Mostly there is none; one that cannot be removed shows in the next step.
            let _ = fs::remove_file(folder.join(format!("{}{part}", unpacked(name))));
        }
    }
}

fn unpacked(name: &str) -> String {
    format!("{name}.restored")
}

/// Unpacks the known files of a backup under other names; anything else in it is an error.
fn unpack(backup: File, to: &Path) -> anyhow::Result<Vec<&'static str>> {
    let mut names = Vec::new();
    for entry in tar::Archive::new(backup).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let name = [STORE, QUEUE, KEYS].into_iter().find(|name| path == Path::new(name));
        let name = name.with_context(|| format!("it has an unknown part {}", path.display()))?;
        let target = to.join(unpacked(name));
        let mut file = create_private(&target)?;
        std::io::copy(&mut entry, &mut file)?;
        file.sync_all()?;
        names.push(name);
    }
    if !(names.contains(&STORE) && names.contains(&QUEUE)) {
        bail!("the store or the queue is missing");
    }
    Ok(names)
}

/// Opens both files, and holds the tallies against the ballots.
async fn check(folder: &Path) -> anyhow::Result<()> {
    let store = Store::Sqlite(Sqlite::open(&folder.join(unpacked(STORE))).await?);
    let differing = store.verify().await?;
    store.close().await;
    let queue = Queue::Local(LocalQueue::open(&folder.join(unpacked(QUEUE))).await?);
    queue.ends().await?;
    queue.shut_down().await;
    if let Some(poll) = differing.first() {
        bail!("the tally of poll {poll} does not match its ballots");
    }
    Ok(())
}

fn put_in_place(to: &Path, names: &[&'static str]) -> anyhow::Result<()> {
    for name in names {
        // The write-ahead log of a replaced file must not be taken for the new one's.
        for leftover in [format!("{name}-wal"), format!("{name}-shm")] {
            if to.join(&leftover).exists() {
                fs::remove_file(to.join(leftover))?;
            }
        }
        fs::rename(to.join(unpacked(name)), to.join(name))?;
    }
    Ok(File::open(to)?.sync_all()?)
}
