//! Rows of a worked example as columns: what is not named is null.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::json::ReaderBuilder;
use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::pipeline::TestRow;

/// The rows under a schema.
///
/// # Errors
/// A column that the schema does not have, or a value of another type.
pub(super) fn batch(rows: &[TestRow], schema: &SchemaRef) -> Result<RecordBatch> {
    for name in rows.iter().flat_map(|r| r.keys()) {
        if schema.index_of(name).is_err() {
            let known = schema.fields().iter().map(|f| f.name().as_str());
            let error = Error::pipeline(format!("there is no column `{name}`"));
            return Err(match crate::diagnostic::nearest(name, known) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            });
        }
    }
    for (name, value) in rows.iter().flatten() {
        let dated = schema.field_with_name(name).is_ok_and(|f| *f.data_type() == DataType::Date32);
        let day = value.as_str().is_some_and(|text| text.parse::<NaiveDate>().is_ok());
        // The engine would take a number for so many days since 1970.
        if dated && !day && !value.is_null() {
            let text = format!("`{name}` is not a day: {value}");
            return Err(Error::pipeline(text).hint("write 2026-06-01"));
        }
    }
    let wrong = |e: arrow::error::ArrowError| Error::pipeline(format!("a row does not fit: {e}"));
    let mut decoder = ReaderBuilder::new(nullable(schema))
        .with_batch_size(rows.len().max(1))
        .with_coerce_primitive(true)
        .build_decoder()
        .map_err(wrong)?;
    decoder.serialize(rows).map_err(wrong)?;
    let batch = decoder.flush().map_err(wrong)?;
    let batch = batch.unwrap_or_else(|| RecordBatch::new_empty(nullable(schema)));
    Ok(batch)
}

/// The schema with every column nullable.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true));
    std::sync::Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}
