//! The same inputs give the same bytes, whatever the machine, and a repeated delivery changes nothing.

use std::path::Path;
use std::time::{Duration, SystemTime};

use bidui::feed::receipt::{in_force, receipts};
use bidui::lake::Lake;

use crate::support::{
    Policies, Third, anomaly_files, copy, current, file_like, gansu, list, number, run, shared,
    temp, text, tiny, tiny_lake, tree,
};

/// A copy of an input whose files were made in another order and at other times.
fn shuffled(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for night in bidui::lake::names_in(from) {
        if night == "truth" {
            continue;
        }
        let mut names = bidui::lake::names_in(&from.join(&night));
        names.sort();
        names.reverse();
        std::fs::create_dir_all(to.join(&night)).expect("a folder");
        for (number, name) in names.iter().enumerate() {
            let target = to.join(&night).join(name);
            std::fs::copy(from.join(&night).join(name), &target).expect("a copy");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(number as u64 * 86_400);
            let file = std::fs::File::options().write(true).open(target).expect("a file");
            file.set_modified(time).expect("a time is set");
        }
    }
}

/// Holds a run of the shared input against the shared nights.
fn same_bytes(input: &Path, args: &[&str], env: &[(&str, &str)]) {
    let home = temp();
    let lake = home.path().join("lake");
    let mut call = run(&gansu(), input, &lake).args(args);
    for (name, value) in env {
        call = call.env(name, value);
    }
    let nights = call.go().ended(0).json();
    assert_eq!(nights.len(), shared().nights.len());
    for (night, expected) in nights.iter().zip(&shared().nights) {
        let [own, other] = [night, expected].map(|n| anomaly_files(Path::new(text(n, "folder"))));
        assert!(own.len() > 1, "a CSV and some counties");
        assert_eq!(own, other, "{args:?} {env:?}");
        for name in ["feeds", "rules", "counties", "identity", "severities"] {
            assert_eq!(night[name], expected[name], "{name} with {args:?} {env:?}");
        }
        // How many buckets there are is part of what a night is made from, and of its name.
        if !args.contains(&"--buckets") {
            assert_eq!(night["night"], expected["night"], "{args:?} {env:?}");
            let [own, other] = [night, expected].map(|n| tree(Path::new(text(n, "folder"))));
            assert_eq!(own, other, "{args:?} {env:?}");
        }
    }
}

/// R7.
#[test]
fn one_thread_gives_the_bytes_of_several() {
    // With so little memory large sorts go to the disk.
    same_bytes(&shared().input, &["--threads", "1", "--memory", "32MiB"], &[]);
    same_bytes(&shared().input, &["--threads", "5"], &[]);
}

/// R7.
#[test]
fn few_buckets_give_the_bytes_of_many() {
    same_bytes(&shared().input, &["--buckets", "16"], &[]);
    same_bytes(&shared().input, &["--buckets", "1"], &[]);
}

/// R7.
#[test]
fn place_and_language_change_nothing() {
    let env = [("TZ", "America/New_York"), ("LANG", "zh_CN.GB18030"), ("LC_ALL", "tr_TR.UTF-8")];
    same_bytes(&shared().input, &["--threads", "2"], &env);
}

/// R7.
#[test]
fn times_and_order_of_files_change_nothing() {
    let home = temp();
    let input = home.path().join("input");
    shuffled(&shared().input, &input);
    same_bytes(&input, &[], &[]);
}

/// R13.
#[test]
fn a_redelivery_under_another_name_is_known() {
    let quiet = Third::run(&gansu(), |_| ());
    let repeated = Third::run(&gansu(), |folder| {
        let night = tiny().join("2026-11-11");
        for (start, name) in [
            ("居民医保缴费_", "居民医保缴费_202610_重报.csv"),
            ("医保结算明细_", "医保结算明细_202610-2.zip"),
            ("派驻人员_", "派驻人员_202610(1).xlsx"),
        ] {
            std::fs::copy(file_like(&night, start), folder.join(name)).expect("a copy");
        }
    });
    let (without, with) = (quiet.night(), repeated.night());
    assert!(list(&without, "deliveries").is_empty());
    let deliveries = list(&with, "deliveries");
    assert_eq!(deliveries.len(), 3);
    for delivery in deliveries {
        assert_eq!(text(delivery, "verdict"), "known", "{delivery}");
    }
    let [own, other] = [&with, &without].map(|n| anomaly_files(Path::new(text(n, "folder"))));
    assert_eq!(own, other);
    assert_eq!(with["feeds"], without["feeds"]);
}

