//! The rules that watch the work on cases, from a real ledger: each fires from what happened to a
//! case, and is cleared by what happens to it next.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bidui::anomaly::{Anomaly, State as Found};
use bidui::ledger::case::Case;
use bidui::ledger::state::State;
use bidui::ledger::store::{Store, file_address};
use chrono::NaiveDate;
use tempfile::TempDir;

use crate::form::{FIXED, Form};
use crate::support::{Bidui, Policies, anomalies, current, run, temp};

const COUNTY: &str = "620122";
/// One village has a clinic on every night, the other only on some.
const WITH: &str = "620122100201";
const WITHOUT: &str = "620122100202";

const PIPELINE: &str = r#"title: {zh: 督办运行, en: Watch}
extends: basic-medical
division_root: "62"
divisions: [division]
buckets: 2
identity: {spine: [poverty_member], secret: {demo: "demo secret: never use with real data"}}
retention: {nights: 30}
cases: {prefix: DB, letters: [{zh: 提示函, en: reminder}]}
"#;

const DIVISIONS: &str = "code,label,aliases,parent,level,poverty832
62,甘肃省,,,1,
6201,兰州市,,62,2,
620122,皋兰县,,6201,3,0
620122100,石洞镇,,620122,4,0
620122100201,东村,,620122100,5,0
620122100202,西村,,620122100,5,0
";

/// Feeds: table, kind of delivery, columns. Headings are the names of the columns.
const FEEDS: [(&str, &str, &str); 7] = [
    ("village", "snapshot", "village_code name"),
    ("institution", "snapshot", "org_code name kind village_code"),
    ("staff", "snapshot", "staff_id org_code licence"),
    ("poverty_member", "snapshot", "hh_no member_no id_no name rel_to_head hh_type village_code"),
    ("special_group", "snapshot", "id_no name group_code start_date"),
    ("death", "snapshot", "id_no name death_date"),
    (
        "settlement",
        "append",
        "setl_id id_no name med_type admit_date setl_date total_fee person_pay refund",
    ),
];

/// A county with two villages and one person whose bills are high.
struct World {
    policies: Policies,
    home: TempDir,
}

