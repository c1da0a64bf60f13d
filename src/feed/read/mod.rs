//! Reads what departments send: every kind of extract becomes rows of text with a line number.
//!
//! Nothing here knows types. A row that cannot be trusted is handed on as [`Next::Broken`] with its
//! line, and costs nothing but itself; a file that cannot be read at all is an [`Error`].

mod apart;
mod batch;
mod columnar;
mod columns;
mod container;
mod csv;
mod depth;
mod encoding;
mod fixed;
mod header;
mod heading;
mod kind;
mod layout;
mod limits;
mod lines;
mod ndjson;
mod ods;
mod parts;
mod produce;
mod row;
mod stream;
mod table;
mod tall;
mod utf16;
mod whole;
mod workbook;

use std::path::Path;

use crate::error::{Error, Result};
use crate::pipeline::spec::{FeedColumn, FileKind, Format};

pub use apart::{Request, read_apart, set_program};
pub use columns::Columns;
pub use header::{Binding, Header, NoTable, Unbound, find_header};
pub use heading::normal_heading;
pub use layout::{Layout, is_invisible};
pub use row::RawRow;
pub use table::Table;

use container::Source;
use kind::Content;

/// Longest text of a broken row that is kept, in characters.
pub const RAW_CHARS: usize = 500;

/// Longest cell that is believed, in bytes.
pub const CELL_BYTES: usize = 64 * 1024;

/// Most cells of a row that are believed: as many as a sheet has columns.
pub const ROW_CELLS: usize = 16_384;

/// What is read of a cell of a workbook that has a formula and no result: programs that do not work out
/// formulas leave it out. A result that is an empty text is one.
pub const NO_RESULT: &str = "#UNCALCULATED!";

/// What a formula leaves in a cell that it cannot work out.
pub const FORMULA_ERRORS: [&str; 19] = [
    "#DIV/0!",
    "#N/A",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#REF!",
    "#VALUE!",
    "#DATA!",
    "#GETTING_DATA",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#BLOCKED!",
    "#CONNECT!",
    "#BUSY!",
    "#EXTERNAL!",
    "#PYTHON!",
    UNKNOWN_ERROR,
    NO_RESULT,
];

/// What is read of an error of which nothing else is known.
const UNKNOWN_ERROR: &str = "#UNKNOWN!";

/// Why a row cannot be trusted.
pub mod reason {
    /// A quote that is not closed on its line.
    pub const OPEN_QUOTE: &str = "unclosed quote?";
    /// A quote inside an unquoted cell, or text after a closing quote.
    pub const STRAY_QUOTE: &str = "a quote in the middle of a cell";
    /// A line break inside a cell.
    pub const LINE_BREAK: &str = "a line break inside a cell";
    /// More cells than the heading has.
    pub const MORE: &str = "more fields than the heading";
    /// Fewer cells than the heading has.
    pub const FEWER: &str = "fewer fields than the heading";
    /// A cell above [`CELL_BYTES`](super::CELL_BYTES).
    pub const LONG_CELL: &str = "a cell longer than 64 KiB";
    /// More cells than [`ROW_CELLS`](super::ROW_CELLS).
    pub const MANY_CELLS: &str = "more than 16384 cells";
    /// A physical line that is too long to be a row.
    pub const LONG_LINE: &str = "a line longer than 16 MiB";
    /// Bytes that the encoding cannot hold.
    pub const NOT_UTF8: &str = "bytes that are not UTF-8";
    /// Bytes that the encoding cannot hold.
    pub const NOT_GB18030: &str = "bytes that are not GB18030";
    /// Bytes that are Chinese in the one encoding and in the other.
    pub const FOREIGN: &str = "a line of UTF-8 in a file of GB18030";
    /// Bytes that the encoding cannot hold.
    pub const NOT_BIG5: &str = "bytes that are not Big5";
    /// Bytes that some other declared encoding cannot hold.
    pub const NOT_DECLARED: &str = "bytes that are not of the declared encoding";
    /// A value of a typed file that no text says, as a date beyond all years.
    pub const NO_TEXT: &str = "a value that cannot be written as text";
    /// U+FFFD in the text: an earlier conversion lost a character.
    pub const REPLACED: &str = "a character was lost in an earlier conversion (U+FFFD)";
    /// A NUL byte.
    pub const NUL: &str = "a NUL byte";
    /// A fixed-width line of the wrong length.
    pub const SHORT_LINE: &str = "a line shorter than its columns";
    /// A fixed-width line of the wrong length.
    pub const LONG_FIXED: &str = "a line longer than its columns";
    /// A line of NDJSON that is not an object.
    pub const NOT_OBJECT: &str = "not a JSON object";
    /// A key that stands twice in an object.
    pub const KEY_TWICE: &str = "a JSON key stands twice";
    /// A key that was not seen when the headings were collected.
    pub const NEW_KEY: &str = "a JSON key that the first 100 objects do not have";
}

