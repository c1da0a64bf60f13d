//! From a row of text to typed columns, held to the contract: a bad cell names itself.

mod columns;
mod parse;
mod seen;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, SchemaRef};
use chrono::{Datelike, NaiveDate};

use crate::citizen_id::{CitizenId, Quality};
use crate::division::Divisions;
use crate::error::Result;
use crate::pipeline::Pipeline;
use crate::pipeline::schema::{data_type, table_schema};
use crate::pipeline::spec::{ColumnType, Feed, FeedColumn, Grain, OnBad, Table, Unit};
use crate::privacy::PersonKeys;
use columns::{Builder, Cell};
use parse::PlacesKnown;
use seen::{Said, Seen};

/// Rows of one batch, at most.
const BATCH_ROWS: usize = 8192;
/// Bytes of text of one batch, or one row more.
const BATCH_BYTES: usize = 8 << 20;

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
    /// It was appended; pending when its ID names no person yet.
    Used {
        pending: bool,
    },
    /// It says exactly what an earlier row of the delivery says.
    Duplicate,
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
    codes: Option<HashMap<String, String>>,
    constant: Option<String>,
}

/// Counts of what was repaired or dropped, by kind.
pub type Amendments = std::collections::BTreeMap<String, u64>;

/// Turns the rows of one delivery into batches of typed columns.
pub struct Typer<'a> {
    schema: SchemaRef,
    sources: Vec<Source>,
    nulls: Vec<String>,
    placeholders: &'a [String],
    divisions: &'a Divisions,
    /// Beginning of the codes that the register must hold.
    root: String,
    keys: Option<(&'a PersonKeys, usize)>,
    key_columns: Vec<usize>,
    builders: Vec<Builder>,
    person_keys: Int64Builder,
    links: StringBuilder,
    places: Places,
    cells: Vec<Cell>,
    /// What became of the row's ID numbers, by column.
    qualities: Vec<Quality>,
    places_known: PlacesKnown,
    scratch: String,
    spare: String,
    row_bytes: Vec<u8>,
    key_bytes: Vec<u8>,
    seen: Seen,
    rows: usize,
    /// Bytes of text of the rows gathered since the last batch.
    text_bytes: usize,
    pub amendments: Amendments,
}

