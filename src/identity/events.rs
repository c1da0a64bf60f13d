//! Merges and splits: what became of persons since the night before, and the pointers that lead from
//! a person who is no more to the one that it turned out to be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema, SchemaRef};
use chrono::NaiveDate;
use serde::Serialize;

use super::changes::{Change, changes};
use super::mention::Kind;
use super::seen::{Now, Past, Watched};
use super::step::Step;
use crate::error::{Error, Result};
use crate::lake::rows::{Part, RowsFile, RowsWriter};
use crate::pipeline::spec::Table;
use crate::privacy::key_text;

pub(super) const EVENTS: &str = "events.parquet";
const FORWARD: &str = "forward.parquet";
const EVENT_COLUMNS: [&str; 8] =
    ["date", "kind", "from_key", "to_key", "step", "mention", "table", "rows"];
const FORWARD_COLUMNS: [&str; 3] = ["from_key", "to_key", "since"];

/// What happened to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Nothing is left of it: it is somebody who was known beside it.
    Merge,
    /// Rows of it are another person's.
    Move,
    /// Rows of it are nobody's that is known.
    Split,
}

impl EventKind {
    /// All, with their Chinese titles.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Merge, "合并"), (Self::Move, "改归他人"), (Self::Split, "拆出")];

    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Move => "move",
            Self::Split => "split",
        }
    }
}

/// Rows that have another person than the night before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Event {
    #[serde(with = "crate::calendar::iso")]
    pub date: NaiveDate,
    pub kind: EventKind,
    /// Keys of the persons, 16 hexadecimal digits.
    pub from_key: String,
    pub to_key: String,
    /// By what evidence they have the new one.
    pub step: String,
    /// The number of what they say, 16 hexadecimal digits.
    pub mention: String,
    /// The most trusted table that has them.
    pub table: String,
    pub rows: i64,
}

/// Where persons went of whom nothing is left: the key as 16 hexadecimal digits, the key that has
/// their rows now, and the night since which that is so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forward(pub(super) BTreeMap<i64, (i64, NaiveDate)>);

impl Forward {
    /// Reads the pointers of a published night; one of an older version has none.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(night: &Path) -> Result<Self> {
        let path = night.join("identity").join(FORWARD);
        let mut all = BTreeMap::new();
        if !path.is_file() {
            return Ok(Self(all));
        }
        let columns = FORWARD_COLUMNS.map(str::to_owned);
        for batch in RowsFile::open(&path)?.scan(Part::All, &columns, &Arc::default())? {
            let batch = batch?;
            let key = |at: usize, row: usize| {
                let text = batch.column(at).as_string::<i32>().value(row);
                i64::from_str_radix(text, 16).map_err(|_| damaged())
            };
            for row in 0..batch.num_rows() {
                all.insert(key(0, row)?, (key(1, row)?, day(&batch, 2, row)?));
            }
        }
        Ok(Self(all))
    }

    /// The person who somebody is now: themselves, where no pointer leads on.
    pub fn now<'a>(&self, person: &'a str) -> std::borrow::Cow<'a, str> {
        let key = i64::from_str_radix(person, 16).ok().filter(|_| person.len() == 16);
        match key.and_then(|key| self.0.get(&key)) {
            Some((to, _)) => key_text(*to).into(),
            None => person.into(),
        }
    }

    /// The person who somebody is now of whom nothing is left.
    pub(super) fn to(&self, person: i64) -> Option<i64> {
        self.0.get(&person).map(|(to, _)| *to)
    }

    /// Is nothing of anybody gone?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys of the persons of whom nothing is left.
    pub(super) fn keys(&self) -> impl Iterator<Item = i64> + '_ {
        self.0.keys().copied()
    }

    /// Tonight's pointers: those of before without the persons who are back, each as short as it can
    /// be, and the new ones.
    fn next(&self, merged: &BTreeMap<i64, i64>, alive: &BTreeSet<i64>, night: NaiveDate) -> Self {
        let mut all: BTreeMap<i64, (i64, NaiveDate)> = self
            .0
            .iter()
            .filter(|(from, _)| !alive.contains(from))
            .map(|(f, t)| (*f, *t))
            .collect();
        all.extend(merged.iter().map(|(from, to)| (*from, (*to, night))));
        // Whoever was merged into somebody tonight has rows: no pointer is longer than two.
        for (to, _) in all.values_mut() {
            *to = merged.get(to).copied().unwrap_or(*to);
        }
        Self(all)
    }

    fn write(&self, night: &Path) -> Result<()> {
        let path = night.join("identity").join(FORWARD);
        let all: Vec<(&i64, &(i64, NaiveDate))> = self.0.iter().collect();
        RowsWriter::all(&path, forward_schema(), &all, |some| {
            let from = some.iter().map(|(from, _)| Some(key_text(**from)));
            let to = some.iter().map(|(_, (to, _))| Some(key_text(*to)));
            let since = some.iter().map(|(_, (_, d))| Some(Date32Type::from_naive_date(*d)));
            let columns: Vec<ArrayRef> = vec![
                Arc::new(from.collect::<StringArray>()),
                Arc::new(to.collect::<StringArray>()),
                Arc::new(since.collect::<Date32Array>()),
            ];
            Ok(RecordBatch::try_new(forward_schema(), columns)?)
        })
    }
}

/// Persons who have a row tonight, as far as anybody asks.
fn alive(now: &BTreeMap<i64, Now>, watched: &Watched) -> BTreeSet<i64> {
    let mut alive = watched.living.clone();
    for now in now.values() {
        alive.insert(now.seen.key);
        // The master has the ID under another name.
        if matches!(now.kind, Kind::Clash | Kind::Doubtful) {
            alive.insert(now.seen.owner);
        }
    }
    alive
}

