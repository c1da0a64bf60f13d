//! One night, from extracts to published anomaly tables: the verbs of all stages in their order.

mod accounts;
mod archive;
mod books;
mod broken;
mod build;
mod desk;
pub mod explain;
mod freshness;
mod ground;
pub mod indicators;
mod kept;
mod line;
mod mark;
mod parts;
mod publish;
pub mod setup;
mod system;
mod take_in;
mod unread;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use books::Books;
pub use build::Built;
use kept::Kept;
pub use mark::SOURCES;
use parts::Unheard;
pub use setup::Setup;
use take_in::take_in;

use crate::anomaly::waiver::Waivers;
use crate::anomaly::{self, Looked, Memory, table};
use crate::engine::EVERYONE;
use crate::error::{Error, Result};
use crate::feed::assemble::{Assembled, assemble};
use crate::feed::receipt::Receipt;
use crate::identity;
use crate::lake::{Lake, MANIFEST, bucket, read_json};
use crate::ledger::advance::Tonight;
use crate::pipeline::Pipeline;
use crate::report::summary::{DeliveryLine, Summary};

/// Rows of persons that one job works on, at most; and their bytes in the lake's files.
const ROWS_PER_JOB: u64 = 80_000;
const BYTES_PER_JOB: u64 = 16 << 20;

/// What to run and where.
#[derive(Debug, Clone)]
pub struct Options {
    pub pipeline: PathBuf,
    /// Where the extracts lie; else as pipeline.yaml says.
    pub input: Option<PathBuf>,
    /// Where the lake is; else as pipeline.yaml says.
    pub lake: Option<PathBuf>,
    /// The last night to run; else the last one that the inbox has.
    pub date: Option<NaiveDate>,
    /// Run only that night, not the ones before it that were missed.
    pub only: bool,
    pub threads: usize,
    pub buckets: Option<usize>,
    /// Bytes that the engine's queries may take together.
    pub memory: Option<usize>,
}

impl Options {
    /// Options for looking at a lake.
    pub fn of(pipeline: PathBuf, lake: Option<PathBuf>) -> Self {
        let (input, date, buckets, memory) = (None, None, None, None);
        Self { pipeline, input, lake, date, only: false, threads: 1, buckets, memory }
    }

    /// The lake, which need not exist yet.
    ///
    /// # Errors
    /// Neither these options nor the pipeline say where it is.
    pub fn lake_of(&self, pipeline: &Pipeline) -> Result<Lake> {
        let root = self.lake.as_ref().or(pipeline.settings.lake.as_ref());
        root.map(|root| Lake::at(root)).ok_or_else(|| {
            Error::usage("no lake: neither --lake nor `lake:` in pipeline.yaml")
                .hint("say where the lake is with --lake DIR")
        })
    }
}

/// Told how a night comes along.
pub trait Progress: Sync {
    /// A stage begins that has so many steps.
    fn stage(&self, zh: &str, en: &str, steps: u64);
    /// One step is done.
    fn step(&self, what: &str);
}

/// What became of one night.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub summary: Summary,
    pub folder: PathBuf,
    /// The night had been published before with the same inputs: nothing was written.
    pub unchanged: bool,
}

/// Runs every night that is due, oldest first; `published` is told of each.
///
/// # Errors
/// What stops a night; nights that were published stay published.
pub fn run(
    options: &Options,
    progress: &dyn Progress,
    mut published: impl FnMut(Outcome),
) -> Result<()> {
    let mut setup = Setup::new(options)?;
    let _lock = setup.lake.lock()?;
    let ended = due(&mut setup, options, progress, &mut published);
    if ended.is_err() {
        // It is of no use, and would keep a full disk full until the next run.
        _ = setup.lake.clear();
    }
    ended
}

/// Runs the nights under the lock.
fn due(
    setup: &mut Setup,
    options: &Options,
    progress: &dyn Progress,
    published: &mut impl FnMut(Outcome),
) -> Result<()> {
    for night in setup.nights(options)? {
        setup.plan_for(night)?;
        published(one(setup, night, progress)?);
    }
    Ok(())
}

