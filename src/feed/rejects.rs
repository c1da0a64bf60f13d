//! The quarantine: rows that could not be read, with where they stand and why.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::receipt::PartAccount;
use crate::error::Result;
use crate::lake::rows::RowsWriter;

/// Name of a delivery's quarantine table.
pub const REJECTS: &str = "rejects.parquet";

/// Columns of a quarantine table: file, sheet, physical line from 1, byte offset where known, the
/// table's column, the reason, and the raw text of the cell or row.
pub const REJECT_COLUMNS: [&str; 7] = ["file", "sheet", "line", "byte", "column", "reason", "raw"];

/// The schema of a quarantine table.
pub fn reject_schema() -> SchemaRef {
    let field = |name: &&str| {
        let number = matches!(*name, "line" | "byte");
        Field::new(*name, if number { DataType::Int64 } else { DataType::Utf8 }, true)
    };
    Arc::new(Schema::new(REJECT_COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// One quarantined row: its line from 1, its offset in the file where that is known, the table's
/// column (empty where it is about the row), the reason, and the raw text.
pub struct Reject<'a> {
    pub line: u64,
    pub byte: u64,
    pub column: &'a str,
    pub reason: &'a str,
    pub raw: &'a str,
}

/// Writes [`REJECTS`].
pub(super) struct RejectWriter {
    writer: RowsWriter,
    texts: [StringBuilder; 5],
    line: Int64Builder,
    byte: Int64Builder,
    waiting: usize,
}

impl RejectWriter {
    /// Creates the table, without a row.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path) -> Result<Self> {
        Ok(Self {
            writer: RowsWriter::plain(path, reject_schema())?,
            texts: std::array::from_fn(|_| StringBuilder::new()),
            line: Int64Builder::new(),
            byte: Int64Builder::new(),
            waiting: 0,
        })
    }

    /// Counts a row of a part and writes it down.
    ///
    /// # Errors
    /// What the disk says.
    pub fn quarantine(
        &mut self,
        part: &mut PartAccount,
        reasons: &mut BTreeMap<String, u64>,
        reject: &Reject<'_>,
    ) -> Result<()> {
        part.quarantined += 1;
        *reasons.entry(reject.reason.to_owned()).or_default() += 1;
        let [file, sheet, column, reason, raw] = &mut self.texts;
        file.append_value(&part.file);
        sheet.append_option(part.sheet.as_deref());
        column.append_option(Some(reject.column).filter(|c| !c.is_empty()));
        reason.append_value(reject.reason);
        raw.append_value(reject.raw);
        self.line.append_value(reject.line as i64);
        self.byte.append_value(reject.byte as i64);
        self.waiting += 1;
        if self.waiting >= 8192 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.waiting == 0 {
            return Ok(());
        }
        self.waiting = 0;
        let [file, sheet, column, reason, raw] = &mut self.texts;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(file.finish()),
            Arc::new(sheet.finish()),
            Arc::new(self.line.finish()),
            Arc::new(self.byte.finish()),
            Arc::new(column.finish()),
            Arc::new(reason.finish()),
            Arc::new(raw.finish()),
        ];
        self.writer.push(&RecordBatch::try_new(reject_schema(), columns)?)
    }

    /// Writes what still waits; the number of rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        self.writer.finish()
    }
}
