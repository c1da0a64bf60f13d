//! The indicators of a night: those whose feeds and views are there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;

use super::{Built, Setup, freshness};
use crate::engine::{EVERYONE, Engine, Piece, Stored};
use crate::error::Result;
use crate::feed::assemble::{Assembled, of_persons};
use crate::indicator::{self, Tables};
use crate::lake::rows::{Part, RowsFile};
use crate::pipeline::spec::Table;
use crate::report::summary::FeedLine;
use crate::view;

/// What the stages before gave.
pub(super) struct Inputs<'a> {
    pub assembled: &'a Assembled,
    pub feeds: &'a [FeedLine],
    pub built: &'a Built,
}

/// Evaluates the indicators and writes them, and the history, into the staged night.
///
/// # Errors
/// The memory, the disk; a damaged history of the night before.
pub(super) fn write(
    setup: &Setup,
    engine: &Engine,
    night: NaiveDate,
    last: Option<&str>,
    staged: &Path,
    inputs: &Inputs<'_>,
) -> Result<()> {
    let Inputs { assembled, feeds, built } = inputs;
    let mut tables = views(setup, &staged.join("views"))?;
    let part = |table: &Table| if of_persons(table) { EVERYONE } else { Part::All };
    for (name, rows) in &assembled.tables {
        let part = setup.pipeline.tables.get(name).map_or(EVERYONE, part);
        tables.insert(name.clone(), rows.table(part));
    }
    let mut not_run = BTreeMap::new();
    for indicator in setup.pipeline.indicators.values() {
        let missing = indicator.needs.iter().find_map(|n| freshness::missing(setup, feeds, n));
        let reads = view::relations(&indicator.sql).unwrap_or_default();
        let broken = reads.iter().find_map(|name| built.broken.get(name));
        let broken = broken.map(|view| view.reason.clone());
        if let Some(reason) = missing.or(broken) {
            not_run.insert(indicator.id.clone(), reason);
        }
    }
    let last = last.map(|name| setup.lake.night(name));
    let tonight = indicator::Tonight {
        pipeline: &setup.pipeline,
        engine,
        day: night,
        tables: &tables,
        not_run: &not_run,
        last: last.as_deref(),
        threads: setup.threads,
    };
    indicator::night(&tonight, staged).map(drop)
}

/// The views of a night, as tables of the engine.
///
/// # Errors
/// A view's file is missing or damaged.
pub fn views(setup: &Setup, folder: &Path) -> Result<Tables> {
    let mut tables = Tables::new();
    for planned in &setup.plans.views {
        let file = RowsFile::open(&folder.join(format!("{}.parquet", planned.id)))?;
        let schema = file.schema().clone();
        let piece = Piece { file, part: Part::All, edits: Arc::default() };
        tables.insert(planned.id.clone(), Arc::new(Stored::new(schema, vec![piece])));
    }
    Ok(tables)
}
