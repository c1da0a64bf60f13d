//! What is proved of a view is what runs: on the night's own date, and of the person key itself.

use std::path::{Path, PathBuf};

use crate::mini::{NIGHTS, mini};
use crate::support::{Bidui, copy, current, list, run, temp, text};

/// The small world with views of our own.
fn with_views(views: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let home = temp();
    let pipeline = home.path().join("pipeline");
    copy(&mini().pipeline, &pipeline);
    for (name, sql) in views {
        std::fs::write(pipeline.join("views").join(name), sql).expect("written");
    }
    (home, pipeline)
}

fn night(pipeline: &Path, lake: &Path, date: &str) -> serde_json::Value {
    let said = run(pipeline, &mini().input, lake).args(&["--date", date, "--only"]).go().ended(0);
    said.json().remove(0)
}

/// Which column a view reads, and whether it ranks all persons, may hang on the day alone.
#[test]
fn a_view_is_planned_for_its_night() {
    const DATED: &str = "/*---
title: {zh: 人, en: Dated}
subject: person_key
division: division
---*/
SELECT person_key, max(village_code) AS division,
  CASE WHEN asof() <= DATE '2026-11-10' THEN max(birth_date) END AS born,
  CASE WHEN asof() >= DATE '2026-11-11' THEN max(name) END AS name
FROM resident GROUP BY person_key
";
    const RANKED: &str = "/*---
title: {zh: 人, en: Ranked}
subject: person_key
division: division
---*/
SELECT person_key, village_code AS division,
  CASE WHEN asof() <= DATE '2026-11-10' THEN CAST(row_number() OVER (ORDER BY birth_date) AS BIGINT) END
    AS place
FROM resident
";
    let (home, pipeline) = with_views(&[("dated.sql", DATED), ("ranked.sql", RANKED)]);
    // All nights in one run, and each in its own.
    let lakes = ["at-once", "one-by-one"].map(|name| home.path().join(name));
    let at_once = run(&pipeline, &mini().input, &lakes[0]).go().ended(0).json();
    let one_by_one = NIGHTS.map(|date| night(&pipeline, &lakes[1], date));
    for (number, nights) in at_once.iter().zip(&one_by_one).enumerate() {
        for summary in <[_; 2]>::from(nights) {
            let view = |name: &str| list(summary, "views").iter().find(|v| v["view"] == name);
            let rows = |name: &str| view(name).expect("it is built")["rows"].as_u64();
            assert!(rows("dated") > Some(0) && rows("ranked") > Some(0), "{summary}");
            let whole = view("ranked").expect("it is built")["whole"].is_string();
            assert_eq!(whole, number == 0, "ranked on night {number}");
            assert!(view("dated").expect("it is built")["whole"].is_null());
        }
        assert_eq!(text(nights.0, "night"), text(nights.1, "night"));
    }
    assert_eq!(current(&lakes[0]).file_name(), current(&lakes[1]).file_name());
}

/// A column of the key's name may be somebody else's key: here nobody's, where nobody has paid.
#[test]
fn a_column_that_is_only_called_so_is_no_key() {
    const PAID: &str = "/*---
title: {zh: 缴费人, en: Who has paid}
subject: owner
division: division
---*/
SELECT r.person_key AS owner, p.person_key, max(r.village_code) AS division
FROM resident r LEFT JOIN payment p ON p.person_key = r.person_key GROUP BY r.person_key, p.person_key
";
    const COUNTED: &str = "/*---
title: {zh: 人数, en: Counted}
subject: person_key
division: division
---*/
SELECT person_key, max(division) AS division, count(*) AS rows FROM paid GROUP BY person_key
";
    let (_home, pipeline) = with_views(&[("paid.sql", PAID), ("counted.sql", COUNTED)]);
    let said = Bidui::new("check").arg(&pipeline).arg("--verbose").go().ended(0);
    let line = |view: &str| {
        let of_view = |line: &&str| line.split_whitespace().any(|word| word == view);
        said.stdout.lines().find(of_view).unwrap_or_else(|| panic!("{view} in {}", said.stdout))
    };
    assert!(line("paid").contains("bucket by bucket"), "{}", said.stdout);
    assert!(line("counted").contains("does not group by person_key"), "{}", said.stdout);
}

