//! Where one worker builds views: each is planned once, then built and judged for one range of
//! persons after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;

use super::Setup;
use super::broken::chained;
use crate::engine::{self, Engine, Piece, Program, Rows, Slice, Stored, TableRows};
use crate::error::{Error, Kind, Result};
use crate::feed::assemble::{Assembled, of_persons};
use crate::lake::bucket::KeyRange;
use crate::lake::rows::{Cursor, PERSON_KEY, Part, RowsFile};
use crate::pipeline::spec::View;
use crate::rule::{Judge, Judged, Repeats, Subjects};
use crate::view::{self, Planned};

/// A table of no persons is held in memory for all jobs when its rows take no more than this.
const PLAIN_BYTES: u64 = 64 << 20;

/// Rows, about, from which a slice of subjects is built. The order of a view's rows hangs on it.
const SLICE_ROWS: u64 = 1 << 20;

/// Everything that the jobs share.
pub(super) struct Shared<'a> {
    pub setup: &'a Setup,
    pub engine: &'a Engine,
    pub assembled: &'a Assembled,
    pub judges: BTreeMap<String, Judge>,
    /// Tables of no persons, the columns that person views read.
    pub plain: BTreeMap<String, Batches>,
    /// Views that another night built from the same.
    pub kept: &'a BTreeMap<String, RowsFile>,
}

/// What one view gave in one job.
#[derive(Default)]
pub(super) struct Output {
    pub view: String,
    pub batches: Batches,
    pub judged: Judged,
    /// Subjects that other jobs may have too.
    pub subjects: Subjects,
    /// Subjects that stand more than once in this job, and that no other job has.
    pub repeats: Repeats,
    /// Why it could not be built.
    pub broken: Option<String>,
}

impl Output {
    fn broken(view: &str, reason: String) -> Self {
        Self { view: view.to_owned(), broken: Some(reason), ..Self::default() }
    }
}

/// What a view reads, by name.
pub(super) type Tables = BTreeMap<String, Arc<Stored>>;

/// One view, planned over tables whose rows may change.
pub(super) struct Station<'a> {
    planned: &'a Planned,
    tables: Tables,
    /// Or why it cannot be planned.
    program: Result<Program>,
}

impl<'a> Station<'a> {
    /// Plans a view over these tables. That it cannot be planned is told when it is built.
    pub fn new(shared: &Shared<'_>, planned: &'a Planned, tables: Tables) -> Self {
        let view = &shared.setup.pipeline.views[&planned.id];
        let stored = |table: &Arc<Stored>| table.clone() as Arc<dyn TableProvider>;
        let named = tables.iter().map(|(name, table)| (name.clone(), stored(table)));
        let program = view::program(view, shared.engine, named.chain(planned.unread()));
        Self { planned, tables, program }
    }

    /// Builds the view for some persons and judges its rows: the only time that they are passed over.
    ///
    /// # Errors
    /// The disk, the memory; what is wrong with the view itself stands in the part.
    pub fn build(&self, shared: &Shared<'_>) -> Result<Output> {
        self.unless_broken(|| judged(shared, self.planned, self.rows(shared)?))
    }

    /// Builds the view for all persons, a large one for some of its subjects at a time; judges its rows
    /// and hands them on, a batch at a time.
    ///
    /// # Errors
    /// The disk, the memory, what `take` says; what is wrong with the view itself stands in the
    /// part.
    pub fn whole(
        &self,
        shared: &Shared<'_>,
        pieces: &BTreeMap<String, Vec<Piece>>,
        mut take: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<Output> {
        let subject = &self.view(shared).subject;
        let apart = |name: &&String| self.planned.sliced.contains(*name);
        let rows = |pieces: &Vec<Piece>| pieces.iter().map(|piece| piece.file.rows()).sum::<u64>();
        let sliced: u64 = pieces.keys().filter(apart).map(|name| rows(&pieces[name])).sum();
        let of = sliced.div_ceil(SLICE_ROWS).max(1);
        self.unless_broken(|| {
            let mut part = Output { view: self.planned.id.clone(), ..Output::default() };
            for number in 0..of {
                for (name, pieces) in pieces.iter().filter(|(name, _)| of > 1 && apart(name)) {
                    let slice = Slice { column: subject.clone(), number, of };
                    self.tables[name].hold(Rows::Lake(pieces.clone(), Some(slice)));
                }
                view::in_order(subject, &self.rows(shared)?, |batch| {
                    judge(shared, self.view(shared), batch, &mut part)?;
                    take(batch)
                })?;
            }
            Ok(part)
        })
    }

    fn unless_broken(&self, build: impl FnOnce() -> Result<Output>) -> Result<Output> {
        match engine::guarded(build) {
            // Only the engine's own complaints are about this view; a disk that fails fails all.
            Err(error) if error.kind == Kind::Bug => {
                Ok(Output::broken(&self.planned.id, error.message))
            }
            other => other,
        }
    }

    fn view<'s>(&self, shared: &Shared<'s>) -> &'s View {
        &shared.setup.pipeline.views[&self.planned.id]
    }

    fn rows(&self, shared: &Shared<'_>) -> Result<Vec<RecordBatch>> {
        view::build(self.view(shared), self.program.as_ref().map_err(Clone::clone)?)
    }
}

