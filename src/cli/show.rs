//! `bidui show`: anomalies, rejects, deliveries, indicators, runs.

use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use chrono::NaiveDate;
use clap::ValueEnum;

use super::output::{self, Form, Out};
use super::{show_links, show_zh};
use crate::anomaly::{Anomaly, table};
use crate::diagnostic::nearest;
use crate::error::{Error, Result};
use crate::feed::receipt::Receipt;
use crate::feed::{REJECT_COLUMNS, REJECTS};
use crate::lake::Lake;
use crate::lake::rows::{Part, RowsFile};
use crate::night::{self, Setup};
use crate::pipeline::Pipeline;
use crate::pipeline::spec::Privacy;
use crate::privacy::hide_ids;

/// Width of a terminal that has room for all that there is to say of a delivery.
const ROOM: u16 = 110;

/// What to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// What a night found.
    Anomalies,
    /// Rows that could not be read, and why.
    Rejects,
    /// Extracts that came, used or refused, with their accounts.
    Deliveries,
    /// Figures by county, city and province.
    Indicators,
    /// Rows whose person is left to people, with the likeliest persons.
    Links,
    /// Published nights that the lake still has.
    Runs,
}

/// What `bidui show` can be told.
#[derive(clap::Args)]
pub struct Args {
    /// What to show.
    #[arg(value_enum)]
    what: What,
    #[command(flatten)]
    place: super::Place,
    #[command(flatten)]
    out: Out,
    /// Name of a published night [default: the current one].
    #[arg(long)]
    night: Option<String>,
    /// Only this rule, or rules whose id begins so.
    #[arg(long)]
    rule: Option<String>,
    /// Only divisions whose code begins so.
    #[arg(long)]
    county: Option<String>,
    /// Only this indicator, or indicators whose id begins so.
    #[arg(long)]
    indicator: Option<String>,
    /// Only this severity.
    #[arg(long, value_parser = ["red", "orange", "yellow", "blue"])]
    severity: Option<String>,
    /// Only this state.
    #[arg(long, value_parser = ["new", "persisting", "relapsed", "cleared", "held"])]
    state: Option<String>,
    /// Only this feed.
    #[arg(long)]
    feed: Option<String>,
    /// Of links: what changed since the night before (persons merged, rows moved or split off).
    #[arg(long)]
    events: bool,
    /// At most so many rows.
    #[arg(long)]
    limit: Option<usize>,
}

