//! What `pipeline.yaml` says about cases.

use serde::Deserialize;

use super::Pipeline;
use super::spec::{Severity, Title};
use crate::calendar::Workdays;
use crate::codes::CodeList;

/// How anomalies become cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaseSettings {
    /// Beginning of every case number.
    pub prefix: String,
    /// Stands in case numbers where else the rule's id stands, for rules that are `sensitive`.
    pub sensitive: String,
    /// Severities that open a case.
    pub opens: Vec<Severity>,
    /// Code list of holidays and make-up days: `day`, `works` (1 or 0).
    pub workdays: String,
    /// Code list of the offices that rules route to: `code`, `label`.
    pub offices: String,
    /// Term of a case whose answer did not hold.
    pub redo: String,
    /// Names of the letters, the mildest first.
    pub letters: Vec<Title>,
    pub ledger: LedgerPlace,
}

/// Where the ledger is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerPlace {
    /// Environment variable that may hold a `postgres://…` or `sqlite://…` address.
    pub env: Option<String>,
    /// Else a file of SQLite in the lake.
    pub file: String,
}

impl Default for CaseSettings {
    fn default() -> Self {
        Self {
            prefix: "BD".into(),
            sensitive: "MG".into(),
            opens: Severity::ALL.to_vec(),
            workdays: "workday".into(),
            offices: "office".into(),
            redo: "5wd".into(),
            letters: Vec::new(),
            ledger: LedgerPlace::default(),
        }
    }
}

impl Default for LedgerPlace {
    fn default() -> Self {
        Self { env: Some("BIDUI_LEDGER".into()), file: "ledger.sqlite".into() }
    }
}

impl Pipeline {
    /// The working days of the code list that `cases.workdays` names; without it Monday to Friday.
    pub fn workdays(&self) -> Workdays {
        let list = self.codes.get(&self.settings.cases.workdays);
        list.map(workdays).unwrap_or_default()
    }

    /// What an office is called in the code list that `cases.offices` names, else its code.
    pub fn office<'a>(&'a self, code: &'a str) -> &'a str {
        self.offices().find(|(own, _)| *own == code).map_or(code, |(_, title)| title)
    }

    /// The code of the office that is called so; the word itself where none is.
    pub fn office_code<'a>(&'a self, name: &'a str) -> &'a str {
        self.offices().find(|(_, title)| *title == name).map_or(name, |(code, _)| code)
    }

    /// Codes and titles of the offices.
    pub(super) fn offices(&self) -> impl Iterator<Item = (&str, &str)> {
        let list = self.codes.get(&self.settings.cases.offices);
        let columns = list.and_then(|l| Some((l, l.position("code")?, l.position("label")?)));
        columns.into_iter().flat_map(|(list, code, label)| {
            list.rows.iter().map(move |row| (row[code].as_str(), row[label].as_str()))
        })
    }
}

/// The calendar in a code list with the columns `day` (2026-10-01) and `works` (1 or 0).
fn workdays(list: &CodeList) -> Workdays {
    let (Some(day), Some(works)) = (list.position("day"), list.position("works")) else {
        return Workdays::default();
    };
    Workdays::new(list.rows.iter().filter_map(|r| Some((r[day].parse().ok()?, r[works] == "1"))))
}