/// Events of each kind, on a night that has none.
pub fn no_events() -> BTreeMap<String, u64> {
    EventKind::ALL.iter().map(|(kind, _)| (kind.word().to_owned(), 0)).collect()
}

/// Writes that nothing changed since the night before.
///
/// # Errors
/// What the disk says.
pub(super) fn none(night: &Path) -> Result<()> {
    write_all(night, &[])
}

fn write_all(night: &Path, events: &[Event]) -> Result<()> {
    let path = night.join("identity").join(EVENTS);
    RowsWriter::all(&path, event_schema(), events, event_rows)
}

/// Compares tonight with the night before, and writes the events and the pointers. Gives the number
/// of events of each kind.
///
/// # Errors
/// What the disk says.
pub(super) fn write(
    order: &[&Table],
    night: (&Path, NaiveDate),
    past: &Past,
    now: &BTreeMap<i64, Now>,
    watched: &Watched,
) -> Result<BTreeMap<String, u64>> {
    let (folder, date) = night;
    let changes = changes(past, now, watched);
    let alive = alive(now, watched);
    let merged = merged(&changes, &alive);
    let mut events: Vec<Event> = changes
        .iter()
        .map(|change| Event {
            date,
            kind: match change.found() {
                true if merged.get(&change.from) == Some(&change.to) => EventKind::Merge,
                true => EventKind::Move,
                false => EventKind::Split,
            },
            from_key: key_text(change.from),
            to_key: key_text(change.to),
            step: change.step.map_or("id", Step::word).to_owned(),
            mention: key_text(change.mention),
            table: order[usize::from(change.table)].id.clone(),
            rows: change.rows,
        })
        .collect();
    events.sort();
    let mut counts = no_events();
    for event in &events {
        *counts.entry(event.kind.word().into()).or_default() += 1;
    }
    write_all(folder, &events)?;
    past.forward.next(&merged, &alive, date).write(folder)?;
    Ok(counts)
}

/// Where persons went of whom nothing is left: to whoever has most of their rows.
fn merged(changes: &[Change], alive: &BTreeSet<i64>) -> BTreeMap<i64, i64> {
    let mut rows: BTreeMap<i64, BTreeMap<i64, i64>> = BTreeMap::new();
    for change in changes.iter().filter(|c| c.found() && !alive.contains(&c.from)) {
        *rows.entry(change.from).or_default().entry(change.to).or_default() += change.rows;
    }
    let most = |to: BTreeMap<i64, i64>| to.into_iter().max_by_key(|(key, rows)| (*rows, -*key));
    rows.into_iter().filter_map(|(from, to)| Some((from, most(to)?.0))).collect()
}

fn damaged() -> Error {
    Error::environment("a table of identity events is damaged").hint("run the night again")
}

fn day(batch: &RecordBatch, at: usize, row: usize) -> Result<NaiveDate> {
    let value = batch.column(at).as_primitive::<Date32Type>().value(row);
    Date32Type::to_naive_date_opt(value).ok_or_else(damaged)
}

fn event_schema() -> SchemaRef {
    schema(&EVENT_COLUMNS)
}

fn forward_schema() -> SchemaRef {
    schema(&FORWARD_COLUMNS)
}

fn schema(columns: &[&str]) -> SchemaRef {
    let field = |name: &&str| {
        let kind = match *name {
            "date" | "since" => DataType::Date32,
            "rows" => DataType::Int64,
            _ => DataType::Utf8,
        };
        Field::new(*name, kind, false)
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

fn event_rows(events: &[Event]) -> Result<RecordBatch> {
    let text = |f: fn(&Event) -> &str| -> ArrayRef {
        Arc::new(events.iter().map(|e| Some(f(e))).collect::<StringArray>())
    };
    let dates = events.iter().map(|e| Some(Date32Type::from_naive_date(e.date)));
    let rows = events.iter().map(|e| Some(e.rows));
    let columns = vec![
        Arc::new(dates.collect::<Date32Array>()) as ArrayRef,
        text(|e| e.kind.word()),
        text(|e| &e.from_key),
        text(|e| &e.to_key),
        text(|e| &e.step),
        text(|e| &e.mention),
        text(|e| &e.table),
        Arc::new(rows.collect::<Int64Array>()),
    ];
    Ok(RecordBatch::try_new(event_schema(), columns)?)
}

/// The events of a published night; one of an older version has none.
///
/// # Errors
/// The file is damaged.
pub fn events(night: &Path) -> Result<Vec<Event>> {
    let path = night.join("identity").join(EVENTS);
    let mut events = Vec::new();
    if !path.is_file() {
        return Ok(events);
    }
    let columns = EVENT_COLUMNS.map(str::to_owned);
    for batch in RowsFile::open(&path)?.scan(Part::All, &columns, &Arc::default())? {
        let batch = batch?;
        let text =
            |at: usize, row: usize| batch.column(at).as_string::<i32>().value(row).to_owned();
        for row in 0..batch.num_rows() {
            let word = text(1, row);
            let kind = EventKind::ALL.into_iter().find(|(kind, _)| kind.word() == word);
            events.push(Event {
                date: day(&batch, 0, row)?,
                kind: kind.ok_or_else(damaged)?.0,
                from_key: text(2, row),
                to_key: text(3, row),
                step: text(4, row),
                mention: text(5, row),
                table: text(6, row),
                rows: batch.column(7).as_primitive::<Int64Type>().value(row),
            });
        }
    }
    Ok(events)
}
