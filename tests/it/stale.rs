//! A feed that is missing: the rules that need it say so, and no other rule changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use arrow::util::display::array_value_to_string;
use bidui::lake::rows::{Part, RowsFile};
use serde_json::Value;

use crate::support::{
    Bidui, Policies, anomalies, copy, current, files_like, gansu, list, run, temp, text, tiny,
    tiny_lake,
};

/// Rules that speak of the rows of every feed (one feed less is rows less, not another verdict), and
/// rules that ask whether a feed came.
const OF_ALL_FEEDS: [&str; 9] =
    ["ID01", "ID02", "ID03", "ID04", "ID05", "ID07", "ID08", "MEC03", "MEC06"];

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

/// What each rule finds on that night when nothing is missing and nobody edited a policy.
fn untouched() -> &'static BTreeMap<String, BTreeSet<String>> {
    static FOUND: OnceLock<BTreeMap<String, BTreeSet<String>>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let (_home, night) = without(None);
        by_rule(Path::new(text(&night, "folder")))
    })
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
    let expected = untouched();
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

/// Views ask it up to when a feed has come: the newest period that was accepted, none without one.
#[test]
fn a_table_says_up_to_when_each_feed_has_come() {
    let (_home, night) = without(Some("settlement"));
    let several = current(tiny_lake());
    let last = bidui::night::read_summary(&several).expect("a summary");
    let lines = |night: &Value| {
        let line =
            |f: &Value| format!("{} {}", text(f, "feed"), f["newest"].as_str().unwrap_or(""));
        list(night, "feeds").iter().map(line).collect::<BTreeSet<_>>()
    };
    let said = |folder: &Path| {
        let file = RowsFile::open(&folder.join("system/feed_period.parquet")).expect("a table");
        let columns = ["feed", "period", "ended"].map(str::to_owned);
        let mut said = BTreeSet::new();
        for batch in file.scan(Part::All, &columns, &Default::default()).expect("a scan") {
            let batch = batch.expect("rows");
            let cell =
                |at: usize, row| array_value_to_string(batch.column(at), row).expect("a text");
            // Each fills its table alone.
            assert!((0..batch.num_rows()).all(|row| cell(2, row) == "false"));
            said.extend(
                (0..batch.num_rows()).map(|row| format!("{} {}", cell(0, row), cell(1, row))),
            );
        }
        said
    };
    let first = said(Path::new(text(&night, "folder")));
    assert!(first.contains("settlement ") && first.len() == feeds().len(), "{first:?}");
    assert_eq!(first, lines(&night));
    let last = serde_json::to_value(last).expect("JSON");
    assert_eq!(said(&several), lines(&last));
    // A delivery is called by the last day of its period. Of several the later one counts.
    let came = |line: &String| {
        let (feed, newest) = line.split_once(' ').expect("a feed and a day");
        let names = bidui::lake::names_in(&tiny_lake().join("deliveries").join(feed));
        let periods: BTreeSet<String> = names.iter().map(|name| name[..8].to_owned()).collect();
        assert_eq!(periods.last(), Some(&newest.replace('-', "")), "{feed}");
        periods.len()
    };
    assert!(said(&several).iter().map(came).max() > Some(1), "some feed has several periods");
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

/// What an old list says that has no day is not held against a newer one: the rule waits, and what
/// it found is no less true.
#[test]
fn what_has_no_day_is_not_compared_while_a_list_is_late() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&tiny().join("2026-11-10"), &input.join("2026-11-10"));
    let first = run(&gansu(), &input, &lake).go().ended(0).json();
    std::fs::create_dir_all(input.join("2026-11-20")).expect("a folder");
    let nights = run(&gansu(), &input, &lake).go().ended(0).json();
    assert_eq!(text(&nights[0], "date"), "2026-11-20");
    let not_run = not_run(&nights[0]);
    let waiting: Vec<&str> = not_run.keys().map(String::as_str).collect();
    assert_eq!(waiting, ["INS03", "LST02", "REC01"], "{not_run:?}");
    let line = |night: &Value, rule: &str| {
        list(night, "rules").iter().find(|r| r["rule"] == rule).cloned().expect("the rule")
    };
    for (rule, reason) in &not_run {
        assert!(reason.ends_with(" is late: its newest period ends 2026-11-10"), "{reason}");
        let (before, now) = (line(&first[0], rule), line(&nights[0], rule));
        assert_eq!((&now["held"], &now["cleared"]), (&before["violated"], &0.into()), "{rule}");
    }
}

/// The first night of the smaller world under edited policies: its summary, its lake, and the
/// anomalies of each rule.
fn edited(policies: &Policies) -> (tempfile::TempDir, Value, BTreeMap<String, BTreeSet<String>>) {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&tiny().join("2026-11-10"), &input.join("2026-11-10"));
    let said = run(&policies.gansu(), &input, &lake).go().ended(0);
    assert!(!said.stderr.contains("panicked"), "a panic's text may hold a value: {}", said.stderr);
    let night = said.json().into_iter().next().expect("one night");
    let found = by_rule(&crate::support::current(&lake));
    (home, night, found)
}

