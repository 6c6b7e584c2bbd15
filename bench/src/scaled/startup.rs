//! How soon each role is ready, and what it holds while nothing happens.

use std::time::{Duration, Instant};

use super::start;
use crate::figures::{Figures, Unit};
use crate::process::resident_bytes;

const ROLES: [&str; 5] = ["vote", "worker", "result", "polls", "site"];
const ROUNDS: usize = 5;
/// A process that has just started still holds what starting took; and connections are made in the first second.
const QUIET: Duration = Duration::from_secs(2);

/// Starts each role again and again, while its servers answer.
///
/// # Errors
/// Where one does not start.
pub fn measure(figures: &mut Figures) -> anyhow::Result<()> {
    let stack = start(&ROLES)?;
    for process in &stack.roles {
        let (mut ready, mut idle) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            process.terminate()?;
            let started = Instant::now();
            process.start_again()?;
            ready.push(started.elapsed().as_secs_f64() * 1000.0);
            std::thread::sleep(QUIET);
            idle.push(resident_bytes(process.pid()?)? / 1e6);
        }
        let role = process.roles();
        figures.at_most(&format!("{role}: ready after start"), Unit::Milliseconds, 200.0, &ready);
        figures.at_most(&format!("{role}: resident while idle"), Unit::Megabytes, 30.0, &idle);
    }
    Ok(())
}
