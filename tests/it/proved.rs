//! A case closes only when the next extract proves it: extracts that came before, months of before that
//! come again, and rows in quarantine prove nothing.

use std::path::PathBuf;

use bidui::anomaly::{Anomaly, State as Found};
use bidui::ledger::act::{Act, Draft};
use bidui::ledger::case::Case;
use bidui::ledger::state::State;
use bidui::ledger::store::{Store, file_address};
use tempfile::TempDir;

use crate::support::{anomalies, current, run, temp};

const PIPELINE: [(&str, &str); 12] = [
    (
        "pipeline.yaml",
        r#"title: {zh: 凭证, en: Proof}
division_root: "62"
divisions: [division]
buckets: 2
identity: {spine: [resident], secret: {demo: "demo secret: never use with real data"}}
retention: {nights: 30}
"#,
    ),
    (
        "codes/division.csv",
        "code,label,aliases,parent,level\n62,甘肃省,,,1\n6201,兰州市,,62,2\n620122,皋兰县,,6201,3\n",
    ),
    (
        "tables/resident.yaml",
        r#"title: {zh: 人口, en: Resident}
about: One row for each person.
grain: person
person: {id: id_no, name: name, birth: birth_date, village: village_code}
columns:
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct}
  - {name: name, type: name, title: 姓名, privacy: direct}
  - {name: birth_date, type: date, title: 出生日期, privacy: personal}
  - {name: village_code, type: division, title: 区划, privacy: personal}
"#,
    ),
    (
        "tables/payment.yaml",
        r#"title: {zh: 缴费, en: Payment}
about: One row for each payment.
grain: person
key: [pay_no]
person: {id: id_no, name: name}
columns:
  - {name: pay_no, type: text, title: 单号}
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct}
  - {name: name, type: name, title: 姓名, privacy: direct}
  - {name: amount, type: "decimal(10,2)", title: 金额}
"#,
    ),
    (
        "feeds/resident.yaml",
        r#"title: {zh: 人口, en: Residents}
sender: 公安
table: resident
files: "resident_{period:%Y%m%d}.csv"
delivery: {kind: snapshot, cadence: daily}
columns:
  - {to: id_no, from: [号码]}
  - {to: name, from: [姓名]}
  - {to: birth_date, from: [出生日期]}
  - {to: village_code, from: [区划], required: true}
"#,
    ),
    (
        "feeds/payment.yaml",
        r#"title: {zh: 缴费, en: Payments}
sender: 医保
table: payment
files: "payment_{period:%Y%m%d}.csv"
delivery: {kind: append, cadence: daily}
columns:
  - {to: pay_no, from: [单号], required: true}
  - {to: id_no, from: [号码]}
  - {to: name, from: [姓名]}
  - {to: amount, from: [金额], required: true}
"#,
    ),
    (
        "views/person.sql",
        r"/*---
title: {zh: 人, en: Person}
subject: person_key
division: division
name: name
---*/
SELECT r.person_key, max(r.village_code) AS division, max(r.name) AS name, max(p.paid) AS paid
FROM resident r
LEFT JOIN (SELECT person_key, sum(amount) AS paid FROM payment GROUP BY person_key) p
  ON p.person_key = r.person_key
GROUP BY r.person_key
",
    ),
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
    ("rules/PAY01.sql", PAY01),
    ("rules/BIL01.sql", BIL01),
    ("rules/PAY01.test.yaml", "given: [{person_key: 1, paid: 900}]\nexpect: [\"1\"]\n"),
    ("rules/BIL01.test.yaml", "given: [{pay_no: P1, amount: 900}]\nexpect: [P1]\n"),
];

const PAY01: &str = r#"/*---
title: {zh: 缴费过多, en: Has paid too much}
over: person
applies: paid IS NOT NULL
needs: [resident, payment]
severity: orange
route: {to: county_insurance, due: 30d}
evidence: [paid]
message: "缴费{paid}元"
basis: {text: 标准}
---*/
paid > 500
"#;

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
        PIPELINE.iter().for_each(|(name, text)| own.put(&format!("pipeline/{name}"), text));
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
        let rows = (1..=2).map(|n| format!("{},{},1980-01-01,620122\n", id(n), name(n)));
        let text = format!("号码,姓名,出生日期,区划\n{}", rows.collect::<String>());
        let day = date.replace('-', "");
        self.put(&format!("input/{date}/resident_{day}.csv"), &text);
    }

    /// Payments of a day, which come on a night.
    fn payments(&self, date: &str, of: &str, rows: &[String]) {
        let text = format!("单号,号码,姓名,金额\n{}\n", rows.join("\n"));
        self.put(&format!("input/{date}/payment_{}.csv", of.replace('-', "")), &text);
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

fn id(number: u32) -> String {
    let digits = format!("6291011980010{number}00{number}");
    let check = bidui::citizen_id::check_digit(digits.as_bytes());
    format!("{digits}{}", char::from(check))
}

fn name(number: u32) -> &'static str {
    ["测试甲", "测试乙"][number as usize - 1]
}

