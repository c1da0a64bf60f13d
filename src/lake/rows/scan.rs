//! Reads rows of a file: group after group, each of them from the disk at one stroke.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowFilter,
};

use super::group::{self, BATCH_ROWS, Mask};
use super::{Edits, PERSON_KEY, RowsFile, SRC_ROW};
use crate::error::{Error, Result};
use crate::lake::bucket::KeyRange;

/// What is read of a file.
struct Wanted {
    file: RowsFile,
    mask: Mask,
    /// Places of the wanted columns among those that are read.
    project: Vec<usize>,
    /// Places of the row's number, where there are changes, and of its key, where some are left out.
    src_row: Option<usize>,
    key: Option<usize>,
    edits: Arc<Edits>,
}

impl Wanted {
    fn new(file: &RowsFile, columns: &[String], edits: &Arc<Edits>, keyed: bool) -> Result<Self> {
        let place = |name: &str| file.schema().index_of(name);
        let wanted = columns.iter().map(|name| place(name)).collect::<Result<Vec<_>, _>>()?;
        let src_row = if edits.is_empty() { None } else { Some(place(SRC_ROW)?) };
        let key = if keyed { Some(place(PERSON_KEY)?) } else { None };
        let mut mask: Vec<usize> = wanted.iter().copied().chain(src_row).chain(key).collect();
        mask.sort_unstable();
        mask.dedup();
        let among = |column: usize| mask.partition_point(|other| *other < column);
        let project = wanted.into_iter().map(among).collect();
        let (src_row, key) = (src_row.map(among), key.map(among));
        let mask = Mask::new(&file.footer, mask)?;
        Ok(Self { file: file.clone(), mask, project, src_row, key, edits: edits.clone() })
    }

    fn open(&self) -> Result<File> {
        File::open(&self.file.path).map_err(|e| Error::io("open", &self.file.path, &e))
    }

    /// Decodes a group.
    fn group(&self, handle: &mut File, group: usize) -> Result<ParquetRecordBatchReader> {
        group::read(handle, &self.file.path, &self.file.footer, &self.mask, group)
    }

    /// That rows of the file cannot be decoded is no fault of who wants to have them.
    fn damaged(&self) -> Error {
        let path = self.file.path.display();
        Error::environment(format!("{path} is damaged: its rows cannot be decoded"))
            .hint("`bidui verify` names every file that is not what was written")
            .hint("restore the lake from its backup, or remove the delivery and run again")
    }

    /// The rows of a batch as they are wanted.
    fn trim(&self, mut batch: RecordBatch) -> Result<RecordBatch> {
        if let Some(column) = self.src_row {
            batch = self.edits.apply(batch, column)?;
        }
        Ok(batch.project(&self.project)?)
    }

    /// Of a batch that was read the rows with these keys. Where they stand together, nothing is copied.
    fn of(&self, batch: RecordBatch, keys: KeyRange) -> Result<RecordBatch> {
        let Some(at) = self.key else { return Ok(batch) };
        let column = batch.column(at).as_primitive::<Int64Type>();
        let fits = |row: &usize| column.is_valid(*row) && keys.contains(column.value(*row));
        let mut rows = 0..column.len();
        let Some(first) = rows.find(fits) else { return Ok(batch.slice(0, 0)) };
        let last = rows.rfind(fits).unwrap_or(first);
        if rows.all(|row| fits(&row)) {
            return Ok(batch.slice(first, last + 1 - first));
        }
        let keep: BooleanArray = (0..column.len()).map(|row| Some(fits(&row))).collect();
        Ok(filter_record_batch(&batch, &keep)?)
    }
}

/// Batches of a scan.
pub struct Scan {
    wanted: Wanted,
    handle: File,
    /// Groups that are still to be read.
    groups: std::vec::IntoIter<usize>,
    /// Keys of the rows that are wanted.
    keys: Option<KeyRange>,
    /// The group under way, and the keys to keep when it holds more than is wanted.
    open: Option<(ParquetRecordBatchReader, Option<KeyRange>)>,
}

impl Scan {
    /// The named columns of some groups of a file, in the order of the groups: the rows with these
    /// keys, or all.
    ///
    /// # Errors
    /// A column that the file does not have; the file cannot be opened.
    pub(super) fn new(
        file: &RowsFile,
        groups: Vec<usize>,
        keys: Option<KeyRange>,
        columns: &[String],
        edits: &Arc<Edits>,
    ) -> Result<Self> {
        let whole =
            |keys: KeyRange| groups.iter().all(|group| keys.covers(file.footer.keys_of(*group)));
        let keys = keys.filter(|keys| !whole(*keys));
        let wanted = Wanted::new(file, columns, edits, keys.is_some())?;
        let handle = wanted.open()?;
        Ok(Self { wanted, handle, groups: groups.into_iter(), keys, open: None })
    }

