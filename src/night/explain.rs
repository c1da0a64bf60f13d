//! From an anomaly back to its rule and to the line of every row that it rests on.

mod behind;
mod whose;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Setup, read_anomalies, read_summary};
use crate::anomaly::Anomaly;
use crate::engine::{self, Engine, Held, Piece, Stored};
use crate::error::{Error, Result};
use crate::feed::assemble::{Assembled, assemble};
use crate::feed::receipt::{Receipt, contracts, every_receipt};
use crate::identity;
use crate::lake::MANIFEST;
use crate::lake::rows::{LINK, PERSON_KEY, Part, RowsFile};
use crate::pipeline::schema::{LINK_TABLE, table_schema};
use crate::pipeline::spec::{Privacy, System, Table, View};
use crate::privacy::{HIDDEN, PersonKeys, hide_ids};
use crate::rule::{subject_texts, texts};

/// Deliveries that are shown of those that an anomaly about deliveries rests on: the newest.
const DELIVERIES: usize = 5;

/// Rows that are shown of those that an anomaly about an area counts: the first.
const LISTED: usize = 5;

/// A row that an anomaly rests on, and where it stands.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SourceRow {
    pub table: String,
    pub feed: String,
    pub delivery: String,
    /// The file; of a row that speaks of a delivery, all of its files.
    pub file: String,
    pub sheet: Option<String>,
    /// 0 for a row that speaks of a delivery or a case: no line of a file says it.
    pub line: i64,
    pub byte: i64,
    /// The row's number in its delivery, as `explain link` takes it; of a line of a file only.
    pub row: Option<i64>,
    /// What says that it is the person's: `id`, or a step; none for a row that is about no person.
    pub link: Option<String>,
    /// Number of the case, when the row is one of the ledger.
    pub case: Option<String>,
    /// Filled columns that do not name a person, under their titles and without ID numbers.
    pub values: BTreeMap<String, String>,
}

/// An anomaly with all that it rests on.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    #[serde(flatten)]
    pub anomaly: Anomaly,
    /// The rule's file as it stood on that night.
    pub rule_text: String,
    /// The rule's file has changed since.
    pub rule_changed: bool,
    pub rows: Vec<SourceRow>,
    /// Tables whose rows it counts, with how many lie in its area; `rows` has the first of them.
    pub counted: BTreeMap<String, i64>,
}

/// The anomaly of that number, if a published night tells of it.
///
/// # Errors
/// The night is damaged.
pub fn find(folder: &Path, id: &str) -> Result<Option<Anomaly>> {
    Ok(read_anomalies(folder)?.into_iter().find(|a| a.anomaly == id))
}

/// Explains an anomaly of a published night.
///
/// # Errors
/// The lake is damaged.
pub fn explain(setup: &Setup, folder: &Path, anomaly: Anomaly) -> Result<Explanation> {
    let (rule_text, rule_changed) = rule_text(setup, folder, &anomaly)?;
    let (mut rows, counted) = match setup.pipeline.views.get(&anomaly.subject_kind) {
        Some(view) => sources(setup, folder, view, &anomaly)?,
        None => Found::default(),
    };
    whose::say(folder, &mut rows)?;
    // An older night may still have ID numbers in its table.
    let anomaly = anomaly.without_ids(&setup.keys);
    Ok(Explanation { anomaly, rule_text, rule_changed, rows, counted })
}

/// The rule's text of that night.
fn rule_text(setup: &Setup, folder: &Path, anomaly: &Anomaly) -> Result<(String, bool)> {
    let path = folder.join("rules.json");
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
    let rules: serde_json::Value = serde_json::from_str(&text)
        .map_err(|e| Error::environment(format!("{} is damaged: {e}", path.display())))?;
    let own = rules.as_array().and_then(|r| r.iter().find(|r| r["rule"] == anomaly.rule.as_str()));
    let text = own.and_then(|r| r["text"].as_str()).unwrap_or_default().to_owned();
    let now = setup.pipeline.rules.get(&anomaly.rule).map(|r| r.version.as_str());
    Ok((text, now != Some(anomaly.rule_version.as_str())))
}

