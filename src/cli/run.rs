//! `hemicycle run`.

use crate::app::{self, Ambient};
use crate::config::Run;

/// Runs some roles until SIGTERM or Ctrl-C.
///
/// # Errors
/// When a setting is missing or an address cannot be used.
pub fn run(config: &Run) -> anyhow::Result<()> {
    super::up::until_stopped(async {
        let running = app::run(config, Ambient::system()).await?;
        let roles: Vec<String> = config.roles.iter().map(ToString::to_string).collect();
        println!("Hemicycle runs {} at http://{}", roles.join(", "), running.address);
        Ok(running)
    })
}
