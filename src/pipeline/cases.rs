//! What `pipeline.yaml` says about cases.

use serde::Deserialize;

use super::spec::{Severity, Title};

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
