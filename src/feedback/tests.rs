//! Tests of what needs no lake.

mod history;
mod packs;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;

use super::batch::{self, Batch, Issued};
use super::book::{Book, Look};
use super::city::{CountyLine, ranked};
use super::county::Setting;
use super::issue::{self, Order};
use super::reveal::Names;
use super::select::{Issuing, Lamp, Mark, Selection, Totals, rate, rows, select};
use super::show::Shower;
use crate::anomaly::{Anomaly, Memory, State as Found};
use crate::division::Divisions;
use crate::ledger::act::{Act, Draft, Fault};
use crate::ledger::case::{Case, Cases};
use crate::ledger::chain;
use crate::ledger::flow::Flow;
use crate::ledger::policy::Policy;
use crate::ledger::state::State;
use crate::pipeline::packs::{Level, Light, Lights};
use crate::pipeline::spec::Severity;
use crate::pipeline::{self, Pipeline};
use crate::privacy::PersonKeys;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn gansu() -> Pipeline {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
    pipeline::load(&dir).expect("the sample pipeline")
}

fn draft(about: &str, on: &str, act: Act) -> Draft {
    Draft { about: about.into(), day: day(on), actor: "test".into(), act }
}

fn open(rule: &str, anomaly: &str) -> Act {
    Act::opening(anomaly, rule, "620423100200")
}

fn answer() -> Act {
    let answer = serde_json::json!({"outcome": "fixed", "pack": "p", "file": "f"});
    Act::Answer(Box::new(serde_json::from_value(answer).expect("an answer")))
}

/// A case in each of the ways to come into a pack: new, sent back, answered, and issued before.
fn cases() -> Cases {
    let mut cases = Cases::default();
    let mut act = |about: &str, on: &str, act: Act| {
        cases.apply(&draft(about, on, act)).expect("an allowed move");
    };
    let issue =
        || Act::Issue { pack: "GS-2026-09-620423".into(), due: day("2026-09-20"), steps: vec![] };
    for (number, rule) in [("n1", "INS01"), ("n2", "INS01"), ("n3", "FEE01"), ("n4", "RAR01")] {
        act(number, "2026-09-01", open(rule, number));
    }
    act("n2", "2026-09-02", issue());
    act("n3", "2026-09-02", issue());
    act("n3", "2026-09-10", answer());
    let reason = "仍有此问题".to_owned();
    act(
        "n3",
        "2026-09-12",
        Act::SendBack { fault: Fault::StillFound, due: day("2026-10-20"), reason },
    );
    cases
}

fn memory() -> Memory {
    let row = |id: &str, who: &str| Anomaly {
        anomaly: id.into(),
        rule: "INS01".into(),
        rule_version: String::new(),
        title: "题".into(),
        severity: Severity::Red,
        subject_kind: "person".into(),
        subject: format!("{id:0>16}"),
        anchor: String::new(),
        county: "620423".into(),
        division: "620423100200".into(),
        who: Some(who.into()),
        message: "=1+1".into(),
        evidence: vec![
            ("mon_type".into(), Some("脱贫不稳定户".into())),
            ("pay12".into(), Some("12.50".into())),
            ("nobody_knows".into(), Some("x".into())),
            ("last_year".into(), None),
        ],
        route: String::new(),
        due: day("2026-09-20"),
        first_seen: day("2026-09-01"),
        last_seen: day("2026-09-01"),
        state: Found::New,
        waived: None,
    };
    let rows = [row("n1", "张*"), row("n4", "王*明")];
    let known = rows.into_iter().map(|r| (r.anomaly.clone(), r)).collect();
    Memory { known, ..Memory::default() }
}

