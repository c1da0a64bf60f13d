//! Functions that views and rules may call besides DataFusion's own.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use chrono::{Datelike, Days, NaiveDate};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use foldhash::fast::FixedState;

use crate::calendar;
use crate::codes::{Codes, Lists, Params, has_prefix};

/// The type of a parameter's value.
const PARAM: DataType = DataType::Decimal128(16, Params::SCALE as i8);

/// All functions, for the night of `asof`.
pub(super) fn all(asof: NaiveDate, params: Arc<Params>, lists: Arc<Lists>) -> Vec<ScalarUDF> {
    vec![
        constant("asof", ScalarValue::Date32(Some(days(asof)))),
        constant("yr", ScalarValue::Int64(Some(i64::from(asof.year())))),
        param(params),
        membership("in_list", lists.clone(), |codes, value| codes.contains(value)),
        membership("has_prefix", lists, has_prefix),
        of_dates("months_between", calendar::months_between),
        of_dates("age", calendar::age),
        has(),
    ]
}

type Body = dyn Fn(&[ColumnarValue]) -> Result<ColumnarValue> + Send + Sync;

fn function(name: &str, takes: Vec<DataType>, gives: DataType, body: Arc<Body>) -> ScalarUDF {
    create_udf(name, takes, gives, Volatility::Immutable, body)
}

/// A function of nothing.
fn constant(name: &str, value: ScalarValue) -> ScalarUDF {
    let kind = value.data_type();
    function(name, vec![], kind, Arc::new(move |_| Ok(ColumnarValue::Scalar(value.clone()))))
}

/// What was found for the values of a batch: most rows ask for the same few.
type Known<K, V> = HashMap<K, V, FixedState>;

/// `param(name, area, year)`: the threshold for the most exact area and the latest year.
fn param(params: Arc<Params>) -> ScalarUDF {
    let body = move |args: &[ColumnarValue]| {
        if let (Some(name), Some(year)) = (literal(&args[0]), year(&args[2])) {
            return named(&params, name, year, &args[1]);
        }
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let (names, areas) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
        let years = arrays[2].as_primitive::<Int64Type>();
        let mut known: Known<(&str, &str, i64), Option<i128>> = Known::default();
        let mut digits: Known<&str, usize> = Known::default();
        let value = |row| {
            if names.is_null(row) || years.is_null(row) {
                return None;
            }
            let (name, year) = (names.value(row), years.value(row));
            let most = *digits.entry(name).or_insert_with(|| params.digits(name));
            let area = area(areas, row, most);
            *known.entry((name, area, year)).or_insert_with(|| params.get(name, area, year))
        };
        decimals((0..names.len()).map(value).collect())
    };
    function("param", vec![DataType::Utf8, DataType::Utf8, DataType::Int64], PARAM, Arc::new(body))
}

/// One parameter of one year in many areas.
fn named(params: &Params, name: &str, year: i64, areas: &ColumnarValue) -> Result<ColumnarValue> {
    let most = params.digits(name);
    if most == 0 {
        let value = params.get(name, "", year);
        let scalar = ScalarValue::Decimal128(value, 16, Params::SCALE as i8);
        return Ok(ColumnarValue::Scalar(scalar));
    }
    let rows = if let ColumnarValue::Array(array) = areas { array.len() } else { 1 };
    let areas = areas.to_array(rows)?;
    let areas = areas.as_string::<i32>();
    let mut known: Known<&str, Option<i128>> = Known::default();
    let value = |row| {
        let area = area(areas, row, most);
        *known.entry(area).or_insert_with(|| params.get(name, area, year))
    };
    decimals((0..rows).map(value).collect())
}

/// The first digits of an area.
fn area(areas: &StringArray, row: usize, most: usize) -> &str {
    let area = if areas.is_null(row) { "" } else { areas.value(row) };
    area.get(..most).unwrap_or(area)
}

fn decimals(values: Decimal128Array) -> Result<ColumnarValue> {
    Ok(array(values.with_precision_and_scale(16, Params::SCALE as i8)?))
}

/// The text that an argument is for every row.
fn literal(argument: &ColumnarValue) -> Option<&str> {
    match argument {
        ColumnarValue::Scalar(ScalarValue::Utf8(text)) => text.as_deref(),
        _ => None,
    }
}

fn year(argument: &ColumnarValue) -> Option<i64> {
    match argument {
        ColumnarValue::Scalar(ScalarValue::Int64(year)) => *year,
        _ => None,
    }
}

/// A test of a value against the codes of a list.
fn membership(name: &str, lists: Arc<Lists>, test: fn(&Codes, &str) -> bool) -> ScalarUDF {
    let body = move |args: &[ColumnarValue]| {
        if let (Some(list), ColumnarValue::Array(values)) = (literal(&args[0]), &args[1]) {
            let values = values.as_string::<i32>();
            let hits: BooleanArray = match lists.get(list) {
                Some(codes) => values.iter().map(|value| Some(test(codes, value?))).collect(),
                None => BooleanArray::new_null(values.len()),
            };
            return Ok(array(hits));
        }
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let (names, values) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
        let rows = names.iter().zip(values.iter());
        let hits: BooleanArray =
            rows.map(|(list, value)| Some(test(lists.get(list?)?, value?))).collect();
        Ok(array(hits))
    };
    function(name, vec![DataType::Utf8, DataType::Utf8], DataType::Boolean, Arc::new(body))
}

/// A whole number of two days.
fn of_dates(name: &str, count: fn(NaiveDate, NaiveDate) -> i64) -> ScalarUDF {
    let body = move |args: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let (from, to) =
            (arrays[0].as_primitive::<Date32Type>(), arrays[1].as_primitive::<Date32Type>());
        let counts: Int64Array =
            from.iter().zip(to.iter()).map(|(a, b)| Some(count(day(a?)?, day(b?)?))).collect();
        Ok(array(counts))
    };
    function(name, vec![DataType::Date32, DataType::Date32], DataType::Int64, Arc::new(body))
}

/// `has(set, value)`: is it one of the values?
fn has() -> ScalarUDF {
    let body = move |args: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let sets: &StringArray = arrays[0].as_string::<i32>();
        let values = arrays[1].as_string::<i32>();
        let hits: BooleanArray = sets
            .iter()
            .zip(values.iter())
            .map(|(set, value)| {
                let value = value?;
                Some(set?.split('|').any(|v| v == value))
            })
            .collect();
        Ok(array(hits))
    };
    function("has", vec![DataType::Utf8, DataType::Utf8], DataType::Boolean, Arc::new(body))
}

fn array(values: impl Array + 'static) -> ColumnarValue {
    ColumnarValue::Array(Arc::new(values) as ArrayRef)
}

/// Days since 1970-01-01.
fn days(day: NaiveDate) -> i32 {
    day.signed_duration_since(NaiveDate::default()).num_days() as i32
}

/// The day so many days after 1970-01-01.
fn day(days: i32) -> Option<NaiveDate> {
    let epoch = NaiveDate::default();
    if days < 0 {
        epoch.checked_sub_days(Days::new(u64::from(days.unsigned_abs())))
    } else {
        epoch.checked_add_days(Days::new(u64::from(days.unsigned_abs())))
    }
}
