//! What `packs/<id>.yaml` says: which sheets a county gets, what stands in them, what it fills in.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::groups::fits;
use super::spec::Title;
use super::{Pipeline, forms, yaml};
use crate::diagnostic::{Fault, Source};

/// Things that a pack can show about a case.
pub const SHOWN: [&str; 21] = [
    "serial", "number", "county", "town", "village", "kind", "subject", "who", "rule", "title",
    "message", "evidence", "severity", "mark", "state", "opened", "issued", "due", "overdue",
    "letter", "last",
];

/// Things that a county can fill in.
pub const FILLED: [&str; 11] = [
    "checked_on",
    "way",
    "result",
    "cause",
    "measure",
    "done_on",
    "evidence_no",
    "unit",
    "person",
    "phone",
    "note",
];

/// What an answer can come to: the codes of the list in `results`.
pub const OUTCOMES: [&str; 5] = ["fixed", "fixing", "not_true", "waiver", "elsewhere"];

/// Name of the first page of a county's workbook.
pub const COVER: &str = "封面";
/// Name of the hidden page by which a county's workbook is recognised.
pub const SYSTEM: &str = "_bidui";

/// Longest text of a drop-down, its commas included.
const DROP_DOWN: usize = 255;

/// Whom a pack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A workbook to fill in for each county.
    County,
    /// A workbook to read for each city.
    City,
}

/// One sheet: a group of rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    pub sheet: String,
    pub en: String,
    /// Ids of rules, or beginnings of them with `*`. The first theme that fits a rule takes it.
    pub rules: Vec<String>,
    /// Takes the cases of sensitive rules, so that no sheet says what they are about. Where no
    /// theme says so the last one does.
    #[serde(default)]
    pub sensitive: bool,
}

/// Columns of a view that say who looks after its subject.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoctorColumns {
    /// Number of the team or doctor.
    pub id: String,
    /// Name of the team.
    pub title: Option<String>,
    /// Name of the doctor; lists show it masked.
    pub name: Option<String>,
}

impl DoctorColumns {
    /// The columns that there are.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        [Some(&self.id), self.title.as_ref(), self.name.as_ref()].into_iter().flatten()
    }
}

/// What the lists for village doctors are made by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Visits {
    /// By view: who looks after a subject.
    pub doctor: BTreeMap<String, DoctorColumns>,
    /// Rules, or beginnings of them with `*`, whose cases an office settles without a visit.
    pub office: Vec<String>,
}

impl Visits {
    /// Is a rule's case an office's matter, for which nobody goes to a house?
    pub fn is_office(&self, rule: &str) -> bool {
        self.office.iter().any(|pattern| fits(pattern, rule))
    }
}

/// A column that bidui fills and locks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// One of [`SHOWN`].
    pub id: String,
    pub zh: String,
    pub width: f64,
    /// A note on the heading.
    #[serde(default)]
    pub about: String,
}

/// What can stand in a cell that a county fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FillKind {
    Text,
    Date,
    List,
}

/// A column that a county fills in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// One of [`FILLED`].
    pub id: String,
    pub zh: String,
    pub kind: FillKind,
    /// Code list of a drop-down; its labels are shown.
    pub list: Option<String>,
    pub width: f64,
    #[serde(default)]
    pub about: String,
    /// Results with which the cell must be filled; `any` for every result.
    #[serde(default)]
    pub required_if: Vec<String>,
}

impl Fill {
    /// Must the cell be filled with this result?
    pub fn required(&self, result: &str) -> bool {
        self.required_if.iter().any(|r| r == result || r == "any")
    }
}

/// A traffic light shows red, or yellow, from these shares on.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Light {
    /// Percent of the cases that are overdue.
    pub overdue: u64,
    /// Percent of the cases that are of the worst severity.
    pub severe: u64,
}

/// From which shares on the lights change.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lights {
    pub red: Light,
    pub yellow: Light,
}

