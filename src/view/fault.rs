//! Faults of SQL, at the place that the engine complains of.

use std::ops::Range;

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use crate::diagnostic::{Fault, Source, nearest, wide_mark};

/// Where the parser stops, and what is likely to stand before it.
const SLIPS: [(&str, &str); 3] = [
    ("Expected: end of", "a comma or an operator may be missing before it"),
    ("Expected: )", "a bracket before it is not closed"),
    ("Expected: an expression", "something is missing before it, or a mark there is too many"),
];

/// Functions of other databases, and what is written here. Of those that are near by their letters none
/// does the same.
const ELSEWHERE: [(&str, &str); 17] = [
    ("add_months", "d + INTERVAL '1' MONTH"),
    ("curdate", "asof(), the night's date"),
    ("date_add", "d + INTERVAL '1' DAY"),
    ("date_sub", "d - INTERVAL '1' DAY"),
    ("datediff", "a - b: the days between two dates"),
    ("day", "date_part('day', d)"),
    ("getdate", "asof(), the night's date"),
    ("group_concat", "string_agg(x, ',')"),
    ("if", "CASE WHEN a THEN b ELSE c END"),
    ("isnull", "x IS NULL, or coalesce(x, y)"),
    ("len", "character_length(x)"),
    ("listagg", "string_agg(x, ',')"),
    ("month", "date_part('month', d)"),
    ("sysdate", "asof(), the night's date"),
    ("to_number", "TRY_CAST(x AS DECIMAL(16, 2))"),
    ("wm_concat", "string_agg(x, ',')"),
    ("year", "date_part('year', d)"),
];

/// A fault of SQL at the word that the engine complains of, if it names one.
pub fn sql_fault(source: &Source, sql: &str, error: &DataFusionError) -> Fault {
    let start = source.text.find(sql).unwrap_or(0);
    let place = Place { source, sql, start };
    match error.find_root() {
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let name = field.name.clone();
                let span = place.word(&name);
                let quoted = source.text[..span.start].ends_with('"');
                let fault = Fault::at(source, span, format!("there is no column `{name}`"));
                let known = valid_fields.iter().map(|f| f.name.as_str());
                if let Some(own) = known.clone().find(|own| differ_in_case(own, &name)) {
                    let hint = format!("write \"{own}\": without quotes a name has small letters");
                    return fault.hint(hint);
                }
                if quoted && nearest(&name, known.clone()).is_none() {
                    return fault.hint(format!("a text has single quotes: '{name}'"));
                }
                // Another table may have one of just this name.
                fault.did_you_mean(&name, known.filter(|own| *own != name))
            }
            SchemaError::AmbiguousReference { field } => {
                let name = field.name.as_str();
                let text = format!("`{name}` is a column of several tables");
                let hint = format!("write before it of which, such as a.{name}");
                Fault::at(source, place.bare(name), text).hint(hint)
            }
            other => Fault::at(source, place.word(sql), other.to_string()),
        },
        DataFusionError::Plan(text) if text.contains("must appear in the GROUP BY clause") => {
            let name = text.split("column \"").nth(1).and_then(|rest| rest.split('"').next());
            let name = name.unwrap_or_default();
            let text = format!("`{name}` has many values in a group");
            Fault::at(source, place.word(name), text)
                .hint("add it to GROUP BY, or take one of them: min(), max(), count()")
        }
        DataFusionError::Plan(text) if text.contains("argument types '") => place.of_others(text),
        DataFusionError::Plan(text) => place.of_plan(text),
        DataFusionError::SQL(parse, _) => place.of_parser(&parse.to_string()),
        other => place.of_others(&other.to_string()),
    }
}

/// Where the SQL stands.
struct Place<'a> {
    source: &'a Source,
    sql: &'a str,
    start: usize,
}

