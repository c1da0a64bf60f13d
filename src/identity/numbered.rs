//! Rows of the spine that had no usable ID and have one now: the number that the register itself gives them leads
//! from whom they were to whom they are.

use std::collections::BTreeMap;

use super::Set;
use super::seen::{NOBODY, Past};
use super::sweep::Ground;
use super::traits::{Who, columns};
use super::waiting;
use crate::error::Result;
use crate::pipeline::spec::{ColumnType, Table};

/// By the key that rows had without an ID: that of their ID, and the place of their table. `apart` are rows of the
/// spine that are not their ID's owner's. A row that changed is in a delivery that the night before did not have, so
/// no other one is read.
///
/// # Errors
/// What the disk says.
pub(super) fn numbered(
    ground: &Ground<'_>,
    past: &Past,
    apart: &Set<(u16, u32, i64)>,
) -> Result<BTreeMap<i64, (i64, u16)>> {
    let seen = past.seen.iter().flat_map(BTreeMap::values);
    let nameless: Set<i64> = seen.filter(|old| old.owner == NOBODY).map(|old| old.key).collect();
    let mut all = BTreeMap::new();
    for (number, table) in ground.order.iter().enumerate().take(ground.spine()) {
        let held = &ground.tables[&table.id].held;
        let new: Vec<bool> = held.iter().map(|h| !past.deliveries.contains(&h.delivery)).collect();
        if nameless.is_empty() || !has_number(table) || !new.contains(&true) {
            continue;
        }
        let mut wanted = columns(table);
        wanted.extend(table.key.iter().cloned());
        wanted.sort_unstable();
        wanted.dedup();
        let piles = ground.each_range(|range, cursors, pile: &mut Vec<(i64, i64)>| {
            for (at, batch) in ground.rows(cursors, number, &wanted, range)? {
                if !new[at] {
                    continue;
                }
                let who = Who::of(&batch, table, ground.placeholders());
                for row in 0..batch.num_rows() {
                    let (Some(key), Some(_)) = (who.key(row), who.id(row)) else { continue };
                    let own = waiting::own(ground, table, &who, row);
                    let place = (number as u16, at as u32, who.src_row(row)?);
                    if nameless.contains(&own) && !apart.contains(&place) {
                        pile.push((own, key));
                    }
                }
            }
            Ok(())
        })?;
        // Which pile comes first is chance.
        let mut found: Vec<(i64, i64)> = piles.into_iter().flatten().collect();
        found.sort_unstable();
        for (own, key) in found {
            all.entry(own).or_insert((key, number as u16));
        }
    }
    Ok(all)
}

/// Has a table a key that is not the person's ID?
fn has_number(table: &Table) -> bool {
    let is_id = |name: &String| {
        table.column(name).is_some_and(|column| column.kind == ColumnType::CitizenId)
    };
    !table.key.is_empty() && !table.key.iter().any(is_id)
}
