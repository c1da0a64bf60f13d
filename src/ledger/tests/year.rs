//! A simulated year: counties that answer in time, late, wrongly, twice or never, 365 nights, and
//! beside the ledger a model of it that is written down independently.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::fixture::{COUNTIES, RULES, act, all_ran, anomaly, answer, day, draft, policy, tonight};
use crate::anomaly::{Anomaly, State as Found};
use crate::calendar::month_start;
use crate::ledger::act::{Act, Draft, Fault, Outcome};
use crate::ledger::advance::advance;
use crate::ledger::case::Cases;
use crate::ledger::flow::{Flow, flows};
use crate::ledger::policy::Policy;
use crate::ledger::state::Verb;

const SEEDS: u64 = 20;
const ANOMALIES: usize = 90;

/// How a county behaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    InTime,
    Late,
    Wrong,
    Twice,
    Never,
}

/// The manners of the counties, as in [`COUNTIES`].
const MANNERS: [Manner; 4] = [Manner::InTime, Manner::Late, Manner::Wrong, Manner::Never];

/// What the model knows of one anomaly; written without the ledger's types.
#[derive(Clone, Default)]
struct Item {
    /// Is it so?
    real: bool,
    /// Did the last extract say so?
    shown: bool,
    /// The state's word; empty before the first night that finds it.
    state: &'static str,
    /// Days since the year began.
    answered: Option<u64>,
    final_answer: bool,
    /// Did a reviewer refuse it?
    refused: bool,
    waived_until: u64,
    relapses: usize,
}

/// The model's night, over one anomaly whose rule was run.
fn model_night(item: &mut Item, today: u64, refreshed: u64) {
    let proved = item.answered.is_some_and(|answered| refreshed > answered);
    item.state = match (item.shown, item.state) {
        (true, "") => "pending",
        (true, "closed" | "vanished") => {
            item.relapses += 1;
            (item.answered, item.final_answer, item.refused) = (None, false, false);
            "pending"
        }
        (true, "waived") if today > item.waived_until => {
            (item.answered, item.final_answer, item.refused) = (None, false, false);
            "pending"
        }
        (true, "answered" | "reviewing") if proved && item.final_answer => "sent_back",
        (true, "answered") => "reviewing",
        (true, same) => same,
        (false, same @ ("" | "closed" | "vanished")) => same,
        (false, "waived") if today <= item.waived_until => "waived",
        (false, "waived") => "vanished",
        (false, "answered" | "reviewing") if proved => "closed",
        (false, "answered" | "reviewing") => "reviewing",
        (false, _) if !item.final_answer || item.refused => "vanished",
        (false, _) if proved => "closed",
        (false, same) => same,
    };
}

struct Year {
    random: ChaCha8Rng,
    policy: Policy,
    cases: Cases,
    drafts: Vec<Draft>,
    items: Vec<Item>,
    /// By rule: the day of its last extract.
    refreshed: [u64; 3],
    start: NaiveDate,
    today: u64,
    /// What came into the stock of open cases, and what left it.
    came: u64,
    left: u64,
}