    /// See [`RowsFile::pick`].
    ///
    /// # Errors
    /// The file cannot be opened or is damaged.
    pub(super) fn pick(file: &RowsFile, rows: Arc<BTreeSet<i64>>) -> Result<Self> {
        let fields = file.schema().fields().iter();
        let columns: Vec<String> = fields.map(|field| field.name().clone()).collect();
        let wanted = Wanted::new(file, &columns, &Arc::default(), false)?;
        let handle = wanted.open()?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(wanted.open()?)?;
        let number = file.schema().index_of(SRC_ROW)?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), [number]);
        let picked = ArrowPredicateFn::new(mask, move |batch| {
            let numbers = batch.column(0).as_primitive::<Int64Type>();
            Ok(numbers.values().iter().map(|n| Some(rows.contains(n))).collect())
        });
        let filter = RowFilter::new(vec![Box::new(picked)]);
        let reader = builder.with_batch_size(BATCH_ROWS).with_row_filter(filter).build()?;
        let groups = Vec::new().into_iter();
        Ok(Self { wanted, handle, groups, keys: None, open: Some((reader, None)) })
    }

    fn step(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some((reader, keys)) = &mut self.open
                && let Some(batch) = reader.next()
            {
                let batch = batch.map_err(|_| self.wanted.damaged())?;
                let batch = match keys {
                    Some(keys) => self.wanted.of(batch, *keys)?,
                    None => batch,
                };
                return self.wanted.trim(batch).map(Some);
            }
            let Some(group) = self.groups.next() else { return Ok(None) };
            let more = |keys: &KeyRange| !keys.covers(self.wanted.file.footer.keys_of(group));
            let keys = self.keys.filter(more);
            self.open = Some((self.wanted.group(&mut self.handle, group)?, keys));
        }
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// Reads ranges of keys of one file in their order. A group that reaches beyond a range is decoded
/// once for all that want a part of it.
pub struct Cursor {
    wanted: Wanted,
    /// The last group that reached beyond its range.
    held: Option<(usize, Vec<RecordBatch>)>,
}

impl Cursor {
    /// A cursor over the named columns, with the changes that later stages made to them.
    ///
    /// # Errors
    /// A column that the file does not have.
    pub fn new(file: &RowsFile, columns: &[String], edits: &Arc<Edits>) -> Result<Self> {
        Ok(Self { wanted: Wanted::new(file, columns, edits, true)?, held: None })
    }

    /// The rows of some persons.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keys(&mut self, keys: KeyRange) -> Result<Vec<RecordBatch>> {
        let groups = self.wanted.file.groups_of(super::Part::Keys(keys));
        let mut handle = None;
        let mut rows = Vec::new();
        for group in groups {
            let held = match self.held.take() {
                Some((at, held)) if at == group => held,
                _ => {
                    let handle = match &mut handle {
                        Some(handle) => handle,
                        None => handle.insert(self.wanted.open()?),
                    };
                    let batches = self.wanted.group(handle, group)?;
                    let batches = batches.collect::<Result<Vec<_>, _>>();
                    batches.map_err(|_| self.wanted.damaged())?
                }
            };
            let own = self.wanted.file.footer.keys_of(group);
            for batch in &held {
                let batch = match keys.covers(own) {
                    true => batch.clone(),
                    false => self.wanted.of(batch.clone(), keys)?,
                };
                let batch = self.wanted.trim(batch)?;
                if batch.num_rows() > 0 {
                    rows.push(batch);
                }
            }
            if own.last > keys.last {
                self.held = Some((group, held));
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::datatypes::{DataType, Field, Schema};

    use super::super::{Part, RowsWriter};
    use super::*;
    use crate::error::Kind;

    #[test]
    fn rows_that_cannot_be_decoded_are_a_damaged_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("rows.parquet");
        let schema = Arc::new(Schema::new(vec![Field::new(PERSON_KEY, DataType::Int64, true)]));
        let keys = Int64Array::from_iter_values(0..100);
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(keys)]).unwrap();
        let mut writer = RowsWriter::plain(&path, schema).unwrap();
        writer.push(&batch).unwrap();
        writer.finish().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        // The footer stays as it was.
        let length = bytes.last_chunk::<8>().map(|end| [end[0], end[1], end[2], end[3]]).unwrap();
        let footer = bytes.len() - 8 - u32::from_le_bytes(length) as usize;
        bytes[4..footer].fill(0xFF);
        crate::lake::durable::write(&path, &bytes).unwrap();
        let file = RowsFile::open(&path).unwrap();
        let columns = [PERSON_KEY.to_owned()];
        let scan = file.scan(Part::All, &columns, &Arc::default());
        let scanned = scan.and_then(|scan| scan.collect::<Result<Vec<_>>>());
        let cursor = Cursor::new(&file, &columns, &Arc::default());
        let read = cursor.and_then(|mut cursor| cursor.keys(KeyRange::ALL));
        for error in [scanned.expect_err("damaged"), read.expect_err("damaged")] {
            assert_eq!(error.kind, Kind::Environment, "{error}");
            assert!(error.message.contains("rows.parquet is damaged"), "{error}");
        }
    }
}
