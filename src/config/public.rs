//! How people reach the product.

use axum::http::Uri;
use clap::Args;
use ipnet::IpNet;

/// How people reach the product.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Public address")]
pub struct Public {
    /// Address that people type, such as <https://vote.example.org>: shapes links and QR codes, and with https the
    /// cookies; without it they follow each request's Host
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", value_parser = parse_url)]
    pub public_url: Option<Uri>,
    /// Networks of the proxies in front, such as 10.0.0.0/8, separated by commas: only their X-Forwarded-* headers count
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',', value_parser = parse_network)]
    pub trusted_proxies: Vec<IpNet>,
}

fn parse_url(text: &str) -> Result<Uri, &'static str> {
    let wanted = "expected an address such as https://vote.example.org, without a path";
    let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| wanted)?;
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    if http && bare && uri.authority().is_some() { Ok(uri) } else { Err(wanted) }
}

fn parse_network(text: &str) -> Result<IpNet, &'static str> {
    let text = text.trim();
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
    network.map_err(|_| "expected a network such as 10.0.0.0/8, or an address")
}
