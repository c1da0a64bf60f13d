//! What a query names more than once.

use arrow::array::{AsArray, Int64Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use chrono::NaiveDate;
use datafusion::prelude::SessionContext;

use super::super::{Engine, Program, Rows, Stored, wait};
use super::*;

fn engine() -> Engine {
    let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    Engine::new(day, None, &Default::default()).unwrap()
}

/// A table of two columns without rows.
fn table() -> Arc<Stored> {
    let fields = ["k", "v"].map(|name| Field::new(name, DataType::Int64, true));
    Arc::new(Stored::new(Arc::new(Schema::new(fields.to_vec())), Vec::new()))
}

fn rows(values: &[(i64, i64)]) -> Rows {
    let column = |of: fn(&(i64, i64)) -> i64| {
        Arc::new(values.iter().map(of).collect::<Int64Array>()) as arrow::array::ArrayRef
    };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("k", column(|row| row.0), true),
        ("v", column(|row| row.1), true),
    ]);
    Rows::Held(Arc::new(vec![batch.unwrap()]))
}

fn planned(context: &SessionContext, sql: &str) -> Arc<dyn ExecutionPlan> {
    wait(async { context.sql(sql).await.unwrap().create_physical_plan().await.unwrap() }).unwrap()
}

/// How often a plan reads what is computed once, and how many different things these are.
fn readers(plan: &Arc<dyn ExecutionPlan>) -> (usize, usize) {
    let mut held = Vec::new();
    plan.apply(|node| {
        held.extend(node.downcast_ref::<OnceExec>().map(|once| Arc::as_ptr(&once.held)));
        Ok(TreeNodeRecursion::Continue)
    })
    .unwrap();
    let all = held.len();
    held.sort_unstable();
    held.dedup();
    (all, held.len())
}

/// Sums, twice in a query that is itself read twice.
const NESTED: &str = "WITH sums AS (SELECT k, sum(v) AS s FROM a GROUP BY k), \
    both AS (SELECT x.k, x.s, y.s AS next FROM sums x LEFT JOIN sums y ON y.k = x.k + 1) \
    SELECT p.k, p.s, q.next FROM both p LEFT JOIN both q ON q.k = p.k ORDER BY p.k";

#[test]
fn what_is_named_twice_is_shared_and_nothing_else() {
    let context = engine().session().unwrap();
    context.register_table("a", table()).unwrap();
    let named = "WITH sums AS (SELECT k, sum(v) AS s FROM a GROUP BY k) SELECT";
    for (sql, found) in [
        (NESTED, (6, 2)),
        (&format!("{named} k FROM sums"), (0, 0)),
        // Each of them wants other columns, or other rows.
        (&format!("{named} x.k FROM sums x LEFT JOIN sums y ON y.s = x.k WHERE y.k > 0"), (2, 1)),
        (
            "WITH some AS (SELECT k, v + 1 AS w FROM a WHERE v > 0) SELECT k FROM some UNION ALL SELECT w FROM some",
            (0, 0),
        ),
        ("SELECT x.k FROM a x LEFT JOIN a y ON y.k = x.v", (0, 0)),
        // A query that is no part of a join or a union.
        (&format!("{named} k FROM sums WHERE s > (SELECT avg(s) FROM sums)"), (2, 1)),
    ] {
        assert_eq!(readers(&planned(&context, sql)), found, "{sql}");
    }
}

#[test]
fn a_query_that_reads_it_twice_gives_the_same_rows_on_every_run() {
    let a = table();
    let program = Program::new(&engine(), NESTED, [("a".to_owned(), a.clone() as _)]).unwrap();
    for (held, sums, next) in [
        (&[(1, 5), (2, 1), (1, 2)][..], vec![7, 1], vec![Some(1), None]),
        (&[(4, 1), (5, 2), (6, 3)], vec![1, 2, 3], vec![Some(2), Some(3), None]),
        (&[], vec![], vec![]),
    ] {
        a.hold(rows(held));
        let batches = program.run().unwrap();
        let column = |at: usize| {
            let all = batches.iter().map(|batch| batch.column(at).as_primitive::<Int64Type>());
            all.flat_map(|column| column.iter().collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(column(1).into_iter().flatten().collect::<Vec<_>>(), sums);
        assert_eq!(column(2), next);
    }
}

#[test]
fn rows_are_computed_when_they_are_first_read_and_kept_until_the_next_run() {
    let (a, context) = (table(), engine().session().unwrap());
    context.register_table("a", a.clone()).unwrap();
    let (input, held) = (planned(&context, "SELECT k FROM a"), Held::default());
    let task = context.task_ctx();
    let read = || {
        let kept = wait(held.rows(&input, &task)).unwrap().unwrap();
        let columns = kept.rows.iter().map(|b| b.column(0).as_primitive::<Int64Type>().values());
        (columns.flat_map(|column| column.to_vec()).collect::<Vec<_>>(), kept.memory.size())
    };
    a.hold(rows(&[(1, 0), (2, 0)]));
    let first = read();
    assert!(first.0 == [1, 2] && first.1 > 0, "{first:?}");
    a.hold(rows(&[(3, 0)]));
    assert_eq!(read(), first);
    held.clear();
    assert_eq!(read().0, [3]);
}
