//! The page as a whole: it escapes, it closes, it stands alone, it is the same every time.

use std::collections::BTreeMap;

use super::html;
use super::summary::{CountyLine, DeliveryLine, FeedLine, Freshness, RuleLine, Summary, ViewLine};
use crate::pipeline::groups::RuleGroup;
use crate::pipeline::spec::{Severity, Title};

fn title(zh: &str) -> Title {
    Title { zh: zh.into(), en: "en".into() }
}

fn feed() -> FeedLine {
    FeedLine {
        feed: "insured".into(),
        title: title("参保信息"),
        sender: "省医保局".into(),
        table: "insured".into(),
        freshness: Freshness::Fresh,
        notes: Vec::new(),
        newest: Some("2026-10-31".into()),
        due: "2026-10-31".into(),
        in_force: 1,
        refused: 0,
        rows: 1_234_567,
        used: 1_234_000,
        quarantined: 500,
        duplicate: 60,
        superseded: 7,
        reject_reasons: BTreeMap::from([("not a date".into(), 500)]),
        amendments: BTreeMap::from([("id:checksum".into(), 9)]),
    }
}

fn rule(id: &str, not_run: Option<&str>) -> RuleLine {
    RuleLine {
        rule: id.into(),
        title: title("未参保"),
        severity: Severity::Red,
        view: "person".into(),
        version: "00112233".into(),
        not_run: not_run.map(Into::into),
        applicable: 10_000,
        not_applicable: 5,
        violated: 12,
        waived: 1,
        new: 3,
        persisting: 8,
        relapsed: 1,
        cleared: 2,
        held: 0,
        last_night: Some(10),
    }
}

fn county(code: &str, name: &str, red: u64) -> CountyLine {
    CountyLine {
        county: code.into(),
        name: name.into(),
        city: "兰州市".into(),
        persons: 1000,
        red,
        rules: BTreeMap::from([("INS01".into(), red)]),
        ..CountyLine::default()
    }
}

pub(super) fn summary() -> Summary {
    Summary {
        night: "2026-11-10-0a1b2c3d".into(),
        date: "2026-11-10".parse().expect("a day"),
        pipeline: "gansu".into(),
        title: title("甘肃省基本医疗有保障监测"),
        version: "deadbeef".into(),
        last_night: Some("2026-11-09-99887766".into()),
        demo_secret: false,
        ground: String::new(),
        feeds: vec![feed()],
        deliveries: Vec::new(),
        unknown_files: Vec::new(),
        tables: BTreeMap::new(),
        columns: BTreeMap::new(),
        workdays_until: None,
        identity: BTreeMap::new(),
        identity_steps: BTreeMap::new(),
        identity_events: BTreeMap::new(),
        identity_decisions: BTreeMap::new(),
        views: vec![ViewLine {
            view: "person".into(),
            title: title("人员"),
            rows: 10_000,
            whole: None,
            scans: 1,
        }],
        rules: vec![rule("INS01", None), rule("TEL01", Some("feed telemed_link is stale"))],
        groups: Vec::new(),
        counties: vec![county("620103", "七里河区", 0), county("620102", "城关区", 12)],
        waivers: 1,
        ledger: Default::default(),
        cases: Default::default(),
        anomalies: 12,
        new: 3,
        persisting: 8,
        relapsed: 1,
        cleared: 2,
        held: 4,
        waived: 1,
        severities: BTreeMap::from([("red".into(), 12)]),
    }
}

#[test]
fn every_text_is_escaped() {
    let mut summary = summary();
    let evil = "<script>alert('\"&')</script>";
    summary.title.zh = evil.into();
    summary.pipeline = evil.into();
    summary.unknown_files = vec![evil.into()];
    summary.feeds[0].sender = evil.into();
    summary.feeds[0].reject_reasons = BTreeMap::from([(evil.into(), 1)]);
    summary.feeds[0].amendments = BTreeMap::from([(format!("dropped:{evil}"), 1)]);
    summary.rules[1].not_run = Some(evil.into());
    summary.counties[1].name = evil.into();
    summary.views[0].whole = Some(evil.into());
    let page = html(&summary);
    assert!(!page.contains("<script"), "markup got through");
    assert!(page.matches("&lt;script&gt;").count() >= 8);
}

#[test]
fn the_account_closes_or_says_so() {
    let mut summary = summary();
    let page = html(&summary);
    assert!(page.contains("1,234,567") && page.contains("账目相符"));
    assert!(!page.contains("账目不符"));
    summary.feeds[0].used -= 1000;
    let page = html(&summary);
    assert!(page.contains("账目不符，差 1,000"), "a gap is said, with its size");
}

