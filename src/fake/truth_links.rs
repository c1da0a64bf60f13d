//! Holds the person of every row against whose row it truly is.
//!
//! The master is the first table of the spine. A pair is a row of another table and a person of the
//! master; it is found when the row and a row of the master have one person key, and right when both
//! are truly of one person. Rows of people whom the master does not know are in no true pair.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::citizen_id::{self, Quality};
use crate::codes;
use crate::engine::TableRows;
use crate::error::{Error, Result};
use crate::identity::Linked;
use crate::lake::rows::{PERSON_KEY, Part, SRC_ROW};
use crate::person_name;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{ColumnType, Table};

/// What a row says that a reader of any spelling understands.
pub struct Told<'a> {
    /// As it was received.
    pub id: &'a str,
    pub name: &'a str,
    pub birth: Option<i32>,
    /// Values of the table's key, of texts and whole numbers alone.
    pub key: Vec<Option<String>>,
}

/// By what a row of the truth and a row of the lake are known to be the same.
pub fn fingerprint(table: &Table, told: &Told<'_>, placeholders: &[String]) -> u128 {
    let parsed = citizen_id::parse(told.id, placeholders);
    let id = match (parsed.id, parsed.quality) {
        (Some(id), _) => id.as_str().to_owned(),
        // The numbers of one cell are written in many ways.
        (_, Quality::Truncated15 | Quality::Scientific) => "number".to_owned(),
        _ => told.id.trim().to_owned(),
    };
    let name = person_name::clean(told.name);
    let mut text = format!("{}|{id}|{name}|{:?}", table.id, told.birth);
    for (column, value) in table.key.iter().zip(&told.key) {
        let kind = table.column(column).map(|c| &c.kind);
        if matches!(kind, Some(ColumnType::Text | ColumnType::Int)) {
            text.push('|');
            text.push_str(value.as_deref().unwrap_or_default());
        }
    }
    xxh3_128(text.as_bytes())
}

/// Pairs of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pairs {
    pub right: u64,
    pub wrong: u64,
    pub missed: u64,
}

impl Pairs {
    /// The share of the pairs found that are right, 0 to 1; 1 where none was found.
    pub fn precision(self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    /// The share of the true pairs that were found, 0 to 1; 1 where there are none.
    pub fn recall(self) -> f64 {
        ratio(self.right, self.right + self.missed)
    }

    /// The harmonic mean of precision and recall, 0 to 1.
    pub fn f1(self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r == 0.0 { 0.0 } else { 2.0 * p * r / (p + r) }
    }

    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }
}

fn ratio(part: u64, all: u64) -> f64 {
    if all == 0 { 1.0 } else { part as f64 / all as f64 }
}

/// Three ways to join the same rows.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Methods {
    /// On the ID as it was received.
    pub raw: Pairs,
    /// On the ID as it was read.
    pub canonical: Pairs,
    /// On the person key of the night.
    pub night: Pairs,
}

impl Methods {
    fn add(&mut self, other: &Self) {
        self.raw.add(other.raw);
        self.canonical.add(other.canonical);
        self.night.add(other.night);
    }
}

/// Scores by what rows have in common.
#[derive(Debug, Default, Serialize)]
pub struct LinkScores {
    pub all: Methods,
    /// Rows whose own ID is bad.
    pub bad_id: Methods,
    pub tables: BTreeMap<String, Methods>,
    /// By the step that found the person; `id` is a plain ID.
    pub steps: BTreeMap<String, Methods>,
    pub classes: BTreeMap<String, Methods>,
    pub groups: BTreeMap<String, Methods>,
    /// Rows of wrong pairs, and rows whose person was not found, by table and the classes of their
    /// errors: how many, and the first as TABLE:DELIVERY:ROW.
    #[serde(skip)]
    pub wrong: BTreeMap<(String, String), (u64, String)>,
    #[serde(skip)]
    pub missed: BTreeMap<(String, String), (u64, String)>,
    /// Rows that the truth does not know.
    pub unknown: u64,
}

/// One line of the truth.
#[derive(Debug, Clone)]
struct Line {
    person: u64,
    classes: String,
    groups: String,
}

/// A row of the lake and the line of the truth that it is.
struct Row<'a> {
    line: &'a Line,
    key: i64,
    raw: Option<&'a str>,
    id: Option<&'a str>,
    delivery: &'a str,
    src_row: i64,
}

