//! A case that comes back is asked for anew, what was said when it was sent back stays, and a waiver
//! does not.

use super::fixture::{answer, day};
use super::moves::{after, issue, waive};
use crate::ledger::act::{Act, Fault, Outcome};
use crate::ledger::table::text;

fn relapse() -> Act {
    Act::Reopen { relapse: true, reason: "又被发现".into() }
}

/// Indicators count the days of the round under way, or of the one that ended last.
#[test]
fn a_case_that_comes_back_is_issued_anew() {
    let today = day("2026-06-01");
    let mut acts = vec![issue("2026-01-05"), ("2026-01-17", Act::Vanish)];
    let ended = after(&acts);
    assert_eq!(text(&ended, "issued", today).as_deref(), Some("2026-01-05"));
    acts.push(("2026-05-01", relapse()));
    let back = after(&acts);
    assert_eq!(text(&back, "issued", today), None, "nobody was asked anew");
    assert!(back.issued.is_some(), "but the county knows it");
    acts.push(issue("2026-05-20"));
    let redo = Act::SendBack { fault: Fault::Refused, due: day("2026-05-30"), reason: "r".into() };
    acts.extend([("2026-05-22", answer(Outcome::Fixed)), ("2026-05-23", redo)]);
    acts.push(issue("2026-05-25"));
    let again = after(&acts);
    assert_eq!(again.issued, Some(day("2026-05-20")), "the first pack of the round");
    acts.push(("2026-05-28", Act::Vanish));
    assert_eq!(text(&after(&acts), "issued", today).as_deref(), Some("2026-05-20"));
}

#[test]
fn what_was_said_when_it_was_sent_back_is_not_overwritten() {
    let reason = "材料不全".to_owned();
    let redo = Act::SendBack { fault: Fault::Refused, due: day("2026-01-20"), reason };
    let acts = [
        issue("2026-01-05"),
        ("2026-01-06", answer(Outcome::Fixed)),
        ("2026-01-07", redo),
        ("2026-01-08", Act::Vanish),
        ("2026-02-01", relapse()),
    ];
    let back = after(&acts);
    assert_eq!((&*back.back_reason, &*back.reason), ("材料不全", "又被发现"));
    assert_eq!(back.sent_back, 1);
}

/// A case that is opened again after its waiver is exempt until no day.
#[test]
fn a_waiver_ends_with_its_case() {
    let mut acts = vec![("2026-01-05", waive("2026-03-01"))];
    assert_eq!(after(&acts).waived_until, Some(day("2026-03-01")));
    acts.push(("2026-01-08", Act::Vanish));
    acts.push(("2026-02-01", Act::Reopen { relapse: false, reason: "误关".into() }));
    assert_eq!(after(&acts).waived_until, None);
}
