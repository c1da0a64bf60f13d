//! What a run needs before its first night: the pipeline, its plans, the lake, the secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::Options;
use super::mark::Mark;
use crate::diagnostic::{self, Fault};
use crate::division::Divisions;
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::feed::inbox;
use crate::feed::receipt::{Receipt, receipts};
use crate::feedback::bulletin::units;
use crate::feedback::worklist::doctors;
use crate::identity;
use crate::indicator;
use crate::lake::{Lake, names_in};
use crate::ledger::ahead;
use crate::ledger::chain::Head;
use crate::ledger::store::{Store, address};
use crate::pipeline::spec::Rule;
use crate::pipeline::{self, Pipeline};
use crate::privacy::PersonKeys;
use crate::rule::Judge;
use crate::view::{self, Casts, Plans};

/// Views are planned for it where no night is known; parameters speak of it.
pub const SOME_DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day");

/// Everything that stays the same from night to night of a run.
pub struct Setup {
    pub pipeline: Pipeline,
    /// Made for the night of `planned`: what hangs on the date alone is no longer in them.
    pub plans: Plans,
    planned: NaiveDate,
    pub divisions: Divisions,
    pub keys: PersonKeys,
    /// The demo secret of the pipeline is in use.
    pub demo_secret: bool,
    pub lake: Lake,
    pub input: Option<PathBuf>,
    pub threads: usize,
    pub memory: Option<usize>,
}

impl Setup {
    /// Loads and checks the pipeline and finds lake, input and secret.
    ///
    /// # Errors
    /// All faults of the pipeline folder, rendered; no secret.
    pub fn new(options: &Options) -> Result<Self> {
        let mut pipeline = load(&options.pipeline)?;
        if let Some(buckets) = options.buckets {
            if !buckets.is_power_of_two() || buckets > 4096 {
                return Err(Error::usage(format!(
                    "--buckets {buckets} is no power of two up to 4096"
                ))
                .hint("such as 16, 64 or 256"));
            }
            pipeline.settings.buckets = buckets;
        }
        let input = options.input.clone().or_else(|| pipeline.settings.input.clone());
        let planned = options.date.or_else(|| newest(input.as_deref())).unwrap_or(SOME_DAY);
        let (plans, divisions) = prepared(&pipeline, planned).map_err(|faults| refuse(&faults))?;
        let (secret, demo_secret) = secret(&pipeline)?;
        let setup = Self {
            input,
            lake: options.lake_of(&pipeline)?,
            keys: PersonKeys::new(&secret),
            pipeline,
            plans,
            planned,
            divisions,
            demo_secret,
            threads: options.threads.max(1),
            memory: options.memory,
        };
        setup.same_ground()?;
        Ok(setup)
    }

