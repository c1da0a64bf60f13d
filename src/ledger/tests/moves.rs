//! The table of moves, the clock, the flow and the chain, one by one.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::fixture::{
    act, all_ran, anomaly, answer, day, draft, every_act, nothing_fresh, policy, tonight,
};
use crate::anomaly;
use crate::error::Kind;
use crate::ledger::act::{Act, Draft, Event, Fault, Outcome};
use crate::ledger::advance::{Tonight, advance};
use crate::ledger::case::{Case, Cases};
use crate::ledger::chain::{self, Head};
use crate::ledger::flow::{Flow, flows};
use crate::ledger::policy::Policy;
use crate::ledger::state::{MOVES, State, Verb};

/// What is allowed, written down a second time.
const ALLOWED: [(State, &str); 11] = [
    (State::Pending, "issue close vanish waive hand_over assign note"),
    (
        State::Issued,
        "receive verify progress answer close vanish waive hand_over escalate assign note",
    ),
    (State::Received, "verify progress answer close vanish waive hand_over escalate assign note"),
    (State::Verifying, "progress answer close vanish waive hand_over escalate assign note"),
    (State::Answered, "answer review send_back close waive hand_over assign note"),
    (State::Reviewing, "answer send_back close waive hand_over assign note"),
    (
        State::SentBack,
        "issue verify progress answer close vanish waive hand_over escalate assign note",
    ),
    (State::HandedOver, "issue close vanish waive hand_over assign note"),
    (State::Waived, "vanish waive lapse assign note"),
    (State::Closed, "reopen assign note"),
    (State::Vanished, "reopen assign note"),
];

fn opened(on: NaiveDate) -> (Cases, Draft) {
    let open = draft("T-1", on, act(Verb::Open, on, 0, &policy()));
    let mut cases = Cases::default();
    cases.apply(&open).expect("a new case");
    (cases, open)
}

#[test]
fn every_verb_from_every_state_is_allowed_or_refused_as_the_table_says() {
    let on = day("2026-01-10");
    for (state, allowed) in ALLOWED {
        for verb in Verb::ALL {
            let (mut cases, _) = opened(on);
            cases.by_number.get_mut("T-1").expect("it is there").state = state;
            let before = cases.clone();
            let done = cases.apply(&draft("T-1", on, act(verb, on, 1, &policy())));
            if allowed.split(' ').any(|word| word == verb.word()) {
                done.unwrap_or_else(|e| panic!("{} {}: {e}", state.word(), verb.word()));
                let to = MOVES.iter().find(|m| m.1 == verb && m.0.contains(&state));
                let to = to.map_or(state, |m| m.2);
                assert_eq!(cases.by_number["T-1"].state, to, "{} {}", state.word(), verb.word());
            } else {
                let refused = done.expect_err(verb.word());
                let bug = verb == Verb::Open;
                assert_eq!(refused.kind == Kind::Bug, bug, "{} {}", state.word(), verb.word());
                assert_eq!(cases, before, "a refused act changes nothing");
            }
        }
    }
    for (from, verb, _) in MOVES {
        assert!(!from.is_empty(), "{} is never possible", verb.word());
    }
}

#[test]
fn words_are_words_of_one_thing() {
    for state in State::ALL {
        assert_eq!(State::of(state.word()), Some(state));
        assert_eq!(State::of(state.zh()), Some(state));
        assert_eq!(serde_json::to_value(state).expect("JSON"), state.word());
    }
    for verb in Verb::ALL {
        assert_eq!(serde_json::to_value(verb).expect("JSON"), verb.word());
    }
    for act in every_act(&policy()) {
        let draft = draft("T-1", day("2026-01-10"), act);
        let text = chain::text(&draft).expect("JSON");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["act"], draft.act.word());
        assert!(!draft.act.zh().is_empty());
        let read: Draft = serde_json::from_str(&text).expect("an act");
        assert_eq!((chain::text(&read).expect("JSON"), read), (text, draft));
    }
}

/// A case of the first rule after some acts: due after 10 days, letters after 15 and 20.
pub(super) fn after(acts: &[(&str, Act)]) -> Case {
    let (mut cases, _) = opened(day("2026-01-01"));
    for (on, act) in acts {
        cases.apply(&draft("T-1", day(on), act.clone())).expect("it is allowed");
    }
    cases.by_number.remove("T-1").expect("it is there")
}

pub(super) fn issue(on: &str) -> (&str, Act) {
    (on, act(Verb::Issue, day(on), 0, &policy()))
}

pub(super) fn waive(until: &str) -> Act {
    let until = Some(day(until));
    Act::Waive { reason: "r".into(), approver: "a".into(), evidence_no: "e".into(), until }
}

