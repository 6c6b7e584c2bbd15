//! Texts that nobody wrote: as many words as a language has, as unlike each other, some common and most rare. The same
//! each time.

use std::collections::BTreeSet;
use std::fmt::Write;

/// So many words there are.
const WORDS: usize = 50_000;
/// Of the words by how common they are, those from here on are in few texts.
const RARE: usize = 8000;
const FIRST: [&str; 36] = [
    "", "", "", "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "w", "br", "ch", "cr", "fl",
    "gr", "k", "ph", "pl", "pr", "qu", "sh", "sp", "st", "th", "tr", "j", "x", "z",
];
const SOUND: [&str; 13] = ["a", "a", "e", "e", "e", "i", "i", "o", "o", "u", "ai", "ou", "é"];
const LAST: [&str; 16] = ["", "", "", "", "n", "r", "s", "t", "l", "m", "nd", "st", "ng", "ck", "nt", "d"];

/// The generator.
#[derive(Debug)]
pub struct Texts {
    state: u64,
    words: Vec<String>,
    /// How often the words up to each are used, of all.
    shares: Vec<f64>,
}

impl Texts {
    /// From its beginning.
    pub fn new() -> Self {
        let mut texts = Self { state: 7, words: Vec::new(), shares: Vec::new() };
        let mut words = BTreeSet::new();
        while words.len() < WORDS {
            let word = texts.word();
            words.insert(word);
        }
        let mut words: Vec<_> =
            words.into_iter().map(|word| (word.len() + texts.below(6), texts.next(), word)).collect();
        // Common words are short.
        words.sort_unstable();
        texts.words = words.into_iter().map(|(_, _, word)| word).collect();
        let mut sum = 0.0;
        for place in 1..=WORDS {
            #[expect(clippy::cast_precision_loss, reason = "tens of thousands")]
            let share = 1.0 / place as f64;
            sum += share;
            texts.shares.push(sum);
        }
        texts
    }

    /// The next text, of 5 to 18 words.
    pub fn text(&mut self) -> String {
        let mut text = String::new();
        for place in 0..5 + self.below(14) {
            let share = self.share() * self.shares.last().copied().unwrap_or_default();
            let word = &self.words[self.shares.partition_point(|sum| *sum < share).min(WORDS - 1)];
            // Writing to a string does not fail.
            let _ = write!(text, "{}{word}", if place == 0 { "" } else { " " });
        }
        text
    }

    /// So many of the most common words, of at least three letters.
    pub fn common(&self, many: usize) -> Vec<String> {
        self.words.iter().filter(|word| word.chars().count() >= 3).take(many).cloned().collect()
    }

    /// Rare words, in no order.
    pub fn rare(&mut self) -> String {
        let place = RARE + self.below(WORDS - RARE);
        self.words[place].clone()
    }

    fn word(&mut self) -> String {
        let pick = |texts: &mut Self, parts: &[&'static str]| parts[texts.below(parts.len())];
        let mut word = String::new();
        for _ in 0..=self.below(4) {
            word.push_str(pick(self, &FIRST));
            word.push_str(pick(self, &SOUND));
            word.push_str(pick(self, &LAST));
        }
        word
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `SplitMix64`: <https://doi.org/10.1145/2714064.2660195>.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
