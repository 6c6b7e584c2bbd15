//! `hemicycle migrate`: brings the database's schema up to date.

use clap::Args as ClapArgs;

use crate::store::postgres::schema::migrate;

/// Creates or updates the schema of the database. Safe to run again, and from many places at once.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// The database, reached directly rather than through a pooler: postgres://USER:PASSWORD@HOST:PORT/NAME
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: String,
    /// Into how many partitions ballots are divided: how many workers can count at a time. Fixed by the first migrate
    #[arg(long, env = "QUEUE_PARTITIONS", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    partitions: u16,
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be reached or changed.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let migrated = migrate(&args.database_url, args.partitions).await?;
    println!("The schema is up to date; ballots are divided into {} partitions.", migrated.partitions);
    if migrated.partitions != args.partitions {
        println!("That was fixed by the first migrate: --partitions {} changes nothing.", args.partitions);
    }
    Ok(())
}