/// Rules that were not run, with the reason.
fn not_run(night: &Value) -> BTreeMap<String, String> {
    let rules = list(night, "rules").iter();
    rules
        .filter_map(|r| Some((text(r, "rule").to_owned(), r["not_run"].as_str()?.to_owned())))
        .collect()
}

/// What the rules that were run found is what they find under policies that nobody edited; there is
/// nothing of the others.
fn assert_others_unchanged(
    not_run: &BTreeMap<String, String>,
    found: &BTreeMap<String, BTreeSet<String>>,
) {
    let mut expected = untouched().clone();
    expected.retain(|rule, _| !not_run.contains_key(rule));
    assert!(expected.len() > 5, "{expected:?}");
    assert_eq!(found, &expected);
}

/// Rules over some views.
fn over(views: &[&str]) -> BTreeSet<String> {
    let pipeline = bidui::night::setup::load(&gansu()).expect("the pipeline loads");
    let own = |r: &&bidui::pipeline::spec::Rule| views.contains(&r.over.as_str());
    pipeline.active_rules().filter(own).map(|r| r.id.clone()).collect()
}

/// An expression that panics inside the engine: the last second that there is, eight hours later.
/// The engine must not know before it sees a row.
fn panics(column: &str) -> String {
    let second = format!("CASE WHEN {column} IS NULL THEN 8210266876799 ELSE 8210266876798 END");
    format!("CAST(arrow_cast({second}, 'Timestamp(Second, Some(\"+08:00\"))') AS DATE)")
}

#[test]
fn a_rule_that_fails_on_a_row_is_not_run_and_the_others_do_not_change() {
    let policies = Policies::new();
    let fails = |sql: &str| format!("---*/\n{sql} OR");
    policies.edit("basic-medical/rules/SET04.sql", "---*/", &fails("CAST(org_name AS BIGINT) > 0"));
    let panicking = format!("{} > asof()", panics("total_fee"));
    policies.edit("basic-medical/rules/SET05.sql", "---*/", &fails(&panicking));
    // A guard that panics sinks no other rule either.
    let guard = format!("applies: {} > asof() OR ", panics("division"));
    policies.edit("basic-medical/rules/FEE01.sql", "applies: ", &guard);
    let (_home, night, found) = edited(&policies);
    let not_run = not_run(&night);
    let rules: Vec<&str> = not_run.keys().map(String::as_str).collect();
    assert_eq!(rules, ["FEE01", "SET04", "SET05"], "{not_run:?}");
    assert!(not_run.values().all(|reason| reason.contains("failed on a row")), "{not_run:?}");
    assert!(not_run["SET05"].contains("panicked"), "{not_run:?}");
    assert!(!not_run["SET05"].contains("Local time"), "{not_run:?}");
    for line in list(&night, "rules").iter().filter(|r| r["not_run"].is_string()) {
        assert_eq!(line["violated"], 0, "{line}");
    }
    assert_others_unchanged(&not_run, &found);
}

/// Where a rule does not apply, its predicate is not asked: there it may have no answer.
#[test]
fn a_predicate_is_asked_only_where_its_guard_holds() {
    let policies = Policies::new();
    let rule = "basic-medical/rules/SET05.sql";
    policies.edit(rule, "applies: linked", "applies: days > 5 AND linked");
    let divides = "---*/\n10 / (CASE WHEN days > 5 THEN 1 ELSE 0 END) > 100 OR";
    policies.edit(rule, "---*/", divides);
    let (_home, night, _found) = edited(&policies);
    assert!(not_run(&night).is_empty(), "{:?}", not_run(&night));
    let rule = list(&night, "rules").iter().find(|r| r["rule"] == "SET05").expect("the rule");
    let number = |name: &str| rule[name].as_u64().expect("a number");
    assert!(number("applicable") > 0 && number("not_applicable") > 0, "{rule}");
}

/// What panics without a row is a fault of the pipeline, and is told as one.
#[test]
fn a_rule_or_view_that_panics_on_its_constants_is_refused() {
    let constant = format!("{} > asof()", panics("NULL"));
    for (file, from, to) in [
        ("rules/SET05.sql", "---*/", format!("---*/\n{constant} OR")),
        (
            "views/village_cover.sql",
            "FROM village v\n",
            format!("FROM village v\nJOIN (SELECT {constant} AS x) c ON c.x\n"),
        ),
    ] {
        let policies = Policies::new();
        policies.edit(&format!("basic-medical/{file}"), from, &to);
        let said = Bidui::new("check").arg(policies.gansu()).go().ended(2);
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(all.contains(file) && all.contains("the engine panicked"), "{all}");
        assert!(!all.contains("Local time"), "{all}");
    }
}

