//! How often each voter tries within a minute, counted for any number of voters in 2 MB: a count-min sketch (Cormode and
//! Muthukrishnan, 2005) without locks. For ballots, of which there are too many to keep the time of each.
//!
//! A voter has one cell in each of two rows, and is refused only when both are full. Cells are shared: with a hundred
//! thousand voters in a minute, who try once or twice, a cell holds a try or two. To be refused for what others did, a
//! voter has to meet, in both rows at once, others who try a whole limit's worth: with a thousand such voters, that
//! happens to about one voter in 70 000, until the minute is over. Nobody is let in more often because of others.
//!
//! The cells are found by a random key of this process, so that nobody can aim at another's. The minutes are fixed ones:
//! around the turn of one, twice as many may get through. Each process counts its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::domain::clock::Entropy;

/// Cells in a row.
const CELLS: usize = 1 << 18;
const ROWS: usize = 2;
const MINUTE_MILLIS: i64 = 60_000;

/// Tries by voter in the current minute. All its memory is taken when it is made.
pub struct Sketch {
    most: u16,
    key: [u8; 32],
    /// In each the number of a minute (the upper 16 bits, so they come round after 45 days) and how many tries it saw
    /// (the lower, which stay at their highest). One of another minute counts as empty.
    rows: [Box<[AtomicU32]>; ROWS],
}

impl Sketch {
    /// Nobody has tried yet; each voter may `most` times in a minute. `most` is from 1 to 65 534, and what is beyond
    /// means the nearer of the two.
    #[must_use]
    pub fn new(most: u32, entropy: &Entropy) -> Self {
        let most = u16::try_from(most).unwrap_or(u16::MAX).clamp(1, u16::MAX - 1);
        let row = || (0..CELLS).map(|_| AtomicU32::new(0)).collect();
        Self { most, key: entropy.bytes(), rows: [row(), row()] }
    }

    /// Counts a try. Where two tries of a voter meet within nanoseconds, one too many may be let in.
    ///
    /// # Errors
    /// How long it is until the minute is over, where the voter had all tries of it.
    pub fn admits(&self, voter: &[u8; 16], now: Timestamp) -> Result<(), Duration> {
        let millis = now.as_millisecond();
        let fewest = self.cells(voter).map(|cell| count(cell, minute(millis))).into_iter().min();
        if fewest.is_some_and(|count| count > self.most) {
            return Err(Duration::from_millis((MINUTE_MILLIS - millis.rem_euclid(MINUTE_MILLIS)).unsigned_abs()));
        }
        Ok(())
    }

    fn cells(&self, voter: &[u8; 16]) -> [&AtomicU32; ROWS] {
        // Key and voter fit one block of the hash, and have fixed lengths: no more is needed to make it a keyed one.
        let digest: [u8; 32] = Sha256::new().chain_update(self.key).chain_update(voter).finalize().into();
        let [first, second] = &self.rows;
        [&first[place(&digest, 0)], &second[place(&digest, 4)]]
    }
}

/// Which cell of a row these four bytes name.
fn place(digest: &[u8; 32], from: usize) -> usize {
    let [a, b, c, d] = [0, 1, 2, 3].map(|byte| digest[from + byte]);
    u32::from_be_bytes([a, b, c, d]) as usize % CELLS
}

/// The number of the minute, of which there are 65 536.
fn minute(millis: i64) -> u32 {
    let minute = millis.div_euclid(MINUTE_MILLIS).rem_euclid(1 << 16);
    u32::try_from(minute).unwrap_or(0)
}

/// Counts one more in this minute, and tells how many there are.
fn count(cell: &AtomicU32, minute: u32) -> u16 {
    let counted = |held: u32| {
        let before = if held >> 16 == minute { held & 0xFFFF } else { 0 };
        minute << 16 | (before + 1).min(0xFFFF)
    };
    // Nothing else is told by a cell: no order with other memory is needed.
    let before = cell.update(Ordering::Relaxed, Ordering::Relaxed, counted);
    u16::try_from(counted(before) & 0xFFFF).unwrap_or(u16::MAX)
}

/// Without the key.
impl std::fmt::Debug for Sketch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sketch({} a minute)", self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn sketch(most: u32) -> Sketch {
        Sketch::new(most, &Entropy::counting())
    }

    #[test]
    fn a_voter_has_so_many_tries_in_a_minute_and_all_of_them_in_the_next() {
        let sketch = sketch(3);
        for millis in [120_000, 130_000, 179_000] {
            sketch.admits(&[1; 16], at(millis)).unwrap();
        }
        assert_eq!(sketch.admits(&[1; 16], at(179_001)), Err(Duration::from_millis(999)));
        assert_eq!(sketch.admits(&[1; 16], at(179_999)), Err(Duration::from_millis(1)));
        for _ in 0..3 {
            sketch.admits(&[1; 16], at(180_000)).unwrap();
        }
        assert_eq!(sketch.admits(&[1; 16], at(180_000)), Err(Duration::from_mins(1)));
    }

    #[test]
    fn another_voter_is_not_concerned_by_one_who_never_stops() {
        let sketch = sketch(5);
        let admitted = (0..100_000).filter(|_| sketch.admits(&[1; 16], at(0)).is_ok()).count();
        assert_eq!(admitted, 5, "the count does not come round");
        assert_eq!(sketch.admits(&[2; 16], at(0)), Ok(()));
    }

    #[test]
    fn a_voter_who_shares_one_full_cell_is_let_in() {
        let sketch = sketch(1);
        let [first, second] = sketch.cells(&[1; 16]);
        count(first, 0);
        assert_eq!(sketch.admits(&[1; 16], at(0)), Ok(()));
        assert_eq!(count(second, 0), 2, "both rows count each try");
        assert!(sketch.admits(&[1; 16], at(0)).is_err());
    }

    #[test]
    fn a_crowd_that_tries_now_and_then_is_let_in_whole() {
        let sketch = sketch(10);
        let admitted = |number: u128| sketch.admits(&number.to_be_bytes(), at(0)).is_ok();
        assert!((0..100_000).all(|number| admitted(number) && admitted(number)));
    }

    #[test]
    fn the_highest_limit_still_refuses_and_the_lowest_lets_one_in() {
        let (highest, lowest) = (sketch(u32::MAX), sketch(0));
        let admitted = (0..70_000).filter(|_| highest.admits(&[1; 16], at(0)).is_ok()).count();
        assert_eq!(admitted, usize::from(u16::MAX - 1));
        assert!(lowest.admits(&[1; 16], at(0)).is_ok() && lowest.admits(&[1; 16], at(0)).is_err());
    }

    #[test]
    fn times_before_the_epoch_are_times_too() {
        assert!(sketch(1).admits(&[1; 16], at(-1)).is_ok());
    }
}
