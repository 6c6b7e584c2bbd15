//! `hemicycle healthcheck`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::config::Listen;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The options of `healthcheck`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    listen: Listen,
    /// Ask only whether the process is alive, not whether it is ready
    #[arg(long)]
    live: bool,
}

/// Asks, and says nothing if all is well.
///
/// # Errors
/// When nobody answers, or not with 200.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let address = args.listen.probe_address();
    let path = if args.live { "/livez" } else { "/readyz" };
    let answer = ask(&address, path).with_context(|| format!("nobody answers at {address}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        bail!("{address}{path} answers {status}: {}", body.trim());
    }
    Ok(())
}

fn ask(address: &std::net::SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 << 10).read_to_string(&mut answer)?;
    Ok(answer)
}
