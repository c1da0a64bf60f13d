//! What lists say of codes: each stands once, and each spelling of a cell for one of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::Pipeline;
use super::lists::{lines, some};
use crate::codes::CodeList;
use crate::diagnostic::{Fault, Source};

/// Every list says a code once, and those by which cells are read a spelling for one code.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let columns = pipeline.tables.values().flat_map(|t| &t.columns);
    let forms = pipeline.packs.values().flat_map(|p| &p.fill);
    let lists = columns.filter_map(|c| c.codes.as_ref());
    let lists: BTreeSet<&String> = lists.chain(forms.filter_map(|f| f.list.as_ref())).collect();
    // These are held to more elsewhere; a county of old may have become several.
    let settings = &pipeline.settings;
    let other = settings.divisions.iter().chain(&settings.division_history);
    let other: BTreeSet<&String> = other.chain(&settings.identity.link.decisions).collect();
    for (id, list) in pipeline.codes.iter().filter(|(id, _)| !other.contains(id)) {
        let Some(source) = pipeline.sources.get(&format!("codes/{id}")) else { continue };
        let own = if lists.contains(id) { of_spellings } else { of_codes };
        faults.extend(some(source, own(source, list)));
    }
}

/// Faults of one list that SQL reads: where it is joined, a code that stands twice makes two rows of one.
fn of_codes(source: &Source, list: &CodeList) -> Vec<Fault> {
    let Some(code) = list.position("code") else { return Vec::new() };
    let mut codes = HashSet::new();
    let rows = list.rows.iter().zip(lines(&source.text).skip(1));
    let again = rows.filter(|(row, _)| !codes.insert(&row[code]));
    let fault = |(row, (span, _)): (&Vec<String>, (Range<usize>, &str))| {
        let text = format!("the code `{}` stands twice", row[code]);
        Fault::at(source, span, text).hint("keep one of the rows")
    };
    again.map(fault).collect()
}

/// Faults of one list by which cells are read.
fn of_spellings(source: &Source, list: &CodeList) -> Vec<Fault> {
    let mut lines = lines(&source.text);
    let heading = lines.next().map_or(0..0, |(span, _)| span);
    let Some(code) = list.position("code") else {
        let text = "cells are read by this list, and it has no column `code`";
        return vec![Fault::at(source, heading, text).hint("such as code,label,aliases")];
    };
    let (label, aliases) = (list.position("label"), list.position("aliases"));
    let mut known: HashMap<&str, &str> = HashMap::new();
    let mut codes = HashSet::new();
    let mut faults = Vec::new();
    for (row, (span, _)) in list.rows.iter().zip(lines) {
        let own = row[code].as_str();
        if own.is_empty() {
            let hint = "its spellings would be read as nothing: write the code";
            faults.push(Fault::at(source, span, "a row has no code").hint(hint));
            continue;
        }
        if !codes.insert(own) {
            let text = format!("the code `{own}` stands twice");
            let hint = "one row for each code: other spellings go into `aliases`, separated by |";
            faults.push(Fault::at(source, span, text).hint(hint));
            continue;
        }
        let aliases = aliases.map_or("", |at| row[at].as_str()).split('|').map(str::trim);
        let label = label.map(|at| row[at].as_str());
        for spelling in std::iter::once(own).chain(label).chain(aliases).filter(|s| !s.is_empty()) {
            let first = *known.entry(spelling).or_insert(own);
            if first != own {
                let text = format!("`{spelling}` stands for `{first}` and for `{own}`");
                let hint = "leave it with one of them: a cell that says so is read as the first";
                faults.push(Fault::at(source, span.clone(), text).hint(hint));
            }
        }
    }
    faults
}