#[test]
fn a_pack_lists_what_is_open_and_issues_what_is_owed_anew() {
    let (pipeline, cases) = (gansu(), cases());
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let on = day("2026-10-10");
    let issuing =
        Issuing { pack: "GS-2026-10-620423", day: on, actor: "甲", policy: &policy, form };
    let all = select(&cases, &[], &[]);
    let rows = rows(&all.counties["620423"], &issuing).expect("rows");
    let found: BTreeMap<&str, (Mark, bool, u64)> = rows
        .iter()
        .map(|r| (r.case.number.as_str(), (r.mark, r.issue.is_some(), r.overdue)))
        .collect();
    assert_eq!(
        found,
        BTreeMap::from([
            ("n1", (Mark::New, true, 0)),
            ("n2", (Mark::Carried, false, 20)),
            ("n3", (Mark::SentBack, true, 0)),
            ("n4", (Mark::New, true, 0)),
        ])
    );
    assert_eq!(rows[0].case.number, "n2", "what is overdue comes first");
    assert!(rows.iter().all(|r| r.case.state == State::Issued));
    let due = policy.terms("INS01", on).0;
    let of = |n: &str| rows.iter().find(|r| r.case.number == n).expect("a row");
    assert_eq!(of("n1").case.due, Some(due));
    let theme = |n: &str| form.themes[of(n).theme].sheet.as_str();
    assert_eq!((theme("n1"), theme("n3")), ("参保资助", "待遇费用"));
    assert!(select(&cases, &["620122".to_owned()], &[]).counties.is_empty());
}

/// 转办 says that another county had the case.
#[test]
fn a_case_that_changed_its_office_was_not_handed_over_by_a_county() {
    let (pipeline, mut cases) = (gansu(), cases());
    for (number, county) in [("n1", "620423"), ("n2", "620423"), ("n4", "620122")] {
        let (owner, reason) = ("township".to_owned(), "转办".to_owned());
        let act = Act::HandOver { county: county.into(), owner, reason };
        cases.apply(&draft(number, "2026-10-01", act)).expect("an allowed move");
    }
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let (pack, day) = ("GS-2026-10-620423", day("2026-10-10"));
    let issuing = Issuing { pack, day, actor: "甲", policy: &policy, form };
    let all: Vec<&Case> = cases.by_number.values().collect();
    let rows = rows(&all, &issuing).expect("rows");
    let found: BTreeMap<&str, Mark> =
        rows.iter().map(|r| (r.case.number.as_str(), r.mark)).collect();
    let n3 = ("n3", Mark::SentBack);
    let expected = [("n1", Mark::New), ("n2", Mark::Carried), n3, ("n4", Mark::HandedOver)];
    assert_eq!(found, BTreeMap::from(expected));
    assert!(rows.iter().filter(|r| r.case.number != "n3").all(|r| r.issue.is_some()));
}

/// A county that a month's first batch left out is not told only half of its stock in a supplement.
#[test]
fn a_countys_first_pack_of_a_month_lists_all_later_ones_what_came_since() {
    let cases = cases();
    let month = day("2026-10-01");
    let earlier = |number: usize, county: &str| Issued {
        batch: Batch { prefix: "GS".into(), month, number, day: day("2026-10-10") },
        counties: BTreeMap::from([(county.to_owned(), ("b".to_owned(), 1))]),
        first: 1,
    };
    let listed = |earlier: &[Issued]| -> Vec<&str> {
        let selection = select(&cases, &[], earlier);
        selection.counties["620423"].iter().map(|c| c.number.as_str()).collect()
    };
    let all = ["n1", "n2", "n3", "n4"];
    assert_eq!(listed(&[]), all);
    assert_eq!(listed(&[earlier(1, "620122")]), all);
    assert_eq!(listed(&[earlier(1, "620122"), earlier(2, "620423")]), ["n1", "n3", "n4"]);
    let others = select(&cases, &["620122".to_owned()], &[earlier(1, "620423")]);
    assert!(others.counties.is_empty());
}

/// The ledger knows which counties a batch had, not whether they were named.
#[test]
fn a_batch_for_every_county_with_cases_is_whole() {
    let mut cases = cases();
    for (number, place) in [("n5", "000000"), ("n6", "620122")] {
        let mut act = open("INS01", number);
        if let Act::Open { county, .. } = &mut act {
            *county = place.into();
        }
        cases.apply(&draft(number, "2026-09-01", act)).expect("opened");
    }
    let all = select(&cases, &[], &[]);
    let counties: Vec<String> = all.counties.keys().map(|c| (*c).to_owned()).collect();
    assert_eq!(counties, ["620122", "620423"]);
    for selection in [&all, &select(&cases, &counties, &[])] {
        let nowhere: Vec<&str> = selection.nowhere.iter().map(|c| c.number.as_str()).collect();
        assert!(selection.whole && nowhere == ["n5"], "{nowhere:?}");
    }
    let some = select(&cases, &counties[..1], &[]);
    assert!(!some.whole && some.nowhere.is_empty() && some.counties.len() == 1);
}

