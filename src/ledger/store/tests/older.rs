//! Ledgers of older programs, brought up to date when they are opened.

use super::{on_each, open, opening, tamper};
use crate::ledger::act::{Act, Draft, Fault, Outcome};
use crate::ledger::state::Verb;
use crate::ledger::tests::fixture::{act, answer, day, draft, policy};

/// What an older program left: cases as its fold made them.
fn made_before(address: &str, fold: i64, on: &[(&str, &str)]) {
    for (from, to) in on {
        let cut = format!("UPDATE case_state SET body = replace(body, '{from}', '{to}')");
        tamper(address, &cut);
    }
    tamper(address, &format!("UPDATE ledger_fold SET fold = {fold}"));
}

#[test]
fn a_ledger_made_before_knows_when_cases_came_back_once_it_is_opened() {
    on_each(|address| {
        let history = [
            opening(0, "2026-01-01"),
            opening(1, "2026-01-01"),
            draft("T-0", day("2026-02-01"), Act::Vanish),
            draft("T-0", day("2026-03-01"), Act::Reopen { relapse: true, reason: "又".into() }),
        ];
        open(address).append(history.to_vec(), "2026-03-01T00:00:00Z").expect("written");
        let whole = open(address).cases().expect("cases");
        assert_eq!(whole.by_number["T-0"].reopened, Some(day("2026-03-01")));
        let body = ("\"reopened\":\"2026-03-01\",", "");
        made_before(address, 1, &[body]);
        let store = open(address);
        assert_eq!(store.cases().expect("cases"), whole);
        assert_eq!(store.verify(&[]).expect("read"), None);
        drop(store);
        // A row that is wrong otherwise is not mended in passing: `verify` is to find it.
        made_before(address, 1, &[body, ("\"owner\":\"office-a\"", "\"owner\":\"x\"")]);
        let found = open(address).verify(&[]).expect("read").expect("a fault");
        assert!(found.what.contains("differs from its events"), "{}", found.what);
        assert_eq!(open(address).rebuild().expect("rebuilt").len(), 2);
        assert_eq!(open(address).verify(&[]).expect("read"), None);
        // Damaged events: it opens, or nobody could be told.
        tamper(address, "UPDATE case_event SET body = 'x' WHERE seq = 2");
        tamper(address, "UPDATE ledger_fold SET fold = 1");
        let found = open(address).verify(&[]).expect("read").expect("a fault");
        assert_eq!(found.seq, 2);
    });
}

/// A case that came back and was issued anew, and one that was answered anew.
fn rounds() -> Vec<Draft> {
    let issue = |on: &str, n| act(Verb::Issue, day(on), n, &policy());
    let (due, reason) = (day("2026-01-30"), "材料不全".to_owned());
    let back = Act::SendBack { fault: Fault::Refused, due, reason };
    let mut drafts = vec![opening(0, "2026-01-01"), opening(1, "2026-01-01")];
    let mut both = |on: &str, of: &dyn Fn(usize) -> Act| {
        drafts.extend((0..2).map(|n| draft(&format!("T-{n}"), day(on), of(n))));
    };
    both("2026-01-05", &|n| issue("2026-01-05", n));
    both("2026-01-12", &|_| answer(Outcome::Fixed));
    both("2026-01-13", &|_| back.clone());
    both("2026-01-14", &|_| answer(Outcome::NotTrue));
    drafts.extend([
        draft("T-0", day("2026-02-01"), Act::Close { reason: "r".into() }),
        draft("T-0", day("2026-03-01"), Act::Reopen { relapse: true, reason: "又".into() }),
        draft("T-0", day("2026-03-10"), issue("2026-03-10", 0)),
    ]);
    drafts
}