/// Runs one night under the lock.
fn one(setup: &Setup, night: NaiveDate, progress: &dyn Progress) -> Result<Outcome> {
    let (lines, unknown) = take_in(setup, night, progress)?;
    let receipts = setup.receipts(night)?;
    let last = setup.last_night(night);
    let mut books = Books::open(setup, night)?;
    let name = books.name(setup, night, &receipts, last.as_deref(), &unknown)?;
    let folder = setup.lake.night(&name);
    if folder.join(MANIFEST).is_file() {
        return unchanged(setup, &books, &name, folder);
    }
    whole::check(setup, &receipts, last.as_deref())?;
    let staged = setup.lake.stage(&name)?;
    let engine = setup.engine(night)?.spilling_to(&setup.lake.stage("spill")?)?;
    let mut assembled = assemble(&setup.pipeline, &setup.lake, &receipts)?;
    let cases = books.cases()?;
    system::add(setup, night, &cases, &receipts, &mut assembled, &staged)?;
    let ranges = ranges(setup, &assembled);
    progress.stage("归并", "identify", ranges.len() as u64);
    let mut kept = Kept::new(setup, night, last.as_deref(), &staged);
    let at = (night, last.as_deref());
    let funnel = identify(setup, at, &mut kept, &mut assembled, &staged, &ranges)?;
    let feeds = accounts::feeds(setup, night, &receipts, &assembled);
    accounts::close(setup, &assembled, &funnel)?;
    let mut not_run = freshness::not_run(setup, &feeds, &receipts);
    let dir = build::folder(&staged)?;
    let views = kept.views(&assembled, &ranges)?;
    let inputs = build::Inputs { assembled: &assembled, ranges: &ranges, kept: &views };
    let mut built = build::build(setup, &engine, &inputs, &dir, &not_run, progress)?;
    kept.write(&built)?;
    not_run.append(&mut built.not_run);
    progress.stage("指标", "indicators", 1);
    let tables = indicators::Inputs { assembled: &assembled, feeds: &feeds, built: &built };
    indicators::write(setup, &engine, night, last.as_deref(), &staged, &tables)?;
    progress.step("");
    let waivers = waivers(setup, &engine, &assembled)?;
    let memory = memory(setup, last.as_deref(), &staged)?;
    let ran: BTreeSet<String> =
        setup.rules().map(|r| r.id.clone()).filter(|r| !not_run.contains_key(r)).collect();
    let findings = std::mem::take(&mut built.found).take(|rule| ran.contains(rule))?;
    let unheard = Unheard::new(setup, night, &receipts);
    let mut unread = unread::unread(setup, &receipts, &memory, &ran)?;
    let findings = unheard.leave_out(findings, (&setup.keys, &memory), &mut unread);
    let (pipeline, keys, ran, unread) = (&setup.pipeline, &setup.keys, &ran, &unread);
    let looked = Looked { pipeline, keys, night, ran, unread, waivers: &waivers, memory: &memory };
    let rows = anomaly::collect(&looked, findings);
    progress.stage("发布", "publish", 1);
    let refreshed = books::Refreshed::new(setup, night, &receipts);
    let refreshed = &|rule: &str, county: &str| refreshed.since(rule, county);
    let silent = &|rule: &str, county: &str| unheard.is(rule, county);
    let (day, counties) = (night, &|code: &str| setup.divisions.get(code).is_some());
    let tonight = Tonight { day, anomalies: &rows, ran, unheard: silent, refreshed, counties };
    let (cases, ledger) = books.advance(setup, cases, &tonight, &staged, &name)?;
    let facts = publish::Facts {
        name,
        night,
        last,
        feeds,
        deliveries: lines,
        unknown,
        funnel,
        built,
        not_run,
        unheard,
        waivers,
        memory,
        cases,
        ledger,
    };
    let summary = publish::publish(setup, &books, &staged, &rows, &receipts, facts)?;
    progress.step("");
    Ok(Outcome { summary, folder, unchanged: false })
}

