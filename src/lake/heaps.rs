//! Numbers by the million, of which those that stand together are wanted: they wait in heaps, in
//! memory or on disk, and each heap is sorted by itself.

use std::path::{Path, PathBuf};

use super::aside::Aside;
use super::piles::Piles;
use crate::error::Result;

/// Each is sorted by itself.
const HEAPS: usize = 64;
/// Bytes that wait in memory; what is more waits on disk.
const HEAP_BYTES: usize = 16 << 20;

/// Entries of so many numbers each, in memory that does not grow with them. The first number decides
/// about the heap: it should be a hash.
pub struct Heaps<const NUMBERS: usize> {
    path: PathBuf,
    heaps: Piles,
    bytes: usize,
    limit: usize,
    aside: Option<Aside>,
}

impl<const NUMBERS: usize> Heaps<NUMBERS> {
    /// What has no room in memory waits in a folder beside `path`.
    pub fn new(path: &Path) -> Self {
        let heaps = Piles::new(HEAPS);
        Self { path: path.to_owned(), heaps, bytes: 0, limit: HEAP_BYTES, aside: None }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// What the disk says.
    pub fn push(&mut self, entry: [u64; NUMBERS]) -> Result<()> {
        let heap = self.heaps.room(entry[0] as usize % HEAPS, NUMBERS * 8);
        for number in entry {
            heap.extend_from_slice(&number.to_le_bytes());
        }
        self.bytes += NUMBERS * 8;
        if self.bytes < self.limit { Ok(()) } else { self.set_aside() }
    }

    fn set_aside(&mut self) -> Result<()> {
        let aside = match &mut self.aside {
            Some(aside) => aside,
            None => self.aside.insert(Aside::create(&self.path, HEAPS)?),
        };
        aside.write_all(&mut self.heaps)?;
        self.bytes = 0;
        Ok(())
    }

    /// Shows all entries, heap by heap, each in the order of its numbers. Nothing is left.
    ///
    /// # Errors
    /// What the disk says.
    pub fn drain(&mut self, mut sorted: impl FnMut(&[[u64; NUMBERS]])) -> Result<()> {
        let mut back = self.aside.take().map(Aside::back).transpose()?;
        let (mut bytes, mut entries) = (Vec::new(), Vec::new());
        for bucket in 0..HEAPS {
            bytes.clear();
            if let Some(back) = &mut back {
                back.read(bucket, &mut bytes)?;
            }
            self.heaps.take(bucket, &mut bytes);
            let (numbers, _) = bytes.as_chunks::<8>();
            entries.clear();
            let entry = |n: &[[u8; 8]; NUMBERS]| n.map(u64::from_le_bytes);
            entries.extend(numbers.as_chunks::<NUMBERS>().0.iter().map(entry));
            entries.sort_unstable();
            sorted(&entries);
        }
        self.bytes = 0;
        if let Some(back) = back { back.remove() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_on_disk_comes_back_in_the_same_order() {
        let home = tempfile::tempdir().unwrap();
        let mixed = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut found = Vec::new();
        for limit in [1 << 10, HEAP_BYTES] {
            let mut heaps = Heaps::<2>::new(&home.path().join("heaps"));
            heaps.limit = limit;
            for number in 0..20_000 {
                heaps.push([mixed(number % 15_000), number]).unwrap();
            }
            assert_eq!(heaps.aside.is_some(), limit < HEAP_BYTES);
            let mut all = Vec::new();
            heaps
                .drain(|sorted| {
                    assert!(sorted.is_sorted());
                    all.extend_from_slice(sorted);
                })
                .unwrap();
            heaps.drain(|left| assert!(left.is_empty())).unwrap();
            found.push(all);
        }
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing stays aside");
        assert_eq!(found[0].len(), 20_000);
        assert_eq!(found[0], found[1]);
    }
}
