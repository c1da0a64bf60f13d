//! Parquet files of typed rows, grouped by person bucket, that any Parquet reader reads.
//!
//! A file is written in runs: rows gather in memory up to a cap, are scattered by bucket, and each
//! bucket (or range of small ones) becomes a row group. The footer says which keys each row group
//! holds, so a bucket is read without touching the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{filter_record_batch, interleave_record_batch};
use arrow::datatypes::{Int64Type, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::bucket::{KeyRange, bucket_of, keys_of};
use super::durable;
use crate::error::{Error, Result};

/// Column of the person key.
pub const PERSON_KEY: &str = "person_key";
/// Column of how the row was linked to its person.
pub const LINK: &str = "link";
/// Column of the row's number within its delivery.
pub const SRC_ROW: &str = "src_row";

/// Bytes of rows that gather before they are scattered.
const RUN_BYTES: usize = 48 << 20;
/// Row groups below this many rows are joined with their neighbours.
const GROUP_ROWS: usize = 8192;
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

/// Writes one file of rows.
pub struct RowsWriter {
    schema: SchemaRef,
    key: Option<usize>,
    buckets: usize,
    writer: ArrowWriter<durable::Writer>,
    file: durable::Writer,
    run: Vec<RecordBatch>,
    run_bytes: usize,
    groups: Vec<(i64, i64)>,
    rows: u64,
}

impl RowsWriter {
    /// Creates a file; with a `person_key` column it is grouped into `buckets`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn bucketed(path: &Path, schema: SchemaRef, buckets: usize) -> Result<Self> {
        let key = schema.index_of(PERSON_KEY).ok();
        Self::create(path, schema, buckets, key)
    }

    /// Creates a file that keeps the order of its rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn plain(path: &Path, schema: SchemaRef) -> Result<Self> {
        Self::create(path, schema, 1, None)
    }

    fn create(path: &Path, schema: SchemaRef, buckets: usize, key: Option<usize>) -> Result<Self> {
        let file = durable::Writer::create(path)?;
        let writer = ArrowWriter::try_new(file.clone(), schema.clone(), Some(properties()))?;
        let (run, groups) = (Vec::new(), Vec::new());
        Ok(Self { schema, key, buckets, writer, file, run, run_bytes: 0, groups, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.run_bytes += batch.get_array_memory_size();
        self.run.push(batch);
        if self.run_bytes >= RUN_BYTES { self.flush() } else { Ok(()) }
    }

    /// Ends the file; the number of its rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        let groups = serde_json::to_string(&self.groups).expect("pairs of numbers are JSON");
        self.writer.append_key_value_metadata(KeyValue::new(GROUPS.into(), groups));
        self.writer.close()?;
        self.file.finish()?;
        Ok(self.rows)
    }

    /// Scatters the gathered run into row groups.
    fn flush(&mut self) -> Result<()> {
        let run = std::mem::take(&mut self.run);
        self.run_bytes = 0;
        let Some(key) = self.key else {
            for batch in &run {
                self.writer.write(batch)?;
            }
            if !run.is_empty() {
                self.writer.flush()?;
                self.groups.push((0, i64::MAX));
            }
            return Ok(());
        };
        // One list of places for each bucket, the last for rows without a key.
        let mut places: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.buckets + 1];
        for (b, batch) in run.iter().enumerate() {
            let keys = batch.column(key).as_primitive::<Int64Type>();
            for row in 0..keys.len() {
                let bucket = if keys.is_null(row) {
                    self.buckets
                } else {
                    bucket_of(keys.value(row), self.buckets)
                };
                places[bucket].push((b, row));
            }
        }
        let pending = places.pop().unwrap_or_default();
        let batches: Vec<&RecordBatch> = run.iter().collect();
        let mut group: Vec<(usize, usize)> = Vec::new();
        let mut first = 0;
        for (bucket, rows) in places.into_iter().enumerate() {
            group.extend(rows);
            if group.len() >= GROUP_ROWS || bucket + 1 == self.buckets {
                let keys = KeyRange {
                    first: keys_of(first, self.buckets).first,
                    last: keys_of(bucket, self.buckets).last,
                };
                self.write_group(&batches, &group, (keys.first, keys.last))?;
                group.clear();
                first = bucket + 1;
            }
        }
        self.write_group(&batches, &pending, (-1, -1))
    }

    fn write_group(
        &mut self,
        batches: &[&RecordBatch],
        places: &[(usize, usize)],
        keys: (i64, i64),
    ) -> Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        for chunk in places.chunks(1 << 16) {
            let rows = interleave_record_batch(batches, chunk)?;
            debug_assert_eq!(rows.schema(), self.schema, "rows of one schema");
            self.writer.write(&rows)?;
        }
        self.writer.flush()?;
        self.groups.push(keys);
        Ok(())
    }
}