/// A subquery that no join takes the place of would count the persons of one bucket.
#[test]
fn a_subquery_over_persons_sees_them_all() {
    const SHARE: &str = "/*---
title: {zh: 份额, en: Share}
subject: person_key
division: division
---*/
SELECT person_key, village_code AS division, (SELECT count(*) FROM payment) AS payments FROM resident
";
    let (_home, pipeline) = with_views(&[("share.sql", SHARE)]);
    let said = Bidui::new("check").arg(&pipeline).arg("--verbose").go().ended(0);
    let named = |line: &&str| line.split_whitespace().any(|word| word == "share");
    let line = said.stdout.lines().find(named).expect("it is planned");
    assert!(line.contains("whole"), "{}", said.stdout);
}

/// The engine reads names in any letters, and a view of another view comes after it all the same.
#[test]
fn a_view_is_named_in_any_letters() {
    const LOUD: &str = "/*---
title: {zh: 人, en: Loud}
subject: person_key
division: division
---*/
SELECT person_key, division FROM Person
";
    let (_home, pipeline) = with_views(&[("loud.sql", LOUD)]);
    let said = Bidui::new("check").arg(&pipeline).arg("--verbose").go().ended(0);
    let named = |line: &&str| line.split_whitespace().any(|word| word == "loud");
    let line = said.stdout.lines().find(named).expect("it is planned");
    assert!(line.contains("bucket by bucket"), "{}", said.stdout);
}

/// What is wrong with a view is a fault of its file, not of the night.
#[test]
fn a_view_that_cannot_be_filed_or_cut_is_a_fault() {
    const COUNTED: &str = "/*---
title: {zh: 县, en: Counted}
subject: code
division: number
---*/
SELECT code, CAST(code AS BIGINT) AS number FROM code_division
";
    // Each slice of the persons would have all of the list.
    const LISTED: &str = "/*---
title: {zh: 县, en: Listed}
subject: code
division: code
large: true
---*/
SELECT d.code, r.people FROM code_division d
LEFT JOIN (SELECT substr(village_code, 1, 6) AS code, count(*) AS people FROM resident GROUP BY 1) r ON r.code = d.code
";
    let (_home, pipeline) = with_views(&[("counted.sql", COUNTED), ("listed.sql", LISTED)]);
    let said = Bidui::new("check").arg(&pipeline).go().ended(2);
    let parts =
        ["counted.sql:4:", "`number` is no text", "listed.sql:5:", "it reads no code table"];
    for part in parts {
        assert!(said.stderr.contains(part), "{part:?} in\n{}", said.stderr);
    }
}

/// What is named in a part that nothing asks for, or only on other days, is not missed on the night.
#[test]
fn a_view_may_name_what_it_does_not_read() {
    const NAMED: &str = "/*---
title: {zh: 人, en: Named}
subject: person_key
division: division
---*/
SELECT r.person_key, max(r.village_code) AS division FROM (
  SELECT person_key, village_code FROM resident UNION ALL
  SELECT person_key, CAST(NULL AS VARCHAR) FROM payment WHERE asof() <= DATE '2026-11-10') r
LEFT JOIN (SELECT person_key, count(*) AS n FROM payment GROUP BY person_key) p ON p.person_key = r.person_key
GROUP BY r.person_key
";
    const PLACED: &str = "/*---
title: {zh: 地方, en: Placed}
subject: village_code
division: village_code
---*/
WITH unused AS (SELECT person_key FROM payment)
SELECT village_code, count(*) AS people FROM resident GROUP BY village_code
";
    let (home, pipeline) = with_views(&[("named.sql", NAMED), ("placed.sql", PLACED)]);
    let lake = home.path().join("lake");
    for summary in run(&pipeline, &mini().input, &lake).go().ended(0).json() {
        for (view, whole) in [("named", false), ("placed", true)] {
            let own = list(&summary, "views").iter().find(|v| v["view"] == view);
            let own = own.expect("it is told");
            assert_eq!(own["whole"].is_string(), whole, "{own}");
            assert!(own["rows"].as_u64() > Some(0), "{own} on {}", text(&summary, "date"));
        }
    }
}
