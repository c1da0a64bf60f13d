//! Henan's mechanism: two lists every week, held against each other field by field; and the
//! calendar of working days that all terms rest on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bidui::anomaly::Anomaly;
use bidui::ledger::policy::Policy;
use bidui::pipeline::load;
use chrono::NaiveDate;

use crate::support::{Bidui, anomalies, copy, current, file_like, gansu, root, run, scratch, temp};

fn henan() -> PathBuf {
    root().join("pipelines/henan")
}

fn sample() -> PathBuf {
    root().join("sample_data/henan")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// The lake after the sample's two weeks.
fn lake() -> &'static Path {
    static LAKE: OnceLock<PathBuf> = OnceLock::new();
    LAKE.get_or_init(|| {
        let lake = scratch().join("henan-lake");
        run(&henan(), &sample(), &lake).go().ended(0);
        lake
    })
}

/// Tonight's subjects of a rule.
fn found(rows: &[Anomaly], rule: &str) -> BTreeSet<String> {
    let tonight = |a: &&Anomaly| a.rule == rule && !matches!(a.state.word(), "cleared" | "held");
    rows.iter().filter(tonight).map(|a| a.subject.clone()).collect()
}

#[test]
fn henan_is_well_written_and_true_to_its_examples() {
    let said = Bidui::new("check").arg(henan()).go().ended(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    let said = Bidui::new("test").arg(henan()).go().ended(0);
    assert!(said.stdout.contains(" 0 failed"), "{}", said.stdout);
}

/// What was found is what was planted: households on one side only, of two kinds, not visited, not
/// helped, and the faults of the list itself.
#[test]
fn henan_finds_what_was_planted() {
    let said = Bidui::new("truth").arg(henan()).arg("--lake").arg(lake());
    let said = said.arg("--truth").arg(sample().join("truth")).arg("--list").go().ended(0);
    assert!(said.stdout.contains(" 0 differ"), "{}", said.stdout);
    for rule in ["LSD01", "LSD02", "LSD03", "MEC01", "MEC02"] {
        assert!(said.stdout.contains(rule), "{rule} has nothing to find\n{}", said.stdout);
    }
}

/// A list of the health system as a table that can be changed and written again.
struct HealthList {
    path: PathBuf,
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl HealthList {
    fn read(input: &Path, night: &str) -> Self {
        let path = file_like(&input.join(night), "健康帮扶监测户");
        let text = std::fs::read_to_string(&path).expect("a list in UTF-8");
        let mut lines = text.trim_start_matches('\u{feff}').lines().map(bidui::codes::split);
        let heading = lines.next().expect("a heading");
        Self { path, heading, rows: lines.collect() }
    }

    fn column(&self, names: &[&str]) -> usize {
        let own = |h: &String| names.contains(&h.replace(' ', "").as_str());
        self.heading.iter().position(own).unwrap_or_else(|| panic!("{names:?}: {:?}", self.heading))
    }

    fn write(&self) {
        let line = |row: &Vec<String>| {
            row.iter().map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",") + "\n"
        };
        let all = std::iter::once(&self.heading).chain(&self.rows);
        std::fs::write(&self.path, all.map(line).collect::<String>()).expect("written");
    }
}

/// Each field that the two sides may hold differently has its rule, and only its rule speaks.
#[test]
fn every_field_of_the_two_lists_is_compared() {
    const NIGHT: &str = "2026-11-09";
    let home = temp();
    let (input, after) = (home.path().join("input"), home.path().join("lake"));
    copy(&sample(), &input);
    std::fs::remove_dir_all(input.join("2026-11-16")).expect("the first week alone");
    let before = anomalies(&file_like(&lake().join("nights"), NIGHT));
    let known: BTreeSet<&String> =
        before.iter().filter(|a| a.rule.starts_with("LSD")).map(|a| &a.subject).collect();

    let mut health = HealthList::read(&input, NIGHT);
    let number = health.column(&["户编号", "户编码"]);
    let cleared = health.column(&["风险是否已消除", "风险是否消除"]);
    let fields = [
        ("LSD04", health.column(&["致贫/返贫风险", "致贫返贫风险"]), "因意外事故"),
        ("LSD05", cleared, "是"),
        ("LSD06", health.column(&["家庭人口数", "家庭人口"]), "19"),
        ("LSD07", health.column(&["行政村代码", "村代码"]), "410325100001"),
    ];
    // Households that agree in everything and are still watched.
    let mut wanted = BTreeMap::new();
    let mut left = fields.iter();
    let mut seen = BTreeSet::new();
    for row in &mut health.rows {
        let plain = row[number].len() == 12 && !known.contains(&row[number]);
        if !plain || row[cleared] != "否" || !seen.insert(row[number].clone()) {
            continue;
        }
        let Some((rule, column, value)) = left.next() else { break };
        row[*column] = (*value).to_owned();
        wanted.insert(*rule, row[number].clone());
    }
    assert_eq!(wanted.len(), fields.len(), "households enough");
    // One of them comes twice in the file? Then the copy would be another row of the same key.
    health.rows.dedup_by(|a, b| a[number] == b[number]);
    health.write();
    run(&henan(), &input, &after).go().ended(0);
    let after = anomalies(&current(&after));
    for rule in ["LSD01", "LSD02", "LSD03", "LSD04", "LSD05", "LSD06", "LSD07"] {
        let mut all = found(&before, rule);
        all.extend(wanted.get(rule).cloned());
        assert_eq!(found(&after, rule), all, "{rule}");
    }
    let size = after.iter().find(|a| a.rule == "LSD06").expect("a household of another size");
    assert!(size.message.contains("卫生健康系统为19人"), "{}", size.message);
}

/// A county that sends nothing for longer than its term is named, and so is a week without the list.
#[test]
fn a_county_and_a_week_that_are_missing_are_named() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&sample(), &input);
    let (last, next) = (input.join("2026-11-16"), input.join("2026-11-30"));
    std::fs::create_dir_all(&next).expect("a folder");
    let names = bidui::lake::names_in(&last);
    let measures: Vec<&String> = names.iter().filter(|n| n.starts_with("健康帮扶措施_")).collect();
    assert!(measures.len() > 2, "measures come county by county: {measures:?}");
    let late = |name: &str| name.contains("嵩县");
    for name in measures.iter().filter(|n| !late(n)) {
        let mut bytes = std::fs::read(last.join(name)).expect("a file");
        // Not the same bytes again: that would be no new delivery.
        bytes.extend_from_slice(b"\r\n");
        std::fs::write(next.join(name.replace("20261116", "20261130")), bytes).expect("written");
    }
    run(&henan(), &input, &lake).go().ended(0);
    let night = anomalies(&current(&lake));
    let counties = found(&night, "MEC06");
    assert!(counties.contains("measure:410325"), "{counties:?}");
    for county in ["411326", "411522", "411523"] {
        assert!(!counties.contains(&format!("measure:{county}")), "{counties:?}");
        assert!(counties.contains(&format!("visit_check:{county}")), "{counties:?}");
    }
    assert_eq!(found(&night, "MEC03"), BTreeSet::from(["poverty_household".to_owned()]));
    let own = night.iter().find(|a| a.subject == "measure:410325").expect("the county");
    assert!(own.message.contains("嵩县") && own.county == "410325", "{}", own.message);
}

