//! Parquet: every column as text.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int32Type, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;

use crate::error::{Error, Result};

use super::columns::Columns;
use super::container::Source;
use super::ndjson::push_float;
use super::{CELL_BYTES, RawRow, reason};

/// Rows that are decoded at once; sixteen bits count them.
const BATCH_ROWS: usize = 4096;
const _: () = assert!(BATCH_ROWS < u16::MAX as usize);

/// Most bytes of text that are handed over at once, unless one row has more.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Rows that a text of a column must have on average to be told once: else nobody gains.
const REPEATS: usize = 2;

/// A Parquet file under way.
pub(super) struct Columnar {
    label: String,
    pub headings: Vec<String>,
    reader: ParquetRecordBatchReader,
    /// Columns that were decoded, and those of their rows that have not been handed over; the next
    /// ones stand last.
    decoded: Vec<Decoded>,
    left: Vec<Range<usize>>,
    line: u64,
}

/// A column of a batch as text.
enum Decoded {
    /// Texts, and where nothing was in the column.
    Plain(StringArray, Option<NullBuffer>),
    /// Texts that rows share.
    Shared(DictionaryArray<Int32Type>),
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
    let options = ArrowReaderOptions::new().with_schema(Arc::new(with_shared(&metadata)));
    let metadata =
        ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(broken)?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let headings = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(broken)?;
    Ok(Columnar { label, headings, reader, decoded: Vec::new(), left: Vec::new(), line: 1 })
}

fn damaged(label: &str, what: &str) -> Error {
    Error::gate(format!("{label} cannot be read as Parquet: {what}"))
        .hint("ask the sender to send it again, with no compression or zstd")
}

/// The schema of a file, in which columns of texts that the file has once stay so.
fn with_shared(file: &ArrowReaderMetadata) -> Schema {
    let leaves = file.parquet_schema().columns();
    let groups = file.metadata().row_groups();
    let shared = |name: &str| {
        let leaf = leaves.iter().position(|leaf| leaf.path().parts() == [name]);
        leaf.is_some_and(|leaf| groups.iter().all(|group| is_shared(group.column(leaf))))
    };
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 if shared(field.name()) => {
            let (numbers, texts) = (Box::new(DataType::Int32), Box::new(DataType::Utf8));
            let shared = DataType::Dictionary(numbers, texts);
            Arc::new(field.as_ref().clone().with_data_type(shared))
        }
        _ => Arc::clone(field),
    };
    let fields: Vec<Arc<Field>> = file.schema().fields().iter().map(field).collect();
    Schema::new_with_metadata(fields, file.schema().metadata().clone())
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
                let columns = columns(&self.decoded, rows.clone(), self.line);
                self.line += rows.len() as u64;
                return Ok(Some((columns, bytes as u64)));
            }
            let Some(batch) = self.reader.next() else { return Ok(None) };
            let batch = batch.map_err(|e| damaged(&self.label, &e.to_string()))?;
            self.decoded = batch.columns().iter().map(decoded).collect::<Result<_>>()?;
            self.left.extend((batch.num_rows() > 0).then_some(0..batch.num_rows()));
        }
    }
}

/// Some decoded rows as they are handed over.
fn columns(decoded: &[Decoded], rows: Range<usize>, line: u64) -> Columns {
    let mut columns = Columns::at(line);
    columns.rows = rows.len() as u32;
    for column in decoded {
        match column {
            Decoded::Plain(texts, nulls) => {
                columns.begin(None);
                for row in rows.clone() {
                    let null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                    let not_text = !null && texts.is_null(row);
                    let text = if null || not_text { "" } else { texts.value(row) };
                    let long = put(&mut columns, text);
                    let fault = long.then_some(reason::LONG_CELL);
                    let fault = fault.or(not_text.then_some(reason::NOT_UTF8));
                    columns.distrust(row - rows.start, fault);
                }
            }
            Decoded::Shared(texts) => shared(&mut columns, texts, rows.clone()),
        }
    }
    columns
}

/// Adds a text; whether it was cut, as it is too long to be believed.
fn put(columns: &mut Columns, text: &str) -> bool {
    columns.put(&text[..text.floor_char_boundary(CELL_BYTES)]);
    text.len() > CELL_BYTES
}

/// Adds a column of texts that rows share: those that these rows have, in the order in which they
/// come, each once.
fn shared(columns: &mut Columns, texts: &DictionaryArray<Int32Type>, rows: Range<usize>) {
    const NEW: u16 = u16::MAX;
    let values = texts.values().as_string::<i32>();
    // Behind the texts of the dictionary, that of a cell with nothing in it.
    let mut own = vec![NEW; values.len() + 1];
    let (mut order, mut numbers) = (Vec::new(), Vec::with_capacity(rows.len()));
    for row in rows.clone() {
        let at = texts.key(row).filter(|at| values.is_valid(*at)).unwrap_or(values.len());
        if own[at] == NEW {
            own[at] = order.len() as u16;
            order.push(at);
        }
        numbers.push(own[at]);
    }
    let mut long = false;
    let mut add = |columns: &mut Columns, at: usize| {
        let text = if at == values.len() { "" } else { values.value(at) };
        long |= put(columns, text);
    };
    if order.len() * REPEATS <= rows.len() {
        columns.begin(Some(numbers));
        order.iter().for_each(|at| add(columns, *at));
    } else {
        columns.begin(None);
        numbers.iter().for_each(|number| add(columns, order[usize::from(*number)]));
    }
    if long {
        let is_long =
            |row: &usize| texts.key(*row).is_some_and(|at| value_bytes(values, at) > CELL_BYTES);
        for row in rows.clone().filter(is_long) {
            columns.distrust(row - rows.start, Some(reason::LONG_CELL));
        }
    }
}

