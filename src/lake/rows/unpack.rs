//! From packed rows back to columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Int32Builder,
    Int64Builder, RecordBatch, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};

use super::packed::{LARGE, NO_KEY, PackedRow};
use crate::error::{Error, Result};

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
    /// The row's number.
    Number(Int64Builder),
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
    fn take(&mut self, of: &PackedRow<'_>, row: &mut &[u8]) -> Option<()> {
        match self {
            Self::Text(builder) => builder.append_option(text(row)?),
            Self::Int64(builder) => builder.append_option(number(row)?),
            Self::Int32(builder) => builder.append_option(number(row)?.map(|value| value as i32)),
            Self::Date(builder) => builder.append_option(number(row)?.map(|value| value as i32)),
            Self::Decimal(builder) => builder.append_option(decimal(row)?),
            Self::Bool(builder) => builder.append_option(match tag(row)? {
                0 => None,
                tag => Some(tag == 2),
            }),
            Self::Key(builder) => builder.append_option((of.key != NO_KEY).then_some(of.key)),
            Self::Number(builder) => builder.append_value(of.number),
            Self::Same(_) => {}
        }
        Some(())
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef> {
        Ok(match self {
            Self::Text(builder) => Arc::new(StringArray::try_from_binary(builder.finish())?),
            Self::Int64(builder) | Self::Key(builder) | Self::Number(builder) => {
                Arc::new(builder.finish())
            }
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

fn number(row: &mut &[u8]) -> Option<Option<i64>> {
    let (tag, rest) = row.split_first()?;
    let Some(bytes) = usize::from(*tag).checked_sub(1).filter(|bytes| *bytes <= 8) else {
        *row = rest;
        return (*tag == 0).then_some(None);
    };
    // Mostly more follows, and eight bytes are read at a stroke.
    let value = match rest.first_chunk() {
        Some(eight) => {
            let mask = u64::MAX.checked_shr(64 - 8 * bytes as u32).unwrap_or(0);
            u64::from_le_bytes(*eight) & mask
        }
        None => {
            let mut eight = [0; 8];
            eight[..bytes].copy_from_slice(rest.get(..bytes)?);
            u64::from_le_bytes(eight)
        }
    };
    *row = rest.get(bytes..)?;
    Some(Some(signed(value)))
}

fn decimal(row: &mut &[u8]) -> Option<Option<i128>> {
    if row.first() != Some(&LARGE) {
        return number(row).map(|value| value.map(i128::from));
    }
    let (value, rest) = row[1..].split_first_chunk()?;
    *row = rest;
    Some(Some(i128::from_le_bytes(*value)))
}

/// Takes a text off the front of a row.
pub(super) fn text<'r>(row: &mut &'r [u8]) -> Option<Option<&'r [u8]>> {
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

/// Columns that stand in no packed row's columns: the places of keys and of numbers, and the one with
/// the same text in every row.
pub(super) struct Whole<'a> {
    pub key: Option<usize>,
    pub number: Option<usize>,
    pub same: Option<&'a (usize, String)>,
}

/// Turns packed rows into columns.
pub(super) struct Unpacker {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
}

impl Unpacker {
    /// For about so many rows of a schema.
    ///
    /// # Errors
    /// A type that no table has.
    pub fn new(schema: &SchemaRef, whole: &Whole<'_>, rows: usize) -> Result<Self> {
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (at, field) in schema.fields().iter().enumerate() {
            columns.push(match whole.same {
                _ if whole.key == Some(at) => Column::Key(Int64Builder::with_capacity(rows)),
                _ if whole.number == Some(at) => Column::Number(Int64Builder::with_capacity(rows)),
                Some((place, text)) if *place == at => Column::Same(text.clone()),
                _ => Column::of(field.data_type(), rows)?,
            });
        }
        Ok(Self { schema: schema.clone(), columns, rows: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// It is cut.
    pub fn push(&mut self, row: &PackedRow<'_>) -> Result<()> {
        let mut left = row.columns;
        let mut taken = self.columns.iter_mut().map(|column| column.take(row, &mut left));
        let whole = taken.all(|taken| taken.is_some());
        self.rows += 1;
        if whole { Ok(()) } else { Err(Error::bug("a packed row is not whole")) }
    }

    /// All rows so far.
    ///
    /// # Errors
    /// A text that is no UTF-8; nothing where the schema wants a value.
    pub fn finish(mut self) -> Result<RecordBatch> {
        let rows = self.rows;
        let columns = self.columns.iter_mut().map(|column| column.finish(rows));
        Ok(RecordBatch::try_new(self.schema, columns.collect::<Result<_>>()?)?)
    }
}

/// The number that [`unsigned`] made another of.
fn signed(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        Array, AsArray, BooleanArray, Date32Array, Decimal128Array, Int32Array, Int64Array,
        StringArray,
    };
    use arrow::datatypes::{Field, Int64Type, Schema};

    use super::super::packed::{Packed, rows};
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
            packed.number(row as i64);
            let keys = batch.column(0).as_primitive::<Int64Type>();
            packed.append_to(keys.is_valid(row).then(|| keys.value(row)), &mut all);
        }
        let same = (7, "d".to_owned());
        let whole = Whole { key: Some(0), number: None, same: Some(&same) };
        let mut unpacker = Unpacker::new(&schema, &whole, 3).unwrap();
        assert_eq!(rows(&all).map(|row| row.length()).sum::<usize>(), all.len());
        for (at, row) in rows(&all).enumerate() {
            assert_eq!(row.number, at as i64);
            unpacker.push(&row).unwrap();
        }
        assert_eq!(unpacker.finish().unwrap(), batch);
        let mut cut = Unpacker::new(&schema, &whole, 1).unwrap();
        let row = PackedRow { columns: &[1], ..rows(&all).next().unwrap() };
        assert!(cut.push(&row).is_err(), "a row that is cut is no row");
        // A row of numbers is read where they end, too.
        for value in [0, 1, -1, 127, 128, -129, 1 << 40, i64::MAX, i64::MIN] {
            let mut packed = Packed::default();
            packed.int64(value);
            let mut bytes = packed.bytes();
            assert_eq!(number(&mut bytes), Some(Some(value)));
            assert!(
                bytes.is_empty()
                    && number(&mut &packed.bytes()[..packed.bytes().len() - 1]).is_none()
            );
        }
    }
}