/// Compression, statistics and encodings of the lake's files; no wall clock, no machine.
fn properties() -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by("bidui".into())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("1 is a zstd level")))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(1 << 30));
    for column in [PERSON_KEY, SRC_ROW, "src_line", "src_byte"] {
        let path = ColumnPath::from(column);
        builder = builder.set_column_dictionary_enabled(path.clone(), false);
        if column != PERSON_KEY {
            builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    builder.build()
}

/// Changes to the rows of one delivery that later stages made, by `src_row`.
#[derive(Debug, Default, Clone)]
pub struct Edits {
    /// Rows that are not used: superseded, or written elsewhere under another person.
    pub drop: BTreeSet<i64>,
    /// Rows whose ID is somebody else's: another person key of the same bucket, `link` = clash.
    pub rekey: BTreeMap<i64, i64>,
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
        if self.drop.is_empty() {
            return Ok(batch);
        }
        let keep: BooleanArray =
            rows.values().iter().map(|r| Some(!self.drop.contains(r))).collect();
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

    /// Rows of a part, the named columns in the order given, with the changes that later stages
    /// made to them.
    ///
    /// # Errors
    /// What the disk says.
    pub fn scan(&self, part: Part, columns: &[String], edits: &Arc<Edits>) -> Result<Scan> {
        let edited = !edits.drop.is_empty() || !edits.rekey.is_empty();
        let (groups, filter) = self.groups_of(part);
        let mut wanted: Vec<usize> = Vec::new();
        for name in columns {
            wanted.push(self.schema().index_of(name)?);
        }
        let mut read = wanted.clone();
        if filter.is_some() {
            read.push(self.schema().index_of(PERSON_KEY)?);
        }
        if edited {
            read.push(self.schema().index_of(SRC_ROW)?);
        }
        read.sort_unstable();
        read.dedup();
        let place = |column: usize| read.binary_search(&column).expect("it was added above");
        let project: Vec<usize> = wanted.iter().map(|c| place(*c)).collect();
        let filter = match filter {
            Some(keys) => Some((place(self.schema().index_of(PERSON_KEY)?), keys)),
            None => None,
        };
        let src_row = if edited { Some(place(self.schema().index_of(SRC_ROW)?)) } else { None };
        let file =
            std::fs::File::open(&self.path).map_err(|e| Error::io("open", &self.path, &e))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), read);
        let reader =
            builder.with_projection(mask).with_row_groups(groups).with_batch_size(8192).build()?;
        Ok(Scan { reader, project, filter, src_row, edits: edits.clone() })
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

/// Batches of a scan.
pub struct Scan {
    reader: parquet::arrow::arrow_reader::ParquetRecordBatchReader,
    project: Vec<usize>,
    filter: Option<(usize, KeyRange)>,
    src_row: Option<usize>,
    edits: Arc<Edits>,
}

impl Scan {
    fn trim(&self, mut batch: RecordBatch) -> Result<RecordBatch> {
        if let Some((column, keys)) = self.filter {
            let values = batch.column(column).as_primitive::<Int64Type>();
            let keep: BooleanArray =
                values.iter().map(|k| Some(k.is_some_and(|k| keys.contains(k)))).collect();
            batch = filter_record_batch(&batch, &keep)?;
        }
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
