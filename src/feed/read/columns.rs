//! Rows that come as columns, as those of Parquet do. Where a column repeats few texts it has each of
//! them once, and a number for each row: whoever reads a cell knows that it has seen the text before.

use std::collections::BTreeMap;

use super::reason;

/// What can be wrong with a row of a file that is read apart; its number is its place from 1.
pub(super) const REASONS: [&str; 3] = [reason::LONG_CELL, reason::NOT_UTF8, reason::NO_TEXT];

/// The number of a reason.
pub(super) fn number_of(reason: &str) -> u8 {
    REASONS.iter().position(|known| *known == reason).unwrap_or(0) as u8 + 1
}

/// The reason of a number that is known; 0 is none.
pub(super) fn reason_of(number: u8) -> Option<&'static str> {
    usize::from(number).checked_sub(1).map(|place| REASONS[place])
}

/// Some rows of a file, column by column.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Line of the first row.
    pub(super) line: u64,
    pub(super) rows: u32,
    /// Rows that cannot be trusted: their number from 0, and that of the reason.
    pub(super) wrong: BTreeMap<u32, u8>,
    pub(super) columns: Vec<Column>,
    /// The texts of all columns, one behind the other.
    pub(super) text: String,
}

/// The cells of one column.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// Where its first text begins.
    pub start: u32,
    /// Where each of its texts ends; the next one begins there.
    pub ends: Vec<u32>,
    /// The number of each row's text: fewer rows than sixteen bits can count come at once. Without
    /// numbers each row has a text of its own.
    pub numbers: Option<Vec<u16>>,
}

impl Columns {
    /// No rows yet, the first of which will be this line.
    pub(super) fn at(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// Number of columns.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The line of a row.
    pub(super) fn line_of(&self, row: usize) -> u64 {
        self.line + row as u64
    }

    /// Adds a column whose texts will be those of [`Columns::put`].
    pub(super) fn begin(&mut self, numbers: Option<Vec<u16>>) {
        let start = self.text.len() as u32;
        self.columns.push(Column { start, ends: Vec::new(), numbers });
    }

    /// Adds a text to the last column.
    pub(super) fn put(&mut self, text: &str) {
        self.text.push_str(text);
        let end = self.text.len() as u32;
        if let Some(column) = self.columns.last_mut() {
            column.ends.push(end);
        }
    }

    /// Says what is wrong with a row, if something is. Of two faults the later one is told.
    pub(super) fn distrust(&mut self, row: usize, reason: Option<&str>) {
        self.wrong.extend(reason.map(|reason| (row as u32, number_of(reason))));
    }

    /// The text of a cell; empty beyond the last column.
    pub(super) fn cell(&self, column: usize, row: usize) -> &str {
        let Some(column) = self.columns.get(column) else { return "" };
        let at = column.numbers.as_ref().map_or(row, |numbers| numbers[row].into());
        let start = at.checked_sub(1).map_or(column.start, |before| column.ends[before]);
        &self.text[start as usize..column.ends[at] as usize]
    }

    /// The number of a cell's text, where texts are shared.
    pub(super) fn number(&self, column: usize, row: usize) -> Option<u16> {
        Some(self.columns.get(column)?.numbers.as_ref()?[row])
    }

    /// What is wrong with a row.
    pub(super) fn wrong(&self, row: usize) -> Option<&'static str> {
        reason_of(*self.wrong.get(&(row as u32))?)
    }

    /// Whether each cell is in the text, and each number that of a text.
    pub(super) fn is_whole(&self) -> bool {
        let rows = self.rows as usize;
        let mut end = 0;
        for column in &self.columns {
            let texts = column.ends.len();
            let numbered = match &column.numbers {
                None => column.ends.len() == rows,
                Some(numbers) => {
                    numbers.len() == rows && numbers.iter().all(|n| usize::from(*n) < texts)
                }
            };
            let ends = std::iter::once(&column.start).chain(&column.ends);
            let inside = ends.clone().all(|end| self.text.is_char_boundary(*end as usize));
            if !(numbered && column.start == end && inside && ends.is_sorted()) {
                return false;
            }
            end = column.ends.last().copied().unwrap_or(end);
        }
        let known = |reason: u8| (1..=REASONS.len()).contains(&reason.into());
        end as usize == self.text.len()
            && self.wrong.iter().all(|(row, reason)| *row < self.rows && known(*reason))
    }
}
