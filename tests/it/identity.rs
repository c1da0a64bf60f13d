//! Who a row is about: each step finds its person and nobody else's, decisions win, and nothing hangs
//! on threads, buckets, the order of rows or on rows of strangers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bidui::citizen_id::check_digit;
use bidui::error::Result;
use bidui::identity::{Evidence, evidence, reviews};
use serde_json::Value;

use crate::support::{Bidui, Policies, anomalies, current, gansu, list, number, run, temp, text};

const PIPELINE: &str = r#"title: {zh: 归并, en: Links}
division_root: "62"
divisions: [division]
buckets: 4
identity: {spine: [resident], secret: {demo: "demo secret: never use with real data"}}
retention: {nights: 2}
"#;
const DIVISIONS: &str = "code,label,aliases,parent,level\n62,甘肃省,,,1\n6201,兰州市,,62,2\n\
    620122,皋兰县,,6201,3\n620122101,石洞镇,,620122,4\n620122101201,东湾村,,620122101,5\n\
    620122101202,西湾村,,620122101,5\n";
const RESIDENT: &str = r#"title: {zh: 人口, en: Resident}
about: One row for each person.
grain: person
person: {id: id_no, name: name, birth: birth_date, village: village_code, sex: sex, phone: phone, household: home}
columns:
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct}
  - {name: name, type: name, title: 姓名, privacy: direct}
  - {name: sex, type: text, title: 性别, privacy: personal}
  - {name: birth_date, type: date, title: 出生日期, privacy: personal}
  - {name: village_code, type: division, title: 区划, privacy: personal}
  - {name: phone, type: text, title: 电话, privacy: direct}
  - {name: home, type: text, title: 户号, privacy: personal}
"#;
pub const VISIT: &str = r#"title: {zh: 就诊, en: Visit}
about: One row for each visit.
grain: person
key: [visit_no]
person: {id: id_no, name: name, birth: birth_date, village: village_code, sex: sex, phone: phone}
columns:
  - {name: visit_no, type: text, title: 单号}
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct}
  - {name: name, type: name, title: 姓名, privacy: direct}
  - {name: sex, type: text, title: 性别, privacy: personal}
  - {name: birth_date, type: date, title: 出生日期, privacy: personal}
  - {name: village_code, type: division, title: 区划, privacy: personal}
  - {name: phone, type: text, title: 电话, privacy: direct}
"#;
const VIEW: &str = "/*---\ntitle: {zh: 人, en: Person}\nsubject: person_key\ndivision: division\n---*/\n\
    SELECT person_key, max(village_code) AS division FROM resident GROUP BY person_key\n";

fn feed(table: &str, files: &str, columns: &[&str]) -> String {
    let columns: Vec<String> =
        columns.iter().map(|c| format!("  - {{to: {c}, from: [{c}]}}\n")).collect();
    format!(
        "title: {{zh: 甲, en: A}}\nsender: 甲\ntable: {table}\nfiles: \"{files}_{{period:%Y%m%d}}.csv\"\n\
         delivery: {{kind: snapshot, cadence: monthly}}\ncolumns:\n{}",
        columns.concat()
    )
}

/// A pipeline of a register and visits.
pub fn pipeline(home: &Path, decisions: Option<&str>) -> PathBuf {
    let dir = home.join("links");
    let put = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let link = decisions.map(|_| ", link: {decisions: link_decision}}\n");
    put("pipeline.yaml", &PIPELINE.replace("}}\n", &format!("}}{}", link.unwrap_or("}\n"))));
    put("codes/division.csv", DIVISIONS);
    if let Some(decisions) = decisions {
        put("codes/link_decision.csv", decisions);
    }
    put("tables/resident.yaml", RESIDENT);
    put("tables/visit.yaml", VISIT);
    put("views/person.sql", VIEW);
    let own = ["id_no", "name", "sex", "birth_date", "village_code", "phone"];
    put("feeds/resident.yaml", &feed("resident", "人口", &[&own[..], &["home"]].concat()));
    put("feeds/visit.yaml", &feed("visit", "就诊", &[&["visit_no"], &own[..]].concat()));
    dir
}

