//! A case closes only when the next extract proves it: extracts that came before, months of before that
//! come again, and rows in quarantine prove nothing.

use std::path::PathBuf;

use bidui::anomaly::{Anomaly, State as Found};
use bidui::ledger::act::{Act, Draft};
use bidui::ledger::case::Case;
use bidui::ledger::state::State;
use bidui::ledger::store::{Store, file_address};
use tempfile::TempDir;

use crate::mini::{NAMES, id, policy};
use crate::support::{anomalies, current, run, temp};

/// What is in the small world too.
const SHARED: [&str; 7] = [
    "pipeline.yaml",
    "codes/division.csv",
    "tables/resident.yaml",
    "tables/payment.yaml",
    "feeds/payment.yaml",
    "views/person.sql",
    "rules/PAY02.test.yaml",
];

const OWN: [(&str, &str); 3] = [
    (
        "views/bill.sql",
        r"/*---
title: {zh: 单, en: Bill}
subject: pay_no
division: division
---*/
SELECT p.pay_no, r.village_code AS division, p.amount
FROM payment p
JOIN resident r ON r.person_key = p.person_key
",
    ),
    ("rules/BIL01.sql", BIL01),
    ("rules/BIL01.test.yaml", "given: [{pay_no: P1, amount: 900}]\nexpect: [P1]\n"),
];

/// The rule about who has paid too much, so severe that it has cases.
fn too_much() -> String {
    policy("rules/PAY02.sql").replace("severity: blue", "severity: orange")
}

const BIL01: &str = r#"/*---
title: {zh: 单据过高, en: A high bill}
over: bill
applies: "true"
needs: [resident, payment]
severity: orange
route: {to: county_insurance, due: 30d}
evidence: [amount]
message: "{amount}元"
basis: {text: 标准}
---*/
amount > 500
"#;

/// Two persons, and what they pay.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let own = Self(temp());
        let shared = SHARED.map(|name| (name, policy(name)));
        for (name, text) in shared.iter().chain(&OWN) {
            own.put(&format!("pipeline/{name}"), text);
        }
        let daily = policy("feeds/resident.yaml").replace("monthly", "daily");
        own.put("pipeline/feeds/resident.yaml", &daily);
        own.put("pipeline/rules/PAY02.sql", &too_much());
        let nights = policy("pipeline.yaml").replace("{nights: 2}", "{nights: 30}");
        own.put("pipeline/pipeline.yaml", &nights);
        own
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    fn lake(&self) -> PathBuf {
        self.0.path().join("lake")
    }

    /// The register of a night.
    fn residents(&self, date: &str) {
        let rows = (1..=2).map(|n| format!("{},{},1980-01-01,620122\n", id(n), NAMES[n as usize]));
        let text = format!("号码,姓名,出生日期,区划\n{}", rows.collect::<String>());
        let day = date.replace('-', "");
        self.put(&format!("input/{date}/人口_{day}.csv"), &text);
    }

    /// Payments of a day, which come on a night.
    fn payments(&self, date: &str, of: &str, rows: &[String]) {
        let text = format!("单号,号码,姓名,金额\n{}\n", rows.join("\n"));
        self.put(&format!("input/{date}/缴费_{}.csv", of.replace('-', "")), &text);
    }

    /// Runs a night with what came for it.
    fn night(&self, date: &str) -> Vec<Anomaly> {
        let (pipeline, input) = (self.0.path().join("pipeline"), self.0.path().join("input"));
        std::fs::create_dir_all(input.join(date)).expect("a folder");
        let said = run(&pipeline, &input, &self.lake()).go().ended(0);
        let night = said.json().pop().expect("a night");
        assert_eq!(night["date"], date, "{night}");
        anomalies(&current(&self.lake()))
    }

    fn store(&self) -> Store {
        Store::open(&file_address(&self.lake().join("ledger.sqlite"))).expect("a ledger")
    }

    /// The one case of a rule.
    fn case(&self, rule: &str) -> Case {
        let cases = self.store().cases().expect("cases").by_number;
        let mut own: Vec<Case> = cases.into_values().filter(|c| c.rule == rule).collect();
        assert_eq!(own.len(), 1, "{own:?}");
        own.remove(0)
    }

    /// The county is asked on a day, and says at once that it has put it right.
    fn answer(&self, rule: &str, on: &str) {
        let day: chrono::NaiveDate = on.parse().expect("a day");
        let said = r#"{"outcome":"fixed","pack":"BD-620122","file":"f"}"#;
        let answer = Act::Answer(Box::new(serde_json::from_str(said).expect("an answer")));
        let issue = Act::Issue { pack: "BD-620122".into(), due: day, steps: Vec::new() };
        let number = self.case(rule).number;
        let draft = |act| Draft { about: number.clone(), day, actor: "省级".into(), act };
        let drafts = [issue, answer].map(draft).to_vec();
        self.store().append(drafts, &format!("{on}T00:00:00Z")).expect("answered");
    }
}

/// A payment of somebody; of what is no amount the row goes into quarantine.
fn payment(number: &str, person: u32, amount: &str) -> String {
    format!("{number},{},{},{amount}", id(person), NAMES[person as usize])
}

