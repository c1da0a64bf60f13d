//! What a bulletin says of the work on cases.

use super::super::Material;
use super::super::cases::CaseFacts;
use super::super::facts::Facts;
use super::super::{annex, words};
use super::{day, plain_text, rows, with_material, world};
use crate::indicator::table::History;
use crate::ledger::act::{Act, Answer, Draft, Fault};

fn draft(about: &str, on: &str, act: Act) -> Draft {
    Draft { about: about.into(), day: day(on), actor: "test".into(), act }
}

fn open(about: &str, county: &str) -> Draft {
    draft(about, "2026-10-01", Act::opening(about, "INS01", county))
}

fn issue(about: &str, on: &str) -> Draft {
    let (pack, due) = ("GS-2026-11-620423".to_owned(), day("2026-12-31"));
    draft(about, on, Act::Issue { pack, due, steps: Vec::new() })
}

fn answer(about: &str, on: &str, cause: &str) -> Draft {
    let answer = serde_json::json!({"outcome": "fixed", "pack": "p", "file": "f", "cause": cause});
    let answer: Answer = serde_json::from_value(answer).expect("an answer");
    draft(about, on, Act::Answer(Box::new(answer)))
}

/// `件` are cases: one that goes round twice is one, and its cause is the one that was given last.
#[test]
fn a_case_that_went_round_twice_counts_once() {
    let reason = || "仍有此问题".to_owned();
    let back = Act::SendBack { fault: Fault::StillFound, due: day("2026-12-31"), reason: reason() };
    let over =
        Act::HandOver { county: "620122".into(), owner: "county_health".into(), reason: reason() };
    let drafts = [
        open("n1", "620423"),
        open("n2", "620423"),
        open("n3", "620423"),
        issue("n1", "2026-10-30"),
        issue("n2", "2026-11-02"),
        issue("n3", "2026-11-02"),
        answer("n1", "2026-11-03", "信息错误"),
        draft("n1", "2026-11-04", back),
        issue("n1", "2026-11-05"),
        answer("n1", "2026-11-06", "人员外出"),
        answer("n1", "2026-11-07", "政策未落实"),
        answer("n2", "2026-11-07", "政策未落实"),
        // The next county says nothing of a cause.
        answer("n3", "2026-11-08", "人员外出"),
        draft("n3", "2026-11-09", over),
        issue("n3", "2026-11-10"),
        answer("n3", "2026-11-11", ""),
    ];
    let facts = CaseFacts::of(&drafts, day("2026-11-01"), day("2026-11-30")).expect("facts");
    let counts = |county: &str| {
        let acts = facts.sum(|c| county.is_empty() || c == county).1;
        (acts.issued, acts.answered, acts.sent_back)
    };
    assert_eq!(counts("620423"), (3, 3, 1));
    assert_eq!(counts("620122"), (1, 1, 0));
    assert_eq!(counts(""), (3, 3, 1), "two counties had n3");
    assert_eq!(facts.causes(&["INS01".to_owned()]), [("政策未落实".to_owned(), 2)]);
}

/// The next month begins with what is open on its first day: nothing may lie between the two.
#[test]
fn acts_after_the_last_night_of_a_month_are_in_its_bulletin() {
    let mut history = History::default();
    history.replace(day("2026-11-20"), &rows(&[("620423", 980, 1000)]));
    let mut drafts = vec![open("n1", "620423"), open("n2", "620423")];
    drafts.extend(["n1", "n2"].map(|number| issue(number, "2026-11-02")));
    drafts.push(answer("n1", "2026-11-25", "政策未落实"));
    drafts.push(answer("n2", "2026-12-01", "政策未落实"));
    with_material(&world(), "2026-11", (&history, &[]), false, |material| {
        let material = Material { drafts: Some(drafts.as_slice()), ..*material };
        let facts = Facts::of(&material).expect("facts");
        let cases = facts.cases.as_ref().expect("cases");
        assert_eq!((cases.first, cases.last), (day("2026-11-01"), day("2026-11-25")));
        assert_eq!(cases.sum(|_| true).1.answered, 1);
    });
}

/// How long a case is late says what is to be done about it; the bounds are the policy's.
#[test]
fn overdue_cases_are_told_by_their_age() {
    let mut history = History::default();
    history.replace(day("2026-11-30"), &rows(&[("620423", 980, 1000)]));
    let late = [("n1", "2026-11-23"), ("n2", "2026-11-22"), ("n3", "2026-10-30")];
    let mut drafts = Vec::new();
    for (number, due) in late.into_iter().chain([("n4", "2026-11-30")]) {
        drafts.push(open(number, "620423"));
        let (pack, due) = ("GS-2026-10-620423".to_owned(), day(due));
        drafts.push(draft(number, "2026-10-02", Act::Issue { pack, due, steps: Vec::new() }));
    }
    let facts = CaseFacts::of(&drafts, day("2026-11-01"), day("2026-11-30")).expect("facts");
    assert_eq!(facts.ages(&[7, 30], |_| true), [1, 1, 1]);
    assert_eq!(facts.ages(&[30], |_| true), [2, 1]);
    assert_eq!(facts.ages(&[7, 30], |county| county == "620122"), [0, 0, 0]);
    assert_eq!(words::age_words(&[7, 30]), ["7天以内", "8至30天", "31天以上"]);
    assert!(words::age_words(&[]).is_empty());
    with_material(&world(), "2026-11", (&history, &[]), false, |material| {
        let material = Material { drafts: Some(drafts.as_slice()), ..*material };
        let text = plain_text(&material);
        assert!(text.contains("其中逾期3件（7天以内1件、8至30天1件、31天以上1件）。"), "{text}");
        assert!(text.contains("应发督办文书0件次"), "what was sent nobody knows: {text}");
        let facts = Facts::of(&material).expect("facts");
        let grid = annex::flows(&facts).expect("a ledger");
        assert_eq!(grid.head.len(), grid.rows[0].len());
        assert_eq!(grid.head.last().map(String::as_str), Some("逾期31天以上"));
        assert_eq!(grid.rows[0].last().map(|cell| cell.text.as_str()), Some("1"));
    });
}