/// A valid ID.
pub fn id(area: &str, birth: &str, sequence: &str) -> String {
    let first = format!("{area}{}{sequence}", birth.replace('-', ""));
    format!("{first}{}", char::from(check_digit(first.as_bytes())))
}

/// The register: ID, name, sex, birth, village, phone, household.
pub fn residents() -> Vec<String> {
    let (zhang, li) = (id("629001", "1956-05-12", "011"), id("629001", "1962-07-03", "022"));
    let (son, twin) = (id("629001", "2015-03-20", "013"), id("629001", "2015-03-20", "035"));
    let (mother, baby) = (id("629002", "1990-09-09", "024"), id("629002", "2026-08-01", "028"));
    let zhaxi = id("629003", "1975-05-05", "017");
    let mut rows = vec![
        format!("{zhang},张建国,1,1956-05-12,620122101201,13900000001,H1"),
        format!("{li},李秀英,2,1962-07-03,620122101201,,H1"),
        format!("{son},张子涵,1,2015-03-20,620122101201,,H1"),
        format!("{twin},张子轩,1,2015-03-20,620122101201,,H1"),
        format!("{mother},王小丽,2,1990-09-09,620122101202,13900000002,H2"),
        format!("{baby},王一诺,2,2026-08-01,620122101202,,H2"),
        format!("{zhaxi},扎西·次仁,1,1975-05-05,620122101202,13900000003,H3"),
        ",赵德福,1,1951-02-03,620122101202,13900000004,H4".to_owned(),
    ];
    // Enough others that chance is small.
    for n in 0..400 {
        let birth = format!("{}-{:02}-{:02}", 1940 + n % 70, 1 + n % 12, 1 + n % 28);
        let number = id("629009", &birth, &format!("{:03}", n % 998));
        let name: String = ["周", "吴", "郑", "冯", "陈"][n % 5].to_owned()
            + ["桂兰", "志强", "文博", "雪梅", "永福", "彩霞", "海龙"][n % 7]
            + if n % 3 == 0 { "儿" } else { "" };
        let sex = 2 - n % 2;
        rows.push(format!("{number},{name},{sex},{birth},62012210120{},,X{}", 1 + n % 2, n / 3));
    }
    rows
}

