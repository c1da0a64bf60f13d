//! Indicators: SQL of the pipeline over tonight's tables and views, one figure for each county, added
//! up to cities and the province, compared with earlier months, ranked, and made fit for the public.
//!
//! A night evaluates every indicator whose feeds are there ([`night`]) and carries the history of all
//! months along, so that removing old nights loses no month. Figures are exact decimals; nothing here
//! uses floats, the clock or the disk except [`table`].

pub mod area;
pub mod figure;
pub mod rank;
pub mod table;
mod veil;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type};
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use crate::cores;
use crate::diagnostic::Fault;
use crate::engine::{self, Engine};
use crate::error::{Error, Kind, Result};
use crate::ledger::advance::NOWHERE;
use crate::pipeline::Pipeline;
use crate::pipeline::indicators::{Indicator, Rollup, Unit};
use crate::rule;
use crate::view::{self, Casts, Named, Plans, Query};
use figure::Figure;
use table::Row;

/// Tables and views by name.
pub type Tables = BTreeMap<String, Arc<dyn TableProvider>>;

/// Columns that every indicator gives.
const COUNTY: &str = "county";
const PART: &str = "part";
const NUMERATOR: &str = "numerator";
const DENOMINATOR: &str = "denominator";

/// A column that figures of money give, and others may: of how many persons a figure tells.
const PERSONS: &str = "persons";

/// The type of numerators and denominators.
pub const DECIMAL: DataType = DataType::Decimal128(20, figure::SCALE as i8);

/// What the SQL of indicators asks for.
#[derive(Default)]
pub struct Asked {
    /// What it takes columns of code lists for.
    pub casts: Casts,
    /// Tables and views that it names, by indicator.
    pub names: Named,
    pub faults: Vec<Fault>,
}

/// Plans every indicator against the declared tables and the planned views, without data.
pub fn check(pipeline: &Pipeline, engine: &Engine, plans: &Plans) -> Asked {
    let mut asked = Asked::default();
    match declared(pipeline, engine, plans) {
        Ok(context) => {
            let all: Vec<&Indicator> = pipeline.indicators.values().collect();
            let each = cores::each(&all, |indicator| check_one(pipeline, &context, indicator));
            for (indicator, one) in all.iter().zip(each) {
                match one {
                    Ok((casts, names)) => {
                        asked.casts.extend(casts);
                        asked.names.insert(indicator.id.clone(), names);
                    }
                    Err(fault) => asked.faults.push(fault),
                }
            }
        }
        Err(error) => asked.faults.push(Fault::of(&pipeline.dir, error.to_string())),
    }
    asked
}

/// A session with every table and view that SQL may name, all of them empty.
fn declared(pipeline: &Pipeline, engine: &Engine, plans: &Plans) -> Result<SessionContext> {
    let tables = view::declared(pipeline).into_iter();
    let views = plans.views.iter().map(|v| (v.id.clone(), v.schema.clone()));
    let empty = |(name, schema)| -> (String, Arc<dyn TableProvider>) {
        (name, Arc::new(EmptyTable::new(schema)))
    };
    session(engine, &tables.chain(views).map(empty).collect())
}

fn session(engine: &Engine, tables: &Tables) -> Result<SessionContext> {
    let context = engine.session()?;
    for (name, table) in tables {
        context.register_table(name.as_str(), table.clone())?;
    }
    Ok(context)
}

