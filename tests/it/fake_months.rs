//! Synthetic extracts over the end of a month: events are told once, and every rule finds what was planted.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Bidui, Policies, csv, file_like, gansu, list, number, run, temp, text};

const NIGHTS: [&str; 3] = ["2026-11-11", "2026-12-02", "2026-12-23"];

/// Nights from the first one on.
fn fake(pipeline: &Path, out: &Path, first: &str, more: &[&str]) {
    let call = Bidui::new("fake").arg(pipeline).arg("--out").arg(out).args(&["--seed", "3"]);
    let call = call.args(&["--counties", "620423,620122", "--date", first]);
    call.args(more).arg("--quiet").go().ended(0);
}

/// The numbers of the settlements in a night's extract.
fn settlements(night: &Path) -> BTreeSet<String> {
    let file = std::fs::File::open(file_like(night, "医保结算明细")).expect("an extract");
    let mut zip = zip::ZipArchive::new(file).expect("a zip");
    let inner = zip.by_index(0).expect("a file in it");
    let text = std::io::read_to_string(inner).expect("text in UTF-8");
    let mut rows = text.lines().map(bidui::codes::split);
    let heading = rows.by_ref().find(|r| r.len() > 10).expect("a heading");
    let names = ["结算ID", "setl_id", "结算编号"];
    let at = heading.iter().position(|h| names.contains(&h.trim())).expect("a column of numbers");
    // Titles and totals have nothing there.
    rows.filter_map(|r| Some(r.get(at)?.trim().to_owned()))
        .filter(|n| n.starts_with("62"))
        .collect()
}

/// In the first days of a year the newest extracts still tell of the old one: nobody is uninsured for
/// that, and what was planted is found. Nobody has a rare disease in this world, so nobody of it is registered with one.
#[test]
fn a_new_year_makes_nobody_uninsured() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    fake(&gansu(), &input, "2027-01-02", &["--people", "2000"]);
    run(&gansu(), &input, &lake).go().ended(0);
    let said = Bidui::new("truth").arg(gansu()).arg("--lake").arg(&lake);
    let said = said.arg("--truth").arg(input.join("truth")).go();
    let insured: Vec<&str> =
        said.stdout.lines().map(str::trim).filter(|line| line.starts_with("INS")).collect();
    assert!(insured.len() > 6, "{}", said.stdout);
    assert!(said.stdout.contains(" 0 differ"), "{}", said.stdout);
    let told = csv(&input.join("truth/files.csv"));
    let rows = |feed: &str| -> u64 {
        let own = told.iter().find(|f| f["feed"] == feed).expect("a feed");
        own["rows"].parse().expect("a number")
    };
    assert!(rows("rare_case") == 1 && rows("resident") > 1000, "one of somebody from elsewhere");
}

#[test]
fn events_are_told_once_over_the_end_of_a_month() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    let more = ["--people", "2000", "--every", "21", "--nights", "3"];
    fake(&gansu(), &input, NIGHTS[0], &more);

    let [history, november, again] = NIGHTS.map(|n| settlements(&input.join(n)));
    // A second delivery of a period repeats it and adds what came meanwhile.
    assert!(november.is_subset(&again) && november.len() < again.len());
    // A period tells nothing of the one before.
    assert!(history.is_disjoint(&again), "{:?}", history.intersection(&again).next());
    assert!(again.len() > 100 && again.len() * 4 < history.len(), "{again:?}");

    let mut late = false;
    for night in NIGHTS {
        let said = run(&gansu(), &input, &lake).args(&["--date", night, "--only"]).go().ended(0);
        let summary = said.json().pop().expect("a night");
        for rule in list(&summary, "rules") {
            assert!(rule["not_run"].is_null(), "{night}: {rule}");
            // Nobody works on the cases of this world, and its truth does not speak of them.
            let neglected = text(rule, "rule") == "FEE11" && number(rule, "violated") > 0;
            late |= neglected && night == NIGHTS[2];
        }
        let said = Bidui::new("truth").arg(gansu()).arg("--lake").arg(&lake);
        let said = said.arg("--truth").arg(input.join("truth")).arg("--list").go();
        assert!(said.stdout.contains(" 0 differ"), "{night}:\n{}", said.stdout);
        for rule in ["SET05", "SET07", "INS14", "FEE01", "TRT05", "FDC03", "REC01"] {
            assert!(said.stdout.contains(rule), "{night}: {rule} has nothing to find");
        }
    }
    assert!(late, "a rule over the ledger finds what no truth has");
}

const REFERRAL: &str = r#"title: {zh: 转诊, en: Referral}
about: One row for each referral.
grain: person
key: [no]
person: {id: id_no, name: name}
columns:
  - {name: no, type: text, title: 单号}
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct}
  - {name: name, type: name, title: 姓名, privacy: direct}
  - {name: day, type: date, title: 日期}
"#;

const REFERRALS: &str = r#"title: {zh: 转诊, en: Referrals}
sender: 医院
table: referral
files: "转诊_{period:%Y%m}.csv"
delivery: {kind: append, cadence: monthly}
columns:
  - {to: no, from: [单号], required: true}
  - {to: id_no, from: [号码]}
  - {to: name, from: [姓名]}
  - {to: day, from: [日期]}
"#;

/// Of a table that the world does not know, too, each period has events of its own, or says that there were none.
#[test]
fn an_unknown_feed_of_events_has_new_ones_each_month() {
    let policies = Policies::new();
    std::fs::create_dir_all(policies.file("gansu/tables")).expect("a folder");
    std::fs::write(policies.file("gansu/tables/referral.yaml"), REFERRAL).expect("written");
    std::fs::write(policies.file("gansu/feeds/referral.yaml"), REFERRALS).expect("written");
    let home = temp();
    let every_month = ["--every", "30", "--dirt", "0", "--plant-rate", "0"];
    let periods = [
        ("2026-10-20", "202609"),
        ("2026-11-19", "202610"),
        ("2026-12-19", "202611"),
        ("2027-01-18", "202612"),
    ];
    for (people, least) in [("4000", 1), ("30", 0)] {
        let input = home.path().join(people);
        let more = [&every_month[..], &["--nights", "4", "--people", people]].concat();
        fake(&policies.gansu(), &input, periods[0].0, &more);
        let mut seen = BTreeSet::new();
        let mut counts = Vec::new();
        for (night, period) in periods {
            let rows = csv(&input.join(night).join(format!("转诊_{period}.csv")));
            counts.push(rows.len());
            for row in rows {
                assert!(seen.insert(row["单号"].clone()), "{night} tells one again");
            }
        }
        assert!(counts[0] > counts[1..].iter().sum(), "{counts:?}");
        assert!(counts.iter().all(|n| *n >= least), "{counts:?}");
    }
}