    /// Rules that are switched on.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.pipeline.active_rules()
    }

    /// Plans the views anew if the plans are those of another night.
    ///
    /// # Errors
    /// No temporary folder.
    pub fn plan_for(&mut self, night: NaiveDate) -> Result<()> {
        if self.planned != night {
            // A view that cannot be planned on this day alone costs its own rules, not the night.
            if let Ok(plans) = view::plan(&self.pipeline, &self.engine(night)?) {
                (self.plans, self.planned) = (plans, night);
            }
        }
        Ok(())
    }

    /// Whether the plans are those of a night.
    pub fn is_planned_for(&self, night: NaiveDate) -> bool {
        self.planned == night
    }

    /// The engine of a night.
    ///
    /// # Errors
    /// No temporary folder.
    pub fn engine(&self, night: NaiveDate) -> Result<Engine> {
        Engine::new(night, self.memory, &self.pipeline.codes)
    }

    /// Nights to run: those of the inbox after the last published one, up to the date asked for;
    /// always the last of them, so that a run without news confirms that nothing changed.
    ///
    /// # Errors
    /// No input folder, it says no date, or one that cannot be meant.
    pub fn nights(&self, options: &Options) -> Result<Vec<NaiveDate>> {
        let Some(input) = &self.input else {
            return Err(Error::usage("no input: neither --input nor `input:` in pipeline.yaml")
                .hint("say where the extracts lie with --input DIR"));
        };
        let found = inbox::look(&self.pipeline, input, options.date)?;
        let last = options.date.or(found.nights.last().copied());
        let Some(last) = last else {
            return Err(Error::usage(format!("{} holds no extracts", input.display()))
                .hint("make synthetic ones with `bidui fake`"));
        };
        let folders = found.nights.iter().copied().filter(|day| *day <= last);
        let asked = options.date.map(|day| (day, input.join(day.to_string()).is_dir()));
        ahead::check_folders(input, folders, self.latest()?, asked)?;
        if options.only {
            return Ok(vec![last]);
        }
        // A folder that `current` never came to is of a run that was killed before its last steps.
        let done = self.lake.current_night().and_then(|n| date_of(&n));
        let mut nights: Vec<NaiveDate> =
            found.nights.into_iter().filter(|n| *n < last && done.is_none_or(|d| *n > d)).collect();
        // One that the ledger knows and readers do not see yet need not have a folder.
        let recorded = self.recorded().next_back().and_then(|night| date_of(&night));
        nights.extend(recorded.filter(|n| *n < last && done.is_none_or(|d| *n > d)));
        nights.sort_unstable();
        nights.dedup();
        nights.push(last);
        Ok(nights)
    }

    /// The later of the current night's day and the ledger's last.
    fn latest(&self) -> Result<Option<NaiveDate>> {
        let current = self.lake.current_night().and_then(|n| date_of(&n));
        let store = Store::open_existing(&address(&self.pipeline.settings, self.lake.root()));
        let store = match store {
            // There is none yet.
            Err(error) if error.kind == Kind::Usage => None,
            store => Some(store?),
        };
        self.same_ledger(store.as_ref())?;
        if let Some(store) = &store {
            self.same_lake(store, true)?;
        }
        let last = store.map(|store| store.last_day()).transpose()?.flatten();
        Ok(current.max(last))
    }

    /// Receipts under today's contracts that were there on a night, oldest first.
    ///
    /// # Errors
    /// A damaged receipt.
    pub fn receipts(&self, night: NaiveDate) -> Result<Vec<Receipt>> {
        receipts(&self.lake, &self.pipeline, &self.keys, night)
    }

    /// The night's name: its date and a hash of all that it says depends on.
    pub fn night_name(
        &self,
        night: NaiveDate,
        receipts: &[Receipt],
        last: Option<&str>,
        ledger: &Head,
        unknown: &[String],
    ) -> String {
        let mut mark = Mark::new(&self.pipeline, &self.keys);
        mark.add(last.unwrap_or("first"));
        mark.add(&ledger.hash);
        // A refusal changes no anomaly, but the night has to say it.
        for receipt in receipts {
            mark.add(&receipt.feed);
            mark.add(&receipt.delivery);
            mark.add(receipt.verdict.word());
        }
        // Nor does an extract under a wrong name.
        unknown.iter().for_each(|file| mark.add(file));
        format!("{night}-{}", &mark.text()[..8])
    }
}

/// The date in a night's name.
pub fn date_of(night: &str) -> Option<NaiveDate> {
    night.get(..10)?.parse().ok()
}

/// Loads a pipeline; all its faults become one error.
///
/// # Errors
/// The faults, rendered.
pub fn load(dir: &Path) -> Result<Pipeline> {
    pipeline::load(dir).map_err(|faults| refuse(&faults))
}

/// The newest night that an inbox has a folder for.
pub fn newest(input: Option<&Path>) -> Option<NaiveDate> {
    input.map(names_in).into_iter().flatten().filter_map(|name| date_of(&name)).max()
}

/// Plans the SQL of a pipeline for a night, and builds its register of divisions meanwhile. Its list of
/// decisions about links is looked at too.
///
/// # Errors
/// Every fault of all three.
pub fn prepared(pipeline: &Pipeline, night: NaiveDate) -> Result<(Plans, Divisions), Vec<Fault>> {
    let (register, plans) = beside(|| divisions(pipeline), || check_sql(pipeline, night));
    let decisions = identity::check(pipeline);
    match (plans, register) {
        (Ok(plans), Ok(register)) if decisions.is_empty() => Ok((plans, register)),
        (plans, register) => {
            let faults = [plans.err(), register.err(), Some(decisions)];
            Err(faults.into_iter().flatten().flatten().collect())
        }
    }
}

/// Does two things at once. If the first one panics, so does this.
fn beside<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}

/// The plans of a pipeline; all faults of its SQL become one error.
///
/// # Errors
/// The faults, rendered.
pub fn checked(pipeline: &Pipeline) -> Result<Plans> {
    let night = newest(pipeline.settings.input.as_deref());
    check_sql(pipeline, night.unwrap_or(SOME_DAY)).map_err(|faults| refuse(&faults))
}

