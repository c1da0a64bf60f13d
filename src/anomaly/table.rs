//! The anomaly table on disk: Parquet by county, one CSV, and the memory for the next night.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};
use chrono::NaiveDate;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::{Anomaly, Memory, State};
use crate::error::{Error, Result};
use crate::lake::rows::{Part, RowsFile, RowsWriter};
use crate::lake::{csv, durable};
use crate::pipeline::spec::Severity;
use crate::privacy::PersonKeys;

/// Columns of the table, in their order.
pub const COLUMNS: [&str; 19] = [
    "anomaly",
    "rule",
    "rule_version",
    "title",
    "severity",
    "subject_kind",
    "subject",
    "anchor",
    "county",
    "division",
    "who",
    "message",
    "evidence",
    "route",
    "due",
    "first_seen",
    "last_seen",
    "state",
    "waived",
];

/// The table's schema.
pub fn schema() -> SchemaRef {
    let field = |name: &&str| {
        let kind = match *name {
            "due" | "first_seen" | "last_seen" => DataType::Date32,
            _ => DataType::Utf8,
        };
        Field::new(*name, kind, true)
    };
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// The rows as columns.
///
/// # Errors
/// Never; the columns are of one length.
pub fn batch(rows: &[Anomaly]) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = COLUMNS
        .iter()
        .map(|name| match *name {
            "due" => dates(rows, |r| r.due),
            "first_seen" => dates(rows, |r| r.first_seen),
            "last_seen" => dates(rows, |r| r.last_seen),
            name => {
                let values = rows.iter().map(|r| text(r, name));
                Arc::new(values.collect::<StringArray>()) as ArrayRef
            }
        })
        .collect();
    Ok(RecordBatch::try_new(schema(), columns)?)
}

fn dates(rows: &[Anomaly], day: impl Fn(&Anomaly) -> NaiveDate) -> ArrayRef {
    Arc::new(
        rows.iter().map(|r| Some(Date32Type::from_naive_date(day(r)))).collect::<Date32Array>(),
    )
}

/// A value of the row as text.
pub fn text(row: &Anomaly, column: &str) -> Option<String> {
    Some(match column {
        "anomaly" => row.anomaly.clone(),
        "rule" => row.rule.clone(),
        "rule_version" => row.rule_version.clone(),
        "title" => row.title.clone(),
        "severity" => row.severity.word().into(),
        "subject_kind" => row.subject_kind.clone(),
        "subject" => row.subject.clone(),
        "anchor" => row.anchor.clone(),
        "county" => row.county.clone(),
        "division" => row.division.clone(),
        "who" => return row.who.clone(),
        "message" => row.message.clone(),
        "evidence" => evidence_json(&row.evidence),
        "route" => row.route.clone(),
        "due" => row.due.to_string(),
        "first_seen" => row.first_seen.to_string(),
        "last_seen" => row.last_seen.to_string(),
        "state" => row.state.word().into(),
        "waived" => return row.waived.clone(),
        _ => return None,
    })
}

