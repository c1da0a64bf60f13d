//! What a query names more than once is computed once.
//!
//! The engine puts the plan of a `WITH` in place of each of its names, and would run it as often. Here
//! the rows wait in memory until the last one has read them, as PostgreSQL and DuckDB do it.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchemaRef, internal_err};
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::optimizer::{Analyzer, AnalyzerRule};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning,
    PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::lock::Mutex as Lock;
use futures::{StreamExt, TryFutureExt, stream};

use super::lookup::{all_of, bytes};

/// A part of a plan that stands there more than once. Nothing is pushed through it, so that all of
/// them stay the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Hash)]
struct Once {
    input: LogicalPlan,
}

impl UserDefinedLogicalNodeCore for Once {
    fn name(&self) -> &str {
        "Once"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        match inputs.pop() {
            Some(input) => Ok(Self { input }),
            None => internal_err!("what is computed once has an input"),
        }
    }
}

/// The input of a node whose rows are computed once.
pub fn input_of(plan: &LogicalPlan) -> Option<&LogicalPlan> {
    let LogicalPlan::Extension(extension) = plan else { return None };
    Some(&extension.node.as_any().downcast_ref::<Once>()?.input)
}

/// Marks what a query names more than once.
#[derive(Debug)]
struct MarkRepeated;

impl AnalyzerRule for MarkRepeated {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let (mut seen, mut repeated) = (HashSet::new(), HashSet::new());
        plan.apply_with_subqueries(|node| {
            if is_work(node) && !seen.insert(node.clone()) {
                repeated.insert(node.clone());
                // What stands inside it stands there once.
                return Ok(TreeNodeRecursion::Jump);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        if repeated.is_empty() { Ok(plan) } else { mark(plan, &repeated).data() }
    }

    fn name(&self) -> &str {
        "mark_repeated"
    }
}

/// Whether a node is a named query that is more than a choice of rows and columns: these cost less than to
/// keep columns that one of its readers does not want.
fn is_work(node: &LogicalPlan) -> bool {
    let LogicalPlan::SubqueryAlias(alias) = node else { return false };
    let dear = alias.input.exists(|node| {
        Ok(matches!(
            node,
            LogicalPlan::Join(_)
                | LogicalPlan::Aggregate(_)
                | LogicalPlan::Window(_)
                | LogicalPlan::Distinct(_)
        ))
    });
    dear.unwrap_or(false)
}

fn mark(plan: LogicalPlan, repeated: &HashSet<LogicalPlan>) -> Result<Transformed<LogicalPlan>> {
    plan.transform_down_with_subqueries(|node| {
        if !repeated.contains(&node) {
            return Ok(Transformed::no(node));
        }
        let input = node.map_children(|input| mark(input, repeated))?.data;
        let once = LogicalPlan::Extension(Extension { node: Arc::new(Once { input }) });
        Ok(Transformed::new(once, true, TreeNodeRecursion::Jump))
    })
}

/// The engine's own rules for queries as they are written, behind this one.
pub(super) fn rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let mut rules = Analyzer::new().rules;
    rules.insert(0, Arc::new(MarkRepeated));
    rules
}

/// The engine's own planner, which knows what is computed once too.
#[derive(Debug)]
pub(super) struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let once = Arc::new(OncePlanner::default());
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![once]);
        planner.create_physical_plan(plan, session).await
    }
}

/// Gives equal parts of one plan the same rows.
#[derive(Default)]
struct OncePlanner {
    planned: Mutex<Vec<(LogicalPlan, Arc<Held>)>>,
}

#[async_trait]
impl ExtensionPlanner for OncePlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(once), [input]) = (node.as_any().downcast_ref::<Once>(), inputs) else {
            return Ok(None);
        };
        let mut planned = self.planned.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = planned.iter().find(|(plan, _)| *plan == once.input);
        let held = if let Some((_, held)) = known {
            Arc::clone(held)
        } else {
            planned.push((once.input.clone(), Arc::default()));
            Arc::clone(&planned[planned.len() - 1].1)
        };
        Ok(Some(Arc::new(OnceExec::new(input.clone(), held))))
    }
}

/// The rows of a part of a plan, from when it is first read until the plan is run again.
#[derive(Debug, Default)]
struct Held(Lock<Option<Kept>>);

#[derive(Debug, Clone)]
struct Kept {
    rows: Vec<RecordBatch>,
    /// What they take of the queries' memory.
    memory: Arc<MemoryReservation>,
}

impl Held {
    /// The rows, which the first who asks computes. Whoever asks meanwhile waits.
    async fn rows(&self, input: &Arc<dyn ExecutionPlan>, task: &Arc<TaskContext>) -> Result<Kept> {
        let mut kept = self.0.lock().await;
        if let Some(kept) = &*kept {
            return Ok(kept.clone());
        }
        let memory = MemoryConsumer::new("OnceExec").register(task.memory_pool());
        let (mut stream, mut rows) = (all_of(input, task)?, Vec::new());
        while let Some(batch) = stream.next().await.transpose()? {
            memory.try_grow(bytes(&batch))?;
            rows.push(batch);
        }
        let now = Kept { rows, memory: Arc::new(memory) };
        *kept = Some(now.clone());
        Ok(now)
    }

    /// Forgets the rows.
    fn clear(&self) {
        // Nobody reads between two runs.
        if let Some(mut kept) = self.0.try_lock() {
            *kept = None;
        }
    }
}

/// Reads rows that others read too.
#[derive(Debug)]
struct OnceExec {
    input: Arc<dyn ExecutionPlan>,
    held: Arc<Held>,
    properties: Arc<PlanProperties>,
}

impl OnceExec {
    fn new(input: Arc<dyn ExecutionPlan>, held: Arc<Held>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self { input, held, properties: Arc::new(properties) }
    }
}

impl DisplayAs for OnceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceExec")
    }
}

impl ExecutionPlan for OnceExec {
    fn name(&self) -> &str {
        "OnceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| self.input.clone());
        Ok(Arc::new(Self::new(input, self.held.clone())))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        self.held.clear();
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        debug_assert_eq!(partition, 0, "there is one");
        let (held, input) = (self.held.clone(), self.input.clone());
        let rows = async move {
            let Kept { rows, memory } = held.rows(&input, &context).await?;
            // As long as somebody reads the rows they are there.
            Ok(stream::iter(rows).map(move |batch| {
                let _kept = &memory;
                Ok(batch)
            }))
        };
        let rows = rows.try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), rows)))
    }
}

#[cfg(test)]
mod tests;
