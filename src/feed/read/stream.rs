//! What a worker tells the reader of a file, and how it is written down between two processes.
//!
//! The stream is a sequence of frames: one letter, two lengths, so many bytes, and so many of the text
//! of all cells. Numbers are little endian, lengths and counts have 32 bits. A *text* is a length and
//! UTF-8; a *row* is its line (64 bits), the count of its cells, and each cell as a text.
//!
//! | frame | letter | holds |
//! |---|---|---|
//! | parts | `P` | for each part: `0` or `1` and the sheet, `0` or `1` and the names of columns (a count, texts), `1` where days are counted from 1904, its first row |
//! | rows | `R` | for each row (a count first): its line, the count of its cells, `0` or what is wrong (1 and up); for each cell of all rows (a count first): where it ends in the text |
//! | columns | `C` | the line of the first row, the count of rows; for each row that cannot be trusted (a count first): its number, what is wrong (1 and up); for each column (a count first): where its first text begins, for each text (a count first) where it ends, `0` or `1` and for each row (a count first) the number of its text, of 16 bits |
//! | merged cells | `M` | of each region that reaches over rows (a count first): its first row and column, its last, from 0 |
//! | end of a part | `E` | nothing |
//! | end of the file | `F` | nothing |
//! | refusal | `X` | whose fault, a text, a count of hints, texts |
//!
//! Parts come first and once, then the rows of each part in their order, and behind them its merged
//! cells. A stream that stops without `F` or `X` is that of a process that died.

use std::io::{self, Read, Write};

use crate::error::{Error, Kind};

use super::RawRow;
use super::batch::{Batch, Head};
use super::columns::{Column, Columns};

/// Longest frame that is believed: rows are handed over in smaller ones.
const FRAME_BYTES: usize = 64 * 1024 * 1024;

/// A sheet, or the table of a file that has no sheets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PartInfo {
    pub sheet: Option<String>,
    /// Columns that have names outside the rows.
    pub names: Option<Vec<String>>,
    /// Whether days that are numbers are counted from 1904.
    pub since_1904: bool,
    /// The first row of a sheet.
    pub first: RawRow,
}

/// What a worker tells.
#[derive(Debug)]
pub(super) enum Message {
    Parts(Vec<PartInfo>),
    Rows(Batch),
    Columns(Columns),
    /// Cells of the part that are merged over rows, as first row, first column, last row, last column.
    Merged(Vec<[u32; 4]>),
    PartEnd,
    FileEnd,
    Failed(Error),
}

/// Where messages go; false when nobody listens any more.
pub(super) type Tell<'a> = dyn FnMut(Message) -> bool + 'a;

/// Writes a frame.
///
/// # Errors
/// What `out` says.
pub(super) fn write(out: &mut impl Write, message: &Message) -> io::Result<()> {
    let (mut bytes, mut text) = (Vec::new(), "");
    let letter = match message {
        Message::Parts(parts) => {
            put_count(&mut bytes, parts.len());
            for part in parts {
                put_part(&mut bytes, part);
            }
            b'P'
        }
        Message::Rows(batch) => {
            put_batch(&mut bytes, batch);
            text = &batch.text;
            b'R'
        }
        Message::Columns(columns) => {
            put_columns(&mut bytes, columns);
            text = &columns.text;
            b'C'
        }
        Message::Merged(regions) => {
            put_count(&mut bytes, regions.len());
            regions.iter().flatten().for_each(|number| bytes.extend(number.to_le_bytes()));
            b'M'
        }
        Message::PartEnd => b'E',
        Message::FileEnd => b'F',
        Message::Failed(error) => {
            bytes.push(match error.kind {
                Kind::Gate => 0,
                Kind::Environment => 1,
                _ => 2,
            });
            put_text(&mut bytes, &error.message);
            put_texts(&mut bytes, &error.hints);
            b'X'
        }
    };
    out.write_all(&[letter])?;
    out.write_all(&(bytes.len() as u32).to_le_bytes())?;
    out.write_all(&(text.len() as u32).to_le_bytes())?;
    out.write_all(&bytes)?;
    out.write_all(text.as_bytes())
}

