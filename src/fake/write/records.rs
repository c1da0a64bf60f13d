//! Formats without layout: fixed-width text, NDJSON and Parquet of text columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::cells::{Cells, Kind};
use super::encoding::Encoding;
use super::headings::Head;
use super::sink::{Quirk, Sink};
use super::target::Target;
use crate::error::{Error, Result};

/// A fixed-width text file: each column has its bytes, counted in the encoding, and there is no
/// header.
pub(super) struct Fixed {
    pub(super) target: Target,
    pub(super) encoding: Encoding,
    pub(super) widths: Vec<usize>,
    pub(super) windows: bool,
    pub(super) bytes: Vec<u8>,
}

impl Fixed {
    fn line_end(&mut self) -> Result<()> {
        self.encoding.encode(if self.windows { "\r\n" } else { "\n" }, &mut self.bytes);
        if self.bytes.len() >= 1 << 16 {
            self.target.put(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }
}

impl Sink for Fixed {
    fn section(&mut self, _: &str, _: &Head) -> Result<()> {
        self.bytes.extend_from_slice(self.encoding.mark());
        Ok(())
    }

    fn row(&mut self, cells: &Cells, _: Quirk) -> Result<()> {
        for ((cell, kind), width) in cells.iter().zip(&self.widths) {
            let start = self.bytes.len();
            // Line breaks would end the record.
            let broken = cell.contains(['\n', '\r']).then(|| cell.replace(['\n', '\r'], " "));
            self.encoding.encode(broken.as_deref().unwrap_or(cell), &mut self.bytes);
            let filled = self.bytes.len();
            let end = start + width;
            while self.bytes.len() < end {
                self.encoding.encode(" ", &mut self.bytes);
            }
            if self.bytes.len() > end {
                return Err(Error::pipeline(format!(
                    "a value of {} bytes for a column of {width}",
                    self.bytes.len() - start
                ))
                .hint("widen the column in widths"));
            }
            if matches!(kind, Kind::Number(_)) {
                // Numbers stand at the right; the pad is whole characters, so a rotation keeps them
                // whole.
                self.bytes[start..].rotate_right(end - filled);
            }
        }
        self.line_end()
    }

    fn blank(&mut self) -> Result<bool> {
        self.line_end()?;
        Ok(true)
    }

    fn layout(&mut self, _: &Cells) -> Result<bool> {
        Ok(false)
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.target.put(&self.bytes)?;
        self.target.close()
    }
}

/// Newline-delimited JSON: an object for each row.
pub(super) struct Ndjson {
    target: Target,
    /// `"heading":` of each column.
    keys: Vec<String>,
    text: String,
}

impl Ndjson {
    /// A file without an object yet; its keys come with the section.
    pub(super) fn new(target: Target) -> Self {
        Self { target, keys: Vec::new(), text: String::new() }
    }
}

impl Sink for Ndjson {
    fn section(&mut self, _: &str, head: &Head) -> Result<()> {
        self.keys = head
            .headings
            .iter()
            .map(|heading| {
                let mut key = String::new();
                push_json(&mut key, heading);
                key.push(':');
                key
            })
            .collect();
        Ok(())
    }

    fn row(&mut self, cells: &Cells, _: Quirk) -> Result<()> {
        self.text.push('{');
        for ((cell, kind), key) in cells.iter().zip(&self.keys) {
            if !self.text.ends_with('{') {
                self.text.push(',');
            }
            self.text.push_str(key);
            match kind {
                Kind::Null => self.text.push_str("null"),
                Kind::Number(_) => self.text.push_str(cell),
                Kind::Text | Kind::Day(_) => push_json(&mut self.text, cell),
            }
        }
        self.text.push_str("}\n");
        if self.text.len() >= 1 << 16 {
            self.target.put(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }

    fn blank(&mut self) -> Result<bool> {
        self.text.push('\n');
        Ok(true)
    }

    fn layout(&mut self, _: &Cells) -> Result<bool> {
        Ok(false)
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.target.put(self.text.as_bytes())?;
        self.target.close()
    }
}

fn push_json(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                out.push_str("\\u00");
                out.extend(
                    [u32::from(c) >> 4, u32::from(c) & 15]
                        .map(|d| char::from_digit(d, 16).unwrap_or('0')),
                );
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A Parquet file whose columns are all text.
pub(super) struct Parquet {
    target: Option<Target>,
    open: Option<(SchemaRef, ArrowWriter<Target>)>,
    columns: Vec<StringBuilder>,
    rows: usize,
}

impl Parquet {
    /// A file without columns yet; they come with the section.
    pub(super) fn new(target: Target) -> Self {
        Self { target: Some(target), open: None, columns: Vec::new(), rows: 0 }
    }

    fn flush(&mut self) -> Result<()> {
        let Some((schema, writer)) = &mut self.open else { return Ok(()) };
        let columns = self.columns.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef).collect();
        writer.write(&RecordBatch::try_new(Arc::clone(schema), columns)?)?;
        self.rows = 0;
        Ok(())
    }
}

impl Sink for Parquet {
    fn section(&mut self, _: &str, head: &Head) -> Result<()> {
        let Some(target) = self.target.take() else { return Ok(()) };
        let fields: Vec<Field> =
            head.headings.iter().map(|h| Field::new(h, DataType::Utf8, true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            // A row group waits in memory until it is full.
            .set_max_row_group_row_count(Some(1 << 17))
            .build();
        let writer = ArrowWriter::try_new(target, Arc::clone(&schema), Some(properties))?;
        self.columns = head.headings.iter().map(|_| StringBuilder::new()).collect();
        self.open = Some((schema, writer));
        Ok(())
    }

    fn row(&mut self, cells: &Cells, _: Quirk) -> Result<()> {
        for (column, (cell, kind)) in self.columns.iter_mut().zip(cells.iter()) {
            match kind {
                Kind::Null => column.append_null(),
                _ => column.append_value(cell),
            }
        }
        self.rows += 1;
        if self.rows == 8192 { self.flush() } else { Ok(()) }
    }

    fn blank(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn layout(&mut self, _: &Cells) -> Result<bool> {
        Ok(false)
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        match self.open.take() {
            Some((_, writer)) => writer.into_inner()?.close(),
            None => Ok(()),
        }
    }
}