/// A night that refutes an answer has looked at extracts that are newer than it. They prove nothing
/// the night after, when the threshold is another.
#[test]
fn a_threshold_proves_no_answer_that_an_extract_has_refuted() {
    let world = World::new();
    let pays = |date: &str, number: &str| {
        world.residents(date);
        world.payments(date, date, &[payment(number, 2, "100.00")]);
    };
    world.residents("2026-11-10");
    world.payments("2026-11-10", "2026-11-10", &[payment("P1", 1, "800.00")]);
    world.night("2026-11-10");
    world.answer("PAY02", "2026-11-10");
    pays("2026-11-11", "P2");
    world.night("2026-11-11");
    assert_eq!(world.case("PAY02").state, State::SentBack);
    world.put("pipeline/rules/PAY02.sql", &too_much().replace("> 500", "> 5000"));
    world.night("2026-11-12");
    assert_eq!(world.case("PAY02").state, State::SentBack);
    pays("2026-11-13", "P3");
    world.night("2026-11-13");
    assert_eq!(world.case("PAY02").state, State::Closed);
}

/// A day of before that is sent again without the payment is no extract of after the answer.
#[test]
fn a_period_of_before_that_comes_again_proves_no_answer() {
    let world = World::new();
    let pays = |date: &str, of: &str, number: &str, person, amount: &str| {
        world.residents(date);
        world.payments(date, of, &[payment(number, person, amount)]);
        world.night(date);
    };
    pays("2026-11-10", "2026-11-10", "P1", 1, "800.00");
    pays("2026-11-11", "2026-11-11", "P2", 2, "100.00");
    world.answer("PAY02", "2026-11-11");
    pays("2026-11-12", "2026-11-10", "P3", 2, "100.00");
    assert_eq!(world.case("PAY02").state, State::Reviewing);
    pays("2026-11-13", "2026-11-13", "P4", 2, "100.00");
    assert_eq!(world.case("PAY02").state, State::Closed);
}

/// What became of the one anomaly of each rule.
fn states(rows: &[Anomaly]) -> [(&str, Found); 2] {
    let state = |rule: &'static str| {
        let mut own = rows.iter().filter(|a| a.rule == rule);
        let state = own.next().map(|a| a.state).expect("an anomaly");
        assert!(own.next().is_none(), "{rows:?}");
        (rule, state)
    };
    ["BIL01", "PAY02"].map(state)
}

/// A world whose first night found what one person paid, and what of it a day of payments shows that is
/// sent again the night after.
fn sent_again(rows: &[String]) -> (World, Vec<Anomaly>) {
    let world = World::new();
    world.residents("2026-11-10");
    world.payments("2026-11-10", "2026-11-10", &[payment("P1", 1, "800.00")]);
    world.night("2026-11-10");
    world.answer("PAY02", "2026-11-10");
    world.residents("2026-11-11");
    world.payments("2026-11-11", "2026-11-10", rows);
    let found = world.night("2026-11-11");
    (world, found)
}

/// The row that showed it could not be read: neither the person's anomaly nor that of the payment is
/// over, and no case ends, until it can be read again.
#[test]
fn a_row_in_quarantine_proves_nothing_of_its_subject() {
    let other = payment("P2", 2, "100.00");
    for unreadable in [payment("P1", 1, "未知"), format!("{},多", payment("P1", 1, "400.00"))] {
        let (world, found) = sent_again(&[unreadable, other.clone()]);
        assert_eq!(states(&found), [("BIL01", Found::Held), ("PAY02", Found::Held)]);
        assert_eq!(world.case("PAY02").state, State::Answered);
        assert_eq!(world.case("BIL01").state, State::Pending);
        // Nothing else comes: so it stays.
        let found = world.night("2026-11-12");
        assert_eq!(states(&found), [("BIL01", Found::Held), ("PAY02", Found::Held)]);
        world.residents("2026-11-13");
        world.payments("2026-11-13", "2026-11-10", &[payment("P1", 1, "400.00"), other.clone()]);
        let found = world.night("2026-11-13");
        assert_eq!(states(&found), [("BIL01", Found::Cleared), ("PAY02", Found::Cleared)]);
        assert_eq!(world.case("PAY02").state, State::Closed);
        assert_eq!(world.case("BIL01").state, State::Vanished);
    }
}

/// Two rows under one key, of which the second is put aside, and it is that one which shows it.
#[test]
fn a_row_that_contradicts_another_proves_nothing_of_either() {
    let (_world, found) = sent_again(&[payment("P1", 2, "100.00"), payment("P1", 1, "800.00")]);
    assert_eq!(states(&found), [("BIL01", Found::Held), ("PAY02", Found::Held)]);
}

/// A row of another person, under another number, or one that came before it was seen last.
#[test]
fn a_row_in_quarantine_holds_nothing_else() {
    let (world, found) = sent_again(&[payment("P9", 2, "未知"), payment("P2", 2, "100.00")]);
    assert_eq!(states(&found), [("BIL01", Found::Cleared), ("PAY02", Found::Cleared)]);
    assert_eq!(world.case("PAY02").state, State::Closed);

    let (world, found) = sent_again(&[payment("P1", 1, "800.00"), payment("P3", 1, "未知")]);
    assert_eq!(states(&found), [("BIL01", Found::Persisting), ("PAY02", Found::Persisting)]);
    world.put("pipeline/rules/PAY02.sql", &too_much().replace("> 500", "> 5000"));
    let found = world.night("2026-11-12");
    assert_eq!(states(&found), [("BIL01", Found::Persisting), ("PAY02", Found::Cleared)]);
}
