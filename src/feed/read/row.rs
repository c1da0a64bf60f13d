//! One row as text, in buffers that are used again for the next.

use std::fmt::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use super::{Columns, Next};

/// One row as text. Reused between rows: no allocation per row.
#[derive(Debug, Clone, Default)]
pub struct RawRow {
    /// Physical line or sheet row, from 1.
    pub line: u64,
    /// Offset of the record in the file's original bytes where that is known, else 0.
    pub byte: u64,
    /// What the cells are cut from: a line, or one cell behind the other.
    text: String,
    cells: Vec<Range<usize>>,
    /// Where the cells are instead: a row of columns.
    of: Option<(Arc<Columns>, usize)>,
}

/// Rows are equal when they stand at one place and have the same cells.
impl PartialEq for RawRow {
    fn eq(&self, other: &Self) -> bool {
        (self.line, self.byte) == (other.line, other.byte) && self.cells().eq(other.cells())
    }
}

impl Eq for RawRow {}

impl RawRow {
    /// An empty row of this line.
    pub fn at(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.of.as_ref().map_or(self.cells.len(), |(columns, _)| columns.width())
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the text that the cells are cut from.
    pub fn bytes(&self) -> usize {
        if self.of.is_some() { self.cells().map(str::len).sum() } else { self.text.len() }
    }

    /// The text that the cells are cut from; empty for a row of columns.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What is told of it when it cannot be trusted.
    pub(super) fn broken(&self, reason: &'static str) -> Next {
        Next::Broken { line: self.line, byte: self.byte, reason, raw: self.shown() }
    }

    /// Makes an empty row that of some columns.
    pub(super) fn refer(&mut self, columns: &Arc<Columns>, row: usize) {
        self.line = columns.line_of(row);
        self.of = Some((Arc::clone(columns), row));
    }

    /// The columns whose row this is, if it is one.
    pub fn columns(&self) -> Option<&Arc<Columns>> {
        self.of.as_ref().map(|(columns, _)| columns)
    }

    /// The number of a cell's text among those of its column, where rows share them.
    pub fn number(&self, i: usize) -> Option<u16> {
        let (columns, row) = self.of.as_ref()?;
        columns.number(i, *row)
    }

    /// Makes the cells its own, so that others can stand behind them.
    fn own(&mut self) {
        if let Some((columns, row)) = self.of.take() {
            (0..columns.width()).for_each(|i| self.push(columns.cell(i, row)));
        }
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
        match &self.of {
            Some((columns, row)) => columns.cell(i, *row),
            None => self.cells.get(i).map_or("", |cell| &self.text[cell.clone()]),
        }
    }

    /// All cells in order.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.cell(i))
    }

    /// Adds a cell.
    pub fn push(&mut self, cell: &str) {
        self.own();
        let start = self.text.len();
        self.text.push_str(cell);
        self.cells.push(start..self.text.len());
    }

    /// Adds a text of which [`RawRow::cut`] makes cells; where it begins.
    pub(super) fn hold(&mut self, line: &str) -> usize {
        self.own();
        let start = self.text.len();
        self.text.push_str(line);
        start
    }

    /// Adds a cell that stands in a text that is held already.
    pub(super) fn cut(&mut self, cell: Range<usize>) {
        self.cells.push(cell);
    }

    /// Adds a cell that is formatted in place.
    pub fn push_fmt(&mut self, cell: fmt::Arguments<'_>) {
        self.own();
        let start = self.text.len();
        self.text.write_fmt(cell).expect("writing to a String cannot fail");
        self.cells.push(start..self.text.len());
    }

    /// Adds empty cells until there are `width`.
    pub fn pad(&mut self, width: usize) {
        if self.len() < width {
            self.own();
            self.cells.resize(width, 0..0);
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
        self.cells.clear();
        self.of = None;
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
    use super::*;

    #[test]
    fn a_row_of_columns_reads_as_any_other() {
        let mut columns = Columns { line: 5, rows: 2, ..Columns::default() };
        columns.begin(None);
        ["张三", ""].iter().for_each(|text| columns.put(text));
        columns.begin(Some(vec![0, 0]));
        columns.put("男");
        let (columns, mut own) = (Arc::new(columns), RawRow::at(6));
        ["", "男"].iter().for_each(|cell| own.push(cell));
        let mut row = RawRow::default();
        row.refer(&columns, 1);
        assert_eq!((&row, row.len(), row.bytes(), row.cell(2)), (&own, 2, 3, ""));
        assert_eq!([0, 1].map(|i| row.number(i)), [None, Some(0)]);
        [&mut row, &mut own].iter_mut().for_each(|row| row.pad(3));
        [&mut row, &mut own].iter_mut().for_each(|row| row.push("x"));
        assert_eq!((row.shown(), row.columns().is_none()), (own.shown(), true));
        assert_eq!(row, own);
        row.refer(&columns, 0);
        row.clear();
        assert!(row.is_empty());
    }

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
