//! What a row says about who it is, in the form in which rows and persons are held together.

use arrow::array::{Array, AsArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::{Datelike, NaiveDate};
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use crate::citizen_id::{self, Quality};
use crate::error::{Error, Result};
use crate::lake::rows::{PERSON_KEY, SRC_ROW};
use crate::person_name;
use crate::pipeline::spec::{ColumnType, Table};

/// Days from the common era to 1970-01-01.
const EPOCH: i32 = 719_163;

/// How an ID may be used to find a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) enum IdKind {
    /// None, or what only stands in for one.
    #[default]
    None,
    /// Valid.
    Valid,
    /// The first fifteen digits of one.
    Prefix,
    /// Damaged: enough characters are left to be compared.
    Damaged,
}

/// What a row says about who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Traits {
    pub kind: IdKind,
    /// Characters of the ID; of a prefix the fifteen.
    pub id: Box<str>,
    /// Folded, without dots; empty also for a child that is called after its mother.
    pub name: Box<str>,
    /// As it was typed.
    pub birth: Option<i32>,
    /// 1 male, 2 female, 0 unknown.
    pub sex: u8,
    /// Twelve digits of a division; 0 unknown.
    pub place: u64,
    /// Hash of a telephone number; 0 none.
    pub phone: u64,
    /// Hash of a household number and its table; 0 none.
    pub household: u64,
}

impl Traits {
    /// Birth by a valid ID.
    pub fn id_birth(&self) -> Option<i32> {
        match self.kind {
            IdKind::Valid => date_of(self.id.get(6..14)?),
            _ => None,
        }
    }

    /// Birth as typed, else by a valid ID.
    pub fn born(&self) -> Option<i32> {
        self.birth.or_else(|| self.id_birth())
    }

    /// Sex as typed, else by a valid ID.
    pub fn gender(&self) -> u8 {
        match (self.sex, self.kind) {
            (0, IdKind::Valid) => {
                let digit = self.id.as_bytes().get(16).map_or(0, |b| b - b'0');
                if digit % 2 == 1 { 1 } else { 2 }
            }
            (sex, _) => sex,
        }
    }
}

/// The day of eight digits, since 1970.
pub(super) fn date_of(digits: &str) -> Option<i32> {
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let year = i32::try_from(part(0..4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, part(4..6)?, part(6..8)?)?;
    (1900..=2099).contains(&year).then(|| days_of(day))
}

/// The number of days since 1970 of a calendar day.
pub(super) fn days_of(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - EPOCH
}

/// The calendar day of a number of days since 1970.
pub(super) fn day_of(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH)?)
}

/// The columns of a batch that say who its rows are about, each looked up once.
pub(super) struct Who<'a> {
    batch: &'a RecordBatch,
    table: &'a Table,
    salt: u64,
    placeholders: &'a [String],
    keys: Option<&'a Int64Array>,
    src_rows: Option<&'a Int64Array>,
    deliveries: Option<&'a StringArray>,
    ids: Option<&'a StringArray>,
    raws: Option<&'a StringArray>,
    qualities: Option<&'a StringArray>,
    names: Option<&'a StringArray>,
    births: Option<&'a Date32Array>,
    sexes: Option<&'a StringArray>,
    villages: Option<&'a StringArray>,
    households: Option<&'a StringArray>,
    phones: Option<&'a StringArray>,
}

impl<'a> Who<'a> {
    /// The columns of a batch of a table; one that is not there is as if it were empty.
    pub fn of(batch: &'a RecordBatch, table: &'a Table, placeholders: &'a [String]) -> Self {
        let roles = table.person.as_ref();
        let id = roles.map_or("", |p| p.id.as_str());
        let texts = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
        let role = |name: Option<&Option<String>>| texts(name?.as_deref()?);
        let numbers = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
        let birth = roles.and_then(|p| batch.column_by_name(p.birth.as_deref()?));
        Self {
            batch,
            table,
            salt: xxh3_64(table.id.as_bytes()),
            placeholders,
            keys: numbers(PERSON_KEY),
            src_rows: numbers(SRC_ROW),
            deliveries: texts("src_delivery"),
            ids: texts(id),
            raws: texts(&format!("{id}_raw")),
            qualities: texts(&format!("{id}_quality")),
            names: role(roles.map(|p| &p.name)),
            births: birth.and_then(|column| column.as_primitive_opt::<Date32Type>()),
            sexes: role(roles.map(|p| &p.sex)),
            villages: role(roles.map(|p| &p.village)),
            households: role(roles.map(|p| &p.household)),
            phones: role(roles.map(|p| &p.phone)),
        }
    }