/// Nothing of the clocks is Gansu's: the letters go to governments, a week and a month after.
#[test]
fn henan_has_its_own_terms_and_letters() {
    let pipeline = load(&henan()).expect("a pipeline");
    let policy = Policy::of(&pipeline);
    for rule in ["MEC01", "MEC02", "LSD01"] {
        let (due, steps) = policy.terms(rule, day("2026-11-16"));
        assert_eq!((due, steps), (day("2026-11-23"), vec![day("2026-12-17")]), "{rule}");
    }
    assert!(policy.letter(1).contains("县级人民政府") && policy.letter(2).contains("市级人民政府"));
    assert_eq!(policy.settings.prefix, "HN");
    let summary = bidui::night::read_summary(&current(lake())).expect("a summary");
    let off = summary.rules.iter().find(|r| r.rule == "LST10").and_then(|r| r.not_run.clone());
    assert!(off.is_some_and(|why| why.contains("LSD01")), "LSD stands in its place");
}

/// A rule that is switched off finds nothing: it is no cause that a bulletin could tell.
#[test]
fn what_henans_bulletin_tells_of_a_figure_is_asked_there() {
    let pipeline = load(&henan()).expect("a pipeline");
    for item in pipeline.bulletins.values().flat_map(|b| &b.items) {
        let causes = &pipeline.indicators[&item.lead].causes;
        let asked = causes.iter().all(|rule| !pipeline.settings.off.contains_key(rule));
        assert!(asked, "{}: {causes:?}", item.lead);
    }
}

