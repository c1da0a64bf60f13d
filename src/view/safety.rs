//! Proves from a plan that a view may be built bucket by bucket: no row of it needs rows of two
//! buckets, and none comes out of two.
//!
//! Every node is either *plain* (the same whole rows in every bucket) or *of persons* (each person's
//! rows in the person's bucket) with the output columns that are the person key. What is proved of
//! persons and their key holds for any other column by whose values the rows of some tables lie apart.

use std::collections::BTreeSet;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::{Distinct, Expr, Join, LogicalPlan};

/// How the rows of a node lie in the buckets.
enum Rows {
    Plain,
    /// Positions of the output columns that hold the person key.
    Persons(BTreeSet<usize>),
}

/// Tables whose rows lie apart, and the column by which they do.
pub(super) struct Apart<'a> {
    pub tables: BTreeSet<&'a str>,
    /// Those of them whose column of that name is another one.
    pub other: BTreeSet<&'a str>,
    pub key: &'a str,
    /// What the column names, for people.
    pub noun: &'a str,
}

/// The positions of the output columns that hold the key, when building bucket by bucket gives the
/// same rows as building whole.
///
/// # Errors
/// Why that cannot be proved, in words for people.
pub(super) fn apart(plan: &LogicalPlan, apart: &Apart<'_>) -> Result<BTreeSet<usize>, String> {
    match rows(plan, apart)? {
        Rows::Persons(keys) => Ok(keys),
        Rows::Plain => Err(format!("it reads no {} table", apart.noun)),
    }
}

fn rows(plan: &LogicalPlan, apart: &Apart<'_>) -> Result<Rows, String> {
    subqueries(plan, apart)?;
    match plan {
        LogicalPlan::TableScan(scan) if scan.fetch.is_some() => {
            Err("a LIMIT counts over all rows".into())
        }
        LogicalPlan::Sort(sort) if sort.fetch.is_some() => {
            Err(format!("a LIMIT counts over all {}s", apart.noun))
        }
        LogicalPlan::TableScan(scan) => {
            let name = scan.table_name.table();
            if !apart.tables.contains(name) {
                return Ok(Rows::Plain);
            }
            let fields = scan.projected_schema.fields().iter().enumerate();
            let is_key = |column: &str| column == apart.key && !apart.other.contains(name);
            Ok(Rows::Persons(fields.filter(|(_, f)| is_key(f.name())).map(|(i, _)| i).collect()))
        }
        LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => Ok(Rows::Plain),
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Repartition(_) => rows(plan.inputs()[0], apart),
        LogicalPlan::Projection(p) => through(rows(&p.input, apart)?, &p.input, &p.expr),
        LogicalPlan::Aggregate(a) => match rows(&a.input, apart)? {
            Rows::Plain => Ok(Rows::Plain),
            persons => match through(persons, &a.input, &a.group_expr)? {
                Rows::Persons(keys) if keys.is_empty() => {
                    Err(format!("an aggregate does not group by {}", apart.key))
                }
                grouped => Ok(grouped),
            },
        },
        LogicalPlan::Window(w) => match rows(&w.input, apart)? {
            Rows::Plain => Ok(Rows::Plain),
            Rows::Persons(keys) => {
                let input = &w.input;
                let safe = w
                    .window_expr
                    .iter()
                    .all(|e| partition_by(e).iter().any(|p| is_key(p, input, &keys)));
                if safe {
                    Ok(Rows::Persons(keys))
                } else {
                    Err(format!("a window is not partitioned by {}", apart.key))
                }
            }
        },
        LogicalPlan::Distinct(Distinct::All(input)) => match rows(input, apart)? {
            Rows::Persons(keys) if keys.is_empty() => {
                Err(format!("a DISTINCT does not hold {}", apart.key))
            }
            other => Ok(other),
        },
        LogicalPlan::Union(u) => union(&u.inputs, apart),
        LogicalPlan::Join(join) => joined(join, apart),
        LogicalPlan::Limit(l) => match rows(&l.input, apart)? {
            Rows::Plain => Ok(Rows::Plain),
            Rows::Persons(_) => Err(format!("a LIMIT counts over all {}s", apart.noun)),
        },
        other => {
            let text = other.display().to_string();
            let word = text.split([':', ' ']).next().unwrap_or_default();
            Err(format!("{word} is not known to be safe"))
        }
    }
}

