//! Indicators: what a night writes of them, that history outlives its nights, and what a stale feed
//! does to them.

use std::collections::BTreeMap;

use bidui::indicator::table::{read, read_history, read_notes};
use serde_json::Value;

use crate::support::{Bidui, copy, gansu, run, shared, temp};

/// Lines of `bidui show indicators` as JSON.
fn shown(lake: &std::path::Path, more: &[&str]) -> Vec<Value> {
    let show = Bidui::new("show").arg("indicators").arg(gansu()).arg("--lake").arg(lake);
    let said = show.args(&["--output", "json"]).args(more).go().ended(0);
    serde_json::from_str(&said.stdout).expect("a JSON array")
}

#[test]
fn a_night_writes_its_figures_and_the_shown_ones_add_up() {
    let night = shared().lake.join("current");
    let rows = read(&night).expect("figures");
    let csv = std::fs::read_to_string(night.join("indicators.csv")).expect("the CSV");
    assert_eq!(csv.lines().count(), rows.len() + 1);
    assert!(csv.starts_with("indicator,part,county,numerator,denominator,persons\r\n"));
    let counties: i128 = rows
        .iter()
        .filter(|r| r.indicator == "I01" && r.part.is_empty())
        .filter_map(|r| r.figure.denominator)
        .sum();
    assert!(counties > 0);
    let province = shown(&shared().lake, &["--indicator", "I01", "--county", "62"]);
    let whole =
        province.iter().find(|r| r["area"] == "62" && r["part"] == "").expect("the province");
    assert_eq!(whole["unit"], "%");
    assert_eq!(whole["denominator"], (counties / 10_000).to_string().as_str());
    let notes = read_notes(&night).expect("notes");
    let failed: Vec<_> = notes.iter().filter(|n| n.not_run.is_some()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(notes.iter().all(|n| !n.about.is_empty()), "every figure says what it counts");
}

#[test]
fn history_outlives_the_nights() {
    let (home, nights) = (temp(), 3_usize);
    let (input, lake, pipelines) =
        (home.path().join("in"), home.path().join("lake"), home.path().join("pipelines"));
    let fake = Bidui::new("fake").arg(gansu()).arg("--out").arg(&input);
    let count = nights.to_string();
    let dates = ["--date", "2026-09-12", "--every", "31", "--nights", &count];
    fake.args(&["--people", "60", "--counties", "620122", "--seed", "3", "--quiet"])
        .args(&dates)
        .go()
        .ended(0);
    copy(&gansu().join(".."), &pipelines);
    let yaml = pipelines.join("gansu/pipeline.yaml");
    let text = std::fs::read_to_string(&yaml).expect("pipeline.yaml");
    std::fs::write(&yaml, text.replace("nights: 14", "nights: 2")).expect("two nights are kept");
    run(&pipelines.join("gansu"), &input, &lake).go().ended(0);
    let kept = std::fs::read_dir(lake.join("nights")).expect("nights").count();
    assert_eq!(kept, 2, "the oldest night is gone");
    let history = read_history(&lake.join("current")).expect("a history");
    let months: Vec<&str> = history.months.keys().map(String::as_str).collect();
    assert_eq!(months, ["2026-09", "2026-10", "2026-11"], "its month is not");
    assert!(!history.rows("2026-09").is_empty());
    let page = home.path().join("b.html");
    let bulletin = Bidui::new("bulletin").arg("--pipeline").arg(pipelines.join("gansu"));
    let bulletin = bulletin.arg("--lake").arg(&lake).arg("--out").arg(&page);
    bulletin.args(&["--quarter", "2026Q3"]).go().ended(0);
    let text = std::fs::read_to_string(&page).expect("the page");
    assert!(text.contains("2026年第三季度"));
    assert!(text.contains("本季度数据不全：2026年7月、2026年8月无比对结果"));
    assert!(
        text.contains("已按保存期限清理"),
        "the night with the details is gone, and it is said"
    );
    let bulletin = Bidui::new("bulletin").arg("--pipeline").arg(pipelines.join("gansu"));
    let bulletin = bulletin.arg("--lake").arg(&lake).arg("--out").arg(&page);
    bulletin.args(&["--month", "2026-10"]).go().ended(0);
    let text = std::fs::read_to_string(&page).expect("the page");
    let compared = ["比上月上升", "比上月下降", "与上月持平"];
    assert!(compared.iter().any(|word| text.contains(word)), "September is compared with");
}

#[test]
fn a_feed_that_never_came_is_said_and_is_no_zero() {
    let home = temp();
    let input = home.path().join("in");
    copy(&shared().input, &input);
    for night in std::fs::read_dir(&input).expect("nights").flatten() {
        for file in std::fs::read_dir(night.path()).into_iter().flatten().flatten() {
            if file.file_name().to_string_lossy().starts_with("家庭医生签约") {
                std::fs::remove_file(file.path()).expect("removed");
            }
        }
    }
    let lake = home.path().join("lake");
    run(&gansu(), &input, &lake).go().ended(0);
    let notes = read_notes(&lake.join("current")).expect("notes");
    let not_run: BTreeMap<&str, &str> =
        notes.iter().filter_map(|n| Some((n.indicator.as_str(), n.not_run.as_deref()?))).collect();
    assert_eq!(not_run.keys().copied().collect::<Vec<_>>(), ["I08", "I08b"], "{not_run:?}");
    assert!(read(&lake.join("current")).expect("figures").iter().all(|r| r.indicator != "I08"));
    let shown = shown(&lake, &["--indicator", "I08"]);
    assert!(shown.iter().all(|r| r["value"].is_null() && r["note"].is_string()), "{shown:?}");
}

#[test]
fn a_misspelt_column_is_pointed_at() {
    let home = temp();
    let pipelines = home.path().join("pipelines");
    copy(&gansu().join(".."), &pipelines);
    let path = pipelines.join("basic-medical/indicators/I07.sql");
    let text = std::fs::read_to_string(&path).expect("an indicator");
    std::fs::write(&path, text.replace("alive AND major_n", "alive AND majors_n"))
        .expect("written");
    let said = Bidui::new("check").arg(pipelines.join("gansu")).go().ended(2);
    assert!(
        said.stderr.contains("I07.sql") && said.stderr.contains("did you mean `major_n`"),
        "{}",
        said.stderr
    );
    std::fs::write(&path, text.replace("TRT01", "TRT99")).expect("written");
    let said = Bidui::new("check").arg(pipelines.join("gansu")).go().ended(2);
    assert!(said.stderr.contains("there is no rule `TRT99`"), "{}", said.stderr);
}

/// A village's code says its county. A figure that cannot be added up is not, without a word.
#[test]
fn a_figure_is_that_of_one_county() {
    let home = temp();
    let pipelines = home.path().join("pipelines");
    copy(&gansu().join(".."), &pipelines);
    let tried = |id: &str, from: &str, to: &str, code: i32| {
        let path = pipelines.join(format!("basic-medical/indicators/{id}.sql"));
        let text = std::fs::read_to_string(&path).expect("an indicator");
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replace(from, to)).expect("written");
        let test = Bidui::new("test").arg(pipelines.join("gansu")).args(&["--rule", id]);
        test.go().ended(code).stdout
    };
    let village = "SELECT concat(county, '100200') AS county, count";
    tried("I15", "SELECT county, count", village, 0);
    let twice = ") AS ordered, (VALUES (1), (2)) AS t(x)\nGROUP BY county, x";
    let said = tried("I05b", ") AS ordered\nGROUP BY county", twice, 1);
    assert!(said.contains("twice, and cannot be added up"), "{said}");
}