impl Year {
    fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            policy: policy(),
            cases: Cases::default(),
            drafts: Vec::new(),
            items: vec![Item::default(); ANOMALIES],
            refreshed: [0; 3],
            start: day("2026-01-01"),
            today: 0,
            came: 0,
            left: 0,
        }
    }

    fn date(&self) -> NaiveDate {
        self.start + Days::new(self.today)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// Records an act, and counts what it does to the stock.
    fn record(&mut self, draft: Draft) {
        let open = |cases: &Cases| {
            cases.by_number.get(&draft.about).is_some_and(|case| case.state.is_open())
        };
        let before = open(&self.cases);
        self.cases.apply(&draft).unwrap_or_else(|e| panic!("{draft:?}: {e}"));
        let after = open(&self.cases);
        self.came += u64::from(!before && after);
        self.left += u64::from(before && !after);
        self.drafts.push(draft);
    }

    fn number(&self, n: usize) -> String {
        self.cases.by_anomaly[&format!("{n:016x}")].clone()
    }

    fn does(&mut self, n: usize, act: Act) {
        let draft = draft(&self.number(n), self.date(), act);
        self.record(draft);
    }

    /// The world goes on: things go wrong, are mended by somebody, are seen in the next extract.
    /// The first rule's data comes every month, the second's every week, the third's every night.
    fn world(&mut self) {
        for n in 0..ANOMALIES {
            let real = self.items[n].real;
            let flips = self.random.random_range(0..1000) < if real { 4 } else { 6 };
            self.items[n].real = real != flips;
        }
        let due = [self.date().day() == 25, self.today % 7 == 3, true];
        for (rule, _) in due.into_iter().enumerate().filter(|(_, due)| *due) {
            self.refreshed[rule] = self.today;
            for item in self.items.iter_mut().skip(rule).step_by(RULES.len()) {
                item.shown = item.real;
            }
        }
    }

    /// On the second day of the month whatever waits goes out in packs.
    fn packs(&mut self) {
        for n in 0..ANOMALIES {
            if matches!(self.items[n].state, "pending" | "sent_back" | "handed_over") {
                let issue = act(Verb::Issue, self.date(), n, &self.policy);
                self.does(n, issue);
                self.items[n].state = "issued";
            }
        }
    }

    fn counties(&mut self) {
        for n in 0..ANOMALIES {
            let case_county = match self.items[n].state {
                "issued" | "received" | "verifying" | "sent_back" | "answered" | "reviewing" => {
                    self.cases.by_number[&self.number(n)].county.clone()
                }
                _ => continue,
            };
            let place = COUNTIES.iter().position(|c| *c == case_county).unwrap_or(3);
            self.county(n, MANNERS[place]);
        }
    }

    /// What a county does to one of its cases today.
    fn county(&mut self, n: usize, manner: Manner) {
        let state = self.items[n].state;
        let speed = match manner {
            Manner::InTime | Manner::Wrong => 30,
            Manner::Late | Manner::Twice => 3,
            Manner::Never => 0,
        };
        if !self.chance(speed) {
            return;
        }
        match (state, self.random.random_range(0..12)) {
            ("answered" | "reviewing", 0) => self.answers(n, Manner::Twice),
            ("answered" | "reviewing", 1) => {
                let redo = self.policy.after(&self.policy.settings.redo, self.date());
                let reason = "材料不全".into();
                self.does(n, Act::SendBack { fault: Fault::Refused, due: redo, reason });
                (self.items[n].state, self.items[n].refused) = ("sent_back", true);
            }
            ("answered" | "reviewing", _) => {}
            ("issued", 0..=3) => {
                self.does(n, Act::Receive);
                self.items[n].state = "received";
            }
            ("issued" | "received" | "sent_back", 4 | 5) => {
                self.does(n, Act::Verify);
                self.items[n].state = "verifying";
            }
            (_, 6) => {
                let hand = act(Verb::HandOver, self.date(), n + 1, &self.policy);
                self.does(n, hand);
                let item = &mut self.items[n];
                (item.state, item.answered, item.final_answer) = ("handed_over", None, false);
                item.refused = false;
            }
            (_, 7) => {
                let days = self.random.random_range(0..90);
                let until = Some(self.date() + Days::new(days));
                let text = || "特殊情况".to_owned();
                let waive =
                    Act::Waive { reason: text(), approver: text(), evidence_no: text(), until };
                self.does(n, waive);
                (self.items[n].state, self.items[n].waived_until) = ("waived", self.today + days);
            }
            _ => self.answers(n, manner),
        }
    }

    /// An honest county mends what it calls mended; a wrong one does not. What is still being put
    /// right is told on the way, and is no answer.
    fn answers(&mut self, n: usize, manner: Manner) {
        let outcomes = [Outcome::Fixed, Outcome::NotTrue, Outcome::Fixing, Outcome::Waiver];
        let outcome = outcomes[self.random.random_range(0..outcomes.len())];
        let asked = !matches!(self.items[n].state, "answered" | "reviewing");
        if outcome == Outcome::Fixing && asked {
            let progress = act(Verb::Progress, self.date(), n, &self.policy);
            self.does(n, progress);
            let item = &mut self.items[n];
            (item.state, item.answered) = ("verifying", Some(self.today));
            item.final_answer = false;
            return;
        }
        self.does(n, answer(outcome));
        let item = &mut self.items[n];
        item.final_answer = matches!(outcome, Outcome::Fixed | Outcome::NotTrue);
        item.real &= manner == Manner::Wrong || !item.final_answer;
        (item.state, item.answered, item.refused) = ("answered", Some(self.today), false);
    }

    fn night(&mut self) {
        // Now and then the data of a rule is too old for it to be run.
        let not_run = self.chance(5).then(|| self.random.random_range(0..RULES.len()));
        let rows: Vec<Anomaly> = (0..ANOMALIES).filter_map(|n| self.row(n, not_run)).collect();
        let days = self.refreshed.map(|day| self.start + Days::new(day));
        let refreshed: BTreeMap<String, NaiveDate> =
            RULES.map(String::from).into_iter().zip(days).collect();
        let mut ran = all_ran();
        ran.retain(|r| not_run.is_none_or(|n| RULES[n] != r));
        let refreshed = |rule: &str, _: &str| refreshed.get(rule).copied();
        let tonight = tonight(self.date(), &rows, &ran, &refreshed);
        for draft in advance(&self.cases, &tonight, &self.policy).expect("a night") {
            self.record(draft);
        }
        for (n, item) in self.items.iter_mut().enumerate() {
            let rule = n % RULES.len();
            if not_run != Some(rule) {
                model_night(item, self.today, self.refreshed[rule]);
            }
        }
    }

    fn row(&self, n: usize, not_run: Option<usize>) -> Option<Anomaly> {
        let item = &self.items[n];
        if not_run == Some(n % RULES.len()) {
            return (!item.state.is_empty()).then(|| anomaly(n, Found::Held, None));
        }
        item.shown.then(|| anomaly(n, Found::Persisting, None))
    }

    /// The ledger and the model agree, and what came is what left or is there.
    fn agree(&self) {
        let mut ledger: BTreeMap<&str, usize> = BTreeMap::new();
        let mut stock = 0;
        for case in self.cases.by_number.values() {
            *ledger.entry(case.state.word()).or_default() += 1;
            stock += u64::from(case.state.is_open());
        }
        let mut model: BTreeMap<&str, usize> = BTreeMap::new();
        for item in self.items.iter().filter(|i| !i.state.is_empty()) {
            *model.entry(item.state).or_default() += 1;
        }
        assert_eq!(ledger, model, "{}", self.date());
        assert_eq!(self.came, self.left + stock, "{}", self.date());
    }

    fn go(mut self) -> Self {
        let mut carried = 0;
        while self.today < 365 {
            self.world();
            if self.date().day() == 2 {
                self.packs();
            }
            self.counties();
            self.night();
            self.agree();
            let tomorrow = self.date() + Days::new(1);
            if tomorrow.day() == 1 {
                let month = flows(&self.drafts, month_start(self.date()), self.date());
                let all = month.expect("flows").into_values();
                let all = all.inspect(|flow| assert!(flow.closes(), "{flow:?}"));
                let whole = all.fold(Flow::default(), |sum, flow| sum.plus(&flow));
                assert_eq!(whole.carried, carried, "{}", self.date());
                carried = whole.stock;
            }
            self.today += 1;
        }
        self
    }
}