/// Where in a delivery rows stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The file's name; a zip's member is `outer.zip!inner.csv`.
    pub file: String,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// What the text was read as, with what is odd about it; of a file that is no text its kind, `xlsx`.
    pub encoding: Option<String>,
    /// What separates the cells of a line.
    pub delimiter: Option<char>,
    /// Days that stand in its cells as numbers are counted from 1904, not from 1900.
    pub since_1904: bool,
    /// After the last row: the last line had no line end, as when a file was cut.
    pub unterminated: bool,
    /// After the last row: cells of an XLSX that are merged over rows, as first row, first column, last
    /// row and last column, from 0.
    pub merged: Vec<[u32; 4]>,
}

/// What comes next in a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The row was filled.
    Row,
    /// The row cannot be trusted. For a wrong number of fields, and for characters that were lost or mean
    /// nothing, the row holds what was read.
    Broken {
        /// Physical line or sheet row, from 1.
        line: u64,
        /// Offset of the record in the file where that is known, else 0.
        byte: u64,
        /// One of [`reason`].
        reason: &'static str,
        /// The row's text, at most [`RAW_CHARS`] characters.
        raw: String,
    },
    /// There is nothing more.
    End,
}

/// How the columns of rows are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'a> {
    /// Delimited text; a heading stands somewhere, and every row has its width.
    Text,
    /// A sheet; a heading stands somewhere, and rows end with their last filled cell.
    Sheet,
    /// Columns have names outside the rows.
    Named(&'a [String]),
    /// Columns have an order only.
    Fixed,
}

/// A stream of rows.
pub trait Rows: Send {
    /// Where the rows stand.
    fn part(&self) -> &Part;

    /// How the columns are named.
    fn shape(&self) -> Shape<'_>;

    /// Fills `row` with the next one. After [`Next::End`] it stays at the end.
    fn next(&mut self, row: &mut RawRow) -> Result<Next>;

    /// Tells the width of the heading: rows of another width are broken from now on.
    fn set_width(&mut self, _width: usize) {}

    /// Reads again what came after the first `rows` rows, if it can; before [`Rows::set_width`].
    /// What was joined for the sake of a heading is then read line by line.
    fn rewind(&mut self, _rows: u64) -> bool {
        false
    }
}

/// Opens a file of which no columns are known, see [`open_extract`].
///
/// # Errors
/// As for [`open_extract`].
pub fn open(path: &Path, format: &Format) -> Result<Vec<Box<dyn Rows>>> {
    open_extract(path, format, &[])
}