/// Scores the rows of a night. `tables` hold its moved rows and edits, `linked` is what the night says
/// of rows that no plain ID links.
///
/// # Errors
/// The truth or a file of the lake cannot be read.
pub fn score_links(
    pipeline: &Pipeline,
    tables: &BTreeMap<String, TableRows>,
    linked: &[Linked],
    truth: &Path,
) -> Result<LinkScores> {
    let steps: HashMap<(&str, &str, i64), &str> =
        linked.iter().map(|l| ((&*l.table, &*l.delivery, l.src_row), &*l.step)).collect();
    let lines = read(truth)?;
    let master = pipeline.settings.identity.spine.first().ok_or_else(|| {
        Error::usage("the pipeline has no spine, so there are no persons to link to")
    })?;
    let mut known = Known::default();
    let table = &pipeline.tables[master];
    let mut unknown = 0;
    each(pipeline, table, &tables[master], &lines, &mut |row| match row {
        Some(row) => known.add(&row),
        None => unknown += 1,
    })?;
    let mut scores = LinkScores { unknown, ..LinkScores::default() };
    for (id, rows) in tables.iter().filter(|(id, _)| *id != master) {
        let Some(table) = pipeline.tables.get(id).filter(|t| t.person.is_some()) else { continue };
        each(pipeline, table, rows, &lines, &mut |row| match row {
            Some(row) => {
                let step = steps.get(&(id, row.delivery, row.src_row)).copied().unwrap_or("id");
                scores.add(id, step, &row, &known);
            }
            None => scores.unknown += 1,
        })?;
    }
    Ok(scores)
}

/// Persons of the master by each way to find them.
#[derive(Default)]
struct Known {
    persons: HashSet<u64>,
    raw: HashMap<String, Vec<u64>>,
    ids: HashMap<String, Vec<u64>>,
    keys: HashMap<i64, Vec<u64>>,
}

impl Known {
    fn add(&mut self, row: &Row<'_>) {
        let person = row.line.person;
        self.persons.insert(person);
        let note = |all: &mut Vec<u64>| {
            if !all.contains(&person) {
                all.push(person);
            }
        };
        if let Some(raw) = row.raw {
            note(self.raw.entry(raw.to_owned()).or_default());
        }
        if let Some(id) = row.id {
            note(self.ids.entry(id.to_owned()).or_default());
        }
        note(self.keys.entry(row.key).or_default());
    }

    fn pairs(&self, person: u64, found: Option<&Vec<u64>>) -> Pairs {
        let found = found.map_or(&[][..], Vec::as_slice);
        let right = u64::from(found.contains(&person));
        Pairs {
            right,
            wrong: found.len() as u64 - right,
            missed: u64::from(right == 0 && self.persons.contains(&person)),
        }
    }
}

impl LinkScores {
    fn add(&mut self, table: &str, step: &str, row: &Row<'_>, known: &Known) {
        let person = row.line.person;
        let one = Methods {
            raw: known.pairs(person, row.raw.and_then(|r| known.raw.get(r))),
            canonical: known.pairs(person, row.id.and_then(|i| known.ids.get(i))),
            night: known.pairs(person, known.keys.get(&row.key)),
        };
        self.all.add(&one);
        self.tables.entry(table.to_owned()).or_default().add(&one);
        self.steps.entry(step.to_owned()).or_default().add(&one);
        let classes: Vec<&str> = row.line.classes.split('+').filter(|c| !c.is_empty()).collect();
        if classes.iter().any(|c| super::errors::spoils_id(c)) {
            self.bad_id.add(&one);
        }
        let fine = classes.is_empty().then_some("(none)");
        for class in classes.iter().copied().chain(fine) {
            self.classes.entry(class.to_owned()).or_default().add(&one);
        }
        let plain = row.line.groups.is_empty().then_some("(others)");
        for group in row.line.groups.split('+').filter(|g| !g.is_empty()).chain(plain) {
            self.groups.entry(group.to_owned()).or_default().add(&one);
        }
        let note = |all: &mut BTreeMap<(String, String), (u64, String)>| {
            let place = || format!("{table}:{}:{}", row.delivery, row.src_row);
            let what = (table.to_owned(), row.line.classes.clone());
            all.entry(what).or_insert_with(|| (0, place())).0 += 1;
        };
        if one.night.missed > 0 {
            note(&mut self.missed);
        }
        if one.night.wrong > 0 {
            note(&mut self.wrong);
        }
    }
}

