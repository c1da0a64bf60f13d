//! The whole loop: a night opens cases, packs go out, answers come back, and the nights after prove
//! them or send them back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bidui::anomaly::{Anomaly, State as Found};
use bidui::ledger::act::Fault;
use bidui::ledger::case::Case;
use bidui::ledger::state::State;
use bidui::ledger::store::{Store, file_address};
use serde_json::Value;

use crate::form::{FIXED, Form};
use crate::support::{Bidui, Said, anomalies, fake, gansu, list, number, run, temp, text};

fn pack(lake: &Path, words: &[&str]) -> Said {
    let call = Bidui::new("pack").args(words).arg("--pipeline").arg(gansu());
    call.arg("--lake").arg(lake).env("BIDUI_ACTOR", "省级").go()
}

fn cases(lake: &Path) -> BTreeMap<String, Case> {
    let store = Store::open(&file_address(&lake.join("ledger.sqlite"))).expect("a ledger");
    store.cases().expect("cases").by_number
}

fn night(input: &Path, lake: &Path, date: &str) -> Value {
    let said = run(&gansu(), input, lake).args(&["--date", date, "--only"]).go().ended(0);
    let mut nights = said.json();
    nights.pop().expect("a night")
}

/// Every case of a county is answered as put right.
fn answer_all(lake: &Path, home: &Path) -> usize {
    let packs = lake.join("packs/2026-11");
    let mut answered = 0;
    for file in bidui::lake::files_below(&packs).expect("packs") {
        let path = packs.join(&file.path);
        if !file.path.contains("GS-2026-11-") || file.path.contains("汇总") {
            continue;
        }
        let mut form = Form::open(&path);
        let numbers = form.numbers();
        for number in &numbers {
            form.put(number, &FIXED);
            form.put(number, &[("核查日期", "2026-11-10"), ("完成日期", "2026-11-10")]);
        }
        let back: PathBuf = form.save(&home.join(path.file_name().expect("a name")));
        pack(lake, &["take-back", &back.display().to_string()]).ended(0);
        answered += numbers.len();
    }
    answered
}

#[test]
fn what_is_said_to_be_fixed_is_held_against_the_next_extracts() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    fake(&input, 400, 5, 3, "620423,620122");
    let first = night(&input, &lake, "2026-11-10");
    let opened = number(&first["cases"], "opened");
    let waived = number(&first["cases"], "waived_open");
    assert_eq!(opened, number(&first["cases"], "open") + waived);
    assert!(opened > 20, "{opened} cases");
    pack(&lake, &["issue", "--month", "2026-11"]).ended(0);
    let answered = answer_all(&lake, home.path());
    let before = cases(&lake);
    assert_eq!(before.values().filter(|c| c.state == State::Answered).count(), answered);

    let second = night(&input, &lake, "2026-11-11");
    let after = cases(&lake);
    let rows = anomalies(Path::new(text(&second, "folder")));
    let of = |held: bool| -> BTreeSet<&str> {
        let own = |a: &&Anomaly| (a.state == Found::Held) == held && a.state != Found::Cleared;
        rows.iter().filter(own).map(|a| a.anomaly.as_str()).collect()
    };
    let (still, held) = (of(false), of(true));
    let (mut closed, mut back, mut waiting) = (0, 0, 0);
    for case in before.values().filter(|c| c.state == State::Answered) {
        let now = &after[&case.number];
        match (still.contains(case.anomaly.as_str()), now.state) {
            // A row about its subject could not be read.
            (false, State::Answered) if held.contains(case.anomaly.as_str()) => waiting += 1,
            (false, State::Closed) => closed += 1,
            (true, State::SentBack) => {
                assert_eq!(now.fault, Some(Fault::StillFound));
                back += 1;
            }
            // Not all feeds of its rule have come since the answer.
            (_, State::Reviewing) => waiting += 1,
            (found, state) => panic!("{} is {state:?}, found {found}", case.number),
        }
    }
    assert!(closed > 0 && back + waiting > 0, "{closed} closed, {back} back, {waiting} waiting");
    assert_eq!(number(&second["cases"], "closed"), closed);
    assert_eq!(number(&second["cases"], "sent_back"), back);

    // The night after, MEC05 names exactly the answers that did not hold.
    let third = night(&input, &lake, "2026-11-12");
    let named: BTreeSet<String> = anomalies(Path::new(text(&third, "folder")))
        .into_iter()
        .filter(|a| a.rule == "MEC05" && a.state != Found::Cleared)
        .map(|a| a.subject)
        .collect();
    let expected: BTreeSet<String> = after
        .values()
        .filter(|c| c.state == State::SentBack && c.fault == Some(Fault::StillFound))
        .map(|c| c.number.clone())
        .collect();
    assert_eq!(named, expected);
    assert!(list(&third, "rules").iter().any(|r| text(r, "rule") == "MEC05"));

    // The flow of each night closes: what was open, what came, what left.
    for (a, b) in [(&first, &second), (&second, &third)] {
        let n = |name: &str| number(&b["cases"], name);
        let came = number(&a["cases"], "open") + n("opened") + n("relapsed") + n("lapsed");
        assert_eq!(came, n("open") + n("closed") + n("vanished") + n("waived_open"));
    }
}
