//! Views: SQL over tables with one row per subject, planned once and built for some persons or whole.

mod fault;
mod listed;
mod needs;
mod query;
mod rounds;
mod safety;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::{concat, interleave_record_batch, sort_to_indices};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use crate::cores;
use crate::diagnostic::Fault;
use crate::engine::{self, Engine, Program, Unread};
use crate::error::{Error, Result};
use crate::lake::rows::PERSON_KEY;
use crate::pipeline::Pipeline;
use crate::pipeline::schema::{link_schema, table_schema};
use crate::pipeline::spec::{Grain, View};
pub use fault::sql_fault;
pub use listed::{Casts, misread, optimized};
pub use needs::{Named, needs};
pub use query::{Query, relations};
use rounds::{Rounds, rounds};
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
    /// Tables and views that its SQL names.
    pub names: BTreeSet<String>,
    /// Columns that it reads of each table or view.
    pub reads: BTreeMap<String, Vec<String>>,
    /// Tables and views that its SQL names and does not read: in a part that nothing asks for, or not on
    /// the night's date.
    unread: BTreeMap<String, SchemaRef>,
    /// What it takes columns of code lists for.
    pub casts: Casts,
    /// What the engine makes of its SQL. What hangs on the night's date alone is a constant in it.
    pub plan: LogicalPlan,
}

