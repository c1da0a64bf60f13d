//! Physical lines of a stream, with their number and byte offset, and their text.
//!
//! Lines are read in blocks. A block in which nothing is wrong is decoded at a stroke; else each of
//! its lines by itself, so that bad bytes cost one row.

use std::io::{BufRead, Read};
use std::ops::Range;

use memchr::{memchr, memrchr};

use crate::error::Result;

use super::container::Source;
use super::encoding::LineDecoder;
use super::{Next, raw_text};

/// Longest line that is kept; a longer one is skipped without being stored.
const LINE_BYTES: usize = 16 * 1024 * 1024;

/// What is kept of a longer line.
const KEPT_BYTES: usize = 4096;

/// Bytes that are read at a stroke.
const BLOCK_BYTES: usize = 128 * 1024;

/// Where a line stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// From 1.
    pub line: u64,
    /// Offset of its first byte in the file where that is known, else 0.
    pub byte: u64,
    /// It was longer than [`LINE_BYTES`]: only its beginning was kept.
    pub too_long: bool,
}

/// Splits a stream into lines.
pub(super) struct Lines {
    source: Source,
    reader: Box<dyn BufRead + Send>,
    end: u8,
    decoder: LineDecoder,
    line: u64,
    byte: u64,
    terminated: bool,
    block: Vec<u8>,
    /// The lines up to here are whole.
    whole: usize,
    /// The last line that was read, without its end.
    current: Range<usize>,
    /// Where the next one begins.
    next: usize,
    text: Text,
}

/// The text of a block.
#[derive(Default)]
struct Text {
    state: State,
    text: String,
    current: Range<usize>,
    next: usize,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum State {
    /// Nobody has asked for it.
    #[default]
    Unknown,
    /// It was decoded from a line on.
    Decoded,
    /// Something is wrong in it: each line is decoded by itself.
    ByLine,
}

impl Lines {
    /// Lines of a reader that stands at offset `byte`; `end` is the byte that ends a line.
    pub fn new(
        source: &Source,
        reader: Box<dyn BufRead + Send>,
        end: u8,
        byte: u64,
        decoder: LineDecoder,
    ) -> Self {
        Self {
            source: source.clone(),
            reader,
            end,
            decoder,
            line: 0,
            byte,
            terminated: true,
            block: Vec::new(),
            whole: 0,
            current: 0..0,
            next: 0,
            text: Text::default(),
        }
    }

    /// Reads the next line; None at the end of the stream.
    ///
    /// # Errors
    /// What the disk says; a damaged zip.
    pub fn next(&mut self) -> Result<Option<Mark>> {
        if self.next == self.whole && !self.fill()? {
            return Ok(None);
        }
        let rest = &self.block[self.next..self.whole];
        let length = memchr(self.end, rest).map_or(rest.len(), |at| at + 1);
        self.terminated = rest[length - 1] == self.end;
        self.current = self.next..self.next + trimmed(&rest[..length]);
        self.next += length;
        if self.text.state == State::Decoded {
            self.text.pass(self.end);
        }
        let mut consumed = length as u64;
        let too_long = !self.terminated && length == LINE_BYTES;
        if too_long {
            self.current.end = self.current.start + KEPT_BYTES;
            consumed += self.skip_line()?;
        }
        self.line += 1;
        let byte = if self.decoder.offsets { self.byte } else { 0 };
        let mark = Mark { line: self.line, byte, too_long };
        self.byte += consumed;
        Ok(Some(mark))
    }

    /// Reads the next line that is not blank; None at the end of the stream.
    ///
    /// # Errors
    /// As for [`Self::next`].
    pub fn next_filled(&mut self) -> Result<Option<Mark>> {
        loop {
            let mark = self.next()?;
            if mark.is_none() || !self.bytes().trim_ascii().is_empty() {
                return Ok(mark);
            }
        }
    }

    /// The last line that was read, without its end.
    pub fn bytes(&self) -> &[u8] {
        &self.block[self.current.clone()]
    }

    /// Its text, or why there is none.
    ///
    /// # Errors
    /// As for [`LineDecoder::decode`].
    pub fn text(&mut self) -> Result<&str, &'static str> {
        if self.text.state == State::Unknown {
            let lines = &self.block[self.current.start..self.whole];
            self.text.text.clear();
            let decoded = self.decoder.block(lines, self.end, &mut self.text.text);
            self.text.state = if decoded { State::Decoded } else { State::ByLine };
            self.text.next = 0;
            self.text.pass(self.end);
        }
        match self.text.state {
            State::Decoded => Ok(&self.text.text[self.text.current.clone()]),
            _ => self.decoder.decode(&self.block[self.current.clone()]),
        }
    }

    /// Whether the last line that was read had its line end.
    pub fn terminated(&self) -> bool {
        self.terminated
    }

