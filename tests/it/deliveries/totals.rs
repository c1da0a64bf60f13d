//! Totals that the sender gives with the rows, at their end or beside the file.

use bidui::feed::receipt::{Receipt, Verdict};
use serde_json::Value;

use super::Trial;
use crate::support::{Bidui, gansu, list, shared, text};

/// A feed whose files end with their totals.
fn with_totals(more: &str) -> Trial {
    let totals = format!(
        "control_totals: [{{sum: 医疗总费用, equals: trailer{more}}}, {{count: rows, equals: trailer{more}}}]"
    );
    Trial::new("就诊_{period:%Y%m}*.csv", &format!("kind: append, cadence: monthly, {totals}"))
}

const ROWS: [&str; 6] = ["A1,10.10", "A2,\"1,000.05\"", "A3,-", ",0.85", "A4,bad", "A1,10.10"];
const TOTAL: &str = "合计（共6条）,1021.10";

/// Sums are of all rows, the quarantined and the repeated ones too; a cell that is no number is left
/// out and counted.
#[test]
fn totals_that_agree_are_in_the_receipt() {
    let trial = with_totals("");
    let rows: Vec<&str> = ROWS.iter().chain([&TOTAL]).copied().collect();
    trial.put("2026-11-10", "就诊_202610.csv", &rows);
    trial.night();
    let receipt = trial.receipts().remove(0);
    assert_eq!(receipt.verdict, Verdict::Accepted, "{:?}", receipt.reasons);
    assert_eq!((receipt.rows, receipt.quarantined, receipt.duplicate), (6, 1, 1));
    let totals: Vec<_> = receipt
        .control_totals
        .iter()
        .map(|t| (t.total.as_str(), t.expected.as_deref(), t.found.as_str(), t.unread, t.agrees))
        .collect();
    assert_eq!(
        totals,
        [
            ("sum of 医疗总费用", Some("1021.1"), "1021.1", 1, true),
            ("count of rows", Some("6"), "6", 0, true),
        ]
    );
}

/// R11: whatever row is cut out of the middle, and wherever bytes are, the totals no longer agree.
#[test]
fn a_file_cut_in_the_middle_is_refused() {
    let trial = with_totals("");
    let whole: Vec<&str> = ROWS.iter().chain([&TOTAL]).copied().collect();
    for cut in 0..ROWS.len() {
        let mut rows = whole.clone();
        rows.remove(cut);
        trial.put("2026-11-10", &format!("就诊_2026{:02}.csv", cut + 1), &rows);
    }
    let all = format!("编号,费用\n{}\n", whole.join("\n"));
    let (from, to) = (all.find("0.10").expect("a fee"), all.find("5\"").expect("a fee"));
    let broken = format!("{}{}", &all[..from], &all[to..]);
    trial.write(&trial.input().join("2026-11-10/就诊_202610.csv"), &broken);
    let night = trial.night();
    assert_eq!(list(&night, "deliveries").len(), 7);
    for delivery in list(&night, "deliveries") {
        let notes = delivery["notes"].to_string();
        assert_eq!(text(delivery, "verdict"), "refused", "{delivery}");
        assert!(
            notes.contains("control total: 就诊_") && notes.contains("deliver it again"),
            "{notes}"
        );
    }
    let first = list(&night, "deliveries")[0]["notes"].to_string();
    for part in ["就诊_202601.csv", "its total row says 1021.1", "come to 1011", "difference -10.1"]
    {
        assert!(first.contains(part), "{part} in {first}");
    }
    trial.holds(&[]);
}

#[test]
fn a_file_without_its_total_row_is_used_and_warned_of() {
    let trial = with_totals("");
    trial.put("2026-11-10", "就诊_202610.csv", &ROWS[..2]);
    let night = trial.night();
    let delivery = &list(&night, "deliveries")[0];
    assert_eq!(text(delivery, "verdict"), "accepted");
    assert!(delivery["notes"].to_string().contains("no control total"), "{delivery}");
    assert!(!trial.receipts()[0].control_totals[0].agrees);
}