/// Opens an extract that should have some columns: one stream for each sheet or zip member, read
/// lazily.
///
/// # Errors
/// The file cannot be opened, is damaged, empty or protected by a password, passes a limit, is of a
/// kind that is not read or not of the one that the contract names; a contract that cannot be
/// obeyed.
pub fn open_extract(
    path: &Path,
    format: &Format,
    columns: &[FeedColumn],
) -> Result<Vec<Box<dyn Rows>>> {
    // Receipts and reports go on to others, whom it does not concern where the folders are.
    let name = Source::file(path).label();
    let closed = |e: std::io::Error| {
        Error::gate(format!("cannot open {name}: {e}"))
            .hint("check who may read it, or ask the sender to deliver it again")
    };
    let meta = std::fs::metadata(path).map_err(closed)?;
    if meta.is_dir() {
        return Err(Error::gate(format!("{name} is a folder, expected a file"))
            .hint("put the files themselves into the delivery, or zip the folder"));
    }
    if !meta.is_file() {
        return Err(Error::gate(format!("{name} is not a regular file"))
            .hint("copy the extract into the delivery"));
    }
    // That this one file cannot be opened is no fault of the machine.
    std::fs::File::open(path).map_err(closed)?;
    let source = Source::file(path);
    let content = kind::of(&source, format)?;
    if content != Content::Zip {
        return open_one(&source, content, format, columns);
    }
    let mut all = Vec::new();
    for member in container::members(path)? {
        let content = kind::of(&member, format)?;
        if content == Content::Zip {
            return Err(Error::gate(format!("{} is a zip inside a zip", member.label()))
                .hint("ask the sender to zip once, or unpack the inner one"));
        }
        all.extend(open_one(&member, content, format, columns)?);
    }
    Ok(all)
}

/// What a file is by its first bytes, for messages; nothing when they do not tell.
pub fn kind_words(path: &Path, format: &Format) -> Option<&'static str> {
    kind::of(&Source::file(path), format).ok().map(Content::words)
}

/// A sheet and its merged cells.
pub type Merged = (String, Vec<[usize; 4]>);

/// The merged cells of each sheet of an XLSX, as first row, first column, last row and last column,
/// from 0; nothing for a file of another kind, which does not say it.
///
/// # Errors
/// As for [`open`].
pub fn merged(path: &Path) -> Result<Option<Vec<Merged>>> {
    let source = Source::file(path);
    if kind::of(&source, &Format::default())?.format() != Content::Xlsx {
        return Ok(None);
    }
    let mut sheets = Vec::new();
    for mut rows in parts::open_merged(&source)? {
        let mut regions = Vec::new();
        let mut row = RawRow::default();
        while rows.next(&mut row)? == Next::Row {
            let number = |at: usize| row.cell(at).parse().unwrap_or_default();
            regions.push(std::array::from_fn(number));
        }
        sheets.push((rows.part().sheet.clone().unwrap_or_default(), regions));
    }
    Ok(Some(sheets))
}

/// Opens one file or zip member whose content is known.
fn open_one(
    source: &Source,
    content: Content,
    format: &Format,
    columns: &[FeedColumn],
) -> Result<Vec<Box<dyn Rows>>> {
    check_declared(source, content, format.kind)?;
    Ok(match content {
        Content::Text => vec![csv::open(source, format)?],
        Content::Fixed => vec![fixed::open(source, format)?],
        Content::Json => vec![ndjson::open(source, format, columns)?],
        Content::Parquet | Content::Xlsx | Content::Merging | Content::Xls | Content::Ods => {
            parts::open(source, content, format)?
        }
        Content::Zip => return Err(Error::bug("a zip was opened as rows")),
    })
}

/// A contract that names the kind is obeyed: another kind is a change that somebody must see.
fn check_declared(source: &Source, found: Content, declared: FileKind) -> Result<()> {
    let wanted = match declared {
        FileKind::Auto => return Ok(()),
        FileKind::Csv => Content::Text,
        FileKind::Xlsx => Content::Xlsx,
        FileKind::Xls => Content::Xls,
        FileKind::Ods => Content::Ods,
        FileKind::Ndjson => Content::Json,
        FileKind::Parquet => Content::Parquet,
        FileKind::Fixed => Content::Fixed,
    };
    if wanted == found.format() {
        return Ok(());
    }
    Err(Error::gate(format!(
        "{} is {}, expected {} as the feed's format.kind says",
        source.label(),
        found.words(),
        wanted.words()
    ))
    .hint("ask the sender what changed, or set format.kind: auto"))
}

/// The first [`RAW_CHARS`] characters of a broken row.
fn raw_text(text: &str) -> String {
    match text.char_indices().nth(RAW_CHARS) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}
