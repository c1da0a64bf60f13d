//! Rules: every predicate over a view is judged while the view's rows pass by once.

mod counties;
mod evaluate;
mod found;
mod subjects;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::DFSchema;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Fault, Source};
use crate::engine;
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{Rule, View};
use crate::privacy::{key_text, mask_name};
use crate::view::sql_fault;
use counties::Counties;
use evaluate::{evaluated, truth};

pub use counties::county;
pub use found::Found;
pub use subjects::{AllSubjects, Repeats, Subjects, subject_names};

/// One rule true for one subject in one night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    /// The subject's value as text; a person key as 16 hexadecimal digits.
    pub subject: String,
    pub anchor: String,
    pub division: String,
    /// The masked name.
    pub who: Option<String>,
    pub evidence: Vec<(String, Option<String>)>,
    pub message: String,
}

/// How often a rule was asked and how often it was true, in one county.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub applicable: u64,
    pub violated: u64,
}

/// What judging some rows of a view gives.
#[derive(Debug, Default)]
pub struct Judged {
    pub findings: Vec<Finding>,
    /// By rule, then by county (6 digits, or empty when unknown).
    pub counts: BTreeMap<String, BTreeMap<String, Count>>,
    /// Rows of the view by county.
    pub rows: BTreeMap<String, u64>,
    /// Rules that failed on some row, with the error: they were not run, whatever they found.
    pub failed: BTreeMap<String, String>,
}

impl Judged {
    /// Adds what another part of the view gave.
    pub fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        for (rule, counties) in other.counts {
            for (county, count) in counties {
                self.count(&rule, &county, count);
            }
        }
        for (county, rows) in other.rows {
            *self.rows.entry(county).or_default() += rows;
        }
        for (rule, error) in other.failed {
            self.failed.entry(rule).or_insert(error);
        }
    }

    /// Adds to the count of a rule in a county. Names are copied for the first one only.
    fn count(&mut self, rule: &str, county: &str, count: Count) {
        let known = self.counts.get_mut(rule).and_then(|own| own.get_mut(county));
        let own = match known {
            Some(own) => own,
            None => {
                let counties = self.counts.entry(rule.to_owned()).or_default();
                counties.entry(county.to_owned()).or_default()
            }
        };
        own.applicable += count.applicable;
        own.violated += count.violated;
    }

    /// Forgets what some rules counted, such as one that failed on a later row.
    pub fn forget(&mut self, gone: impl Fn(&str) -> bool) {
        self.counts.retain(|rule, _| !gone(rule));
    }
}

type Expression = Arc<dyn PhysicalExpr>;

/// A rule as expressions over its view.
struct Compiled {
    rule: Rule,
    /// Place in the list of distinct guards.
    guard: usize,
    predicate: Expression,
    evidence: Vec<(String, Expression)>,
    anchor: Option<Expression>,
}

/// The fault of SQL that a row neither fulfils nor not. Evidence may say the same words as the predicate,
/// which stands last.
fn no_condition(source: &Source, sql: &str, last: bool) -> Fault {
    let found = if last { source.text.rfind(sql) } else { source.text.find(sql) };
    let span = found.map_or(0..1, |start| start..start + sql.len());
    Fault::at(source, span, "this is neither true nor false").hint("compare it, as in x > 3")
}

/// What several rules apply to.
struct Guard {
    applies: Expression,
    /// Columns that the predicates under it read; a predicate knows them by their place here.
    columns: Vec<usize>,
}

/// All rules over one view, ready to judge its rows.
pub struct Judge {
    view: View,
    schema: SchemaRef,
    guards: Vec<Guard>,
    rules: Vec<Compiled>,
    /// Rows that passed by so far.
    passed: AtomicU64,
}

