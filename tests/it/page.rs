//! What `bidui run` and `show` say to people: what was refused and what nobody knows is named, and no
//! person; what a narrow terminal has no room for is left out.

use bidui::privacy::HIDDEN;

use crate::mini::{Mini, NIGHTS, mini};
use crate::support::{Bidui, copy, current, gansu, temp, tiny_lake};

#[test]
fn refused_deliveries_and_unknown_files_are_named() {
    let id = "629101198505050018";
    let home = temp();
    let Mini { pipeline, input } = mini();
    let (own, lake) = (home.path().join("input"), home.path().join("lake"));
    let night = own.join(NIGHTS[0]);
    copy(&input.join(NIGHTS[0]), &night);
    std::fs::write(night.join("缴费_20261110.csv"), "").expect("written");
    std::fs::write(night.join(format!("{id}_户口本.pdf")), "a scan").expect("written");
    let run = Bidui::new("run").arg(pipeline).arg("--input").arg(&own).arg("--lake").arg(&lake);
    let said = run.arg("--quiet").go().ended(0).stdout;
    let unknown = format!("  未识别文件 unknown files: {HIDDEN}_户口本.pdf\n");
    for part in [
        "  退回 refused: 缴费（缴费_20261110.csv）\n    空文件 is empty",
        unknown.as_str(),
        // What was sent and refused is another thing than what was never sent.
        "PAY01 未缴费（收到的均被退回 feed payment was never accepted",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
    assert!(!said.contains(id), "{said}");
    let summary = bidui::night::read_summary(&current(&lake)).expect("a summary");
    let payment = summary.feeds.iter().find(|f| f.feed == "payment").expect("the feed");
    assert_eq!(payment.refused, 1);
}

/// The night report has a column for it.
#[test]
fn every_delivery_says_as_what_it_was_read() {
    let summary = bidui::night::read_summary(&current(tiny_lake())).expect("a summary");
    let mut told: Vec<&str> = Vec::new();
    for delivery in summary.deliveries.iter().filter(|d| d.rows > 0) {
        assert!(!delivery.encodings.is_empty(), "{delivery:?}");
        told.extend(delivery.encodings.iter().map(String::as_str));
    }
    assert!(told.contains(&"xlsx"), "{told:?}");
}

#[test]
fn deliveries_fit_a_narrow_terminal() {
    let show = |columns: &str| {
        let show = Bidui::new("show").arg("deliveries").arg(gansu()).arg("--lake").arg(tiny_lake());
        show.env("COLUMNS", columns).go().ended(0).stdout
    };
    let narrow = show("80");
    let wide = |line: &str| line.chars().map(|c| 1 + usize::from(!c.is_ascii())).sum::<usize>();
    assert!(narrow.lines().all(|line| wide(line) <= 80), "{narrow}");
    for feed in ["contract", "settlement"] {
        let whole = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.first() == Some(&feed) && words.windows(2).any(|w| w == ["2026-11-10", "接收"])
        };
        assert!(narrow.lines().any(whole), "{feed} in\n{narrow}");
    }
    assert!(!narrow.contains("批次") && show("120").contains("批次"));
}

/// Programs join codes; people read names.
#[test]
fn a_list_of_anomalies_names_the_counties() {
    let show = |form: &str| {
        let show = Bidui::new("show").arg("anomalies").arg(gansu()).arg("--lake").arg(tiny_lake());
        show.args(&["--output", form, "--limit", "1"]).env("COLUMNS", "120").go().ended(0).stdout
    };
    assert!(show("table").contains("皋兰县"), "{}", show("table"));
    assert!(show("csv").contains(",620122,"), "{}", show("csv"));
}
