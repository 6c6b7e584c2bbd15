//! Servers whose clock is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// Makes, in this folder, a library for `LD_PRELOAD` that puts a server's clock ahead by so many seconds.
///
/// The package faketime would do the same for others, but hangs under Redis's allocator
/// (<https://github.com/wolfcw/libfaketime/issues/130>). A C compiler is here anyway: the product's build needs one.
pub(crate) fn library(folder: &Path, seconds_ahead: i64) -> anyhow::Result<PathBuf> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    fs::write(&source, include_str!("clock.c"))?;
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", &format!("-DAHEAD=({seconds_ahead})"), "-o"]).arg(&library).arg(&source);
    let output = cc.output().context("cc")?;
    ensure!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
    Ok(library)
}
