//! `cargo xtask test`: every check of the project, in order.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{licences, packages, schemathesis, shell};

/// Which checks to run, and how.
///
/// Installs what the tests need (Debian packages, by apt-get; Schemathesis, by pip into target/), then runs in order: cargo
/// fmt, cargo clippy, cargo doc, the licences, all tests, Schemathesis. Stops at the first that fails.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Install nothing: fail where a package is missing, and say which
    #[arg(long)]
    no_install: bool,
}

struct Step {
    name: &'static str,
    run: fn() -> anyhow::Result<()>,
}

const STEPS: [Step; 6] = [
    Step { name: "format", run: || shell::run(&mut shell::cargo(&["fmt", "--all", "--check"])) },
    Step { name: "lints", run: lints },
    Step { name: "documentation", run: documentation },
    Step { name: "licences", run: licences::run },
    Step { name: "tests", run: || shell::run(&mut shell::cargo(&["test", "--workspace", "--locked"])) },
    Step { name: "the API by its description", run: schemathesis::run },
];

/// Runs every check.
///
/// # Errors
/// Of the first that fails.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let start = Instant::now();
    timed("what the tests need", || {
        components()?;
        packages::ensure(packages::TESTS, !args.no_install)?;
        schemathesis::ensure(!args.no_install)
    })?;
    for step in &STEPS {
        timed(step.name, step.run)?;
    }
    println!("\nAll checks passed in {}.", seconds(start.elapsed()));
    Ok(())
}

fn timed(name: &str, run: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("\n== {name}");
    let start = Instant::now();
    let outcome = run().with_context(|| format!("FAILED: {name}"));
    if outcome.is_ok() {
        println!("== {name}: passed in {}", seconds(start.elapsed()));
    }
    outcome
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The parts of Rust that a minimal toolchain lacks.
fn components() -> anyhow::Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !shell::succeeds(&mut shell::cargo(&[subcommand, "--version"])) {
            bail!("{component} is missing: rustup component add {component}");
        }
    }
    Ok(())
}

fn lints() -> anyhow::Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    shell::run(&mut shell::cargo(&arguments))
}

fn documentation() -> anyhow::Result<()> {
    let mut command = shell::cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}
