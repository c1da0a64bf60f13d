//! Delimited text, line by line: a stray quote costs its own line and swallows no other.

use std::collections::VecDeque;

use memchr::{memchr, memchr_iter, memchr2};

use crate::error::{Error, Result};
use crate::pipeline::spec::Format;

use super::container::Source;
use super::encoding::{self, LineDecoder};
use super::lines::{Lines, Mark};
use super::{CELL_BYTES, Next, Part, ROW_CELLS, RawRow, Rows, Shape, raw_text, reason};

/// Most physical lines of one row of headings.
const HEADING_LINES: usize = 10;

/// Opens delimited text.
///
/// # Errors
/// A delimiter of the contract that is not one character; and as for [`encoding::inspect`].
pub(super) fn open(source: &Source, format: &Format) -> Result<Box<dyn Rows>> {
    let text = encoding::inspect(source, format)?;
    let delimiter = match format.delimiter.as_str() {
        "auto" | "" => detect_delimiter(&text.sample),
        declared => declared_delimiter(declared)?,
    };
    let part = Part {
        file: source.label(),
        encoding: Some(text.finding.clone()),
        delimiter: Some(char::from(delimiter)),
        ..Part::default()
    };
    Ok(Box::new(Csv {
        part,
        lines: text.lines(source)?,
        decoder: text.decoder(),
        quoted: Quoted::new(delimiter),
        waiting: VecDeque::new(),
        line: None,
        width: None,
        taken: Vec::new(),
        rows: 0,
    }))
}

fn declared_delimiter(declared: &str) -> Result<u8> {
    match declared.as_bytes() {
        b"\\t" | b"tab" => Ok(b'\t'),
        [b] if b.is_ascii() && !matches!(b, b'"' | b'\n' | b'\r') => Ok(*b),
        _ => Err(Error::pipeline(format!("format.delimiter: {declared} is not one character"))
            .hint("use auto, a comma, \\t, ; or |")),
    }
}

/// The separator that stands equally often on most of the first lines.
fn detect_delimiter(sample: &str) -> u8 {
    let lines: Vec<&str> = sample.lines().filter(|l| !l.trim().is_empty()).take(50).collect();
    let score = |delimiter: u8| {
        let mut counts: Vec<usize> = lines.iter().map(|l| count_outside(l, delimiter)).collect();
        counts.retain(|&n| n > 0);
        counts.sort_unstable();
        let runs = counts.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0]));
        let (lines_alike, n) = runs.max().unwrap_or((0, 0));
        (lines_alike * 5 / lines.len().max(1), n)
    };
    let mut best = (b',', score(b','));
    for other in [b'\t', b';', b'|'] {
        let its = score(other);
        if its > best.1 {
            best = (other, its);
        }
    }
    best.0
}

fn count_outside(line: &str, delimiter: u8) -> usize {
    let mut inside = false;
    let mut count = 0;
    for b in line.bytes() {
        match b {
            b'"' => inside = !inside,
            _ if b == delimiter && !inside => count += 1,
            _ => {}
        }
    }
    count
}

struct Csv {
    part: Part,
    lines: Lines,
    decoder: LineDecoder,
    quoted: Quoted,
    /// Lines that were read ahead for a heading that did not go on.
    waiting: VecDeque<(Mark, Vec<u8>)>,
    /// The line under way when it is one of those; else it is the last of `lines`.
    line: Option<Vec<u8>>,
    width: Option<usize>,
    /// Until the width is known: every line taken, with the number of the row that it was taken for.
    taken: Vec<(u64, Mark, Vec<u8>)>,
    rows: u64,
}

impl Rows for Csv {
    fn part(&self) -> &Part {
        &self.part
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Text
    }

    fn set_width(&mut self, width: usize) {
        self.width = Some(width);
        self.taken.clear();
    }

    fn rewind(&mut self, rows: u64) -> bool {
        for (row, mark, line) in std::mem::take(&mut self.taken).into_iter().rev() {
            if row >= rows {
                self.waiting.push_front((mark, line));
            }
        }
        true
    }

    fn next(&mut self, row: &mut RawRow) -> Result<Next> {
        let next = self.next_row(row);
        self.rows += 1;
        next
    }
}

/// Why a row has not the width of the heading.
pub(super) fn wrong_width(row: &RawRow, width: Option<usize>) -> Option<&'static str> {
    let width = width?;
    match row.len().cmp(&width) {
        std::cmp::Ordering::Greater => Some(reason::MORE),
        std::cmp::Ordering::Less => Some(reason::FEWER),
        std::cmp::Ordering::Equal => None,
    }
}

