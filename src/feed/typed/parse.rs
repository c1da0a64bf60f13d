//! One raw cell to one value of its column's type, or why not.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::datatypes::{Decimal128Type, DecimalType};
use foldhash::fast::FixedState;
use unicode_normalization::UnicodeNormalization;

use super::spelling::{coded, is_normal, left_behind, trimmed};
use super::{Source, Typer, days, memo};
use crate::calendar::{self, DateCell};
use crate::citizen_id::{self, CitizenId};
use crate::feed::read::RawRow;
use crate::pipeline::spec::{ColumnType, Unit};
use crate::{amount, person_name};

/// Ways of naming a division that are remembered.
const PLACES_KNOWN: usize = 1 << 16;

/// What was found for each way of naming a division.
#[derive(Default)]
pub(super) struct PlacesKnown {
    known: HashMap<String, Option<String>, FixedState>,
    /// The last one: whole villages stand one below the other.
    last: Option<(String, Option<String>)>,
}

impl PlacesKnown {
    /// What was found before for a way of naming a division, else what is found now.
    fn get(&mut self, named: &str, find: impl FnOnce() -> Option<String>) -> Option<&str> {
        if self.last.as_ref().is_none_or(|(last, _)| last != named) {
            let found = match self.known.get(named) {
                Some(found) => found.clone(),
                None => {
                    let found = find();
                    if self.known.len() >= PLACES_KNOWN {
                        self.known.clear();
                    }
                    self.known.insert(named.to_owned(), found.clone());
                    found
                }
            };
            self.last = Some((named.to_owned(), found));
        }
        self.last.as_ref()?.1.as_deref()
    }
}

impl Source {
    /// What the contract reads a text as, where the column has no list of codes.
    fn mapped(&self, text: &str) -> Option<String> {
        if self.kind == ColumnType::Code || self.spellings.is_empty() {
            return None;
        }
        let own = |text: &str| self.spellings.get(text).cloned();
        own(text).or_else(|| own(text.nfkc().collect::<String>().trim()))
    }
}

