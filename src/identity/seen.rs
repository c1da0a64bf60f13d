//! What a night remembers of rows that no plain ID links: so the next night sees whose person is
//! another one, and what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};

use super::Set;
use super::events::Forward;
use super::mention::Kind;
use super::step::Step;
use super::traits::Traits;
use crate::error::Result;
use crate::lake::rows::{Part, RowsFile, RowsWriter};
use crate::lake::{MANIFEST, read_json};
use crate::privacy::PersonKeys;

const FILE: &str = "known.parquet";
const COLUMNS: [&str; 4] = ["what", "mention", "key", "owner"];
/// In place of the owner's key, of a row without a usable ID.
pub(super) const NOBODY: i64 = -1;

/// What a row says, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// See [`trace`].
    pub what: i64,
    /// The number by which people know it.
    pub mention: i64,
    pub key: i64,
    /// The key of its ID.
    pub owner: i64,
}

/// The same, tonight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    pub seen: Seen,
    pub step: Step,
    pub kind: Kind,
    /// The most trusted table that says it.
    pub table: u16,
    pub rows: i64,
    /// Rows of deliveries that the night before had too.
    pub old: i64,
}

/// The number of what a row says, the same every night, whatever becomes of the register. A birth
/// that only repeats the ID is left out, for it is put in and taken away as the register goes; a row
/// without a usable ID is known by the key of its own.
pub(super) fn trace(keys: &PersonKeys, traits: &Traits, own: Option<i64>) -> i64 {
    let birth = traits.birth.filter(|b| Some(*b) != traits.id_birth());
    let birth = birth.map(|b| b.to_string()).unwrap_or_default();
    let (place, home) = (traits.place.to_string(), traits.household.to_string());
    let own = own.map(|own| own.to_string()).unwrap_or_default();
    keys.derived("trace", &[&own, &traits.id, &traits.name, &birth, &place, &home])
}

/// The identity of the night that tonight follows.
#[derive(Debug, Default)]
pub struct Past {
    /// By [`Seen::what`]; nothing when that night remembers nothing.
    pub(super) seen: Option<BTreeMap<i64, Seen>>,
    /// Deliveries that it had.
    pub(super) deliveries: BTreeSet<String>,
    pub(super) forward: Forward,
}

impl Past {
    /// Reads what a published night remembers. One of an older version remembers nothing.
    ///
    /// # Errors
    /// A file of the night is damaged.
    pub fn read(night: &Path) -> Result<Self> {
        let forward = Forward::read(night)?;
        let path = night.join("identity").join(FILE);
        if !path.is_file() {
            return Ok(Self { forward, ..Self::default() });
        }
        let file = RowsFile::open(&path)?;
        let columns = COLUMNS.map(str::to_owned);
        let mut seen = BTreeMap::new();
        for batch in file.scan(Part::All, &columns, &Arc::default())? {
            let batch = batch?;
            let of =
                |at: usize, row: usize| batch.column(at).as_primitive::<Int64Type>().value(row);
            for row in 0..batch.num_rows() {
                let [what, mention, key, owner] = [0, 1, 2, 3].map(|at| of(at, row));
                seen.insert(what, Seen { what, mention, key, owner });
            }
        }
        Ok(Self { seen: Some(seen), deliveries: deliveries(night)?, forward })
    }

    /// What the sweep is to look for.
    pub(super) fn watch(&self) -> Watch {
        let mut watch = Watch::default();
        for seen in self.seen.iter().flat_map(BTreeMap::values) {
            watch.keys.insert(seen.key);
            if seen.owner != NOBODY && seen.owner != seen.key {
                watch.owners.insert(seen.owner);
            }
        }
        watch.keys.extend(self.forward.keys());
        watch
    }
}

/// Accepted deliveries that a night was made from.
fn deliveries(night: &Path) -> Result<BTreeSet<String>> {
    let json: serde_json::Value = read_json(&night.join(MANIFEST), "run the night again")?;
    let pairs = json["deliveries"].as_array().into_iter().flatten();
    Ok(pairs.filter_map(|pair| Some(pair.get(1)?.as_str()?.to_owned())).collect())
}

/// What the sweep looks for on behalf of the night before.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Persons whose rows had another ID: do they still have a plain row?
    pub keys: Set<i64>,
    /// IDs whose rows were somebody else's: are they plain now?
    pub owners: Set<i64>,
}

/// What it found.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// Persons of the master.
    pub living: BTreeSet<i64>,
    /// Rows under IDs that are watched, by [`Seen::what`]: the ID's key, the most trusted table, rows.
    pub rows: BTreeMap<i64, (i64, u16, i64)>,
    /// See [`super::numbered`].
    pub numbered: BTreeMap<i64, (i64, u16)>,
}

impl Watched {
    /// Counts a row under a watched ID: what it says, the ID's key, the place of its table.
    pub fn row(&mut self, what: i64, owner: i64, table: u16) {
        let own = self.rows.entry(what).or_insert((owner, table, 0));
        own.1 = own.1.min(table);
        own.2 += 1;
    }

    /// Takes what was found in other ranges of keys.
    pub fn add(&mut self, other: Self) {
        self.living.extend(other.living);
        // An ID lies in one range, and so does all that is said under it.
        self.rows.extend(other.rows);
    }
}

fn schema() -> SchemaRef {
    let field = |name: &&str| Field::new(*name, DataType::Int64, false);
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// Writes what the next night is to know.
///
/// # Errors
/// What the disk says.
pub(super) fn write(night: &Path, now: &BTreeMap<i64, Now>) -> Result<()> {
    let all: Vec<Seen> = now.values().map(|n| n.seen).collect();
    RowsWriter::all(&night.join("identity").join(FILE), schema(), &all, |some| {
        let column = |f: fn(&Seen) -> i64| -> ArrayRef {
            Arc::new(some.iter().map(f).collect::<Int64Array>())
        };
        let columns =
            vec![column(|s| s.what), column(|s| s.mention), column(|s| s.key), column(|s| s.owner)];
        Ok(RecordBatch::try_new(schema(), columns)?)
    })
}
