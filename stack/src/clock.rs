//! Servers whose clock is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// Where, in this folder, the library for `LD_PRELOAD` is.
pub(crate) fn library(folder: &Path) -> PathBuf {
    folder.join("clock.so")
}

/// Makes that library: it puts a server's clock ahead by so many seconds.
///
/// The package faketime would do the same for others, but hangs under Redis's allocator
/// (<https://github.com/wolfcw/libfaketime/issues/130>). A C compiler is here anyway: the product's build needs one.
pub(crate) fn compile(folder: &Path, seconds_ahead: i64) -> anyhow::Result<()> {
    let source = folder.join("clock.c");
    fs::write(&source, include_str!("clock.c"))?;
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", &format!("-DAHEAD=({seconds_ahead})")]).arg(source);
    let output = cc.arg("-o").arg(library(folder)).output().context("cc")?;
    ensure!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
