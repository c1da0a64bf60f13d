//! Rows as bytes: what a row of any schema is while it waits for the others of its bucket.
//!
//! To scatter bytes is cheap, to scatter columns is dear: every column would have to be copied value
//! by value. A row is its length (32 bits), its key (64 bits, -1 without one), then each column in
//! the order of the schema but for the key and the one that is the same in all rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder,
    Int32Builder, Int64Builder, RecordBatch, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int32Type, Int64Type, SchemaRef};

use crate::error::{Error, Result};

/// Bytes of a row's length and key.
const HEAD: usize = 12;
/// The key of a row that has none.
const NO_KEY: i64 = -1;

/// Appends values of one row. Columns come in the order of the schema.
#[derive(Debug, Default)]
pub struct Packed {
    bytes: Vec<u8>,
}

impl Packed {
    /// Forgets the row, keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    pub fn null(&mut self) {
        self.bytes.push(0);
    }

    pub fn text(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.null() };
        // The length plus one, seven bits a byte.
        let mut length = text.len() + 1;
        while length >= 0x80 {
            self.bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.bytes.push(length as u8);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub fn int64(&mut self, value: i64) {
        self.filled(1, &value.to_le_bytes());
    }

    /// Of 32 bits: whole numbers and days.
    pub fn int32(&mut self, value: i32) {
        self.filled(1, &value.to_le_bytes());
    }

    pub fn decimal(&mut self, value: i128) {
        match i64::try_from(value) {
            Ok(small) => self.filled(1, &small.to_le_bytes()),
            Err(_) => self.filled(2, &value.to_le_bytes()),
        }
    }

    pub fn bool(&mut self, value: bool) {
        self.bytes.push(1 + u8::from(value));
    }

    fn filled(&mut self, tag: u8, value: &[u8]) {
        self.bytes.push(tag);
        self.bytes.extend_from_slice(value);
    }

    /// A value of a column.
    fn value(&mut self, column: &ArrayRef, row: usize) -> Result<()> {
        if column.is_null(row) {
            self.null();
            return Ok(());
        }
        match column.data_type() {
            DataType::Utf8 => self.text(Some(column.as_string::<i32>().value(row))),
            DataType::Int64 => self.int64(column.as_primitive::<Int64Type>().value(row)),
            DataType::Int32 => self.int32(column.as_primitive::<Int32Type>().value(row)),
            DataType::Date32 => self.int32(column.as_primitive::<Date32Type>().value(row)),
            DataType::Decimal128(..) => {
                self.decimal(column.as_primitive::<Decimal128Type>().value(row));
            }
            DataType::Boolean => self.bool(column.as_boolean().value(row)),
            other => return Err(Error::bug(format!("rows of {other} cannot be packed"))),
        }
        Ok(())
    }

    /// A row of a batch, but for some columns.
    ///
    /// # Errors
    /// A type that no table has.
    pub fn row(&mut self, batch: &RecordBatch, row: usize, without: &[usize]) -> Result<()> {
        self.clear();
        for (at, column) in batch.columns().iter().enumerate() {
            if !without.contains(&at) {
                self.value(column, row)?;
            }
        }
        Ok(())
    }

    /// Puts the row behind others.
    pub fn append_to(&self, key: Option<i64>, rows: &mut Vec<u8>) {
        rows.extend_from_slice(&(self.bytes.len() as u32).to_le_bytes());
        rows.extend_from_slice(&key.unwrap_or(NO_KEY).to_le_bytes());
        rows.extend_from_slice(&self.bytes);
    }
}

/// Keys and bytes of rows, one behind the other.
pub(super) fn rows(mut bytes: &[u8]) -> impl Iterator<Item = (i64, &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (row, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = rest;
        debug_assert_eq!(HEAD, 12, "a length and a key");
        Some((i64::from_le_bytes(*key), row))
    })
}

/// Number and length of the first of some rows of a table, which ends with its number (64 bits), its
/// part (32), its line and its byte (64 each), all of them there.
pub(super) fn number_of(bytes: &[u8]) -> Result<(i64, usize)> {
    const TAIL: usize = 9 + 5 + 9 + 9;
    let number = || {
        let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize + HEAD;
        let tail = bytes.get(..length)?.last_chunk::<TAIL>()?;
        let number = tail[1..].first_chunk()?;
        (tail[0] == 1).then_some((i64::from_le_bytes(*number), length))
    };
    number().ok_or_else(|| Error::bug("a packed row without its number"))
}

/// A column under construction.
enum Column {
    /// Its bytes are found to be text all at once.
    Text(BinaryBuilder),
    Int64(Int64Builder),
    Int32(Int32Builder),
    Date(Date32Builder),
    Decimal(Decimal128Builder),
    Bool(BooleanBuilder),
    /// The row's key.
    Key(Int64Builder),
    /// The same text in every row.
    Same(String),
}

impl Column {
    fn of(kind: &DataType, rows: usize) -> Result<Self> {
        Ok(match kind {
            DataType::Utf8 => Self::Text(BinaryBuilder::with_capacity(rows, rows * 12)),
            DataType::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            DataType::Int32 => Self::Int32(Int32Builder::with_capacity(rows)),
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Decimal128(..) => {
                Self::Decimal(Decimal128Builder::with_capacity(rows).with_data_type(kind.clone()))
            }
            DataType::Boolean => Self::Bool(BooleanBuilder::with_capacity(rows)),
            other => return Err(Error::bug(format!("rows of {other} cannot be packed"))),
        })
    }

