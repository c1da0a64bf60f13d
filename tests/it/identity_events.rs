//! What becomes of persons from night to night: merges are events, cases outlive them, a list lists a
//! person once, and people whom no register has are found too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::identity::{extract, id, night, pipeline, residents};
use crate::support::{Bidui, anomalies, current, temp};

const RESIDENT: &str = "id_no,name,sex,birth_date,village_code,phone,home";
const VISIT: &str = "visit_no,id_no,name,sex,birth_date,village_code,phone";
const PATIENT: &str = "/*---\ntitle: {zh: 病人, en: Patient}\nsubject: person_key\ndivision: division\n\
    ---*/\nSELECT person_key, max(village_code) AS division, count(*) AS visits FROM visit \
    GROUP BY person_key\n";
const MANY: &str = r#"/*---
title: {zh: 就诊, en: Has visits}
over: patient
applies: "true"
needs: [visit]
severity: blue
route: {to: township, due: 7d}
evidence: [visits]
message: "就诊{visits}次"
basis: {text: 试验}
---*/
visits > 0
"#;

/// The pipeline of the tests of identity, with a view of patients and a rule about each of them.
fn patients(home: &Path) -> PathBuf {
    let dir = pipeline(home, None);
    let yaml = dir.join("pipeline.yaml");
    let text = std::fs::read_to_string(&yaml).expect("a pipeline");
    std::fs::write(&yaml, text.replace("nights: 2", "nights: 9")).expect("a pipeline");
    std::fs::write(dir.join("views/patient.sql"), PATIENT).expect("a view");
    std::fs::create_dir_all(dir.join("rules")).expect("a folder");
    std::fs::write(dir.join("rules/VIS01.sql"), MANY).expect("a rule");
    let example = "given: [{person_key: 1, visits: 1}]\nexpect: [\"1\"]\n";
    std::fs::write(dir.join("rules/VIS01.test.yaml"), example).expect("an example");
    dir
}

fn events(pipeline: &Path, lake: &Path) -> Vec<Value> {
    let show = Bidui::new("show").args(&["links", "--events", "--output", "json"]);
    rows(show.arg(pipeline).arg("--lake").arg(lake))
}

/// The rows that a command gives as JSON.
fn rows(command: Bidui) -> Vec<Value> {
    let json = command.go().ended(0).json().pop().expect("one line");
    json.as_array().expect("rows").clone()
}

fn text<'v>(line: &'v Value, name: &str) -> &'v str {
    line[name].as_str().unwrap_or_default()
}

/// Key and step of a visit, by its row.
fn visit(pipeline: &Path, lake: &Path, row: usize) -> (String, String) {
    let delivery = bidui::lake::names_in(&lake.join("deliveries/visit")).pop().expect("a delivery");
    let place = format!("visit:{delivery}:{row}");
    let explain = Bidui::new("explain").args(&["link", &place]).arg(pipeline);
    let said = explain.arg("--lake").arg(lake).args(&["--output", "json"]).go().ended(0);
    let json = said.json().pop().expect("one line");
    let line = &json["rows"][0];
    (text(line, "person").to_owned(), text(line, "step").to_owned())
}

#[test]
fn a_case_outlives_the_merge_of_its_person() {
    let home = temp();
    let (pipeline, lake) = (patients(home.path()), home.path().join("lake"));
    let input = home.path().join("input");
    let stranger = "V01,,孙大伟,1,1960-01-09,620122101201,".to_owned();
    extract(&input, "2026-11-10", "人口", RESIDENT, &residents());
    extract(&input, "2026-11-10", "就诊", VISIT, &[stranger]);
    night(&pipeline, &input, &lake, &[]);
    let before = anomalies(&current(&lake));
    assert_eq!(before.len(), 1);
    assert!(events(&pipeline, &lake).is_empty(), "there was no night before");

    // The register learns of him.
    let mut people = residents();
    let number = id("629005", "1960-01-09", "019");
    people.push(format!("{number},孙大伟,1,1960-01-09,620122101201,,H9"));
    extract(&input, "2026-11-11", "人口", RESIDENT, &people);
    night(&pipeline, &input, &lake, &[]);
    let after = anomalies(&current(&lake));
    assert_eq!(after.len(), 1, "nothing is cleared, nothing is new");
    assert_ne!(after[0].subject, before[0].subject, "he is somebody else now");
    assert_eq!(after[0].anomaly, before[0].anomaly, "the case keeps its number");
    assert_eq!(after[0].first_seen, before[0].first_seen);
    assert_eq!(after[0].state.word(), "persisting");
    let told = events(&pipeline, &lake);
    assert_eq!(told.len(), 1, "{told:?}");
    let line = &told[0];
    assert_eq!((text(line, "kind"), text(line, "step")), ("merge", "roster"));
    assert_eq!((text(line, "date"), text(line, "table")), ("2026-11-11", "visit"));
    assert_eq!(text(line, "from_key"), before[0].subject);
    assert_eq!(text(line, "to_key"), after[0].subject);
    let cases =
        Bidui::new("case").args(&["list", "--output", "json"]).arg("--pipeline").arg(&pipeline);
    assert_eq!(rows(cases.arg("--lake").arg(&lake)).len(), 1, "one case");

    // He keeps it on the nights after, on which nothing happens.
    people.push(format!(
        "{},钱多多,2,1999-09-09,620122101202,,Y1",
        id("629008", "1999-09-09", "026")
    ));
    extract(&input, "2026-11-12", "人口", RESIDENT, &people);
    night(&pipeline, &input, &lake, &[]);
    let later = anomalies(&current(&lake));
    assert_eq!((later.len(), &later[0].anomaly), (1, &before[0].anomaly));
    assert!(events(&pipeline, &lake).is_empty());
    // The first night, run again, knows nothing of it.
    night(&pipeline, &input, &lake, &["--date", "2026-11-10", "--only"]);
    let nights = bidui::lake::names_in(&lake.join("nights"));
    for first in nights.iter().filter(|n| n.starts_with("2026-11-10")) {
        let rows = anomalies(&lake.join("nights").join(first));
        assert_eq!((&rows[0].subject, rows.len()), (&before[0].subject, 1));
    }
}

