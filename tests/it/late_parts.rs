//! A county whose own part of a feed is behind is not judged by what it said last: nothing is found
//! there that could not be asked, and nothing is over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::util::display::array_value_to_string;
use bidui::anomaly::{Anomaly, State as Found};
use bidui::lake::rows::{Part, RowsFile};
use bidui::ledger::state::State;
use bidui::ledger::store::{Store, file_address};
use tempfile::TempDir;

use crate::mini::policy;
use crate::support::{anomalies, csv, current, root, run, temp};

const OWN: [(&str, &str); 10] = [
    (
        "codes/division.csv",
        "code,label,aliases,parent,level\n62,甘肃省,,,1\n6201,兰州市,,62,2\n620122,皋兰县,,6201,3\n\
         620123,榆中县,,6201,3\n",
    ),
    ("tables/home.yaml", HOME),
    ("tables/head.yaml", HEAD),
    ("feeds/home.yaml", HOMES),
    ("feeds/head.yaml", HEADS),
    (
        "views/house.sql",
        r"/*---
title: {zh: 户, en: House}
subject: hh_no
division: division
---*/
SELECT h.hh_no, h.village_code AS division, h.size, m.members
FROM home h
LEFT JOIN head m ON m.hh_no = h.hh_no
",
    ),
    ("rules/SIZ01.sql", SIZ01),
    ("rules/SIZ01.test.yaml", "given: [{hh_no: A, size: 2, members: 1}]\nexpect: [A]\n"),
    ("rules/BIG01.sql", BIG01),
    ("rules/BIG01.test.yaml", "given: [{hh_no: A, size: 9}]\nexpect: [A]\n"),
];

const HOME: &str = r#"title: {zh: 户, en: Home}
about: One row for each household.
grain: plain
key: [hh_no]
columns:
  - {name: hh_no, type: text, title: 户号}
  - {name: village_code, type: division, title: 区划, privacy: personal}
  - {name: size, type: int, title: 人口}
"#;

const HEAD: &str = r#"title: {zh: 成员数, en: Heads}
about: How many members a household has by another list.
grain: plain
key: [hh_no]
columns:
  - {name: hh_no, type: text, title: 户号}
  - {name: members, type: int, title: 成员}
"#;

const HOMES: &str = r#"title: {zh: 户, en: Homes}
sender: 各县
table: home
files: "户{_part}_{period:%Y%m%d}.csv"
delivery: {kind: snapshot, cadence: weekly, stale_after_days: 15}
columns:
  - {to: hh_no, from: [户号], required: true}
  - {to: village_code, from: [区划], required: true}
  - {to: size, from: [人口], required: true}
"#;

const HEADS: &str = r#"title: {zh: 成员数, en: Heads}
sender: 各县
table: head
files: "成员{_part}_{period:%Y%m%d}.csv"
delivery: {kind: snapshot, cadence: weekly, stale_after_days: 60}
columns:
  - {to: hh_no, from: [户号], required: true}
  - {to: members, from: [成员], required: true}
"#;

/// Two lists that say no day.
const SIZ01: &str = r#"/*---
title: {zh: 人数不符, en: Sizes differ}
over: house
applies: members IS NOT NULL
needs: [home, head]
in_time: true
severity: orange
route: {to: township, due: 7d}
evidence: [size, members]
message: "{size}人，成员{members}人"
basis: {text: 账账相符}
---*/
size <> members
"#;

const BIG01: &str = r#"/*---
title: {zh: 大户, en: A large household}
over: house
applies: "true"
needs: [home]
severity: orange
route: {to: township, due: 7d}
evidence: [size]
message: "{size}人"
basis: {text: 标准}
---*/
size > 5
"#;

/// Two counties that send two lists each.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let own = Self(temp());
        for name in ["tables/resident.yaml", "feeds/resident.yaml"] {
            own.put(&format!("pipeline/{name}"), policy(name));
        }
        let nights = policy("pipeline.yaml").replace("{nights: 2}", "{nights: 30}");
        own.put("pipeline/pipeline.yaml", &nights);
        for (name, text) in OWN {
            own.put(&format!("pipeline/{name}"), text);
        }
        for name in ["feed_period.yaml", "county_period.yaml"] {
            let shared = root().join("pipelines/basic-medical/tables").join(name);
            let text = std::fs::read_to_string(shared).expect("a table");
            own.put(&format!("pipeline/tables/{name}"), &text);
        }
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

    /// A county's part of a list.
    fn sends(&self, date: &str, list: &str, county: &str, rows: &str) {
        let heading = if list == "户" { "户号,区划,人口" } else { "户号,成员" };
        let name = format!("input/{date}/{list}_{county}_{}.csv", date.replace('-', ""));
        self.put(&name, &format!("{heading}\n{}\n", rows.replace(' ', "\n")));
    }

    /// Runs a night with what came for it.
    fn night(&self, date: &str) -> BTreeMap<String, Found> {
        let (pipeline, input) = (self.0.path().join("pipeline"), self.0.path().join("input"));
        std::fs::create_dir_all(input.join(date)).expect("a folder");
        let said = run(&pipeline, &input, &self.lake()).go().ended(0);
        let night = said.json().pop().expect("a night");
        assert_eq!(night["date"], date, "{night}");
        let name = |row: &Anomaly| format!("{} {}", row.rule, row.subject);
        let rows = anomalies(&current(&self.lake()));
        rows.iter().map(|row| (name(row), row.state)).collect()
    }

    fn case(&self, rule: &str, subject: &str) -> State {
        let store =
            Store::open(&file_address(&self.lake().join("ledger.sqlite"))).expect("a ledger");
        let cases = store.cases().expect("cases").by_number;
        let own = |case: &&bidui::ledger::case::Case| case.rule == rule && case.subject == subject;
        cases.values().find(own).expect("a case").state
    }

    /// Up to when each county has told by each feed, as views read it.
    fn told(&self) -> Vec<String> {
        let path = current(&self.lake()).join("system/county_period.parquet");
        let columns = ["feed", "county", "period"].map(str::to_owned);
        let file = RowsFile::open(&path).expect("a table");
        let mut told = Vec::new();
        for batch in file.scan(Part::All, &columns, &Default::default()).expect("a scan") {
            let batch = batch.expect("rows");
            let cell = |at: usize, row| array_value_to_string(batch.column(at), row).expect("text");
            let line = |row| format!("{} {} {}", cell(0, row), cell(1, row), cell(2, row));
            told.extend((0..batch.num_rows()).map(line));
        }
        told
    }
}

