//! What counties do to a form before they send it back: each accident has its own answer, nothing is
//! rejected silently, and another county's case never moves.

use std::collections::BTreeMap;
use std::path::Path;

use bidui::ledger::act::{Act, Outcome};
use bidui::ledger::case::Case;
use bidui::ledger::state::State;
use bidui::ledger::store::{Store, file_address};
use tempfile::TempDir;

use crate::form::{FIXED, Form, NUMBER, place};
use crate::support::{Bidui, Said, copy, gansu, shared, temp};

/// A lake whose packs are issued.
struct World {
    home: TempDir,
}

impl World {
    fn of(months: &[&str]) -> Self {
        let home = temp();
        copy(&shared().lake, &home.path().join("lake"));
        let world = Self { home };
        for month in months {
            world.pack("issue", &["--month", month]).ended(0);
        }
        world
    }

    fn pack(&self, verb: &str, words: &[&str]) -> Said {
        let lake = self.home.path().join("lake");
        let call = Bidui::new("pack").args(&[verb]).args(words).arg("--pipeline").arg(gansu());
        call.arg("--lake").arg(lake).env("BIDUI_ACTOR", "收件人").go()
    }

    fn cases(&self) -> BTreeMap<String, Case> {
        let ledger = self.home.path().join("lake/ledger.sqlite");
        Store::open(&file_address(&ledger)).expect("a ledger").cases().expect("cases").by_number
    }

    /// Number of the ledger's last event.
    fn end(&self) -> i64 {
        let ledger = self.home.path().join("lake/ledger.sqlite");
        Store::open(&file_address(&ledger)).expect("a ledger").head().expect("a head").seq
    }

    fn form(&self, month: &str, county: &str) -> Form {
        let home = self.home.path().join("lake/packs").join(month);
        let files = bidui::lake::files_below(&home).expect("packs");
        let own = files.into_iter().find(|f| f.path.contains(county));
        Form::open(&home.join(own.expect("the county's pack").path))
    }

    /// Sends a form back: the lines of its receipt (verdict, number, reason) and its cover's texts.
    fn send(&self, form: &Form, words: &[&str]) -> (Vec<[String; 3]>, String) {
        let path = form.save(&self.home.path().join("回.xlsx"));
        self.send_file(&path, words)
    }

    fn send_file(&self, path: &Path, words: &[&str]) -> (Vec<[String; 3]>, String) {
        let out = self.home.path().join("receipts");
        _ = std::fs::remove_dir_all(&out);
        let path = path.display().to_string();
        let folder = out.display().to_string();
        let words = [&[path.as_str(), "--out", &folder], words].concat();
        let said = self.pack("take-back", &words);
        assert!(matches!(said.code, Some(0 | 1)), "{}", said.stderr);
        let mut files = bidui::lake::names_in(&out);
        let receipt = Form::open(&out.join(files.pop().expect("a receipt")));
        assert!(files.is_empty(), "one file, one receipt: {files:?}");
        let mut lines = Vec::new();
        for (sheet, rows) in &receipt.sheets[1..] {
            let line = |r: &Vec<String>| [sheet.clone(), r[2].clone(), r[4].clone()];
            lines.extend(rows[1..].iter().map(line));
        }
        let cover: Vec<String> = receipt.sheets[0].1.iter().flatten().cloned().collect();
        (lines, cover.join(" "))
    }
}

#[track_caller]
fn says(lines: &[[String; 3]], number: &str, verdict: &str, reason: &str) {
    let own: Vec<_> = lines.iter().filter(|l| l[1] == number).collect();
    let found = own.iter().any(|l| l[0] == verdict && l[2].contains(reason));
    assert!(found, "{number} should be {verdict} for {reason}: {own:?}");
}

/// Two cases that follow each other on one sheet.
fn neighbours(form: &mut Form) -> Vec<String> {
    let pair = form.themes().find_map(|(rows, at)| {
        let column = place(&rows[at], NUMBER);
        let own: Vec<String> = rows[at + 1..].iter().map(|r| r[column].clone()).collect();
        own.windows(2).find(|w| w.iter().all(|n| n.len() > 9)).map(<[String]>::to_vec)
    });
    pair.expect("two cases on one sheet")
}

