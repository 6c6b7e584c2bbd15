//! What the first lines on the terminal say: where to go, and what to do next.

use std::fmt::Write;
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use super::{DEFAULT_SLUG, Running};
use crate::config::{Data, Public};

/// Prints the welcome to standard output.
pub fn print_welcome(running: &Running, data: &Data, public: &Public) {
    let on_terminal = std::io::stdout().is_terminal();
    print!("{}", welcome(running, data, public, on_terminal));
}

fn welcome(running: &Running, data: &Data, public: &Public, on_terminal: bool) -> String {
    let address = running.address;
    let local = local_address(address);
    let shared = public.public_url.as_ref().map(|url| url.to_string().trim_end_matches('/').to_owned());
    let shared = shared.or_else(|| room_address(address));
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Hemicycle is open at {local}");
    let _ = writeln!(text, "  vote     {local}/vote/{DEFAULT_SLUG}");
    let _ = writeln!(text, "  results  {local}/results/{DEFAULT_SLUG}");
    let _ = writeln!(text, "  make your own poll at {local}/studio with the admin key");
    if running.keys.is_new && on_terminal {
        let _ = writeln!(text, "  admin key  {}", running.keys.admin);
    }
    let _ = writeln!(text, "  data and keys are in {}", data.data_dir.display());
    match shared {
        Some(shared) => {
            let _ = writeln!(text, "Phones open {shared}/");
            if on_terminal && let Ok(code) = qrcode::QrCode::new(format!("{shared}/")) {
                let _ = writeln!(text, "{}", code.render::<qrcode::render::unicode::Dense1x2>().build());
            }
        }
        None => {
            let _ = writeln!(
                text,
                "Only this machine can reach it; start it with --listen 0.0.0.0 to let phones in the room in."
            );
        }
    }
    if let Some(ops) = running.ops_address {
        let _ = writeln!(text, "Operations at http://{ops}/readyz and /metrics");
    }
    text
}

fn local_address(bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() || bound.ip().is_loopback() {
        format!("http://localhost:{}", bound.port())
    } else {
        format!("http://{bound}")
    }
}

/// The address under which others in the same network reach this machine; `None` where they do not.
fn room_address(bound: SocketAddr) -> Option<String> {
    if bound.ip().is_loopback() {
        return None;
    }
    let ip = if bound.ip().is_unspecified() { outward_ip()? } else { bound.ip() };
    Some(format!("http://{}", SocketAddr::new(ip, bound.port())))
}

/// The address this machine would send from. Connecting a datagram socket sends nothing: it only asks the routing
/// table, here for an address that is reserved for documentation (RFC 5737).
fn outward_ip() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}