/// Cases of no county stand in the province's index only.
#[test]
fn the_index_tells_no_sensitive_rule() {
    let (pipeline, cases, memory) = (gansu(), cases(), memory());
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let (divisions, names) = (Divisions::default(), Names::default());
    let shower = Shower::new(&pipeline, form, &policy, &divisions, &memory, &names);
    let on = day("2026-10-10");
    let batch = Batch { prefix: "GS".into(), month: day("2026-10-01"), number: 1, day: on };
    let (keys, head) = (PersonKeys::new(b"a test"), chain::Head::default());
    let flows: BTreeMap<String, Flow> = BTreeMap::new();
    let setting = Setting {
        batch: &batch,
        form,
        shower: &shower,
        keys: &keys,
        head: &head,
        flows: &flows,
        night: "2026-10-09-00000000",
    };
    let nowhere = cases.by_number.values().collect();
    let selection = Selection { nowhere, ..Selection::default() };
    let order =
        Order { setting: &setting, city: None, selection: &selection, actor: "甲", threads: 1 };
    let folder = tempfile::tempdir().expect("a folder");
    let staged = folder.path().join("batch");
    issue::write(&order, &staged).expect("written");
    let index = staged.join("province/index.xlsx");
    let mut book = calamine::open_workbook_auto(index).expect("it opens");
    let page = calamine::Reader::worksheet_range(&mut book, "归属不明").expect("the page");
    let told: BTreeMap<String, [String; 2]> =
        page.rows().map(|r| (r[0].to_string(), [r[1].to_string(), r[2].to_string()])).collect();
    assert_eq!(told["n1"], ["INS01".to_owned(), pipeline.rules["INS01"].title.zh.clone()]);
    assert_eq!(told["n4"], ["—", "敏感事项"]);
}

#[test]
fn a_sensitive_rule_shows_nothing_but_its_number() {
    let (pipeline, cases, memory) = (gansu(), cases(), memory());
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let (divisions, names) = (Divisions::default(), Names::default());
    let shower = Shower::new(&pipeline, form, &policy, &divisions, &memory, &names);
    let on = day("2026-10-10");
    let issuing =
        Issuing { pack: "GS-2026-10-620423", day: on, actor: "甲", policy: &policy, form };
    let all = select(&cases, &[], &[]);
    let rows = rows(&all.counties["620423"], &issuing).expect("rows");
    let text = |number: &str, column: &str| {
        let row = rows.iter().find(|r| r.case.number == number).expect("a row");
        shower.text(row, column)
    };
    assert_eq!(text("n1", "who"), "张*");
    assert_eq!(text("n1", "evidence"), "监测对象类别：脱贫不稳定户；近12个月个人负担（元）：12.50");
    assert_eq!(text("n4", "number"), "n4");
    for column in ["town", "village", "kind", "subject", "who", "evidence"] {
        assert_eq!(text("n4", column), "—", "{column}");
    }
    assert!(!text("n4", "message").contains("=1"));
    // Nor what it is about: neither by a word nor by the sheet that it stands on.
    assert_eq!((text("n4", "rule"), text("n4", "title")), ("—".into(), "敏感事项".into()));
    let theme = rows.iter().find(|r| r.case.number == "n4").map(|r| r.theme);
    assert_eq!(theme.map(|t| form.themes[t].sheet.as_str()), Some("其他"));
    assert_eq!(text("n3", "last"), "2026-09-10 属实已整改；退回1次：仍有此问题");
}

#[test]
fn no_text_of_a_workbook_is_a_formula() {
    let payloads = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "王家村"];
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = Book::new("t", "a", day("2026-10-10"), folder.path()).expect("a book");
    let mut page = book.page("页").expect("a page");
    for (row, payload) in (0..).zip(payloads) {
        page.text(row, 0, payload, Look::Key).expect("written");
        page.text(row, 1, payload, Look::Fill).expect("written");
    }
    let bytes = book.bytes().expect("a file");
    let mut read: calamine::Xlsx<_> =
        calamine::open_workbook_from_rs(std::io::Cursor::new(&bytes)).expect("it opens");
    let formulas = calamine::Reader::worksheet_formula(&mut read, "页").expect("the page");
    assert_eq!(formulas.used_cells().count(), 0);
    let range = calamine::Reader::worksheet_range(&mut read, "页").expect("the page");
    for (row, payload) in range.rows().zip(payloads) {
        let text = row[0].to_string();
        // A line end of XML is a line feed.
        assert_eq!(super::seal::plain(&text).replace('\n', "\r"), payload.replace('\n', "\r"));
        assert!(!text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{text:?}");
    }
}

