//! Tidies up: the log's tail, the ballots and first choices of rounds that were reset, and codes that are worthless. In small steps, between which others get at the
//! files.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Needs;
use super::keeper::Failure;
use crate::http::error::chain;

/// Between two rounds that found nothing left to do.
const INTERVAL: Duration = Duration::from_secs(10);
/// Between two steps.
const PAUSE: Duration = Duration::from_millis(20);

/// Tidies until `shutdown`.
pub async fn run(needs: Arc<Needs>, shutdown: CancellationToken) {
    loop {
        let pause = match step(&needs).await {
            Ok(true) => PAUSE,
            Ok(false) => INTERVAL,
            Err(error) => {
                // The worker's own turns report a store or queue that is away; here it only means another try.
                tracing::debug!(error = %chain(error.as_ref()), "janitor.unavailable");
                INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// One small step; `false` where there was nothing to do.
///
/// # Errors
/// Where the store or the queue is unavailable.
pub async fn step(needs: &Needs) -> Result<bool, Failure> {
    let mut trimmed = 0;
    for partition in 0..needs.queue.partitions() {
        let bookmark = needs.store.bookmark(partition).await?;
        trimmed += needs.queue.trim(partition, &bookmark, needs.retain).await?;
    }
    let swept = needs.store.sweep().await? | needs.queue.sweep().await?;
    let codes = needs.store.sweep_codes(needs.clock.now()).await?;
    Ok(swept || codes || trimmed > 0)
}
