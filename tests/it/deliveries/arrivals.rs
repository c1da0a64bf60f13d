//! Of what one sender sends of one period, the last counts, whatever its content hashes to.

use super::{Divisions, Lake, PersonKeys, Receiver, Trial, look};
use crate::support::{list, run, text};

const FILE: &str = "就诊_202610.csv";

fn trial() -> Trial {
    Trial::new("就诊_{period:%Y%m}*.csv", "kind: snapshot, cadence: monthly")
}

/// Many contents, since a hash would put half of them into the right order by chance.
#[test]
fn a_file_that_is_corrected_the_same_night_supersedes_what_it_was() {
    let trial = trial();
    for round in 1..=6 {
        let visits = [format!("J1,{round}"), format!("J{},1", 10 + round)];
        trial.put("2026-11-10", FILE, &visits.each_ref().map(String::as_str));
        trial.night();
        trial.holds(&[&format!("J1 {round}.00"), &format!("J{} 1.00", 10 + round)]);
    }
    // A second file of the same period is another delivery: both files together.
    trial.put("2026-11-10", "就诊_202610_2.csv", &["J90,2"]);
    trial.night();
    trial.holds(&["J1 6.00", "J16 1.00", "J90 2.00"]);
}

#[test]
fn what_was_sent_before_counts_again_when_it_comes_after_something_else() {
    // Night by night, then all at once in a new lake: the same deliveries.
    let [by_night, at_once] = [trial(), trial()];
    let nights = ["2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13"];
    let sent = ["J1,1", "J1,2", "J1,1", "J1,1"];
    for (night, visit) in nights.iter().zip(sent) {
        by_night.put(night, FILE, &[visit]);
        at_once.put(night, FILE, &[visit]);
        let summary = by_night.night();
        by_night.holds(&[&format!("{}.00", visit.replace(',', " "))]);
        let verdict = text(&list(&summary, "deliveries")[0], "verdict").to_owned();
        let known = if *night == nights[3] { "known" } else { "accepted" };
        assert_eq!(verdict, known, "{night}");
    }
    at_once.night();
    let ids = |trial: &Trial| trial.receipts().into_iter().map(|r| r.delivery).collect::<Vec<_>>();
    assert_eq!(ids(&by_night), ids(&at_once));
    assert_eq!(ids(&by_night).len(), 3);
}

/// Within one folder too: the file is put back as it was.
#[test]
fn a_file_that_is_put_back_counts_again() {
    let trial = trial();
    for visit in ["J1,1", "J1,2", "J1,1", "J1,2", "J1,2"] {
        trial.put("2026-11-10", FILE, &[visit]);
        trial.night();
        trial.holds(&[&format!("{}.00", visit.replace(',', " "))]);
    }
    assert_eq!(trial.receipts().len(), 4);
}

/// Another contract of the same words, of this number.
fn contract(trial: &Trial, number: u32) {
    let path = trial.pipeline().join("feeds/visit.yaml");
    let text = std::fs::read_to_string(&path).expect("a contract");
    let words: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    trial.write(&path, &format!("{}\n# {number}\n", words.join("\n")));
}

/// The file of the first night goes, and another night comes.
fn gone(trial: &Trial) {
    std::fs::remove_file(trial.input().join("2026-11-10").join(FILE)).expect("removed");
    std::fs::create_dir_all(trial.input().join("2026-11-11")).expect("a folder");
}

/// Under each contract arrivals are counted anew.
#[test]
fn what_came_last_is_read_again_whatever_the_contract_that_it_came_under() {
    let trial = trial();
    for (number, visits) in [(1, &["J1,1", "J1,2", "J1,3"][..]), (2, &["J1,4"][..])] {
        contract(&trial, number);
        for visit in visits {
            trial.put("2026-11-10", FILE, &[*visit]);
            trial.night();
        }
    }
    trial.holds(&["J1 4.00"]);
    gone(&trial);
    contract(&trial, 3);
    trial.night();
    trial.holds(&["J1 4.00"]);
}

