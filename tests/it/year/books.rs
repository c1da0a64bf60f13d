//! The books of a simulated year, kept from the events alone and apart from the code under test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bidui::anomaly::{Anomaly, State as Found};
use bidui::ledger::act::{Act, Answer, Event, Fault, SYSTEM};
use bidui::ledger::case::{Case, Cases};
use bidui::ledger::flow::flows;
use bidui::ledger::state::State;
use bidui::ledger::store::Store;
use chrono::{Datelike, NaiveDate};
use serde_json::Value;

use crate::support::{anomalies, current, list, number, text};

/// What the events say about a case.
#[derive(Debug, Clone, Default)]
struct Own {
    anomaly: String,
    county: String,
    open: bool,
    waived: bool,
    answer: Option<Answer>,
}

/// What was looked at so far.
#[derive(Debug, Default)]
pub struct Books {
    own: BTreeMap<String, Own>,
    /// Open cases by county.
    stock: BTreeMap<String, i64>,
    /// Events that were looked at.
    read: usize,
    /// How often each act was there.
    pub acts: BTreeMap<&'static str, usize>,
    /// Files that say nothing that can be used.
    pub wrong: BTreeSet<String>,
    /// Cases that were late when a night began.
    pub overdue: usize,
}

impl Books {
    /// Goes through the events since the last look: what is proven, and what moves whose stock.
    pub fn look(&mut self, store: &Store, day: NaiveDate, found: Option<&BTreeMap<String, Found>>) {
        let events = store.events().expect("events");
        for event in &events[self.read..] {
            assert_eq!(event.draft.day, day, "event {}", event.seq);
            self.event(event, found);
        }
        self.read = events.len();
    }

    fn event(&mut self, event: &Event, found: Option<&BTreeMap<String, Found>>) {
        let act = &event.draft.act;
        *self.acts.entry(act.word()).or_default() += 1;
        if act.verb().is_none() {
            return;
        }
        let (seq, number) = (event.seq, &event.draft.about);
        if let Act::Open { anomaly, county, .. } = act {
            let twice = self.own.values().any(|o| o.anomaly == *anomaly);
            assert!(!twice && !self.own.contains_key(number), "{number} is a second case");
            let (anomaly, county) = (anomaly.clone(), county.clone());
            self.own.insert(number.clone(), Own { anomaly, county, ..Own::default() });
        }
        let own = self.own.get_mut(number).expect("a case is opened first");
        let was = own.open.then(|| own.county.clone());
        let is_there = found.and_then(|f| f.get(&own.anomaly)).copied();
        let firing =
            is_there.is_some_and(|s| matches!(s, Found::New | Found::Persisting | Found::Relapsed));
        let says_done = own.answer.as_ref().is_some_and(Answer::is_final);
        match act {
            Act::Open { .. } | Act::Reopen { .. } => {
                assert!(firing, "event {seq}: {number} has no anomaly");
                (own.open, own.waived, own.answer) = (true, false, None);
            }
            Act::Answer(answer) | Act::Progress(answer) => {
                assert!(!self.wrong.contains(&answer.file), "event {seq} rests on nonsense");
                let pack = answer.pack.contains(&own.county);
                assert!(own.open && pack, "event {seq}: {number} answered by another county");
                own.answer = Some((**answer).clone());
            }
            Act::SendBack { fault: Fault::StillFound, .. } => {
                assert!(firing && says_done, "event {seq}: {number} is sent back for nothing");
            }
            Act::Close { .. } => {
                assert_eq!(event.draft.actor, SYSTEM);
                assert!(!firing && is_there != Some(Found::Held), "event {seq}: not proven");
                assert!(own.answer.is_some(), "event {seq}: {number} closed without an answer");
                own.open = false;
            }
            Act::Vanish => {
                assert!(!firing && is_there != Some(Found::Held), "event {seq}: not proven");
                assert!(own.waived || !says_done, "event {seq}: {number} had been answered");
                (own.open, own.waived) = (false, false);
            }
            Act::Waive { .. } => (own.open, own.waived) = (false, true),
            Act::Lapse => (own.open, own.waived, own.answer) = (true, false, None),
            Act::HandOver { county, .. } => {
                own.county.clone_from(county);
                own.answer = None;
            }
            _ => {}
        }
        let is = own.open.then(|| own.county.clone());
        if was != is {
            for (county, by) in [(was, -1), (is, 1)] {
                if let Some(county) = county {
                    *self.stock.entry(county).or_default() += by;
                }
            }
        }
    }

