//! Rows that say what an earlier row of the delivery said: found when all have come, and left out.

use arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type, Int64Type};
use arrow::util::display::array_value_to_string;

use crate::citizen_id::Quality;
use crate::error::{Error, Result};
use crate::feed::receipt::Receipt;
use crate::feed::rejects::{About, Reject, RejectWriter};
use crate::feed::typed::{Place, Repeats};
use crate::lake::rows::{Gather, Numbers, PERSON_KEY, SRC_ROW};
use crate::pipeline::spec::{ColumnType, Table};

/// Why a row that has the key of an earlier one is put aside.
const REASON: &str = "the key of an earlier row with other content";

/// What is kept of rows that are not written, by their numbers.
#[derive(Default)]
pub(super) struct Unwritten {
    /// The part and the line of each.
    places: Vec<(u32, u32)>,
    /// Those whose ID names no person yet.
    waiting: Numbers,
}

impl Unwritten {
    /// Keeps the next row; whether it waits for a person.
    pub fn row(&mut self, place: Place, waits: bool) {
        self.places.push((place.part as u32, place.line as u32));
        if waits {
            self.waiting.insert(place.row);
        }
    }
}

/// A row that has the key of an earlier one and says something else.
struct Other {
    number: i64,
    part: usize,
    line: u64,
    byte: u64,
    raw: String,
    about: About,
}

/// Writes the rows but for those that are not new, and accounts for these: what says the same again
/// is a duplicate, what says otherwise under one key is quarantined. Gives the rows written.
///
/// # Errors
/// What the disk says.
pub(super) fn leave_out(
    again: &Repeats,
    rows: Gather,
    table: &Table,
    receipt: &mut Receipt,
    rejects: &mut RejectWriter,
) -> Result<u64> {
    again.dropped.iter().for_each(|(kind, cells)| not_amended(receipt, kind, *cells));
    let mut others = Vec::new();
    let written = rows.finish_without(&again.rows, |batch| {
        let rows = Rows::of(batch, table)?;
        for row in 0..batch.num_rows() {
            rows.take_back(row, receipt);
            let (number, part) = (rows.numbers.value(row), rows.parts.value(row) as usize);
            if again.otherwise.contains(number) {
                others.push(rows.other(row)?);
            } else {
                receipt.parts[part].duplicate += 1;
            }
        }
        Ok(())
    })?;
    others.sort_unstable_by_key(|other| other.number);
    let column = table.key.first().map_or("", String::as_str);
    for Other { part, line, byte, raw, about, .. } in others {
        let reject = Reject { line, byte, column, reason: REASON, raw: &raw, about };
        rejects.quarantine(&mut receipt.parts[part], &mut receipt.reject_reasons, &reject)?;
    }
    Ok(written)
}

/// Accounts for rows that are not new where none of `rows` is written. What they count among the
/// repaired they go on to count. Gives the rows that are new.
///
/// # Errors
/// What the disk says.
pub(super) fn account(
    again: &Repeats,
    rows: &Unwritten,
    table: &Table,
    receipt: &mut Receipt,
    rejects: &mut RejectWriter,
) -> Result<u64> {
    let column = table.key.first().map_or("", String::as_str);
    for number in again.rows.iter() {
        let (part, line) = rows.places[number as usize];
        receipt.pending -= u64::from(rows.waiting.contains(number));
        let part = &mut receipt.parts[part as usize];
        part.used -= 1;
        if again.otherwise.contains(number) {
            let (line, about) = (line.into(), About::default());
            let reject = Reject { line, byte: 0, column, reason: REASON, raw: "", about };
            rejects.quarantine(part, &mut receipt.reject_reasons, &reject)?;
        } else {
            part.duplicate += 1;
        }
    }
    Ok(rows.places.len() as u64 - again.rows.count())
}

/// What was counted among the repaired belongs to rows that are left out.
fn not_amended(receipt: &mut Receipt, kind: &str, times: u64) {
    if let Some(count) = receipt.amendments.get_mut(kind) {
        *count -= times;
        if *count == 0 {
            receipt.amendments.remove(kind);
        }
    }
}

/// Columns of rows that are left out.
struct Rows<'a> {
    batch: &'a RecordBatch,
    table: &'a Table,
    numbers: &'a PrimitiveArray<Int64Type>,
    parts: &'a PrimitiveArray<Int32Type>,
    lines: &'a PrimitiveArray<Int64Type>,
    bytes: &'a PrimitiveArray<Int64Type>,
    qualities: Vec<&'a StringArray>,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch, table: &'a Table) -> Result<Self> {
        let ids = table.columns.iter().filter(|c| c.kind == ColumnType::CitizenId);
        let words = |name: String| batch.column_by_name(&name)?.as_string_opt::<i32>();
        Ok(Self {
            batch,
            table,
            numbers: numbers(batch, SRC_ROW)?,
            parts: numbers(batch, "src_part")?,
            lines: numbers(batch, "src_line")?,
            bytes: numbers(batch, "src_byte")?,
            qualities: ids.filter_map(|c| words(format!("{}_quality", c.name))).collect(),
        })
    }

    /// The row was counted as used.
    fn take_back(&self, row: usize, receipt: &mut Receipt) {
        receipt.parts[self.parts.value(row) as usize].used -= 1;
        if self.batch.column_by_name(PERSON_KEY).is_some_and(|keys| keys.is_null(row)) {
            receipt.pending -= 1;
        }
        for words in self.qualities.iter().filter(|words| words.is_valid(row)) {
            let word = words.value(row);
            if word == Quality::Valid.word() {
                continue;
            }
            not_amended(receipt, &format!("id:{word}"), 1);
        }
    }

    fn other(&self, row: usize) -> Result<Other> {
        let key = self.table.key.first().and_then(|name| self.batch.column_by_name(name));
        let raw = match key {
            Some(key) if key.is_valid(row) => array_value_to_string(key, row)?,
            _ => String::new(),
        };
        Ok(Other {
            number: self.numbers.value(row),
            part: self.parts.value(row) as usize,
            line: self.lines.value(row) as u64,
            byte: self.bytes.value(row) as u64,
            raw,
            about: self.about(row),
        })
    }

    /// Whom the row is about.
    fn about(&self, row: usize) -> About {
        let keys = self.batch.column_by_name(PERSON_KEY);
        let keys = keys.and_then(|keys| keys.as_primitive_opt::<Int64Type>());
        let person = keys.filter(|keys| keys.is_valid(row)).map(|keys| keys.value(row));
        let id =
            |name: &str| self.table.column(name).map(|c| &c.kind) == Some(&ColumnType::CitizenId);
        let text = |name: &String| {
            let column = self.batch.column_by_name(name).filter(|_| !id(name))?;
            let texts = column.as_string_opt::<i32>().filter(|texts| texts.is_valid(row))?;
            Some(texts.value(row).to_owned())
        };
        About::new(person, &self.table.key.iter().map(text).collect::<Vec<_>>())
    }
}

fn numbers<'a, T: ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a PrimitiveArray<T>> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<T>());
    column.ok_or_else(|| Error::bug("rows that do not say where they come from"))
}
