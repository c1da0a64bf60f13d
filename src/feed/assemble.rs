//! The deliveries in force tonight, table by table.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{is_not_null, nullif};
use arrow::datatypes::Int64Type;
use arrow::row::{RowConverter, SortField};
use chrono::NaiveDate;
use xxhash_rust::xxh3::xxh3_128;

use super::receipt::{Receipt, in_force};
use crate::engine::{Held, TableRows};
use crate::error::Result;
use crate::lake::Lake;
use crate::lake::rows::{Edits, Numbers, Part, RowsFile};
use crate::pipeline::Pipeline;
use crate::pipeline::schema::table_schema;
use crate::pipeline::spec::{ColumnType, DeliveryKind, Feed, Grain, Table};

/// Tonight's rows of every table, and what older deliveries lost to newer ones.
#[derive(Debug, Default)]
pub struct Assembled {
    pub tables: BTreeMap<String, TableRows>,
    /// Rows superseded, by delivery.
    pub superseded: BTreeMap<String, u64>,
}

/// Opens the deliveries in force of every feed. `receipts` are oldest first.
///
/// # Errors
/// A file of the lake is damaged.
pub fn assemble(pipeline: &Pipeline, lake: &Lake, receipts: &[Receipt]) -> Result<Assembled> {
    let mut out = Assembled::default();
    for table in pipeline.tables.values() {
        let rows = TableRows { schema: table_schema(table), held: Vec::new(), moved: None };
        out.tables.insert(table.id.clone(), rows);
    }
    for feed in pipeline.feeds.values() {
        let (new, old) = in_force(feed, receipts);
        for receipt in old {
            out.superseded.insert(receipt.delivery.clone(), receipt.used);
        }
        let table = &pipeline.tables[&feed.table];
        let scopes = scopes(feed, table, &new);
        let mut held = Vec::new();
        for receipt in new {
            let path = lake.deliveries(&feed.id).join(&receipt.delivery).join("rows.parquet");
            let file = RowsFile::open(&path)?;
            held.push(Held { delivery: receipt.delivery.clone(), file, edits: Arc::default() });
        }
        for scope in scopes {
            supersede(table, &scope, &mut held, &mut out.superseded)?;
        }
        let rows = out.tables.get_mut(&feed.table).expect("the loader checked the feed's table");
        rows.held.extend(held);
    }
    Ok(out)
}

/// Deliveries in force, by their places, in which a key may stand only once: those of an upsert, and
/// what came in parts and would have been one delivery.
fn scopes(feed: &Feed, table: &Table, new: &[&Receipt]) -> Vec<Vec<usize>> {
    let mut scopes: BTreeMap<Option<NaiveDate>, Vec<usize>> = BTreeMap::new();
    for (place, receipt) in new.iter().enumerate() {
        let period = feed.delivery.kind == DeliveryKind::Append;
        scopes.entry(period.then_some(receipt.period)).or_default().push(place);
    }
    let parts = |s: &Vec<usize>| s.iter().any(|place| new[*place].part.is_some());
    let several =
        |s: &Vec<usize>| s.len() > 1 && (feed.delivery.kind == DeliveryKind::Upsert || parts(s));
    scopes.into_values().filter(|s| !table.key.is_empty() && several(s)).collect()
}

/// Drops from older deliveries the rows whose key a newer one repeats.
fn supersede(
    table: &Table,
    scope: &[usize],
    held: &mut [Held],
    superseded: &mut BTreeMap<String, u64>,
) -> Result<()> {
    let ids = table.columns.iter().filter(|column| column.kind == ColumnType::CitizenId);
    let ids = ids.map(|column| column.name.as_str()).filter(|id| table.key.iter().any(|k| k == id));
    let raw = ids.map(|id| (id, format!("{id}_raw"))).collect::<Vec<_>>();
    let mut columns = table.key.clone();
    columns.extend(raw.iter().map(|(_, raw)| raw.clone()));
    columns.push("src_row".into());
    let mut seen: HashSet<u128> = HashSet::new();
    let oldest = scope.first();
    for place in scope.iter().rev() {
        let one = &mut held[*place];
        let mut drop = Numbers::default();
        let mut own = Vec::new();
        for batch in one.file.scan(Part::All, &columns, &Arc::default())? {
            let batch = batch?;
            for (key, row) in keys(&batch, &raw)? {
                if seen.contains(&key) {
                    drop.insert(row);
                } else if Some(place) != oldest {
                    // Nothing is older than the oldest, which is often by far the largest.
                    own.push(key);
                }
            }
        }
        seen.extend(own);
        if !drop.is_empty() {
            superseded.insert(one.delivery.clone(), drop.count());
            one.edits = Arc::new(Edits { drop, ..Edits::default() });
        }
    }
    Ok(())
}

/// Hash of the key columns and `src_row` (the last column) of each row. `raw` are the IDs of the key with
/// the columns of what was received: an ID that cannot be used still tells two rows apart.
fn keys(batch: &RecordBatch, raw: &[(&str, String)]) -> Result<Vec<(u128, i64)>> {
    let last = batch.num_columns() - 1;
    let mut columns = batch.columns()[..last].to_vec();
    for (id, raw) in raw {
        let at = batch.schema_ref().index_of(raw)?;
        let usable = is_not_null(batch.column(batch.schema_ref().index_of(id)?))?;
        columns[at] = nullif(&columns[at], &usable)?;
    }
    let fields = columns.iter().map(|c| SortField::new(c.data_type().clone())).collect();
    let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
    let numbers = batch.column(last).as_primitive::<Int64Type>();
    Ok(rows.iter().zip(numbers.values()).map(|(r, n)| (xxh3_128(r.as_ref()), *n)).collect())
}

/// Does a table hold rows of persons?
pub fn of_persons(table: &Table) -> bool {
    table.grain == Grain::Person
}