/// Where the rows of a batch stand.
#[derive(Default)]
struct Places {
    row: Int64Builder,
    part: Int32Builder,
    line: Int64Builder,
    byte: Int64Builder,
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
    /// A typer for the deliveries of a feed.
    pub fn new(
        pipeline: &'a Pipeline,
        feed: &Feed,
        table: &Table,
        divisions: &'a Divisions,
        keys: &'a PersonKeys,
    ) -> Self {
        let sources = table.columns.iter().map(|c| source(pipeline, feed, c)).collect::<Vec<_>>();
        let schema = table_schema(table);
        let id = table.person.as_ref().and_then(|p| table.position(&p.id));
        let person = (table.grain == Grain::Person).then_some(id).flatten();
        let mut builders = Vec::new();
        for source in &sources {
            builders.push(Builder::new(&data_type(&source.kind)));
            if source.kind == ColumnType::CitizenId {
                builders.push(Builder::new(&DataType::Utf8));
                builders.push(Builder::new(&DataType::Utf8));
            }
        }
        Self {
            schema,
            nulls: feed.format.nulls.clone(),
            placeholders: &pipeline.settings.identity.placeholders,
            divisions,
            root: pipeline.settings.division_root.clone(),
            keys: person.map(|column| (keys, column)),
            key_columns: table.key.iter().filter_map(|k| table.position(k)).collect(),
            builders,
            person_keys: Int64Builder::new(),
            links: StringBuilder::new(),
            places: Places::default(),
            cells: vec![Cell::Null; sources.len()],
            qualities: vec![Quality::Missing; sources.len()],
            places_known: PlacesKnown::default(),
            sources,
            scratch: String::new(),
            spare: String::new(),
            row_bytes: Vec::new(),
            key_bytes: Vec::new(),
            seen: Seen::new(),
            rows: 0,
            text_bytes: 0,
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

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows gathered since the last batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Is it time for a batch? Long texts fill one sooner than many rows do.
    pub fn full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.text_bytes >= BATCH_BYTES
    }

    /// Takes one row of raw cells.
    pub fn row<'r>(&mut self, cell: impl Fn(usize) -> &'r str, place: Place) -> Outcome {
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
                    return Outcome::Rejected(BadCell { column, reason, raw });
                }
            }
        }
        match self.said(&cell) {
            Said::New => {}
            Said::Again => return Outcome::Duplicate,
            Said::Otherwise => {
                let column = self.sources[self.key_columns[0]].name.clone();
                let raw = self.text(self.cells[self.key_columns[0]]).to_owned();
                let reason = "the key of an earlier row with other content";
                return Outcome::Rejected(BadCell { column, reason, raw });
            }
        }
        let pending = self.append(&cell, id, place);
        Outcome::Used { pending }
    }

    /// The rows gathered so far as a batch.
    ///
    /// # Errors
    /// Never for rows that were taken; the columns are of one length.
    pub fn batch(&mut self, delivery: &str) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        self.text_bytes = 0;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        if self.keys.is_some() {
            columns.push(Arc::new(self.person_keys.finish()));
            columns.push(Arc::new(self.links.finish()));
        }
        columns.extend(self.builders.iter_mut().map(Builder::finish));
        let deliveries = std::iter::repeat_n(Some(delivery), rows);
        columns.push(Arc::new(deliveries.collect::<arrow::array::StringArray>()));
        columns.push(Arc::new(self.places.row.finish()));
        columns.push(Arc::new(self.places.part.finish()));
        columns.push(Arc::new(self.places.line.finish()));
        columns.push(Arc::new(self.places.byte.finish()));
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    fn text(&self, cell: Cell) -> &str {
        match cell {
            Cell::Text { start, end } => &self.scratch[start..end],
            _ => "",
        }
    }

    /// What the row is to those before it.
    fn said<'r>(&mut self, cell: &impl Fn(usize) -> &'r str) -> Said {
        let (mut row, mut key) =
            (std::mem::take(&mut self.row_bytes), std::mem::take(&mut self.key_bytes));
        row.clear();
        (0..self.cells.len()).for_each(|column| self.put(column, cell, &mut row));
        let said = if self.key_columns.is_empty() {
            self.seen.whole(&row)
        } else {
            key.clear();
            self.key_columns.iter().for_each(|column| self.put(*column, cell, &mut key));
            self.seen.keyed(&key, &row)
        };
        (self.row_bytes, self.key_bytes) = (row, key);
        said
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

    /// Appends the parsed cells to the columns.
    fn append<'r>(
        &mut self,
        cell: &impl Fn(usize) -> &'r str,
        id: Option<(CitizenId, usize)>,
        place: Place,
    ) -> bool {
        let mut at = 0;
        for column in 0..self.sources.len() {
            let value = self.cells[column];
            let text = match value {
                Cell::Text { start, end } => Some(&self.scratch[start..end]),
                _ => None,
            };
            self.builders[at].append(value, text);
            at += 1;
            if self.sources[column].kind == ColumnType::CitizenId {
                let raw = self.sources[column].cells.first().copied().flatten().map(cell);
                let quality = self.qualities[column];
                let word = quality.word();
                if quality != Quality::Valid {
                    *self.amendments.entry(format!("id:{word}")).or_default() += 1;
                }
                self.builders[at].append_text(raw.filter(|r| !r.is_empty()));
                self.builders[at + 1].append_text(Some(word));
                at += 2;
            }
        }
        let mut pending = false;
        if let Some((keys, column)) = self.keys {
            match id.filter(|(_, c)| *c == column) {
                Some((id, _)) => {
                    self.person_keys.append_value(keys.key(&id));
                    self.links.append_value("id");
                }
                None => {
                    pending = true;
                    self.person_keys.append_null();
                    self.links.append_null();
                }
            }
        }
        self.places.row.append_value(place.row);
        self.places.part.append_value(place.part);
        self.places.line.append_value(place.line as i64);
        self.places.byte.append_value(place.byte as i64);
        self.rows += 1;
        self.text_bytes += self.scratch.len();
        pending
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
        let mut spellings = pipeline.codes[list].spellings();
        if let Some(mapped) = mapped {
            spellings.extend(mapped.map.clone());
        }
        spellings
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
