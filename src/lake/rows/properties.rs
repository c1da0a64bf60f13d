//! How the columns of the lake's files are encoded.

use std::collections::HashSet;
use std::hash::Hash;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use foldhash::fast::FixedState;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::{PERSON_KEY, SRC_ROW};

/// Compression, statistics and encodings of the lake's files, by the first rows of one; no wall
/// clock, no machine.
pub(super) fn properties(first: &RecordBatch) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by("bidui".into())
        // Zstd makes files a third smaller, but sets up a table for every page of every column: with
        // groups of few rows that alone was 15 % of a night.
        .set_compression(Compression::LZ4_RAW)
        // Which rows a group holds stands in the footer; nobody asks for the rest.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_write_batch_size(8192)
        .set_max_row_group_row_count(Some(1 << 30));
    for (field, column) in first.schema().fields().iter().zip(first.columns()) {
        let path = ColumnPath::from(field.name().as_str());
        match field.name().as_str() {
            PERSON_KEY => builder = builder.set_column_dictionary_enabled(path, false),
            SRC_ROW | "src_line" | "src_byte" => {
                builder = builder
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
            }
            // A dictionary of values that hardly repeat is work for nothing.
            _ if varied(column) => builder = builder.set_column_dictionary_enabled(path, false),
            _ => {}
        }
    }
    builder.build()
}

/// Do most rows have a value that no other has?
fn varied(column: &ArrayRef) -> bool {
    fn count<T: Hash + Eq>(values: impl Iterator<Item = Option<T>>) -> usize {
        values.flatten().collect::<HashSet<T, FixedState>>().len()
    }
    let filled = column.len() - column.null_count();
    let distinct = match column.data_type() {
        DataType::Utf8 => count(column.as_string::<i32>().iter()),
        DataType::Int64 => count(column.as_primitive::<Int64Type>().iter()),
        DataType::Decimal128(_, _) => count(column.as_primitive::<Decimal128Type>().iter()),
        _ => 0,
    };
    filled >= 256 && distinct * 2 > filled
}
