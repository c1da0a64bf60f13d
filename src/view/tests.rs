//! The order of a view's rows.

use arrow::array::{AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;

use super::*;

fn rows(of: &[(&str, i64)]) -> RecordBatch {
    let names = Arc::new(of.iter().map(|(name, _)| Some(*name)).collect::<StringArray>());
    let numbers = Arc::new(of.iter().map(|(_, number)| Some(*number)).collect::<Int64Array>());
    RecordBatch::try_from_iter([("hh", names as _), ("n", numbers as _)]).unwrap()
}

fn ordered(batches: &[RecordBatch]) -> Vec<(String, i64)> {
    let mut all = Vec::new();
    let mut take = |batch: &RecordBatch| {
        let names = batch.column(0).as_string::<i32>();
        let numbers = batch.column(1).as_primitive::<Int64Type>();
        all.extend((0..batch.num_rows()).map(|at| (names.value(at).into(), numbers.value(at))));
        Ok(())
    };
    in_order("hh", batches, &mut take).unwrap();
    all
}

#[test]
fn rows_come_by_subject_however_the_engine_gave_them() {
    let all: Vec<(String, i64)> = (0..20_000).map(|n| (format!("{n:05}"), n)).collect();
    let line = |n: &usize| (all[*n].0.as_str(), all[*n].1);
    let shuffled: Vec<usize> = (0..all.len()).map(|n| n * 7 % all.len()).collect();
    for order in [(0..all.len()).collect(), shuffled] {
        let lines: Vec<_> = order.iter().map(line).collect();
        let batches: Vec<RecordBatch> = lines.chunks(777).map(rows).collect();
        assert_eq!(ordered(&batches), all);
    }
    assert_eq!(ordered(&[]), []);
}