    /// The key of the person whose row it is, if it has one.
    pub fn key(&self, row: usize) -> Option<i64> {
        number(self.keys, row)
    }

    /// The row's number in its delivery.
    ///
    /// # Errors
    /// It has none: a mistake in bidui.
    pub fn src_row(&self, row: usize) -> Result<i64> {
        number(self.src_rows, row).ok_or_else(|| Error::bug("a row without its number"))
    }

    /// The delivery that it came with.
    pub fn delivery(&self, row: usize) -> Option<&'a str> {
        text(self.deliveries, row)
    }

    /// The usable ID.
    pub fn id(&self, row: usize) -> Option<&'a str> {
        text(self.ids, row)
    }

    /// The word for how good the ID is; `missing` where there is none.
    pub fn quality(&self, row: usize) -> &'a str {
        text(self.qualities, row).unwrap_or("missing")
    }

    /// The name as the table has it, unless it is empty.
    pub fn name(&self, row: usize) -> Option<&'a str> {
        text(self.names, row)
    }

    /// The birth that stands beside the ID, in days since 1970.
    pub fn birth(&self, row: usize) -> Option<i32> {
        let births = self.births?;
        births.is_valid(row).then(|| births.value(row))
    }

    /// 1 male, 2 female, 0 not known.
    pub fn sex(&self, row: usize) -> u8 {
        match text(self.sexes, row) {
            Some("1" | "男") => 1,
            Some("2" | "女") => 2,
            _ => 0,
        }
    }

    /// The village's code of 12 digits as a number; 0 where it is not known.
    pub fn place(&self, row: usize) -> u64 {
        let text = text(self.villages, row).unwrap_or_default();
        text.get(..12).and_then(|t| t.parse().ok()).unwrap_or(0)
    }

    /// The number of the household, hashed with the table; 0 where there is none.
    pub fn household(&self, row: usize) -> u64 {
        text(self.households, row).map_or(0, |t| (xxh3_64(t.as_bytes()) ^ self.salt).max(1))
    }

    fn phone(&self, row: usize) -> u64 {
        // Fewer digits are no number, and one digit over and over is nobody's.
        let digits = dialled(text(self.phones, row).unwrap_or_default());
        let same = digits.bytes().all(|b| Some(b) == digits.bytes().next());
        if digits.len() < 7 || same { 0 } else { xxh3_64(digits.as_bytes()).max(1) }
    }

    /// Everything that a row says.
    pub fn traits(&self, row: usize) -> Traits {
        let (kind, id) = self.id_text(row);
        let own = |name: &&str| person_name::child_of(name).is_none();
        Traits {
            kind,
            id: id.into(),
            name: self.name(row).filter(own).map(person_name::fold).unwrap_or_default().into(),
            birth: self.birth(row),
            sex: self.sex(row),
            place: self.place(row),
            phone: self.phone(row),
            household: self.household(row),
        }
    }

    fn id_text(&self, row: usize) -> (IdKind, String) {
        if let Some(id) = self.id(row) {
            return (IdKind::Valid, id.to_owned());
        }
        let raw = text(self.raws, row).unwrap_or_default();
        let parsed = citizen_id::parse(raw, self.placeholders);
        if let Some(prefix) = parsed.prefix15 {
            return (IdKind::Prefix, String::from_utf8_lossy(&prefix).into_owned());
        }
        match parsed.quality {
            Quality::Checksum | Quality::BadDate | Quality::Length => {
                let text = citizen_id::characters(raw).unwrap_or_default();
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                if (14..=22).contains(&text.len()) && digits + 1 >= text.len() {
                    (IdKind::Damaged, text)
                } else {
                    (IdKind::None, String::new())
                }
            }
            _ => (IdKind::None, String::new()),
        }
    }

    /// Values that identify the row itself: the table's key, with an ID that cannot be used as it was
    /// received; where there is none or it is empty, all that the row says. What stands in for a number
    /// is everybody's, so with such an ID in the key, name, birth and village belong to it.
    pub fn own(&self, row: usize) -> Vec<String> {
        let value = |name: &str| {
            let column = self.batch.column_by_name(name)?;
            arrow::util::display::array_value_to_string(column, row).ok()
        };
        let of_key = |name: &String| {
            let value_of = |name: &str| value(name).filter(|value| !value.is_empty());
            value_of(name).or_else(|| value_of(&format!("{name}_raw"))).unwrap_or_default()
        };
        let mut key: Vec<String> = self.table.key.iter().map(of_key).collect();
        if key.iter().any(|value| !value.is_empty()) {
            let is_id = |name: &&String| {
                let column = self.table.columns.iter().find(|column| column.name == **name);
                column.is_some_and(|column| column.kind == ColumnType::CitizenId)
            };
            let unusable = |name: &String| value(name).unwrap_or_default().is_empty();
            if self.table.key.iter().filter(is_id).any(unusable) {
                let roles = self.table.person.iter().flat_map(|p| [&p.name, &p.birth, &p.village]);
                key.extend(roles.flatten().map(|name| value(name).unwrap_or_default()));
            }
            return key;
        }
        let made = |n: &str| n.starts_with("src_") || n == PERSON_KEY || n == "link";
        let schema = self.batch.schema();
        let names = schema.fields().iter().map(|f| f.name()).filter(|n| !made(n));
        names.map(|n| value(n).unwrap_or_default()).collect()
    }
}

