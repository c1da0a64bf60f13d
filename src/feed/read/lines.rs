//! Physical lines of a stream, with their number and byte offset.

use std::io::{BufRead, Read};

use crate::error::Result;

use super::container::Source;

/// Longest line that is kept; a longer one is skipped without being stored.
const LINE_BYTES: u64 = 16 * 1024 * 1024;

/// Where a line stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// From 1.
    pub line: u64,
    /// Offset of its first byte.
    pub byte: u64,
    /// It was longer than [`LINE_BYTES`]: only its beginning was kept.
    pub too_long: bool,
}

/// Splits a stream into lines.
pub(super) struct Lines {
    source: Source,
    reader: Box<dyn BufRead + Send>,
    end: u8,
    line: u64,
    byte: u64,
    terminated: bool,
}

impl Lines {
    /// Lines of a reader that stands at offset `byte`; `end` is the byte that ends a line.
    pub fn new(source: &Source, reader: Box<dyn BufRead + Send>, end: u8, byte: u64) -> Self {
        Self { source: source.clone(), reader, end, line: 0, byte, terminated: true }
    }

    /// Reads the next line without its line end; None at the end of the stream.
    pub fn next(&mut self, into: &mut Vec<u8>) -> Result<Option<Mark>> {
        into.clear();
        let read = (&mut self.reader).take(LINE_BYTES).read_until(self.end, into);
        let mut consumed = read.map_err(|e| self.source.read_error(&e))? as u64;
        if consumed == 0 {
            return Ok(None);
        }
        self.terminated = into.last() == Some(&self.end);
        let too_long = !self.terminated && consumed == LINE_BYTES;
        if too_long {
            into.truncate(4096);
            consumed += self.skip_line()?;
        }
        // \r\n, and \r\r\n of a text that was converted twice.
        while matches!(into.last(), Some(b'\n' | b'\r')) {
            into.pop();
        }
        self.line += 1;
        let mark = Mark { line: self.line, byte: self.byte, too_long };
        self.byte += consumed;
        Ok(Some(mark))
    }

    /// Whether the last line that was read had its line end.
    pub fn terminated(&self) -> bool {
        self.terminated
    }

    fn skip_line(&mut self) -> Result<u64> {
        let mut skipped = 0;
        loop {
            let block = self.reader.fill_buf().map_err(|e| self.source.read_error(&e))?;
            if block.is_empty() {
                return Ok(skipped);
            }
            let (n, done) = match block.iter().position(|&b| b == self.end) {
                Some(at) => (at + 1, true),
                None => (block.len(), false),
            };
            self.reader.consume(n);
            skipped += n as u64;
            if done {
                self.terminated = true;
                return Ok(skipped);
            }
        }
    }
}
