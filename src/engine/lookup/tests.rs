//! Lookups beside the engine's own joins: the same rows, whatever the two sides are.

use std::collections::BTreeMap;

use arrow::array::{Int64Array, StringArray};
use arrow::datatypes::{Field, Schema};
use arrow::util::pretty::pretty_format_batches;
use chrono::NaiveDate;
use datafusion::prelude::SessionContext;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::{Engine, Rows, Stored, wait};
use super::*;

/// A table of two keys, of which some are null, and a value, in batches of some rows.
fn table(random: &mut ChaCha8Rng, rows: usize, keys: i64) -> Arc<Stored> {
    let kinds = [DataType::Int64, DataType::Utf8, DataType::Int64];
    let fields = ["k", "t", "v"].into_iter().zip(kinds);
    let fields: Vec<Field> = fields.map(|(name, kind)| Field::new(name, kind, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut batch = |count: usize| {
        let mut key = || random.random_bool(0.9).then(|| random.random_range(0..keys));
        let k: Int64Array = (0..count).map(|_| key()).collect();
        let t: StringArray = (0..count).map(|_| key().map(|k| (k % 3).to_string())).collect();
        let v: Int64Array = (0..count).map(|_| Some(random.random::<i64>())).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(k), Arc::new(t), Arc::new(v)];
        RecordBatch::try_new(schema.clone(), columns).unwrap()
    };
    let batches = (0..rows).step_by(70).map(|at| batch(70.min(rows - at))).collect();
    let table = Arc::new(Stored::new(schema.clone(), Vec::new()));
    table.hold(Rows::Held(Arc::new(batches)));
    table
}

/// What a query gives, its rows in order.
fn rows(context: &SessionContext, sql: &str) -> (bool, Vec<String>) {
    wait(async {
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.clone().create_physical_plan().await.unwrap();
        let plan = datafusion::physical_plan::displayable(plan.as_ref()).indent(true);
        let mut batches = frame.collect().await.unwrap();
        batches.retain(|batch| batch.num_rows() > 0);
        let text = pretty_format_batches(&batches).unwrap().to_string();
        let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
        rows.sort();
        (plan.to_string().contains("LookupExec"), rows)
    })
    .unwrap()
}

#[test]
fn rows_are_those_of_the_engines_own_join() {
    let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    let engine = Engine::new(day, None, &BTreeMap::new()).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    // Nobody finds anything; one at most; several; so many that batches are cut.
    for (left, right, keys) in
        [(90, 0, 9), (0, 90, 9), (500, 90, 5000), (300, 400, 40), (90, 900, 2)]
    {
        let (own, plain) = (engine.session().unwrap(), SessionContext::new());
        for (name, count) in [("a", left), ("b", right), ("c", right)] {
            let table = table(&mut random, count, keys);
            own.register_table(name, table.clone()).unwrap();
            plain.register_table(name, table).unwrap();
        }
        for sql in [
            "SELECT * FROM a LEFT JOIN b ON a.k = b.k",
            "SELECT a.v, b.t FROM a LEFT JOIN b ON a.t = b.t AND b.k = a.k",
            "SELECT b.v, c.v, a.v FROM a LEFT JOIN b ON a.k = b.k LEFT JOIN c ON c.k = b.k AND c.v = a.v",
            "SELECT * FROM (SELECT k, v FROM a UNION ALL SELECT v, k FROM c) AS a LEFT JOIN \
                (SELECT k, t FROM b UNION ALL SELECT v, t FROM c) AS b ON a.k = b.k",
            "SELECT 1 AS one FROM a LEFT JOIN b ON a.k + 1 = b.k",
        ] {
            let (found, expected) = (rows(&own, sql), rows(&plain, sql));
            assert!(found.0 && !expected.0, "{sql} is joined by this");
            assert_eq!(found.1, expected.1, "{sql}, {left} rows and {right}");
        }
    }
}

#[test]
fn a_side_that_does_not_fit_is_said() {
    let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    let context = Engine::new(day, Some(20_000), &BTreeMap::new()).unwrap().session().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for name in ["a", "b"] {
        context.register_table(name, table(&mut random, 2000, 2000)).unwrap();
    }
    let sql = "SELECT * FROM a LEFT JOIN b ON a.k = b.k";
    let error = wait(async { context.sql(sql).await.unwrap().collect().await }).unwrap();
    assert!(error.unwrap_err().to_string().contains("LookupExec"));
}
