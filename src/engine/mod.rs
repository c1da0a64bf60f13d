//! The only builder of a DataFusion session: memory, functions and tables come from here.

mod functions;
mod guard;
mod joins;
mod lookup;
mod program;
mod stored;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::common::DFSchema;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{ScalarUDF, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};

pub use guard::{guarded, quietly};
pub use program::Program;
pub use stored::{EVERYONE, Held, Piece, Rows, Slice, Stored, TableRows, Unread};

use crate::codes::{CodeList, Lists, Params};
use crate::error::{Error, Result};

/// What every session of a night shares.
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    functions: Vec<ScalarUDF>,
    code_tables: Vec<(String, Arc<dyn TableProvider>)>,
}

impl Engine {
    /// An engine for the night of `asof` whose queries together stay under `memory` bytes.
    ///
    /// # Errors
    /// No temporary folder for spilling.
    pub fn new(
        asof: NaiveDate,
        memory: Option<usize>,
        codes: &std::collections::BTreeMap<String, CodeList>,
    ) -> Result<Self> {
        let mut builder = RuntimeEnvBuilder::new();
        if let Some(bytes) = memory {
            let top = NonZeroUsize::new(5).expect("5 is not zero");
            let pool = TrackConsumersPool::new(FairSpillPool::new(bytes), top);
            builder = builder.with_memory_pool(Arc::new(pool));
        }
        let params = Params::new(codes.get("param"));
        let lists = Lists::new(codes);
        let functions = functions::all(asof, Arc::new(params), Arc::new(lists));
        let code_tables = codes
            .iter()
            .map(|(id, list)| Ok((format!("code_{id}"), code_table(list)?)))
            .collect::<Result<_>>()?;
        Ok(Self { runtime: builder.build_arc()?, functions, code_tables })
    }

    /// The same engine, which puts what memory does not hold below a folder and not where the machine has
    /// its temporary files.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn spilling_to(self, folder: &Path) -> Result<Self> {
        let builder = RuntimeEnvBuilder::from_runtime_env(&self.runtime);
        Ok(Self { runtime: builder.with_temp_file_path(folder).build_arc()?, ..self })
    }

    /// A session with one partition: its results come in one order, whatever the machine. It knows no
    /// function of the clock or of chance.
    ///
    /// # Errors
    /// Never for code lists that were loaded.
    pub fn session(&self) -> Result<SessionContext> {
        let mut config = SessionConfig::new()
            .with_target_partitions(1)
            .with_batch_size(8192)
            .with_information_schema(false);
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(self.runtime.clone())
            .with_default_features()
            .with_physical_optimizer_rules(joins::rules());
        if let Some(functions) = state.scalar_functions() {
            // now() and uuid() give something else each time: no night could be run again.
            functions.retain(|f| f.signature().volatility == Volatility::Immutable);
        }
        let context = SessionContext::new_with_state(state.build());
        for function in &self.functions {
            context.register_udf(function.clone());
        }
        for (name, table) in &self.code_tables {
            context.register_table(name.as_str(), table.clone())?;
        }
        Ok(context)
    }
}

/// A code list as a table of text.
fn code_table(list: &CodeList) -> Result<Arc<dyn TableProvider>> {
    let fields: Vec<Field> =
        list.columns.iter().map(|c| Field::new(c, DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let columns = (0..list.columns.len()).map(|at| {
        let values = list.rows.iter().map(|r| Some(r[at].as_str()).filter(|v| !v.is_empty()));
        Arc::new(values.collect::<StringArray>()) as ArrayRef
    });
    let columns: Vec<ArrayRef> = columns.collect();
    let batches = if columns.is_empty() {
        Vec::new()
    } else {
        vec![RecordBatch::try_new(schema.clone(), columns)?]
    };
    Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
}

/// An SQL expression over the columns of a schema, ready to be evaluated on batches.
///
/// # Errors
/// What the planner says of it.
pub fn expression(
    context: &SessionContext,
    sql: &str,
    columns: &DFSchema,
) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
    let logical = context.parse_sql_expr(sql, columns)?;
    // Some functions exist only until they are simplified; the session does not do that here.
    let simplifier = ExprSimplifier::new(
        SimplifyContext::builder().with_schema(Arc::new(columns.clone())).build(),
    );
    let logical = simplifier.simplify(simplifier.coerce(logical, columns)?)?;
    context.create_physical_expr(logical, columns)
}

/// Waits for the engine on this thread.
///
/// # Errors
/// The runtime cannot start.
pub fn wait<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|e| Error::environment(format!("cannot start the engine: {e}")))?;
    Ok(runtime.block_on(future))
}
