//! Random histories: nights by `advance`, people by chance. Whatever happens, these hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::fixture::{RULES, act, all_ran, anomaly, day, draft, policy, tonight};
use crate::anomaly::{Anomaly, State as Found};
use crate::calendar::{month_end, month_start};
use crate::ledger::act::{Act, Draft};
use crate::ledger::advance::advance;
use crate::ledger::case::Cases;
use crate::ledger::chain::{self, Head};
use crate::ledger::flow::flows;
use crate::ledger::policy::Policy;
use crate::ledger::state::Verb;

/// Anomalies of a history.
const MANY: usize = 12;

/// What people do by chance; what only nights do is left out.
const PEOPLE: [Verb; 13] = [
    Verb::Issue,
    Verb::Issue,
    Verb::Receive,
    Verb::Verify,
    Verb::Progress,
    Verb::Answer,
    Verb::Answer,
    Verb::SendBack,
    Verb::Waive,
    Verb::HandOver,
    Verb::Reopen,
    Verb::Assign,
    Verb::Note,
];

/// A ledger as it comes along.
pub(in crate::ledger) struct History {
    policy: Policy,
    pub cases: Cases,
    pub drafts: Vec<Draft>,
    day: NaiveDate,
    found: BTreeSet<usize>,
    seen: BTreeSet<usize>,
    waived: BTreeMap<usize, String>,
    held: BTreeSet<usize>,
    refreshed: BTreeMap<String, NaiveDate>,
}

impl History {
    pub fn new() -> Self {
        Self {
            policy: policy(),
            cases: Cases::default(),
            drafts: Vec::new(),
            day: day("2026-01-01"),
            found: BTreeSet::new(),
            seen: BTreeSet::new(),
            waived: BTreeMap::new(),
            held: BTreeSet::new(),
            refreshed: BTreeMap::new(),
        }
    }

    /// One thing happens.
    pub fn step(&mut self, (kind, a, b): (u8, u8, u8)) {
        let (a, b) = (usize::from(a), usize::from(b));
        let (n, rule) = (a % MANY, a % RULES.len());
        match kind % 12 {
            0 | 1 if !self.held.contains(&(n % RULES.len())) => toggle(&mut self.found, n),
            2 if b % 8 == 0 => _ = self.held.insert(rule),
            2 => _ = self.held.remove(&rule),
            3 => _ = self.refreshed.insert(RULES[rule].into(), self.day),
            4 if b % 6 == 0 => _ = self.waived.insert(n, format!("名单 {}", b % 5)),
            4 => _ = self.waived.remove(&n),
            5..=9 => self.somebody(a, b),
            _ => {
                self.day = self.day + Days::new(1 + b as u64 % 9);
                self.night();
            }
        }
    }

    fn somebody(&mut self, a: usize, b: usize) {
        if self.cases.by_number.is_empty() {
            return;
        }
        let place = a % self.cases.by_number.len();
        let number = self.cases.by_number.keys().nth(place).expect("a case").clone();
        let verb = PEOPLE[b % PEOPLE.len()];
        let draft = draft(&number, self.day, act(verb, self.day, a, &self.policy));
        let allowed = self.cases.by_number[&number].state.after(verb).is_some();
        let done = self.cases.apply(&draft);
        assert_eq!(done.is_ok(), allowed, "{draft:?}: {done:?}");
        if allowed {
            self.drafts.push(draft);
        }
    }

    fn rows(&mut self) -> Vec<Anomaly> {
        self.seen.extend(&self.found);
        let row = |n: &usize| {
            let state = match (self.held.contains(&(n % RULES.len())), self.found.contains(n)) {
                (true, _) => Found::Held,
                (_, true) => Found::Persisting,
                (_, false) => Found::Cleared,
            };
            anomaly(*n, state, self.waived.get(n).map(String::as_str))
        };
        self.seen.iter().map(row).collect()
    }

