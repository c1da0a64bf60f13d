//! Files of the lake as a table: only the wanted rows and columns are read, when they are asked for.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use xxhash_rust::xxh3::xxh3_64;

use crate::lake::bucket::KeyRange;
use crate::lake::rows::{Cursor, Edits, Part, RowsFile};

/// Some rows of one file.
#[derive(Debug, Clone)]
pub struct Piece {
    pub file: RowsFile,
    pub part: Part,
    pub edits: Arc<Edits>,
}

impl Piece {
    /// Its rows; an error where one is met.
    pub fn batches(
        self,
        columns: &[String],
    ) -> impl Iterator<Item = crate::error::Result<RecordBatch>> + use<> {
        let (scan, error) = match self.file.scan(self.part, columns, &self.edits) {
            Ok(scan) => (Some(scan), None),
            Err(error) => (None, Some(Err(error))),
        };
        error.into_iter().chain(scan.into_iter().flatten())
    }
}

/// One delivery in force, and what later stages changed in it.
#[derive(Debug, Clone)]
pub struct Held {
    pub delivery: String,
    pub file: RowsFile,
    pub edits: Arc<Edits>,
}

impl Held {
    fn piece(&self, part: Part) -> Piece {
        Piece { file: self.file.clone(), part, edits: self.edits.clone() }
    }
}

/// All rows of one table tonight.
#[derive(Debug, Clone)]
pub struct TableRows {
    pub schema: SchemaRef,
    pub held: Vec<Held>,
    /// Rows that had no person when they were received.
    pub moved: Option<RowsFile>,
}

impl TableRows {
    /// The rows of some persons, or all rows of a plain table, as a table of the engine.
    pub fn table(&self, part: Part) -> Arc<dyn TableProvider> {
        Arc::new(Stored::new(self.schema.clone(), self.pieces(part)))
    }

    /// Where those rows lie.
    pub fn pieces(&self, part: Part) -> Vec<Piece> {
        let held = self.held.iter().map(|h| h.piece(part));
        let moved =
            self.moved.iter().map(|file| Piece { file: file.clone(), part, edits: Arc::default() });
        held.chain(moved).collect()
    }

    /// Cursors over its files, for ranges of persons one after the other.
    ///
    /// # Errors
    /// A column that the table does not have.
    pub fn cursors(&self, columns: &[String]) -> crate::error::Result<Vec<Cursor>> {
        let cursor = |p: Piece| Cursor::new(&p.file, columns, &p.edits);
        self.pieces(EVERYONE).into_iter().map(cursor).collect()
    }

    /// Rows that had no person when they were received, in the order of the deliveries; an error
    /// where one is met.
    pub fn waiting(&self) -> impl Iterator<Item = crate::error::Result<RecordBatch>> + '_ {
        let columns = names(&self.schema);
        self.held.iter().flat_map(move |h| h.piece(Part::Pending).batches(&columns))
    }

    /// Number of rows in its files.
    pub fn rows(&self) -> u64 {
        self.held.iter().map(|h| h.file.rows()).sum()
    }

    /// Bytes of its rows in its files, before compression.
    pub fn bytes(&self) -> u64 {
        self.held.iter().map(|h| h.file.bytes()).sum()
    }
}

/// The part of a person table that holds every row that has a person.
pub const EVERYONE: Part = Part::Keys(KeyRange::ALL);

/// The rows of a table.
#[derive(Debug, Clone)]
pub enum Rows {
    /// In files of the lake, or some of those.
    Lake(Vec<Piece>, Option<Slice>),
    /// In memory, with at least the columns that are read.
    Held(Arc<Vec<RecordBatch>>),
}

/// Rows whose value of a column of text falls into one of several slices. What has none is in the
/// first.
#[derive(Debug, Clone)]
pub struct Slice {
    pub column: String,
    pub number: u64,
    pub of: u64,
}

impl Slice {
    /// The rows of a batch that are in it.
    fn rows(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let values = batch.column(batch.schema_ref().index_of(&self.column)?).as_string::<i32>();
        let of = |value: Option<&str>| value.map_or(0, |text| xxh3_64(text.as_bytes()) % self.of);
        let keep: BooleanArray =
            values.iter().map(|value| Some(of(value) == self.number)).collect();
        Ok(filter_record_batch(batch, &keep)?)
    }
}

/// A table whose rows are read when a query runs, and may be others in its next run.
#[derive(Debug)]
pub struct Stored {
    schema: SchemaRef,
    rows: Arc<Mutex<Rows>>,
}

impl Stored {
    /// A table of the rows of all pieces, in their order.
    pub fn new(schema: SchemaRef, pieces: Vec<Piece>) -> Self {
        Self { schema, rows: Arc::new(Mutex::new(Rows::Lake(pieces, None))) }
    }

    /// Puts other rows in the place of its rows. A plan that was made over it reads these from now
    /// on.
    pub fn hold(&self, rows: Rows) {
        *self.rows.lock().unwrap_or_else(PoisonError::into_inner) = rows;
    }
}

#[async_trait]
impl TableProvider for Stored {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => self.schema.clone(),
        };
        let stream = Arc::new(OneScan { schema: schema.clone(), rows: self.rows.clone() });
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![stream], None, [], false, limit)?))
    }
}

/// A table that a query names and reads nothing of, since its optimizer leaves it out.
#[derive(Debug)]
pub struct Unread(pub SchemaRef);

#[async_trait]
impl TableProvider for Unread {
    fn schema(&self) -> SchemaRef {
        self.0.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        _projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Better no rows than those of a query over nothing.
        Err(DataFusionError::Internal("a table is read that was to be left out".into()))
    }
}

/// The stream behind one scan.
struct OneScan {
    schema: SchemaRef,
    rows: Arc<Mutex<Rows>>,
}

impl fmt::Debug for OneScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} columns", self.schema.fields().len())
    }
}

impl PartitionStream for OneScan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let columns = names(&self.schema);
        let schema = self.schema.clone();
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match rows {
            Rows::Lake(pieces, slice) => {
                let mut read = columns;
                if let Some(slice) = &slice
                    && !read.contains(&slice.column)
                {
                    read.push(slice.column.clone());
                }
                let own = schema.clone();
                let batches = pieces.into_iter().flat_map(move |p| p.batches(&read));
                let batches = batches.map(move |batch| {
                    let batch = batch.map_err(|e| DataFusionError::External(Box::new(e)))?;
                    match &slice {
                        Some(slice) => only(&slice.rows(&batch)?, &own),
                        None => Ok(batch),
                    }
                });
                Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches)))
            }
            Rows::Held(batches) => {
                let own = schema.clone();
                let batches = (0..batches.len()).map(move |at| only(&batches[at], &own));
                Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches)))
            }
        }
    }
}

/// The columns of a batch that a scan wants.
fn only(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let place = |f: &Arc<arrow::datatypes::Field>| batch.schema_ref().index_of(f.name());
    let places = schema.fields().iter().map(place).collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(batch.project(&places)?)
}

fn names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|f| f.name().clone()).collect()
}
