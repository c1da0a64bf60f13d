//! Figures on disk: those of a night, and the history of all months that is handed from night to
//! night.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Decimal128Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Schema, SchemaRef};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::figure::{Figure, SCALE, decimal};
use super::{DECIMAL, PERSONS};
use crate::calendar::month_word;
use crate::error::{Error, Result};
use crate::lake::durable;
use crate::lake::rows::{Part, RowsFile, RowsWriter};
use crate::pipeline::Pipeline;

/// One figure of a county.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub indicator: String,
    /// Empty for the whole.
    pub part: String,
    /// 6 digits; `000000` for what belongs to no county of the register.
    pub county: String,
    pub figure: Figure,
}

impl Row {
    /// Where it stands among the others.
    pub fn place(&self) -> (&str, &str, &str) {
        (&self.indicator, &self.part, &self.county)
    }
}

/// Figures of one month, of its last night.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// The night's date.
    pub day: NaiveDate,
    pub rows: Vec<Row>,
}

/// Figures by month, `2026-11`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    pub months: BTreeMap<String, Month>,
}

impl History {
    /// Puts a night's figures in the place of those that its month had.
    pub fn replace(&mut self, day: NaiveDate, rows: &[Row]) {
        self.months.insert(month_word(day), Month { day, rows: rows.to_vec() });
    }

    /// The figures of a month.
    pub fn rows(&self, month: &str) -> &[Row] {
        self.months.get(month).map_or(&[], |m| &m.rows)
    }
}

/// What a night says of its indicators besides their figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub indicator: String,
    pub title: String,
    pub about: String,
    /// First digits of the BLAKE3 of its file.
    pub version: String,
    /// Why it has no figures.
    pub not_run: Option<String>,
}

/// Columns of the figures, in their order.
const COLUMNS: [&str; 6] = ["indicator", "part", "county", "numerator", "denominator", PERSONS];

fn schema(history: bool) -> SchemaRef {
    let field = |name: &str, kind: &DataType| Field::new(name, kind.clone(), true);
    let mut fields = Vec::new();
    if history {
        fields.extend([field("month", &DataType::Utf8), field("day", &DataType::Date32)]);
    }
    fields.extend(COLUMNS.iter().map(|name| match *name {
        "numerator" | "denominator" | PERSONS => field(name, &DECIMAL),
        name => field(name, &DataType::Utf8),
    }));
    Arc::new(Schema::new(fields))
}

fn columns(rows: &[Row]) -> Result<Vec<ArrayRef>> {
    let text = |f: fn(&Row) -> &str| -> ArrayRef {
        Arc::new(rows.iter().map(|r| Some(f(r))).collect::<StringArray>())
    };
    let number = |f: fn(&Figure) -> Option<i128>| -> Result<ArrayRef> {
        let values: Decimal128Array = rows.iter().map(|r| f(&r.figure)).collect();
        Ok(Arc::new(values.with_precision_and_scale(20, SCALE as i8)?))
    };
    Ok(vec![
        text(|r| &r.indicator),
        text(|r| &r.part),
        text(|r| &r.county),
        number(|f| Some(f.numerator))?,
        number(|f| f.denominator)?,
        number(|f| f.persons)?,
    ])
}

/// Writes `indicators.parquet` and `indicators.csv`.
///
/// # Errors
/// What the disk says.
pub fn write(night: &Path, rows: &[Row]) -> Result<()> {
    let batch = RecordBatch::try_new(schema(false), columns(rows)?)?;
    RowsWriter::one(&night.join("indicators.parquet"), &batch)?;
    // Codes and digits only: no cell needs quotes, none can be a formula.
    let mut text = format!("{}\r\n", COLUMNS.join(","));
    for Row { indicator, part, county, figure } in rows {
        let (over, under) = (figure.numerator, figure.denominator);
        let [under, persons] = [under, figure.persons].map(|n| n.map_or_else(String::new, decimal));
        let figure = format!("{},{under},{persons}", decimal(over));
        text.push_str(&format!("{indicator},{part},{county},{figure}\r\n"));
    }
    durable::write(&night.join("indicators.csv"), text.as_bytes())
}

/// Writes `indicators.json`: definitions, versions, and which indicators have no figures and why.
///
/// # Errors
/// What the disk says.
pub fn write_notes(
    night: &Path,
    pipeline: &Pipeline,
    not_run: &BTreeMap<String, String>,
) -> Result<()> {
    let note = |i: &crate::pipeline::indicators::Indicator| Note {
        indicator: i.id.clone(),
        title: i.title.zh.clone(),
        about: i.about.clone(),
        version: i.version.clone(),
        not_run: not_run.get(&i.id).cloned(),
    };
    let notes: Vec<Note> = pipeline.indicators.values().map(note).collect();
    durable::write_json(&night.join("indicators.json"), &notes)
}

/// Reads what [`write_notes`] wrote; nothing for a night of before there were indicators.
///
/// # Errors
/// The file is damaged.
pub fn read_notes(night: &Path) -> Result<Vec<Note>> {
    let path = night.join("indicators.json");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read(&path).map_err(|e| Error::io("read", &path, &e))?;
    serde_json::from_slice(&text).map_err(|_| damaged(&path))
}