#[test]
fn the_clock_runs_while_the_county_is_asked_and_only_then() {
    let issued = after(&[issue("2026-01-05")]);
    assert_eq!(issued.due, Some(day("2026-01-15")));
    assert!(!issued.overdue(day("2026-01-15")) && issued.overdue(day("2026-01-16")));
    let letters = ["2026-01-15", "2026-01-16", "2026-01-20", "2026-01-21", "2026-01-26"];
    assert_eq!(letters.map(|d| issued.letters_due(day(d))), [0, 1, 1, 2, 3]);

    let answered = after(&[issue("2026-01-05"), ("2026-01-12", answer(Outcome::Fixed))]);
    assert!(!answered.overdue(day("2026-03-01")), "an answer stops it");

    let redo =
        Act::SendBack { fault: Fault::StillFound, due: day("2026-02-03"), reason: "r".into() };
    let acts = [
        issue("2026-01-05"),
        ("2026-01-12", answer(Outcome::Fixed)),
        ("2026-02-01", act(Verb::Review, day("2026-02-01"), 0, &policy())),
        ("2026-02-01", redo),
    ];
    let back = after(&acts);
    // Three days were left on 12 January; the term for doing it again would end earlier.
    assert_eq!(back.due, Some(day("2026-02-04")));
    assert_eq!(back.sent_back, 1);
    assert_eq!(back.steps, [day("2026-02-09"), day("2026-02-14")], "letters move with it");

    // Waived with ten days left; it stands until the next pack, not only until the waiver ends.
    let acts = [
        issue("2026-01-05"),
        ("2026-01-05", waive("2026-02-10")),
        ("2026-02-11", Act::Lapse),
        issue("2026-03-05"),
    ];
    assert_eq!(after(&acts).due, Some(day("2026-03-15")));

    // It ended two days too late and came back: no new term.
    let relapse = Act::Reopen { relapse: true, reason: "r".into() };
    let acts = [
        issue("2026-01-05"),
        ("2026-01-17", Act::Vanish),
        ("2026-05-01", relapse),
        issue("2026-05-20"),
    ];
    let back = after(&acts);
    assert_eq!((back.relapses, back.due), (1, Some(day("2026-05-18"))));
}

#[test]
fn a_receiver_starts_anew() {
    let hand = Act::HandOver { county: "629102".into(), owner: "o".into(), reason: "r".into() };
    let (due, reason) = (day("2026-02-10"), "材料不全".to_owned());
    let acts = [
        issue("2026-01-05"),
        ("2026-01-20", Act::Escalate { step: 1 }),
        ("2026-01-21", answer(Outcome::Fixed)),
        ("2026-01-25", Act::SendBack { fault: Fault::Refused, due, reason }),
        ("2026-02-01", hand),
    ];
    let case = after(&acts);
    assert_eq!((case.due, case.step, &case.answer), (None, 0, &None));
    assert_eq!((case.sent_back, &*case.back_reason), (0, ""), "not the receiver's");
    assert_eq!((&*case.county, &*case.handed_by), ("629102", "629101"));
    let mut with_pack = acts.to_vec();
    with_pack.push(issue("2026-02-05"));
    assert_eq!(after(&with_pack).due, Some(day("2026-02-15")));
}

#[test]
fn a_note_is_no_move() {
    let noted = after(&[issue("2026-01-05"), ("2026-01-09", Act::Note { text: "n".into() })]);
    assert_eq!(noted.moved, day("2026-01-05"));
}

/// One night over the cases, its acts applied.
pub(super) fn night(
    cases: &mut Cases,
    on: &str,
    rows: &[anomaly::Anomaly],
    fresh: Option<&str>,
) -> Vec<Draft> {
    let mut refreshed = nothing_fresh();
    refreshed.extend(fresh.map(|f| ("R01".to_owned(), day(f))));
    let ran = all_ran();
    let refreshed = |rule: &str, _: &str| refreshed.get(rule).copied();
    let tonight = tonight(day(on), rows, &ran, &refreshed);
    let drafts = advance(cases, &tonight, &policy()).expect("a night");
    for draft in &drafts {
        cases.apply(draft).expect("what a night does is allowed");
    }
    drafts
}

