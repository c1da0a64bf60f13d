//! Workbooks: this file and its looks are the only ones here that know the XLSX crate. Pages take
//! texts and looks, row by row from the top down.
//!
//! Every text goes in as a string, never as a formula, and one that begins like a formula gets an
//! apostrophe, so that it stays a text when somebody edits the cell.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationRule, DocProperties, ExcelDateTime, Format, FormatAlign,
    Note, ProtectionOptions, Workbook, Worksheet, XlsxError,
};

pub use super::look::Look;
use super::look::format;
use super::seal::safe;
use crate::error::{Error, Result};

/// Points between the margins of A3 across, less a third: where the font of the widths is missing,
/// columns come out wider. Points of one line of print.
const A3_POINTS: f64 = 770.0;
const LINE_POINTS: f64 = 13.5;

/// Lines that a text takes in a column of so many characters.
fn lines(text: &str, width: f64) -> usize {
    let room = (width - 0.6).max(1.0);
    let wide =
        |line: &str| line.chars().map(|c| if c.is_ascii() { 1.0 } else { 1.95 }).sum::<f64>();
    text.split('\n').map(|line| ((wide(line) / room).ceil() as usize).max(1)).sum()
}

/// What a page looks like on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// A4, upright.
    A4,
    /// A4, across.
    Across,
    /// A3, across.
    Wide,
}

/// An open workbook.
pub struct Book {
    book: Workbook,
    looks: Looks,
}

/// The formats that the workbook uses so far.
#[derive(Default)]
struct Looks(BTreeMap<Look, Format>);

impl Looks {
    fn of(&mut self, look: Look) -> &Format {
        self.0.entry(look).or_insert_with(|| format(look))
    }
}

/// Faults of the XLSX crate that are left are mistakes of this module: sizes were checked before.
fn fault(source: &XlsxError) -> Error {
    match source {
        XlsxError::IoError(io) => Error::environment(format!("cannot write a workbook: {io}")),
        other => Error::bug(format!("workbook: {other}")),
    }
}

impl Book {
    /// A workbook made on a day; the same content on the same day has the same bytes. Rows of large
    /// pages wait in `folder`.
    ///
    /// # Errors
    /// No such folder.
    pub fn new(title: &str, author: &str, day: NaiveDate, folder: &Path) -> Result<Self> {
        let mut book = Workbook::new();
        let year = u16::try_from(day.year()).unwrap_or(2000);
        let made = ExcelDateTime::from_ymd(year, day.month() as u8, day.day() as u8);
        let made = made.map_err(|e| fault(&e))?;
        let about = DocProperties::new().set_title(title).set_author(author);
        book.set_properties(&about.set_creation_datetime(&made));
        book.set_tempdir(folder).map_err(|e| fault(&e))?;
        Ok(Self { book, looks: Looks::default() })
    }

    /// A page whose rows are written from the top down and do not stay in memory.
    ///
    /// # Errors
    /// A name that no page can have.
    pub fn page(&mut self, name: &str) -> Result<Page<'_>> {
        let sheet = self.book.add_worksheet_with_low_memory().map_err(|e| fault(&e))?;
        sheet.set_name(name).map_err(|e| fault(&e))?;
        Ok(Page { sheet, looks: &mut self.looks, row: 0 })
    }

    /// The file.
    ///
    /// # Errors
    /// The disk.
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        self.book.save_to_buffer().map_err(|e| fault(&e))
    }
}

/// One sheet.
pub struct Page<'a> {
    sheet: &'a mut Worksheet,
    looks: &'a mut Looks,
    /// The row that is being written; those above it are gone.
    row: u32,
}