/// Shows what is asked for.
///
/// # Errors
/// An option of other lists; the pipeline's faults; no such lake or night; a damaged lake; what cannot
/// be written.
pub fn show(args: &Args) -> Result<ExitCode> {
    applies(args)?;
    let setup = args.place.setup()?;
    super::verify::there(&setup.lake)?;
    known(&setup, args)?;
    let batch = match args.what {
        What::Anomalies => anomalies(&setup, args)?,
        What::Rejects => rejects(&setup, args)?,
        What::Deliveries => deliveries(&setup, args)?,
        What::Indicators => {
            let folder = setup.lake.night(&night(&setup, args.night.as_deref())?);
            let (indicator, area) = (args.indicator.as_deref(), args.county.as_deref());
            super::figures::batch(&setup, &folder, indicator, area)?
        }
        What::Links => {
            let folder = setup.lake.night(&night(&setup, args.night.as_deref())?);
            if args.events { show_links::happened(&folder)? } else { show_links::open(&folder)? }
        }
        What::Runs => runs(&setup)?,
    };
    let rows = args.limit.unwrap_or(usize::MAX).min(batch.num_rows());
    output::left_out(batch.num_rows() - rows);
    let batch = without_ids(&batch.slice(0, rows))?;
    // The names in the list of links are those of the decisions that people write.
    let page = args.out.output == Form::Table && args.what != What::Links;
    output::give(&if page { show_zh::chinese(&batch)? } else { batch }, &args.out)?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses an option that a list knows nothing of: all of its rows would pass for those asked for.
fn applies(args: &Args) -> Result<()> {
    use What::{Anomalies, Deliveries, Indicators, Links, Rejects};
    let options: [(&str, bool, &[What]); 8] = [
        ("--night", args.night.is_some(), &[Anomalies, Indicators, Links]),
        ("--rule", args.rule.is_some(), &[Anomalies]),
        ("--county", args.county.is_some(), &[Anomalies, Indicators]),
        ("--indicator", args.indicator.is_some(), &[Indicators]),
        ("--severity", args.severity.is_some(), &[Anomalies]),
        ("--state", args.state.is_some(), &[Anomalies]),
        ("--feed", args.feed.is_some(), &[Rejects, Deliveries]),
        ("--events", args.events, &[Links]),
    ];
    let (own, others): (Vec<_>, Vec<_>) =
        options.into_iter().partition(|(.., lists)| lists.contains(&args.what));
    let Some((option, ..)) = others.into_iter().find(|(_, said, _)| *said) else { return Ok(()) };
    let what = args.what.to_possible_value();
    let what = what.as_ref().map_or("", |what| what.get_name());
    let own: Vec<&str> = own.into_iter().map(|(option, ..)| option).chain(["--limit"]).collect();
    let error = Error::usage(format!("`show {what}` takes no {option}"));
    Err(error.hint(format!("it takes {}", own.join(", "))))
}

/// Refuses what nothing can be of: an empty list would say that nothing is wrong there.
fn known(setup: &Setup, args: &Args) -> Result<()> {
    let Pipeline { feeds, indicators, .. } = &setup.pipeline;
    if let Some(feed) = args.feed.as_ref().filter(|feed| !feeds.contains_key(*feed)) {
        return Err(none("feed", feed, feeds.keys()));
    }
    let begins = |word: &&String| !indicators.keys().any(|id| id.starts_with(word.as_str()));
    if let Some(word) = args.indicator.as_ref().filter(begins) {
        return Err(none("indicator", word, indicators.keys()));
    }
    let nowhere =
        |area: &&String| !setup.divisions.iter().any(|d| d.code.starts_with(area.as_str()));
    if let Some(area) = args.county.as_ref().filter(nowhere) {
        let error = Error::usage(format!("no division has a code that begins with `{area}`"));
        return Err(error.hint("such as 6201 for a city, 620122 for a county"));
    }
    Ok(())
}

fn none<'a>(what: &str, word: &str, all: impl Iterator<Item = &'a String>) -> Error {
    let error = Error::usage(format!("there is no {what} `{word}`"));
    match nearest(word, all.map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// The texts without ID numbers: a column that names nobody may have been filled with them.
fn without_ids(batch: &RecordBatch) -> Result<RecordBatch> {
    let clean = |column: &ArrayRef| -> ArrayRef {
        let Some(texts) = column.as_string_opt::<i32>() else { return column.clone() };
        Arc::new(texts.iter().map(|text| text.map(hide_ids)).collect::<StringArray>())
    };
    Ok(RecordBatch::try_new(batch.schema(), batch.columns().iter().map(clean).collect())?)
}

/// The name of the night asked for, or of the current one. A day stands for its newest night, the
/// beginning of a name for the last one that begins so.
///
/// # Errors
/// There is no such night, or none was published.
pub(super) fn night(setup: &Setup, wanted: Option<&str>) -> Result<String> {
    match wanted {
        Some(name) => {
            let day = name.parse().ok().and_then(|day: NaiveDate| setup.newest(|d| d == day));
            let nights = setup.lake.nights();
            day.or_else(|| nights.into_iter().rfind(|n| n.starts_with(name))).ok_or_else(|| {
                Error::usage(format!("there is no night {name}")).hint("see `bidui show runs`")
            })
        }
        None => current(&setup.lake),
    }
}

/// The name of the current night. Of one that is not there nobody can say that it found nothing.
fn current(lake: &Lake) -> Result<String> {
    lake.check_pointer()?;
    let Some(name) = lake.current_night() else {
        let text = format!("the lake {} has no published night", lake.root().display());
        return Err(Error::usage(text).hint("run one with `bidui run`"));
    };
    let folder = lake.night(&name);
    if folder.is_dir() {
        return Ok(name);
    }
    let text = format!("{} is not there, to which `current` leads", folder.display());
    Err(Error::environment(text)
        .hint("put it back from the backup, or run it again: `bidui run --date DAY --only`"))
}

fn anomalies(setup: &Setup, args: &Args) -> Result<RecordBatch> {
    let folder = setup.lake.night(&night(setup, args.night.as_deref())?);
    let begins = |filter: &Option<String>, value: &str| {
        filter.as_deref().is_none_or(|f| value.starts_with(f))
    };
    let is = |filter: &Option<String>, value: &str| filter.as_deref().is_none_or(|f| f == value);
    let rows = night::read_anomalies(&folder)?;
    if let Some(rule) = args.rule.as_deref()
        && !setup.pipeline.rules.keys().any(|id| id.starts_with(rule))
        && !rows.iter().any(|row| row.rule.starts_with(rule))
    {
        return Err(Error::usage(format!("no rule has an id that begins with `{rule}`")));
    }
    let rows: Vec<Anomaly> = rows
        .into_iter()
        .filter(|a| {
            begins(&args.rule, &a.rule)
                && begins(&args.county, &a.division)
                && is(&args.severity, a.severity.word())
                && is(&args.state, a.state.word())
        })
        .collect();
    if args.out.output != Form::Table {
        return table::batch(&rows);
    }
    let named = |mut row: Anomaly| {
        if let Some(name) = setup.divisions.name(&row.county) {
            row.county = name.to_owned();
        }
        row
    };
    let batch = table::batch(&rows.into_iter().map(named).collect::<Vec<_>>())?;
    // A terminal has no room for all columns.
    let shown = ["anomaly", "rule", "severity", "state", "county", "who", "message", "due"];
    let places: Vec<usize> = shown.iter().filter_map(|c| batch.schema().index_of(c).ok()).collect();
    Ok(batch.project(&places)?)
}

/// Quarantined rows of the deliveries; what may name a person is masked.
fn rejects(setup: &Setup, args: &Args) -> Result<RecordBatch> {
    let page = args.out.output == Form::Table;
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); 8];
    for receipt in all_receipts(setup, args)?.iter().filter(|r| r.quarantined > 0) {
        let home = setup.lake.deliveries(&receipt.feed).join(&receipt.delivery);
        let file = RowsFile::open(&home.join(REJECTS))?;
        let names: Vec<String> = REJECT_COLUMNS.iter().map(|c| (*c).to_owned()).collect();
        let table = setup.pipeline.tables.get(&receipt.table);
        let open = |column: &str| {
            let own = table.and_then(|t| t.column(column));
            own.is_some_and(|c| matches!(c.privacy, Privacy::Open | Privacy::Internal))
        };
        let titled = |name: &str| {
            let own = table.and_then(|t| t.column(name));
            own.map_or(name, |c| c.title.as_str()).to_owned()
        };
        for batch in file.scan(Part::All, &names, &Arc::default())? {
            let batch = batch?;
            let text = |at: usize, row: usize| {
                let values = batch.column(at).as_string::<i32>();
                let valid = arrow::array::Array::is_valid(values, row);
                valid.then(|| values.value(row).to_owned())
            };
            for row in 0..batch.num_rows() {
                let column = text(4, row);
                let raw = text(6, row).unwrap_or_default();
                let raw = if column.as_deref().is_some_and(open) { raw } else { masked(&raw) };
                let column = if page { column.map(|name| titled(&name)) } else { column };
                let line = batch.column(2).as_primitive::<Int64Type>().value(row);
                let values = [
                    Some(receipt.feed.clone()),
                    Some(receipt.delivery.clone()),
                    text(0, row),
                    text(1, row),
                    Some(line.to_string()),
                    column,
                    text(5, row),
                    Some(raw),
                ];
                for (own, value) in columns.iter_mut().zip(values) {
                    own.push(value);
                }
            }
        }
    }
    let names = ["feed", "delivery", "file", "sheet", "line", "column", "reason", "raw"];
    strings(&names, columns)
}

