//! Builds the views and judges their rows on the way: person views range by range, others whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;

use super::{NotRun, Progress, Setup};
use crate::engine::{Engine, Piece, Stored};
use crate::error::{Error, Result};
use crate::feed::assemble::Assembled;
use crate::lake::bucket::KeyRange;
use crate::lake::durable;
use crate::lake::rows::{Part, RowsFile, RowsWriter};
use crate::report::summary::ViewLine;
use crate::rule::{Judge, Judged};
use crate::view::{self, Planned};

/// What the views of a night gave.
#[derive(Default)]
pub struct Built {
    pub views: Vec<ViewLine>,
    pub judged: Judged,
    /// Rows of each view by county, for what did not apply.
    pub rows: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Everything that the jobs share.
struct Shared<'a> {
    setup: &'a Setup,
    engine: &'a Engine,
    assembled: &'a Assembled,
    judges: BTreeMap<String, Judge>,
}

/// What one view gave in one job.
struct Part1 {
    view: String,
    batches: Vec<RecordBatch>,
    judged: Judged,
}

/// Builds every view, judges its rows by all rules that can run, and keeps it in `staged/views`.
///
/// # Errors
/// The engine, the disk; a subject that stands twice.
pub(super) fn build(
    setup: &Setup,
    engine: &Engine,
    assembled: &Assembled,
    ranges: &[KeyRange],
    staged: &Path,
    not_run: &NotRun,
    progress: &dyn Progress,
) -> Result<Built> {
    let dir = staged.join("views");
    durable::create_dir_all(&dir)?;
    let shared = Shared { setup, engine, assembled, judges: judges(setup, engine, not_run)? };
    let whole: Vec<&Planned> = setup.plans.views.iter().filter(|v| v.whole.is_some()).collect();
    let steps = ranges.len() + whole.len();
    progress.stage("建视图并判定", "view and judge", steps as u64);
    let mut built = Built::default();
    person_views(&shared, ranges, &dir, &mut built, progress)?;
    for planned in whole {
        let tables = whole_tables(&shared, planned, &dir)?;
        let part = one_view(&shared, planned, tables)?;
        let mut writer = writer(&dir, planned, setup)?;
        let rows = keep(&mut built, part, &mut writer)?;
        writer.finish()?;
        built.views.push(line(&shared, planned, rows));
        progress.step(&planned.id);
    }
    Ok(built)
}

/// The rules over each view, compiled.
fn judges(setup: &Setup, engine: &Engine, not_run: &NotRun) -> Result<BTreeMap<String, Judge>> {
    let context = engine.session()?;
    let mut judges = BTreeMap::new();
    for planned in &setup.plans.views {
        let view = &setup.pipeline.views[&planned.id];
        let over = |r: &&crate::pipeline::spec::Rule| r.over == view.id;
        let rules = setup.rules().filter(over).filter(|r| !not_run.contains_key(&r.id));
        let judge = Judge::compile(&setup.pipeline, view, &planned.schema, rules, &context)
            .map_err(|_| Error::bug("rules that were checked do not compile"))?;
        judges.insert(view.id.clone(), judge);
    }
    Ok(judges)
}

/// Builds all person views of each range, ranges in parallel, and writes them in their order.
fn person_views(
    shared: &Shared<'_>,
    ranges: &[KeyRange],
    dir: &Path,
    built: &mut Built,
    progress: &dyn Progress,
) -> Result<()> {
    let plans: Vec<&Planned> =
        shared.setup.plans.views.iter().filter(|v| v.whole.is_none()).collect();
    let mut writers = BTreeMap::new();
    for planned in &plans {
        writers.insert(planned.id.clone(), (writer(dir, planned, shared.setup)?, 0_u64));
    }
    let next = AtomicUsize::new(0);
    let (send, receive) = std::sync::mpsc::sync_channel(shared.setup.threads);
    let send = Mutex::new(Some(send));
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..shared.setup.threads {
            let sender = send.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let (next, plans) = (&next, &plans);
            scope.spawn(move || {
                let Some(sender) = sender else { return };
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(range) = ranges.get(at) else { return };
                    if sender.send((at, one_range(shared, plans, *range))).is_err() {
                        return;
                    }
                }
            });
        }
        *send.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        // Ranges may come out of turn; they are written in turn.
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        for (at, parts) in receive {
            waiting.insert(at, parts?);
            while let Some(parts) = waiting.remove(&turn) {
                for part in parts {
                    if let Some((writer, rows)) = writers.get_mut(&part.view) {
                        *rows += keep(built, part, writer)?;
                    }
                }
                turn += 1;
                progress.step(&format!("{turn}/{}", ranges.len()));
            }
        }
        if turn == ranges.len() { Ok(()) } else { Err(Error::bug("a view builder panicked")) }
    })?;
    for planned in &plans {
        if let Some((writer, rows)) = writers.remove(&planned.id) {
            writer.finish()?;
            built.views.push(line(shared, planned, rows));
        }
    }
    Ok(())
}

