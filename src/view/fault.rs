//! Faults of SQL, at the place that the engine complains of.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use crate::diagnostic::{Fault, Source, wide_mark};

/// A fault of SQL at the word that the engine complains of, if it names one.
pub fn sql_fault(source: &Source, sql: &str, error: &DataFusionError) -> Fault {
    let start = source.text.find(sql).unwrap_or(0);
    let in_sql = |word: &str| {
        let of_sql = source.find_word(start, word);
        of_sql.or_else(|| source.find_word(0, word)).unwrap_or(start..start + 1)
    };
    // A word in quotes is one of the SQL's own.
    let quoted = |text: &str| {
        let word = text.split('\'').nth(1).filter(|word| !word.is_empty())?;
        source.find_word(start, word)
    };
    match error.find_root() {
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let name = field.name.clone();
                let fault =
                    Fault::at(source, in_sql(&name), format!("there is no column `{name}`"));
                // Another table may have one of just this name.
                let known = valid_fields.iter().map(|f| f.name.as_str());
                fault.did_you_mean(&name, known.filter(|known| *known != name))
            }
            other => Fault::at(source, in_sql(sql), other.to_string()),
        },
        DataFusionError::Plan(text) => {
            let word = text.split('\'').nth(1).map(|w| w.rsplit('.').next().unwrap_or(w));
            let function = text.starts_with("Invalid function");
            let call = word.filter(|_| function).map(|w| format!("{w}("));
            let call = call.as_deref().filter(|call| source.text[start..].contains(*call));
            let span = call.or(word).map_or(start..start + 1, in_sql);
            // The engine's own words for where its tables are say nothing to people.
            let said = first_line(text).replace("datafusion.public.", "");
            let fault = Fault::at(source, span, said);
            if !function {
                return fault;
            }
            let clock = "there is none of the clock or of chance: asof() is the night's date";
            match text.split_once("Did you mean '").and_then(|(_, near)| near.split_once('\'')) {
                Some((near, _)) => fault.hint(format!("did you mean `{near}`? {clock}")),
                None => fault.hint(clock),
            }
        }
        DataFusionError::SQL(parse, _) => {
            let text = parse.to_string();
            let at = place_in(&text).map_or(0, |(line, column)| {
                let inner = Source { path: source.path.clone(), text: sql.into() };
                inner.position(line, column)
            });
            let text = text.split(" at Line:").next().unwrap_or(&text).to_owned();
            match wide_mark(sql) {
                Some((at, mark)) => {
                    let span = start + at..start + at + mark.len_utf8();
                    let hint =
                        format!("`{mark}` is full-width: SQL knows its half-width form only");
                    Fault::at(source, span, text).hint(hint)
                }
                None => Fault::at(source, start + at..start + at + 1, text),
            }
        }
        other => {
            let text = other.to_string();
            let span = quoted(&text).unwrap_or(start..start + 1);
            if text.contains("AggregateFunction(") {
                let fault = Fault::at(source, span, "there are no other rows to count or add up");
                return fault.hint("a rule looks at one row of its view: do it in the view");
            }
            Fault::at(source, span, first_line(&text))
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or(text).to_owned()
}

/// Line and column in a parser's message.
fn place_in(text: &str) -> Option<(usize, usize)> {
    let (_, rest) = text.split_once("Line: ")?;
    let (line, rest) = rest.split_once(", Column: ")?;
    let column = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((line.parse().ok()?, column.parse().ok()?))
}