/// Only how long it is: the text itself may name a person.
fn masked(raw: &str) -> String {
    if raw.is_empty() { String::new() } else { format!("*** ({} characters)", raw.chars().count()) }
}

fn all_receipts(setup: &Setup, args: &Args) -> Result<Vec<Receipt>> {
    let day = chrono::NaiveDate::MAX;
    let all = setup.receipts(day)?;
    let wanted = |r: &Receipt| args.feed.as_deref().is_none_or(|f| f == r.feed);
    Ok(all.into_iter().filter(wanted).collect())
}

fn deliveries(setup: &Setup, args: &Args) -> Result<RecordBatch> {
    let all = all_receipts(setup, args)?;
    let text = |f: &dyn Fn(&Receipt) -> String| -> ArrayRef {
        Arc::new(all.iter().map(|r| Some(f(r))).collect::<StringArray>())
    };
    let number = |f: fn(&Receipt) -> u64| -> ArrayRef {
        Arc::new(all.iter().map(|r| Some(f(r))).collect::<UInt64Array>())
    };
    let notes =
        |r: &Receipt| r.reasons.iter().chain(&r.warnings).cloned().collect::<Vec<_>>().join("; ");
    let batch = columns(vec![
        ("feed", text(&|r| r.feed.clone())),
        ("delivery", text(&|r| r.delivery.clone())),
        ("period", text(&|r| r.period.to_string())),
        ("part", text(&|r| r.part.clone().unwrap_or_default())),
        ("received", text(&|r| r.received.to_string())),
        ("verdict", text(&|r| r.verdict.word().to_owned())),
        ("files", number(|r| r.files.len() as u64)),
        ("rows", number(|r| r.rows)),
        ("used", number(|r| r.used)),
        ("quarantined", number(|r| r.quarantined)),
        ("duplicate", number(|r| r.duplicate)),
        ("notes", text(&notes)),
    ])?;
    if args.out.output != Form::Table || output::width() >= ROOM {
        return Ok(batch);
    }
    let schema = batch.schema();
    let names = schema.fields().iter().map(|f| f.name().as_str()).enumerate();
    let shown = names.filter(|(_, name)| !["delivery", "files", "duplicate"].contains(name));
    let places: Vec<usize> = shown.map(|(at, _)| at).collect();
    Ok(batch.project(&places)?)
}