const COUNTY: &str = "620423";

/// The county's waiting cases and its form.
fn begin() -> (World, Form, Vec<String>) {
    let world = World::of(&["2026-11"]);
    let mut form = world.form("2026-11", COUNTY);
    let numbers = form.numbers();
    assert!(numbers.len() > 12, "{} cases are too few for these tests", numbers.len());
    (world, form, numbers)
}

#[test]
fn answers_move_their_cases_and_blank_rows_do_not() {
    let (world, form, n) = begin();
    let form = form
        .with(&n[0], &[])
        .with(&n[1], &[("核查结果", "属实整改中"), ("完成日期", "2026-12-20")])
        .with(&n[2], &[("核查结果", "不属实")])
        .with(&n[3], &[("核查结果", "转其他部门"), ("备注", "请转医保局")])
        .with(&n[5], &[("核查结果", "情况特殊申请豁免")]);
    let (lines, _) = world.send(&form, &[]);
    let cases = world.cases();
    // New extracts prove what was put right; who asks for a waiver waits for people.
    for (number, state, outcome, said) in [
        (&n[0], State::Answered, Outcome::Fixed, "待新数据复核"),
        (&n[1], State::Verifying, Outcome::Fixing, "期限不变"),
        (&n[2], State::Answered, Outcome::NotTrue, "待新数据复核"),
        (&n[3], State::Answered, Outcome::Elsewhere, "已收取，待转办"),
        (&n[5], State::Answered, Outcome::Waiver, "已收取，待审批"),
    ] {
        says(&lines, number, "采纳", said);
        assert_eq!(cases[number].state, state, "{number}");
        assert_eq!(cases[number].answer.as_ref().map(|a| a.outcome), Some(outcome));
    }
    says(&lines, &n[4], "未采纳", "整行空白");
    assert_eq!(cases[&n[4]].state, State::Issued);
    assert_eq!(lines.len(), n.len(), "every row has its line");
    assert!(cases[&n[1]].stopped.is_none(), "the clock of work that goes on runs on");
}

#[test]
fn sorted_filtered_and_rearranged_forms_are_read() {
    let (world, form, n) = begin();
    let mut form = form.with(&n[0], &[]).with(&n[1], &[]);
    for (rows, at) in form.themes() {
        // Sorted the other way round, a column inserted, the last one moved to the front.
        rows[at + 1..].reverse();
        let note = place(&rows[at], "备注");
        for row in rows.iter_mut() {
            let moved = row.remove(note);
            row.insert(0, moved);
            row.insert(3, String::new());
        }
        rows[at][3] = "乡镇自用列".into();
    }
    let (lines, cover) = world.send(&form, &[]);
    says(&lines, &n[0], "采纳", "");
    says(&lines, &n[1], "采纳", "");
    assert!(cover.contains("乡镇自用列"), "unknown columns are named: {cover}");
}

#[test]
fn full_width_digits_text_dates_and_spaces_are_read() {
    let (world, form, n) = begin();
    let wide: String = n[0]
        .chars()
        .map(|c| {
            char::from_u32(u32::from(c) + 0xFEE0).filter(|_| c.is_ascii_graphic()).unwrap_or(c)
        })
        .collect();
    let mut form =
        form.with(&n[0], &[("核查日期", "２０２６年１１月１１日"), ("核查结果", " 属实 已整改 ")]);
    form.put(&n[0], &[(NUMBER, &wide)]);
    let form = form.with(&n[1], &[("核查日期", "46337"), ("核查结果", "已整改")]);
    let (lines, _) = world.send(&form, &[]);
    for number in &n[..2] {
        says(&lines, number, "采纳", "");
        let answer = world.cases()[number].answer.clone().expect("an answer");
        assert_eq!(answer.checked_on.map(|d| d.to_string()).as_deref(), Some("2026-11-11"));
    }
}

