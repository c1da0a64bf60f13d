//! Opens workbooks and turns their cells into rows of text.

use std::io::BufReader;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Range, Reader, SheetType, Xls, Xlsx, XlsxError};

use crate::error::{Error, Result};

use super::container::{ReadSeek, Source};
use super::kind::Content;
use super::limits::ROW_BYTES;
use super::ndjson::push_float;
use super::{CELL_BYTES, FORMULA_ERRORS, NO_RESULT, RAW_CHARS, RawRow, UNKNOWN_ERROR, reason};

/// Columns that a sheet can have.
const COLUMNS: usize = 16_384;

type Input = BufReader<Box<dyn ReadSeek>>;

/// An open workbook.
pub(super) enum Book {
    /// Streamed cell by cell.
    Xlsx(Box<Xlsx<Input>>),
    /// Held whole, sheet by sheet: the readers of these formats know no other way. And whether it counts
    /// days from 1904.
    Held(Vec<(String, Range<Data>)>, bool),
}

/// Where rows go, with what is wrong with them; false when nobody wants more.
pub(super) type Sink<'a> = dyn FnMut(&RawRow, Option<&'static str>) -> bool + 'a;

impl Book {
    /// Opens a workbook. The library may panic, or ask for any memory: see `apart`.
    ///
    /// # Errors
    /// It cannot be read, or has a password; what the disk says.
    pub fn open(source: &Source, content: Content) -> Result<Self> {
        let label = source.label();
        let input = BufReader::new(source.seekable()?);
        match content {
            Content::Xlsx | Content::Merging => {
                let book = Xlsx::new(input).map_err(|e| unreadable(&label, &e.to_string()))?;
                Ok(Self::Xlsx(Box::new(book)))
            }
            Content::Xls => {
                let mut book = Xls::new(input).map_err(|e| match e {
                    calamine::XlsError::Password => {
                        Error::gate(format!("{label} is a workbook protected by a password"))
                            .hint("ask the sender for it without a password")
                    }
                    e => unreadable(&label, &e.to_string()),
                })?;
                let since_1904 = book.has_1904_epoch();
                Ok(Self::Held(held(&mut book, &label)?, since_1904))
            }
            _ => {
                let mut book = Ods::new(input).map_err(|e| unreadable(&label, &e.to_string()))?;
                Ok(Self::Held(held(&mut book, &label)?, false))
            }
        }
    }

