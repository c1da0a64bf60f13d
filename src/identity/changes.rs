//! Rows that have another person than the night before.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::seen::{NOBODY, Now, Past, Watched};
use super::step::Step;

/// Rows that changed their person, before it is known what that means.
pub(super) struct Change {
    pub from: i64,
    pub to: i64,
    /// None where it is the ID alone.
    pub step: Option<Step>,
    pub mention: i64,
    pub table: u16,
    pub rows: i64,
}

impl Change {
    /// Did the rows find somebody, or are they nobody's that is known?
    pub fn found(&self) -> bool {
        !matches!(self.step, Some(Step::Own | Step::Clash | Step::Unlinked))
    }
}

/// Who has another person than the night before.
pub(super) fn changes(past: &Past, now: &BTreeMap<i64, Now>, watched: &Watched) -> Vec<Change> {
    let Some(seen) = &past.seen else { return Vec::new() };
    let mut changes = Vec::new();
    for old in seen.values() {
        let plain = watched.rows.get(&old.what);
        let change = match (now.get(&old.what), plain) {
            (Some(now), _) => {
                let (to, mention, step) = (now.seen.key, now.seen.mention, Some(now.step));
                Change { from: old.key, to, step, mention, table: now.table, rows: now.rows }
            }
            (None, Some((owner, table, rows))) => {
                let (from, mention) = (old.key, old.mention);
                Change { from, to: *owner, step: None, mention, table: *table, rows: *rows }
            }
            // The row is gone.
            (None, None) => continue,
        };
        changes.push(change);
    }
    // What the night before does not remember was plain then, if it was there at all.
    for now in now.values().filter(|n| n.old > 0 && n.seen.owner != NOBODY) {
        if !seen.contains_key(&now.seen.what) {
            let (from, to, mention) = (now.seen.owner, now.seen.key, now.seen.mention);
            let step = Some(now.step);
            changes.push(Change { from, to, step, mention, table: now.table, rows: now.old });
        }
    }
    // Rows of the spine that have an ID now: their own number says whose they were without one.
    let nameless = seen.values().filter(|old| old.owner == NOBODY);
    let nameless = nameless.filter(|old| watched.numbered.contains_key(&old.key));
    let mentions: BTreeMap<i64, i64> = nameless.map(|old| (old.key, old.mention)).collect();
    for (from, mention) in mentions {
        let (to, table) = watched.numbered[&from];
        changes.push(Change { from, to, step: None, mention, table, rows: 1 });
    }
    changes.retain(|c| c.from != c.to);
    together(changes)
}

/// One change for all rows that say the same and went the same way.
fn together(changes: Vec<Change>) -> Vec<Change> {
    let mut all: BTreeMap<(i64, i64, i64, Option<Step>), Change> = BTreeMap::new();
    for change in changes {
        match all.entry((change.from, change.to, change.mention, change.step)) {
            Entry::Vacant(place) => _ = place.insert(change),
            Entry::Occupied(mut place) => {
                let own = place.get_mut();
                own.rows += change.rows;
                own.table = own.table.min(change.table);
            }
        }
    }
    all.into_values().collect()
}