/// A spreadsheet keeps the value of merged cells in the first one; the rows below come back blank.
#[test]
fn rows_below_merged_cells_are_told_apart_from_rows_that_were_left_out() {
    let (world, mut form, _) = begin();
    let pair = neighbours(&mut form);
    let left_out = form.clone().with(&pair[0], &[]);
    let mut form = left_out.clone();
    for (column, _) in FIXED {
        form.merge(column, &pair[0], &pair[1]);
    }
    let (lines, _) = world.send(&form, &[]);
    let sheet = form.sheets.iter().find(|(name, _)| *name == form.merged[0].0).expect("a sheet");
    let row = 1 + sheet.1.iter().position(|r| r.contains(&pair[0])).expect("a row");
    let rows = format!("第{row}至{}行合并了单元格", row + 1);
    says(&lines, &pair[0], "采纳", &format!("{rows}，内容只记在本行"));
    says(&lines, &pair[1], "无效", &format!("{rows}，内容只留在第{row}行，请取消合并后逐行填写"));
    says(&lines, &pair[1], "无效", "“核查日期、核查方式、核查结果、");
    assert_eq!(world.cases()[&pair[1]].state, State::Issued);
    // The same rows, not merged: a blank row is only blank.
    let (lines, _) = world.send(&left_out, &[]);
    says(&lines, &pair[1], "未采纳", "未反馈（整行空白）");
    // Only the cause is merged: the row says what it lacks, and why.
    let mut form = left_out.with(&pair[1], &[("原因类别", "")]);
    form.merge("原因类别", &pair[0], &pair[1]);
    let (lines, _) = world.send(&form, &[]);
    says(&lines, &pair[1], "无效", &format!("“原因类别”未填；“原因类别”列{rows}，内容只留在"));
    assert_eq!(world.cases()[&pair[1]].state, State::Issued);
}

#[test]
fn same_as_above_is_unrolled_where_that_is_harmless() {
    let (world, mut form, _) = begin();
    let pair = neighbours(&mut form);
    let same = [("核查方式", "同上"), ("责任单位", "〃")];
    let form = form.with(&pair[0], &[]).with(&pair[1], &same);
    let (lines, _) = world.send(&form, &[]);
    says(&lines, &pair[1], "采纳", "填同上，按上一行取值");
    let answer = world.cases()[&pair[1]].answer.clone().expect("an answer");
    assert_eq!((answer.way.as_str(), answer.unit.as_str()), ("入户", "县卫健局"));

    let (world, form, n) = begin();
    let form = form.with(&n[0], &[]).with(&n[1], &[("核查结果", "同上"), ("佐证材料编号", "同上")]);
    let (lines, _) = world.send(&form, &[]);
    says(&lines, &n[1], "无效", "“核查结果”不得填同上");
    says(&lines, &n[1], "无效", "“佐证材料编号”不得填同上");
}

#[test]
fn deleted_doubled_and_contradicting_rows_are_told_apart() {
    let (world, form, n) = begin();
    let mut form = form.with(&n[0], &[]).with(&n[1], &[]).with(&n[2], &[]);
    for (rows, _) in form.themes() {
        rows.retain(|r| !r.contains(&n[0]));
        for (number, other) in [(&n[1], false), (&n[2], true)] {
            if let Some(at) = rows.iter().position(|r| r.contains(number)) {
                let mut double = rows[at].clone();
                if other {
                    let place = double.iter().position(|c| c == "属实已整改").expect("a result");
                    double[place] = "不属实".into();
                }
                rows.push(double);
            }
        }
    }
    let (lines, _) = world.send(&form, &[]);
    says(&lines, &n[0], "未采纳", "缺少此行");
    says(&lines, &n[1], "采纳", "");
    says(&lines, &n[1], "未采纳", "只取一行");
    says(&lines, &n[2], "无效", "内容不一致");
    assert_eq!(world.cases()[&n[2]].state, State::Issued);
}

