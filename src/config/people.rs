//! Who gets an account, for how long they stay signed in, and what is there of them at first.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUp {
    /// Everybody, as an organiser
    Open,
    /// Whoever has an invitation, as what it says
    Invite,
    /// Nobody: administrators make accounts
    Off,
}

/// Who gets an account, and for how long they stay signed in.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "People")]
pub struct People {
    /// Who may make an account for themselves
    #[arg(long, env = "SIGNUP", value_name = "WHO", default_value = "invite")]
    pub signup: SignUp,
    /// Days after which whoever signed in must do so again
    #[arg(long, env = "SESSION_DAYS", value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
    pub session_days: u16,
    /// CSV file of accounts (id,name,password) to load once, while there is no account yet (at scale, by the role users)
    #[arg(long, env = "CSV_FILE_USERS", value_name = "FILE")]
    pub csv_file_users: Option<PathBuf>,
    /// CSV file of quotes (`quote`, and maybe `user_id,created_at`) to load once, while there is none yet (at scale, by the
    /// role quotes)
    #[arg(long, env = "CSV_FILE_QUOTES", value_name = "FILE")]
    pub csv_file_quotes: Option<PathBuf>,
}
