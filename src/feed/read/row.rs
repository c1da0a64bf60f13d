//! One row as text, in buffers that are used again for the next.

use std::fmt::{self, Write};

/// One row as text. Reused between rows: no allocation per row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawRow {
    /// Physical line or sheet row, from 1.
    pub line: u64,
    /// Offset of the record in the file's original bytes where that is known, else 0.
    pub byte: u64,
    text: String,
    ends: Vec<usize>,
}

impl RawRow {
    /// An empty row of this line.
    pub fn at(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all cells together.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The row with no cell longer than `most` bytes.
    pub(super) fn clipped(&self, most: usize) -> Self {
        let mut row = Self { line: self.line, byte: self.byte, ..Self::default() };
        for cell in self.cells() {
            row.push(&cell[..cell.floor_char_boundary(most)]);
        }
        row
    }

    /// Text of a cell; empty beyond the last.
    pub fn cell(&self, i: usize) -> &str {
        let Some(&end) = self.ends.get(i) else {
            return "";
        };
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start..end]
    }

    /// All cells in order.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.cell(i))
    }

    /// Adds a cell.
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// Adds a cell that is formatted in place.
    pub fn push_fmt(&mut self, cell: fmt::Arguments<'_>) {
        self.text.write_fmt(cell).expect("writing to a String cannot fail");
        self.ends.push(self.text.len());
    }

    /// Adds empty cells until there are `width`.
    pub fn pad(&mut self, width: usize) {
        if self.ends.len() < width {
            self.ends.resize(width, self.text.len());
        }
    }

    /// Forgets the cells and where they stand, keeps the memory.
    pub fn clear(&mut self) {
        self.line = 0;
        self.byte = 0;
        self.empty();
    }

    /// Forgets the cells.
    pub(super) fn empty(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// The row for a message, with cells separated by a bar.
    pub fn shown(&self) -> String {
        let mut all = String::new();
        for (i, cell) in self.cells().enumerate() {
            if i > 0 {
                all.push('|');
            }
            all.push_str(cell);
            if all.len() > 4 * super::RAW_CHARS {
                break;
            }
        }
        super::raw_text(&all)
    }
}

#[cfg(test)]
mod tests {
    use super::RawRow;

    #[test]
    fn cells_come_back() {
        let mut row = RawRow::default();
        row.push("a");
        row.push("");
        row.push_fmt(format_args!("{}", 12));
        row.pad(5);
        assert_eq!(row.cells().collect::<Vec<_>>(), ["a", "", "12", "", ""]);
        assert_eq!(row.cell(9), "");
        assert_eq!(row.shown(), "a||12||");
        row.clear();
        assert!(row.is_empty());
    }
}