    fn night(&mut self) {
        let rows = self.rows();
        let ran = all_ran();
        let refreshed = |rule: &str, _: &str| self.refreshed.get(rule).copied();
        let tonight = tonight(self.day, &rows, &ran, &refreshed);
        let drafts = advance(&self.cases, &tonight, &self.policy).expect("a night");
        for draft in &drafts {
            self.letter(draft);
            self.cases.apply(draft).expect("what a night does is allowed");
        }
        let again = advance(&self.cases, &tonight, &self.policy).expect("a night");
        assert_eq!(again, [], "a second call has nothing to do");
        for case in self.cases.by_number.values() {
            let due = case.letters_due(self.day);
            assert!(case.step >= due, "{} owes letter {due} since an earlier night", case.number);
            let before = case.letters_due(self.day - Days::new(1));
            assert!(due <= before + 1, "{}: two letters on one day", case.number);
        }
        self.drafts.extend(drafts);
    }

    /// A letter follows the one before it, and goes out after its day only.
    fn letter(&self, draft: &Draft) {
        if let Act::Escalate { step } = draft.act {
            let case = &self.cases.by_number[&draft.about];
            assert_eq!(step, case.step + 1, "{}: a letter is skipped", case.number);
            let own = if step == 1 { case.due } else { case.steps.get(step - 2).copied() };
            let own = own.max(case.due).expect("a letter has a day");
            assert!(own < draft.day, "{}: letter {step} is too early", case.number);
            assert!(case.state.is_waiting());
        }
    }

    /// Everything that must hold at the end.
    pub fn check(&self) {
        let mut anomalies = BTreeMap::new();
        for draft in &self.drafts {
            if let Act::Open { anomaly, .. } = &draft.act {
                assert_eq!(anomalies.insert(anomaly, &draft.about), None, "one case for ever");
            }
        }
        assert_eq!(anomalies.len(), self.cases.by_number.len());
        let events = chain::link(&Head::default(), self.drafts.clone(), None, "t").expect("links");
        assert_eq!(chain::verify(&events, &[]), None);
        assert_eq!(Cases::fold(&events).expect("a fold"), self.cases);
        self.flows();
    }

    /// Every county's flow closes in every month, what is left over is what the next month begins
    /// with, and the last stock is that of the fold.
    fn flows(&self) {
        let mut carried: BTreeMap<String, u64> = BTreeMap::new();
        let mut first = month_start(day("2026-01-01"));
        while first <= self.day {
            let last = month_end(first);
            let month = flows(&self.drafts, first, last).expect("flows");
            for (county, flow) in &month {
                assert!(flow.closes(), "{county} {first}: {flow:?}");
                assert_eq!(flow.carried, carried.remove(county).unwrap_or(0), "{county} {first}");
            }
            assert!(carried.values().all(|stock| *stock == 0), "a county is lost: {carried:?}");
            carried = month.into_iter().map(|(county, flow)| (county, flow.stock)).collect();
            first = last + Days::new(1);
        }
        let mut stock: BTreeMap<String, u64> = BTreeMap::new();
        for case in self.cases.by_number.values().filter(|c| c.state.is_open()) {
            *stock.entry(case.county.clone()).or_default() += 1;
        }
        carried.retain(|_, stock| *stock > 0);
        assert_eq!(carried, stock);
    }
}

fn toggle(set: &mut BTreeSet<usize>, n: usize) {
    if !set.remove(&n) {
        set.insert(n);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_ledger_holds(steps in prop::collection::vec(any::<(u8, u8, u8)>(), 1..250)) {
        let mut history = History::new();
        for step in steps {
            history.step(step);
        }
        history.check();
    }
}

/// A history that is the same every time, for tests of the store.
pub(in crate::ledger) fn sample(steps: u32) -> History {
    use rand::{RngCore, SeedableRng};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(u64::from(steps));
    let mut history = History::new();
    for _ in 0..steps {
        let [kind, a, b, _] = random.next_u32().to_le_bytes();
        history.step((kind, a, b));
    }
    history
}

#[test]
fn random_histories_reach_every_state() {
    use crate::ledger::state::State;
    let history = sample(4000);
    let mut cases = Cases::default();
    let mut reached = BTreeSet::new();
    let mut letters = 0;
    for draft in &history.drafts {
        cases.apply(draft).expect("it was allowed");
        reached.insert(cases.by_number[&draft.about].state);
        letters = letters.max(cases.by_number[&draft.about].step);
    }
    assert_eq!(reached, State::ALL.into_iter().collect());
    assert_eq!(letters, 3, "the last letter is reached");
    history.check();
}
