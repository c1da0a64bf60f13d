//! Writes files of rows: scattered by bucket, one range of person keys to a row group.

use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Int64Type, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::aside::Aside;
use super::{GROUPS, PERSON_KEY, SRC_ROW};
use crate::error::{Error, Result};
use crate::lake::bucket::{KeyRange, MOST_JOBS, bucket_of, keys_of};
use crate::lake::durable;

/// Bytes of rows that gather before they are scattered.
const RUN_BYTES: usize = 32 << 20;
/// Row groups below this many rows are joined with their neighbours. Whoever wants the persons of a
/// part of a group has to decode all of it, and the footer grows with every group.
const GROUP_ROWS: usize = 1 << 14;
/// A file whose rows are read range by range has smaller groups when it has few rows, though none
/// below this.
const LEAST_GROUP_ROWS: usize = 1 << 11;
/// Groups of such a file, about.
const GROUPS_WANTED: u64 = 1 << 10;

/// Where a row stands in a run: its batch, and its place there.
type At = (usize, usize);

/// Writes one file of rows.
pub struct RowsWriter {
    schema: SchemaRef,
    key: Option<usize>,
    buckets: usize,
    path: PathBuf,
    writer: ArrowWriter<durable::Writer>,
    file: durable::Writer,
    run: Vec<RecordBatch>,
    run_bytes: usize,
    run_limit: usize,
    /// Rows come in any order: runs wait on disk for each other.
    gather: bool,
    aside: Option<Aside>,
    groups: Vec<(i64, i64)>,
    rows: u64,
}

impl RowsWriter {
    /// Creates a file whose rows come roughly by person key: each run of them is scattered by
    /// bucket and written.
    ///
    /// # Errors
    /// What the disk says.
    pub fn bucketed(path: &Path, schema: SchemaRef, buckets: usize) -> Result<Self> {
        let key = schema.index_of(PERSON_KEY).ok();
        Self::create(path, schema, buckets, key)
    }

