//! What cells are held against: where that changes, what was received before is read anew.

use bidui::feed::receipt::contract;
use bidui::privacy::PersonKeys;

use super::Trial;

const TABLE: &str = "
title: {zh: 就诊, en: Visit}
about: One visit.
grain: plain
columns:
  - {name: visit_no, type: text, title: 编号, about: Number.}
  - {name: sex, type: code, codes: sex, title: 性别, about: Sex.}
";

const PLACES: &str = "
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct, about: ID.}
  - {name: place, type: division, title: 区划, about: Place.}
";

const FEED: &str = "
title: {zh: 就诊, en: Visits}
sender: 医院
table: visit
files: \"就诊_{period:%Y%m}*.csv\"
format: {kind: csv}
delivery: {kind: append, cadence: monthly}
columns:
  - {to: visit_no, from: [编号], required: true}
  - {to: sex, from: [性别]}
";

const SEX: &str = "code,label,aliases\n1,男,男性\n2,女,女性\n";

fn trial() -> Trial {
    let trial = Trial::new("就诊_{period:%Y%m}*.csv", "kind: append, cadence: monthly");
    trial.write(&trial.pipeline().join("tables/visit.yaml"), TABLE);
    trial.write(&trial.pipeline().join("feeds/visit.yaml"), FEED);
    trial.write(&trial.pipeline().join("codes/sex.csv"), SEX);
    trial
}

#[test]
fn a_file_is_read_anew_when_a_code_list_learns_a_spelling() {
    let trial = trial();
    let file = trial.input().join("2026-11-10/就诊_202610.csv");
    trial.write(&file, "编号,性别\nJ1,男\nJ2,阿哥\n");
    trial.receive();
    let counts = |trial: &Trial| {
        let receipts = trial.receipts();
        receipts.iter().map(|r| (r.used, r.quarantined)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&trial), [(1, 1)]);
    trial.receive();
    assert_eq!(counts(&trial), [(1, 1)], "the same lists are the same delivery");
    trial.write(&trial.pipeline().join("codes/sex.csv"), &SEX.replace("男性", "男性|阿哥"));
    assert!(counts(&trial).is_empty(), "what was received is of another contract");
    trial.receive();
    assert_eq!(counts(&trial), [(2, 0)]);
}

#[test]
fn a_contract_hangs_on_what_its_cells_are_held_against_and_on_nothing_else() {
    let places = trial();
    let dir = places.pipeline();
    let settings = "
title: {zh: 试, en: Trial}
division_root: \"62\"
divisions: [division]
division_history: code_history
identity: {placeholders: [\"999999\"], secret: {demo: a secret of a test}}
";
    places.write(&dir.join("pipeline.yaml"), settings);
    places.write(&dir.join("codes/division.csv"), "code,label\n62,甘肃省\n63,青海省\n");
    places.write(&dir.join("codes/code_history.csv"), "code,new_code\n622901,622902\n");
    places.write(&dir.join("codes/other.csv"), "code,label\n1,甲\n");
    places.write(&dir.join("tables/place.yaml"), &format!("{}{}", TABLE.trim_end(), PLACES));
    let feed = FEED.replace("table: visit", "table: place").replace("就诊_", "地点_");
    places.write(&dir.join("feeds/place.yaml"), &feed);
    let hashes = || {
        let pipeline = bidui::night::setup::load(&dir).expect("it loads");
        let keys = PersonKeys::new(b"a secret of a test");
        ["visit", "place"].map(|feed| contract(&pipeline, &pipeline.feeds[feed], &keys))
    };
    let before = hashes();
    assert_eq!(hashes(), before);
    // Whether the contract of visits changes, and that of places.
    for (file, from, to, changes) in [
        ("codes/other.csv", "甲", "乙", [false, false]),
        ("codes/sex.csv", "女性", "女性|阿姐", [true, true]),
        ("codes/division.csv", "甘肃省", "甘肃", [false, true]),
        ("codes/code_history.csv", "622902", "622903", [false, true]),
        ("pipeline.yaml", "division_root: \"62\"", "division_root: \"63\"", [false, true]),
        ("pipeline.yaml", "999999", "888888", [false, true]),
        ("pipeline.yaml", "en: Trial", "en: Other", [false, false]),
    ] {
        let path = dir.join(file);
        let text = std::fs::read_to_string(&path).expect("a policy file");
        assert!(text.contains(from), "{file} holds {from}");
        places.write(&path, &text.replace(from, to));
        let after = hashes();
        let changed = [0, 1].map(|at| before[at] != after[at]);
        assert_eq!(changed, changes, "{file}: {from} becomes {to}");
        places.write(&path, &text);
    }
}
