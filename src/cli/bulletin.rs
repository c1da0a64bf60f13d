//! `bidui bulletin`: the bulletin of a month or a quarter, and its annexes as a workbook.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::output;
use crate::anomaly::State;
use crate::error::{Error, Kind, Result};
use crate::feedback::bulletin::units::{self, UnitLine};
use crate::feedback::bulletin::{self, Found, Material, Period};
use crate::indicator::figure::Reader;
use crate::indicator::table::{Note, read_history, read_notes};
use crate::lake::durable;
use crate::ledger::act::Draft;
use crate::ledger::policy::Policy;
use crate::ledger::store::{Store, address};
use crate::night::{self, Setup, indicators};
use crate::pipeline::bulletins::Bulletin;
use crate::report::summary::{FeedLine, Freshness, Summary};

/// What `bidui bulletin` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: super::case::Where,
    #[command(flatten)]
    period: Wanted,
    /// Page to write [default: bulletins/<period>.html or <period>-public.html in the lake].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Workbook of the annexes to write.
    #[arg(long)]
    annex: Option<PathBuf>,
    /// For readers outside the offices: small counts hidden, others rounded.
    #[arg(long)]
    public: bool,
    /// Which of the pipeline's bulletins, when there are several.
    #[arg(long)]
    bulletin: Option<String>,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Wanted {
    /// A month, such as 2026-10.
    #[arg(long)]
    month: Option<String>,
    /// A quarter, such as 2026Q3.
    #[arg(long)]
    quarter: Option<String>,
}

impl Wanted {
    fn period(&self) -> Result<(Period, &str)> {
        match (&self.month, &self.quarter) {
            (Some(text), _) => Ok((Period::month(text)?, text)),
            (None, Some(text)) => Ok((Period::quarter(text)?, text)),
            (None, None) => Err(Error::usage("neither --month nor --quarter")),
        }
    }
}

/// What one night knows for the bulletin of its period.
#[derive(Default)]
struct Last {
    notes: Vec<Note>,
    found: Option<Vec<Found>>,
    rules_not_run: Vec<(String, String)>,
    feeds_wanting: Vec<(String, &'static str)>,
    units: Option<Vec<UnitLine>>,
}

/// Writes the bulletin.
///
/// # Errors
/// The pipeline's faults; a period that is none; a bulletin or a night that is not there; a damaged
/// lake or ledger; the disk.
pub fn bulletin(args: &Args) -> Result<ExitCode> {
    let (period, name) = args.period.period()?;
    let setup = args.place.setup()?;
    let policy = Policy::of(&setup.pipeline);
    let text = text(&setup, args.bulletin.as_deref())?;
    let current = super::show::night(&setup, None)?;
    let history = read_history(&setup.lake.night(&current))?;
    let (from, to) = period.days();
    let last = match setup.newest(|day| (from..=to).contains(&day)) {
        Some(night) => last(&setup, text, &night)?,
        None => Last::default(),
    };
    let drafts = drafts(&setup)?;
    let settings = &setup.pipeline.settings.publish;
    let material = Material {
        pipeline: &setup.pipeline,
        bulletin: text,
        divisions: &setup.divisions,
        policy: &policy,
        period,
        reader: if args.public { Reader::public(settings) } else { Reader::Internal },
        history: &history,
        notes: &last.notes,
        drafts: drafts.as_deref(),
        found: last.found.as_deref(),
        rules_not_run: &last.rules_not_run,
        feeds_wanting: &last.feeds_wanting,
        units: last.units.as_deref(),
        demo_secret: setup.demo_secret,
    };
    let page = bulletin::html(&material)?;
    let path = match &args.out {
        Some(path) => path.clone(),
        None => {
            let home = setup.lake.root().join("bulletins");
            durable::create_dir_all(&home)?;
            home.join(format!("{name}{}.html", if args.public { "-public" } else { "" }))
        }
    };
    durable::write(&path, page.as_bytes())?;
    output::say(&path.display().to_string())?;
    if let Some(path) = &args.annex {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let bytes = bulletin::workbook(&material, folder.unwrap_or(Path::new(".")))?;
        durable::write(path, &bytes)?;
        output::say(&path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The policy of the text.
fn text<'a>(setup: &'a Setup, wanted: Option<&str>) -> Result<&'a Bulletin> {
    let all = &setup.pipeline.bulletins;
    let names = || all.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    match wanted {
        Some(id) => all.get(id).ok_or_else(|| {
            Error::usage(format!("there is no bulletin {id}"))
                .hint(format!("there are {}", names()))
        }),
        None if all.len() == 1 => Ok(all.values().next().expect("there is one")),
        None if all.is_empty() => Err(Error::usage("the pipeline has no bulletins/<id>.yaml")
            .hint("write one, or extend a pipeline that has one")),
        None => Err(Error::usage("the pipeline has several bulletins")
            .hint(format!("say which with --bulletin: {}", names()))),
    }
}

/// What the period's last night knows.
fn last(setup: &Setup, text: &Bulletin, name: &str) -> Result<Last> {
    let folder = setup.lake.night(name);
    let summary = night::read_summary(&folder)?;
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in night::read_anomalies(&folder)? {
        let found = matches!(row.state, State::New | State::Persisting | State::Relapsed);
        if found && row.waived.is_none() {
            *counts.entry((row.rule, row.county)).or_default() += 1;
        }
    }
    let found =
        counts.into_iter().map(|((rule, county), anomalies)| Found { rule, county, anomalies });
    let units = match &text.units {
        Some(units) => {
            let engine = setup.engine(summary.date)?;
            let views = indicators::views(setup, &folder.join("views"))?;
            Some(units::count(units, &engine, &views)?)
        }
        None => None,
    };
    Ok(Last {
        notes: read_notes(&folder)?,
        found: Some(found.collect()),
        rules_not_run: not_run(&summary),
        feeds_wanting: wanting(&summary),
        units,
    })
}

fn not_run(summary: &Summary) -> Vec<(String, String)> {
    let rules = summary.rules.iter();
    rules.filter_map(|r| Some((r.rule.clone(), r.blind()?.to_owned()))).collect()
}

/// Feeds that were not as they should have been.
fn wanting(summary: &Summary) -> Vec<(String, &'static str)> {
    let word = |feed: &FeedLine| match feed.freshness {
        Freshness::Fresh => None,
        Freshness::Late => Some("迟报"),
        Freshness::Stale => Some("过期"),
        Freshness::Missing if feed.refused > 0 => Some("未通过校验"),
        Freshness::Missing => Some("未报送"),
    };
    let feeds = summary.feeds.iter();
    feeds.filter_map(|f| Some((f.title.zh.clone(), word(f)?))).collect()
}

/// Every act of the ledger; nothing when there is no ledger.
fn drafts(setup: &Setup) -> Result<Option<Vec<Draft>>> {
    let place = address(&setup.pipeline.settings, setup.lake.root());
    match Store::open_existing(&place) {
        Ok(store) => {
            setup.same_ledger(Some(&store))?;
            Ok(Some(store.events()?.into_iter().map(|e| e.draft).collect()))
        }
        Err(error) if error.kind == Kind::Usage => Ok(None),
        Err(error) => Err(error),
    }
}
