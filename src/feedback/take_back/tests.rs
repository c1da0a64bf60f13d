//! Which of the answers to a case counts when several forms of it come back, in whatever order, and what
//! is said of rows that were pasted over, left out, or of another county by now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;

use super::book::{Hidden, ReturnedRow, Unread};
use super::judge::without_result;
use super::{Desk, Fields, Receiver, Returned, Taken, Verdict, judge};
use crate::feedback::seal;
use crate::ledger::act::{Act, Draft, Fault};
use crate::ledger::case::{Case, Cases};
use crate::ledger::state::State;
use crate::pipeline::packs::Level;
use crate::pipeline::{self, Pipeline};
use crate::privacy::PersonKeys;

const COUNTY: &str = "620423";
const NUMBER: &str = "GS-202603-620423-INS01-000001";

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn pack(month: &str) -> String {
    format!("GS-{month}-{COUNTY}")
}

/// The county's form of a month, with the case filled in.
fn form(month: &str, checked: &str, measure: &str) -> Returned {
    let cells = [
        ("checked_on", checked),
        ("way", "入户"),
        ("result", "属实已整改"),
        ("cause", "其他"),
        ("measure", measure),
        ("done_on", checked),
        ("evidence_no", "ZZ-1"),
        ("unit", "县卫健局"),
        ("person", "某某"),
    ];
    let row = ReturnedRow {
        sheet: "参保资助".into(),
        line: 5,
        number: NUMBER.into(),
        filled: cells.into_iter().map(|(id, text)| (id.to_owned(), text.to_owned())).collect(),
        ..ReturnedRow::default()
    };
    let hidden = Hidden {
        pack: pack(month),
        month: month.into(),
        division: COUNTY.into(),
        genuine: true,
        seals: BTreeMap::from([(NUMBER.to_owned(), (String::new(), row.sheet.clone()))]),
        ..Hidden::default()
    };
    let blake3 = format!("{month} {checked} {measure}");
    Returned { blake3, hidden: Some(hidden), rows: vec![row], ..Returned::default() }
}

/// One case and the packs that it stood in.
struct World {
    pipeline: Pipeline,
    cases: Cases,
    packs: BTreeMap<String, (String, String, NaiveDate)>,
    files: BTreeMap<String, (usize, NaiveDate)>,
}

impl World {
    fn new() -> Self {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
        let pipeline = pipeline::load(&dir).expect("the sample pipeline");
        let (packs, files) = (BTreeMap::new(), BTreeMap::new());
        let mut world = Self { pipeline, cases: Cases::default(), packs, files };
        world.act("2026-03-01", Act::opening("a", "INS01", "620423100200"));
        world
    }

    fn act(&mut self, on: &str, act: Act) {
        let draft = Draft { about: NUMBER.into(), day: day(on), actor: "甲".into(), act };
        self.cases.apply(&draft).expect("an allowed move");
    }

    fn issue(&mut self, month: &str, on: &str) {
        self.packs.insert(pack(month), (COUNTY.into(), month.into(), day(on)));
        self.act(on, Act::Issue { pack: pack(month), due: day("2026-12-31"), steps: Vec::new() });
    }

    /// Takes a form in: what is said of the case's row.
    fn take(&mut self, on: &str, returned: &Returned) -> (Verdict, String) {
        let taken = self.take_all(on, returned);
        let line = taken.lines.first().expect("the row has its line");
        (line.verdict, line.reason.clone())
    }

    /// Takes a form in: what is said of all its rows.
    fn take_all(&mut self, on: &str, returned: &Returned) -> Taken {
        let form = self.pipeline.pack(Level::County).expect("a form");
        let fields = Fields::new(&self.pipeline, form);
        let (keys, signed) = (PersonKeys::new(b"a test"), BTreeSet::new());
        let receiver = Receiver { day: day(on), actor: "甲".into(), county: None };
        let taken = judge(
            &Desk {
                fields: &fields,
                keys: &keys,
                cases: &self.cases,
                packs: &self.packs,
                signed: &signed,
                files: &self.files,
                receiver: &receiver,
            },
            returned,
        );
        assert_eq!(taken.refused, None);
        for draft in &taken.drafts {
            self.cases.apply(draft).expect("an allowed move");
        }
        let place = self.files.len();
        self.files.entry(returned.blake3.clone()).or_insert((place, day(on)));
        taken
    }

    fn case(&self) -> &Case {
        &self.cases.by_number[NUMBER]
    }
}

