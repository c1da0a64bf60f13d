//! What a worker tells the reader of a file, and how it is written down between two processes.
//!
//! The stream is a sequence of frames: one letter, a length, that many bytes. Numbers are little
//! endian, lengths and counts have 32 bits. A *text* is a length and UTF-8; a *row* is its line (64
//! bits), the count of its cells, and each cell as a text.
//!
//! | frame | letter | holds |
//! |---|---|---|
//! | parts | `P` | for each part: `0` or `1` and the sheet, `0` or `1` and the names of columns (a count, texts), its first row |
//! | rows | `R` | for each row: `0` and the row, or what is wrong (1 and up) and the row |
//! | end of a part | `E` | nothing |
//! | end of the file | `F` | nothing |
//! | refusal | `X` | whose fault, a text, a count of hints, texts |
//!
//! Parts come first and once, then the rows of each part in their order. A stream that stops without
//! `F` or `X` is that of a process that died.

use std::io::{self, Read, Write};

use crate::error::{Error, Kind};

use super::{RawRow, reason};

/// Longest frame that is believed: rows are handed over in smaller ones.
const FRAME_BYTES: usize = 64 * 1024 * 1024;

/// What can be wrong with a row of these files; its number is its place from 1.
const REASONS: [&str; 2] = [reason::LONG_CELL, reason::NOT_UTF8];

/// One row on its way to the reader.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    Row(RawRow),
    Broken { row: RawRow, reason: &'static str },
}

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
    Rows(Vec<Item>),
    PartEnd,
    FileEnd,
    Failed(Error),
}

/// Where messages go; false when nobody listens any more.
pub(super) type Tell<'a> = dyn FnMut(Message) -> bool + 'a;

/// Writes a frame.
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
        Message::Rows(items) => {
            put_count(&mut bytes, items.len());
            for item in items {
                put_item(&mut bytes, item);
            }
            b'R'
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
        b'R' => Message::Rows(rest.many(Rest::item)?),
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

fn put_item(bytes: &mut Vec<u8>, item: &Item) {
    let (number, row) = match item {
        Item::Row(row) => (0, row),
        Item::Broken { row, reason } => {
            let place = REASONS.iter().position(|r| r == reason).unwrap_or(0);
            (place as u8 + 1, row)
        }
    };
    bytes.push(number);
    put_row(bytes, row);
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

    fn count(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?) as usize)
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

    fn row(&mut self) -> Option<RawRow> {
        let mut row = RawRow::at(u64::from_le_bytes(self.take(8)?.try_into().ok()?));
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

    fn item(&mut self) -> Option<Item> {
        let number = self.byte()?;
        let row = self.row()?;
        Some(match usize::from(number).checked_sub(1) {
            None => Item::Row(row),
            Some(place) => Item::Broken { row, reason: REASONS.get(place)? },
        })
    }
}

#[cfg(test)]
mod tests {
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
        let broken = Item::Broken { row: row(), reason: reason::NOT_UTF8 };
        write(&mut bytes, &Message::Rows(vec![Item::Row(row()), broken])).expect("written");
        write(&mut bytes, &Message::Failed(Error::gate("a").hint("b"))).expect("written");
        let mut from = bytes.as_slice();
        let Some(Message::Parts(parts)) = read(&mut from) else { panic!("parts") };
        assert_eq!(parts[0].names.as_deref(), Some(&["姓名".to_owned()][..]));
        assert_eq!((&parts[0].first, &parts[1]), (&row(), &PartInfo::default()));
        let Some(Message::Rows(items)) = read(&mut from) else { panic!("rows") };
        assert_eq!(items[0], Item::Row(row()));
        assert_eq!(items[1], Item::Broken { row: row(), reason: reason::NOT_UTF8 });
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
}
