//! The values of a column as text, and how some rows of them are handed over.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

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
        // A column that is nothing but nulls, or whose dictionary holds one, has no plain mask of them.
        let nulls = column.logical_nulls();
        if let Some(shared) = column.as_dictionary_opt::<Int32Type>()
            && let Some(texts) = shared.values().as_string_opt::<i32>()
        {
            let places = Some(shared.keys().values().clone());
            return Ok(Self { texts: texts.clone(), fault: reason::NOT_UTF8, places, nulls });
        }
        let (texts, fault) =
            if uuids { (formatted(column), reason::NO_TEXT) } else { texts(column)? };
        Ok(Self { texts, fault, places: None, nulls })
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

/// A number of 32 bits by its shortest text: as a double 0.1 would become 0.10000000149. From 2^24 on
/// its last digits are noise, which must not look like digits.
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
mod tests {
    use arrow::array::{
        BinaryArray, Date32Array, DictionaryArray, FixedSizeListArray, Float32Array, Int32Array,
        NullArray, StructArray, TimestampMicrosecondArray,
    };
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;

    use super::*;
    use crate::calendar::parse_date;

    /// Rows of a column as they are handed over.
    fn read_some(column: &ArrayRef, rows: Range<usize>) -> Columns {
        let mut columns = Columns { line: 1, rows: rows.len() as u32, ..Columns::default() };
        Decoded::new(column, false).unwrap().hand_over(&mut columns, &rows);
        assert!(columns.is_whole(), "{}", column.data_type());
        columns
    }

    fn read(column: &ArrayRef) -> Columns {
        read_some(column, 0..column.len())
    }

    /// Cells of a column, and what is wrong with the row of each.
    fn cells(column: impl Array + 'static) -> Vec<(String, Option<&'static str>)> {
        let column: ArrayRef = Arc::new(column);
        let read = read(&column);
        (0..column.len()).map(|row| (read.cell(0, row).to_owned(), read.wrong(row))).collect()
    }

    /// The same of cells that are sound.
    fn sound<const N: usize>(texts: [&str; N]) -> Vec<(String, Option<&'static str>)> {
        texts.map(|text| (text.to_owned(), None)).into()
    }