#[test]
fn a_changed_number_or_locked_cell_moves_nothing() {
    let (world, form, n) = begin();
    let mut form = form.with(&n[0], &[]).with(&n[1], &[]);
    form.put(&n[0], &[("问题名称", "改过的名称")]);
    // The first case's number in the second one's place.
    form.put(&n[1], &[(NUMBER, &n[2])]);
    let (lines, _) = world.send(&form, &[]);
    says(&lines, &n[0], "无效", "被改动");
    let changed: Vec<_> = lines.iter().filter(|l| l[1] == n[2] && l[0] == "无效").collect();
    assert!(!changed.is_empty(), "{lines:?}");
    for number in &n[..3] {
        assert_eq!(world.cases()[number].state, State::Issued, "{number}");
    }
}

#[test]
fn another_countys_rows_never_move() {
    let (world, form, n) = begin();
    let mut other = world.form("2026-11", "620122");
    let foreign = other.numbers().pop().expect("the other county has a case");
    other = other.with(&foreign, &[]);
    let (stranger, _) = other.row(&foreign);
    let stranger = stranger.clone();
    let mut form = form.with(&n[0], &[]);
    let (rows, _) = form.themes().next().expect("a sheet");
    rows.push(stranger);
    let (lines, _) = world.send(&form, &[]);
    says(&lines, &foreign, "无效", "不是本县的督办件");
    says(&lines, &n[0], "采纳", "");
    assert_eq!(world.cases()[&foreign].state, State::Issued);
}

#[test]
fn a_form_without_or_with_a_forged_system_page_is_not_trusted() {
    let (world, form, n) = begin();
    let mut bare = form.clone().with(&n[0], &[]);
    let hidden = bare.sheets.iter().position(|(name, _)| name == "_bidui").expect("a page");
    let mut forged = bare.clone();
    bare.sheets.remove(hidden);
    let (lines, cover) = world.send(&bare, &[]);
    assert!(lines.is_empty() && cover.contains("不能确认是哪个县"), "{cover}");
    let (lines, cover) = world.send(&bare, &["--county", "620122"]);
    says(&lines, &n[0], "无效", "不是本县的督办件");
    assert!(cover.contains("未核对封印"), "{cover}");

    for row in &mut forged.sheets[hidden].1 {
        for cell in row.iter_mut().filter(|c| *c == COUNTY) {
            *cell = "620122".into();
        }
    }
    let (lines, cover) = world.send(&forged, &[]);
    assert!(lines.is_empty() && cover.contains("系统页被改动"), "{cover}");
    assert_eq!(world.cases()[&n[0]].state, State::Issued);

    let (lines, _) = world.send(&bare, &["--county", COUNTY]);
    says(&lines, &n[0], "采纳", "");
}

/// Only one system page can be the file's: the rows of the other form would be on no list.
#[test]
fn forms_that_were_put_together_are_refused() {
    let (world, form, n) = begin();
    let mut both = form.with(&n[0], &[]);
    for (name, rows) in world.form("2026-11", "620122").sheets {
        both.sheets.push((format!("{name}2"), rows));
    }
    let (lines, cover) = world.send(&both, &[]);
    assert!(lines.is_empty() && cover.contains("请逐份报送"), "{cover}");
    assert_eq!(world.cases()[&n[0]].state, State::Issued);
}

#[test]
fn the_same_file_twice_moves_nothing_and_gets_the_same_receipt() {
    let (world, form, n) = begin();
    let path = form
        .with(&n[0], &[])
        .with(&n[1], &[("核查结果", "不属实")])
        .save(&world.home.path().join("一.xlsx"));
    let (first, own) = world.send_file(&path, &[]);
    let (before, end) = (world.cases(), world.end());
    let (second, cover) = world.send_file(&path, &["--on", "2026-11-20"]);
    assert_eq!(first, second);
    let received = |cover: &str| -> Option<String> {
        cover.split("收件日期 ").nth(1)?.split(' ').next().map(str::to_owned)
    };
    assert!(received(&own).is_some_and(|day| day.as_str() < "2026-11-20"), "{own}");
    assert_eq!(received(&own), received(&cover), "the day on which it came first");
    assert!(cover.contains("未重复处理"), "{cover}");
    assert_eq!((before, end), (world.cases(), world.end()));
    says(&first, &n[1], "采纳", "不属实");
}

