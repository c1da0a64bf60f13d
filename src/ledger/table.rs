//! Cases as columns: for the SQL of a night, and for the files of a published night.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::NaiveDate;

use super::case::{Case, Cases};
use crate::error::Result;
use crate::pipeline::schema::CASE_COLUMNS;
use crate::privacy::hide_ids;

/// The schema of `cases.parquet`.
fn schema() -> SchemaRef {
    let field = |name: &str| {
        let kind = match name {
            "opened" | "issued" | "due" | "moved" | "answered" | "ended" | "reopened"
            | "waived_until" => DataType::Date32,
            "step" | "sent_back" | "relapses" => DataType::Int64,
            "overdue" | "open" => DataType::Boolean,
            _ => DataType::Utf8,
        };
        Field::new(name, kind, true)
    };
    Arc::new(Schema::new(CASE_COLUMNS.map(field).to_vec()))
}

/// The value of a case in a column on a day, as text.
pub fn text(case: &Case, column: &str, day: NaiveDate) -> Option<String> {
    let date = |d: Option<NaiveDate>| d.map(|d| d.to_string());
    let some = |s: &str| Some(s.to_owned()).filter(|s| !s.is_empty());
    let word = |v: serde_json::Result<serde_json::Value>| {
        v.ok().and_then(|v| v.as_str().map(str::to_owned))
    };
    match column {
        "number" => some(&case.number),
        "anomaly" => some(&case.anomaly),
        "rule" => some(&case.rule),
        "subject_kind" => some(&case.subject_kind),
        // Those of an older ledger may have been filled in with ID numbers.
        "subject" => some(&hide_ids(&case.subject)),
        "anchor" => some(&hide_ids(&case.anchor)),
        "county" => some(&case.county),
        "division" => some(&case.division),
        "owner" => some(&case.owner),
        "severity" => some(case.severity.word()),
        "state" => some(case.state.word()),
        "opened" => date(Some(case.opened)),
        "issued" => date(case.issued_in_round()),
        "due" => date(case.due),
        "moved" => date(Some(case.moved)),
        "answered" => date(case.answered),
        "outcome" => case.answer.as_ref().and_then(|a| word(serde_json::to_value(a.outcome))),
        "cause" => case.answer.as_ref().and_then(|a| some(&a.cause)),
        "ended" => date(case.ended),
        "reopened" => date(case.reopened),
        "step" => Some(case.step.to_string()),
        "sent_back" => Some(case.sent_back.to_string()),
        "fault" => case.fault.and_then(|f| word(serde_json::to_value(f))),
        "relapses" => Some(case.relapses.to_string()),
        "waived_until" => date(case.waived_until),
        "overdue" => Some(case.overdue(day).to_string()),
        "open" => Some(case.state.is_open().to_string()),
        _ => None,
    }
}

/// Cases on a day as columns, in the order of their numbers.
///
/// # Errors
/// Never; a column's values are of its type.
pub fn batch(cases: &Cases, day: NaiveDate) -> Result<RecordBatch> {
    let rows: Vec<&Case> = cases.by_number.values().collect();
    columns(&schema(), rows.len(), |column, row| text(rows[row], column, day))
}

/// Columns of a schema from texts.
///
/// # Errors
/// A text is not of its column's type.
pub fn columns(
    schema: &SchemaRef,
    rows: usize,
    text: impl Fn(&str, usize) -> Option<String>,
) -> Result<RecordBatch> {
    let column = |field: &Arc<Field>| -> Result<ArrayRef> {
        let values: StringArray = (0..rows).map(|row| text(field.name(), row)).collect();
        let nulls = values.null_count();
        let array = cast(&values, field.data_type())?;
        debug_assert_eq!(array.null_count(), nulls, "{}", field.name());
        Ok(array)
    };
    let arrays = schema.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(schema.clone(), arrays)?)
}
