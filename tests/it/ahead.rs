//! A mistyped year does not end the ledger: days far after all that is known are refused.

use bidui::ledger::store::{Store, file_address};

use crate::support::{Bidui, copy, current, gansu, run, temp, tiny, tiny_lake, tree};

/// Somebody meant 2026-11-12; an empty folder is enough.
#[test]
fn a_folder_of_a_year_far_ahead_is_no_night() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(tiny(), &input);
    copy(tiny_lake(), &lake);
    std::fs::create_dir(input.join("2062-11-12")).expect("a folder");
    let before = current(&lake);
    let said = run(&gansu(), &input, &lake).go().ended(2);
    for part in ["2062-11-12", "2026-11-11", "rename", "--date 2062-11-12"] {
        assert!(said.stderr.contains(part), "{part} in {}", said.stderr);
    }
    assert_eq!(current(&lake), before);
    // Nobody has to wait for the folder to be renamed.
    std::fs::create_dir(input.join("2026-11-12")).expect("a folder");
    run(&gansu(), &input, &lake).args(&["--date", "2026-11-12"]).go().ended(0);
    assert_ne!(current(&lake), before);
    run(&gansu(), &input, &lake).go().ended(2);
    // A lake without nights has only the folders to compare.
    let fresh = home.path().join("fresh");
    run(&gansu(), &input, &fresh).go().ended(2);
    assert!(!fresh.join("current").exists());
    // Who names the very date means it.
    let nights = run(&gansu(), &input, &lake).args(&["--date", "2062-11-12"]).go().ended(0).json();
    assert_eq!(nights[0]["date"], "2062-11-12");
}

/// R15: a scheduler gives the date that its clock says.
#[test]
fn a_clock_that_jumped_makes_no_night() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(tiny(), &input);
    copy(tiny_lake(), &lake);
    let before = (current(&lake), tree(&lake.join("nights")));
    let night = |date: &str| run(&gansu(), &input, &lake).args(&["--date", date]).go();
    let said = night("2099-01-01").ended(2);
    for part in ["2099-01-01", "2026-11-11", "clock", "input/2099-01-01"] {
        assert!(said.stderr.contains(part), "{part} in {}", said.stderr);
    }
    // One that went back shows a night of the past, and records nothing.
    let store = Store::open(&file_address(&lake.join("ledger.sqlite"))).expect("a ledger");
    let head = store.head().expect("a head");
    night("2026-11-10").ended(0);
    assert_eq!(store.head().expect("a head"), head);
    assert_eq!((current(&lake), tree(&lake.join("nights"))), before);
}

#[test]
fn an_act_of_a_year_far_ahead_is_refused() {
    let home = temp();
    let lake = home.path().join("lake");
    copy(tiny_lake(), &lake);
    let store = Store::open(&file_address(&lake.join("ledger.sqlite"))).expect("a ledger");
    let before = store.head().expect("a head");
    let cases = store.cases().expect("cases").by_number;
    let number = cases.keys().next().expect("a case").as_str();
    let far = ["--on", "2062-11-12", "--actor", "林"];
    for words in [
        &["case", "note", number, "--reason", "电话已核"][..],
        &["pack", "issue", "--month", "2026-11"],
        &["pack", "take-back", "nobody.xlsx"],
    ] {
        let call = Bidui::new(words[0]).args(&words[1..]).args(&far);
        let said = call.arg("--pipeline").arg(gansu()).arg("--lake").arg(&lake).go().ended(2);
        assert!(said.stderr.contains("more than 366 days after"), "{}", said.stderr);
        assert_eq!(store.head().expect("a head"), before, "{words:?}");
    }
}
