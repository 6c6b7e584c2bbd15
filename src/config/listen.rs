//! Where to listen.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use clap::Args;

const DEFAULT_PORT: u16 = 8080;

/// Where to listen.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Listening")]
pub struct Listen {
    /// Address to listen on: IP, or IP:PORT. 0.0.0.0 lets phones in the room in
    #[arg(long, env = "LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: ListenAddress,
    /// Port to listen on, in place of the one in LISTEN; 0 takes any free one
    #[arg(long, env = "PORT", value_name = "PORT")]
    pub port: Option<u16>,
    /// Serve /livez, /readyz and /metrics here only, and nowhere else
    #[arg(long, env = "OPS_LISTEN", value_name = "ADDRESS")]
    pub ops_listen: Option<SocketAddr>,
}

/// An IP address with or without a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    ip: IpAddr,
    port: Option<u16>,
}

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { ip: address.ip(), port: Some(address.port()) });
        }
        let ip = text
            .parse()
            .map_err(|_| "expected an IP address, such as 0.0.0.0, or one with a port, such as 0.0.0.0:8080")?;
        Ok(Self { ip, port: None })
    }
}

impl Listen {
    /// The address to bind.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.listen.ip, self.port.or(self.listen.port).unwrap_or(DEFAULT_PORT))
    }

    /// Where this machine itself reaches `/readyz`.
    #[must_use]
    pub fn probe_address(&self) -> SocketAddr {
        let mut address = self.ops_listen.unwrap_or_else(|| self.address());
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)),
            _ => {}
        }
        address
    }
}