/// `packs/<id>.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    #[serde(skip)]
    pub id: String,
    /// First 8 digits of the BLAKE3 of the file.
    #[serde(skip)]
    pub version: String,
    pub title: Title,
    pub level: Level,
    /// Sheets of a county's workbook; a city's summary uses the same.
    #[serde(default)]
    pub themes: Vec<Theme>,
    pub columns: Vec<Shown>,
    #[serde(default)]
    pub fill: Vec<Fill>,
    /// Headings of the columns that the province fills in after the return.
    #[serde(default)]
    pub review: Vec<String>,
    pub instructions: Vec<String>,
    #[serde(default)]
    pub deadline: String,
    /// Code list of the results: `code` is one of [`OUTCOMES`], `label` what a county chooses.
    #[serde(default)]
    pub results: String,
    pub lights: Lights,
    /// Counties with fewer cases are not ranked.
    #[serde(default)]
    pub rank_min: u64,
    /// Chinese words for evidence that is no column of a table.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Texts of the letters, the mildest first; the last one stands for all further ones.
    #[serde(default)]
    pub letters: Vec<String>,
    /// The lists of visits that are made between the packs.
    #[serde(default)]
    pub visits: Visits,
}

impl Pack {
    /// Number of the theme that takes a rule.
    pub fn theme_of(&self, rule: &str) -> Option<usize> {
        self.themes.iter().position(|t| t.rules.iter().any(|p| fits(p, rule)))
    }

    /// Number of the theme that takes the cases of sensitive rules.
    pub fn sensitive_theme(&self) -> usize {
        let last = self.themes.len().saturating_sub(1);
        self.themes.iter().position(|t| t.sensitive).unwrap_or(last)
    }
}

impl Pipeline {
    /// The pack of a level.
    pub fn pack(&self, level: Level) -> Option<&Pack> {
        self.packs.values().find(|p| p.level == level)
    }

    /// Codes and labels of a list, in its order.
    pub fn labels(&self, list: &str) -> Vec<(&str, &str)> {
        let Some(list) = self.codes.get(list) else { return Vec::new() };
        let (Some(code), Some(label)) = (list.position("code"), list.position("label")) else {
            return Vec::new();
        };
        list.rows.iter().map(|r| (r[code].as_str(), r[label].as_str())).collect()
    }
}

/// Reads `packs/<stem>.yaml`.
///
/// # Errors
/// A fault at the place that the parser or the shape complains of.
pub(super) fn pack(stem: &str, source: &Source) -> Result<Pack, Fault> {
    let mut pack: Pack = yaml::read(source, &source.text, 0)?;
    pack.id = stem.into();
    pack.version = blake3::hash(source.text.as_bytes()).to_hex()[..8].to_owned();
    Ok(pack)
}

/// Adds every fault of the packs.
pub(super) fn check(pipeline: &Pipeline, faults: &mut Vec<Fault>) {
    let mut levels: Vec<Level> = Vec::new();
    for pack in pipeline.packs.values() {
        let source = pipeline.source("packs", &pack.id);
        let mut wrong = |key: &str, value: &str, message: String, hint: &str| {
            let span = source.find_value(key, value);
            faults.push(Fault::at(source, span, message).hint(hint));
        };
        if levels.contains(&pack.level) {
            let text = "another pack is for the same level".to_owned();
            wrong("level:", "", text, "one pack for counties, one for cities");
        }
        levels.push(pack.level);
        check_columns(pack, &mut wrong);
        forms::check(pipeline, pack, &mut wrong);
        if pack.level == Level::County {
            check_themes(pipeline, pack, &mut wrong);
            check_fill(pipeline, pack, &mut wrong);
            check_visits(pipeline, pack, &mut wrong);
        }
    }
}

/// Told the key, the value, what is wrong and what to do.
pub(super) type Wrong<'a> = dyn FnMut(&str, &str, String, &str) + 'a;

fn check_themes(pipeline: &Pipeline, pack: &Pack, wrong: &mut Wrong<'_>) {
    // To a spreadsheet `A` and `a` are one name.
    let mut taken = vec![COVER.to_lowercase(), SYSTEM.to_lowercase()];
    for theme in &pack.themes {
        let name = &theme.sheet;
        let small = name.to_lowercase();
        if taken.contains(&small) {
            let text = format!("a second sheet would be called `{name}`");
            let hint = format!("each theme has a sheet of its own; {COVER} and {SYSTEM} are taken");
            wrong("sheet:", name, text, &hint);
        }
        taken.push(small);
        let long = name.encode_utf16().count() > 31;
        if long || name.is_empty() || name.contains(['[', ']', ':', '*', '?', '/', '\\', '\'']) {
            let text = format!("`{name}` cannot be the name of a sheet");
            wrong("sheet:", name, text, "at most 31 characters, none of []:*?/\\'");
        }
        for pattern in &theme.rules {
            if !pattern.ends_with('*') && !pipeline.has("rules", pattern) {
                let text = format!("there is no rule `{pattern}`");
                wrong("rules:", pattern, text, "name a rule, or the beginning of some with *");
            }
        }
    }
    for rule in pipeline.rules.keys().filter(|r| pack.theme_of(r).is_none()) {
        let text = format!("rule `{rule}` has no sheet");
        wrong("themes:", "", text, "add it to the rules of a theme, or end with a theme for `*`");
    }
}

