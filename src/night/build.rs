//! Builds the views and judges their rows on the way: person views range by range, others whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;

use super::broken::{Broken, inherit, repeated, settle};
use super::desk::{self, Desk, Output, Shared, Station, Tables, part_of, plain};
use super::{NotRun, Progress, Setup};
use crate::engine::{self, Engine, Piece, Stored};
use crate::error::{Error, Result};
use crate::feed::assemble::Assembled;
use crate::lake::bucket::KeyRange;
use crate::lake::durable;
use crate::lake::rows::{Part, RowsFile, RowsWriter};
use crate::report::summary::ViewLine;
use crate::rule::{AllSubjects, Found, Judge, Judged, Repeats};
use crate::view::Planned;

/// What the views of a night gave.
#[derive(Default)]
pub struct Built {
    pub views: Vec<ViewLine>,
    /// All but the findings.
    pub judged: Judged,
    pub found: Found,
    /// Rows of each view by county, for what did not apply.
    pub rows: BTreeMap<String, BTreeMap<String, u64>>,
    /// Rules that could not be run after all, with the reason. What they found is forgotten.
    pub not_run: NotRun,
    pub(super) broken: BTreeMap<String, Broken>,
}

/// What views are built from.
pub(super) struct Inputs<'a> {
    pub assembled: &'a Assembled,
    /// The jobs of person views.
    pub ranges: &'a [KeyRange],
    /// Views that another night built from the same.
    pub kept: &'a BTreeMap<String, RowsFile>,
}

/// Makes the folder of a night's views.
///
/// # Errors
/// The disk.
pub(super) fn folder(staged: &Path) -> Result<PathBuf> {
    let dir = staged.join("views");
    durable::create_dir_all(&dir)?;
    Ok(dir)
}

/// A view under way: its file, and what stands in it so far.
struct Open {
    /// Nothing when the view is kept: it stands there already.
    writer: Option<RowsWriter>,
    rows: u64,
    subjects: AllSubjects,
    repeats: Repeats,
}

impl Open {
    fn write(&mut self, batch: &RecordBatch, keys: KeyRange) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.writer.as_mut().map_or(Ok(()), |writer| writer.push_of(batch, keys))
    }
}

/// Builds every view that is not kept, judges the rows of all by all rules that can run, and writes what
/// was built into the folder of the night's views.
///
/// # Errors
/// The disk, the memory; never what is wrong with one view or rule.
pub(super) fn build(
    setup: &Setup,
    engine: &Engine,
    inputs: &Inputs<'_>,
    dir: &Path,
    not_run: &NotRun,
    progress: &dyn Progress,
) -> Result<Built> {
    let (assembled, ranges) = (inputs.assembled, inputs.ranges);
    let judges = judges(setup, engine, not_run)?;
    let plain = plain(setup, assembled, inputs.kept)?;
    let shared = Shared { setup, engine, assembled, judges, plain, kept: inputs.kept };
    let whole: Vec<&Planned> = setup.plans.views.iter().filter(|v| v.whole.is_some()).collect();
    let steps = ranges.len() + whole.len();
    progress.stage("建视图并判定", "view and judge", steps as u64);
    let mut built = Built::default();
    person_views(&shared, ranges, dir, &mut built, progress)?;
    for planned in whole {
        let mut open = open(&shared, dir, planned)?;
        if shared.kept.contains_key(&planned.id) {
            let part = desk::kept(&shared, planned, |batch| open.write(batch, KeyRange::ALL))?;
            keep(&mut built, part, &mut open, KeyRange::ALL)?;
        } else {
            inherit(planned, &mut built);
        }
        let lost = built.broken.get(&planned.id).is_some_and(|b| b.empty);
        if open.writer.is_some() && !lost {
            let (tables, pieces) = whole_tables(&shared, planned, dir)?;
            let station = Station::new(&shared, planned, tables);
            let part = station.whole(&shared, &pieces, |batch| open.write(batch, KeyRange::ALL))?;
            keep(&mut built, part, &mut open, KeyRange::ALL)?;
        }
        finish(&shared, planned, open, dir, &mut built)?;
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
        opened.insert(planned.id.clone(), open(shared, dir, planned)?);
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
                let mut desk = Desk::new(shared, plans);
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(range) = ranges.get(at) else { return };
                    let parts = engine::guarded(|| desk.range(shared, *range));
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
                        keep(built, part, open, ranges[turn])?;
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
            if open.writer.is_some() {
                inherit(planned, built);
            }
            finish(shared, planned, open, dir, built)?;
        }
    }
    Ok(())
}

