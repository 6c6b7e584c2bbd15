//! Every option, once: its flag, its environment variable, its default and what it is for.

mod database;
mod faces;
mod hosts;
mod items;
mod keys;
mod limits;
mod listen;
mod people;
mod public;
mod redis;
mod run;

pub use self::database::{Database, DatabaseUrl};
pub use self::faces::Faces;
pub use self::hosts::{HostPatterns, Hosts};
pub use self::items::{Items, ItemsRedis, ItemsWrite};
pub use self::keys::Keys;
pub use self::limits::Limits;
pub use self::listen::Listen;
pub use self::people::{People, SignUp};
pub use self::public::Public;
pub use self::redis::RedisUrl;
pub use self::run::{BallotAcks, Redis, Role, Run};

use std::path::PathBuf;

use clap::Args;

/// Where the embedded store lives.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Data")]
pub struct Data {
    /// Folder of the embedded store, its queue and its keys; the first start makes it
    #[arg(long, env = "DATA_DIR", value_name = "DIR", default_value = "hemicycle-data")]
    pub data_dir: PathBuf,
}

/// The poll that exists from the first start.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Default poll")]
pub struct DefaultPoll {
    /// First option of the default poll; read while there is no poll at all (at scale, by the role polls)
    #[arg(long, env = "OPTION_A", value_name = "LABEL", default_value = "Cats")]
    pub option_a: String,
    /// Second option of the default poll; read while there is no poll at all
    #[arg(long, env = "OPTION_B", value_name = "LABEL", default_value = "Dogs")]
    pub option_b: String,
}

/// What every process of the product can be told, whatever it runs over.
#[derive(Args, Clone, Debug)]
pub struct Service {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// How people reach it.
    #[command(flatten)]
    pub public: Public,
    /// What is at `/` by host name.
    #[command(flatten)]
    pub hosts: Hosts,
    /// Its secrets.
    #[command(flatten)]
    pub keys: Keys,
    /// Who gets an account.
    #[command(flatten)]
    pub people: People,
    /// The default poll.
    #[command(flatten)]
    pub default_poll: DefaultPoll,
    /// Items.
    #[command(flatten)]
    pub items: Items,
    /// How its pages look.
    #[command(flatten)]
    pub faces: Faces,
    /// How much it takes on.
    #[command(flatten)]
    pub limits: Limits,
}

/// Everything `hemicycle up` can be told.
#[derive(Args, Clone, Debug)]
pub struct Up {
    /// Where to keep data.
    #[command(flatten)]
    pub data: Data,
    /// How to serve.
    #[command(flatten)]
    pub service: Service,
}