#[test]
fn a_ledger_made_before_knows_rounds_letters_and_faults_once_it_is_opened() {
    on_each(|address| {
        open(address).append(rounds(), "2026-03-10T00:00:00Z").expect("written");
        let whole = open(address).cases().expect("cases");
        let (back, answered) = (&whole.by_number["T-0"], &whole.by_number["T-1"]);
        assert_eq!(back.issued, Some(day("2026-03-10")));
        assert_eq!(back.steps, [day("2026-03-31"), day("2026-04-05")]);
        assert_eq!((&*answered.back_reason, answered.fault), ("材料不全", None));
        let before = [
            (r#""issued":"2026-03-10""#, r#""issued":"2026-01-05""#),
            (r#"["2026-03-31","2026-04-05"]"#, r#"["2026-03-17","2026-03-22"]"#),
            (r#""back_reason":"材料不全","#, ""),
            (r#""fault":null"#, r#""fault":"refused""#),
        ];
        made_before(address, 2, &before);
        let store = open(address);
        assert_eq!(store.cases().expect("cases"), whole);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

#[test]
fn a_ledger_made_before_knows_when_cases_were_sent_back_once_it_is_opened() {
    on_each(|address| {
        open(address).append(rounds(), "2026-03-10T00:00:00Z").expect("written");
        let whole = open(address).cases().expect("cases");
        assert_eq!(whole.by_number["T-1"].sent_back_on, Some(day("2026-01-13")));
        made_before(address, 4, &[(r#""sent_back_on":"2026-01-13","#, "")]);
        let store = open(address);
        assert_eq!(store.cases().expect("cases"), whole);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

#[test]
fn a_ledger_made_before_knows_who_opened_a_case_again_once_it_is_opened() {
    on_each(|address| {
        let history = [
            opening(0, "2026-01-01"),
            draft("T-0", day("2026-02-01"), Act::Vanish),
            draft("T-0", day("2026-03-01"), Act::Reopen { relapse: false, reason: "不实".into() }),
        ];
        open(address).append(history.to_vec(), "2026-03-01T00:00:00Z").expect("written");
        let whole = open(address).cases().expect("cases");
        assert!(whole.by_number["T-0"].by_hand);
        made_before(address, 5, &[(r#""by_hand":true,"#, "")]);
        let store = open(address);
        assert_eq!(store.cases().expect("cases"), whole);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

/// The receiver of a case is not told what was sent back to the sender.
#[test]
fn a_ledger_made_before_forgets_what_was_sent_back_to_the_sender_once_it_is_opened() {
    let does = |on: &str, verb: Verb| draft("T-0", day(on), act(verb, day(on), 0, &policy()));
    let (due, reason) = (day("2026-01-30"), "材料不全".to_owned());
    let drafts = [
        opening(0, "2026-01-01"),
        does("2026-01-05", Verb::Issue),
        draft("T-0", day("2026-01-12"), answer(Outcome::Fixed)),
        draft("T-0", day("2026-01-13"), Act::SendBack { fault: Fault::Refused, due, reason }),
        does("2026-01-14", Verb::HandOver),
    ];
    on_each(|address| {
        open(address).append(drafts.to_vec(), "2026-01-14T00:00:00Z").expect("written");
        let whole = open(address).cases().expect("cases");
        assert_eq!(whole.by_number["T-0"].sent_back, 0);
        let told = r#""sent_back":1,"back_reason":"材料不全","fault":null"#;
        made_before(address, 4, &[(r#""sent_back":0,"fault":null"#, told)]);
        let store = open(address);
        assert_eq!(store.cases().expect("cases"), whole);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

/// What a waiver leaves behind: nothing of the answer before it, nor of itself once its case ended.
#[test]
fn a_ledger_made_before_forgets_what_a_waiver_took_the_place_of_once_it_is_opened() {
    let said = r#"{"outcome":"not_true","pack":"p","file":"f"}"#;
    let waive = |until: &str| {
        let (reason, approver, evidence_no) = ("失联".into(), "甲".into(), "E-1".into());
        Act::Waive { reason, approver, evidence_no, until: Some(day(until)) }
    };
    let answer = Act::Answer(Box::new(serde_json::from_str(said).expect("an answer")));
    let reopen = Act::Reopen { relapse: false, reason: "误关".into() };
    let drafts = [
        opening(0, "2026-01-01"),
        opening(1, "2026-01-01"),
        draft("T-0", day("2026-01-05"), act(Verb::Issue, day("2026-01-05"), 0, &policy())),
        draft("T-0", day("2026-01-12"), answer),
        draft("T-0", day("2026-01-13"), waive("2026-01-31")),
        draft("T-1", day("2026-01-13"), waive("2026-03-01")),
        draft("T-1", day("2026-01-20"), Act::Vanish),
        draft("T-0", day("2026-02-01"), Act::Lapse),
        draft("T-1", day("2026-02-02"), reopen),
    ];
    on_each(|address| {
        open(address).append(drafts.to_vec(), "2026-02-02T00:00:00Z").expect("written");
        let whole = open(address).cases().expect("cases");
        let answered = format!(r#""stopped":"2026-01-12","answer":{said},"answered":"2026-01-12""#);
        let waived = r#""reason":"误关","waived_until":"2026-03-01""#;
        let before = [
            (r#""stopped":"2026-01-12","answer":null,"answered":null"#, &*answered),
            (r#""reason":"误关","waived_until":null"#, waived),
        ];
        made_before(address, 3, &before);
        let store = open(address);
        assert_eq!(store.cases().expect("cases"), whole);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}