/// No other department has a row of him: the register's own number says that he is who he was.
#[test]
fn a_case_outlives_the_day_on_which_its_person_gets_an_id() {
    let home = temp();
    let (pipeline, lake) = (patients(home.path()), home.path().join("lake"));
    for (name, from, to) in [
        ("views/patient.sql", "FROM visit", "FROM resident"),
        ("rules/VIS01.sql", "needs: [visit]", "needs: [resident]"),
        (
            "tables/resident.yaml",
            "columns:\n",
            "key: [no]\ncolumns:\n  - {name: no, type: text, title: 编号}\n",
        ),
        (
            "feeds/resident.yaml",
            "columns:\n",
            "columns:\n  - {to: no, from: [no], required: true}\n",
        ),
    ] {
        let path = pipeline.join(name);
        let text = std::fs::read_to_string(&path).expect("a policy file");
        assert!(text.contains(from), "{name}");
        std::fs::write(&path, text.replace(from, to)).expect("a policy file");
    }
    let input = home.path().join("input");
    let people = |number: &str, own: &str| {
        let other = id("629008", "1999-09-09", "026");
        [
            format!("{number},孙大伟,1,1960-01-09,620122101201,,H9,{own}"),
            format!("{other},钱多多,2,1999-09-09,620122101202,,Y1,2"),
        ]
    };
    let head = format!("{RESIDENT},no");
    extract(&input, "2026-11-10", "就诊", VISIT, &["V01,,郝思嘉,2,,,".to_owned()]);
    extract(&input, "2026-11-10", "人口", &head, &people("", "1"));
    night(&pipeline, &input, &lake, &[]);
    let numbers = || -> BTreeSet<String> {
        anomalies(&current(&lake)).into_iter().map(|row| row.anomaly).collect()
    };
    let before = numbers();
    assert_eq!(before.len(), 2);
    let number = id("629005", "1960-01-09", "019");
    extract(&input, "2026-11-11", "人口", &head, &people(&number, "1"));
    night(&pipeline, &input, &lake, &[]);
    assert_eq!(numbers(), before, "nothing is cleared, nothing is new");
    let told = events(&pipeline, &lake);
    assert_eq!(told.len(), 1, "{told:?}");
    let line = &told[0];
    assert_eq!((text(line, "kind"), text(line, "step")), ("merge", "id"));
    assert_eq!((text(line, "table"), line["rows"].as_i64()), ("resident", Some(1)));
    assert!(anomalies(&current(&lake)).iter().any(|row| row.subject == text(line, "to_key")));

    // Under another number he would be somebody else.
    let lake = home.path().join("other");
    night(&pipeline, &input, &lake, &["--date", "2026-11-10", "--only"]);
    extract(&input, "2026-11-11", "人口", &head, &people(&number, "3"));
    night(&pipeline, &input, &lake, &["--date", "2026-11-11", "--only"]);
    assert!(events(&pipeline, &lake).is_empty());
}

#[test]
fn a_row_that_loses_its_person_is_a_split() {
    let home = temp();
    let (pipeline, lake) = (patients(home.path()), home.path().join("lake"));
    let input = home.path().join("input");
    let mut people = residents();
    let number = id("629005", "1960-01-09", "019");
    people.push(format!("{number},孙大伟,1,1960-01-09,620122101201,,H9"));
    extract(&input, "2026-11-10", "人口", RESIDENT, &people);
    extract(
        &input,
        "2026-11-10",
        "就诊",
        VISIT,
        &["V01,,孙大伟,1,1960-01-09,620122101201,".into()],
    );
    night(&pipeline, &input, &lake, &[]);
    let before = anomalies(&current(&lake));
    extract(&input, "2026-11-11", "人口", RESIDENT, &residents());
    night(&pipeline, &input, &lake, &[]);
    let told = events(&pipeline, &lake);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((text(&told[0], "kind"), text(&told[0], "step")), ("split", "unlinked"));
    assert_eq!(text(&told[0], "from_key"), before[0].subject);
    let states: BTreeSet<&str> =
        anomalies(&current(&lake)).iter().map(|row| row.state.word()).collect();
    assert_eq!(states, BTreeSet::from(["cleared", "new"]), "nobody says that they are one");
}