#[test]
fn a_difference_may_be_reported_only() {
    let trial = with_totals(", on_difference: report");
    trial.put("2026-11-10", "就诊_202610.csv", &["A1,10.10", "合计,9.10"]);
    let night = trial.night();
    let delivery = &list(&night, "deliveries")[0];
    assert_eq!(text(delivery, "verdict"), "accepted");
    assert!(delivery["notes"].to_string().contains("difference 1\""), "{delivery}");
}

/// The sender's sidecar file: wrong, then put right, then missing.
#[test]
fn a_manifest_beside_the_file_is_held_against_its_rows() {
    let totals = "control_totals: [{count: rows, equals: manifest}, {sum: fee, equals: manifest}]";
    let delivery = format!("kind: append, cadence: monthly, {totals}");
    let trial = Trial::new("就诊_{period:%Y%m}*.{csv,json}", &delivery);
    let name = "就诊_202610.csv";
    let manifest = |night: &str, text: &str| {
        trial.put(night, name, &["A1,10.10", "A2,0.20"]);
        trial.write(&trial.input().join(night).join(format!("{name}.json")), text);
    };
    manifest("2026-11-10", r#"{"rows": 3, "sums": {"费用": "10.30"}}"#);
    let verdict = |night: &Value| text(&list(night, "deliveries")[0], "verdict").to_owned();
    let night = trial.night();
    assert_eq!(verdict(&night), "refused");
    let notes = list(&night, "deliveries")[0]["notes"].to_string();
    assert!(notes.contains("its manifest says 3, its rows come to 2"), "{notes}");
    // The same rows under a manifest that was put right are another delivery.
    manifest("2026-11-11", r#"{"rows": 2, "sums": {"医疗总费用": 10.3}}"#);
    assert_eq!(verdict(&trial.night()), "accepted");
    trial.holds(&["A1 10.10", "A2 0.20"]);
    let kept = trial.receipts().remove(1);
    assert!(kept.control_totals.iter().all(|t| t.agrees), "{:?}", kept.control_totals);
    let raw = trial.lake().join("deliveries/visit").join(&kept.delivery).join("raw");
    assert!(raw.join(format!("{name}.json")).is_file(), "it is kept with its file");
    trial.put("2026-11-12", name, &["A1,10.10"]);
    let night = trial.night();
    let notes = list(&night, "deliveries")[0]["notes"].to_string();
    assert!(notes.contains("no control total") && notes.contains("no manifest"), "{notes}");
}

#[test]
fn control_totals_that_cannot_be_held_are_faults() {
    let cases = [
        ("{sum: 医疗总费, equals: trailer}", "did you mean `医疗总费用`"),
        ("{sum: visit_no, equals: trailer}", "is no number"),
        ("{sum: fee, count: rows, equals: trailer}", "either a `sum` or a `count`"),
        ("{sum: fee, equals: total}", "trailer"),
    ];
    for (total, says) in cases {
        let delivery = format!("kind: append, cadence: monthly, control_totals: [{total}]");
        let trial = Trial::new("就诊_{period:%Y%m}*.csv", &delivery);
        let said = Bidui::new("check").arg(trial.pipeline()).go().ended(2);
        assert!(said.stderr.contains(says), "{total}: {}", said.stderr);
        assert!(said.stderr.contains("visit.yaml:6:"), "{total}: {}", said.stderr);
    }
}

/// The synthetic extracts of the sample feed with a total row: it says what its rows come to, with
/// their repeats and broken copies.
#[test]
fn the_sample_feed_agrees_with_its_total_row() {
    let pipeline = bidui::night::setup::load(&gansu()).expect("it loads");
    let home = shared().lake.join("deliveries");
    let mut held = 0;
    for feed in pipeline.feeds.values().filter(|f| !f.delivery.control_totals.is_empty()) {
        for delivery in bidui::lake::names_in(&home.join(&feed.id)) {
            let receipt = Receipt::read(&home.join(&feed.id).join(delivery)).expect("a receipt");
            assert!(!receipt.control_totals.is_empty(), "{}", feed.id);
            for total in &receipt.control_totals {
                assert!(total.agrees && total.unread == 0, "{total:?}");
                held += usize::from(total.found.as_str() > "0");
            }
        }
    }
    assert!(held > 0, "a sum that is not zero");
}
