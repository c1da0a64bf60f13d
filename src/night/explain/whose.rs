//! Rows that more than a plain ID links: by what evidence they are of their person, and which of them an
//! anomaly about links rests on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{SourceRow, source_rows};
use crate::error::Result;
use crate::feed::assemble::Assembled;
use crate::feed::receipt::Receipt;
use crate::identity::{Linked, Wanted, linked};
use crate::night::Setup;

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
        for row in rows.iter_mut().filter(|row| is(row, &line)) {
            row.link = Some(line.step.clone());
        }
    }
    Ok(())
}

/// Adds the rows that the night's table of links has of a person, as far as they are not there.
///
/// # Errors
/// A file of the lake is damaged.
pub(super) fn add(
    (setup, folder): (&Setup, &Path),
    assembled: &Assembled,
    receipts: &[Receipt],
    person: i64,
    rows: &mut Vec<SourceRow>,
) -> Result<()> {
    let mut wanted: BTreeMap<(String, String), BTreeSet<i64>> = BTreeMap::new();
    for line in linked(folder, &Wanted::About(person))? {
        if !rows.iter().any(|row| is(row, &line)) {
            wanted.entry((line.table, line.delivery)).or_default().insert(line.src_row);
        }
    }
    for ((id, delivery), numbers) in wanted {
        let table = setup.pipeline.tables.get(&id).zip(assembled.tables.get(&id));
        let Some((table, own)) = table else { continue };
        let Some(held) = own.held.iter().find(|held| held.delivery == delivery) else { continue };
        for batch in held.file.pick(Arc::new(numbers))? {
            let found = source_rows(table, &batch?, receipts)?.into_iter();
            // One that waited for its person has no word of its own.
            let linked = |row: SourceRow| SourceRow { link: Some(String::new()), ..row };
            rows.extend(found.map(linked));
        }
    }
    Ok(())
}

/// Is a line of the table of links about this row?
fn is(row: &SourceRow, line: &Linked) -> bool {
    row.row == Some(line.src_row) && row.table == line.table && row.delivery == line.delivery
}