#[test]
fn what_was_checked_before_a_relapse_answers_it_no_more() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let march = form("2026-03", "2026-03-09", "已更正");
    assert_eq!(world.take("2026-03-10", &march).0, Verdict::Accepted);
    world.act("2026-03-20", Act::Close { reason: "已消除".into() });
    world.act("2026-10-05", Act::Reopen { relapse: true, reason: "又被发现".into() });
    world.issue("2026-10", "2026-10-06");
    // The form of March comes again, with more of its rows filled in.
    let (verdict, reason) = world.take("2026-10-08", &march);
    assert_eq!(verdict, Verdict::Invalid, "{reason}");
    assert!(reason.contains("“核查日期”2026-03-09早于重新立案日2026-10-05"), "{reason}");
    let case = world.case();
    assert_eq!((case.state, case.stopped, &case.answer), (State::Issued, None, &None));
    // What is checked anew counts, even in the old form.
    let anew = form("2026-03", "2026-10-05", "再次更正");
    assert_eq!(world.take("2026-10-09", &anew).0, Verdict::Accepted);
    assert_eq!(world.case().state, State::Answered);
}

#[test]
fn an_older_form_does_not_replace_the_answer_of_a_newer_one() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let first = form("2026-03", "2026-03-09", "已更正");
    assert_eq!(world.take("2026-03-10", &first).0, Verdict::Accepted);
    let (reason, due) = ("仍有此问题".to_owned(), day("2026-04-20"));
    world.act("2026-03-20", Act::SendBack { fault: Fault::StillFound, due, reason });
    world.issue("2026-04", "2026-04-02");
    // Refused is refused, though the case is in a pack again.
    let (verdict, reason) = world.take("2026-04-03", &first);
    assert_eq!(verdict, Verdict::Ignored, "{reason}");
    assert!(reason.contains("与已退回的反馈相同"), "{reason}");
    let second = form("2026-04", "2026-04-07", "再次更正");
    assert_eq!(world.take("2026-04-08", &second).0, Verdict::Accepted);
    let (verdict, reason) = world.take("2026-04-10", &first);
    assert_eq!(verdict, Verdict::Ignored, "{reason}");
    assert!(reason.contains("较新的反馈包 GS-2026-04-620423"), "{reason}");
    let measure = |world: &World| world.case().answer.as_ref().map(|a| a.measure.clone());
    assert_eq!(measure(&world).as_deref(), Some("再次更正"));
    // The newer form may say more.
    let third = form("2026-04", "2026-04-11", "补充说明");
    assert_eq!(world.take("2026-04-12", &third).0, Verdict::Accepted);
    assert_eq!(measure(&world).as_deref(), Some("补充说明"));
}

/// A file is taken again for the sake of its invalid rows: its other rows are no news.
#[test]
fn a_file_that_comes_again_does_not_undo_what_corrected_it() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let first = form("2026-03", "2026-03-09", "已更正");
    assert_eq!(world.take("2026-03-10", &first).0, Verdict::Accepted);
    let (verdict, reason) = world.take("2026-03-11", &first);
    assert_eq!((verdict, reason.as_str()), (Verdict::Ignored, "与上次反馈相同"));
    let second = form("2026-03", "2026-03-09", "再次更正");
    assert_eq!(world.take("2026-03-11", &second).0, Verdict::Accepted);
    let (verdict, reason) = world.take("2026-03-12", &first);
    assert_eq!(verdict, Verdict::Ignored, "{reason}");
    assert!(reason.contains("此文件之后已另有反馈"), "{reason}");
    assert_eq!(world.take("2026-03-12", &second).1, "与上次反馈相同");
    assert_eq!(world.case().answer.as_ref().map(|a| a.measure.as_str()), Some("再次更正"));
}

/// A waiver takes the place of the answer before it: who is asked anew may say the same.
#[test]
fn what_was_answered_before_a_waiver_can_be_answered_again() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let answer = form("2026-03", "2026-03-09", "已更正");
    assert_eq!(world.take("2026-03-10", &answer).0, Verdict::Accepted);
    let (reason, approver, evidence_no) = ("外出".into(), "甲".into(), "E-1".into());
    let until = Some(day("2026-03-31"));
    world.act("2026-03-11", Act::Waive { reason, approver, evidence_no, until });
    world.act("2026-04-01", Act::Lapse);
    world.issue("2026-04", "2026-04-02");
    let (verdict, reason) = world.take("2026-04-08", &form("2026-04", "2026-03-09", "已更正"));
    assert_eq!(verdict, Verdict::Accepted, "{reason}");
    assert_eq!(world.case().state, State::Answered);
}

