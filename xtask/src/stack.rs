//! `cargo xtask stack`: the product on this machine as it runs at scale, to try it and to break it.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use hemicycle_stack::ports;
use hemicycle_stack::whole::{Stack, StackOptions};
use tokio::signal::unix::{SignalKind, signal};

use crate::{packages, shell};

/// Where the front is, unless told otherwise.
const PORT: u16 = 8080;

/// What a person may want to connect to; the variables of the roles that say where it is.
const SHOWN: [&str; 4] = ["DATABASE_URL", "DATABASE_REPLICAS_URL", "REDIS_URL", "ADMIN_KEY"];

/// What to start, and where.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Processes of each role
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=50))]
    of_each: u16,
    /// Port of the front [default: 8080, or any free one where that is taken]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Build the product for debugging: sooner ready, and slower
    #[arg(long)]
    debug: bool,
}

/// Starts the product and keeps it until Ctrl-C or SIGTERM.
///
/// # Errors
/// Where it cannot be built, or a part does not start.
pub fn run(args: &Args) -> anyhow::Result<()> {
    packages::ensure(packages::STACK, false)?;
    let options = StackOptions {
        of_each: args.of_each.into(),
        front_port: args.port.or_else(|| ports::is_free(PORT).then_some(PORT)),
        admin_key: key()?,
        progress: |step| println!("{step}"),
        ..StackOptions::whole(build(args.debug)?)
    };
    let stack = Stack::start(&options)?;
    show(&stack);
    until_asked_to_end()?;
    println!("\nTaking everything down …");
    drop(stack);
    println!("Nothing of it is left.");
    Ok(())
}

fn build(debug: bool) -> anyhow::Result<PathBuf> {
    let (profile, folder) = if debug { ("dev", "debug") } else { ("release", "release") };
    shell::run(&mut shell::cargo(&["build", "--package", "hemicycle", "--locked", "--profile", profile]))?;
    Ok(shell::target().join(folder).join("hemicycle"))
}

/// An admin key that nobody can guess: whoever opens a page in this machine's browser may reach the front.
fn key() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom").and_then(|mut chance| chance.read_exact(&mut bytes)).context("/dev/urandom")?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

fn show(stack: &Stack) {
    println!("\n{:<44} {:>8}  LOG", "PROCESS", "PID");
    for process in stack.processes() {
        let pid = process.pid().map_or_else(|_| "gone".into(), |pid| pid.to_string());
        println!("{:<44} {pid:>8}  {}", process.name(), process.log_file().display());
    }
    println!("\n{:<22} {}", "FRONT", stack.base());
    for (name, value) in stack.environment.iter().filter(|(name, _)| SHOWN.contains(&name.as_str())) {
        println!("{name:<22} {value}");
    }
    println!("\nCtrl-C ends it all.");
}

fn until_asked_to_end() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = tokio::signal::ctrl_c() => outcome?,
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}
