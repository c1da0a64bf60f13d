//! ID numbers that stand where no contract expects them: in numbers of bills, in names of files.

use bidui::citizen_id::check_digit;
use bidui::privacy::HIDDEN;
use serde_json::Value;

use crate::mini::{Mini, NIGHTS, mini};
use crate::support::{Bidui, anomalies, copy, current, list, run, temp};

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