    #[test]
    fn nothing_is_seen_however_a_column_says_it() {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("张三"), None]));
        let named = DictionaryArray::new(Int32Array::from(vec![Some(0), Some(1), None]), names);
        let plain = StringArray::from(vec![Some("张三"), None, None]);
        assert_eq!(cells(plain), sound(["张三", "", ""]));
        assert_eq!(cells(named), sound(["张三", "", ""]));
        assert_eq!(cells(NullArray::new(3)), sound(["", "", ""]));
    }

    #[test]
    fn texts_that_rows_share_stand_once() {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["unused", "男", "女"]));
        let keys = [Some(2), Some(1), None, Some(2), Some(1), Some(1), Some(1)];
        let keys = Int32Array::from(keys.to_vec());
        let column: ArrayRef = Arc::new(DictionaryArray::new(keys, values));
        let read = read_some(&column, 1..7);
        assert_eq!(read.text, "男女");
        assert_eq!([0, 1, 2, 3].map(|row| read.cell(0, row)), ["男", "", "女", "男"]);
        assert_eq!([0, 1, 2, 3].map(|row| read.number(0, row)), [0, 1, 2, 0].map(Some));
        let few = read_some(&column, 1..4);
        assert_eq!([0, 1, 2].map(|row| few.cell(0, row)), ["男", "", "女"]);
        assert_eq!(few.number(0, 0), None);
    }

    #[test]
    fn a_row_that_cannot_be_trusted_says_why() {
        let long = "长".repeat(CELL_BYTES / 3 + 1);
        let plain: ArrayRef = Arc::new(StringArray::from(vec!["a", &long, "a", &long]));
        let shared = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let shared = cast(&plain, &shared).unwrap();
        let bytes: [&[u8]; 4] = [b"a", b"\xff", b"\xff", b"a"];
        let binary: ArrayRef = Arc::new(BinaryArray::from(bytes.to_vec()));
        for texts in [plain, shared] {
            let mut read = Columns { line: 1, rows: 4, ..Columns::default() };
            for column in [&texts, &binary] {
                Decoded::new(column, false).unwrap().hand_over(&mut read, &(0..4));
            }
            let wrong = [0, 1, 2, 3].map(|row| read.wrong(row));
            let (long, not_text) = (Some(reason::LONG_CELL), Some(reason::NOT_UTF8));
            assert_eq!(wrong, [None, not_text, not_text, long]);
            assert!(read.cell(0, 3).len() <= CELL_BYTES && read.is_whole());
        }
    }

    #[test]
    fn a_value_without_a_text_costs_its_row() {
        let mut days = sound(["1970-01-02", "", ""]);
        days[1].1 = Some(reason::NO_TEXT);
        assert_eq!(cells(Date32Array::from(vec![Some(1), Some(i32::MAX), None])), days);
    }

    /// Lists of one item, none, nothing, and the rest.
    fn lists(items: impl Array + 'static) -> ListArray {
        let field = Arc::new(Field::new("item", items.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths([1, 0, 0, items.len() - 1]);
        let nulls = NullBuffer::from(vec![true, true, false, true]);
        ListArray::new(field, offsets, Arc::new(items), Some(nulls))
    }

    #[test]
    fn lists_are_written_as_sets_are() {
        let texts = lists(StringArray::from(vec![Some("I10"), Some("E11"), None, Some("N18.5")]));
        let written = sound(["I10", "", "", "E11|N18.5"]);
        for kind in [DataType::LargeList, DataType::ListView] {
            let field = Arc::new(Field::new("item", DataType::Utf8, true));
            assert_eq!(cells(cast(&texts, &kind(field)).unwrap()), written);
        }
        assert_eq!(cells(texts), written);
        let field = Arc::new(Field::new("item", DataType::Int32, true));
        let pairs =
            FixedSizeListArray::new(field, 2, Arc::new(Int32Array::from_iter_values(0..4)), None);
        assert_eq!(cells(pairs), sound(["0|1", "2|3"]));
        let mut days = sound(["1970-01-02", "", "", ""]);
        days[3].1 = Some(reason::NO_TEXT);
        assert_eq!(cells(lists(Date32Array::from(vec![1, 2, i32::MAX]))), days);
    }

    #[test]
    fn what_is_no_list_of_texts_is_told_as_it_is() {
        let code: ArrayRef = Arc::new(StringArray::from(vec!["I10", "E11"]));
        let field = Arc::new(Field::new("code", DataType::Utf8, true));
        let records = StructArray::from(vec![(field, code)]);
        assert_eq!(cells(records.clone()), sound(["{code: I10}", "{code: E11}"]));
        let written = sound(["[{code: I10}]", "[]", "", "[{code: E11}]"]);
        assert_eq!(cells(lists(records)), written);
    }

    #[test]
    fn digits_that_a_number_does_not_hold_are_not_told() {
        let numbers = [0.1, -5.0, 16_777_215.0, 16_777_216.0, -620_122_000_000.0, -0.0, 1e-7];
        let texts = ["0.1", "-5", "16777215", "1.6777216e7", "-6.20122e11", "0", "0.0000001"];
        assert_eq!(cells(Float32Array::from(numbers.to_vec())), sound(texts));
    }

    #[test]
    fn a_moment_is_that_of_china() {
        let moments = || TimestampMicrosecondArray::from(vec![Some(1_767_196_800_000_000), None]);
        let here = ["2026-01-01T00:00:00+08:00", ""];
        for zone in ["UTC", "+00:00", "Asia/Shanghai", HERE] {
            assert_eq!(cells(moments().with_timezone(zone)), sound(here), "{zone}");
        }
        assert_eq!(cells(moments()), sound(["2025-12-31T16:00:00", ""]), "as it is written");
        assert_eq!(parse_date(here[0]), parse_date("2026-01-01"));
    }
}
