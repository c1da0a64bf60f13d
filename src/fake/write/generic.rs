//! Plausible records for a table that the world does not know, so that a new feed has extracts for
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use chrono::{Datelike, Days, NaiveDate};
use rand::RngCore;
use xxhash_rust::xxh3::xxh3_64;

use super::dice::below;
use crate::codes::CodeList;
use crate::fake::NO_PHONE;
use crate::fake::world::{Record, Value};
use crate::pipeline::spec::{Column, ColumnType, Feed, Table};

/// The person that a generic record is about.
#[derive(Debug, Clone, Copy)]
pub struct Who<'p> {
    /// The person's number in the world.
    pub number: Option<u64>,
    /// Citizen ID, as the world writes it.
    pub id: &'p str,
    /// Name.
    pub name: &'p str,
    /// Day of birth.
    pub birth: NaiveDate,
    /// 12-digit code of the village.
    pub village: &'p str,
    /// Number of the household.
    pub household: &'p str,
}

/// Makes records of one table.
#[derive(Debug)]
pub struct Generic {
    table: &'static str,
    columns: Vec<GenericColumn>,
}

#[derive(Debug)]
struct GenericColumn {
    name: &'static str,
    source: Source,
    /// Percent of records without a value.
    nulls: usize,
}

#[derive(Debug)]
enum Source {
    Id,
    Name,
    Birth,
    Village,
    Household,
    /// A number that the person and the column decide, so that it is the same in every delivery.
    Key,
    OneOf(Vec<String>),
    SomeOf(Vec<String>),
    Phone,
    Staff,
    Day,
    Month,
    Decimal {
        scale: u32,
        ceiling: u64,
    },
    Int,
    Bool,
    Words(String),
    Nothing,
}

/// Record fields bear static names; a table's names are few and are kept for the life of the
/// process.
fn interned(name: &str) -> &'static str {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(same) = known.get(name) {
        return same;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    known.insert(kept);
    kept
}

impl Generic {
    /// Looks at the columns once.
    pub fn new(table: &Table, feed: &Feed, codes: &BTreeMap<String, CodeList>) -> Self {
        let columns = feed.columns.iter().filter_map(|source| {
            let column = table.column(&source.to)?;
            let key = table.key.contains(&column.name);
            let fixed = key || source.required || role(table, column).is_some();
            let from = source_of(table, column, codes);
            Some(GenericColumn {
                name: interned(&column.name),
                source: from,
                nulls: if fixed { 0 } else { 4 },
            })
        });
        Self { table: interned(&table.id), columns: columns.collect() }
    }

    /// A record about a person as of a night.
    pub fn record(
        &self,
        who: &Who<'_>,
        night: NaiveDate,
        rng: &mut impl RngCore,
    ) -> Record<'static> {
        let fields = self.columns.iter().map(|column| {
            let missing = below(rng, 100) < column.nulls;
            (column.name, if missing { Value::Null } else { value(column, who, night, rng) })
        });
        Record { table: self.table, person: who.number, fields: fields.collect() }
    }
}

/// What the table says that the column is of the person.
fn role(table: &Table, column: &Column) -> Option<Source> {
    let roles = table.person.as_ref()?;
    let is = |name: &Option<String>| name.as_ref() == Some(&column.name);
    match () {
        () if roles.id == column.name => Some(Source::Id),
        () if is(&roles.name) => Some(Source::Name),
        () if is(&roles.birth) => Some(Source::Birth),
        () if is(&roles.village) => Some(Source::Village),
        () if is(&roles.household) => Some(Source::Household),
        () => None,
    }
}

