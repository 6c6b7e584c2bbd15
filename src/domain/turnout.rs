//! Turnout: how many new voters a poll got, and when. For people only: nothing is decided by it.

use std::iter::successors;

use jiff::Timestamp;

use super::clock::from_millis;

/// How finely turnout is kept: ten seconds.
pub const STEP: Step = Step { seconds: 10 };

/// The widths of steps that people read with ease, in seconds; after the last come two days, four days, and so on.
const WIDTHS: [i64; 8] = [STEP.seconds, 30, 60, 300, 900, 3600, 6 * 3600, DAY];
const DAY: i64 = 24 * 3600;

/// How many new voters a round of a poll got in one step of time. A voter is new once a round: with the first ballot
/// that counts, whatever becomes of the choice later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turnout {
    /// When the step began.
    pub at: Timestamp,
    /// Whose first ballot was accepted in it.
    pub voters: u64,
}

/// The turnout of a round, in steps of one width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The width of the steps.
    pub step: Step,
    /// The steps in which somebody came, in order of time.
    pub points: Vec<Turnout>,
}

impl Default for Series {
    /// That of a round to which nobody came.
    fn default() -> Self {
        Self { step: STEP, points: Vec::new() }
    }
}

/// A division of time into steps of one width, whole multiples of [`STEP`]: up to a day they begin with the minute, the
/// hour or the day (of UTC) that they are a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    seconds: i64,
}

impl Step {
    /// The narrowest steps of which at most `most` reach from that of `first` to that of `last`. Fewer than two cannot
    /// be asked for: two moments may lie on either side of where a step begins, however wide it is.
    #[must_use]
    pub fn across(first: Timestamp, last: Timestamp, most: u32) -> Self {
        let wider = successors(Some(2 * DAY), |seconds| seconds.checked_mul(2));
        let mut widths = WIDTHS.into_iter().chain(wider).map(|seconds| Self { seconds });
        let fits = |step: &Self| step.place(last) - step.place(first) < i64::from(most.max(2));
        widths.find(fits).unwrap_or(Self { seconds: i64::MAX })
    }

    /// When the step began in which `time` falls.
    #[must_use]
    pub fn start_of(self, time: Timestamp) -> Timestamp {
        from_millis(self.place(time).saturating_mul(self.millis()))
    }

    /// Its width, in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Its width, in milliseconds.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.seconds.saturating_mul(1000)
    }

    /// How many steps lie between the Unix epoch and that of `time`.
    fn place(self, time: Timestamp) -> i64 {
        time.as_millisecond().div_euclid(self.millis())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds_across(millis: i64, most: u32) -> i64 {
        Step::across(from_millis(0), from_millis(millis), most).seconds()
    }

    #[test]
    fn a_step_begins_at_or_before_the_times_in_it() {
        for (time, start) in [(0, 0), (9_999, 0), (10_000, 10_000), (123_456, 120_000), (-1, -10_000)] {
            assert_eq!(STEP.start_of(from_millis(time)), from_millis(start), "{time}");
        }
    }

    #[test]
    fn steps_grow_with_the_time_they_divide() {
        let (minute, hour, day) = (60_000, 3_600_000, 86_400_000);
        assert_eq!(seconds_across(0, 60), 10, "a single moment");
        assert_eq!(seconds_across(10 * minute - 1, 60), 10, "just so many");
        assert_eq!(seconds_across(10 * minute, 60), 30, "one more");
        assert_eq!(seconds_across(2 * hour, 60), 300);
        assert_eq!(seconds_across(30 * day, 60), 86_400);
        assert_eq!(seconds_across(30 * day, 300), 6 * 3600);
        assert_eq!(seconds_across(365 * day, 60), 8 * 86_400, "beyond the list");
    }

    #[test]
    fn moments_on_either_side_of_a_beginning_are_two_steps_at_any_width() {
        let step = Step::across(from_millis(-1), from_millis(0), 0);
        assert_eq!(step, STEP);
        let ever = Step::across(Timestamp::MIN, Timestamp::MAX, 1);
        assert!(ever.start_of(Timestamp::MIN) < ever.start_of(Timestamp::MAX));
    }

    proptest! {
        #[test]
        fn steps_are_as_many_as_asked_for_and_made_of_whole_finest_ones(
            first in any::<i64>(), span in 0..1_000_000_000_000_i64, most in 2..500_u32,
        ) {
            let first = from_millis(first);
            let last = from_millis(first.as_millisecond().saturating_add(span));
            let step = Step::across(first, last, most);
            let steps = (step.place(last) - step.place(first)) + 1;
            prop_assert!(steps <= i64::from(most), "{} of {}", steps, step.seconds());
            prop_assert_eq!(step.seconds() % STEP.seconds(), 0);
            prop_assert!(step.start_of(last) <= last);
            prop_assert_eq!(step.start_of(STEP.start_of(last)), step.start_of(last));
        }
    }
}
