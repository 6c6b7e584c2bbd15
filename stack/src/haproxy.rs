//! HAProxy: the front, one HTTP address that leads each path to a role that serves it; and the database's address, one
//! TCP address that leads to the primary. Each is a process of its own, so that a test can lose one of them.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context, ensure};

use crate::ports::{self, local};
use crate::postgres;
use crate::process::{self, Process, words};
use crate::programs;

/// Which requests lead to which role: by path at any host, and `/` by host; everything else goes to the role site.
const ROUTES: [(&str, &[&str]); 8] = [
    ("vote", &["{ path_reg ^/(vote|ballots)(/|$) }", "{ path / } { hdr_beg(host) -i vote. }"]),
    ("result", &["{ path_reg ^/(results|socket\\.io)(/|$) }", "{ path / } { hdr_beg(host) -i result. results. }"]),
    ("polls", &["{ path_reg ^/polls(/|$) }"]),
    ("users", &["{ path_reg ^/(users|sessions)(/|$) }"]),
    ("quotes", &["{ path_reg ^/quotes(/|$) }"]),
    ("search", &["{ path_reg ^/search(/|$) }"]),
    ("items", &["{ path_reg ^/items?(/|$) }", "{ path / } { hdr_beg(host) -i items. }"]),
    ("site", &[]),
];

/// The role whose clients stay with one process: the session of a Socket.IO client that polls is there and nowhere else.
const STICKY: &str = "result";

/// A server behind the front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The roles it has, separated by commas.
    pub roles: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A running HAProxy on 127.0.0.1.
#[derive(Debug)]
pub struct Haproxy {
    process: Process,
    address: SocketAddr,
}

impl Haproxy {
    /// Starts the front over these servers, on this port or any free one.
    ///
    /// # Errors
    /// Where HAProxy is missing or does not start, or the port is taken.
    pub fn front(port: Option<u16>, upstreams: &[Upstream]) -> anyhow::Result<Self> {
        let start = |port| Self::start("front", port, &front(port, upstreams));
        port.map_or_else(|| ports::on_free_port(start), start)
    }

    /// Starts one address for the PostgreSQL at this port.
    ///
    /// # Errors
    /// Where HAProxy is missing or does not start.
    pub fn database(primary: u16) -> anyhow::Result<Self> {
        ports::on_free_port(|port| Self::start("database address", port, &database(port, primary)))
    }

