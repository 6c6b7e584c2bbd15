//! How often somebody may do something: at most so many times within any window of time.
//!
//! The window truly slides: every try that was let in is remembered with its time and counts until the window has passed
//! it, so there is no moment at which more than the rule says fit in. What is refused is not remembered and extends
//! nothing. Windows are this process's own ([`local`]) or shared by all processes over Redis ([`redis`]). For ballots,
//! where a shared window would cost too much, there is a [`sketch`].

pub mod local;
mod party;
pub mod redis;
pub mod sketch;

use std::time::Duration;

use self::local::LocalRate;
pub use self::party::{Key, network};
use self::redis::RedisRate;
use crate::config::RedisUrl;

/// The shortest and the longest window there is; a rule that says otherwise means the nearer of the two.
const WINDOWS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_hours(24));

/// At most so many within any window of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How many are let in; at least 1, and 0 means 1. As many times are kept for a key: 16 bytes each.
    pub most: u32,
    /// Within which time, from a millisecond to a day.
    pub window: Duration,
}

impl Rule {
    /// At most so many within any minute.
    #[must_use]
    pub const fn a_minute(most: u32) -> Self {
        Self { most, window: Duration::from_mins(1) }
    }

    fn bounded(self) -> Self {
        Self { most: self.most.max(1), window: self.window.clamp(WINDOWS.0, WINDOWS.1) }
    }
}

/// What became of a try, and how the window stands after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether it was let in.
    pub allowed: bool,
    /// How many more would be let in now.
    pub remaining: u32,
    /// How many the rule lets in.
    pub most: u32,
    /// Until one more is let in where this one was not; else until the oldest that counts leaves the window. Zero where
    /// none counts.
    pub reset: Duration,
    /// Whether the shared windows said so; else it was this process's own.
    pub is_shared: bool,
}

impl Taken {
    fn new(allowed: bool, count: u32, rule: Rule, reset: Duration, is_shared: bool) -> Self {
        Self { allowed, remaining: rule.most.saturating_sub(count), most: rule.most, reset, is_shared }
    }
}

/// Windows of one of the known kinds. Cloning shares them. They never fail: without Redis a process has its own.
#[derive(Clone, Debug)]
pub enum Rate {
    /// Embedded: this process's own.
    Local(LocalRate),
    /// Scaled: shared over Redis.
    Redis(RedisRate),
}

impl Rate {
    /// Windows of this process.
    #[must_use]
    pub fn local() -> Self {
        Self::Local(LocalRate::default())
    }

    /// Windows that all processes share which name the same Redis and prefix.
    #[must_use]
    pub fn shared(url: RedisUrl, prefix: &str) -> Self {
        Self::Redis(RedisRate::new(url, prefix))
    }

    /// Lets a try in and counts it, or refuses it and does not.
    pub async fn take(&self, key: &Key, rule: Rule) -> Taken {
        let rule = rule.bounded();
        match self {
            Self::Local(windows) => windows.take(key, rule),
            Self::Redis(windows) => windows.take(key, rule).await,
        }
    }

    /// Whether a try would be let in; counts nothing.
    pub async fn peek(&self, key: &Key, rule: Rule) -> Taken {
        let rule = rule.bounded();
        match self {
            Self::Local(windows) => windows.peek(key, rule),
            Self::Redis(windows) => windows.peek(key, rule).await,
        }
    }

    /// Takes the newest try that counts back, if there is one: it turned out to be one that should not count.
    pub async fn give_back(&self, key: &Key, rule: Rule) {
        let rule = rule.bounded();
        match self {
            Self::Local(windows) => windows.give_back(key, rule),
            Self::Redis(windows) => windows.give_back(key, rule).await,
        }
    }
}
