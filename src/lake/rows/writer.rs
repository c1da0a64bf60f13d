//! Writes files of rows in the order in which they come.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;

use super::GROUPS;
use super::properties::properties;
use crate::error::{Error, Result};
use crate::lake::bucket::KeyRange;
use crate::lake::durable;

/// Rows of a group, about. Whoever wants the persons of a part of a group has to decode all of it,
/// and the footer grows with every group.
pub(super) const GROUP_ROWS: usize = 1 << 14;
/// Rows of a group of a file that keeps its order, about. It is read from one end to the other, and
/// until it ends the writer holds four hundred bytes for each column of each group.
const LONG_GROUP_ROWS: usize = 1 << 16;
/// Bytes of such a group before they are encoded.
const LONG_GROUP_BYTES: usize = 128 << 20;

/// Writes one file of rows.
pub struct RowsWriter {
    schema: SchemaRef,
    /// Made when the first rows are written, which show how columns are best encoded.
    writer: Option<ArrowWriter<durable::Writer>>,
    file: durable::Writer,
    groups: Vec<(i64, i64)>,
    /// Rows, bytes and keys of the group under way.
    open: (usize, usize, Option<KeyRange>),
    rows: u64,
}

impl RowsWriter {
    /// Creates a file that keeps the order of its rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn plain(path: &Path, schema: SchemaRef) -> Result<Self> {
        let file = durable::Writer::create(path)?;
        Ok(Self { schema, writer: None, file, groups: Vec::new(), open: (0, 0, None), rows: 0 })
    }

    /// Writes a file of one batch.
    ///
    /// # Errors
    /// What the disk says.
    pub fn one(path: &Path, batch: &RecordBatch) -> Result<()> {
        let mut writer = Self::plain(path, batch.schema())?;
        writer.push(batch)?;
        writer.finish().map(drop)
    }

    /// Writes a file of the rows that `batch` makes of all things, some thousands at a time.
    ///
    /// # Errors
    /// What the disk says; those of `batch`.
    pub fn all<T>(
        path: &Path,
        schema: SchemaRef,
        things: &[T],
        batch: impl Fn(&[T]) -> Result<RecordBatch>,
    ) -> Result<()> {
        let mut writer = Self::plain(path, schema)?;
        for some in things.chunks(8192) {
            writer.push(&batch(some)?)?;
        }
        writer.finish().map(drop)
    }

    /// Adds rows of any keys, or of none.
    ///
    /// # Errors
    /// What the disk says.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        self.push_of(batch, KeyRange::ALL)
    }

    /// Adds rows whose keys lie in a range; ranges come in their order.
    ///
    /// # Errors
    /// What the disk says.
    pub fn push_of(&mut self, batch: &RecordBatch, keys: KeyRange) -> Result<()> {
        let (rows, bytes, open) = self.open;
        // The rows of one range stay together.
        if open.is_some_and(|open| open.last < keys.first) && rows >= LONG_GROUP_ROWS
            || bytes >= LONG_GROUP_BYTES
        {
            self.end_group()?;
        }
        let (rows, bytes, open) = self.open;
        let first = open.map_or(keys.first, |open| open.first);
        let range = KeyRange { first, last: keys.last };
        self.open = (rows + batch.num_rows(), bytes + batch.get_array_memory_size(), Some(range));
        self.write(batch)
    }

    /// Writes rows as a group of their own, which holds these keys.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn group(&mut self, batch: &RecordBatch, keys: (i64, i64)) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.open.2 = Some(KeyRange { first: keys.0, last: keys.1 });
        self.write(batch)?;
        self.end_group()
    }

    /// Ends the file; the number of its rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(mut self) -> Result<u64> {
        if self.open.0 > 0 {
            self.end_group()?;
        }
        let groups = serde_json::to_string(&self.groups).expect("pairs of numbers are JSON");
        let mut writer = self.out(&RecordBatch::new_empty(self.schema.clone()))?;
        writer.append_key_value_metadata(KeyValue::new(GROUPS.into(), groups));
        writer.close().map_err(|e| self.failed(&e))?;
        self.file.finish()?;
        Ok(self.rows)
    }

    /// The Parquet writer; `first` are the first rows that it gets.
    fn out(&mut self, first: &RecordBatch) -> Result<ArrowWriter<durable::Writer>> {
        if let Some(writer) = self.writer.take() {
            return Ok(writer);
        }
        let file = self.file.clone();
        ArrowWriter::try_new(file, self.schema.clone(), Some(properties(first)))
            .map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &ParquetError) -> Error {
        Error::parquet("write", self.file.path(), error)
    }

    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.rows += rows.num_rows() as u64;
        let mut writer = self.out(rows)?;
        writer.write(rows).map_err(|e| self.failed(&e))?;
        self.writer = Some(writer);
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        let (_, _, keys) = std::mem::take(&mut self.open);
        let flushed = self.writer.as_mut().map_or(Ok(()), ArrowWriter::flush);
        flushed.map_err(|e| self.failed(&e))?;
        let keys = keys.unwrap_or(KeyRange::ALL);
        self.groups.push((keys.first, keys.last));
        Ok(())
    }
}