/// A visit, the place of its person in [`residents`] and the step; no person for nobody's.
fn visits() -> Vec<(String, Option<usize>, &'static str)> {
    let own: Vec<String> =
        residents().iter().map(|r| r.split(',').next().unwrap_or_default().to_owned()).collect();
    let (zhang, li, son, mother, zhaxi) = (&own[0], &own[1], &own[2], &own[4], &own[6]);
    let zhao = id("629004", "1951-02-03", "015");
    let swapped = format!("{}{}{}{}", &zhang[..13], &zhang[14..15], &zhang[13..14], &zhang[15..]);
    let row = |n: usize, id: &str, rest: &str| format!("V{n:02},{id},{rest}");
    vec![
        (row(0, zhang, "张建国,1,1956-05-12,620122101201,"), Some(0), "id"),
        (row(1, zhang, "张健国,1,1956-05-12,620122101201,"), Some(0), "id"),
        (row(2, &format!("{}000", &zhang[..15]), "张建国,1,,,"), Some(0), "prefix15"),
        (row(3, &swapped, "张建国,1,1956-05-12,620122101201,"), Some(0), "edit"),
        (row(4, &zhang[..17], "张建国,,,,"), Some(0), "edit"),
        (row(5, "", "李秀英,2,1962-07-03,620122101201,"), Some(1), "roster"),
        (row(6, zhang, "李秀英,2,1962-07-03,620122101201,"), Some(1), "household"),
        (row(7, zhang, "张建军,1,1956-05-12,620122101201,"), Some(0), "variant"),
        (row(8, li, "李爱莲,2,1962-07-03,620122101201,"), Some(1), "alias"),
        (row(9, mother, "王小丽之女,2,2026-08-01,620122101202,"), Some(5), "newborn"),
        (row(10, "", "扎西次仁,1,,,+86 139-0000-0003"), Some(6), "phone"),
        (row(11, &zhao, "赵德福,1,1951-02-03,620122101202,"), Some(7), "id"),
        // Nobody knows him: his own number is his key.
        (
            row(12, &id("629005", "1960-01-09", "019"), "孙大伟,1,1960-01-09,620122101201,"),
            None,
            "id",
        ),
        // Twins: the name says which.
        (row(13, "", "张子涵,1,2015-03-20,620122101201,"), Some(2), "roster"),
        // The name of one and the number of the other, with the birth of both: nobody can say.
        (row(14, son, "张子轩,1,2015-03-20,620122101201,"), None, "clash"),
        (row(15, zhaxi, "欧阳雪琴,2,1990-01-01,620122101201,"), None, "clash"),
        // Somebody else under the number of the man whom nobody knows.
        (
            row(16, &id("629005", "1960-01-09", "019"), "钱一鸣,2,1988-11-30,620122101202,"),
            None,
            "clash",
        ),
    ]
}

pub fn extracts(home: &Path, residents: &[String], visits: &[String]) -> PathBuf {
    let dir = home.join("input");
    let own = "id_no,name,sex,birth_date,village_code,phone";
    extract(&dir, "2026-11-10", "人口", &format!("{own},home"), residents);
    extract(&dir, "2026-11-10", "就诊", &format!("visit_no,{own}"), visits);
    dir
}

/// One extract of a night.
pub fn extract(input: &Path, night: &str, name: &str, head: &str, rows: &[String]) {
    let dir = input.join(night);
    std::fs::create_dir_all(&dir).expect("a folder");
    let text = format!("{head}\n{}\n", rows.join("\n"));
    let name = format!("{name}_{}.csv", night.replace('-', ""));
    std::fs::write(dir.join(name), text).expect("a file");
}

/// Key and step of every visit, by its number, and the key of every resident, by its row.
pub fn linked(
    pipeline: &Path,
    lake: &Path,
    visits: &[String],
) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    let delivery = |feed: &str| {
        bidui::lake::names_in(&lake.join("deliveries").join(feed)).pop().expect("a delivery")
    };
    let explain = |table: &str, row: usize| -> Value {
        let place = format!("{table}:{}:{row}", delivery(table));
        let explain = Bidui::new("explain").args(&["link", &place]).arg(pipeline);
        let said = explain.arg("--lake").arg(lake).args(&["--output", "json"]).go().ended(0);
        said.json().pop().expect("one line")
    };
    for (row, visit) in visits.iter().enumerate() {
        let number = visit.split(',').next().unwrap_or_default();
        let json = explain("visit", row);
        let line = &json["rows"][0];
        let text = |name: &str| line[name].as_str().unwrap_or("id").to_owned();
        found.insert(number.to_owned(), (text("person"), text("step")));
    }
    found
}

/// A lake after its night.
pub fn night(pipeline: &Path, input: &Path, lake: &Path, how: &[&str]) {
    run(pipeline, input, lake).args(how).go().ended(0);
}

