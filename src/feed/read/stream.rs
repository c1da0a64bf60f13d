//! What a worker tells the reader of a file, and how it is written down between two processes.
//!
//! The stream is a sequence of frames: one letter, a length, that many bytes. Numbers are little
//! endian, lengths and counts have 32 bits. A *text* is a length and UTF-8; a *row* is its line (64
//! bits), the count of its cells, and each cell as a text.
//!
//! | frame | letter | holds |
//! |---|---|---|
//! | parts | `P` | for each part: `0` or `1` and the sheet, `0` or `1` and the names of columns (a count, texts), its first row |
//! | rows | `R` | for each row (a count first): its line, the count of its cells, `0` or what is wrong (1 and up); for each cell of all rows (a count first): where it ends in the text; the text |
//! | columns | `C` | the line of the first row, the count of rows; for each row that cannot be trusted (a count first): its number, what is wrong (1 and up); for each column (a count first): where its first text begins, for each text (a count first) where it ends, `0` or `1` and for each row (a count first) the number of its text; the text |
//! | end of a part | `E` | nothing |
//! | end of the file | `F` | nothing |
//! | refusal | `X` | whose fault, a text, a count of hints, texts |
//!
//! Parts come first and once, then the rows of each part in their order. A stream that stops without
//! `F` or `X` is that of a process that died.

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
    /// The first row of a sheet.
    pub first: RawRow,
}

/// What a worker tells.
#[derive(Debug)]
pub(super) enum Message {
    Parts(Vec<PartInfo>),
    Rows(Batch),
    Columns(Columns),
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
    let mut bytes = Vec::new();
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
            b'R'
        }
        Message::Columns(columns) => {
            put_columns(&mut bytes, columns);
            b'C'
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
    out.write_all(&bytes)
}

