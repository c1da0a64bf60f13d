//! XLSX in constant memory: title rows, headers merged over two rows, a sheet for each county.

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, XlsxError,
};

use super::cells::{Cells, Kind};
use super::headings::Head;
use super::sink::{Quirk, Sink};
use super::target::Target;
use crate::error::{Error, Result};

/// Rows of data in a sheet before the next one begins; Excel ends at 1,048,576.
pub(super) const SHEET_ROWS: u64 = 1_000_000;

/// An open workbook.
pub(super) struct Book {
    target: Target,
    book: Workbook,
    /// Index of the sheet that is being written, and its next row.
    sheet: Option<usize>,
    row: u32,
    head: Format,
    day: Format,
}

/// Every fault of the XLSX crate that is left is one of this module: names and sizes were checked
/// before.
fn fault(source: &XlsxError) -> Error {
    match source {
        XlsxError::IoError(io) => Error::environment(format!("cannot write a workbook: {io}")),
        other => Error::bug(format!("workbook: {other}")),
    }
}

impl Book {
    /// A workbook without a sheet, by a sender, created on the night.
    ///
    /// # Errors
    /// No temporary files in the target's folder; a night that Excel has no date for.
    pub(super) fn new(target: Target, sender: &str, night: NaiveDate) -> Result<Self> {
        let mut book = Workbook::new();
        // The night's date, not the clock: the same input gives the same bytes.
        let created = ExcelDateTime::from_ymd(
            u16::try_from(night.year()).unwrap_or(2000),
            night.month() as u8,
            night.day() as u8,
        );
        let created = created.map_err(|e| fault(&e))?;
        book.set_properties(
            &DocProperties::new().set_author(sender).set_creation_datetime(&created),
        );
        book.set_tempdir(target.folder()).map_err(|e| fault(&e))?;
        Ok(Self {
            target,
            book,
            sheet: None,
            row: 0,
            head: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_border(FormatBorder::Thin)
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter),
            day: Format::new().set_num_format("yyyy-mm-dd"),
        })
    }

    fn write_head(&mut self, head: &Head) -> Result<(), XlsxError> {
        let Some(sheet) = self.sheet else { return Ok(()) };
        let sheet = self.book.worksheet_from_index(sheet)?;
        let last = column(head.headings.len().saturating_sub(1));
        for title in &head.titles {
            if last == 0 {
                sheet.write_string(self.row, 0, title)?;
            } else {
                sheet.merge_range(self.row, 0, self.row, last, title, &self.head)?;
            }
            self.row += 1;
        }
        let parent = |at: usize| head.parents.iter().find(|p| (p.first..=p.last).contains(&at));
        for (i, heading) in head.headings.iter().enumerate() {
            match parent(i) {
                Some(p) if p.first == i => {
                    sheet.merge_range(
                        self.row,
                        column(i),
                        self.row,
                        column(p.last),
                        &p.text,
                        &self.head,
                    )?;
                }
                Some(_) => {}
                None if head.two_rows => {
                    sheet.merge_range(
                        self.row,
                        column(i),
                        self.row + 1,
                        column(i),
                        heading,
                        &self.head,
                    )?;
                }
                None => {
                    sheet.write_string_with_format(self.row, column(i), heading, &self.head)?;
                }
            }
        }
        if head.two_rows {
            self.row += 1;
            for (i, heading) in
                head.headings.iter().enumerate().filter(|(i, _)| parent(*i).is_some())
            {
                sheet.write_string_with_format(self.row, column(i), heading, &self.head)?;
            }
        }
        self.row += 1;
        Ok(())
    }

    fn write_row(&mut self, cells: &Cells) -> Result<(), XlsxError> {
        let Some(sheet) = self.sheet else { return Ok(()) };
        let sheet = self.book.worksheet_from_index(sheet)?;
        for (i, (cell, kind)) in cells.iter().enumerate() {
            match kind {
                Kind::Null => {}
                Kind::Text => {
                    sheet.write_string(self.row, column(i), cell)?;
                }
                Kind::Number(number) => {
                    sheet.write_number(self.row, column(i), number)?;
                }
                Kind::Day(day) => {
                    sheet.write_number_with_format(self.row, column(i), day, &self.day)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }
}

/// A contract with more columns than Excel has would already have failed at its headings.
fn column(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

impl Sink for Book {
    fn section(&mut self, name: &str, head: &Head) -> Result<()> {
        let sheet = self.book.add_worksheet_with_constant_memory().map_err(|e| fault(&e))?;
        sheet.set_name(name).map_err(|e| fault(&e))?;
        self.sheet = Some(self.sheet.map_or(0, |s| s + 1));
        self.row = 0;
        self.write_head(head).map_err(|e| fault(&e))
    }

    fn row(&mut self, cells: &Cells, _: Quirk) -> Result<()> {
        self.write_row(cells).map_err(|e| fault(&e))
    }

    fn blank(&mut self) -> Result<bool> {
        self.row += 1;
        Ok(true)
    }

    fn layout(&mut self, cells: &Cells) -> Result<bool> {
        self.row(cells, Quirk::None)?;
        Ok(true)
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        let mut target = self.target;
        self.book.save_to_writer(&mut target).map_err(|e| fault(&e))?;
        target.close()
    }
}
