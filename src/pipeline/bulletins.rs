//! What `bulletins/<id>.yaml` says: the words of a bulletin, the order of its items, its thresholds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};

use super::check::placeholders;
use super::groups::fits;
use super::indicators::{Better, Unit, unfolded};
use super::{Pipeline, yaml};
use crate::calendar::Due;
use crate::diagnostic::{Fault, Source};

/// From which values on a cell is green, or at least yellow; in 1/10000 of the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lamp {
    #[serde(deserialize_with = "scaled")]
    pub green: i128,
    #[serde(deserialize_with = "scaled")]
    pub yellow: i128,
}

fn scaled<'de, D: Deserializer<'de>>(from: D) -> Result<i128, D::Error> {
    let value = f64::deserialize(from)?;
    // Thresholds have a few digits; floats of this size are exact to far more.
    Ok((value * 10_000.0).round() as i128)
}

/// The score that counties are ranked by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    pub weights: BTreeMap<String, u32>,
    /// Percent of the weights that a county must have figures for.
    pub from: u32,
}

/// A paragraph about anomalies of some rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    pub title: String,
    /// Ids of rules, or beginnings of them with `*`.
    pub rules: Vec<String>,
}

/// A task with its date: a term (`5wd`, `7d`) from the data's date on, or a day of the next month.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    pub title: String,
    /// `{date}` stands for its date.
    pub text: String,
    pub term: Option<String>,
    pub day: Option<u32>,
}

/// A column of counts about units (hospitals).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitColumn {
    pub name: String,
    /// What follows the number: 例未实现“一站式”结算.
    pub zh: String,
}

/// Units (hospitals) with their counts: SQL over views of the period's last night.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    pub title: String,
    pub about: String,
    /// What follows the name and precedes the total.
    pub total: String,
    /// Said of the units whose counts are all zero.
    pub clean: String,
    /// At most so many units with faults are named.
    pub most: usize,
    pub columns: Vec<UnitColumn>,
    /// Gives county, unit, total and the columns.
    pub sql: String,
}

/// A paragraph about an indicator and those beside it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub title: String,
    pub lead: String,
    #[serde(default)]
    pub also: Vec<String>,
}

/// `bulletins/<id>.yaml`. In texts, names in braces stand for words of `publish` in pipeline.yaml,
/// and for `{period}`, `{year}` and `{place}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulletin {
    #[serde(skip)]
    pub id: String,
    /// The red head.
    pub head: String,
    /// The document number, left blank for the office.
    pub number: String,
    pub title: String,
    pub addressees: String,
    pub purpose: String,
    /// Indicators of the first part.
    pub headline: Vec<String>,
    /// Paragraphs of the second part, in their order.
    pub items: Vec<Item>,
    /// Indicators of the third part and of the annexes.
    pub tables: Vec<String>,
    /// The indicator of the chart.
    pub chart: Option<String>,
    #[serde(default)]
    pub lamps: BTreeMap<String, Lamp>,
    pub score: Score,
    pub problems: Vec<Problem>,
    pub units: Option<Units>,
    pub demands: Vec<Demand>,
    /// Overdue cases are counted by the days that they are late: up to each of these, and beyond the last.
    #[serde(default)]
    pub ageing: Vec<u32>,
    /// Text of the third annex.
    pub annex: String,
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Bulletin {
    /// The words of `publish.words` that its texts name, and those that every bulletin has.
    pub(super) fn words(&self) -> BTreeSet<&str> {
        let head = [&self.head, &self.number, &self.title, &self.addressees];
        let texts = head.into_iter().chain([&self.purpose, &self.annex]).chain(&self.notes);
        let texts = texts.chain(self.demands.iter().map(|demand| &demand.text));
        let names = texts.flat_map(|text| placeholders(text));
        let words = names.filter(|name| !matches!(*name, "period" | "year" | "date"));
        words.chain(["office", "place"]).collect()
    }
}

/// Reads `bulletins/<stem>.yaml`.
///
/// # Errors
/// A fault at the place that the parser or the shape complains of.
pub(super) fn bulletin(stem: &str, source: &Source) -> Result<Bulletin, Fault> {
    let mut bulletin: Bulletin = yaml::read(source, &source.text, 0)?;
    bulletin.id = stem.into();
    let texts = [&mut bulletin.purpose, &mut bulletin.annex].into_iter();
    let texts = texts.chain(bulletin.demands.iter_mut().map(|d| &mut d.text));
    for text in texts.chain(bulletin.notes.iter_mut()) {
        *text = unfolded(text);
    }
    Ok(bulletin)
}

