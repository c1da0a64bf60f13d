//! Names that bidui gives itself: a table, view or column of that name would be there twice.

use super::Pipeline;
use super::spec::{ColumnType, Table};
use crate::diagnostic::Fault;

/// The table of rows that no plain ID links.
const LINK: &str = "link";

/// Adds every fault of names that are taken.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let tables = pipeline.tables.keys().map(|id| ("tables", id));
    for (section, id) in tables.chain(pipeline.views.keys().map(|id| ("views", id))) {
        let what = match id.strip_prefix("code_") {
            _ if id == LINK => "bidui makes a table of this name".to_owned(),
            Some(list) if pipeline.has("codes", list) => {
                format!("`{id}` is the table of the code list `{list}`")
            }
            _ => continue,
        };
        let fault = Fault::at(pipeline.source(section, id), 0..1, what);
        faults.push(fault.hint("give the file another name"));
    }
    for table in pipeline.tables.values() {
        of_ids(pipeline, table, faults);
    }
}

/// Beside each ID number stand what was received and what it turned out to be.
fn of_ids(pipeline: &Pipeline, table: &Table, faults: &mut Vec<Fault>) {
    let source = pipeline.source("tables", &table.id);
    for id in table.columns.iter().filter(|column| column.kind == ColumnType::CitizenId) {
        for own in [format!("{}_raw", id.name), format!("{}_quality", id.name)] {
            if table.column(&own).is_some() {
                let text = format!("column `{own}` is made by bidui, for `{}`", id.name);
                let fault = Fault::at(source, source.find_value("name:", &own), text);
                faults.push(fault.hint("take it away, or choose another name"));
            }
        }
    }
}