#[test]
fn twenty_years_agree_with_the_model_every_night() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let workers = 4;
    let years: Vec<Year> = std::thread::scope(|scope| {
        let part = |worker: u64| {
            let seeds = (0..SEEDS).filter(move |seed| seed % workers == worker);
            scope.spawn(move || seeds.map(|seed| Year::new(seed).go()).collect::<Vec<_>>())
        };
        let running: Vec<_> = (0..workers).map(part).collect();
        running.into_iter().flat_map(|w| w.join().expect("a year")).collect()
    });
    for year in &years {
        let mut relapses: BTreeMap<&str, usize> = BTreeMap::new();
        for draft in &year.drafts {
            *kinds.entry(draft.act.word()).or_default() += 1;
            if matches!(draft.act, Act::Reopen { relapse: true, .. }) {
                *relapses.entry(draft.about.as_str()).or_default() += 1;
            }
        }
        for (n, item) in year.items.iter().enumerate().filter(|(_, i)| !i.state.is_empty()) {
            let number = year.number(n);
            let case = &year.cases.by_number[&number];
            assert_eq!(case.relapses, item.relapses, "{number}");
            assert_eq!(relapses.get(number.as_str()).copied().unwrap_or(0), item.relapses);
        }
    }
    assert_eq!(years.len() as u64, SEEDS);
    let needed = "open issue receive verify answer review send_back close vanish waive lapse \
                  hand_over reopen escalate";
    for word in needed.split_whitespace() {
        assert!(kinds.get(word).is_some_and(|count| *count > 20), "{word}: {kinds:?}");
    }
}
