//! Time and chance, handed in by the composition root so that a test decides what they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use rand::Rng;

/// Where "now" comes from. Cloning shares the clock.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's wall clock, which may jump in either direction.
    System,
    /// A clock that stands still until a test moves it; milliseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::set`] moves it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    /// The current time, in whole milliseconds: what every backend can store.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => whole_milliseconds(system_now()),
            Self::Manual(millis) => from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock, forwards or backwards; the system's clock is not ours to set.
    pub fn set(&self, to: Timestamp) {
        if let Self::Manual(millis) = self {
            millis.store(to.as_millisecond(), Ordering::SeqCst);
        }
    }
}

/// The time `millis` after the Unix epoch, clamped to what a timestamp can express.
#[must_use]
pub fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// The time without what no store keeps of it.
#[must_use]
pub fn whole_milliseconds(time: Timestamp) -> Timestamp {
    from_millis(time.as_millisecond())
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// Where chance comes from. Cloning shares the source.
#[derive(Clone, Debug)]
pub enum Entropy {
    /// A cryptographically secure generator, seeded by the operating system.
    System,
    /// Counts upwards: distinct and repeatable, for tests.
    Counting(Arc<AtomicI64>),
}

impl Entropy {
    /// A repeatable source for tests.
    #[must_use]
    pub fn counting() -> Self {
        Self::Counting(Arc::new(AtomicI64::new(1)))
    }

    /// `N` unpredictable bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => system_random(&mut bytes),
            Self::Counting(counter) => {
                let next = counter.fetch_add(1, Ordering::SeqCst).to_be_bytes();
                for (place, byte) in bytes.iter_mut().rev().zip(next.iter().rev()) {
                    *place = *byte;
                }
            }
        }
        bytes
    }

    /// A number in `0..bound`; zero where `bound` is zero. The bias is below one in 2^32 for bounds under 2^32.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        u64::from_be_bytes(self.bytes()).checked_rem(bound).unwrap_or(0)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
fn system_random(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}