impl World {
    fn new() -> Self {
        let own = Self { policies: Policies::new(), home: temp() };
        own.put("pipeline.yaml", PIPELINE);
        own.put("codes/division.csv", DIVISIONS);
        for (table, kind, columns) in FEEDS {
            let columns: String =
                columns.split(' ').map(|c| format!("  - {{to: {c}, from: [{c}]}}\n")).collect();
            let text = format!(
                "title: {{zh: {table}, en: {table}}}\nsender: 县\ntable: {table}\n\
                 files: \"{table}_{{period:%Y%m%d}}.csv\"\n\
                 delivery: {{kind: {kind}, cadence: daily}}\n\
                 limits: {{row_count_change_percent: 1000}}\ncolumns:\n{columns}"
            );
            own.put(&format!("feeds/{table}.yaml"), &text);
        }
        own
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.policies.file("watch").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    fn lake(&self) -> PathBuf {
        self.home.path().join("lake")
    }

    /// A file of a table for a night; the columns are the feed's.
    fn file(&self, date: &str, table: &str, rows: &[String]) {
        let feed = FEEDS.iter().find(|(t, _, _)| *t == table).expect("a feed");
        let folder = self.home.path().join("input").join(date);
        std::fs::create_dir_all(&folder).expect("a folder");
        let name = format!("{table}_{}.csv", date.replace('-', ""));
        let text = format!("{}\n{}\n", feed.2.replace(' ', ","), rows.join("\n"));
        std::fs::write(folder.join(name), text).expect("written");
    }

    /// The villages and who serves them.
    fn villages(&self, date: &str, both: bool) {
        self.file(date, "village", &[format!("{WITH},东村"), format!("{WITHOUT},西村")]);
        let clinic = |n: u8, village: &str| format!("C{n},卫生室{n},村卫生室,{village}");
        let doctor = |n: u8| format!("S{n},C{n},乡村医生");
        let count = if both { 2 } else { 1 };
        let clinics: Vec<String> =
            [clinic(1, WITH), clinic(2, WITHOUT)].into_iter().take(count).collect();
        let doctors: Vec<String> = [doctor(1), doctor(2)].into_iter().take(count).collect();
        self.file(date, "institution", &clinics);
        self.file(date, "staff", &doctors);
    }

    /// The listed person with a bill, of which so much was left to pay; negative takes it back.
    fn person(&self, date: &str, bill: Option<i32>) {
        let own = format!("{},测试甲", id("62910119800101001"));
        self.file(date, "poverty_member", &[format!("H1,M1,{own},户主,脱贫户,{WITH}")]);
        self.file(date, "special_group", &[format!("{own},低保,2020-01-01")]);
        self.file(date, "death", &[format!("{},别家老人,2020-01-01", id("62910219310507842"))]);
        if let Some(yuan) = bill {
            let (fee, back) = (yuan.abs(), if yuan < 0 { "是" } else { "否" });
            let row = format!("B{date},{own},21,{date},{date},{fee},{yuan},{back}");
            self.file(date, "settlement", &[row]);
        }
    }

    /// Runs a night and gives what it finds.
    fn night(&self, date: &str) -> Vec<Anomaly> {
        let pipeline = self.policies.file("watch");
        let input = self.home.path().join("input");
        run(&pipeline, &input, &self.lake()).args(&["--date", date, "--only"]).go().ended(0);
        anomalies(&current(&self.lake()))
    }

    fn pack(&self, words: &[&str]) {
        let call =
            Bidui::new("pack").args(words).arg("--pipeline").arg(self.policies.file("watch"));
        call.arg("--lake").arg(self.lake()).env("BIDUI_ACTOR", "省级").go().ended(0);
    }

    /// The only case of a rule.
    fn case(&self, rule: &str) -> Case {
        let store = Store::open(&file_address(&self.lake().join("ledger.sqlite")));
        let cases = store.and_then(|s| s.cases()).expect("cases").by_number;
        let mut own = cases.into_values().filter(|c| c.rule == rule);
        let case = own.next().expect("a case");
        assert!(own.next().is_none(), "one case of {rule}");
        case
    }

    /// The county's form of a month comes back with one row filled in.
    fn answer(&self, month: &str, number: &str, on: &str, result: &str) {
        let packs = self.lake().join("packs").join(month);
        let files = bidui::lake::files_below(&packs).expect("packs");
        let file = files.into_iter().find(|f| f.path.contains(COUNTY)).expect("the county's pack");
        let mut form = Form::open(&packs.join(file.path));
        form.put(number, &FIXED);
        form.put(number, &[("核查结果", result), ("核查日期", on), ("完成日期", on)]);
        let back = form.save(&self.home.path().join(format!("回{on}.xlsx")));
        self.pack(&["take-back", &back.display().to_string()]);
    }
}

/// The ID of a person of no place.
fn id(digits: &str) -> String {
    format!("{digits}{}", char::from(bidui::citizen_id::check_digit(digits.as_bytes())))
}

/// Subjects that a rule finds on a night.
fn found(rows: &[Anomaly], rule: &str) -> BTreeSet<String> {
    let tonight = |a: &&Anomaly| a.rule == rule && !matches!(a.state, Found::Cleared | Found::Held);
    rows.iter().filter(tonight).map(|a| a.subject.clone()).collect()
}

/// The state of a rule's only anomaly.
#[track_caller]
fn state(rows: &[Anomaly], rule: &str) -> Found {
    let own: Vec<&Anomaly> = rows.iter().filter(|a| a.rule == rule).collect();
    assert_eq!(own.len(), 1, "{rule}");
    own[0].state
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn only(number: &str) -> BTreeSet<String> {
    BTreeSet::from([number.to_owned()])
}

/// MEC04: from the day after the term until the county answers; a report of progress is no answer.
#[test]
fn an_answer_that_is_late_is_found_until_it_comes() {
    let world = World::new();
    world.villages("2026-11-10", false);
    world.night("2026-11-10");
    world.pack(&["issue", "--month", "2026-11"]);
    let case = world.case("ORG01");
    assert_eq!((case.subject.as_str(), case.due), (WITHOUT, Some(day("2026-11-13"))));
    world.villages("2026-11-13", false);
    assert_eq!(found(&world.night("2026-11-13"), "MEC04"), BTreeSet::new(), "its last day");
    world.villages("2026-11-14", false);
    let rows = world.night("2026-11-14");
    assert_eq!(found(&rows, "MEC04"), only(&case.number));
    let late = rows.iter().find(|a| a.rule == "MEC04").expect("an anomaly");
    assert!(late.message.contains("督办件ORG01应于2026-11-13前反馈，已逾期1天"), "{late:?}");
    assert_eq!((late.county.as_str(), late.division.as_str()), (COUNTY, WITHOUT));
    // The case about lateness is watched by nobody: no case about a case about a case.
    world.answer("2026-11", &case.number, "2026-11-14", "属实整改中");
    world.villages("2026-11-15", false);
    assert_eq!(found(&world.night("2026-11-15"), "MEC04"), only(&case.number), "it is at work");
    assert_eq!(world.case("ORG01").state, State::Verifying);
    world.answer("2026-11", &case.number, "2026-11-15", "属实已整改");
    world.villages("2026-11-16", true);
    let rows = world.night("2026-11-16");
    assert_eq!(state(&rows, "MEC04"), Found::Cleared);
    assert_eq!(world.case("ORG01").state, State::Closed);
    assert_eq!(world.case("MEC04").state, State::Vanished);
}

/// A form is taken in for the day of the last act, when that is later than the night.
#[test]
fn an_answer_counts_for_no_day_before_the_last_act() {
    let world = World::new();
    world.villages("2026-11-10", false);
    world.night("2026-11-10");
    world.pack(&["issue", "--month", "2026-11", "--on", "2026-11-12"]);
    world.answer("2026-11", &world.case("ORG01").number, "2026-11-12", "属实已整改");
    let case = world.case("ORG01");
    assert_eq!((case.state, case.answered), (State::Answered, Some(day("2026-11-12"))));
}

/// FEE11: more than 30 days without an answer; counted from the reopening when it came back.
#[test]
fn a_warning_that_nobody_followed_is_found_until_it_is_answered() {
    let world = World::new();
    world.person("2026-09-01", Some(20_000));
    world.night("2026-09-01");
    let case = world.case("FEE01");
    // It goes away before anybody was asked, and comes back five weeks after its first night.
    world.person("2026-09-10", Some(-20_000));
    world.night("2026-09-10");
    assert_eq!(world.case("FEE01").state, State::Vanished);
    world.person("2026-10-06", Some(30_000));
    world.night("2026-10-06");
    let back = world.case("FEE01");
    assert_eq!((&back.number, back.state, back.relapses), (&case.number, State::Pending, 1));
    assert_eq!((back.opened, back.reopened), (day("2026-09-01"), Some(day("2026-10-06"))));
    for date in ["2026-10-07", "2026-11-05"] {
        world.person(date, None);
        assert_eq!(found(&world.night(date), "FEE11"), BTreeSet::new(), "{date}");
    }
    world.person("2026-11-06", None);
    let rows = world.night("2026-11-06");
    assert_eq!(found(&rows, "FEE11"), only(&case.number), "31 days after it came back");
    let message = &rows.iter().find(|a| a.rule == "FEE11").expect("an anomaly").message;
    assert!(message.contains("自2026-10-06立案（重开）已31天"), "{message}");
    world.pack(&["issue", "--month", "2026-11"]);
    world.answer("2026-11", &case.number, "2026-11-06", "属实已整改");
    // Not all feeds of FEE01 come again: the answer waits for its proof, and is a follow-up.
    world.villages("2026-11-07", true);
    let rows = world.night("2026-11-07");
    assert_eq!(world.case("FEE01").state, State::Reviewing);
    assert_eq!(state(&rows, "FEE11"), Found::Cleared);
    // The proof says that it is not so: nobody has followed it up after all.
    world.person("2026-11-08", Some(100));
    world.night("2026-11-08");
    assert_eq!(world.case("FEE01").state, State::SentBack);
    world.person("2026-11-09", None);
    let rows = world.night("2026-11-09");
    assert_eq!(found(&rows, "FEE11"), only(&case.number));
    assert_eq!(state(&rows, "FEE11"), Found::Relapsed);
}

/// ORG08: a village that lost its clinic again within 180 days, for as long as it has none.
#[test]
fn a_closed_blank_spot_that_is_back_is_found_until_it_is_closed_again() {
    let world = World::new();
    let night = |date: &str, both: bool| {
        world.villages(date, both);
        found(&world.night(date), "ORG08")
    };
    assert_eq!(night("2026-01-05", false), BTreeSet::new(), "it was never away");
    assert_eq!(night("2026-02-01", true), BTreeSet::new());
    assert_eq!(world.case("ORG01").state, State::Vanished);
    // Back after 180 days. The night that finds it starts from the ledger as it was before.
    assert_eq!(night("2026-07-31", false), BTreeSet::new());
    let case = world.case("ORG01");
    assert_eq!((case.relapses, case.reopened), (1, Some(day("2026-07-31"))));
    assert_eq!(night("2026-08-01", false), only(&case.number));
    // Half a year later it is still there, and no less a rebound.
    assert_eq!(night("2027-01-28", false), only(&case.number));
    assert_eq!(night("2027-01-29", true), only(&case.number));
    assert_eq!(world.case("ORG01").state, State::Vanished);
    assert_eq!(night("2027-01-30", true), BTreeSet::new());
    assert_eq!(world.case("ORG08").state, State::Vanished);
    // Away for 181 days: no rebound, but the same case.
    assert_eq!(night("2027-07-29", false), BTreeSet::new());
    assert_eq!(night("2027-07-30", false), BTreeSet::new());
    let again = world.case("ORG01");
    assert_eq!((again.number, again.relapses), (case.number, 2));
}

/// A sensitive rule is told by nothing that leaves the office: not by numbers, sheets and titles of
/// the workbook, not by letters, lists of visits, or the rules that watch the work.
#[test]
fn a_sensitive_rule_is_told_by_nothing_that_goes_out() {
    let world = World::new();
    world.policies.edit("basic-medical/rules/ORG01.sql", "\nover:", "\nsensitive: true\nover:");
    world.villages("2026-11-10", false);
    world.night("2026-11-10");
    let case = world.case("ORG01");
    assert_eq!(case.number, "DB-202611-620122-MG-000001");
    world.pack(&["issue", "--month", "2026-11"]);
    let secret = |said: &str| said.contains("ORG01") || said.contains("空白点");
    let packs = world.lake().join("packs/2026-11");
    let files = bidui::lake::files_below(&packs).expect("packs");
    let mut sheets = 0;
    for file in files.iter().filter(|f| f.path.contains("DB-2026-11-62")) {
        for (name, rows) in Form::open(&packs.join(&file.path)).sheets {
            let text = rows.concat().join("\n");
            assert!(!secret(&text), "{name}: {text}");
            sheets += usize::from(text.contains(&case.number) && text.contains("敏感事项"));
        }
    }
    assert!(sheets > 0, "the case is in the pack");
    world.villages("2026-11-14", false);
    let rows = world.night("2026-11-14");
    let late = rows.iter().find(|a| a.rule == "MEC04").expect("an anomaly");
    assert!(late.message.contains("督办件（敏感事项）应于"), "{late:?}");
    assert!(
        !secret(&late.message)
            && !late.evidence.iter().any(|(_, v)| v.as_deref().is_some_and(secret))
    );
    world.pack(&["letters"]);
    let letters = world.lake().join("packs/letters-2026-11-14");
    for name in bidui::lake::names_in(&letters) {
        let text = std::fs::read_to_string(letters.join(name)).expect("a letter");
        assert!(text.contains(&case.number) && !secret(&text), "{text}");
    }
    let call = Bidui::new("worklist").arg("--pipeline").arg(world.policies.file("watch"));
    let call =
        call.arg("--lake").arg(world.lake()).args(&["--village", WITHOUT, "--output", "json"]);
    let said = call.go().ended(0).stdout;
    assert!(said.contains(&case.number) && !secret(&said), "{said}");
}
