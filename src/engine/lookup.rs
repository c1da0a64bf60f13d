//! A LEFT JOIN whose left rows pass by as they are.
//!
//! The engine's own hash join copies every column of what goes through it, and again to fill its
//! batches up. A view joins a dozen tables to its persons, one after the other: there a row that
//! finds one row or none is not touched, and only the columns of the right side are made.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array, make_comparator,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{SortOptions, concat_batches, take};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::common::hash_utils::create_hashes;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    Partitioning, PhysicalExpr, PlanProperties, ReplaceChildrenOptions, apply_expression_roots,
};
use foldhash::fast::FixedState;
use futures::{StreamExt, TryFutureExt, TryStreamExt, stream};

/// Rows of one batch that comes out, at most, where rows find several.
const BATCH_ROWS: usize = 8192;
/// No row.
const NONE: u32 = u32::MAX;
/// The same hashes on every run.
const SEED: FixedState = FixedState::with_seed(0);

type Keys = Vec<Arc<dyn PhysicalExpr>>;

/// Adds to each row of the left input the columns of the right rows with equal keys; of a row that
/// finds several there are as many, in the right side's order. The right side is held in memory.
#[derive(Debug)]
pub(super) struct LookupExec {
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    left_keys: Keys,
    right_keys: Keys,
    /// Which columns come out, of the left and then the right ones; none: all.
    projection: Option<Arc<[usize]>>,
    properties: Arc<PlanProperties>,
}

impl LookupExec {
    /// What does the same as a join of the engine; none for joins that this cannot do.
    pub fn of(join: &HashJoinExec) -> Option<Self> {
        let able = *join.join_type() == JoinType::Left
            && join.filter().is_none()
            && join.fetch().is_none()
            && join.null_equality() == NullEquality::NullEqualsNothing;
        let (left_keys, right_keys) = join.on().iter().cloned().unzip();
        able.then(|| Self {
            left: join.left().clone(),
            right: join.right().clone(),
            left_keys,
            right_keys,
            projection: join.projection.as_deref().map(Into::into),
            properties: Arc::new(PlanProperties::new(
                EquivalenceProperties::new(join.schema()),
                Partitioning::UnknownPartitioning(1),
                EmissionType::Incremental,
                Boundedness::Bounded,
            )),
        })
    }
}

impl DisplayAs for LookupExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.left_keys.iter().zip(&self.right_keys);
        let keys: Vec<String> = keys.map(|(left, right)| format!("{left} = {right}")).collect();
        write!(f, "LookupExec: {}", keys.join(", "))
    }
}

impl ExecutionPlan for LookupExec {
    fn name(&self) -> &str {
        "LookupExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.left, &self.right]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (right, left) = (children.pop(), children.pop());
        Ok(Arc::new(Self {
            left: left.unwrap_or_else(|| self.left.clone()),
            right: right.unwrap_or_else(|| self.right.clone()),
            left_keys: self.left_keys.clone(),
            right_keys: self.right_keys.clone(),
            projection: self.projection.clone(),
            properties: self.properties.clone(),
        }))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.left_keys.iter().chain(&self.right_keys), f)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        debug_assert_eq!(partition, 0, "there is one");
        let left = all_of(&self.left, &context)?;
        let right = all_of(&self.right, &context)?;
        let held = MemoryConsumer::new("LookupExec").register(context.memory_pool());
        let (left_keys, right_keys) = (self.left_keys.clone(), self.right_keys.clone());
        let shape = Arc::new(Shape { schema: self.schema(), projection: self.projection.clone() });
        let batches = Index::of(right, right_keys, held).map_ok(move |index| {
            let index = Arc::new(index);
            let joined = left.and_then(move |batch| {
                let parts = index.join(batch, &left_keys, &shape);
                async move { Ok(stream::iter(parts?)) }
            });
            joined.try_flatten()
        });
        let batches = batches.try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}

/// All partitions of an input, one behind the other: a UNION has one for each of its parts.
fn all_of(
    input: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let parts = 0..input.output_partitioning().partition_count();
    let parts = parts.map(|part| input.execute(part, context.clone()));
    let rows = stream::iter(parts.collect::<Result<Vec<_>>>()?).flatten();
    Ok(Box::pin(RecordBatchStreamAdapter::new(input.schema(), rows)))
}

/// What comes out.
struct Shape {
    schema: SchemaRef,
    projection: Option<Arc<[usize]>>,
}

/// The right side by its keys.
struct Index {
    rows: RecordBatch,
    keys: Vec<ArrayRef>,
    /// By hash the first row of a chain, and for each row the next one of its chain.
    first: HashMap<u64, u32, FixedState>,
    next: Vec<u32>,
    /// What it takes of the queries' memory.
    _held: MemoryReservation,
}

/// Bytes of a row in the index: a place in its table, about, and one in its chain.
const INDEX_BYTES: usize = 32;

impl Index {
    async fn of(
        mut right: SendableRecordBatchStream,
        keys: Keys,
        held: MemoryReservation,
    ) -> Result<Self> {
        let schema = right.schema();
        let mut batches = Vec::new();
        while let Some(batch) = right.next().await.transpose()? {
            held.try_grow(bytes(&batch) + INDEX_BYTES * batch.num_rows())?;
            batches.push(batch);
        }
        let rows = match &batches[..] {
            [one] => one.clone(),
            all => concat_batches(&schema, all)?,
        };
        let keys = values(&keys, &rows)?;
        let mut index = Self {
            first: HashMap::with_capacity_and_hasher(rows.num_rows(), SEED),
            next: vec![NONE; rows.num_rows()],
            rows,
            keys,
            _held: held,
        };
        let (hashes, nulls) = hashes(&index.keys, index.rows.num_rows())?;
        // From the last row on, so that chains go forward.
        for row in (0..hashes.len()).rev().filter(|row| valid(nulls.as_ref(), *row)) {
            if let Some(later) = index.first.insert(hashes[row], row as u32) {
                index.next[row] = later;
            }
        }
        Ok(index)
    }

