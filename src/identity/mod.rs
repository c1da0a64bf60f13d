//! Identify: a person key for every row of a person table, and the evidence of each link that is
//! not a plain ID.
//!
//! A row with a usable ID got its key when it was received. Two things are left for the night: rows
//! whose ID is missing or damaged are matched against the spine by exact tiers, and rows whose ID
//! belongs to somebody with a clashing name are parted from that person.

mod links;
mod pending;
mod recall;
mod sweep;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use recall::recall;

use crate::engine::TableRows;
use crate::error::Result;
pub use crate::lake::bucket::BUCKET_BITS;
use crate::lake::bucket::KeyRange;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{Grain, Table};
use crate::privacy::PersonKeys;

/// How rows of each table were linked, by tier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funnel {
    /// Table, then tier (`id`, `variant`, `prefix15`, `roster`, `clash`, `unlinked`), then rows.
    /// `variant` rows are linked by ID under another spelling of the name and count as `id` too.
    pub tables: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Funnel {
    /// Rows of a table in a tier.
    pub fn get(&self, table: &str, tier: &str) -> u64 {
        self.tables.get(table).and_then(|t| t.get(tier)).copied().unwrap_or(0)
    }

    /// Rows of all tables in a tier.
    pub fn total(&self, tier: &str) -> u64 {
        self.tables.values().filter_map(|t| t.get(tier)).sum()
    }
}

/// The order in which tables are believed about a person's name: the spine, then by id.
fn by_trust(pipeline: &Pipeline) -> Vec<&Table> {
    let spine = &pipeline.settings.identity.spine;
    let place = |t: &Table| spine.iter().position(|s| *s == t.id).unwrap_or(spine.len());
    let mut tables: Vec<&Table> =
        pipeline.tables.values().filter(|t| t.grain == Grain::Person).collect();
    tables.sort_by_key(|t| (place(t), t.id.clone()));
    tables
}

/// Gives every row of the person tables its person: `tables` then hold the moved rows and the
/// edits, and the table `link` is written into `night`.
///
/// # Errors
/// The disk; two IDs with one key, which only another secret can mend.
pub fn resolve(
    pipeline: &Pipeline,
    keys: &PersonKeys,
    tables: &mut BTreeMap<String, TableRows>,
    night: &Path,
    ranges: &[KeyRange],
    threads: usize,
) -> Result<Funnel> {
    let order = by_trust(pipeline);
    let pending = pending::Pending::collect(&order, keys, tables)?;
    let swept = sweep::sweep(pipeline, &order, keys, tables, &pending, ranges, threads)?;
    let decided = pending.decide(&swept.matches);
    links::write(&order, tables, night, pipeline.settings.buckets, &decided, &swept)
}
