//! Windows that processes share, in Redis.
//!
//! # Protocol
//! Everything is one step, the script `rate.lua`, and each try is one call of it. It forgets what the window has passed,
//! by the clock of Redis, and lets in and counts where there is room. It remembers no more times than the rule allows.
//!
//! # Keys
//! ```text
//! <prefix>rate:<key, 32 hex digits>   list   when each try that counts was let in, the newest first: microseconds since
//!                                            the Unix epoch, decimal. Expires with the window of its newest try
//! ```
//!
//! # Arguments and answer
//! ```text
//! KEYS  the window
//! ARGV  what      take, peek or give_back
//!       most      how many may count
//!       window    microseconds
//! answer          1 where one was let in (take) or would be, else 0
//!                 how many count now
//!                 microseconds until one more is let in, where none is; else until the oldest leaves; 0 without any
//! ```
//!
//! # Without Redis
//! Where Redis does not answer within a tenth of a second, or says no, this process decides by windows of its own, which
//! begin empty: for as long as Redis is away, each process lets in as many as the rule says. After a second one try asks
//! Redis again; the others do not wait for it. A try that Redis answers too late may count in both; one that is given
//! back is taken from whichever windows are asked by then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::Script;
use tokio::time::Instant;

use super::local::LocalRate;
use super::{Key, Rule, Taken};
use crate::config::RedisUrl;
use crate::link::{Link, LinkError};

/// How long a try waits for Redis.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long Redis is left alone after it did not answer: more than a link waits before it connects again.
const PAUSE: Duration = Duration::from_secs(1);

/// Windows over Redis. Cloning shares them.
#[derive(Clone, Debug)]
pub struct RedisRate {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    link: Link,
    patience: Duration,
    /// `rate.lua`
    script: Script,
    prefix: String,
    own: LocalRate,
    /// While Redis is away: when it is asked again.
    away: Mutex<Option<Instant>>,
}

/// What is done to a window.
#[derive(Clone, Copy)]
enum Step {
    Take,
    Peek,
    GiveBack,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Peek => "peek",
            Self::GiveBack => "give_back",
        }
    }
}

/// Nothing in time, not even a connection.
#[derive(Debug, thiserror::Error)]
#[error("Redis took too long")]
struct TooSlow;

impl RedisRate {
    /// Windows at this Redis, without asking whether it can be reached.
    #[must_use]
    pub fn new(url: RedisUrl, prefix: &str) -> Self {
        Self::with_patience(url, prefix, PATIENCE)
    }

    /// The same, where a try waits so long for Redis.
    #[must_use]
    pub fn with_patience(url: RedisUrl, prefix: &str, patience: Duration) -> Self {
        let link = Link::new(url, patience);
        let script = Script::new(include_str!("rate.lua"));
        let (prefix, own, away) = (format!("{prefix}rate:"), LocalRate::default(), Mutex::new(None));
        Self { shared: Arc::new(Shared { link, patience, script, prefix, own, away }) }
    }

    pub(super) async fn take(&self, key: &Key, rule: Rule) -> Taken {
        let shared = self.ask(Step::Take, key, rule).await;
        shared.unwrap_or_else(|| self.shared.own.take(key, rule))
    }

    pub(super) async fn peek(&self, key: &Key, rule: Rule) -> Taken {
        let shared = self.ask(Step::Peek, key, rule).await;
        shared.unwrap_or_else(|| self.shared.own.peek(key, rule))
    }

    pub(super) async fn give_back(&self, key: &Key, rule: Rule) {
        if self.ask(Step::GiveBack, key, rule).await.is_none() {
            self.shared.own.give_back(key, rule);
        }
    }

    /// What the shared windows say; `None` where this process has to decide.
    async fn ask(&self, step: Step, key: &Key, rule: Rule) -> Option<Taken> {
        if !self.shared.is_asked(Instant::now()) {
            return None;
        }
        let (shared, key) = (self.shared.clone(), *key);
        // A task of its own: it may go on to connect when nobody waits any more, and the next try finds a connection.
        let asking = tokio::spawn(async move { shared.ask(step, key, rule).await });
        let Ok(asked) = tokio::time::timeout(self.shared.patience, asking).await else {
            self.shared.lost(&TooSlow);
            return None;
        };
        asked.ok()?
    }
}

impl Shared {
    async fn ask(&self, step: Step, key: Key, rule: Rule) -> Option<Taken> {
        match self.call(step, key, rule).await {
            Ok((allowed, count, micros)) => {
                self.found();
                Some(Taken::new(allowed, count, rule, Duration::from_micros(micros), true))
            }
            Err(error) => {
                self.lost(&error);
                None
            }
        }
    }

    async fn call(&self, step: Step, key: Key, rule: Rule) -> Result<(bool, u32, u64), LinkError> {
        let mut call = self.script.key(format!("{}{key}", self.prefix));
        let micros = u64::try_from(rule.window.as_micros()).unwrap_or(u64::MAX);
        call.arg(step.name()).arg(rule.most).arg(micros);
        self.link.run(async |redis| call.invoke_async(redis).await).await
    }

    /// Whether Redis is asked now. While it is away, one is told so each time the pause is over.
    fn is_asked(&self, now: Instant) -> bool {
        let mut away = self.away();
        let is_asked = away.is_none_or(|until| until <= now);
        if is_asked && away.is_some() {
            *away = Some(now + PAUSE);
        }
        is_asked
    }

    fn lost(&self, error: &(dyn std::error::Error + 'static)) {
        if self.away().replace(Instant::now() + PAUSE).is_none() {
            tracing::warn!(error, "rate.alone");
        }
    }

    fn found(&self) {
        if self.away().take().is_some() {
            tracing::info!("rate.shared");
        }
    }

    fn away(&self) -> MutexGuard<'_, Option<Instant>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
