//! A feed that is missing: the rules that need it say so, and no other rule changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::{Policies, anomalies, copy, files_like, gansu, list, run, temp, text, tiny};

/// Rules that speak of the rows of every feed: one feed less is rows less, not another verdict.
const OF_ALL_FEEDS: [&str; 7] = ["ID01", "ID02", "ID03", "ID04", "ID05", "ID07", "ID08"];

/// The anomalies of each rule, without what counts nights.
fn by_rule(night: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut rules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in anomalies(night) {
        let what = format!("{} {} {} {}", row.anomaly, row.message, row.county, row.due);
        rules.entry(row.rule.clone()).or_default().insert(what);
    }
    rules
}

/// The first night of the smaller world, without one feed's files.
fn without(feed: Option<&str>) -> (tempfile::TempDir, Value) {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&tiny().join("2026-11-10"), &input.join("2026-11-10"));
    if let Some(feed) = feed {
        let yaml = gansu().join("feeds").join(format!("{feed}.yaml"));
        let yaml = std::fs::read_to_string(yaml).expect("a contract");
        let pattern = yaml.lines().find_map(|l| l.strip_prefix("files: \"")).expect("a pattern");
        let start = pattern.split(['{', '*']).next().expect("its beginning");
        for file in files_like(&input.join("2026-11-10"), start) {
            std::fs::remove_file(file).expect("removed");
        }
    }
    let nights = run(&gansu(), &input, &lake).go().ended(0).json();
    (home, nights.into_iter().next().expect("one night"))
}

fn feeds() -> Vec<String> {
    let names = bidui::lake::names_in(&gansu().join("feeds"));
    let mut feeds: Vec<String> =
        names.iter().filter_map(|n| n.strip_suffix(".yaml")).map(str::to_owned).collect();
    feeds.sort();
    feeds
}

/// Rules by table that they need.
fn needs(pipeline: &bidui::pipeline::Pipeline, table: &str) -> BTreeSet<String> {
    let own = |r: &&bidui::pipeline::spec::Rule| r.needs.iter().any(|n| n == table);
    pipeline.active_rules().filter(own).map(|r| r.id.clone()).collect()
}

/// R22: each feed in turn.
#[test]
fn without_a_feed_its_rules_are_not_run_and_the_others_do_not_change() {
    let pipeline = bidui::night::setup::load(&gansu()).expect("the pipeline loads");
    let (_whole_home, whole) = without(None);
    let expected = by_rule(Path::new(text(&whole, "folder")));
    let feeds = feeds();
    let next = AtomicUsize::new(0);
    let faults = Mutex::new(Vec::new());
    let one = |feed: &str| {
        let (_home, night) = without(Some(feed));
        let table = &pipeline.feeds[feed].table;
        let needed = needs(&pipeline, table);
        let mut faults = Vec::new();
        let not_run: BTreeMap<&str, &str> = list(&night, "rules")
            .iter()
            .filter_map(|r| Some((text(r, "rule"), r["not_run"].as_str()?)))
            .collect();
        for rule in &needed {
            match not_run.get(rule.as_str()) {
                Some(reason) if reason.contains(feed) && reason.contains("never delivered") => {}
                other => faults.push(format!("without {feed}, {rule} says {other:?}")),
            }
        }
        let found = by_rule(Path::new(text(&night, "folder")));
        let rules: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
        for rule in rules {
            let (own, whole) = (found.get(rule), expected.get(rule));
            if not_run.contains_key(rule.as_str()) {
                if own.is_some() {
                    faults.push(format!("without {feed}, {rule} was not run and found something"));
                }
            } else if own != whole && !OF_ALL_FEEDS.contains(&rule.as_str()) {
                let count = |s: Option<&BTreeSet<String>>| s.map_or(0, BTreeSet::len);
                faults.push(format!(
                    "without {feed}, {rule} finds {} anomalies, not {}; it does not say that it \
                     needs {table}",
                    count(own),
                    count(whole)
                ));
            }
        }
        faults
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(feed) = feeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = one(feed);
                    faults.lock().expect("a list").extend(found);
                }
            });
        }
    });
    let mut faults = faults.into_inner().expect("a list");
    faults.sort();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What an old extract says is not taken for today's: a feed past its limit stops its rules, and
/// what was known before is held.
#[test]
fn a_feed_that_grew_stale_holds_what_was_known() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&tiny().join("2026-11-10"), &input.join("2026-11-10"));
    let first = run(&gansu(), &input, &lake).go().ended(0).json();
    std::fs::create_dir_all(input.join("2026-12-20")).expect("a folder");
    let nights = run(&gansu(), &input, &lake).go().ended(0).json();
    assert_eq!(text(&nights[0], "date"), "2026-12-20");
    let line = |night: &Value, feed: &str| {
        let own = list(night, "feeds").iter().find(|f| f["feed"] == feed).cloned();
        text(&own.expect("the feed"), "freshness").to_owned()
    };
    assert_eq!(line(&first[0], "poverty_member"), "fresh");
    assert_eq!(line(&nights[0], "poverty_member"), "stale");
    let held = list(&nights[0], "rules")
        .iter()
        .filter(|r| r["not_run"].as_str().is_some_and(|reason| reason.contains("poverty_member")))
        .inspect(|r| assert_eq!((&r["violated"], &r["cleared"]), (&0.into(), &0.into()), "{r}"))
        .map(|r| r["held"].as_u64().unwrap_or(0))
        .sum::<u64>();
    assert!(held > 0, "anomalies of rules that were not run are held");
}

#[test]
fn a_rule_that_fails_on_a_row_is_not_run_and_the_others_do_not_change() {
    let policies = Policies::new();
    let broken = "---*/\nCAST(org_name AS BIGINT) > 0 OR";
    policies.edit("basic-medical/rules/SET04.sql", "---*/", broken);
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&tiny().join("2026-11-10"), &input.join("2026-11-10"));
    let said = run(&policies.gansu(), &input, &lake).go().ended(0);
    let night = said.json().into_iter().next().expect("one night");
    let rule = list(&night, "rules").iter().find(|r| text(r, "rule") == "SET04").expect("the rule");
    assert!(text(rule, "not_run").contains("failed on a row"), "{rule}");
    assert_eq!(rule["violated"], 0);
    let (whole, _) = without(None);
    let mut expected = by_rule(&crate::support::current(&whole.path().join("lake")));
    expected.remove("SET04");
    assert_eq!(by_rule(&crate::support::current(&lake)), expected);
}