/// Judges the rows of a view in one job.
fn judged(shared: &Shared<'_>, planned: &Planned, batches: Vec<RecordBatch>) -> Result<Output> {
    let view = &shared.setup.pipeline.views[&planned.id];
    let mut part = Output { view: planned.id.clone(), ..Output::default() };
    batches.iter().try_for_each(|batch| judge(shared, view, batch, &mut part))?;
    // A person is in one job only: nothing of this one has to be remembered for the next.
    if planned.keyed && view.subject == PERSON_KEY {
        part.repeats = std::mem::take(&mut part.subjects).repeats();
    }
    part.batches = Arc::new(batches);
    Ok(part)
}

/// Judges the rows of a view that is built whole and kept, and hands them on, a batch at a time.
///
/// # Errors
/// The disk, the memory, what `take` says.
pub(super) fn kept(
    shared: &Shared<'_>,
    planned: &Planned,
    mut take: impl FnMut(&RecordBatch) -> Result<()>,
) -> Result<Output> {
    let view = &shared.setup.pipeline.views[&planned.id];
    let mut part = Output { view: planned.id.clone(), ..Output::default() };
    let file = &shared.kept[&planned.id];
    for batch in file.scan(Part::All, &columns_of(planned), &Arc::default())? {
        let batch = batch?;
        judge(shared, view, &batch, &mut part)?;
        take(&batch)?;
    }
    Ok(part)
}

fn judge(shared: &Shared<'_>, view: &View, batch: &RecordBatch, part: &mut Output) -> Result<()> {
    shared.judges[&view.id].judge(batch, &mut part.judged)?;
    part.subjects.push(batch, &view.subject)
}

/// The person views, each after those that it reads.
pub(super) struct Desk<'a> {
    /// Each with where it is built, unless it is kept.
    views: Vec<(&'a Planned, Option<Station<'a>>)>,
    /// Columns of each table that any of them reads.
    columns: BTreeMap<String, Vec<String>>,
    /// Where each table of persons, and each view that is kept, is read.
    cursors: BTreeMap<String, Vec<Cursor>>,
}

impl<'a> Desk<'a> {
    /// The plans of person views, each of which comes after those that it reads. What is kept of
    /// them is read, not built.
    pub fn new(shared: &Shared<'_>, plans: &[&'a Planned]) -> Self {
        let schema = |name: &String| match shared.assembled.tables.get(name) {
            Some(rows) => Some(rows.schema.clone()),
            None => shared.setup.plans.get(name).map(|p| p.schema.clone()),
        };
        let table =
            |name: &String| Some((name.clone(), Arc::new(Stored::new(schema(name)?, Vec::new()))));
        let station = |planned: &&'a Planned| {
            Station::new(shared, planned, planned.reads.keys().filter_map(table).collect())
        };
        let built = |planned: &Planned| !shared.kept.contains_key(&planned.id);
        let columns = columns_read(plans.iter().copied().filter(|planned| built(planned)));
        let views =
            plans.iter().map(|planned| (*planned, built(planned).then(|| station(planned))));
        Self { views: views.collect(), columns, cursors: BTreeMap::new() }
    }

    /// All person views of one range of persons, which comes after those before it.
    ///
    /// # Errors
    /// The disk, the memory; never what is wrong with one view.
    pub fn range(&mut self, shared: &Shared<'_>, range: KeyRange) -> Result<Vec<Output>> {
        let mut parts: Vec<Output> = Vec::new();
        // Most tables are read by several views, and more than once by some: they are decoded once.
        let mut held = BTreeMap::new();
        let Self { views, columns, cursors } = self;
        let mut reader = Reader { shared, range, columns, cursors };
        for (planned, station) in views.iter() {
            let Some(station) = station else {
                parts.push(judged(shared, planned, reader.kept(planned)?)?);
                continue;
            };
            let read = parts.iter().filter(|p| planned.reads.contains_key(&p.view));
            let broken = read.filter_map(|p| Some((&p.view, p.broken.as_ref()?))).next();
            if let Some((name, reason)) = broken {
                let reason = chained(&planned.id, name, reason);
                parts.push(Output::broken(&planned.id, reason));
                continue;
            }
            for (name, table) in &station.tables {
                table.hold(Rows::Held(reader.rows(&parts, &mut held, name)?));
            }
            parts.push(station.build(shared)?);
            for table in station.tables.values() {
                table.hold(Rows::Lake(Vec::new(), None));
            }
        }
        Ok(parts)
    }
}