#[test]
fn a_view_that_fails_costs_its_own_rules_only() {
    let policies = Policies::new();
    // One fails on a value, person by person; one panics, built whole. Others read them.
    let views = "basic-medical/views";
    policies.edit(
        &format!("{views}/claim.sql"),
        "  s.sp_psn_type, s.insured_div,",
        "  CAST(CAST(s.name AS BIGINT) AS VARCHAR) AS sp_psn_type, s.insured_div,",
    );
    policies.edit(
        &format!("{views}/facility.sql"),
        "  i.name AS org_name,",
        &format!("  concat(i.name, CAST({} AS VARCHAR)) AS org_name,", panics("i.name")),
    );
    let (home, night, found) = edited(&policies);
    let not_run = not_run(&night);
    let rules: BTreeSet<String> = not_run.keys().cloned().collect();
    assert_eq!(rules, over(&["claim", "stay", "facility", "county"]));
    for (rule, start) in [
        ("SET04", "view claim could not be built: engine: "),
        ("SET03", "view stay reads claim: view claim could not be built: "),
        ("TEL01", "view facility could not be built: the engine panicked"),
    ] {
        assert!(not_run[rule].starts_with(start), "{rule}: {}", not_run[rule]);
    }
    assert_others_unchanged(&not_run, &found);
    // Its file is there and holds nothing, not a part that looks like all.
    let night = crate::support::current(&home.path().join("lake"));
    for view in ["claim", "stay", "facility", "county"] {
        let path = night.join(format!("views/{view}.parquet"));
        assert_eq!(RowsFile::open(&path).expect("the view's file").rows(), 0, "{view}");
    }
}

/// Subjects of some rows of a view's file, counted from 1.
fn subjects_of(path: &Path, subject: &str, rows: &[usize]) -> Vec<String> {
    let file = RowsFile::open(path).expect("the view's file");
    let scan = file.scan(Part::All, &[subject.to_owned()], &Default::default()).expect("rows");
    let mut all = Vec::new();
    for batch in scan {
        let column = batch.expect("a batch").column(0).clone();
        all.extend(bidui::rule::subject_texts(&column).expect("texts").into_iter().flatten());
    }
    rows.iter().map(|row| all[row - 1].clone()).collect()
}

/// A subject that stands twice would be judged twice and told once.
#[test]
fn a_view_that_gives_a_subject_twice_is_not_judged() {
    let views = "basic-medical/views";
    let twice = "CROSS JOIN (VALUES (1), (2)) AS twice(n)";
    for (view, subject, from, broken) in [
        ("person", "person_key", "FROM derived", &["person"][..]),
        ("claim", "setl_id", "CROSS JOIN bill s\nLEFT JOIN amended c", &["claim", "stay"][..]),
        ("facility", "org_code", "CROSS JOIN institution i\nLEFT", &["facility", "county"][..]),
    ] {
        let policies = Policies::new();
        let (head, tail) = from.split_once('\n').unwrap_or((from, ""));
        policies.edit(&format!("{views}/{view}.sql"), from, &format!("{head} {twice}\n{tail}"));
        let (home, night, found) = edited(&policies);
        let not_run = not_run(&night);
        let rules: BTreeSet<String> = not_run.keys().cloned().collect();
        assert_eq!(rules, over(broken), "{view}");
        let own = over(&[view]).into_iter().next().expect("a rule");
        let reason = &not_run[&own];
        assert!(reason.contains(&format!("view {view} gives ")), "{reason}");
        assert!(reason.contains(" more than once"), "{reason}");
        assert_others_unchanged(&not_run, &found);
        // The rows that it names are two of one subject, which it does not name.
        let folder = crate::support::current(&home.path().join("lake"));
        let rows = reason.split(" in rows ").nth(1).expect("rows");
        let rows: Vec<usize> = rows.split(' ').filter_map(|word| word.parse().ok()).collect();
        let path = folder.join(format!("views/{view}.parquet"));
        let subjects = subjects_of(&path, subject, &rows);
        assert_eq!(subjects.len(), 2, "{reason}");
        assert_eq!(subjects[0], subjects[1], "{reason}");
        assert!(!reason.contains(&subjects[0]), "{reason}");
        let report = std::fs::read_to_string(folder.join("report.html")).expect("a report");
        assert!(report.contains("视图主体重复") && report.contains(" more than once"));
        let said = Bidui::new("show").args(&["runs"]).arg(policies.gansu());
        let said = said.arg("--lake").arg(home.path().join("lake")).args(&["--output", "json"]);
        let runs = said.go().ended(0).json();
        assert_eq!(runs[0][0]["not_run"], not_run.len(), "{runs:?}");
    }
}
