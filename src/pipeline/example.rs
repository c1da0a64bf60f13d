//! A rule's worked example: what it is given, and on what the rule must fire.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value as Json;

use super::spec::Rule;
use super::{Pipeline, yaml};
use crate::diagnostic::{Fault, Source};

/// One row of a worked example: columns not named are null.
pub type TestRow = BTreeMap<String, Json>;

/// What a worked example is given.
#[derive(Debug, Clone)]
pub enum Given {
    /// Rows of the rule's view.
    Rows(Vec<TestRow>),
    /// Rows of tables, from which the view is built first.
    Tables(BTreeMap<String, Vec<TestRow>>),
}

/// A rule's worked example.
#[derive(Debug, Clone)]
pub struct RuleTest {
    pub asof: Option<String>,
    pub given: Given,
    pub expect: Vec<String>,
    pub not_applicable: Vec<String>,
    pub also: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTest {
    asof: Option<String>,
    given: Json,
    expect: Vec<String>,
    #[serde(default)]
    not_applicable: Vec<String>,
    #[serde(default)]
    also: BTreeMap<String, Vec<String>>,
}

/// Reads `rules/<ID>.test.yaml`.
///
/// # Errors
/// A fault when it is not a worked example.
pub fn rule_test(source: &Source) -> Result<RuleTest, Fault> {
    let raw: RawTest = yaml::read(source, &source.text, 0)?;
    let wrong = |error: serde_json::Error| {
        Fault::at(source, source.find("given"), format!("`given` is not rows: {error}"))
            .hint("give a list of rows, or `tables:` with rows of each table")
    };
    let given = match raw.given {
        Json::Object(mut map) if map.len() == 1 && map.contains_key("tables") => {
            let tables = map.remove("tables").unwrap_or_default();
            Given::Tables(serde_json::from_value(tables).map_err(wrong)?)
        }
        rows => Given::Rows(serde_json::from_value(rows).map_err(wrong)?),
    };
    Ok(RuleTest {
        asof: raw.asof,
        given,
        expect: raw.expect,
        not_applicable: raw.not_applicable,
        also: raw.also,
    })
}

/// Adds every fault of worked examples: those without a rule, those that are none, and rules that they
/// name and that there are not, or that are not tried on them.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let known = || pipeline.rules.keys().map(String::as_str);
    for (key, source) in &pipeline.sources {
        let Some(id) = key.strip_prefix("rules/").and_then(|k| k.strip_suffix(".test")) else {
            continue;
        };
        if !pipeline.has("rules", id) {
            let text = format!("a worked example without its rule `{id}`");
            faults.push(Fault::of(&source.path, text).did_you_mean(id, known()));
            continue;
        }
        let test = match rule_test(source) {
            Ok(test) => test,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        for other in test.also.keys().filter(|other| !pipeline.has("rules", other)) {
            let span = source.find_value("also:", other);
            let fault = Fault::at(source, span, format!("there is no rule `{other}`"));
            faults.push(fault.did_you_mean(other, known()));
        }
        asof(source, test.asof.as_deref(), faults);
        untried(pipeline, (id, source), &test, faults);
    }
}

/// The night of an example, where it says one.
pub(super) fn asof(source: &Source, day: Option<&str>, faults: &mut Vec<Fault>) {
    if let Some(day) = day.filter(|day| day.parse::<NaiveDate>().is_err()) {
        let fault =
            Fault::at(source, source.find_value("asof:", day), format!("`{day}` is not a day"));
        faults.push(fault.hint("write 2026-11-10"));
    }
}

/// Rules that an example names under `also` and that are never tried on its rows.
fn untried(
    pipeline: &Pipeline,
    (id, source): (&str, &Source),
    test: &RuleTest,
    faults: &mut Vec<Fault>,
) {
    // That of a rule over no view at all is told where it says so.
    let there = |rule: &&Rule| pipeline.views.contains_key(&rule.over);
    let Some(own) = pipeline.rules.get(id).filter(there) else { return };
    for other in test.also.keys().filter_map(|other| pipeline.rules.get(other)) {
        let (text, hint) = if other.id == own.id {
            let text = format!("`{id}` is the rule of this example");
            (text, "say under `expect` on what it fires".to_owned())
        } else if other.over != own.over {
            let text = format!("`{}` is over the view `{}`", other.id, other.over);
            let hint = format!("an example tries rules over `{}` only: take it away", own.over);
            (text, hint)
        } else {
            continue;
        };
        let span = source.find_value("also:", &other.id);
        faults.push(Fault::at(source, span, text).hint(hint));
    }
}
