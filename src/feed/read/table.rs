//! The data rows of a part: the heading found, layout passed over, widths checked.

use crate::error::Result;
use crate::pipeline::spec::{FeedColumn, Format};

use super::csv::wrong_width;
use super::header::{Header, Held, NoTable, find_header};
use super::layout::is_blank;
use super::whole::Whole;
use super::{Next, Part, RawRow, Rows, Shape, reason};

/// A part of a delivery as data rows.
pub struct Table {
    rows: Box<dyn Rows>,
    header: Header,
    layout_rows: u64,
    total: Option<RawRow>,
}

impl Table {
    /// Finds the heading of a part.
    ///
    /// # Errors
    /// As for [`find_header`].
    pub fn new(
        rows: Box<dyn Rows>,
        columns: &[FeedColumn],
        format: &Format,
    ) -> Result<Self, NoTable> {
        let mut rows: Box<dyn Rows> = Box::new(Whole::new(rows));
        let header = find_header(rows.as_mut(), columns, format)?;
        let layout_rows = header.layout_rows;
        Ok(Self { rows, header, layout_rows, total: None })
    }

    /// Where the rows stand.
    pub fn part(&self) -> &Part {
        self.rows.part()
    }

    /// What was found out about the columns.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Rows so far that were layout: titles, headings, totals, blanks with separators.
    pub fn layout_rows(&self) -> u64 {
        self.layout_rows
    }

    /// The last row so far that gave totals.
    pub fn total(&self) -> Option<&RawRow> {
        self.total.as_ref()
    }

    /// Fills `row` with the next data row, at least as wide as the heading.
    ///
    /// # Errors
    /// The part cannot be read on.
    pub fn next(&mut self, row: &mut RawRow) -> Result<Next> {
        loop {
            let next = match self.header.pending.pop_front() {
                Some(held) => self.checked(held, row),
                None => self.rows.next(row)?,
            };
            let layout = match &next {
                Next::End => return Ok(next),
                Next::Row => self.is_layout(row),
                // A signature or a page's title has fewer separators than the data.
                Next::Broken { reason: reason::FEWER | reason::MORE, .. } => self.is_layout(row),
                Next::Broken { .. } => false,
            };
            if !layout {
                row.pad(self.header.width);
                return Ok(next);
            }
            self.layout_rows += 1;
            if self.header.layout.is_total(row) {
                self.total = Some(row.clone());
            }
        }
    }

    fn is_layout(&self, row: &RawRow) -> bool {
        match self.rows.shape() {
            Shape::Text | Shape::Sheet => self.header.layout.is_layout(row),
            // A row without a cell is none in any file.
            Shape::Named(_) | Shape::Fixed => row.cells().all(is_blank),
        }
    }

    /// A row that was read while the heading was looked for, checked as those after it are.
    fn checked(&self, held: Held, row: &mut RawRow) -> Next {
        match held {
            Held::Broken(next) => {
                row.clear();
                next
            }
            Held::Row(read) => {
                *row = read;
                if self.rows.shape() != Shape::Text {
                    return Next::Row;
                }
                let broken = row.cells().any(|cell| cell.contains('\n'));
                let broken = broken.then_some(reason::LINE_BREAK);
                match broken.or_else(|| wrong_width(row, Some(self.header.width))) {
                    None => Next::Row,
                    Some(reason) => row.broken(reason),
                }
            }
        }
    }
}
