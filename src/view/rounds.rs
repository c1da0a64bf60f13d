//! In which order views are planned and built, by the names that their SQL reads.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::ast::{ObjectName, Statement, visit_relations};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::sql_fault;
use crate::diagnostic::Fault;
use crate::pipeline::Pipeline;

/// Views in rounds: each reads views of earlier rounds only.
///
/// # Errors
/// Every view whose SQL cannot be read, and views that read each other in a circle.
pub(super) fn rounds(pipeline: &Pipeline) -> Result<Vec<Vec<String>>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for view in pipeline.views.values() {
        let source = pipeline.source("views", &view.id);
        match relations(&view.sql) {
            Ok(names) => {
                let views = names.into_iter().filter(|n| pipeline.views.contains_key(n));
                needs.insert(view.id.clone(), views.collect());
            }
            Err(error) => faults.push(sql_fault(source, &view.sql, &error)),
        }
    }
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
    if faults.is_empty() { Ok(rounds) } else { Err(faults) }
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