impl Csv {
    fn next_row(&mut self, row: &mut RawRow) -> Result<Next> {
        row.clear();
        let mark = loop {
            let Some(mark) = self.take_line()? else {
                self.part.unterminated = !self.lines.terminated();
                return Ok(Next::End);
            };
            if !self.bytes().trim_ascii().is_empty() {
                break mark;
            }
        };
        (row.line, row.byte) = (mark.line, mark.byte);
        let text = match &self.line {
            _ if mark.too_long => Err(reason::LONG_LINE),
            Some(line) => self.decoder.decode(line),
            None => self.lines.text(),
        };
        let fault = text.and_then(|text| self.quoted.split(text, row)).err();
        let fault = match fault {
            Some(reason::OPEN_QUOTE) if self.width.is_none() => {
                if self.join_heading(row)? {
                    None
                } else {
                    Some(reason::OPEN_QUOTE)
                }
            }
            Some(fault) => Some(fault),
            None => wrong_width(row, self.width),
        };
        let Some(reason) = fault else {
            return Ok(Next::Row);
        };
        let raw = raw_text(&self.decoder.lossy(self.bytes()));
        Ok(Next::Broken { line: row.line, byte: row.byte, reason, raw })
    }

    /// The line under way.
    fn bytes(&self) -> &[u8] {
        self.line.as_deref().unwrap_or_else(|| self.lines.bytes())
    }

    fn take_line(&mut self) -> Result<Option<Mark>> {
        let mark = match self.waiting.pop_front() {
            Some((mark, line)) => {
                self.line = Some(line);
                Some(mark)
            }
            None => {
                self.line = None;
                self.lines.next()?
            }
        };
        if let (Some(mark), None) = (mark, self.width) {
            self.taken.push((self.rows, mark, self.bytes().to_vec()));
        }
        Ok(mark)
    }

    /// Headings from Excel hold line breaks; before the heading is known a quoted cell may go on.
    /// The row is filled if it closes properly; else the lines wait to be read one by one.
    fn join_heading(&mut self, row: &mut RawRow) -> Result<bool> {
        let first = self.bytes().to_vec();
        let (line, byte) = (row.line, row.byte);
        let mut joined = first.clone();
        let mut ahead = Vec::new();
        let mut closed = false;
        while !closed && ahead.len() < HEADING_LINES {
            let Some(mark) = self.take_line()? else { break };
            joined.push(b'\n');
            joined.extend_from_slice(self.bytes());
            ahead.push((mark, self.bytes().to_vec()));
            row.clear();
            let Ok(text) = self.decoder.decode(&joined) else {
                break;
            };
            match self.quoted.split_joined(text, row) {
                Ok(()) => closed = true,
                Err(reason::OPEN_QUOTE) => {}
                Err(_) => break,
            }
        }
        if !closed {
            row.clear();
            self.taken.truncate(self.taken.len() - ahead.len());
            for waiting in ahead.into_iter().rev() {
                self.waiting.push_front(waiting);
            }
        }
        (row.line, row.byte) = (line, byte);
        self.line = Some(first);
        Ok(closed)
    }
}

/// Splits a line into cells.
struct Quoted {
    delimiter: u8,
}

impl Quoted {
    fn new(delimiter: u8) -> Self {
        Self { delimiter }
    }