/// The digits of a telephone number without those of the country and the zeros before it, however it is written.
fn dialled(text: &str) -> String {
    let text: String = text.nfkc().collect();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let abroad = text.contains('+') || digits.starts_with("00");
    let mut own = digits.trim_start_matches('0');
    if let Some(rest) = own.strip_prefix("86") {
        // Without a mark it is the country of a mobile number only: others may begin so themselves.
        if abroad || (rest.len() == 11 && rest.starts_with('1')) {
            own = rest.trim_start_matches('0');
        }
    }
    own.to_owned()
}

/// The text of a row, unless it is empty.
fn text(column: Option<&StringArray>, row: usize) -> Option<&str> {
    let column = column?;
    column.is_valid(row).then(|| column.value(row)).filter(|t| !t.is_empty())
}

fn number(column: Option<&Int64Array>, row: usize) -> Option<i64> {
    let column = column?;
    column.is_valid(row).then(|| column.value(row))
}

/// Columns of a table that say who its rows are about, and where they stand.
pub(super) fn columns(table: &Table) -> Vec<String> {
    let Some(roles) = &table.person else { return Vec::new() };
    let mut columns = vec![PERSON_KEY.to_owned(), SRC_ROW.to_owned(), roles.id.clone()];
    columns.push(format!("{}_raw", roles.id));
    columns.push(format!("{}_quality", roles.id));
    let more =
        [&roles.name, &roles.birth, &roles.village, &roles.household, &roles.sex, &roles.phone];
    for column in more.into_iter().flatten() {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_is_one_however_it_is_written() {
        for (text, expected) in [
            ("13900000003", "13900000003"),
            ("+86 139-0000-0003", "13900000003"),
            ("(+86) 13900000003", "13900000003"),
            ("8613900000003", "13900000003"),
            ("008613900000003", "13900000003"),
            ("0086 931 8612345", "9318612345"),
            ("013900000003", "13900000003"),
            ("＋８６ １３９ ００００ ０００３", "13900000003"),
            ("0931-8612345", "9318612345"),
            ("+86 (0)931 8612345", "9318612345"),
            ("8612345", "8612345"),
            ("86123456", "86123456"),
            ("00000000", ""),
            ("无", ""),
        ] {
            assert_eq!(dialled(text), expected, "{text}");
        }
    }
}