fn check_visits(pipeline: &Pipeline, pack: &Pack, wrong: &mut Wrong<'_>) {
    for view in pack.visits.doctor.keys().filter(|v| !pipeline.has("views", v)) {
        let text = format!("there is no view `{view}`");
        wrong("doctor:", view, text, "name a view whose rows have a doctor");
    }
    for pattern in &pack.visits.office {
        if !pattern.ends_with('*') && !pipeline.has("rules", pattern) {
            let text = format!("there is no rule `{pattern}`");
            wrong("office:", pattern, text, "name a rule, or the beginning of some with *");
        }
    }
}

fn check_columns(pack: &Pack, wrong: &mut Wrong<'_>) {
    let known = |id: &str| SHOWN.contains(&id);
    for column in pack.columns.iter().filter(|c| !known(&c.id)) {
        let text = format!("there is no column `{}`", column.id);
        wrong("id:", &column.id, text, &format!("columns are {}", SHOWN.join(", ")));
    }
    if !pack.columns.iter().any(|c| c.id == "number") {
        let text = "the column `number` is missing".to_owned();
        wrong("columns:", "", text, "a returned form is recognised by its case numbers");
    }
    let mut headings: Vec<&str> = pack.columns.iter().map(|c| c.zh.as_str()).collect();
    headings.extend(pack.fill.iter().map(|c| c.zh.as_str()));
    headings.extend(pack.review.iter().map(String::as_str));
    for (at, heading) in headings.iter().enumerate() {
        if headings[..at].contains(heading) {
            let text = format!("the heading `{heading}` stands twice");
            wrong("zh:", heading, text, "a returned form is read by its headings");
        }
    }
}

fn check_fill(pipeline: &Pipeline, pack: &Pack, wrong: &mut Wrong<'_>) {
    let results = pipeline.labels(&pack.results);
    if results.is_empty() {
        let text = format!("`results` names no code list with rows: `{}`", pack.results);
        wrong("results:", &pack.results, text, "a list with `code` and `label`");
    }
    if let Some((code, _)) = results.iter().find(|(code, _)| !OUTCOMES.contains(code)) {
        let text = format!("`{code}` in the list `{}` is no outcome", pack.results);
        wrong("results:", &pack.results, text, &format!("codes are {}", OUTCOMES.join(", ")));
    }
    if !pack.fill.iter().any(|f| f.id == "result") {
        let text = "a county cannot fill in `result`".to_owned();
        wrong("fill:", "", text, "without it a returned form says nothing");
    }
    for fill in &pack.fill {
        if !FILLED.contains(&fill.id.as_str()) {
            let text = format!("nobody can fill in `{}`", fill.id);
            wrong("id:", &fill.id, text, &format!("columns are {}", FILLED.join(", ")));
        }
        for result in &fill.required_if {
            if result != "any" && !OUTCOMES.contains(&result.as_str()) {
                let text = format!("`{result}` is no outcome");
                let hint = format!("outcomes are {}, or any", OUTCOMES.join(", "));
                wrong("required_if:", result, text, &hint);
            }
        }
        let list = fill.list.as_deref().unwrap_or_default();
        let labels = pipeline.labels(list);
        if fill.kind != FillKind::List {
            continue;
        }
        let letters: usize = labels.iter().map(|(_, l)| l.encode_utf16().count() + 1).sum();
        if labels.is_empty() {
            let text = format!("the drop-down `{}` has no code list `{list}`", fill.id);
            wrong("list:", list, text, "a list with `code` and `label`");
        } else if letters > DROP_DOWN || labels.iter().any(|(_, l)| l.contains(',')) {
            let text = format!("the labels of `{list}` do not fit into a drop-down");
            wrong("list:", list, text, "255 characters together, without commas");
        }
    }
}
