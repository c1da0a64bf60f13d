//! The list for village doctors: whose cases are on it, what it says of what changed, that nobody is
//! named, and that its pages stand alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bidui::ledger::act::{Act, Draft};
use bidui::ledger::case::{Case, Cases};
use bidui::ledger::store::{Store, file_address};
use bidui::night::setup::date_of;
use chrono::NaiveDate;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Bidui, Policies, Said, copy, current, gansu, shared, temp, text};

pub const COUNTY: &str = "620423";

pub fn call(pipeline: &Path, lake: &Path, more: &[&str]) -> Said {
    let call = Bidui::new("worklist").arg("--pipeline").arg(pipeline);
    call.arg("--lake").arg(lake).args(more).go()
}

pub fn rows(said: Said) -> Vec<Value> {
    serde_json::from_str(&said.ended(0).stdout).expect("a JSON array")
}

/// The list of the shared world as it was published.
pub fn list(more: &[&str]) -> Vec<Value> {
    rows(call(&gansu(), &shared().lake, &[&["--output", "json"], more].concat()))
}

pub fn store(lake: &Path) -> Store {
    Store::open(&file_address(&lake.join("ledger.sqlite"))).expect("a ledger")
}

/// Rules whose cases nobody goes to a house for, by the beginnings of their ids.
const OFFICE: [&str; 11] = [
    "ID", "INS03", "INS04", "INS05", "INS06", "INS14", "FEE06", "LST01", "LST02", "LST10", "RAR01",
];

fn of_office(case: &Case) -> bool {
    OFFICE.iter().any(|rule| case.rule.starts_with(rule))
}

/// Open cases about somebody or some place.
fn placed(cases: &Cases) -> BTreeMap<&str, &Case> {
    let kinds = ["person", "household", "village_cover"];
    let own = cases.by_number.values().filter(|c| kinds.contains(&c.subject_kind.as_str()));
    own.filter(|c| c.state.is_open()).map(|c| (c.number.as_str(), c)).collect()
}

/// Cases that somebody can visit.
pub fn visited(cases: &Cases) -> BTreeMap<&str, &Case> {
    placed(cases).into_iter().filter(|(_, c)| !of_office(c)).collect()
}

pub fn numbers(rows: &[Value], take: impl Fn(&Value) -> bool) -> BTreeSet<&str> {
    rows.iter().filter(|r| take(r)).map(|r| text(r, "number")).collect()
}

fn is(mark: &'static str) -> impl Fn(&Value) -> bool {
    move |row| text(row, "mark") == mark
}

pub fn open(row: &Value) -> bool {
    text(row, "mark") != "gone"
}

/// Days of the shared nights.
fn days() -> (NaiveDate, NaiveDate) {
    let all: Vec<NaiveDate> =
        shared().nights.iter().map(|n| text(n, "date").parse().expect("a date")).collect();
    (all[0], all[1])
}

#[test]
fn a_county_gets_all_its_visits_and_no_others() {
    let cases = store(&shared().lake).cases().expect("cases");
    let rows = list(&["--village", COUNTY]);
    let open_cases = visited(&cases);
    let own = open_cases.iter().filter(|(_, c)| c.county == COUNTY).map(|(n, _)| *n).collect();
    assert_eq!(numbers(&rows, open), own);
    assert!(own.len() > 20 && own.len() < open_cases.len(), "{}", own.len());
    let other = cases.by_number.values().any(|c| c.county == COUNTY && c.subject_kind == "claim");
    assert!(other, "bills, which nobody visits a village for, are there to be left out");
    for kind in ["person", "household"] {
        assert!(
            rows.iter()
                .any(|r| open_cases.get(text(r, "number")).is_some_and(|c| c.subject_kind == kind))
        );
    }
    let mine = list(&["--village", COUNTY, "--owner", "county_health,township"]);
    let owned = |r: &Value| ["county_health", "township"].contains(&text(r, "owner"));
    assert!(mine.iter().all(owned) && !mine.is_empty() && mine.len() < rows.len());
    assert_eq!(numbers(&mine, open), numbers(&rows, |r| open(r) && owned(r)));
    assert_eq!(list(&["--village", COUNTY, "--owner", "县卫健局,乡镇"]), mine);
    call(&gansu(), &shared().lake, &["--village", COUNTY, "--owner", "无此单位"]).ended(2);
    // What an office settles is left out, and said so; it is listed when asked for.
    let said = call(&gansu(), &shared().lake, &["--village", COUNTY]).ended(0);
    let everything = list(&["--village", COUNTY, "--office"]);
    let placed = placed(&cases);
    let here = placed.iter().filter(|(_, c)| c.county == COUNTY);
    let (desk, visits): (Vec<_>, Vec<_>) = here.partition(|(_, c)| of_office(c));
    assert!(desk.len() > 5 && visits.len() == own.len(), "{} for an office", desk.len());
    assert!(said.stderr.contains(&format!("{} more cases want no visit", desk.len())), "{said:?}");
    let both = desk.into_iter().chain(visits).map(|(n, _)| *n).collect();
    assert_eq!(numbers(&everything, open), both);
    let all = list(&["--village", "62"]);
    assert_eq!(
        numbers(&all, open),
        open_cases.into_keys().filter(|n| cases.by_number[*n].county != "000000").collect()
    );
}

