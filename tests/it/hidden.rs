//! ID numbers that stand where no contract expects them: in numbers of bills, in names of files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bidui::anomaly::{Anomaly, State};
use bidui::citizen_id::check_digit;
use bidui::lake::files_below;
use bidui::privacy::{HIDDEN, PersonKeys};
use serde_json::Value;

use crate::mini::{Mini, NIGHTS, mini};
use crate::privacy::cells;
use crate::support::{Bidui, anomalies, copy, csv, current, file_like, list, run, temp};

/// A view whose subject is the number of a bill, and a rule that tells it wherever a rule can.
const BILLS: [(&str, &str); 3] = [
    (
        "views/bill.sql",
        "/*---
title: {zh: 单据, en: Bill}
subject: pay_no
division: village_code
---*/
SELECT p.pay_no, max(r.village_code) AS village_code, max(p.amount) AS amount
FROM payment p JOIN resident r ON r.person_key = p.person_key
GROUP BY p.pay_no
",
    ),
    (
        "rules/BIL01.sql",
        "/*---
title: {zh: 单据金额过大, en: A bill too large}
over: bill
applies: \"true\"
needs: [payment, resident]
severity: yellow
route: {to: county_insurance, due: 30d}
anchor: pay_no
evidence: [pay_no, amount]
message: \"单据{pay_no}共{amount}元\"
basis: {text: 标准}
---*/
amount > 500
",
    ),
    ("rules/BIL01.test.yaml", "given: [{pay_no: \"1\", amount: 900}]\nexpect: [\"1\"]\n"),
];

/// Somebody's ID.
fn id(number: usize) -> String {
    let digits = format!("62977719850505{number:03}");
    let check = char::from(check_digit(digits.as_bytes()));
    format!("{digits}{check}")
}

/// Fills an ID in for the number of every bill; the IDs.
fn number_bills(input: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    for night in NIGHTS {
        let path = file_like(&input.join(night), "缴费_");
        let paid = std::fs::read_to_string(&path).expect("payments");
        let (heading, rows) = paid.split_once('\n').expect("a heading");
        let mut text = format!("{heading}\n");
        for row in rows.lines() {
            let (_, cells) = row.split_once(',').expect("cells");
            ids.push(id(ids.len()));
            text.push_str(&format!("{},{cells}\n", ids[ids.len() - 1]));
        }
        std::fs::write(path, text).expect("written");
    }
    ids
}

