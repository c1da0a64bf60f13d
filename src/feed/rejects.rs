//! The quarantine: rows that could not be read, with where they stand and why.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::read::RAW_CHARS;
use super::receipt::PartAccount;
use crate::error::Result;
use crate::lake::rows::{PERSON_KEY, RowsWriter};

/// Name of a delivery's quarantine table.
pub const REJECTS: &str = "rejects.parquet";

/// Columns of a quarantine table: file, sheet, physical line from 1, byte offset where known, the
/// table's column, the reason, and the raw text of the cell or row.
pub const REJECT_COLUMNS: [&str; 7] = ["file", "sheet", "line", "byte", "column", "reason", "raw"];

/// Columns behind these, which are shown to nobody: whom the row is about, see [`About`].
pub const ABOUT_COLUMNS: [&str; 2] = [PERSON_KEY, "keys"];

/// The schema of a quarantine table.
pub fn reject_schema() -> SchemaRef {
    let field = |name: &&str| {
        let number = matches!(*name, "line" | "byte" | PERSON_KEY);
        Field::new(*name, if number { DataType::Int64 } else { DataType::Utf8 }, true)
    };
    let names = REJECT_COLUMNS.iter().chain(&ABOUT_COLUMNS);
    Arc::new(Schema::new(names.map(field).collect::<Vec<_>>()))
}

/// Whom a quarantined row is about, as far as it says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The key of its person, where its ID is good.
    pub person: Option<i64>,
    /// JSON: the texts of the table's key columns, in their order; null for those that have none.
    pub keys: Option<String>,
}

impl About {
    /// Of a person, and of what the key columns say.
    pub(super) fn new(person: Option<i64>, keys: &[Option<String>]) -> Self {
        let said = keys.iter().any(Option::is_some);
        Self { person, keys: said.then(|| serde_json::to_string(keys).ok()).flatten() }
    }

    /// The texts of the key columns, from their JSON.
    pub fn texts(keys: &str) -> Vec<Option<String>> {
        serde_json::from_str(keys).unwrap_or_default()
    }
}

/// One quarantined row: its line from 1, its offset in the file where that is known, the table's
/// column (empty where it is about the row), the reason, the raw text, and whom it is about.
pub struct Reject<'a> {
    pub line: u64,
    pub byte: u64,
    pub column: &'a str,
    pub reason: &'a str,
    pub raw: &'a str,
    pub about: About,
}

/// Writes [`REJECTS`].
pub(super) struct RejectWriter {
    writer: RowsWriter,
    texts: [StringBuilder; 6],
    line: Int64Builder,
    byte: Int64Builder,
    person: Int64Builder,
    waiting: usize,
}

impl RejectWriter {
    /// Creates the table, without a row.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path) -> Result<Self> {
        Ok(Self {
            writer: RowsWriter::plain(path, reject_schema())?,
            texts: std::array::from_fn(|_| StringBuilder::new()),
            line: Int64Builder::new(),
            byte: Int64Builder::new(),
            person: Int64Builder::new(),
            waiting: 0,
        })
    }

    /// Counts a row of a part and writes it down.
    ///
    /// # Errors
    /// What the disk says.
    pub fn quarantine(
        &mut self,
        part: &mut PartAccount,
        reasons: &mut BTreeMap<String, u64>,
        reject: &Reject<'_>,
    ) -> Result<()> {
        part.quarantined += 1;
        *reasons.entry(reject.reason.to_owned()).or_default() += 1;
        let [file, sheet, column, reason, raw, keys] = &mut self.texts;
        file.append_value(&part.file);
        sheet.append_option(part.sheet.as_deref());
        column.append_option(Some(reject.column).filter(|c| !c.is_empty()));
        reason.append_value(reject.reason);
        // A cell may have 64 KiB, a place several cells, and thousands of rows wait here.
        let end = reject.raw.char_indices().nth(RAW_CHARS).map_or(reject.raw.len(), |(at, _)| at);
        raw.append_value(&reject.raw[..end]);
        self.line.append_value(reject.line as i64);
        self.byte.append_value(reject.byte as i64);
        self.person.append_option(reject.about.person);
        keys.append_option(reject.about.keys.as_deref());
        self.waiting += 1;
        if self.waiting >= 8192 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.waiting == 0 {
            return Ok(());
        }
        self.waiting = 0;
        let [file, sheet, column, reason, raw, keys] = &mut self.texts;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(file.finish()),
            Arc::new(sheet.finish()),
            Arc::new(self.line.finish()),
            Arc::new(self.byte.finish()),
            Arc::new(column.finish()),
            Arc::new(reason.finish()),
            Arc::new(raw.finish()),
            Arc::new(self.person.finish()),
            Arc::new(keys.finish()),
        ];
        self.writer.push(&RecordBatch::try_new(reject_schema(), columns)?)
    }

    /// Writes what still waits; the number of rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        self.writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::*;
    use crate::lake::rows::{Edits, Part, RowsFile};

    #[test]
    fn of_a_long_cell_the_beginning_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(REJECTS);
        let mut rejects = RejectWriter::create(&path).unwrap();
        let (mut part, mut reasons) = (PartAccount::default(), BTreeMap::new());
        for raw in ["张三".to_owned(), "张".repeat(RAW_CHARS + 1)] {
            let reject = Reject {
                line: 2,
                byte: 0,
                column: "name",
                reason: "bad",
                raw: &raw,
                about: About::default(),
            };
            rejects.quarantine(&mut part, &mut reasons, &reject).unwrap();
        }
        assert_eq!(rejects.finish().unwrap(), 2);
        let file = RowsFile::open(&path).unwrap();
        for batch in file.scan(Part::All, &["raw".to_owned()], &Edits::default().into()).unwrap() {
            let batch = batch.unwrap();
            let kept = batch.column(0).as_string::<i32>();
            let kept: Vec<usize> = kept.iter().flatten().map(|raw| raw.chars().count()).collect();
            assert_eq!(kept, [2, RAW_CHARS]);
        }
    }
}
