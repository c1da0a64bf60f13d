//! Tonight's persons as a published night left them, for going back from an anomaly to its rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::step::Step;
use super::{events, links};
use crate::citizen_id::Quality;
use crate::engine::TableRows;
use crate::error::{Error, Result};
use crate::lake::durable;
use crate::lake::rows::{Part, RowsFile};
use crate::pipeline::schema::link_schema;

/// Tonight's rows by table.
type Tables = BTreeMap<String, TableRows>;

/// Takes over what a published night says of the same rows, as those of its files that lie in `identity`
/// say it: whose they are, what the next night is to know, and that nobody is another person since.
///
/// # Errors
/// The disk; a file that is damaged.
pub fn carry(tables: &mut Tables, files: &[PathBuf], night: &Path) -> Result<()> {
    let dir = night.join("identity");
    durable::create_dir_all(&dir)?;
    for file in files {
        let name = file.file_name().unwrap_or_default();
        if name != events::EVENTS {
            durable::share(file, &dir.join(name))?;
        }
    }
    events::none(night)?;
    recall(tables, night)?;
    links::hang(tables, &dir.join(links::FILE))
}

/// Hangs the moved rows and the edits that `night` keeps into tables that were assembled anew.
///
/// # Errors
/// A file of the night is damaged.
pub fn recall(tables: &mut Tables, night: &Path) -> Result<()> {
    let dir = night.join("identity");
    for (id, rows) in tables.iter_mut() {
        let path = dir.join(format!("moved-{id}.parquet"));
        if path.is_file() {
            rows.moved = Some(RowsFile::open(&path)?);
        }
    }
    let file = RowsFile::open(&dir.join(links::FILE))?;
    let columns: Vec<String> = link_schema().fields().iter().map(|f| f.name().clone()).collect();
    for batch in file.scan(Part::All, &columns, &Arc::default())? {
        let batch = batch?;
        let gone = || Error::bug("a link table without its columns");
        let column = |name: &str| batch.column_by_name(name).ok_or_else(gone);
        let (table, tier) =
            (column("table_name")?.as_string::<i32>(), column("tier")?.as_string::<i32>());
        let delivery = column("src_delivery")?.as_string::<i32>();
        let row = column("src_row")?.as_primitive::<Int64Type>();
        let linked = column("linked_key")?.as_primitive::<Int64Type>();
        let quality = column("quality")?.as_string::<i32>();
        let step = column("step")?.as_string::<i32>();
        for at in 0..batch.num_rows() {
            // Rows that waited lie in a group that nobody reads; variants are where they were.
            let usable = Quality::from_word(quality.value(at)).is_some_and(Quality::usable);
            if !usable || tier.value(at) == "variant" {
                continue;
            }
            let Some(rows) = tables.get_mut(table.value(at)) else { continue };
            let own = rows.held.iter_mut().find(|h| h.delivery == delivery.value(at));
            let Some(edits) = own.map(|held| Arc::make_mut(&mut held.edits)) else { continue };
            if step.value(at) == Step::Clash.word() {
                edits.rekey.insert(row.value(at), linked.value(at));
            } else {
                edits.moved.insert(row.value(at));
            }
        }
    }
    Ok(())
}
