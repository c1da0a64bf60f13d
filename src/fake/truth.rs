//! Holds a night's anomalies against what was planted: found, missed and found without cause.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;

use crate::anomaly::{Anomaly, State};
use crate::citizen_id;
use crate::codes;
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::privacy::{PersonKeys, key_text};

/// One rule against the truth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    pub planted: BTreeSet<String>,
    pub found: BTreeSet<String>,
    /// Planted, and covered by a waiver that the night did not see, or the other way round.
    pub waiver_differs: BTreeSet<String>,
}

impl Score {
    /// Planted and found.
    pub fn right(&self) -> usize {
        self.planted.intersection(&self.found).count()
    }

    /// Share of what was found that was planted; 1 when nothing was found.
    pub fn precision(&self) -> f64 {
        if self.found.is_empty() { 1.0 } else { self.right() as f64 / self.found.len() as f64 }
    }

    /// Share of what was planted that was found; 1 when nothing was planted.
    pub fn recall(&self) -> f64 {
        if self.planted.is_empty() { 1.0 } else { self.right() as f64 / self.planted.len() as f64 }
    }

    /// Found = planted and nothing else.
    pub fn exact(&self) -> bool {
        self.planted == self.found && self.waiver_differs.is_empty()
    }
}

/// Scores of all rules that planted or found anything. The truth knows the world, not what people did about cases or
/// when files came: rules that need a table of bidui's own are left out.
///
/// # Errors
/// The truth cannot be read.
pub fn score(
    truth: &Path,
    pipeline: &Pipeline,
    keys: &PersonKeys,
    night: NaiveDate,
    anomalies: &[Anomaly],
) -> Result<BTreeMap<String, Score>> {
    let path = truth.join("plants.csv");
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Error::io("read", &path, &e).hint("make extracts with `bidui fake` first"))?;
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut waived: BTreeMap<(String, String), bool> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields = codes::split(line);
        let [rule, _, _, id, subject, since, cleared, exempt] = fields.as_slice() else {
            return Err(Error::usage(format!("{} is no list of plants", path.display())));
        };
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let begun = day(since).is_some_and(|d| d <= night);
        if !begun || day(cleared).is_some_and(|d| d <= night) {
            continue;
        }
        let subject = if id.is_empty() {
            subject.clone()
        } else {
            let parsed = citizen_id::parse(id, &[]).id;
            let good = parsed.ok_or_else(|| Error::usage("a planted ID is no ID"))?;
            key_text(keys.key(&good))
        };
        waived.insert((rule.clone(), subject.clone()), exempt == "true");
        scores.entry(rule.clone()).or_default().planted.insert(subject);
    }
    let tonight = |s: State| matches!(s, State::New | State::Persisting | State::Relapsed);
    let of_extracts = |rule: &str| {
        let needs = pipeline.rules.get(rule).map_or(&[][..], |r| &r.needs);
        needs.iter().all(|t| pipeline.tables.get(t).is_none_or(|t| t.source.is_none()))
    };
    for row in anomalies.iter().filter(|a| tonight(a.state) && of_extracts(&a.rule)) {
        let score = scores.entry(row.rule.clone()).or_default();
        score.found.insert(row.subject.clone());
        let exempt = waived.get(&(row.rule.clone(), row.subject.clone()));
        if exempt.is_some_and(|e| *e != row.waived.is_some()) {
            score.waiver_differs.insert(row.subject.clone());
        }
    }
    Ok(scores)
}