    /// Names of the sheets that hold cells, hidden ones too, in their order.
    pub fn sheets(&self) -> Vec<String> {
        match self {
            Self::Xlsx(book) => worksheets(book.sheets_metadata()),
            Self::Held(sheets, _) => sheets.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Whether days that stand in its cells as numbers are counted from 1904, not from 1900.
    pub fn since_1904(&self) -> bool {
        match self {
            Self::Xlsx(book) => book.has_1904_epoch(),
            Self::Held(_, since_1904) => *since_1904,
        }
    }

    /// The cells of a sheet that are merged, as first row, first column, last row, last column, from
    /// 0. Only XLSX says it.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn merged(&mut self, label: &str, sheet: &str) -> Result<Vec<[u32; 4]>> {
        let Self::Xlsx(book) = self else { return Ok(Vec::new()) };
        let found = book.merge_cells_by_sheet_name(sheet);
        let found = found.map_err(|e| unreadable(label, &e.to_string()))?;
        Ok(found.iter().map(|d| [d.start.0, d.start.1, d.end.0, d.end.1]).collect())
    }

    /// Hands the rows of a sheet to `sink`, empty rows left out.
    ///
    /// # Errors
    /// The sheet cannot be read, or passes a limit.
    pub fn rows(&mut self, label: &str, sheet: &str, sink: &mut Sink<'_>) -> Result<()> {
        match self {
            Self::Xlsx(book) => stream_rows(book, label, sheet, sink),
            Self::Held(sheets, _) => {
                if let Some((_, range)) = sheets.iter().find(|(name, _)| name == sheet) {
                    held_rows(range, label, sheet, sink)?;
                }
                Ok(())
            }
        }
    }
}

fn worksheets(sheets: &[calamine::Sheet]) -> Vec<String> {
    let cells = sheets.iter().filter(|s| s.typ == SheetType::WorkSheet);
    cells.map(|s| s.name.clone()).collect()
}

fn held<B>(book: &mut B, label: &str) -> Result<Vec<(String, Range<Data>)>>
where
    B: Reader<Input>,
    B::Error: std::fmt::Display,
{
    let mut sheets = Vec::new();
    for name in worksheets(book.sheets_metadata()) {
        let range = book.worksheet_range(&name).map_err(|e| unreadable(label, &e.to_string()))?;
        sheets.push((name, range));
    }
    Ok(sheets)
}

/// Hands on the rows of a sheet. Of an error that the library does not know it says only that there is
/// one: then the places of all of these are looked up, and the sheet is read again from that row on.
fn stream_rows(
    book: &mut Xlsx<Input>,
    label: &str,
    sheet: &str,
    sink: &mut Sink<'_>,
) -> Result<()> {
    let place = format!("{label}, sheet {sheet}");
    let Some(line) = rows_from(book, &place, sheet, 0, &[], sink)? else {
        return Ok(());
    };
    let errors = unknown_errors(book, sheet).map_err(|e| unreadable(&place, &e.to_string()))?;
    match rows_from(book, &place, sheet, line, &errors, sink)? {
        None => Ok(()),
        Some(_) => Err(Error::bug(format!("{place}: an error without a place"))),
    }
}

/// Hands on the rows from a line on. It stops at an error that the library does not know where `errors`
/// has no place for it, and gives the line of the first row that is not handed on.
fn rows_from(
    book: &mut Xlsx<Input>,
    place: &str,
    sheet: &str,
    from: u64,
    errors: &[(u32, u32)],
    sink: &mut Sink<'_>,
) -> Result<Option<u64>> {
    let bad = |e: XlsxError| unreadable(place, &e.to_string());
    let mut cells = book.worksheet_cells_reader(sheet).map_err(bad)?;
    let mut errors = errors.iter();
    let mut row = RawRow::default();
    let (mut implied, mut filled) = (0_u64, 0_u64);
    loop {
        let ((line, column), value) = match cells.next_cell_with_formula_metadata() {
            Ok(None) => break,
            Ok(Some(cell)) => match cell.value {
                DataRef::Empty if cell.formula.is_none() => continue,
                DataRef::Empty => (cell.pos, DataRef::String(NO_RESULT.to_owned())),
                value => (cell.pos, value),
            },
            Err(XlsxError::CellError(error)) => match errors.next() {
                Some(at) => (*at, DataRef::String(error_text(error))),
                None => return Ok(Some(row.line)),
            },
            Err(e) => return Err(bad(e)),
        };
        let (line, column) = (u64::from(line) + 1, column as usize);
        if line < from {
            continue;
        }
        if line > row.line && !row.is_empty() && !hand(&mut row, sink) {
            return Ok(None);
        }
        if line < row.line || column < row.len() || column >= COLUMNS {
            let message = format!("{place}: cells out of order or place at row {line}");
            return Err(Error::gate(message).hint("open it in Excel or WPS, save it, deliver that"));
        }
        row.line = line;
        implied += (column - row.len()) as u64;
        filled += 1;
        if implied > super::limits::SHEET_CELLS && implied > filled * 100 {
            let message = format!("{place}: almost every cell is empty at row {line}");
            return Err(Error::gate(message).hint("a damaged or hostile workbook; ask for CSV"));
        }
        row.pad(column);
        push(&mut row, &value);
        check_length(&row, place)?;
    }
    if !row.is_empty() {
        hand(&mut row, sink);
    }
    Ok(None)
}

/// Where the errors stand that the library does not know: one reading of the sheet has their numbers
/// among the cells, another the places of all cells.
fn unknown_errors(
    book: &mut Xlsx<Input>,
    sheet: &str,
) -> std::result::Result<Vec<(u32, u32)>, XlsxError> {
    let mut numbers = Vec::new();
    let mut cells = book.worksheet_cells_reader(sheet)?;
    for number in 0_u64.. {
        match cells.next_cell() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(XlsxError::CellError(_)) => numbers.push(number),
            Err(e) => return Err(e),
        }
    }
    drop(cells);
    let mut wanted = numbers.into_iter().peekable();
    let mut cells = book.worksheet_cells_reader(sheet)?;
    let (mut places, mut number) = (Vec::new(), 0_u64);
    while wanted.peek().is_some()
        && let Some(cell) = cells.next_formula()?
    {
        if wanted.next_if_eq(&number).is_some() {
            places.push(cell.get_position());
        }
        number += 1;
    }
    Ok(places)
}

