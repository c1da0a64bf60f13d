//! Which rows of a table stand behind a subject: those with its columns, or those that lie in it.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, Schema};
use datafusion::prelude::SessionContext;

use crate::engine;
use crate::error::{Error, Result};
use crate::lake::bucket::{KeyRange, finest};
use crate::lake::rows::{PERSON_KEY, Part};
use crate::pipeline::spec::{Grain, Table, View};

/// Rows of a table: the condition that SQL finds them by, and the part of its files where they are.
pub(super) struct Behind {
    pub condition: String,
    pub part: Part,
}

/// The rows behind a subject, of whose view this is the row; nothing where the two share nothing.
pub(super) fn rows(
    view: &View,
    table: &Table,
    schema: &Schema,
    subject: &BTreeMap<String, Option<String>>,
) -> Option<Behind> {
    let default = vec![view.subject.clone()];
    let columns = view.trace.get(&table.id).unwrap_or(&default);
    let mut conditions = Vec::new();
    let mut part = if table.grain == Grain::Person { engine::EVERYONE } else { Part::All };
    for column in columns.iter().filter(|c| schema.index_of(c).is_ok()) {
        let Some(Some(value)) = subject.get(column) else { continue };
        if column == PERSON_KEY {
            let key: i64 = value.parse().unwrap_or_default();
            part = Part::Keys(KeyRange { first: key, last: key });
        }
        let value = value.replace('\'', "''");
        conditions.push(format!("CAST(\"{column}\" AS VARCHAR) = '{value}'"));
    }
    let area = subject.get(&view.subject).and_then(Option::as_ref).filter(|a| !a.is_empty());
    if let Some((column, area)) = view.within.get(&table.id).zip(area) {
        let (digits, area) = (area.chars().count(), area.replace('\'', "''"));
        conditions.push(format!("substr(CAST(\"{column}\" AS VARCHAR), 1, {digits}) = '{area}'"));
    }
    let condition = conditions.join(" AND ");
    (!condition.is_empty()).then(|| Behind { condition, part: widened(part) })
}

/// The bucket of one person: a row that was given another key stays in its owner's bucket.
fn widened(part: Part) -> Part {
    match part {
        Part::Keys(KeyRange { first, .. }) if first > 0 => Part::Keys(finest(first)),
        other => other,
    }
}

/// How many rows of a table a condition finds.
///
/// # Errors
/// A file of the lake is damaged.
pub(super) fn count(context: &SessionContext, table: &str, condition: &str) -> Result<i64> {
    let sql = format!("SELECT count(*) FROM \"{table}\" WHERE {condition}");
    let batches = engine::wait(async { context.sql(&sql).await?.collect().await })?;
    let batches = batches.map_err(Error::from)?;
    let one = batches.iter().find(|batch| batch.num_rows() > 0);
    Ok(one.map_or(0, |batch| batch.column(0).as_primitive::<Int64Type>().value(0)))
}
