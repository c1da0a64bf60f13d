//! Parquet files of typed rows, grouped by person bucket, that any Parquet reader reads.
//!
//! Each row group holds one range of person keys. The footer says which, so some persons are read
//! without touching the others.

mod gather;
mod numbers;
mod packed;
mod properties;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int64Type, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, ParquetRecordBatchReaderBuilder,
    RowFilter,
};

pub use gather::Gather;
pub use numbers::Numbers;
pub use packed::Packed;
pub use writer::RowsWriter;

use super::bucket::KeyRange;
use crate::error::{Error, Result};

/// Column of the person key.
pub const PERSON_KEY: &str = "person_key";
/// Column of how the row was linked to its person.
pub const LINK: &str = "link";
/// Column of the row's number within its delivery.
pub const SRC_ROW: &str = "src_row";

/// Column of the delivery that the row came with.
const SRC_DELIVERY: &str = "src_delivery";

/// Footer key of the row groups' keys.
const GROUPS: &str = "bidui.groups";

/// Which rows of a file are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Rows of these persons.
    Keys(KeyRange),
    /// Rows that have no person key yet.
    Pending,
    /// Every row.
    All,
}

/// Changes to the rows of one delivery that later stages made, by `src_row`.
#[derive(Debug, Default, Clone)]
pub struct Edits {
    /// Rows that are not used: superseded, or written elsewhere under another person.
    pub drop: BTreeSet<i64>,
    /// Rows whose ID is somebody else's: another person key of the same bucket, `link` = clash.
    pub rekey: BTreeMap<i64, i64>,
    /// Rows that are used, but lie in a file of the night under another person.
    pub moved: BTreeSet<i64>,
}

impl Edits {
    /// Applies the changes to a batch; `src_row` is the place of that column in it.
    fn apply(&self, batch: RecordBatch, src_row: usize) -> Result<RecordBatch> {
        let rows = batch.column(src_row).as_primitive::<Int64Type>().clone();
        let touched = rows.values().iter().any(|r| self.rekey.contains_key(r));
        let mut batch = batch;
        if touched {
            let schema = batch.schema();
            let mut columns = batch.columns().to_vec();
            if let Ok(at) = schema.index_of(PERSON_KEY) {
                let keys = columns[at].as_primitive::<Int64Type>();
                let new =
                    keys.iter().zip(rows.values()).map(|(k, r)| self.rekey.get(r).copied().or(k));
                columns[at] = Arc::new(new.collect::<Int64Array>());
            }
            if let Ok(at) = schema.index_of(LINK) {
                let links = columns[at].as_string::<i32>();
                let clash = |r| self.rekey.contains_key(r).then_some("clash");
                let new = links.iter().zip(rows.values()).map(|(l, r)| clash(r).or(l));
                columns[at] = Arc::new(new.collect::<StringArray>());
            }
            batch = RecordBatch::try_new(schema, columns)?;
        }
        if self.drop.is_empty() && self.moved.is_empty() {
            return Ok(batch);
        }
        let keep: BooleanArray = rows
            .values()
            .iter()
            .map(|r| Some(!self.drop.contains(r) && !self.moved.contains(r)))
            .collect();
        Ok(filter_record_batch(&batch, &keep)?)
    }
}

/// A file of rows that is open for reading.
#[derive(Debug, Clone)]
pub struct RowsFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    groups: Vec<(i64, i64)>,
}

