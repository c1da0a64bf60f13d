//! Counts by county while rows pass by.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};

use super::{Count, Judged};
use crate::error::{Error, Result};

/// Counties of the rows of a batch, numbered.
pub(super) struct Counties {
    names: Vec<String>,
    of_row: Vec<u32>,
}

impl Counties {
    /// The counties of all rows: the first six characters of their division; nothing where they
    /// have none.
    ///
    /// # Errors
    /// The view has no column of divisions.
    pub fn of(batch: &RecordBatch, column: &str) -> Result<Self> {
        let array = batch.column_by_name(column).ok_or_else(|| Error::bug("no division column"))?;
        let codes = array.as_string::<i32>();
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut names = Vec::new();
        let of_row = (0..codes.len())
            .map(|row| {
                let code = if codes.is_null(row) { "" } else { codes.value(row) };
                let county = code.get(..6).unwrap_or(code);
                *numbers.entry(county).or_insert_with(|| {
                    names.push(county.to_owned());
                    names.len() as u32 - 1
                })
            })
            .collect();
        Ok(Self { names, of_row })
    }

    /// Adds the number of rows of each county.
    pub fn add_rows(&self, out: &mut Judged) {
        let mut rows = vec![0_u64; self.names.len()];
        for county in &self.of_row {
            rows[*county as usize] += 1;
        }
        for (name, rows) in self.names.iter().zip(rows) {
            *out.rows.entry(name.clone()).or_default() += rows;
        }
    }

    /// Adds for each county how many rows a rule applies to, and how many of them it hits. Both are
    /// given as places of rows.
    pub fn add_counts(&self, rule: &str, applies: &[u32], hits: &[u32], out: &mut Judged) {
        let mut counts = vec![Count::default(); self.names.len()];
        for row in applies {
            counts[self.of_row[*row as usize] as usize].applicable += 1;
        }
        for row in hits {
            counts[self.of_row[*row as usize] as usize].violated += 1;
        }
        for (name, count) in self.names.iter().zip(counts).filter(|(_, c)| c.applicable > 0) {
            out.count(rule, name, count);
        }
    }
}
