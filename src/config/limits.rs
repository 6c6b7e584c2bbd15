//! How much one process takes on.

use std::time::Duration;

use clap::Args;

/// How much one process takes on.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Connections served at a time; more wait in the system's queue
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N", default_value_t = 20_000, value_parser = at_least_one)]
    pub max_connections: usize,
    /// Viewers of live results at a time; more get 503
    #[arg(long, env = "MAX_VIEWERS", value_name = "N", default_value_t = 16_000, value_parser = at_least_one)]
    pub max_viewers: usize,
    /// Ballots that may wait to be appended; more get 503
    #[arg(long, env = "INTAKE_CAPACITY", value_name = "N", default_value_t = 16_384, value_parser = at_least_one)]
    pub intake_capacity: usize,
    /// Threads that hash passwords; each takes 19 MiB while it works
    #[arg(long, env = "PASSWORD_THREADS", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub password_threads: u8,
    /// Sign-ins that may wait for them; more get 503
    #[arg(long, env = "PASSWORD_WAITING", value_name = "N", default_value_t = 256, value_parser = at_least_one)]
    pub password_waiting: usize,
    /// Requests a minute from one address (with IPv6: one /64) to /users, /sessions and the like, by whoever shows no session,
    /// token, key or voter's cookie
    #[arg(long, env = "RATE_LIMIT", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate_limit: u32,
    /// The same for each session, token, key or voter's cookie; also how often a minute one voter may vote
    #[arg(long, env = "RATE_LIMIT_CREDENTIAL", value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate_limit_credential: u32,
    /// Attempts a minute to sign in that may fail from one address, and to one account
    #[arg(long, env = "SIGN_IN_FAILURES", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub sign_in_failures: u32,
    /// Counted ballots that the log keeps, in each partition, for a store that comes back from an older backup
    #[arg(long, env = "QUEUE_RETAIN", value_name = "BALLOTS", default_value_t = 1_000_000)]
    pub queue_retain: u64,
    /// Seconds that the head of a request may take to arrive, and that a connection is kept without one
    #[arg(long, env = "HEAD_SECONDS", value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub head_seconds: u64,
    /// Seconds that open requests get to finish after SIGTERM
    #[arg(long, env = "GRACE_SECONDS", value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub grace_seconds: u64,
}

impl Limits {
    /// How long open requests get to finish.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    let number = text.parse::<usize>().ok().filter(|number| (1..=10_000_000).contains(number));
    number.ok_or("expected a whole number from 1 to 10000000")
}
