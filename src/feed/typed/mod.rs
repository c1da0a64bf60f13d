//! From a row of text to typed columns, held to the contract: a bad cell names itself.

mod cell;
mod parse;
mod seen;

use std::collections::HashMap;
use std::path::Path;

use chrono::{Datelike, NaiveDate};
use foldhash::fast::FixedState;

use crate::citizen_id::{CitizenId, Quality};
use crate::division::Divisions;
use crate::error::Result;
use crate::lake::rows::Packed;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{ColumnType, Feed, FeedColumn, Grain, OnBad, Table, Unit};
use crate::privacy::PersonKeys;
use cell::Cell;
use parse::{Nulls, PlacesKnown};
pub use seen::Said;
use seen::Seen;

/// A cell that its contract does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCell {
    /// The table's column.
    pub column: String,
    pub reason: &'static str,
    pub raw: String,
}

/// What became of a row.
pub enum Outcome {
    /// Its values are packed; it has no key when its ID names no person yet.
    Used {
        key: Option<i64>,
    },
    Rejected(BadCell),
}

/// Where one column of the table comes from.
struct Source {
    kind: ColumnType,
    name: String,
    /// Places of the raw cells: one, or the levels of a path.
    cells: Vec<Option<usize>>,
    path: bool,
    required: bool,
    on_bad: OnBad,
    unit: Option<Unit>,
    codes: Option<HashMap<String, String, FixedState>>,
    constant: Option<String>,
}

/// Counts of what was repaired or dropped, by kind.
pub type Amendments = std::collections::BTreeMap<String, u64>;

/// Turns the rows of one delivery into typed values.
pub struct Typer<'a> {
    sources: Vec<Source>,
    nulls: Nulls,
    placeholders: &'a [String],
    divisions: &'a Divisions,
    /// Beginning of the codes that the register must hold.
    root: String,
    keys: Option<(&'a PersonKeys, usize)>,
    key_columns: Vec<usize>,
    cells: Vec<Cell>,
    /// The last row that is used.
    packed: Packed,
    /// What became of the row's ID numbers, by column.
    qualities: Vec<Quality>,
    places_known: PlacesKnown,
    scratch: String,
    spare: String,
    row_bytes: Vec<u8>,
    key_bytes: Vec<u8>,
    seen: Seen,
    pub amendments: Amendments,
}

/// Where one row stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Number of the row in its delivery, from 0.
    pub row: i64,
    /// Number of the part in the receipt's list.
    pub part: i32,
    pub line: u64,
    pub byte: u64,
}

impl<'a> Typer<'a> {
    /// A typer for a delivery of a feed. What it has to remember beyond its memory waits in a folder
    /// beside `path`.
    pub fn new(
        path: &Path,
        pipeline: &'a Pipeline,
        feed: &Feed,
        table: &Table,
        divisions: &'a Divisions,
        keys: &'a PersonKeys,
    ) -> Self {
        let sources = table.columns.iter().map(|c| source(pipeline, feed, c)).collect::<Vec<_>>();
        let id = table.person.as_ref().and_then(|p| table.position(&p.id));
        let person = (table.grain == Grain::Person).then_some(id).flatten();
        Self {
            nulls: Nulls::new(&feed.format.nulls),
            placeholders: &pipeline.settings.identity.placeholders,
            divisions,
            root: pipeline.settings.division_root.clone(),
            keys: person.map(|column| (keys, column)),
            key_columns: table.key.iter().filter_map(|k| table.position(k)).collect(),
            packed: Packed::default(),
            cells: vec![Cell::Null; sources.len()],
            qualities: vec![Quality::Missing; sources.len()],
            places_known: PlacesKnown::default(),
            sources,
            scratch: String::new(),
            spare: String::new(),
            row_bytes: Vec::new(),
            key_bytes: Vec::new(),
            seen: Seen::new(path),
            amendments: Amendments::new(),
        }
    }

    /// Says in which cells of this part the feed's columns stand (by column of the feed; several
    /// for a path).
    pub fn bind(&mut self, feed: &Feed, bound: &[Vec<Option<usize>>]) {
        for (column, cells) in feed.columns.iter().zip(bound) {
            if let Some(source) = self.sources.iter_mut().find(|s| s.name == column.to) {
                source.cells.clone_from(cells);
            }
        }
    }

    /// The values of the last row that was used, in the order of the table's schema, but for its key
    /// and its delivery.
    pub fn packed(&self) -> &Packed {
        &self.packed
    }

    /// Rows that say again what an earlier one said, or otherwise under its key: by their numbers,
    /// in order.
    ///
    /// # Errors
    /// What the disk says.
    pub fn repeats(&mut self) -> Result<Vec<(i64, Said)>> {
        self.seen.repeats(!self.key_columns.is_empty())
    }

