//! Rows without a usable ID, and the exact tiers by which they may still find their person.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Date32Type;
use xxhash_rust::xxh3::xxh3_128;

use crate::engine::TableRows;
use crate::error::Result;
use crate::person_name;
use crate::pipeline::spec::Table;
use crate::privacy::PersonKeys;

/// Tiers, strictest first.
pub(super) const TIERS: [&str; 2] = ["prefix15", "roster"];

/// One row that waits for its person. A province has millions: it holds no text.
struct Waiting {
    /// Hash of its household number.
    household: Option<u128>,
    /// Its key when nobody is found, from what identifies the row: stable from night to night.
    own: i64,
}

/// All waiting rows by table in the order of trust, and an index of what they would match.
pub(super) struct Pending {
    rows: Vec<Waiting>,
    /// Tier, what the row would be found by, its place in `rows`; in order.
    index: Vec<(usize, u128, usize)>,
}

/// A person of the spine that a waiting row matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    pub waiting: usize,
    pub tier: usize,
    pub key: i64,
    pub household: Option<u128>,
}

/// What was decided about a waiting row.
pub(super) struct Decided {
    pub key: i64,
    /// A tier, or `unlinked`.
    pub tier: &'static str,
}

/// The columns of a batch that say who a row is about.
pub(super) struct Who<'a> {
    batch: &'a RecordBatch,
    table: &'a Table,
}

impl<'a> Who<'a> {
    pub fn of(batch: &'a RecordBatch, table: &'a Table) -> Self {
        Self { batch, table }
    }

    fn text(&self, column: Option<&String>, row: usize) -> Option<&'a str> {
        let array = self.batch.column_by_name(column?)?.as_string::<i32>();
        array.is_valid(row).then(|| array.value(row))
    }

    pub fn name(&self, row: usize) -> Option<&'a str> {
        self.text(self.table.person.as_ref()?.name.as_ref(), row)
    }

    /// Hash of the household number.
    pub fn household(&self, row: usize) -> Option<u128> {
        let household = self.text(self.table.person.as_ref()?.household.as_ref(), row)?;
        Some(xxh3_128(household.as_bytes()))
    }

    pub fn village(&self, row: usize) -> Option<&'a str> {
        self.text(self.table.person.as_ref()?.village.as_ref(), row)
    }

    pub fn birth(&self, row: usize) -> Option<i32> {
        let column = self.table.person.as_ref()?.birth.as_ref()?;
        let array = self.batch.column_by_name(column)?.as_primitive::<Date32Type>();
        array.is_valid(row).then(|| array.value(row))
    }

    /// What the row would be found by, tier by tier: ID prefix and name; name, birth and village.
    pub fn hashes(&self, row: usize, prefix15: Option<&str>) -> [Option<u128>; 2] {
        let Some(name) = self.name(row) else { return [None, None] };
        let name = person_name::fold(name);
        let by_prefix = prefix15.map(|p| xxh3_128(format!("{p}|{name}").as_bytes()));
        let by_roster = self
            .birth(row)
            .zip(self.village(row))
            .map(|(birth, village)| xxh3_128(format!("{name}|{birth}|{village}").as_bytes()));
        [by_prefix, by_roster]
    }

    /// Values that identify the row itself: the table's key, else all it says.
    fn own(&self, row: usize) -> Vec<String> {
        let value = |name: &str| {
            let column = self.batch.column_by_name(name)?;
            arrow::util::display::array_value_to_string(column, row).ok()
        };
        let made = |n: &str| n.starts_with("src_") || n == "person_key" || n == "link";
        let all = || {
            let schema = self.batch.schema();
            let names = schema.fields().iter().map(|f| f.name().clone());
            names.filter(|n| !made(n)).collect::<Vec<_>>()
        };
        let names = if self.table.key.is_empty() { all() } else { self.table.key.clone() };
        names.iter().map(|n| value(n).unwrap_or_default()).collect()
    }
}

impl Pending {
    /// Reads the waiting rows of all tables.
    pub fn collect(
        order: &[&Table],
        keys: &PersonKeys,
        tables: &BTreeMap<String, TableRows>,
    ) -> Result<Self> {
        let mut pending = Self { rows: Vec::new(), index: Vec::new() };
        for table in order {
            for batch in tables[&table.id].waiting() {
                pending.add(table, keys, &batch?);
            }
        }
        pending.index.sort_unstable();
        Ok(pending)
    }

    fn add(&mut self, table: &Table, keys: &PersonKeys, batch: &RecordBatch) {
        let who = Who::of(batch, table);
        let id = table.person.as_ref().map_or("", |p| p.id.as_str());
        let text = |name: String| batch.column_by_name(&name).map(|c| c.as_string::<i32>().clone());
        let raws = text(format!("{id}_raw"));
        let qualities = text(format!("{id}_quality"));
        for row in 0..batch.num_rows() {
            let damaged = qualities.as_ref().is_some_and(|q| q.value(row) == "truncated15");
            let raw = raws.as_ref().filter(|r| damaged && r.is_valid(row)).map(|r| r.value(row));
            let prefix = raw.and_then(|raw| crate::citizen_id::parse(raw, &[]).prefix15);
            let prefix = prefix.as_ref().and_then(|p| std::str::from_utf8(p).ok());
            for (tier, hash) in who.hashes(row, prefix).into_iter().enumerate() {
                self.index.extend(hash.map(|hash| (tier, hash, self.rows.len())));
            }
            let own = who.own(row);
            let parts: Vec<&str> =
                std::iter::once(&table.id).chain(&own).map(String::as_str).collect();
            self.rows.push(Waiting {
                household: who.household(row),
                own: keys.derived("unlinked", &parts),
            });
        }
    }

    /// Waiting rows that a row of the spine matches.
    pub fn probe(&self, who: &Who<'_>, row: usize, id: &str, key: i64, out: &mut Vec<Match>) {
        if self.index.is_empty() {
            return;
        }
        for (tier, hash) in who.hashes(row, id.get(..15)).into_iter().enumerate() {
            let Some(hash) = hash else { continue };
            let first = self.index.partition_point(|(t, h, _)| (*t, *h) < (tier, hash));
            let same = self.index[first..].iter().take_while(|(t, h, _)| (*t, *h) == (tier, hash));
            out.extend(same.map(|(_, _, waiting)| Match {
                waiting: *waiting,
                tier,
                key,
                household: who.household(row),
            }));
        }
    }

    /// One person of the strictest tier that names anyone: linked. None, or several: unlinked.
    /// `matches` are in order.
    pub fn decide(&self, matches: &[Match]) -> Vec<Decided> {
        let mut rest = matches;
        let decide = |(number, waiting): (usize, &Waiting)| {
            let (found, others) = rest.split_at(rest.partition_point(|m| m.waiting <= number));
            rest = others;
            for (tier, word) in TIERS.iter().enumerate() {
                let mut people: Vec<&Match> = found.iter().filter(|m| m.tier == tier).collect();
                if one_person(&people).is_none() && waiting.household.is_some() {
                    // The same household decides between namesakes.
                    people.retain(|m| m.household == waiting.household);
                }
                if let Some(key) = one_person(&people) {
                    return Decided { key, tier: word };
                }
            }
            Decided { key: waiting.own, tier: "unlinked" }
        };
        self.rows.iter().enumerate().map(decide).collect()
    }
}

/// The key of the only person among the matches.
fn one_person(matches: &[&Match]) -> Option<i64> {
    let first = matches.first()?.key;
    matches.iter().all(|m| m.key == first).then_some(first)
}
