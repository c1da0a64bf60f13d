//! What the rows of a delivery have said so far: finds the row that says it again.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Tables of rows seen. Each grows by doubling, so many small ones need less room than one.
const SHARDS: usize = 64;

/// What a row is to those before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    New,
    /// It says exactly what an earlier row says.
    Again,
    /// An earlier row has its key and says something else.
    Otherwise,
}

/// Hashes of the rows of one delivery: 16 bytes a row and the room to find them in, about 25 bytes.
///
/// Of a table with a key, 64 bits of the key's hash lead to 64 bits of the row's: a row is taken
/// for another with its key by chance in one of 60,000 deliveries of 25 million rows each (n²/2⁶⁵).
/// Without a key, 64 bits of the row's hash lead to the other 64, and rows that differ in any of
/// them are two rows.
pub(super) struct Seen {
    shards: Vec<HashMap<u64, u64, BuildHasherDefault<Ready>>>,
}

impl Seen {
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| HashMap::default()).collect() }
    }

    /// Takes a row with a key.
    pub fn keyed(&mut self, key: &[u8], row: &[u8]) -> Said {
        let row = xxh3_64(row);
        match self.take(xxh3_64(key), row) {
            None => Said::New,
            Some(before) if before == row => Said::Again,
            Some(_) => Said::Otherwise,
        }
    }

    /// Takes a row of a table without a key.
    pub fn whole(&mut self, row: &[u8]) -> Said {
        let hash = xxh3_128(row);
        let (high, low) = ((hash >> 64) as u64, hash as u64);
        if self.take(high, low) == Some(low) { Said::Again } else { Said::New }
    }

    /// What stands there already; else it is put there.
    fn take(&mut self, place: u64, value: u64) -> Option<u64> {
        // The table takes its own bits from the lowest and the highest ones.
        let shard = &mut self.shards[(place >> 32) as usize % SHARDS];
        match shard.entry(place) {
            std::collections::hash_map::Entry::Occupied(before) => Some(*before.get()),
            std::collections::hash_map::Entry::Vacant(room) => {
                room.insert(value);
                None
            }
        }
    }
}

/// A hash of what is a hash already.
#[derive(Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_apart_by_key_and_content() {
        let mut seen = Seen::new();
        assert_eq!(seen.keyed(b"1", b"1|a"), Said::New);
        assert_eq!(seen.keyed(b"2", b"2|a"), Said::New);
        assert_eq!(seen.keyed(b"1", b"1|a"), Said::Again);
        assert_eq!(seen.keyed(b"1", b"1|b"), Said::Otherwise);
        let mut seen = Seen::new();
        assert_eq!(seen.whole(b"1|a"), Said::New);
        assert_eq!(seen.whole(b"1|b"), Said::New);
        assert_eq!(seen.whole(b"1|a"), Said::Again);
    }

    #[test]
    fn many_rows_are_all_new_once_and_then_all_known() {
        let mut seen = Seen::new();
        let mut count = |said| {
            (0..100_000_u32).filter(|n| seen.keyed(&n.to_le_bytes(), b"row") == said).count()
        };
        assert_eq!(count(Said::New), 100_000);
        assert_eq!(count(Said::Again), 100_000);
    }
}