impl Place<'_> {
    fn word(&self, word: &str) -> Range<usize> {
        let of_sql = self.source.find_word(self.start, word);
        let found = of_sql.or_else(|| self.source.find_word(0, word));
        found.unwrap_or(self.start..self.start + 1)
    }

    /// A column that is named without its table, where that is in one place only.
    fn bare(&self, name: &str) -> Range<usize> {
        let (mut from, mut found) = (self.start, Vec::new());
        while let Some(span) = self.source.find_word(from, name) {
            from = span.end;
            if !self.source.text[..span.start].ends_with('.') {
                found.push(span);
            }
        }
        match &found[..] {
            [one] => one.clone(),
            _ => self.start..self.start + 1,
        }
    }

    /// What the planner says.
    fn of_plan(&self, text: &str) -> Fault {
        let word = text.split('\'').nth(1).map(|w| w.rsplit('.').next().unwrap_or(w));
        let function = text.starts_with("Invalid function");
        let call = word.filter(|_| function).map(|w| format!("{w}("));
        let call = call.as_deref().filter(|call| self.source.text[self.start..].contains(*call));
        let span = call.or(word).map_or(self.start..self.start + 1, |word| self.word(word));
        // The engine's own words for where its tables are say nothing to people.
        let said = first_line(text).replace("datafusion.public.", "");
        let fault = Fault::at(self.source, span, said);
        if text.starts_with("table '") {
            return fault.hint("tables and views are called as their files, lists `code_<list>`");
        }
        if text.contains("to 'param' function") {
            return fault.hint("such as param('name', division, yr())");
        }
        if !function {
            return fault;
        }
        let meant = word.map(str::to_lowercase).unwrap_or_default();
        if let Some((_, here)) = ELSEWHERE.iter().find(|(name, _)| *name == meant) {
            return fault.hint(format!("write {here}"));
        }
        let clock = "there is none of the clock or of chance: asof() is the night's date";
        match text.split_once("Did you mean '").and_then(|(_, near)| near.split_once('\'')) {
            Some((near, _)) => fault.hint(format!("did you mean `{near}`? {clock}")),
            None => fault.hint(clock),
        }
    }

    /// What the parser says, which counts lines from where the SQL begins.
    fn of_parser(&self, text: &str) -> Fault {
        let (source, start) = (self.source, self.start);
        let at = place_in(text).map_or(0, |(line, column)| {
            let inner = Source { path: source.path.clone(), text: self.sql.into() };
            inner.position(line, column)
        });
        let text = text.split(" at Line:").next().unwrap_or(text);
        let text = text.trim_start_matches("sql parser error: ").to_owned();
        if let Some((at, mark)) = wide_mark(self.sql) {
            let span = start + at..start + at + mark.len_utf8();
            let hint = format!("`{mark}` is full-width: SQL knows its half-width form only");
            return Fault::at(source, span, text).hint(hint);
        }
        let mut lines = self.sql.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with("--"));
        let first = line.and_then(|line| line.split_whitespace().next()).unwrap_or_default();
        let of_rule = source.path.parent().is_some_and(|folder| folder.ends_with("rules"));
        if of_rule && ["SELECT", "WHERE"].contains(&first.to_uppercase().as_str()) {
            let fault = Fault::at(source, self.word(first), "a rule is a condition, and no query");
            return fault.hint(format!("leave {first} away"));
        }
        let next = SLIPS.iter().find(|(said, _)| text.contains(said));
        let fault = Fault::at(source, start + at..start + at + 1, text);
        match next {
            Some((_, next)) => fault.hint(*next),
            None => fault,
        }
    }

    /// What is said of types, and of what was worked out already.
    fn of_others(&self, text: &str) -> Fault {
        // A word in quotes is one of the SQL's own.
        let quoted = text.split('\'').nth(1).filter(|word| !word.is_empty());
        let span = quoted.and_then(|word| self.source.find_word(self.start, word));
        let span = span.unwrap_or(self.start..self.start + 1);
        if text.contains("AggregateFunction(") {
            let fault = Fault::at(self.source, span, "there are no other rows to count or add up");
            return fault.hint("a rule looks at one row of its view: do it in the view");
        }
        let types = text.split_once("argument types '").filter(|_| text.contains("coerc"));
        match types.and_then(|(_, rest)| rest.split_once('\'')) {
            Some((call, _)) => Fault::at(self.source, span, format!("there is no `{call}`"))
                .hint("give it values of one type: CAST(… AS …)"),
            None => Fault::at(self.source, span, own_words(&first_line(text))),
        }
    }
}

/// Are these one name but for capital letters?
fn differ_in_case(a: &str, b: &str) -> bool {
    a != b && a.to_lowercase() == b.to_lowercase()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or(text).to_owned()
}

/// What the engine says, without where in it that was found.
fn own_words(text: &str) -> &str {
    let mut said = text;
    while let Some((head, rest)) = said.split_once(": ")
        && head.ends_with("error")
    {
        said = rest;
    }
    said
}

/// Line and column in a parser's message.
fn place_in(text: &str) -> Option<(usize, usize)> {
    let (_, rest) = text.split_once("Line: ")?;
    let (line, rest) = rest.split_once(", Column: ")?;
    let column = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((line.parse().ok()?, column.parse().ok()?))
}
