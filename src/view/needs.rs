//! What `needs` of rules and indicators name, held against the tables that their SQL reads: what is stale
//! or missing there is said, and never 0.

use std::collections::{BTreeMap, BTreeSet};

use super::Plans;
use crate::diagnostic::Fault;
use crate::pipeline::Pipeline;
use crate::pipeline::indicators::Indicator;
use crate::pipeline::spec::Rule;

/// Why nothing may be left out.
const NEVER: &str = "`needs` names no table: where one is missing, 0 would be found";

/// Tables and views by what names them in its SQL.
pub type Named = BTreeMap<String, BTreeSet<String>>;

/// Every fault of `needs`, by what the SQL of indicators names. A rule may name more tables than its view
/// reads: `explain` shows their rows.
pub fn needs(pipeline: &Pipeline, plans: &Plans, of_indicators: &Named) -> Vec<Fault> {
    let own = plans.views.iter();
    let views: BTreeMap<&str, BTreeSet<String>> =
        own.map(|view| (view.id.as_str(), tables(pipeline, plans, &view.names))).collect();
    let rules = pipeline.rules.values().filter_map(|rule| {
        let tables = views.get(rule.over.as_str())?;
        of_rule(pipeline, rule, tables)
    });
    let indicators = of_indicators.iter().flat_map(|(id, names)| {
        of_indicator(pipeline, &pipeline.indicators[id], &tables(pipeline, plans, names))
    });
    rules.chain(indicators).collect()
}

fn of_rule(pipeline: &Pipeline, rule: &Rule, read: &BTreeSet<String>) -> Option<Fault> {
    let source = pipeline.source("rules", &rule.id);
    let fed: Vec<&String> =
        rule.needs.iter().filter(|need| pipeline.tables.contains_key(*need)).collect();
    let first = match (&rule.needs[..], &fed[..]) {
        ([], _) if !read.is_empty() => None,
        (_, [first, ..]) if !fed.iter().any(|need| read.contains(*need)) => Some(*first),
        _ => return None,
    };
    let text = match first {
        None => NEVER.to_owned(),
        Some(first) => format!("the view `{}` does not read `{first}`", rule.over),
    };
    let span = source.find_value("needs:", first.map_or("[", String::as_str));
    Some(Fault::at(source, span, text).hint(hint(read)))
}

fn of_indicator(pipeline: &Pipeline, own: &Indicator, read: &BTreeSet<String>) -> Vec<Fault> {
    let source = pipeline.source("indicators", &own.id);
    if own.needs.is_empty() && !read.is_empty() {
        let span = source.find_value("needs:", "[");
        return vec![Fault::at(source, span, NEVER).hint(hint(read))];
    }
    let strange = own.needs.iter().filter(|need| !read.contains(*need));
    // What is no table is told elsewhere.
    let strange = strange.filter(|need| pipeline.tables.contains_key(*need));
    let fault = |need: &String| {
        let span = source.find_value("needs:", need);
        Fault::at(source, span, format!("its SQL does not read `{need}`")).hint(hint(read))
    };
    strange.map(fault).collect()
}

fn hint(read: &BTreeSet<String>) -> String {
    let read = read.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("name those on which it rests, of the tables that are read: {read}")
}

/// The tables among some names, and those that the views among them read.
fn tables(pipeline: &Pipeline, plans: &Plans, names: &BTreeSet<String>) -> BTreeSet<String> {
    let mut left: Vec<&String> = names.iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = left.pop() {
        if seen.insert(name) {
            left.extend(plans.get(name).iter().flat_map(|view| &view.names));
        }
    }
    seen.into_iter().filter(|name| pipeline.tables.contains_key(*name)).cloned().collect()
}