impl Page<'_> {
    fn done<T>(result: Result<T, XlsxError>) -> Result<()> {
        result.map(drop).map_err(|e| fault(&e))
    }

    /// A row above the one that is being written would be left out in silence.
    fn go_to(&mut self, row: u32) -> Result<()> {
        if row < self.row {
            return Err(Error::bug(format!("workbook: row {row} after row {}", self.row)));
        }
        self.row = row;
        Ok(())
    }

    /// A text; an empty one is a cell with a look.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn text(&mut self, row: u32, column: u16, text: &str, look: Look) -> Result<()> {
        self.go_to(row)?;
        let look = self.looks.of(look);
        if text.is_empty() {
            return Self::done(self.sheet.write_blank(row, column, look));
        }
        Self::done(self.sheet.write_string_with_format(row, column, safe(text), look))
    }

    /// A row of headings from a column on.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn heads(&mut self, row: u32, from: u16, words: &[&str]) -> Result<()> {
        (from..).zip(words).try_for_each(|(place, word)| self.text(row, place, word, Look::HeadKey))
    }

    /// A count.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn number(&mut self, row: u32, column: u16, number: u64, look: Look) -> Result<()> {
        self.go_to(row)?;
        let look = self.looks.of(look);
        Self::done(self.sheet.write_number_with_format(row, column, number as f64, look))
    }

    /// A number with so many decimal places, given in units of the last, to the right; on a colour if need be.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn decimal(
        &mut self,
        row: u32,
        column: u16,
        value: i128,
        places: u32,
        rgb: Option<u32>,
    ) -> Result<()> {
        self.go_to(row)?;
        let digits = "0".repeat(places as usize);
        let pattern = if places == 0 { "#,##0".to_owned() } else { format!("#,##0.{digits}") };
        let look = self.looks.of(Look::Number).clone().set_num_format(pattern);
        let look = look.set_align(FormatAlign::Right);
        let look = rgb.map_or(look.clone(), |rgb| look.set_background_color(Color::RGB(rgb)));
        let value = value as f64 / 10_f64.powi(places as i32);
        Self::done(self.sheet.write_number_with_format(row, column, value, &look))
    }

    /// One text over some columns.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn span(&mut self, row: u32, columns: (u16, u16), text: &str, look: Look) -> Result<()> {
        let (first, last) = columns;
        if first == last {
            return self.text(row, first, text, look);
        }
        self.go_to(row)?;
        let look = self.looks.of(look);
        Self::done(self.sheet.merge_range(row, first, row, last, &safe(text), look))
    }

    /// Widths of the columns from the first on, in characters.
    ///
    /// # Errors
    /// Too many columns.
    pub fn widths(&mut self, widths: &[f64]) -> Result<()> {
        for (column, width) in (0_u16..).zip(widths) {
            Self::done(self.sheet.set_column_width(column, *width))?;
        }
        Ok(())
    }

    /// The height of a row in points.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn height(&mut self, row: u32, points: f64) -> Result<()> {
        Self::done(self.sheet.set_row_height(row, points))
    }

    /// A height in which each text fits into its column; for rows that a printer does not stretch.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn fit<'t>(
        &mut self,
        row: u32,
        cells: impl IntoIterator<Item = (&'t str, f64)>,
    ) -> Result<()> {
        let most = cells.into_iter().map(|(text, width)| lines(text, width)).max().unwrap_or(1);
        self.height(row, (most as f64 * LINE_POINTS + 6.0).clamp(20.0, 400.0))
    }

    /// Rows above and columns left of a cell stay in view; the rows are printed on every sheet of
    /// paper.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn freeze(&mut self, row: u32, column: u16) -> Result<()> {
        Self::done(self.sheet.set_freeze_panes(row, column))?;
        Self::done(self.sheet.set_repeat_rows(0, row.saturating_sub(1)))
    }

    /// Filter buttons on a row of headings.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn filter(&mut self, head: u32, last: u32, columns: u16) -> Result<()> {
        Self::done(self.sheet.autofilter(head, 0, last, columns.saturating_sub(1)))
    }

    /// A drop-down of these words.
    ///
    /// # Errors
    /// The words are too long together.
    pub fn choices(&mut self, rows: (u32, u32), column: u16, words: &[&str]) -> Result<()> {
        let rule = DataValidation::new().allow_list_strings(words).map_err(|e| fault(&e))?;
        let rule = rule.set_error_title("请从列表中选择").map_err(|e| fault(&e))?;
        let text = "请从下拉列表中选择一项，不要自行填写。";
        let rule = rule.set_error_message(text).map_err(|e| fault(&e))?;
        Self::done(self.sheet.add_data_validation(rows.0, column, rows.1, column, &rule))
    }

    /// Only days up to one; from another on where there is one.
    ///
    /// # Errors
    /// Outside of the sheet.
    pub fn days(
        &mut self,
        rows: (u32, u32),
        column: u16,
        from: Option<NaiveDate>,
        to: NaiveDate,
    ) -> Result<()> {
        let day = |d: NaiveDate| {
            let year = u16::try_from(d.year()).unwrap_or(2000);
            ExcelDateTime::from_ymd(year, d.month() as u8, d.day() as u8).map_err(|e| fault(&e))
        };
        let (rule, text) = match from {
            Some(from) => (
                DataValidationRule::Between(day(from)?, day(to)?),
                format!("请填写{from}至{to}之间的日期，如 {from}。"),
            ),
            None => (
                DataValidationRule::LessThanOrEqualTo(day(to)?),
                format!("请填写不晚于{to}的日期，写法如 {to}。"),
            ),
        };
        let rule = DataValidation::new().allow_date(rule);
        let rule = rule.set_error_title("日期不对").map_err(|e| fault(&e))?;
        let rule = rule.set_error_message(text).map_err(|e| fault(&e))?;
        Self::done(self.sheet.add_data_validation(rows.0, column, rows.1, column, &rule))
    }

    /// A note on a cell.
    ///
    /// # Errors
    /// Too long.
    pub fn note(&mut self, row: u32, column: u16, text: &str) -> Result<()> {
        let note = Note::new(text).add_author_prefix(false).set_author("bidui");
        Self::done(self.sheet.insert_note(row, column, &note.set_width(220).set_height(90)))
    }

    /// Locked cells cannot be changed; filters and formats still work. There is no password: who wants
    /// to sort lifts the protection, as no program sorts locked cells, whatever the sheet allows.
    pub fn protect(&mut self) {
        let mut options = ProtectionOptions::new();
        options.use_autofilter = true;
        options.format_cells = true;
        options.format_columns = true;
        options.format_rows = true;
        self.sheet.protect_with_options(&options);
    }

    /// How it is printed: all columns on one sheet of paper, pages numbered.
    pub fn paper(&mut self, paper: Paper) {
        match paper {
            Paper::A4 => self.sheet.set_paper_size(9),
            Paper::Across => self.sheet.set_paper_size(9).set_landscape(),
            Paper::Wide => self.sheet.set_paper_size(8).set_landscape(),
        };
        self.sheet.set_margins(0.4, 0.4, 0.5, 0.5, 0.25, 0.25);
        self.sheet.set_print_fit_to_pages(1, 0).set_print_center_horizontally(true);
        self.sheet.set_footer("&L&9&A&C&9第 &P 页 共 &N 页").set_screen_gridlines(false);
    }

    /// Printed on sheets of A3 side by side: the columns up to `cut`, then the others with the first
    /// `fixed` ones again; the rows `head` on every sheet.
    ///
    /// # Errors
    /// Too many columns.
    pub fn spread(
        &mut self,
        widths: &[f64],
        cut: usize,
        fixed: u16,
        head: (u32, u32),
    ) -> Result<()> {
        self.paper(Paper::Wide);
        Self::done(self.sheet.set_repeat_rows(head.0, head.1))?;
        let points = |own: &[f64]| own.iter().map(|w| w * 5.25 + 3.75).sum::<f64>();
        let cut = cut.min(widths.len());
        let second = points(&widths[..usize::from(fixed)]) + points(&widths[cut..]);
        let scale = (A3_POINTS / points(&widths[..cut]).max(second) * 100.0).floor();
        self.sheet.set_print_scale(scale.clamp(20.0, 100.0) as u16);
        if cut < widths.len() {
            let cut = u32::try_from(cut).unwrap_or(u32::MAX);
            Self::done(self.sheet.set_vertical_page_breaks(&[cut]))?;
            Self::done(self.sheet.set_repeat_columns(0, fixed.saturating_sub(1)))?;
        }
        Ok(())
    }

    /// The colour of the tab.
    pub fn tab(&mut self, rgb: u32) {
        self.sheet.set_tab_color(Color::RGB(rgb));
    }

    /// Nobody sees the page without a program.
    pub fn hide(&mut self) {
        self.sheet.set_very_hidden(true);
    }
}
