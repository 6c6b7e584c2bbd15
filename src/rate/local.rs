//! Windows in the memory of this process.
//!
//! At most 100 000 are kept. Those that have run out are dropped whenever their number has doubled, so that one call in
//! many looks at all of them. Where that does not leave a tenth free, those that would run out first are forgotten:
//! whoever has so many addresses can try more often, but not fill the memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Key, Rule, Taken};

/// Keys remembered at once.
const KEYS: usize = 100_000;
/// So many are not worth looking through.
const FEW: usize = 1_000;

/// Windows of this process. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct LocalRate {
    windows: Arc<Mutex<Windows>>,
}

impl LocalRate {
    pub(super) fn take(&self, key: &Key, rule: Rule) -> Taken {
        self.windows().take(key, rule, Instant::now())
    }

    pub(super) fn peek(&self, key: &Key, rule: Rule) -> Taken {
        self.windows().peek(key, rule, Instant::now())
    }

    pub(super) fn give_back(&self, key: &Key, rule: Rule) {
        self.windows().give_back(key, rule, Instant::now());
    }

    fn windows(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Windows {
    tries: HashMap<Key, Tries>,
    /// With how many keys those that have run out are looked for.
    clean_at: usize,
}

impl Default for Windows {
    fn default() -> Self {
        Self { tries: HashMap::new(), clean_at: FEW }
    }
}

impl Windows {
    fn take(&mut self, key: &Key, rule: Rule, now: Instant) -> Taken {
        if self.tries.len() >= self.clean_at && !self.tries.contains_key(key) {
            self.make_room(now);
        }
        let tries = self.tries.entry(*key).or_default();
        tries.forget(rule, now);
        let allowed = tries.count() < rule.most;
        if allowed {
            tries.times.push_back(now);
        }
        tries.tell(allowed, rule, now)
    }

    fn peek(&mut self, key: &Key, rule: Rule, now: Instant) -> Taken {
        let Some(tries) = self.tries.get_mut(key) else { return Tries::default().tell(true, rule, now) };
        tries.forget(rule, now);
        tries.tell(tries.count() < rule.most, rule, now)
    }

    fn give_back(&mut self, key: &Key, rule: Rule, now: Instant) {
        if let Some(tries) = self.tries.get_mut(key) {
            tries.forget(rule, now);
            tries.times.pop_back();
        }
    }

    /// Leaves at least a tenth of the room free.
    fn make_room(&mut self, now: Instant) {
        self.tries.retain(|_, tries| !tries.left(now).is_zero());
        self.forget_first(self.tries.len().saturating_sub(KEYS / 10 * 9), now);
        self.clean_at = (self.tries.len() * 2).clamp(FEW, KEYS);
    }

    /// Forgets so many of those that would run out first.
    fn forget_first(&mut self, many: usize, now: Instant) {
        let Some(last) = many.checked_sub(1) else { return };
        let mut left: Vec<Duration> = self.tries.values().map(|tries| tries.left(now)).collect();
        let (_, longest, _) = left.select_nth_unstable(last);
        let (longest, mut forgotten) = (*longest, 0);
        // Many may end at one moment: no more go than are meant to.
        self.tries.retain(|_, tries| {
            let goes = forgotten < many && tries.left(now) <= longest;
            forgotten += usize::from(goes);
            !goes
        });
    }
}

/// What was let in under one key, the oldest first; never more than the rule allows.
#[derive(Debug, Default)]
struct Tries {
    times: VecDeque<Instant>,
    window: Duration,
}

impl Tries {
    /// Forgets what the window has passed.
    fn forget(&mut self, rule: Rule, now: Instant) {
        self.window = rule.window;
        while self.times.front().is_some_and(|at| now.duration_since(*at) >= rule.window) {
            self.times.pop_front();
        }
    }

    fn count(&self) -> u32 {
        self.times.len().try_into().unwrap_or(u32::MAX)
    }

    /// Until nothing counts any more.
    fn left(&self, now: Instant) -> Duration {
        self.times.back().map_or(Duration::ZERO, |at| self.window.saturating_sub(now.duration_since(*at)))
    }

    fn tell(&self, allowed: bool, rule: Rule, now: Instant) -> Taken {
        // Under a rule that was stricter a moment ago than when they were let in, more than one has to leave.
        let first = if allowed { 0 } else { self.count().saturating_sub(rule.most) };
        let leaves = self.times.get(first as usize);
        let reset = leaves.map_or(Duration::ZERO, |at| rule.window.saturating_sub(now.duration_since(*at)));
        Taken::new(allowed, self.count(), rule, reset, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule::a_minute(2);

    fn key(number: usize) -> Key {
        Key::new("test", &number.to_be_bytes())
    }

    #[test]
    fn each_try_leaves_when_the_window_has_passed_it_and_not_before() {
        let (mut windows, start) = (Windows::default(), Instant::now());
        let mut at = |seconds: u64| {
            let taken = windows.take(&key(1), RULE, start + Duration::from_secs(seconds));
            (taken.allowed, taken.remaining, taken.reset.as_secs())
        };
        assert_eq!(at(0), (true, 1, 60));
        assert_eq!(at(50), (true, 0, 10));
        assert_eq!(at(59), (false, 0, 1));
        assert_eq!(at(60), (true, 0, 50), "the one of the start is gone, that of second 50 is not");
        assert_eq!(at(61), (false, 0, 49));
        assert_eq!(at(110), (true, 0, 10));
    }

    #[test]
    fn a_stricter_rule_says_when_enough_will_have_left() {
        let (mut windows, start) = (Windows::default(), Instant::now());
        for seconds in 0..5 {
            windows.take(&key(1), Rule::a_minute(5), start + Duration::from_secs(seconds));
        }
        let refused = windows.take(&key(1), RULE, start + Duration::from_secs(5));
        assert_eq!((refused.allowed, refused.remaining), (false, 0));
        assert_eq!(refused.reset, Duration::from_secs(58), "until the fourth of five has left");
    }

    #[test]
    fn what_has_run_out_makes_room_first() {
        let (mut windows, start) = (Windows::default(), Instant::now());
        windows.take(&key(0), Rule { window: Duration::from_secs(100), ..RULE }, start);
        for number in 1..FEW {
            windows.take(&key(number), RULE, start);
        }
        windows.take(&key(FEW), RULE, start + RULE.window);
        assert_eq!(windows.tries.len(), 2, "what still counts, and what is new");
    }

    #[test]
    fn the_number_of_keys_is_bounded_and_those_that_run_out_first_go() {
        let (mut windows, start) = (Windows::default(), Instant::now());
        let lasting = Rule { window: Duration::from_secs(100), ..RULE };
        windows.take(&key(0), lasting, start);
        for number in 1..=KEYS * 3 / 2 {
            windows.take(&key(number), RULE, start);
            assert!(windows.tries.len() <= KEYS);
        }
        assert!(windows.tries.len() > KEYS * 8 / 10, "no more is forgotten than is needed");
        assert_eq!(windows.peek(&key(0), lasting, start).remaining, 1, "the one that lasts longest is still there");
    }
}