/// Reads a frame; nothing when the stream is over or makes no sense.
pub(super) fn read(from: &mut impl Read) -> Option<Message> {
    let mut head = [0; 5];
    from.read_exact(&mut head).ok()?;
    let [letter, length @ ..] = head;
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME_BYTES {
        return None;
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).ok()?;
    let mut rest = Rest(&bytes);
    Some(match letter {
        b'P' => Message::Parts(rest.many(Rest::part)?),
        b'R' => Message::Rows(rest.batch()?),
        b'C' => Message::Columns(rest.columns()?),
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
    put_row(bytes, &part.first);
}

fn put_batch(bytes: &mut Vec<u8>, batch: &Batch) {
    put_count(bytes, batch.rows.len());
    for Head { line, cells, wrong } in &batch.rows {
        bytes.extend(line.to_le_bytes());
        bytes.extend(cells.to_le_bytes());
        bytes.push(*wrong);
    }
    put_numbers(bytes, &batch.ends);
    put_text(bytes, &batch.text);
}

fn put_numbers(bytes: &mut Vec<u8>, numbers: &[u32]) {
    put_count(bytes, numbers.len());
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn put_columns(bytes: &mut Vec<u8>, columns: &Columns) {
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
        put_numbers(bytes, ends);
        bytes.push(u8::from(numbers.is_some()));
        numbers.iter().for_each(|numbers| put_numbers(bytes, numbers));
    }
    put_text(bytes, &columns.text);
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

    fn numbers(&mut self) -> Option<Vec<u32>> {
        let count = self.count()?;
        let (numbers, _) = self.take(count.checked_mul(4)?)?.as_chunks::<4>();
        Some(numbers.iter().map(|number| u32::from_le_bytes(*number)).collect())
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
        Some(PartInfo { sheet, names, first: self.row()? })
    }

    fn batch(&mut self) -> Option<Batch> {
        let head = |rest: &mut Self| {
            let line = rest.line()?;
            Some(Head { line, cells: rest.number()?, wrong: rest.byte()? })
        };
        let rows = self.many(head)?;
        let batch = Batch { rows, ends: self.numbers()?, text: self.text()?.to_owned() };
        batch.is_whole().then_some(batch)
    }

    fn columns(&mut self) -> Option<Columns> {
        let (line, rows) = (self.line()?, self.number()?);
        let wrong = self.many(|rest| Some((rest.number()?, rest.byte()?)))?.into_iter().collect();
        let column = |rest: &mut Self| {
            let (start, ends) = (rest.number()?, rest.numbers()?);
            let numbers = if rest.byte()? == 0 { None } else { Some(rest.numbers()?) };
            Some(Column { start, ends, numbers })
        };
        let columns = self.many(column)?;
        let columns = Columns { line, rows, wrong, columns, text: self.text()?.to_owned() };
        columns.is_whole().then_some(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::TakingRows;
    use super::super::reason;
    use super::*;

    fn row() -> RawRow {
        let mut row = RawRow::at(7);
        ["张三", "", "x\ny"].iter().for_each(|cell| row.push(cell));
        row
    }

    #[test]
    fn frames_come_back_and_damage_is_seen() {
        let mut bytes = Vec::new();
        let names = Some(vec!["姓名".to_owned()]);
        let part = PartInfo { sheet: Some("临夏县".into()), names, first: row() };
        write(&mut bytes, &Message::Parts(vec![part, PartInfo::default()])).expect("written");
        let mut batch = Batch::default();
        batch.push(&row(), None);
        batch.push(&RawRow::at(8), None);
        batch.push(&row(), Some(reason::NOT_UTF8));
        write(&mut bytes, &Message::Rows(batch)).expect("written");
        write(&mut bytes, &Message::Failed(Error::gate("a").hint("b"))).expect("written");
        let mut from = bytes.as_slice();
        let Some(Message::Parts(parts)) = read(&mut from) else { panic!("parts") };
        assert_eq!(parts[0].names.as_deref(), Some(&["姓名".to_owned()][..]));
        assert_eq!((&parts[0].first, &parts[1]), (&row(), &PartInfo::default()));
        let Some(Message::Rows(batch)) = read(&mut from) else { panic!("rows") };
        let mut taking = TakingRows::new(batch);
        let mut next = || {
            let mut row = RawRow::default();
            taking.next(&mut row).map(|wrong| (row, wrong))
        };
        assert_eq!(next(), Some((row(), None)));
        assert_eq!(next(), Some((RawRow::at(8), None)));
        assert_eq!(next(), Some((row(), Some(reason::NOT_UTF8))));
        assert_eq!(next(), None);
        let Some(Message::Failed(error)) = read(&mut from) else { panic!("a refusal") };
        assert_eq!((error.kind, error.hints), (Kind::Gate, vec!["b".to_owned()]));
        assert!(read(&mut from).is_none());
        for cut in 0..bytes.len() {
            let mut from = &bytes[..cut];
            let whole = std::iter::from_fn(|| read(&mut from)).count();
            assert!(whole < 3, "{cut}");
        }
        assert!(read(&mut &b"R\xFF\xFF\xFF\xFF"[..]).is_none());
        assert!(read(&mut &b"R\x04\0\0\0\xFF\xFF\xFF\xFF"[..]).is_none());
    }

    #[test]
    fn a_batch_that_contradicts_itself_is_none() {
        let good = |change: &dyn Fn(&mut Batch)| {
            let mut batch = Batch::default();
            batch.push(&row(), None);
            batch.push(&row(), Some(reason::LONG_CELL));
            change(&mut batch);
            let mut bytes = Vec::new();
            write(&mut bytes, &Message::Rows(batch)).expect("written");
            read(&mut bytes.as_slice()).is_some()
        };
        assert!(good(&|_| ()));
        assert!(!good(&|batch| batch.rows[0].cells = 7), "more cells than there are");
        assert!(!good(&|batch| batch.rows[1].wrong = 3), "no such reason");
        assert!(!good(&|batch| batch.ends[0] = 1), "in the middle of a character");
        assert!(!good(&|batch| batch.ends.swap(0, 2)), "backwards");
        assert!(!good(&|batch| batch.text.push('x')), "text of no cell");
    }
    fn columns() -> Columns {
        let mut columns =
            Columns { line: 3, rows: 3, wrong: [(1, 2)].into(), ..Columns::default() };
        columns.begin(None);
        ["张三", "", "李四"].iter().for_each(|text| columns.put(text));
        columns.begin(Some(vec![1, 0, 1]));
        ["女", "男"].iter().for_each(|text| columns.put(text));
        columns
    }

    #[test]
    fn columns_come_back_unless_they_contradict_themselves() {
        let back = |change: &dyn Fn(&mut Columns)| {
            let (mut columns, mut bytes) = (columns(), Vec::new());
            change(&mut columns);
            write(&mut bytes, &Message::Columns(columns)).expect("written");
            match read(&mut bytes.as_slice())? {
                Message::Columns(columns) => Some(columns),
                other => panic!("{other:?}"),
            }
        };
        let same = back(&|_| ()).expect("columns");
        assert_eq!(same, columns());
        assert_eq!((same.cell(0, 2), same.cell(1, 2), same.cell(2, 2)), ("李四", "男", ""));
        assert_eq!([0, 1, 2].map(|row| same.wrong(row)), [None, Some(reason::NOT_UTF8), None]);
        type Change = fn(&mut Columns);
        let bad: [(&str, Change); 8] = [
            ("more rows than texts", |c| c.rows = 4),
            ("no such text", |c| c.columns[1].numbers = Some(vec![0, 1, 2])),
            ("a number for some rows", |c| c.columns[1].numbers = Some(vec![0, 1])),
            ("in the middle of a character", |c| c.columns[0].ends[0] = 1),
            ("backwards", |c| c.columns[0].ends.swap(0, 2)),
            ("text of no cell", |c| c.text.push('x')),
            ("no such row", |c| c.wrong = [(3, 1)].into()),
            ("no such reason", |c| c.wrong = [(1, 3)].into()),
        ];
        for (what, change) in bad {
            assert_eq!(back(&change), None, "{what}");
        }
    }
}