/// Gives every row its person, and notes what changed since the night before.
fn identify(
    setup: &Setup,
    (date, last): (NaiveDate, Option<&str>),
    kept: &mut Kept<'_>,
    assembled: &mut Assembled,
    folder: &Path,
    ranges: &[bucket::KeyRange],
) -> Result<identity::Funnel> {
    if let (Some(files), Some(last)) = (kept.identity(assembled)?, last) {
        identity::carry(&mut assembled.tables, &files, folder)?;
        let before = read_summary(&setup.lake.night(last))?;
        let (tables, steps) = (before.identity, before.identity_steps);
        let (events, decisions) = (identity::no_events(), before.identity_decisions);
        return Ok(identity::Funnel { tables, steps, events, decisions });
    }
    let past = match last {
        Some(last) => identity::Past::read(&setup.lake.night(last))?,
        None => identity::Past::default(),
    };
    let night = identity::Night { folder, date, past: &past };
    let tables = &mut assembled.tables;
    identity::resolve(&setup.pipeline, &setup.keys, tables, &night, ranges, setup.threads)
}

/// The night is there already: a kill may have lost the pointer, or left nights beyond retention.
fn unchanged(setup: &Setup, books: &Books, name: &str, folder: PathBuf) -> Result<Outcome> {
    let summary = read_summary(&folder)?;
    books.record(setup, name, summary.date, &folder)?;
    let current = setup.lake.current_night();
    // The pointer stays with the newest date; of one date the night that was run last counts.
    let newest = current.as_deref().and_then(setup::date_of) <= setup::date_of(name);
    if newest && current.as_deref() != Some(name) {
        setup.lake.point_at(name)?;
    }
    setup.retire(name)?;
    Ok(Outcome { summary, folder, unchanged: true })
}

/// Reads what a published night says of itself.
///
/// # Errors
/// It is missing or damaged.
pub fn read_summary(folder: &Path) -> Result<Summary> {
    let hint = "remove its folder and run the night again";
    read_json(&folder.join("summary.json"), hint)
}

/// Reads the anomalies of a published night.
///
/// # Errors
/// The table is missing or damaged.
pub fn read_anomalies(folder: &Path) -> Result<Vec<anomaly::Anomaly>> {
    let home = folder.join("anomalies");
    // A night that found nothing has an empty one.
    if !home.is_dir() {
        return Err(Error::environment(format!("{} is not there", home.display()))
            .hint("see what else is not with `bidui verify`"));
    }
    let mut counties = crate::lake::listed(&home)?;
    counties.sort();
    let mut rows = Vec::new();
    for county in counties {
        rows.extend(table::read(&home.join(county))?);
    }
    Ok(rows)
}

/// How the persons are split into jobs.
fn ranges(setup: &Setup, assembled: &Assembled) -> Vec<bucket::KeyRange> {
    let persons = setup.pipeline.tables.values().filter(|t| crate::feed::assemble::of_persons(t));
    let (mut rows, mut bytes) = (0, 0);
    for table in persons {
        rows += assembled.tables[&table.id].rows();
        bytes += assembled.tables[&table.id].bytes();
    }
    bucket::jobs(rows.div_ceil(ROWS_PER_JOB).max(bytes.div_ceil(BYTES_PER_JOB)))
}

/// What is remembered of the nights before.
fn memory(setup: &Setup, last: Option<&str>, staged: &Path) -> Result<Memory> {
    let memory = match last {
        Some(last) => table::read_memory(&setup.lake.night(last), &setup.keys)?,
        None => Memory::default(),
    };
    Ok(Memory { forward: identity::Forward::read(staged)?, ..memory })
}

fn waivers(
    setup: &Setup,
    engine: &crate::engine::Engine,
    assembled: &Assembled,
) -> Result<Waivers> {
    let policy = setup.pipeline.settings.waivers.as_ref();
    let rows = policy.and_then(|p| assembled.tables.get(&p.table));
    Waivers::read(&setup.pipeline, engine, rows.map(|r| r.table(EVERYONE)))
}

/// Lines of deliveries and the names of unknown files.
pub type TakenIn = (Vec<DeliveryLine>, Vec<String>);

/// Rules that cannot run tonight, with the reason.
pub type NotRun = BTreeMap<String, String>;

/// Receipts by delivery.
pub type Receipts = Vec<Receipt>;