    /// That the last line that was read is no row, with its text in which bad bytes are replaced.
    pub fn broken(&self, mark: Mark, reason: &'static str) -> Next {
        let raw = raw_text(&self.decoder.lossy(self.bytes()));
        Next::Broken { line: mark.line, byte: mark.byte, reason, raw }
    }

    /// Reads on until there is a whole line; false at the end of the stream.
    fn fill(&mut self) -> Result<bool> {
        self.text.state = State::Unknown;
        self.block.drain(..self.whole);
        (self.whole, self.next) = (0, 0);
        loop {
            let before = self.block.len();
            // A line that goes on for long is read in ever larger pieces.
            let most = BLOCK_BYTES.max(before).min(LINE_BYTES - before) as u64;
            let read = (&mut self.reader).take(most).read_to_end(&mut self.block);
            let read = read.map_err(|e| self.source.read_error(&e))?;
            let end = memrchr(self.end, &self.block[before..]).map(|at| before + at + 1);
            let all = read == 0 || self.block.len() == LINE_BYTES;
            if let Some(whole) = end.or(all.then_some(self.block.len())) {
                self.whole = whole;
                return Ok(whole > 0);
            }
        }
    }

    fn skip_line(&mut self) -> Result<u64> {
        let mut skipped = 0;
        loop {
            let block = self.reader.fill_buf().map_err(|e| self.source.read_error(&e))?;
            if block.is_empty() {
                return Ok(skipped);
            }
            let (n, done) = match memchr(self.end, block) {
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

impl Text {
    /// Goes to the next line. In no encoding that is decoded in blocks is the end of a line a part of
    /// another character, so there are as many as in the bytes.
    fn pass(&mut self, end: u8) {
        let rest = &self.text.as_bytes()[self.next..];
        let length = memchr(end, rest).map_or(rest.len(), |at| at + 1);
        self.current = self.next..self.next + trimmed(&rest[..length]);
        self.next += length;
    }
}

/// Length of a line without `\r\n`, and `\r\r\n` of a text that was converted twice.
fn trimmed(line: &[u8]) -> usize {
    line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use encoding_rs::{Encoding, GB18030, UTF_8};

    use super::*;
    use crate::feed::read::reason;

    /// Number, offset and text of all lines.
    fn all(
        bytes: &[u8],
        encoding: &'static Encoding,
    ) -> Vec<(u64, u64, Result<String, &'static str>)> {
        let reader = Box::new(Cursor::new(bytes.to_vec()));
        let decoder = LineDecoder::new(encoding);
        let mut lines = Lines::new(&Source::file(Path::new("x")), reader, b'\n', 0, decoder);
        let mut all = Vec::new();
        while let Some(mark) = lines.next().expect("read") {
            let text = lines.text().map(str::to_owned);
            if mark.line % 3 == 0 {
                // The text of every third line only is asked for twice.
                assert_eq!(lines.text().map(str::to_owned), text);
            }
            all.push((mark.line, mark.byte, text));
        }
        all
    }

    #[test]
    fn blocks_and_single_lines_say_the_same() {
        let plain: Vec<String> =
            (0..20_000).map(|n| format!("{n},张三丰{},临夏", "甲".repeat(n % 7))).collect();
        for (encoding, bad, reason) in [
            (UTF_8, &b"\xFF\xC8,1"[..], reason::NOT_UTF8),
            (GB18030, b"\xFF\xC8,1", reason::NOT_GB18030),
        ] {
            let (mut bytes, mut wanted) = (Vec::new(), Vec::new());
            for (n, line) in plain.iter().enumerate() {
                wanted.push((n as u64 + 1, bytes.len() as u64, Ok(line.clone())));
                match n {
                    9_000 => {
                        bytes.extend(bad);
                        wanted[n].2 = Err(reason);
                    }
                    _ => bytes.extend(&*encoding.encode(line).0),
                }
                bytes.extend(if n % 2 == 0 { &b"\r\n"[..] } else { b"\n" });
            }
            bytes.pop();
            assert!(all(&bytes, encoding) == wanted, "{} {reason}", encoding.name());
        }
    }

    #[test]
    fn a_line_without_end_is_skipped_and_counted() {
        let mut bytes = b"a\n".to_vec();
        bytes.extend(vec![b'x'; LINE_BYTES + 77]);
        bytes.extend(b"\nb");
        let lines = all(&bytes, UTF_8);
        let places: Vec<(u64, u64)> = lines.iter().map(|(line, byte, _)| (*line, *byte)).collect();
        let after = (2 + LINE_BYTES + 77 + 1) as u64;
        assert_eq!(places, [(1, 0), (2, 2), (3, after)]);
        assert_eq!(lines[2].2, Ok("b".to_owned()));
        assert!(all(b"", UTF_8).is_empty());
        assert_eq!(all(b"\n", UTF_8), [(1, 0, Ok(String::new()))]);
    }
}