fn runs(setup: &Setup) -> Result<RecordBatch> {
    let mut all = Vec::new();
    for name in setup.lake.nights() {
        all.push(night::read_summary(&setup.lake.night(&name))?);
    }
    let current = setup.lake.current_night();
    type Line = crate::report::summary::Summary;
    let text = |f: &dyn Fn(&Line) -> String| -> ArrayRef {
        Arc::new(all.iter().map(|s| Some(f(s))).collect::<StringArray>())
    };
    let number = |f: fn(&Line) -> u64| -> ArrayRef {
        Arc::new(all.iter().map(|s| Some(f(s))).collect::<UInt64Array>())
    };
    let mark =
        |s: &Line| if current.as_deref() == Some(&s.night) { "current" } else { "" }.to_owned();
    columns(vec![
        ("night", text(&|s| s.night.clone())),
        ("", text(&mark)),
        ("pipeline", text(&|s| s.version.clone())),
        ("anomalies", number(|s| s.anomalies)),
        ("new", number(|s| s.new)),
        ("persisting", number(|s| s.persisting)),
        ("relapsed", number(|s| s.relapsed)),
        ("cleared", number(|s| s.cleared)),
        ("waived", number(|s| s.waived)),
        ("not_run", number(|s| s.rules.iter().filter(|r| r.blind().is_some()).count() as u64)),
        ("off", number(|s| s.rules.iter().filter(|r| r.off().is_some()).count() as u64)),
    ])
}

fn strings(names: &[&str], values: Vec<Vec<Option<String>>>) -> Result<RecordBatch> {
    let array = |v: Vec<Option<String>>| Arc::new(StringArray::from(v)) as ArrayRef;
    columns(names.iter().copied().zip(values.into_iter().map(array)).collect())
}

/// A batch of these columns, by name, in their order. Any of them may hold nothing.
///
/// # Errors
/// Columns of different lengths.
pub(super) fn columns(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    let field = |(name, array): &(&str, ArrayRef)| {
        Field::new(*name, DataType::clone(array.data_type()), true)
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    Ok(RecordBatch::try_new(schema, columns.into_iter().map(|(_, a)| a).collect())?)
}