#[test]
fn what_a_contract_read_that_is_no_more_does_not_come_back() {
    let trial = trial();
    for (number, visit) in [(1, "J1,1"), (2, "J1,1"), (1, "J1,2")] {
        contract(&trial, number);
        trial.put("2026-11-10", FILE, &[visit]);
        trial.night();
    }
    trial.holds(&["J1 2.00"]);
    gone(&trial);
    trial.night();
    trial.holds(&["J1 2.00"]);
}

#[test]
fn what_was_accepted_before_a_file_that_is_refused_stays_under_another_contract() {
    for kind in ["append", "snapshot"] {
        let trial =
            Trial::new("就诊_{period:%Y%m}*.csv", &format!("kind: {kind}, cadence: monthly"));
        let there = ["J1 1.00", "J2 2.00"];
        trial.put("2026-11-10", FILE, &["J1,1", "J2,2"]);
        trial.night();
        trial.write(&trial.input().join("2026-11-10").join(FILE), "");
        trial.night();
        trial.holds(&there);
        contract(&trial, 2);
        trial.night();
        trial.holds(&there);
        gone(&trial);
        contract(&trial, 3);
        trial.night();
        trial.holds(&there);
        // What comes after it takes its place, also when both are read for the first time.
        contract(&trial, 4);
        trial.put("2026-11-10", FILE, &["J1,9"]);
        trial.night();
        trial.holds(&["J1 9.00"]);
    }
}

/// Else all but one county would be gone.
#[test]
fn parts_that_are_read_again_as_a_whole_are_all_there() {
    let trial = Trial::parts("snapshot");
    let files = ["就诊_202610_景泰县.csv", "就诊_202610_皋兰县.csv"];
    for (file, visit) in files.iter().zip(["J1,1", "G1,1"]) {
        trial.put("2026-11-10", file, &[visit]);
    }
    trial.night();
    let feed = trial.pipeline().join("feeds/visit.yaml");
    let text = std::fs::read_to_string(&feed).expect("a contract");
    trial.write(&feed, &text.replace("{_part}", "*"));
    for file in files {
        std::fs::remove_file(trial.input().join("2026-11-10").join(file)).expect("removed");
    }
    std::fs::create_dir_all(trial.input().join("2026-11-11")).expect("a folder");
    trial.night();
    trial.holds(&["G1 1.00", "J1 1.00"]);
}

#[test]
fn a_file_that_fits_two_feeds_is_told() {
    let trial = trial();
    let feed = trial.pipeline().join("feeds/visit.yaml");
    let feed = std::fs::read_to_string(feed).expect("a contract");
    let other = feed.replace("*.csv", "*.{csv,xlsx}");
    trial.write(&trial.pipeline().join("feeds/visit_more.yaml"), &other);
    trial.put("2026-11-10", FILE, &["J1,1"]);
    let night = trial.night();
    let delivery = &list(&night, "deliveries")[0];
    assert_eq!(text(delivery, "feed"), "visit");
    let notes = delivery["notes"].to_string();
    assert!(notes.contains("fits the file names of other feeds too: visit_more;"), "{notes}");
    trial.holds(&["J1 1.00"]);
}

/// Who stood in the file that cannot be read is not gone.
#[test]
fn of_a_snapshot_with_a_file_that_is_refused_nothing_is_used() {
    for (kind, expected) in [
        ("snapshot", &["J1 1.00", "J2 1.00"][..]),
        ("append", &["J1 1.00", "J1 2.00", "J2 1.00"][..]),
    ] {
        let delivery = format!("kind: {kind}, cadence: monthly");
        let trial = Trial::new("就诊_{period:%Y%m}*.csv", &delivery);
        trial.put("2026-11-10", "就诊_202609_1.csv", &["J1,1"]);
        trial.put("2026-11-10", "就诊_202609_2.csv", &["J2,1"]);
        trial.night();
        trial.put("2026-11-11", "就诊_202610_1.csv", &["J1,2"]);
        trial.write(&trial.input().join("2026-11-11/就诊_202610_2.csv"), "");
        let night = trial.night();
        trial.holds(expected);
        let delivery = &list(&night, "deliveries")[0];
        let (verdict, notes) = (text(delivery, "verdict"), delivery["notes"].to_string());
        assert_eq!(verdict == "refused", kind == "snapshot", "{notes}");
        assert!(notes.contains("就诊_202610_2.csv is empty"), "{notes}");
        assert_eq!(notes.contains("1 of the 2 files"), kind == "snapshot", "{notes}");
    }
    // Parts are deliveries of their own: the other county's is used.
    let trial = Trial::parts("snapshot");
    trial.put("2026-11-10", "就诊_202610_景泰县.csv", &["J1,1"]);
    trial.write(&trial.input().join("2026-11-10/就诊_202610_皋兰县.csv"), "");
    trial.night();
    trial.holds(&["J1 1.00"]);
}

