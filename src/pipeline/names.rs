//! Names that cannot be given: those that bidui gives itself, which would be there twice, and those that
//! numbers of cases could not be made of.

use std::collections::BTreeMap;

use unicode_normalization::is_nfkc;

use super::Pipeline;
use super::schema::LINK_TABLE;
use super::spec::{ColumnType, Table};
use crate::diagnostic::{Fault, Source};

/// What a word in the number of a case is made of.
pub(super) const SIGNS: &str = "letters and digits, and `-`, `_` or `.` between them";

/// May a word stand in the number of a case? Files are called by it, no cell may begin like a formula,
/// and what comes back is read without spaces and in half width.
pub(super) fn in_numbers(word: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    word.starts_with(char::is_alphanumeric) && word.chars().all(fits) && is_nfkc(word)
}

/// Adds every fault of names that cannot be given.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let tables = pipeline.tables.keys().map(|id| ("tables", id));
    for (section, id) in tables.chain(pipeline.views.keys().map(|id| ("views", id))) {
        let what = match id.strip_prefix("code_") {
            _ if id == LINK_TABLE => "bidui makes a table of this name".to_owned(),
            Some(list) if pipeline.has("codes", list) => {
                format!("`{id}` is the table of the code list `{list}`")
            }
            _ => continue,
        };
        let fault = Fault::at(pipeline.source(section, id), 0..1, what);
        faults.push(fault.hint("give the file another name"));
    }
    for id in pipeline.rules.keys().filter(|id| !in_numbers(id)) {
        let text = format!("the rule's id `{id}` cannot stand in the number of a case");
        let fault = Fault::at(pipeline.source("rules", id), 0..1, text);
        faults.push(fault.hint(format!("name the file by {SIGNS}, without spaces")));
    }
    for table in pipeline.tables.values() {
        of_ids(pipeline, table, faults);
    }
    alike(pipeline, faults);
}

/// Files that people take for one. A child's takes the place of its parent's under the same name
/// only, and a list under another is one that nobody asks for.
fn alike(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let mut known: BTreeMap<String, (&String, &Source)> = BTreeMap::new();
    for (key, source) in pipeline.sources.iter().filter(|(key, _)| !key.ends_with(".test")) {
        let signs = key.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
        let folded: String = signs.flat_map(char::to_lowercase).collect();
        let Some((first, other)) = known.insert(folded, (key, source)) else { continue };
        let own = source.path.starts_with(&pipeline.dir);
        let (path, near) = if own { (&source.path, first) } else { (&other.path, key) };
        let fault = Fault::of(path, format!("there is `{near}` too, of nearly this name"));
        faults.push(fault.hint("under just its name a file takes the place of its parent's"));
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