/// Two nights: on the second the members of 榆中 did not come.
fn late() -> World {
    let world = World::new();
    let first = "2026-11-10";
    world.sends(first, "户", "皋兰县", "A1,620122,4 A2,620122,9");
    world.sends(first, "成员", "皋兰县", "A1,3");
    world.sends(first, "户", "榆中县", "B1,620123,4 B4,620123,2");
    world.sends(first, "成员", "620123", "B1,3 B4,2");
    let found = world.night(first);
    let new = ["BIG01 A2", "SIZ01 A1", "SIZ01 B1"].map(|name| (name.to_owned(), Found::New));
    assert_eq!(found, BTreeMap::from(new));

    let second = "2026-11-20";
    world.sends(second, "户", "皋兰县", "A1,620122,3 A2,620122,9");
    world.sends(second, "成员", "皋兰县", "A1,3 A2,9");
    world.sends(second, "户", "榆中县", "B1,620123,3 B4,620123,3 B5,620123,9");
    world
}

fn states<const N: usize>(states: [(&str, Found); N]) -> BTreeMap<String, Found> {
    states.map(|(name, state)| (name.to_owned(), state)).into()
}

/// B1 would be over, though only one of two lists says so, and B4 would be accused.
#[test]
fn what_has_no_day_waits_for_the_county_that_is_late() {
    let world = late();
    let found = world.night("2026-11-20");
    let expected = [
        ("BIG01 A2", Found::Persisting),
        ("BIG01 B5", Found::New),
        ("SIZ01 A1", Found::Cleared),
        ("SIZ01 B1", Found::Held),
    ];
    assert_eq!(found, states(expected));
    assert_eq!(world.case("SIZ01", "A1"), State::Vanished);
    assert_eq!(world.case("SIZ01", "B1"), State::Pending);
    let told = [
        "head 620122 2026-11-20",
        "head 620123 2026-11-10",
        "home 620122 2026-11-20",
        "home 620123 2026-11-20",
    ];
    assert_eq!(world.told(), told);
    // No counts of who was not asked, which is not 0.
    let counts = csv(&current(&world.lake()).join("counts.csv"));
    let own = |county: &str| {
        let own =
            |row: &&BTreeMap<String, String>| row["rule"] == "SIZ01" && row["county"] == county;
        counts.iter().filter(own).cloned().collect::<Vec<_>>()
    };
    let (heard, unheard) = (own("620122"), own("620123"));
    assert_eq!((heard.len(), unheard.len()), (1, 1), "{counts:?}");
    assert_eq!((&*heard[0]["applicable"], &*heard[0]["not_run"]), ("2", ""));
    assert_eq!(unheard[0]["applicable"], "");
    assert!(unheard[0]["not_run"].contains("feed head is late"), "{unheard:?}");

    // The members agree with what the other list said: nobody was wronged, and only now B1 is over.
    world.sends("2026-11-21", "成员", "620123", "B1,3 B4,3");
    let found = world.night("2026-11-21");
    let expected = [
        ("BIG01 A2", Found::Persisting),
        ("BIG01 B5", Found::Persisting),
        ("SIZ01 B1", Found::Cleared),
    ];
    assert_eq!(found, states(expected));
    assert_eq!(world.case("SIZ01", "B1"), State::Vanished);
}

/// Nothing rests on a part that is stale, whatever the rule compares.
#[test]
fn a_county_whose_part_is_stale_is_not_judged_by_it() {
    let world = late();
    world.night("2026-11-20");
    let last = "2026-12-08";
    world.sends(last, "户", "皋兰县", "A1,620122,3 A2,620122,4 A3,620122,7");
    let found = world.night(last);
    let expected =
        [("BIG01 A2", Found::Cleared), ("BIG01 A3", Found::New), ("BIG01 B5", Found::Held)];
    for (name, state) in expected {
        assert_eq!(found.get(name), Some(&state), "{found:?}");
    }
    assert_eq!(world.case("BIG01", "B5"), State::Pending);
    // The whole is the county's too.
    world.put("input/2026-12-09/户_20261209.csv", "户号,区划,人口\nA3,620122,7\nB5,620123,5\n");
    let found = world.night("2026-12-09");
    assert_eq!(found.get("BIG01 B5"), Some(&Found::Cleared), "{found:?}");
}
