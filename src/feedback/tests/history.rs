//! Cases that something happened to before: what a pack and a list of visits say of them.

use super::super::reveal::Names;
use super::super::select::{Issuing, Mark, rows};
use super::super::show::Shower;
use super::super::worklist::doctors::Doctors;
use super::super::worklist::{Material, Wanted, visits};
use super::{answer, cases, day, draft, gansu, memory, open};
use crate::division::Divisions;
use crate::ledger::act::{Act, Fault};
use crate::ledger::advance::NOWHERE;
use crate::ledger::case::Cases;
use crate::ledger::policy::Policy;
use crate::pipeline::packs::Level;
use crate::privacy::HIDDEN;

fn does(cases: &mut Cases, number: &str, on: &str, act: Act) {
    cases.apply(&draft(number, on, act)).expect("an allowed move");
}

/// 反弹 is what came back since the county had it in a pack.
#[test]
fn a_case_that_was_waived_after_its_relapse_is_carried() {
    let (pipeline, mut cases) = (gansu(), cases());
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let (pack, day) = ("GS-2026-10-620423", day("2026-10-10"));
    let issuing = Issuing { pack, day, actor: "甲", policy: &policy, form };
    let mark = |cases: &Cases| rows(&[&cases.by_number["n2"]], &issuing).expect("a row")[0].mark;
    does(&mut cases, "n2", "2026-09-20", Act::Vanish);
    let relapse = Act::Reopen { relapse: true, reason: "又被发现".into() };
    does(&mut cases, "n2", "2026-09-25", relapse);
    assert_eq!(mark(&cases), Mark::Relapsed);
    let issue = Act::Issue { pack: "GS-2026-09-620423-2".into(), due: day, steps: vec![] };
    does(&mut cases, "n2", "2026-09-26", issue);
    let (reason, approver, evidence_no) = ("外出".into(), "甲".into(), "E-1".into());
    let waive = Act::Waive { reason, approver, evidence_no, until: Some(day) };
    does(&mut cases, "n2", "2026-09-27", waive);
    does(&mut cases, "n2", "2026-10-11", Act::Lapse);
    assert_eq!(mark(&cases), Mark::Carried);
}

/// The county and village of one place of the register.
fn register() -> Divisions {
    let rows = [
        ("62", "甘肃省"),
        ("6204", "白银市"),
        ("620423", "景泰县"),
        ("620423100", "一条山镇"),
        ("620423100200", "某村村委会"),
    ];
    Divisions::build(rows.map(|(code, label)| (code, label, "", "")), []).expect("a register")
}

/// A case keeps the place that it was opened with: it may have been of nowhere.
#[test]
fn a_case_whose_county_became_known_has_its_village() {
    let (pipeline, memory, divisions) = (gansu(), memory(), register());
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let mut opening = open("INS01", "n1");
    if let Act::Open { county, division, .. } = &mut opening {
        (*county, *division) = (NOWHERE.into(), String::new());
    }
    let hand = |county: &str| {
        let (county, owner) = (county.to_owned(), "county_health".to_owned());
        Act::HandOver { county, owner, reason: "归属已明确".into() }
    };
    let (before, mut now) = (Cases::default(), Cases::default());
    does(&mut now, "n1", "2026-09-01", opening);
    does(&mut now, "n1", "2026-09-20", hand("620423"));
    let names = Names::default();
    let shower = Shower::new(&pipeline, form, &policy, &divisions, &memory, &names);
    let (pack, on) = ("GS-2026-10-620423", day("2026-10-10"));
    let issuing = Issuing { pack, day: on, actor: "甲", policy: &policy, form };
    let row = rows(&[&now.by_number["n1"]], &issuing).expect("a row").remove(0);
    let shown = ["town", "village"].map(|column| shower.text(&row, column));
    assert_eq!(shown, ["一条山镇", "某村村委会"]);

    let doctors = Doctors::default();
    let listed = |now: &Cases, place: &str| {
        let material = Material {
            pipeline: &pipeline,
            divisions: &divisions,
            policy: &policy,
            memory: &memory.known,
            before: &before,
            now,
            doctors: (&doctors, &doctors),
            events: &[],
            since: None,
            night: on,
            day: on,
            demo: false,
        };
        let wanted = Wanted { place: place.into(), office: true, ..Wanted::default() };
        visits(&material, &wanted).into_iter().map(|v| v.village).collect::<Vec<_>>()
    };
    assert_eq!(listed(&now, "620423100200"), ["620423100200"]);
    // The night knows a village of another county than the one that has the case now.
    does(&mut now, "n1", "2026-10-12", hand("620122"));
    assert!(listed(&now, "620423").is_empty());
    assert_eq!(listed(&now, "620122"), ["620122"]);
}

/// 上次反馈及意见 of a pack is what its own county said, and was told.
#[test]
fn the_receiver_of_a_case_is_not_told_what_the_sender_said() {
    let (pipeline, mut cases, memory) = (gansu(), cases(), memory());
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let (divisions, names) = (Divisions::default(), Names::default());
    let shower = Shower::new(&pipeline, form, &policy, &divisions, &memory, &names);
    let pack = "GS-2026-10-620423";
    let issuing = Issuing { pack, day: day("2026-11-10"), actor: "甲", policy: &policy, form };
    let last = |cases: &Cases| {
        let row = rows(&[&cases.by_number["n1"]], &issuing).expect("a row").remove(0);
        shower.text(&row, "last")
    };
    let round = |cases: &mut Cases, month: u32, why: &str| {
        let due = day("2026-12-01");
        let issue = Act::Issue { pack: "p".into(), due, steps: vec![] };
        let back = Act::SendBack { fault: Fault::Refused, due, reason: why.into() };
        let acts = [issue, answer(), back];
        for (on, act) in (1..).zip(acts) {
            does(cases, "n1", &format!("2026-{month:02}-{on:02}"), act);
        }
    };
    round(&mut cases, 9, "材料不全");
    assert!(last(&cases).contains("退回1次：材料不全"), "{}", last(&cases));
    let (county, owner, reason) = ("620122".into(), "county_health".into(), "迁出".into());
    does(&mut cases, "n1", "2026-10-01", Act::HandOver { county, owner, reason });
    assert_eq!(last(&cases), "");
    round(&mut cases, 11, "仍有此问题");
    let told = last(&cases);
    assert!(told.contains("退回1次：仍有此问题") && !told.contains("材料不全"), "{told}");
}

/// Who fills in an ID for the number of a bill shows it to no county.
#[test]
fn an_id_where_none_belongs_stands_in_no_pack() {
    let (pipeline, mut cases, mut memory) = (gansu(), cases(), memory());
    let id = "629101198505050018";
    cases.by_number.get_mut("n1").expect("a case").subject = id.into();
    let known = memory.known.get_mut("n1").expect("an anomaly");
    known.message = format!("单号{id}");
    known.evidence[1].1 = Some(id.into());
    let policy = Policy::of(&pipeline);
    let form = pipeline.pack(Level::County).expect("a form");
    let (divisions, names) = (Divisions::default(), Names::default());
    let shower = Shower::new(&pipeline, form, &policy, &divisions, &memory, &names);
    let (pack, on) = ("GS-2026-10-620423", day("2026-10-10"));
    let issuing = Issuing { pack, day: on, actor: "甲", policy: &policy, form };
    let row = rows(&[&cases.by_number["n1"]], &issuing).expect("a row").remove(0);
    for column in ["subject", "message", "evidence"] {
        let text = shower.text(&row, column);
        assert!(text.contains(HIDDEN) && !text.contains(id), "{column}: {text}");
    }
}
