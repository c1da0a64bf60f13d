//! Cells that no column takes as they stand: what is stored, rejected, dropped and counted.

use std::collections::BTreeMap;

use arrow::util::display::array_value_to_string;
use bidui::feed::receipt::Receipt;
use bidui::lake::Lake;
use bidui::lake::rows::{Part, RowsFile};

use super::Trial;

const TABLE: &str = "
title: {zh: 就诊, en: Visit}
about: One visit.
grain: plain
key: [visit_no]
columns:
  - {name: visit_no, type: text, title: 编号, about: Number.}
  - {name: fee, type: \"decimal(6,2)\", title: 费用, about: Fee.}
  - {name: cost, type: \"decimal(16,2)\", title: 成本, about: Cost.}
  - {name: paid, type: \"decimal(16,2)\", title: 实缴, about: Paid.}
  - {name: day, type: date, title: 日期, about: Day.}
  - {name: month, type: month, title: 月份, about: Month.}
  - {name: tags, type: set, title: 标签, about: Tags.}
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
  - {to: fee, from: [费用], on_bad: \"null\"}
  - {to: cost, from: [成本], unit: 万元}
  - {to: paid, from: [实缴], unit: 分}
  - {to: day, from: [日期], required: true}
  - {to: month, from: [月份], required: true}
  - {to: tags, from: [标签], required: true}
";

fn trial() -> Trial {
    Trial::new("就诊_{period:%Y%m}*.csv", "kind: append, cadence: monthly")
}

/// Takes rows in under the wide contract.
fn receive(rows: &[&str]) -> (Trial, Receipt) {
    let trial = trial();
    trial.write(&trial.pipeline().join("tables/visit.yaml"), TABLE);
    trial.write(&trial.pipeline().join("feeds/visit.yaml"), FEED);
    let text = format!("编号,费用,成本,实缴,日期,月份,标签\n{}\n", rows.join("\n"));
    trial.write(&trial.input().join("2026-11-10/就诊_202610.csv"), &text);
    trial.receive();
    let receipt = trial.receipts().remove(0);
    (trial, receipt)
}

/// What was stored of some columns, row by row.
fn stored(trial: &Trial, receipt: &Receipt, columns: &[&str]) -> Vec<String> {
    let folder = Lake::at(&trial.lake()).deliveries("visit").join(&receipt.delivery);
    let file = RowsFile::open(&folder.join("rows.parquet")).expect("a file");
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let mut rows = Vec::new();
    for batch in file.scan(Part::All, &columns, &Default::default()).expect("a scan") {
        let batch = batch.expect("rows");
        rows.extend((0..batch.num_rows()).map(|row| {
            let cells = batch.columns().iter().map(|c| array_value_to_string(c, row));
            cells.collect::<Result<Vec<_>, _>>().expect("texts").join(" ")
        }));
    }
    rows
}

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

#[test]
fn an_amount_is_stored_whole_or_not_at_all() {
    let (trial, receipt) = receive(&[
        "N1,9999.99,1,1,2026-10-01,202610,甲",
        "N2,-9999.99,1,1,2026-10-01,202610,甲",
        "N3,10000,1,1,2026-10-01,202610,甲",
        "N4,-9999.995,1,1,2026-10-01,202610,甲",
        "N5,1,99999999999999.99元,1,2026-10-01,202610,甲",
        "N6,1,1000000000000亿,1,2026-10-01,202610,甲",
        "N7,1,18446744073709551617,1,2026-10-01,202610,甲",
        "N8,1,1,10000000000000000,2026-10-01,202610,甲",
    ]);
    let expected = ["N1 9999.99 10000.00", "N2 -9999.99 10000.00", "N3  10000.00", "N4  10000.00"];
    let stored = stored(&trial, &receipt, &["visit_no", "fee", "cost"]);
    assert_eq!(stored[..4], expected);
    assert_eq!(stored[4..], ["N5 1.00 99999999999999.99"]);
    assert_eq!(receipt.amendments, counts([("dropped:fee", 2)]));
    assert_eq!(receipt.reject_reasons, counts([("an amount too large for its column", 3)]));
}

#[test]
fn a_unit_in_a_cell_holds_before_the_feeds() {
    let (trial, receipt) = receive(&[
        "N1,1,12.5,1250,2026-10-01,202610,甲",
        "N2,1,12.5万元,12.50元,2026-10-01,20261,甲",
        "N3,1,125000元,12345.6,2026-10-01,20269,甲",
    ]);
    let expected = [
        "N1 125000.00 12.50 2026-10-01",
        "N2 125000.00 12.50 2026-01-01",
        "N3 125000.00 123.46 2026-09-01",
    ];
    assert_eq!(stored(&trial, &receipt, &["visit_no", "cost", "paid", "month"]), expected);
}

/// What databases write for no day, and a set of nothing but commas, are no value.
#[test]
fn a_required_value_is_required_of_every_type() {
    let (_, receipt) = receive(&[
        "N1,1,1,1,2026-10-01,202610,甲",
        "N2,1,1,1,0000-00-00,202610,甲",
        "N3,1,1,1,1900-01-01,202610,甲",
        "N4,1,1,1,2026-10-01,0000-00,甲",
        "N5,1,1,1,2026-10-01,202610,、",
    ]);
    assert_eq!((receipt.used, receipt.quarantined), (1, 4));
    assert_eq!(receipt.reject_reasons, counts([("a value is required", 4)]));
}

/// What is left out is not counted as repaired.
#[test]
fn cells_are_counted_as_dropped_of_rows_that_are_used() {
    let (_, receipt) = receive(&[
        "N1,bad,1,1,2026-10-01,202610,甲",
        "N2,bad,1,1,not a day,202610,甲",
        "N3,bad,1,bad,2026-10-01,202610,甲",
    ]);
    assert_eq!((receipt.used, receipt.quarantined), (1, 2));
    assert_eq!(receipt.amendments, counts([("dropped:fee", 1)]));

    let cases: [(&[&str], _, _); 2] = [
        (
            &["A1,bad", "A2,7", "A1,bad", "A1,5", "A2,bad", "A3,bad", "A3,worse"],
            (3, 2, 2),
            counts([("dropped:fee", 2)]),
        ),
        (&["B1,7", "B1,bad"], (1, 1, 0), counts([])),
    ];
    for (rows, account, dropped) in cases {
        let trial = trial();
        trial.put("2026-11-10", "就诊_202610.csv", rows);
        trial.receive();
        let receipt = trial.receipts().remove(0);
        assert_eq!((receipt.used, receipt.quarantined, receipt.duplicate), account, "{rows:?}");
        assert_eq!(receipt.amendments, dropped, "{rows:?}");
    }
}

/// Words of a sender are read as the contract says, whatever the type of their column.
#[test]
fn a_contract_maps_words_of_any_column() {
    let trial = trial();
    let (paid, kept) =
        ("title: 实缴, about: Paid.}\n", "- {name: kept, type: bool, title: 在用}\n");
    trial.write(
        &trial.pipeline().join("tables/visit.yaml"),
        &TABLE.replace(paid, &format!("{paid}  {kept}")),
    );
    let feed = FEED.replace("from: [日期],", "from: [日期], map: {国庆: 2026-10-01, 未定: \"\"},");
    let (set, kept) =
        ("  - {to: tags", "  - {to: kept, from: [状态], map: {启用(A): 是, 停用: 否}}\n");
    let feed = feed.replace(set, &format!("{kept}{set}"));
    trial.write(&trial.pipeline().join("feeds/visit.yaml"), &feed);
    let rows = "N1,1,1,1,国庆,202610,启用（Ａ）,甲\nN2,1,1,1,20261002,202610,停用,甲\n\
        N3,1,1,1,20261002,202610,,甲\nN4,1,1,1,未定,202610,否,甲\nN5,1,1,1,20261002,202610,注销,甲\n";
    let text = format!("编号,费用,成本,实缴,日期,月份,状态,标签\n{rows}");
    trial.write(&trial.input().join("2026-11-10/就诊_202610.csv"), &text);
    trial.receive();
    let receipt = trial.receipts().remove(0);
    let expected = ["N1 2026-10-01 true", "N2 2026-10-02 false", "N3 2026-10-02 "];
    assert_eq!(stored(&trial, &receipt, &["visit_no", "day", "kept"]), expected);
    let reasons = counts([("a value is required", 1), ("neither yes nor no", 1)]);
    assert_eq!(receipt.reject_reasons, reasons);
}

/// It is read once, and is that of every row.
#[test]
fn a_constant_stands_in_every_row() {
    let trial = trial();
    trial.write(&trial.pipeline().join("tables/visit.yaml"), TABLE);
    let mapped = "  - {to: day, from: [日期], required: true}\n  \
        - {to: month, from: [月份], required: true}\n  - {to: tags, from: [标签], required: true}\n";
    let constants = "constants: {day: 2026年10月1日, tags: 甲、乙}\n";
    assert!(FEED.contains(mapped));
    let feed = FEED.replace(mapped, constants);
    trial.write(&trial.pipeline().join("feeds/visit.yaml"), &feed);
    let text = "编号,费用,成本,实缴\nN1,1,1,1\nN2,2,1,1\nN3,3,1,1\n";
    trial.write(&trial.input().join("2026-11-10/就诊_202610.csv"), text);
    trial.receive();
    let receipt = trial.receipts().remove(0);
    let expected = ["N1", "N2", "N3"].map(|number| format!("{number} 2026-10-01 甲|乙"));
    assert_eq!(stored(&trial, &receipt, &["visit_no", "day", "tags"]), expected);
}

/// A column may be headed by somebody's number.
#[test]
fn a_new_column_is_told_without_a_number() {
    let trial = trial();
    let text = "编号,费用,备注629401195603140024\nN1,1,x\n";
    trial.write(&trial.input().join("2026-11-10/就诊_202610.csv"), text);
    trial.receive();
    let new = trial.receipts().remove(0).parts.remove(0).new_columns;
    assert!(new.len() == 1 && new[0].starts_with("备注"), "{new:?}");
    assert!(!new[0].contains("62940119"), "{new:?}");
}
