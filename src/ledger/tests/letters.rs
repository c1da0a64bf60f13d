//! Letters: each has a day of its own, and keeps its distance to a term that moved.

use super::fixture::{answer, day, policy};
use super::moves::{after, issue};
use crate::ledger::act::{Act, Fault, Outcome};

#[test]
fn letters_move_with_the_term_of_an_answer_that_was_sent_back() {
    let redo = Act::SendBack { fault: Fault::Refused, due: day("2026-01-30"), reason: "r".into() };
    // Due on the 15th, letters after the 20th and the 25th; the clock stood for a day.
    let acts = [issue("2026-01-05"), ("2026-01-12", answer(Outcome::Fixed)), ("2026-01-13", redo)];
    let back = after(&acts);
    assert_eq!(back.due, Some(day("2026-01-30")));
    assert_eq!(back.steps, [day("2026-02-04"), day("2026-02-09")]);
    let days = ["2026-01-30", "2026-01-31", "2026-02-04", "2026-02-05", "2026-02-10"];
    assert_eq!(days.map(|d| back.letters_due(day(d))), [0, 1, 1, 2, 3]);
}

/// Packs of an older program may say that all letters go out at once.
#[test]
fn no_two_letters_of_a_case_are_due_on_one_day() {
    let on = day("2026-01-20");
    let issue = Act::Issue { pack: "p".into(), due: on, steps: vec![on, on] };
    let case = after(&[("2026-01-05", issue)]);
    let days = ["2026-01-20", "2026-01-21", "2026-01-22", "2026-01-23", "2026-01-24"];
    assert_eq!(days.map(|d| case.letters_due(day(d))), [0, 1, 2, 3, 3]);
    assert_eq!(case.letter_days(), days[..3].iter().map(|d| day(d)).collect::<Vec<_>>());
}

/// Its case is still the county's work until somebody closes it.
#[test]
fn a_case_whose_rule_is_no_more_is_not_late_the_day_after() {
    assert_eq!(policy().terms("R99", day("2026-01-05")), (day("2026-01-10"), Vec::new()));
}