/// Rows that are shown, and how many there are of those that are counted.
type Found = (Vec<SourceRow>, BTreeMap<String, i64>);

/// Rows of the tables that the rule needs which belong to the anomaly's subject.
fn sources(setup: &Setup, folder: &Path, view: &View, anomaly: &Anomaly) -> Result<Found> {
    let night = read_summary(folder)?.date;
    let known = setup.receipts(night)?;
    let receipts = made_from(setup, folder, night)?;
    let mut assembled = assemble(&setup.pipeline, &setup.lake, &receipts)?;
    identity::recall(&mut assembled.tables, folder)?;
    for rows in assembled.tables.values_mut() {
        let schema = &rows.schema;
        rows.moved = rows.moved.take().filter(|file| same_columns(file.schema(), schema));
    }
    recall_system(setup, &mut assembled, folder)?;
    let engine = setup.engine(night)?;
    let subject = subject_row((setup, &engine), folder, view, &anomaly.subject)?;
    let needs = setup.pipeline.rules.get(&anomaly.rule).map_or(&[][..], |r| &r.needs);
    let (mut rows, mut counted) = Found::default();
    for id in needs {
        if id == LINK_TABLE {
            let key: Option<i64> =
                subject.get(PERSON_KEY).and_then(|key| key.as_ref()?.parse().ok());
            if let Some(key) = key {
                whose::add((setup, folder), &assembled, &receipts, key, &mut rows)?;
            }
            continue;
        }
        let table = &setup.pipeline.tables[id];
        let schema = &assembled.tables[id].schema;
        let Some(own) = behind::rows(view, table, schema, &subject) else { continue };
        let (filter, context) = (own.condition, engine.session()?);
        context.register_table(id.as_str(), assembled.tables[id].table(own.part))?;
        let mut sql =
            format!("SELECT * FROM \"{id}\" WHERE {filter} ORDER BY src_delivery, src_row");
        if view.within.contains_key(id) {
            counted.insert(id.clone(), behind::count(&context, id, &filter)?);
            sql.push_str(&format!(" LIMIT {LISTED}"));
        }
        let batches = engine::wait(async { context.sql(&sql).await?.collect().await })?;
        let before = rows.len();
        let own = if table.source.is_some() { &known } else { &receipts };
        for batch in batches.map_err(Error::from)? {
            rows.extend(source_rows(table, &batch, own)?);
        }
        // Whoever asks why a delivery is late wants to see the last ones, not those of all years.
        if table.source == Some(System::Deliveries) {
            rows.drain(before..rows.len().saturating_sub(DELIVERIES).max(before));
        }
    }
    Ok((rows, counted))
}

/// Receipts of the deliveries that a night was made from, oldest first: others may have come since, and
/// what is read anew under another contract is another delivery. One whose table had other columns is
/// left out.
///
/// # Errors
/// The night or a delivery of it is damaged.
pub fn made_from(setup: &Setup, folder: &Path, night: NaiveDate) -> Result<Vec<Receipt>> {
    #[derive(Deserialize)]
    struct Manifest {
        /// Feed and delivery.
        deliveries: BTreeSet<(String, String)>,
    }
    let path = folder.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
    let made: Manifest = serde_json::from_str(&text)
        .map_err(|e| Error::environment(format!("{} is damaged: {e}", path.display())))?;
    let today = contracts(&setup.pipeline, &setup.keys);
    let mut own = Vec::new();
    for receipt in every_receipt(&setup.lake, &setup.pipeline, night)? {
        if !made.deliveries.contains(&(receipt.feed.clone(), receipt.delivery.clone())) {
            continue;
        }
        let mut fits = receipt.contract == today[receipt.feed.as_str()];
        if !fits {
            let delivery = setup.lake.deliveries(&receipt.feed).join(&receipt.delivery);
            let table = &setup.pipeline.feeds[&receipt.feed].table;
            let schema = table_schema(&setup.pipeline.tables[table]);
            let file = RowsFile::open(&delivery.join("rows.parquet"))?;
            fits = same_columns(file.schema(), &schema);
        }
        if fits {
            own.push(receipt);
        }
    }
    Ok(own)
}