    /// Cells of one physical line.
    fn split(&self, line: &str, row: &mut RawRow) -> Result<(), &'static str> {
        if memchr2(b'\r', b'\n', line.as_bytes()).is_some() {
            return Err(reason::LINE_BREAK);
        }
        self.split_joined(line, row)
    }

    /// Cells of a line, or of several with the line breaks of a quoted cell. Of a line with a fault
    /// there are none.
    fn split_joined(&self, line: &str, row: &mut RawRow) -> Result<(), &'static str> {
        let base = row.hold(line);
        if memchr(b'"', line.as_bytes()).is_some() {
            self.quoted(line, base, row).inspect_err(|_| row.empty())?;
        } else {
            let cells = || memchr_iter(self.delimiter, line.as_bytes()).count() + 1;
            if line.len() >= ROW_CELLS && cells() > ROW_CELLS {
                row.empty();
                return Err(reason::MANY_CELLS);
            }
            let mut start = 0;
            for end in memchr_iter(self.delimiter, line.as_bytes()) {
                row.cut(base + start..base + end);
                start = end + 1;
            }
            row.cut(base + start..base + line.len());
        }
        if line.len() > CELL_BYTES && row.cells().any(|cell| cell.len() > CELL_BYTES) {
            return Err(reason::LONG_CELL);
        }
        Ok(())
    }

    /// Cells of a line with quotes. They are in order when a quoted cell begins with its quote, ends
    /// with one, doubles those inside, and no other cell has one. Exporters write `="620…"` so that
    /// Excel keeps the digits of an ID. The row holds the line from `base` on.
    fn quoted(&self, line: &str, base: usize, row: &mut RawRow) -> Result<(), &'static str> {
        let bytes = line.as_bytes();
        let mut at = 0;
        loop {
            if row.len() == ROW_CELLS {
                return Err(reason::MANY_CELLS);
            }
            let (start, formula) = match &bytes[at..] {
                [b'"', ..] => (Some(at + 1), false),
                [b'=', b'"', ..] => (Some(at + 2), true),
                _ => (None, false),
            };
            at = match start {
                Some(start) => {
                    let (end, doubled) = closing(bytes, start).ok_or(reason::OPEN_QUOTE)?;
                    if doubled && !formula {
                        row.push(plain(&line[start..end].replace("\"\"", "\"")));
                    } else {
                        row.cut(base + start..base + end);
                    }
                    end + 1
                }
                None => {
                    let rest = &bytes[at..];
                    let end = at + memchr(self.delimiter, rest).unwrap_or(rest.len());
                    if memchr(b'"', &bytes[at..end]).is_some() {
                        return Err(reason::STRAY_QUOTE);
                    }
                    row.cut(base + at..base + end);
                    end
                }
            };
            match bytes.get(at) {
                None => return Ok(()),
                Some(&b) if b == self.delimiter => at += 1,
                Some(_) => return Err(reason::STRAY_QUOTE),
            }
        }
    }
}

/// A cell without the formula around it that keeps its digits.
fn plain(cell: &str) -> &str {
    let inner = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(cell)
}

/// The offset of the quote that closes a cell, and whether there are doubled ones before it.
fn closing(line: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = start;
    let mut doubled = false;
    loop {
        at += memchr(b'"', line.get(at..)?)?;
        if line.get(at + 1) != Some(&b'"') {
            return Some((at, doubled));
        }
        doubled = true;
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Vec<String>, &'static str> {
        let mut row = RawRow::default();
        Quoted::new(b',').split(line, &mut row)?;
        Ok(row.cells().map(str::to_owned).collect())
    }

    #[test]
    fn cells_of_a_line() {
        assert_eq!(split("a,b,").expect("plain"), ["a", "b", ""]);
        assert_eq!(split(r#""a,b","c""d","x"#), Err(reason::OPEN_QUOTE));
        assert_eq!(split(r#""a,b","c""d","",e"#).expect("quoted"), ["a,b", "c\"d", "", "e"]);
        assert_eq!(split(r#"1,="6204",""#), Err(reason::OPEN_QUOTE));
        assert_eq!(split(r#"1,="6204",2"#).expect("formula"), ["1", "6204", "2"]);
        assert_eq!(split(r#""=""6204""",2"#).expect("formula"), ["6204", "2"]);
        assert_eq!(split(r#"1,x"y",3"#), Err(reason::STRAY_QUOTE));
        assert_eq!(split(r#""xy"z,3"#), Err(reason::STRAY_QUOTE));
        assert_eq!(split(r#"1,"#).expect("plain"), ["1", ""]);
        assert_eq!(split(r#""1","#).expect("quoted"), ["1", ""]);
        assert_eq!(split("1,\r2"), Err(reason::LINE_BREAK));
    }

    #[test]
    fn a_row_has_as_many_cells_as_a_sheet_has_columns() {
        let commas = |count: usize| ",".repeat(count);
        assert_eq!(split(&commas(ROW_CELLS - 1)).expect("the most").len(), ROW_CELLS);
        assert_eq!(split(&commas(ROW_CELLS)), Err(reason::MANY_CELLS));
        assert_eq!(
            split(&format!("\"a\"{}", commas(ROW_CELLS - 1))).expect("the most").len(),
            ROW_CELLS
        );
        assert_eq!(split(&format!("\"a\"{}", commas(ROW_CELLS))), Err(reason::MANY_CELLS));
        assert_eq!(split(&format!("\"{}\",b", commas(ROW_CELLS))).expect("a long cell").len(), 2);
    }

    #[test]
    fn delimiters() {
        assert_eq!(detect_delimiter("表,说明\na;b;c\n1;2;3\n4;5;6\n"), b';');
        assert_eq!(detect_delimiter("a,b,c\n1,x|y,3\n4,x|z,6\n"), b',');
        assert_eq!(detect_delimiter("a\tb\n1\t2,3\n"), b'\t');
        assert_eq!(detect_delimiter("a\n1\n"), b',');
    }
}
