//! Columns of code lists that SQL takes for numbers, days or yes and no: what their lists say there has
//! to be such. A list is a table of text, and a cast that fails ends its view in the night.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::JoinType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};
use datafusion::prelude::DataFrame;

use crate::diagnostic::Fault;
use crate::pipeline::{Pipeline, WrongCells};

/// A column of a list and the type that SQL takes it for, with the file that does.
pub type Casts = BTreeMap<(String, String, DataType), String>;

/// Columns of lists, by list and name, from which a value may come.
type Origins = BTreeSet<(String, String)>;

/// What a node reads: each of its inputs, with the origins of its columns.
type Inputs<'p> = Vec<(&'p LogicalPlan, Vec<Origins>)>;

/// The optimized plan of a file's SQL, and what it takes columns of lists for: by `CAST`, or because it holds
/// them against numbers or days. `TRY_CAST` asks for nothing. That is told of the plan that has types and
/// is not optimized yet.
///
/// # Errors
/// What the engine says of SQL that has no such plan.
pub fn optimized(frame: DataFrame, file: &str) -> Result<(LogicalPlan, Casts), DataFusionError> {
    let (state, plan) = frame.into_parts();
    let config = state.config_options();
    let typed = state.analyzer().execute_and_check(plan, config, |_, _| {})?;
    let mut walk = Walk { file, casts: Casts::new() };
    walk.origins(&typed);
    Ok((state.optimizer().optimize(typed, &state, |_, _| {})?, walk.casts))
}

/// Faults of cells of lists that are not what SQL takes them for.
pub fn misread(pipeline: &Pipeline, casts: &Casts) -> Vec<Fault> {
    let mut wrong: BTreeMap<&str, WrongCells> = BTreeMap::new();
    // Rows of parameters come from several files, which are held to more.
    for ((id, column, kind), file) in casts.iter().filter(|((id, ..), _)| id != "param") {
        let Some(list) = pipeline.codes.get(id) else { continue };
        let Some(at) = list.position(column) else { continue };
        let cells = list.rows.iter().map(|row| Some(row[at].as_str()).filter(|c| !c.is_empty()));
        let cells: StringArray = cells.collect();
        let Ok(read) = cast(&cells, kind) else { continue };
        let (what, such) = words(kind);
        for row in (0..cells.len()).filter(|row| cells.is_valid(*row) && read.is_null(*row)) {
            let text = format!("`{}` is not {what}", cells.value(row));
            let hint = format!(
                "{file} takes the column `{column}` for that: write {such}, or leave it empty"
            );
            wrong.entry(id.as_str()).or_default().entry((row, at)).or_insert((text, hint));
        }
    }
    wrong.into_iter().flat_map(|(id, cells)| pipeline.faults_of_cells(id, cells)).collect()
}

/// What a type is called, and how it is written.
fn words(kind: &DataType) -> (&'static str, &'static str) {
    match kind {
        DataType::Boolean => ("1 or 0", "one of them"),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
            ("a day", "2026-10-01, say")
        }
        kind if kind.is_integer() => ("a whole number", "12, say"),
        kind if kind.is_numeric() => ("a number", "0.85, say"),
        _ => ("what SQL can read", "what it can read"),
    }
}

/// On its way through a plan.
struct Walk<'a> {
    file: &'a str,
    casts: Casts,
}

impl Walk<'_> {
    /// The origins of the columns of a node. Notes what it casts, and what is cast below it.
    fn origins(&mut self, plan: &LogicalPlan) -> Vec<Origins> {
        let mut inputs = Inputs::new();
        for input in plan.inputs() {
            inputs.push((input, self.origins(input)));
        }
        _ = plan.apply_expressions(|expr| {
            self.note(expr, &inputs);
            Ok(TreeNodeRecursion::Continue)
        });
        _ = plan.apply_subqueries(|subquery| {
            self.origins(subquery);
            Ok(TreeNodeRecursion::Continue)
        });
        let mut own = columns(plan, inputs);
        own.resize(plan.schema().fields().len(), Origins::new());
        own
    }

    /// Notes the casts of an expression.
    fn note(&mut self, expr: &Expr, inputs: &Inputs<'_>) {
        if !listed(inputs) {
            return;
        }
        _ = expr.apply(|e| {
            if let Expr::Cast(cast) = e
                && !cast.field.data_type().is_string()
            {
                let kind = cast.field.data_type();
                let from = values(&cast.expr, inputs).into_iter();
                let found = from.map(|(list, column)| (list, column, kind.clone()));
                self.casts.extend(found.map(|cast| (cast, self.file.to_owned())));
            }
            Ok(TreeNodeRecursion::Continue)
        });
    }
}

