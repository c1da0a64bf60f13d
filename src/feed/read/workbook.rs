//! Opens workbooks and turns their cells into rows of text.

use std::io::BufReader;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Range, Reader, SheetType, Xls, Xlsx};

use crate::error::{Error, Result};

use super::container::{ReadSeek, Source};
use super::kind::Content;
use super::limits::ROW_BYTES;
use super::ndjson::push_float;
use super::{CELL_BYTES, RAW_CHARS, RawRow, reason};

/// Columns that a sheet can have.
const COLUMNS: usize = 16_384;

type Input = BufReader<Box<dyn ReadSeek>>;

/// An open workbook.
pub(super) enum Book {
    /// Streamed cell by cell.
    Xlsx(Box<Xlsx<Input>>),
    /// Held whole, sheet by sheet: the readers of these formats know no other way.
    Held(Vec<(String, Range<Data>)>),
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
            Content::Xlsx => {
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
                held(&mut book, &label)
            }
            _ => {
                let mut book = Ods::new(input).map_err(|e| unreadable(&label, &e.to_string()))?;
                held(&mut book, &label)
            }
        }
    }

    /// Names of the sheets that hold cells, hidden ones too, in their order.
    pub fn sheets(&self) -> Vec<String> {
        match self {
            Self::Xlsx(book) => worksheets(book.sheets_metadata()),
            Self::Held(sheets) => sheets.iter().map(|(name, _)| name.clone()).collect(),
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
            Self::Held(sheets) => {
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

fn held<B>(book: &mut B, label: &str) -> Result<Book>
where
    B: Reader<Input>,
    B::Error: std::fmt::Display,
{
    let mut sheets = Vec::new();
    for name in worksheets(book.sheets_metadata()) {
        let range = book.worksheet_range(&name).map_err(|e| unreadable(label, &e.to_string()))?;
        sheets.push((name, range));
    }
    Ok(Book::Held(sheets))
}

fn stream_rows(
    book: &mut Xlsx<Input>,
    label: &str,
    sheet: &str,
    sink: &mut Sink<'_>,
) -> Result<()> {
    let bad =
        |e: calamine::XlsxError| unreadable(&format!("{label}, sheet {sheet}"), &e.to_string());
    let mut cells = book.worksheet_cells_reader(sheet).map_err(bad)?;
    let mut row = RawRow::default();
    let (mut implied, mut filled) = (0_u64, 0_u64);
    while let Some(cell) = cells.next_cell().map_err(bad)? {
        let value = cell.get_value();
        if matches!(value, DataRef::Empty) {
            continue;
        }
        let (line, column) = cell.get_position();
        let (line, column) = (u64::from(line) + 1, column as usize);
        if line > row.line && !row.is_empty() && !hand(&mut row, sink) {
            return Ok(());
        }
        if line < row.line || column < row.len() || column >= COLUMNS {
            let message =
                format!("{label}, sheet {sheet}: cells out of order or place at row {line}");
            return Err(Error::gate(message).hint("open it in Excel or WPS, save it, deliver that"));
        }
        row.line = line;
        implied += (column - row.len()) as u64;
        filled += 1;
        if implied > super::limits::SHEET_CELLS && implied > filled * 100 {
            let message =
                format!("{label}, sheet {sheet}: almost every cell is empty at row {line}");
            return Err(Error::gate(message).hint("a damaged or hostile workbook; ask for CSV"));
        }
        row.pad(column);
        push(&mut row, value);
        check_length(&row, label, sheet)?;
    }
    if !row.is_empty() {
        hand(&mut row, sink);
    }
    Ok(())
}

fn held_rows(range: &Range<Data>, label: &str, sheet: &str, sink: &mut Sink<'_>) -> Result<()> {
    let Some((top, left)) = range.start() else {
        return Ok(());
    };
    let mut row = RawRow::default();
    for (i, cells) in range.rows().enumerate() {
        let Some(last) = cells.iter().rposition(|c| !matches!(c, Data::Empty)) else {
            continue;
        };
        row.line = u64::from(top) + i as u64 + 1;
        row.pad(left as usize);
        for cell in &cells[..=last] {
            push_held(&mut row, cell);
            check_length(&row, label, sheet)?;
        }
        if !hand(&mut row, sink) {
            break;
        }
    }
    Ok(())
}

/// A text may stand in a workbook once and in every cell of a row.
fn check_length(row: &RawRow, label: &str, sheet: &str) -> Result<()> {
    if row.bytes() <= ROW_BYTES {
        return Ok(());
    }
    let message = format!("{label}, sheet {sheet}: row {} is longer than 16 MiB", row.line);
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
