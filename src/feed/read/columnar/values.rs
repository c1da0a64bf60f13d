//! The values of a column as text, and how some rows of them are handed over.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, UInt32Array};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use foldhash::fast::FixedState;

use crate::error::Result;

use super::super::columns::Columns;
use super::super::ndjson::push_float;
use super::super::{CELL_BYTES, RawRow, reason};

/// Rows that a text of a column must have on average to be told once: else nobody gains.
const REPEATS: usize = 2;

/// The time of China: what is a moment in the file is a day only somewhere.
pub(super) const HERE: &str = "+08:00";

/// A column of a batch as text.
pub(super) struct Decoded {
    /// Texts; one that could not be made is null.
    texts: StringArray,
    /// Why it could not be made.
    fault: &'static str,
    /// The place of each row's text, where rows share them; else each row has its own.
    places: Option<ScalarBuffer<i32>>,
    /// Rows that have nothing.
    nulls: Option<NullBuffer>,
}

impl Decoded {
    /// Makes texts of the values of a column; of UUIDs, whose bytes are none, hexadecimal digits.
    ///
    /// # Errors
    /// Arrow contradicts itself.
    pub fn new(column: &ArrayRef, uuids: bool) -> Result<Self> {
        // A column that is nothing but nulls, or whose dictionary holds one, has no plain mask of
        // them.
        let nulls = column.logical_nulls();
        if let Some(shared) = column.as_dictionary_opt::<Int32Type>()
            && let Some(texts) = shared.values().as_string_opt::<i32>()
        {
            let places = Some(shared.keys().values().clone());
            return Ok(Self { texts: texts.clone(), fault: reason::NOT_UTF8, places, nulls });
        }
        if uuids {
            let texts = formatted(column);
            return Ok(Self { texts, fault: reason::NO_TEXT, places: None, nulls });
        }
        let Some((first, places)) = repeated(column, nulls.as_ref()) else {
            let (texts, fault) = texts(column)?;
            return Ok(Self { texts, fault, places: None, nulls });
        };
        let (texts, fault) = texts(&take(column, &UInt32Array::from(first), None)?)?;
        Ok(Self { texts, fault, places: Some(places.into()), nulls })
    }

    /// The place of a row's text, if the row has anything.
    fn place(&self, row: usize) -> Option<usize> {
        let null = self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        (!null).then(|| self.places.as_ref().map_or(row, |places| places[row] as usize))
    }

    /// The text at a place; one that is too long to be believed is cut.
    fn text(&self, place: Option<usize>) -> &str {
        let place = place.filter(|place| self.texts.is_valid(*place));
        let text = place.map_or("", |place| self.texts.value(place));
        &text[..text.floor_char_boundary(CELL_BYTES)]
    }

    fn length(&self, place: usize) -> usize {
        self.texts.value_length(place) as usize
    }

    /// What is wrong with a row.
    fn wrong(&self, row: usize) -> Option<&'static str> {
        let place = self.place(row)?;
        if self.texts.is_null(place) {
            return Some(self.fault);
        }
        (self.length(place) > CELL_BYTES).then_some(reason::LONG_CELL)
    }

    /// Bytes of the cells of some rows.
    pub fn bytes(&self, rows: &Range<usize>) -> usize {
        rows.clone().filter_map(|row| self.place(row)).map(|place| self.length(place)).sum()
    }

    /// Adds the cells of some rows.
    pub fn hand_over(&self, columns: &mut Columns, rows: &Range<usize>) {
        match self.shared(rows) {
            Some((order, numbers)) => {
                columns.begin(Some(numbers));
                order.iter().for_each(|place| columns.put(self.text(*place)));
            }
            None => {
                columns.begin(None);
                rows.clone().for_each(|row| columns.put(self.text(self.place(row))));
            }
        }
        rows.clone().for_each(|row| columns.distrust(row - rows.start, self.wrong(row)));
    }

    /// The places of the texts that some rows share, in the order in which they come, and for each
    /// row the number of its text; nothing if they do not repeat them enough.
    fn shared(&self, rows: &Range<usize>) -> Option<(Vec<Option<usize>>, Vec<u16>)> {
        const NEW: u16 = u16::MAX;
        self.places.as_ref()?;
        // Behind the texts stands that of a row with nothing in it.
        let nothing = self.texts.len();
        let mut own = vec![NEW; nothing + 1];
        let (mut order, mut numbers) = (Vec::new(), Vec::with_capacity(rows.len()));
        for row in rows.clone() {
            let place = self.place(row);
            let number = &mut own[place.unwrap_or(nothing)];
            if *number == NEW {
                *number = order.len() as u16;
                order.push(place);
            }
            numbers.push(*number);
        }
        (order.len() * REPEATS <= rows.len()).then_some((order, numbers))
    }
}

