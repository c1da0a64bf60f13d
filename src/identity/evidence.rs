//! Why each mention is of its person, and which are left to people: two tables of the night.
//!
//! `evidence.parquet` has a line for each mention that more than its ID decided, `review.parquet` up
//! to three for each that nobody decided. They hold no ID and no name.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field as Column, Float64Type, Int64Type, Schema, SchemaRef};
use serde::Serialize;

use super::compare::{self, Field, Gamma, birth, id, name, place};
use super::decide::{Case, Outcome};
use super::mention::Kind;
use super::model::Model;
use super::step::Step;
use super::sweep::delivery_of;
use crate::engine::TableRows;
use crate::error::{Error, Result};
use crate::lake::durable;
use crate::lake::rows::{Part as Rows, RowsFile, RowsWriter};
use crate::pipeline::spec::Table;
use crate::privacy::key_text;

/// What was decided, and what is left to people.
const DECIDED: &str = "evidence.parquet";
const OPEN: &str = "review.parquet";

/// Columns of both tables.
const REVIEW_COLUMNS: [&str; 12] = [
    "mention",
    "rank",
    "person",
    "step",
    "bits",
    "weights",
    "table_name",
    "src_delivery",
    "src_row",
    "rows",
    "division",
    "second",
];

/// What one field says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    pub zh: String,
    pub en: String,
    pub bits: f64,
}

/// Why a mention is, or may be, of a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Number of the mention, 16 hexadecimal digits.
    pub mention: String,
    /// 1 for the person that it is of; in a review 1 to 3, the likeliest first.
    pub rank: i64,
    /// Key of the person, 16 hexadecimal digits.
    pub person: String,
    /// The word of the step; `review` when it is left to people.
    pub step: String,
    /// Bits for this person against all others and nobody, where they were weighed.
    pub bits: Option<f64>,
    /// What is said before anything is compared, and by each field.
    pub parts: Vec<Part>,
    /// The next best person.
    pub second: Option<String>,
    pub table: String,
    pub delivery: String,
    pub src_row: i64,
    /// How many rows say the same.
    pub rows: i64,
}

/// A line of either table.
struct Line {
    mention: i64,
    rank: i64,
    person: i64,
    step: &'static str,
    bits: Option<f64>,
    weights: String,
    at: (u16, u32, i64),
    rows: i64,
    division: u64,
    second: Option<i64>,
}

fn schema() -> SchemaRef {
    let kind = |name: &str| match name {
        "rank" | "src_row" | "rows" => DataType::Int64,
        "bits" => DataType::Float64,
        _ => DataType::Utf8,
    };
    let fields: Vec<Column> =
        REVIEW_COLUMNS.into_iter().map(|c| Column::new(c, kind(c), true)).collect();
    Arc::new(Schema::new(fields))
}

/// Writes both tables of a night.
///
/// # Errors
/// What the disk says.
pub(super) fn write(
    case: &Case<'_>,
    order: &[&Table],
    tables: &BTreeMap<String, TableRows>,
    night: &Path,
    outcome: &Outcome,
    model: &Model,
    adopted: &BTreeMap<i64, i64>,
) -> Result<()> {
    let mut decided = Vec::new();
    for (at, mention) in case.mentions.iter().enumerate() {
        let Some(found) = &outcome.decided[at] else { continue };
        let Some(key) = found.key.filter(|_| found.step != Step::Clash) else { continue };
        // Where an ID came to be its own master's, nothing was decided.
        let person = adopted.get(&key).copied().unwrap_or(key);
        if mention.kind == Kind::Orphan && person == mention.key {
            continue;
        }
        let row = &mention.rows[0];
        decided.push(Line {
            mention: case.decisions.number(mention),
            rank: 1,
            person,
            step: found.step.word(),
            bits: found.bits.map(tenth),
            weights: found.gamma.map(|g| weights(case, model, at, g)).unwrap_or_default(),
            at: (row.table, row.delivery, row.src_row),
            rows: mention.rows.len() as i64,
            division: mention.traits.place,
            second: found.second.map(|(key, _)| adopted.get(&key).copied().unwrap_or(key)),
        });
    }
    let mut open = Vec::new();
    for review in &outcome.reviews {
        let mention = &case.mentions[review.mention as usize];
        let row = &mention.rows[0];
        for (rank, (candidate, share)) in review.candidates.iter().enumerate() {
            let person = adopted.get(&candidate.key).copied().unwrap_or(candidate.key);
            open.push(Line {
                mention: case.decisions.number(mention),
                rank: rank as i64 + 1,
                person,
                step: "review",
                bits: Some(tenth((share / (1.0 - share).max(1e-12)).max(1e-12).log2())),
                weights: weights(case, model, review.mention as usize, candidate.gamma),
                at: (row.table, row.delivery, row.src_row),
                rows: mention.rows.len() as i64,
                division: mention.traits.place,
                second: None,
            });
        }
    }
    // The surest first, so that people begin where their answer is short.
    let sure = |l: &Line| (l.bits.unwrap_or(0.0) * -10.0) as i64;
    let mut best: BTreeMap<i64, i64> = BTreeMap::new();
    for line in open.iter().filter(|l| l.rank == 1) {
        best.insert(line.mention, sure(line));
    }
    open.sort_by_key(|l| (best.get(&l.mention).copied(), l.mention, l.rank));
    let dir = night.join("identity");
    durable::create_dir_all(&dir)?;
    for (file, lines) in [(DECIDED, &decided), (OPEN, &open)] {
        RowsWriter::all(&dir.join(file), schema(), lines, |some| batch(order, tables, some))?;
    }
    Ok(())
}