#[test]
fn each_step_finds_its_person() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let all = visits();
    let rows: Vec<String> = all.iter().map(|(row, ..)| row.clone()).collect();
    let input = extracts(home.path(), &residents(), &rows);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let found = linked(&pipeline, &lake, &rows);
    // Rows of one person have one key; `id` is the plain ID, whose key no line tells.
    let mut keys: BTreeMap<usize, String> = BTreeMap::new();
    for (row, person, step) in &all {
        let (key, told) = &found[&row[..3]];
        let step = if *step == "id" { "explained by its ID" } else { step };
        let told = if told == "id" { "explained by its ID" } else { told };
        assert_eq!(told, step, "{}", &row[..3]);
        if let Some(person) = person.filter(|_| key != "id") {
            let known = keys.entry(person).or_insert_with(|| key.clone());
            assert_eq!(known, key, "{}", &row[..3]);
        }
    }
    // The register has him without a number: it takes the key of the one that others know.
    let delivery = bidui::lake::names_in(&lake.join("deliveries/resident")).pop();
    let delivery = delivery.expect("a delivery");
    let place = format!("resident:{delivery}:7");
    let explain = Bidui::new("explain").args(&["link", &place]).arg(&pipeline);
    let said = explain.arg("--lake").arg(&lake).args(&["--output", "json"]).go().ended(0);
    let register = said.json().pop().expect("one line");
    assert_eq!(register["rows"][0]["tier"], "roster");
    for nowhere in [format!("resident:{delivery}:999"), "resident:20200101-0:0".into()] {
        let explain = Bidui::new("explain").args(&["link", &nowhere]).arg(&pipeline);
        explain.arg("--lake").arg(&lake).go().ended(2);
    }
    assert_eq!(keys.len(), 5, "each person is met: {keys:?}");
    let distinct: std::collections::BTreeSet<&String> = keys.values().collect();
    assert_eq!(distinct.len(), keys.len(), "no two persons have one key");
}

/// A rule that finds everybody.
const ALL01: &str = r#"/*---
title: {zh: 在册, en: Is registered}
over: person
applies: "true"
needs: [resident, visit]
severity: blue
route: {to: township, due: 30d}
message: 在册
basis: {text: 在册}
---*/
person_key IS NOT NULL
"#;

#[test]
fn rows_of_an_anomaly_say_what_links_them() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    std::fs::create_dir_all(pipeline.join("rules")).expect("a folder");
    let example = "given: [{person_key: 1}]\nexpect: [\"1\"]\n";
    for (rule, needs) in [("ALL01", "[resident, visit]"), ("ALL02", "[link]")] {
        let text = ALL01.replace("[resident, visit]", needs);
        std::fs::write(pipeline.join(format!("rules/{rule}.sql")), text).expect("written");
        let path = pipeline.join(format!("rules/{rule}.test.yaml"));
        std::fs::write(path, example).expect("written");
    }
    let rows: Vec<String> = visits().into_iter().map(|(row, ..)| row).collect();
    let input = extracts(home.path(), &residents(), &rows);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let found = linked(&pipeline, &lake, &rows);
    let everybody = anomalies(&current(&lake));
    let his = |rule: &str| {
        let own = everybody.iter().find(|a| a.rule == rule && a.subject == found["V02"].0);
        &own.expect("his anomaly").anomaly
    };
    let explain = |rule: &str, form: &str| {
        let explain = Bidui::new("explain").arg(his(rule)).arg(&pipeline).arg("--lake").arg(&lake);
        explain.args(&["--output", form]).go().ended(0)
    };
    let links = |rule: &str| {
        let json = explain(rule, "json").json().pop().expect("one line");
        let page = explain(rule, "table").stdout;
        let mut told = BTreeMap::new();
        for row in list(&json, "rows").iter().filter(|row| text(row, "table") == "visit") {
            let (visit, link) = (text(&row["values"], "单号"), text(row, "link"));
            assert_eq!(visit, format!("V{:02}", number(row, "row")));
            let place = format!("visit:{}:{}", text(row, "delivery"), number(row, "row"));
            let leads = page.contains(&format!("{link} · `bidui explain link {place}`"));
            assert_eq!(leads, link != "id", "{place} in\n{page}");
            told.insert(visit.to_owned(), link.to_owned());
        }
        told
    };
    let steps = |visits: &[&str]| -> BTreeMap<String, String> {
        visits.iter().map(|v| ((*v).to_owned(), found[*v].1.clone())).collect()
    };
    assert_eq!(links("ALL01"), steps(&["V00", "V01", "V02", "V03", "V04", "V07"]));
    // What is about links rests on the rows that need more than the number, and on those of others under it.
    assert_eq!(links("ALL02"), steps(&["V02", "V03", "V04", "V06", "V07"]));
}

