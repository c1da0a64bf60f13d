//! Builds the views and judges their rows on the way: person views range by range, others whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;

use super::broken::{Broken, chained, inherit, repeated, settle};
use super::{NotRun, Progress, Setup};
use crate::engine::{self, Engine, Piece, Stored};
use crate::error::{Error, Kind, Result};
use crate::feed::assemble::Assembled;
use crate::lake::bucket::KeyRange;
use crate::lake::durable;
use crate::lake::rows::{PERSON_KEY, Part, RowsFile, RowsWriter};
use crate::report::summary::ViewLine;
use crate::rule::{Judge, Judged, Repeats, Subjects};
use crate::view::{self, Planned};

/// What the views of a night gave.
#[derive(Default)]
pub struct Built {
    pub views: Vec<ViewLine>,
    pub judged: Judged,
    /// Rows of each view by county, for what did not apply.
    pub rows: BTreeMap<String, BTreeMap<String, u64>>,
    /// Rules that could not be run after all, with the reason. What they found is forgotten.
    pub not_run: NotRun,
    pub(super) broken: BTreeMap<String, Broken>,
}

/// Everything that the jobs share.
struct Shared<'a> {
    setup: &'a Setup,
    engine: &'a Engine,
    assembled: &'a Assembled,
    judges: BTreeMap<String, Judge>,
}

/// What one view gave in one job.
#[derive(Default)]
struct Part1 {
    view: String,
    batches: Vec<RecordBatch>,
    judged: Judged,
    /// Subjects that other jobs may have too.
    subjects: Subjects,
    /// Subjects that stand more than once in this job, and that no other job has.
    repeats: Repeats,
    /// Why it could not be built.
    broken: Option<String>,
}

impl Part1 {
    fn broken(view: &str, reason: String) -> Self {
        Self { view: view.to_owned(), broken: Some(reason), ..Self::default() }
    }
}

/// A view under way: its file, and what stands in it so far.
struct Open {
    writer: RowsWriter,
    rows: u64,
    subjects: Subjects,
    repeats: Repeats,
}

/// Builds every view, judges its rows by all rules that can run, and keeps it in `staged/views`.
///
/// # Errors
/// The disk, the memory; never what is wrong with one view or rule.
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
        let mut open = open(&dir, planned, setup)?;
        inherit(planned, &mut built);
        if !built.broken.get(&planned.id).is_some_and(|b| b.empty) {
            let tables = whole_tables(&shared, planned, &dir)?;
            let part = one_view(&shared, planned, tables)?;
            keep(&mut built, part, &mut open)?;
        }
        finish(&shared, planned, open, &dir, &mut built)?;
        progress.step(&planned.id);
    }
    settle(setup, not_run, &mut built);
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
    let mut opened = BTreeMap::new();
    for planned in &plans {
        opened.insert(planned.id.clone(), open(dir, planned, shared.setup)?);
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
                    let parts = engine::guarded(|| one_range(shared, plans, *range));
                    if sender.send((at, parts)).is_err() {
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
                    if let Some(open) = opened.get_mut(&part.view) {
                        keep(built, part, open)?;
                    }
                }
                turn += 1;
                progress.step(&format!("{turn}/{}", ranges.len()));
            }
        }
        if turn == ranges.len() { Ok(()) } else { Err(Error::bug("a view builder panicked")) }
    })?;
    for planned in &plans {
        if let Some(open) = opened.remove(&planned.id) {
            inherit(planned, built);
            finish(shared, planned, open, dir, built)?;
        }
    }
    Ok(())
}

/// All person views of one range of persons.
fn one_range(shared: &Shared<'_>, plans: &[&Planned], range: KeyRange) -> Result<Vec<Part1>> {
    let mut parts: Vec<Part1> = Vec::new();
    for planned in plans {
        let read = parts.iter().filter(|p| planned.reads.contains_key(&p.view));
        let broken = read.filter_map(|p| Some((&p.view, p.broken.as_ref()?))).next();
        if let Some((name, reason)) = broken {
            let reason = chained(&planned.id, name, reason);
            parts.push(Part1::broken(&planned.id, reason));
            continue;
        }
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
    match engine::guarded(|| judged_view(shared, planned, tables)) {
        // Only the engine's own complaints are about this view; a disk that fails fails them all.
        Err(error) if error.kind == Kind::Bug => Ok(Part1::broken(&planned.id, error.message)),
        other => other,
    }
}

fn judged_view(
    shared: &Shared<'_>,
    planned: &Planned,
    tables: Vec<(String, Arc<dyn TableProvider>)>,
) -> Result<Part1> {
    let view = &shared.setup.pipeline.views[&planned.id];
    let mut part = Part1 { view: planned.id.clone(), ..Part1::default() };
    part.batches = view::build(view, shared.engine, tables)?;
    for batch in &part.batches {
        shared.judges[&planned.id].judge(batch, &mut part.judged)?;
        part.subjects.push(batch, &view.subject)?;
    }
    // A person is in one job only: nothing of this one has to be remembered for the next.
    if planned.whole.is_none() && view.subject == PERSON_KEY {
        part.repeats = std::mem::take(&mut part.subjects).repeats();
    }
    Ok(part)
}

/// Adds what a view gave and writes its rows.
fn keep(built: &mut Built, part: Part1, open: &mut Open) -> Result<()> {
    if let Some(reason) = part.broken {
        built.broken.entry(part.view).or_insert(Broken { reason, empty: true });
        return Ok(());
    }
    let own = built.rows.entry(part.view).or_default();
    for (county, count) in &part.judged.rows {
        *own.entry(county.clone()).or_default() += count;
    }
    built.judged.add(part.judged);
    open.subjects.append(part.subjects);
    open.repeats.add(part.repeats);
    for batch in part.batches {
        open.rows += batch.num_rows() as u64;
        open.writer.push(batch)?;
    }
    Ok(())
}

/// Ends a view's file and says what became of the view.
fn finish(
    shared: &Shared<'_>,
    planned: &Planned,
    open: Open,
    dir: &Path,
    built: &mut Built,
) -> Result<()> {
    let Open { mut writer, mut rows, subjects, mut repeats } = open;
    if built.broken.get(&planned.id).is_some_and(|b| b.empty) {
        // A part of a view would look like all of it.
        drop(writer);
        writer = self::writer(dir, planned, shared.setup)?;
        rows = 0;
        built.rows.remove(&planned.id);
    }
    writer.finish()?;
    repeats.add(subjects.repeats());
    if rows > 0 && repeats.subjects > 0 {
        let reason = repeated(shared.setup, planned, &repeats, dir)?;
        built.broken.entry(planned.id.clone()).or_insert(Broken { reason, empty: false });
    }
    built.views.push(line(shared, planned, rows));
    Ok(())
}

fn open(dir: &Path, planned: &Planned, setup: &Setup) -> Result<Open> {
    let writer = writer(dir, planned, setup)?;
    Ok(Open { writer, rows: 0, subjects: Subjects::default(), repeats: Repeats::default() })
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
