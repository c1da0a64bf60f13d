//! What `needs` of rules and indicators name, held against the tables that their SQL reads: what is stale
//! or missing there is said, and never 0.

use std::collections::{BTreeMap, BTreeSet};

use super::relations;
use crate::diagnostic::Fault;
use crate::pipeline::Pipeline;
use crate::pipeline::indicators::Indicator;
use crate::pipeline::spec::Rule;

/// Why nothing may be left out.
const NEVER: &str = "`needs` names no table: where one is missing, 0 would be found";

/// Tables and views by the view whose SQL names them.
type Named<'a> = BTreeMap<&'a str, BTreeSet<String>>;

/// Every fault of `needs`. A rule may name more tables than its view reads: `explain` shows their rows.
pub fn needs(pipeline: &Pipeline) -> Vec<Fault> {
    let names = |sql: &str| relations(sql).unwrap_or_default();
    let of_views: Named<'_> =
        pipeline.views.values().map(|view| (view.id.as_str(), names(&view.sql))).collect();
    let read = |sql: &str| tables(pipeline, &of_views, names(sql));
    let views: Named<'_> =
        of_views.iter().map(|(id, own)| (*id, tables(pipeline, &of_views, own.clone()))).collect();
    let rules = pipeline.rules.values().filter_map(|rule| {
        let tables = views.get(rule.over.as_str())?;
        of_rule(pipeline, rule, tables)
    });
    let indicators = pipeline.indicators.values();
    let indicators = indicators.flat_map(|own| of_indicator(pipeline, own, &read(&own.sql)));
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
fn tables(pipeline: &Pipeline, of_views: &Named<'_>, names: BTreeSet<String>) -> BTreeSet<String> {
    let mut left: Vec<String> = names.into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = left.pop() {
        if !seen.contains(&name) {
            left.extend(of_views.get(name.as_str()).into_iter().flatten().cloned());
            seen.insert(name);
        }
    }
    seen.retain(|name| pipeline.tables.contains_key(name));
    seen
}
