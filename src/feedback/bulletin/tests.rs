//! Texts of a bulletin from made-up figures: first month, second month, the public's text.

mod cases;
mod problems;
mod sums;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::facts::{Colour, Facts};
use super::units::{self, UnitLine};
use super::words::reason_zh;
use super::{Material, Period, annex, html};
use crate::division::Divisions;
use crate::indicator::figure::{Figure, Reader};
use crate::indicator::table::{History, Note, Row};
use crate::ledger::policy::Policy;
use crate::pipeline::bulletins::Lamp;
use crate::pipeline::groups::fits;
use crate::pipeline::indicators::Better;
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
    of.iter().map(|(county, over, under)| row("I01", county, *over, *under)).collect()
}

fn row(indicator: &str, county: &str, over: i128, under: i128) -> Row {
    let (numerator, denominator) = (over * 10_000, Some(under * 10_000));
    let figure = Figure { numerator, denominator, persons: None };
    Row { indicator: indicator.into(), part: String::new(), county: county.into(), figure }
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// The page of a month without its markup.
fn text(month: &str, history: &History, notes: &[Note], public: bool) -> String {
    text_in(&world(), month, history, notes, public)
}

fn text_in(
    world: &(Pipeline, Divisions),
    month: &str,
    history: &History,
    notes: &[Note],
    public: bool,
) -> String {
    with_material(world, month, (history, notes), public, plain_text)
}

/// What is made of a month's material.
fn with_material<T>(
    (pipeline, divisions): &(Pipeline, Divisions),
    month: &str,
    (history, notes): (&History, &[Note]),
    public: bool,
    make: impl FnOnce(&Material<'_>) -> T,
) -> T {
    let settings = &pipeline.settings.publish;
    make(&Material {
        bulletin: &pipeline.bulletins["monitoring"],
        divisions,
        policy: &Policy::of(pipeline),
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
        pipeline,
    })
}

fn plain_text(material: &Material<'_>) -> String {
    let page = html(material).expect("a page");
    assert!(Facts::of(material).is_ok());
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
    let page =
        with_material(&world(), "2026-10", (&two_months(), &[]), false, html).expect("a page");
    assert!(page.contains("<th scope=\"row\">景泰县</th>"), "a county heads its line: {page}");
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
    // Who sent what could not be used did send.
    let refused = "feed death was never accepted: all its deliveries were refused";
    assert_eq!(reason_zh(refused), "报送数据未通过校验");
    assert_eq!(reason_zh("feed death was never delivered"), "数据未报送");
    assert_eq!(reason_zh("feed death is late: its newest period ends 2026-10-31"), "报送数据迟报");
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

/// Where the share is hidden, its two counts would tell it: 3 of 1000 are left.
#[test]
fn the_annex_hides_the_counts_of_a_hidden_share() {
    let mut history = History::default();
    let november = rows(&[("620423", 997, 1000), ("620122", 400, 500), ("620525", 0, 0)]);
    history.replace(day("2026-11-30"), &november);
    let counts = |public: bool| -> BTreeMap<String, [String; 3]> {
        with_material(&world(), "2026-11", (&history, &[]), public, |material| {
            let facts = Facts::of(material).expect("facts");
            let rows = annex::details(&facts).rows.into_iter();
            rows.map(|r| (r[3].text.clone(), [5_usize, 6, 7].map(|at| r[at].text.clone())))
                .collect()
        })
    };
    let (internal, public) = (counts(false), counts(true));
    assert_eq!(internal["620423"], ["997", "1000", "99.7"]);
    assert_eq!(public["620423"], ["*", "*", "*"]);
    assert_eq!(public["620122"], ["400", "500", "80.0"]);
    assert_eq!(public["620525"], ["0", "0", "—"], "nothing is hidden of nobody");
}

/// The share of 997 of 1000 is hidden; a score of 99.96 and its weights would give it away.
#[test]
fn the_public_cannot_work_out_shares_from_scores() {
    let world = world();
    let mut november = rows(&[("620423", 997, 1000), ("620122", 952, 1001)]);
    for indicator in world.0.bulletins["monitoring"].score.weights.keys().filter(|i| *i != "I01") {
        let all = |county| sums::of(1000, row(indicator, county, 1000, 1000));
        november.extend(["620423", "620122"].map(all));
    }
    let mut history = History::default();
    history.replace(day("2026-11-30"), &november);
    let internal = text_in(&world, "2026-11", &history, &[], false);
    assert!(internal.contains("1景泰县白银市99.96") && internal.contains("2皋兰县兰州市99.27"));
    assert!(internal.contains("综合得分居全部2个市（州）第1位"));
    let public = text_in(&world, "2026-11", &history, &[], true);
    assert!(public.contains("—景泰县白银市—"), "no score and no place");
    assert!(public.contains("1皋兰县兰州市99.25"), "of 95.0, as it is printed");
    for told in ["99.96", "99.27", "综合得分居"] {
        assert!(!public.contains(told), "{told}");
    }
}

/// 949 and 951 of 1000 are printed as 95.0: a colour between them would tell them apart.
#[test]
fn the_public_sees_the_colours_of_printed_values() {
    let mut history = History::default();
    let november = rows(&[("620423", 949, 1000), ("620122", 951, 1000)]);
    history.replace(day("2026-11-30"), &november);
    let colours = |public: bool| {
        with_material(&world(), "2026-11", (&history, &[]), public, |material| {
            let facts = Facts::of(material).expect("facts");
            let own = facts.indicator("I01").expect("an indicator");
            ["620423", "620122"].map(|county| {
                let figure = facts.figure("I01", county).expect("a figure");
                (facts.value(own, figure), facts.colour(own, figure))
            })
        })
    };
    let told = |value: &str, colour| (value.to_owned(), Some(colour));
    assert_eq!(colours(false), [told("94.9%", Colour::Red), told("95.1%", Colour::Yellow)]);
    assert_eq!(colours(true), [told("95.0%", Colour::Yellow), told("95.0%", Colour::Yellow)]);
}

/// That 997 of 1000 are fewer than 1000 and more than 950 is more than the public may know.
#[test]
fn what_is_hidden_has_no_place() {
    let mut history = History::default();
    let november = rows(&[("620423", 997, 1000), ("620122", 1000, 1000), ("620525", 950, 1000)]);
    history.replace(day("2026-11-30"), &november);
    let places = |public: bool| {
        with_material(&world(), "2026-11", (&history, &[]), public, |material| {
            let facts = Facts::of(material).expect("facts");
            let rows = annex::details(&facts).rows;
            ["620122", "620423", "620525"].map(|county| {
                let row = rows.iter().find(|row| row[3].text == county).expect("a row");
                row[9].text.clone()
            })
        })
    };
    assert_eq!(places(false), ["1", "2", "3"]);
    assert_eq!(places(true), ["1", "—", "2"]);
    let page = text("2026-11", &history, &[], true);
    assert!(page.contains("排名靠前的是皋兰县（100.0%）"), "{page}");
    assert!(page.contains("排名靠后的是张家川回族自治县（95.0%）"), "{page}");
    assert!(!page.contains("景泰县（"), "{page}");
}

/// What is left of a total is never one count alone: both were rounded.
#[test]
fn a_total_does_not_tell_the_hidden_count_in_it() {
    let reader = Reader::public(&world().0.settings.publish);
    let mut left: BTreeMap<(String, String), Vec<i128>> = BTreeMap::new();
    for (other, hidden) in (8..200).flat_map(|other| (1..8).map(move |hidden| (other, hidden))) {
        assert_eq!(reader.count(hidden), "<8");
        let told = (reader.count(other + hidden), reader.count(other));
        left.entry(told).or_default().push(hidden);
    }
    for (told, mut hidden) in left {
        hidden.sort_unstable();
        hidden.dedup();
        assert!(hidden.len() > 1, "{told:?} tells {hidden:?}");
    }
}

/// Nobody is behind for the sake of a code.
#[test]
fn equal_scores_share_a_place() {
    let world = world();
    let counties = [("620423", 900), ("620122", 900), ("620525", 1000), ("623027", 800)];
    let mut november = Vec::new();
    for indicator in world.0.bulletins["monitoring"].score.weights.keys() {
        november.extend(counties.map(|(county, over)| row(indicator, county, over, 1000)));
    }
    let mut history = History::default();
    history.replace(day("2026-11-30"), &november);
    with_material(&world, "2026-11", (&history, &[]), false, |material| {
        let facts = Facts::of(material).expect("facts");
        let places: Vec<(String, Option<usize>)> =
            facts.scored(6).into_iter().map(|s| (s.area, s.place)).collect();
        let expected: [(&str, usize); 4] =
            [("620525", 1), ("620122", 2), ("620423", 2), ("623027", 4)];
        assert_eq!(places, expected.map(|(area, place)| (area.to_owned(), Some(place))));
    });
    let text = text_in(&world, "2026-11", &history, &[], false);
    assert_eq!(text.matches("综合得分居全部4个市（州）第2位（并列）").count(), 2);
    for alone in ["4个市（州）第1位。", "4个市（州）第4位。"] {
        assert!(text.contains(alone), "{alone}");
    }
}

/// A county whose red figure is hidden is not one without red figures.
#[test]
fn what_is_hidden_is_not_said_to_be_free_of_red() {
    let mut november = rows(&[("620423", 1000, 1000), ("620122", 1000, 1000)]);
    november.push(row("I07", "620122", 3, 40));
    let mut history = History::default();
    history.replace(day("2026-11-30"), &november);
    let free = "各县（市、区）均无红灯指标";
    let internal = text("2026-11", &history, &[], false);
    assert!(internal.contains("大病救治率（红灯线90%）皋兰县7.5%（3/40人）"));
    assert_eq!(internal.matches(free).count(), 1, "白银市");
    let public = text("2026-11", &history, &[], true);
    assert!(!public.contains("需要重点关注的"));
    assert_eq!(public.matches(free).count(), 1, "白银市 alone: of 兰州市 nobody may know");
}

#[test]
fn the_worst_counties_are_named_whatever_way_is_good() {
    let (mut pipeline, divisions) = world();
    let november =
        rows(&[("620102", 10, 100), ("620121", 40, 100), ("620122", 20, 100), ("620123", 30, 100)]);
    let mut history = History::default();
    history.replace(day("2026-11-30"), &november);
    let up = text("2026-11", &history, &[], false);
    assert!(up.contains(
        "城关区10.0%（10/100人）、皋兰县20.0%（20/100人）、榆中县30.0%（30/100人）等4个县"
    ));
    pipeline.indicators.get_mut("I01").expect("I01").better = Better::Down;
    let bulletin = pipeline.bulletins.get_mut("monitoring").expect("a bulletin");
    bulletin.lamps.insert("I01".into(), Lamp { green: 10_000, yellow: 50_000 });
    let down = text_in(&(pipeline, divisions), "2026-11", &history, &[], false);
    assert!(down.contains(
        "（红灯线5%）永登县40.0%（40/100人）、榆中县30.0%（30/100人）、皋兰县20.0%（20/100人）等4个县"
    ));
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