    /// A batch of the left side with what it finds: as it is, or where rows find several some at a time,
    /// for together these may be more than memory holds.
    fn join(
        self: &Arc<Self>,
        batch: RecordBatch,
        keys: &Keys,
        shape: &Arc<Shape>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let keys = values(keys, &batch)?;
        let (mut rows, mut times) = (Vec::with_capacity(batch.num_rows()), None);
        self.find(&keys, batch.num_rows(), &mut rows, &mut times)?;
        let step = if times.is_some() { BATCH_ROWS } else { rows.len().max(1) };
        let (index, shape) = (self.clone(), shape.clone());
        Ok((0..rows.len()).step_by(step).map(move |at| {
            let part = at..rows.len().min(at + step);
            let right = index.right(&rows[part.clone()])?;
            let Some(times) = &times else {
                return shape.batch(part.len(), batch.columns(), &right);
            };
            let times = UInt32Array::from_iter_values(times[part.clone()].iter().copied());
            let left = batch.columns().iter().map(|column| take(column, &times, None));
            let left = left.collect::<Result<Vec<_>, _>>()?;
            shape.batch(part.len(), &left, &right)
        }))
    }

    /// For each left row the right one, [`NONE`] without one. As soon as a row finds several, `times`
    /// says of which left row each is.
    fn find(
        &self,
        keys: &[ArrayRef],
        count: usize,
        rows: &mut Vec<u32>,
        times: &mut Option<Vec<u32>>,
    ) -> Result<()> {
        let (hashes, nulls) = hashes(keys, count)?;
        let equal = equal(keys, &self.keys)?;
        for (left, hash) in hashes.iter().enumerate() {
            let mut right = match valid(nulls.as_ref(), left) {
                true => self.first.get(hash).copied().unwrap_or(NONE),
                false => NONE,
            };
            let mut found = 0;
            while right != NONE {
                if equal(left, right as usize) {
                    found += 1;
                    if found == 2 {
                        times.get_or_insert_with(|| (0..rows.len() as u32).collect());
                    }
                    rows.push(right);
                    times.iter_mut().for_each(|times| times.push(left as u32));
                }
                right = self.next[right as usize];
            }
            if found == 0 {
                rows.push(NONE);
                times.iter_mut().for_each(|times| times.push(left as u32));
            }
        }
        Ok(())
    }

    /// Columns of the right side for some of its rows.
    fn right(&self, rows: &[u32]) -> Result<Vec<ArrayRef>> {
        let rows: UInt32Array = rows.iter().map(|row| (*row != NONE).then_some(*row)).collect();
        let columns = self.rows.columns().iter().map(|column| Ok(take(column, &rows, None)?));
        columns.collect()
    }
}

impl Shape {
    fn batch(&self, rows: usize, left: &[ArrayRef], right: &[ArrayRef]) -> Result<RecordBatch> {
        let all = left.iter().chain(right);
        let columns = match &self.projection {
            None => all.cloned().collect(),
            Some(places) => {
                let all: Vec<&ArrayRef> = all.collect();
                places.iter().map(|at| all[*at].clone()).collect()
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

/// Bytes of a batch, which may be a slice of a larger one.
fn bytes(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    columns.map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

/// What keys are in a batch.
fn values(keys: &Keys, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    keys.iter().map(|key| key.evaluate(batch)?.into_array(batch.num_rows())).collect()
}

/// Hashes of keys, and where one of them is null.
fn hashes(keys: &[ArrayRef], count: usize) -> Result<(Vec<u64>, Option<NullBuffer>)> {
    let mut hashes = vec![0; count];
    create_hashes(keys, &SEED, &mut hashes)?;
    let nulls = keys.iter().map(Array::logical_nulls);
    let nulls = nulls.fold(None, |all, one| NullBuffer::union(all.as_ref(), one.as_ref()));
    Ok((hashes, nulls))
}

fn valid(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(row))
}

type Equal<'a> = Box<dyn Fn(usize, usize) -> bool + 'a>;

/// Whether a left and a right row have equal keys. Keys that are null are not asked.
fn equal<'a>(left: &'a [ArrayRef], right: &'a [ArrayRef]) -> Result<Equal<'a>> {
    let mut all: Option<Equal<'a>> = None;
    for (left, right) in left.iter().zip(right) {
        let one: Equal<'a> = if *left.data_type() == DataType::Int64 {
            let values = [left, right].map(|side| side.as_primitive::<Int64Type>().values());
            Box::new(move |l, r| values[0][l] == values[1][r])
        } else {
            let order = make_comparator(left, right, SortOptions::default())?;
            Box::new(move |l, r| order(l, r).is_eq())
        };
        all = Some(match all {
            None => one,
            Some(before) => Box::new(move |l, r| before(l, r) && one(l, r)),
        });
    }
    Ok(all.unwrap_or_else(|| Box::new(|_, _| true)))
}

#[cfg(test)]
mod tests;
