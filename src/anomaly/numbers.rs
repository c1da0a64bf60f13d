//! The number that each finding's anomaly has: its own, or that of an anomaly about somebody who turned
//! out to be the same person.

use std::collections::{BTreeMap, BTreeSet};

use super::{Anomaly, Memory, State, identity, number};
use crate::lake::rows::PERSON_KEY;
use crate::pipeline::Pipeline;
use crate::privacy::PersonKeys;
use crate::rule::Finding;

/// Numbers of all findings, in their order; each is another one.
pub(super) fn numbers(
    pipeline: &Pipeline,
    keys: &PersonKeys,
    findings: &[Finding],
    memory: &Memory,
) -> Vec<String> {
    let own: Vec<String> = findings.iter().map(|f| identity(keys, f)).collect();
    let of_person = |view: &str| pipeline.views.get(view).is_some_and(|v| v.subject == PERSON_KEY);
    let carried = |row: &Anomaly| row.anomaly != number(keys, &row.rule, &row.subject, &row.anchor);
    // What is remembered under a number that is not its subject's own, or no longer.
    let mut kept: BTreeMap<(&str, String, &str), Vec<&Anomaly>> = BTreeMap::new();
    for row in memory.known.values().filter(|row| of_person(&row.subject_kind)) {
        let now = memory.forward.now(&row.subject);
        let open = row.state != State::Cleared;
        // What was over before its subject was merged stays over: nobody asks for it again.
        if (open || now == row.subject) && (now != row.subject || carried(row)) {
            kept.entry((&row.rule, now.into_owned(), &row.anchor)).or_default().push(row);
        }
    }
    if kept.is_empty() {
        return own;
    }
    // A number belongs to the finding that it is made from before all others.
    let taken: BTreeSet<&String> = own.iter().collect();
    let choose = |(finding, own): (&Finding, &String)| {
        let known = memory.known.get(own).map(|row| row.state);
        if known.is_some_and(|state| state != State::Cleared) {
            return own.clone();
        }
        // What is remembered has no ID number in it.
        let anchor = keys.hide(&finding.anchor);
        let key = (finding.rule.as_str(), finding.subject.clone(), anchor.as_str());
        let free = kept.get(&key).into_iter().flatten().filter(|row| !taken.contains(&row.anomaly));
        // The open one first, then the oldest.
        let order =
            |row: &&&Anomaly| (row.state == State::Cleared, row.first_seen, row.anomaly.clone());
        match free.min_by_key(order) {
            Some(row) if row.state != State::Cleared || known.is_none() => row.anomaly.clone(),
            _ => own.clone(),
        }
    };
    findings.iter().zip(&own).map(choose).collect()
}
