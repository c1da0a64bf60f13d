//! Tries every rule on its worked example, and on every other rule's, without data or services.

pub mod indicators;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;

use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::pipeline::schema::{link_schema, table_schema};
use crate::pipeline::spec::Rule;
use crate::pipeline::{Given, Pipeline, RuleTest, rule_test};
use crate::privacy::key_text;
use crate::rule::{Judge, Judged};
use crate::view::{self, Plans};

/// What became of one rule's worked example.
#[derive(Debug, Clone)]
pub struct Trial {
    pub rule: String,
    /// What differs from the example; empty when it holds.
    pub failures: Vec<String>,
    /// How many rules were tried on it.
    pub judged: usize,
    /// The example itself has a fault.
    pub faulty: bool,
}

/// Tries the rules of a pipeline whose ids contain `filter`. A rule that is switched off may rest on
/// words that this pipeline does not have; it is left out.
///
/// # Errors
/// What the engine says of a fixture that cannot be built.
pub fn test(pipeline: &Pipeline, plans: &Plans, filter: &str) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for rule in pipeline.active_rules().filter(|r| r.id.contains(filter)) {
        let source = pipeline.source("rules", &format!("{}.test", rule.id));
        let test = rule_test(source)
            .map_err(|fault| Error::pipeline(format!("{}: {}", fault.place(), fault.message)))?;
        trials.push(match one(pipeline, plans, rule, &test) {
            Ok(trial) => trial,
            Err(error) => {
                let failures = vec![untried(&source.path, error)?];
                Trial { rule: rule.id.clone(), failures, judged: 0, faulty: true }
            }
        });
    }
    Ok(trials)
}

/// What is wrong with an example that cannot be tried; the others are.
///
/// # Errors
/// What is no fault of the example.
fn untried(path: &Path, error: Error) -> Result<String> {
    let message = format!("{}: {}", path.display(), error.message);
    if error.kind != Kind::Pipeline {
        return Err(Error { message, ..error });
    }
    Ok(error.hints.iter().fold(message, |text, hint| format!("{text}; {hint}")))
}

/// Tries all rules over the view on one example.
fn one(pipeline: &Pipeline, plans: &Plans, rule: &Rule, test: &RuleTest) -> Result<Trial> {
    let engine = Engine::new(asof(test.asof.as_deref())?, None, &pipeline.codes)?;
    let planned = plans.get(&rule.over).ok_or_else(|| Error::bug("a view without a plan"))?;
    let batches = match &test.given {
        Given::Rows(given) => vec![rows::batch(given, &planned.schema)?],
        Given::Tables(tables) => {
            let wanted = BTreeSet::from([rule.over.clone()]);
            let mut built = materials(pipeline, plans, &engine, tables, &wanted)?;
            built.remove(&rule.over).ok_or_else(|| Error::bug("a view is gone"))?.1
        }
    };
    let view = &pipeline.views[&rule.over];
    let over = || pipeline.rules.values().filter(|r| r.over == rule.over);
    let context = engine.session()?;
    let judge = Judge::compile(pipeline, view, &planned.schema, over(), &context)
        .map_err(|_| Error::bug("rules that were checked do not compile"))?;
    let mut judged = Judged::default();
    for batch in &batches {
        judge.judge(batch, &mut judged)?;
    }
    let subjects = subjects(view, &batches)?;
    let exempt: BTreeSet<String> =
        test.not_applicable.iter().map(|s| subject(s, &subjects)).collect();
    let mut of_exempt = Judged::default();
    for batch in &batches {
        let rows = rows_of(view, batch, &exempt)?;
        if rows.num_rows() > 0 {
            judge.judge(&rows, &mut of_exempt)?;
        }
    }
    let judged = (&judged, &of_exempt);
    let failures = compare(rule, test, judged, (&subjects, &exempt), over());
    Ok(Trial { rule: rule.id.clone(), failures, judged: over().count(), faulty: false })
}

/// Holds what fired, and on how many of those that are not applicable the rule was tried after all, against what the
/// example says.
fn compare<'a>(
    rule: &Rule,
    test: &RuleTest,
    (judged, of_exempt): (&Judged, &Judged),
    (subjects, exempt): (&BTreeSet<String>, &BTreeSet<String>),
    over: impl Iterator<Item = &'a Rule>,
) -> Vec<String> {
    let mut failures: Vec<String> =
        judged.failed.iter().map(|(rule, error)| format!("{rule} fails: {error}")).collect();
    let none = Vec::new();
    for other in over {
        let expected = if other.id == rule.id {
            &test.expect
        } else {
            test.also.get(&other.id).unwrap_or(&none)
        };
        let expected: BTreeSet<String> = expected.iter().map(|s| subject(s, subjects)).collect();
        let found: BTreeSet<String> = judged
            .findings
            .iter()
            .filter(|f| f.rule == other.id)
            .map(|f| f.subject.clone())
            .collect();
        for missing in expected.difference(&found) {
            failures.push(format!("{} should fire on {} and does not", other.id, shown(missing)));
        }
        for extra in found.difference(&expected) {
            failures.push(format!("{} fires on {} and should not", other.id, shown(extra)));
        }
    }
    for stranger in exempt.difference(subjects) {
        failures.push(format!(
            "not_applicable names {}, which the view does not give",
            shown(stranger)
        ));
    }
    let applicable = |judged: &Judged| -> u64 {
        judged.counts.get(&rule.id).into_iter().flatten().map(|(_, c)| c.applicable).sum()
    };
    let (all, wrong) = (applicable(judged), applicable(of_exempt));
    let expected = subjects.difference(exempt).count();
    if !exempt.is_empty() && all != expected as u64 {
        failures.push(format!(
            "{} applies to {all} of {} subjects, expected {expected}",
            rule.id,
            subjects.len()
        ));
    } else if wrong > 0 {
        failures.push(format!("{} applies to {wrong} of those in not_applicable", rule.id));
    }
    failures
}

