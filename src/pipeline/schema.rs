//! The Arrow schema of a canonical table.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::spec::{ColumnType, Grain, Table};

/// Name of the table of links, which bidui itself makes each night.
pub const LINK_TABLE: &str = "link";

/// Its columns: one row for each row of a person table that was not linked by a plain ID.
const LINK_COLUMNS: [(&str, DataType); 10] = [
    ("person_key", DataType::Int64),
    ("table_name", DataType::Utf8),
    ("tier", DataType::Utf8),
    ("quality", DataType::Utf8),
    ("linked_key", DataType::Int64),
    // By what evidence within its tier, and how sure it is in bits where that was weighed.
    ("step", DataType::Utf8),
    ("bits", DataType::Int64),
    // The number by which people know what the row says: see the table of reviews.
    ("mention", DataType::Int64),
    ("src_delivery", DataType::Utf8),
    ("src_row", DataType::Int64),
];

/// Columns that say where a row comes from: delivery, row number in it from 0, file or sheet (place
/// in the receipt's list), physical line from 1, and byte offset where that is known.
const SOURCE_COLUMNS: [(&str, DataType); 5] = [
    ("src_delivery", DataType::Utf8),
    ("src_row", DataType::Int64),
    ("src_part", DataType::Int32),
    ("src_line", DataType::Int64),
    ("src_byte", DataType::Int64),
];

/// Columns that a table with `source: ledger` may declare.
pub const CASE_COLUMNS: [&str; 27] = [
    "number",
    "anomaly",
    "rule",
    "subject_kind",
    "subject",
    "anchor",
    "county",
    "division",
    "owner",
    "severity",
    "state",
    "opened",
    "issued",
    "due",
    "moved",
    "answered",
    "outcome",
    "cause",
    "ended",
    "reopened",
    "step",
    "sent_back",
    "fault",
    "relapses",
    "waived_until",
    "overdue",
    "open",
];

/// Columns that a table with `source: deliveries` may declare.
pub const DELIVERY_COLUMNS: [&str; 11] = [
    "feed",
    "part",
    "table_name",
    "sender",
    "period",
    "received",
    "verdict",
    "rows",
    "used",
    "quarantined",
    "duplicate",
];

/// Columns that a table with `source: feeds` may declare. One with `county` has a row for each county of
/// the feeds that counties send one by one.
pub const FEED_COLUMNS: [&str; 5] = ["feed", "table_name", "county", "period", "ended"];

/// The Arrow type of a column.
pub fn data_type(kind: &ColumnType) -> DataType {
    match kind {
        ColumnType::Text
        | ColumnType::Code
        | ColumnType::CitizenId
        | ColumnType::Name
        | ColumnType::Division
        | ColumnType::Set => DataType::Utf8,
        ColumnType::Date | ColumnType::Month => DataType::Date32,
        ColumnType::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale),
        ColumnType::Int => DataType::Int64,
        ColumnType::Bool => DataType::Boolean,
    }
}

/// The schema of a table's typed rows: `person_key` and `link` (person tables), its columns (a
/// citizen ID becomes three), and where the row comes from.
pub fn table_schema(table: &Table) -> SchemaRef {
    let mut fields = Vec::new();
    if table.grain == Grain::Person {
        fields.push(Field::new("person_key", DataType::Int64, true));
        fields.push(Field::new("link", DataType::Utf8, true));
    }
    for column in &table.columns {
        fields.push(Field::new(&column.name, data_type(&column.kind), true));
        if column.kind == ColumnType::CitizenId {
            fields.push(Field::new(format!("{}_raw", column.name), DataType::Utf8, true));
            fields.push(Field::new(format!("{}_quality", column.name), DataType::Utf8, true));
        }
    }
    fields.extend(named(&SOURCE_COLUMNS));
    Arc::new(Schema::new(fields))
}

/// The schema of the table `link`.
pub fn link_schema() -> SchemaRef {
    Arc::new(Schema::new(named(&LINK_COLUMNS).collect::<Vec<_>>()))
}

fn named(columns: &[(&str, DataType)]) -> impl Iterator<Item = Field> {
    columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true))
}
