//! Whose list a case is on: the family doctor of a valid contract, unless somebody was named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bidui::lake::rows::{Part, RowsFile, RowsWriter};
use bidui::ledger::act::Act;
use bidui::ledger::case::Case;
use bidui::rule::{subject_texts, texts};
use serde_json::Value;

use crate::support::{Bidui, Policies, current, shared, text};
use crate::worklist::{COUNTY, Own, list, numbers, open, store, visited};

/// Columns of a kept view of the last night, by the subject as a case names it.
fn kept(view: &str, key: &str, columns: &[&str]) -> BTreeMap<String, Vec<String>> {
    let path = current(&shared().lake).join(format!("views/{view}.parquet"));
    let file = RowsFile::open(&path).expect("the view");
    let names: Vec<String> = [key].iter().chain(columns).map(|c| (*c).to_owned()).collect();
    let mut rows = BTreeMap::new();
    for batch in file.scan(Part::All, &names, &Arc::default()).expect("columns") {
        let batch = batch.expect("rows");
        let keys = subject_texts(batch.column(0)).expect("subjects");
        let values: Vec<_> =
            (1..names.len()).map(|c| texts(batch.column(c)).expect("texts")).collect();
        for (row, key) in keys.into_iter().enumerate() {
            let own = values.iter().map(|v| v[row].clone().unwrap_or_default()).collect();
            rows.insert(key.expect("a subject"), own);
        }
    }
    rows
}

#[test]
fn a_family_doctor_gets_the_cases_of_those_who_signed() {
    let cases = store(&shared().lake).cases().expect("cases");
    let columns = ["team_id", "team_name", "doctor_name"];
    let doctors = BTreeMap::from([
        ("person", kept("person", "person_key", &columns)),
        ("household", kept("household", "hh_no", &columns)),
    ]);
    let of = |c: &Case| doctors.get(c.subject_kind.as_str())?.get(&c.subject).cloned();
    let visited = visited(&cases);
    let here = || visited.values().filter(|c| c.county == COUNTY);
    let mut teams: BTreeMap<Vec<String>, BTreeSet<&str>> = BTreeMap::new();
    let mut nobody: BTreeSet<&str> = BTreeSet::new();
    for case in here() {
        match of(case).filter(|d| !d[0].is_empty()) {
            Some(doctor) => _ = teams.entry(doctor).or_default().insert(&case.number),
            None => _ = nobody.insert(&case.number),
        }
    }
    assert!(teams.len() > 1 && !nobody.is_empty(), "{} teams", teams.len());
    let kinds = |set: &BTreeSet<&str>| -> BTreeSet<&str> {
        set.iter().map(|n| cases.by_number[*n].subject_kind.as_str()).collect()
    };
    let all: BTreeSet<&str> = teams.values().flatten().copied().collect();
    assert_eq!(kinds(&all), BTreeSet::from(["household", "person"]));
    let most = teams.iter().max_by_key(|(_, n)| n.len()).expect("a team").0;
    let last = teams.keys().rfind(|d| *d != most).expect("another");
    for doctor in [most, last] {
        for (asked, place) in doctor.iter().zip(0..) {
            let rows = list(&["--doctor", asked, "--village", COUNTY]);
            let same = teams.iter().filter(|(d, _)| d[place] == *asked);
            let own = same.flat_map(|(_, numbers)| numbers).copied().collect();
            assert_eq!(numbers(&rows, open), own);
            for row in rows.iter().filter(|r| open(r)) {
                let said = text(row, "doctor");
                assert!(said.starts_with(&doctor[1]) && said.contains('*'), "{said}");
                assert!(!said.contains(&doctor[2]), "the doctor's name is masked");
            }
        }
    }
    let rows = list(&["--doctor", "none", "--village", COUNTY]);
    assert_eq!(numbers(&rows, open), nobody);
    // Who was named goes instead of who has the contract.
    let own = Own::new();
    let given = *teams[most].first().expect("a case");
    own.record(given, vec![Act::Assign { to: "替班医生".into() }]);
    let rows = own.list(&["--doctor", &most[0], "--village", COUNTY]);
    let row = rows.iter().find(|r| text(r, "number") == given);
    assert!(row.is_none_or(|r| text(r, "mark") == "gone"), "{row:?}");
    assert_eq!(numbers(&own.list(&["--doctor", "替班医生"]), open), BTreeSet::from([given]));
}

/// A night that was made before its views had such columns: nobody has a contract, all else is as
/// it was.
#[test]
fn a_night_without_doctors_still_gives_its_list() {
    let own = Own::new();
    for view in ["person", "household"] {
        let path = current(&own.lake()).join(format!("views/{view}.parquet"));
        let file = RowsFile::open(&path).expect("the view");
        let schema = file.schema();
        let old = schema.fields().iter().map(|f| f.name().clone());
        let old: Vec<String> =
            old.filter(|c| !["team_id", "team_name", "doctor_name"].contains(&&**c)).collect();
        let batches: Vec<_> = file
            .scan(Part::All, &old, &Arc::default())
            .expect("columns")
            .map(Result::unwrap)
            .collect();
        let mut writer = RowsWriter::plain(&path, batches[0].schema()).expect("a file");
        for batch in batches {
            writer.push(&batch).expect("rows");
        }
        writer.finish().expect("written");
    }
    let (now, before) = (list(&["--village", COUNTY]), own.list(&["--village", COUNTY]));
    let plain = |rows: &[Value]| -> Vec<Value> {
        let mut rows = rows.to_vec();
        for row in &mut rows {
            let row = row.as_object_mut().expect("a row");
            row.remove("doctor");
            row.remove("team");
        }
        rows
    };
    assert_eq!(plain(&now), plain(&before));
    assert!(before.iter().filter(|r| open(r)).all(|r| text(r, "doctor") == "未明确责任医生"));
}

