//! The SQL of a file: one query, parsed once for the names that it reads and for the engine's plan.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser;
use datafusion::sql::sqlparser::ast::{ObjectName, Statement, visit_relations};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::sql_fault;
use crate::diagnostic::{Fault, Source};

/// A query and what it reads.
pub struct Query {
    statement: Statement,
    /// Names of the tables and views that it reads.
    pub names: BTreeSet<String>,
}

impl Query {
    /// Parses the SQL of a file. A statement that makes or drops a table would be obeyed while it is
    /// planned: it is none.
    ///
    /// # Errors
    /// A fault at its first line, or what the parser says.
    pub fn parse(source: &Source, sql: &str) -> Result<Self, Fault> {
        let mut statements = statements(sql).map_err(|e| sql_fault(source, sql, &e))?;
        if let [Statement::Query(_)] = &statements[..]
            && let Some(statement) = statements.pop()
        {
            let names = names(&statement);
            return Ok(Self { statement, names });
        }
        let said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("--");
        let first = sql.lines().find(said).unwrap_or_default();
        let start = source.text.find(sql).unwrap_or(0) + sql.find(first).unwrap_or(0);
        let what = match statements.len() {
            0 => "there is no SQL below the header",
            1 => "this statement is no query",
            _ => "these are several statements",
        };
        let hint =
            "one SELECT stands here, with or without WITH: no CREATE, and nothing behind a `;`";
        Err(Fault::at(source, start..start + first.len(), what).hint(hint))
    }

    /// What the engine makes of it over the tables of a session.
    ///
    /// # Errors
    /// What the planner says.
    pub async fn frame(&self, context: &SessionContext) -> Result<DataFrame, DataFusionError> {
        let state = context.state();
        let statement = parser::Statement::Statement(Box::new(self.statement.clone()));
        let plan = state.statement_to_plan(statement).await?;
        Ok(DataFrame::new(state, plan))
    }
}

/// Names of the tables and views that SQL reads.
///
/// # Errors
/// It is no SQL.
pub fn relations(sql: &str) -> Result<BTreeSet<String>, DataFusionError> {
    Ok(statements(sql)?.iter().flat_map(names).collect())
}

fn statements(sql: &str) -> Result<Vec<Statement>, DataFusionError> {
    Parser::parse_sql(&GenericDialect {}, sql).map_err(|e| DataFusionError::SQL(Box::new(e), None))
}

fn names(statement: &Statement) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    _ = visit_relations(statement, |name: &ObjectName| {
        // As the engine reads a name: without quotes in small letters, whatever schema is said.
        names.extend(name.0.last().and_then(|part| part.as_ident()).map(
            |own| match own.quote_style {
                Some(_) => own.value.clone(),
                None => own.value.to_ascii_lowercase(),
            },
        ));
        ControlFlow::<()>::Continue(())
    });
    names
}
