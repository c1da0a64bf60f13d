//! Counts by county while rows pass by.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};

use super::{Count, Judged};
use crate::error::{Error, Result};

/// The county of a division: its first six digits; nothing of a larger division, or of what is none.
pub fn county(division: &str) -> &str {
    let code = division.get(..6).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    code.unwrap_or_default()
}

/// Counties of the rows of a batch, numbered.
pub(super) struct Counties {
    names: Vec<String>,
    of_row: Vec<u32>,
}

impl Counties {
    /// The counties of all rows.
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
                let county = if codes.is_null(row) { "" } else { county(codes.value(row)) };
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    /// The root of a province is no county, and a text must never become the name of a file.
    #[test]
    fn what_is_no_county_is_nowhere() {
        let divisions = [
            Some("620423100201"),
            Some("620423"),
            Some("62"),
            Some("6204"),
            Some("../../x"),
            Some("甘肃省"),
            Some(""),
            None,
        ];
        let column: ArrayRef = Arc::new(StringArray::from(divisions.to_vec()));
        let batch = RecordBatch::try_from_iter_with_nullable([("division", column, true)]);
        let counties = Counties::of(&batch.unwrap(), "division").unwrap();
        let mut out = Judged::default();
        counties.add_rows(&mut out);
        let rows: Vec<(&str, u64)> = out.rows.iter().map(|(c, n)| (c.as_str(), *n)).collect();
        assert_eq!(rows, [("", 6), ("620423", 2)]);
        assert_eq!(["620423100201", "62", "../../x"].map(county), ["620423", "", ""]);
    }
}