#[test]
fn people_whom_no_register_has_are_one_by_their_damaged_number_too() {
    let home = temp();
    let (pipeline, lake) = (patients(home.path()), home.path().join("lake"));
    let input = home.path().join("input");
    let number = id("629005", "1960-01-09", "019");
    let rows = [
        format!("V01,{number},孙大伟,1,1960-01-09,620122101201,"),
        format!("V02,{},孙大伟,1,,,", &number[..17]),
        format!("V03,{}000,孙大伟,1,,,", &number[..15]),
        // Another name: his number alone says nothing.
        format!("V04,{},郝思嘉,2,,,", &number[..17]),
    ];
    extract(&input, "2026-11-10", "人口", RESIDENT, &residents());
    extract(&input, "2026-11-10", "就诊", VISIT, &rows);
    night(&pipeline, &input, &lake, &[]);
    let (first, step) = visit(&pipeline, &lake, 1);
    assert_eq!(step, "edit");
    assert_eq!(visit(&pipeline, &lake, 2), (first.clone(), "prefix15".to_owned()));
    let (other, step) = visit(&pipeline, &lake, 3);
    assert_eq!(step, "unlinked");
    assert_ne!(other, first);
    let subjects: BTreeSet<String> =
        anomalies(&current(&lake)).into_iter().map(|row| row.subject).collect();
    assert_eq!(subjects.len(), 2, "he and she");
    assert!(subjects.contains(&first), "the rows are his whose number is whole");
}

#[test]
fn a_list_that_lists_a_person_once_has_no_two_rows_of_one() {
    let home = temp();
    let (pipeline, input) = (patients(home.path()), home.path().join("input"));
    let yaml = pipeline.join("pipeline.yaml");
    let plain = std::fs::read_to_string(&yaml).expect("a pipeline");
    let zhang = id("629001", "1956-05-12", "011");
    let visits = [
        format!("V01,{zhang},张建国,1,1956-05-12,620122101201,"),
        // By name and telephone it would be his too; by his damaged number it is.
        "V02,,张建国,1,,,13900000001".to_owned(),
        format!("V03,{},张建国,1,,,", &zhang[..17]),
    ];
    extract(&input, "2026-11-10", "人口", RESIDENT, &residents());
    extract(&input, "2026-11-10", "就诊", VISIT, &visits);
    let often = home.path().join("often");
    night(&pipeline, &input, &often, &[]);
    assert_eq!(visit(&pipeline, &often, 1).1, "phone");
    let once = plain.replace("secret: {demo", "link: {once: [visit]}, secret: {demo");
    std::fs::write(&yaml, once).expect("a pipeline");
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    assert_eq!(visit(&pipeline, &lake, 1).1, "unlinked", "he is on the list already");
    assert_eq!(visit(&pipeline, &lake, 2).1, "edit", "listed twice, which is a matter of its own");
    let review = Bidui::new("show").args(&["links", "--output", "json"]).arg(&pipeline);
    assert_eq!(rows(review.arg("--lake").arg(&lake)).len(), 1, "people decide");
    std::fs::write(&yaml, plain.replace("secret: {demo", "link: {once: [vist]}, secret: {demo"))
        .expect("a pipeline");
    let said = Bidui::new("check").arg(&pipeline).go().ended(2);
    assert!(said.stderr.contains("visit"), "did you mean: {}", said.stderr);
}

#[test]
fn a_row_that_another_took_the_place_of_is_not_linked_on_that_night() {
    let home = temp();
    let (pipeline, lake) = (patients(home.path()), home.path().join("lake"));
    let input = home.path().join("input");
    let zhang = id("629001", "1956-05-12", "011");
    let visit = |n: u8| [format!("V0{n},{zhang},张建国,1,1956-05-12,620122101201,")];
    extract(&input, "2026-11-10", "人口", RESIDENT, &residents());
    extract(&input, "2026-11-10", "就诊", VISIT, &visit(1));
    night(&pipeline, &input, &lake, &[]);
    let nights = lake.join("nights");
    let first = bidui::lake::names_in(&nights).pop().expect("a night");
    let old = bidui::lake::names_in(&lake.join("deliveries/visit")).pop().expect("a delivery");
    extract(&input, "2026-11-11", "就诊", VISIT, &visit(2));
    night(&pipeline, &input, &lake, &[]);
    let explain = || {
        let place = format!("visit:{old}:0");
        Bidui::new("explain").args(&["link", &place]).arg(&pipeline).arg("--lake").arg(&lake)
    };
    let said = explain().go().ended(2);
    assert!(said.stderr.contains("no delivery of that night"), "{}", said.stderr);
    explain().args(&["--night", &first]).go().ended(0);
}
