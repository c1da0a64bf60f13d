//! Views: SQL over tables with one row per subject, planned once and built for some persons or whole.

mod rounds;
mod safety;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::{concat, interleave_record_batch, sort_to_indices};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::SchemaError;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use crate::cores;
use crate::diagnostic::{Fault, Source, wide_mark};
use crate::engine::{self, Engine, Program};
use crate::error::{Error, Result};
use crate::lake::rows::PERSON_KEY;
use crate::pipeline::Pipeline;
use crate::pipeline::schema::{link_schema, table_schema};
use crate::pipeline::spec::{Grain, View};
pub use rounds::relations;
use rounds::rounds;
use safety::Apart;

/// Rows that are handed on at once.
const ROWS_AT_ONCE: usize = 8192;

/// A view that was planned against the declared tables.
#[derive(Debug, Clone)]
pub struct Planned {
    pub id: String,
    pub schema: SchemaRef,
    /// `None` when it may be built bucket by bucket, else why it may not.
    pub whole: Option<String>,
    /// Its column of the name of the person key is that key: each person's rows come from one bucket.
    pub keyed: bool,
    /// What it reads that has its subject, when it is not built bucket by bucket but for some subjects
    /// at a time.
    pub sliced: BTreeSet<String>,
    /// Columns that it reads of each table or view.
    pub reads: BTreeMap<String, Vec<String>>,
    /// What the engine makes of its SQL. What hangs on the night's date alone is a constant in it.
    pub plan: LogicalPlan,
}

/// All views, each after those that it reads.
#[derive(Debug, Clone, Default)]
pub struct Plans {
    pub views: Vec<Planned>,
}

impl Plans {
    /// The plan of a view.
    pub fn get(&self, id: &str) -> Option<&Planned> {
        self.views.iter().find(|v| v.id == id)
    }

    /// Tables that a view rests on, through other views too.
    pub fn tables_of(&self, id: &str) -> BTreeSet<String> {
        let mut tables = BTreeSet::new();
        for name in self.get(id).map(|v| v.reads.keys()).into_iter().flatten() {
            if self.get(name).is_some() {
                tables.extend(self.tables_of(name));
            } else {
                tables.insert(name.clone());
            }
        }
        tables
    }
}

/// Plans every view against the declared tables, without data.
///
/// # Errors
/// Every fault of the views' SQL at once.
pub fn plan(pipeline: &Pipeline, engine: &Engine) -> Result<Plans, Vec<Fault>> {
    let rounds = rounds(pipeline)?;
    let (mut plans, mut faults) = (Plans::default(), Vec::new());
    let base = |error: &Error| vec![Fault::of(&pipeline.dir, error.to_string())];
    let context = engine.session().map_err(|e| base(&e))?;
    for (name, schema) in declared(pipeline) {
        register(&context, &name, Arc::new(EmptyTable::new(schema))).map_err(|e| base(&e))?;
    }
    // Of what reads a view that has a fault nothing can be said.
    let mut blind: BTreeSet<String> = BTreeSet::new();
    for mut ids in rounds {
        ids.retain(|id| {
            let read = relations(&pipeline.views[id].sql).unwrap_or_default();
            let sees = read.is_disjoint(&blind);
            if !sees {
                blind.insert(id.clone());
            }
            sees
        });
        for (id, planned) in ids.iter().zip(plan_round(pipeline, &context, &ids, &plans)) {
            match planned {
                Ok(planned) => {
                    let table = Arc::new(EmptyTable::new(planned.schema.clone()));
                    register(&context, id, table).map_err(|e| base(&e))?;
                    plans.views.push(planned);
                }
                Err(fault) => {
                    blind.insert(id.clone());
                    faults.push(fault);
                }
            }
        }
    }
    if faults.is_empty() { Ok(plans) } else { Err(faults) }
}

/// Every table that SQL may name, with its schema.
pub fn declared(pipeline: &Pipeline) -> Vec<(String, SchemaRef)> {
    let mut tables: Vec<(String, SchemaRef)> =
        pipeline.tables.values().map(|t| (t.id.clone(), table_schema(t))).collect();
    tables.push(("link".into(), link_schema()));
    tables
}

fn register(context: &SessionContext, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
    context.register_table(name, table)?;
    Ok(())
}

/// Plans views that read none of each other, on all cores. The longest come first: they take longest.
fn plan_round(
    pipeline: &Pipeline,
    context: &SessionContext,
    ids: &[String],
    plans: &Plans,
) -> Vec<Result<Planned, Fault>> {
    let one = |id: &String| {
        let view = &pipeline.views[id];
        // What is constant is computed here already, and may panic.
        let planned = engine::guarded(|| Ok(plan_one(pipeline, context, view, plans)));
        let fault = |e: Error| Err(Fault::of(&pipeline.source("views", id).path, e.message));
        planned.unwrap_or_else(fault)
    };
    let mut longest: Vec<(usize, &String)> = ids.iter().enumerate().collect();
    longest.sort_by_key(|(_, id)| Reverse(pipeline.views[*id].sql.len()));
    let planned: BTreeMap<usize, _> =
        cores::each(&longest, |(at, id)| (*at, one(id))).into_iter().collect();
    planned.into_values().collect()
}

