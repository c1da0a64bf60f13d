//! What ends a case: an answer that stands, and extracts that are newer than it. And whose it is.

use std::collections::BTreeSet;

use super::fixture::{act, all_ran, anomaly, answer, day, draft, policy, tonight};
use super::moves::{issue, night, waive};
use crate::anomaly::{Anomaly, State as Found};
use crate::ledger::act::{Act, Fault, Outcome};
use crate::ledger::advance::{NOWHERE, Tonight, advance};
use crate::ledger::case::{Case, Cases};
use crate::ledger::state::{State, Verb};

/// One case, opened on 1 January and asked for on the 2nd, and what was done to it then.
struct World {
    cases: Cases,
    number: String,
}

impl World {
    fn asked() -> Self {
        let mut cases = Cases::default();
        night(&mut cases, "2026-01-01", &[anomaly(0, Found::New, None)], None);
        let number = cases.by_number.keys().next().expect("a case").clone();
        let mut world = Self { cases, number };
        let (on, issue) = issue("2026-01-02");
        world.does(on, issue);
        world
    }

    fn does(&mut self, on: &str, act: Act) {
        self.cases.apply(&draft(&self.number, day(on), act)).expect("it is allowed");
    }

    fn refused(&mut self, on: &str) {
        self.does(on, act(Verb::SendBack, day(on), 0, &policy()));
    }

    /// A night without the anomaly, whose rule's feeds came last on a day.
    fn gone(&mut self, on: &str, fresh: Option<&str>) -> State {
        night(&mut self.cases, on, &[], fresh);
        self.case().state
    }

    fn case(&self) -> &Case {
        &self.cases.by_number[&self.number]
    }
}

/// A threshold was raised, or twelve months moved on: no extract says that anything was mended.
#[test]
fn what_is_gone_without_newer_data_waits_for_them() {
    for outcome in [Outcome::Fixed, Outcome::NotTrue, Outcome::Waiver, Outcome::Elsewhere] {
        let mut world = World::asked();
        world.does("2026-01-05", answer(outcome));
        assert_eq!(world.gone("2026-01-05", Some("2026-01-05")), State::Reviewing);
        assert_eq!(world.gone("2026-01-09", Some("2026-01-05")), State::Reviewing);
        assert_eq!(world.gone("2026-01-10", Some("2026-01-10")), State::Closed, "{outcome:?}");
    }
    // Where no feed is known that could come, there is nothing to wait for.
    let mut world = World::asked();
    world.does("2026-01-05", answer(Outcome::Fixed));
    assert_eq!(world.gone("2026-01-06", None), State::Closed);
    // Nobody has answered: whatever took it away, it is no longer asked for.
    let mut world = World::asked();
    assert_eq!(world.gone("2026-01-05", Some("2026-01-01")), State::Vanished);
}

/// A waiver takes the place of any answer, also when it is over: the county is asked anew.
#[test]
fn an_answer_from_before_a_waiver_proves_nothing() {
    let mut world = World::asked();
    world.does("2026-01-05", answer(Outcome::NotTrue));
    world.does("2026-01-06", act(Verb::Waive, day("2026-01-06"), 0, &policy()));
    let found = [anomaly(0, Found::Persisting, None)];
    night(&mut world.cases, "2026-01-07", &found, Some("2026-01-01"));
    assert_eq!(world.case().state, State::Pending, "the waiver is over");
    assert_eq!((&world.case().answer, world.case().answered), (&None, None));
    assert_eq!(world.gone("2026-01-09", Some("2026-01-09")), State::Vanished);
}

