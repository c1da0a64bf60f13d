//! Tables that no feed fills: the cases as they stood before the night, the deliveries and the feeds.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;

use super::freshness::{ended, newest};
use super::parts::Came;
use super::{Receipts, Setup};
use crate::engine::Held;
use crate::error::Result;
use crate::feed::assemble::Assembled;
use crate::feed::receipt::Receipt;
use crate::lake::durable;
use crate::lake::rows::{Edits, RowsFile, RowsWriter};
use crate::ledger::case::{Case, Cases};
use crate::ledger::table;
use crate::pipeline::schema::table_schema;
use crate::pipeline::spec::{Feed, System, Table};

/// Writes the system tables of the pipeline into `staged/system` and adds them to tonight's tables.
///
/// # Errors
/// The disk.
pub(super) fn add(
    setup: &Setup,
    night: NaiveDate,
    cases: &Cases,
    receipts: &Receipts,
    assembled: &mut Assembled,
    staged: &Path,
) -> Result<()> {
    let dir = staged.join("system");
    durable::create_dir_all(&dir)?;
    let rows: Vec<&Case> = cases.by_number.values().collect();
    for table in setup.pipeline.tables.values() {
        let Some(source) = table.source else { continue };
        let schema = table_schema(table);
        let place = |column: &str, row: usize| match column {
            "src_delivery" => Some(table.id.clone()),
            "src_row" => Some(row.to_string()),
            _ => None,
        };
        let batch = match source {
            System::Ledger => table::columns(&schema, rows.len(), |column, row| {
                table::text(rows[row], column, night).or_else(|| place(column, row))
            }),
            System::Deliveries => table::columns(&schema, receipts.len(), |column, row| {
                text(&receipts[row], column).or_else(|| place(column, row))
            }),
            System::Feeds => {
                let rows = told(setup, table, receipts);
                table::columns(&schema, rows.len(), |column, row| {
                    let own = of_feed(setup, (table, &rows[row]), receipts, column);
                    own.or_else(|| place(column, row))
                })
            }
        }?;
        let path = dir.join(format!("{}.parquet", table.id));
        RowsWriter::one(&path, &batch)?;
        let held = Held {
            delivery: table.id.clone(),
            file: RowsFile::open(&path)?,
            edits: Arc::new(Edits::default()),
        };
        if let Some(rows) = assembled.tables.get_mut(&table.id) {
            rows.held = vec![held];
        }
    }
    Ok(())
}

/// The value of a delivery in a column, as text.
fn text(receipt: &Receipt, column: &str) -> Option<String> {
    Some(match column {
        "feed" => receipt.feed.clone(),
        "part" => return receipt.part.clone(),
        "table_name" => receipt.table.clone(),
        "sender" => receipt.sender.clone(),
        "period" => receipt.period.to_string(),
        "received" => receipt.received.to_string(),
        "verdict" => receipt.verdict.word().into(),
        "rows" => receipt.rows.to_string(),
        "used" => receipt.used.to_string(),
        "quarantined" => receipt.quarantined.to_string(),
        "duplicate" => receipt.duplicate.to_string(),
        _ => return None,
    })
}

/// Up to when a feed has come, as a whole or of one county.
struct Told<'a> {
    feed: &'a Feed,
    county: Option<String>,
    period: Option<NaiveDate>,
}

/// The rows of a table of feeds: one for each, or, where it asks for counties, one for each county of
/// those that counties send.
fn told<'a>(setup: &'a Setup, table: &Table, receipts: &Receipts) -> Vec<Told<'a>> {
    let feeds = setup.pipeline.feeds.values();
    if table.column("county").is_none() {
        let whole = |feed| Told { feed, county: None, period: newest(feed, receipts) };
        return feeds.map(whole).collect();
    }
    let counties = |feed: &'a Feed| {
        let told = Came::new(&setup.divisions, feed, receipts).told(&setup.divisions).into_iter();
        told.map(move |(county, period)| Told { feed, county: Some(county), period })
    };
    feeds.flat_map(counties).collect()
}

/// The value of a feed in a column of a table, as text.
fn of_feed(
    setup: &Setup,
    (table, told): (&Table, &Told<'_>),
    receipts: &Receipts,
    column: &str,
) -> Option<String> {
    let feed = told.feed;
    match column {
        "feed" => Some(feed.id.clone()),
        "table_name" => Some(feed.table.clone()),
        "county" => told.county.clone(),
        "period" => told.period.map(|period| period.to_string()),
        "ended" => {
            let days = table.ended_after_days?;
            Some(ended(&setup.pipeline, feed, receipts, days).to_string())
        }
        _ => None,
    }
}
