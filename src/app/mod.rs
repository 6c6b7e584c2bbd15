//! The composition root: opens the backends, wires the roles, runs them, and takes them down in order.

pub mod data_dir;
mod description;
mod door;
pub mod logging;
mod parts;
mod run;
mod running;
mod up;
mod welcome;

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

pub use self::run::run;
pub use self::running::Running;
pub use self::up::up;
pub use self::welcome::print_welcome;

use self::data_dir::DataDirError;
use self::running::Stop;
use crate::domain::clock::{Clock, Entropy};
use crate::domain::new_poll::Invalid;
use crate::http::pages::PagesError;
use crate::queue::QueueError;
use crate::roles::quotes;
use crate::roles::users::load::LoadError;
use crate::store::StoreError;
use crate::store::sqlite::connect::OpenError;

/// The slug of the default poll.
pub const DEFAULT_SLUG: &str = "default";
/// Connections to the listener for operations.
const OPS_CONNECTIONS: usize = 256;

/// Why the product did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// A setting that the roles need.
    #[error("{0}")]
    Missing(String),
    /// Where the database is said to be.
    #[error("DATABASE_URL or DATABASE_REPLICAS_URL cannot be used")]
    DatabaseUrl(#[source] sqlx::Error),
    /// An address.
    #[error("cannot listen on {address}: {}", listen_hint(source))]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of the embedded store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The default poll's labels.
    #[error("OPTION_A and OPTION_B make no poll: {0}")]
    DefaultPoll(#[source] Invalid),
    /// The store is new, the queue is not.
    #[error(
        "{0} is missing or empty, but the queue beside it holds ballots: put a backup of it back with `hemicycle restore --store-only`, or move both files away"
    )]
    StoreLost(std::path::PathBuf),
    /// The queue, while it was made ready.
    #[error("cannot prepare the queue")]
    Queue(#[from] QueueError),
    /// The store, while it was made ready.
    #[error("cannot prepare the store")]
    Store(#[from] StoreError),
    /// The file of accounts.
    #[error("CSV_FILE_USERS: {} cannot be loaded", path.display())]
    Users {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        #[source]
        source: LoadError,
    },
    /// The file of quotes.
    #[error("CSV_FILE_QUOTES: {} cannot be loaded", path.display())]
    Quotes {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        #[source]
        source: quotes::load::LoadError,
    },
    /// A page.
    #[error(transparent)]
    Pages(#[from] PagesError),
}

fn listen_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "something else listens there already; choose another PORT",
        io::ErrorKind::PermissionDenied => "not allowed; ports below 1024 are reserved, choose another PORT",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address",
        _ => "the system refuses",
    }
}

/// Time and chance of a process; tests bring their own.
#[derive(Clone, Debug)]
pub struct Ambient {
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
}

impl Ambient {
    /// The machine's own.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: Clock::System, entropy: Entropy::System }
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