/// Adds every fault of what bulletins name.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    for bulletin in pipeline.bulletins.values() {
        let source = pipeline.source("bulletins", &bulletin.id);
        let named = bulletin.headline.iter().chain(&bulletin.tables).chain(&bulletin.chart);
        let named =
            named.chain(bulletin.items.iter().flat_map(|i| [&i.lead].into_iter().chain(&i.also)));
        let named = named.chain(bulletin.lamps.keys()).chain(bulletin.score.weights.keys());
        for id in named.filter(|id| !pipeline.has("indicators", id)) {
            let known = pipeline.indicators.keys().map(String::as_str);
            let fault = Fault::at(source, source.find(id), format!("there is no indicator `{id}`"));
            faults.push(fault.did_you_mean(id, known));
        }
        for id in bulletin.score.weights.keys() {
            let own = pipeline.indicators.get(id);
            if own.is_some_and(|i| i.unit != Unit::Percent || i.better == Better::None) {
                let text = format!("`{id}` cannot be part of a score");
                let hint = "a score is made of percentages of which one way is good";
                faults.push(Fault::at(source, source.find_value("weights", id), text).hint(hint));
            }
        }
        if bulletin.score.from > 100 {
            let text = "nobody has figures for more than 100 percent of the weights";
            let span = source.find_value("from:", &bulletin.score.from.to_string());
            faults.push(Fault::at(source, span, text).hint("such as `from: 60`"));
        }
        lamps(pipeline, bulletin, source, faults);
        for pattern in bulletin.problems.iter().flat_map(|p| &p.rules) {
            let known = pipeline.rules.keys().any(|rule| fits(pattern, rule));
            if !known && !pipeline.has("rules", pattern) {
                let text = format!("no rule fits `{pattern}`");
                let known = pipeline.rules.keys().map(String::as_str);
                let span = source.find_value("rules", pattern);
                faults.push(Fault::at(source, span, text).did_you_mean(pattern, known));
            }
        }
        let ages = &bulletin.ageing;
        if ages.first() == Some(&0) || ages.windows(2).any(|pair| pair[0] >= pair[1]) {
            let text = "ages are numbers of days, from 1 on, each longer than the one before it";
            faults.push(Fault::at(source, source.find("ageing:"), text));
        }
        for demand in &bulletin.demands {
            let term = demand.term.as_deref();
            if term.is_some_and(|t| Due::parse(t).is_none()) {
                let term = term.unwrap_or_default();
                let span = source.find_value("term", term);
                let text = format!("`{term}` is not a time");
                let hint = "write 7d for days, 3wd for working days";
                faults.push(Fault::at(source, span, text).hint(hint));
            }
            if demand.text.contains("{date}") && term.is_none() && demand.day.is_none() {
                let text = format!("`{}` names a date that nothing gives", demand.title);
                let hint = "add a term such as `term: 5wd`, or a day such as `day: 20`";
                faults.push(Fault::at(source, source.find(&demand.title), text).hint(hint));
            }
            if demand.day.is_some_and(|day| !(1..=28).contains(&day)) {
                let text = "a day of every month is one from 1 to 28";
                faults.push(Fault::at(source, source.find("day:"), text));
            }
        }
    }
}

/// Colours whose lines are swapped: nothing would ever be yellow.
fn lamps(pipeline: &Pipeline, bulletin: &Bulletin, source: &Source, faults: &mut Vec<Fault>) {
    for (id, lamp) in &bulletin.lamps {
        let Some(indicator) = pipeline.indicators.get(id) else { continue };
        let (swapped, side) = match indicator.better {
            Better::Down => (lamp.green > lamp.yellow, "below"),
            Better::Up | Better::None => (lamp.green < lamp.yellow, "above"),
        };
        if swapped {
            let span = source.find_value(&format!("{id}:"), "green");
            let fault = Fault::at(source, span, format!("no figure of `{id}` would be yellow"));
            faults.push(fault.hint(format!("the line of green lies {side} that of yellow")));
        }
    }
}