/// A right file came while nights failed: its days are later than the last night's, until they run.
#[test]
fn a_file_with_invalid_rows_is_judged_anew_when_it_comes_again() {
    let (world, form, n) = begin();
    let wrong = [("核查结果", "大概")];
    let late = [("核查日期", "2026-11-20"), ("完成日期", "2026-11-20")];
    let form = form.with(&n[0], &[]).with(&n[1], &wrong).with(&n[2], &late);
    let path = form.save(&world.home.path().join("一.xlsx"));
    let (first, _) = world.send_file(&path, &[]);
    says(&first, &n[0], "采纳", "");
    says(&first, &n[1], "无效", "不在选项之内");
    says(&first, &n[2], "无效", "晚于收件日");
    // The same again is told the same, and the ledger has nothing to add.
    let end = world.end();
    let (second, cover) = world.send_file(&path, &[]);
    says(&second, &n[0], "未采纳", "与上次反馈相同");
    says(&second, &n[2], "无效", "晚于收件日");
    assert!(cover.contains("已重新核对"), "{cover}");
    assert_eq!(world.end(), end);
    // On a later day what was right is taken, and what was taken is not taken twice.
    let (third, _) = world.send_file(&path, &["--on", "2026-11-21"]);
    says(&third, &n[0], "未采纳", "与上次反馈相同");
    says(&third, &n[1], "无效", "不在选项之内");
    says(&third, &n[2], "采纳", "");
    let cases = world.cases();
    let states = [&n[0], &n[1], &n[2]].map(|n| cases[n].state);
    assert_eq!(states, [State::Answered, State::Issued, State::Answered]);
    assert!(cases[&n[0]].answered < cases[&n[2]].answered);
}

#[test]
fn files_of_one_call_see_each_other() {
    let (world, form, n) = begin();
    let home = world.home.path();
    let one = form.with(&n[0], &[]).save(&home.join("一.xlsx"));
    // Saved once more, with a remark on the cover, it is another file with the same answers.
    let mut again = Form::open(&one);
    again.sheets[0].1[0].push("再存一次".into());
    let two = again.save(&home.join("二.xlsx"));
    let (out, paths) = (home.join("receipts"), [&one, &one, &two].map(|p| p.display().to_string()));
    let words = [&paths[0], &paths[1], &paths[2], "--out", &out.display().to_string()];
    let said = world.pack("take-back", &words).ended(0);
    assert!(said.stdout.contains("未重复处理"), "{}", said.stdout);
    let receipts = bidui::lake::names_in(&out);
    let second = receipts.iter().find(|name| name.starts_with('二')).expect("a receipt");
    let texts = format!("{:?}", Form::open(&out.join(second)).sheets);
    assert!(texts.contains("与上次反馈相同"), "{texts}");
    let store = Store::open(&file_address(&home.join("lake/ledger.sqlite"))).expect("a ledger");
    let events = store.events_about(&n[0]).expect("events");
    let answers = events.iter().filter(|e| matches!(e.draft.act, Act::Answer(_))).count();
    assert_eq!(answers, 1, "one answer, however often it came");
}

#[test]
fn incomplete_and_impossible_answers_say_what_is_missing() {
    let (world, form, n) = begin();
    let form = form
        .with(&n[0], &[("佐证材料编号", "")])
        .with(&n[1], &[("完成日期", "2027-03-01")])
        .with(&n[2], &[("核查日期", "去年冬天")])
        .with(&n[3], &[("核查结果", "")])
        .with(&n[4], &[("整改措施", "=HYPERLINK(\"x\")"), ("备注", "本人 629423195001010013")]);
    let (lines, _) = world.send(&form, &[]);
    says(&lines, &n[0], "无效", "“佐证材料编号”未填");
    says(&lines, &n[1], "无效", "晚于收件日");
    says(&lines, &n[2], "无效", "“核查日期”不是日期");
    says(&lines, &n[3], "无效", "“核查结果”未填");
    says(&lines, &n[4], "采纳", "证件号已隐去");
    let answer = world.cases()[&n[4]].answer.clone().expect("an answer");
    assert!(!answer.note.contains("6294"), "an ID reached the ledger");
}

