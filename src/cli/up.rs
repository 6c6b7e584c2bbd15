//! `hemicycle up`.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, Ambient, Running, logging};
use crate::config::Up;

/// Runs the product until SIGTERM or Ctrl-C.
///
/// # Errors
/// When it cannot start.
pub fn run(config: &Up) -> anyhow::Result<()> {
    until_stopped(async {
        let running = app::up(config, Ambient::system()).await?;
        app::print_welcome(&running, &config.data, &config.service.public);
        Ok(running)
    })
}

/// Runs what `start` starts until SIGTERM or Ctrl-C; a second signal does not wait.
pub(super) fn until_stopped(start: impl Future<Output = anyhow::Result<Running>>) -> anyhow::Result<()> {
    logging::init();
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let running = start.await?;
        tracing::info!(address = %running.address, "app.started");
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::select! {
            () = running.stop() => Ok(()),
            _ = terminate.recv() => anyhow::bail!("stopped at once, on a second signal"),
            _ = interrupt.recv() => anyhow::bail!("stopped at once, on a second signal"),
        }
    })
}

/// Every viewer is a file descriptor: takes as many as the system lets this user have.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "app.file_limit_unchanged");
    }
}
