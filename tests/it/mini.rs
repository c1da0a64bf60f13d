//! A world so small that a night can be killed at each of its steps: two feeds, one of them with
//! rows that are rejected, two views, three rules, three nights, and room for two nights only.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::support::scratch;

/// The policy files.
const PIPELINE: [(&str, &str); 14] = [
    (
        "pipeline.yaml",
        r#"title: {zh: 小世界, en: Mini}
division_root: "62"
divisions: [division]
buckets: 2
identity: {spine: [resident], secret: {demo: "demo secret: never use with real data"}}
retention: {nights: 2}
"#,
    ),
    (
        "codes/division.csv",
        "code,label,aliases,parent,level\n62,甘肃省,,,1\n6201,兰州市,,62,2\n620122,皋兰县,,6201,3\n",
    ),
    (
        "tables/resident.yaml",
        r#"title: {zh: 人口, en: Resident}
about: One row for each person.
grain: person
person: {id: id_no, name: name, birth: birth_date, village: village_code}
columns:
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct}
  - {name: name, type: name, title: 姓名, privacy: direct}
  - {name: birth_date, type: date, title: 出生日期, privacy: personal}
  - {name: village_code, type: division, title: 区划, privacy: personal}
"#,
    ),
    (
        "tables/payment.yaml",
        r#"title: {zh: 缴费, en: Payment}
about: One row for each payment.
grain: person
key: [pay_no]
person: {id: id_no, name: name}
columns:
  - {name: pay_no, type: text, title: 单号}
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct}
  - {name: name, type: name, title: 姓名, privacy: direct}
  - {name: amount, type: "decimal(10,2)", title: 金额}
"#,
    ),
    (
        "feeds/resident.yaml",
        r#"title: {zh: 人口, en: Residents}
sender: 公安
table: resident
files: "人口_{period:%Y%m%d}.csv"
delivery: {kind: snapshot, cadence: monthly}
columns:
  - {to: id_no, from: [号码]}
  - {to: name, from: [姓名]}
  - {to: birth_date, from: [出生日期]}
  - {to: village_code, from: [区划], required: true}
"#,
    ),
    (
        "feeds/payment.yaml",
        r#"title: {zh: 缴费, en: Payments}
sender: 医保
table: payment
files: "缴费_{period:%Y%m%d}.csv"
delivery: {kind: append, cadence: daily}
columns:
  - {to: pay_no, from: [单号], required: true}
  - {to: id_no, from: [号码]}
  - {to: name, from: [姓名]}
  - {to: amount, from: [金额], required: true}
"#,
    ),
    (
        "views/person.sql",
        r"/*---
title: {zh: 人, en: Person}
subject: person_key
division: division
name: name
---*/
SELECT r.person_key, max(r.village_code) AS division, max(r.name) AS name, max(p.paid) AS paid
FROM resident r
LEFT JOIN (SELECT person_key, sum(amount) AS paid FROM payment GROUP BY person_key) p
  ON p.person_key = r.person_key
GROUP BY r.person_key
",
    ),
    (
        "views/place.sql",
        r"/*---
title: {zh: 地方, en: Place}
subject: village_code
division: village_code
---*/
SELECT village_code, count(*) AS people FROM resident GROUP BY village_code
",
    ),
    ("rules/PAY01.sql", PAY01),
    ("rules/PAY02.sql", PAY02),
    ("rules/PLA01.sql", PLA01),
    ("rules/PAY01.test.yaml", "given: [{person_key: 1}]\nexpect: [\"1\"]\n"),
    ("rules/PAY02.test.yaml", "given: [{person_key: 1, paid: 900}]\nexpect: [\"1\"]\n"),
    (
        "rules/PLA01.test.yaml",
        "given: [{village_code: \"620122000000\", people: 9}]\nexpect: [\"620122000000\"]\n",
    ),
];

const PAY01: &str = r#"/*---
title: {zh: 未缴费, en: Has not paid}
over: person
applies: "true"
needs: [resident, payment]
severity: orange
route: {to: township, due: 7d}
message: 没有缴费记录
basis: {text: 应缴尽缴}
---*/
paid IS NULL
"#;

const PAY02: &str = r#"/*---
title: {zh: 缴费过多, en: Has paid too much}
over: person
applies: paid IS NOT NULL
needs: [resident, payment]
severity: blue
route: {to: county_insurance, due: 30d}
evidence: [paid]
message: "缴费{paid}元"
basis: {text: 标准}
---*/
paid > 500
"#;

const PLA01: &str = r#"/*---
title: {zh: 人口过多, en: Too many people}
over: place
applies: "true"
needs: [resident]
severity: yellow
route: {to: county_health, due: 30d}
evidence: [people]
message: "{people}人"
basis: {text: 标准}
---*/
people > 3
"#;

/// The text of a policy file of the world.
pub fn policy(name: &str) -> &'static str {
    PIPELINE.iter().find(|(own, _)| *own == name).map(|(_, text)| *text).expect("a policy file")
}

/// Folders of the world.
pub struct Mini {
    pub pipeline: PathBuf,
    pub input: PathBuf,
}

/// The nights, oldest first.
pub const NIGHTS: [&str; 3] = ["2026-11-10", "2026-11-11", "2026-11-12"];

/// Makes the world, once.
pub fn mini() -> &'static Mini {
    static MINI: OnceLock<Mini> = OnceLock::new();
    MINI.get_or_init(|| {
        let home = scratch().join("mini");
        let mini = Mini { pipeline: home.join("pipeline"), input: home.join("input") };
        for (name, text) in PIPELINE {
            put(&mini.pipeline.join(name), text);
        }
        for (number, night) in NIGHTS.iter().enumerate() {
            let day = night.replace('-', "");
            let folder = mini.input.join(night);
            // The register comes on the first and the last night, one person more each time.
            if number != 1 {
                put(&folder.join(format!("人口_{day}.csv")), &residents(5 + number as u32));
            }
            put(&folder.join(format!("缴费_{day}.csv")), &payments(number as u32));
        }
        mini
    })
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("written");
}

/// The ID of a person of no place.
pub fn id(number: u32) -> String {
    let digits = format!("6291011980010{}00{}", 1 + number % 9, 1 + number % 9);
    let check = bidui::citizen_id::check_digit(digits.as_bytes());
    format!("{digits}{}", char::from(check))
}

/// The names of these persons.
pub const NAMES: [&str; 8] =
    ["测试甲", "测试乙", "测试丙", "测试丁", "测试戊", "测试己", "测试庚", "测试辛"];

fn residents(people: u32) -> String {
    let mut text = String::from("号码,姓名,出生日期,区划\n");
    for n in 0..people {
        let (id, name) = (id(n), NAMES[n as usize]);
        text.push_str(&format!("{id},{name},1980-01-0{},620122\n", 1 + n % 9));
    }
    text
}

/// Some pay, one too much; one row has no amount, one too many cells, and one no ID.
fn payments(night: u32) -> String {
    let mut text = String::from("单号,号码,姓名,金额\n");
    for n in 0..3 {
        let (id, name) = (id(n + night), NAMES[(n + night) as usize]);
        text.push_str(&format!("P{night}{n},{id},{name},{}.00\n", 380 + 200 * n));
    }
    text.push_str(&format!("P{night}7,{},{},未知\n", id(1), NAMES[1]));
    text.push_str(&format!("P{night}8,{},{},380.00,多\n", id(1), NAMES[1]));
    text.push_str(&format!("P{night}9,,{},380.00\n", NAMES[2]));
    text
}