/// Writes `history.parquet`.
///
/// # Errors
/// What the disk says.
pub fn write_history(night: &Path, history: &History) -> Result<()> {
    let mut writer = RowsWriter::plain(&night.join("history.parquet"), schema(true))?;
    for (name, month) in &history.months {
        let rows = month.rows.len();
        let day = Date32Type::from_naive_date(month.day);
        let mut all: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![name.as_str(); rows])),
            Arc::new(Date32Array::from(vec![day; rows])),
        ];
        all.extend(columns(&month.rows)?);
        writer.push(&RecordBatch::try_new(schema(true), all)?)?;
    }
    writer.finish().map(drop)
}

/// Reads the history that a night holds; an empty one for a night of before there were indicators.
///
/// # Errors
/// The file is damaged.
pub fn read_history(night: &Path) -> Result<History> {
    let path = night.join("history.parquet");
    let mut history = History::default();
    if !path.is_file() {
        return Ok(history);
    }
    each(&path, true, |month, day, row| {
        let entry = history.months.entry(month);
        entry.or_insert_with(|| Month { day, rows: Vec::new() }).rows.push(row);
    })?;
    Ok(history)
}

/// Reads the figures of one night; none for a night of before there were indicators.
///
/// # Errors
/// The file is damaged.
pub fn read(night: &Path) -> Result<Vec<Row>> {
    let path = night.join("indicators.parquet");
    let mut rows = Vec::new();
    if path.is_file() {
        each(&path, false, |_, _, row| rows.push(row))?;
    }
    Ok(rows)
}

fn damaged(path: &Path) -> Error {
    Error::environment(format!("{} is damaged", path.display())).hint("run the night again")
}

fn each(path: &Path, history: bool, mut keep: impl FnMut(String, NaiveDate, Row)) -> Result<()> {
    let file = RowsFile::open(path)?;
    let mut names: Vec<String> =
        schema(history).fields().iter().map(|f| f.name().clone()).collect();
    // Nights of before figures said of how many persons they are.
    names.retain(|name| name != PERSONS || file.schema().index_of(name).is_ok());
    if names.iter().any(|name| file.schema().index_of(name).is_err()) {
        return Err(damaged(path));
    }
    for batch in file.scan(Part::All, &names, &Arc::default())? {
        let batch = batch?;
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| damaged(path));
        let text = |name: &str, row: usize| -> Result<String> {
            Ok(column(name)?.as_string::<i32>().value(row).to_owned())
        };
        let number = |name: &str, row: usize| -> Result<Option<i128>> {
            let values = column(name)?.as_primitive::<Decimal128Type>();
            Ok(values.is_valid(row).then(|| values.value(row)))
        };
        for row in 0..batch.num_rows() {
            let figure = Figure {
                numerator: number("numerator", row)?.ok_or_else(|| damaged(path))?,
                denominator: number("denominator", row)?,
                persons: match batch.column_by_name(PERSONS) {
                    Some(_) => number(PERSONS, row)?,
                    None => None,
                },
            };
            let own = Row {
                indicator: text("indicator", row)?,
                part: text("part", row)?,
                county: text("county", row)?,
                figure,
            };
            let (month, day) = if history {
                let day = column("day")?.as_primitive::<Date32Type>().value(row);
                let day = Date32Type::to_naive_date_opt(day).ok_or_else(|| damaged(path))?;
                (text("month", row)?, day)
            } else {
                (String::new(), NaiveDate::MIN)
            };
            keep(month, day, own);
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::pipeline::indicators::{Better, Indicator, Rollup, Unit};
    use crate::pipeline::spec::Title;

    /// A ranked percentage.
    pub(crate) fn percent(id: &str, better: Better) -> Indicator {
        Indicator {
            id: id.into(),
            title: Title { zh: id.into(), en: id.into() },
            about: String::new(),
            unit: Unit::Percent,
            noun: "人".into(),
            better,
            rank: true,
            needs: Vec::new(),
            parts: Vec::new(),
            rollup: Rollup::Sum,
            causes: Vec::new(),
            sql: String::new(),
            version: String::new(),
        }
    }

    #[test]
    fn a_month_is_replaced_and_the_others_stay() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let row = |over: i128| Row {
            indicator: "I01".into(),
            part: String::new(),
            county: "620423".into(),
            figure: Figure { numerator: over, denominator: Some(10_000), persons: Some(over) },
        };
        let mut history = History::default();
        history.replace(day("2026-10-31"), &[row(1)]);
        history.replace(day("2026-11-10"), &[row(2)]);
        history.replace(day("2026-11-11"), &[row(3)]);
        let folder = std::env::temp_dir().join(format!("bidui-history-{}", std::process::id()));
        durable::create_dir_all(&folder).expect("a folder");
        write_history(&folder, &history).expect("written");
        let read = read_history(&folder).expect("read");
        durable::remove_dir_all(&folder).expect("removed");
        assert_eq!(read, history, "what was written is read");
        assert_eq!(read.rows("2026-10")[0].figure.numerator, 1);
        assert_eq!(read.rows("2026-11")[0].figure.numerator, 3);
        assert_eq!(read.months["2026-11"].day, day("2026-11-11"));
        assert!(read.rows("2025-11").is_empty());
    }
}
