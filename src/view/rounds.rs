//! In which order views are planned and built, by the names that their SQL reads.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::ast::{ObjectName, Statement, visit_relations};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::sql_fault;
use crate::diagnostic::{Fault, Source};
use crate::pipeline::Pipeline;

/// Views in rounds: each reads views of earlier rounds only. And the faults of those that are in none:
/// their SQL cannot be read, or they read each other in a circle.
pub(super) fn rounds(pipeline: &Pipeline) -> (Vec<Vec<String>>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for view in pipeline.views.values() {
        let source = pipeline.source("views", &view.id);
        let names = one_query(source, &view.sql)
            .and_then(|()| relations(&view.sql).map_err(|e| sql_fault(source, &view.sql, &e)));
        match names {
            Ok(names) => _ = needs.insert(view.id.clone(), names),
            Err(fault) => faults.push(fault),
        }
    }
    // Nobody waits for a view that cannot be read.
    let known: BTreeSet<String> = needs.keys().cloned().collect();
    needs.values_mut().for_each(|names| names.retain(|name| known.contains(name)));
    let mut rounds: Vec<Vec<String>> = Vec::new();
    let mut done: BTreeSet<String> = BTreeSet::new();
    while done.len() < needs.len() {
        let waits = |id: &String| !done.contains(id);
        let ready: Vec<String> = needs
            .iter()
            .filter(|(id, views)| waits(id) && views.is_subset(&done))
            .map(|(id, _)| id.clone())
            .collect();
        if ready.is_empty() {
            let stuck: Vec<&String> = needs.keys().filter(|id| waits(id)).collect();
            let names = stuck.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
            let source = pipeline.source("views", stuck[0]);
            faults.push(
                Fault::at(source, 0..1, format!("views read each other in a circle: {names}"))
                    .hint("take what they share into a view of its own"),
            );
            break;
        }
        done.extend(ready.iter().cloned());
        rounds.push(ready);
    }
    (rounds, faults)
}

/// Holds that the SQL of a file is one query. A statement that makes or drops a table would be obeyed
/// while it is planned.
///
/// # Errors
/// A fault at its first line, or what the parser says.
pub fn one_query(source: &Source, sql: &str) -> Result<(), Fault> {
    let statements = Parser::parse_sql(&GenericDialect {}, sql)
        .map_err(|e| sql_fault(source, sql, &DataFusionError::SQL(Box::new(e), None)))?;
    if matches!(&statements[..], [Statement::Query(_)]) {
        return Ok(());
    }
    let said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("--");
    let first = sql.lines().find(said).unwrap_or_default();
    let start = source.text.find(sql).unwrap_or(0) + sql.find(first).unwrap_or(0);
    let what = match statements.len() {
        0 => "there is no SQL below the header",
        1 => "this statement is no query",
        _ => "these are several statements",
    };
    let hint = "one SELECT stands here, with or without WITH: no CREATE, and nothing behind a `;`";
    Err(Fault::at(source, start..start + first.len(), what).hint(hint))
}

/// Names of the tables and views that a query reads.
///
/// # Errors
/// It is no SQL.
pub fn relations(sql: &str) -> Result<BTreeSet<String>, DataFusionError> {
    let statements: Vec<Statement> = Parser::parse_sql(&GenericDialect {}, sql)
        .map_err(|e| DataFusionError::SQL(Box::new(e), None))?;
    let mut names = BTreeSet::new();
    _ = visit_relations(&statements, |name: &ObjectName| {
        // As the engine reads a name: without quotes in small letters, whatever schema is said.
        names.extend(name.0.last().and_then(|part| part.as_ident()).map(
            |own| match own.quote_style {
                Some(_) => own.value.clone(),
                None => own.value.to_ascii_lowercase(),
            },
        ));
        ControlFlow::<()>::Continue(())
    });
    Ok(names)
}
