//! A connection to Redis that is made when it is needed, and made anew after it broke: through Sentinels to whichever
//! server is the main one by then. No command is ever sent twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError, RedisResult,
    ServerErrorKind,
};
use tokio::sync::Mutex;

use crate::config::RedisUrl;
use crate::domain::backoff::Backoff;
use crate::domain::clock::Entropy;

/// Between two attempts to make a connection: at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// How long making a connection may take.
const CONNECTING: Duration = Duration::from_secs(2);

/// Why a command got no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nothing was sent: there is no connection.
    #[error("cannot reach {0}")]
    Unreachable(RedisUrl, #[source] RedisError),
    /// Nothing was sent: the server is not one that may be used for this.
    #[error("{0} cannot be used: {1}")]
    Unfit(RedisUrl, String),
    /// It was sent, and the server said no, or nothing.
    #[error("Redis")]
    Failed(#[from] RedisError),
}

impl LinkError {
    /// Whether the server turned the command down before doing any of it.
    #[must_use]
    pub fn did_nothing(&self) -> bool {
        let Self::Failed(error) = self else { return true };
        let codes = ["OOM", "MISCONF", "NOREPLICAS", "NOAUTH", "WRONGPASS", "BUSY"];
        match error.kind() {
            ErrorKind::Server(kind) => matches!(
                kind,
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::NoScript
                    | ServerErrorKind::ReadOnly
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::NoPerm
            ),
            ErrorKind::Extension => error.code().is_some_and(|code| codes.contains(&code)),
            ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig | ErrorKind::Client => true,
            _ => false,
        }
    }
}

/// What a new connection must show before it is used; says what is wrong with the server.
pub type Examination =
    fn(MultiplexedConnection) -> futures_util::future::BoxFuture<'static, RedisResult<Option<String>>>;

/// One connection to one Redis. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Link {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    url: RedisUrl,
    patience: Duration,
    examination: Option<Examination>,
    connection: Mutex<Slot>,
}

#[derive(Debug)]
struct Slot {
    /// Rises with every connection, so that only the one that broke is given up.
    number: u64,
    open: Option<MultiplexedConnection>,
    backoff: Backoff,
    /// Why the last attempt failed, and until when there is no other.
    away: Option<(RedisError, Instant)>,
}

impl Link {
    /// A link on which an answer may take `patience`.
    #[must_use]
    pub fn new(url: RedisUrl, patience: Duration) -> Self {
        Self::with(url, patience, None)
    }

    /// The same, over connections to servers that pass the examination.
    #[must_use]
    pub fn examined(url: RedisUrl, patience: Duration, examination: Examination) -> Self {
        Self::with(url, patience, Some(examination))
    }

    fn with(url: RedisUrl, patience: Duration, examination: Option<Examination>) -> Self {
        let backoff = Backoff::new(RETRY.0, RETRY.1, Entropy::System);
        let connection = Mutex::new(Slot { number: 0, open: None, backoff, away: None });
        Self { shared: Arc::new(Shared { url, patience, examination, connection }) }
    }

    /// A link of its own to the same Redis.
    #[must_use]
    pub fn another(&self, patience: Duration) -> Self {
        Self::new(self.shared.url.clone(), patience)
    }

    /// Runs `work` on the connection.
    ///
    /// # Errors
    /// See [`LinkError::did_nothing`] for what may have happened.
    pub async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T, LinkError> {
        let (number, mut connection) = self.shared.connection().await?;
        match work(&mut connection).await {
            Ok(done) => Ok(done),
            Err(error) => {
                if must_reconnect(&error) {
                    let mut slot = self.shared.connection.lock().await;
                    if slot.number == number {
                        slot.open = None;
                    }
                }
                Err(error.into())
            }
        }
    }

    /// A connection of its own, for subscriptions.
    ///
    /// # Errors
    /// Where the server cannot be reached.
    pub async fn subscriber(&self) -> Result<redis::aio::PubSub, LinkError> {
        let unreachable = |error| LinkError::Unreachable(self.shared.url.clone(), error);
        let client = self.shared.client().await.map_err(unreachable)?;
        let connecting = tokio::time::timeout(CONNECTING, client.get_async_pubsub());
        connecting.await.unwrap_or_else(|_| Err(too_slow())).map_err(unreachable)
    }
}

impl Shared {
    async fn connection(&self) -> Result<(u64, MultiplexedConnection), LinkError> {
        let mut slot = self.connection.lock().await;
        if let Some(open) = &slot.open {
            return Ok((slot.number, open.clone()));
        }
        if let Some((error, _)) = slot.away.as_ref().filter(|(_, until)| *until > Instant::now()) {
            return Err(LinkError::Unreachable(self.url.clone(), error.clone()));
        }
        // Boxed, or every call would have room for what is rarely done.
        match Box::pin(self.connect_examined()).await {
            Ok(open) => {
                slot.away = None;
                slot.backoff.reset();
                slot.number += 1;
                slot.open = Some(open.clone());
                Ok((slot.number, open))
            }
            Err(error) => {
                if let LinkError::Unreachable(_, error) = &error {
                    let until = Instant::now() + slot.backoff.pause();
                    slot.away = Some((error.clone(), until));
                }
                Err(error)
            }
        }
    }

    async fn connect_examined(&self) -> Result<MultiplexedConnection, LinkError> {
        let unreachable = |error| LinkError::Unreachable(self.url.clone(), error);
        let connecting = tokio::time::timeout(CONNECTING, self.connect());
        let open = connecting.await.unwrap_or_else(|_| Err(too_slow())).map_err(unreachable)?;
        if let Some(examination) = self.examination
            && let Some(wrong) = examination(open.clone()).await.map_err(unreachable)?
        {
            return Err(LinkError::Unfit(self.url.clone(), wrong));
        }
        Ok(open)
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(self.patience));
        self.client().await?.get_multiplexed_async_connection_with_config(&config).await
    }

    async fn client(&self) -> RedisResult<Client> {
        // Or the end of each longer command waits until the server has acknowledged its beginning.
        let tcp = TcpSettings::default().set_nodelay(true);
        match &self.url {
            RedisUrl::Server(url) => Client::open(url.as_str().into_connection_info()?.set_tcp_settings(tcp)),
            RedisUrl::Sentinel { sentinels, name, user, password } => {
                let addresses = sentinels.iter().map(|(host, port)| ConnectionAddr::Tcp(host.clone(), *port));
                let mut builder = SentinelClientBuilder::new(addresses, name, SentinelServerType::Master)?;
                builder = builder.set_client_to_redis_tcp_settings(tcp);
                if let Some(user) = user {
                    builder = builder.set_client_to_redis_username(user);
                }
                if let Some(password) = password {
                    builder = builder.set_client_to_redis_password(password);
                }
                builder.build()?.async_get_client().await
            }
        }
    }
}

/// Whether the next command needs another connection: this one is broken, late, or leads to a server that is no longer
/// the main one.
fn must_reconnect(error: &RedisError) -> bool {
    let demoted = matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown)
    );
    demoted || error.is_io_error() || error.is_timeout() || error.is_unrecoverable_error()
}

fn too_slow() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