/// Plans one view and finds out whether it is safe to build bucket by bucket.
fn plan_one(
    pipeline: &Pipeline,
    context: &SessionContext,
    view: &View,
    plans: &Plans,
) -> Result<Planned, Fault> {
    let source = pipeline.source("views", &view.id);
    let fail = |error: DataFusionError| sql_fault(source, &view.sql, &error);
    let whole = |error: Error| Fault::of(&source.path, error.to_string());
    let frame = engine::wait(context.sql(&view.sql)).map_err(whole)?.map_err(fail)?;
    // Only the optimized plan has the types that its rows will have.
    let plan = frame.into_optimized_plan().map_err(fail)?;
    let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
    for (key, column) in [
        ("subject:", Some(&view.subject)),
        ("division:", Some(&view.division)),
        ("name:", view.name.as_ref()),
    ] {
        if let Some(column) = column
            && schema.index_of(column).is_err()
        {
            let span = source.find_value(key, column);
            let fault = Fault::at(source, span, format!("the view has no column `{column}`"));
            let known = schema.fields().iter().map(|f| f.name().as_str());
            return Err(fault.did_you_mean(column, known));
        }
    }
    let reads = reads(&plan).map_err(fail)?;
    let keys = by_person(pipeline, plans, &plan, &reads);
    let named = schema.index_of(PERSON_KEY).ok();
    let keyed = keys.as_ref().is_ok_and(|keys| named.is_some_and(|at| keys.contains(&at)));
    let whole = keys.err();
    let mut sliced = BTreeSet::new();
    if view.large && whole.is_some() {
        sliced = self::sliced(context, view, &plan, &reads).map_err(|reason| {
            let fault = format!("the view cannot be built for some subjects at a time: {reason}");
            Fault::at(source, source.find_value("large:", "true"), fault).hint(format!(
                "join and group what has {} by it, or take `large` away",
                view.subject
            ))
        })?;
    }
    Ok(Planned { id: view.id.clone(), schema, whole, keyed, sliced, reads, plan })
}

/// The places of its columns that hold the person key, when a view may be built bucket by bucket; else
/// why it may not.
fn by_person(
    pipeline: &Pipeline,
    plans: &Plans,
    plan: &LogicalPlan,
    reads: &BTreeMap<String, Vec<String>>,
) -> Result<BTreeSet<usize>, String> {
    let views = || plans.views.iter();
    if let Some(other) = views().find(|v| v.whole.is_some() && reads.contains_key(&v.id)) {
        return Err(format!("it reads the view {}, which is built whole", other.id));
    }
    let persons = pipeline.tables.values().filter(|t| t.grain == Grain::Person);
    let tables = persons.map(|t| t.id.as_str()).chain(["link"]);
    let apart = Apart {
        tables: tables.chain(views().map(|v| v.id.as_str())).collect(),
        other: views().filter(|v| !v.keyed).map(|v| v.id.as_str()).collect(),
        key: PERSON_KEY,
        noun: "person",
    };
    safety::apart(plan, &apart)
}

/// What a view reads that has its subject; or why it cannot be built for some subjects at a time.
fn sliced(
    context: &SessionContext,
    view: &View,
    plan: &LogicalPlan,
    reads: &BTreeMap<String, Vec<String>>,
) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    for name in reads.keys() {
        let table = engine::wait(context.table_provider(name.as_str()));
        let table = table.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        // The same subject has to be the same text everywhere.
        let schema = table.schema();
        let field = schema.field_with_name(&view.subject).ok();
        if field.is_some_and(|field| *field.data_type() == DataType::Utf8) {
            names.insert(name.clone());
        }
    }
    let tables = names.iter().map(String::as_str).collect();
    // Slices are cut by the column itself.
    let other = BTreeSet::new();
    let subjects = Apart { tables, other, key: &view.subject, noun: &view.subject };
    safety::apart(plan, &subjects).map(|_| names)
}

/// Columns that a plan reads of each table.
fn reads(plan: &LogicalPlan) -> Result<BTreeMap<String, Vec<String>>, DataFusionError> {
    let mut reads: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let fields = scan.projected_schema.fields().iter().map(|f| f.name().clone());
            reads.entry(scan.table_name.table().to_owned()).or_default().extend(fields);
        }
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    })?;
    Ok(reads.into_iter().map(|(t, c)| (t, c.into_iter().collect())).collect())
}

