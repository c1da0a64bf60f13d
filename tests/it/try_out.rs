//! A file that is tried out is judged as the night judges it, and nothing of it stays.

use std::path::PathBuf;

use bidui::division::Divisions;
use bidui::feed::inbox::look;
use bidui::feed::{Received, Receiver};
use bidui::lake::Lake;
use bidui::privacy::PersonKeys;
use serde_json::{Value, json};

use crate::mini::mini;
use crate::support::{Bidui, gansu, number, shared, temp, text};

/// Receipts of deliveries of one file, and that file as it was kept.
fn receipts() -> Vec<(Value, PathBuf)> {
    let mut found = Vec::new();
    for feed in std::fs::read_dir(shared().lake.join("deliveries")).expect("feeds") {
        for delivery in std::fs::read_dir(feed.expect("a feed").path()).expect("deliveries") {
            let home = delivery.expect("a delivery").path();
            let receipt = std::fs::read_to_string(home.join("receipt.json")).expect("a receipt");
            let receipt: Value = serde_json::from_str(&receipt).expect("JSON");
            let files = receipt["files"].as_array().expect("files");
            if let [file] = files.as_slice() {
                let path = home.join("raw").join(text(file, "name"));
                found.push((receipt, path));
            }
        }
    }
    found
}

#[test]
fn a_try_out_says_what_the_receipt_of_the_night_says() {
    let receipts = receipts();
    let refused = receipts.iter().any(|(receipt, _)| receipt["verdict"] == "refused");
    let mut command = Bidui::new("try").arg("--pipeline").arg(gansu()).args(&["-o", "json"]);
    for (_, file) in &receipts {
        command = command.arg(file);
    }
    let said = command.go().ended(i32::from(refused)).json();
    assert_eq!(said.len(), receipts.len());
    let (mut quarantined, mut duplicate) = (0, 0);
    for ((receipt, _), tried) in receipts.iter().zip(&said) {
        for same in ["feed", "rows", "used", "quarantined", "duplicate", "verdict", "reasons"] {
            assert_eq!(tried[same], receipt[same], "{same} of {}", receipt["delivery"]);
        }
        for same in ["warnings", "parts", "control_totals"] {
            assert_eq!(tried[same], receipt[same], "{same} of {}", receipt["delivery"]);
        }
        let aside = tried["quarantine"].as_array().expect("reasons");
        let rows = aside.iter().map(|aside| number(aside, "rows")).sum::<u64>();
        assert_eq!(rows, number(receipt, "quarantined"));
        quarantined += rows;
        duplicate += number(receipt, "duplicate");
    }
    let compared = (receipts.len(), quarantined, duplicate);
    assert!(receipts.len() > 40 && quarantined > 0 && duplicate > 5, "{compared:?} is too little");
}

#[test]
fn lines_are_named_and_cells_are_not() {
    let home = temp();
    let file = home.path().join("缴费_20261101.csv");
    let rows = "单号,号码,姓名,金额,柜台\n\
        P1,,王某某,8,一\n\
        P2,,李某某,很多,一\n\
        P1,,王某某,9,一\n\
        P1,,王某某,8,二\n\
        P3,,张某某,8\n";
    std::fs::write(&file, rows).expect("written");
    let tried = |form: &str| {
        let command = Bidui::new("try").arg("--pipeline").arg(&mini().pipeline).arg(&file);
        command.env("TMPDIR", &home.path().to_string_lossy()).args(&["-o", form]).go().ended(0)
    };
    let said = tried("json").json().remove(0);
    let counts = ["rows", "used", "quarantined", "duplicate"].map(|name| number(&said, name));
    assert_eq!(counts, [5, 1, 3, 1]);
    let aside = |column: Value, reason: &str, line: u64| {
        let lines = [line];
        json!({"sheet": Value::Null, "column": column, "reason": reason, "rows": 1, "lines": lines})
    };
    let wanted = json!([
        aside(Value::Null, "fewer fields than the heading", 6),
        aside("amount".into(), "not an amount", 3),
        aside("pay_no".into(), "the key of an earlier row with other content", 4),
    ]);
    assert_eq!(said["quarantine"], wanted);
    assert_eq!(said["parts"][0]["new_columns"], json!(["柜台"]));
    let page = tried("table").stdout;
    assert!(page.contains("可以接收") && page.contains("柜台"), "{page}");
    assert!(page.contains("金额无法识别 not an amount"), "{page}");
    assert!(!page.contains("很多") && !page.contains("某某"), "{page}");
    let left = std::fs::read_dir(home.path()).expect("a folder").count();
    assert_eq!(left, 1, "nothing stays beside the file");
}

