//! Rows without a usable ID, as mentions.

use std::collections::HashMap;

use super::mention::{Kind, Mentions, RowRef};
use super::sweep::Ground;
use super::traits::Who;
use crate::error::Result;
use crate::pipeline::spec::Table;

/// Reads the waiting rows of all tables. Their key when nobody is found comes from what identifies
/// the row: stable from night to night.
///
/// # Errors
/// What the disk says.
pub(super) fn gather(ground: &Ground<'_>, mentions: &mut Mentions) -> Result<()> {
    for (number, table) in ground.order.iter().enumerate() {
        let rows = &ground.tables[&table.id];
        let places = rows.held.iter().enumerate();
        let places: HashMap<&str, usize> =
            places.map(|(at, held)| (held.delivery.as_str(), at)).collect();
        for batch in rows.waiting() {
            let batch = batch?;
            let who = Who::of(&batch, table, ground.placeholders());
            for row in 0..batch.num_rows() {
                let own = own(ground, table, &who, row);
                let place = who.delivery(row).and_then(|name| places.get(name).copied());
                let row_ref = RowRef {
                    table: number as u16,
                    delivery: place.unwrap_or_default() as u32,
                    src_row: who.src_row(row)?,
                    own,
                };
                mentions.add(Kind::Waiting, own, who.traits(row), who.quality(row), row_ref);
            }
        }
    }
    Ok(())
}

/// The key of a row that has no usable ID when nobody is found.
pub(super) fn own(ground: &Ground<'_>, table: &Table, who: &Who<'_>, row: usize) -> i64 {
    let own = who.own(row);
    let parts: Vec<&str> = std::iter::once(&table.id).chain(&own).map(String::as_str).collect();
    ground.keys.derived("unlinked", &parts)
}