/// The first letter goes to the county's government, the second to that of its city.
#[test]
fn henans_letters_are_addressed_to_governments() {
    let home = temp();
    let (copied, out) = (home.path().join("lake"), home.path().join("letters"));
    copy(lake(), &copied);
    let pack = |words: &[&str]| {
        let call = Bidui::new("pack").args(words).arg("--pipeline").arg(henan());
        call.arg("--lake").arg(&copied).arg("--out").arg(&out).go().ended(0)
    };
    pack(&["issue", "--month", "2026-11", "--actor", "test"]);
    std::fs::remove_dir_all(&out).expect("the packs are not looked at");
    pack(&["letters", "--on", "2026-11-30"]);
    pack(&["letters", "--on", "2027-03-01"]);
    let mut addressed: BTreeMap<char, BTreeSet<String>> = BTreeMap::new();
    for name in bidui::lake::names_in(&out) {
        let text = std::fs::read_to_string(out.join(&name)).expect("a letter");
        let to = text.lines().find(|line| line.ends_with('：')).expect("whom it is to");
        assert!(!["前期", "已发"].iter().any(|claim| text.contains(claim)), "{text}");
        let end: Vec<&str> = text.lines().rev().take(2).collect();
        assert!(end[0].ends_with('日') && end[1] == "河南省卫生健康委员会办公室", "{text}");
        let step = name.split('_').next().and_then(|number| number.chars().last());
        addressed.entry(step.expect("a step")).or_default().insert(to.trim().to_owned());
    }
    let [first, second] = ['1', '2'].map(|step| addressed.remove(&step).unwrap_or_default());
    assert!(first.contains("洛阳市嵩县人民政府："), "{first:?}");
    assert!(second.contains("洛阳市人民政府："), "{second:?}");
}

/// No case may be about a case about a case: the rules over `case_watch` are all left out of it.
#[test]
fn rules_about_cases_are_not_watched_themselves() {
    for folder in [gansu(), henan()] {
        let pipeline = load(&folder).expect("a pipeline");
        let list = &pipeline.codes["case_rule"];
        let code = list.position("code").expect("codes");
        let listed: BTreeSet<&str> = list.rows.iter().map(|r| r[code].as_str()).collect();
        let over = pipeline.rules.values().filter(|r| r.over == "case_watch");
        let missing: Vec<&str> =
            over.map(|r| r.id.as_str()).filter(|id| !listed.contains(id)).collect();
        assert!(missing.is_empty(), "{missing:?} must stand in codes/case_rule.csv");
    }
}

/// The calendar of the State Council's notices: holidays, and the weekends that are worked instead.
#[test]
fn working_days_are_those_of_the_notices() {
    let policy = Policy::of(&load(&gansu()).expect("a pipeline"));
    let works = [
        "2025-01-26",
        "2025-02-08",
        "2025-04-27",
        "2025-09-28",
        "2025-10-11",
        "2026-01-04",
        "2026-02-14",
        "2026-02-28",
        "2026-05-09",
        "2026-09-20",
        "2026-10-10",
        "2026-10-08",
        "2026-09-28",
    ];
    let rests = [
        "2025-01-01",
        "2025-01-28",
        "2025-02-04",
        "2025-04-04",
        "2025-05-05",
        "2025-06-02",
        "2025-10-01",
        "2025-10-06",
        "2025-10-08",
        "2026-01-02",
        "2026-02-16",
        "2026-02-23",
        "2026-04-06",
        "2026-05-04",
        "2026-06-19",
        "2026-09-25",
        "2026-10-01",
        "2026-10-07",
        "2026-10-11",
        "2026-11-14",
    ];
    for (days, expected) in [(&works[..], true), (&rests[..], false)] {
        for text in days {
            assert_eq!(policy.workdays.works(day(text)), expected, "{text}");
        }
    }
}

/// Terms over the two long holidays of 2026: who is asked on the eve is not late for the feast.
#[test]
fn terms_wait_for_the_holidays() {
    let policy = Policy::of(&load(&gansu()).expect("a pipeline"));
    for (term, from, until) in [
        // 10-01 to 10-07 is off, Saturday 10-10 is worked.
        ("3wd", "2026-09-30", "2026-10-10"),
        ("4wd", "2026-09-30", "2026-10-12"),
        ("1wd", "2026-10-09", "2026-10-10"),
        // Sunday 09-20 is worked; 09-25 to 09-27 is off.
        ("1wd", "2026-09-19", "2026-09-20"),
        ("3wd", "2026-09-23", "2026-09-29"),
        // 02-15 to 02-23 is off, the Saturdays 02-14 and 02-28 are worked.
        ("1wd", "2026-02-13", "2026-02-14"),
        ("3wd", "2026-02-13", "2026-02-25"),
        ("5wd", "2026-02-14", "2026-02-28"),
        // Days of the calendar do not wait.
        ("7d", "2026-09-30", "2026-10-07"),
    ] {
        assert_eq!(policy.after(term, day(from)), day(until), "{term} from {from}");
    }
}
