//! Measures the backlog, for people and for autoscaling: how many accepted ballots wait, and for how long.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Needs;
use super::keeper::Failure;
use crate::domain::log::{Bookmark, LogEnd};
use crate::http::error::chain;

const INTERVAL: Duration = Duration::from_secs(1);

/// Measures until `shutdown`. While the store is away the backlog is what has come since it was last seen.
pub async fn run(needs: Arc<Needs>, shutdown: CancellationToken) {
    let mut bookmarks = Vec::new();
    loop {
        if let Err(error) = measure(&needs, &mut bookmarks).await {
            tracing::debug!(error = %chain(error.as_ref()), "backlog.unavailable");
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

async fn measure(needs: &Needs, bookmarks: &mut Vec<Bookmark>) -> Result<(), Failure> {
    let refreshed = refresh(needs, bookmarks).await;
    let (mut ballots, mut oldest) = (0, None);
    for (partition, (end, bookmark)) in (0..).zip(needs.queue.ends().await?.iter().zip(&*bookmarks)) {
        let waiting = bookmark.unread(end);
        ballots += waiting;
        if waiting > 0 {
            let at = first_unread(needs, partition, bookmark, end).await?;
            oldest = [oldest, at].into_iter().flatten().min();
        }
    }
    needs.metrics.backlog_ballots.set(ballots.cast_signed());
    let age = oldest.map_or(0, |at: jiff::Timestamp| needs.clock.now().as_millisecond() - at.as_millisecond());
    needs.metrics.set_backlog_age(Duration::from_millis(u64::try_from(age).unwrap_or_default()));
    refreshed
}

async fn refresh(needs: &Needs, bookmarks: &mut Vec<Bookmark>) -> Result<(), Failure> {
    let mut fresh = Vec::new();
    for partition in 0..needs.queue.partitions() {
        fresh.push(needs.store.bookmark(partition).await?);
    }
    *bookmarks = fresh;
    Ok(())
}

/// When the oldest unread entry was appended.
async fn first_unread(
    needs: &Needs,
    partition: u16,
    bookmark: &Bookmark,
    end: &LogEnd,
) -> Result<Option<jiff::Timestamp>, Failure> {
    let records = needs.queue.read(partition, bookmark.entry.min(end.entry), 1).await?;
    let unread = records.iter().find(|record| record.id > bookmark.entry);
    Ok(unread.and_then(|record| record.content.as_ref().ok()).map(|entry| entry.at))
}