fn value_bytes(texts: &StringArray, at: usize) -> usize {
    let offsets = texts.value_offsets();
    (offsets[at + 1] - offsets[at]) as usize
}

impl Decoded {
    /// Bytes of the cells of some rows.
    fn bytes(&self, rows: &Range<usize>) -> usize {
        match self {
            Self::Plain(texts, _) => {
                let offsets = texts.value_offsets();
                (offsets[rows.end] - offsets[rows.start]) as usize
            }
            Self::Shared(texts) => {
                let values = texts.values().as_string::<i32>();
                let keys = rows.clone().filter_map(|row| texts.key(row));
                keys.map(|at| value_bytes(values, at)).sum()
            }
        }
    }
}

fn decoded(source: &ArrayRef) -> Result<Decoded> {
    if let Some(texts) = source.as_dictionary_opt::<Int32Type>()
        && texts.values().data_type() == &DataType::Utf8
    {
        return Ok(Decoded::Shared(texts.clone()));
    }
    let text: StringArray = if source.data_type() == &DataType::Float64 {
        let floats = source.as_primitive::<Float64Type>();
        let mut row = RawRow::default();
        for value in floats {
            match value {
                Some(value) => push_float(&mut row, value),
                None => row.push(""),
            }
        }
        row.cells().map(Some).collect()
    } else if source.data_type() == &DataType::Float32 {
        // By way of the shortest text: as a double 0.1 would become 0.10000000149.
        let floats = source.as_primitive::<Float32Type>();
        floats.iter().map(|v| v.map(|v| v.to_string())).collect()
    } else if can_cast_types(source.data_type(), &DataType::Utf8) {
        cast(source, &DataType::Utf8)?.as_string::<i32>().clone()
    } else {
        let options = FormatOptions::default();
        let formatter = ArrayFormatter::try_new(source.as_ref(), &options)?;
        (0..source.len()).map(|i| Some(formatter.value(i).to_string())).collect()
    };
    // A column that is nothing but nulls, or whose dictionary holds one, has no plain mask of them.
    Ok(Decoded::Plain(text, source.logical_nulls()))
}

#[cfg(test)]
mod tests {
    use arrow::array::{BinaryArray, Int32Array, NullArray};

    use super::*;

    fn read(column: ArrayRef) -> Columns {
        columns(&[decoded(&column).unwrap()], 0..column.len(), 1)
    }

    #[test]
    fn nothing_is_seen_however_a_column_says_it() {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("张三"), None]));
        let named = DictionaryArray::new(Int32Array::from(vec![Some(0), Some(1), None]), names);
        let plain = StringArray::from(vec![Some("张三"), None, None]);
        let columns: [(ArrayRef, [&str; 3]); 3] = [
            (Arc::new(plain), ["张三", "", ""]),
            (Arc::new(named), ["张三", "", ""]),
            (Arc::new(NullArray::new(3)), [""; 3]),
        ];
        for (column, texts) in columns {
            let read = read(Arc::clone(&column));
            assert_eq!([0, 1, 2].map(|row| read.cell(0, row)), texts, "{}", column.data_type());
            assert!(read.is_whole() && read.wrong.is_empty());
        }
    }

    #[test]
    fn texts_that_rows_share_stand_once() {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["unused", "男", "女"]));
        let keys = [Some(2), Some(1), None, Some(2), Some(1), Some(1), Some(1)];
        let keys = Int32Array::from(keys.to_vec());
        let column: ArrayRef = Arc::new(DictionaryArray::new(keys, values));
        let decoded = [decoded(&column).unwrap()];
        let read = columns(&decoded, 1..7, 8);
        assert_eq!(read.text, "男女");
        assert_eq!([0, 1, 2, 3].map(|row| read.cell(0, row)), ["男", "", "女", "男"]);
        assert_eq!([0, 1, 2, 3].map(|row| read.number(0, row)), [0, 1, 2, 0].map(Some));
        assert_eq!((read.line_of(3), read.is_whole()), (11, true));
        let few = columns(&decoded, 1..4, 8);
        assert_eq!([0, 1, 2].map(|row| few.cell(0, row)), ["男", "", "女"]);
        assert_eq!((few.number(0, 0), few.is_whole()), (None, true));
    }

    #[test]
    fn a_row_that_cannot_be_trusted_says_why() {
        let long = "长".repeat(CELL_BYTES / 3 + 1);
        let plain: ArrayRef = Arc::new(StringArray::from(vec!["a", &long, "a", &long]));
        let shared = cast(
            &plain,
            &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        )
        .unwrap();
        let bytes: [&[u8]; 4] = [b"a", b"\xff", b"\xff", b"a"];
        let binary: ArrayRef = Arc::new(BinaryArray::from(bytes.to_vec()));
        for texts in [plain, shared] {
            let both = [decoded(&texts).unwrap(), decoded(&binary).unwrap()];
            let read = columns(&both, 0..4, 1);
            let wrong = [0, 1, 2, 3].map(|row| read.wrong(row));
            let (long, not_text) = (Some(reason::LONG_CELL), Some(reason::NOT_UTF8));
            assert_eq!(wrong, [None, not_text, not_text, long]);
            assert!(read.cell(0, 3).len() <= CELL_BYTES && read.is_whole());
        }
    }
}
