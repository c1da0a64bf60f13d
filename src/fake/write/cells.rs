//! One raw row: the text of all cells in one buffer, so that a row costs no allocation.

/// What a workbook or NDJSON makes of a cell; text formats only see the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Text, also in a workbook.
    Text,
    /// A number cell.
    Number(f64),
    /// A date cell: Excel's day number.
    Day(f64),
    /// Nothing.
    Null,
}

/// The cells of one row.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    /// Text of all cells; a renderer pushes to its end and then calls [`Cells::end`].
    pub(super) text: String,
    ends: Vec<usize>,
    kinds: Vec<Kind>,
}

impl Cells {
    /// Forgets the cells, keeps the buffers.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.kinds.clear();
    }

    /// Closes the cell whose text was pushed.
    #[inline]
    pub(super) fn end(&mut self, kind: Kind) {
        self.ends.push(self.text.len());
        self.kinds.push(kind);
    }

    /// Pushes a whole text cell.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.end(if text.is_empty() { Kind::Null } else { Kind::Text });
    }

    /// Start of the cell that is being written.
    pub(super) fn start(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Drops the cells from `index` on.
    pub(super) fn truncate(&mut self, index: usize) {
        self.ends.truncate(index);
        self.kinds.truncate(index);
        self.text.truncate(self.start());
    }

    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Text of a cell.
    #[inline]
    pub(super) fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    /// All cells with their kinds.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Kind)> {
        (0..self.len()).map(|i| (self.get(i), self.kinds[i]))
    }

    /// Makes this row a copy of `from` in which one cell is another text.
    pub(super) fn copy_with(&mut self, from: &Self, index: usize, text: &str) {
        self.clear();
        for (i, (cell, kind)) in from.iter().enumerate() {
            if i == index {
                self.push(text);
            } else {
                self.text.push_str(cell);
                self.end(kind);
            }
        }
    }

    /// Makes this row a copy of `from` with one text cell more, before `index`.
    pub(super) fn copy_inserting(&mut self, from: &Self, index: usize, text: &str) {
        self.clear();
        for (i, (cell, kind)) in from.iter().enumerate() {
            if i == index {
                self.push(text);
            }
            self.text.push_str(cell);
            self.end(kind);
        }
    }

    /// Makes this row a copy of `from` without one cell.
    pub(super) fn copy_without(&mut self, from: &Self, index: usize) {
        self.clear();
        for (i, (cell, kind)) in from.iter().enumerate() {
            if i != index {
                self.text.push_str(cell);
                self.end(kind);
            }
        }
    }

    /// Makes this row the same as `from`, without a new allocation.
    pub(super) fn copy(&mut self, from: &Self) {
        self.text.clone_from(&from.text);
        self.ends.clone_from(&from.ends);
        self.kinds.clone_from(&from.kinds);
    }
}
