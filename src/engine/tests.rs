//! The engine when memory is short.

use std::collections::BTreeMap;

use arrow::array::Int64Array;

use super::*;
use crate::error::Kind;

const ROWS: i64 = 600_000;

/// Sorts numbers that do not fit into what the sorter may have: how many come back.
fn sorted(engine: &Engine) -> Result<usize> {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    let numbers: Vec<i64> = (0..ROWS).map(|n| n * 7919 % 600_011).collect();
    let batch = |part: &[i64]| {
        let column: ArrayRef = Arc::new(Int64Array::from(part.to_vec()));
        RecordBatch::try_new(schema.clone(), vec![column])
    };
    let batches = numbers.chunks(8192).map(batch).collect::<Result<Vec<_>, _>>()?;
    let context = engine.session()?;
    let table = MemTable::try_new(schema.clone(), vec![batches])?;
    context.register_table("numbers", Arc::new(table))?;
    let sql = "SELECT n FROM numbers ORDER BY n";
    let sorted = wait(async { context.sql(sql).await?.collect().await })??;
    Ok(sorted.iter().map(RecordBatch::num_rows).sum())
}

#[test]
fn what_memory_does_not_hold_goes_to_the_folder_given() {
    let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    let home = tempfile::tempdir().unwrap();
    // A sorter keeps ten of them for the merge.
    let engine = Engine::new(day, Some(12 << 20), &BTreeMap::new()).unwrap();
    let engine = engine.spilling_to(home.path()).unwrap();
    assert_eq!(sorted(&engine).unwrap(), ROWS as usize);
    home.close().unwrap();
    let error = sorted(&engine).unwrap_err();
    assert_eq!(error.kind, Kind::Environment);
    assert!(error.message.contains("intermediate results"), "{error}");
}