/// Reads a frame; nothing when the stream is over or makes no sense.
pub(super) fn read(from: &mut impl Read) -> Option<Message> {
    let mut head = [0; 9];
    from.read_exact(&mut head).ok()?;
    let mut head = Rest(&head);
    let (letter, length, text) = (head.byte()?, head.count()?, head.count()?);
    if length + text > FRAME_BYTES {
        return None;
    }
    let (mut bytes, mut text) = (vec![0; length], vec![0; text]);
    from.read_exact(&mut bytes).ok()?;
    from.read_exact(&mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    let mut rest = Rest(&bytes);
    Some(match letter {
        b'P' => Message::Parts(rest.many(Rest::part)?),
        b'R' => Message::Rows(rest.batch(text)?),
        b'C' => Message::Columns(rest.columns(text)?),
        b'M' => Message::Merged(rest.many(Rest::region)?),
        b'E' => Message::PartEnd,
        b'F' => Message::FileEnd,
        b'X' => {
            let kind = match rest.byte()? {
                0 => Kind::Gate,
                1 => Kind::Environment,
                _ => Kind::Bug,
            };
            let mut error = Error::new(kind, rest.text()?);
            error.hints = rest.many(|rest| Some(rest.text()?.to_owned()))?;
            Message::Failed(error)
        }
        _ => return None,
    })
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend((count as u32).to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_count(bytes, text.len());
    bytes.extend(text.as_bytes());
}

fn put_texts(bytes: &mut Vec<u8>, texts: &[String]) {
    put_count(bytes, texts.len());
    texts.iter().for_each(|text| put_text(bytes, text));
}

fn put_row(bytes: &mut Vec<u8>, row: &RawRow) {
    bytes.extend(row.line.to_le_bytes());
    put_count(bytes, row.len());
    row.cells().for_each(|cell| put_text(bytes, cell));
}

fn put_part(bytes: &mut Vec<u8>, part: &PartInfo) {
    bytes.push(u8::from(part.sheet.is_some()));
    part.sheet.iter().for_each(|sheet| put_text(bytes, sheet));
    bytes.push(u8::from(part.names.is_some()));
    part.names.iter().for_each(|names| put_texts(bytes, names));
    bytes.push(u8::from(part.since_1904));
    put_row(bytes, &part.first);
}

/// All of a batch but its text.
fn put_batch(bytes: &mut Vec<u8>, batch: &Batch) {
    put_count(bytes, batch.rows.len());
    for Head { line, cells, wrong } in &batch.rows {
        bytes.extend(line.to_le_bytes());
        bytes.extend(cells.to_le_bytes());
        bytes.push(*wrong);
    }
    put_numbers(bytes, &batch.ends, u32::to_le_bytes);
}

/// Numbers at one stroke, as there are some for each cell.
fn put_numbers<T: Copy, const N: usize>(
    bytes: &mut Vec<u8>,
    numbers: &[T],
    written: impl Fn(T) -> [u8; N],
) {
    put_count(bytes, numbers.len());
    let start = bytes.len();
    bytes.resize(start + N * numbers.len(), 0);
    let (places, _) = bytes[start..].as_chunks_mut::<N>();
    places.iter_mut().zip(numbers).for_each(|(place, number)| *place = written(*number));
}

/// All of some columns but their text.
fn put_columns(bytes: &mut Vec<u8>, columns: &Columns) {
    let numbers = |column: &Column| column.numbers.as_ref().map_or(0, Vec::len);
    let size = |column: &Column| 13 + 4 * column.ends.len() + 2 * numbers(column);
    bytes.reserve(20 + 5 * columns.wrong.len() + columns.columns.iter().map(size).sum::<usize>());
    bytes.extend(columns.line.to_le_bytes());
    bytes.extend(columns.rows.to_le_bytes());
    put_count(bytes, columns.wrong.len());
    for (row, reason) in &columns.wrong {
        bytes.extend(row.to_le_bytes());
        bytes.push(*reason);
    }
    put_count(bytes, columns.columns.len());
    for Column { start, ends, numbers } in &columns.columns {
        bytes.extend(start.to_le_bytes());
        put_numbers(bytes, ends, u32::to_le_bytes);
        bytes.push(u8::from(numbers.is_some()));
        numbers.iter().for_each(|numbers| put_numbers(bytes, numbers, u16::to_le_bytes));
    }
}

/// What is left of a frame.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn count(&mut self) -> Option<usize> {
        Some(self.number()? as usize)
    }

    fn line(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }

    fn numbers<T, const N: usize>(&mut self, read: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
        let count = self.count()?;
        let (numbers, _) = self.take(count.checked_mul(N)?)?.as_chunks::<N>();
        Some(numbers.iter().map(|number| read(*number)).collect())
    }

    fn row(&mut self) -> Option<RawRow> {
        let mut row = RawRow::at(self.line()?);
        for _ in 0..self.count()? {
            row.push(self.text()?);
        }
        Some(row)
    }

    fn part(&mut self) -> Option<PartInfo> {
        let sheet = if self.byte()? == 0 { None } else { Some(self.text()?.to_owned()) };
        let named = self.byte()? != 0;
        let names =
            if named { Some(self.many(|rest| Some(rest.text()?.to_owned()))?) } else { None };
        let since_1904 = self.byte()? != 0;
        Some(PartInfo { sheet, names, since_1904, first: self.row()? })
    }

    fn region(&mut self) -> Option<[u32; 4]> {
        Some([self.number()?, self.number()?, self.number()?, self.number()?])
    }

    fn batch(&mut self, text: String) -> Option<Batch> {
        let head = |rest: &mut Self| {
            let line = rest.line()?;
            Some(Head { line, cells: rest.number()?, wrong: rest.byte()? })
        };
        let rows = self.many(head)?;
        let batch = Batch { rows, ends: self.numbers(u32::from_le_bytes)?, text };
        batch.is_whole().then_some(batch)
    }

    fn columns(&mut self, text: String) -> Option<Columns> {
        let (line, rows) = (self.line()?, self.number()?);
        let wrong = self.many(|rest| Some((rest.number()?, rest.byte()?)))?.into_iter().collect();
        let column = |rest: &mut Self| {
            let (start, ends) = (rest.number()?, rest.numbers(u32::from_le_bytes)?);
            let numbered = rest.byte()? != 0;
            let numbers = if numbered { Some(rest.numbers(u16::from_le_bytes)?) } else { None };
            Some(Column { start, ends, numbers })
        };
        let columns = self.many(column)?;
        let columns = Columns { line, rows, wrong, columns, text };
        columns.is_whole().then_some(columns)
    }
}

#[cfg(test)]
mod tests;
