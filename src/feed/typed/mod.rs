//! From a row of text to typed columns, held to the contract: a bad cell names itself.

mod about;
mod memo;
mod parse;
mod seen;
mod spelling;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use crate::citizen_id::{CitizenId, Quality};
use crate::division::Divisions;
use crate::error::Result;
use crate::feed::nulls::Nulls;
use crate::feed::read::RawRow;
use crate::feed::rejects::About;
use crate::lake::rows::{Numbers, Packed};
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{ColumnType, Feed, FeedColumn, Grain, OnBad, Table, Unit};
use crate::privacy::PersonKeys;
use memo::Memo;
use parse::PlacesKnown;
use seen::Seen;
use spelling::Spellings;

pub use spelling::trimmed;

/// A cell that its contract does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCell {
    /// The table's column.
    pub column: String,
    pub reason: &'static str,
    pub raw: String,
    /// Whom its row is about.
    pub about: About,
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
    /// Of a column of codes each spelling with its code; of another what the contract reads otherwise.
    spellings: Spellings,
    constant: Option<Arc<str>>,
    /// What its constant is when it is packed; empty until that is known.
    constant_packed: Vec<u8>,
}

/// Counts of what was repaired or dropped, by kind.
pub type Amendments = std::collections::BTreeMap<String, u64>;

/// Rows of a delivery that are not new, by their numbers.
pub struct Repeats {
    pub rows: Numbers,
    /// Those of them that say something else than the first row with their key. Every other says exactly
    /// what that one says.
    pub otherwise: Numbers,
    /// Cells that were dropped of them, as they were counted.
    pub dropped: Amendments,
}