#[test]
fn strangers_and_the_order_of_rows_change_nothing() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let rows: Vec<String> = visits().into_iter().map(|(row, ..)| row).collect();
    let input = extracts(home.path(), &residents(), &rows);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let before = linked(&pipeline, &lake, &rows);
    // Other people, other order, other threads and buckets.
    let (mut more, mut people) = (rows.clone(), residents());
    people.reverse();
    people.push(format!(
        "{},钱多多,2,1999-09-09,620122101202,,Y1",
        id("629008", "1999-09-09", "026")
    ));
    more.reverse();
    more.push("V98,,钱多多,2,1999-09-09,620122101202,".to_owned());
    let other = home.path().join("other");
    let input = extracts(&other, &people, &more);
    let lake = other.join("lake");
    night(&pipeline, &input, &lake, &["--threads", "3", "--buckets", "64"]);
    let mut after = linked(&pipeline, &lake, &more);
    assert_eq!(after.remove("V98").map(|(_, step)| step).as_deref(), Some("roster"));
    assert_eq!(before, after);
}

#[test]
fn decisions_win() {
    let home = temp();
    let first = pipeline(home.path(), None);
    let rows: Vec<String> = visits().into_iter().map(|(row, ..)| row).collect();
    let input = extracts(home.path(), &residents(), &rows);
    let lake = home.path().join("lake");
    night(&first, &input, &lake, &[]);
    let delivery = bidui::lake::names_in(&lake.join("deliveries/visit")).pop().expect("a delivery");
    let line = |pipeline: &Path, lake: &Path, row: usize| -> Value {
        let place = format!("visit:{delivery}:{row}");
        let explain = Bidui::new("explain").args(&["link", &place]).arg(pipeline);
        let said = explain.arg("--lake").arg(lake).args(&["--output", "json"]).go().ended(0);
        said.json().pop().expect("one line")
    };
    let (roster, phone, clash) =
        (line(&first, &lake, 5), line(&first, &lake, 10), line(&first, &lake, 15));
    let text = |line: &Value, name: &str| line["rows"][0][name].as_str().unwrap_or("").to_owned();
    // 李秀英 is none of hers, and the clash is hers.
    let decisions = format!(
        "mention,person,verdict\n{},{},different\n{},{},same\n",
        text(&roster, "mention"),
        text(&roster, "person"),
        text(&clash, "mention"),
        text(&phone, "person"),
    );
    let second = pipeline(&home.path().join("second"), Some(&decisions));
    let other = home.path().join("lake2");
    night(&second, &input, &other, &[]);
    let (refused, accepted) = (line(&second, &other, 5), line(&second, &other, 15));
    assert_ne!(text(&refused, "person"), text(&roster, "person"));
    assert_eq!(text(&accepted, "person"), text(&phone, "person"));
    assert_eq!(text(&accepted, "step"), "decision");
    let broken = "mention,person,verdict\n12,x,same\n";
    let third = pipeline(&home.path().join("third"), Some(broken));
    let said = run(&third, &input, &home.path().join("lake3")).go();
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("link_decision.csv:2"), "{}", said.stderr);
}

