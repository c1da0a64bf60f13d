//! A query that is planned once and run again and again over other rows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, collect};

use super::{Engine, guarded, wait};
use crate::error::Result;

/// A planned query. Planning costs more than running it over few rows.
pub struct Program {
    /// Never run itself, so that what a run leaves in a plan is not there for the next.
    plan: Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
}

impl Program {
    /// Plans a query over the tables given, which need only the columns that it reads.
    ///
    /// # Errors
    /// What the engine says of it, a panic while constants are computed included.
    pub fn new(
        engine: &Engine,
        sql: &str,
        tables: impl IntoIterator<Item = (String, Arc<dyn TableProvider>)>,
    ) -> Result<Self> {
        let context = engine.session()?;
        for (name, table) in tables {
            context.register_table(name.as_str(), table)?;
        }
        let plan =
            guarded(|| Ok(wait(async { context.sql(sql).await?.create_physical_plan().await })??))?;
        Ok(Self { plan, task: context.task_ctx() })
    }

    /// Runs it over what its tables hold now.
    ///
    /// # Errors
    /// What the engine says, a panic in one of its functions included.
    pub fn run(&self) -> Result<Vec<RecordBatch>> {
        guarded(|| {
            let plan = reset_plan_states(self.plan.clone())?;
            Ok(wait(collect(plan, self.task.clone()))??)
        })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use chrono::NaiveDate;

    use super::super::{Rows, Stored};
    use super::*;

    /// A join, an aggregate, a window, a sort and a subquery: what plans keep between their runs.
    const SQL: &str = "SELECT a.k, sum(b.v) AS s, CAST(row_number() OVER (ORDER BY a.k) AS BIGINT) AS n, \
        (SELECT max(v) FROM plain) AS top FROM a LEFT JOIN b ON a.k = b.k \
        GROUP BY a.k ORDER BY a.k";

    fn rows(schema: &Arc<Schema>, values: &[(i64, i64)]) -> Rows {
        let keys: Int64Array = values.iter().map(|v| Some(v.0)).collect();
        let others: Int64Array = values.iter().map(|v| Some(v.1)).collect();
        let batch =
            RecordBatch::try_new(schema.clone(), vec![Arc::new(keys), Arc::new(others)]).unwrap();
        Rows::Held(Arc::new(vec![batch]))
    }

    #[test]
    fn a_plan_runs_again_over_other_rows() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let engine = Engine::new(day, None, &Default::default()).unwrap();
        let fields = ["k", "v"].map(|n| Field::new(n, DataType::Int64, true));
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let tables: Vec<(&str, Arc<Stored>)> = ["a", "b", "plain"]
            .map(|n| (n, Arc::new(Stored::new(schema.clone(), Vec::new()))))
            .to_vec();
        let named = tables.iter().map(|(n, t)| ((*n).to_owned(), t.clone() as _));
        let program = Program::new(&engine, SQL, named).unwrap();
        let runs: [[&[(i64, i64)]; 3]; 3] = [
            [&[(1, 0), (2, 0)], &[(1, 5), (1, 6)], &[(0, 9)]],
            [&[(3, 0)], &[(3, 1), (2, 8)], &[(0, 7), (0, 4)]],
            [&[], &[(3, 1)], &[]],
        ];
        let sums = runs.map(|held| {
            for ((_, table), values) in tables.iter().zip(held) {
                table.hold(rows(&schema, values));
            }
            let batches = program.run().unwrap();
            let column = |b: &RecordBatch, at: usize| {
                b.column(at).as_primitive::<Int64Type>().iter().collect::<Vec<_>>()
            };
            let all = |at| batches.iter().flat_map(|b| column(b, at)).collect::<Vec<_>>();
            (all(1), all(2), all(3))
        });
        assert_eq!(sums[0], (vec![Some(11), None], vec![Some(1), Some(2)], vec![Some(9); 2]));
        assert_eq!(sums[1], (vec![Some(1)], vec![Some(1)], vec![Some(7)]));
        assert_eq!(sums[2], (vec![], vec![], vec![]));
    }
}
