//! A hundred seats in a half circle: who is ahead takes as many as percent of the votes, so that everybody sees whether
//! that is more than half.

use std::f64::consts::PI;

use serde::Serialize;

use crate::domain::snapshot::SnapshotView;

/// How many seats there are.
const SEATS: usize = 100;
/// Radii of the first and the last row, in the drawing's units; it is 200 wide and 100 high.
const RADII: (f64, f64) = (38.0, 94.0);
/// Seats by row, from the inside: as many as its arc has room for, a hundred in all.
const ROWS: [usize; 6] = [10, 13, 16, 18, 20, 23];

/// A seat.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seat {
    /// From the left.
    pub x: String,
    /// From the top.
    pub y: String,
    /// Whether it belongs to whoever is ahead.
    pub taken: bool,
}

/// The seats as `view` fills them, from the left to the right.
#[must_use]
pub fn seats(view: &SnapshotView) -> Vec<Seat> {
    let mut places: Vec<(f64, f64)> = ROWS.iter().enumerate().flat_map(|(row, seats)| row_of(row, *seats)).collect();
    places.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
    let taken = taken(view);
    let seat = |(place, (angle, radius)): (usize, (f64, f64))| Seat {
        x: format!("{:.1}", 100.0 + radius * angle.cos()),
        y: format!("{:.1}", 98.0 - radius * angle.sin()),
        taken: place < taken,
    };
    places.into_iter().enumerate().map(seat).collect()
}

/// Angle and radius of each seat in a row.
fn row_of(row: usize, seats: usize) -> impl Iterator<Item = (f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "rows and seats are a few")]
    let share = |part: usize, whole: usize| part as f64 / (whole - 1) as f64;
    let radius = RADII.0 + (RADII.1 - RADII.0) * share(row, ROWS.len());
    (0..seats).map(move |seat| (PI * (1.0 - share(seat, seats)), radius))
}

/// How many seats the one option that is ahead has; none where several are, or where votes are hidden.
fn taken(view: &SnapshotView) -> usize {
    let standings = view.standings();
    let mut ahead = standings.iter().filter(|standing| standing.ahead);
    let (Some(first), None, Some(total)) = (ahead.next(), ahead.next(), view.total) else { return 0 };
    let seats = first.votes.unwrap_or_default() * SEATS as u64 * 2 / total.max(1);
    usize::try_from(seats.div_ceil(2)).unwrap_or(SEATS).min(SEATS)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::clock::from_millis;
    use crate::domain::poll::tests::open;
    use crate::domain::snapshot::{Audience, Snapshot};

    fn taken_of(votes: [u64; 2]) -> usize {
        let snapshot = Snapshot { poll: Arc::new(open()), votes: votes.to_vec(), at: from_millis(0) };
        seats(&snapshot.view(Audience::Public)).iter().filter(|seat| seat.taken).count()
    }

    #[test]
    fn whoever_is_ahead_takes_as_many_seats_as_percent() {
        assert_eq!([[0, 0], [3, 3], [1, 0], [1, 2], [501, 499]].map(taken_of), [0, 0, 100, 67, 50]);
    }

    #[test]
    fn there_are_a_hundred_seats_from_the_left_to_the_right_within_the_drawing() {
        let snapshot = Snapshot { poll: Arc::new(open()), votes: vec![1, 1], at: from_millis(0) };
        let seats = seats(&snapshot.view(Audience::Public));
        assert_eq!(seats.len(), SEATS);
        let number = |text: &String| text.parse::<f64>().unwrap();
        assert!(number(&seats[0].x) < 100.0 && number(&seats[SEATS - 1].x) > 100.0);
        assert!(
            seats
                .iter()
                .all(|seat| (4.0..=196.0).contains(&number(&seat.x)) && (4.0..=98.0).contains(&number(&seat.y)))
        );
    }
}
