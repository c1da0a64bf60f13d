//! Packs: by when they want answers, and how they stand once cases have changed hands.

use super::{answer, cases, day, draft, gansu, open};
use crate::feedback::county;
use crate::feedback::select::{Issuing, rows};
use crate::feedback::status::{PackLine, status};
use crate::ledger::act::Act;
use crate::ledger::case::{Case, Cases};
use crate::ledger::chain;
use crate::ledger::policy::Policy;
use crate::pipeline::packs::Level;

/// A month's first pack also lists what was answered: the term of that is over, and asks nobody.
#[test]
fn the_cover_names_the_terms_of_cases_that_want_an_answer() {
    let (pipeline, mut cases) = (gansu(), cases());
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let (pack, day) = ("GS-2026-11-620423", day("2026-11-10"));
    let issuing = Issuing { pack, day, actor: "甲", policy: &policy, form };
    let said = |cases: &Cases, numbers: &[&str]| {
        let own: Vec<&Case> = numbers.iter().map(|n| &cases.by_number[*n]).collect();
        county::term(&rows(&own, &issuing).expect("rows"))
    };
    assert_eq!(said(&cases, &["n2"]), "均已逾期");
    cases.apply(&draft("n2", "2026-09-12", answer())).expect("an allowed move");
    assert_eq!(said(&cases, &["n2"]), "本批无待反馈件");
    let due = policy.terms("INS01", day).0;
    assert_eq!(said(&cases, &["n1", "n2"]), due.to_string());
}

/// The sender of a case neither answers it any more nor is late with it.
#[test]
fn a_case_that_was_handed_over_is_its_receivers() {
    let (sender, receiver) = ("GS-2026-10-620423", "GS-2026-10-620122");
    let issue =
        |pack: &str| Act::Issue { pack: pack.into(), due: day("2026-10-20"), steps: vec![] };
    let pack = |county: &str, rows| Act::PackIssue {
        month: "2026-10".into(),
        division: county.into(),
        rows,
        blake3: "b".into(),
    };
    let hand = || Act::HandOver {
        county: "620122".into(),
        owner: "county_health".into(),
        reason: "转办".into(),
    };
    let mut drafts = Vec::new();
    for number in ["n1", "n2", "n3"] {
        drafts.push(draft(number, "2026-10-01", open("INS01", number)));
        drafts.push(draft(number, "2026-10-05", issue(sender)));
    }
    drafts.extend([
        draft(sender, "2026-10-05", pack("620423", 3)),
        draft("n3", "2026-10-06", answer()),
        draft("n2", "2026-10-07", hand()),
        draft("n3", "2026-10-07", hand()),
        draft("n2", "2026-10-08", issue(receiver)),
        draft("n3", "2026-10-08", issue(receiver)),
        draft(receiver, "2026-10-08", pack("620122", 2)),
        draft("n2", "2026-10-09", answer()),
        draft("n3", "2026-10-21", Act::Escalate { step: 1 }),
    ]);
    let events = chain::link(&chain::Head::default(), drafts, None, "t").expect("events");
    let found = status(&events, day("2026-10-01"), day("2026-11-01")).expect("lines");
    let line = |pack: &str, county: &str, issued: &str| PackLine {
        pack: pack.into(),
        county: county.into(),
        issued: Some(day(issued)),
        answered: 1,
        overdue: 1,
        ..PackLine::default()
    };
    let received = line(receiver, "620122", "2026-10-08");
    let received = PackLine { rows: 2, open: 2, letter: 1, ..received };
    let sent = line(sender, "620423", "2026-10-05");
    let sent = PackLine { rows: 3, open: 1, handed_over: 2, ..sent };
    assert_eq!(found, [received, sent]);
}

/// A county may sign long before it returns anything: `bidui case receive` notes it.
#[test]
fn a_county_has_its_pack_that_signed_for_a_case_of_it() {
    let pack = "GS-2026-10-620423";
    let issue = Act::Issue { pack: pack.into(), due: day("2026-10-20"), steps: vec![] };
    let division = "620423".to_owned();
    let whole = Act::PackIssue { month: "2026-10".into(), division, rows: 1, blake3: "b".into() };
    let drafts = vec![
        draft("n1", "2026-10-01", open("INS01", "n1")),
        draft("n1", "2026-10-05", issue),
        draft(pack, "2026-10-05", whole),
        draft("n1", "2026-10-06", Act::Receive),
        draft(pack, "2026-10-09", Act::PackReceive { division: "620423".into() }),
    ];
    let events = chain::link(&chain::Head::default(), drafts, None, "t").expect("events");
    let found = status(&events, day("2026-10-01"), day("2026-10-31")).expect("lines");
    assert_eq!(found[0].signed, Some(day("2026-10-06")));
}
