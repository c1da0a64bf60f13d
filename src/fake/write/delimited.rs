//! CSV and its kin, in any encoding.

use super::cells::Cells;
use super::encoding::Encoding;
use super::headings::Head;
use super::sink::{Quirk, Sink};
use super::target::Target;
use crate::error::Result;

/// Text waits here until it is worth encoding.
const CHUNK: usize = 1 << 16;

/// How a text file's lines look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    pub(super) encoding: Encoding,
    pub(super) delimiter: char,
    pub(super) quote_all: bool,
    pub(super) windows: bool,
}

/// A delimited text file.
pub(super) struct Delimited {
    target: Target,
    lines: Lines,
    text: String,
    bytes: Vec<u8>,
    width: usize,
}

impl Delimited {
    /// A file without a line yet. The encoding's mark goes before the first one.
    pub(super) fn new(target: Target, lines: Lines) -> Self {
        Self {
            target,
            lines,
            text: String::with_capacity(CHUNK * 2),
            bytes: lines.encoding.mark().to_vec(),
            width: 0,
        }
    }

    fn field(&mut self, cell: &str) {
        let special = |c: char| c == self.lines.delimiter || matches!(c, '"' | '\r' | '\n');
        if !self.lines.quote_all && !cell.contains(special) {
            self.text.push_str(cell);
            return;
        }
        self.text.push('"');
        for (i, part) in cell.split('"').enumerate() {
            self.text.push_str(if i == 0 { "" } else { "\"\"" });
            self.text.push_str(part);
        }
        self.text.push('"');
    }

    fn line_end(&mut self) -> Result<()> {
        self.text.push_str(if self.lines.windows { "\r\n" } else { "\n" });
        if self.text.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.lines.encoding.encode(&self.text, &mut self.bytes);
        self.target.put(&self.bytes)?;
        self.text.clear();
        self.bytes.clear();
        Ok(())
    }

    /// A line whose first field alone is filled, as Excel saves it.
    fn lone(&mut self, text: &str) -> Result<()> {
        self.field(text);
        self.text.extend(std::iter::repeat_n(self.lines.delimiter, self.width.saturating_sub(1)));
        self.line_end()
    }
}

impl Sink for Delimited {
    fn section(&mut self, _: &str, head: &Head) -> Result<()> {
        self.width = head.headings.len();
        for title in &head.titles {
            self.lone(title)?;
        }
        let mut cells = Cells::default();
        head.headings.iter().for_each(|h| cells.push(h));
        self.row(&cells, Quirk::None)
    }

    fn row(&mut self, cells: &Cells, quirk: Quirk) -> Result<()> {
        for (i, (cell, _)) in cells.iter().enumerate() {
            if i > 0 {
                self.text.push(self.lines.delimiter);
            }
            match quirk {
                Quirk::None => self.field(cell),
                // A quote at the beginning of a field would open it and swallow the rows behind.
                Quirk::StrayQuote(at) if at == i => self.text.extend([
                    if cell.starts_with('"') || cell.is_empty() { "0" } else { cell },
                    "\"",
                ]),
                Quirk::StrayQuote(_) => self.field(cell),
                Quirk::Unclosed => self.text.extend([if i == 0 { "\"" } else { "" }, cell]),
            }
        }
        self.line_end()
    }

    fn blank(&mut self) -> Result<bool> {
        // A blank line of a single column is a missing value.
        if self.width < 2 {
            return Ok(false);
        }
        // Rows emptied in Excel keep their delimiters; a program leaves an empty line.
        if self.lines.windows {
            self.text.extend(std::iter::repeat_n(self.lines.delimiter, self.width - 1));
        }
        self.line_end()?;
        Ok(true)
    }

    fn layout(&mut self, cells: &Cells) -> Result<bool> {
        self.row(cells, Quirk::None)?;
        Ok(true)
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        self.target.close()
    }
}