    /// Takes the column's value off the front of a row; nothing when the row ends too soon.
    fn take(&mut self, key: i64, row: &mut &[u8]) -> Option<()> {
        match self {
            Self::Text(builder) => builder.append_option(text(row)?),
            Self::Int64(builder) => builder.append_option(value(row)?.map(i64::from_le_bytes)),
            Self::Int32(builder) => builder.append_option(value(row)?.map(i32::from_le_bytes)),
            Self::Date(builder) => builder.append_option(value(row)?.map(i32::from_le_bytes)),
            Self::Decimal(builder) => builder.append_option(decimal(row)?),
            Self::Bool(builder) => builder.append_option(match tag(row)? {
                0 => None,
                tag => Some(tag == 2),
            }),
            Self::Key(builder) => builder.append_option((key != NO_KEY).then_some(key)),
            Self::Same(_) => {}
        }
        Some(())
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef> {
        Ok(match self {
            Self::Text(builder) => Arc::new(StringArray::try_from_binary(builder.finish())?),
            Self::Int64(builder) | Self::Key(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Same(text) => {
                let mut builder = StringBuilder::with_capacity(rows, rows * text.len());
                (0..rows).for_each(|_| builder.append_value(&text));
                Arc::new(builder.finish())
            }
        })
    }
}

fn tag(row: &mut &[u8]) -> Option<u8> {
    let (tag, rest) = row.split_first()?;
    *row = rest;
    Some(*tag)
}

fn bytes<const N: usize>(row: &mut &[u8]) -> Option<[u8; N]> {
    let (value, rest) = row.split_first_chunk()?;
    *row = rest;
    Some(*value)
}

fn value<const N: usize>(row: &mut &[u8]) -> Option<Option<[u8; N]>> {
    if tag(row)? == 0 { Some(None) } else { bytes(row).map(Some) }
}

fn decimal(row: &mut &[u8]) -> Option<Option<i128>> {
    Some(match tag(row)? {
        0 => None,
        1 => Some(i128::from(i64::from_le_bytes(bytes(row)?))),
        _ => Some(i128::from_le_bytes(bytes(row)?)),
    })
}

fn text<'r>(row: &mut &'r [u8]) -> Option<Option<&'r [u8]>> {
    let (mut length, mut shift) = (0, 0);
    loop {
        let byte = tag(row)?;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
    }
    let Some(length) = length.checked_sub(1) else { return Some(None) };
    let (text, rest) = row.split_at_checked(length)?;
    *row = rest;
    Some(Some(text))
}

/// Turns packed rows into columns.
pub(super) struct Unpacker {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
}

impl Unpacker {
    /// For about so many rows of a schema; `key` is the place of the column of keys, `same` that of
    /// the column with one text in every row.
    pub fn new(
        schema: &SchemaRef,
        key: Option<usize>,
        same: Option<&(usize, String)>,
        rows: usize,
    ) -> Result<Self> {
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (at, field) in schema.fields().iter().enumerate() {
            columns.push(match same {
                _ if key == Some(at) => Column::Key(Int64Builder::with_capacity(rows)),
                Some((place, text)) if *place == at => Column::Same(text.clone()),
                _ => Column::of(field.data_type(), rows)?,
            });
        }
        Ok(Self { schema: schema.clone(), columns, rows: 0 })
    }

    /// Adds a row.
    pub fn push(&mut self, key: i64, mut row: &[u8]) -> Result<()> {
        let mut taken = self.columns.iter_mut().map(|column| column.take(key, &mut row));
        let whole = taken.all(|taken| taken.is_some());
        self.rows += 1;
        if whole { Ok(()) } else { Err(Error::bug("a packed row is not whole")) }
    }

    /// All rows so far.
    pub fn finish(mut self) -> Result<RecordBatch> {
        let rows = self.rows;
        let columns = self.columns.iter_mut().map(|column| column.finish(rows));
        Ok(RecordBatch::try_new(self.schema, columns.collect::<Result<_>>()?)?)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, Int32Array, Int64Array, StringArray,
    };
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn every_value_comes_back() {
        let long = "长".repeat(100);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("key", Arc::new(Int64Array::from(vec![Some(7), None, Some(i64::MAX)]))),
            ("text", Arc::new(StringArray::from(vec![Some(""), None, Some(long.as_str())]))),
            ("int", Arc::new(Int64Array::from(vec![Some(-1), None, Some(i64::MIN)]))),
            ("small", Arc::new(Int32Array::from(vec![Some(3), Some(-3), None]))),
            ("day", Arc::new(Date32Array::from(vec![None, Some(-10_000), Some(20_000)]))),
            (
                "fee",
                Arc::new(
                    Decimal128Array::from(vec![Some(i128::MAX / 10), Some(-5), None])
                        .with_precision_and_scale(38, 2)
                        .unwrap(),
                ),
            ),
            ("yes", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
            ("same", Arc::new(StringArray::from(vec!["d"; 3]))),
        ];
        let field =
            |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let arrays = columns.iter().map(|(_, array)| array.clone()).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
        let (mut packed, mut all) = (Packed::default(), Vec::new());
        for row in 0..3 {
            packed.row(&batch, row, &[0, 7]).unwrap();
            let keys = batch.column(0).as_primitive::<Int64Type>();
            packed.append_to(keys.is_valid(row).then(|| keys.value(row)), &mut all);
        }
        let same = (7, "d".to_owned());
        let mut unpacker = Unpacker::new(&schema, Some(0), Some(&same), 3).unwrap();
        for (key, row) in rows(&all) {
            unpacker.push(key, row).unwrap();
        }
        assert_eq!(unpacker.finish().unwrap(), batch);
        let mut cut = Unpacker::new(&schema, Some(0), Some(&same), 1).unwrap();
        assert!(cut.push(1, &[1]).is_err(), "a row that is cut is no row");
    }
}
