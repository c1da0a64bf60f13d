//! What a night says of itself: one JSON for schedulers, one page for people. Nothing here depends
//! on the clock, the machine or the number of threads.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::ledger::chain::Head;
use crate::pipeline::groups::RuleGroup;
use crate::pipeline::spec::{Severity, Title};

/// How a feed stands on the night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// The period that is due is here.
    Fresh,
    /// The period that is due is not here; an older one is used.
    Late,
    /// The newest period is too old for rules to run on it.
    Stale,
    /// Nothing was ever accepted.
    Missing,
}

/// A feed and its deliveries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FeedLine {
    pub feed: String,
    pub title: Title,
    pub sender: String,
    pub table: String,
    pub freshness: Freshness,
    /// Parts that are behind.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Last day of the newest period in force, ISO.
    pub newest: Option<String>,
    /// Last day of the period that is due, ISO.
    pub due: String,
    /// Accepted deliveries that are in force.
    pub in_force: usize,
    /// Deliveries that were refused, tonight and before.
    #[serde(default)]
    pub refused: usize,
    /// Rows in all accepted files = used + quarantined + duplicate + superseded.
    pub rows: u64,
    pub used: u64,
    pub quarantined: u64,
    pub duplicate: u64,
    pub superseded: u64,
    /// Quarantined rows by reason.
    pub reject_reasons: BTreeMap<String, u64>,
    /// Repairs beside the raw value and dropped cells, by kind (`id:checksum`, `dropped:phone`).
    pub amendments: BTreeMap<String, u64>,
}

/// A delivery that this night took in, or did not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryLine {
    pub feed: String,
    pub delivery: String,
    pub period: String,
    /// Whose share of the period it is; nothing when it is the whole.
    #[serde(default)]
    pub part: Option<String>,
    /// `accepted`, `refused` or `known` (its content was taken in before).
    pub verdict: String,
    pub files: usize,
    /// Names of its files, of one that was refused; the numbers of persons in them are hidden.
    #[serde(default)]
    pub names: Vec<String>,
    /// `utf-8`, `gb18030`, `xlsx` …, as found.
    pub encodings: Vec<String>,
    pub rows: u64,
    pub used: u64,
    pub quarantined: u64,
    pub duplicate: u64,
    pub notes: Vec<String>,
}

/// A view that was built.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ViewLine {
    pub view: String,
    pub title: Title,
    pub rows: u64,
    /// Why it was built whole; `None` when it was built bucket by bucket.
    pub whole: Option<String>,
    /// How often its rows were passed over to judge all rules.
    pub scans: u64,
}

/// A rule and what it found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RuleLine {
    pub rule: String,
    pub title: Title,
    pub severity: Severity,
    pub view: String,
    pub version: String,
    /// Why it was not run (switched off, a feed that is stale or missing); `None` when it was.
    pub not_run: Option<String>,
    pub applicable: u64,
    pub not_applicable: u64,
    /// Anomalies tonight, waived ones included.
    pub violated: u64,
    pub waived: u64,
    pub new: u64,
    pub persisting: u64,
    pub relapsed: u64,
    pub cleared: u64,
    pub held: u64,
    /// Violated last night, if there was one.
    pub last_night: Option<u64>,
}

/// How the reason of a rule begins that the pipeline has switched off.
pub const SWITCHED_OFF: &str = "switched off: ";

impl RuleLine {
    /// Why the pipeline has switched it off, if it has.
    pub fn off(&self) -> Option<&str> {
        self.not_run.as_deref()?.strip_prefix(SWITCHED_OFF)
    }

    /// Why it should have been run and was not, if it was not.
    pub fn blind(&self) -> Option<&str> {
        self.not_run.as_deref().filter(|_| self.off().is_none())
    }
}