impl RowsFile {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(|e| Error::io("open", path, &e))?;
        let metadata = ArrowReaderMetadata::load(&file, Default::default()).map_err(|e| {
            Error::environment(format!("{} is damaged: {e}", path.display()))
                .hint("restore the lake from its backup, or remove the delivery and run again")
        })?;
        let pairs = metadata.metadata().file_metadata().key_value_metadata();
        let groups = pairs
            .and_then(|p| p.iter().find(|kv| kv.key == GROUPS))
            .and_then(|kv| serde_json::from_str(kv.value.as_deref()?).ok())
            .unwrap_or_default();
        Ok(Self { path: path.to_owned(), metadata, groups })
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows() as u64
    }

    /// Bytes of its rows as they are encoded, before compression.
    pub fn bytes(&self) -> u64 {
        self.metadata.metadata().row_groups().iter().map(|g| g.total_byte_size() as u64).sum()
    }

    /// Rows of a part, the named columns in the order given, with the changes that later stages
    /// made to them.
    ///
    /// # Errors
    /// What the disk says.
    pub fn scan(&self, part: Part, columns: &[String], edits: &Arc<Edits>) -> Result<Scan> {
        let edited = !(edits.drop.is_empty() && edits.rekey.is_empty() && edits.moved.is_empty());
        let (groups, filter) = self.groups_of(part);
        let mut wanted: Vec<usize> = Vec::new();
        for name in columns {
            wanted.push(self.schema().index_of(name)?);
        }
        let mut read = wanted.clone();
        if edited {
            read.push(self.schema().index_of(SRC_ROW)?);
        }
        read.sort_unstable();
        read.dedup();
        let place = |column: usize| read.binary_search(&column).expect("it was added above");
        let project: Vec<usize> = wanted.iter().map(|c| place(*c)).collect();
        let src_row = if edited { Some(place(self.schema().index_of(SRC_ROW)?)) } else { None };
        let file =
            std::fs::File::open(&self.path).map_err(|e| Error::io("open", &self.path, &e))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), read);
        let mut builder =
            builder.with_projection(mask).with_row_groups(groups).with_batch_size(8192);
        if let Some(keys) = filter {
            let key = self.schema().index_of(PERSON_KEY)?;
            let mask = ProjectionMask::roots(builder.parquet_schema(), [key]);
            builder = builder.with_row_filter(RowFilter::new(vec![Box::new(only(keys, mask))]));
        }
        Ok(Scan { reader: builder.build()?, project, src_row, edits: edits.clone() })
    }

    /// Some rows of the file by their numbers, all columns, without any changes.
    ///
    /// # Errors
    /// What the disk says.
    pub fn pick(&self, rows: Arc<BTreeSet<i64>>) -> Result<Scan> {
        let file =
            std::fs::File::open(&self.path).map_err(|e| Error::io("open", &self.path, &e))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let number = self.schema().index_of(SRC_ROW)?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), [number]);
        let wanted = ArrowPredicateFn::new(mask, move |batch| {
            let numbers = batch.column(0).as_primitive::<Int64Type>();
            Ok(numbers.values().iter().map(|n| Some(rows.contains(n))).collect())
        });
        let filter = RowFilter::new(vec![Box::new(wanted)]);
        let reader = builder.with_batch_size(8192).with_row_filter(filter).build()?;
        let project = (0..self.schema().fields().len()).collect();
        Ok(Scan { reader, project, src_row: None, edits: Arc::default() })
    }

    /// Row groups to read, and the keys to keep when a group holds more than is wanted.
    fn groups_of(&self, part: Part) -> (Vec<usize>, Option<KeyRange>) {
        let count = self.metadata.metadata().num_row_groups();
        let keys_of = |g: usize| {
            let (first, last) = self.groups.get(g).copied().unwrap_or((0, i64::MAX));
            KeyRange { first, last }
        };
        match part {
            Part::All => ((0..count).collect(), None),
            Part::Pending => ((0..count).filter(|g| keys_of(*g).first < 0).collect(), None),
            Part::Keys(keys) => {
                let groups: Vec<usize> = (0..count)
                    .filter(|g| keys_of(*g).first >= 0 && keys_of(*g).meets(keys))
                    .collect();
                let whole = groups.iter().all(|g| keys.covers(keys_of(*g)));
                (groups, (!whole).then_some(keys))
            }
        }
    }
}

/// Keeps the rows of some persons: the keys are read first, other columns only where they fit.
fn only(keys: KeyRange, mask: ProjectionMask) -> impl ArrowPredicate {
    ArrowPredicateFn::new(mask, move |batch| {
        let values = batch.column(0).as_primitive::<Int64Type>();
        Ok(values.iter().map(|k| Some(k.is_some_and(|k| keys.contains(k)))).collect())
    })
}

/// Batches of a scan.
pub struct Scan {
    reader: parquet::arrow::arrow_reader::ParquetRecordBatchReader,
    project: Vec<usize>,
    src_row: Option<usize>,
    edits: Arc<Edits>,
}

impl Scan {
    fn trim(&self, mut batch: RecordBatch) -> Result<RecordBatch> {
        if let Some(column) = self.src_row {
            batch = self.edits.apply(batch, column)?;
        }
        Ok(batch.project(&self.project)?)
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(batch.map_err(Error::from).and_then(|b| self.trim(b)))
    }
}