/// A subquery that stayed an expression sees the rows of one bucket: it must read no persons.
fn subqueries(plan: &LogicalPlan, apart: &Apart<'_>) -> Result<(), String> {
    let mut inner = Vec::new();
    let found = plan.apply_subqueries(|subquery| {
        inner.extend(subquery.inputs().into_iter().cloned());
        Ok(TreeNodeRecursion::Continue)
    });
    found.map_err(|e| e.to_string())?;
    for plan in inner {
        if matches!(rows(&plan, apart)?, Rows::Persons(_)) {
            return Err(format!("a subquery reads {} tables", apart.noun));
        }
    }
    Ok(())
}

/// Which outputs of a list of expressions are the person key.
fn through(input_rows: Rows, input: &LogicalPlan, exprs: &[Expr]) -> Result<Rows, String> {
    Ok(match input_rows {
        Rows::Plain => Rows::Plain,
        Rows::Persons(keys) => Rows::Persons(
            exprs
                .iter()
                .enumerate()
                .filter(|(_, e)| is_key(e, input, &keys))
                .map(|(i, _)| i)
                .collect(),
        ),
    })
}

/// Is the expression a person key of the input?
fn is_key(expr: &Expr, input: &LogicalPlan, keys: &BTreeSet<usize>) -> bool {
    match expr {
        Expr::Column(column) => position(input, column).is_some_and(|p| keys.contains(&p)),
        Expr::Alias(alias) => is_key(&alias.expr, input, keys),
        _ => false,
    }
}

fn position(plan: &LogicalPlan, column: &Column) -> Option<usize> {
    plan.schema().maybe_index_of_column(column)
}

fn partition_by(expr: &Expr) -> Vec<Expr> {
    match expr {
        Expr::WindowFunction(window) => window.params.partition_by.clone(),
        Expr::Alias(alias) => partition_by(&alias.expr),
        _ => Vec::new(),
    }
}

fn union(inputs: &[std::sync::Arc<LogicalPlan>], apart: &Apart<'_>) -> Result<Rows, String> {
    let mut common: Option<BTreeSet<usize>> = None;
    let mut plain = 0;
    for input in inputs {
        match rows(input, apart)? {
            Rows::Plain => plain += 1,
            Rows::Persons(keys) => {
                common = Some(match common {
                    None => keys,
                    Some(before) => before.intersection(&keys).copied().collect(),
                });
            }
        }
    }
    match common {
        None => Ok(Rows::Plain),
        Some(_) if plain > 0 => Err(format!("a UNION mixes {} tables with plain ones", apart.noun)),
        Some(keys) => Ok(Rows::Persons(keys)),
    }
}

fn joined(join: &Join, apart: &Apart<'_>) -> Result<Rows, String> {
    use JoinType::{
        Full, Inner, Left, LeftAnti, LeftMark, LeftSemi, Right, RightAnti, RightMark, RightSemi,
    };
    let (left, right) = (rows(&join.left, apart)?, rows(&join.right, apart)?);
    let width = join.left.schema().fields().len();
    let shifted = |keys: &BTreeSet<usize>| keys.iter().map(|k| k + width).collect::<BTreeSet<_>>();
    let keeps_left = matches!(join.join_type, Inner | Left | LeftSemi | LeftAnti | LeftMark);
    let keeps_right = matches!(join.join_type, Inner | Right | RightSemi | RightAnti | RightMark);
    // Semi, anti and mark joins give the columns of one side only.
    let left_only = matches!(join.join_type, LeftSemi | LeftAnti | LeftMark);
    let right_only = matches!(join.join_type, RightSemi | RightAnti | RightMark);
    match (left, right) {
        (Rows::Plain, Rows::Plain) => Ok(Rows::Plain),
        (Rows::Persons(keys), Rows::Plain) if keeps_left => Ok(Rows::Persons(keys)),
        (Rows::Plain, Rows::Persons(keys)) if keeps_right => {
            Ok(Rows::Persons(if right_only { keys } else { shifted(&keys) }))
        }
        (Rows::Persons(l), Rows::Persons(r)) => {
            let on_key = join
                .on
                .iter()
                .any(|(a, b)| is_key(a, &join.left, &l) && is_key(b, &join.right, &r));
            if !on_key {
                return Err(format!("a join of {} tables is not on {}", apart.noun, apart.key));
            }
            if join.null_aware {
                return Err("a NOT IN looks for a NULL among all rows".into());
            }
            Ok(Rows::Persons(match join.join_type {
                Inner => l.union(&shifted(&r)).copied().collect(),
                Full => BTreeSet::new(),
                _ if keeps_left || left_only => l,
                _ if right_only => r,
                _ => shifted(&r),
            }))
        }
        _ => Err(format!("a join keeps rows of a plain table that match no {}", apart.noun)),
    }
}