#[test]
fn lights_change_at_their_shares() {
    let light = |overdue, severe| Light { overdue, severe };
    let lights = Lights { red: light(10, 60), yellow: light(1, 30) };
    let lamp = |rows, overdue, red| {
        Totals { rows, overdue, severity: [red, 0, 0, 0], ..Totals::default() }.lamp(&lights)
    };
    assert_eq!(lamp(0, 0, 0), Lamp::Green);
    assert_eq!(lamp(1000, 9, 299), Lamp::Green);
    assert_eq!(lamp(1000, 10, 0), Lamp::Yellow);
    assert_eq!(lamp(1000, 0, 300), Lamp::Yellow);
    assert_eq!(lamp(1000, 100, 0), Lamp::Red);
    assert_eq!(lamp(10, 0, 6), Lamp::Red);
    assert_eq!((rate(1, 3), rate(0, 0), rate(3, 3)), ("33.3%".into(), "—".into(), "100.0%".into()));
}

#[test]
fn counties_are_ranked_by_their_share_and_small_ones_are_not() {
    let line = |code: &str, rows, overdue, red| CountyLine {
        code: code.into(),
        name: code.into(),
        totals: Totals { rows, overdue, severity: [red, 0, 0, 0], ..Totals::default() },
        flow: Flow::default(),
    };
    // 1 of 3 and 2 of 6 are the same share.
    let lines = [
        line("a", 6, 2, 1),
        line("b", 30, 1, 0),
        line("e", 0, 0, 0),
        line("c", 3, 0, 0),
        line("d", 6, 2, 1),
    ];
    let found: Vec<(Option<usize>, &str)> =
        ranked(&lines, 5).into_iter().map(|(r, l)| (r, l.code.as_str())).collect();
    let expected = [(Some(1), "b"), (Some(2), "a"), (Some(2), "d"), (None, "c"), (None, "e")];
    assert_eq!(found, expected);
}

#[test]
fn the_ledger_remembers_batches() {
    let month = batch::month("2026-10").expect("a month");
    for wrong in ["2026", "2026-13", "26-10", "2026-1", "十月"] {
        assert!(batch::month(wrong).is_err(), "{wrong}");
    }
    let (on, prefix) = (day("2026-11-05"), "GS".to_owned());
    let own = |number| Batch { prefix: prefix.clone(), month, number, day: on };
    assert_eq!(own(1).pack("620423"), "GS-2026-10-620423");
    assert_eq!(own(2).folder(), "2026-10-2");
    let pack = |number: usize, county: &str| Act::PackIssue {
        month: "2026-10".into(),
        division: county.into(),
        rows: number as u64,
        blake3: "b".into(),
    };
    let issue = |pack: String| Act::Issue { pack, due: on, steps: vec![] };
    let drafts = vec![
        draft("n0", "2026-10-01", open("INS01", "n0")),
        draft("n1", "2026-11-05", issue(own(1).pack("620423"))),
        draft(&own(1).pack("620423"), "2026-11-05", pack(1, "620423")),
        draft(&own(1).pack("620122"), "2026-11-05", pack(7, "620122")),
        draft("n2", "2026-11-05", issue(own(2).pack("620423"))),
        draft(&own(2).pack("620423"), "2026-11-05", pack(2, "620423")),
        draft("GS-2026-09-620423", "2026-11-05", Act::PackReceive { division: "620423".into() }),
    ];
    let events = chain::link(&chain::Head::default(), drafts, None, "t").expect("events");
    let found = batch::issued(&events, "GS", month);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].first, found[0].counties.len()), (2, 2));
    assert_eq!((found[1].first, found[1].batch.number), (5, 2));
    assert_eq!(batch::last_month(&events), Some(month));
    assert!(batch::issued(&events, "HN", month).is_empty());
}

/// The words of outcomes in code lists are those of the ledger.
#[test]
fn outcomes_have_one_spelling() {
    for word in crate::pipeline::packs::OUTCOMES {
        let outcome: crate::ledger::act::Outcome =
            serde_json::from_value(word.into()).expect("an outcome");
        assert_eq!(serde_json::to_value(outcome).expect("a word"), word);
    }
}
