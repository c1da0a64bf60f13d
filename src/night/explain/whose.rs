//! By what evidence the rows that an anomaly rests on are of their person.

use std::collections::BTreeSet;
use std::path::Path;

use super::SourceRow;
use crate::error::Result;
use crate::identity::{Wanted, linked};

/// Says of each row of a person by what step it was linked, where its plain ID was not enough.
///
/// # Errors
/// The night's table of links is damaged.
pub(super) fn say(folder: &Path, rows: &mut [SourceRow]) -> Result<()> {
    let wanted: BTreeSet<(i64, String, String)> = rows
        .iter()
        .filter(|row| row.link.is_some())
        .filter_map(|row| Some((row.row?, row.table.clone(), row.delivery.clone())))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for line in linked(folder, &Wanted::Rows(wanted))? {
        let own = |row: &&mut SourceRow| {
            row.row == Some(line.src_row)
                && row.table == line.table
                && row.delivery == line.delivery
        };
        for row in rows.iter_mut().filter(own) {
            row.link = Some(line.step.clone());
        }
    }
    Ok(())
}
