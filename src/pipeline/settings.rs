//! What can be wrong with what pipeline.yaml says, the chain of `extends` taken together.

use std::collections::BTreeSet;

use super::Pipeline;
use super::bulletins::Bulletin;
use super::cases::CaseSettings;
use super::load::Layer;
use super::names::{SIGNS, in_numbers};
use super::spec::{ColumnType, Grain};
use crate::calendar::Due;
use crate::codes::CodeList;
use crate::diagnostic::{Fault, nearest};
use crate::division::named;

/// Adds every fault of the settings.
pub(super) fn check(pipeline: &Pipeline, layers: &[Layer], faults: &mut Vec<Fault>) {
    // What a file does not say that cannot be read is no fault of its own.
    let unread = faults.iter().any(|f| layers.iter().any(|layer| layer.yaml.path == f.path));
    let mut told = Told { layers, faults };
    references(pipeline, &mut told);
    if !unread {
        persons(pipeline, &mut told);
        root(pipeline, &mut told);
        words(pipeline, &mut told);
    }
    numbers(pipeline, &mut told);
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

    /// A fault of the value of a key, in the child's file if it has the key.
    fn value(&mut self, key: &str, value: &str, message: String, hint: &str) {
        let own = self.layers.iter().find(|layer| layer.yaml.text.contains(key));
        let yaml = &own.unwrap_or(&self.layers[0]).yaml;
        let span = yaml.find_value(key, value);
        self.faults.push(Fault::at(yaml, span, message).hint(hint));
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
    for (rule, _) in settings.off.iter().filter(|(_, reason)| reason.trim().is_empty()) {
        let text = format!("nobody would know why `{rule}` is switched off");
        told.wrong(rule, text, "say it behind the colon: it stands in the report of each night");
    }
    for rule in settings.off.keys().filter(|rule| !pipeline.has("rules", rule)) {
        told.missing("rule", rule, pipeline.rules.keys());
    }
}

/// Where persons come in, somebody is believed about who they are: else nobody would be linked.
fn persons(pipeline: &Pipeline, told: &mut Told<'_>) {
    if !pipeline.settings.identity.spine.is_empty() {
        return;
    }
    let tables = pipeline.feeds.values().filter_map(|feed| pipeline.tables.get(&feed.table));
    let fed = tables.filter(|table| table.grain == Grain::Person).map(|table| &table.id).min();
    if let Some(table) = fed {
        let text = "`identity.spine` names no table: no row would be linked to a person".to_owned();
        let hint = format!("name the register of persons first, such as `spine: [{table}]`");
        told.wrong("identity:", text, &hint);
    }
}

/// The province is one of the list, written as codes of its divisions begin: codes that do not begin so
/// are taken as those of another province.
fn root(pipeline: &Pipeline, told: &mut Told<'_>) {
    let settings = &pipeline.settings;
    let root = settings.division_root.as_str();
    if root.is_empty() {
        return;
    }
    let name = named(root).filter(|name| name.len() <= 6);
    let wrong = match &name {
        None => Some(("is no code of a province, city or county", "such as \"62\"".to_owned())),
        Some(name) if name != root => Some((
            "is not how the codes of its divisions begin",
            format!("write \"{name}\", without the zeros at the end"),
        )),
        Some(_) => None,
    };
    let codes = || {
        let lists = settings.divisions.iter().filter_map(move |list| pipeline.codes.get(list));
        lists.filter_map(|list| Some((list, list.position("code")?)))
    };
    let has = |list: &CodeList, code: usize| list.rows.iter().any(|row| named(&row[code]) == name);
    let whole = settings.divisions.iter().all(|list| pipeline.codes.contains_key(list));
    let missing = wrong.is_none()
        && whole
        && codes().next().is_some()
        && !codes().any(|(list, code)| has(list, code));
    let unknown = missing.then(|| {
        let lists = settings.divisions.join("`, `");
        ("stands in no list of divisions", format!("add its line to `{lists}`, or name another"))
    });
    if let Some((what, hint)) = wrong.or(unknown) {
        let text = format!("the division_root `{root}` {what}");
        told.value("division_root:", root, text, &hint);
    }
}

/// Numbers of pipeline.yaml that could not be obeyed.
fn numbers(pipeline: &Pipeline, told: &mut Told<'_>) {
    let nights = pipeline.settings.retention_nights;
    if nights < 2 {
        let text = "a lake keeps at least 2 nights: each is told from the one before it".to_owned();
        told.value("nights:", &nights.to_string(), text, "such as `retention: {nights: 14}`");
    }
    let link = &pipeline.settings.identity.link;
    if link.accept.is_nan() || link.review.is_nan() || link.accept < link.review {
        let text = format!(
            "rows are linked from {} bits on, so nobody would be asked from {} on",
            link.accept, link.review
        );
        let accept = told.layers.iter().any(|layer| layer.yaml.text.contains("accept:"));
        let (key, bits) = if accept { ("accept:", link.accept) } else { ("review:", link.review) };
        told.value(key, &bits.to_string(), text, "`accept` is not less than `review`");
    }
}

/// Lists have the columns by which they are read: without them they would be empty.
fn lists(pipeline: &Pipeline, told: &mut Told<'_>) {
    let settings = &pipeline.settings;
    let divisions = settings.divisions.iter().map(|list| (list, ["code", "label"]));
    let history = settings.division_history.iter().map(|list| (list, ["code", "new_code"]));
    let cases = &settings.cases;
    let of_cases = [(&cases.workdays, ["day", "works"]), (&cases.offices, ["code", "label"])];
    for (id, columns) in divisions.chain(history).chain(of_cases) {
        let Some(list) = pipeline.codes.get(id) else { continue };
        for column in columns.into_iter().filter(|column| list.position(column).is_none()) {
            let text = format!("the list `{id}` has no column `{column}`");
            told.wrong(id, text, &format!("name it in the heading of codes/{id}.csv"));
        }
    }
}

/// Numbers, severities, terms, working days and offices of cases.
fn cases(pipeline: &Pipeline, told: &mut Told<'_>) {
    let cases = &pipeline.settings.cases;
    for (key, word) in [("prefix:", &cases.prefix), ("sensitive:", &cases.sensitive)] {
        if !in_numbers(word) {
            let text = format!("`{word}` cannot stand in the numbers of cases");
            told.value(key, word, text, &format!("write {SIGNS}"));
        }
    }
    if cases.opens.is_empty() {
        let text = "no anomaly would become a case".to_owned();
        told.value("opens:", "", text, "name severities, such as [red, orange]; without it all");
    }
    if Due::parse(&cases.redo).is_none() {
        let text = format!("`{}` is not a time", cases.redo);
        told.wrong(&cases.redo, text, "write 7d for days, 3wd for working days");
    }
    // Who names no list may have none: then Monday to Friday are working days, and offices go by codes.
    let usual = CaseSettings::default();
    for (list, usual) in [(&cases.workdays, usual.workdays), (&cases.offices, usual.offices)] {
        if *list != usual && !pipeline.has("codes", list) {
            told.missing("code list", list, pipeline.codes.keys());
        }
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

/// A word that nobody says would be left blank in a bulletin.
fn words(pipeline: &Pipeline, told: &mut Told<'_>) {
    let words = &pipeline.settings.publish.words;
    // Who says nothing about publishing has no bulletins yet.
    let says = |layer: &Layer| layer.yaml.text.lines().any(|line| line.starts_with("publish:"));
    if !told.layers.iter().any(says) {
        return;
    }
    let named: BTreeSet<&str> = pipeline.bulletins.values().flat_map(Bulletin::words).collect();
    for name in named.into_iter().filter(|name| !words.contains_key(*name)) {
        let text = format!("a bulletin names `{{{name}}}`, and `publish.words` does not have it");
        let hint = match nearest(name, words.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "say it there; the block of a child replaces the whole of its parent's".into(),
        };
        told.value("publish:", "", text, &hint);
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