/// Plans the views for a night and compiles every rule, without data.
///
/// # Errors
/// Every fault of the SQL.
fn check_sql(pipeline: &Pipeline, night: NaiveDate) -> Result<Plans, Vec<Fault>> {
    let whole = |error: Error| vec![Fault::of(&pipeline.dir, error.to_string())];
    let engine = Engine::new(night, None, &pipeline.codes).map_err(whole)?;
    let plans = view::plan(pipeline, &engine)?;
    let measured = || indicator::check(pipeline, &engine, &plans);
    let (measured, judged) = beside(measured, || -> Result<(Casts, Vec<Fault>), Vec<Fault>> {
        let context = engine.session().map_err(whole)?;
        let mut faults = Vec::new();
        for planned in &plans.views {
            let view = &pipeline.views[&planned.id];
            let over = |r: &&Rule| r.over == view.id && !r.predicate.is_empty();
            let rules = pipeline.rules.values().filter(over);
            let judge = Judge::compile(pipeline, view, &planned.schema, rules, &context);
            faults.extend(judge.err().unwrap_or_default());
        }
        let (casts, of_units) = units::check(pipeline, &engine, &plans);
        faults.extend(of_units);
        Ok((casts, faults))
    });
    let (mut casts, mut faults) = judged?;
    faults.extend(measured.faults);
    casts.extend(measured.casts);
    casts.extend(plans.views.iter().flat_map(|view| view.casts.clone()));
    faults.extend(view::misread(pipeline, &casts));
    faults.extend(view::needs(pipeline, &plans, &measured.names));
    faults.extend(doctors::check(pipeline, &plans).err().unwrap_or_default());
    if faults.is_empty() { Ok(plans) } else { Err(faults) }
}

/// The register of divisions; all faults of its lists become one error.
///
/// # Errors
/// The faults, rendered.
pub fn register(pipeline: &Pipeline) -> Result<Divisions> {
    divisions(pipeline).map_err(|faults| refuse(&faults))
}

/// The register of divisions from the pipeline's code lists.
///
/// # Errors
/// What is wrong with the lists.
fn divisions(pipeline: &Pipeline) -> Result<Divisions, Vec<Fault>> {
    let (mut rows, mut starts) = (Vec::new(), Vec::new());
    for id in &pipeline.settings.divisions {
        let list = &pipeline.codes[id];
        let at = |name: &str| list.position(name);
        let (Some(code), Some(label)) = (at("code"), at("label")) else { continue };
        starts.push((rows.len(), id));
        for row in &list.rows {
            let text = |column: Option<usize>| column.map_or("", |c| row[c].as_str());
            rows.push((
                row[code].as_str(),
                row[label].as_str(),
                text(at("parent")),
                text(at("level")),
            ));
        }
    }
    let mut history = Vec::new();
    if let Some(list) = pipeline.settings.division_history.as_ref().map(|l| &pipeline.codes[l])
        && let (Some(old), Some(new)) = (list.position("code"), list.position("new_code"))
    {
        history.extend(list.rows.iter().map(|r| (r[old].as_str(), r[new].as_str())));
    }
    Divisions::build(rows, history).map_err(|faults| {
        let mut told: BTreeMap<&String, Vec<(usize, String)>> = BTreeMap::new();
        for (row, what) in faults {
            if let Some((start, id)) = starts.iter().rfind(|(start, _)| *start <= row) {
                told.entry(*id).or_default().push((row - start, what));
            }
        }
        told.into_iter().flat_map(|(id, rows)| pipeline.faults_of_rows(id, rows)).collect()
    })
}

/// The secret of the person keys: a file, the environment, or the demo secret.
fn secret(pipeline: &Pipeline) -> Result<(Vec<u8>, bool)> {
    let policy = &pipeline.settings.identity;
    if let Some(file) = &policy.secret_file {
        let path = pipeline.dir.join(file);
        if path.is_file() {
            let bytes = std::fs::read(&path).map_err(|e| Error::io("read", &path, &e))?;
            return Ok((bytes.trim_ascii().to_vec(), false));
        }
    }
    if let Some(value) = policy.secret_env.as_ref().and_then(|v| std::env::var(v).ok())
        && !value.is_empty()
    {
        return Ok((value.into_bytes(), false));
    }
    if let Some(demo) = &policy.secret_demo {
        return Ok((demo.clone().into_bytes(), true));
    }
    let place = match &policy.secret_env {
        Some(name) => format!("the environment variable {name}"),
        None => "the file".to_owned(),
    };
    Err(Error::usage("no secret for the person keys")
        .hint(format!("put one into {place}, which identity.secret in pipeline.yaml names")))
}

/// All faults of a pipeline folder as one error.
fn refuse(faults: &[Fault]) -> Error {
    let text = diagnostic::render(faults, false);
    let count = faults.len();
    let noun = if count == 1 { "fault" } else { "faults" };
    Error::pipeline(format!("{}the pipeline has {count} {noun}", text))
}