/// What the nights of a lake publish, and its ledger: all but the rows themselves.
fn outside(lake: &Path) -> BTreeMap<String, String> {
    let nights = lake.join("nights");
    let mut texts = BTreeMap::new();
    for file in files_below(&nights).expect("nights") {
        if file.path.contains("/views/") || file.path.contains("/identity/") {
            continue;
        }
        let path = nights.join(&file.path);
        let mut bytes = std::fs::read(&path).expect("a file");
        if file.path.ends_with(".parquet") {
            bytes.extend(cells(&path));
        }
        texts.insert(file.path, String::from_utf8_lossy(&bytes).into_owned());
    }
    for name in bidui::lake::names_in(lake).into_iter().filter(|n| n.starts_with("ledger")) {
        let bytes = std::fs::read(lake.join(&name)).expect("the ledger");
        texts.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    texts
}

/// Who fills in an ID for the number of every bill finds it nowhere but in the rows; bills are still told
/// apart, and tables joined.
#[test]
fn ids_for_the_numbers_of_bills_stay_in_the_rows() {
    let home = temp();
    let Mini { pipeline, input } = mini();
    let [policy, own, lake] = ["pipeline", "input", "lake"].map(|name| home.path().join(name));
    copy(pipeline, &policy);
    for (name, text) in BILLS {
        std::fs::write(policy.join(name), text).expect("written");
    }
    copy(input, &own);
    let ids = number_bills(&own);
    let mut texts = BTreeMap::new();
    let mut say = |words: &[&str], call: Bidui| {
        let said = call.go().ended(0);
        texts.insert(words.join(" "), said.stdout.clone() + &said.stderr);
        said.stdout
    };
    say(&["run"], run(&policy, &own, &lake));
    let of = |words: &[&str]| Bidui::new(words[0]).args(&words[1..]);
    for what in ["anomalies", "rejects", "deliveries", "runs"] {
        for form in ["table", "csv", "json"] {
            let words = ["show", what, "--output", form];
            say(&words, of(&words).arg(&policy).arg("--lake").arg(&lake));
        }
    }
    for words in [
        &["case", "list", "--output", "csv"][..],
        &["ledger", "show", "--output", "json"],
        &["worklist", "--village", "62", "--output", "csv"],
    ] {
        say(words, of(words).arg("--pipeline").arg(&policy).arg("--lake").arg(&lake));
    }
    // Both the name of a file and what stands in it.
    let scan = home.path().join(format!("{}.csv", ids[0]));
    std::fs::copy(file_like(&own.join(NIGHTS[2]), "缴费_"), &scan).expect("a copy");
    for form in ["table", "json"] {
        let words = ["try", "--feed", "payment", "--output", form];
        say(&words, of(&words).arg(&scan).arg("--pipeline").arg(&policy));
    }

    let night = current(&lake);
    let rows = anomalies(&night);
    let bills: Vec<&Anomaly> = rows.iter().filter(|a| a.rule == "BIL01").collect();
    for bill in &bills {
        let words = ["explain", bill.anomaly.as_str(), "--output", "json"];
        let said = say(&words, of(&words).arg(&policy).arg("--lake").arg(&lake));
        let page: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(list(&page, "rows").len(), 1, "the bill's own row: {said}");
    }
    texts.append(&mut outside(&lake));
    assert!(texts.len() > 30, "{:?}", texts.keys());
    for (place, text) in &texts {
        let found = ids.iter().find(|id| text.contains(id.as_str()));
        assert!(found.is_none(), "{place} tells the number of a bill");
    }

    let keys = PersonKeys::new(b"demo secret: never use with real data");
    let hidden: BTreeSet<String> = ids.iter().map(|id| keys.hide(id)).collect();
    let subjects: BTreeSet<&str> = bills.iter().map(|a| a.subject.as_str()).collect();
    assert_eq!((bills.len(), subjects.len()), (6, 6), "each bill is one subject");
    assert!(subjects.iter().all(|s| hidden.contains(*s)), "{subjects:?}");
    assert!(bills.iter().all(|a| a.anchor == a.subject && a.message.contains(HIDDEN)));
    assert_eq!(bills.iter().filter(|a| a.state == State::Persisting).count(), 4);
    let of_case = |a: &Anomaly| {
        let cases = csv(&night.join("cases.csv"));
        cases.into_iter().find(|case| case["anomaly"] == a.anomaly).expect("a case")
    };
    assert!(bills.iter().all(|a| of_case(a)["subject"] == a.subject));
}

/// The small world's last night, in which somebody fills in his ID for the number of a bill.
#[test]
fn an_id_in_a_column_that_names_nobody_is_not_shown() {
    let digits = "62910119850505001";
    let id = format!("{digits}{}", char::from(check_digit(digits.as_bytes())));
    let home = temp();
    let Mini { pipeline, input } = mini();
    let (own, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(input, &own);
    let night = own.join(NIGHTS[2]);
    let register = std::fs::read_to_string(night.join("人口_20261112.csv")).expect("a register");
    let person = register.lines().nth(1).and_then(|l| l.split(',').next()).expect("a person");
    let path = night.join("缴费_20261112.csv");
    let paid = std::fs::read_to_string(&path).expect("payments");
    // The second row has the key of the first and says something else.
    let more = format!("{id},{person},测试甲,900.00\n{id},{person},测试甲,901.00\n");
    std::fs::write(&path, paid + &more).expect("written");
    std::fs::write(night.join(format!("{id}_户口本.pdf")), "a scan").expect("written");
    let said = run(pipeline, &own, &lake).go().ended(0);
    let last = said.json().pop().expect("a night");
    assert_eq!(list(&last, "unknown_files"), &[Value::from(format!("{HIDDEN}_户口本.pdf"))]);
    let folder = current(&lake);
    for file in ["report.html", "summary.json"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("a file of the night");
        assert!(text.contains(HIDDEN) && !text.contains(&id), "{file}");
    }
    let say = |words: &[&str]| {
        let call = Bidui::new(words[0]).args(&words[1..]).arg(pipeline).arg("--lake").arg(&lake);
        let said = call.go().ended(0);
        assert!(!said.stdout.contains(&id) && !said.stderr.contains(&id), "{words:?}");
        said.stdout
    };
    for form in ["csv", "json", "table"] {
        let rejects = say(&["show", "rejects", "--output", form]);
        // A terminal's table breaks its lines.
        let said = |text: &str| form == "table" || rejects.contains(text);
        assert!(said("the key of an earlier row") && said(HIDDEN), "{rejects}");
        say(&["show", "deliveries", "--output", form]);
    }
    let rows = anomalies(&folder);
    let found = rows.iter().filter(|a| a.rule == "PAY02");
    let pages: Vec<String> = found.map(|a| say(&["explain", &a.anomaly])).collect();
    assert!(pages.iter().any(|page| page.contains(&format!("单号={HIDDEN}"))), "{pages:?}");
}

/// Lists of cases go to offices and village doctors: a message may rest on what was filled in wrongly.
#[test]
fn an_id_in_a_message_stands_in_no_list_of_cases() {
    let id = "629101198505050018";
    let home = temp();
    let Mini { pipeline, input } = mini();
    let (own, lake) = (home.path().join("pipeline"), home.path().join("lake"));
    copy(pipeline, &own);
    let rule = own.join("rules/PAY02.sql");
    let text = std::fs::read_to_string(&rule).expect("a rule");
    let paid = format!("evidence: [{{paid: \"concat('{id}', '')\"}}]");
    std::fs::write(&rule, text.replace("evidence: [paid]", &paid)).expect("written");
    run(&own, input, &lake).go().ended(0);
    for words in [&["case", "list"][..], &["worklist", "--doctor", "none"]] {
        let call = Bidui::new(words[0]).args(&words[1..]).args(&["--output", "csv", "--pipeline"]);
        let said = call.arg(&own).arg("--lake").arg(&lake).go().ended(0);
        assert!(said.stdout.contains(&format!("缴费{HIDDEN}元")), "{}", said.stdout);
        assert!(!said.stdout.contains(id), "{words:?}");
    }
}

/// What people write down is told to whoever looks at the case, for ever.
#[test]
fn an_id_in_a_reason_is_not_written_down() {
    let home = temp();
    let Mini { pipeline, input } = mini();
    let lake = home.path().join("lake");
    run(pipeline, input, &lake).go().ended(0);
    let say = |words: &[&str]| {
        let call = Bidui::new(words[0]).args(&words[1..]).arg("--pipeline").arg(pipeline);
        call.arg("--lake").arg(&lake).env("BIDUI_ACTOR", "甲").go().ended(0).stdout
    };
    let cases = csv(&current(&lake).join("cases.csv"));
    let number = &cases.iter().find(|case| case["open"] == "true").expect("a case")["number"];
    let (id, until) = (id(0), "2027-01-01");
    let seen = format!("见{id}");
    let why = ["--reason", &seen, "--approver", "甲", "--evidence-no", &id, "--until", until];
    say(&[&["case", "waive", number], &why[..]].concat());
    say(&["case", "assign", number, "--to", &id, "--reason", "派"]);
    let told = [say(&["case", "show", number]), say(&["ledger", "show", "--output", "csv"])];
    for text in &told {
        assert!(text.contains(&format!("见{HIDDEN}")) && !text.contains(&id), "{text}");
    }
    assert!(outside(&lake).values().all(|text| !text.contains(&id)));
}
