//! `cargo xtask sabotage`: a test that has never been red proves nothing.
//!
//! Each file in `tests/sabotage` breaks one invariant of the product by a patch. Its first lines say what it breaks
//! and which tests notice; the rest is for `git apply`:
//!
//! ```text
//! # Invariant 4: closing is exact
//! # Sabotage: a gate that the clock has closed forgets it
//! # Red: it::queue_contract::on_a_local_file::closing::the_first_append_past_the_time_latches_for_good
//! diff --git a/src/domain/gate.rs b/src/domain/gate.rs
//! …
//! ```
//!
//! They are applied, one at a time, to a copy of the sources under `target/sabotage`, built in a target directory of
//! its own: the product that you build is never the broken one.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::{packages, shell};

/// How long a test may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(4);

/// Which patches to apply.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only patches whose file name contains this
    only: Option<String>,
}

/// One patch, as its first lines describe it.
#[derive(Debug)]
struct Patch {
    name: String,
    file: PathBuf,
    invariant: String,
    what: String,
    tests: Vec<Test>,
}

/// A test, by the target that holds it (`lib` or an integration test) and its path there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    target: String,
    path: String,
}

/// How a test ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// It panicked: an assertion did not hold; which.
    Failed(String),
    /// It ended in another way, or not at all; why.
    Neither(String),
}

/// Applies every patch and demands that its tests turn red.
///
/// # Errors
/// Where a patch does not apply or compile, where its tests stay green, or were red without it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    packages::ensure(packages::TESTS, false)?;
    let patches = patches(args.only.as_deref())?;
    ensure!(!patches.is_empty(), "no patch in tests/sabotage is named so");
    let copy = Copy::new();
    copy.restore()?;
    let tests: BTreeSet<Test> = patches.iter().flat_map(|patch| patch.tests.iter().cloned()).collect();
    for test in &tests {
        println!("without sabotage: {test}");
        let outcome = copy.build(test).map(|()| copy.run(test))??;
        ensure!(outcome == Outcome::Passed, "{test} must pass on the sources as they are: {outcome}");
    }
    let mut survivors = Vec::new();
    let mut table = Vec::new();
    for patch in &patches {
        println!("sabotage: {}", patch.what);
        let verdict = copy.suffer(patch);
        copy.restore()?;
        table.push(format!("| {} | {} | {} |", patch.invariant, patch.what, verdict_cell(patch, &verdict)));
        if let Err(error) = verdict {
            println!("  NOT CAUGHT: {error:#}");
            survivors.push(patch.name.as_str());
        }
    }
    println!("\n| Invariant | Sabotage | Noticed by |\n|---|---|---|\n{}", table.join("\n"));
    ensure!(survivors.is_empty(), "{} of {} were not caught: {survivors:?}", survivors.len(), patches.len());
    println!("\nAll {} were caught.", patches.len());
    Ok(())
}

fn verdict_cell(patch: &Patch, verdict: &anyhow::Result<()>) -> String {
    match verdict {
        Ok(()) => patch.tests.iter().map(|test| format!("`{}`", test.path)).collect::<Vec<_>>().join(", "),
        Err(error) => format!("NOBODY: {error:#}"),
    }
}

fn patches(only: Option<&str>) -> anyhow::Result<Vec<Patch>> {
    let mut patches = Vec::new();
    for file in fs::read_dir(shell::root().join("tests/sabotage")).context("tests/sabotage")? {
        let file = file?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if file.extension().is_some_and(|ending| ending == "patch") && only.is_none_or(|only| name.contains(only)) {
            let text = fs::read_to_string(&file)?;
            patches.push(parse(name, file.clone(), &text).with_context(|| file.display().to_string())?);
        }
    }
    patches.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(patches)
}

fn parse(name: String, file: PathBuf, text: &str) -> anyhow::Result<Patch> {
    let head = text.lines().map_while(|line| line.strip_prefix("# "));
    let say = |key: &str| head.clone().filter_map(|line| line.strip_prefix(key)).collect::<Vec<_>>();
    let one = |key: &str| say(key).first().map(|said| (*said).to_owned()).with_context(|| format!("no line # {key}"));
    let target_and_path = |said: &str| {
        let (target, path) = said.split_once("::").with_context(|| format!("{said}: not target::path"))?;
        Ok(Test { target: target.into(), path: path.into() })
    };
    let tests = say("Red: ").into_iter().map(target_and_path).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(!tests.is_empty(), "no line # Red: ");
    Ok(Patch { name, file, invariant: one("Invariant ")?, what: one("Sabotage: ")?, tests })
}

/// The copy of the sources that is broken and mended.
struct Copy {
    sources: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn new() -> Self {
        let folder = shell::root().join("target/sabotage");
        Self { sources: folder.join("sources"), target: folder.join("target") }
    }

    /// Makes the copy equal to the sources. A file that is equal is left alone, so that it is not compiled again.
    fn restore(&self) -> anyhow::Result<()> {
        let mut list = Command::new("git");
        list.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(shell::root());
        let names = shell::output(&mut list)?;
        for name in names.lines() {
            let (from, to) = (shell::root().join(name), self.sources.join(name));
            // What git lists may be deleted, or a folder that is a repository of its own.
            let Ok(wanted) = fs::read(&from) else { continue };
            if fs::read(&to).ok().as_ref() != Some(&wanted) {
                fs::create_dir_all(to.parent().unwrap_or(&to))?;
                fs::write(&to, wanted).with_context(|| to.display().to_string())?;
            }
        }
        remove_strangers(&self.sources, &self.sources, &names.lines().map(Path::new).collect())
    }