    /// Creates a file whose rows come in any order. What is more than one run waits on disk, so
    /// that a range of keys lies in one place however long the file is.
    ///
    /// # Errors
    /// What the disk says.
    pub fn gathered(path: &Path, schema: SchemaRef, buckets: usize) -> Result<Self> {
        let mut writer = Self::bucketed(path, schema, buckets)?;
        writer.gather = writer.key.is_some();
        Ok(writer)
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
        Ok(Self {
            schema,
            key,
            buckets,
            path: path.to_owned(),
            writer,
            file,
            run: Vec::new(),
            run_bytes: 0,
            run_limit: RUN_BYTES,
            gather: false,
            aside: None,
            groups: Vec::new(),
            rows: 0,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.run_bytes += batch.get_array_memory_size();
        self.run.push(batch);
        if self.run_bytes < self.run_limit {
            return Ok(());
        }
        if self.gather { self.set_aside() } else { self.flush() }
    }

    /// Ends the file; the number of its rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(mut self) -> Result<u64> {
        if self.aside.is_some() {
            self.set_aside()?;
            self.take_back()?;
        } else {
            self.flush()?;
        }
        let groups = serde_json::to_string(&self.groups).expect("pairs of numbers are JSON");
        self.writer.append_key_value_metadata(KeyValue::new(GROUPS.into(), groups));
        self.writer.close()?;
        self.file.finish()?;
        Ok(self.rows)
    }

    /// Rows of a group, at least. All rows have come before any of a gathered file is written.
    fn group_rows(&self) -> usize {
        if !self.gather {
            return GROUP_ROWS;
        }
        usize::try_from(self.rows / GROUPS_WANTED)
            .map_or(GROUP_ROWS, |rows| rows.clamp(LEAST_GROUP_ROWS, GROUP_ROWS))
    }

    /// Writes the run as row groups.
    fn flush(&mut self) -> Result<()> {
        let run = std::mem::take(&mut self.run);
        self.run_bytes = 0;
        let Some(key) = self.key else {
            for batch in &run {
                self.writer.write(batch)?;
            }
            return if run.is_empty() { Ok(()) } else { self.end_group((0, i64::MAX)) };
        };
        let pending = self.groups_of(&run, key, 0..self.buckets, self.buckets)?;
        self.write_group(&run, &pending, (-1, -1))
    }

    /// Sets the scattered run aside.
    fn set_aside(&mut self) -> Result<()> {
        let run = std::mem::take(&mut self.run);
        self.run_bytes = 0;
        let Some(key) = self.key else { return Err(Error::bug("rows without keys are gathered")) };
        let aside = match &mut self.aside {
            Some(aside) => aside,
            None => self.aside.insert(Aside::create(&self.path, &self.schema, self.buckets)?),
        };
        let (places, pending) = scatter(&run, key, 0..self.buckets, self.buckets);
        for (bucket, rows) in places.iter().chain([&pending]).enumerate() {
            for rows in gather(&run, rows) {
                aside.write(&rows?, bucket)?;
            }
        }
        Ok(())
    }

    /// Writes all rows that were set aside, bucket by bucket.
    fn take_back(&mut self) -> Result<()> {
        let (Some(aside), Some(key)) = (self.aside.take(), self.key) else { return Ok(()) };
        let mut aside = aside.back()?;
        // A bucket of many rows is split: whoever reads fewer persons than a bucket holds gains.
        let finer = MOST_JOBS.max(self.buckets) / self.buckets;
        let (mut run, mut first) = (Vec::new(), 0);
        for bucket in 0..self.buckets {
            for batch in aside.read(bucket) {
                run.push(batch?);
            }
            let rows: usize = run.iter().map(RecordBatch::num_rows).sum();
            if rows >= self.group_rows() || bucket + 1 == self.buckets {
                let range = first * finer..(bucket + 1) * finer;
                self.groups_of(&run, key, range, self.buckets * finer)?;
                run.clear();
                first = bucket + 1;
            }
        }
        let mut pending = false;
        for batch in aside.read(self.buckets) {
            self.writer.write(&batch?)?;
            pending = true;
        }
        if pending {
            self.end_group((-1, -1))?;
        }
        aside.remove()
    }

    /// Writes the rows of a run that have keys as row groups that together cover `buckets`, out
    /// of `of`; where the others stand.
    fn groups_of(
        &mut self,
        run: &[RecordBatch],
        key: usize,
        buckets: Range<usize>,
        of: usize,
    ) -> Result<Vec<At>> {
        let (places, pending) = scatter(run, key, buckets.clone(), of);
        let mut group: Vec<At> = Vec::new();
        let mut first = buckets.start;
        let mut left: usize = places.iter().map(Vec::len).sum();
        for (bucket, rows) in buckets.clone().zip(places) {
            left -= rows.len();
            group.extend(rows);
            if group.len().min(left) >= self.group_rows() || bucket + 1 == buckets.end {
                let keys =
                    KeyRange { first: keys_of(first, of).first, last: keys_of(bucket, of).last };
                self.write_group(run, &group, (keys.first, keys.last))?;
                group.clear();
                first = bucket + 1;
            }
        }
        Ok(pending)
    }

    fn write_group(&mut self, run: &[RecordBatch], rows: &[At], keys: (i64, i64)) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        for rows in gather(run, rows) {
            let rows = rows?;
            debug_assert_eq!(rows.schema(), self.schema, "rows of one schema");
            self.writer.write(&rows)?;
        }
        self.end_group(keys)
    }

    fn end_group(&mut self, keys: (i64, i64)) -> Result<()> {
        self.writer.flush()?;
        self.groups.push(keys);
        Ok(())
    }
}