/// Views with contracts as they come: which one says who the doctor is.
#[test]
fn the_doctor_is_the_one_of_the_newest_contract_that_holds() {
    const RULE: &str = r#"/*---
title: {zh: 试, en: Trial}
over: VIEW
applies: "true"
needs: [contract]
severity: blue
route: {to: township, due: 7d}
message: 试
basis: {text: 试}
---*/
concat_ws('/', team_id, team_name, doctor_name) = 'T2/二队/测试乙'
"#;
    const TABLES: &str = r#"asof: 2026-11-10
given:
  tables:
    poverty_member:
      - {person_key: 1, member_no: "1", hh_no: H1, rel_to_head: 户主, hh_type: 脱贫户}
      - {person_key: 2, member_no: "2", hh_no: H1, rel_to_head: 配偶, hh_type: 脱贫户}
      - {person_key: 3, member_no: "3", hh_no: H2, rel_to_head: 户主, hh_type: 脱贫户}
      - {person_key: 4, member_no: "4", hh_no: H2, rel_to_head: 配偶, hh_type: 脱贫户}
      - {person_key: 5, member_no: "5", hh_no: H3, rel_to_head: 户主, hh_type: 脱贫户}
      - {person_key: 6, member_no: "6", hh_no: H3, rel_to_head: 配偶, hh_type: 脱贫户, member_change: 自然减少}
    contract:
      # two that hold: the one that began last; the wife's began later still, and is hers alone
      - {contract_no: a, person_key: 1, start_date: 2026-01-01, end_date: 2026-12-31, team_id: T1, team_name: 一队, doctor_name: 测试甲}
      - {contract_no: b, person_key: 1, start_date: 2026-02-01, team_id: T2, team_name: 二队, doctor_name: 测试乙}
      - {contract_no: c, person_key: 2, start_date: 2026-03-01, team_id: T1, team_name: 一队, doctor_name: 测试甲}
      # the head's ran out yesterday, was ended today, or begins tomorrow: the wife's
      - {contract_no: d, person_key: 3, start_date: 2025-11-10, end_date: 2026-11-09, team_id: T1, team_name: 一队, doctor_name: 测试甲}
      - {contract_no: e, person_key: 3, start_date: 2026-01-01, end_date: 2026-12-31, terminated_date: 2026-11-10, team_id: T1, team_name: 一队, doctor_name: 测试甲}
      - {contract_no: f, person_key: 3, start_date: 2026-11-11, end_date: 2026-12-31, team_id: T1, team_name: 一队, doctor_name: 测试甲}
      - {contract_no: g, person_key: 4, start_date: 2026-11-10, end_date: 2026-11-10, terminated_date: 2026-11-11, team_id: T2, team_name: 二队, doctor_name: 测试乙}
      # only of somebody who left
      - {contract_no: h, person_key: 6, start_date: 2026-01-01, team_id: T2, team_name: 二队, doctor_name: 测试乙}
"#;
    let policies = Policies::new();
    for (view, rule, found) in
        [("person", "ZZ01", r#"["1", "4", "6"]"#), ("household", "ZZ02", r#"[H1, H2]"#)]
    {
        let file = |name: &str| policies.file(&format!("gansu/rules/{name}"));
        std::fs::create_dir_all(policies.file("gansu/rules")).expect("a folder");
        std::fs::write(file(&format!("{rule}.sql")), RULE.replace("VIEW", view)).expect("written");
        let example = format!(
            "{TABLES}expect: {found}
"
        );
        std::fs::write(file(&format!("{rule}.test.yaml")), example).expect("written");
        let said = Bidui::new("test").arg(policies.gansu()).args(&["--rule", rule]).go();
        assert!(said.stdout.contains("1 passed, 0 failed"), "{}{}", said.stdout, said.stderr);
    }
}

#[test]
fn a_policy_that_names_what_is_not_there_is_refused() {
    let policies = Policies::new();
    let pack = "basic-medical/packs/county.yaml";
    policies.edit(pack, "person: {id: team_id,", "person: {id: team_idd,");
    policies.edit(pack, "household: {id: team_id, title", "hausehold: {id: team_id, title");
    policies.edit(pack, "office: [ID*,", "office: [ID99, ID*,");
    let said = Bidui::new("check").arg(policies.gansu()).go().ended(2);
    let said = said.stdout + &said.stderr;
    for fault in ["no view `hausehold`", "no rule `ID99`"] {
        assert!(said.contains(fault), "{fault}\n{said}");
    }
    // The columns are looked at when all else is well.
    policies.edit(pack, "hausehold", "household");
    policies.edit(pack, "ID99, ", "");
    let said = Bidui::new("check").arg(policies.gansu()).go().ended(2);
    let said = said.stdout + &said.stderr;
    assert!(said.contains("view `person` has no column `team_idd`"), "{said}");
    assert!(said.contains("did you mean `team_id`?") && said.contains("county.yaml:"), "{said}");
}