#[test]
fn only_newer_data_proves_an_answer() {
    let mut cases = Cases::default();
    let found = [anomaly(0, anomaly::State::New, None)];
    night(&mut cases, "2026-01-01", &found, None);
    let number = cases.by_number.keys().next().expect("a case").clone();
    assert_eq!(number, "T-202601-629101-R01-000001");
    let (on, issue) = issue("2026-01-02");
    cases.apply(&draft(&number, day(on), issue)).expect("issued");
    cases.apply(&draft(&number, day("2026-01-04"), answer(Outcome::Fixed))).expect("answered");
    let state = |cases: &Cases| cases.by_number[&number].state;
    // The extract is of the day of the answer: it proves nothing.
    night(&mut cases, "2026-01-05", &found, Some("2026-01-04"));
    assert_eq!(state(&cases), State::Reviewing);
    night(&mut cases, "2026-01-06", &found, Some("2026-01-05"));
    assert_eq!(state(&cases), State::SentBack);
    assert_eq!(cases.by_number[&number].fault, Some(Fault::StillFound));
    // Not looked at is not gone.
    night(&mut cases, "2026-01-07", &[anomaly(0, anomaly::State::Held, None)], None);
    assert_eq!(state(&cases), State::SentBack);
    cases.apply(&draft(&number, day("2026-01-07"), answer(Outcome::Fixed))).expect("answered");
    night(&mut cases, "2026-01-08", &[], Some("2026-01-08"));
    assert_eq!(state(&cases), State::Closed);
    night(&mut cases, "2026-01-09", &found, None);
    assert_eq!((state(&cases), cases.by_number[&number].relapses), (State::Pending, 1));
    night(&mut cases, "2026-01-10", &[], None);
    assert_eq!(state(&cases), State::Vanished, "gone without an answer");
    assert_eq!(cases.by_number.len(), 1, "one case for ever");
}

#[test]
fn a_waiver_of_the_feed_holds_while_its_row_does() {
    let mut cases = Cases::default();
    let found = |waived| [anomaly(0, anomaly::State::Persisting, waived)];
    let state = |cases: &Cases| cases.by_number.values().next().expect("a case").state;
    night(&mut cases, "2026-01-01", &found(Some("外省参保")), None);
    assert_eq!(state(&cases), State::Waived);
    assert!(night(&mut cases, "2026-06-01", &found(Some("外省参保")), None).is_empty());
    night(&mut cases, "2026-06-02", &found(None), None);
    assert_eq!(state(&cases), State::Pending);
}

#[test]
fn a_rule_that_was_not_run_ends_no_case_even_without_memory() {
    let mut cases = Cases::default();
    night(&mut cases, "2026-01-01", &[anomaly(0, anomaly::State::New, None)], None);
    let ran = all_ran();
    let without: BTreeSet<String> = ran.iter().filter(|r| *r != "R01").cloned().collect();
    let county = cases.by_number.values().next().expect("a case").county.as_str();
    let acts = |ran: &BTreeSet<String>, behind: &str| {
        let unheard = |rule: &str, county: &str| rule == "R01" && county == behind;
        let known = tonight(day("2026-01-02"), &[], ran, &|_, _| None);
        let tonight = Tonight { unheard: &unheard, ..known };
        advance(&cases, &tonight, &policy()).expect("a night")
    };
    assert_eq!(acts(&without, ""), []);
    assert_eq!(acts(&ran, county), [], "nor one that was not asked in its county");
    assert_eq!(acts(&ran, "").into_iter().map(|d| d.act).collect::<Vec<_>>(), [Act::Vanish]);
}

#[test]
fn a_case_that_comes_back_knows_since_when() {
    let mut cases = Cases::default();
    let found = [anomaly(0, anomaly::State::New, None)];
    night(&mut cases, "2026-01-01", &found, None);
    night(&mut cases, "2026-02-01", &[], None);
    let days = |cases: &Cases| {
        let case = cases.by_number.values().next().expect("a case");
        (case.opened, case.ended, case.reopened)
    };
    assert_eq!(days(&cases), (day("2026-01-01"), Some(day("2026-02-01")), None));
    night(&mut cases, "2026-03-01", &found, None);
    night(&mut cases, "2026-03-02", &found, None);
    let came = Some(day("2026-03-01"));
    assert_eq!(days(&cases), (day("2026-01-01"), Some(day("2026-02-01")), came));
}

#[test]
fn the_number_of_a_case_tells_no_sensitive_rule() {
    let gansu = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
    let pipeline = crate::pipeline::load(&gansu).expect("loads");
    let policy = Policy::of(&pipeline);
    let rules: Vec<&str> = pipeline.rules.values().map(|r| r.id.as_str()).collect();
    let ran = BTreeSet::new();
    let row = |n: usize, rule: &str| anomaly::Anomaly {
        rule: rule.into(),
        county: "620423".into(),
        ..anomaly(n, anomaly::State::New, None)
    };
    let rows: Vec<anomaly::Anomaly> = (0..).zip(&rules).map(|(n, r)| row(n, r)).collect();
    let mut cases = Cases::default();
    let mut night = |on: &str, rows: &[anomaly::Anomaly]| {
        let tonight = tonight(day(on), rows, &ran, &|_, _| None);
        for draft in advance(&cases, &tonight, &policy).expect("a night") {
            cases.apply(&draft).expect("allowed");
        }
    };
    night("2026-01-05", &rows);
    // A second one of the same month takes the next number of the same series.
    night("2026-01-06", &[row(1000, "RAR01")]);
    let number = |rule: &str, serial: u32| {
        let word = if pipeline.rules[rule].sensitive { "MG" } else { rule };
        format!("GS-202601-620423-{word}-{serial:06}")
    };
    for (case, rule) in rules.iter().enumerate().map(|(n, r)| (format!("{n:016x}"), r)) {
        assert_eq!(cases.by_anomaly[&case], number(rule, 1));
    }
    assert_eq!(cases.by_anomaly[&format!("{:016x}", 1000)], number("RAR01", 2));
    assert!(number("RAR01", 1).contains("-MG-"));
}

