//! What the ledger says about the cases of a period: their flow, and the acts of the period.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::error::Result;
use crate::indicator::area::city;
use crate::ledger::act::{Act, Draft};
use crate::ledger::case::Cases;
use crate::ledger::flow::{Flow, flows};

/// Acts of a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acts {
    pub issued: u64,
    pub answered: u64,
    pub sent_back: u64,
    pub relapsed: u64,
    /// Letters that went out.
    pub letters: u64,
    /// Open cases past their term on the last day.
    pub overdue: u64,
}

impl Acts {
    fn add(&mut self, other: &Self) {
        self.issued += other.issued;
        self.answered += other.answered;
        self.sent_back += other.sent_back;
        self.relapsed += other.relapsed;
        self.letters += other.letters;
        self.overdue += other.overdue;
    }
}

/// Cases of a period by county.
pub struct CaseFacts {
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub flows: BTreeMap<String, Flow>,
    pub acts: BTreeMap<String, Acts>,
    /// Causes that counties gave in the period, by rule, county and cause.
    causes: BTreeMap<(String, String, String), u64>,
}

impl CaseFacts {
    /// From all acts of the ledger, in their order.
    ///
    /// # Errors
    /// The ledger is damaged.
    pub fn of(drafts: &[Draft], first: NaiveDate, last: NaiveDate) -> Result<Self> {
        let flows = flows(drafts, first, last)?;
        let mut cases = Cases::default();
        let mut acts: BTreeMap<String, Acts> = BTreeMap::new();
        let mut causes = BTreeMap::new();
        for draft in drafts.iter().filter(|d| d.day <= last) {
            cases.apply(draft)?;
            let Some(case) = cases.by_number.get(&draft.about).filter(|_| draft.day >= first)
            else {
                continue;
            };
            let own = acts.entry(case.county.clone()).or_default();
            match &draft.act {
                Act::Issue { .. } => own.issued += 1,
                Act::Answer(answer) => {
                    own.answered += 1;
                    if !answer.cause.is_empty() {
                        let key = (case.rule.clone(), case.county.clone(), answer.cause.clone());
                        *causes.entry(key).or_default() += 1;
                    }
                }
                Act::SendBack { .. } => own.sent_back += 1,
                Act::Reopen { relapse: true, .. } => own.relapsed += 1,
                Act::Escalate { .. } => own.letters += 1,
                _ => {}
            }
        }
        for case in cases.by_number.values().filter(|c| c.overdue(last)) {
            acts.entry(case.county.clone()).or_default().overdue += 1;
        }
        Ok(Self { first, last, flows, acts, causes })
    }

    /// Flow and acts of some counties.
    pub fn sum(&self, mut which: impl FnMut(&str) -> bool) -> (Flow, Acts) {
        let (mut flow, mut acts) = (Flow::default(), Acts::default());
        for (_, own) in self.flows.iter().filter(|(county, _)| which(county)) {
            flow = flow.plus(own);
        }
        for (_, own) in self.acts.iter().filter(|(county, _)| which(county)) {
            acts.add(own);
        }
        (flow, acts)
    }

    /// Flow and acts of a city.
    pub fn of_city(&self, of: &str) -> (Flow, Acts) {
        self.sum(|county| city(county) == Some(of))
    }

    /// Causes that counties gave for cases of some rules, the most frequent first.
    pub fn causes(&self, rules: &[String]) -> Vec<(String, u64)> {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for ((_, _, cause), count) in self.causes.iter().filter(|((r, ..), _)| rules.contains(r)) {
            *sums.entry(cause).or_default() += count;
        }
        let mut causes: Vec<(String, u64)> =
            sums.into_iter().map(|(cause, n)| (cause.to_owned(), n)).collect();
        causes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        causes
    }
}
