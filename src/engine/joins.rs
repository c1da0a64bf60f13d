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

/// The rule after which joins have their shape, and before which nothing hangs on it.
const AFTER: &str = "join_selection";

/// Holds the right side of each LEFT JOIN in memory and lets the left one pass by.
///
/// Without statistics the engine holds the left side. In views that is the person with all that was
/// joined before, and each join would copy it; what is added stands on the right and is smaller.
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
                Ok(Transformed::yes(join.swap_inputs(*join.partition_mode())?))
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
    use std::collections::BTreeMap;

    use chrono::NaiveDate;

    use super::super::{Engine, wait};
    use super::*;

    #[test]
    fn the_left_side_passes_by_in_its_order() {
        assert!(rules().iter().any(|rule| rule.name() == AFTER), "the engine renamed its rule");
        let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let context = Engine::new(day, None, &BTreeMap::new()).unwrap().session().unwrap();
        let sql = "SELECT a.k, a.t, b.v FROM (VALUES (3, 'c'), (1, 'a'), (2, 'b')) AS a (k, t) \
            LEFT JOIN (VALUES (1, 10), (2, 20), (1, 11)) AS b (k, v) ON a.k = b.k";
        let (plan, batches) = wait(async {
            let frame = context.sql(sql).await.unwrap();
            let plan = frame.clone().create_physical_plan().await.unwrap();
            (plan, frame.collect().await.unwrap())
        })
        .unwrap();
        let mut kinds = Vec::new();
        plan.apply(|node| {
            kinds.extend(node.downcast_ref::<HashJoinExec>().map(|join| *join.join_type()));
            Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
        })
        .unwrap();
        assert_eq!(kinds, [JoinType::Right]);
        let text = arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
        let cells = |line: &str| line.split('|').map(str::trim).collect::<String>();
        let rows: Vec<String> =
            text.lines().skip(3).map(cells).filter(|l| !l.contains('+')).collect();
        assert_eq!(rows.len(), 4, "{text}");
        assert_eq!([&rows[0], &rows[3]], ["3c", "2b20"], "{text}");
    }
}