/// Who answered is for whoever gives a reason, whatever the form of the result.
#[test]
fn no_form_of_the_ledger_names_who_answered() {
    let (world, form, n) = begin();
    let own = [("责任人", "欧阳某某"), ("联系电话", "13900000001")];
    let goes_on = [&own[..], &[("核查结果", "属实整改中")]].concat();
    let form = form.with(&n[0], &own).with(&n[1], &goes_on);
    world.send(&form, &[]);
    let lake = world.home.path().join("lake");
    for number in n[..2].iter().map(String::as_str) {
        let answer = world.cases()[number].answer.clone().expect("an answer");
        assert_eq!((answer.person.as_str(), answer.phone.as_str()), ("欧阳某某", "13900000001"));
        for words in [
            &["ledger", "show", "--output", "table", "--about", number][..],
            &["ledger", "show", "--output", "csv", "--about", number],
            &["ledger", "show", "--output", "json", "--about", number],
            &["case", "show", "--output", "table", number],
            &["case", "show", "--output", "json", number],
        ] {
            let call = Bidui::new(words[0]).args(&words[1..]).arg("--pipeline").arg(gansu());
            let said = call.arg("--lake").arg(&lake).go().ended(0);
            assert!(said.stdout.contains("已更正"), "{words:?}: {}", said.stdout);
            for person in ["欧阳某某", "13900000001"] {
                assert!(!said.stdout.contains(person), "{words:?} tells {person}");
            }
        }
    }
}

#[test]
fn macros_and_files_that_are_no_form_are_answered() {
    let (world, form, n) = begin();
    let plain = form.with(&n[0], &[]).save(&world.home.path().join("宏.xlsx"));
    let macros = world.home.path().join("宏.xlsm");
    let mut from = zip::ZipArchive::new(std::fs::File::open(&plain).expect("a file")).expect("zip");
    let mut to = zip::ZipWriter::new(std::fs::File::create(&macros).expect("a file"));
    for at in 0..from.len() {
        to.raw_copy_file(from.by_index_raw(at).expect("a part")).expect("copied");
    }
    to.start_file("xl/vbaProject.bin", zip::write::SimpleFileOptions::default()).expect("a part");
    std::io::Write::write_all(&mut to, b"macro").expect("written");
    to.finish().expect("a zip");
    let (lines, cover) = world.send_file(&macros, &[]);
    says(&lines, &n[0], "采纳", "");
    assert!(cover.contains("宏未运行"), "{cover}");

    let text = world.home.path().join("说明.xlsx");
    std::fs::write(&text, "不是工作簿").expect("written");
    let (lines, cover) = world.send_file(&text, &[]);
    assert!(lines.is_empty() && cover.contains("整份文件未处理"), "{cover}");
    // Two of one name have a receipt each.
    let other = world.home.path().join("另一县").join("说明.xlsx");
    std::fs::create_dir(other.parent().expect("a folder")).expect("made");
    std::fs::write(&other, "也不是工作簿").expect("written");
    let (out, paths) =
        (world.home.path().join("two"), [text, other].map(|p| p.display().to_string()));
    world.pack("take-back", &[&paths[0], &paths[1], "--out", &out.display().to_string()]).ended(1);
    assert_eq!(bidui::lake::names_in(&out).len(), 2);
}

#[test]
fn an_ended_case_and_an_old_form_are_told() {
    let world = World::of(&["2026-10", "2026-11"]);
    let mut form = world.form("2026-10", COUNTY);
    let n = form.numbers();
    let lake = world.home.path().join("lake").display().to_string();
    let waive = Bidui::new("case").args(&["waive", &n[0], "--lake", &lake, "--pipeline"]);
    let words =
        ["--reason", "参军", "--approver", "甲", "--evidence-no", "E1", "--until", "2027-01-01"];
    waive.arg(gansu()).args(&words).env("BIDUI_ACTOR", "甲").go().ended(0);
    let form = form.with(&n[0], &[]).with(&n[1], &[]);
    let (lines, cover) = world.send(&form, &[]);
    says(&lines, &n[0], "未采纳", "豁免");
    says(&lines, &n[1], "采纳", "");
    assert!(cover.contains("2026-10的旧表"), "{cover}");
}

