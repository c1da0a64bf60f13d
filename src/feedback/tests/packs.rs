//! Packs: by when they want answers.

use super::{answer, cases, day, draft, gansu};
use crate::feedback::county;
use crate::feedback::select::{Issuing, rows};
use crate::ledger::case::{Case, Cases};
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
