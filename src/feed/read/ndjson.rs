//! NDJSON: one object a line. The headings are the keys of the first objects, and the columns of the
//! contract: an exporter may leave out what is nothing, and fill a column far down only.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::pipeline::spec::{FeedColumn, Format};

use super::container::Source;
use super::encoding;
use super::header::wrong_columns;
use super::heading::{Wanted, normal_heading};
use super::limits::refused;
use super::lines::Lines;
use super::{CELL_BYTES, Next, Part, ROW_CELLS, RawRow, Rows, Shape, reason};

/// How many objects decide about the headings.
const OBJECTS: usize = 100;

/// Opens NDJSON; `columns` are those of the contract.
///
/// # Errors
/// No line is an object; and as for [`encoding::inspect`].
pub(super) fn open(
    source: &Source,
    format: &Format,
    columns: &[FeedColumn],
) -> Result<Box<dyn Rows>> {
    let text = encoding::inspect(source, format)?;
    let mut lines = text.lines(source)?;
    let label = source.label();
    let mut headings: Vec<String> = Vec::new();
    let mut positions = HashMap::new();
    let mut objects = 0;
    while objects < OBJECTS && lines.next()?.is_some() {
        let Ok(text) = lines.text() else {
            continue;
        };
        let Ok(Object(pairs)) = serde_json::from_str::<Object>(text) else {
            continue;
        };
        objects += 1;
        for (key, _) in pairs {
            let at = headings.len();
            if let Entry::Vacant(new) = positions.entry(key) {
                if at == ROW_CELLS {
                    return Err(refused(&label, &format!("more than {ROW_CELLS} keys")));
                }
                headings.push(new.key().clone());
                new.insert(at);
            }
        }
    }
    if headings.is_empty() {
        return Err(Error::gate(format!("{label} has no JSON object on its lines"))
            .hint("NDJSON has one object like {\"k\": \"v\"} on each line"));
    }
    let part = Part { file: label, encoding: Some(text.finding.clone()), ..Part::default() };
    let lines = text.lines(source)?;
    let (known, awaited) = expect(&mut headings, columns);
    let cells = Vec::new();
    Ok(Box::new(Ndjson { part, lines, headings, positions, known, awaited, cells }))
}

/// Adds a heading for each column of the contract that has not come yet. Gives where the names of all
/// columns stand, and the new headings that have to come. A file that has no column of the contract is
/// another table: nothing is expected of it.
fn expect(
    headings: &mut Vec<String>,
    columns: &[FeedColumn],
) -> (HashMap<String, usize>, Vec<(usize, String)>) {
    let (mut known, mut awaited) = (HashMap::new(), Vec::new());
    let mut normal: Vec<String> = headings.iter().map(|key| normal_heading(key)).collect();
    let wanted: Vec<Wanted> = columns.iter().map(Wanted::new).collect();
    let came = |names: &Vec<String>| names.iter().any(|name| normal.contains(name));
    if !wanted.iter().flat_map(Wanted::cells).any(came) {
        return (known, awaited);
    }
    for (column, wanted) in columns.iter().zip(&wanted) {
        for names in wanted.cells() {
            let found = names.iter().find_map(|name| normal.iter().position(|own| own == name));
            let at = found.unwrap_or(normal.len());
            if found.is_none() {
                normal.push(names[0].clone());
                headings.push(names[0].clone());
                awaited.extend((!column.optional).then(|| (at, names[0].clone())));
            }
            for name in names {
                known.entry(name.clone()).or_insert(at);
            }
        }
    }
    (known, awaited)
}

/// The pairs of an object in their order, also those that stand twice.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

struct Ndjson {
    part: Part,
    lines: Lines,
    headings: Vec<String>,
    /// Positions of the keys of the first objects.
    positions: HashMap<String, usize>,
    /// Those of the contract's names, as they are compared.
    known: HashMap<String, usize>,
    /// Columns that have to come and have not yet.
    awaited: Vec<(usize, String)>,
    cells: Vec<Option<Value>>,
}

impl Rows for Ndjson {
    fn part(&self) -> &Part {
        &self.part
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Named(&self.headings)
    }