/// Why a cell is bad, and whether it may be dropped without its row.
type Bad = (&'static str, bool);

impl Typer<'_> {
    /// Packs what the text of a cell became before, else parses it.
    ///
    /// # Errors
    /// As for [`Typer::parse`].
    pub(super) fn known_or_parsed(
        &mut self,
        column: usize,
        row: &RawRow,
        id: &mut Option<(CitizenId, usize)>,
    ) -> Result<(), Bad> {
        let source = &self.sources[column];
        let texts = if source.kind == ColumnType::CitizenId {
            None
        } else {
            memo::texts(row, &source.cells)
        };
        let cell = |at| row.cell(at);
        let Some(texts) = texts else { return self.parse(column, &cell, id) };
        if let Some(value) = self.memo.get(column, texts) {
            self.packed.again(value);
            return Ok(());
        }
        let start = self.packed.bytes().len();
        self.parse(column, &cell, id)?;
        self.memo.put(column, texts, &self.packed.bytes()[start..]);
        Ok(())
    }

    /// Parses the cell of a column and packs its value.
    ///
    /// # Errors
    /// The reason, and whether the cell may be dropped without its row; nothing is packed then.
    fn parse<'r>(
        &mut self,
        column: usize,
        cell: &impl Fn(usize) -> &'r str,
        id: &mut Option<(CitizenId, usize)>,
    ) -> Result<(), Bad> {
        let source = &self.sources[column];
        if source.path {
            return self.path(column, cell);
        }
        let raw = match (source.cells.first(), &source.constant) {
            (Some(Some(at)), _) => cell(*at),
            (_, Some(_)) => return self.constant(column, id),
            _ => return self.null(column),
        };
        let trimmed = trimmed(raw);
        let own = source.mapped(trimmed);
        let text = own.as_deref().unwrap_or(trimmed);
        let null = match source.kind {
            ColumnType::CitizenId => false,
            // 无 is "no" to a yes-or-no column before it is "nothing".
            ColumnType::Bool => self.is_null(text) && amount::parse_bool(text).is_none(),
            _ => self.is_null(text),
        };
        if null { self.null(column) } else { self.value(column, text, id) }
    }

    /// The constant of a column, which is parsed once; but for an ID number, of which more is told than
    /// its value.
    fn constant(&mut self, column: usize, id: &mut Option<(CitizenId, usize)>) -> Result<(), Bad> {
        let source = &self.sources[column];
        if !source.constant_packed.is_empty() {
            self.packed.again(&source.constant_packed);
            return Ok(());
        }
        let constant = source.constant.clone().unwrap_or_default();
        let start = self.packed.bytes().len();
        self.value(column, &constant, id)?;
        if self.sources[column].kind != ColumnType::CitizenId {
            let packed = self.packed.bytes()[start..].to_vec();
            self.sources[column].constant_packed = packed;
        }
        Ok(())
    }

    /// A division by its names. A path ends with a sign that no code has.
    fn path<'r>(&mut self, column: usize, cell: &impl Fn(usize) -> &'r str) -> Result<(), Bad> {
        let cells = &self.sources[column].cells;
        let names: Vec<&str> = cells.iter().map(|c| trimmed(c.map_or("", cell))).collect();
        let given = names.iter().rposition(|n| !self.is_null(n)).map_or(0, |p| p + 1);
        if given == 0 {
            return self.null(column);
        }
        let names = &names[..given];
        self.spare.clear();
        names.iter().for_each(|name| self.spare.extend([name, "\u{1f}"]));
        match self.places_known.get(&self.spare, || self.divisions.by_path(names)) {
            Some(code) => self.packed.text(Some(code)),
            None => return Err(("no division of these names", true)),
        }
        Ok(())
    }

    /// A division by its code.
    fn division(&mut self, raw: &str) -> Result<(), Bad> {
        match self.places_known.get(raw, || self.divisions.by_code(raw)) {
            Some(code) => self.packed.text(Some(code)),
            None => self.elsewhere(raw).ok_or(("no division code", true))?,
        }
        Ok(())
    }

    fn is_null(&self, text: &str) -> bool {
        self.nulls.contains(text)
    }

    fn null(&mut self, column: usize) -> Result<(), Bad> {
        if self.sources[column].required {
            Err(("a value is required", false))
        } else {
            self.packed.null();
            Ok(())
        }
    }

    /// Parses a filled cell by the type of its column.
    fn value(
        &mut self,
        column: usize,
        raw: &str,
        id: &mut Option<(CitizenId, usize)>,
    ) -> Result<(), Bad> {
        let source = &self.sources[column];
        if let Some(reason) = left_behind(&source.kind, raw) {
            return Err((reason, true));
        }
        match &source.kind {
            ColumnType::CitizenId => {
                let parsed = citizen_id::parse(raw, self.placeholders);
                self.qualities[column] = parsed.quality;
                match parsed.id {
                    Some(good) => {
                        *id = Some((good, column));
                        self.packed.text(Some(good.as_str()));
                    }
                    None if source.required && self.is_null(raw) => {
                        return Err(("a value is required", false));
                    }
                    None => self.packed.null(),
                }
            }
            ColumnType::Text if is_normal(raw) => self.packed.text(Some(trimmed(raw))),
            ColumnType::Text => {
                self.normalise(raw);
                self.packed.text(Some(self.spare.trim()));
            }
            ColumnType::Name => {
                let name = person_name::clean(raw);
                if name.is_empty() {
                    return self.null(column);
                }
                self.packed.text(Some(&name));
            }
            ColumnType::Code => return self.code(column, raw),
            ColumnType::Division => return self.division(raw),
            ColumnType::Date | ColumnType::Month => return self.day(column, raw),
            ColumnType::Decimal { precision, scale } => {
                let unit = match source.unit {
                    Some(Unit::WanYuan) => 4,
                    Some(Unit::Fen) => -2,
                    _ => 0,
                };
                let value = amount::parse_amount(raw, *scale as u32, unit);
                let value = value.ok_or(("not an amount", true))?;
                // Parquet would keep some of its digits, and say nothing.
                if !Decimal128Type::is_valid_decimal_precision(value, *precision) {
                    return Err(("an amount too large for its column", true));
                }
                self.packed.decimal(value);
            }
            ColumnType::Int => {
                self.packed.int64(amount::parse_int(raw).ok_or(("not a whole number", true))?);
            }
            ColumnType::Bool => {
                self.packed.bool(amount::parse_bool(raw).ok_or(("neither yes nor no", true))?);
            }
            ColumnType::Set => return self.set(column, raw),
        }
        Ok(())
    }

    /// A day, or the first of a month.
    fn day(&mut self, column: usize, raw: &str) -> Result<(), Bad> {
        let month = self.sources[column].kind == ColumnType::Month;
        // `20224` is a month, from whichever year days are counted.
        let counted = self.since_1904 && !(month && raw.starts_with("20"));
        let text = if counted { calendar::counted_from_1904(raw) } else { Cow::Borrowed(raw) };
        let (cell, reason) = if month {
            (calendar::parse_month(&text), "not a month")
        } else {
            (calendar::parse_date(&text), "not a date")
        };
        match cell {
            DateCell::Value(day) => self.packed.int32(days(day)),
            DateCell::Missing => return self.null(column),
            DateCell::Bad => return Err((reason, true)),
        }
        Ok(())
    }

    /// A well-formed code of another province, which the register does not hold.
    fn elsewhere(&mut self, raw: &str) -> Option<()> {
        let province: u32 = raw.get(..2)?.parse().ok()?;
        let digits = raw.bytes().all(|b| b.is_ascii_digit());
        let elsewhere = (11..=82).contains(&province) && !raw.starts_with(&self.root);
        if !(digits && elsewhere && matches!(raw.len(), 6 | 9 | 12)) {
            return None;
        }
        self.packed.text(Some(&format!("{raw:0<12}")));
        Some(())
    }

    /// NFKC of a text into the spare buffer; most Chinese text is in that form already.
    fn normalise(&mut self, raw: &str) {
        self.spare.clear();
        if is_normal(raw) {
            self.spare.push_str(raw);
        } else {
            self.spare.extend(raw.nfkc());
        }
    }

    /// Looks a spelling up in the code list: whole, in NFKC, or in parts.
    fn code(&mut self, column: usize, raw: &str) -> Result<(), Bad> {
        let mut found = self.sources[column].spellings.get(raw);
        if found.is_none() {
            self.normalise(raw);
            found = coded(&self.sources[column].spellings, &self.spare);
        }
        self.packed.text(Some(found.ok_or(("not in the code list", true))?));
        Ok(())
    }

    /// Values of a set, joined by `|`.
    fn set(&mut self, column: usize, raw: &str) -> Result<(), Bad> {
        self.normalise(raw);
        let values = self.spare.split([',', '，', '、', ';', '；', '|']).map(str::trim);
        let values = values.filter(|value| !value.is_empty()).collect::<Vec<_>>().join("|");
        if values.is_empty() {
            return self.null(column);
        }
        self.packed.text(Some(&values));
        Ok(())
    }
}
