//! Redis Sentinel: three processes that watch a main, and promote a replica when two of them miss it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::ports::{self, local};
use crate::process::Process;
use crate::redis::{self, Plan, Redis};
use crate::resp::{Connection, Reply};

const SENTINELS: usize = 3;

/// How the sentinels judge.
#[derive(Clone, Copy, Debug)]
pub struct SentinelOptions {
    /// How long the main may be silent before a sentinel takes it for dead.
    pub down_after: Duration,
    /// How long they wait before they try the same failover again; also bounds the steps of one.
    pub failover_timeout: Duration,
}

impl Default for SentinelOptions {
    fn default() -> Self {
        // On a busy machine a main may be silent for a second: taking it for dead would be a fault of its own.
        Self { down_after: Duration::from_secs(3), failover_timeout: Duration::from_secs(3) }
    }
}

/// One sentinel.
#[derive(Debug)]
pub struct Sentinel {
    process: Process,
    address: SocketAddr,
}

/// Three sentinels over one main.
#[derive(Debug)]
pub struct Sentinels {
    name: String,
    sentinels: Vec<Sentinel>,
}

impl Sentinels {
    /// Starts them, and waits until they know each other and this many replicas.
    ///
    /// `name` is what the main is called. Start them after its replicas: they look for new ones only now and then.
    ///
    /// # Errors
    /// Where redis-server is missing, or they do not find each other.
    pub fn start(name: &str, main: &Redis, replicas: usize, options: SentinelOptions) -> anyhow::Result<Self> {
        let start = || ports::on_free_port(|port| Sentinel::start(port, name, main.address(), options));
        let sentinels = (0..SENTINELS).map(|_| start()).collect::<anyhow::Result<_>>()?;
        let sentinels = Self { name: name.into(), sentinels };
        for sentinel in &sentinels.sentinels {
            sentinel.process.wait_until(|| sentinel.knows(name, replicas))?;
        }
        Ok(sentinels)
    }

    /// `redis+sentinel://host:port,host:port,host:port/name`
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.sentinels.iter().map(|sentinel| sentinel.address.to_string()).collect();
        format!("redis+sentinel://{}/{}", addresses.join(","), self.name)
    }

    /// Each of them.
    #[must_use]
    pub fn each(&self) -> &[Sentinel] {
        &self.sentinels
    }

    /// Where the present main is, by the first sentinel that answers.
    ///
    /// # Errors
    /// Where none does.
    pub fn main(&self) -> anyhow::Result<SocketAddr> {
        let answers = self.sentinels.iter().map(|sentinel| sentinel.main(&self.name));
        answers.reduce(Result::or).context("no sentinel")?
    }

    /// Waits until the main is another than this one and says itself that it is the main; where it is.
    ///
    /// # Errors
    /// Where that has not come after so long.
    pub fn main_after(&self, former: SocketAddr, patience: Duration) -> anyhow::Result<SocketAddr> {
        let start = Instant::now();
        loop {
            match self.main() {
                Ok(main) if main != former && is_main(main) => return Ok(main),
                Err(error) if start.elapsed() > patience => return Err(error),
                _ if start.elapsed() > patience => bail!("{former} is still the main after {patience:?}"),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Sentinel {
    fn start(port: u16, name: &str, main: SocketAddr, options: SentinelOptions) -> anyhow::Result<Self> {
        let SentinelOptions { down_after, failover_timeout } = options;
        let lines = format!(
            "sentinel monitor {name} {} {} 2\n\
             sentinel down-after-milliseconds {name} {}\n\
             sentinel failover-timeout {name} {}\n",
            main.ip(),
            main.port(),
            down_after.as_millis(),
            failover_timeout.as_millis(),
        );
        let arguments = &["--sentinel"];
        let process = redis::prepare(Plan { name: "sentinel", port, lines, arguments, clock_ahead: 0 })?;
        let sentinel = Self { process, address: local(port) };
        sentinel.start_again()?;
        Ok(sentinel)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// kill -9, and waits until it is gone.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&self) -> anyhow::Result<ExitStatus> {
        self.process.kill()
    }

    /// Starts it with what it knew, and waits until it answers.
    ///
    /// # Errors
    /// Where it runs or does not start.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.process.start()?;
        redis::wait_until_it_answers(&self.process, self.address)?;
        // They tell each other of themselves every two seconds; a test has no time for that.
        self.command(&["SENTINEL", "DEBUG", "PUBLISH-PERIOD", "100", "INFO-PERIOD", "500"])?;
        Ok(())
    }

    fn command(&self, words: &[&str]) -> anyhow::Result<Reply> {
        Connection::open(self.address)?.command(words)
    }

    fn main(&self, name: &str) -> anyhow::Result<SocketAddr> {
        let reply = self.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name])?;
        let [address, port] = reply.list()? else { bail!("{reply:?} is no address") };
        Ok(format!("{}:{}", address.text()?, port.text()?).parse()?)
    }

    /// Fails where it does not know all the others and all replicas yet.
    fn knows(&self, name: &str, replicas: usize) -> anyhow::Result<()> {
        let reply = self.command(&["SENTINEL", "MASTER", name])?;
        let words = reply.list()?.iter().map(Reply::text).collect::<anyhow::Result<Vec<_>>>()?;
        let facts: HashMap<_, _> = words.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        for (fact, wanted) in [("num-other-sentinels", SENTINELS - 1), ("num-slaves", replicas)] {
            let known = facts.get(fact).copied().unwrap_or_default();
            ensure!(known == wanted.to_string(), "{fact} is {known}, not {wanted}");
        }
        Ok(())
    }
}

fn is_main(address: SocketAddr) -> bool {
    let role = Connection::open(address).and_then(|mut connection| connection.command(&["ROLE"]));
    role.is_ok_and(|role| role.list().is_ok_and(|role| role.first() == Some(&Reply::Text("master".into()))))
}