    fn start(name: &str, port: u16, sections: &str) -> anyhow::Result<Self> {
        let folder = process::folder("haproxy");
        let config = folder.join("haproxy.cfg");
        let text = global(&folder) + sections;
        let program = programs::find("haproxy")?;
        let command = words![&program, "-db", "-f", &config];
        let process = Process::new(&format!("haproxy, {name} on port {port}"), folder, "", &command)?;
        fs::write(&config, text)?;
        let checked = Command::new(program).args(["-c", "-q", "-f"]).arg(config).output().context("haproxy")?;
        ensure!(checked.status.success(), "haproxy -c: {}", String::from_utf8_lossy(&checked.stderr));
        let haproxy = Self { process, address: local(port) };
        haproxy.start_again()?;
        Ok(haproxy)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`, of the front.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of a database, through this one.
    #[must_use]
    pub fn database_url(&self, database: &str) -> String {
        postgres::url(self.address.port(), database)
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Sends a command to its [runtime API](https://docs.haproxy.org/2.6/management.html#9.3); what it answers.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn command(&self, command: &str) -> anyhow::Result<String> {
        let mut stream = UnixStream::connect(self.process.folder().join("control")).context("no control socket")?;
        writeln!(stream, "{command}")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// What it thinks of a server: `UP`, `DOWN`, `MAINT`, or one of these and how far it is from another.
    ///
    /// # Errors
    /// Where it does not run or knows no such server.
    pub fn state_of(&self, address: SocketAddr) -> anyhow::Result<String> {
        let list = self.command("show stat")?;
        let mut rows = list.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = rows.next().unwrap_or_default();
        let column = |name| header.iter().position(|head| *head == name);
        let (Some(at), Some(status)) = (column("addr"), column("status")) else { anyhow::bail!("no table: {list}") };
        let row = rows.find(|row| row.get(at).is_some_and(|cell| *cell == address.to_string()));
        row.and_then(|row| row.get(status).map(ToString::to_string)).with_context(|| format!("no server at {address}"))
    }

    /// Waits until it thinks that the server there is up.
    ///
    /// # Errors
    /// Where that does not come.
    pub fn wait_until_up(&self, address: SocketAddr) -> anyhow::Result<()> {
        self.wait_until(address, "UP")
    }

    /// Waits until it thinks that the server there is down.
    ///
    /// # Errors
    /// Where that does not come.
    pub fn wait_until_down(&self, address: SocketAddr) -> anyhow::Result<()> {
        self.wait_until(address, "DOWN")
    }

    fn wait_until(&self, address: SocketAddr, wanted: &str) -> anyhow::Result<()> {
        self.process.wait_until(|| {
            let state = self.state_of(address)?;
            ensure!(state == wanted, "{address} is {state}");
            Ok(())
        })
    }

    /// Leads the database's address to the PostgreSQL at another port, a promoted standby; cuts off who is connected.
    ///
    /// # Errors
    /// Where it does not run or leads no database.
    pub fn lead_to(&self, primary: u16) -> anyhow::Result<()> {
        let said = self.command(&format!("set server database/primary addr 127.0.0.1 port {primary}"))?;
        ensure!(said.contains("changed from"), "haproxy: {said}");
        self.command("shutdown sessions server database/primary").map(drop)
    }

    /// kill -9, and waits until it is gone.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&self) -> anyhow::Result<ExitStatus> {
        self.process.kill()
    }

    /// Starts it on the same port, and waits until it answers.
    ///
    /// # Errors
    /// Where it runs or does not start.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.process.start()?;
        self.process.wait_until(|| {
            let ours = format!("Pid: {}\n", self.process.pid()?);
            ensure!(self.command("show info")?.contains(&ours), "its control socket is not its own");
            Ok(())
        })
    }
}

fn global(folder: &Path) -> String {
    let control = folder.join("control");
    // Without noreuseport, two of them could share a port and nobody would notice.
    format!(
        "global
    maxconn 8000
    no strict-limits
    noreuseport
    stats socket {} mode 600 level admin

defaults
    timeout connect 2s
    timeout check 2s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    default-server check inter 500ms fall 2 rise 1

",
        control.display()
    )
}

/// One HTTP address for all roles. A request is sent to another server only where the first took no connection: a
/// ballot that may have been sent is never sent again.
fn front(port: u16, upstreams: &[Upstream]) -> String {
    let mut text = format!(
        "frontend front
    mode http
    bind 127.0.0.1:{port}
    timeout http-request 10s
    option forwardfor
    # Or each event of a stream waits 200 ms for the next, to share a packet with it.
    option http-no-delay
    default_backend site
"
    );
    let mut backends = String::new();
    for (role, conditions) in ROUTES {
        let servers: Vec<_> = upstreams.iter().filter(|it| it.roles.split(',').any(|one| one == role)).collect();
        backends += &backend(role, &servers);
        for condition in conditions {
            let _ = writeln!(text, "    use_backend {role} if {condition}");
        }
    }
    text + &backends
}

fn backend(role: &str, servers: &[&Upstream]) -> String {
    let mut text = format!(
        "
backend {role}
    mode http
    balance roundrobin
    option httpchk GET /readyz
    http-check expect status 200
    retries 3
    option redispatch 1
    retry-on conn-failure
"
    );
    if role == STICKY {
        // `indirect`: the role never sees it. Where the server is gone the client gets another, by `redispatch`.
        text += "    cookie hemicycle_server insert indirect nocache httponly attr SameSite=Lax\n";
    }
    for (number, server) in (1..).zip(servers) {
        let _ = writeln!(text, "    server {role}-{number} {} cookie {role}-{number}", server.address);
    }
    text
}

fn database(port: u16, primary: u16) -> String {
    format!(
        "listen database
    mode tcp
    bind 127.0.0.1:{port}
    option pgsql-check user postgres
    server primary 127.0.0.1:{primary} on-marked-down shutdown-sessions
"
    )
}