/// Many numbers are the same once a spreadsheet has cut them, and what shows nothing is no number.
#[test]
fn what_a_spreadsheet_left_of_a_text_is_no_text() {
    let home = temp();
    let file = home.path().join("缴费_20261101.csv");
    let rows = "单号,号码,姓名,金额\n6.2E+17,,王某某,8\n#REF!,,李某某,8\nP1,,#NAME?,8\n\
        \u{200b},,张某某,8\nP2\u{200b},,张某某,8\n\u{feff}P2,,张某某,8\n";
    std::fs::write(&file, rows).expect("written");
    let command = Bidui::new("try").arg("--pipeline").arg(&mini().pipeline).arg(&file);
    let said = command.args(&["-o", "json"]).go().ended(0).json().remove(0);
    let counts = ["rows", "used", "quarantined", "duplicate"].map(|name| number(&said, name));
    assert_eq!(counts, [6, 1, 4, 1], "{said}");
    let aside = said["quarantine"].to_string();
    for reason in ["kept the first digits", "error of a formula", "a value is required"] {
        assert!(aside.contains(reason), "{aside}");
    }
}

/// A row that says again what another one said waits for nobody.
#[test]
fn rows_that_wait_for_a_person_are_counted_as_the_night_counts_them() {
    let home = temp();
    let file = home.path().join("input/2026-11-10/缴费_20261101.csv");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    let rows = "单号,号码,姓名,金额\nP1,,王某某,8\nP1,,王某某,8\nP1,,王某某,9\n\
        P2,629401195603140024,李某某,8\nP3,,张某某,8\n";
    std::fs::write(&file, rows).expect("written");
    let pipeline = bidui::night::setup::load(&mini().pipeline).expect("it loads");
    let (divisions, keys) = (Divisions::default(), PersonKeys::new(b"a secret of a test"));
    let lake = Lake::at(&home.path().join("lake"));
    let receiver = Receiver {
        pipeline: &pipeline,
        lake: &lake,
        divisions: &divisions,
        keys: &keys,
        buckets: 2,
    };
    let parcels = look(&pipeline, &home.path().join("input"), None).expect("an inbox").parcels;
    let tried = receiver.try_out(&parcels[0], |_, _| ()).expect("tried");
    let named = receiver.name(&parcels[0]).expect("named");
    let Received::New(receipt) = receiver.receive(&parcels[0], &named).expect("received") else {
        panic!("a new lake takes it in");
    };
    assert_eq!((receipt.used, receipt.pending), (3, 2));
    assert_eq!((tried.used, tried.pending), (3, 2));
}

#[test]
fn what_cannot_be_taken_in_is_said() {
    let home = temp();
    let try_out = |name: &str, rows: &str, more: &[&str], code: i32| {
        let file = home.path().join(name);
        std::fs::write(&file, rows).expect("written");
        let command = Bidui::new("try").arg("--pipeline").arg(&mini().pipeline).arg(&file);
        command.args(more).go().ended(code)
    };
    let empty = try_out("缴费_20261101.csv", "单号,号码,姓名,金额\n", &[], 1).stdout;
    assert!(empty.contains("将被拒收") && empty.contains("无数据行 "), "{empty}");
    let unknown = try_out("别的.csv", "单号,号码,姓名,金额\nP1,,王某某,8\n", &[], 2).stderr;
    assert!(unknown.contains("no feed takes") && unknown.contains("payment"), "{unknown}");
    let dated = try_out("缴费_十一月.csv", "单号,号码,姓名,金额\n", &[], 2).stderr;
    assert!(
        dated.contains("no feed takes") && dated.contains("`payment` takes 缴费_{period"),
        "{dated}"
    );
    let rows = "单号,号码,姓名,金额\nP1,,王某某,8\n";
    let known = try_out("别的.csv", rows, &["--feed", "payment"], 0).stdout;
    assert!(known.contains("可用 usable 1") && known.contains("缺失 id:missing 1"), "{known}");
    let renamed = "单号,号码,姓名,数额\nP1,,王某某,8\n";
    let missing = try_out("缴费_20261102.csv", renamed, &[], 1).stdout;
    assert!(missing.contains("将被拒收") && missing.contains("no column 金额"), "{missing}");
    assert!(missing.contains("unknown headings are 数额"), "{missing}");
    // One that cannot be read and one that is no extract do not stand in the way of the next.
    let next = home.path().join("缴费_20261103.csv").to_string_lossy().into_owned();
    std::fs::write(&next, rows).expect("written");
    let other = home.path().join("别的.csv").to_string_lossy().into_owned();
    let more = [other.as_str(), &next, "-o", "json"];
    let all = try_out("缴费_20261102.csv", "单号,号码,姓名\nP1,,王某某\n", &more, 1);
    assert!(all.stderr.contains("passed over: no feed takes"), "{}", all.stderr);
    let verdicts: Vec<_> =
        all.json().iter().map(|tried| text(tried, "verdict").to_owned()).collect();
    assert_eq!(verdicts, ["refused", "accepted"]);
    let feed = try_out("别的.csv", rows, &["--feed", "paymnt"], 2).stderr;
    assert!(feed.contains("there is no feed paymnt"), "{feed}");
}
