//! Drawing at random: the same numbers for the same seed on every machine.

use chrono::{Days, NaiveDate};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for; streams of different purposes never touch each other, so that a change of
/// one part of the world leaves the others as they were.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Home = 1,
    Care = 2,
    Plant = 3,
    Place = 4,
}

/// A stream of random numbers.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of one number (a household, a village) for one purpose.
    pub(super) fn new(seed: u64, number: u64, purpose: Purpose) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&number.to_le_bytes());
        key[16] = purpose as u8;
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number below `n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// A number of `low..=high`.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as u64) as i64
    }

    /// True `n` times in `of`.
    pub(super) fn chance(&mut self, n: u64, of: u64) -> bool {
        self.below(of) < n
    }

    /// One of the items.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// The position of one of the weights, by weight.
    pub(super) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (i, w) in weights.iter().enumerate() {
            if left < *w {
                return i;
            }
            left -= w;
        }
        weights.len() - 1
    }

    /// A day of `first..=last`.
    pub(super) fn day(&mut self, first: NaiveDate, last: NaiveDate) -> NaiveDate {
        let span = (last - first).num_days().max(0);
        plus(first, self.between(0, span))
    }

    /// A number of 32 bits.
    pub(super) fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }
}

/// A well-mixed hash of two numbers (SplitMix64), for choices that must not cost a stream.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The day `n` days later (earlier when negative); the day itself when the calendar ends.
pub(super) fn plus(day: NaiveDate, n: i64) -> NaiveDate {
    let moved = if n >= 0 {
        day.checked_add_days(Days::new(n as u64))
    } else {
        day.checked_sub_days(Days::new(n.unsigned_abs()))
    };
    moved.unwrap_or(day)
}

/// A day of the calendar; the month's first when the day does not exist.
pub(super) fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day)
        .or_else(|| NaiveDate::from_ymd_opt(year, month, 1))
        .unwrap_or(NaiveDate::MIN)
}

/// `n` in `width` digits, zeros in front.
pub(super) fn digits(into: &mut String, n: u64, width: usize) {
    let mut buffer = [b'0'; 20];
    let mut at = 20;
    let mut left = n;
    while left > 0 {
        at -= 1;
        buffer[at] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    let from = at.min(20 - width.min(20));
    into.extend(buffer[from..].iter().map(|b| *b as char));
}

/// `head` followed by `n` in `width` digits.
pub(super) fn coded(head: &str, n: u64, width: usize) -> String {
    let mut text = String::with_capacity(head.len() + width);
    text.push_str(head);
    digits(&mut text, n, width);
    text
}