/// The origins of the columns that a node gives, as far as they are known.
fn columns(plan: &LogicalPlan, mut inputs: Inputs<'_>) -> Vec<Origins> {
    use JoinType::{LeftAnti, LeftMark, LeftSemi, RightAnti, RightMark, RightSemi};
    let each = |exprs: &[Expr], inputs: &Inputs<'_>| -> Vec<Origins> {
        exprs.iter().map(|expr| values(expr, inputs)).collect()
    };
    if !inputs.is_empty() && !listed(&inputs) {
        return Vec::new();
    }
    match plan {
        LogicalPlan::TableScan(scan) => {
            let Some(list) = scan.table_name.table().strip_prefix("code_") else {
                return Vec::new();
            };
            let fields = scan.projected_schema.fields().iter();
            fields.map(|field| Origins::from([(list.to_owned(), field.name().clone())])).collect()
        }
        LogicalPlan::Projection(p) => each(&p.expr, &inputs),
        // Grouping sets add columns of their own.
        LogicalPlan::Aggregate(a) if !matches!(&a.group_expr[..], [Expr::GroupingSet(_)]) => {
            [each(&a.group_expr, &inputs), each(&a.aggr_expr, &inputs)].concat()
        }
        LogicalPlan::Union(_) => {
            let mut all: Vec<Origins> = Vec::new();
            for (_, own) in inputs {
                all.resize(own.len(), Origins::new());
                all.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
            }
            all
        }
        LogicalPlan::Join(join) => {
            if matches!(join.join_type, LeftSemi | LeftAnti | LeftMark) {
                inputs.truncate(1);
            } else if matches!(join.join_type, RightSemi | RightAnti | RightMark) {
                _ = inputs.remove(0);
            }
            inputs.into_iter().flat_map(|(_, own)| own).collect()
        }
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::Distinct(Distinct::All(_)) => {
            inputs.into_iter().flat_map(|(_, own)| own).collect()
        }
        _ => Vec::new(),
    }
}

/// Does any column come from a list?
fn listed(inputs: &Inputs<'_>) -> bool {
    inputs.iter().any(|(_, own)| own.iter().any(|origins| !origins.is_empty()))
}

/// Columns of lists whose own texts an expression may give.
fn values(expr: &Expr, inputs: &Inputs<'_>) -> Origins {
    let all =
        |exprs: &[&Expr]| -> Origins { exprs.iter().flat_map(|e| values(e, inputs)).collect() };
    match expr {
        Expr::Column(column) => {
            let found = inputs.iter().find_map(|(input, own)| {
                let at = input.schema().maybe_index_of_column(column)?;
                own.get(at).cloned()
            });
            found.unwrap_or_default()
        }
        Expr::Alias(alias) => values(&alias.expr, inputs),
        Expr::Cast(cast) if cast.field.data_type().is_string() => values(&cast.expr, inputs),
        Expr::ScalarFunction(call) => match (call.name(), &call.args[..]) {
            ("coalesce", args) => all(&args.iter().collect::<Vec<_>>()),
            // Of any other word that is taken for nothing the list may hold it.
            ("nullif", [value, nothing]) if is_empty_text(nothing) => values(value, inputs),
            _ => Origins::new(),
        },
        // Where a condition is about the value itself it may leave out what is not such.
        Expr::Case(case) if case.expr.is_none() => {
            let pairs = case.when_then_expr.iter();
            let asked: BTreeSet<&str> =
                pairs.clone().flat_map(|(when, _)| when.column_refs()).map(|c| &*c.name).collect();
            let given = pairs.map(|(_, then)| &**then).chain(case.else_expr.as_deref());
            let free = given.filter(|e| e.column_refs().iter().all(|c| !asked.contains(&*c.name)));
            all(&free.collect::<Vec<_>>())
        }
        _ => Origins::new(),
    }
}

/// Is it the text of no signs?
fn is_empty_text(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten() == Some(""),
        Expr::Cast(cast) => is_empty_text(&cast.expr),
        Expr::Alias(alias) => is_empty_text(&alias.expr),
        _ => false,
    }
}
