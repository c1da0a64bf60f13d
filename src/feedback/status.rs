//! How the packs of a month stand, county by county, from the ledger alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::calendar::month_word;
use crate::error::Result;
use crate::ledger::act::{Act, Event};
use crate::ledger::case::{Case, Cases};
use crate::ledger::state::{State, Verb};

/// One pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackLine {
    pub pack: String,
    pub county: String,
    pub issued: Option<NaiveDate>,
    /// Rows of its workbook.
    pub rows: u64,
    /// The day on which the county signed for it, or for a case that it issued.
    pub signed: Option<NaiveDate>,
    /// Files that the county returned.
    pub returns: u64,
    /// Cases of it that its county has answered since, and that were sent back to it since.
    pub answered: u64,
    pub sent_back: u64,
    /// Where its cases stand now. What another county has now is handed over, wherever it stands.
    pub closed: u64,
    pub vanished: u64,
    pub waived: u64,
    pub handed_over: u64,
    pub open: u64,
    pub overdue: u64,
    /// The severest letter that an open case of it has come to: 0 for none.
    pub letter: usize,
}

/// The cases of a pack and what happened to them since.
#[derive(Default)]
struct Watch {
    line: PackLine,
    cases: BTreeSet<String>,
    answered: BTreeSet<String>,
    sent_back: BTreeSet<String>,
}

/// The packs of a month on a day, in the order of their numbers.
///
/// # Errors
/// An act that is not allowed: the ledger is damaged.
pub fn status(events: &[Event], month: NaiveDate, day: NaiveDate) -> Result<Vec<PackLine>> {
    let word = month_word(month);
    let mut cases = Cases::default();
    let mut watches: BTreeMap<String, Watch> = BTreeMap::new();
    for event in events {
        let (draft, about) = (&event.draft, &event.draft.about);
        cases.apply(draft)?;
        match &draft.act {
            Act::PackIssue { month, division, rows, .. } if *month == word => {
                let watch = watches.entry(about.clone()).or_default();
                watch.cases = listed(&cases, about, division, *rows);
                watch.line = PackLine {
                    pack: about.clone(),
                    county: division.clone(),
                    issued: Some(draft.day),
                    rows: *rows,
                    ..PackLine::default()
                };
            }
            Act::PackReceive { .. } => {
                if let Some(watch) = watches.get_mut(about) {
                    watch.line.signed = watch.line.signed.or(Some(draft.day));
                }
            }
            Act::PackReturn { .. } => {
                if let Some(watch) = watches.get_mut(about) {
                    watch.line.returns += 1;
                }
            }
            Act::Receive => {
                let case = cases.by_number.get(about);
                if let Some(watch) = case.and_then(|c| watches.get_mut(&c.pack)) {
                    watch.line.signed = watch.line.signed.or(Some(draft.day));
                }
            }
            act => note(&mut watches, cases.by_number.get(about), act.verb()),
        }
    }
    let lines = watches.into_values().map(|w| w.sum_up(&cases, day));
    Ok(lines.collect())
}

/// The cases in a workbook: all that the county had open; of a supplement after
/// another pack of the month, those that it issued.
fn listed(cases: &Cases, pack: &str, county: &str, rows: u64) -> BTreeSet<String> {
    let own = |all: bool| -> BTreeSet<String> {
        let open = cases.by_number.values().filter(|c| c.county == county && c.state.is_open());
        open.filter(|c| all || c.pack == pack).map(|c| c.number.clone()).collect()
    };
    let all = own(true);
    if all.len() as u64 == rows { all } else { own(false) }
}

/// Notes an answer, or that one was sent back, for the packs of the county that has the case.
fn note(watches: &mut BTreeMap<String, Watch>, case: Option<&Case>, verb: Option<Verb>) {
    let Some(case) = case.filter(|_| matches!(verb, Some(Verb::Answer | Verb::SendBack))) else {
        return;
    };
    let (number, county) = (&case.number, &case.county);
    let own = |w: &&mut Watch| w.line.county == *county && w.cases.contains(number);
    for watch in watches.values_mut().filter(own) {
        let into =
            if verb == Some(Verb::Answer) { &mut watch.answered } else { &mut watch.sent_back };
        into.insert(number.clone());
    }
}

impl Watch {
    fn sum_up(self, cases: &Cases, day: NaiveDate) -> PackLine {
        let mut line = self.line;
        line.answered = self.answered.len() as u64;
        line.sent_back = self.sent_back.len() as u64;
        for case in self.cases.iter().filter_map(|n| cases.by_number.get(n)) {
            if case.county != line.county {
                line.handed_over += 1;
                continue;
            }
            match case.state {
                State::Closed => line.closed += 1,
                State::Vanished => line.vanished += 1,
                State::Waived => line.waived += 1,
                _ => line.open += 1,
            }
            if case.overdue(day) {
                line.overdue += 1;
                line.letter = line.letter.max(case.step);
            }
        }
        line
    }
}