    fn next(&mut self, row: &mut RawRow) -> Result<Next> {
        row.clear();
        let Some(mark) = self.lines.next_filled()? else {
            self.part.unterminated = !self.lines.terminated();
            return self.end();
        };
        (row.line, row.byte) = (mark.line, mark.byte);
        let fault = if mark.too_long { Some(reason::LONG_LINE) } else { self.parse(row).err() };
        Ok(fault.map_or(Next::Row, |reason| self.lines.broken(mark, reason)))
    }
}

impl Ndjson {
    /// The end, if all columns came that had to.
    fn end(&self) -> Result<Next> {
        if self.awaited.is_empty() {
            return Ok(Next::End);
        }
        let wrong = self.awaited.iter().map(|(_, name)| format!("no column {name}"));
        Err(wrong_columns(&self.part.file, wrong.collect()))
    }

    fn parse(&mut self, row: &mut RawRow) -> Result<(), &'static str> {
        let text = self.lines.text()?;
        let long = text.len() > CELL_BYTES;
        let fault = || if text.contains('\0') { reason::NUL } else { reason::NOT_OBJECT };
        let object = serde_json::from_str(text).map_err(|_| fault())?;
        let Object(pairs) = object;
        self.cells.clear();
        self.cells.resize(self.headings.len(), None);
        for (key, value) in pairs {
            let at = self.positions.get(&key).or_else(|| self.known.get(&normal_heading(&key)));
            let &at = at.ok_or(reason::NEW_KEY)?;
            if self.cells[at].replace(value).is_some() {
                return Err(reason::KEY_TWICE);
            }
        }
        let cells = &self.cells;
        self.awaited.retain(|(at, _)| cells[*at].is_none());
        for cell in cells {
            push(row, cell.as_ref().unwrap_or(&Value::Null));
        }
        if long && row.cells().any(|cell| cell.len() > CELL_BYTES) {
            return Err(reason::LONG_CELL);
        }
        Ok(())
    }
}

/// Adds the cell of a value. Those in an array are joined as the values of a set are.
fn push(row: &mut RawRow, value: &Value) {
    match value {
        Value::Null => row.push(""),
        Value::String(text) => row.push(text),
        Value::Number(n) if n.is_f64() => push_float(row, n.as_f64().unwrap_or(f64::NAN)),
        Value::Array(items) if !items.iter().any(|item| item.is_array() || item.is_object()) => {
            let mut set = RawRow::default();
            items.iter().filter(|item| !item.is_null()).for_each(|item| push(&mut set, item));
            row.push(&set.cells().collect::<Vec<_>>().join("|"));
        }
        other => row.push_fmt(format_args!("{other}")),
    }
}

/// A number as the text that was meant. Doubles hold 15 digits: of a longer ID the rest is noise,
/// which must not look like digits, so that it stays with its exponent. No digit that is there is
/// rounded away: the text is always the same double again.
pub(super) fn push_float(row: &mut RawRow, value: f64) {
    let whole = value.fract() == 0.0;
    if value == 0.0 {
        // Else minus zero would show its sign.
        row.push("0");
    } else if whole && value.abs() < 1e15 {
        row.push_fmt(format_args!("{}", value as i64));
    } else if value.abs() >= 1e15 {
        let fifteen = format!("{value:.14e}");
        if fifteen.parse() == Ok(value) {
            row.push(&fifteen);
        } else {
            row.push_fmt(format_args!("{value:e}"));
        }
    } else {
        row.push_fmt(format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_a_double_knows() {
        let mut row = RawRow::default();
        let id = 629_121_195_603_141_234.0;
        for value in [1234.0, 0.1, -5.0, id, 629_121_195_603_140_000.0, 1.5e-7, -0.0] {
            push_float(&mut row, value);
        }
        let cells: Vec<&str> = row.cells().collect();
        assert_eq!(cells[..4], ["1234", "0.1", "-5", "6.291211956031412e17"]);
        assert_eq!(cells[4..], ["6.29121195603140e17", "0.00000015", "0"]);
        assert_eq!(cells[3].parse(), Ok(id));
    }
}
