//! Parquet: every column cast to text.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::{Error, Result};

use super::container::Source;
use super::ndjson::push_float;
use super::{CELL_BYTES, Next, Part, RawRow, Rows, Shape, reason};

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 4096;

/// Opens a Parquet file.
pub(super) fn open(source: &Source) -> Result<Box<dyn Rows>> {
    let label = source.label();
    let Some(file) = source.plain_file()? else {
        return Err(Error::gate(format!("{label} is Parquet inside a zip, which is not read"))
            .hint("deliver the Parquet file itself; it is compressed already"));
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|e| damaged(&label, &e.to_string()))?;
    let headings = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    let reader = builder.with_batch_size(BATCH_ROWS).build();
    let reader = reader.map_err(|e| damaged(&label, &e.to_string()))?;
    let part = Part { file: label, ..Part::default() };
    Ok(Box::new(Columnar { part, headings, reader, columns: Vec::new(), at: 0, rows: 0, line: 0 }))
}

fn damaged(label: &str, what: &str) -> Error {
    Error::gate(format!("{label} cannot be read as Parquet: {what}"))
        .hint("ask the sender to send it again, with no compression or zstd")
}

struct Columnar {
    part: Part,
    headings: Vec<String>,
    reader: ParquetRecordBatchReader,
    columns: Vec<Column>,
    at: usize,
    rows: usize,
    line: u64,
}

/// A column of a batch as text, and where nothing was in it.
struct Column {
    text: StringArray,
    nulls: Option<NullBuffer>,
}

impl Column {
    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }
}

impl Rows for Columnar {
    fn part(&self) -> &Part {
        &self.part
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Named(&self.headings)
    }

    fn next(&mut self, row: &mut RawRow) -> Result<Next> {
        row.clear();
        while self.at == self.rows {
            let Some(batch) = self.reader.next() else {
                return Ok(Next::End);
            };
            let batch = batch.map_err(|e| damaged(&self.part.file, &e.to_string()))?;
            self.rows = batch.num_rows();
            self.at = 0;
            self.columns = batch.columns().iter().map(text_of).collect::<Result<_, _>>()?;
        }
        let i = self.at;
        self.at += 1;
        self.line += 1;
        row.line = self.line;
        let mut fault = None;
        for column in &self.columns {
            if column.is_null(i) {
                row.push("");
            } else if column.text.is_null(i) {
                row.push("");
                fault = Some(reason::NOT_UTF8);
            } else {
                let text = column.text.value(i);
                row.push(text);
                if text.len() > CELL_BYTES {
                    fault = Some(reason::LONG_CELL);
                }
            }
        }
        let Some(reason) = fault else {
            return Ok(Next::Row);
        };
        Ok(Next::Broken { line: row.line, byte: 0, reason, raw: row.shown() })
    }
}

fn text_of(source: &ArrayRef) -> Result<Column> {
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
    Ok(Column { text, nulls: source.logical_nulls() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Int32Array, NullArray};

    use super::*;

    #[test]
    fn nothing_is_seen_however_a_column_says_it() {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("张三"), None]));
        let named = DictionaryArray::new(Int32Array::from(vec![Some(0), Some(1), None]), names);
        let plain = StringArray::from(vec![Some("张三"), None, None]);
        let columns: [(ArrayRef, [bool; 3]); 3] = [
            (Arc::new(plain), [false, true, true]),
            (Arc::new(named), [false, true, true]),
            (Arc::new(NullArray::new(3)), [true; 3]),
        ];
        for (column, nothing) in columns {
            let read = text_of(&column).unwrap();
            assert_eq!([0, 1, 2].map(|row| read.is_null(row)), nothing, "{}", column.data_type());
            assert!((0..3).all(|row| read.is_null(row) || read.text.value(row) == "张三"));
        }
    }
}
