//! Any history at all: ballots, revotes, closings, reopenings, resets, clocks that jump, restarts, queues and stores
//! that come back older. The product's own queue, store and worker against a model that is as naive as can be.

mod machine;
mod model;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};

use self::machine::Machine;

/// Polls of the histories: the first allows change, the second does not, the third starts as a draft.
pub const POLLS: u64 = 3;

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// A batch of ballots: poll, voter, option, attempt.
    Vote(Vec<(u64, u64, usize, u32)>),
    /// The organiser acts on a poll; the process may die before the gate hears of it.
    Organise(u64, Action, bool),
    /// The worker counts what there is.
    Count,
    /// The keeper makes a round.
    Keep,
    /// The log's tail is trimmed to so many ballots, and reset rounds are swept.
    Tidy(u64),
    /// The clock jumps by so many seconds.
    Jump(i64),
    /// The process starts anew, on files that came back or did not.
    Restart(Files),
}

/// What an organiser does.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Opens it.
    Open,
    /// Closes it.
    Close,
    /// Has it close in so many seconds.
    CloseIn(i64),
    /// Starts it over.
    Reset,
}

/// What becomes of the files while the process is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// They stay.
    Same,
    /// They stay, and both are copied.
    Copied,
    /// The queue is the copy: its tail is lost, and history forks.
    OldQueue,
    /// The store is the copy: it comes back older.
    OldStore,
}

fn steps(faults: bool) -> impl Strategy<Value = Vec<Step>> {
    let ballot = (1..=POLLS, 1..=4_u64, 0..3_usize, 0..2_u32);
    let action = prop_oneof![
        3 => Just(Action::Open),
        3 => Just(Action::Close),
        2 => (1..40_i64).prop_map(Action::CloseIn),
        1 => Just(Action::Reset),
    ];
    let files = if faults {
        prop_oneof![Just(Files::Same), Just(Files::Copied), Just(Files::OldQueue), Just(Files::OldStore)].boxed()
    } else {
        Just(Files::Same).boxed()
    };
    let step = prop_oneof![
        12 => prop::collection::vec(ballot, 1..5).prop_map(Step::Vote),
        6 => (1..=POLLS, action, prop::bool::weighted(0.2)).prop_map(|(poll, action, dies)| Step::Organise(poll, action, dies)),
        5 => Just(Step::Count),
        2 => Just(Step::Keep),
        1 => (0..12_u64).prop_map(Step::Tidy),
        2 => (-60..60_i64).prop_map(Step::Jump),
        2 => files.prop_map(Step::Restart),
    ];
    prop::collection::vec(step, 1..40)
}

fn live_through(steps: &[Step]) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut machine = Machine::start().await;
        for step in steps {
            machine.take(step).await?;
            machine.check().await?;
        }
        machine.end().await
    })
}

fn cases(cases: u32) -> Config {
    Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn whatever_happens_tallies_equal_the_fold_and_closing_is_exact(steps in steps(false)) {
        live_through(&steps)?;
    }

    #[test]
    fn logs_that_fork_and_stores_that_come_back_older_are_counted_to_the_end(steps in steps(true)) {
        live_through(&steps)?;
    }
}

#[test]
fn a_queue_that_lost_its_last_close_does_not_accept_for_a_final_poll() {
    let steps = [
        Step::Vote(vec![(1, 1, 0, 0)]),
        Step::Restart(Files::Copied),
        Step::Organise(1, Action::Close, false),
        Step::Count,
        Step::Restart(Files::OldQueue),
        Step::Vote(vec![(1, 2, 0, 0)]),
    ];
    live_through(&steps).unwrap();
}
