//! Some rows of a file, by their numbers.

/// A set of row numbers, one bit for each row up to the last one of them.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    words: Vec<u64>,
}

impl Numbers {
    /// Adds a row.
    pub fn insert(&mut self, number: i64) {
        let (word, bit) = place(number);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= bit;
    }

    /// Is it one of them?
    pub fn contains(&self, number: i64) -> bool {
        let (word, bit) = place(number);
        self.words.get(word).is_some_and(|w| w & bit != 0)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        let bits = |word: u64| (0..64).filter(move |bit| word >> bit & 1 == 1);
        let words = self.words.iter().enumerate();
        words.flat_map(move |(at, word)| bits(*word).map(move |bit| at as i64 * 64 + bit))
    }

    /// How many they are.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// What tells it from every other set.
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.words.iter().copied()
    }

    /// Is it none?
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

fn place(number: i64) -> (usize, u64) {
    ((number as u64 / 64) as usize, 1 << (number as u64 % 64))
}