/// What a worker reads for one range of persons.
struct Reader<'a> {
    shared: &'a Shared<'a>,
    range: KeyRange,
    columns: &'a BTreeMap<String, Vec<String>>,
    cursors: &'a mut BTreeMap<String, Vec<Cursor>>,
}

impl Reader<'_> {
    /// What a table, or a view that was built before, holds of the persons.
    fn rows(
        &mut self,
        parts: &[Output],
        held: &mut BTreeMap<String, Batches>,
        name: &str,
    ) -> Result<Batches> {
        let before = parts.iter().find(|p| p.view == name).map(|p| &p.batches);
        let plain = &self.shared.plain;
        if let Some(batches) = before.or_else(|| plain.get(name)).or_else(|| held.get(name)) {
            return Ok(batches.clone());
        }
        let gone = || Error::bug("a view reads a table that is not there");
        let table = self.shared.assembled.tables.get(name).ok_or_else(gone)?;
        let columns = self.columns.get(name).ok_or_else(gone)?;
        let batches = match part_of(self.shared.setup, name, self.range) {
            Part::Keys(range) => self.keys(name, table, columns, range)?,
            part => read(table, part, columns)?,
        };
        held.insert(name.to_owned(), batches.clone());
        Ok(batches)
    }

    /// The rows of a view that is kept.
    fn kept(&mut self, planned: &Planned) -> Result<Vec<RecordBatch>> {
        if !self.cursors.contains_key(&planned.id) {
            let columns = columns_of(planned);
            let cursor = Cursor::new(&self.shared.kept[&planned.id], &columns, &Arc::default())?;
            self.cursors.insert(planned.id.clone(), vec![cursor]);
        }
        self.at(&planned.id, self.range)
    }

    /// Rows of the persons, from where the table was read last.
    fn keys(
        &mut self,
        name: &str,
        table: &TableRows,
        columns: &[String],
        range: KeyRange,
    ) -> Result<Batches> {
        if !self.cursors.contains_key(name) {
            self.cursors.insert(name.to_owned(), table.cursors(columns)?);
        }
        self.at(name, range).map(Arc::new)
    }

    fn at(&mut self, name: &str, range: KeyRange) -> Result<Vec<RecordBatch>> {
        let cursors = self.cursors.get_mut(name).into_iter().flatten();
        let parts = cursors.map(|cursor| cursor.keys(range)).collect::<Result<Vec<_>>>()?;
        Ok(parts.into_iter().flatten().collect())
    }
}

fn columns_of(planned: &Planned) -> Vec<String> {
    planned.schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// Rows in memory.
pub(super) type Batches = Arc<Vec<RecordBatch>>;

fn read(table: &TableRows, part: Part, columns: &[String]) -> Result<Batches> {
    let batches = table.pieces(part).into_iter().flat_map(|p| p.batches(columns));
    let filled = batches.filter(|b| b.as_ref().map_or(true, |b| b.num_rows() > 0));
    Ok(Arc::new(filled.collect::<Result<Vec<_>>>()?))
}

/// Columns that some views read of each table, or of each other.
fn columns_read<'a>(plans: impl Iterator<Item = &'a Planned>) -> BTreeMap<String, Vec<String>> {
    let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, read) in plans.flat_map(|planned| &planned.reads) {
        columns.entry(name.clone()).or_default().extend(read.iter().cloned());
    }
    columns.into_iter().map(|(name, read)| (name, read.into_iter().collect())).collect()
}

/// The part of a table that a job over some persons reads.
pub(super) fn part_of(setup: &Setup, table: &str, range: KeyRange) -> Part {
    match setup.pipeline.tables.get(table) {
        Some(table) if !of_persons(table) => Part::All,
        _ => Part::Keys(range),
    }
}

/// Small tables of no persons that person views read, so that not every job reads the files anew.
///
/// # Errors
/// What the disk says.
pub(super) fn plain(
    setup: &Setup,
    assembled: &Assembled,
    kept: &BTreeMap<String, RowsFile>,
) -> Result<BTreeMap<String, Batches>> {
    let mut held = BTreeMap::new();
    let views = setup.plans.views.iter().filter(|v| v.whole.is_none() && !kept.contains_key(&v.id));
    for (name, columns) in columns_read(views) {
        let Some(table) = assembled.tables.get(&name) else { continue };
        let plain = part_of(setup, &name, KeyRange::ALL) == Part::All;
        if plain && table.bytes() <= PLAIN_BYTES {
            held.insert(name, read(table, Part::All, &columns)?);
        }
    }
    Ok(held)
}
