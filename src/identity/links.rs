//! Writes what was decided: moved rows, edits of the deliveries, the table `link`, the funnel.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

use super::Funnel;
use super::pending::Decided;
use super::sweep::{Link, Swept, rekeyed};
use crate::engine::{Held, TableRows};
use crate::error::{Error, Result};
use crate::lake::durable;
use crate::lake::rows::{RowsFile, RowsWriter, SRC_ROW};
use crate::pipeline::schema::link_schema;
use crate::pipeline::spec::Table;

/// Name of the table that this stage makes.
const LINK_TABLE: &str = "link";

/// Writes everything below `night/identity` and hangs it into `tables`. `decided` are the waiting
/// rows of all tables in the order of trust.
pub(super) fn write(
    order: &[&Table],
    tables: &mut BTreeMap<String, TableRows>,
    night: &Path,
    buckets: usize,
    decided: &[Decided],
    swept: &Swept,
) -> Result<Funnel> {
    let dir = night.join("identity");
    durable::create_dir_all(&dir)?;
    let path = dir.join("link.parquet");
    let mut writer = RowsWriter::gathered(&path, link_schema(), buckets)?;
    for links in swept.links.chunks(8192) {
        writer.push(swept_links(order, links)?)?;
    }
    let mut funnel = Funnel::default();
    let mut decided = decided.iter();
    for (number, table) in order.iter().enumerate() {
        let counts = funnel.tables.entry(table.id.clone()).or_default();
        let own = |l: &&Link| l.table == number;
        let count =
            |tier: &str| swept.links.iter().filter(own).filter(|l| l.tier == tier).count() as u64;
        let clash = count("clash");
        counts.insert("id".into(), swept.rows[number] - clash);
        counts.insert("variant".into(), count("variant"));
        counts.insert("clash".into(), clash);
        let rows = tables.get_mut(&table.id).expect("every table was assembled");
        let path = dir.join(format!("moved-{}.parquet", table.id));
        let mut moved = None;
        for batch in rows.waiting() {
            let batch = batch?;
            let decided: Vec<&Decided> = decided.by_ref().take(batch.num_rows()).collect();
            for one in &decided {
                *counts.entry(one.tier.into()).or_default() += 1;
            }
            let moved = match &mut moved {
                Some(moved) => moved,
                None => moved.insert(RowsWriter::gathered(&path, rows.schema.clone(), buckets)?),
            };
            writer.push(waiting_links(table, &batch, &decided)?)?;
            let mut columns = batch.columns().to_vec();
            columns[0] = keys(&decided);
            columns[1] = tiers(&decided);
            moved.push(RecordBatch::try_new(rows.schema.clone(), columns)?)?;
        }
        if let Some(moved) = moved {
            moved.finish()?;
            rows.moved = Some(RowsFile::open(&path)?);
        }
        for held in &mut rows.held {
            let clash = |l: &&Link| own(l) && l.tier == "clash" && *l.delivery == *held.delivery;
            let clashes: Vec<&Link> = swept.links.iter().filter(clash).collect();
            if !clashes.is_empty() {
                held.edits = rekeyed(held, &clashes);
            }
        }
    }
    writer.finish()?;
    let file = RowsFile::open(&path)?;
    let held = vec![Held { delivery: String::new(), file, edits: Arc::default() }];
    let link = TableRows { schema: link_schema(), held, moved: None };
    tables.insert(LINK_TABLE.into(), link);
    Ok(funnel)
}

fn keys(decided: &[&Decided]) -> ArrayRef {
    Arc::new(decided.iter().map(|d| Some(d.key)).collect::<Int64Array>())
}

fn tiers(decided: &[&Decided]) -> ArrayRef {
    Arc::new(decided.iter().map(|d| Some(d.tier)).collect::<StringArray>())
}

/// Rows of the table `link` for rows with a usable ID.
fn swept_links(order: &[&Table], links: &[Link]) -> Result<RecordBatch> {
    let numbers = |f: fn(&Link) -> i64| -> ArrayRef {
        Arc::new(links.iter().map(|l| Some(f(l))).collect::<Int64Array>())
    };
    let texts = |f: &dyn for<'a> Fn(&'a Link) -> &'a str| -> ArrayRef {
        Arc::new(links.iter().map(|l| Some(f(l))).collect::<StringArray>())
    };
    let tables = links.iter().map(|l| Some(order[l.table].id.as_str()));
    let columns = vec![
        numbers(|l| l.owner),
        Arc::new(tables.collect::<StringArray>()),
        texts(&|l| l.tier),
        texts(&|l| &l.quality),
        numbers(|l| l.linked),
        texts(&|l| &l.delivery),
        numbers(|l| l.src_row),
    ];
    Ok(RecordBatch::try_new(link_schema(), columns)?)
}

/// Rows of the table `link` for rows that waited for their person.
fn waiting_links(table: &Table, batch: &RecordBatch, decided: &[&Decided]) -> Result<RecordBatch> {
    let column = |name: &str| {
        batch.column_by_name(name).cloned().ok_or_else(|| Error::bug("a column is gone"))
    };
    let id = &table.person.as_ref().ok_or_else(|| Error::bug("a table of no persons"))?.id;
    let columns = vec![
        keys(decided),
        Arc::new(decided.iter().map(|_| Some(table.id.as_str())).collect::<StringArray>()),
        tiers(decided),
        column(&format!("{id}_quality"))?,
        keys(decided),
        column("src_delivery")?,
        column(SRC_ROW)?,
    ];
    Ok(RecordBatch::try_new(link_schema(), columns)?)
}
