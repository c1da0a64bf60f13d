//! What was there on earlier nights, so that an extract of new events can leave out what an earlier one told.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::Record;

/// The rows of some earlier nights, as far as they can be the rows of the household that is being told.
#[derive(Debug, Default)]
pub struct Known {
    hasher: BuildHasherDefault<DefaultHasher>,
    nights: Vec<(usize, HashSet<u64>)>,
}

impl Known {
    /// Nothing yet, of these nights.
    pub(super) fn of(nights: &[usize]) -> Self {
        let nights = nights.iter().map(|n| (*n, HashSet::new())).collect();
        Self { hasher: BuildHasherDefault::default(), nights }
    }

    /// Forgets all rows.
    pub(super) fn forget(&mut self) {
        self.nights.iter_mut().for_each(|(_, rows)| rows.clear());
    }

    /// Remembers a row of a night.
    pub(super) fn note(&mut self, night: usize, row: &Record<'_>) {
        let hash = self.hasher.hash_one(row);
        if let Some((_, rows)) = self.nights.iter_mut().find(|(n, _)| *n == night) {
            rows.insert(hash);
        }
    }

    /// Was this row there, word for word, on an earlier night? Of nights that nobody asked for nothing is known.
    pub fn had(&self, night: usize, row: &Record<'_>) -> bool {
        let rows = self.nights.iter().find(|(n, _)| *n == night).map(|(_, rows)| rows);
        rows.is_some_and(|rows| rows.contains(&self.hasher.hash_one(row)))
    }
}
