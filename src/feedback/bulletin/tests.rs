//! Texts of a bulletin from made-up figures: first month, second month, the public's text.

use chrono::NaiveDate;

use super::facts::Facts;
use super::units::{self, UnitLine};
use super::{Material, Period, html};
use crate::division::Divisions;
use crate::indicator::figure::{Figure, Reader};
use crate::indicator::table::{History, Note, Row};
use crate::ledger::policy::Policy;
use crate::pipeline::bulletins::fits;
use crate::pipeline::{Pipeline, load};

/// The sample pipeline and its divisions.
fn world() -> (Pipeline, Divisions) {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
    let pipeline = load(&dir).expect("the sample pipeline");
    let list = &pipeline.codes["division"];
    let at = |name: &str| list.position(name).expect("a column");
    let (code, label, parent, level) = (at("code"), at("label"), at("parent"), at("level"));
    let rows = list
        .rows
        .iter()
        .map(|r| (r[code].as_str(), r[label].as_str(), r[parent].as_str(), r[level].as_str()));
    let divisions = Divisions::build(rows, []).expect("divisions");
    (pipeline, divisions)
}

/// Counties, and of how many people how many are insured.
type Insured = [(&'static str, i128, i128)];

fn rows(of: &Insured) -> Vec<Row> {
    let row = |(county, over, under): &(&str, i128, i128)| Row {
        indicator: "I01".into(),
        part: String::new(),
        county: (*county).to_owned(),
        figure: Figure { numerator: over * 10_000, denominator: Some(under * 10_000) },
    };
    of.iter().map(row).collect()
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// The page of a month without its markup.
fn text(month: &str, history: &History, notes: &[Note], public: bool) -> String {
    let (pipeline, divisions) = world();
    let settings = &pipeline.settings.publish;
    let material = Material {
        bulletin: &pipeline.bulletins["monitoring"],
        divisions: &divisions,
        policy: &Policy::of(&pipeline),
        period: Period::month(month).expect("a month"),
        reader: if public { Reader::public(settings) } else { Reader::Internal },
        history,
        notes,
        drafts: None,
        found: None,
        rules_not_run: &[],
        feeds_wanting: &[],
        units: None,
        demo_secret: false,
        pipeline: &pipeline,
    };
    let page = html(&material).expect("a page");
    assert!(Facts::of(&material).is_ok());
    let body = page.split("<body>").nth(1).expect("a body");
    let mut plain = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    plain
}

fn two_months() -> History {
    let mut history = History::default();
    let october = rows(&[("620423", 980, 1000), ("620122", 490, 500), ("620525", 97, 100)]);
    history.replace(day("2026-10-31"), &october);
    let november = rows(&[
        ("620423", 990, 1000),
        ("620122", 490, 500),
        ("620525", 90, 100),
        ("623027", 20, 20),
    ]);
    history.replace(day("2026-11-30"), &november);
    history
}

#[test]
fn a_first_month_compares_with_nothing() {
    let text = text("2026-10", &two_months(), &[], false);
    assert!(text.contains("参保率97.9%（1567/1600人）"), "the province is the sum");
    assert!(text.contains("上月（2026年9月）无监测数据，不作环比。"));
    assert!(!text.contains("比上月"), "no change is made up");
}

#[test]
fn changes_places_and_small_counties_are_said() {
    let text = text("2026-11", &two_months(), &[], false);
    // 1590/1620 = 98.1 against 97.9.
    assert!(text.contains("参保率98.1%（1590/1620人），比上月上升0.2个百分点"));
    assert!(text.contains("排名靠前的是景泰县（99.0%）；排名靠后的是张家川回族自治县（90.0%）"));
    assert!(text.contains("1个县（市、区）基数不足30人，不参与排名"));
    assert!(text.contains("参保率98.0%（490/500人），与上月持平"), "兰州市");
    assert!(text.contains("比上月下降7.0个百分点"), "天水市");
    assert!(text.contains("参保率（红灯线95%）张家川回族自治县90.0%（90/100人）"));
    // 20 December 2026 is a Sunday.
    assert!(text.contains("2026年12月21日前通过整改反馈表"));
    assert!(text.contains("〔2026〕"));
}

/// A rule that no problem names would be found every night and never told.
#[test]
fn every_rule_belongs_to_one_problem() {
    let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    for name in ["gansu", "henan"] {
        let pipeline = load(&home.join(name)).expect("a pipeline");
        let problems = &pipeline.bulletins["monitoring"].problems;
        for rule in pipeline.active_rules() {
            let own = problems.iter().filter(|p| p.rules.iter().any(|r| fits(r, &rule.id)));
            assert_eq!(own.count(), 1, "{name}: problems that name {}", rule.id);
        }
    }
}

#[test]
fn what_was_not_run_is_no_zero() {
    let note = |id: &str, not_run: Option<&str>| Note {
        indicator: id.into(),
        title: String::new(),
        about: String::new(),
        version: String::new(),
        not_run: not_run.map(str::to_owned),
    };
    let stale = note("I02", Some("feed special_group is stale: its newest period ends 2026-06-30"));
    let notes = [stale, note("I07", None), note("I17c", None)];
    let text = text("2026-11", &two_months(), &notes, false);
    assert!(text.contains("资助参保率未运行（报送数据过期）"));
    assert!(text.contains("以下指标未运行，不等于零：资助参保率（报送数据过期）"));
    assert!(text.contains("大病救治率无应计对象"), "it was run and had nobody to count");
    assert!(text.contains("逾期督办件0件"), "a count that was run and found nothing is 0");
    assert!(text.contains("慢病签约率无数据"), "nobody knows");
    assert!(text.contains("督办台账尚未建立"));
}

#[test]
fn the_public_cannot_work_out_small_counts() {
    let mut history = History::default();
    let november = rows(&[
        ("620423", 997, 1000),
        ("620122", 400, 500),
        ("620525", 3, 100),
        ("623027", 502, 1001),
    ]);
    history.replace(day("2026-11-30"), &november);
    let text = text("2026-11", &history, &[], true);
    for hidden in ["997", "99.7", "3.0%", "502", "1001"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    assert!(text.contains("500/1000人"), "rounded");
    assert!(text.contains("80.0%"));
}

#[test]
fn hospitals_with_and_without_faults() {
    let (pipeline, _) = world();
    let policy = pipeline.bulletins["monitoring"].units.as_ref().expect("units");
    let line = |unit: &str, total: u64, counts: [u64; 3]| UnitLine {
        county: "620423".into(),
        unit: unit.into(),
        total,
        counts: counts.into(),
    };
    let said = units::sentence(policy, &line("甲医院", 29, [2, 1, 0]));
    assert_eq!(
        said,
        "甲医院有29例帮扶对象出院病人，其中，2例未实现“一站式”结算，1例实际报销比例低于规定标准。"
    );
    let (one, two) = (line("乙医院", 3, [0; 3]), line("丙医院", 4, [0; 3]));
    let said = units::clean(policy, &[&one, &two]);
    assert_eq!(said, "乙医院、丙医院共有7例帮扶对象出院病人，以上医院各项指标均合格。");
    assert_eq!(units::clean(policy, &[]), "");
}
