//! `hemicycle migrate`: brings the database's schema up to date.

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::config::DatabaseUrl;
use crate::store::postgres::schema::migrate;

/// Creates or updates the schema of the database. Safe to run again, and from many places at once. It must reach the
/// database directly rather than through a pooler.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    database: DatabaseUrl,
    /// Into how many partitions ballots are divided: how many workers can count at a time. Fixed by the first migrate
    #[arg(long, env = "QUEUE_PARTITIONS", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    partitions: u16,
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be reached or changed.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let url = args.database.url.as_deref().context("name the database with DATABASE_URL")?;
    let migrated = migrate(url, args.partitions).await?;
    println!("The schema is up to date; ballots are divided into {} partitions.", migrated.partitions);
    if migrated.partitions != args.partitions {
        println!("That was fixed by the first migrate: --partitions {} changes nothing.", args.partitions);
    }
    Ok(())
}
