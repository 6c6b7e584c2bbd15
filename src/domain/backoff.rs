//! Pauses between attempts to reach a server that is away: ever longer, and with jitter, so that one that comes back is
//! not met by everybody at once.

use std::time::Duration;

use super::clock::Entropy;

/// The pauses of one row of attempts.
#[derive(Clone, Debug)]
pub struct Backoff {
    bounds: (Duration, Duration),
    entropy: Entropy,
    pause: Duration,
}

impl Backoff {
    /// Pauses of `first` at most at first; the most doubles each time, up to `most`.
    #[must_use]
    pub fn new(first: Duration, most: Duration, entropy: Entropy) -> Self {
        Self { bounds: (first, most), entropy, pause: first }
    }

    /// The next pause: from half to the whole of what it is at most.
    pub fn pause(&mut self) -> Duration {
        let half = u64::try_from(self.pause.as_millis() / 2).unwrap_or(u64::MAX);
        self.pause = (self.pause * 2).min(self.bounds.1);
        Duration::from_millis(half + self.entropy.below(half.max(1)))
    }

    /// An attempt was successful: the next row begins anew.
    pub fn reset(&mut self) {
        self.pause = self.bounds.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_differ_and_begin_anew() {
        let millis = Duration::from_millis;
        let mut backoff = Backoff::new(millis(50), millis(1000), Entropy::System);
        let pauses: Vec<Duration> = (0..40).map(|_| backoff.pause()).collect();
        assert!((millis(25)..millis(50)).contains(&pauses[0]), "{pauses:?}");
        let late = &pauses[5..];
        assert!(late.iter().all(|pause| (millis(500)..millis(1000)).contains(pause)), "{pauses:?}");
        assert!(late.iter().any(|pause| *pause != late[0]), "no jitter: {pauses:?}");
        backoff.reset();
        assert!(backoff.pause() < millis(50));
    }
}