/// The truth of all nights of a folder, by fingerprint: what was delivered once lies in the lake on.
fn read(truth: &Path) -> Result<HashMap<u128, Line>> {
    let mut names = crate::lake::names_in(truth);
    names.retain(|n| n.starts_with("links-"));
    names.sort();
    if names.is_empty() {
        return Err(Error::usage(format!("{} does not say whose row is whose", truth.display()))
            .hint("make extracts with `bidui fake --errors usual`"));
    }
    let mut lines: HashMap<u128, Line> = HashMap::new();
    for path in names.iter().map(|n| truth.join(n)) {
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
        for (number, line) in text.lines().enumerate().skip(1) {
            let fields = codes::split(line);
            let [_, print, person, classes, groups] = fields.as_slice() else {
                return Err(wrong(&path, number));
            };
            let (Ok(print), Ok(person)) = (u128::from_str_radix(print, 16), person.parse()) else {
                return Err(wrong(&path, number));
            };
            let line = Line { person, classes: classes.clone(), groups: groups.clone() };
            lines.insert(print, line);
        }
    }
    Ok(lines)
}

fn wrong(path: &Path, number: usize) -> Error {
    Error::usage(format!("{}:{}: no line of the truth of links", path.display(), number + 1))
        .hint("expected table,print,person,classes,groups, as `bidui fake --errors` writes them")
}

/// Every row of a table that has a person, with its line of the truth.
fn each(
    pipeline: &Pipeline,
    table: &Table,
    rows: &TableRows,
    lines: &HashMap<u128, Line>,
    take: &mut dyn FnMut(Option<Row<'_>>),
) -> Result<()> {
    let Some(roles) = &table.person else { return Ok(()) };
    let mut columns = vec![PERSON_KEY.to_owned(), SRC_ROW.to_owned(), roles.id.clone()];
    columns.push("src_delivery".into());
    columns.push(format!("{}_raw", roles.id));
    columns.extend([&roles.name, &roles.birth].into_iter().flatten().cloned());
    columns.extend(table.key.iter().cloned());
    let mut done: HashSet<String> = HashSet::new();
    columns.retain(|c| done.insert(c.clone()));
    let everyone = crate::engine::EVERYONE;
    let held = rows.held.iter().map(|h| h.file.scan(everyone, &columns, &h.edits));
    let moved = rows.moved.iter().map(|file| file.scan(Part::All, &columns, &Arc::default()));
    for scan in held.chain(moved) {
        for batch in scan? {
            batch_rows(pipeline, table, &batch?, lines, take)?;
        }
    }
    Ok(())
}

fn batch_rows(
    pipeline: &Pipeline,
    table: &Table,
    batch: &RecordBatch,
    lines: &HashMap<u128, Line>,
    take: &mut dyn FnMut(Option<Row<'_>>),
) -> Result<()> {
    let Some(roles) = &table.person else { return Ok(()) };
    let gone = || Error::bug("a column is gone");
    let text = |name: &str, row: usize| -> Option<&str> {
        let array = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        array.is_valid(row).then(|| array.value(row))
    };
    let raw = format!("{}_raw", roles.id);
    let keys = batch.column_by_name(PERSON_KEY).ok_or_else(gone)?.as_primitive::<Int64Type>();
    let numbers = batch.column_by_name(SRC_ROW).ok_or_else(gone)?.as_primitive::<Int64Type>();
    for row in 0..batch.num_rows() {
        let birth = roles.birth.as_ref().and_then(|name| {
            let array = batch.column_by_name(name)?.as_primitive_opt::<Date32Type>()?;
            array.is_valid(row).then(|| array.value(row))
        });
        let value = |name: &String| -> Option<String> {
            let column = batch.column_by_name(name)?;
            let whole = column.as_primitive_opt::<Int64Type>();
            let number = whole.filter(|a| a.is_valid(row)).map(|a| a.value(row).to_string());
            number.or_else(|| text(name, row).map(str::to_owned))
        };
        let told = Told {
            id: text(&raw, row).unwrap_or_default(),
            name: roles.name.as_ref().and_then(|n| text(n, row)).unwrap_or_default(),
            birth,
            key: table.key.iter().map(value).collect(),
        };
        let print = fingerprint(table, &told, &pipeline.settings.identity.placeholders);
        let line = lines.get(&print);
        take(line.map(|line| Row {
            line,
            key: keys.value(row),
            raw: text(&raw, row),
            id: text(&roles.id, row),
            delivery: text("src_delivery", row).unwrap_or_default(),
            src_row: numbers.value(row),
        }));
    }
    Ok(())
}
