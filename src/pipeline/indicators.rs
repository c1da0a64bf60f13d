//! `indicators/<id>.sql`, their worked examples, and what may be published of their figures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::spec::Title;
use super::{Pipeline, TestRow, example, lists, yaml};
use crate::diagnostic::{Fault, Source};

/// What the figure of an indicator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Numerator of a hundred.
    Percent,
    /// Numerator of a thousand.
    Permille,
    /// The numerator itself; it has no denominator.
    Count,
    /// Yuan of the numerator for one of the denominator.
    Yuan,
    /// Days of the numerator for one of the denominator.
    Days,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    Up,
    Down,
    #[default]
    None,
}

/// How a city and the province get their figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rollup {
    /// Numerators and denominators are added.
    #[default]
    Sum,
    /// A figure of a county alone: a median, a percentile.
    None,
}

/// Titles by code, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Parts(pub Vec<(String, Title)>);

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Parts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("codes with their titles")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Parts, M::Error> {
                let mut parts = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    parts.push(entry);
                }
                Ok(Parts(parts))
            }
        }
        from.deserialize_map(InOrder)
    }
}

/// One indicator: SQL over tonight's tables and views, one row for each county (and part).
#[derive(Debug, Clone)]
pub struct Indicator {
    pub id: String,
    pub title: Title,
    /// 口径: what is counted, of what, since when. Printed.
    pub about: String,
    pub unit: Unit,
    /// Counting word of its figures: 人, 户, 件.
    pub noun: String,
    pub better: Better,
    pub rank: bool,
    pub needs: Vec<String>,
    /// Parts that it is split into, beside the whole.
    pub parts: Vec<(String, Title)>,
    pub rollup: Rollup,
    /// Rules whose anomalies are behind it.
    pub causes: Vec<String>,
    pub sql: String,
    /// First digits of the BLAKE3 of its file.
    pub version: String,
}

/// The counting word of money.
pub const YUAN: &str = "元";

impl Indicator {
    /// Are its figures sums of money, or shares of such?
    pub fn is_of_money(&self) -> bool {
        self.noun == YUAN
    }

    /// Does it tell of people's money, as sums, shares or averages?
    pub fn tells_money(&self) -> bool {
        self.unit == Unit::Yuan || self.is_of_money()
    }

    /// The Chinese title of one of its parts; empty for the whole.
    pub fn part_zh(&self, part: &str) -> &str {
        self.parts.iter().find(|(code, _)| code == part).map_or("", |(_, title)| &title.zh)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIndicator {
    title: Title,
    about: String,
    unit: Unit,
    #[serde(default)]
    noun: String,
    #[serde(default)]
    better: Better,
    #[serde(default)]
    rank: bool,
    needs: Vec<String>,
    #[serde(default)]
    parts: Parts,
    #[serde(default)]
    rollup: Rollup,
    #[serde(default)]
    causes: Vec<String>,
}

/// Reads `indicators/<stem>.sql`.
///
/// # Errors
/// A fault: no header, or the place in it that the parser or the shape complains of.
pub(super) fn indicator(stem: &str, source: &Source) -> Result<Indicator, Fault> {
    let (header, offset, sql) = yaml::split_header(source)?;
    let raw: RawIndicator = yaml::read(source, header, offset)?;
    Ok(Indicator {
        id: stem.into(),
        title: raw.title,
        about: unfolded(&raw.about),
        unit: raw.unit,
        noun: raw.noun,
        better: raw.better,
        rank: raw.rank,
        needs: raw.needs,
        parts: raw.parts.0,
        rollup: raw.rollup,
        causes: raw.causes,
        sql: sql.trim_end_matches(';').into(),
        version: blake3::hash(source.text.as_bytes()).to_hex()[..8].to_owned(),
    })
}

/// A folded text of YAML: Chinese has no space where a line ended.
pub(super) fn unfolded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.trim().chars().peekable();
    let wide = |c: Option<char>| c.is_some_and(|c| !c.is_ascii());
    let mut last = None;
    while let Some(c) = rest.next() {
        if !(c == ' ' && wide(last) && wide(rest.peek().copied())) {
            out.push(c);
        }
        last = Some(c);
    }
    out
}

/// What `pipeline.yaml` says about publishing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PublishSettings {
    /// In public, counts from 1 to below this are hidden.
    pub suppress_below: u32,
    /// In public, other counts are rounded to a multiple of this.
    pub round_to: u32,
    /// Counties with a smaller denominator are not ranked.
    pub rank_from: u32,
    /// Words that a bulletin may name in braces: office, place, number …
    pub words: BTreeMap<String, String>,
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self { suppress_below: 8, round_to: 5, rank_from: 30, words: BTreeMap::new() }
    }
}

