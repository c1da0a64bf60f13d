//! Parquet: every column as text.

mod values;

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{ConvertedType, Encoding, LogicalType, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescriptor;

use crate::error::{Error, Result};

use super::columns::Columns;
use super::container::Source;
use values::{Decoded, HERE};

/// Rows that are decoded at once; sixteen bits count them.
const BATCH_ROWS: usize = 4096;
const _: () = assert!(BATCH_ROWS < u16::MAX as usize);

/// Most bytes of text that are handed over at once, unless one row has more.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// A Parquet file under way.
pub(super) struct Columnar {
    label: String,
    pub headings: Vec<String>,
    /// Whether each column is one of UUIDs, whose bytes are no text.
    uuids: Vec<bool>,
    reader: ParquetRecordBatchReader,
    /// Columns that were decoded, and those of their rows that have not been handed over; the next
    /// ones stand last.
    decoded: Vec<Decoded>,
    left: Vec<Range<usize>>,
    line: u64,
}

/// Opens a Parquet file.
///
/// # Errors
/// It is damaged, or lies inside a zip; what the disk says.
pub(super) fn open(source: &Source) -> Result<Columnar> {
    let label = source.label();
    let Some(file) = source.plain_file()? else {
        return Err(Error::gate(format!("{label} is Parquet inside a zip, which is not read"))
            .hint("deliver the Parquet file itself; it is compressed already"));
    };
    let broken = |e: ParquetError| damaged(&label, &e.to_string());
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(broken)?;
    let options = ArrowReaderOptions::new().with_schema(Arc::new(read_as(&metadata)));
    let is_uuid = |field: &Arc<Field>| {
        let leaf = leaf(&metadata, field);
        leaf.is_some_and(|(_, leaf)| leaf.logical_type_ref() == Some(&LogicalType::Uuid))
    };
    let uuids = metadata.schema().fields().iter().map(is_uuid).collect();
    let metadata =
        ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(broken)?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let headings = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(broken)?;
    let (decoded, left) = (Vec::new(), Vec::new());
    Ok(Columnar { label, headings, uuids, reader, decoded, left, line: 1 })
}

fn damaged(label: &str, what: &str) -> Error {
    Error::gate(format!("{label} cannot be read as Parquet: {what}"))
        .hint("ask the sender to send it again, with no compression or zstd")
}

/// The column of Parquet that a column is, and its number; lists and records are none.
fn leaf<'a>(file: &'a ArrowReaderMetadata, field: &Field) -> Option<(usize, &'a ColumnDescriptor)> {
    let mut leaves = file.parquet_schema().columns().iter().map(|leaf| &**leaf).enumerate();
    let name = field.name().as_str();
    leaves.find(|(_, leaf)| leaf.path().parts() == [name])
}

/// The schema by which a file is read. Texts that the file has once stay so; times of 96 bits are
/// microseconds, as nanoseconds begin again after 2262.
fn read_as(file: &ArrowReaderMetadata) -> Schema {
    let groups = file.metadata().row_groups();
    let maker = file.metadata().file_metadata().created_by();
    let wanted = |field: &Field| {
        let (number, leaf) = leaf(file, field)?;
        match field.data_type() {
            // Of other texts, as of JSON, the reader of dictionaries makes bytes.
            text if is_text(text) && leaf.converted_type() == ConvertedType::UTF8 => {
                let once = groups.iter().all(|group| is_shared(group.column(number)));
                let shared = || DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
                Some(if once { shared() } else { DataType::Utf8 })
            }
            DataType::Timestamp(_, zone) if leaf.physical_type() == Type::INT96 => {
                // They name no zone. Spark and Hive write UTC, others what stood on the clock.
                let utc = maker.is_some_and(|maker| maker.starts_with("parquet-mr"));
                let zone = zone.clone().or(utc.then(|| HERE.into()));
                Some(DataType::Timestamp(TimeUnit::Microsecond, zone))
            }
            _ => None,
        }
    };
    let field = |field: &Arc<Field>| match wanted(field) {
        Some(wanted) => Arc::new(field.as_ref().clone().with_data_type(wanted)),
        None => Arc::clone(field),
    };
    let fields: Vec<Arc<Field>> = file.schema().fields().iter().map(field).collect();
    Schema::new_with_metadata(fields, file.schema().metadata().clone())
}

/// Whether a column is one of texts, whatever its writer kept them in.
fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_text(values),
        kind => kind.is_string(),
    }
}

/// Whether all pages of a column of a group refer to its dictionary.
fn is_shared(column: &ColumnChunkMetaData) -> bool {
    let only =
        |encoding| column.page_encoding_stats_mask().is_some_and(|all| all.is_only(encoding));
    column.dictionary_page_offset().is_some()
        && (only(Encoding::RLE_DICTIONARY) || only(Encoding::PLAIN_DICTIONARY))
}

impl Columnar {
    /// The next rows, and the bytes of their cells; nothing when there are no more.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn next(&mut self) -> Result<Option<(Columns, u64)>> {
        loop {
            while let Some(rows) = self.left.pop() {
                let bytes: usize = self.decoded.iter().map(|column| column.bytes(&rows)).sum();
                if bytes > MOST_BYTES && rows.len() > 1 {
                    let middle = rows.start + rows.len() / 2;
                    self.left.extend([middle..rows.end, rows.start..middle]);
                    continue;
                }
                let columns = columns(&self.decoded, &rows, self.line);
                self.line += rows.len() as u64;
                return Ok(Some((columns, bytes as u64)));
            }
            let Some(batch) = self.reader.next() else { return Ok(None) };
            let batch = batch.map_err(|e| damaged(&self.label, &e.to_string()))?;
            let columns = batch.columns().iter().zip(&self.uuids);
            let decoded = columns.map(|(column, uuids)| Decoded::new(column, *uuids));
            self.decoded = decoded.collect::<Result<_>>()?;
            self.left.extend((batch.num_rows() > 0).then_some(0..batch.num_rows()));
        }
    }
}

