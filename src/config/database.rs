//! Where the database is.

use std::fmt;

use clap::Args;

/// The address of the database.
#[derive(Args, Clone)]
#[command(next_help_heading = "Database")]
pub struct DatabaseUrl {
    /// PostgreSQL 15 or newer that takes writes: postgres://USER:PASSWORD@HOST:PORT/NAME
    #[arg(
        id = "database_url",
        long = "database-url",
        env = "DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub url: Option<String>,
}

/// The database, as roles use it.
#[derive(Args, Clone)]
#[command(next_help_heading = "Database")]
pub struct Database {
    /// The one that takes writes.
    #[command(flatten)]
    pub primary: DatabaseUrl,
    /// Replicas of it, separated by commas, for readers that may be a second behind; one that is down or further
    /// behind is passed over
    #[arg(long, env = "DATABASE_REPLICAS_URL", value_name = "URLS", value_delimiter = ',', hide_env_values = true)]
    pub database_replicas_url: Vec<String>,
    /// Connections to the database, at most
    #[arg(long, env = "DATABASE_CONNECTIONS", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=500))]
    pub database_connections: u32,
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DatabaseUrl")
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Database")
    }
}