fn tenth(bits: f64) -> f64 {
    (bits.clamp(-99.0, 99.0) * 10.0).round() / 10.0
}

/// `field:level:bits`, the prior first, joined by `|`.
fn weights(case: &Case<'_>, model: &Model, at: usize, gamma: Gamma) -> String {
    let mention = &case.mentions[at];
    let mut text = format!("prior:0:{:.1}", model.prior(mention));
    for weight in model.weights(case.census, mention, gamma) {
        text.push_str(&format!("|{}:{}:{:.1}", weight.field as u32, weight.level, weight.bits));
    }
    text
}

fn batch(
    order: &[&Table],
    tables: &BTreeMap<String, TableRows>,
    lines: &[Line],
) -> Result<RecordBatch> {
    let texts = |f: &dyn Fn(&Line) -> Option<String>| -> ArrayRef {
        Arc::new(lines.iter().map(f).collect::<StringArray>())
    };
    let numbers = |f: &dyn Fn(&Line) -> i64| -> ArrayRef {
        Arc::new(lines.iter().map(|l| Some(f(l))).collect::<Int64Array>())
    };
    let table = |l: &Line| order[usize::from(l.at.0)].id.clone();
    let columns: Vec<ArrayRef> = vec![
        texts(&|l| Some(key_text(l.mention))),
        numbers(&|l| l.rank),
        texts(&|l| Some(key_text(l.person))),
        texts(&|l| Some(l.step.to_owned())),
        Arc::new(lines.iter().map(|l| l.bits).collect::<Float64Array>()),
        texts(&|l| Some(l.weights.clone())),
        texts(&|l| Some(table(l))),
        texts(&|l| Some(delivery_of(&tables[&table(l)], l.at.1).to_string())),
        numbers(&|l| l.at.2),
        numbers(&|l| l.rows),
        texts(&|l| (l.division != 0).then(|| l.division.to_string())),
        texts(&|l| l.second.map(key_text)),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

/// The evidence of what a night decided, of one mention or of all.
///
/// # Errors
/// The night has none, or its file is damaged.
pub fn evidence(night: &Path, mention: Option<i64>) -> Result<Vec<Evidence>> {
    read(&night.join("identity").join(DECIDED), mention)
}

/// The evidence of what a night left to people, of one mention or of all.
///
/// # Errors
/// The night has none, or its file is damaged.
pub fn reviews(night: &Path, mention: Option<i64>) -> Result<Vec<Evidence>> {
    read(&night.join("identity").join(OPEN), mention)
}

fn read(path: &Path, mention: Option<i64>) -> Result<Vec<Evidence>> {
    let file = RowsFile::open(path)?;
    let columns: Vec<String> = REVIEW_COLUMNS.iter().map(|c| (*c).to_owned()).collect();
    let mut found = Vec::new();
    for batch in file.scan(Rows::All, &columns, &Arc::default())? {
        let batch = batch?;
        let gone = || Error::bug("a table of reviews without its columns");
        let text = |name: &str, row: usize| -> Option<String> {
            let array = batch.column_by_name(name)?.as_string_opt::<i32>()?;
            array.is_valid(row).then(|| array.value(row).to_owned())
        };
        let number = |name: &str, row: usize| -> Result<i64> {
            let array = batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
            Ok(array.ok_or_else(gone)?.value(row))
        };
        let bits = batch.column_by_name("bits").and_then(|c| c.as_primitive_opt::<Float64Type>());
        let bits = bits.ok_or_else(gone)?;
        for row in 0..batch.num_rows() {
            let own = text("mention", row).unwrap_or_default();
            if mention.is_some_and(|m| key_text(m) != own) {
                continue;
            }
            found.push(Evidence {
                mention: own,
                rank: number("rank", row)?,
                person: text("person", row).unwrap_or_default(),
                step: text("step", row).unwrap_or_default(),
                bits: bits.is_valid(row).then(|| bits.value(row)),
                parts: parts(&text("weights", row).unwrap_or_default()),
                second: text("second", row),
                table: text("table_name", row).unwrap_or_default(),
                delivery: text("src_delivery", row).unwrap_or_default(),
                src_row: number("src_row", row)?,
                rows: number("rows", row)?,
            });
        }
    }
    Ok(found)
}

/// Reads [`weights`] back.
fn parts(text: &str) -> Vec<Part> {
    let read = |part: &str| {
        let mut words = part.split(':');
        let (field, level, bits) = (words.next()?, words.next()?, words.next()?);
        let (zh, en) = match field.parse::<usize>() {
            Ok(field) => words_of(*compare::FIELDS.get(field)?, level.parse().ok()?),
            Err(_) => ("先验", "before anything is compared"),
        };
        Some(Part { zh: zh.into(), en: en.into(), bits: bits.parse().ok()? })
    };
    text.split('|').filter_map(read).collect()
}

/// What a level says, for people.
fn words_of(field: Field, level: u8) -> (&'static str, &'static str) {
    match (field, level) {
        (Field::Id, id::SAME) => ("证件号相同", "same ID"),
        (Field::Id, id::PREFIX) => ("证件号前15位相同", "same first 15 digits"),
        (Field::Id, id::EDIT) => ("证件号差一处", "ID one slip apart"),
        (Field::Id, id::EDITS) => ("证件号差两处", "ID two slips apart"),
        (Field::Id, id::SEGMENTS) => ("证件号三段中两段相同", "two of the ID's three segments"),
        (Field::Id, id::HOUSEHOLD) => ("证件号属同户他人", "ID of a member of the household"),
        (Field::Id, id::NEIGHBOUR) => ("证件号仅顺序码不同", "ID apart in its sequence only"),
        (Field::Id, id::OTHER) => ("证件号属他人", "ID of somebody else"),
        (Field::Id, _) => ("证件号不同", "another ID"),
        (Field::Name, name::SAME) => ("姓名相同", "same name"),
        (Field::Name, name::SOUND) => ("姓名同音", "name sounds the same"),
        (Field::Name, name::NEAR) => ("姓名差一字", "name one slip apart"),
        (Field::Name, name::PART) => ("姓名部分相同", "part of the name"),
        (Field::Name, name::SURNAME) => ("仅姓相同", "surname only"),
        (Field::Name, name::MEMBER) => ("姓名为同户他人", "name of a member of the household"),
        (Field::Name, _) => ("姓名不同", "another name"),
        (Field::Birth, birth::SAME) => ("出生日期相同", "same birth date"),
        (Field::Birth, birth::NEW_YEAR) => ("同年1月1日", "1 January of the same year in both"),
        (Field::Birth, birth::LUNAR) => ("出生日期为农历公历之差", "lunar and solar birth date"),
        (Field::Birth, birth::SWAPPED) => ("出生月日颠倒", "day and month swapped"),
        (Field::Birth, birth::YEAR) => ("出生年差一年", "birth a year apart"),
        (Field::Birth, birth::JANUARY) => ("出生日期为1月1日", "birth on 1 January of the year"),
        (Field::Birth, birth::PARTS) => ("出生年月日两项相同", "two parts of the birth date"),
        (Field::Birth, birth::SAME_YEAR) => ("出生年相同", "same year of birth"),
        (Field::Birth, _) => ("出生日期不同", "another birth date"),
        (Field::Sex, compare::YES) => ("性别相同", "same sex"),
        (Field::Sex, _) => ("性别不同", "another sex"),
        (Field::Place, place::VILLAGE) => ("同村", "same village"),
        (Field::Place, place::TOWN) => ("同乡镇", "same town"),
        (Field::Place, place::COUNTY) => ("同县", "same county"),
        (Field::Place, _) => ("不同县", "another county"),
        (Field::Phone, compare::YES) => ("电话相同", "same telephone"),
        (Field::Phone, _) => ("电话不同", "another telephone"),
        (Field::Household, compare::YES) => ("同户", "same household"),
        (Field::Household, _) => ("不同户", "another household"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_back() {
        let read = parts("prior:0:-14.3|1:2:11.9|2:1:14.3|4:1:13.2|3:2:-5.6");
        let told: Vec<_> = read.iter().map(|p| (p.zh.as_str(), p.bits)).collect();
        let expected = [
            ("先验", -14.3),
            ("姓名同音", 11.9),
            ("出生日期相同", 14.3),
            ("同村", 13.2),
            ("性别不同", -5.6),
        ];
        assert_eq!(told, expected);
        assert_eq!(parts(""), []);
    }

    #[test]
    fn every_level_has_words() {
        for field in compare::FIELDS {
            for level in 1..10 {
                let (zh, en) = words_of(field, level);
                assert!(!zh.is_empty() && en.is_ascii());
            }
        }
    }
}
