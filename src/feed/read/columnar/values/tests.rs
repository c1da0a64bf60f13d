//! Columns of every kind: what their cells say, what is told once, and which rows are not trusted.

use arrow::array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeListArray,
    Float32Array, Int32Array, Int64Array, NullArray, StructArray, TimestampMicrosecondArray,
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
fn values_that_rows_share_are_written_once() {
    let numbers = [Some(0), Some(7), Some(-7), None, Some(7), Some(-7), Some(7)];
    let whole = Int64Array::from(numbers.to_vec()).slice(1, 6);
    let day = |number: Option<i64>| number.map(|number| number as i32);
    let days = Date32Array::from(numbers.map(day).to_vec()).slice(1, 6);
    let fees = numbers.map(|number| number.map(i128::from)).to_vec();
    let fees = Decimal128Array::from(fees).with_precision_and_scale(9, 1).unwrap().slice(1, 6);
    let yes = numbers.map(|number| number.map(|number| number == 7)).to_vec();
    let yes = BooleanArray::from(yes).slice(1, 6);
    let columns: [(ArrayRef, [&str; 2]); 4] = [
        (Arc::new(whole), ["7", "-7"]),
        (Arc::new(days), ["1970-01-08", "1969-12-25"]),
        (Arc::new(fees), ["0.7", "-0.7"]),
        (Arc::new(yes), ["true", "false"]),
    ];
    for (column, [a, b]) in columns {
        let read = read(&column);
        assert_eq!(read.text, [a, b].concat());
        assert_eq!([0, 1, 2, 3, 4, 5].map(|row| read.cell(0, row)), [a, b, "", a, b, a]);
        assert_eq!([0, 1, 2, 3].map(|row| read.number(0, row)), [0, 1, 2, 0].map(Some));
        assert_eq!(read_some(&column, 0..3).number(0, 0), None, "they hardly repeat");
    }
    assert_eq!(cells(Int64Array::from(vec![1, 2, 3])), sound(["1", "2", "3"]));
    assert_eq!(cells(Int64Array::from(vec![None; 3])), sound(["", "", ""]));
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