/// Numbers of `bidui truth --links` for all rows, or for those with a bad ID: precision, recall.
fn score(pipeline: &Path, lake: &Path, input: &Path, rows: &str) -> (f64, f64) {
    let truth = Bidui::new("truth").arg(pipeline).arg("--lake").arg(lake);
    let said = truth.arg("--truth").arg(input.join("truth")).args(&["--links"]).go().ended(0);
    let line =
        said.stdout.lines().find(|l| l.trim_start().starts_with(rows) && l.contains("bidui"));
    let words: Vec<f64> =
        line.expect("a line").split_whitespace().filter_map(|w| w.parse().ok()).collect();
    (words[0], words[1])
}

/// Every pair is counted under one step, and no step links at random.
fn by_step(pipeline: &Path, lake: &Path, input: &Path) {
    let truth = Bidui::new("truth").arg(pipeline).arg("--lake").arg(lake).arg("--truth");
    let said = truth.arg(input.join("truth")).args(&["--links", "--json"]).go().ended(0);
    let scores: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let number = |pairs: &Value, name: &str| pairs["night"][name].as_u64().expect("a number");
    let steps = scores["steps"].as_object().expect("steps");
    for name in ["right", "wrong", "missed"] {
        let sum: u64 = steps.values().map(|pairs| number(pairs, name)).sum();
        assert_eq!(sum, number(&scores["all"], name), "{name}");
    }
    for step in ["id", "edit", "prefix15", "roster", "town", "model"] {
        let (right, wrong) = (number(&steps[step], "right"), number(&steps[step], "wrong"));
        assert!(right > 0 && wrong * 20 <= right, "{step}: {right} right, {wrong} wrong");
    }
}

/// The world has tables that a pipeline may do without.
#[test]
fn errors_are_made_for_a_pipeline_of_few_tables() {
    let home = temp();
    let (few, out) = (pipeline(home.path(), None), home.path().join("out"));
    let fake = Bidui::new("fake").arg(&few).arg("--out").arg(&out);
    fake.args(&["--people", "200", "--errors", "usual", "--quiet"]).go().ended(0);
    let truth = std::fs::read_dir(out.join("truth")).expect("a truth").flatten();
    let links = truth.filter(|file| file.file_name().to_string_lossy().starts_with("links-"));
    assert_eq!(links.count(), 1);
}

/// Reads a table of links.
type Read = fn(&Path, Option<i64>) -> Result<Vec<Evidence>>;

/// What departments get wrong, through a whole night; the figures of a large world are in
/// docs/identity.md.
#[test]
fn errors_of_departments_are_survived() {
    let home = temp();
    let policies = Policies::new();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    let fake = Bidui::new("fake").arg(gansu()).arg("--out").arg(&input);
    let fake = fake.args(&["--people", "1500", "--seed", "5", "--counties", "622926,620122"]);
    fake.args(&["--errors", "usual", "--plant-rate", "0", "--quiet"]).go().ended(0);
    night(&policies.gansu(), &input, &lake, &["--threads", "1"]);
    let (precision, recall) = score(&policies.gansu(), &lake, &input, "all");
    assert!(precision > 0.999 && recall > 0.98, "precision {precision}, recall {recall}");
    let (precision, recall) = score(&policies.gansu(), &lake, &input, "bad ID");
    assert!(precision > 0.99 && recall > 0.8, "bad IDs: precision {precision}, recall {recall}");
    by_step(&policies.gansu(), &lake, &input);
    let other = home.path().join("other");
    night(&policies.gansu(), &input, &other, &["--threads", "4", "--buckets", "16"]);
    // A delivery's name holds the number of buckets; all else is the same.
    let told = |lake: &Path, read: Read| {
        let night = bidui::lake::names_in(&lake.join("nights")).pop().expect("a night");
        let mut lines = read(&lake.join("nights").join(night), None).expect("a table of evidence");
        lines.iter_mut().for_each(|l| l.delivery.clear());
        lines
    };
    for read in [evidence as Read, reviews] {
        let lines = told(&lake, read);
        assert!(lines.len() > 20, "{} lines", lines.len());
        assert!(lines == told(&other, read), "it hangs on threads or buckets");
    }
}