/// Between the look at its content and the reading of its rows a file grew.
#[test]
fn a_file_that_changes_while_it_is_taken_in_is_not_used() {
    let trial = trial();
    trial.put("2026-11-10", FILE, &["J1,1"]);
    let pipeline = bidui::night::setup::load(&trial.pipeline()).expect("it loads");
    let (divisions, keys) = (Divisions::default(), PersonKeys::new(b"a secret of a test"));
    let lake = Lake::at(&trial.lake());
    let (pipeline, lake, divisions, keys) = (&pipeline, &lake, &divisions, &keys);
    let receiver = Receiver { pipeline, lake, divisions, keys, buckets: 4 };
    let parcel = look(pipeline, &trial.input(), None).expect("an inbox").parcels.remove(0);
    let named = receiver.name(&parcel).expect("named");
    trial.put("2026-11-10", FILE, &["J1,1", "J2,1"]);
    let error = receiver.receive(&parcel, &named).expect_err("it is another file");
    assert_eq!(error.exit_code(), 3, "it is worth another try");
    assert!(error.message.contains("changed while it was taken in"), "{error}");
    assert!(trial.receipts().is_empty(), "half a file is no delivery");
    trial.receive();
    trial.holds(&["J1 1.00", "J2 1.00"]);
}

#[test]
fn two_folders_of_one_night_are_refused() {
    let trial = trial();
    trial.put("2026-11-09", FILE, &["J1,1"]);
    trial.put("2026-11-9", FILE, &["J2,1"]);
    let said = run(&trial.pipeline(), &trial.input(), &trial.lake()).go().ended(2);
    assert!(said.stderr.contains("2026-11-9 are both of 2026-11-09"), "{}", said.stderr);
}

/// It would be the newest for a year, and what really comes would count for nothing.
#[test]
fn a_period_of_a_mistyped_year_is_refused() {
    let trial = trial();
    trial.put("2026-11-10", FILE, &["J1,1"]);
    trial.put("2026-11-11", "就诊_202710.csv", &["J1,2"]);
    let night = trial.night();
    trial.holds(&["J1 1.00"]);
    let delivery = &list(&night, "deliveries")[0];
    assert_eq!(text(delivery, "verdict"), "refused");
    assert!(delivery["notes"].to_string().contains("mistyped"), "{delivery}");
    assert_eq!(text(&list(&night, "feeds")[0], "newest"), "2026-10-31");
    // Somebody sends next month's list early, and the file gets its right name.
    trial.put("2026-11-12", "就诊_202612.csv", &["J1,3"]);
    trial.night();
    trial.holds(&["J1 3.00"]);
}

/// Rows are compared with those of what it corrects, whatever the two hash to.
#[test]
fn a_correction_is_compared_with_what_it_corrects() {
    let limits = "kind: snapshot, cadence: monthly}\nlimits: {row_count_change_percent: 40";
    let trial = Trial::new("就诊_{period:%Y%m}*.csv", limits);
    for round in 0..7 {
        let rows = if round % 2 == 0 { 10 } else { 20 };
        let visits: Vec<String> = (0..rows).map(|n| format!("J{round}-{n},1")).collect();
        let visits: Vec<&str> = visits.iter().map(String::as_str).collect();
        trial.put("2026-11-10", FILE, &visits);
        let notes = list(&trial.night(), "deliveries")[0]["notes"].to_string();
        let change = if round % 2 == 0 { "-50 % rows" } else { "+100 % rows" };
        assert_eq!(notes.contains(change), round > 0, "{round}: {notes}");
    }
}