/// Have two files of rows the same columns?
fn same_columns(one: &Schema, other: &Schema) -> bool {
    let columns = |schema: &Schema| -> Vec<_> {
        schema.fields().iter().map(|f| (f.name().clone(), f.data_type().clone())).collect()
    };
    columns(one) == columns(other)
}

/// The tables that no feed fills, as the night had them.
fn recall_system(setup: &Setup, assembled: &mut Assembled, folder: &Path) -> Result<()> {
    for table in setup.pipeline.tables.values().filter(|t| t.source.is_some()) {
        let path = folder.join("system").join(format!("{}.parquet", table.id));
        let Some(rows) = assembled.tables.get_mut(&table.id).filter(|_| path.is_file()) else {
            continue;
        };
        let file = RowsFile::open(&path)?;
        rows.held = vec![Held { delivery: table.id.clone(), file, edits: Arc::default() }];
    }
    Ok(())
}

/// The subject's row of its view, by column.
fn subject_row(
    (setup, engine): (&Setup, &Engine),
    folder: &Path,
    view: &View,
    subject: &str,
) -> Result<BTreeMap<String, Option<String>>> {
    let file = RowsFile::open(&folder.join("views").join(format!("{}.parquet", view.id)))?;
    let plain = plain_subject(&file, &view.subject, subject, &setup.keys)?;
    let subject = plain.as_deref().unwrap_or(subject);
    let schema = file.schema().clone();
    let column = schema.field_with_name(&view.subject)?;
    let key = column.data_type() == &arrow::datatypes::DataType::Int64;
    let value = if key {
        i64::from_str_radix(subject, 16).map(|k| k.to_string()).unwrap_or_default()
    } else {
        subject.replace('\'', "''")
    };
    let piece = Piece { file, part: Part::All, edits: Arc::default() };
    let context = engine.session()?;
    context.register_table(view.id.as_str(), Arc::new(Stored::new(schema, vec![piece])))?;
    let sql = format!(
        "SELECT * FROM \"{}\" WHERE CAST(\"{}\" AS VARCHAR) = '{value}' LIMIT 1",
        view.id, view.subject
    );
    let batches = engine::wait(async { context.sql(&sql).await?.collect().await })?;
    let mut row = BTreeMap::new();
    for batch in batches.map_err(Error::from)?.iter().filter(|b| b.num_rows() > 0) {
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            row.insert(field.name().clone(), texts(column)?.swap_remove(0));
        }
    }
    // An anomaly that is cleared or held has no row tonight; its subject is all that is known.
    row.entry(view.subject.clone()).or_insert_with(|| Some(value));
    Ok(row)
}

/// The subject in its view of which an ID number is hidden in the anomaly; nothing where none is, or
/// where the view has it no more.
fn plain_subject(
    file: &RowsFile,
    column: &str,
    subject: &str,
    keys: &PersonKeys,
) -> Result<Option<String>> {
    if !subject.contains(HIDDEN) {
        return Ok(None);
    }
    for batch in file.scan(Part::All, &[column.to_owned()], &Arc::default())? {
        let mut texts = subject_texts(batch?.column(0))?.into_iter().flatten();
        if let Some(plain) = texts.find(|text| keys.hide(text) == subject) {
            return Ok(Some(plain));
        }
    }
    Ok(None)
}

