//! What the tests share: a policy of three rules, anomalies, acts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::anomaly::{Anomaly, State};
use crate::calendar::Workdays;
use crate::ledger::act::{Act, Answer, Draft, Fault, Outcome};
use crate::ledger::advance::Tonight;
use crate::ledger::policy::Policy;
use crate::ledger::state::Verb;
use crate::pipeline::cases::CaseSettings;
use crate::pipeline::spec::{Route, Severity};

/// Rules with a term in days, one in working days, and one that is due at once.
pub const RULES: [&str; 3] = ["R01", "R02", "R03"];
/// The last one is unknown.
pub const COUNTIES: [&str; 4] = ["629101", "629102", "629201", ""];

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

pub fn policy() -> Policy {
    let route = |to: &str, due: &str, escalate: &[&str]| Route {
        to: to.into(),
        due: due.into(),
        escalate: escalate.iter().map(|e| (*e).into()).collect(),
    };
    let routes = [
        route("office-a", "10d", &["15d", "20d"]),
        route("office-b", "3wd", &["5wd"]),
        route("office-a", "0d", &["0d"]),
    ];
    let settings = CaseSettings {
        prefix: "T".into(),
        opens: vec![Severity::Red, Severity::Orange],
        redo: "5d".into(),
        ..CaseSettings::default()
    };
    Policy::new(settings, Workdays::default(), RULES.map(String::from).into_iter().zip(routes))
}

/// The n-th anomaly as a night finds it.
pub fn anomaly(n: usize, state: State, waived: Option<&str>) -> Anomaly {
    let county = COUNTIES[n % COUNTIES.len()];
    let origin = day("2026-01-01");
    Anomaly {
        anomaly: format!("{n:016x}"),
        rule: RULES[n % RULES.len()].into(),
        rule_version: "00000000".into(),
        title: String::new(),
        severity: Severity::Red,
        subject_kind: "person".into(),
        subject: format!("s{n}"),
        anchor: "2026".into(),
        county: county.into(),
        division: format!("{county}001001"),
        who: None,
        message: String::new(),
        evidence: Vec::new(),
        route: "office-a".into(),
        due: origin,
        first_seen: origin,
        last_seen: origin,
        state,
        waived: waived.map(str::to_owned),
    }
}

pub fn answer(outcome: Outcome) -> Act {
    let text = String::new;
    Act::Answer(Box::new(Answer {
        outcome,
        pack: "T-2026-01-629101".into(),
        file: "f".repeat(64),
        checked_on: None,
        way: text(),
        cause: "系统未同步".into(),
        measure: text(),
        done_on: Some(day("2026-01-05")),
        evidence_no: text(),
        unit: text(),
        person: text(),
        phone: text(),
        note: "\"引号\"\n换行 ' ; -- 🙂".into(),
    }))
}

/// An act that carries out a verb on a day.
pub fn act(verb: Verb, on: NaiveDate, n: usize, policy: &Policy) -> Act {
    let reason = || "测试".to_owned();
    match verb {
        Verb::Open => {
            let row = anomaly(n, State::New, None);
            Act::Open {
                anomaly: row.anomaly,
                rule: row.rule,
                subject_kind: row.subject_kind,
                subject: row.subject,
                anchor: row.anchor,
                county: row.county,
                division: row.division,
                owner: row.route,
                severity: row.severity,
            }
        }
        Verb::Issue => {
            let (due, steps) = policy.terms(RULES[n % RULES.len()], on);
            Act::Issue { pack: format!("T-{}", on.format("%Y-%m")), due, steps }
        }
        Verb::Receive => Act::Receive,
        Verb::Verify => Act::Verify,
        Verb::Progress => match answer(Outcome::Fixing) {
            Act::Answer(answer) => Act::Progress(answer),
            other => other,
        },
        Verb::Answer => {
            use Outcome::{Elsewhere, Fixed, Fixing, NotTrue, Waiver};
            answer([Fixed, NotTrue, Fixing, Waiver, Elsewhere][n % 5])
        }
        Verb::Review => Act::Review,
        Verb::SendBack => {
            let due = policy.after(&policy.settings.redo, on);
            Act::SendBack { fault: Fault::Refused, due, reason: reason() }
        }
        Verb::Close => Act::Close { reason: reason() },
        Verb::Vanish => Act::Vanish,
        Verb::Waive => {
            let until = Some(on + chrono::Days::new(n as u64 % 40));
            let (approver, evidence_no) = ("甲".into(), "E-1".into());
            Act::Waive { reason: reason(), approver, evidence_no, until }
        }
        Verb::Lapse => Act::Lapse,
        Verb::HandOver => {
            let county = COUNTIES[n % 3].into();
            Act::HandOver { county, owner: "office-c".into(), reason: reason() }
        }
        Verb::Reopen => Act::Reopen { relapse: false, reason: reason() },
        Verb::Escalate => Act::Escalate { step: 1 },
        Verb::Assign => Act::Assign { to: "乙".into() },
        Verb::Note => Act::Note { text: reason() },
    }
}

pub fn draft(about: &str, on: NaiveDate, act: Act) -> Draft {
    Draft { about: about.into(), day: on, actor: "tester".into(), act }
}

/// Every act that there is, once: of cases, of packs and of people.
pub fn every_act(policy: &Policy) -> Vec<Act> {
    let on = day("2026-01-10");
    let mut acts: Vec<Act> = Verb::ALL.into_iter().map(|v| act(v, on, 7, policy)).collect();
    let division = || "629101".to_owned();
    let blake3 = || "0".repeat(64);
    acts.extend([
        Act::PackIssue { month: "2026-01".into(), division: division(), rows: 3, blake3: blake3() },
        Act::PackReceive { division: division() },
        Act::PackReturn {
            division: division(),
            file: "回执.xlsx".into(),
            blake3: blake3(),
            accepted: 2,
            ignored: 1,
            invalid: 0,
        },
        Act::Reveal { what: "T-1".into(), reason: "核实".into() },
    ]);
    acts
}

/// What a night knows where every county is there.
pub fn tonight<'a>(
    day: NaiveDate,
    anomalies: &'a [Anomaly],
    ran: &'a BTreeSet<String>,
    refreshed: &'a dyn Fn(&str, &str) -> Option<NaiveDate>,
) -> Tonight<'a> {
    Tonight { day, anomalies, ran, unheard: &|_, _| false, refreshed, counties: &|_| true }
}

/// All rules were run.
pub fn all_ran() -> BTreeSet<String> {
    RULES.map(String::from).into()
}

/// Nobody's data came anew.
pub fn nothing_fresh() -> BTreeMap<String, NaiveDate> {
    BTreeMap::new()
}
