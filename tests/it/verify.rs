//! `bidui verify` sees every file of a lake that is not what was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{
    Bidui, copy, current, gansu, list, number, run, temp, text, tiny, tiny_lake, tree,
};

/// A copy of the smaller lake with a batch of packs.
fn lake(home: &Path) -> PathBuf {
    let lake = home.join("lake");
    copy(tiny_lake(), &lake);
    let issue =
        Bidui::new("pack").args(&["issue", "--month", "2026-11", "--pipeline"]).arg(gansu());
    issue.arg("--lake").arg(&lake).env("BIDUI_ACTOR", "省卫健委甲").go().ended(0);
    lake
}

fn verify(lake: &Path, code: i32) -> Value {
    let said = Bidui::new("verify").arg(gansu()).arg("--lake").arg(lake);
    let said = said.args(&["--output", "json"]).go().ended(code);
    serde_json::from_str(&said.stdout).expect("JSON")
}

/// What is wrong, by path.
fn faults(said: &Value) -> BTreeMap<&str, &str> {
    list(said, "faults").iter().map(|fault| (text(fault, "path"), text(fault, "fault"))).collect()
}

/// Files that were written once and stay as they are.
fn kept(lake: &Path) -> Vec<String> {
    let own =
        |path: &String| ["deliveries/", "nights/", "packs/"].iter().any(|f| path.starts_with(f));
    tree(lake).into_keys().filter(own).collect()
}

#[test]
fn a_lake_and_its_copy_are_whole() {
    let home = temp();
    let lake = lake(home.path());
    let said = verify(&lake, 0);
    assert!(faults(&said).is_empty() && list(&said, "not_noted").is_empty());
    assert!(number(&said, "deliveries") > 20);
    assert_eq!((number(&said, "nights"), number(&said, "batches")), (2, 1));
    let manifests = kept(&lake).iter().filter(|path| path.ends_with("manifest.json")).count();
    assert_eq!(number(&said, "files") as usize + manifests, kept(&lake).len());
    let table = Bidui::new("verify").arg(gansu()).arg("--lake").arg(&lake).go().ended(0);
    assert!(table.stdout.starts_with("数据湖完整 whole"), "{}", table.stdout);
}

#[test]
fn a_bit_that_flipped_is_seen_in_each_file() {
    let home = temp();
    let lake = lake(home.path());
    let files: Vec<String> =
        kept(&lake).into_iter().filter(|path| !path.ends_with("manifest.json")).collect();
    for (number, path) in files.iter().enumerate() {
        let mut bytes = std::fs::read(lake.join(path)).expect("bytes");
        let at = number * 7919 % bytes.len();
        bytes[at] ^= 1 << (number % 8);
        // Files that two nights share must not change twice.
        std::fs::remove_file(lake.join(path)).expect("removed");
        std::fs::write(lake.join(path), &bytes).expect("written");
    }
    let all: BTreeMap<&str, &str> = files.iter().map(|path| (path.as_str(), "changed")).collect();
    assert!(all.len() > 100);
    assert_eq!(faults(&verify(&lake, 1)), all);
}

#[test]
fn what_is_gone_strange_or_from_another_place_is_seen() {
    let home = temp();
    let lake = lake(home.path());
    let of = |start: &str, end: &str| {
        let own = |path: &String| path.starts_with(start) && path.ends_with(end);
        kept(&lake).into_iter().filter(own).collect::<Vec<_>>()
    };
    let [receipts, rows] = ["receipt.json", "rows.parquet"].map(|end| of("deliveries/", end));
    let nights = of("nights/", "/manifest.json");
    std::fs::remove_file(lake.join(&rows[0])).expect("removed");
    std::fs::copy(lake.join(&rows[1]), lake.join(&rows[2])).expect("another's rows");
    let strange = receipts[3].replace("receipt", "own");
    std::fs::write(lake.join(&strange), "mine").expect("written");
    // The second night knows the list of the first.
    let list_of_first = std::fs::read_to_string(lake.join(&nights[0])).expect("a list");
    std::fs::write(lake.join(&nights[0]), list_of_first + " ").expect("written");
    std::fs::write(lake.join(receipts[4].replace("receipt", "manifest")), "{}").expect("written");
    // As a version left it that noted nothing.
    std::fs::remove_file(lake.join(receipts[5].replace("receipt", "manifest"))).expect("removed");
    let older = std::fs::read_to_string(lake.join(&receipts[5])).expect("a receipt");
    let older = older.replace("  \"noted\": true,\n", "");
    assert!(!older.contains("noted"), "{older}");
    std::fs::write(lake.join(&receipts[5]), older).expect("written");
    // This version notes everything.
    let lost = receipts[7].replace("receipt", "manifest");
    std::fs::remove_file(lake.join(&lost)).expect("removed");
    std::fs::write(lake.join("deliveries/readme"), "mine").expect("written");
    let gone = receipts[6].trim_end_matches("/receipt.json");
    std::fs::remove_dir_all(lake.join(gone)).expect("removed");
    std::fs::remove_file(lake.join("current")).expect("removed");
    std::os::unix::fs::symlink("nights/gone", lake.join("current")).expect("a link");
    let said = verify(&lake, 1);
    let no_list = receipts[4].replace("receipt", "manifest");
    let wanted = [
        (rows[0].as_str(), "missing"),
        (&rows[2], "changed"),
        (&strange, "not of this folder"),
        ("deliveries/readme", "not of this folder"),
        (&nights[0], "changed"),
        (&no_list, "no list of files that can be read"),
        (&lost, "no list of files that can be read"),
        (gone, "missing"),
        ("current", "missing"),
    ];
    assert_eq!(faults(&said), BTreeMap::from(wanted));
    let not_noted: Vec<&str> = list(&said, "not_noted").iter().filter_map(Value::as_str).collect();
    assert_eq!(not_noted, [receipts[5].trim_end_matches("/receipt.json")]);
    let table = Bidui::new("verify").arg(gansu()).arg("--lake").arg(&lake).go().ended(1);
    assert!(table.stdout.contains("数据湖有误 9 faults"), "{}", table.stdout);
}

/// A copy that followed links has a folder in place of `current`.
#[test]
fn a_folder_in_place_of_the_link_is_seen() {
    let home = temp();
    let lake = home.path().join("lake");
    copy(tiny_lake(), &lake);
    let night = current(&lake);
    std::fs::remove_file(lake.join("current")).expect("a link");
    copy(&night, &lake.join("current"));
    assert_eq!(faults(&verify(&lake, 1)), BTreeMap::from([("current", "changed")]));
    let show = Bidui::new("show").arg("anomalies").arg(gansu()).arg("--lake").arg(&lake);
    for call in [run(&gansu(), tiny(), &lake), show] {
        let said = call.go().ended(3);
        assert!(said.stderr.contains("ln -s nights/"), "{}", said.stderr);
    }
}

/// What cannot be looked at is not whole. Not even root can list a file.
#[test]
fn a_folder_that_cannot_be_read_is_not_whole() {
    let home = temp();
    let lake = home.path().join("lake");
    copy(tiny_lake(), &lake);
    std::fs::write(lake.join("packs"), "").expect("written");
    let files = Bidui::new("verify").arg(gansu()).arg("--lake").arg(&lake);
    let events = Bidui::new("ledger").args(&["verify", "--pipeline"]).arg(gansu());
    for call in [files, events.arg("--lake").arg(&lake)] {
        let said = call.go().ended(3);
        assert!(said.stderr.contains("/packs"), "{}", said.stderr);
    }
}
