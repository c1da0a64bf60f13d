//! Counts about units (hospitals), from the policy's SQL over the views of one night.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;

use super::words::listed;
use crate::diagnostic::Fault;
use crate::engine::{self, Engine};
use crate::error::{Error, Kind, Result};
use crate::indicator::Tables;
use crate::pipeline::Pipeline;
use crate::pipeline::bulletins::Units;
use crate::view::{self, Casts, Plans, Query};

/// Most hospitals without faults that are named.
const NAMED: usize = 10;

/// A unit and its counts, in the order of the policy's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitLine {
    pub county: String,
    pub unit: String,
    pub total: u64,
    pub counts: Vec<u64>,
}

/// Plans the SQL of every bulletin against the planned views, without data: what it takes columns of code
/// lists for, and every fault of it.
pub fn check(pipeline: &Pipeline, engine: &Engine, plans: &Plans) -> (Casts, Vec<Fault>) {
    let (mut casts, mut faults) = (Casts::new(), Vec::new());
    for bulletin in pipeline.bulletins.values() {
        let Some(units) = &bulletin.units else { continue };
        match check_one(pipeline, engine, plans, (bulletin.id.as_str(), units)) {
            Ok(own) => casts.extend(own),
            Err(own) => faults.extend(own),
        }
    }
    (casts, faults)
}

fn check_one(
    pipeline: &Pipeline,
    engine: &Engine,
    plans: &Plans,
    (id, units): (&str, &Units),
) -> Result<Casts, Vec<Fault>> {
    let source = pipeline.source("bulletins", id);
    let query = Query::parse(source, &units.sql).map_err(|fault| vec![fault])?;
    let whole = |error: Error| vec![Fault::of(&source.path, error.to_string())];
    let context = engine.session().map_err(whole)?;
    for view in &plans.views {
        let table: Arc<dyn TableProvider> = Arc::new(EmptyTable::new(view.schema.clone()));
        let made = context.register_table(view.id.as_str(), table);
        made.map_err(|e| whole(e.into()))?;
    }
    let fail = |e: DataFusionError| vec![view::sql_fault(source, &units.sql, &e)];
    let frame = engine::wait(query.frame(&context)).map_err(whole)?.map_err(fail)?;
    let (plan, casts) = view::optimized(frame, &format!("bulletins/{id}.yaml")).map_err(fail)?;
    let (schema, mut faults) = (plan.schema().as_arrow(), Vec::new());
    let wanted = ["county", "unit", "total"].into_iter();
    let wanted = wanted.chain(units.columns.iter().map(|c| c.name.as_str()));
    for name in wanted.filter(|n| schema.index_of(n).is_err()) {
        let text = format!("the SQL of `units` gives no column `{name}`");
        let known = schema.fields().iter().map(|f| f.name().as_str());
        let fault = Fault::at(source, source.find(name), text);
        faults.push(fault.did_you_mean(name, known));
    }
    if faults.is_empty() { Ok(casts) } else { Err(faults) }
}

/// Counts the units of a night, in the order of county and name.
///
/// # Errors
/// The memory, the disk; SQL that does not fit the views of that night.
pub fn count(units: &Units, engine: &Engine, views: &Tables) -> Result<Vec<UnitLine>> {
    let context = engine.session()?;
    for (name, table) in views {
        context.register_table(name.as_str(), table.clone())?;
    }
    let batches = engine::guarded(|| {
        Ok(engine::wait(async { context.sql(&units.sql).await?.collect().await })??)
    });
    // The engine's own text may hold a value of somebody's row.
    let batches = batches.map_err(|error| match error.kind {
        Kind::Bug => Error::pipeline("the SQL of `units` fails on the views of that night")
            .hint("run the night again with today's pipeline"),
        _ => error,
    })?;
    let mut lines = Vec::new();
    for batch in &batches {
        let column = |name: &str, kind: &DataType| -> Result<Arc<dyn Array>> {
            let found = batch.column_by_name(name);
            let found = found.ok_or_else(|| Error::bug("a column that was checked is gone"))?;
            Ok(cast(found, kind)?)
        };
        let text = |name: &str| column(name, &DataType::Utf8);
        let (county, unit) = (text("county")?, text("unit")?);
        let total = column("total", &DataType::Int64)?;
        let counts: Vec<Arc<dyn Array>> = units
            .columns
            .iter()
            .map(|c| column(&c.name, &DataType::Int64))
            .collect::<Result<_>>()?;
        let number = |array: &Arc<dyn Array>, row: usize| {
            let values = array.as_primitive::<Int64Type>();
            if values.is_null(row) { 0 } else { values.value(row).unsigned_abs() }
        };
        let word = |array: &Arc<dyn Array>, row: usize| {
            let values = array.as_string::<i32>();
            if values.is_null(row) { String::new() } else { values.value(row).to_owned() }
        };
        lines.extend((0..batch.num_rows()).map(|row| UnitLine {
            county: word(&county, row),
            unit: word(&unit, row),
            total: number(&total, row),
            counts: counts.iter().map(|c| number(c, row)).collect(),
        }));
    }
    lines.sort_by(|a, b| (&a.county, &a.unit).cmp(&(&b.county, &b.unit)));
    Ok(lines)
}

/// `某医院有29例帮扶对象出院病人，其中，2例…，1例…。`
pub fn sentence(policy: &Units, line: &UnitLine) -> String {
    let said: Vec<String> = policy
        .columns
        .iter()
        .zip(&line.counts)
        .filter(|(_, n)| **n > 0)
        .map(|(column, n)| format!("{n}{}", column.zh))
        .collect();
    let UnitLine { unit, total, .. } = line;
    format!("{unit}有{total}{}，其中，{}。", policy.total, said.join("，"))
}

/// The units whose counts are all zero, with the sentence that says so.
pub fn clean(policy: &Units, lines: &[&UnitLine]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = lines.iter().take(NAMED).map(|l| l.unit.as_str()).collect();
    let more =
        if lines.len() > NAMED { format!("等{}所医院", lines.len()) } else { String::new() };
    let total: u64 = lines.iter().map(|l| l.total).sum();
    let both = if lines.len() > 1 { "共" } else { "" };
    format!("{}{more}{both}有{total}{}，{}。", listed(&names), policy.total, policy.clean)
}