fn check_one(
    pipeline: &Pipeline,
    context: &SessionContext,
    indicator: &Indicator,
) -> Result<(Casts, BTreeSet<String>), Fault> {
    let source = pipeline.source("indicators", &indicator.id);
    let whole = |error: Error| Fault::of(&source.path, error.to_string());
    if indicator.sql.is_empty() {
        let hint = "write SELECT county, numerator, denominator FROM …";
        return Err(Fault::at(source, 0..1, "there is no SQL below the header").hint(hint));
    }
    let query = Query::parse(source, &indicator.sql)?;
    let fail = |e: DataFusionError| view::sql_fault(source, &indicator.sql, &e);
    let frame = engine::wait(query.frame(context)).map_err(whole)?.map_err(fail)?;
    let file = format!("indicators/{}.sql", indicator.id);
    let (plan, casts) = view::optimized(frame, &file).map_err(fail)?;
    let mut wanted = vec![COUNTY, NUMERATOR];
    if indicator.unit != Unit::Count {
        wanted.push(DENOMINATOR);
    }
    if !indicator.parts.is_empty() {
        wanted.push(PART);
    }
    let schema = plan.schema().as_arrow().clone();
    if indicator.tells_money() || schema.index_of(PERSONS).is_ok() {
        wanted.push(PERSONS);
    }
    for name in wanted {
        let Ok(field) = schema.field_with_name(name) else {
            let text = format!("the indicator gives no column `{name}`");
            let known = schema.fields().iter().map(|f| f.name().as_str());
            let fault = Fault::at(source, source.find(&indicator.sql), text);
            return Err(match name {
                PERSONS => fault.hint("count whose money it is: the public reads none of a few"),
                _ => fault.did_you_mean(name, known),
            });
        };
        let number = field.data_type().is_numeric() || field.data_type().is_null();
        if matches!(name, NUMERATOR | DENOMINATOR | PERSONS) && !number {
            let text = format!("`{name}` is no number");
            return Err(Fault::at(source, source.find(name), text));
        }
    }
    if indicator.parts.is_empty() && schema.index_of(PART).is_ok() {
        let text = "it gives a column `part`, and its header names no parts";
        let hint = "add `parts:` with their titles, or leave the column out";
        let start = source.find(&indicator.sql).start;
        let span = source.find_word(start, PART).unwrap_or(start..start + 1);
        return Err(Fault::at(source, span, text).hint(hint));
    }
    Ok((casts, query.names))
}

/// What became of the indicators of a night.
#[derive(Debug, Clone, Default)]
pub struct Evaluated {
    /// In the order of indicator, part, county.
    pub rows: Vec<Row>,
    /// Indicators without figures, with the reason.
    pub not_run: BTreeMap<String, String>,
}

/// Evaluates indicators. One whose SQL fails on tonight's rows has no figures; it stops nothing.
///
/// # Errors
/// The memory, the disk.
pub fn evaluate<'a>(
    pipeline: &Pipeline,
    engine: &Engine,
    tables: &Tables,
    indicators: impl IntoIterator<Item = &'a Indicator>,
    threads: usize,
) -> Result<Evaluated> {
    let counties = counties(pipeline);
    let indicators: Vec<&Indicator> = indicators.into_iter().collect();
    let done: Mutex<BTreeMap<usize, Result<Vec<Row>>>> = Mutex::default();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, indicators.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(indicator) = indicators.get(at) else { return };
                    let rows = engine::guarded(|| one(engine, tables, indicator, &counties));
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(at, rows);
                }
            });
        }
    });
    let mut evaluated = Evaluated::default();
    for (at, rows) in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
        match rows {
            Ok(rows) => evaluated.rows.extend(rows),
            // The engine's own text may hold a value of somebody's row.
            Err(error) if matches!(error.kind, Kind::Bug | Kind::Pipeline) => {
                let reason = match error.kind {
                    Kind::Pipeline => error.message,
                    _ => "its SQL failed on tonight's rows".into(),
                };
                evaluated.not_run.insert(indicators[at].id.clone(), reason);
            }
            Err(error) => return Err(error),
        }
    }
    evaluated.rows.sort_by(|a, b| a.place().cmp(&b.place()));
    Ok(evaluated)
}

/// Codes of the counties: the third level of the first list of divisions.
pub fn counties(pipeline: &Pipeline) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for list in pipeline.settings.divisions.iter().filter_map(|l| pipeline.codes.get(l)) {
        let (Some(code), Some(level)) = (list.position("code"), list.position("level")) else {
            continue;
        };
        codes.extend(list.rows.iter().filter(|r| r[level] == "3").map(|r| r[code].clone()));
    }
    codes
}

fn one(
    engine: &Engine,
    tables: &Tables,
    indicator: &Indicator,
    counties: &BTreeSet<String>,
) -> Result<Vec<Row>> {
    let context = session(engine, tables)?;
    let batches = engine::wait(async { context.sql(&indicator.sql).await?.collect().await })??;
    let mut figures: BTreeMap<(String, String), Figure> = BTreeMap::new();
    for batch in &batches {
        add_batch(indicator, batch, counties, &mut figures)?;
    }
    let row =
        |((part, county), figure)| Row { indicator: indicator.id.clone(), part, county, figure };
    Ok(figures.into_iter().map(row).collect())
}

