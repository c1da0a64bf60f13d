//! What is kept of a file's footer. As the reader has it, each column of each group takes 408
//! bytes: a hundred megabytes for the files of ten million persons. Here it is sixteen.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::basic::CompressionCodec;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, RowGroupMetaData,
};
use parquet::schema::types::SchemaDescriptor;

use super::GROUPS;
use crate::error::{Error, Result};
use crate::lake::bucket::KeyRange;

/// The footer of one file.
#[derive(Debug)]
pub(super) struct Footer {
    pub schema: SchemaRef,
    /// The footer without its groups.
    pub file: ParquetMetaData,
    /// Bytes of all rows as they are encoded, before compression.
    pub bytes: u64,
    /// Keys of each group, where it says so.
    keys: Vec<(i64, i64)>,
    /// Rows of each group.
    rows: Vec<u32>,
    /// Where the columns of each group lie, group by group.
    columns: Vec<Column>,
}

/// Where one column of one group lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub start: u64,
    pub length: u32,
    codec: CompressionCodec,
}

impl Footer {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(file: &File, path: &Path) -> Result<Self> {
        let damaged = |what: &dyn std::fmt::Display| {
            Error::environment(format!("{} is damaged: {what}", path.display()))
                .hint("restore the lake from its backup, or remove the delivery and run again")
        };
        let reader = ArrowReaderMetadata::load(file, Default::default());
        let reader = reader.map_err(|e| damaged(&e))?;
        let all = reader.metadata();
        let keys = all.file_metadata().key_value_metadata();
        let keys = keys
            .and_then(|pairs| pairs.iter().find(|pair| pair.key == GROUPS))
            .and_then(|pair| serde_json::from_str(pair.value.as_deref()?).ok());
        let (mut rows, mut columns) = (Vec::new(), Vec::new());
        for group in all.row_groups() {
            let many = |_| damaged(&"a group is too large");
            rows.push(u32::try_from(group.num_rows()).map_err(many)?);
            for column in group.columns() {
                let (start, length) = column.byte_range();
                let length = u32::try_from(length).map_err(many)?;
                columns.push(Column { start, length, codec: column.compression_codec() });
            }
        }
        let encoded = |group: &RowGroupMetaData| group.total_byte_size() as u64;
        Ok(Self {
            schema: reader.schema().clone(),
            file: ParquetMetaData::new(without_notes(all.file_metadata()), Vec::new()),
            bytes: all.row_groups().iter().map(encoded).sum(),
            keys: keys.unwrap_or_default(),
            rows,
            columns,
        })
    }

    /// The columns as Parquet has them.
    pub fn parquet(&self) -> &SchemaDescriptor {
        self.file.file_metadata().schema_descr()
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.rows.len()
    }

    /// Rows of a group.
    pub fn rows_of(&self, group: usize) -> usize {
        self.rows[group] as usize
    }

    /// Keys of the rows in a group; below 0 where rows have none.
    pub fn keys_of(&self, group: usize) -> KeyRange {
        let (first, last) = self.keys.get(group).copied().unwrap_or((0, i64::MAX));
        KeyRange { first, last }
    }

    /// Where a column of a group lies.
    pub fn column(&self, group: usize, column: usize) -> Column {
        self.columns[group * self.parquet().num_columns() + column]
    }

    /// A column of a group, as the reader of pages wants to have it described.
    ///
    /// # Errors
    /// What Parquet's own maker of descriptions says.
    pub fn described(
        &self,
        group: usize,
        column: usize,
    ) -> Result<ColumnChunkMetaData, parquet::errors::ParquetError> {
        let place = self.column(group, column);
        ColumnChunkMetaData::builder(self.parquet().column(column))
            .set_compression_codec(place.codec)
            .set_num_values(self.rows_of(group) as i64)
            .set_data_page_offset(place.start as i64)
            .set_total_compressed_size(place.length.into())
            .build()
    }
}

/// What the file says of itself, but for the schema in another form and the keys of its groups.
fn without_notes(file: &FileMetaData) -> FileMetaData {
    let schema = file.schema_descr_ptr();
    let by = file.created_by().map(str::to_owned);
    FileMetaData::new(file.version(), file.num_rows(), by, None, schema, None)
}

/// A footer that many readers share.
pub(super) type SharedFooter = Arc<Footer>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_kept_of_a_column() {
        assert_eq!(size_of::<Column>(), 16);
        // Were the reader's as small, nothing here would be needed.
        assert!(size_of::<ColumnChunkMetaData>() > 256, "{}", size_of::<ColumnChunkMetaData>());
    }
}
