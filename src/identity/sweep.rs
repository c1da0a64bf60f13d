//! One pass over all persons, bucket by bucket: names are held against the most trusted one, and
//! the spine is offered to the waiting rows.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use super::pending::{Match, Pending, Who};
use crate::engine::{Held, TableRows};
use crate::error::{Error, Result};
use crate::lake::bucket::{BUCKET_BITS, KeyRange};
use crate::lake::rows::{PERSON_KEY, Part, SRC_ROW};
use crate::person_name::{self, NameMatch};
use crate::pipeline::Pipeline;
use crate::pipeline::spec::Table;
use crate::privacy::PersonKeys;

/// A row that is not linked by a plain ID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// Place of its table in the order of trust.
    pub table: usize,
    pub delivery: Arc<str>,
    pub src_row: i64,
    /// `variant` or `clash`.
    pub tier: &'static str,
    pub quality: String,
    /// The ID's owner.
    pub owner: i64,
    /// The person that the row now belongs to.
    pub linked: i64,
}

/// What the sweep found.
#[derive(Default)]
pub(super) struct Swept {
    pub links: Vec<Link>,
    pub matches: Vec<Match>,
    /// Rows with a usable ID, by table in the order of trust.
    pub rows: Vec<u64>,
}

/// Who a key belongs to.
struct Owner {
    name: Option<String>,
    id: String,
}

/// Sweeps all ranges of keys, `threads` at a time.
pub(super) fn sweep(
    pipeline: &Pipeline,
    order: &[&Table],
    keys: &PersonKeys,
    tables: &BTreeMap<String, TableRows>,
    pending: &Pending,
    ranges: &[KeyRange],
    threads: usize,
) -> Result<Swept> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(range) = ranges.get(at) else { return Ok(()) };
            let mut one = Sweep {
                pipeline,
                order,
                keys,
                pending,
                owners: HashMap::new(),
                found: Swept::default(),
            };
            one.range(tables, *range)?;
            all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, one.found));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let join = |w: std::thread::ScopedJoinHandle<'_, Result<()>>| {
            w.join().unwrap_or_else(|_| Err(Error::bug("the identity sweep panicked")))
        };
        workers.into_iter().map(join).collect::<Result<Vec<()>>>()
    })?;
    let mut parts = all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    parts.sort_by_key(|(at, _)| *at);
    let mut swept = Swept { rows: vec![0; order.len()], ..Swept::default() };
    for (_, part) in parts {
        swept.links.extend(part.links);
        swept.matches.extend(part.matches);
        for (sum, rows) in swept.rows.iter_mut().zip(part.rows) {
            *sum += rows;
        }
    }
    // The order of the ranges depends on their number; this one does not.
    swept.links.sort();
    swept.matches.sort();
    swept.matches.dedup();
    Ok(swept)
}

/// The sweep of one range of keys.
struct Sweep<'a> {
    pipeline: &'a Pipeline,
    order: &'a [&'a Table],
    keys: &'a PersonKeys,
    pending: &'a Pending,
    owners: HashMap<i64, Owner>,
    found: Swept,
}

impl Sweep<'_> {
    fn range(&mut self, tables: &BTreeMap<String, TableRows>, range: KeyRange) -> Result<()> {
        self.found.rows = vec![0; self.order.len()];
        for (number, table) in self.order.iter().enumerate() {
            let columns = columns(table);
            for held in &tables[&table.id].held {
                let delivery: Arc<str> = held.delivery.as_str().into();
                for batch in held.file.scan(Part::Keys(range), &columns, &held.edits)? {
                    self.batch(number, table, &delivery, &batch?)?;
                }
            }
        }
        Ok(())
    }

    fn batch(
        &mut self,
        number: usize,
        table: &Table,
        delivery: &Arc<str>,
        batch: &RecordBatch,
    ) -> Result<()> {
        let Some(roles) = &table.person else { return Ok(()) };
        let column =
            |name: &str| batch.column_by_name(name).ok_or_else(|| Error::bug("a column is gone"));
        let keys = column(PERSON_KEY)?.as_primitive::<Int64Type>();
        let rows = column(SRC_ROW)?.as_primitive::<Int64Type>();
        let ids = column(&roles.id)?.as_string::<i32>();
        let qualities = column(&format!("{}_quality", roles.id))?.as_string::<i32>();
        let who = Who::of(batch, table);
        let spine = self.pipeline.settings.identity.spine.contains(&table.id);
        for row in 0..batch.num_rows() {
            if keys.is_null(row) || ids.is_null(row) {
                continue;
            }
            let (key, id) = (keys.value(row), ids.value(row));
            self.found.rows[number] += 1;
            let tier = self.tier(key, id, who.name(row))?;
            if spine && tier != Some("clash") {
                self.pending.probe(&who, row, id, key, &mut self.found.matches);
            }
            let Some(tier) = tier else { continue };
            let clash = tier == "clash";
            let name = person_name::fold(who.name(row).unwrap_or_default());
            self.found.links.push(Link {
                table: number,
                delivery: delivery.clone(),
                src_row: rows.value(row),
                tier,
                quality: qualities.value(row).to_owned(),
                owner: key,
                linked: if clash { self.other(key, id, &name) } else { key },
            });
        }
        Ok(())
    }

    /// How a row with a usable ID relates to the ID's owner; `None` is a plain link.
    fn tier(&mut self, key: i64, id: &str, name: Option<&str>) -> Result<Option<&'static str>> {
        let Some(owner) = self.owners.get_mut(&key) else {
            let owner = Owner { name: name.map(str::to_owned), id: id.to_owned() };
            self.owners.insert(key, owner);
            return Ok(None);
        };
        if owner.id != id {
            return Err(Error::environment("two citizen IDs have the same person key").hint(
                "the 63-bit keyed hash collided; choose another secret and receive everything anew",
            ));
        }
        let Some(name) = name else { return Ok(None) };
        let Some(known) = &owner.name else {
            owner.name = Some(name.to_owned());
            return Ok(None);
        };
        Ok(match person_name::compare(known, name) {
            NameMatch::Same | NameMatch::Homophone => None,
            NameMatch::Near => Some("variant"),
            NameMatch::Clash => Some("clash"),
        })
    }

    /// The key of somebody else who uses an ID: of that ID and name, in the bucket of its owner.
    fn other(&self, owner: i64, id: &str, name: &str) -> i64 {
        let own = self.keys.derived("clash", &[id, name]);
        let low = (1_i64 << (63 - BUCKET_BITS)) - 1;
        (owner & !low) | (own & low)
    }
}

/// Columns that the sweep reads of a table.
fn columns(table: &Table) -> Vec<String> {
    let Some(roles) = &table.person else { return Vec::new() };
    let mut columns = vec![PERSON_KEY.to_owned(), SRC_ROW.to_owned(), roles.id.clone()];
    columns.push(format!("{}_quality", roles.id));
    let more = [&roles.name, &roles.birth, &roles.village, &roles.household];
    columns.extend(more.into_iter().flatten().cloned());
    columns
}

/// Edits of one delivery under construction.
pub(super) fn rekeyed(held: &Held, links: &[&Link]) -> Arc<crate::lake::rows::Edits> {
    let mut edits = (*held.edits).clone();
    edits.rekey.extend(links.iter().map(|l| (l.src_row, l.linked)));
    Arc::new(edits)
}