/// What the night did to the cases, and how they stand after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseSummary {
    /// The end of the ledger's chain before the night.
    pub before: Head,
    /// The ledger knows later days: the night shows the cases as they were and records nothing.
    #[serde(default)]
    pub past: bool,
    /// Cases by state.
    pub states: BTreeMap<String, u64>,
    pub open: u64,
    pub overdue: u64,
    /// Moves of the night.
    pub opened: u64,
    pub relapsed: u64,
    pub lapsed: u64,
    pub closed: u64,
    pub vanished: u64,
    pub sent_back: u64,
    /// Waived tonight, and of these the ones that had been open.
    pub waived: u64,
    pub waived_open: u64,
    /// Letters that became due.
    pub letters: u64,
    /// Counties that have open cases, by code.
    pub counties: BTreeMap<String, CountyCases>,
}

/// A county's cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountyCases {
    pub open: u64,
    pub overdue: u64,
}

/// A county and its anomalies.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CountyLine {
    /// 6 digits, or empty when unknown.
    pub county: String,
    pub name: String,
    pub city: String,
    /// Persons living there, of the view of persons that has the most.
    pub persons: u64,
    pub red: u64,
    pub orange: u64,
    pub yellow: u64,
    pub blue: u64,
    pub new: u64,
    pub cleared: u64,
    /// Anomalies by rule.
    pub rules: BTreeMap<String, u64>,
}

/// Per rule and county: the denominators.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CountLine {
    pub rule: String,
    pub county: String,
    pub applicable: u64,
    pub not_applicable: u64,
    pub violated: u64,
    pub waived: u64,
}

/// The whole night.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the night's folder: the date and a hash of all inputs.
    pub night: String,
    #[serde(with = "crate::calendar::iso")]
    pub date: NaiveDate,
    pub pipeline: String,
    pub title: Title,
    /// Hash of every policy file.
    pub version: String,
    /// The night that states are held against.
    pub last_night: Option<String>,
    /// The sample secret was used: not for real data.
    pub demo_secret: bool,
    /// Hash of what the numbers of persons and anomalies hang on: the secret and the province.
    #[serde(default)]
    pub ground: String,
    pub feeds: Vec<FeedLine>,
    pub deliveries: Vec<DeliveryLine>,
    /// Files in the inbox that no feed knows.
    pub unknown_files: Vec<String>,
    /// Titles of the tables of persons.
    #[serde(default)]
    pub tables: BTreeMap<String, Title>,
    /// Titles of the columns of which cells were dropped.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// The last day of the list of working days, when terms that begin tonight end after it.
    #[serde(default, with = "crate::calendar::iso::option")]
    pub workdays_until: Option<NaiveDate>,
    /// Table, then tier (`id`, `variant`, `prefix15`, `roster`, `clash`, `unlinked`), then rows.
    pub identity: BTreeMap<String, BTreeMap<String, u64>>,
    /// Table, then step (the words of `identity::steps`), then rows that no plain ID links.
    #[serde(default)]
    pub identity_steps: BTreeMap<String, BTreeMap<String, u64>>,
    /// Changes of persons since the night before: `merge`, `move`, `split`.
    #[serde(default)]
    pub identity_events: BTreeMap<String, u64>,
    /// People's decisions of links: `in_force`, and passed over, for the row (`no_row`) or the person (`no_person`)
    /// is not there. Empty where nothing was decided.
    #[serde(default)]
    pub identity_decisions: BTreeMap<String, u64>,
    pub views: Vec<ViewLine>,
    pub rules: Vec<RuleLine>,
    /// Groups of rules in the order of the table of counties.
    #[serde(default)]
    pub groups: Vec<RuleGroup>,
    pub counties: Vec<CountyLine>,
    pub waivers: usize,
    /// The end of the ledger's chain after the night.
    #[serde(default)]
    pub ledger: Head,
    #[serde(default)]
    pub cases: CaseSummary,
    /// Anomalies tonight (new, persisting, relapsed), waived ones included.
    pub anomalies: u64,
    pub new: u64,
    pub persisting: u64,
    pub relapsed: u64,
    pub cleared: u64,
    pub held: u64,
    pub waived: u64,
    /// Anomalies by severity.
    pub severities: BTreeMap<String, u64>,
}
