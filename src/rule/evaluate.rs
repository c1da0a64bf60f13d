//! What expressions are for the rows of a batch.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{concat, prep_null_mask_filter};

use super::Expression;
use crate::engine;
use crate::error::{Kind, Result};

/// Evaluates an expression for each row.
///
/// Of an AND, an OR or a CASE the engine works out a part that some row does not need, or does not, as
/// the rows beside it are: whether that part may fail, as a division does, would hang on which rows came
/// together. So where it fails each row is asked alone, and only what it needs is worked out.
///
/// # Errors
/// It fails for some row, or panics.
pub(super) fn evaluated(expression: &Expression, batch: &RecordBatch) -> Result<ArrayRef> {
    let of = |rows: &RecordBatch| -> Result<ArrayRef> {
        engine::guarded(|| Ok(expression.evaluate(rows)?.into_array(rows.num_rows())?))
    };
    match of(batch) {
        Err(error) if error.kind == Kind::Bug && batch.num_rows() > 1 => {
            let alone = (0..batch.num_rows()).map(|row| of(&batch.slice(row, 1)));
            let alone = alone.collect::<Result<Vec<ArrayRef>>>()?;
            let arrays: Vec<&dyn Array> = alone.iter().map(|array| array.as_ref()).collect();
            Ok(concat(&arrays)?)
        }
        done => done,
    }
}

/// Evaluates a truth for each row; unknown counts as false.
///
/// # Errors
/// It fails for some row, or panics.
pub(super) fn truth(expression: &Expression, batch: &RecordBatch) -> Result<BooleanArray> {
    let array = evaluated(expression, batch)?;
    let truths = array.as_boolean();
    Ok(if truths.null_count() > 0 { prep_null_mask_filter(truths) } else { truths.clone() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use chrono::NaiveDate;
    use datafusion::common::DFSchema;

    use super::*;
    use crate::engine::Engine;

    /// For which of five rows it is true.
    fn truths(sql: &str) -> Result<Vec<bool>> {
        let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let context = Engine::new(day, None, &Default::default()).unwrap().session().unwrap();
        let a = Int64Array::from(vec![Some(0), Some(1), Some(2), Some(0), None]);
        let b = Int64Array::from(vec![Some(5), Some(5), Some(2), None, Some(5)]);
        let columns = [("a", Arc::new(a) as ArrayRef, true), ("b", Arc::new(b) as ArrayRef, true)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let schema = DFSchema::try_from(batch.schema()).unwrap();
        let expression = engine::expression(&context, sql, &schema).unwrap();
        let truths = truth(&expression, &batch)?;
        Ok(truths.iter().map(|truth| truth == Some(true)).collect())
    }

    #[test]
    fn a_row_is_not_asked_for_what_it_does_not_need() {
        for sql in [
            "a > 0 AND b / a > 2",
            "NOT (a = 0 OR b / a <= 2)",
            "CASE WHEN a > 0 THEN b / a > 2 END",
            "CASE WHEN a > 0 THEN b / a ELSE 0 END > 2",
        ] {
            assert_eq!(truths(sql).unwrap(), [false, true, false, false, false], "{sql}");
        }
        let error = truths("b / a > 2").unwrap_err();
        assert!(error.message.contains("Divide by zero"), "{error}");
    }
}