/// Tables and views for a view that is built whole, and where their rows lie.
fn whole_tables(
    shared: &Shared<'_>,
    planned: &Planned,
    dir: &Path,
) -> Result<(Tables, BTreeMap<String, Vec<Piece>>)> {
    let (mut tables, mut all) = (Tables::new(), BTreeMap::new());
    for name in planned.reads.keys() {
        let (schema, pieces) = if let Some(rows) = shared.assembled.tables.get(name) {
            (rows.schema.clone(), rows.pieces(part_of(shared.setup, name, KeyRange::ALL)))
        } else if shared.setup.plans.get(name).is_some() {
            let file = RowsFile::open(&dir.join(format!("{name}.parquet")))?;
            (file.schema().clone(), vec![Piece { file, part: Part::All, edits: Arc::default() }])
        } else {
            continue;
        };
        tables.insert(name.clone(), Arc::new(Stored::new(schema, pieces.clone())));
        all.insert(name.clone(), pieces);
    }
    Ok((tables, all))
}

/// Adds what a view gave, and writes those of its rows that are not written yet.
fn keep(built: &mut Built, mut part: Output, open: &mut Open, keys: KeyRange) -> Result<()> {
    if let Some(reason) = part.broken {
        built.broken.entry(part.view).or_insert(Broken { reason, empty: true });
        return Ok(());
    }
    let own = built.rows.entry(part.view).or_default();
    for (county, count) in &part.judged.rows {
        *own.entry(county.clone()).or_default() += count;
    }
    built.found.add(std::mem::take(&mut part.judged.findings))?;
    built.judged.add(part.judged);
    open.subjects.append(part.subjects)?;
    open.repeats.add(part.repeats);
    part.batches.iter().try_for_each(|batch| open.write(batch, keys))
}

/// Ends a view's file and says what became of the view.
fn finish(
    shared: &Shared<'_>,
    planned: &Planned,
    open: Open,
    dir: &Path,
    built: &mut Built,
) -> Result<()> {
    let Open { writer, mut rows, mut subjects, mut repeats } = open;
    if let Some(mut writer) = writer {
        if built.broken.get(&planned.id).is_some_and(|b| b.empty) {
            // A part of a view would look like all of it.
            drop(writer);
            writer = self::writer(dir, planned)?;
            rows = 0;
            built.rows.remove(&planned.id);
        }
        writer.finish()?;
    } else if shared.kept.get(&planned.id).is_some_and(|file| file.rows() != rows) {
        return Err(Error::bug(format!("not every row of the view {} was judged", planned.id)));
    }
    repeats.add(subjects.repeats()?);
    if rows > 0 && repeats.subjects > 0 {
        let reason = repeated(shared.setup, planned, &repeats, dir)?;
        built.broken.entry(planned.id.clone()).or_insert(Broken { reason, empty: false });
    }
    built.views.push(line(shared, planned, rows));
    Ok(())
}

fn open(shared: &Shared<'_>, dir: &Path, planned: &Planned) -> Result<Open> {
    let kept = shared.kept.contains_key(&planned.id);
    let writer = if kept { None } else { Some(writer(dir, planned)?) };
    let subjects = AllSubjects::new(&dir.join(format!("{}-subjects", planned.id)));
    Ok(Open { writer, rows: 0, subjects, repeats: Repeats::default() })
}

fn writer(dir: &Path, planned: &Planned) -> Result<RowsWriter> {
    RowsWriter::plain(&dir.join(format!("{}.parquet", planned.id)), planned.schema.clone())
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