    /// Takes one row of raw cells.
    ///
    /// # Errors
    /// What the disk says.
    pub fn row<'r>(&mut self, cell: impl Fn(usize) -> &'r str, place: Place) -> Result<Outcome> {
        self.scratch.clear();
        self.qualities.fill(Quality::Missing);
        let mut id = None;
        for column in 0..self.sources.len() {
            match self.parse(column, &cell, &mut id) {
                Ok(value) => self.cells[column] = value,
                Err(bad) if self.sources[column].on_bad == OnBad::Null && bad.1 => {
                    let kind = format!("dropped:{}", self.sources[column].name);
                    *self.amendments.entry(kind).or_default() += 1;
                    self.cells[column] = Cell::Null;
                }
                Err((reason, _)) => {
                    let source = &self.sources[column];
                    let cells = source.cells.iter().flatten().map(|c| cell(*c));
                    let raw = cells.collect::<Vec<_>>().join(" / ");
                    let column = source.name.clone();
                    return Ok(Outcome::Rejected(BadCell { column, reason, raw }));
                }
            }
        }
        self.remember(&cell, place.row)?;
        Ok(Outcome::Used { key: self.pack(&cell, id, place) })
    }

    fn text(&self, cell: Cell) -> &str {
        match cell {
            Cell::Text { start, end } => &self.scratch[start..end],
            _ => "",
        }
    }

    /// Remembers what the row says.
    fn remember<'r>(&mut self, cell: &impl Fn(usize) -> &'r str, number: i64) -> Result<()> {
        let (mut row, mut key) =
            (std::mem::take(&mut self.row_bytes), std::mem::take(&mut self.key_bytes));
        row.clear();
        (0..self.cells.len()).for_each(|column| self.put(column, cell, &mut row));
        let taken = if self.key_columns.is_empty() {
            self.seen.whole(number, &row)
        } else {
            key.clear();
            self.key_columns.iter().for_each(|column| self.put(*column, cell, &mut key));
            self.seen.keyed(number, &key, &row)
        };
        (self.row_bytes, self.key_bytes) = (row, key);
        taken
    }

    /// Adds a column's value to what tells rows apart. IDs count as they were received.
    fn put<'r>(&self, column: usize, cell: &impl Fn(usize) -> &'r str, bytes: &mut Vec<u8>) {
        match self.cells[column] {
            Cell::Null => bytes.push(0),
            Cell::Int(v) => bytes.extend_from_slice(&v.to_le_bytes()),
            Cell::Decimal(v) => bytes.extend_from_slice(&v.to_le_bytes()),
            Cell::Date(v) => bytes.extend_from_slice(&v.to_le_bytes()),
            Cell::Bool(v) => bytes.push(1 + u8::from(v)),
            text @ Cell::Text { .. } => bytes.extend_from_slice(self.text(text).as_bytes()),
        }
        // An unusable ID is null above; its raw text still tells two rows apart.
        if self.sources[column].kind == ColumnType::CitizenId
            && self.cells[column] == Cell::Null
            && let Some(Some(at)) = self.sources[column].cells.first()
        {
            bytes.extend_from_slice(cell(*at).as_bytes());
        }
        bytes.push(0xff);
    }

    /// Packs the parsed cells; the row's key.
    fn pack<'r>(
        &mut self,
        cell: &impl Fn(usize) -> &'r str,
        id: Option<(CitizenId, usize)>,
        place: Place,
    ) -> Option<i64> {
        let packed = &mut self.packed;
        packed.clear();
        let mut key = None;
        if let Some((keys, column)) = self.keys {
            key = id.filter(|(_, c)| *c == column).map(|(id, _)| keys.key(&id));
            packed.text(key.map(|_| "id"));
        }
        for (column, source) in self.sources.iter().enumerate() {
            self.cells[column].pack(&self.scratch, packed);
            if source.kind == ColumnType::CitizenId {
                let raw = source.cells.first().copied().flatten().map(cell);
                let quality = self.qualities[column];
                let word = quality.word();
                if quality != Quality::Valid {
                    *self.amendments.entry(format!("id:{word}")).or_default() += 1;
                }
                packed.text(raw.filter(|r| !r.is_empty()));
                packed.text(Some(word));
            }
        }
        packed.int64(place.row);
        packed.int32(place.part);
        packed.int64(place.line as i64);
        packed.int64(place.byte as i64);
        key
    }
}

/// Days since 1970-01-01, Arrow's Date32.
pub fn days(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - 719_163
}

/// Where the contract says a column of the table comes from.
fn source(pipeline: &Pipeline, feed: &Feed, column: &crate::pipeline::spec::Column) -> Source {
    let mapped: Option<&FeedColumn> = feed.columns.iter().find(|c| c.to == column.name);
    let codes = column.codes.as_ref().map(|list| {
        let own = mapped.into_iter().flat_map(|mapped| mapped.map.clone());
        pipeline.codes[list].spellings().into_iter().chain(own).collect()
    });
    Source {
        kind: column.kind.clone(),
        name: column.name.clone(),
        cells: Vec::new(),
        path: mapped.is_some_and(|m| !m.path.is_empty()),
        required: mapped.is_some_and(|m| m.required),
        on_bad: mapped.map_or(OnBad::Reject, |m| m.on_bad),
        unit: mapped.and_then(|m| m.unit),
        codes,
        constant: feed.constants.get(&column.name).cloned(),
    }
}
