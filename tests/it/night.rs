//! Two nights from extracts to published tables: accounts, receipts, the report, and a run without
//! news.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use bidui::feed::receipt::Receipt;

use crate::support::{
    anomalies, copy, csv, current, gansu, list, number, run, shared, temp, text, tiny, tiny_lake,
};

#[test]
fn two_nights_are_published() {
    let nights = &shared().nights;
    assert_eq!(nights.len(), 2);
    let dates: Vec<&str> = nights.iter().map(|n| text(n, "date")).collect();
    assert_eq!(dates, ["2026-11-10", "2026-11-11"]);
    for night in nights {
        assert_eq!(night["unchanged"], false);
        assert!(Path::new(text(night, "folder")).join("manifest.json").is_file());
        assert!(number(night, "anomalies") > 0);
        assert_eq!(night["demo_secret"], true, "a demo secret is said aloud");
    }
    assert_eq!(nights[1]["last_night"], nights[0]["night"]);
}

#[test]
fn current_points_at_the_last_night() {
    let night = current(&shared().lake);
    assert_eq!(night.file_name().and_then(|n| n.to_str()), shared().last()["night"].as_str());
}

/// R8.
#[test]
fn accounts_of_every_feed_close() {
    for night in &shared().nights {
        for feed in list(night, "feeds") {
            let parts = ["used", "quarantined", "duplicate", "superseded"];
            let sum: u64 = parts.iter().map(|p| number(feed, p)).sum();
            assert_eq!(number(feed, "rows"), sum, "{feed}");
        }
        let rows: u64 = list(night, "feeds").iter().map(|f| number(f, "rows")).sum();
        assert!(rows > 1000, "{rows} rows");
    }
}

/// Receipts of the lake by feed and name of a file.
fn receipts(lake: &Path) -> BTreeMap<(String, String, String), Receipt> {
    let mut found = BTreeMap::new();
    let home = lake.join("deliveries");
    for feed in bidui::lake::names_in(&home) {
        for delivery in bidui::lake::names_in(&home.join(&feed)) {
            let receipt = Receipt::read(&home.join(&feed).join(delivery)).expect("a receipt");
            for file in &receipt.files {
                let night = receipt.received.to_string();
                found.insert((night, feed.clone(), file.name.clone()), receipt.clone());
            }
        }
    }
    found
}

#[test]
fn receipts_agree_with_what_was_written() {
    let receipts = receipts(&shared().lake);
    let files = csv(&shared().input.join("truth/files.csv"));
    assert!(files.len() > 40, "{} files", files.len());
    for file in files {
        let key = (file["night"].clone(), file["feed"].clone(), file["file"].clone());
        let receipt = receipts.get(&key).unwrap_or_else(|| panic!("no receipt of {key:?}"));
        // A member of a zip or a sheet is a part of its own.
        let inside = format!("{}!", file["file"]);
        let own = |p: &&bidui::feed::receipt::PartAccount| {
            p.file == file["file"] || p.file.starts_with(&inside)
        };
        let parts: Vec<_> = receipt.parts.iter().filter(own).collect();
        let planted = |name: &str| file[name].parse::<u64>().expect("a number");
        let rows: u64 = parts.iter().map(|p| p.rows).sum();
        let duplicate: u64 = parts.iter().map(|p| p.duplicate).sum();
        let quarantined: u64 = parts.iter().map(|p| p.quarantined).sum();
        let written = planted("rows") + planted("duplicates") + planted("broken_rows");
        assert_eq!(rows, written, "{key:?}");
        assert!(duplicate >= planted("duplicates"), "{key:?}: {duplicate} duplicates");
        let broken = planted("broken_rows");
        if planted("required_null") == 0 {
            assert_eq!(quarantined, broken, "{key:?}");
        } else {
            assert!(quarantined >= broken, "{key:?}: {quarantined} quarantined");
        }
        for part in parts {
            assert_eq!(part.rows, part.used + part.quarantined + part.duplicate, "{key:?}");
        }
    }
}

#[test]
fn the_table_counts_as_the_summary_says() {
    for night in &shared().nights {
        let folder = Path::new(text(night, "folder"));
        let rows = anomalies(folder);
        assert_eq!(rows.len(), csv(&folder.join("anomalies.csv")).len());
        for state in ["new", "persisting", "relapsed", "cleared", "held"] {
            let own = rows.iter().filter(|r| r.state.word() == state).count() as u64;
            assert_eq!(own, number(night, state), "{state}");
        }
    }
    let second = &shared().nights[1];
    let of_view = |name: &str| list(second, "views").iter().find(|v| text(v, "view") == name);
    let persons: u64 = list(second, "counties").iter().map(|c| number(c, "persons")).sum();
    assert_eq!(persons, number(of_view("person").expect("a view"), "rows"), "not those of bills");
    assert!(number(second, "new") > 0 && number(second, "persisting") > 0);
    assert!(number(second, "cleared") > 0, "some of the first night's anomalies are cleared");
}

