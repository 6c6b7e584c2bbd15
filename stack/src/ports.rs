//! Free ports of this machine.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::bail;

/// Below the range from which Linux takes the ports of outgoing connections: one of those could take a server's port
/// while it is down and a test is about to start it again.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// How often a server is given another port when somebody else took its own meanwhile.
const TRIES: usize = 5;

/// A port of 127.0.0.1 on which nobody listens. Within this process it is given out once.
///
/// # Errors
/// Where all are taken.
pub fn free() -> anyhow::Result<u16> {
    // Several test processes run at once: each starts elsewhere.
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let chance = RandomState::new().hash_one(std::process::id());
        AtomicU16::new(u16::try_from(chance % u64::from(COUNT)).unwrap_or_default())
    });
    for _ in 0..COUNT {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if is_free(port) {
            return Ok(port);
        }
    }
    bail!("no free port between {FIRST} and {}", FIRST + COUNT)
}

/// Whether nobody listens on this port of 127.0.0.1.
#[must_use]
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(local(port)).is_ok()
}

/// This port of 127.0.0.1.
pub(crate) fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Starts a server on a free port; on another where somebody else was quicker.
pub(crate) fn on_free_port<T>(mut start: impl FnMut(u16) -> anyhow::Result<T>) -> anyhow::Result<T> {
    for _ in 1..TRIES {
        match start(free()?) {
            Err(error) if is_taken(&error) => {}
            outcome => return outcome,
        }
    }
    start(free()?)
}

/// Whether this is what a server says whose port is taken.
fn is_taken(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("ddress already in use")
}
