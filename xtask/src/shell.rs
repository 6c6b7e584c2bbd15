//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The root of the repository.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Cargo itself, in the root of the repository: the one that runs us, where there is one.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    // What cargo tells us about our own package. Some build scripts look at it (that of ring does), so that what was
    // built by hand would be built anew here, and the other way round.
    for (name, _) in std::env::vars_os() {
        let name_of_ours = name.to_string_lossy();
        if name_of_ours.starts_with("CARGO_PKG_") || name_of_ours.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program to its end, its output where ours goes.
///
/// # Errors
/// Where it cannot be started or fails.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let said = said(command);
    let status = command.status().with_context(|| format!("cannot start: {said}"))?;
    if !status.success() {
        bail!("{said} failed ({status})");
    }
    Ok(())
}

/// Runs a program to its end and returns what it printed.
///
/// # Errors
/// Where it cannot be started, fails or prints something other than UTF-8.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let said = said(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start: {said}"))?;
    if !output.status.success() {
        bail!("{said} failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{said} did not print text"))
}

/// Whether a program exits with success; its output is of no interest.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Where this program is on the search path.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A command as one would type it.
pub fn said(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