/// Turns the rows of one delivery into typed values.
pub struct Typer<'a> {
    sources: Vec<Source>,
    nulls: Nulls,
    placeholders: &'a [String],
    divisions: &'a Divisions,
    /// Beginning of the codes that the register must hold.
    root: String,
    keys: Option<(&'a PersonKeys, usize)>,
    /// The last ID and its key: rows of one person often stand one below the other.
    last: Option<(CitizenId, i64)>,
    key_columns: Vec<usize>,
    /// Columns of ID numbers. Behind each stand its text as it was received, and what it turned out
    /// to be.
    ids: Vec<usize>,
    /// The row under way, or the last one that is used.
    packed: Packed,
    /// Where in it stands what each column says.
    places: Vec<Range<usize>>,
    /// What became of the row's ID numbers, by column.
    qualities: Vec<Quality>,
    places_known: PlacesKnown,
    memo: Memo,
    /// Whether days that are numbers are counted from 1904.
    since_1904: bool,
    spare: String,
    row_bytes: Vec<u8>,
    key_bytes: Vec<u8>,
    seen: Seen,
    /// Cells that were dropped, by column.
    dropped: Vec<u64>,
    /// ID numbers by what they turned out to be, in the order of [`Quality::ALL`].
    ids_by_quality: [u64; Quality::ALL.len()],
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
            last: None,
            key_columns: table.key.iter().filter_map(|k| table.position(k)).collect(),
            ids: (0..sources.len()).filter(|c| sources[*c].kind == ColumnType::CitizenId).collect(),
            packed: Packed::default(),
            places: vec![0..0; sources.len()],
            qualities: vec![Quality::Missing; sources.len()],
            places_known: PlacesKnown::default(),
            memo: Memo::new(sources.len()),
            since_1904: false,
            dropped: vec![0; sources.len()],
            ids_by_quality: [0; Quality::ALL.len()],
            sources,
            spare: String::new(),
            row_bytes: Vec::new(),
            key_bytes: Vec::new(),
            seen: Seen::new(path),
        }
    }

    /// Says in which cells of this part the feed's columns stand (by column of the feed; several
    /// for a path), and whether its days that are numbers are counted from 1904.
    pub fn bind(&mut self, feed: &Feed, bound: &[Vec<Option<usize>>], since_1904: bool) {
        self.since_1904 = since_1904;
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

    /// Rows that say again what an earlier one said, or otherwise under its key.
    ///
    /// # Errors
    /// What the disk says.
    pub fn repeats(&mut self) -> Result<Repeats> {
        let (rows, otherwise) = self.seen.repeats(!self.key_columns.is_empty())?;
        let mut dropped = vec![0_u64; self.sources.len()];
        self.seen.dropped_of(&rows, |column| dropped[column] += 1)?;
        Ok(Repeats { rows, otherwise, dropped: self.kinds(&dropped) })
    }

    /// What was repaired or dropped of the rows that are used, by kind.
    pub fn amendments(&self) -> Amendments {
        let mut all = self.kinds(&self.dropped);
        let repaired = Quality::ALL.into_iter().zip(self.ids_by_quality);
        for (quality, ids) in repaired.filter(|(q, ids)| *q != Quality::Valid && *ids > 0) {
            all.insert(format!("id:{}", quality.word()), ids);
        }
        all
    }

    /// The kinds of cells that were dropped, from their counts by column.
    fn kinds(&self, dropped: &[u64]) -> Amendments {
        let columns = self.sources.iter().zip(dropped).filter(|(_, cells)| **cells > 0);
        columns.map(|(source, cells)| (format!("dropped:{}", source.name), *cells)).collect()
    }

    /// Takes one row of raw cells.
    ///
    /// # Errors
    /// What the disk says.
    pub fn row(&mut self, row: &RawRow, place: Place) -> Result<Outcome> {
        let cell = |at| row.cell(at);
        self.packed.clear();
        self.memo.begin(row);
        self.qualities.fill(Quality::Missing);
        let (mut id, mut dropped) = (None, Vec::new());
        for column in 0..self.sources.len() {
            let start = self.packed.bytes().len();
            if let Err((reason, droppable)) = self.known_or_parsed(column, row, &mut id) {
                let source = &self.sources[column];
                if !(droppable && source.on_bad == OnBad::Null) {
                    let bad = bad_cell(source, reason, &cell);
                    let about = self.about(row);
                    return Ok(Outcome::Rejected(BadCell { about, ..bad }));
                }
                dropped.push(column);
                self.packed.null();
            }
            self.places[column] = start..self.packed.bytes().len();
            if self.sources[column].kind == ColumnType::CitizenId {
                self.as_received(column, &cell);
            }
        }
        self.remember(place.row)?;
        for column in dropped {
            self.dropped[column] += 1;
            self.seen.dropped(place.row, column)?;
        }
        for column in &self.ids {
            self.ids_by_quality[self.qualities[*column] as usize] += 1;
        }
        let mut key = None;
        if let Some((keys, column)) = self.keys {
            key = id.filter(|(_, c)| *c == column).map(|(id, _)| self.key(keys, id));
            self.packed.front(key.map(|_| "id"));
        }
        self.packed.number(place.row);
        self.packed.int32(place.part);
        self.packed.int64(place.line as i64);
        self.packed.int64(place.byte as i64);
        Ok(Outcome::Used { key })
    }

    /// The key of a person.
    fn key(&mut self, keys: &PersonKeys, id: CitizenId) -> i64 {
        match self.last {
            Some((last, key)) if last == id => key,
            _ => {
                let key = keys.key(&id);
                self.last = Some((id, key));
                key
            }
        }
    }

    /// Adds the text of an ID number and what it turned out to be. A usable number is the same however
    /// it was written; of another its text still tells two rows apart.
    fn as_received<'r>(&mut self, column: usize, cell: &impl Fn(usize) -> &'r str) {
        let raw = self.sources[column].cells.first().copied().flatten().map(cell);
        self.packed.text(raw.filter(|raw| !raw.is_empty()));
        let said = &mut self.places[column];
        if self.packed.bytes()[said.start] == 0 {
            said.end = self.packed.bytes().len();
        }
        self.packed.text(Some(self.qualities[column].word()));
    }

    /// Remembers what the row says.
    fn remember(&mut self, number: i64) -> Result<()> {
        let (packed, row, key) = (self.packed.bytes(), &mut self.row_bytes, &mut self.key_bytes);
        row.clear();
        let mut from = 0;
        for column in &self.ids {
            row.extend_from_slice(&packed[from..self.places[*column].end]);
            from = self.places.get(column + 1).map_or(packed.len(), |next| next.start);
        }
        row.extend_from_slice(&packed[from..]);
        if self.key_columns.is_empty() {
            return self.seen.whole(number, row);
        }
        key.clear();
        for column in &self.key_columns {
            key.extend_from_slice(&packed[self.places[*column].clone()]);
        }
        self.seen.keyed(number, key, row)
    }
}

/// A cell that is bad, for people.
fn bad_cell<'r>(
    source: &Source,
    reason: &'static str,
    cell: &impl Fn(usize) -> &'r str,
) -> BadCell {
    let cells = source.cells.iter().flatten().map(|c| cell(*c));
    let raw = cells.collect::<Vec<_>>().join(" / ");
    BadCell { column: source.name.clone(), reason, raw, about: About::default() }
}

/// Days since 1970-01-01, Arrow's Date32.
pub fn days(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - 719_163
}

/// Where the contract says a column of the table comes from.
fn source(pipeline: &Pipeline, feed: &Feed, column: &crate::pipeline::spec::Column) -> Source {
    let mapped: Option<&FeedColumn> = feed.columns.iter().find(|c| c.to == column.name);
    let own = mapped.map(|mapped| mapped.map.clone()).unwrap_or_default();
    let spellings: Spellings = match (&column.kind, &column.codes) {
        (ColumnType::Code, Some(list)) => {
            pipeline.codes[list].spellings().into_iter().chain(own).collect()
        }
        _ => own.into_iter().collect(),
    };
    Source {
        kind: column.kind.clone(),
        name: column.name.clone(),
        cells: Vec::new(),
        path: mapped.is_some_and(|m| !m.path.is_empty()),
        required: mapped.is_some_and(|m| m.required),
        on_bad: mapped.map_or(OnBad::Reject, |m| m.on_bad),
        unit: mapped.and_then(|m| m.unit),
        spellings,
        constant: feed.constants.get(&column.name).map(|c| c.as_str().into()),
        constant_packed: Vec::new(),
    }
}
