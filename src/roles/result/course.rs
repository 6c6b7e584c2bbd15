//! Votes over time: the turnout of a poll, added up, as the result page draws it.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use crate::domain::names::PollId;
use crate::domain::snapshot::Snapshot;
use crate::domain::turnout::Series;
use crate::store::{Store, StoreError};

/// How long a course is good for a new page: the page itself goes on by the event stream. That of a long poll takes a
/// tenth of a second to read, and a crowd comes at once.
const FRESH: Duration = Duration::from_secs(5);
/// Points of a course, at most.
const POINTS: u32 = 120;
/// How many courses are kept; past it the cache starts over.
const CAPACITY: usize = 1024;
/// The size of the drawing, in its own units.
const WIDTH: i64 = 600;
const HEIGHT: u64 = 100;

/// The courses of polls, each read once for all who open its page. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Courses {
    store: Store,
    kept: Arc<Mutex<HashMap<PollId, Arc<Slot>>>>,
}

/// What was read of one poll; locked while somebody reads it.
type Slot = tokio::sync::Mutex<Option<Kept>>;

#[derive(Debug)]
struct Kept {
    round: u32,
    series: Arc<Series>,
    read_at: Instant,
}

/// The votes of a poll over time, from its first to its newest.
#[derive(Clone, Debug, Serialize)]
pub struct Course {
    /// When it begins and ends.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// Milliseconds since the Unix epoch, and how many had voted by then.
    pub points: Vec<(i64, u64)>,
    /// The same as the corners of a line in a drawing of 600 by 100, from the upper left.
    pub line: String,
}

impl Courses {
    /// The courses of the polls in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, kept: Arc::default() }
    }

    /// The course of a poll until `snapshot`; `None` where nobody has voted, or all at once.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn until(&self, snapshot: &Snapshot) -> Result<Option<Course>, StoreError> {
        let kept = {
            let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= CAPACITY {
                all.clear();
            }
            Arc::clone(all.entry(snapshot.poll.id).or_default())
        };
        // Held while one reads: the others wait for what it finds.
        let mut kept = kept.lock().await;
        let poll = &snapshot.poll;
        let fresh = kept.as_ref().filter(|kept| kept.round == poll.round && kept.read_at.elapsed() < FRESH);
        let series = match fresh {
            Some(kept) => Arc::clone(&kept.series),
            None => Arc::new(self.store.turnout(poll.id, poll.round, None, POINTS).await?),
        };
        if fresh.is_none() {
            *kept = Some(Kept { round: poll.round, series: Arc::clone(&series), read_at: Instant::now() });
        }
        Ok(course(&series, snapshot))
    }
}

fn course(series: &Series, snapshot: &Snapshot) -> Option<Course> {
    let from = series.points.first()?.at;
    let mut points = vec![(from.as_millisecond(), 0)];
    let mut voters = 0;
    let closed = snapshot.poll.closes_at.filter(|closed| *closed < snapshot.at);
    let end_of_all = closed.unwrap_or(snapshot.at).as_millisecond();
    for point in &series.points {
        voters += point.voters;
        // The newest step may not be over.
        let end = (point.at.as_millisecond() + series.step.millis()).min(end_of_all);
        points.push((end.max(from.as_millisecond()), voters));
    }
    if snapshot.total() > voters {
        points.push((end_of_all, snapshot.total()));
    }
    let to = points.last().map_or(end_of_all, |(end, _)| end_of_all.max(*end));
    points.push((to, points.last()?.1));
    let span = to - from.as_millisecond();
    let to = Timestamp::from_millisecond(to).ok()?;
    (span > 0).then(|| Course { from, to, line: line(&points, span), points })
}

fn line(points: &[(i64, u64)], span: i64) -> String {
    let (from, most) = (points.first().map_or(0, |first| first.0), points.last().map_or(1, |last| last.1).max(1));
    points.iter().fold(String::new(), |mut line, (at, voters)| {
        // Writing to a String cannot fail.
        let _ = write!(line, "{},{} ", (at - from) * WIDTH / span, HEIGHT - voters.min(&most) * HEIGHT / most);
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::from_millis;
    use crate::domain::poll::tests::open;
    use crate::domain::turnout::{STEP, Turnout};

    #[test]
    fn a_line_rises_from_the_lower_left_to_the_upper_right() {
        let points = [(1_000, 0), (11_000, 5), (21_000, 10)];
        assert_eq!(line(&points, 20_000).trim(), "0,100 300,50 600,0");
    }

    #[test]
    fn a_series_without_voters_has_no_course() {
        let series = Series { step: STEP, points: Vec::new() };
        let voted = Series { step: STEP, points: vec![Turnout { at: from_millis(0), voters: 2 }] };
        let snapshot = |at: i64| Snapshot { at: from_millis(at), votes: vec![2, 1], poll: Arc::new(open()) };
        assert!(course(&series, &snapshot(5_000)).is_none());
        let course = course(&voted, &snapshot(30_000)).unwrap();
        assert_eq!(course.points, [(0, 0), (10_000, 2), (30_000, 3), (30_000, 3)]);
        assert_eq!((course.from, course.to), (from_millis(0), from_millis(30_000)));
    }
}