/// All person views of one range of persons.
fn one_range(shared: &Shared<'_>, plans: &[&Planned], range: KeyRange) -> Result<Vec<Part1>> {
    let mut parts: Vec<Part1> = Vec::new();
    for planned in plans {
        let mut tables: Vec<(String, Arc<dyn TableProvider>)> = Vec::new();
        for name in planned.reads.keys() {
            if let Some(before) = parts.iter().find(|p| p.view == *name) {
                let schema = shared.setup.plans.get(name).map(|p| p.schema.clone());
                let schema = schema.ok_or_else(|| Error::bug("a view without a plan"))?;
                let table = MemTable::try_new(schema, vec![before.batches.clone()])?;
                tables.push((name.clone(), Arc::new(table)));
            } else if let Some(rows) = shared.assembled.tables.get(name) {
                tables.push((name.clone(), rows.table(part_of(shared, name, range))));
            }
        }
        parts.push(one_view(shared, planned, tables)?);
    }
    Ok(parts)
}

/// The part of a table that a job over some persons reads.
fn part_of(shared: &Shared<'_>, table: &str, range: KeyRange) -> Part {
    let plain = shared.setup.pipeline.tables.get(table);
    match plain {
        Some(table) if !crate::feed::assemble::of_persons(table) => Part::All,
        _ => Part::Keys(range),
    }
}

/// Tables and views for a view that is built whole.
fn whole_tables(
    shared: &Shared<'_>,
    planned: &Planned,
    dir: &Path,
) -> Result<Vec<(String, Arc<dyn TableProvider>)>> {
    let mut tables: Vec<(String, Arc<dyn TableProvider>)> = Vec::new();
    for name in planned.reads.keys() {
        if let Some(rows) = shared.assembled.tables.get(name) {
            tables.push((name.clone(), rows.table(part_of(shared, name, KeyRange::ALL))));
        } else if shared.setup.plans.get(name).is_some() {
            let file = RowsFile::open(&dir.join(format!("{name}.parquet")))?;
            let schema = file.schema().clone();
            let piece = Piece { file, part: Part::All, edits: Arc::default() };
            tables.push((name.clone(), Arc::new(Stored::new(schema, vec![piece]))));
        }
    }
    Ok(tables)
}

/// Builds one view and judges its rows as they come: the only time that they are passed over.
fn one_view(
    shared: &Shared<'_>,
    planned: &Planned,
    tables: Vec<(String, Arc<dyn TableProvider>)>,
) -> Result<Part1> {
    let view = &shared.setup.pipeline.views[&planned.id];
    let batches = view::build(view, shared.engine, tables)?;
    let mut judged = Judged::default();
    for batch in &batches {
        shared.judges[&planned.id].judge(batch, &mut judged)?;
    }
    Ok(Part1 { view: planned.id.clone(), batches, judged })
}

/// Adds what a view gave and writes its rows.
fn keep(built: &mut Built, part: Part1, writer: &mut RowsWriter) -> Result<u64> {
    let mut rows = 0;
    let own = built.rows.entry(part.view.clone()).or_default();
    for (county, count) in &part.judged.rows {
        *own.entry(county.clone()).or_default() += count;
    }
    built.judged.add(part.judged);
    for batch in part.batches {
        rows += batch.num_rows() as u64;
        writer.push(batch)?;
    }
    Ok(rows)
}

fn writer(dir: &Path, planned: &Planned, setup: &Setup) -> Result<RowsWriter> {
    let path = dir.join(format!("{}.parquet", planned.id));
    if planned.whole.is_none() {
        RowsWriter::bucketed(&path, planned.schema.clone(), setup.pipeline.settings.buckets)
    } else {
        RowsWriter::plain(&path, planned.schema.clone())
    }
}

fn line(shared: &Shared<'_>, planned: &Planned, rows: u64) -> ViewLine {
    ViewLine {
        view: planned.id.clone(),
        title: shared.setup.pipeline.views[&planned.id].title.clone(),
        rows,
        whole: planned.whole.clone(),
        scans: shared.judges[&planned.id].scans(rows),
    }
}
