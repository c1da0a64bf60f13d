//! Faults of SQL, at the place that the engine complains of.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use crate::diagnostic::{Fault, Source};

/// A fault of SQL at the word that the engine complains of, if it names one.
pub fn sql_fault(source: &Source, sql: &str, error: &DataFusionError) -> Fault {
    let start = source.text.find(sql).unwrap_or(0);
    let in_sql = |word: &str| {
        let at = source.text[start..].find(word).map(|n| start + n);
        at.map_or_else(|| source.find(word), |n| n..n + word.len())
    };
    match error.find_root() {
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let name = field.name.clone();
                let fault =
                    Fault::at(source, in_sql(&name), format!("there is no column `{name}`"));
                fault.did_you_mean(&name, valid_fields.iter().map(|f| f.name.as_str()))
            }
            other => Fault::at(source, in_sql(sql), other.to_string()),
        },
        DataFusionError::Plan(text) => {
            let word = text.split('\'').nth(1).map(|w| w.rsplit('.').next().unwrap_or(w));
            let function = text.starts_with("Invalid function");
            let exact = word.map(|w| if function { format!("{w}(") } else { format!("'{w}'") });
            let exact = exact.as_deref().filter(|exact| source.text[start..].contains(*exact));
            let span = exact.or(word).map_or(start..start + 1, in_sql);
            let fault = Fault::at(source, span, first_line(text));
            if !function {
                return fault;
            }
            fault.hint("there is none of the clock or of chance: asof() is the night's date")
        }
        DataFusionError::SQL(parse, _) => {
            let text = parse.to_string();
            let at = place_in(&text).map_or(0, |(line, column)| {
                let inner = Source { path: source.path.clone(), text: sql.into() };
                inner.position(line, column)
            });
            let text = text.split(" at Line:").next().unwrap_or(&text).to_owned();
            Fault::at(source, start + at..start + at + 1, text)
        }
        other => Fault::at(source, start..start + 1, first_line(&other.to_string())),
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
