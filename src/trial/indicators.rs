//! Tries indicators on their worked examples.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::datasource::MemTable;

use super::{asof, materials, untried};
use crate::amount::parse_decimal;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::indicator::figure::{Figure, SCALE, decimal};
use crate::indicator::table::Row;
use crate::indicator::{Tables, counties, evaluate};
use crate::ledger::advance::NOWHERE;
use crate::pipeline::Pipeline;
use crate::pipeline::indicators::{ExpectedRow, Indicator, IndicatorTest, indicator_test};
use crate::view::{Plans, relations};

/// What became of one indicator's worked example.
#[derive(Debug, Clone)]
pub struct Trial {
    pub indicator: String,
    /// What differs from the example; empty when it holds.
    pub failures: Vec<String>,
    /// The example itself has a fault.
    pub faulty: bool,
}

/// Tries the indicators that have a worked example and whose ids contain `filter`. An example that
/// names only counties of another province cannot hold here and is left out.
///
/// # Errors
/// What the engine says of a fixture that cannot be built.
pub fn test(pipeline: &Pipeline, plans: &Plans, filter: &str) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    let register = counties(pipeline);
    for indicator in pipeline.indicators.values().filter(|i| i.id.contains(filter)) {
        let key = format!("indicators/{}.test", indicator.id);
        let Some(source) = pipeline.sources.get(&key) else { continue };
        let test = indicator_test(source)
            .map_err(|fault| Error::pipeline(format!("{}: {}", fault.place(), fault.message)))?;
        let mut named = test.expect.iter().map(|r| &r.county).filter(|c| *c != NOWHERE).peekable();
        if named.peek().is_some() && !named.any(|county| register.contains(county)) {
            continue;
        }
        let (failures, faulty) = match one(pipeline, plans, indicator, &test) {
            Ok(failures) => (failures, false),
            Err(error) => (vec![untried(&source.path, error)?], true),
        };
        trials.push(Trial { indicator: indicator.id.clone(), failures, faulty });
    }
    Ok(trials)
}

fn one(
    pipeline: &Pipeline,
    plans: &Plans,
    indicator: &Indicator,
    test: &IndicatorTest,
) -> Result<Vec<String>> {
    let engine = Engine::new(asof(test.asof.as_deref())?, None, &pipeline.codes)?;
    let wanted: BTreeSet<String> = relations(&indicator.sql)?;
    let mut tables = Tables::new();
    for (name, (schema, batches)) in materials(pipeline, plans, &engine, &test.given, &wanted)? {
        tables.insert(name, Arc::new(MemTable::try_new(schema, vec![batches])?));
    }
    let evaluated = evaluate(pipeline, &engine, &tables, [indicator], 1)?;
    if let Some(reason) = evaluated.not_run.get(&indicator.id) {
        return Ok(vec![reason.clone()]);
    }
    compare(&evaluated.rows, &test.expect)
}

/// Holds the rows against those expected, both ways.
fn compare(rows: &[Row], expected: &[ExpectedRow]) -> Result<Vec<String>> {
    type Figures = BTreeMap<(String, String), Figure>;
    let number = |n: &serde_json::Number| {
        parse_decimal(&n.to_string(), SCALE)
            .ok_or_else(|| Error::pipeline(format!("`{n}` is not a number of an example")))
    };
    let mut wanted = Figures::new();
    for row in expected {
        let figure = Figure {
            numerator: number(&row.numerator)?,
            denominator: row.denominator.as_ref().map(number).transpose()?,
            persons: row.persons.as_ref().map(number).transpose()?,
        };
        wanted.insert((row.county.clone(), row.part.clone()), figure);
    }
    let found: Figures =
        rows.iter().map(|r| ((r.county.clone(), r.part.clone()), r.figure)).collect();
    let shown = |figure: Option<&Figure>| {
        let Some(figure) = figure else { return "nothing".to_owned() };
        let mut text = decimal(figure.numerator);
        if let Some(under) = figure.denominator {
            text.push_str(&format!("/{}", decimal(under)));
        }
        if let Some(persons) = figure.persons {
            text.push_str(&format!(" of {} persons", decimal(persons)));
        }
        text
    };
    let mut places: Vec<_> = wanted.keys().chain(found.keys()).collect();
    places.sort();
    places.dedup();
    let differs = places.into_iter().filter(|place| wanted.get(place) != found.get(place));
    let say = |(county, part): &(String, String)| {
        let place = (county.clone(), part.clone());
        let (is, should) = (shown(found.get(&place)), shown(wanted.get(&place)));
        format!("county {county} {part} is {is}, expected {should}")
    };
    Ok(differs.map(say).collect())
}