impl Planned {
    /// Its plan in words, with all constants: the engine shows the first rows of a list of them only.
    ///
    /// # Errors
    /// None but a fault of the engine.
    pub fn in_full(&self) -> Result<String> {
        let mut text = self.plan.display_indent().to_string();
        self.plan.apply_with_subqueries(|node| {
            if let LogicalPlan::Values(list) = node {
                for value in list.values.iter().flatten() {
                    text.push_str(&format!("\n{value}"));
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(text)
    }

    /// What its SQL names and does not read, as tables to plan it over.
    pub fn unread(&self) -> impl Iterator<Item = (String, Arc<dyn TableProvider>)> {
        let table =
            |schema: &SchemaRef| -> Arc<dyn TableProvider> { Arc::new(Unread(schema.clone())) };
        self.unread.iter().map(move |(name, schema)| (name.clone(), table(schema)))
    }
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
    let Rounds { rounds, queries, mut faults } = rounds(pipeline);
    let mut plans = Plans::default();
    let base = |error: &Error| vec![Fault::of(&pipeline.dir, error.to_string())];
    let context = engine.session().map_err(|e| base(&e))?;
    for (name, schema) in declared(pipeline) {
        register(&context, &name, Arc::new(EmptyTable::new(schema))).map_err(|e| base(&e))?;
    }
    // Of what reads a view that has a fault nothing can be said.
    let mut blind: BTreeSet<String> = pipeline.views.keys().cloned().collect();
    rounds.iter().flatten().for_each(|id| _ = blind.remove(*id));
    for ids in rounds {
        let mut round = Vec::new();
        for id in ids {
            if queries[id].names.is_disjoint(&blind) {
                round.push((&pipeline.views[id], &queries[id]));
            } else {
                blind.insert(id.to_owned());
            }
        }
        let planned = plan_round(pipeline, &context, &round, &plans);
        for ((View { id, .. }, _), planned) in round.into_iter().zip(planned) {
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
    round: &[(&View, &Query)],
    plans: &Plans,
) -> Vec<Result<Planned, Fault>> {
    let one = |(view, query): (&View, &Query)| {
        // What is constant is computed here already, and may panic.
        let planned = engine::guarded(|| Ok(plan_one(pipeline, context, (view, query), plans)));
        let fault = |e: Error| Err(Fault::of(&pipeline.source("views", &view.id).path, e.message));
        planned.unwrap_or_else(fault)
    };
    let mut longest: Vec<usize> = (0..round.len()).collect();
    longest.sort_by_key(|at| Reverse(round[*at].0.sql.len()));
    let planned: BTreeMap<usize, _> =
        cores::each(&longest, |at| (*at, one(round[*at]))).into_iter().collect();
    planned.into_values().collect()
}

/// Plans one view and finds out whether it is safe to build bucket by bucket.
fn plan_one(
    pipeline: &Pipeline,
    context: &SessionContext,
    (view, query): (&View, &Query),
    plans: &Plans,
) -> Result<Planned, Fault> {
    let source = pipeline.source("views", &view.id);
    let fail = |error: DataFusionError| sql_fault(source, &view.sql, &error);
    let whole = |error: Error| Fault::of(&source.path, error.to_string());
    let frame = engine::wait(query.frame(context)).map_err(whole)?.map_err(fail)?;
    // Only the optimized plan has the types that its rows will have.
    let (plan, casts) = optimized(frame, &format!("views/{}.sql", view.id)).map_err(fail)?;
    let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
    let named = [("subject:", &view.subject), ("division:", &view.division)].into_iter();
    let named = named.chain(view.name.iter().map(|name| ("name:", name)));
    let traced = view.trace.values().flatten().map(|column| ("trace:", column));
    for (key, column) in named.chain(traced) {
        if schema.index_of(column).is_err() {
            let span = source.find_value(key, column);
            let fault = Fault::at(source, span, format!("the view has no column `{column}`"));
            let known = schema.fields().iter().map(|f| f.name().as_str());
            return Err(fault.did_you_mean(column, known));
        }
    }
    if schema.field_with_name(&view.division).is_ok_and(|f| *f.data_type() != DataType::Utf8) {
        let span = source.find_value("division:", &view.division);
        let fault = Fault::at(source, span, format!("`{}` is no text", view.division));
        return Err(fault.hint("a division is a code of 6 to 12 digits: CAST(… AS VARCHAR)"));
    }
    let reads = reads(&plan).map_err(fail)?;
    let keys = by_person(pipeline, plans, &plan, &reads);
    let named = schema.index_of(PERSON_KEY).ok();
    let keyed = keys.as_ref().is_ok_and(|keys| named.is_some_and(|at| keys.contains(&at)));
    let whole = keys.err();
    let mut sliced = BTreeSet::new();
    if view.large && whole.is_some() {
        sliced = self::sliced(pipeline, context, view, &plan, &reads).map_err(|reason| {
            let fault = format!("the view cannot be built for some subjects at a time: {reason}");
            Fault::at(source, source.find_value("large:", "true"), fault).hint(format!(
                "join and group what has {} by it, or take `large` away",
                view.subject
            ))
        })?;
    }
    let names = query.names.clone();
    let unread = unread(pipeline, context, &names, &reads);
    let id = view.id.clone();
    Ok(Planned { id, schema, whole, keyed, sliced, names, reads, unread, casts, plan })
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
    pipeline: &Pipeline,
    context: &SessionContext,
    view: &View,
    plan: &LogicalPlan,
    reads: &BTreeMap<String, Vec<String>>,
) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    // A code list is whole in each slice, whatever its columns are called.
    for name in reads.keys().filter(|name| is_stored(pipeline, name)) {
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

/// Is it a table or a view, and no code list?
fn is_stored(pipeline: &Pipeline, name: &str) -> bool {
    name == "link" || pipeline.tables.contains_key(name) || pipeline.views.contains_key(name)
}

/// What the SQL of a view names and its plan does not read.
fn unread(
    pipeline: &Pipeline,
    context: &SessionContext,
    names: &BTreeSet<String>,
    reads: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, SchemaRef> {
    let mut unread = BTreeMap::new();
    for name in names {
        if reads.contains_key(name) || !is_stored(pipeline, name) {
            continue;
        }
        // What is not there is a part of the query itself that is called like a view.
        if let Ok(Ok(table)) = engine::wait(context.table_provider(name.as_str())) {
            unread.insert(name.clone(), table.schema());
        }
    }
    unread
}

/// Columns that a plan reads of each table.
fn reads(plan: &LogicalPlan) -> Result<BTreeMap<String, Vec<String>>, DataFusionError> {
    let mut reads: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let fields = scan.projected_schema.fields().iter().map(|f| f.name().clone());
            reads.entry(scan.table_name.table().to_owned()).or_default().extend(fields);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(reads.into_iter().map(|(t, c)| (t, c.into_iter().collect())).collect())
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