#[test]
fn the_same_summary_gives_the_same_page() {
    let one = summary();
    let text = serde_json::to_string(&one).expect("JSON");
    let two: Summary = serde_json::from_str(&text).expect("a summary");
    assert_eq!(html(&one), html(&two));
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let page = html(&summary());
    for word in ["http://", "https://", "src=", "@import", "url(", "<script", "<link"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn not_run_is_not_zero() {
    let page = html(&summary());
    let table = page.split("rules\"><thead>").nth(1).expect("the table of rules");
    assert!(page.contains("未运行规则 1 条") && page.contains("数据过期"));
    assert!(!table.contains("TEL01"), "a rule that was not run has no numbers");
}

#[test]
fn what_is_switched_off_is_counted_apart() {
    let mut summary = summary();
    for id in ["TEL02", "TEL03"] {
        summary.rules.push(rule(id, Some("switched off: 不接收远程医疗数据")));
    }
    let page = html(&summary);
    assert!(page.contains("未运行规则 1 条") && page.contains("停用规则 2 条"));
    assert_eq!(page.matches("不接收远程医疗数据").count(), 1, "a reason is said once");
    assert!(page.contains("规则4条，停用2条，运行1条"), "{page}");
}

#[test]
fn what_a_pipeline_does_not_receive_is_no_line_of_zeros() {
    let mut summary = summary();
    let table =
        |name: &str, rows: u64| (name.to_owned(), BTreeMap::from([("id".to_owned(), rows)]));
    summary.identity = BTreeMap::from([table("insured", 0), table("death", 0), table("staff", 7)]);
    let titles = [("death", "死亡登记"), ("staff", "卫生人员")];
    summary.tables = titles.map(|(table, zh)| (table.to_owned(), title(zh))).into();
    summary.rules.push(rule("SET01", Some("switched off: 不接收医保结算数据")));
    let page = html(&summary);
    assert!(!page.contains("死亡登记") && page.contains("卫生人员"), "{page}");
    assert_eq!(page.matches("<b>参保信息</b>").count(), 2, "a feed's table stays");
    // Of three rules over the view one is switched off.
    assert!(page.contains("<td class=\"n\" data-l=\"规则\">2</td>"), "{page}");
}

#[test]
fn parts_that_are_behind_are_said_once() {
    let mut summary = summary();
    let parts =
        ["皋兰县 (newest 2026-09-30)", "榆中县 (newest 2026-09-30)", "景泰县 (newest 2026-08-31)"];
    summary.feeds[0].notes = parts.map(|p| format!("late: {p}")).into();
    let page = html(&summary);
    assert_eq!(page.matches("部分单位迟报").count(), 1);
    assert!(
        page.contains("3 个：景泰县（最新 2026-08-31）；皋兰县、榆中县（最新 2026-09-30）"),
        "{page}"
    );
    // Days stay in one line; twelve names in one would push the table off the page.
    assert!(page.contains("td.days .soft{white-space:normal"));
}

#[test]
fn tables_have_titles_and_the_calendar_says_where_it_ends() {
    let mut summary = summary();
    summary.identity = BTreeMap::from([("staff".into(), BTreeMap::from([("id".into(), 7)]))]);
    summary.tables = BTreeMap::from([("staff".into(), title("卫生人员"))]);
    let page = html(&summary);
    assert!(page.contains("卫生人员") && !page.contains(">staff<"));
    assert!(!page.contains("工作日历"));
    summary.workdays_until = Some("2026-12-31".parse().expect("a day"));
    assert!(html(&summary).contains("工作日历只到2026年12月31日"));
}

#[test]
fn a_dropped_cell_is_told_by_the_title_of_its_column() {
    let mut summary = summary();
    let dropped = ["dropped:due_date", "dropped:odd"].map(|kind| (kind.to_owned(), 3));
    summary.feeds[0].amendments = BTreeMap::from(dropped);
    summary.columns = BTreeMap::from([("due_date".into(), "预产期".into())]);
    let page = html(&summary);
    assert!(page.contains("弃用“预产期” <span class=\"en\" lang=\"en\">due_date</span>"), "{page}");
    assert!(page.contains("弃用“odd”"), "{page}");
}

#[test]
fn why_a_rule_was_not_run_is_said_in_chinese() {
    let mut summary = summary();
    for (reason, zh) in [
        ("feed death was never delivered", "从未收到"),
        ("feed death was never accepted: all its deliveries were refused", "收到的均被退回"),
        ("no feed fills staff", "没有数据源报送"),
        ("feed death is stale: its newest period ends 2026-01-31", "数据过期"),
        ("feed death is late: its newest period ends 2026-01-31", "数据迟报"),
        ("it failed on a row: out of range", "规则求值失败"),
    ] {
        summary.rules[1].not_run = Some(reason.into());
        let said = format!("<b>{zh}</b> <span class=\"en\" lang=\"en\">{reason}");
        assert!(html(&summary).contains(&said));
    }
}

fn delivery(verdict: &str, notes: &[&str]) -> DeliveryLine {
    DeliveryLine {
        feed: "insured".into(),
        delivery: "20261031-00112233".into(),
        period: "2026-10-31".into(),
        part: None,
        verdict: verdict.into(),
        files: 1,
        names: vec!["参保.csv".into()],
        encodings: Vec::new(),
        rows: 1200,
        used: 1200,
        quarantined: 0,
        duplicate: 0,
        notes: notes.iter().map(|note| (*note).to_owned()).collect(),
    }
}

/// Of hundreds of deliveries a reader wants the few that are not as they should be.
#[test]
fn deliveries_in_order_are_folded() {
    let mut summary = summary();
    let fine = || delivery("accepted", &[]);
    summary.deliveries = vec![fine(), delivery("accepted", &["new column 备注"]), fine()];
    let page = html(&summary);
    let (open, folded) = page.split_once("<details>").expect("a fold");
    assert!(open.contains("新增列") && !folded.contains("新增列"), "{page}");
    assert!(folded.contains("<summary>其余 2 个批次全部接收，无隔离行，共 2,400 行"), "{page}");
}

#[test]
fn the_first_paragraph_tells_of_cases() {
    let mut summary = summary();
    assert!(!html(&summary).contains("督办件在办"), "nobody works on any");
    (summary.cases.open, summary.cases.overdue) = (1200, 7);
    assert!(html(&summary).contains("督办件在办<b>1,200件</b>，其中逾期<b>7件</b>。"));
}

/// What came in time and could not be used is no extract that is here.
#[test]
fn a_feed_whose_delivery_was_refused_is_named_at_the_top() {
    let mut summary = summary();
    assert!(html(&summary).contains("全部数据源按期到达"));
    summary.deliveries = vec![delivery("refused", &["参保.csv is empty"])];
    let page = html(&summary);
    let top = page.split("class=\"attention\"").nth(1).and_then(|p| p.split("</ul>").next());
    assert!(top.is_some_and(|t| t.contains("退回") && t.contains("参保信息")), "{page}");
    assert!(!page.contains("全部数据源按期到达"));
}

/// Rust knows no rule: a county's own are called what its pipeline calls them.
#[test]
fn groups_of_rules_stand_as_the_pipeline_orders_and_names_them() {
    let mut summary = summary();
    summary.rules.push(rule("GAN01", None));
    let group = |prefix: &str, zh: &str| RuleGroup { prefix: prefix.into(), zh: zh.into() };
    summary.groups = vec![group("TEL", "远程"), group("GAN", "省内专项"), group("ORG", "机构")];
    let page = html(&summary);
    let column = |zh: &str, prefix: &str| {
        page.find(&format!("{zh}<span class=\"en\">{prefix}</span>")).expect("a column")
    };
    // INS has no name there, ORG has no rules.
    let columns = [column("远程", "TEL"), column("省内专项", "GAN"), column("其他", "INS")];
    assert!(columns.is_sorted(), "{columns:?}");
    assert!(!page.contains("机构<span"), "{page}");
}

#[test]
fn quiet_counties_are_folded_and_the_banner_warns() {
    let mut summary = summary();
    let page = html(&summary);
    assert!(page.contains("另有 1 个县（市、区）无异常：七里河区。"));
    assert!(!page.contains("示例密钥"));
    summary.demo_secret = true;
    assert!(html(&summary).contains("示例密钥，仅供演示"));
}

/// Relative luminance of a colour such as `#1a2b3c` or `#fff`, as WCAG 2 has it.
fn luminance(colour: &str) -> f64 {
    let digits: Vec<f64> = colour.chars().filter_map(|c| c.to_digit(16)).map(f64::from).collect();
    let each = digits.len() / 3;
    let part = |at: usize| {
        let value = (digits[at * each] * 16.0 + digits[at * each + each - 1]) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(1) + 0.0722 * part(2)
}

/// Small grey print has to be read by everybody, in the light and in the dark: 4.5 to 1 (WCAG 2).
#[test]
fn every_colour_of_text_stands_out_from_its_paper() {
    let style = include_str!("style.css");
    let themes: Vec<&str> = style.split(":root{").skip(1).take(2).collect();
    for theme in themes {
        let colour = |name: &str| {
            let rest = theme.split_once(&format!("--{name}:")).expect("a colour").1;
            luminance(rest.split([';', '}']).next().expect("its value"))
        };
        for text in ["ink", "soft", "faint", "head", "warn", "red", "green"] {
            for paper in ["page", "card", "wash"] {
                let (a, b) = (colour(text), colour(paper));
                let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(ratio >= 4.5, "--{text} on --{paper}: {ratio:.2}");
            }
        }
    }
    assert!(!style.contains("opacity:.65"), "a zero is a number too");
}

/// A voice that reads the page aloud has to know which words are English.
#[test]
fn english_is_marked_as_english() {
    let page = html(&summary());
    assert!(page.contains("<th scope=\"row\">城关区</th>"), "and whose numbers they are: {page}");
    assert!(page.contains("<p class=\"subtitle\" lang=\"en\">"), "{page}");
    assert!(page.contains("<span class=\"en\" lang=\"en\">Night report</span>"), "{page}");
}

#[test]
fn an_empty_night_is_a_page_too() {
    let mut summary = summary();
    summary.feeds.clear();
    summary.rules.clear();
    summary.views.clear();
    summary.counties.clear();
    summary.last_night = None;
    let page = html(&summary);
    assert!(page.contains("本夜为首夜") && page.contains("没有隔离行"));
}
