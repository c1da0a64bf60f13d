//! Where the list of working days ends, terms are only a guess: that is said, by the check of a
//! pipeline and when packs go out.

use bidui::ledger::policy::Policy;
use bidui::pipeline::load;
use chrono::NaiveDate;

use crate::support::{Bidui, Policies, gansu, temp};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

#[test]
fn the_list_covers_whole_years_and_terms_beyond_it_are_known() {
    let policy = Policy::of(&load(&gansu()).expect("a pipeline"));
    let until = policy.workdays.until().expect("a list");
    assert_eq!(until, day("2026-12-31"), "codes/workday.csv has another year: renew this test");
    assert_eq!(policy.unlisted(day("2026-11-12")), None);
    // Three working days from a Tuesday end on the Friday, which may be a holiday.
    assert_eq!(policy.after("3wd", day("2026-12-29")), day("2027-01-01"));
    assert_eq!(policy.unlisted(day("2026-12-29")), Some(until));
}

#[test]
fn the_check_of_a_pipeline_says_so() {
    let (policies, input) = (Policies::new(), temp());
    let place = format!("input: {}", input.path().display());
    policies.edit("gansu/pipeline.yaml", "input: ../../sample_data/gansu", &place);
    let check =
        |words: &[&str]| Bidui::new("check").arg(policies.gansu()).args(words).go().ended(0);
    std::fs::create_dir(input.path().join("2026-11-12")).expect("a folder");
    assert_eq!(check(&[]).stderr, "");
    let said = check(&["--verbose"]).stderr;
    assert!(said.contains("codes/workday.csv speaks of days until 2026-12-31"), "{said}");
    std::fs::create_dir(input.path().join("2026-12-29")).expect("a folder");
    let said = check(&[]).stderr;
    assert!(said.contains("warning: codes/workday.csv ends on 2026-12-31"), "{said}");
}