/// The places of a run's rows by bucket, for some buckets out of `of`, and of rows without a key.
fn scatter(
    run: &[RecordBatch],
    key: usize,
    buckets: Range<usize>,
    of: usize,
) -> (Vec<Vec<At>>, Vec<At>) {
    let mut places: Vec<Vec<At>> = vec![Vec::new(); buckets.len()];
    let mut pending = Vec::new();
    for (b, batch) in run.iter().enumerate() {
        let keys = batch.column(key).as_primitive::<Int64Type>();
        for row in 0..keys.len() {
            if keys.is_null(row) {
                pending.push((b, row));
            } else {
                places[bucket_of(keys.value(row), of) - buckets.start].push((b, row));
            }
        }
    }
    (places, pending)
}

/// Some rows of a run, copied together.
fn gather(run: &[RecordBatch], rows: &[At]) -> impl Iterator<Item = Result<RecordBatch>> {
    let batches: Vec<&RecordBatch> = run.iter().collect();
    rows.chunks(8192).map(move |rows| Ok(interleave_record_batch(&batches, rows)?))
}

/// Compression, statistics and encodings of the lake's files; no wall clock, no machine.
fn properties() -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by("bidui".into())
        // Zstd makes files a third smaller, but sets up a table for every page of every column: with
        // groups of few rows that alone was 15 % of a night.
        .set_compression(Compression::LZ4_RAW)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use arrow::datatypes::{DataType, Field, Schema};

    use super::super::{Part, RowsFile};
    use super::*;

    /// Key and number of the rows of a part, as they are read.
    fn read(file: &RowsFile, part: Part) -> Vec<(Option<i64>, i64)> {
        let columns = [SRC_ROW.to_owned(), PERSON_KEY.to_owned()];
        let mut rows = Vec::new();
        for batch in file.scan(part, &columns, &Arc::default()).unwrap() {
            let batch = batch.unwrap();
            let numbers = batch.column(0).as_primitive::<Int64Type>().values();
            rows.extend(batch.column(1).as_primitive::<Int64Type>().iter().zip(numbers.to_vec()));
        }
        rows
    }

    #[test]
    fn rows_in_any_order_lie_together_and_are_read_by_any_range() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("rows.parquet");
        let fields = [PERSON_KEY, SRC_ROW].map(|n| Field::new(n, DataType::Int64, true));
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let mut writer = RowsWriter::gathered(&path, schema.clone(), 4).unwrap();
        writer.run_limit = 1 << 16;
        let mixed = |n: i64| (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
        let key = |n: i64| (n % 1000 != 0).then(|| mixed(n) as i64);
        let all: Vec<(Option<i64>, i64)> = (0..200_000).map(|n| (key(n), n)).collect();
        for rows in all.chunks(3000) {
            let keys: Int64Array = rows.iter().map(|r| r.0).collect();
            let numbers: Int64Array = rows.iter().map(|r| Some(r.1)).collect();
            let columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(keys), Arc::new(numbers)];
            writer.push(RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
        }
        assert!(writer.aside.is_some(), "they are more than one run");
        assert_eq!(writer.finish().unwrap(), 200_000);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "nothing stays aside");

        let file = RowsFile::open(&path).unwrap();
        let keyed: Vec<_> = file.groups.iter().filter(|g| g.0 >= 0).collect();
        assert!(keyed.len() > 4, "a bucket of many rows is split: {keyed:?}");
        assert!(keyed.windows(2).all(|two| two[0].1 < two[1].0), "no two meet: {keyed:?}");
        // More ranges than buckets and than groups: each row comes once.
        for range in (0..64).map(|n| keys_of(n, 64)) {
            let own = |r: &&(Option<i64>, i64)| r.0.is_some_and(|k| range.contains(k));
            let mut found = read(&file, Part::Keys(range));
            assert!(found.len() > 1000);
            found.sort_by_key(|r| r.1);
            assert_eq!(found, all.iter().filter(own).copied().collect::<Vec<_>>());
        }
        let waiting: Vec<_> = all.iter().filter(|r| r.0.is_none()).copied().collect();
        assert_eq!(read(&file, Part::Pending), waiting, "in the order that they came");
    }
}
