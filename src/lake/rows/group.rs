//! One group of a file: the wanted columns come from the disk at one stroke, and are decoded.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{FieldLevels, ProjectionMask, parquet_to_arrow_field_levels};
use parquet::column::page::{PageIterator, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::footer::{Footer, SharedFooter};
use crate::error::{Error, Result};

/// Rows of a batch.
pub(super) const BATCH_ROWS: usize = 8192;

/// The wanted columns, as they lie in the file: where each run of them begins, and its bytes.
struct Chunks {
    length: u64,
    runs: Vec<(u64, Bytes)>,
}

impl Chunks {
    fn find(&self, start: u64) -> Option<Bytes> {
        let at = self.runs.partition_point(|(first, _)| *first <= start).checked_sub(1)?;
        let (first, bytes) = &self.runs[at];
        let skip = usize::try_from(start - first).ok()?;
        (skip <= bytes.len()).then(|| bytes.slice(skip..))
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Chunks {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let bytes = self.find(start);
        Ok(bytes.ok_or_else(|| ParquetError::EOF("no such column".into()))?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.find(start).filter(|bytes| length <= bytes.len());
        Ok(bytes.ok_or_else(|| ParquetError::EOF("a column is cut".into()))?.slice(..length))
    }
}

/// The file's columns that are read, by their places, which rise.
pub(super) struct Mask {
    columns: Vec<usize>,
    levels: FieldLevels,
}

impl Mask {
    /// The columns of a file at these places.
    ///
    /// # Errors
    /// A type that the reader of Parquet does not know.
    pub fn new(footer: &Footer, columns: Vec<usize>) -> Result<Self> {
        let parquet = footer.parquet();
        let mask = ProjectionMask::roots(parquet, columns.iter().copied());
        let hint = Some(footer.schema.fields());
        Ok(Self { levels: parquet_to_arrow_field_levels(parquet, mask, hint)?, columns })
    }
}

/// Decodes the wanted columns of a group.
///
/// # Errors
/// What the disk says.
pub(super) fn read(
    handle: &mut File,
    path: &Path,
    footer: &SharedFooter,
    mask: &Mask,
    group: usize,
) -> Result<ParquetRecordBatchReader> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for column in &mask.columns {
        let place = footer.column(group, *column);
        match runs.last_mut() {
            Some((first, bytes)) if *first + *bytes == place.start => {
                *bytes += u64::from(place.length);
            }
            _ => runs.push((place.start, place.length.into())),
        }
    }
    let failed = |e: &std::io::Error| Error::io("read", path, e);
    let mut chunks = Chunks { length: runs.last().map_or(0, |(s, l)| s + l), runs: Vec::new() };
    for (start, length) in runs {
        let mut bytes = vec![0; length as usize];
        handle.seek(SeekFrom::Start(start)).map_err(|e| failed(&e))?;
        handle.read_exact(&mut bytes).map_err(|e| failed(&e))?;
        chunks.runs.push((start, bytes.into()));
    }
    let one = OneGroup { footer: footer.clone(), group, chunks: Arc::new(chunks) };
    let rows = BATCH_ROWS.min(one.num_rows());
    ParquetRecordBatchReader::try_new_with_row_groups(&mask.levels, &one, rows, None)
        .map_err(|e| Error::parquet("read", path, &e))
}

/// A group, as the reader wants to have it.
struct OneGroup {
    footer: SharedFooter,
    group: usize,
    chunks: Arc<Chunks>,
}

impl RowGroups for OneGroup {
    fn num_rows(&self) -> usize {
        self.footer.rows_of(self.group)
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>, ParquetError> {
        let described = self.footer.described(self.group, column)?;
        let pages =
            SerializedPageReader::new(self.chunks.clone(), &described, self.num_rows(), None)?;
        Ok(Box::new(Pages(Some(Box::new(pages)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::empty())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.footer.file
    }
}

/// The pages of one column of one group.
struct Pages(Option<Box<dyn PageReader>>);

impl Iterator for Pages {
    type Item = Result<Box<dyn PageReader>, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for Pages {}