#[test]
fn a_village_and_a_town_are_parts_of_their_county_in_the_order_of_urgency() {
    let county = list(&["--village", COUNTY]);
    let village = county.iter().map(|r| text(r, "village")).find(|v| v.ends_with("201"));
    let village = village.or_else(|| county.iter().map(|r| text(r, "village")).max());
    let village = village.expect("a village");
    for code in [village, &village[..9]] {
        let part = list(&["--village", code]);
        let own = county.iter().filter(|r| text(r, "village").starts_with(code)).cloned();
        assert_eq!(part, own.collect::<Vec<_>>(), "{code}");
        assert!(!part.is_empty());
    }
    let severity = |r: &Value| {
        ["red", "orange", "yellow", "blue"].iter().position(|s| *s == text(r, "severity"))
    };
    let key = |r: &Value| {
        let late = r["overdue"].as_bool().expect("yes or no");
        (text(r, "village").to_owned(), !open(r), !late, severity(r), r["due"].to_string())
    };
    let keys: Vec<_> = county.iter().filter(|r| open(r)).map(key).collect();
    assert!(keys.is_sorted(), "{keys:?}");
    let wrong = call(&gansu(), &shared().lake, &["--village", "999999"]).ended(2);
    assert!(wrong.stderr.contains("9 for a town"), "{}", wrong.stderr);
    call(&gansu(), &shared().lake, &[]).ended(2);
}

#[test]
fn marks_say_what_is_new_since_the_last_list() {
    let (first, second) = days();
    let store = store(&shared().lake);
    let (cases, events) = (store.cases().expect("cases"), store.events().expect("events"));
    let before = Cases::fold(events.iter().filter(|e| e.draft.day <= first)).expect("a fold");
    let (was, is_now) = (visited(&before), visited(&cases));
    let here = |c: &Case| c.county != "000000";
    let only = |a: &BTreeMap<&str, &Case>, b: &BTreeMap<&str, &Case>| -> BTreeSet<String> {
        let own = a.iter().filter(|(n, c)| !b.contains_key(*n) && here(c));
        own.map(|(n, _)| (*n).to_owned()).collect()
    };
    let rows = list(&["--village", "62"]);
    let own = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(own(numbers(&rows, is("new"))), only(&is_now, &was));
    assert_eq!(own(numbers(&rows, is("gone"))), only(&was, &is_now));
    assert!(
        rows.iter().any(is("new")) && rows.iter().any(is("gone")) && rows.iter().any(is("carried"))
    );
    // With the list of tonight itself nothing is new; before the first night everything was.
    let same = list(&["--village", "62", "--since", &second.to_string()]);
    assert!(same.iter().all(is("carried")), "nothing happened since tonight");
    let all = list(&["--village", "62", "--since", "2000-01-01"]);
    assert!(all.iter().all(is("new")));
    assert_eq!(numbers(&same, open), numbers(&all, open));
}