impl Judge {
    /// Compiles the rules over a view.
    ///
    /// # Errors
    /// Every fault of the rules' SQL at once.
    pub fn compile<'a>(
        pipeline: &Pipeline,
        view: &View,
        schema: &SchemaRef,
        rules: impl IntoIterator<Item = &'a Rule>,
        context: &SessionContext,
    ) -> Result<Self, Vec<Fault>> {
        let schema_error = |e| vec![Fault::of(&pipeline.dir, Error::from(e).to_string())];
        let columns = DFSchema::try_from(schema.clone()).map_err(schema_error)?;
        let mut judge = Self {
            view: view.clone(),
            schema: schema.clone(),
            guards: Vec::new(),
            rules: Vec::new(),
            passed: AtomicU64::new(0),
        };
        let mut guards: HashMap<String, usize> = HashMap::new();
        let mut faults = Vec::new();
        for rule in rules {
            let source = pipeline.source("rules", &rule.id);
            let compile = |sql: &str| {
                // What is constant is computed here already, and may panic.
                match engine::guarded(|| Ok(engine::expression(context, sql, &columns))) {
                    Ok(done) => done.map_err(|e| sql_fault(source, sql, &e)),
                    Err(error) => Err(Fault::at(source, source.find(sql), error.message)),
                }
            };
            let truth = |sql: &str| {
                let expression = compile(sql)?;
                match expression.data_type(schema) {
                    Ok(DataType::Boolean) => Ok(expression),
                    _ => Err(no_condition(source, sql, sql == rule.predicate)),
                }
            };
            let mut one = || -> Result<Compiled, Fault> {
                let guard = match guards.get(&rule.applies) {
                    Some(at) => *at,
                    None => {
                        let applies = truth(&rule.applies)?;
                        judge.guards.push(Guard { applies, columns: Vec::new() });
                        guards.insert(rule.applies.clone(), judge.guards.len() - 1);
                        judge.guards.len() - 1
                    }
                };
                let mut evidence = Vec::new();
                for item in &rule.evidence {
                    evidence.push((item.name.clone(), compile(&item.expr)?));
                }
                let anchor = rule.anchor.as_deref().map(compile).transpose()?;
                let predicate = truth(&rule.predicate)?;
                Ok(Compiled { rule: rule.clone(), guard, predicate, evidence, anchor })
            };
            match one() {
                Ok(compiled) => judge.rules.push(compiled),
                Err(fault) => faults.push(fault),
            }
        }
        judge.narrow().map_err(|e| vec![Fault::of(&pipeline.dir, e.to_string())])?;
        if faults.is_empty() { Ok(judge) } else { Err(faults) }
    }

    /// Lets predicates see the columns alone that those under their guard read.
    fn narrow(&mut self) -> Result<()> {
        for (at, guard) in self.guards.iter_mut().enumerate() {
            let own = || self.rules.iter().filter(|c| c.guard == at);
            let read: BTreeSet<usize> = own()
                .flat_map(|c| collect_columns(&c.predicate))
                .map(|column| column.index())
                .collect();
            guard.columns = read.into_iter().collect();
            if guard.columns.is_empty() {
                // A batch without columns would not know how many rows it has.
                guard.columns.push(0);
            }
            let narrow = self.schema.project(&guard.columns)?;
            for compiled in self.rules.iter_mut().filter(|c| c.guard == at) {
                compiled.predicate = reassign_expr_columns(compiled.predicate.clone(), &narrow)?;
            }
        }
        Ok(())
    }

    /// Judges rows of the view by all its rules. A rule whose expressions fail or panic on some row
    /// is noted in `out.failed`; the others are judged as if it were not there.
    ///
    /// # Errors
    /// The view has no column of divisions.
    pub fn judge(&self, batch: &RecordBatch, out: &mut Judged) -> Result<()> {
        self.passed.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
        let counties = Counties::of(batch, &self.view.division)?;
        counties.add_rows(out);
        let mut guards = Vec::with_capacity(self.guards.len());
        for guard in &self.guards {
            guards.push(engine::guarded(|| guard.rows(batch)));
        }
        for compiled in &self.rules {
            if out.failed.contains_key(&compiled.rule.id) {
                continue;
            }
            let judged = match &guards[compiled.guard] {
                Ok(rows) if rows.places.is_empty() => Ok(()),
                Ok(rows) => {
                    engine::guarded(|| self.judge_one(compiled, rows, batch, &counties, out))
                }
                Err(error) => Err(error.clone()),
            };
            // One rule that overflows on one row must not cost the night. What it had found by then
            // is forgotten with it.
            if let Err(error) = judged {
                out.failed.insert(compiled.rule.id.clone(), error.message);
            }
        }
        Ok(())
    }

    fn judge_one(
        &self,
        compiled: &Compiled,
        rows: &Applicable,
        batch: &RecordBatch,
        counties: &Counties,
        out: &mut Judged,
    ) -> Result<()> {
        let hits = truth(&compiled.predicate, &rows.batch)?;
        let hits: Vec<u32> = hits.values().set_indices().map(|i| rows.places[i]).collect();
        counties.add_counts(&compiled.rule.id, &rows.places, &hits, out);
        if hits.is_empty() {
            return Ok(());
        }
        self.findings(compiled, batch, hits, &mut out.findings)
    }

    /// How often the `rows` rows of the view were passed over to judge all rules.
    pub fn scans(&self, rows: u64) -> u64 {
        if rows == 0 { 0 } else { self.passed.load(Ordering::Relaxed).div_ceil(rows) }
    }

    /// The view's schema that the rules were compiled for.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Writes down the rows for which a rule is true.
    fn findings(
        &self,
        compiled: &Compiled,
        batch: &RecordBatch,
        places: Vec<u32>,
        out: &mut Vec<Finding>,
    ) -> Result<()> {
        let rows = take_record_batch(batch, &UInt32Array::from(places))?;
        let count = rows.num_rows();
        let array = |name: &str| {
            rows.column_by_name(name).ok_or_else(|| Error::bug(format!("no column {name}")))
        };
        let column = |name: &str| texts(array(name)?);
        let subjects = subject_texts(array(&self.view.subject)?)?;
        let divisions = column(&self.view.division)?;
        let names = self.view.name.as_deref().map(column).transpose()?;
        let value = |e: &Expression| texts(&evaluated(e, &rows)?);
        let anchors = compiled.anchor.as_ref().map(value).transpose()?;
        let mut values = Vec::new();
        for (name, expression) in &compiled.evidence {
            values.push((name, value(expression)?));
        }
        for row in 0..count {
            let at = |column: &[Option<String>]| column[row].clone().unwrap_or_default();
            let evidence: Vec<(String, Option<String>)> =
                values.iter().map(|(n, v)| ((*n).clone(), v[row].clone())).collect();
            let who = names.as_ref().and_then(|n| n[row].as_deref()).map(mask_name);
            out.push(Finding {
                rule: compiled.rule.id.clone(),
                subject: at(&subjects),
                anchor: anchors.as_deref().map(at).unwrap_or_default(),
                division: at(&divisions),
                who: who.filter(|_| !compiled.rule.sensitive),
                message: message(&compiled.rule.message, &evidence),
                evidence,
            });
        }
        Ok(())
    }
}

