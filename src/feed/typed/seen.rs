//! What the rows of a delivery say: when the last one has come, those are found that say it again.

use std::path::Path;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::error::Result;
use crate::lake::heaps::Heaps;
use crate::lake::rows::Numbers;

/// Hashes of the rows of one delivery.
///
/// Of a table with a key, rows with the same 64 bits of the key's hash are told apart by 64 bits of
/// the row's: a row is taken for another with its key by chance in one of 60,000 deliveries of 25
/// million rows each (n²/2⁶⁵). Without a key it is 128 bits of the row's hash, and rows that differ
/// in any of them are two rows.
pub(super) struct Seen {
    /// Where the row belongs, its number, what it says.
    heaps: Heaps<3>,
    /// The number of a row, and a column whose cell was dropped of it.
    dropped: Heaps<2>,
}

impl Seen {
    /// What has no room in memory waits in folders beside `path`.
    pub fn new(path: &Path) -> Self {
        Self { heaps: Heaps::new(path), dropped: Heaps::new(&path.with_file_name("dropped")) }
    }

    /// Takes a row with a key.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keyed(&mut self, number: i64, key: &[u8], row: &[u8]) -> Result<()> {
        self.heaps.push([xxh3_64(key), number as u64, xxh3_64(row)])
    }

    /// Takes a row of a table without a key.
    ///
    /// # Errors
    /// What the disk says.
    pub fn whole(&mut self, number: i64, row: &[u8]) -> Result<()> {
        let hash = xxh3_128(row);
        self.heaps.push([(hash >> 64) as u64, number as u64, hash as u64])
    }

    /// Takes a cell that was dropped of a row.
    ///
    /// # Errors
    /// What the disk says.
    pub fn dropped(&mut self, number: i64, column: usize) -> Result<()> {
        self.dropped.push([number as u64, column as u64])
    }

    /// Shows the column of each cell that was dropped of these rows. No cell is remembered then.
    ///
    /// # Errors
    /// What the disk says.
    pub fn dropped_of(&mut self, rows: &Numbers, mut shown: impl FnMut(usize)) -> Result<()> {
        self.dropped.drain(|sorted| {
            for [_, column] in sorted.iter().filter(|cell| rows.contains(cell[0] as i64)) {
                shown(*column as usize);
            }
        })
    }

    /// Rows that are not new, and those of them that say something else than the first row with their
    /// key. `keyed`: the rows have keys.
    ///
    /// # Errors
    /// What the disk says.
    pub fn repeats(&mut self, keyed: bool) -> Result<(Numbers, Numbers)> {
        let (mut rows, mut otherwise) = (Numbers::default(), Numbers::default());
        self.heaps.drain(|sorted| {
            for same in sorted.chunk_by(|a, b| a[0] == b[0]).filter(|same| same.len() > 1) {
                let [_, _, first] = same[0];
                for [_, number, said] in &same[1..] {
                    let (number, again) = (*number as i64, *said == first);
                    if again || keyed {
                        rows.insert(number);
                    }
                    if keyed && !again {
                        otherwise.insert(number);
                    }
                }
            }
        })?;
        Ok((rows, otherwise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found((rows, otherwise): (Numbers, Numbers)) -> (Vec<i64>, Vec<i64>) {
        (rows.iter().collect(), otherwise.iter().collect())
    }

    #[test]
    fn rows_are_told_apart_by_key_and_content() {
        let home = tempfile::tempdir().unwrap();
        let mut seen = Seen::new(&home.path().join("seen"));
        for (number, row) in [b"1|a", b"2|a", b"1|a", b"1|b"].into_iter().enumerate() {
            seen.keyed(number as i64, &row[..1], row).unwrap();
        }
        assert_eq!(found(seen.repeats(true).unwrap()), (vec![2, 3], vec![3]));
        for (number, row) in [b"1|a", b"1|b", b"1|a"].into_iter().enumerate() {
            seen.whole(number as i64, row).unwrap();
        }
        assert_eq!(found(seen.repeats(false).unwrap()), (vec![2], vec![]));
    }

    #[test]
    fn dropped_cells_are_told_by_row() {
        let home = tempfile::tempdir().unwrap();
        let mut seen = Seen::new(&home.path().join("seen"));
        for (row, column) in [(0, 3), (1, 3), (1, 4), (64, 3), (65, 5)] {
            seen.dropped(row, column).unwrap();
        }
        let mut rows = Numbers::default();
        [1, 64, 99].into_iter().for_each(|row| rows.insert(row));
        let mut found = Vec::new();
        seen.dropped_of(&rows, |column| found.push(column)).unwrap();
        found.sort_unstable();
        assert_eq!(found, [3, 3, 4]);
        seen.dropped_of(&rows, |_| panic!("no cell is remembered")).unwrap();
    }

    #[test]
    fn many_rows_are_all_new_once_and_then_all_known() {
        let home = tempfile::tempdir().unwrap();
        let mut seen = Seen::new(&home.path().join("seen"));
        for number in 0..200_000_u32 {
            seen.keyed(number.into(), &(number % 100_000).to_le_bytes(), b"row").unwrap();
        }
        let known = found(seen.repeats(true).unwrap());
        assert_eq!(known, ((100_000..200_000).collect(), vec![]));
    }
}