/// A subject of an example: a small number stands for a person key.
fn subject(text: &str, subjects: &BTreeSet<String>) -> String {
    if subjects.contains(text) {
        return text.to_owned();
    }
    text.parse::<i64>().map_or_else(|_| text.to_owned(), key_text)
}

/// A person key as the number of the example.
fn shown(subject: &str) -> String {
    if subject.is_empty() {
        return "a row without its subject (a person's is `person_key: 1`)".to_owned();
    }
    let number = (subject.len() == 16).then(|| i64::from_str_radix(subject, 16).ok()).flatten();
    number.map_or_else(|| subject.to_owned(), |n| n.to_string())
}

fn subjects(
    view: &crate::pipeline::spec::View,
    batches: &[RecordBatch],
) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for batch in batches {
        let column = batch.column_by_name(&view.subject);
        let column = column.ok_or_else(|| Error::bug("a view without its subject"))?;
        all.extend(crate::rule::subject_texts(column)?.into_iter().flatten());
    }
    Ok(all)
}

/// The rows of some subjects.
fn rows_of(
    view: &crate::pipeline::spec::View,
    batch: &RecordBatch,
    wanted: &BTreeSet<String>,
) -> Result<RecordBatch> {
    let column = batch.column_by_name(&view.subject);
    let column = column.ok_or_else(|| Error::bug("a view without its subject"))?;
    let texts = crate::rule::subject_texts(column)?.into_iter();
    let keep: BooleanArray = texts.map(|t| Some(t.is_some_and(|t| wanted.contains(&t)))).collect();
    Ok(filter_record_batch(batch, &keep)?)
}

/// The night of an example.
fn asof(said: Option<&str>) -> Result<NaiveDate> {
    match said {
        Some(day) => day.parse::<NaiveDate>().map_err(|_| {
            Error::pipeline(format!("asof `{day}` is not a day")).hint("write 2026-11-10")
        }),
        None => Ok(NaiveDate::from_ymd_opt(2026, 11, 10).expect("a day")),
    }
}

/// Rows under their schema.
type Rows = (SchemaRef, Vec<RecordBatch>);

/// Every table with its rows, and the wanted views with those that they read, built from them. A view
/// whose rows are given is not built.
fn materials(
    pipeline: &Pipeline,
    plans: &Plans,
    engine: &Engine,
    given: &BTreeMap<String, Vec<crate::pipeline::TestRow>>,
    wanted: &BTreeSet<String>,
) -> Result<BTreeMap<String, Rows>> {
    let mut known: BTreeMap<String, Rows> = BTreeMap::new();
    let schemas = pipeline.tables.values().map(|t| (t.id.clone(), table_schema(t)));
    let views = plans.views.iter().filter(|v| given.contains_key(&v.id));
    let views = views.map(|v| (v.id.clone(), v.schema.clone()));
    for (id, schema) in schemas.chain([("link".to_owned(), link_schema())]).chain(views) {
        let batches = match given.get(&id) {
            Some(rows) => vec![rows::batch(rows, &schema)?],
            None => Vec::new(),
        };
        // Columns of views are not all nullable, those of an example are.
        let schema = batches.first().map_or(schema, RecordBatch::schema);
        known.insert(id, (schema, batches));
    }
    if let Some(name) = given.keys().find(|name| !known.contains_key(*name)) {
        return Err(Error::pipeline(format!("there is no table `{name}`")));
    }
    let mut needed = wanted.clone();
    for planned in plans.views.iter().rev().filter(|v| !known.contains_key(&v.id)) {
        if needed.contains(&planned.id) {
            needed.extend(planned.names.iter().cloned());
        }
    }
    for planned in plans.views.iter().filter(|v| needed.contains(&v.id)) {
        if known.contains_key(&planned.id) {
            continue;
        }
        let mut tables: Vec<(String, Arc<dyn TableProvider>)> = Vec::new();
        // Those that it names: what it reads hangs on the day, and plans are those of another.
        for name in &planned.names {
            if let Some((schema, batches)) = known.get(name) {
                let table = MemTable::try_new(schema.clone(), vec![batches.clone()])?;
                tables.push((name.clone(), Arc::new(table)));
            }
        }
        let view = &pipeline.views[&planned.id];
        let batches = view::build(view, &view::program(view, engine, tables)?)?;
        known.insert(planned.id.clone(), (planned.schema.clone(), batches));
    }
    Ok(known)
}