/// Nobody is asked for what may be gone.
#[test]
fn a_waiver_that_is_over_waits_for_its_rule() {
    let mut world = World::asked();
    world.does("2026-01-05", waive("2026-01-10"));
    let without: BTreeSet<String> = all_ran().into_iter().filter(|r| r != "R01").collect();
    let blind = tonight(day("2026-01-20"), &[], &without, &|_, _| None);
    assert_eq!(advance(&world.cases, &blind, &policy()).expect("a night"), []);
    assert_eq!(night(&mut world.cases, "2026-01-21", &[anomaly(0, Found::Held, None)], None), []);
    night(&mut world.cases, "2026-01-22", &[anomaly(0, Found::Persisting, None)], None);
    assert_eq!(world.case().state, State::Pending);
}

#[test]
fn a_refused_answer_is_none_until_a_newer_one_comes() {
    let mut world = World::asked();
    world.does("2026-01-05", answer(Outcome::Fixed));
    world.refused("2026-01-06");
    let (on, issue) = issue("2026-01-07");
    world.does(on, issue);
    assert!(!world.case().is_answered());
    assert_eq!(world.gone("2026-01-08", Some("2026-01-08")), State::Vanished);

    let mut world = World::asked();
    world.does("2026-01-05", answer(Outcome::Fixed));
    world.refused("2026-01-06");
    assert_eq!(world.case().fault, Some(Fault::Refused));
    world.does("2026-01-07", answer(Outcome::NotTrue));
    assert!(world.case().is_answered() && world.case().fault.is_none());
    assert_eq!(world.gone("2026-01-08", Some("2026-01-08")), State::Closed);
}

/// The night that refuted it saw an extract that was newer than the answer: only the one after that can
/// prove it.
#[test]
fn a_refuted_answer_is_proved_only_by_what_came_after_it_was_sent_back() {
    let mut world = World::asked();
    world.does("2026-01-05", answer(Outcome::Fixed));
    let found = [anomaly(0, Found::Persisting, None)];
    night(&mut world.cases, "2026-01-07", &found, Some("2026-01-06"));
    assert_eq!(world.case().fault, Some(Fault::StillFound));
    assert_eq!(world.case().sent_back_on, Some(day("2026-01-07")));
    // A threshold was raised: the extract is the one that showed it.
    assert_eq!(world.gone("2026-01-08", Some("2026-01-06")), State::SentBack);
    assert_eq!(world.gone("2026-01-09", Some("2026-01-07")), State::SentBack);
    let (on, issue) = issue("2026-01-09");
    world.does(on, issue);
    assert_eq!(world.gone("2026-01-10", Some("2026-01-07")), State::Issued);
    assert_eq!(world.gone("2026-01-11", Some("2026-01-11")), State::Closed);
}

/// Whoever does not believe an answer opens its case again: the same extracts do not end it once more.
#[test]
fn what_somebody_opened_again_ends_with_an_answer() {
    let again = || Act::Reopen { relapse: false, reason: "佐证不实".into() };
    let mut world = World::asked();
    world.does("2026-01-05", answer(Outcome::Fixed));
    assert_eq!(world.gone("2026-01-10", Some("2026-01-10")), State::Closed);
    world.does("2026-01-11", again());
    assert_eq!(world.gone("2026-01-12", Some("2026-01-12")), State::Pending);
    let (on, issue) = issue("2026-01-13");
    world.does(on, issue);
    assert_eq!(world.gone("2026-01-14", Some("2026-01-14")), State::Issued);
    world.does("2026-01-15", answer(Outcome::Fixed));
    world.refused("2026-01-16");
    assert_eq!(world.gone("2026-01-17", Some("2026-01-17")), State::SentBack);
    world.does("2026-01-18", answer(Outcome::Fixed));
    assert_eq!(world.gone("2026-01-19", Some("2026-01-18")), State::Reviewing);
    assert_eq!(world.gone("2026-01-20", Some("2026-01-20")), State::Closed);
    // A waiver ends, and the case goes on.
    world.does("2026-01-21", again());
    world.does("2026-01-22", waive("2026-01-25"));
    assert_eq!(world.gone("2026-01-25", Some("2026-01-25")), State::Waived);
    assert_eq!(world.gone("2026-01-26", Some("2026-01-26")), State::Pending);
    assert_eq!(world.gone("2026-01-27", Some("2026-01-27")), State::Pending);
    // What came back by itself goes by itself.
    world.does("2026-01-28", Act::Close { reason: "误开".into() });
    night(&mut world.cases, "2026-01-29", &[anomaly(0, Found::Relapsed, None)], None);
    assert_eq!(world.gone("2026-01-30", Some("2026-01-30")), State::Vanished);
}

