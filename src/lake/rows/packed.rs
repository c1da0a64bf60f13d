//! Rows as bytes: what a row of any schema is while it waits for the others of its bucket.
//!
//! To scatter bytes is cheap, to scatter columns is dear: every column would have to be copied value
//! by value. A row is the length of its columns (32 bits), its key (64 bits, -1 without one), its
//! number (64 bits), then each column in the order of the schema but for these two and the one that is
//! the same in all rows. A text is its length plus one, seven bits a byte, and its bytes; a number a
//! tag and those of its bytes that say something; 0 is nothing.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int32Type, Int64Type};

use crate::error::{Error, Result};

/// Bytes of a row's length, key and number.
const HEAD: usize = 20;
/// The key of a row that has none.
pub(super) const NO_KEY: i64 = -1;

/// The tag of a number of 128 bits; those of fewer bytes have one more than they have bytes.
pub(super) const LARGE: u8 = 10;

/// Appends values of one row. Columns come in the order of the schema.
#[derive(Debug, Default)]
pub struct Packed {
    /// Values that are known last and stand first.
    front: Vec<u8>,
    bytes: Vec<u8>,
    number: i64,
}

impl Packed {
    /// Forgets the row, keeps the room.
    pub fn clear(&mut self) {
        self.front.clear();
        self.bytes.clear();
    }

    /// Bytes of the values so far, but for that of [`Packed::front`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text that begins behind so many bytes of the values; nothing where there is none.
    pub fn text_at(&self, start: usize) -> Option<&str> {
        let mut value = self.bytes.get(start..)?;
        std::str::from_utf8(super::unpack::text(&mut value)??).ok()
    }

    /// Sets a text before all others.
    pub fn front(&mut self, text: Option<&str>) {
        self.front.clear();
        put_text(&mut self.front, text);
    }

    /// Appends a value as it was packed before.
    pub fn again(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
    }

    /// Adds nothing, for a value that is not there.
    pub fn null(&mut self) {
        self.bytes.push(0);
    }

    /// Adds a text; without one, nothing.
    pub fn text(&mut self, text: Option<&str>) {
        put_text(&mut self.bytes, text);
    }

    /// Adds a whole number of 64 bits.
    pub fn int64(&mut self, value: i64) {
        let value = unsigned(value);
        let bytes = 8 - value.leading_zeros() as usize / 8;
        let mut all = [0; 9];
        all[0] = 1 + bytes as u8;
        all[1..].copy_from_slice(&value.to_le_bytes());
        let end = self.bytes.len() + 1 + bytes;
        self.bytes.extend_from_slice(&all);
        self.bytes.truncate(end);
    }

    /// Of 32 bits: whole numbers and days.
    pub fn int32(&mut self, value: i32) {
        self.int64(value.into());
    }

    /// Adds a decimal as a whole number of its smallest unit.
    pub fn decimal(&mut self, value: i128) {
        match i64::try_from(value) {
            Ok(small) => self.int64(small),
            Err(_) => {
                self.bytes.push(LARGE);
                self.bytes.extend_from_slice(&value.to_le_bytes());
            }
        }
    }

    /// Adds a yes or no.
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(1 + u8::from(value));
    }

    /// Sets the row's number.
    pub fn number(&mut self, number: i64) {
        self.number = number;
    }

    /// Bytes that it takes.
    pub(super) fn length(&self) -> usize {
        HEAD + self.front.len() + self.bytes.len()
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
    pub(super) fn append_to(&self, key: Option<i64>, rows: &mut Vec<u8>) {
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&((self.length() - HEAD) as u32).to_le_bytes());
        head[4..12].copy_from_slice(&key.unwrap_or(NO_KEY).to_le_bytes());
        head[12..].copy_from_slice(&self.number.to_le_bytes());
        rows.extend_from_slice(&head);
        rows.extend_from_slice(&self.front);
        rows.extend_from_slice(&self.bytes);
    }
}

fn put_text(bytes: &mut Vec<u8>, text: Option<&str>) {
    let Some(text) = text else { return bytes.push(0) };
    let mut length = text.len() + 1;
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(text.as_bytes());
}

/// A number whose sign is its last bit, so that small ones have few bytes.
fn unsigned(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// One of many packed rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PackedRow<'a> {
    pub key: i64,
    pub number: i64,
    pub columns: &'a [u8],
}

impl PackedRow<'_> {
    /// Bytes that it takes.
    pub fn length(&self) -> usize {
        HEAD + self.columns.len()
    }
}

/// Rows that stand one behind the other.
pub(super) fn rows(mut bytes: &[u8]) -> impl Iterator<Item = PackedRow<'_>> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (columns, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = rest;
        let (key, number) = (i64::from_le_bytes(*key), i64::from_le_bytes(*number));
        Some(PackedRow { key, number, columns })
    })
}