/// R13: the same file twice in one night is one delivery whose rows all stand twice.
#[test]
fn a_file_that_came_twice_in_one_night_counts_once() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(tiny(), &input);
    let night = input.join("2026-11-11");
    let twice = file_like(&night, "家庭医生签约_");
    std::fs::copy(twice, night.join("家庭医生签约_202610(1).csv")).expect("a copy");
    let nights = run(&gansu(), &input, &lake).go().ended(0).json();
    let contract = list(&nights[1], "feeds").iter().find(|f| f["feed"] == "contract");
    assert!(number(contract.expect("the feed"), "duplicate") > 0);
    let night = Path::new(text(&nights[1], "folder"));
    assert_eq!(anomaly_files(night), anomaly_files(&current(tiny_lake())));
}

/// The same extract in two nights' folders that are taken in at once, by several threads.
#[test]
fn the_same_parcel_twice_at_once_is_received_once() {
    for round in 0..3 {
        let home = temp();
        let (input, lake) = (home.path().join("input"), home.path().join("lake"));
        copy(tiny(), &input);
        let late = input.join("2026-11-12");
        copy(&input.join("2026-11-11"), &late);
        let args = ["--only", "--threads", "4", "--date", "2026-11-12"];
        let said = run(&gansu(), &input, &lake).args(&args).go();
        assert_eq!(said.code, Some(0), "round {round}: {}", said.stderr);
    }
}

/// A contract that was corrected reads the extract anew, and what it reads is what counts.
#[test]
fn a_corrected_contract_supersedes_what_the_old_one_read() {
    let before = bidui::lake::names_in(&tiny_lake().join("deliveries/contract"));
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 11).expect("a day");
    // The order must not hang on a hash of the contract: six contracts, six hashes.
    for edit in 0..6 {
        let home = temp();
        let lake = home.path().join("lake");
        copy(tiny_lake(), &lake);
        let policies = Policies::new();
        let remark = format!("sender: 省卫生健康委 # {edit}");
        policies.edit("gansu/feeds/contract.yaml", "sender: 省卫生健康委", &remark);
        run(&policies.gansu(), tiny(), &lake).go().ended(0);
        let pipeline = bidui::night::setup::load(&policies.gansu()).expect("a pipeline");
        let secret = pipeline.settings.identity.secret_demo.clone().expect("a demo secret");
        let keys = bidui::privacy::PersonKeys::new(secret.as_bytes());
        let receipts = receipts(&Lake::at(&lake), &pipeline, &keys, day).expect("receipts");
        let (newest, _) = in_force(&pipeline.feeds["contract"], &receipts);
        assert_eq!(newest.len(), 1, "a snapshot");
        let delivery = &newest[0].delivery;
        assert!(!before.contains(delivery), "edit {edit}: what the old contract read is in force");
    }
}

/// The night that was run last is the one that `current` shows, also when an edit of the policy was
/// taken back and its night is there already.
#[test]
fn current_follows_the_policy_there_and_back() {
    // Whether the names of two nights of one date sort one way or the other is a matter of hashes.
    let mut orders = std::collections::BTreeSet::new();
    for edit in 0..16 {
        let home = temp();
        let lake = home.path().join("lake");
        copy(tiny_lake(), &lake);
        let [one, other] = [2 * edit, 2 * edit + 1].map(|number| {
            let policies = Policies::new();
            let remark = format!("-- {number}\nclinics = 0");
            policies.edit("basic-medical/rules/ORG01.sql", "clinics = 0", &remark);
            policies
        });
        let night = |policies: &Policies| {
            run(&policies.gansu(), tiny(), &lake).go().ended(0);
            current(&lake).file_name().map(ToOwned::to_owned)
        };
        let (first, there) = (night(&one), night(&other));
        assert_ne!(there, first, "edit {edit}: another policy is another night");
        if !orders.insert(there > first) {
            continue;
        }
        let back = night(&one);
        assert_eq!(back, first, "edit {edit}: `current` still shows {there:?}");
        if orders.len() == 2 {
            return;
        }
    }
    panic!("16 pairs of hashes in one order");
}
