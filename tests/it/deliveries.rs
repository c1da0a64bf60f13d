//! Deliveries in parts: each supersedes its own share, and who is missing is named.

mod arrivals;
mod cells;
mod codes;
mod totals;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bidui::division::Divisions;
use bidui::feed::Receiver;
use bidui::feed::assemble::assemble;
use bidui::feed::inbox::look;
use bidui::feed::receipt::{Receipt, receipts};
use bidui::lake::Lake;
use bidui::lake::rows::Part;
use bidui::privacy::PersonKeys;
use chrono::NaiveDate;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Bidui, list, number, run, temp, text};

const PIPELINE: &str = "
title: {zh: 试, en: Trial}
buckets: 4
identity: {secret: {demo: a secret of a test}}
";

const TABLE: &str = "
title: {zh: 就诊, en: Visit}
about: One visit.
grain: plain
key: [visit_no]
columns:
  - {name: visit_no, type: text, title: 编号, about: Number.}
  - {name: fee, type: \"decimal(16,2)\", title: 费用, about: Fee.}
";

/// A pipeline of one feed, its inbox and its lake.
struct Trial(TempDir);

impl Trial {
    fn new(files: &str, delivery: &str) -> Self {
        let trial = Self(temp());
        let feed = format!(
            "title: {{zh: 就诊, en: Visits}}\nsender: 医院\ntable: visit\nfiles: \"{files}\"\n\
             format: {{kind: csv}}\ndelivery: {{{delivery}}}\ncolumns:\n  \
             - {{to: visit_no, from: [编号], required: true}}\n  \
             - {{to: fee, from: [费用, 医疗总费用], on_bad: \"null\"}}\n"
        );
        let dir = trial.pipeline();
        trial.write(&dir.join("pipeline.yaml"), PIPELINE);
        trial.write(&dir.join("tables/visit.yaml"), TABLE);
        trial.write(&dir.join("feeds/visit.yaml"), &feed);
        trial
    }

    /// By county, one file each or a whole one.
    fn parts(kind: &str) -> Self {
        let delivery = format!("kind: {kind}, cadence: monthly, due_day: 5, stale_after_days: 100");
        Self::new("就诊_{period:%Y%m}{_part}.csv", &delivery)
    }

    fn pipeline(&self) -> PathBuf {
        self.0.path().join("pipeline")
    }

    fn lake(&self) -> PathBuf {
        self.0.path().join("lake")
    }

    fn input(&self) -> PathBuf {
        self.0.path().join("input")
    }

    fn write(&self, path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    /// Puts an extract of these visits into a night's folder.
    fn put(&self, night: &str, name: &str, visits: &[&str]) {
        let mut text = String::from("编号,费用\n");
        visits.iter().for_each(|v| text.push_str(&format!("{v}\n")));
        self.write(&self.input().join(night).join(name), &text);
    }

    /// Runs every night that is due; the summary of the last.
    #[track_caller]
    fn night(&self) -> Value {
        let said = run(&self.pipeline(), &self.input(), &self.lake()).go().ended(0);
        let night = said.json().pop().expect("a night");
        let feed = &list(&night, "feeds")[0];
        let parts = ["used", "quarantined", "duplicate", "superseded"];
        let sum: u64 = parts.iter().map(|p| number(feed, p)).sum();
        assert_eq!(number(feed, "rows"), sum, "{feed}");
        assert_eq!(number(feed, "used"), self.visits().len() as u64, "{feed}");
        night
    }

    /// Takes everything in without judging it.
    fn receive(&self) {
        let pipeline = bidui::night::setup::load(&self.pipeline()).expect("it loads");
        let (divisions, keys) = (Divisions::default(), PersonKeys::new(b"a secret of a test"));
        let lake = Lake::at(&self.lake());
        let receiver = Receiver {
            pipeline: &pipeline,
            lake: &lake,
            divisions: &divisions,
            keys: &keys,
            buckets: 4,
        };
        let inbox = look(&pipeline, &self.input(), None).expect("an inbox");
        let name = |parcel| (parcel, receiver.name(parcel).expect("named"));
        let mut named: Vec<_> = inbox.parcels.iter().map(name).collect();
        receiver.number(&mut named, &self.receipts());
        for (parcel, named) in &named {
            receiver.receive(parcel, named).expect("received");
        }
    }

    fn receipts(&self) -> Vec<Receipt> {
        let pipeline = bidui::night::setup::load(&self.pipeline()).expect("it loads");
        let keys = PersonKeys::new(b"a secret of a test");
        receipts(&Lake::at(&self.lake()), &pipeline, &keys, NaiveDate::MAX).expect("receipts")
    }

    /// What the table holds now: number and fee.
    fn visits(&self) -> BTreeSet<String> {
        use arrow::array::AsArray;
        let pipeline = bidui::night::setup::load(&self.pipeline()).expect("it loads");
        let assembled = assemble(&pipeline, &Lake::at(&self.lake()), &self.receipts());
        let tables = assembled.expect("deliveries").tables;
        let columns = ["visit_no".to_owned(), "fee".to_owned()];
        let mut visits = BTreeSet::new();
        for held in &tables["visit"].held {
            let scan = held.file.scan(Part::All, &columns, &held.edits).expect("a scan");
            for batch in scan {
                let batch = batch.expect("rows");
                let fees = bidui::rule::texts(batch.column(1)).expect("texts");
                for (row, fee) in fees.into_iter().enumerate() {
                    let visit = batch.column(0).as_string::<i32>().value(row);
                    let new = visits.insert(format!("{visit} {}", fee.unwrap_or_default()));
                    assert!(new, "{visit} stands twice");
                }
            }
        }
        visits
    }

    #[track_caller]
    fn holds(&self, expected: &[&str]) {
        let found = self.visits();
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }
}

/// Its contract sets no limit, and every row has a field too many.
#[test]
fn a_snapshot_of_which_no_row_can_be_used_leaves_the_one_before_in_force() {
    let trial = Trial::new("就诊_{period:%Y%m%d}.csv", "kind: snapshot, cadence: daily");
    trial.put("2026-11-10", "就诊_20261110.csv", &["N1,1", "N2,2"]);
    trial.put("2026-11-11", "就诊_20261111.csv", &["N1,1,", "N2,2,"]);
    let night = trial.night();
    assert_eq!(trial.visits().len(), 2);
    let delivery = &list(&night, "deliveries")[0];
    assert_eq!(text(delivery, "verdict"), "refused", "{delivery}");
    assert!(delivery["notes"].to_string().contains("none of its 2 rows can be used"), "{delivery}");
}

/// The night before this one each county sent its share; one sends it a night later.
#[test]
fn a_county_that_comes_late_adds_its_rows() {
    for kind in ["append", "snapshot"] {
        let trial = Trial::parts(kind);
        trial.put("2026-11-10", "就诊_202610_景泰县.csv", &["J1,1", "J2,2"]);
        trial.put("2026-11-10", "就诊_202610_皋兰县.csv", &["G1,1"]);
        let first = trial.night();
        let parts: BTreeMap<&str, u64> = list(&first, "deliveries")
            .iter()
            .map(|d| (text(d, "part"), number(d, "rows")))
            .collect();
        assert_eq!(parts, BTreeMap::from([("景泰县", 2), ("皋兰县", 1)]), "a receipt each");
        trial.put("2026-11-11", "就诊_202610_通渭县.csv", &["T1,7"]);
        let night = trial.night();
        trial.holds(&["G1 1.00", "J1 1.00", "J2 2.00", "T1 7.00"]);
        let feed = &list(&night, "feeds")[0];
        assert_eq!((number(feed, "in_force"), number(feed, "superseded")), (3, 0), "{kind}");
    }
}

#[test]
fn a_county_that_sends_again_supersedes_its_own_rows_only() {
    for kind in ["append", "snapshot"] {
        let trial = Trial::parts(kind);
        trial.put("2026-11-10", "就诊_202610_景泰县.csv", &["J1,1", "J2,2"]);
        trial.put("2026-11-10", "就诊_202610_皋兰县.csv", &["G1,1"]);
        trial.put("2026-11-11", "就诊_202610_景泰县.csv", &["J2,2.5", "J3,3"]);
        let night = trial.night();
        trial.holds(&["G1 1.00", "J2 2.50", "J3 3.00"]);
        let feed = &list(&night, "feeds")[0];
        assert_eq!((number(feed, "in_force"), number(feed, "superseded")), (2, 2), "{kind}");
    }
}

#[test]
fn a_whole_redelivery_supersedes_all_parts() {
    for kind in ["append", "snapshot"] {
        let trial = Trial::parts(kind);
        trial.put("2026-11-10", "就诊_202610_景泰县.csv", &["J1,1"]);
        trial.put("2026-11-10", "就诊_202610_皋兰县.csv", &["G1,1"]);
        trial.put("2026-11-11", "就诊_202610.csv", &["J1,1.5", "G2,2"]);
        let night = trial.night();
        trial.holds(&["G2 2.00", "J1 1.50"]);
        assert_eq!(number(&list(&night, "feeds")[0], "superseded"), 2, "{kind}");
        // A part after it replaces the rows of its keys; what the whole alone has stays.
        trial.put("2026-11-12", "就诊_202610_景泰县.csv", &["J1,1.7", "J9,9"]);
        let night = trial.night();
        trial.holds(&["G2 2.00", "J1 1.70", "J9 9.00"]);
        assert_eq!(number(&list(&night, "feeds")[0], "superseded"), 3, "{kind}");
    }
}

#[test]
fn a_snapshot_is_the_newest_of_each_part_and_an_append_every_period() {
    let expected: [(&str, &[&str], u64); 2] = [
        ("snapshot", &["G1 1.00", "J2 2.00"], 1),
        ("append", &["G1 1.00", "J1 1.00", "J2 2.00"], 0),
    ];
    for (kind, rows, superseded) in expected {
        let trial = Trial::parts(kind);
        trial.put("2026-10-10", "就诊_202609_景泰县.csv", &["J1,1"]);
        trial.put("2026-10-10", "就诊_202609_皋兰县.csv", &["G1,1"]);
        trial.put("2026-11-04", "就诊_202610_景泰县.csv", &["J2,2"]);
        let night = trial.night();
        trial.holds(rows);
        let feed = &list(&night, "feeds")[0];
        assert_eq!(number(feed, "superseded"), superseded, "{kind}");
        // The due day is the fifth: today nobody is late.
        assert_eq!((text(feed, "freshness"), list(feed, "notes").len()), ("fresh", 0));
        trial.put("2026-11-05", "readme.md", &[]);
        let night = trial.night();
        let feed = &list(&night, "feeds")[0];
        assert_eq!(text(feed, "freshness"), "late");
        assert_eq!(feed["notes"].to_string(), "[\"late: 皋兰县 (newest 2026-09-30)\"]");
        // A household that moved: the newer list has it, the older one's row gives way.
        trial.put("2026-12-02", "就诊_202611_景泰县.csv", &["G1,8"]);
        trial.night();
        let moved = if kind == "snapshot" { 1 } else { 4 };
        assert_eq!(trial.visits().len(), moved, "{kind}");
        trial.put("2027-01-20", "就诊_202612_景泰县.csv", &["J5,5"]);
        let notes = list(&trial.night(), "feeds")[0]["notes"].to_string();
        assert!(notes.contains("stale: 皋兰县 (newest 2026-09-30)"), "{notes}");
    }
}

/// R14: late, corrected and whole deliveries in any order of nights come to the same table. Only a
/// correction follows what it corrects.
#[test]
fn any_order_of_arrival_comes_to_the_same_table() {
    let deliveries: [(&str, &[&str]); 5] = [
        ("就诊_202609.csv", &["J1,1", "G1,1", "T1,1"]),
        ("就诊_202610_景泰县.csv", &["J1,2", "J2,2"]),
        ("就诊_202610_皋兰县.csv", &["G1,2", "G2,2"]),
        ("就诊_202611_皋兰县.csv", &["G2,3"]),
        ("就诊_202610_景泰县.csv", &["J1,4", "J3,4"]),
    ];
    let expected: [(&str, &[&str]); 2] = [
        (
            "append",
            &[
                "G1 1.00", "G1 2.00", "G2 2.00", "G2 3.00", "J1 1.00", "J1 4.00", "J3 4.00",
                "T1 1.00",
            ],
        ),
        // The whole of September still speaks for whom no newer part repeats.
        ("snapshot", &["G1 1.00", "G2 3.00", "J1 4.00", "J3 4.00", "T1 1.00"]),
    ];
    let mut orders = permutations(&[0, 1, 2, 3, 4]);
    orders.retain(|o| o.iter().position(|d| *d == 1) < o.iter().position(|d| *d == 4));
    for (kind, expected) in expected {
        for order in orders.iter().step_by(5) {
            let trial = Trial::parts(kind);
            for (night, delivery) in order.iter().enumerate() {
                let (name, visits) = deliveries[*delivery];
                trial.put(&format!("2026-12-{:02}", night + 10), name, visits);
            }
            trial.receive();
            let found = trial.visits();
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            assert_eq!(found, expected, "{kind} {order:?}");
        }
    }
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in items {
        let rest: Vec<usize> = items.iter().copied().filter(|i| i != first).collect();
        for mut tail in permutations(&rest) {
            tail.insert(0, *first);
            all.push(tail);
        }
    }
    all
}

/// A contract that learns of parts reads what it once took as a whole in parts, also when the inbox
/// is empty by now.
#[test]
fn a_contract_that_learns_of_parts_reads_the_archive_in_parts() {
    let trial = Trial::parts("snapshot");
    let contract = trial.pipeline().join("feeds/visit.yaml");
    let parts = std::fs::read_to_string(&contract).expect("a contract");
    trial.write(&contract, &parts.replace("{_part}", "*"));
    trial.put("2026-11-10", "就诊_202610_景泰县.csv", &["J1,1"]);
    trial.put("2026-11-10", "就诊_202610_皋兰县.csv", &["G1,1"]);
    assert_eq!(list(&trial.night(), "deliveries").len(), 1);
    trial.write(&contract, &parts);
    std::fs::remove_dir_all(trial.input().join("2026-11-10")).expect("removed");
    trial.put("2026-11-11", "就诊_202610_景泰县.csv", &["J2,2"]);
    trial.night();
    trial.holds(&["G1 1.00", "J2 2.00"]);
}

#[test]
fn parts_that_could_not_be_told_apart_are_faults() {
    let trial = Trial::parts("snapshot");
    let table = trial.pipeline().join("tables/visit.yaml");
    trial.write(&table, &TABLE.replace("key: [visit_no]\n", ""));
    let said = Bidui::new("check").arg(trial.pipeline()).go().ended(2);
    assert!(said.stderr.contains("visit has no key"), "{}", said.stderr);
}
