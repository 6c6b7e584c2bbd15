//! Keeps polls on time and finishes what a crash interrupted: records openings and closings that are due, and brings
//! the queue's gates in line with what the store has recorded.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Needs;
use crate::domain::gate::Gate;
use crate::domain::poll::Poll;
use crate::http::error::chain;
use crate::live::Event;
use crate::store::StoreError;

/// The longest time between two rounds.
const INTERVAL: Duration = Duration::from_secs(1);

/// Why a round was not finished.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Makes its rounds until `shutdown`.
pub async fn run(needs: Arc<Needs>, shutdown: CancellationToken) {
    loop {
        let pause = match make_round(&needs).await {
            Ok(pause) => pause,
            Err(error) => {
                // The worker's own turns report a store or queue that is away; here it only means another try.
                tracing::debug!(error = %chain(error.as_ref()), "keeper.unavailable");
                INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Looks at every poll on which something may be left to do; returns how long until the next thing is due.
///
/// # Errors
/// Where the store or the queue is unavailable; the next round makes up for it.
pub async fn make_round(needs: &Needs) -> Result<Duration, Failure> {
    let mut pause = INTERVAL;
    for mut poll in needs.store.unsettled_polls().await? {
        let now = needs.clock.now();
        let gate = needs.queue.gate(poll.id).await?;
        if let Some(due) = due(&poll, gate.as_ref(), now) {
            poll = match needs.store.update_poll(&due, now).await {
                Ok(updated) => updated,
                Err(StoreError::Changed) => continue,
                Err(error) => return Err(error.into()),
            };
            if let Some(snapshot) = needs.store.snapshot(poll.id, now).await? {
                needs.live.publish(Event::Changed(Arc::new(snapshot)));
            }
        }
        needs.queue.install(poll.id, &poll.gate(), now).await?;
        let due_in = [poll.opens_at, poll.closes_at].into_iter().flatten().filter(|at| *at > now);
        let due_in = due_in.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        pause = due_in.fold(pause, Duration::min);
    }
    Ok(pause)
}

/// The poll as it should be recorded, where it is not: its time has come, or its gate is of a generation that a store
/// from an older backup knows nothing of.
fn due(poll: &Poll, gate: Option<&Gate>, now: Timestamp) -> Option<Poll> {
    let overdue = poll.overdue(now);
    match gate.filter(|gate| gate.generation > poll.generation) {
        Some(gate) => Some(overdue.unwrap_or_else(|| poll.clone()).beyond(gate)),
        None => overdue,
    }
}