    /// What a night did, against its anomalies and the cases that it started from.
    pub fn check_night(
        &mut self,
        store: &Store,
        lake: &Path,
        day: NaiveDate,
        summary: &Value,
        before: &Cases,
    ) {
        let rows = anomalies(&current(lake));
        let mut found: BTreeMap<String, Found> =
            rows.iter().map(|a| (a.anomaly.clone(), a.state)).collect();
        // A lake that was made anew has no memory: what its rules did not look at is not known.
        let ran: BTreeSet<&str> = list(summary, "rules")
            .iter()
            .filter(|r| r["not_run"].is_null())
            .map(|r| text(r, "rule"))
            .collect();
        for case in before.by_number.values().filter(|c| !ran.contains(c.rule.as_str())) {
            found.entry(case.anomaly.clone()).or_insert(Found::Held);
        }
        self.look(store, day, Some(&found));
        let cases = store.cases().expect("cases");
        self.check_identity(before, &cases);
        for row in rows.iter().filter(|a| !matches!(a.state, Found::Cleared | Found::Held)) {
            let case = cases.of_anomaly(&row.anomaly).expect("every anomaly has its case");
            let (rule, subject, anchor) = (&case.rule, &case.subject, &case.anchor);
            assert_eq!((rule, subject, anchor), (&row.rule, &row.subject, &row.anchor));
            assert!(case.state.is_open() || case.state == State::Waived, "{}", case.number);
        }
        for case in cases.by_number.values().filter(|c| c.state.is_open()) {
            let there = found.get(&case.anomaly).is_some_and(|s| *s != Found::Cleared);
            // An answer may wait for an extract that is newer than it, or than what refuted it.
            let waits = case.is_answered();
            assert!(there || waits, "{} is open and nothing is found", case.number);
        }
        self.check_lateness(day, &rows, before);
        let states = &summary["cases"]["states"];
        for state in State::ALL {
            let own = cases.by_number.values().filter(|c| c.state == state).count() as u64;
            let said = states[state.word()].as_u64().unwrap_or(0);
            assert_eq!(said, own, "{}", state.word());
        }
        assert_eq!(number(&summary["cases"], "open"), self.stock.values().sum::<i64>() as u64);
        self.check_stock(store, day);
    }

    /// A case keeps its number, and is never forgotten.
    fn check_identity(&self, before: &Cases, after: &Cases) {
        let same = |a: &Case, b: &Case| {
            (&a.anomaly, &a.rule, &a.subject, &a.anchor, a.opened)
                == (&b.anomaly, &b.rule, &b.subject, &b.anchor, b.opened)
        };
        for case in before.by_number.values() {
            assert!(same(case, &after.by_number[&case.number]), "{}", case.number);
        }
        assert_eq!(after.by_anomaly.len(), after.by_number.len());
    }

    /// MEC04 names exactly the cases that were late when the night began.
    fn check_lateness(&mut self, day: NaiveDate, rows: &[Anomaly], before: &Cases) {
        let watching = ["MEC03", "MEC04", "MEC05", "MEC06", "FEE11", "ORG08"];
        let watched = |c: &&Case| !watching.contains(&c.rule.as_str());
        let late: BTreeSet<&str> = before
            .by_number
            .values()
            .filter(|c| c.overdue(day))
            .filter(watched)
            .map(|c| c.number.as_str())
            .collect();
        self.overdue += late.len();
        let found = |a: &&Anomaly| a.rule == "MEC04" && a.state != Found::Cleared;
        assert_eq!(
            rows.iter().filter(found).map(|a| a.subject.as_str()).collect::<BTreeSet<_>>(),
            late
        );
    }

    /// In = out + stock, by county: as the events say, as the cases say, as `flows` says.
    pub fn check_stock(&self, store: &Store, day: NaiveDate) {
        let cases = store.cases().expect("cases");
        let mut counted: BTreeMap<String, i64> = BTreeMap::new();
        for case in cases.by_number.values().filter(|c| c.state.is_open()) {
            *counted.entry(case.county.clone()).or_default() += 1;
        }
        let mut stock = self.stock.clone();
        stock.retain(|_, n| *n != 0);
        assert_eq!(counted, stock, "{day}");
        let events = store.events().expect("events");
        let month = NaiveDate::from_ymd_opt(day.year(), day.month(), 1).expect("a month");
        let flows = flows(events.iter().map(|e| &e.draft), month, day).expect("flows");
        for (county, flow) in &flows {
            assert!(flow.closes(), "{county} on {day}: {flow:?}");
            assert_eq!(flow.stock as i64, counted.get(county).copied().unwrap_or(0), "{county}");
        }
    }
}
