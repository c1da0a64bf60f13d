//! Fixed-width text: columns are cut by bytes of the original encoding, then decoded.

use crate::error::{Error, Result};
use crate::pipeline::spec::Format;

use super::container::Source;
use super::encoding::{self, LineDecoder};
use super::lines::Lines;
use super::{Next, Part, RawRow, Rows, Shape, reason};

/// Opens fixed-width text.
///
/// # Errors
/// No widths in the contract, or one of 0; UTF-16; and as for [`encoding::inspect`].
pub(super) fn open(source: &Source, format: &Format) -> Result<Box<dyn Rows>> {
    if format.widths.is_empty() || format.widths.contains(&0) {
        return Err(Error::pipeline("format.widths must give the bytes of every column")
            .hint("for example widths: [18, 20, 8]"));
    }
    let text = encoding::inspect(source, format)?;
    if text.is_utf16() {
        let message =
            format!("{} is UTF-16, expected one or more bytes a character", part(source).file);
        return Err(Error::gate(message).hint("ask the sender for GB18030 or UTF-8"));
    }
    let part = Part { encoding: Some(text.finding.clone()), ..part(source) };
    let (lines, decoder) = (text.lines(source)?, text.decoder());
    let widths = format.widths.clone();
    Ok(Box::new(Fixed { part, lines, decoder, widths }))
}

fn part(source: &Source) -> Part {
    Part { file: source.label(), ..Part::default() }
}

struct Fixed {
    part: Part,
    lines: Lines,
    decoder: LineDecoder,
    widths: Vec<usize>,
}

impl Rows for Fixed {
    fn part(&self) -> &Part {
        &self.part
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Fixed
    }

    fn next(&mut self, row: &mut RawRow) -> Result<Next> {
        row.clear();
        let Some(mark) = self.lines.next_filled()? else {
            self.part.unterminated = !self.lines.terminated();
            return Ok(Next::End);
        };
        (row.line, row.byte) = (mark.line, mark.byte);
        let fault = if mark.too_long { Some(reason::LONG_LINE) } else { self.cut(row).err() };
        Ok(fault.map_or(Next::Row, |reason| self.lines.broken(mark, reason)))
    }
}

impl Fixed {
    /// A line may lack the trailing spaces of its last column, all of it where that is empty.
    fn cut(&mut self, row: &mut RawRow) -> Result<(), &'static str> {
        let whole: usize = self.widths.iter().sum();
        let last = self.widths.last().copied().unwrap_or(0);
        let line = self.lines.bytes();
        let length = line.trim_ascii_end().len();
        if length > whole {
            return Err(reason::LONG_FIXED);
        }
        if line.len() < whole - last {
            return Err(reason::SHORT_LINE);
        }
        let mut start = 0;
        for width in &self.widths {
            let end = (start + width).min(line.len());
            let cell = self.decoder.decode(&line[start..end])?;
            row.push(cell.trim_matches([' ', '\u{3000}', '\t']));
            start = end;
        }
        Ok(())
    }
}
