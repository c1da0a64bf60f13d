//! Where the list of working days ends, terms are only a guess: that is said, by the check of a
//! pipeline and when packs go out. Terms of anomalies and of cases count the same days.

use std::collections::BTreeSet;

use bidui::anomaly::waiver::Waivers;
use bidui::anomaly::{self, Anomaly, Looked, Memory, State};
use bidui::ledger::policy::Policy;
use bidui::pipeline::load;
use bidui::privacy::PersonKeys;
use bidui::rule::Finding;
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

/// Asked on the eve of the holidays of October 2026: the term ends five days later than working days
/// alone would have it, and the letters after it keep their distance.
#[test]
fn letters_keep_their_distance_to_a_term_that_waits_for_holidays() {
    let pipeline = load(&gansu()).expect("a pipeline");
    let route = &pipeline.rules["MEC01"].route;
    assert_eq!((route.due.as_str(), route.escalate.join(" ")), ("3wd", "7d 14d".to_owned()));
    let policy = Policy::of(&pipeline);
    let steps = |texts: [&str; 2]| texts.map(day).to_vec();
    let eve = policy.terms("MEC01", day("2026-09-30"));
    assert_eq!(eve, (day("2026-10-10"), steps(["2026-10-12", "2026-10-19"])));
    let plain = policy.terms("MEC01", day("2026-11-10"));
    assert_eq!(plain, (day("2026-11-13"), steps(["2026-11-17", "2026-11-24"])));
    // A Saturday that is worked ends a term early; no letter goes out before its own days.
    let early = policy.terms("MEC01", day("2026-09-17"));
    assert_eq!(early, (day("2026-09-21"), steps(["2026-09-24", "2026-10-01"])));
}

/// The Wednesday before the holidays of October 2026, after which people work on a Saturday.
#[test]
fn an_anomaly_knows_holidays_and_make_up_days() {
    let pipeline = load(&gansu()).expect("a pipeline");
    let (keys, waivers) = (PersonKeys::new(b"test"), Waivers::default());
    let (ran, unread) = (BTreeSet::from(["ORG01".to_owned()]), BTreeSet::new());
    assert_eq!(pipeline.rules["ORG01"].route.due, "3wd", "choose another rule");
    let found = |night: NaiveDate, memory: &Memory| -> Anomaly {
        let finding = Finding {
            rule: "ORG01".into(),
            subject: "620122101201".into(),
            anchor: String::new(),
            division: "620122101201".into(),
            who: None,
            evidence: Vec::new(),
            message: String::new(),
        };
        let (pipeline, keys, waivers) = (&pipeline, &keys, &waivers);
        let (ran, unread) = (&ran, &unread);
        let looked = Looked { pipeline, keys, night, ran, unread, waivers, memory };
        anomaly::collect(&looked, vec![finding]).into_iter().next().expect("an anomaly")
    };
    let night = day("2026-09-30");
    let first = found(night, &Memory::default());
    assert_eq!((first.state, first.due), (State::New, day("2026-10-10")));
    assert_eq!(first.due, Policy::of(&pipeline).after("3wd", night));
    let mut memory = Memory::default();
    memory.known.insert(first.anomaly.clone(), first.clone());
    let second = found(day("2026-10-08"), &memory);
    assert_eq!((second.state, second.due), (State::Persisting, first.due), "its term stays");
}
