//! What every raw format can do with a section of rows.

use super::cells::Cells;
use super::headings::Head;
use crate::error::Result;

/// A fault that a row is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quirk {
    /// None.
    None,
    /// A quote behind this cell, which is not quoted.
    StrayQuote(usize),
    /// A quote in front of the row that never closes.
    Unclosed,
}

/// An open raw file. Formats without a header, blank or layout rows leave those out and say so.
pub(super) trait Sink {
    /// Begins the file's rows, or a new sheet of this name.
    fn section(&mut self, name: &str, head: &Head) -> Result<()>;

    /// Writes a row of data.
    fn row(&mut self, cells: &Cells, quirk: Quirk) -> Result<()>;

    /// Writes a blank row; false when the format has none.
    fn blank(&mut self) -> Result<bool>;

    /// Writes a row that is not data (a repeated header, a total, a signature); false when the
    /// format has none.
    fn layout(&mut self, cells: &Cells) -> Result<bool>;

    /// Closes the file.
    fn close(self: Box<Self>) -> Result<()>;
}