/// Filled down with its number, a row stands twice: the one that it was pasted over is told by its seal.
#[test]
fn a_number_that_was_pasted_over_another_row_is_told() {
    let other = "GS-202603-620423-INS01-000002";
    let keys = PersonKeys::new(b"a test");
    let sealed = |number: &str, text: &str| {
        let seal = seal::row(&keys, &pack("2026-03"), number, &[number, text]);
        (number.to_owned(), (seal, "参保资助".to_owned()))
    };
    for above in [0, 1] {
        let mut world = World::new();
        world.issue("2026-03", "2026-03-02");
        let mut form = form("2026-03", "2026-03-09", "已更正");
        let page = form.hidden.as_mut().expect("a system page");
        page.seals = BTreeMap::from([sealed(NUMBER, "甲"), sealed(other, "乙")]);
        form.rows[0].sealed = Some(vec![NUMBER.into(), "甲".into()]);
        let sealed = Some(vec![NUMBER.into(), "乙".into()]);
        let pasted = ReturnedRow { line: 6, sealed, ..form.rows[0].clone() };
        form.rows.insert(above, pasted);
        let taken = world.take_all("2026-03-10", &form);
        let line = |at: u64| taken.lines.iter().find(|l| l.row == at).expect("a line");
        assert_eq!(line(5).verdict, Verdict::Accepted, "{}", line(5).reason);
        assert_eq!(line(6).verdict, Verdict::Invalid, "{}", line(6).reason);
        assert!(line(6).reason.contains(other), "{}", line(6).reason);
        // What stands there twice as it was sent out is taken once.
        let again = ReturnedRow { line: 7, ..form.rows[1 - above].clone() };
        form.rows.push(again);
        let mut world = World::new();
        world.issue("2026-03", "2026-03-02");
        let taken = world.take_all("2026-03-10", &form);
        let verdicts: BTreeMap<u64, Verdict> =
            taken.lines.iter().map(|l| (l.row, l.verdict)).collect();
        let (taken, invalid, ignored) = (Verdict::Accepted, Verdict::Invalid, Verdict::Ignored);
        assert_eq!(verdicts, BTreeMap::from([(5, taken), (6, invalid), (7, ignored)]));
    }
}

#[test]
fn a_county_is_not_asked_for_what_another_has_by_now() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let filled = form("2026-03", "2026-03-09", "已更正");
    let without = Returned { rows: Vec::new(), blake3: "none".into(), ..filled.clone() };
    let left_out = world.take_all("2026-03-03", &without).lines;
    assert_eq!(left_out.iter().map(|l| l.number.as_str()).collect::<Vec<_>>(), [NUMBER]);
    for (on, county) in [("2026-03-04", "620122"), ("2026-03-05", "620103")] {
        let (county, owner) = (county.to_owned(), "county_health".to_owned());
        world.act(on, Act::HandOver { county, owner, reason: "人已搬走".into() });
    }
    let pack = "GS-2026-03-620103-2".to_owned();
    world.act("2026-03-06", Act::Issue { pack, due: day("2026-12-31"), steps: Vec::new() });
    assert_eq!(world.take_all("2026-03-07", &without).lines, []);
    // The case says who had it last before; that this county had it is known by its form.
    let (verdict, reason) = world.take("2026-03-10", &filled);
    assert_eq!((verdict, &*reason), (Verdict::Ignored, "本件已转其他县（市、区）办理"));
    let mut forged = filled;
    forged.hidden.as_mut().expect("a system page").seals.clear();
    let (verdict, reason) = world.take("2026-03-10", &forged);
    assert_eq!(verdict, Verdict::Invalid, "{reason}");
}

/// The ledger keeps what it was told.
#[test]
fn the_name_of_a_returned_file_stays_out_of_the_ledger() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let blake3 = "1a2b3c4d".repeat(8);
    for (name, known) in [
        ("张三629423195001010013.XLSX", "反馈表-1a2b3c4d.xlsx"),
        ("反馈.张三629423195001010013", "反馈表-1a2b3c4d"),
        ("反馈", "反馈表-1a2b3c4d"),
    ] {
        let form = form("2026-03", "2026-03-09", "已更正");
        let returned = Returned { name: name.into(), blake3: blake3.clone(), ..form };
        let last = world.take_all("2026-03-10", &returned).drafts.pop().expect("an act");
        let Act::PackReturn { file, .. } = last.act else { panic!("{last:?}") };
        assert_eq!(file, known);
    }
}

