//! `cargo xtask bench` and `cargo xtask soak`: they build the release and hand over to the crate `bench`.

use std::ffi::OsString;
use std::process::Command;

use crate::{packages, shell};

/// What is handed on; `--help` among it.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

/// Builds the product as it is released, and measures it.
///
/// # Errors
/// Where it cannot be built or measured.
pub fn run(chore: &str, args: &Args) -> anyhow::Result<()> {
    packages::ensure(packages::BENCH, false)?;
    let packages = ["--package", "hemicycle", "--package", "hemicycle-bench"];
    shell::run(shell::cargo(&["build", "--release", "--locked"]).args(packages))?;
    let folder = shell::target().join("release");
    let mut command = Command::new(folder.join("hemicycle-bench"));
    // Beside the build rather than under /tmp, which may be memory: what is measured writes to a disk.
    command.arg(chore).args(&args.options).current_dir(shell::root()).env("TMPDIR", folder);
    shell::run(&mut command)
}
