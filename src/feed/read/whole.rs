//! Rows without characters that were lost or mean nothing, whatever kind of file they come from.

use std::sync::Arc;

use memchr::{memchr, memchr_iter};

use crate::error::Result;

use super::{Columns, Next, Part, RawRow, Rows, Shape, reason};

/// Rows, of which one with a NUL or a lost character is broken.
pub(super) struct Whole {
    rows: Box<dyn Rows>,
    /// The columns under way, and whether any of their texts is bad: else their rows need not be
    /// looked at.
    of: Option<(Arc<Columns>, bool)>,
}

impl Whole {
    /// Looks at each of some rows.
    pub fn new(rows: Box<dyn Rows>) -> Self {
        Self { rows, of: None }
    }

    /// What is wrong with the text of a row.
    fn fault(&mut self, row: &RawRow) -> Option<&'static str> {
        let Some(columns) = row.columns() else { return fault(row.text()) };
        let same = |of: &(Arc<Columns>, bool)| Arc::ptr_eq(&of.0, columns);
        if !self.of.as_ref().is_some_and(same) {
            self.of = Some((Arc::clone(columns), fault(&columns.text).is_some()));
        }
        let any = self.of.as_ref().is_some_and(|(_, any)| *any);
        if any { row.cells().find_map(fault) } else { None }
    }
}

impl Rows for Whole {
    fn part(&self) -> &Part {
        self.rows.part()
    }

    fn shape(&self) -> Shape<'_> {
        self.rows.shape()
    }

    fn next(&mut self, row: &mut RawRow) -> Result<Next> {
        let next = self.rows.next(row)?;
        let fault = if next == Next::Row { self.fault(row) } else { None };
        Ok(fault.map_or(next, |reason| row.broken(reason)))
    }

    fn set_width(&mut self, width: usize) {
        self.rows.set_width(width);
    }

    fn rewind(&mut self, rows: u64) -> bool {
        self.rows.rewind(rows)
    }
}

/// What is wrong with a text.
fn fault(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    if memchr(0, bytes).is_some() {
        return Some(reason::NUL);
    }
    // Its first byte is rarer in Chinese text than its last one.
    let lost = |at: usize| bytes[at..].starts_with("\u{FFFD}".as_bytes());
    memchr_iter(0xEF, bytes).any(lost).then_some(reason::REPLACED)
}
