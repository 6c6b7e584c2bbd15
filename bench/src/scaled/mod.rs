//! The product as it runs at scale: roles as processes of their own, over a PostgreSQL and a Redis that wait for the
//! disk.

mod drain;
mod intake;
mod rows;
mod screens;
mod startup;

use hemicycle_stack::whole::{ADMIN_KEY, Stack, StackOptions};

use super::figures::Figures;
use super::process::{Ledger, UNLIMITED, binary, settle};
use super::{Args, Part};

/// Measures what is wanted of it.
///
/// # Errors
/// When something cannot be started or measured.
pub async fn measure(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    if args.wants(Part::Roles) {
        startup::measure(figures)?;
    }
    if args.wants(Part::Intake) {
        intake::measure(args, figures).await?;
    }
    if args.wants(Part::Drain) {
        drain::measure(args, figures).await?;
    }
    if args.wants(Part::Screens) {
        screens::measure(args, figures).await?;
    }
    Ok(())
}

/// One process of each of these kinds.
///
/// # Errors
/// Where a part does not start.
pub fn start(roles: &[&str]) -> anyhow::Result<Stack> {
    let options = StackOptions::lean(binary()?, roles);
    let environment = vec![(UNLIMITED.0.into(), UNLIMITED.1.into())];
    Stack::start(&StackOptions { fsync: true, environment, ..options })
}

/// `127.0.0.1:port` of the first process with this role.
///
#[must_use]
pub fn address(stack: &Stack, role: &str) -> String {
    let process = stack.with_role(role).next();
    process.map(|process| process.address().to_string()).unwrap_or_default()
}

/// The ledger once the workers have caught up.
///
/// # Errors
/// Where they do not.
pub async fn settled(stack: &Stack) -> anyhow::Result<Ledger> {
    settle(&address(stack, "worker"), ADMIN_KEY).await
}