/// A fault of SQL at the word that the engine complains of, if it names one.
pub fn sql_fault(source: &Source, sql: &str, error: &DataFusionError) -> Fault {
    let start = source.text.find(sql).unwrap_or(0);
    let in_sql = |word: &str| {
        let of_sql = source.find_word(start, word);
        of_sql.or_else(|| source.find_word(0, word)).unwrap_or(start..start + 1)
    };
    // A word in quotes is one of the SQL's own.
    let quoted = |text: &str| {
        let word = text.split('\'').nth(1).filter(|word| !word.is_empty())?;
        source.find_word(start, word)
    };
    match error.find_root() {
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let name = field.name.clone();
                let fault =
                    Fault::at(source, in_sql(&name), format!("there is no column `{name}`"));
                fault.did_you_mean(&name, valid_fields.iter().map(|f| f.name.as_str()))
            }
            other => Fault::at(source, in_sql(sql), other.to_string()),
        },
        DataFusionError::Plan(text) => {
            let word = text.split('\'').nth(1).map(|w| w.rsplit('.').next().unwrap_or(w));
            let function = text.starts_with("Invalid function");
            let call = word.filter(|_| function).map(|w| format!("{w}("));
            let call = call.as_deref().filter(|call| source.text[start..].contains(*call));
            let span = call.or(word).map_or(start..start + 1, in_sql);
            // The engine's own words for where its tables are say nothing to people.
            let said = first_line(text).replace("datafusion.public.", "");
            let fault = Fault::at(source, span, said);
            if !function {
                return fault;
            }
            let clock = "there is none of the clock or of chance: asof() is the night's date";
            match text.split_once("Did you mean '").and_then(|(_, near)| near.split_once('\'')) {
                Some((near, _)) => fault.hint(format!("did you mean `{near}`? {clock}")),
                None => fault.hint(clock),
            }
        }
        DataFusionError::SQL(parse, _) => {
            let text = parse.to_string();
            let at = place_in(&text).map_or(0, |(line, column)| {
                let inner = Source { path: source.path.clone(), text: sql.into() };
                inner.position(line, column)
            });
            let text = text.split(" at Line:").next().unwrap_or(&text).to_owned();
            match wide_mark(sql) {
                Some((at, mark)) => {
                    let span = start + at..start + at + mark.len_utf8();
                    let hint =
                        format!("`{mark}` is full-width: SQL knows its half-width form only");
                    Fault::at(source, span, text).hint(hint)
                }
                None => Fault::at(source, start + at..start + at + 1, text),
            }
        }
        other => {
            let text = other.to_string();
            let span = quoted(&text).unwrap_or(start..start + 1);
            Fault::at(source, span, first_line(&text))
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or(text).to_owned()
}

/// Line and column in a parser's message.
fn place_in(text: &str) -> Option<(usize, usize)> {
    let (_, rest) = text.split_once("Line: ")?;
    let (line, rest) = rest.split_once(", Column: ")?;
    let column = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// Plans a view over the tables given, which need only the columns that it reads, to be built as
/// often as is wanted.
///
/// # Errors
/// What the engine says.
pub fn program(
    view: &View,
    engine: &Engine,
    tables: impl IntoIterator<Item = (String, Arc<dyn TableProvider>)>,
) -> Result<Program> {
    Program::new(engine, &view.sql, tables).map_err(|e| not_built(view, e))
}

/// Builds a view from what its tables hold now.
///
/// # Errors
/// What the engine says, a panic in one of its functions included.
pub fn build(view: &View, program: &Program) -> Result<Vec<RecordBatch>> {
    program.run().map_err(|e| not_built(view, e))
}

/// Hands rows on in the order of their subjects, some at a time: what had to wait on disk comes back
/// from the engine in another order.
///
/// # Errors
/// What `take` says.
pub fn in_order(
    subject: &str,
    rows: &[RecordBatch],
    mut take: impl FnMut(&RecordBatch) -> Result<()>,
) -> Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let subject = first.schema().index_of(subject)?;
    let subjects: Vec<&dyn Array> = rows.iter().map(|b| b.column(subject).as_ref()).collect();
    let order = sort_to_indices(&concat(&subjects)?, None, None)?;
    let places: Vec<(usize, usize)> = rows
        .iter()
        .enumerate()
        .flat_map(|(at, batch)| (0..batch.num_rows()).map(move |row| (at, row)))
        .collect();
    let batches: Vec<&RecordBatch> = rows.iter().collect();
    for some in order.values().chunks(ROWS_AT_ONCE) {
        let some: Vec<_> = some.iter().map(|row| places[*row as usize]).collect();
        take(&interleave_record_batch(&batches, &some)?)?;
    }
    Ok(())
}

fn not_built(view: &View, error: Error) -> Error {
    let message = format!("view {} could not be built: {}", view.id, error.message);
    Error { message, ..error }
}

#[cfg(test)]
mod tests;
