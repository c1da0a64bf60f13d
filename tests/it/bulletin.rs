//! The bulletin: self-contained, the same bytes every time, no name and no ID, nothing small in public.

use std::path::Path;

use crate::support::{Bidui, Said, current, gansu, root, run, shared, temp};

fn bulletin(out: &Path, more: &[&str]) -> Said {
    let call = Bidui::new("bulletin").arg("--pipeline").arg(gansu());
    let call = call.arg("--lake").arg(&shared().lake).arg("--out").arg(out.join("b.html"));
    call.arg("--annex").arg(out.join("b.xlsx")).args(more).go()
}

/// Page and workbook of the shared month.
fn made(more: &[&str]) -> (String, Vec<u8>) {
    let home = temp();
    bulletin(home.path(), &[&["--month", "2026-11"], more].concat()).ended(0);
    let page = std::fs::read_to_string(home.path().join("b.html")).expect("the page");
    (page, std::fs::read(home.path().join("b.xlsx")).expect("the workbook"))
}

#[test]
fn the_page_stands_alone_and_has_all_its_parts() {
    let (page, _) = made(&[]);
    for word in ["http://", "https://", "src=", "@import", "url(", "<script", "<link"] {
        assert!(!page.contains(word), "{word}");
    }
    for part in [
        "一、总体情况",
        "二、分项监测情况",
        "三、分市州情况",
        "四、存在的主要问题",
        "五、下一步工作要求",
        "附件1",
        "附件2",
        "附件3",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("账目相符"), "the flow of the cases closes");
    assert!(page.contains("不作环比"), "a first month compares with nothing");
    assert!(page.contains("样例数据，仅供演示"));
    // Figures of the ledger lag behind its flow by a night: that is said where both stand.
    assert!(page.contains("整改率、按期整改率、逾期督办件") && page.contains("比对前的台账计算"));
    let title = page.split("<h1>").nth(1).and_then(|t| t.split("</h1>").next()).expect("a title");
    assert_eq!(title.matches("<span class=\"line\">").count(), 3, "{title}");
    assert!(!page.contains('|'), "marks of lines are not printed");
    for wrong in ["{date}", "{place}", "〔office〕", "NaN", "%%"] {
        assert!(!page.contains(wrong), "{wrong}");
    }
}

#[test]
fn the_same_lake_gives_the_same_bytes() {
    assert_eq!(made(&[]), made(&[]));
}

#[test]
fn the_annex_is_a_workbook_of_numbers() {
    let home = temp();
    let (_, bytes) = made(&[]);
    let path = home.path().join("b.xlsx");
    std::fs::write(&path, bytes).expect("written");
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(&path).expect("a workbook");
    let names = calamine::Reader::sheet_names(&book);
    assert_eq!(names, ["附件1", "附件2", "指标明细", "督办流转"]);
    let cities = calamine::Reader::worksheet_range(&mut book, "附件1").expect("a sheet");
    let numbers = cities.used_cells().filter(|(_, _, c)| matches!(c, calamine::Data::Float(_)));
    assert!(numbers.count() > 5, "figures are numbers that people can go on with");
    let details = calamine::Reader::worksheet_range(&mut book, "指标明细").expect("a sheet");
    let counted = |row: &[calamine::Data]| matches!(row[5], calamine::Data::Float(_));
    assert!(details.rows().skip(2).all(counted), "numerators can be added up");
    let formulas = calamine::Reader::worksheet_formula(&mut book, "指标明细").expect("a sheet");
    assert!(formulas.used_cells().next().is_none());
}

#[test]
fn in_public_nothing_small_is_left() {
    let (page, _) = made(&["--public"]);
    let small = regex::Regex::new(r"[^<\d.年月第共][1-7](件|人|户|例|/\d)").expect("a regex");
    let body = page.split("<body>").nth(1).expect("a body");
    let found: Vec<&str> = small.find_iter(body).map(|m| m.as_str()).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(page.contains("&lt;8") && page.contains("不在公开文本中列出"));
    // A share that is hidden is not given as a fraction either, and hidden ones are said together.
    assert!(page.contains("因数值较小不公开") && !page.contains("不公开（"), "{page}");
}

/// Henan speaks of itself in its own words, and not of rules that it has switched off.
#[test]
fn henan_has_words_of_its_own() {
    let home = temp();
    let (henan, lake) = (root().join("pipelines/henan"), home.path().join("lake"));
    run(&henan, &root().join("sample_data/henan"), &lake).go().ended(0);
    let call = Bidui::new("bulletin").args(&["--quarter", "2026Q4", "--pipeline"]).arg(&henan);
    let out = home.path().join("b.html");
    call.arg("--lake").arg(&lake).arg("--out").arg(&out).go().ended(0);
    let page = std::fs::read_to_string(&out).expect("the page");
    for word in [
        "河南省卫生健康委员会办公室",
        "豫卫××函",
        "3个省辖市的4个县（市、区）",
        "三、分省辖市情况",
        "一周内入户核实、一个月内落实健康帮扶措施、每周与乡村振兴部门同步更新、每季度通报一次",
        "依次向县级、市级人民政府发催办函",
    ] {
        assert!(page.contains(word), "{word}");
    }
    for wrong in ["市（州）", "甘肃", "甘卫", "〔office〕", "已停用", "基本医疗有保障"]
    {
        assert!(!page.contains(wrong), "{wrong}");
    }
    let off = bidui::pipeline::load(&henan).expect("a pipeline").settings.off.len();
    assert!(page.contains(&format!("停用比对规则{off}条")));
    let report = std::fs::read_to_string(current(&lake).join("report.html")).expect("a report");
    assert!(
        report.contains(&format!("停用规则 {off} 条")) && report.contains("启用的规则全部运行")
    );
    assert!(!report.contains("市（州）"));
}

#[test]
fn a_month_without_figures_is_an_error_that_helps() {
    let home = temp();
    let said = bulletin(home.path(), &["--month", "2025-01"]).ended(2);
    assert!(said.stderr.contains("months with figures: 2026-11"), "{}", said.stderr);
    let said = bulletin(home.path(), &["--month", "November"]).ended(2);
    assert!(said.stderr.contains("write 2026-10"), "{}", said.stderr);
    assert!(!home.path().join("b.html").exists());
}
