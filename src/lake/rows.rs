//! Parquet files of typed rows, grouped by person bucket, that any Parquet reader reads.
//!
//! Each row group holds one range of person keys. The footer says which, so some persons are read
//! without touching the others.

mod footer;
mod gather;
mod group;
mod numbers;
mod packed;
mod properties;
mod scan;
mod unpack;
mod writer;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int64Type, SchemaRef};
use foldhash::fast::FixedState;

use footer::{Footer, SharedFooter};
pub use gather::Gather;
pub use numbers::Numbers;
pub use packed::Packed;
pub use scan::{Cursor, Scan};
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
    pub drop: Numbers,
    /// Rows whose ID is somebody else's: another person key of the same bucket, `link` = clash.
    pub rekey: HashMap<i64, i64, FixedState>,
    /// Rows that are used, but lie in a file of the night under another person.
    pub moved: Numbers,
}

impl Edits {
    /// Is nothing changed?
    pub fn is_empty(&self) -> bool {
        self.drop.is_empty() && self.rekey.is_empty() && self.moved.is_empty()
    }

    /// What tells these changes from all others.
    pub fn digest(&self) -> Vec<u8> {
        let mut rekey: Vec<(i64, i64)> = self.rekey.iter().map(|(row, key)| (*row, *key)).collect();
        rekey.sort_unstable();
        let drop = self.drop.words().count() as u64;
        let rows = std::iter::once(drop).chain(self.drop.words()).chain(self.moved.words());
        let keys = rekey.into_iter().flat_map(|(row, key)| [row as u64, key as u64]);
        let count = self.rekey.len() as u64;
        std::iter::once(count).chain(keys).chain(rows).flat_map(u64::to_le_bytes).collect()
    }

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
            .map(|r| Some(!self.drop.contains(*r) && !self.moved.contains(*r)))
            .collect();
        Ok(filter_record_batch(&batch, &keep)?)
    }
}

/// A file of rows that is open for reading.
#[derive(Debug, Clone)]
pub struct RowsFile {
    path: PathBuf,
    footer: SharedFooter,
}

impl RowsFile {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(|e| Error::io("open", path, &e))?;
        let footer = Arc::new(Footer::read(&file, path)?);
        Ok(Self { path: path.to_owned(), footer })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.footer.schema
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.footer.file.file_metadata().num_rows() as u64
    }

    /// Bytes of its rows as they are encoded, before compression.
    pub fn bytes(&self) -> u64 {
        self.footer.bytes
    }

    /// Rows of a part, the named columns in the order given, with the changes that later stages
    /// made to them.
    ///
    /// # Errors
    /// What the disk says.
    pub fn scan(&self, part: Part, columns: &[String], edits: &Arc<Edits>) -> Result<Scan> {
        let keys = if let Part::Keys(keys) = part { Some(keys) } else { None };
        Scan::new(self, self.groups_of(part), keys, columns, edits)
    }

    /// Some rows of the file by their numbers, all columns, without any changes.
    ///
    /// # Errors
    /// What the disk says.
    pub fn pick(&self, rows: Arc<BTreeSet<i64>>) -> Result<Scan> {
        Scan::pick(self, rows)
    }

    /// Row groups in which rows of a part lie.
    fn groups_of(&self, part: Part) -> Vec<usize> {
        let all = 0..self.footer.groups();
        let meets = |keys: KeyRange| match part {
            Part::All => true,
            Part::Pending => keys.first < 0,
            Part::Keys(wanted) => keys.first >= 0 && keys.meets(wanted),
        };
        all.filter(|group| meets(self.footer.keys_of(*group))).collect()
    }
}