/// Who renames a heading hears of every row below it.
#[test]
fn rows_below_a_renamed_heading_are_told() {
    let (world, form, n) = begin();
    let mut form = form.with(&n[0], &[]);
    let mut lost: Vec<String> = Vec::new();
    for (rows, at) in form.themes().filter(|(rows, _)| rows.iter().any(|r| r.contains(&n[0]))) {
        let (number, result) = (place(&rows[at], NUMBER), place(&rows[at], "核查结果"));
        rows[at][result] = "结果".into();
        lost.extend(rows[at + 1..].iter().map(|r| r[number].clone()).filter(|n| n.len() > 9));
    }
    let (lines, _) = world.send(&form, &[]);
    for number in &n {
        match lost.contains(number) {
            true => says(&lines, number, "无效", "恢复表头"),
            false => says(&lines, number, "未采纳", "整行空白"),
        }
    }
    assert_eq!(lines.len(), n.len(), "every row has its line");
    assert_eq!(world.cases()[&n[0]].state, State::Issued);
}

/// Counties name files after the person that they are about.
#[test]
fn an_id_in_the_name_of_a_file_is_in_no_receipt() {
    let (world, form, n) = begin();
    let id = "629101198505050018";
    let path = form.with(&n[0], &[]).save(&world.home.path().join(format!("回_{id}.xlsx")));
    let call = Bidui::new("pack").args(&["take-back"]).arg(path).arg("--pipeline").arg(gansu());
    let call = call.arg("--lake").arg(world.home.path().join("lake")).env("COLUMNS", "900");
    let receipts = world.home.path().join("named");
    let said = call.arg("--out").arg(&receipts).env("BIDUI_ACTOR", "收件人").go().ended(0);
    assert!(said.stdout.contains("回_") && !said.stdout.contains(id), "{}", said.stdout);
    let names = bidui::lake::names_in(&receipts);
    assert!(names.len() == 1 && !names[0].contains(id), "{names:?}");
}

/// The county gets the receipt: it says why in Chinese, and neither in which folder the file lies nor
/// whose ID stands in its name.
#[test]
fn a_file_that_cannot_be_opened_is_told_in_chinese() {
    let world = World::of(&[]);
    let id = "629101198505050018";
    let path = world.home.path().join(format!("回_{id}.xlsx"));
    let missing = world.pack("take-back", &[&path.display().to_string()]).ended(2).stderr;
    assert!(missing.contains("there is no file") && !missing.contains(id), "{missing}");
    std::os::unix::fs::symlink("nowhere", &path).expect("a link that leads nowhere");
    let (lines, cover) = world.send_file(&path, &[]);
    assert!(lines.is_empty() && cover.contains("文件无法读取（无法打开："), "{cover}");
    let folder = world.home.path().display().to_string();
    assert!(!cover.contains(id) && !cover.contains(&folder), "{cover}");
}

/// Offices close a table with totals and signatures.
#[test]
fn totals_and_signatures_below_the_cases_are_none() {
    let (world, form, n) = begin();
    let mut form = form.with(&n[0], &[]);
    let (rows, at) = form.themes().next().expect("a sheet");
    let [number, person, phone] = [NUMBER, "责任人", "联系电话"].map(|c| place(&rows[at], c));
    let (mut totals, mut signed) =
        (vec![String::new(); rows[at].len()], vec![String::new(); rows[at].len()]);
    totals[number] = "合计".into();
    (signed[person], signed[phone]) = ("审核人：某某".into(), "0930-0000000".into());
    rows.extend([totals, signed]);
    let (lines, _) = world.send(&form, &[]);
    says(&lines, &n[0], "采纳", "");
    assert!(lines.iter().all(|l| l[0] != "无效"), "{lines:?}");
    assert_eq!(lines.iter().filter(|l| l[2].contains("不是督办件")).count(), 2);
}
