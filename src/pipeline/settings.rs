//! What can be wrong with what pipeline.yaml says, the chain of `extends` taken together.

use super::Pipeline;
use super::cases::CaseSettings;
use super::load::Layer;
use super::spec::{ColumnType, Grain};
use crate::calendar::Due;
use crate::diagnostic::Fault;

/// Adds every fault of the settings.
pub(super) fn check(pipeline: &Pipeline, layers: &[Layer], faults: &mut Vec<Fault>) {
    let mut told = Told { layers, faults };
    references(pipeline, &mut told);
    lists(pipeline, &mut told);
    cases(pipeline, &mut told);
    waivers(pipeline, &mut told);
    publish(pipeline, &mut told);
}

/// Faults of the files that the settings stand in.
struct Told<'a> {
    layers: &'a [Layer],
    faults: &'a mut Vec<Fault>,
}

impl Told<'_> {
    /// A fault where the word stands, in the child's file if it says it.
    fn at(&self, word: &str, message: String) -> Fault {
        let own = self.layers.iter().find(|layer| layer.yaml.text.contains(word));
        let yaml = &own.unwrap_or(&self.layers[0]).yaml;
        Fault::at(yaml, yaml.find(word), message)
    }

    fn wrong(&mut self, word: &str, message: String, hint: &str) {
        let fault = self.at(word, message).hint(hint);
        self.faults.push(fault);
    }

    fn missing<'k>(&mut self, what: &str, id: &str, known: impl IntoIterator<Item = &'k String>) {
        let fault = self.at(id, format!("there is no {what} `{id}`"));
        let fault = fault.did_you_mean(id, known.into_iter().map(String::as_str));
        self.faults.push(fault);
    }
}

/// What is named is there.
fn references(pipeline: &Pipeline, told: &mut Told<'_>) {
    let settings = &pipeline.settings;
    let lists = settings.divisions.iter().chain(&settings.division_history);
    for list in lists.chain(&settings.identity.link.decisions) {
        if !pipeline.has("codes", list) {
            told.missing("code list", list, pipeline.codes.keys());
        }
    }
    let persons = || settings.identity.spine.iter().chain(&settings.identity.link.once);
    for table in persons().chain(settings.waivers.iter().map(|w| &w.table)) {
        if !pipeline.has("tables", table) {
            told.missing("table", table, pipeline.tables.keys());
        }
    }
    for table in persons() {
        if pipeline.tables.get(table).is_some_and(|t| t.grain != Grain::Person) {
            let text = format!("`{table}` is no table of persons");
            told.wrong(table, text, "name tables with `grain: person`");
        }
    }
    for rule in settings.off.keys().filter(|rule| !pipeline.has("rules", rule)) {
        told.missing("rule", rule, pipeline.rules.keys());
    }
}

/// Lists have the columns by which they are read: without them they would be empty.
fn lists(pipeline: &Pipeline, told: &mut Told<'_>) {
    let settings = &pipeline.settings;
    let divisions = settings.divisions.iter().map(|list| (list, ["code", "label"]));
    let history = settings.division_history.iter().map(|list| (list, ["code", "new_code"]));
    let days = std::iter::once((&settings.cases.workdays, ["day", "works"]));
    for (id, columns) in divisions.chain(history).chain(days) {
        let Some(list) = pipeline.codes.get(id) else { continue };
        for column in columns.into_iter().filter(|column| list.position(column).is_none()) {
            let text = format!("the list `{id}` has no column `{column}`");
            told.wrong(id, text, &format!("name it in the heading of codes/{id}.csv"));
        }
    }
}

/// Terms and working days of cases.
fn cases(pipeline: &Pipeline, told: &mut Told<'_>) {
    let cases = &pipeline.settings.cases;
    if Due::parse(&cases.redo).is_none() {
        let text = format!("`{}` is not a time", cases.redo);
        told.wrong(&cases.redo, text, "write 7d for days, 3wd for working days");
    }
    // Who names no list may have none: then Monday to Friday are working days.
    let named = cases.workdays != CaseSettings::default().workdays;
    if named && !pipeline.has("codes", &cases.workdays) {
        told.missing("code list", &cases.workdays, pipeline.codes.keys());
    }
}

/// What is hidden of a total of two counts is what the other one leaves, unless both are rounded.
fn publish(pipeline: &Pipeline, told: &mut Told<'_>) {
    let publish = &pipeline.settings.publish;
    let hides = publish.suppress_below > 1;
    if hides && publish.round_to.saturating_mul(2) <= publish.suppress_below {
        let text = "a count that is hidden could be worked out from a total".to_owned();
        told.wrong("round_to", text, "make `round_to` more than half of `suppress_below`");
    }
}

/// Waivers can be read, and rules accept reasons that can be given.
fn waivers(pipeline: &Pipeline, told: &mut Told<'_>) {
    let Some(policy) = &pipeline.settings.waivers else { return };
    let Some(table) = pipeline.tables.get(&policy.table) else { return };
    if table.grain != Grain::Person {
        let text = format!("`{}` is no table of persons", table.id);
        told.wrong(&policy.table, text, "waivers stand in a table with `grain: person`");
    }
    for name in [&policy.rule, &policy.subject, &policy.reason, &policy.from, &policy.to] {
        if table.column(name).is_none() {
            let known = table.columns.iter().map(|column| &column.name);
            told.missing(&format!("column of {}", table.id), name, known);
        }
    }
    for name in [&policy.from, &policy.to] {
        if table.column(name).is_some_and(|column| column.kind != ColumnType::Date) {
            let text = format!("`{name}` of {} is a day of waivers, and no date", table.id);
            told.wrong(name, text, "make it a column of type date");
        }
    }
    let list = table.column(&policy.reason).and_then(|column| column.codes.as_ref());
    let list = list.and_then(|list| Some((list, pipeline.codes.get(list)?)));
    let Some((id, list)) = list else { return };
    let Some(code) = list.position("code") else { return };
    for rule in pipeline.rules.values() {
        let known = || list.rows.iter().map(move |row| row[code].as_str());
        for reason in rule.waivers.iter().filter(|reason| !known().any(|code| code == *reason)) {
            let source = pipeline.source("rules", &rule.id);
            let span = source.find_value("waivers:", reason);
            let text = format!("nobody can give the reason `{reason}`: it is no code of `{id}`");
            let fault = Fault::at(source, span, text).did_you_mean(reason, known());
            told.faults.push(fault);
        }
    }
}