/// Evidence as one JSON object in its own order.
fn evidence_json(evidence: &[(String, Option<String>)]) -> String {
    let string = |s: &str| serde_json::Value::from(s).to_string();
    let pairs: Vec<String> = evidence
        .iter()
        .map(|(n, v)| format!("{}:{}", string(n), v.as_deref().map_or("null".into(), string)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// Writes `anomalies/<county>.parquet`, `anomalies.csv` and `memory.parquet` into the night.
///
/// # Errors
/// What the disk says.
pub fn write(night: &Path, rows: &[Anomaly], memory: &Memory) -> Result<()> {
    let dir = night.join("anomalies");
    durable::create_dir_all(&dir)?;
    let mut begin = 0;
    while begin < rows.len() {
        let county = &rows[begin].county;
        let end = begin + rows[begin..].iter().take_while(|r| &r.county == county).count();
        let name = if county.is_empty() { "unknown" } else { county };
        parquet(&dir.join(format!("{name}.parquet")), &rows[begin..end])?;
        begin = end;
    }
    let cells = |row: &Anomaly| -> Vec<String> {
        COLUMNS.iter().map(|column| text(row, column).unwrap_or_default()).collect()
    };
    csv::write(&night.join("anomalies.csv"), &COLUMNS, rows.iter().map(cells))?;
    let mut remembered = memory.clone();
    for row in rows {
        remembered.known.insert(row.anomaly.clone(), row.clone());
    }
    let all: Vec<Anomaly> = remembered.known.into_values().collect();
    parquet(&night.join("memory.parquet"), &all)
}

fn parquet(path: &Path, rows: &[Anomaly]) -> Result<()> {
    RowsWriter::all(path, schema(), rows, batch)
}

/// Reads the memory that a night left; an older night may still have ID numbers in it.
///
/// # Errors
/// The file is damaged.
pub fn read_memory(night: &Path, keys: &PersonKeys) -> Result<Memory> {
    let rows = read(&night.join("memory.parquet"))?;
    let known = rows.into_iter().map(|r| (r.anomaly.clone(), r.without_ids(keys))).collect();
    Ok(Memory { known, ..Memory::default() })
}

/// Reads rows that [`write`] wrote.
///
/// # Errors
/// The file is damaged.
pub fn read(path: &Path) -> Result<Vec<Anomaly>> {
    let file = RowsFile::open(path)?;
    let columns: Vec<String> = COLUMNS.iter().map(|c| (*c).to_owned()).collect();
    let mut rows = Vec::new();
    for batch in file.scan(Part::All, &columns, &Arc::default())? {
        rows.extend(from_batch(&batch?)?);
    }
    Ok(rows)
}

fn from_batch(batch: &RecordBatch) -> Result<Vec<Anomaly>> {
    let damaged = || Error::environment("an anomaly table is damaged").hint("run the night again");
    let column = |name: &str| batch.column_by_name(name).ok_or_else(damaged);
    let option = |name: &str, row: usize| -> Result<Option<String>> {
        let values = column(name)?.as_string::<i32>();
        Ok(arrow::array::Array::is_valid(values, row).then(|| values.value(row).to_owned()))
    };
    let text = |name: &str, row: usize| option(name, row).map(Option::unwrap_or_default);
    let day = |name: &str, row: usize| -> Result<NaiveDate> {
        let value = column(name)?.as_primitive::<Date32Type>().value(row);
        Date32Type::to_naive_date_opt(value).ok_or_else(damaged)
    };
    (0..batch.num_rows())
        .map(|row| {
            let evidence: Evidence =
                serde_json::from_str(&text("evidence", row)?).map_err(|_| damaged())?;
            Ok(Anomaly {
                anomaly: text("anomaly", row)?,
                rule: text("rule", row)?,
                rule_version: text("rule_version", row)?,
                title: text("title", row)?,
                severity: word(&Severity::ALL, Severity::word, &text("severity", row)?)
                    .ok_or_else(damaged)?,
                subject_kind: text("subject_kind", row)?,
                subject: text("subject", row)?,
                anchor: text("anchor", row)?,
                county: text("county", row)?,
                division: text("division", row)?,
                who: option("who", row)?,
                message: text("message", row)?,
                evidence: evidence.0,
                route: text("route", row)?,
                due: day("due", row)?,
                first_seen: day("first_seen", row)?,
                last_seen: day("last_seen", row)?,
                state: word(&State::ALL, State::word, &text("state", row)?).ok_or_else(damaged)?,
                waived: option("waived", row)?,
            })
        })
        .collect()
}

/// The pairs of a JSON object in its own order, which is the rule's.
struct Evidence(Vec<(String, Option<String>)>);

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_map(Pairs)
    }
}

/// Reads [`Evidence`].
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Evidence;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Evidence, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Evidence(pairs))
    }
}

/// The value whose word this is.
fn word<T: Copy>(all: &[T], name: fn(T) -> &'static str, word: &str) -> Option<T> {
    all.iter().copied().find(|v| name(*v) == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_keeps_the_order_of_its_rule() {
        let pairs = [("org_name", Some("甲\"医院")), ("admit_date", None), ("fee", Some("1.50"))];
        let pairs = pairs.map(|(n, v)| (n.to_owned(), v.map(str::to_owned)));
        let day: NaiveDate = "2026-11-10".parse().expect("a day");
        let row = Anomaly {
            anomaly: "a".into(),
            rule: "R".into(),
            rule_version: String::new(),
            title: String::new(),
            severity: Severity::Red,
            subject_kind: "claim".into(),
            subject: "s".into(),
            anchor: String::new(),
            county: String::new(),
            division: String::new(),
            who: None,
            message: String::new(),
            evidence: pairs.to_vec(),
            route: String::new(),
            due: day,
            first_seen: day,
            last_seen: day,
            state: State::New,
            waived: None,
        };
        let rows = [row];
        let read = from_batch(&batch(&rows).expect("columns")).expect("rows");
        assert_eq!(read, rows);
    }
}
