//! Writes what was decided: moved rows, edits of the deliveries, the table `link`, the funnel.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;

use super::Funnel;
use super::pending::{Decided, Pending};
use super::sweep::{Link, Swept, rekeyed};
use crate::engine::TableRows;
use crate::error::Result;
use crate::lake::durable;
use crate::lake::rows::{RowsFile, RowsWriter};
use crate::pipeline::schema::link_schema;
use crate::pipeline::spec::Table;

/// Name of the table that this stage makes.
const LINK_TABLE: &str = "link";

/// One row of the table `link`.
struct LinkRow<'a> {
    person_key: i64,
    table: &'a str,
    tier: &'a str,
    quality: String,
    linked: i64,
    delivery: String,
    src_row: i64,
}

/// Writes everything below `night/identity` and hangs it into `tables`.
pub(super) fn write(
    order: &[&Table],
    tables: &mut BTreeMap<String, TableRows>,
    night: &Path,
    buckets: usize,
    pending: &Pending,
    decided: &[Decided],
    swept: Swept,
) -> Result<Funnel> {
    let dir = night.join("identity");
    durable::create_dir_all(&dir)?;
    let mut funnel = Funnel::default();
    for (number, table) in order.iter().enumerate() {
        let counts = funnel.tables.entry(table.id.clone()).or_default();
        let count = |tier: &str| {
            swept.links.iter().filter(|l| l.table == number && l.tier == tier).count() as u64
        };
        let clash = count("clash");
        counts.insert("id".into(), swept.rows[number] - clash);
        counts.insert("variant".into(), count("variant"));
        counts.insert("clash".into(), clash);
        for (_, decided) in pending.rows.iter().zip(decided).filter(|(w, _)| w.table == number) {
            *counts.entry(decided.tier.into()).or_default() += 1;
        }
        let rows = tables.get_mut(&table.id).expect("every table was assembled");
        for held in &mut rows.held {
            let own =
                |l: &&Link| l.table == number && l.tier == "clash" && l.delivery == held.delivery;
            let own: Vec<&Link> = swept.links.iter().filter(own).collect();
            if !own.is_empty() {
                held.edits = rekeyed(held, &own);
            }
        }
        let path = dir.join(format!("moved-{}.parquet", table.id));
        rows.moved = moved(number, rows, &path, buckets, pending, decided)?;
    }
    let link = link_table(order, &dir, buckets, pending, decided, &swept)?;
    tables.insert(LINK_TABLE.into(), link);
    Ok(funnel)
}

/// Writes the rows of a table that waited for their person, now under their keys.
fn moved(
    number: usize,
    rows: &TableRows,
    path: &Path,
    buckets: usize,
    pending: &Pending,
    decided: &[Decided],
) -> Result<Option<RowsFile>> {
    let batches = &pending.batches[number];
    if batches.is_empty() {
        return Ok(None);
    }
    let mut writer = RowsWriter::bucketed(path, rows.schema.clone(), buckets)?;
    let mut own = pending.rows.iter().zip(decided).filter(|(w, _)| w.table == number);
    for batch in batches {
        let decided: Vec<&Decided> = own.by_ref().take(batch.num_rows()).map(|(_, d)| d).collect();
        let mut columns = batch.columns().to_vec();
        columns[0] = Arc::new(decided.iter().map(|d| Some(d.key)).collect::<Int64Array>());
        columns[1] = Arc::new(decided.iter().map(|d| Some(d.tier)).collect::<StringArray>());
        writer.push(RecordBatch::try_new(rows.schema.clone(), columns)?)?;
    }
    writer.finish()?;
    Ok(Some(RowsFile::open(path)?))
}

/// Writes the table `link`.
fn link_table(
    order: &[&Table],
    dir: &Path,
    buckets: usize,
    pending: &Pending,
    decided: &[Decided],
    swept: &Swept,
) -> Result<TableRows> {
    let mut rows: Vec<LinkRow<'_>> = Vec::new();
    for link in &swept.links {
        rows.push(LinkRow {
            person_key: link.owner,
            table: &order[link.table].id,
            tier: link.tier,
            quality: link.quality.clone(),
            linked: link.linked,
            delivery: link.delivery.clone(),
            src_row: link.src_row,
        });
    }
    for (waiting, decided) in pending.rows.iter().zip(decided) {
        let table = order[waiting.table];
        let batch = &pending.batches[waiting.table][waiting.batch];
        let text = |name: &str| {
            let column = batch.column_by_name(name).map(|c| c.as_string::<i32>());
            column.map_or_else(String::new, |c| c.value(waiting.row).to_owned())
        };
        let quality =
            table.person.as_ref().map_or_else(String::new, |p| text(&format!("{}_quality", p.id)));
        let numbers = batch.column_by_name("src_row").map(|c| c.as_primitive::<Int64Type>());
        rows.push(LinkRow {
            person_key: decided.key,
            table: &table.id,
            tier: decided.tier,
            quality,
            linked: decided.key,
            delivery: text("src_delivery"),
            src_row: numbers.map_or(0, |n| n.value(waiting.row)),
        });
    }
    let schema = link_schema();
    let path = dir.join("link.parquet");
    let mut writer = RowsWriter::bucketed(&path, schema.clone(), buckets)?;
    for chunk in rows.chunks(8192) {
        let numbers = |f: fn(&LinkRow<'_>) -> i64| -> ArrayRef {
            Arc::new(chunk.iter().map(|r| Some(f(r))).collect::<Int64Array>())
        };
        let texts = |f: &dyn Fn(&LinkRow<'_>) -> String| -> ArrayRef {
            Arc::new(chunk.iter().map(|r| Some(f(r))).collect::<StringArray>())
        };
        let columns = vec![
            numbers(|r| r.person_key),
            texts(&|r| r.table.to_owned()),
            texts(&|r| r.tier.to_owned()),
            texts(&|r| r.quality.clone()),
            numbers(|r| r.linked),
            texts(&|r| r.delivery.clone()),
            numbers(|r| r.src_row),
        ];
        writer.push(RecordBatch::try_new(schema.clone(), columns)?)?;
    }
    writer.finish()?;
    let held = vec![crate::engine::Held {
        delivery: String::new(),
        file: RowsFile::open(&path)?,
        edits: Arc::default(),
    }];
    Ok(TableRows { schema, held, moved: None })
}
