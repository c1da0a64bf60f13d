//! Subjects that a view gives more than once. Two rows of one subject would be judged twice and make
//! one anomaly: whichever row came last would be told, and nobody would know.
//!
//! Subjects are compared by a hash of 128 bits.

use std::path::Path;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use xxhash_rust::xxh3::xxh3_128;

use super::subject_texts;
use crate::error::{Error, Result};
use crate::lake::heaps::Heaps;
use crate::lake::rows::{Part, RowsFile};
use crate::privacy::PersonKeys;

/// Values of a subject column as anomalies and cases have them: without ID numbers.
///
/// # Errors
/// A type that has no text.
pub fn subject_names(array: &ArrayRef, keys: &PersonKeys) -> Result<Vec<Option<String>>> {
    let texts = subject_texts(array)?;
    if array.data_type() == &DataType::Int64 {
        return Ok(texts);
    }
    Ok(texts.into_iter().map(|text| text.map(|text| keys.hide(&text))).collect())
}

/// The subjects of some rows.
#[derive(Debug, Default)]
pub struct Subjects {
    hashes: Vec<u128>,
}

impl Subjects {
    /// Adds the rows of a batch, whose subject is the column of this name.
    ///
    /// # Errors
    /// There is no such column.
    pub fn push(&mut self, batch: &RecordBatch, subject: &str) -> Result<()> {
        let column = batch.column_by_name(subject);
        let column = column.ok_or_else(|| Error::bug("a view without its subject"))?;
        self.hashes.extend(hashes(column)?);
        Ok(())
    }

    /// Which of them stand more than once.
    pub fn repeats(mut self) -> Repeats {
        self.hashes.sort_unstable();
        let mut repeats = Repeats::default();
        for same in self.hashes.chunk_by(|a, b| a == b).filter(|same| same.len() > 1) {
            repeats.found(same[0]);
        }
        repeats
    }
}

/// The subjects of all parts of a view.
pub struct AllSubjects {
    hashes: Heaps<2>,
}

impl AllSubjects {
    /// What has no room in memory waits in a folder beside `path`.
    pub fn new(path: &Path) -> Self {
        Self { hashes: Heaps::new(path) }
    }

    /// Adds the rows of a part.
    ///
    /// # Errors
    /// What the disk says.
    pub fn append(&mut self, part: Subjects) -> Result<()> {
        part.hashes.into_iter().try_for_each(|h| self.hashes.push([h as u64, (h >> 64) as u64]))
    }

    /// Which of them stand more than once.
    ///
    /// # Errors
    /// What the disk says.
    pub fn repeats(&mut self) -> Result<Repeats> {
        let mut repeats = Repeats::default();
        self.hashes.drain(|sorted| {
            for same in sorted.chunk_by(|a, b| a == b).filter(|same| same.len() > 1) {
                repeats.found(u128::from(same[0][0]) | u128::from(same[0][1]) << 64);
            }
        })?;
        Ok(repeats)
    }
}

/// Subjects that stand more than once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Repeats {
    /// How many subjects.
    pub subjects: u64,
    /// The hash of one of them.
    sample: Option<u128>,
}

impl Repeats {
    fn found(&mut self, subject: u128) {
        self.subjects += 1;
        self.sample.get_or_insert(subject);
    }

    /// Adds those of another part of the view, which shares no subject with this one.
    pub fn add(&mut self, other: Self) {
        self.subjects += other.subjects;
        self.sample = self.sample.or(other.sample);
    }

    /// The first two rows of one such subject in the view's file, counted from 1. A place can be
    /// told to anybody, the subject itself may be a person.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn places(&self, file: &RowsFile, subject: &str) -> Result<Vec<u64>> {
        let mut places = Vec::new();
        let mut row = 0;
        for batch in file.scan(Part::All, &[subject.to_owned()], &Default::default())? {
            for hash in hashes(batch?.column(0))? {
                row += 1;
                if Some(hash) == self.sample {
                    places.push(row);
                }
                if places.len() == 2 {
                    return Ok(places);
                }
            }
        }
        Ok(places)
    }
}

/// Hashes of subjects; a missing one is the same as an empty one, as it is in an anomaly.
fn hashes(column: &ArrayRef) -> Result<Vec<u128>> {
    let text = |t: &str| xxh3_128(t.as_bytes());
    Ok(match column.data_type() {
        DataType::Int64 => {
            let key = |k: Option<i64>| k.map_or_else(|| text(""), |k| xxh3_128(&k.to_le_bytes()));
            column.as_primitive::<Int64Type>().iter().map(key).collect()
        }
        DataType::Utf8 => column.as_string::<i32>().iter().map(|t| text(t.unwrap_or(""))).collect(),
        _ => subject_texts(column)?.iter().map(|t| text(t.as_deref().unwrap_or(""))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Int64Array, StringArray};

    use super::*;

    fn repeats(column: ArrayRef) -> u64 {
        let batch = RecordBatch::try_from_iter([("s", column)]).expect("a batch");
        let mut subjects = Subjects::default();
        subjects.push(&batch, "s").expect("the column");
        subjects.repeats().subjects
    }

    #[test]
    fn each_subject_that_repeats_counts_once() {
        let texts = ["a", "b", "a", "c", "a", "c"];
        assert_eq!(repeats(Arc::new(StringArray::from_iter_values(texts))), 2);
        assert_eq!(repeats(Arc::new(Int64Array::from(vec![1, 2, 3]))), 0);
        assert_eq!(repeats(Arc::new(Int64Array::from(vec![1, 2, 1]))), 1);
        assert_eq!(repeats(Arc::new(Date32Array::from(vec![7, 7]))), 1);
        assert_eq!(repeats(Arc::new(StringArray::from(vec![None, Some(""), Some("x")]))), 1);
    }

    #[test]
    fn an_id_for_a_subject_has_the_name_that_anomalies_have() {
        let keys = PersonKeys::new(b"secret of a test");
        let names = |column: ArrayRef| subject_names(&column, &keys).expect("texts");
        let id = "629401195603140024";
        let texts = names(Arc::new(StringArray::from(vec![Some(id), Some("H1"), None])));
        assert_eq!(texts, [Some(keys.hide(id)), Some("H1".into()), None]);
        let person = names(Arc::new(Int64Array::from(vec![10])));
        assert_eq!(person, [Some("000000000000000a".to_owned())]);
    }

    #[test]
    fn a_subject_in_two_parts_is_seen_when_they_are_joined() {
        let part = |texts: &[&str]| {
            let column: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
            let mut subjects = Subjects::default();
            let batch = RecordBatch::try_from_iter([("s", column)]).expect("a batch");
            subjects.push(&batch, "s").expect("the column");
            subjects
        };
        let home = tempfile::tempdir().expect("a folder");
        let mut all = AllSubjects::new(&home.path().join("subjects"));
        all.append(part(&["a", "b"])).expect("room");
        assert_eq!(part(&["b"]).repeats(), Repeats::default());
        all.append(part(&["b", "c"])).expect("room");
        let repeats = all.repeats().expect("room");
        assert_eq!(repeats, part(&["b", "b"]).repeats(), "the same sample");
    }
}
