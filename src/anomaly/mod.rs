//! Findings become anomalies: an identity that stays the same across nights, a state against last
//! night, and a table that anyone can read.

mod numbers;
pub mod table;
pub mod waiver;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::calendar::Workdays;
use crate::identity::Forward;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::Severity;
use crate::privacy::{PersonKeys, hide_ids, key_text};
use crate::rule::{Finding, county};
use waiver::Waivers;

/// An anomaly against last night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Never seen before.
    New,
    /// Seen last night too.
    Persisting,
    /// Seen before, gone for a while, and back.
    Relapsed,
    /// Seen last night, gone tonight.
    Cleared,
    /// Nothing proves tonight that it is gone: its rule was not run or not asked in its county, or a row
    /// about its subject that came since is in quarantine. What was known last is kept.
    Held,
}

impl State {
    /// All, in the order of interest.
    pub const ALL: [Self; 5] =
        [Self::New, Self::Relapsed, Self::Persisting, Self::Held, Self::Cleared];

    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Persisting => "persisting",
            Self::Relapsed => "relapsed",
            Self::Cleared => "cleared",
            Self::Held => "held",
        }
    }

    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::New => "新增",
            Self::Persisting => "持续",
            Self::Relapsed => "反弹",
            Self::Cleared => "消除",
            Self::Held => "未核",
        }
    }
}

/// One row of the anomaly table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// 16 hexadecimal digits; the same every night for the same rule, subject and anchor, and kept when
    /// the subject turns out to be another person.
    pub anomaly: String,
    pub rule: String,
    /// First 8 digits of the BLAKE3 of the rule's file.
    pub rule_version: String,
    pub title: String,
    pub severity: Severity,
    /// The view that the rule is over.
    pub subject_kind: String,
    pub subject: String,
    pub anchor: String,
    /// 6 digits, or empty when unknown.
    pub county: String,
    pub division: String,
    pub who: Option<String>,
    pub message: String,
    /// Values that the message rests on.
    pub evidence: Vec<(String, Option<String>)>,
    pub route: String,
    #[serde(with = "crate::calendar::iso")]
    pub due: NaiveDate,
    #[serde(with = "crate::calendar::iso")]
    pub first_seen: NaiveDate,
    #[serde(with = "crate::calendar::iso")]
    pub last_seen: NaiveDate,
    pub state: State,
    /// Why it is exempt tonight.
    pub waived: Option<String>,
}

impl Anomaly {
    /// The anomaly as it is kept and told: any text of an extract may have been filled in with an ID
    /// number. What tells anomalies apart and joins them with cases still does.
    #[must_use]
    pub fn without_ids(mut self, keys: &PersonKeys) -> Self {
        let Self { subject, anchor, division, message, evidence, .. } = &mut self;
        [subject, anchor].into_iter().for_each(|text| *text = keys.hide(text));
        let values = evidence.iter_mut().filter_map(|(_, value)| value.as_mut());
        values.chain([division, message]).for_each(|text| *text = hide_ids(text));
        self
    }
}

/// What is remembered of every anomaly that there ever was, and of persons who are no more.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    pub known: BTreeMap<String, Anomaly>,
    pub forward: Forward,
}

/// What a night could look at, and what its findings are held against. Anomalies that it could not
/// look for are held as they were.
pub struct Looked<'a> {
    pub pipeline: &'a Pipeline,
    pub keys: &'a PersonKeys,
    pub night: NaiveDate,
    /// Rules that were run.
    pub ran: &'a BTreeSet<String>,
    /// Numbers of anomalies about whose subject some row could not be read, or whose county is behind.
    pub unread: &'a BTreeSet<String>,
    pub waivers: &'a Waivers,
    pub memory: &'a Memory,
}

/// Turns tonight's findings into anomalies, and says what became of those that are not found. The rows
/// come in the order of county, rule, subject and anchor.
pub fn collect(looked: &Looked<'_>, findings: Vec<Finding>) -> Vec<Anomaly> {
    let mut rows: BTreeMap<String, Anomaly> = BTreeMap::new();
    let numbers = numbers::numbers(looked.pipeline, looked.keys, &findings, looked.memory);
    let workdays = looked.pipeline.workdays();
    for (finding, id) in findings.into_iter().zip(numbers) {
        rows.insert(id.clone(), looked.anomaly(id, finding, &workdays));
    }
    for (id, before) in &looked.memory.known {
        if rows.contains_key(id) || before.state == State::Cleared {
            continue;
        }
        rows.insert(id.clone(), Anomaly { state: looked.without(before), ..before.clone() });
    }
    let mut rows: Vec<Anomaly> = rows.into_values().collect();
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    rows
}

impl Looked<'_> {
    /// What becomes of an anomaly that is not found.
    fn without(&self, before: &Anomaly) -> State {
        let looked = self.ran.contains(&before.rule) && !self.unread.contains(&before.anomaly);
        if looked { State::Cleared } else { State::Held }
    }

    /// The anomaly of a finding, under its number.
    fn anomaly(&self, id: String, finding: Finding, workdays: &Workdays) -> Anomaly {
        let rule = &self.pipeline.rules[&finding.rule];
        let before = self.memory.known.get(&id);
        let term = || workdays.after(&rule.route.due, self.night);
        let (state, due) = match before {
            None => (State::New, term()),
            // A relapse starts a new clock; the history keeps the old one.
            Some(b) if b.state == State::Cleared => (State::Relapsed, term()),
            // A second run of the same night says the same as the first.
            Some(b) => (State::Persisting, b.due),
        };
        let first_seen = before.map_or(self.night, |b| b.first_seen);
        let reason = |subject: &str| self.waivers.reason(rule, subject).map(str::to_owned);
        let waived = reason(&finding.subject);
        let row = Anomaly {
            anomaly: id,
            rule: rule.id.clone(),
            rule_version: rule.version.clone(),
            title: rule.title.zh.clone(),
            severity: rule.severity,
            subject_kind: rule.over.clone(),
            county: county(&finding.division).to_owned(),
            subject: finding.subject,
            anchor: finding.anchor,
            division: finding.division,
            who: finding.who,
            message: finding.message,
            evidence: finding.evidence,
            route: rule.route.to.clone(),
            due,
            first_seen,
            last_seen: self.night,
            state,
            waived,
        };
        let mut row = row.without_ids(self.keys);
        // A waiver may name the subject as the extracts do, or as the tables of a night do.
        if row.waived.is_none() {
            row.waived = reason(&row.subject);
        }
        row
    }
}

/// The order of the anomaly table.
fn order(row: &Anomaly) -> (&str, &str, &str, &str) {
    (&row.county, &row.rule, &row.subject, &row.anchor)
}

/// The anomaly's lasting number: a keyed hash of rule, subject and anchor.
pub fn identity(keys: &PersonKeys, finding: &Finding) -> String {
    number(keys, &finding.rule, &finding.subject, &finding.anchor)
}

fn number(keys: &PersonKeys, rule: &str, subject: &str, anchor: &str) -> String {
    key_text(keys.derived("anomaly", &[rule, subject, anchor]))
}
