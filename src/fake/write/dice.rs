//! The only source of chance of a written extract: the same seed and name give the same throws
//! everywhere.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded stream of decisions.
#[derive(Debug, Clone)]
pub(in crate::fake) struct Dice {
    rng: ChaCha8Rng,
    /// While calm nothing happens by chance: used to write a cell that is too wide when dirty once
    /// more, clean.
    pub(in crate::fake) calm: bool,
}

impl Dice {
    /// A stream for one purpose, independent of all other purposes.
    pub(in crate::fake) fn new(seed: u64, purpose: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        for part in purpose {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        Self { rng: ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()), calm: false }
    }

    /// Does an event of this rate happen? Compares integers, so that it is the same on every
    /// machine.
    #[inline]
    pub(in crate::fake) fn hit(&mut self, rate: f64) -> bool {
        if rate <= 0.0 || self.calm {
            return false;
        }
        u64::from(self.rng.next_u32()) < (rate * 4_294_967_296.0) as u64
    }

    /// A number below `n`, which must not be 0.
    #[inline]
    pub(in crate::fake) fn below(&mut self, n: usize) -> usize {
        below(&mut self.rng, n)
    }

    /// One of the items, which must not be empty.
    #[inline]
    pub(in crate::fake) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

/// A number below `n`, which must not be 0, from any generator.
#[inline]
pub(in crate::fake) fn below(rng: &mut impl RngCore, n: usize) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}
