//! What a contract says of a column and could not be obeyed: constants and mapped words that its type
//! does not read, what no row would be given, and units of what is no amount.

use arrow::datatypes::{Decimal128Type, DecimalType};

use super::Pipeline;
use super::spec::{ColumnType, Feed, OnBad};
use crate::amount;
use crate::calendar::{self, DateCell};
use crate::diagnostic::Fault;
use crate::division::named;

/// Adds every fault of a feed's constants, mapped words and units.
pub(super) fn check(pipeline: &Pipeline, feed: &Feed, faults: &mut Vec<Fault>) {
    let Some(table) = pipeline.tables.get(&feed.table) else { return };
    let source = pipeline.source("feeds", &feed.id);
    let mut wrong = |key: &str, value: &str, message: String, hint: &str| {
        faults.push(Fault::at(source, source.find_value(key, value), message).hint(hint));
    };
    for (name, value) in &feed.constants {
        let Some(column) = table.column(name) else { continue };
        if let Some((what, hint)) = unread(&column.kind, value) {
            let text = format!("the constant `{value}` of `{name}` is {what}: no row is used");
            wrong(&format!("{name}:"), value, text, hint);
        }
        // Where an extract may lack the column, its rows have the constant then.
        let filled = feed.columns.iter().find(|column| column.to == *name);
        if filled.is_some_and(|column| !column.optional || !column.path.is_empty()) {
            let text = format!("`{name}` is filled from the extract: no row has its constant");
            wrong("constants:", name, text, "take it out of `columns`, or out of `constants`");
        }
    }
    let quoted = |heading: &str| {
        ['"', '\''].iter().any(|mark| source.text.contains(&format!("{mark}{heading}{mark}")))
    };
    let headings = feed.columns.iter().flat_map(|column| &column.from);
    for heading in headings.filter(|heading| heading.contains('，') && !quoted(heading)) {
        let hint = "between headings stands `, `; one with such a comma in it stands in quotes";
        wrong("from:", heading, format!("`{heading}` is one heading"), hint);
    }
    for column in &feed.columns {
        let Some(target) = table.column(&column.to) else { continue };
        let nothing = |text: &String| text.is_empty() || feed.format.nulls.contains(text);
        let own = column.map.iter().filter(|(_, value)| !nothing(value));
        for (word, value) in own {
            if let Some((what, hint)) = unread(&target.kind, value) {
                let text = format!("`{word}` is read as `{value}`, which is {what}");
                wrong("map:", value, text, hint);
            }
        }
        if !column.map.is_empty() && !column.path.is_empty() {
            let text =
                format!("`{}` is named level by level, and nothing of it is mapped", column.to);
            wrong("to:", &column.to, text, "take `map` away");
        }
        if column.required && column.optional && !feed.constants.contains_key(&column.to) {
            let text = format!("`{}` is required, and an extract may lack it", column.to);
            wrong("to:", &column.to, text, "keep one: no row has a value where it is lacking");
        }
        if column.required && column.on_bad == OnBad::Null {
            let text = format!("`{}` is required, and a bad value of it dropped", column.to);
            wrong("to:", &column.to, text, "keep one: `required`, or `on_bad: \"null\"`");
        }
    }
    for column in feed.columns.iter().filter(|column| column.unit.is_some()) {
        let kind = table.column(&column.to).map(|target| &target.kind);
        if kind.is_some_and(|kind| !matches!(kind, ColumnType::Decimal { .. })) {
            let text = format!("`{}` is no amount, and is read without its unit", column.to);
            wrong("to:", &column.to, text, "units are those of columns of type decimal(p,s)");
        }
    }
}

/// What a text is not that a column of this type would have to hold, and what to write.
fn unread(kind: &ColumnType, text: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        ColumnType::Date if calendar::parse_date(text) == DateCell::Bad => {
            Some(("no day", "such as 2026-10-01"))
        }
        ColumnType::Month if calendar::parse_month(text) == DateCell::Bad => {
            Some(("no month", "such as 2026-10"))
        }
        ColumnType::Int if amount::parse_int(text).is_none() => {
            Some(("no whole number", "such as 12"))
        }
        ColumnType::Bool if amount::parse_bool(text).is_none() => {
            Some(("neither yes nor no", "write 是 or 否"))
        }
        ColumnType::Division if named(text).is_none() => {
            Some(("no code of a division", "6, 9 or 12 digits, between quotes"))
        }
        ColumnType::Decimal { precision, scale } => {
            let value = amount::parse_amount(text, u32::from(scale.unsigned_abs()), 0);
            let fits = |value| Decimal128Type::is_valid_decimal_precision(value, *precision);
            (!value.is_some_and(fits)).then_some(("no amount that it can hold", "such as 12.50"))
        }
        _ => None,
    }
}