/// Rows of a table with their place; direct identifiers are left out.
fn source_rows(table: &Table, batch: &RecordBatch, receipts: &[Receipt]) -> Result<Vec<SourceRow>> {
    let column = |name: &str| -> Result<Vec<Option<String>>> {
        let array = batch.column_by_name(name);
        texts(array.ok_or_else(|| Error::bug("a row without its place"))?)
    };
    let places = Places {
        links: batch.column_by_name(LINK).map(texts).transpose()?,
        deliveries: column("src_delivery")?,
        rows: column("src_row")?,
        parts: column("src_part")?,
        lines: column("src_line")?,
        bytes: column("src_byte")?,
    };
    let mut rows = Vec::new();
    for row in 0..batch.num_rows() {
        let mut values = BTreeMap::new();
        let mut cells = BTreeMap::new();
        for own in table.columns.iter().filter(|c| c.privacy != Privacy::Direct) {
            let Some(array) = batch.column_by_name(&own.name).filter(|a| a.is_valid(row)) else {
                continue;
            };
            let text = texts(&array.slice(row, 1))?.swap_remove(0).unwrap_or_default();
            values.insert(own.title.clone(), hide_ids(&text));
            cells.insert(own.name.as_str(), text);
        }
        let place = match table.source {
            None => places.line(row, table, receipts),
            Some(System::Deliveries) => places.delivery(row, receipts, &cells),
            Some(System::Ledger) => Places::case(&cells),
            Some(System::Feeds) => Places::feed(&cells),
        };
        let file = hide_ids(&place.file);
        rows.push(SourceRow { table: table.id.clone(), values, file, ..place });
    }
    Ok(rows)
}

/// Where the rows of a batch stand, column by column.
struct Places {
    links: Option<Vec<Option<String>>>,
    deliveries: Vec<Option<String>>,
    rows: Vec<Option<String>>,
    parts: Vec<Option<String>>,
    lines: Vec<Option<String>>,
    bytes: Vec<Option<String>>,
}

impl Places {
    fn number(texts: &[Option<String>], row: usize) -> i64 {
        texts[row].as_deref().and_then(|t| t.parse().ok()).unwrap_or_default()
    }

    /// A line of an extract.
    fn line(&self, row: usize, table: &Table, receipts: &[Receipt]) -> SourceRow {
        let delivery = self.deliveries[row].clone().unwrap_or_default();
        let receipt = receipts.iter().find(|r| r.delivery == delivery && r.table == table.id);
        let part = receipt.and_then(|r| r.parts.get(Self::number(&self.parts, row) as usize));
        SourceRow {
            feed: receipt.map_or_else(String::new, |r| r.feed.clone()),
            delivery,
            file: part.map_or_else(String::new, |p| p.file.clone()),
            sheet: part.and_then(|p| p.sheet.clone()),
            line: Self::number(&self.lines, row),
            byte: Self::number(&self.bytes, row),
            row: Some(Self::number(&self.rows, row)),
            link: self.links.as_ref().and_then(|links| links[row].clone()),
            ..SourceRow::default()
        }
    }

    /// A delivery: the table has a row for each receipt, in their order.
    fn delivery(
        &self,
        row: usize,
        receipts: &[Receipt],
        cells: &BTreeMap<&str, String>,
    ) -> SourceRow {
        let cell = |name: &str| cells.get(name).map_or("", String::as_str);
        let at = Self::number(&self.rows, row) as usize;
        // A contract that was changed since may have put another receipt in this place.
        let own = |r: &&Receipt| {
            r.feed == cell("feed")
                && r.part.as_deref().unwrap_or_default() == cell("part")
                && r.received.to_string() == cell("received")
        };
        let receipt = receipts.get(at).filter(own);
        let files = receipt.map(|r| r.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>());
        SourceRow {
            feed: cell("feed").to_owned(),
            delivery: receipt.map_or_else(String::new, |r| r.delivery.clone()),
            file: files.map_or_else(String::new, |names| names.join("、")),
            ..SourceRow::default()
        }
    }

    /// A case of the ledger: no file says it.
    fn case(cells: &BTreeMap<&str, String>) -> SourceRow {
        SourceRow { case: cells.get("number").cloned(), ..SourceRow::default() }
    }

    /// A feed and its newest period: no file says it.
    fn feed(cells: &BTreeMap<&str, String>) -> SourceRow {
        SourceRow { feed: cells.get("feed").cloned().unwrap_or_default(), ..SourceRow::default() }
    }
}