/// A payment of somebody; of what is no amount the row goes into quarantine.
fn payment(number: &str, person: u32, amount: &str) -> String {
    format!("{number},{},{},{amount}", id(person), name(person))
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
    world.answer("PAY01", "2026-11-10");
    pays("2026-11-11", "P2");
    world.night("2026-11-11");
    assert_eq!(world.case("PAY01").state, State::SentBack);
    world.put("pipeline/rules/PAY01.sql", &PAY01.replace("> 500", "> 5000"));
    world.night("2026-11-12");
    assert_eq!(world.case("PAY01").state, State::SentBack);
    pays("2026-11-13", "P3");
    world.night("2026-11-13");
    assert_eq!(world.case("PAY01").state, State::Closed);
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
    world.answer("PAY01", "2026-11-11");
    pays("2026-11-12", "2026-11-10", "P3", 2, "100.00");
    assert_eq!(world.case("PAY01").state, State::Reviewing);
    pays("2026-11-13", "2026-11-13", "P4", 2, "100.00");
    assert_eq!(world.case("PAY01").state, State::Closed);
}

/// What became of the one anomaly of each rule.
fn states(rows: &[Anomaly]) -> [(&str, Found); 2] {
    let state = |rule: &'static str| {
        let mut own = rows.iter().filter(|a| a.rule == rule);
        let state = own.next().map(|a| a.state).expect("an anomaly");
        assert!(own.next().is_none(), "{rows:?}");
        (rule, state)
    };
    ["BIL01", "PAY01"].map(state)
}

/// A world whose first night found what one person paid, and what of it a day of payments shows that is
/// sent again the night after.
fn sent_again(rows: &[String]) -> (World, Vec<Anomaly>) {
    let world = World::new();
    world.residents("2026-11-10");
    world.payments("2026-11-10", "2026-11-10", &[payment("P1", 1, "800.00")]);
    world.night("2026-11-10");
    world.answer("PAY01", "2026-11-10");
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
        assert_eq!(states(&found), [("BIL01", Found::Held), ("PAY01", Found::Held)]);
        assert_eq!(world.case("PAY01").state, State::Answered);
        assert_eq!(world.case("BIL01").state, State::Pending);
        // Nothing else comes: so it stays.
        let found = world.night("2026-11-12");
        assert_eq!(states(&found), [("BIL01", Found::Held), ("PAY01", Found::Held)]);
        world.residents("2026-11-13");
        world.payments("2026-11-13", "2026-11-10", &[payment("P1", 1, "400.00"), other.clone()]);
        let found = world.night("2026-11-13");
        assert_eq!(states(&found), [("BIL01", Found::Cleared), ("PAY01", Found::Cleared)]);
        assert_eq!(world.case("PAY01").state, State::Closed);
        assert_eq!(world.case("BIL01").state, State::Vanished);
    }
}

/// Two rows under one key, of which the second is put aside, and it is that one which shows it.
#[test]
fn a_row_that_contradicts_another_proves_nothing_of_either() {
    let (_world, found) = sent_again(&[payment("P1", 2, "100.00"), payment("P1", 1, "800.00")]);
    assert_eq!(states(&found), [("BIL01", Found::Held), ("PAY01", Found::Held)]);
}

/// A row of another person, under another number, or one that came before it was seen last.
#[test]
fn a_row_in_quarantine_holds_nothing_else() {
    let (world, found) = sent_again(&[payment("P9", 2, "未知"), payment("P2", 2, "100.00")]);
    assert_eq!(states(&found), [("BIL01", Found::Cleared), ("PAY01", Found::Cleared)]);
    assert_eq!(world.case("PAY01").state, State::Closed);

    let (world, found) = sent_again(&[payment("P1", 1, "800.00"), payment("P3", 1, "未知")]);
    assert_eq!(states(&found), [("BIL01", Found::Persisting), ("PAY01", Found::Persisting)]);
    world.put("pipeline/rules/PAY01.sql", &PAY01.replace("> 500", "> 5000"));
    let found = world.night("2026-11-12");
    assert_eq!(states(&found), [("BIL01", Found::Persisting), ("PAY01", Found::Cleared)]);
}
