//! What a run needs before its first night: the pipeline, its plans, the lake, the secret.

use std::path::PathBuf;

use chrono::NaiveDate;

use super::Options;
use crate::diagnostic::{self, Fault};
use crate::division::Divisions;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::feed::inbox;
use crate::feed::receipt::{Receipt, Verdict, receipts};
use crate::feedback::bulletin::units;
use crate::feedback::worklist::doctors;
use crate::indicator;
use crate::lake::Lake;
use crate::ledger::chain::Head;
use crate::pipeline::spec::Rule;
use crate::pipeline::{self, Pipeline};
use crate::privacy::PersonKeys;
use crate::rule::Judge;
use crate::view::{self, Plans};

/// Everything that stays the same from night to night of a run.
pub struct Setup {
    pub pipeline: Pipeline,
    pub plans: Plans,
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
        let plans = checked(&pipeline)?;
        let divisions = register(&pipeline)?;
        let (secret, demo_secret) = secret(&pipeline)?;
        let lake = options.lake.clone().or_else(|| pipeline.settings.lake.clone());
        let lake = lake.ok_or_else(|| {
            Error::usage("no lake: neither --lake nor `lake:` in pipeline.yaml")
                .hint("say where the lake is with --lake DIR")
        })?;
        Ok(Self {
            input: options.input.clone().or_else(|| pipeline.settings.input.clone()),
            lake: Lake::at(&lake),
            keys: PersonKeys::new(&secret),
            pipeline,
            plans,
            divisions,
            demo_secret,
            threads: options.threads.max(1),
            memory: options.memory,
        })
    }

    /// Rules that are switched on.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.pipeline.active_rules()
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
    /// No input folder, or it says no date.
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
        if options.only {
            return Ok(vec![last]);
        }
        // A folder that `current` never came to is of a run that was killed before its last steps.
        let done = self.lake.current_night().and_then(|n| date_of(&n));
        let mut nights: Vec<NaiveDate> =
            found.nights.into_iter().filter(|n| *n < last && done.is_none_or(|d| *n > d)).collect();
        nights.push(last);
        Ok(nights)
    }

    /// Receipts under today's contracts that were there on a night, oldest first.
    ///
    /// # Errors
    /// A damaged receipt.
    pub fn receipts(&self, night: NaiveDate) -> Result<Vec<Receipt>> {
        receipts(&self.lake, &self.pipeline, &self.keys, night)
    }

    /// The newest published night before a date.
    pub fn last_night(&self, night: NaiveDate) -> Option<String> {
        let before = |n: &String| date_of(n).is_some_and(|d| d < night);
        let current = self.lake.current_night();
        let newest = self.lake.nights().into_iter().filter(before).max_by_key(|n| date_of(n))?;
        // Two runs of one date leave two nights; the one that was published last counts.
        let same_date = |c: &String| date_of(c) == date_of(&newest);
        Some(current.filter(|c| before(c) && same_date(c)).unwrap_or(newest))
    }

    /// The night's name: its date and a hash of all that its result depends on.
    pub fn night_name(
        &self,
        night: NaiveDate,
        receipts: &[Receipt],
        last: Option<&str>,
        ledger: &Head,
    ) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &str| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        };
        add(env!("CARGO_PKG_VERSION"));
        add(&self.pipeline.version);
        add(&self.pipeline.settings.buckets.to_string());
        add(&self.keys.derived("night", &[]).to_string());
        add(last.unwrap_or("first"));
        add(&ledger.hash);
        for receipt in receipts.iter().filter(|r| r.verdict == Verdict::Accepted) {
            add(&receipt.feed);
            add(&receipt.delivery);
        }
        format!("{night}-{}", &hasher.finalize().to_hex()[..8])
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
pub fn load(dir: &std::path::Path) -> Result<Pipeline> {
    pipeline::load(dir).map_err(|faults| refuse(&faults))
}

/// The plans of a pipeline; all faults of its SQL become one error.
///
/// # Errors
/// The faults, rendered.
pub fn checked(pipeline: &Pipeline) -> Result<Plans> {
    check_sql(pipeline).map_err(|faults| refuse(&faults))
}

/// Plans the views and compiles every rule, without data.
///
/// # Errors
/// Every fault of the SQL.
pub fn check_sql(pipeline: &Pipeline) -> Result<Plans, Vec<Fault>> {
    let whole = |error: Error| vec![Fault::of(&pipeline.dir, error.to_string())];
    let day = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day");
    let engine = Engine::new(day, None, &pipeline.codes).map_err(whole)?;
    let plans = view::plan(pipeline, &engine)?;
    let context = engine.session().map_err(whole)?;
    let mut faults = Vec::new();
    for planned in &plans.views {
        let view = &pipeline.views[&planned.id];
        let rules = pipeline.rules.values().filter(|r| r.over == view.id);
        if let Err(more) = Judge::compile(pipeline, view, &planned.schema, rules, &context) {
            faults.extend(more);
        }
    }
    faults.extend(indicator::check(pipeline, &engine, &plans).err().unwrap_or_default());
    faults.extend(units::check(pipeline, &engine, &plans).err().unwrap_or_default());
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
pub fn divisions(pipeline: &Pipeline) -> Result<Divisions, Vec<Fault>> {
    let mut rows = Vec::new();
    for list in &pipeline.settings.divisions {
        let list = &pipeline.codes[list];
        let at = |name: &str| list.position(name);
        let (Some(code), Some(label)) = (at("code"), at("label")) else { continue };
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
    let path = pipeline.dir.join("codes");
    Divisions::build(rows, history)
        .map_err(|faults| faults.into_iter().map(|f| Fault::of(&path, f)).collect())
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
    Err(Error::usage("no secret for the person keys").hint(
        "put one into the file or environment variable that identity.secret in pipeline.yaml names",
    ))
}

/// All faults of a pipeline folder as one error.
fn refuse(faults: &[Fault]) -> Error {
    let text = diagnostic::render(faults, false);
    let count = faults.len();
    let noun = if count == 1 { "fault" } else { "faults" };
    Error::pipeline(format!("{}the pipeline has {count} {noun}", text))
}