/// Lateness may be counted at another day; what is known is still of the night.
#[test]
fn a_page_says_of_which_day_its_data_are() {
    let home = temp();
    let path = home.path().join("a.html");
    let html = path.to_str().expect("a path");
    let page = |more: &[&str]| {
        let words = [&["--village", COUNTY, "--html", html], more].concat();
        call(&gansu(), &shared().lake, &words).ended(0);
        std::fs::read_to_string(&path).expect("the pages")
    };
    let (_, night) = days();
    let later = night + chrono::Days::new(9);
    assert!(page(&[]).contains(&format!("数据截至{night}，与")));
    let other = page(&["--on", &later.to_string()]);
    assert!(other.contains(&format!("数据截至{night}，逾期按{later}计，与")), "{other}");
}

/// A copy of the shared lake that a test may write into.
pub struct Own(TempDir);

impl Own {
    pub fn new() -> Self {
        let home = temp();
        copy(&shared().lake, &home.path().join("lake"));
        Self(home)
    }

    pub fn lake(&self) -> PathBuf {
        self.0.path().join("lake")
    }

    pub fn list(&self, more: &[&str]) -> Vec<Value> {
        rows(call(&gansu(), &self.lake(), &[&["--output", "json"], more].concat()))
    }

    /// Records acts about a case on the night's day.
    pub fn record(&self, number: &str, acts: Vec<Act>) {
        let (_, day) = days();
        let draft = |act| Draft { about: number.into(), day, actor: "测试".into(), act };
        let drafts = acts.into_iter().map(draft).collect();
        store(&self.lake()).append(drafts, "2026-11-11T00:00:00Z").expect("recorded");
    }
}

#[test]
fn what_people_did_is_a_change_and_a_doctor_sees_own_cases() {
    let own = Own::new();
    let (first, day) = days();
    let rows = own.list(&["--village", COUNTY]);
    let carried: Vec<&str> = numbers(&rows, is("carried")).into_iter().take(3).collect();
    let [late, waived, named] = carried[..] else { panic!("three cases of before") };
    let issue = Act::Issue { pack: "P".into(), due: first, steps: Vec::new() };
    own.record(late, vec![issue, Act::Escalate { step: 1 }]);
    let waive = Act::Waive {
        reason: "异地居住".into(),
        approver: "甲".into(),
        evidence_no: "1".into(),
        until: None,
    };
    own.record(waived, vec![waive]);
    own.record(named, vec![Act::Assign { to: "D017".into() }]);
    let rows = own.list(&["--village", COUNTY]);
    let row = |number: &str| rows.iter().find(|r| text(r, "number") == number).expect("a row");
    assert_eq!(text(row(late), "mark"), "changed");
    assert!(text(row(late), "change").contains("提示函"), "{}", row(late));
    assert_eq!((text(row(late), "term"), &row(late)["overdue"]), ("逾期1天", &Value::Bool(true)));
    assert_eq!(row(late)["days_left"], -1);
    let village = rows.iter().find(|r| r["village"] == row(late)["village"]).expect("a first row");
    assert_eq!(text(village, "number"), late, "what is late stands first in its village");
    assert_eq!(
        (text(row(waived), "mark"), text(row(waived), "action")),
        ("gone", "已豁免，不必再去")
    );
    assert_eq!((text(row(named), "mark"), text(row(named), "doctor")), ("changed", "D017"));
    let mine = own.list(&["--doctor", "D017"]);
    assert_eq!(numbers(&mine, |_| true), BTreeSet::from([named]));
    assert_eq!(text(&mine[0], "mark"), "new", "it is new to who was named for it");
    let nobody = own.list(&["--village", COUNTY, "--doctor", "none"]);
    assert!(text(&nobody[0], "doctor") == "未明确责任医生");
    assert_eq!(numbers(&nobody, |r| text(r, "number") == named && open(r)).len(), 0);
    let later = (day + chrono::Days::new(9)).to_string();
    let rows = own.list(&["--village", COUNTY, "--on", &later]);
    let row = rows.iter().find(|r| text(r, "number") == late).expect("a row");
    assert_eq!(row["days_left"], -10);
}