/// Adds the rows of a batch. A county that the register does not have is nowhere; a figure that is
/// null is none.
fn add_batch(
    indicator: &Indicator,
    batch: &RecordBatch,
    counties: &BTreeSet<String>,
    figures: &mut BTreeMap<(String, String), Figure>,
) -> Result<()> {
    let column =
        |name: &str, kind: &DataType| batch.column_by_name(name).map(|c| cast(c, kind)).transpose();
    let (county, part) = (column(COUNTY, &DataType::Utf8)?, column(PART, &DataType::Utf8)?);
    let (over, under) = (column(NUMERATOR, &DECIMAL)?, column(DENOMINATOR, &DECIMAL)?);
    let persons = column(PERSONS, &DECIMAL)?;
    let text = |array: &Option<Arc<dyn Array>>, row: usize| {
        let values = array.as_ref().map(|a| a.as_string::<i32>());
        values.filter(|v| v.is_valid(row)).map_or_else(String::new, |v| v.value(row).to_owned())
    };
    let number = |array: &Option<Arc<dyn Array>>, row: usize| {
        let values = array.as_ref()?.as_primitive::<Decimal128Type>();
        values.is_valid(row).then(|| values.value(row))
    };
    for row in 0..batch.num_rows() {
        let Some(numerator) = number(&over, row) else { continue };
        let denominator = number(&under, row);
        if indicator.unit != Unit::Count && denominator.is_none() {
            continue;
        }
        let part = text(&part, row);
        if !part.is_empty() && !indicator.parts.iter().any(|(code, _)| *code == part) {
            let text = format!("it gives a part that its header does not name: `{part}`");
            return Err(Error::pipeline(text));
        }
        // The code of a village says its county too.
        let said = text(&county, row);
        let county = Some(rule::county(&said)).filter(|code| counties.contains(*code));
        let place = (part, county.unwrap_or(NOWHERE).to_owned());
        let added_up = indicator.rollup == Rollup::Sum || place.1 == NOWHERE;
        if !added_up && figures.contains_key(&place) {
            let text =
                format!("it gives {} twice, and cannot be added up: group by county", place.1);
            return Err(Error::pipeline(text));
        }
        // Who does not say of how many may speak of one.
        let persons = persons.is_some().then(|| number(&persons, row).unwrap_or(0));
        let figure = Figure { numerator, denominator, persons };
        figures.entry(place).and_modify(|f| *f = f.plus(&figure)).or_insert(figure);
    }
    Ok(())
}

/// What a night knows when its views are built.
pub struct Tonight<'a> {
    pub pipeline: &'a Pipeline,
    pub engine: &'a Engine,
    pub day: NaiveDate,
    pub tables: &'a Tables,
    /// Indicators that cannot be run, with the reason: a feed that is stale or missing.
    pub not_run: &'a BTreeMap<String, String>,
    /// The night before, if there is one.
    pub last: Option<&'a Path>,
    pub threads: usize,
}

/// Evaluates the indicators of a night and writes `indicators.parquet`, `indicators.csv`,
/// `indicators.json` and `history.parquet` into its folder.
///
/// # Errors
/// The memory, the disk; a damaged history of the night before.
pub fn night(tonight: &Tonight<'_>, staged: &Path) -> Result<Evaluated> {
    let Tonight { pipeline, not_run, .. } = tonight;
    let ready = pipeline.indicators.values().filter(|i| !not_run.contains_key(&i.id));
    let mut evaluated = evaluate(pipeline, tonight.engine, tonight.tables, ready, tonight.threads)?;
    evaluated.not_run.extend(not_run.iter().map(|(id, why)| (id.clone(), why.clone())));
    table::write(staged, &evaluated.rows)?;
    table::write_notes(staged, pipeline, &evaluated.not_run)?;
    let mut history = match tonight.last {
        Some(last) => table::read_history(last)?,
        None => table::History::default(),
    };
    history.replace(tonight.day, &evaluated.rows);
    table::write_history(staged, &history)?;
    Ok(evaluated)
}
