//! Rows on their way from the reader of a file, and how one after the other is taken.

use std::sync::Arc;

use super::RawRow;
use super::columns::{Columns, REASONS, number_of, reason_of};

/// Rows on their way to the reader. To hand on a thousand small texts is dear, so there is one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub rows: Vec<Head>,
    /// Where the cells of all rows end in the text.
    pub ends: Vec<u32>,
    pub text: String,
}

/// What a batch says of a row beside its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub line: u64,
    pub cells: u32,
    /// The number of what is wrong with it, or 0.
    pub wrong: u8,
}

impl Batch {
    /// Adds a row, and what is wrong with it.
    pub fn push(&mut self, row: &RawRow, wrong: Option<&'static str>) {
        for cell in row.cells() {
            self.text.push_str(cell);
            self.ends.push(self.text.len() as u32);
        }
        let (line, cells) = (row.line, row.len() as u32);
        self.rows.push(Head { line, cells, wrong: wrong.map_or(0, number_of) });
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes of their text.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Whether each cell is in its row and in the text.
    pub fn is_whole(&self) -> bool {
        let cells: u64 = self.rows.iter().map(|row| u64::from(row.cells)).sum();
        let end = self.ends.last().map_or(0, |end| *end as usize);
        let inside = self.ends.iter().all(|end| self.text.is_char_boundary(*end as usize));
        cells == self.ends.len() as u64
            && end == self.text.len()
            && inside
            && self.ends.is_sorted()
            && self.rows.iter().all(|row| usize::from(row.wrong) <= REASONS.len())
    }
}

/// A batch of which one row after the other is taken.
#[derive(Debug, Default)]
pub(super) struct TakingRows {
    batch: Batch,
    /// The next row, its first cell, and where that begins.
    at: (usize, usize, usize),
}

impl TakingRows {
    /// Begins with the first row.
    pub fn new(batch: Batch) -> Self {
        Self { batch, at: (0, 0, 0) }
    }

    /// Fills an empty row with the next one; what is wrong with it. Nothing when there is none.
    pub fn next(&mut self, row: &mut RawRow) -> Option<Option<&'static str>> {
        let (number, first, start) = self.at;
        let head = self.batch.rows.get(number)?;
        let last = first + head.cells as usize;
        let ends = &self.batch.ends[first..last];
        let end = ends.last().map_or(start, |end| *end as usize);
        let base = row.hold(&self.batch.text[start..end]);
        let mut from = base;
        for end in ends {
            let to = base + *end as usize - start;
            row.cut(from..to);
            from = to;
        }
        row.line = head.line;
        self.at = (number + 1, last, end);
        Some(reason_of(head.wrong))
    }
}

/// What is taken, row by row.
#[derive(Debug)]
pub(super) enum Taking {
    Rows(TakingRows),
    /// Columns and the next row.
    Columns(Arc<Columns>, usize),
}

impl Taking {
    /// Begins with nothing.
    pub fn nothing() -> Self {
        Self::Rows(TakingRows::default())
    }

    /// Fills an empty row with the next one; what is wrong with it. Nothing when there is none.
    pub fn next(&mut self, row: &mut RawRow) -> Option<Option<&'static str>> {
        match self {
            Self::Rows(rows) => rows.next(row),
            Self::Columns(columns, at) => {
                let this = *at;
                if this == columns.rows as usize {
                    return None;
                }
                *at += 1;
                row.refer(columns, this);
                Some(columns.wrong(this))
            }
        }
    }
}