/// An anomaly keeps its number from night to night, and each night has it once.
#[test]
fn anomalies_keep_their_identity() {
    let [first, second] = [0, 1].map(|n| anomalies(Path::new(text(&shared().nights[n], "folder"))));
    for rows in [&first, &second] {
        let ids: std::collections::BTreeSet<&str> =
            rows.iter().map(|r| r.anomaly.as_str()).collect();
        assert_eq!(ids.len(), rows.len());
    }
    let before: BTreeMap<&str, _> = first.iter().map(|r| (r.anomaly.as_str(), r)).collect();
    for row in &second {
        match before.get(row.anomaly.as_str()) {
            Some(old) => {
                assert_eq!((&row.rule, &row.subject), (&old.rule, &old.subject));
                assert_eq!(row.first_seen, old.first_seen);
                assert_ne!(row.state.word(), "new", "{}", row.anomaly);
            }
            None => assert_eq!(row.state.word(), "new", "{}", row.anomaly),
        }
    }
}

#[test]
fn every_view_is_passed_over_once() {
    for night in &shared().nights {
        let views = list(night, "views");
        assert!(!views.is_empty());
        for view in views {
            // A view without rows is not passed over at all.
            assert_eq!(number(view, "scans"), u64::from(number(view, "rows") > 0), "{view}");
        }
    }
}

#[test]
fn the_report_fetches_nothing() {
    let page =
        std::fs::read_to_string(current(&shared().lake).join("report.html")).expect("a report");
    assert!(page.starts_with("<!DOCTYPE html>"));
    let lower = page.to_lowercase();
    for outside in [
        "src=\"http",
        "src='http",
        "href=\"http",
        "href='http",
        "src=\"//",
        "href=\"//",
        "<script src",
        "<link",
        "@import",
        "url(http",
        "<iframe",
        "<img src=\"h",
    ] {
        assert!(!lower.contains(outside), "the report holds {outside}");
    }
}

/// Every file of a lake: path, time of change, bytes.
fn listing(lake: &Path) -> Vec<(String, SystemTime, u64, String)> {
    let files = bidui::lake::files_below(lake).expect("a readable lake");
    // The lock's note is the number of a process.
    let files = files.into_iter().filter(|f| f.path != "lock");
    let entry = |f: bidui::lake::FileEntry| {
        let time = lake.join(&f.path).metadata().and_then(|m| m.modified()).expect("a time");
        (f.path, time, f.bytes, f.blake3)
    };
    files.map(entry).collect()
}

/// R6.
#[test]
fn a_run_without_news_writes_nothing() {
    let home = temp();
    let lake = home.path().join("lake");
    copy(&shared().lake, &lake);
    let before = listing(&lake);
    let said = run(&gansu(), &shared().input, &lake).go().ended(0);
    let nights = said.json();
    assert_eq!(nights.len(), 1);
    assert_eq!(nights[0]["unchanged"], true);
    assert_eq!(nights[0]["night"], shared().last()["night"]);
    assert_eq!(before, listing(&lake));
}

/// Too little for any view: that costs the night, not some rules of it, and the night before stays.
#[test]
fn without_memory_a_night_is_not_published_and_says_why() {
    let home = temp();
    let lake = home.path().join("lake");
    copy(tiny_lake(), &lake);
    let before = current(&lake);
    let night = run(&gansu(), tiny(), &lake).args(&["--date", "2026-11-12"]);
    let said = night.args(&["--memory", "64KiB"]).go().ended(3);
    assert!(said.stderr.contains("out of the memory that --memory allows"), "{}", said.stderr);
    assert!(said.stderr.contains("hint: give --memory more"), "{}", said.stderr);
    assert_eq!((current(&lake), bidui::lake::names_in(&lake.join("nights")).len()), (before, 2));
}

#[test]
fn what_stages_cost_is_said_when_asked_for() {
    let lake = temp();
    let said = run(&gansu(), tiny(), lake.path()).arg("--stages").go().ended(0);
    let costs = |stage: &str| -> Vec<f64> {
        let line = said.stderr.lines().find(|line| line.contains(stage)).expect(stage);
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let stages = ["prepare", "receive", "identify", "view and judge", "indicators", "publish"];
    for stage in stages.map(costs) {
        assert_eq!(stage.len(), 3, "time, CPU and memory of {stage:?}");
    }
    assert!(costs("publish")[2] >= costs("prepare")[2], "a peak only grows");
}