#[test]
fn blue_ones_open_no_case() {
    let mut cases = Cases::default();
    let mut row = anomaly(0, anomaly::State::New, None);
    row.severity = crate::pipeline::spec::Severity::Blue;
    assert!(night(&mut cases, "2026-01-01", &[row], None).is_empty());
}

#[test]
fn a_flow_adds_up_where_cases_change_hands() {
    let policy = policy();
    let mut drafts = Vec::new();
    let mut put = |number: &str, on: &str, act: Act| drafts.push(draft(number, day(on), act));
    for (n, on) in [(0, "2026-01-03"), (4, "2026-01-20"), (8, "2026-02-02")] {
        put(&format!("T-{n}"), on, act(Verb::Open, day(on), n, &policy));
    }
    let hand = Act::HandOver { county: "629102".into(), owner: "o".into(), reason: "r".into() };
    put("T-0", "2026-02-05", hand.clone());
    put("T-0", "2026-02-06", hand);
    put("T-4", "2026-02-07", waive("2026-02-20"));
    put("T-4", "2026-02-07", waive("2026-02-21"));
    put("T-4", "2026-02-22", Act::Lapse);
    put("T-8", "2026-02-25", Act::Vanish);
    put("T-8", "2026-03-01", Act::Reopen { relapse: true, reason: "r".into() });
    let month = flows(&drafts, day("2026-02-01"), day("2026-02-28")).expect("whole");
    let sender = Flow {
        carried: 2,
        opened: 1,
        reopened: 1,
        vanished: 1,
        waived: 1,
        handed_out: 1,
        stock: 1,
        ..Flow::default()
    };
    assert_eq!(month["629101"], sender);
    assert_eq!(month["629102"], Flow { handed_in: 1, stock: 1, ..Flow::default() });
    assert!(month.values().all(Flow::closes) && sender.plus(&month["629102"]).closes());
}

fn chained() -> Vec<Event> {
    let policy = policy();
    let on = day("2026-01-01");
    let drafts: Vec<Draft> = (0..6)
        .map(|n| {
            draft(&format!("T-{n}"), on + Days::new(n as u64), act(Verb::Open, on, n, &policy))
        })
        .collect();
    let mut events = chain::link(&Head::default(), drafts[..4].to_vec(), None, "2026").expect("4");
    let head = Head { seq: 4, hash: events[3].hash.clone() };
    events.extend(chain::link(&head, drafts[4..].to_vec(), Some("n"), "2026").expect("2"));
    events
}

#[test]
fn the_chain_finds_the_first_fault() {
    let whole = chained();
    assert_eq!(chain::verify(&whole, &[]), None);
    let fault = |change: &dyn Fn(&mut Vec<Event>)| {
        let mut events = whole.clone();
        change(&mut events);
        chain::verify(&events, &[]).map(|b| b.seq)
    };
    assert_eq!(fault(&|e| e[2].text.push(' ')), Some(3));
    assert_eq!(fault(&|e| e[2].at.push('1')), Some(3));
    assert_eq!(fault(&|e| e[4].night = None), Some(5));
    assert_eq!(fault(&|e| e[2].hash = e[1].hash.clone()), Some(3));
    assert_eq!(fault(&|e| _ = e.remove(3)), Some(4));
    assert_eq!(fault(&|e| e.swap(1, 2)), Some(2));
    assert_eq!(fault(&|e| _ = e.pop()), None, "a cut is not seen from inside");
    let anchor = [("a night".to_owned(), Head { seq: 6, hash: whole[5].hash.clone() })];
    assert_eq!(chain::verify(&whole, &anchor), None);
    assert_eq!(chain::verify(&whole[..5], &anchor).map(|b| b.seq), Some(6));
    // Another history, hashed anew from its second event on.
    let mut drafts: Vec<Draft> = whole.iter().map(|e| e.draft.clone()).collect();
    drafts[1].actor = "somebody else".into();
    let forged = chain::link(&Head::default(), drafts, None, "2026").expect("6");
    assert_eq!(chain::verify(&forged, &[]), None);
    assert_eq!(chain::verify(&forged, &anchor).map(|b| b.seq), Some(6));
}