/// An error as the text of a cell, by which it is known to be one.
fn error_text(error: String) -> String {
    if FORMULA_ERRORS.contains(&error.as_str()) { error } else { UNKNOWN_ERROR.to_owned() }
}

fn held_rows(range: &Range<Data>, label: &str, sheet: &str, sink: &mut Sink<'_>) -> Result<()> {
    let Some((top, left)) = range.start() else {
        return Ok(());
    };
    let place = format!("{label}, sheet {sheet}");
    let mut row = RawRow::default();
    for (i, cells) in range.rows().enumerate() {
        let Some(last) = cells.iter().rposition(|c| !matches!(c, Data::Empty)) else {
            continue;
        };
        row.line = u64::from(top) + i as u64 + 1;
        row.pad(left as usize);
        for cell in &cells[..=last] {
            push_held(&mut row, cell);
            check_length(&row, &place)?;
        }
        if !hand(&mut row, sink) {
            break;
        }
    }
    Ok(())
}

/// A text may stand in a workbook once and in every cell of a row.
fn check_length(row: &RawRow, place: &str) -> Result<()> {
    if row.bytes() <= ROW_BYTES {
        return Ok(());
    }
    let message = format!("{place}: row {} is longer than 16 MiB", row.line);
    Err(Error::gate(message).hint("a damaged or hostile workbook; ask for CSV"))
}

/// Hands a row on, checked, and leaves an empty one.
fn hand(row: &mut RawRow, sink: &mut Sink<'_>) -> bool {
    let wanted = if row.cells().any(|cell| cell.len() > CELL_BYTES) {
        sink(&row.clipped(4 * RAW_CHARS), Some(reason::LONG_CELL))
    } else {
        sink(row, None)
    };
    row.clear();
    wanted
}

fn push(row: &mut RawRow, value: &DataRef<'_>) {
    match value {
        DataRef::Empty => row.push(""),
        DataRef::Int(n) => row.push_fmt(format_args!("{n}")),
        DataRef::Float(v) => push_float(row, *v),
        DataRef::String(text) => row.push(text),
        DataRef::SharedString(text) => row.push(text),
        DataRef::Bool(b) => row.push(if *b { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(at) => push_date(row, *at),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => row.push(text),
        DataRef::Error(e) => row.push_fmt(format_args!("{e}")),
    }
}

fn push_held(row: &mut RawRow, value: &Data) {
    match value {
        Data::Empty => row.push(""),
        Data::Int(n) => row.push_fmt(format_args!("{n}")),
        Data::Float(v) => push_float(row, *v),
        Data::String(text) => row.push(text),
        Data::Bool(b) => row.push(if *b { "TRUE" } else { "FALSE" }),
        Data::DateTime(at) => push_date(row, *at),
        Data::DateTimeIso(text) | Data::DurationIso(text) => row.push(text),
        Data::Error(e) => row.push_fmt(format_args!("{e}")),
    }
}

/// A date as ISO text. What a date format shows of a number that is no date stays a number, so that
/// an ID in a column formatted as date is not turned into the year 9999.
fn push_date(row: &mut RawRow, at: ExcelDateTime) {
    let serial = at.as_f64();
    if at.is_duration() || !(0.0..2_958_466.0).contains(&serial) {
        return push_float(row, serial);
    }
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let midnight = (hour, minute, second, milli) == (0, 0, 0, 0);
    if serial < 1.0 && !midnight {
        row.push_fmt(format_args!("{hour:02}:{minute:02}:{second:02}"));
    } else if midnight {
        row.push_fmt(format_args!("{year:04}-{month:02}-{day:02}"));
    } else {
        row.push_fmt(format_args!(
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        ));
    }
}

fn unreadable(label: &str, what: &str) -> Error {
    Error::gate(format!("{label} cannot be read as a workbook: {what}"))
        .hint("open it in Excel or WPS, save it as XLSX, and deliver that")
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn dates_as_text() {
        let mut row = RawRow::default();
        for serial in [32606.0, 45943.5, 0.5, 6.2e17, 0.0] {
            push_date(&mut row, ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, false));
        }
        let cells: Vec<&str> = row.cells().collect();
        let expected = ["1989-04-08", "2025-10-13 12:00:00", "12:00:00", "6.20000000000000e17"];
        assert_eq!(cells[..4], expected);
    }
}