/// They were sent back: who reads that they were left out looks for them in vain.
#[test]
fn rows_below_a_lost_heading_and_broken_ones_are_invalid() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let mut returned = form("2026-03", "2026-03-09", "已更正");
    let row = returned.rows.remove(0);
    let unread =
        |line: u64, number: &str| Unread { sheet: row.sheet.clone(), line, number: number.into() };
    returned.unread =
        vec![unread(2, "2026-03-01至2026-03-09"), unread(5, NUMBER), unread(6, NUMBER)];
    let taken = world.take_all("2026-03-10", &returned);
    let said = |taken: &Taken| -> Vec<(u64, Verdict)> {
        taken.lines.iter().map(|l| (l.row, l.verdict)).collect()
    };
    assert_eq!(said(&taken), [(5, Verdict::Invalid)]);
    assert!(taken.lines[0].reason.contains("恢复表头"), "{:?}", taken.lines);
    assert_eq!(world.case().state, State::Issued);
    // A list of numbers beside the sheet is no loss.
    returned.unread.push(unread(9, ""));
    returned.rows.push(row);
    let taken = world.take_all("2026-03-10", &returned);
    assert_eq!(said(&taken), [(5, Verdict::Accepted), (9, Verdict::Invalid)]);
}

/// The policy was edited between the pack and its return: of other columns no seal can be made again.
#[test]
fn a_form_of_an_older_version_is_taken_by_its_numbers() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let mut returned = form("2026-03", "2026-03-09", "已更正");
    returned.rows[0].sealed = Some(vec![NUMBER.into(), "甲".into()]);
    let today = world.pipeline.pack(Level::County).expect("a form").version.clone();
    let mut take = |version: &str| {
        returned.hidden.as_mut().expect("a system page").version = version.into();
        world.take("2026-03-10", &returned)
    };
    let (verdict, reason) = take(&today);
    assert!(verdict == Verdict::Invalid && reason.contains("被改动"), "{reason}");
    let (verdict, reason) = take("another");
    assert!(verdict == Verdict::Accepted && reason.contains("表样已更新"), "{reason}");
}

/// Somebody keeps a copy of the sheet as it came, in the same file.
#[test]
fn a_blank_copy_of_a_row_does_not_contradict_it() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let mut form = form("2026-03", "2026-03-09", "已更正");
    let (sheet, filled) = ("参保资助 (2)".to_owned(), BTreeMap::new());
    let blank = ReturnedRow { sheet, filled, ..form.rows[0].clone() };
    form.rows.push(blank);
    let taken = world.take_all("2026-03-10", &form);
    let verdicts: Vec<Verdict> = taken.lines.iter().map(|l| l.verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Ignored]);
}

/// Two offices of a county may each send its own form.
#[test]
fn an_answer_that_takes_the_place_of_another_says_so() {
    let mut world = World::new();
    world.issue("2026-03", "2026-03-02");
    let (verdict, reason) = world.take("2026-03-10", &form("2026-03", "2026-03-09", "已更正"));
    assert!(verdict == Verdict::Accepted && !reason.contains("取代"), "{reason}");
    let mut other = form("2026-03", "2026-03-09", "另一部门");
    other.rows[0].filled.insert("result".into(), "不属实".into());
    let (verdict, reason) = world.take("2026-03-11", &other);
    assert_eq!(verdict, Verdict::Accepted, "{reason}");
    assert!(reason.ends_with("；取代2026-03-10已收取的“属实已整改”"), "{reason}");
    // What was sent back is no answer any more.
    let (fault, due, reason) = (Fault::Refused, day("2026-03-31"), "佐证不足".into());
    world.act("2026-03-12", Act::SendBack { fault, due, reason });
    let (_, reason) = world.take("2026-03-13", &form("2026-03", "2026-03-13", "重新核查"));
    assert!(!reason.contains("取代"), "{reason}");
}

/// Files that are no XLSX do not say which cells are merged.
#[test]
fn a_row_without_a_result_is_told_why() {
    let said = |merged: Option<&str>, blank, guess| {
        without_result(merged.map(str::to_owned), blank, guess)
    };
    let (verdict, text) = said(None, true, true);
    assert!(verdict == Verdict::Ignored && text.contains("如与上一行合并"), "{text}");
    assert_eq!(said(None, true, false), (Verdict::Ignored, "未反馈（整行空白）".to_owned()));
    assert_eq!(said(None, false, true).0, Verdict::Invalid);
    assert_eq!(said(Some("合并"), true, false), (Verdict::Invalid, "合并".to_owned()));
}