/// The fourth county of the tests is unknown, until the row knows one.
#[test]
fn a_case_of_nowhere_is_handed_over_once_its_county_is_known() {
    let unknown = anomaly(3, Found::New, None);
    let known = Anomaly { county: "629102".into(), ..anomaly(3, Found::Persisting, None) };
    let mut cases = Cases::default();
    night(&mut cases, "2026-01-01", std::slice::from_ref(&unknown), None);
    let case = |cases: &Cases| cases.by_number.values().next().expect("a case").clone();
    assert_eq!(case(&cases).county, NOWHERE);
    assert!(night(&mut cases, "2026-01-02", &[unknown], None).is_empty());
    let told = night(&mut cases, "2026-01-03", std::slice::from_ref(&known), None);
    assert_eq!(told.iter().map(|d| d.act.word()).collect::<Vec<_>>(), ["hand_over"]);
    let now = case(&cases);
    assert_eq!((now.county.as_str(), now.state), ("629102", State::HandedOver));
    assert_eq!((now.handed_by.as_str(), now.owner.as_str()), (NOWHERE, "office-a"));
    assert!(night(&mut cases, "2026-01-04", &[known], None).is_empty(), "it is known now");
}

/// What is exempt stays where it is; the night that ends the waiver hands it over.
#[test]
fn a_waived_case_of_nowhere_is_handed_over_when_its_waiver_ends() {
    let row = |county: &str, waived| Anomaly {
        county: county.into(),
        ..anomaly(3, Found::Persisting, waived)
    };
    let mut cases = Cases::default();
    let mut acts = |on: &str, row: Anomaly| -> Vec<&'static str> {
        night(&mut cases, on, &[row], None).iter().map(|d| d.act.word()).collect()
    };
    assert_eq!(acts("2026-01-01", row("", Some("外省参保"))), ["open", "waive"]);
    assert!(acts("2026-01-02", row("629102", Some("外省参保"))).is_empty());
    assert_eq!(acts("2026-01-03", row("629102", None)), ["lapse", "hand_over"]);
}

/// The register has the new code only, and the rows of a night that of the place where somebody lives.
#[test]
fn a_case_of_a_county_that_is_no_more_is_handed_over() {
    let mut world = World::asked();
    let row =
        |county: &str| Anomaly { county: county.into(), ..anomaly(0, Found::Persisting, None) };
    let acts = |cases: &Cases, county: &str, register: &[&str]| {
        let (rows, ran) = ([row(county)], all_ran());
        let counties = |code: &str| register.contains(&code);
        let known = tonight(day("2026-01-03"), &rows, &ran, &|_, _| None);
        let tonight = Tonight { counties: &counties, ..known };
        advance(cases, &tonight, &policy()).expect("a night")
    };
    assert_eq!(acts(&world.cases, "629102", &["629101", "629102"]), [], "its county is there");
    assert_eq!(acts(&world.cases, "629101", &["629102"]), [], "nobody knows another county");
    let told = acts(&world.cases, "629102", &["629102"]);
    let (owner, reason) = ("office-a".to_owned(), "区划已调整".to_owned());
    let hand = Act::HandOver { county: "629102".into(), owner, reason };
    assert_eq!(told.iter().map(|d| &d.act).collect::<Vec<_>>(), [&hand]);
    world.does("2026-01-03", hand);
    assert_eq!(acts(&world.cases, "629102", &["629102"]), [], "it is there now");
}