/// Some decoded rows as they are handed over.
fn columns(decoded: &[Decoded], rows: &Range<usize>, line: u64) -> Columns {
    let mut columns = Columns::at(line);
    columns.rows = rows.len() as u32;
    decoded.iter().for_each(|column| column.hand_over(&mut columns, rows));
    columns
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use arrow::compute::cast;
    use parquet::arrow::ArrowWriter;
    use parquet::data_type::{
        ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int96, Int96Type,
    };
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
    use parquet::schema::parser::parse_message_type;
    use tempfile::NamedTempFile;

    use super::super::reason;
    use super::*;

    type Write<'a> = &'a dyn Fn(&mut SerializedColumnWriter<'_>);

    /// What is read of a file of one group whose columns are written in turn.
    fn read<const N: usize>(message: &str, maker: &str, write: [Write<'_>; N]) -> Columns {
        let place = NamedTempFile::new().unwrap();
        let schema = Arc::new(parse_message_type(message).unwrap());
        let properties = WriterProperties::builder().set_created_by(maker.to_owned()).build();
        let file = place.reopen().unwrap();
        let mut file = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
        let mut group = file.next_row_group().unwrap();
        for write in write {
            let mut column = group.next_column().unwrap().unwrap();
            write(&mut column);
            column.close().unwrap();
        }
        group.close().unwrap();
        file.close().unwrap();
        first(&place)
    }

    fn first(file: &NamedTempFile) -> Columns {
        open(&Source::file(file.path())).unwrap().next().unwrap().unwrap().0
    }

    #[test]
    fn texts_are_told_once_whatever_they_are_kept_in() {
        let texts = [Some("男"), Some("女"), None, Some("男"), Some("女"), Some("男")];
        let column: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let shared = |numbers: DataType, texts: DataType| {
            DataType::Dictionary(Box::new(numbers), Box::new(texts))
        };
        let kinds = [
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Utf8View,
            shared(DataType::Int8, DataType::Utf8),
            shared(DataType::UInt16, DataType::LargeUtf8),
        ];
        for (kind, once) in kinds.iter().flat_map(|kind| [(kind, true), (kind, false)]) {
            let column = cast(&column, kind).unwrap();
            let batch = RecordBatch::try_from_iter([("性别", column)]).unwrap();
            let properties = WriterProperties::builder().set_dictionary_enabled(once).build();
            let file = NamedTempFile::new().unwrap();
            let to = file.reopen().unwrap();
            let mut writer = ArrowWriter::try_new(to, batch.schema(), Some(properties)).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let read = first(&file);
            assert_eq!(read.number(0, 0).is_some(), once, "{kind} {once}");
            let cells = [0, 1, 2, 3, 4, 5].map(|row| read.cell(0, row));
            assert_eq!(cells, texts.map(Option::unwrap_or_default), "{kind} {once}");
        }
    }

    #[test]
    fn json_is_read_though_the_file_has_it_once() {
        let write = |column: &mut SerializedColumnWriter<'_>| {
            let value = ["{}"; 3].map(ByteArray::from);
            column.typed::<ByteArrayType>().write_batch(&value, None, None).unwrap();
        };
        let read = read("message m { required binary more (JSON); }", "a test", [&write]);
        assert_eq!([0, 1, 2].map(|row| read.cell(0, row)), ["{}"; 3]);
    }

    #[test]
    fn bytes_of_one_length_are_text_unless_they_are_a_number() {
        let write = |bytes: &'static [u8]| {
            move |column: &mut SerializedColumnWriter<'_>| {
                let value = [FixedLenByteArray::from(bytes.to_vec())];
                column.typed::<FixedLenByteArrayType>().write_batch(&value, None, None).unwrap();
            }
        };
        let message = "message m {
            required fixed_len_byte_array(6) code;
            required fixed_len_byte_array(2) lost;
            required fixed_len_byte_array(16) key (UUID);
        }";
        let [code, lost, key] = [write(b"620122"), write(b"\xd5\xc5"), write(&[0xab; 16])];
        let read = read(message, "a test", [&code, &lost, &key]);
        assert_eq!([0, 1, 2].map(|column| read.cell(column, 0)), ["620122", "", &"ab".repeat(16)]);
        assert_eq!(read.wrong(0), Some(reason::NOT_UTF8));
    }

    #[test]
    fn old_times_are_read_beyond_2262() {
        // 2025-12-31 at four in the afternoon, and the last day of 9999.
        let hours = 16 * 3_600_000_000_000_u64;
        let times = [
            Int96::from(vec![hours as u32, (hours >> 32) as u32, 2_461_041]),
            Int96::from(vec![0, 0, 5_373_484]),
        ];
        let write = |column: &mut SerializedColumnWriter<'_>| {
            column.typed::<Int96Type>().write_batch(&times, None, None).unwrap();
        };
        for (maker, texts) in [
            (
                "parquet-mr version 1.13.1",
                ["2026-01-01T00:00:00+08:00", "9999-12-31T08:00:00+08:00"],
            ),
            ("impala version 4.1.0", ["2025-12-31T16:00:00", "9999-12-31T00:00:00"]),
        ] {
            let read = read("message m { required int96 day; }", maker, [&write]);
            assert_eq!([0, 1].map(|row| read.cell(0, row)), texts, "{maker}");
        }
    }
}
