//! Which side of a join is held in memory.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;

use super::lookup::LookupExec;

/// The rule after which joins have their shape, and before which nothing hangs on it.
const AFTER: &str = "join_selection";

/// Holds the right side of each LEFT JOIN in memory and lets the left one pass by.
///
/// Without statistics the engine holds the left side. In views that is the person with all that was
/// joined before, and each join would copy it; what is added stands on the right and is smaller. Most
/// joins become a [`LookupExec`]; the engine keeps those with a condition beside their keys.
#[derive(Debug)]
struct HoldTheRight;

impl PhysicalOptimizerRule for HoldTheRight {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match node.downcast_ref::<HashJoinExec>() {
            Some(join) if *join.join_type() == JoinType::Left => {
                Ok(Transformed::yes(match LookupExec::of(join) {
                    Some(lookup) => Arc::new(lookup),
                    None => join.swap_inputs(*join.partition_mode())?,
                }))
            }
            _ => Ok(Transformed::no(node)),
        })
        .data()
    }

    fn name(&self) -> &str {
        "hold_the_right"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The engine's own rules, and this one.
pub(super) fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    let place = rules.iter().position(|rule| rule.name() == AFTER);
    rules.insert(place.map_or(rules.len(), |at| at + 1), Arc::new(HoldTheRight));
    rules
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use arrow::array::{AsArray, Int64Array, RecordBatch};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use chrono::NaiveDate;
    use datafusion::common::tree_node::TreeNodeRecursion;

    use super::super::{Engine, Rows, Stored, wait};
    use super::*;

    #[test]
    fn a_left_join_holds_its_right_side_and_gives_the_same_rows() {
        assert!(rules().iter().any(|rule| rule.name() == AFTER), "the engine renamed its rule");
        let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let context = Engine::new(day, None, &BTreeMap::new()).unwrap().session().unwrap();
        let fields = ["k", "v"].map(|n| Field::new(n, DataType::Int64, true));
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let sides = [("a", vec![(3, 0), (1, 1), (2, 2)]), ("b", vec![(1, 10), (2, 20), (1, 11)])];
        for (name, rows) in sides {
            let column = |of: fn(&(i64, i64)) -> i64| rows.iter().map(of).collect::<Int64Array>();
            let columns: Vec<arrow::array::ArrayRef> =
                vec![Arc::new(column(|r| r.0)), Arc::new(column(|r| r.1))];
            let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
            let table = Stored::new(schema.clone(), Vec::new());
            table.hold(Rows::Held(Arc::new(vec![batch])));
            context.register_table(name, Arc::new(table)).unwrap();
        }
        let sql = "SELECT a.k, a.v, b.v FROM a LEFT JOIN b ON a.k = b.k AND b.v > a.v";
        let (plan, batches) = wait(async {
            let frame = context.sql(sql).await.unwrap();
            let plan = frame.clone().create_physical_plan().await.unwrap();
            (plan, frame.collect().await.unwrap())
        })
        .unwrap();
        let mut kinds = Vec::new();
        plan.apply(|node| {
            kinds.extend(node.downcast_ref::<HashJoinExec>().map(|join| *join.join_type()));
            Ok(TreeNodeRecursion::Continue)
        })
        .unwrap();
        assert_eq!(kinds, [JoinType::Right]);
        let mut found = BTreeSet::new();
        for batch in &batches {
            let [k, v, other] = [0, 1, 2].map(|at| batch.column(at).as_primitive::<Int64Type>());
            found.extend(k.iter().zip(v).zip(other).map(|((k, v), other)| (k, v, other)));
        }
        let row = |k, v, other| (Some(k), Some(v), other);
        let all = [row(1, 1, Some(10)), row(1, 1, Some(11)), row(2, 2, Some(20)), row(3, 0, None)];
        assert_eq!(found, BTreeSet::from(all));
    }
}
