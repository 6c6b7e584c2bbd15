//! `hemicycle backup`: one tar file of the store, the queue and the generated keys.
//!
//! The store is copied first, then the queue: the copy of the queue has everything after the store's bookmark, so a
//! restored store goes on counting where it was. Both copies are consistent by themselves (`VACUUM INTO`), and
//! nothing stops meanwhile.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::data_dir::{self, KEYS, QUEUE, STORE};
use crate::config::Data;
use crate::domain::log::EntryId;
use crate::queue::Queue;
use crate::queue::local::LocalQueue;
use crate::store::Store;
use crate::store::sqlite::Sqlite;
use crate::store::sqlite::connect::copy_database;

/// How often the log may be trimmed past the copied bookmark before the backup gives up.
const TRIES: u32 = 3;

/// The options of `backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: Data,
    /// File to write; it must not exist. It holds voter keys and secrets: only its owner can read it
    file: PathBuf,
}

/// Makes the backup.
///
/// # Errors
/// When there is nothing to back up, or no way to write.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let from = &args.data.data_dir;
    if !from.join(STORE).exists() {
        bail!("there is no store in {}; name its folder with DATA_DIR", from.display());
    }
    if args.file.exists() {
        bail!("{} exists already; choose another name", args.file.display());
    }
    let folder = args.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scratch = Scratch::beside(folder)?;
    copy_both(from, &scratch.0).await?;
    let partial = scratch.0.join("backup.tar");
    pack(from, &scratch.0, &partial)?;
    fs::rename(&partial, &args.file).with_context(|| format!("cannot write {}", args.file.display()))?;
    File::open(folder)?.sync_all()?;
    let size = fs::metadata(&args.file)?.len();
    println!("backed up {} to {} ({})", from.display(), args.file.display(), indicatif::HumanBytes(size));
    Ok(())
}

async fn copy_both(from: &Path, to: &Path) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        for name in [STORE, QUEUE] {
            let target = to.join(name);
            if target.exists() {
                fs::remove_file(&target)?;
            }
            copy(&from.join(name), &target, name).await?;
        }
        if fit_together(to).await? {
            return Ok(());
        }
    }
    bail!("the log was trimmed faster than the store could be copied; raise QUEUE_RETAIN and try again")
}

async fn copy(from: &Path, to: &Path, name: &str) -> anyhow::Result<()> {
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}")?;
    let bar = ProgressBar::new(fs::metadata(from)?.len()).with_style(style).with_message(format!("copying {name}"));
    let copying = copy_database(from, to);
    tokio::pin!(copying);
    loop {
        tokio::select! {
            done = &mut copying => break done.with_context(|| format!("cannot copy {}", from.display()))?,
            () = tokio::time::sleep(Duration::from_millis(200)) => bar.set_position(fs::metadata(to).map_or(0, |file| file.len())),
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Whether the copied log still has what follows the copied bookmark.
async fn fit_together(folder: &Path) -> anyhow::Result<bool> {
    let store = Store::Sqlite(Sqlite::open(&folder.join(STORE)).await?);
    let queue = Queue::Local(LocalQueue::open(&folder.join(QUEUE)).await?);
    let bookmark = store.bookmark(0).await?;
    let records = queue.read(0, bookmark.entry, 1).await?;
    let fits = bookmark.entry == EntryId(0) || records.first().is_some_and(|record| record.id == bookmark.entry);
    store.close().await;
    queue.shut_down().await;
    Ok(fits)
}

fn pack(from: &Path, scratch: &Path, target: &Path) -> anyhow::Result<()> {
    let mut tar = tar::Builder::new(data_dir::create_private(target)?);
    tar.append_path_with_name(scratch.join(STORE), STORE)?;
    tar.append_path_with_name(scratch.join(QUEUE), QUEUE)?;
    if from.join(KEYS).exists() {
        tar.append_path_with_name(from.join(KEYS), KEYS)?;
    }
    let mut file = tar.into_inner()?;
    file.flush()?;
    Ok(file.sync_all()?)
}

/// A folder for unfinished work that goes away with this value.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(format!(".hemicycle-backup-{}", std::process::id()));
        data_dir::make_private_dir(&path).with_context(|| format!("cannot write to {}", folder.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is only a leftover.
        let _ = fs::remove_dir_all(&self.0);
    }
}