fn source_of(table: &Table, column: &Column, codes: &BTreeMap<String, CodeList>) -> Source {
    if let Some(known) = role(table, column) {
        return known;
    }
    let list = column.codes.as_ref().and_then(|name| codes.get(name));
    let values: Vec<String> = list.map_or_else(Vec::new, |list| {
        let at = list.position("code").unwrap_or(0);
        list.rows.iter().filter_map(|row| row.get(at).cloned()).collect()
    });
    match column.kind {
        ColumnType::Text if table.key.contains(&column.name) => Source::Key,
        ColumnType::Text if column.title.contains("电话") || column.title.contains("手机") => {
            Source::Phone
        }
        ColumnType::Code if !values.is_empty() => Source::OneOf(values),
        ColumnType::Set if !values.is_empty() => Source::SomeOf(values),
        ColumnType::Text => Source::Words(column.title.clone()),
        // Whose ID that may be is not known, and made-up IDs could be somebody's.
        ColumnType::CitizenId | ColumnType::Code | ColumnType::Set => Source::Nothing,
        ColumnType::Name => Source::Staff,
        ColumnType::Division => Source::Village,
        ColumnType::Date => Source::Day,
        ColumnType::Month => Source::Month,
        ColumnType::Decimal { precision, scale } => {
            let scale = u32::from(scale.unsigned_abs());
            let digits = u32::from(precision).saturating_sub(scale).min(4);
            Source::Decimal { scale, ceiling: 10u64.pow(digits + scale.min(8)) }
        }
        ColumnType::Int => Source::Int,
        ColumnType::Bool => Source::Bool,
    }
}

fn value(
    column: &GenericColumn,
    who: &Who<'_>,
    night: NaiveDate,
    rng: &mut impl RngCore,
) -> Value<'static> {
    const STAFF: [&str; 6] = ["王建国", "马秀英", "李文华", "张玉兰", "杨志强", "刘海燕"];
    let text = |t: &str| Value::Text(t.to_owned().into());
    // Skewed to small values, as money is.
    let skewed = |rng: &mut dyn RngCore, ceiling: u64| {
        let unit = f64::from(rng.next_u32()) / 4_294_967_296.0;
        (unit * unit * unit * ceiling as f64) as u64
    };
    let days_ago = |rng: &mut dyn RngCore, days: u64| {
        let back = (u64::from(rng.next_u32()) * days) >> 32;
        night.checked_sub_days(Days::new(back)).unwrap_or(night).max(who.birth)
    };
    match &column.source {
        Source::Id => text(who.id),
        Source::Name => text(who.name),
        Source::Birth => Value::Date(who.birth),
        Source::Village => text(who.village),
        Source::Household => text(who.household),
        Source::Key => {
            let hash = xxh3_64(format!("{}\0{}", column.name, who.id).as_bytes());
            Value::Text(format!("{:016}", hash % 10_000_000_000_000_000).into())
        }
        Source::OneOf(values) => text(&values[below(rng, values.len())]),
        Source::SomeOf(values) => {
            let first = below(rng, values.len());
            let some = &values[first..values.len().min(first + 1 + below(rng, 3))];
            Value::Text(some.join("|").into())
        }
        // 199 with a zero behind it is not handed out to anybody.
        Source::Phone => Value::Text(format!("{NO_PHONE}0{:07}", below(rng, 10_000_000)).into()),
        Source::Staff => text(STAFF[below(rng, STAFF.len())]),
        Source::Day => Value::Date(days_ago(rng, 730)),
        Source::Month => {
            let day = days_ago(rng, 730);
            Value::Date(day.with_day(1).unwrap_or(day))
        }
        Source::Decimal { scale: 2, ceiling } => {
            Value::Cents(i64::try_from(skewed(rng, *ceiling)).unwrap_or(0))
        }
        Source::Decimal { scale, ceiling } => {
            let units = i64::try_from(skewed(rng, *ceiling)).unwrap_or(0);
            let mut number = String::new();
            super::forms::Decimal { units, scale: *scale }.push(&mut number, *scale, false);
            Value::Text(number.into())
        }
        Source::Int => Value::Int(below(rng, 100) as i64),
        Source::Bool => Value::Bool(below(rng, 10) < 7),
        Source::Words(title) => Value::Text(format!("{title}{}", 1 + below(rng, 20)).into()),
        Source::Nothing => Value::Null,
    }
}