/// The worked example of an indicator: rows of tables and views, and the rows that must come out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorTest {
    pub asof: Option<String>,
    /// Rows of tables, or of views, which are then not built.
    pub given: BTreeMap<String, Vec<TestRow>>,
    pub expect: Vec<ExpectedRow>,
}

/// One row that must come out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRow {
    pub county: String,
    #[serde(default)]
    pub part: String,
    pub numerator: serde_json::Number,
    pub denominator: Option<serde_json::Number>,
    pub persons: Option<serde_json::Number>,
}

/// Reads `indicators/<ID>.test.yaml`.
///
/// # Errors
/// A fault when it is not a worked example.
pub fn indicator_test(source: &Source) -> Result<IndicatorTest, Fault> {
    yaml::read(source, &source.text, 0)
}

/// Adds every fault of what indicators name.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    for indicator in pipeline.indicators.values() {
        let source = pipeline.source("indicators", &indicator.id);
        let mut unknown = |key: &str, value: &str, what: &str, known: Vec<&str>| {
            let span = source.find_value(key, value);
            let fault = Fault::at(source, span, format!("there is no {what} `{value}`"));
            faults.push(fault.did_you_mean(value, known));
        };
        for need in indicator.needs.iter().filter(|n| !pipeline.has("tables", n)) {
            let known = pipeline.tables.keys().map(String::as_str).collect();
            unknown("needs:", need, "table", known);
        }
        for rule in indicator.causes.iter().filter(|r| !pipeline.has("rules", r)) {
            let known = pipeline.rules.keys().map(String::as_str).collect();
            unknown("causes:", rule, "rule", known);
        }
        if indicator.rank && indicator.better == Better::None {
            let text = "it is ranked, but nobody says which way is good";
            let span = source.find("rank");
            faults.push(Fault::at(source, span, text).hint("write `better: up` or `better: down`"));
        }
        let codes: BTreeSet<&str> = indicator.parts.iter().map(|(c, _)| c.as_str()).collect();
        if codes.len() < indicator.parts.len() || codes.contains("") {
            let text = "the parts need codes, each of them once";
            faults.push(Fault::at(source, source.find("parts"), text));
        }
    }
    orphans(pipeline, faults);
}

/// Worked examples that are none, or that belong to no indicator.
fn orphans(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    for (key, source) in &pipeline.sources {
        let stem = key.strip_prefix("indicators/").and_then(|k| k.strip_suffix(".test"));
        let Some(id) = stem else { continue };
        if !pipeline.has("indicators", id) {
            let known = pipeline.indicators.keys().map(String::as_str);
            let text = format!("a worked example without its indicator `{id}`");
            faults.push(Fault::of(&source.path, text).did_you_mean(id, known));
            continue;
        }
        match indicator_test(source) {
            Ok(test) => {
                example::asof(source, test.asof.as_deref(), faults);
                nowhere(pipeline, source, &test, faults);
            }
            Err(fault) => faults.push(fault),
        }
    }
}

/// Counties of an example that are none, of a city that is there or in the pipeline's own file. Nobody
/// would try it: examples about counties of other provinces are left out.
fn nowhere(pipeline: &Pipeline, source: &Source, test: &IndicatorTest, faults: &mut Vec<Fault>) {
    let Some(places) = lists::places(pipeline) else { return };
    let root = pipeline.settings.division_root.as_str();
    let own = !root.is_empty() && source.path.starts_with(&pipeline.dir);
    let expected = source.find("expect:").start;
    let counties: BTreeSet<&str> = test.expect.iter().map(|row| row.county.as_str()).collect();
    for county in counties.into_iter().filter(|county| !places.contains(*county)) {
        let city = county.get(..4).is_some_and(|city| places.contains(city));
        if city || (own && county.starts_with(root)) {
            let span = source.find_word(expected, county).unwrap_or(expected..expected + 1);
            let text = format!("no list of divisions has the county `{county}`");
            let hint = "write the 6 digits of a county that is there";
            faults.push(Fault::at(source, span, text).hint(hint));
        }
    }
}