/// A list is printed when its night has come. What people do after that is told by the next one.
#[test]
fn what_people_did_on_the_day_of_the_last_list_is_a_change() {
    let own = Own::new();
    let since = days().1.to_string();
    let list = || own.list(&["--village", COUNTY, "--since", &since]);
    let rows = list();
    let named = *numbers(&rows, open).first().expect("a case");
    own.record(named, vec![Act::Assign { to: "D017".into() }]);
    let rows = list();
    let changed: Vec<&Value> = rows.iter().filter(|r| text(r, "mark") == "changed").collect();
    assert_eq!(changed.len(), 1, "nobody did anything else");
    assert_eq!((text(changed[0], "number"), text(changed[0], "change")), (named, "新指派"));
}

#[test]
fn a_sensitive_rule_gives_only_a_number() {
    let cases = store(&shared().lake).cases().expect("cases");
    let policies = Policies::new();
    let open_cases = visited(&cases);
    let mut by_rule: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in open_cases.values().filter(|c| c.county == COUNTY && c.subject_kind == "person") {
        by_rule.entry(&case.rule).or_default().push(case);
    }
    let pipeline = bidui::pipeline::load(&gansu()).expect("a pipeline");
    let plain = by_rule.into_iter().find(|(r, _)| !pipeline.rules[*r].sensitive);
    let (rule, own) = plain.expect("a rule that names people");
    let own: Vec<Case> = own.into_iter().cloned().collect();
    policies.edit(
        &format!("basic-medical/rules/{rule}.sql"),
        "\nover:",
        "\nsensitive: true\nover:",
    );
    let args = ["--village", COUNTY, "--output", "json"];
    let hidden = rows(call(&policies.gansu(), &shared().lake, &args));
    let shown = list(&["--village", COUNTY]);
    for case in &own {
        let row = |rows: &[Value], number: &str| {
            rows.iter().find(|r| text(r, "number") == number).cloned().expect("a row")
        };
        // These cases were opened when the rule still stood in their numbers: the anomaly's number
        // stands for theirs, and `bidui case show` finds them by it.
        let (hidden, shown) = (row(&hidden, &case.anomaly), row(&shown, &case.number));
        assert!(!hidden.to_string().contains(rule), "{hidden}");
        assert!(shown["message"].is_string() && shown["who"].is_string());
        assert_eq!((hidden.get("message"), hidden.get("who")), (None, None), "{hidden}");
        assert_eq!(text(&hidden, "action"), "请登录系统查看");
        let title = &pipeline.rules[rule].title.zh;
        assert!(shown.to_string().contains(title.as_str()));
        assert!(!hidden.to_string().contains(title.as_str()));
    }
    let show = Bidui::new("case").arg("show").arg(&own[0].anomaly).arg("--pipeline").arg(gansu());
    let said = show.arg("--lake").arg(&shared().lake).go().ended(0);
    assert!(said.stdout.contains(&own[0].number));
}

#[test]
fn pages_stand_alone_and_name_nobody() {
    let home = temp();
    let write = |name: &str| {
        let path = home.path().join(name);
        let html = path.to_str().expect("a path");
        let said = call(&gansu(), &shared().lake, &["--village", COUNTY, "--html", html]).ended(0);
        (std::fs::read_to_string(&path).expect("the pages"), said.stdout)
    };
    let ((page, table), (again, _)) = (write("a.html"), write("b.html"));
    assert_eq!(page, again, "the same bytes every time");
    for word in ["http:", "https:", "src=", "@import", "url(", "<script", "<link"] {
        assert!(!page.contains(word), "{word}");
    }
    let rows = list(&["--village", COUNTY]);
    let villages: BTreeSet<&str> = rows.iter().map(|r| text(r, "village")).collect();
    assert_eq!(page.matches("<section>").count(), villages.len(), "a page for each village");
    for row in &rows {
        assert!(page.contains(text(row, "number")) && page.contains(text(row, "action")));
    }
    assert!(
        date_of(&current(&shared().lake).file_name().expect("a night").to_string_lossy())
            .is_some_and(|d| page.contains(&d.to_string()))
    );
    let listed = serde_json::to_string(&rows).expect("JSON");
    let people = crate::support::csv(&shared().input.join("truth/people.csv"));
    for person in &people {
        for said in [&page, &table, &listed] {
            assert!(!said.contains(&person["id_no"]), "an ID");
            let name = &person["name"];
            assert!(name.chars().count() < 3 || !said.contains(name.as_str()), "a name");
        }
    }
}