/// Where each value of a column stands first, and for each row which of them it has; nothing if
/// rows do not repeat them enough. To write a value, and to read it again, is dear.
fn repeated(column: &ArrayRef, nulls: Option<&NullBuffer>) -> Option<(Vec<u32>, Vec<i32>)> {
    match (column.data_type(), column.data_type().primitive_width()) {
        (DataType::Boolean, _) => {
            let values: Vec<bool> = column.as_boolean().values().iter().collect();
            numbered(&values, nulls)
        }
        // They are several numbers.
        (DataType::Interval(_), _) => None,
        (_, Some(1)) => numbered(column.to_data().buffer::<i8>(0), nulls),
        (_, Some(2)) => numbered(column.to_data().buffer::<i16>(0), nulls),
        (_, Some(4)) => numbered(column.to_data().buffer::<i32>(0), nulls),
        (_, Some(8)) => numbered(column.to_data().buffer::<i64>(0), nulls),
        (_, Some(16)) => numbered(column.to_data().buffer::<i128>(0), nulls),
        _ => None,
    }
}

/// As [`repeated`], of values whose bits tell them apart.
fn numbered<T: Copy + Eq + Hash>(
    values: &[T],
    nulls: Option<&NullBuffer>,
) -> Option<(Vec<u32>, Vec<i32>)> {
    let (mut first, mut numbers) = (Vec::new(), vec![0; values.len()]);
    let mut known = HashMap::with_hasher(FixedState::default());
    for (row, value) in values.iter().enumerate() {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            continue;
        }
        numbers[row] = *known.entry(*value).or_insert_with(|| {
            first.push(row as u32);
            first.len() as i32 - 1
        });
        if first.len() * REPEATS > values.len() {
            return None;
        }
    }
    Some((first, numbers))
}

/// The texts of values, null where one has none, and why it has none.
fn texts(of: &ArrayRef) -> Result<(StringArray, &'static str)> {
    Ok(match of.data_type() {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => {
            (cast(of, &DataType::Utf8)?.as_string::<i32>().clone(), reason::NOT_UTF8)
        }
        DataType::FixedSizeBinary(_) => texts(&cast(of, &DataType::Binary)?)?,
        DataType::Dictionary(_, values) => texts(&cast(of, values)?)?,
        DataType::Timestamp(unit, Some(zone)) if &**zone != HERE => {
            texts(&cast(of, &DataType::Timestamp(*unit, Some(HERE.into())))?)?
        }
        DataType::Float64 => {
            let mut row = RawRow::default();
            for value in of.as_primitive::<Float64Type>() {
                push_float(&mut row, value.unwrap_or_default());
            }
            (row.cells().map(Some).collect(), reason::NO_TEXT)
        }
        DataType::Float32 => {
            let floats = of.as_primitive::<Float32Type>();
            (floats.iter().map(|value| value.map(single)).collect(), reason::NO_TEXT)
        }
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
            if !item.data_type().is_nested() =>
        {
            joined(cast(of, &DataType::List(Arc::clone(item)))?.as_list())?
        }
        _ => (formatted(of), reason::NO_TEXT),
    })
}

/// Lists as sets are written: what is in them, but for nothing, and bars between.
fn joined(lists: &ListArray) -> Result<(StringArray, &'static str)> {
    let (all, fault) = texts(lists.values())?;
    let nulls = lists.values().logical_nulls();
    let filled = |place: &usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*place));
    let text = |place: usize| all.is_valid(place).then(|| all.value(place));
    let list = |ends: &[i32]| {
        let places = (ends[0] as usize..ends[1] as usize).filter(filled);
        Some(places.map(text).collect::<Option<Vec<&str>>>()?.join("|"))
    };
    Ok((lists.offsets().windows(2).map(list).collect(), fault))
}

/// A number of 32 bits by its shortest text: as a double 0.1 would become 0.10000000149. From 2^24
/// on its last digits are noise, which must not look like digits.
fn single(value: f32) -> String {
    if value.abs() < 16_777_216.0 { (value + 0.0).to_string() } else { format!("{value:e}") }
}

/// Values as Arrow writes them. One that it cannot write, as a date beyond its years, which
/// databases write for "without end", costs its row and not the file.
fn formatted(of: &ArrayRef) -> StringArray {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(of.as_ref(), &options) {
        Ok(all) => (0..of.len()).map(|row| all.value(row).try_to_string().ok()).collect(),
        Err(_) => StringArray::new_null(of.len()),
    }
}

#[cfg(test)]
mod tests;
