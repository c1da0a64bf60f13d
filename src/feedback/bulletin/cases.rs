//! What the ledger says about the cases of a period: their flow, and the acts of the period.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::error::Result;
use crate::indicator::area::city;
use crate::ledger::act::{Act, Draft};
use crate::ledger::case::Cases;
use crate::ledger::flow::{Flow, flows};

/// What was done with cases in a period. A case counts once, however often it went round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acts {
    pub issued: u64,
    pub answered: u64,
    pub sent_back: u64,
    pub relapsed: u64,
    /// Letters that fell due, each of them.
    pub letters: u64,
    /// Open cases past their term on the last day.
    pub overdue: u64,
}

/// Numbers of a county's cases by what was done with them, and counts.
#[derive(Debug, Default)]
pub struct Done {
    issued: BTreeSet<String>,
    answered: BTreeSet<String>,
    sent_back: BTreeSet<String>,
    relapsed: BTreeSet<String>,
    letters: u64,
    overdue: u64,
}

/// Cases of a period by county.
pub struct CaseFacts {
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub flows: BTreeMap<String, Flow>,
    pub acts: BTreeMap<String, Done>,
    /// County and days of each case that is overdue on the last day.
    late: Vec<(String, i64)>,
    /// Rule and last cause of each case for which a county gave one in the period, by its number.
    causes: BTreeMap<String, (String, String)>,
}

impl CaseFacts {
    /// From all acts of the ledger, in their order.
    ///
    /// # Errors
    /// The ledger is damaged.
    pub fn of(drafts: &[Draft], first: NaiveDate, last: NaiveDate) -> Result<Self> {
        let flows = flows(drafts, first, last)?;
        let mut cases = Cases::default();
        let mut acts: BTreeMap<String, Done> = BTreeMap::new();
        let mut causes: BTreeMap<String, (String, String)> = BTreeMap::new();
        for draft in drafts.iter().filter(|d| d.day <= last) {
            cases.apply(draft)?;
            let Some(case) = cases.by_number.get(&draft.about).filter(|_| draft.day >= first)
            else {
                continue;
            };
            let own = acts.entry(case.county.clone()).or_default();
            let number = case.number.clone();
            match &draft.act {
                Act::Issue { .. } => _ = own.issued.insert(number),
                Act::Answer(answer) => {
                    own.answered.insert(number.clone());
                    if answer.cause.is_empty() {
                        causes.remove(&number);
                    } else {
                        causes.insert(number, (case.rule.clone(), answer.cause.clone()));
                    }
                }
                Act::SendBack { .. } => _ = own.sent_back.insert(number),
                Act::Reopen { relapse: true, .. } => _ = own.relapsed.insert(number),
                Act::Escalate { .. } => own.letters += 1,
                _ => {}
            }
        }
        let mut late = Vec::new();
        for case in cases.by_number.values().filter(|c| c.overdue(last)) {
            acts.entry(case.county.clone()).or_default().overdue += 1;
            let days = case.due.map_or(0, |due| (last - due).num_days());
            late.push((case.county.clone(), days));
        }
        Ok(Self { first, last, flows, acts, late, causes })
    }

    /// Flow and acts of some counties.
    pub fn sum(&self, mut which: impl FnMut(&str) -> bool) -> (Flow, Acts) {
        let mut flow = Flow::default();
        for (_, own) in self.flows.iter().filter(|(county, _)| which(county)) {
            flow = flow.plus(own);
        }
        let own: Vec<&Done> =
            self.acts.iter().filter(|(county, _)| which(county)).map(|(_, done)| done).collect();
        // Two counties may have had the same case.
        let cases = |of: fn(&Done) -> &BTreeSet<String>| {
            own.iter().flat_map(|done| of(done)).collect::<BTreeSet<_>>().len() as u64
        };
        let acts = Acts {
            issued: cases(|done| &done.issued),
            answered: cases(|done| &done.answered),
            sent_back: cases(|done| &done.sent_back),
            relapsed: cases(|done| &done.relapsed),
            letters: own.iter().map(|done| done.letters).sum(),
            overdue: own.iter().map(|done| done.overdue).sum(),
        };
        (flow, acts)
    }

    /// Flow and acts of a city.
    pub fn of_city(&self, of: &str) -> (Flow, Acts) {
        self.sum(|county| city(county) == Some(of))
    }

    /// Overdue cases of some counties by the days that they are late: up to each bound, and beyond the
    /// last.
    pub fn ages(&self, bounds: &[u32], mut which: impl FnMut(&str) -> bool) -> Vec<u64> {
        let mut counts = vec![0; bounds.len() + 1];
        for (_, days) in self.late.iter().filter(|(county, _)| which(county)) {
            counts[bounds.partition_point(|bound| i64::from(*bound) < *days)] += 1;
        }
        counts
    }

    /// Causes that counties gave for cases of some rules, in the order of their words.
    pub fn causes(&self, rules: &[String]) -> Vec<(String, u64)> {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, cause) in self.causes.values().filter(|(rule, _)| rules.contains(rule)) {
            *sums.entry(cause).or_default() += 1;
        }
        sums.into_iter().map(|(cause, n)| (cause.to_owned(), n)).collect()
    }
}