    /// Applies a patch and demands that its tests fail.
    fn suffer(&self, patch: &Patch) -> anyhow::Result<()> {
        let mut apply = Command::new("git");
        apply.args(["apply", "--recount", "-C1"]).arg(&patch.file).current_dir(&self.sources);
        // The copy lies within the repository, and is not of it.
        apply.env("GIT_CEILING_DIRECTORIES", self.sources.parent().unwrap_or(&self.sources));
        shell::run(&mut apply).context("the patch does not apply")?;
        for test in &patch.tests {
            self.build(test).context("the patched sources do not compile")?;
            match self.run(test)? {
                Outcome::Failed(why) => println!("  red: {test}\n       {why}"),
                Outcome::Passed => bail!("{test} stays green"),
                Outcome::Neither(why) => bail!("{test}: {why}"),
            }
        }
        Ok(())
    }

    fn cargo_test(&self, test: &Test) -> Command {
        let mut command = shell::cargo(&["test", "--quiet", "--package", "hemicycle"]);
        match test.target.as_str() {
            "lib" => command.arg("--lib"),
            target => command.args(["--test", target]),
        };
        command.current_dir(&self.sources).env("CARGO_TARGET_DIR", &self.target).env("RUST_BACKTRACE", "0");
        command.env("CARGO_TERM_COLOR", "never");
        command
    }

    fn build(&self, test: &Test) -> anyhow::Result<()> {
        let output = self.cargo_test(test).arg("--no-run").output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn run(&self, test: &Test) -> anyhow::Result<Outcome> {
        let log = self.target.with_file_name("log");
        let mut command = self.cargo_test(test);
        command
            .args(["--", "--exact", &test.path])
            .stdout(fs::File::create(&log)?)
            .stderr(Stdio::null())
            .process_group(0);
        let mut child = command.spawn()?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if child.try_wait()?.is_some() {
                return Ok(judge(&fs::read_to_string(&log)?));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // Cargo and the test it runs.
        rustix::process::kill_process_group(rustix::process::Pid::from_child(&child), rustix::process::Signal::KILL)?;
        child.wait()?;
        Ok(Outcome::Neither("it hangs".into()))
    }
}

/// What the test harness prints where the one test that was asked for failed.
const FAILED: &str = "test result: FAILED. 0 passed; 1 failed;";

/// What the test harness printed about one test.
fn judge(log: &str) -> Outcome {
    if log.contains("test result: ok. 1 passed; 0 failed;") {
        Outcome::Passed
    } else if let Some((_, panic)) = log.split_once("panicked at ").filter(|_| log.contains(FAILED)) {
        let lines: Vec<_> =
            panic.lines().skip(1).take_while(|line| !line.is_empty() && !line.starts_with("note:")).take(3).collect();
        Outcome::Failed(lines.join(" ").chars().take(300).collect())
    } else if log.contains("0 passed; 0 failed;") {
        Outcome::Neither("there is no such test".into())
    } else {
        Outcome::Neither(format!("neither passed nor failed an assertion:\n{log}"))
    }
}

/// Removes what earlier patches, or earlier sources, left in the copy.
fn remove_strangers(folder: &Path, root: &Path, known: &BTreeSet<&Path>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_strangers(&path, root, known)?;
        } else if !known.contains(path.strip_prefix(root)?) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

impl fmt::Display for Test {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}::{}", self.target, self.path)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => formatter.write_str("it passed"),
            Self::Failed(why) | Self::Neither(why) => formatter.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_assertion_is_a_failure() {
        let failed = "thread 'one' panicked at tests/it/one.rs:1:1:\nmore\n\ntest result: FAILED. 0 passed; 1 failed;";
        assert_eq!(judge(failed), Outcome::Failed("more".into()));
        assert_eq!(judge("test result: ok. 1 passed; 0 failed; 0 ignored"), Outcome::Passed);
        for neither in ["", "error: could not compile", "test result: ok. 0 passed; 0 failed; 0 ignored"] {
            assert!(matches!(judge(neither), Outcome::Neither(_)), "{neither}");
        }
    }

    #[test]
    fn a_patch_says_what_it_breaks_and_who_notices() {
        let text =
            "# Invariant 4: closing\n# Sabotage: a slip\n# Red: it::one::two\n# Red: lib::three\ndiff --git a b\n";
        let patch = parse("one".into(), "one.patch".into(), text).unwrap();
        assert_eq!((patch.invariant.as_str(), patch.what.as_str()), ("4: closing", "a slip"));
        assert_eq!(patch.tests.iter().map(Test::to_string).collect::<Vec<_>>(), ["it::one::two", "lib::three"]);
        assert!(parse("one".into(), "one.patch".into(), "# Invariant 4: closing\n").is_err());
    }

    #[test]
    fn every_patch_fits_the_sources() {
        for patch in patches(None).unwrap() {
            let mut apply = Command::new("git");
            shell::run(apply.args(["apply", "--check"]).arg(&patch.file).current_dir(shell::root())).unwrap();
        }
    }
}