/// The rows of a batch to which some rules apply: their places, and the columns that these rules read.
struct Applicable {
    places: Vec<u32>,
    batch: RecordBatch,
}

impl Guard {
    /// Predicates are evaluated where the guard holds only: most rules apply to few rows.
    fn rows(&self, batch: &RecordBatch) -> Result<Applicable> {
        let applies = truth(&self.applies, batch)?;
        let places: Vec<u32> = applies.values().set_indices().map(|i| i as u32).collect();
        let narrow = batch.project(&self.columns)?;
        let batch = if places.len() == batch.num_rows() {
            narrow
        } else {
            filter_record_batch(&narrow, &applies)?
        };
        Ok(Applicable { places, batch })
    }
}

/// Values of a subject column: a person key in hexadecimal, anything else as it is.
///
/// # Errors
/// A type that has no text.
pub fn subject_texts(array: &ArrayRef) -> Result<Vec<Option<String>>> {
    if array.data_type() != &DataType::Int64 {
        return texts(array);
    }
    Ok(array.as_primitive::<Int64Type>().iter().map(|v| v.map(key_text)).collect())
}

/// Values of a column as people read them: 是 and 否, plain decimals, days.
///
/// # Errors
/// A type that has no text.
pub fn texts(array: &ArrayRef) -> Result<Vec<Option<String>>> {
    if array.data_type() == &DataType::Boolean {
        let word = |v: bool| if v { "是" } else { "否" }.to_owned();
        return Ok(array.as_boolean().iter().map(|v| v.map(word)).collect());
    }
    let format = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &format)?;
    Ok((0..array.len())
        .map(|row| array.is_valid(row).then(|| formatter.value(row).to_string()))
        .collect())
}

/// Fills the names in braces; a missing value becomes a dash.
fn message(template: &str, evidence: &[(String, Option<String>)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        let value = evidence.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.as_deref());
        text.push_str(value.unwrap_or("—"));
        rest = tail;
    }
    text + rest
}
