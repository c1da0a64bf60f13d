//! What counties write into the cells of a form.

use super::*;
use crate::pipeline::packs::Level;

#[test]
fn an_id_in_the_number_of_evidence_is_hidden_and_other_numbers_are_kept() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
    let pipeline = crate::pipeline::load(&dir).expect("the sample pipeline");
    let form = pipeline.pack(Level::County).expect("a form");
    let fields = Fields::new(&pipeline, form);
    let fill = form.fill.iter().find(|f| f.id == "evidence_no").expect("a column");
    for (text, kept) in [
        ("62942319500101001X", "〔证件号已隐去〕"),
        ("62942319500101001x", "〔证件号已隐去〕"),
        ("身份证629423195001010013", "身份证〔证件号已隐去〕"),
        ("证６２９４２３１９５００１０１００１Ｘ号", "证〔证件号已隐去〕号"),
        ("证629423500101001、ZZ-1", "证〔证件号已隐去〕、ZZ-1"),
        // Nobody was born in a month 99; an ID has neither 16 digits nor 20.
        ("证629423509901001", "证629423509901001"),
        ("甘医保2026110112345678", "甘医保2026110112345678"),
        ("ZZ20261101123456789012", "ZZ20261101123456789012"),
        ("ZZ-1", "ZZ-1"),
        ("2026110112345678", "〔证件号已隐去〕"),
        // In groups, and as a spreadsheet cuts it when it is typed as a number.
        ("629423 19500101 0011", "〔证件号已隐去〕"),
        ("证629423　1950 0101　001X号", "证〔证件号已隐去〕号"),
        ("ZZ-1、629423 500101 001 ZZ-2", "ZZ-1、〔证件号已隐去〕 ZZ-2"),
        ("13800000000 629423 19500101 0011", "13800000000 〔证件号已隐去〕"),
        ("电13800000000 13900000000", "电13800000000 13900000000"),
        ("第2026 1101 1234 5678 90号", "第2026 1101 1234 5678 90号"),
        ("6.29423195001010e17", "〔证件号已隐去〕"),
        ("证6.29423E+17号", "证〔证件号已隐去〕号"),
    ] {
        let mut notes = Vec::new();
        assert_eq!(fields.text(fill, text, &mut notes), kept, "{text}");
        assert_eq!(notes.is_empty(), text == kept, "{text}: {notes:?}");
    }
}

#[test]
fn a_day_on_which_no_work_was_done_is_none() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
    let pipeline = crate::pipeline::load(&dir).expect("the sample pipeline");
    let fields = Fields::new(&pipeline, pipeline.pack(Level::County).expect("a form"));
    for text in ["1905-07-18 02:38:24", "长期", "9999-12-31", "11.12"] {
        let filled = BTreeMap::from([("done_on".to_owned(), text.to_owned())]);
        let day = "2026-11-12".parse().expect("a day");
        let faults = fields.answer(&filled, None, day).err().expect("it is no day");
        assert!(faults.iter().any(|f| f.contains("“完成日期”不是日期")), "{faults:?}");
    }
}

/// The number would be lost, and the row would pass for one with evidence.
#[test]
fn evidence_of_which_nothing_is_kept_is_a_fault_of_the_row() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
    let pipeline = crate::pipeline::load(&dir).expect("the sample pipeline");
    let fields = Fields::new(&pipeline, pipeline.pack(Level::County).expect("a form"));
    let day: NaiveDate = "2026-11-12".parse().expect("a day");
    let answer = |evidence: &str| {
        let filled = [
            ("checked_on", "2026-11-11"),
            ("way", "入户"),
            ("result", "不属实"),
            ("cause", "其他"),
            ("evidence_no", evidence),
            ("unit", "县卫健局"),
            ("person", "某某"),
        ];
        let filled = BTreeMap::from(filled.map(|(id, text)| (id.to_owned(), text.to_owned())));
        fields.answer(&filled, None, day).map(|f| f.answer.evidence_no)
    };
    for (text, said) in [
        ("629423195001010013", "连同其中的文字或字母"),
        ("2026110112345678", "连同其中的文字或字母"),
        ("629423 19500101 0011", "连同其中的文字或字母"),
        ("6.29423195001010e17", "科学计数法"),
        ("2.02611E+11", "科学计数法"),
        ("/", "不是编号"),
        ("——", "不是编号"),
        ("无", "不是编号"),
        ("（暂无）", "不是编号"),
        ("#N/A", "公式的错误值#N/A"),
    ] {
        let faults = answer(text).expect_err(text);
        assert!(faults.len() == 1 && faults[0].contains(said), "{text}: {faults:?}");
    }
    for text in ["甘医保2026110112345678", "ZZ-1", "2E15"] {
        assert_eq!(answer(text).as_deref(), Ok(text));
    }
    assert_eq!(answer("户籍 629423195001010013").as_deref(), Ok("户籍 〔证件号已隐去〕"));
}
/// 无 and a slash are what people write to get past a cell.
#[test]
fn a_word_for_nothing_fills_no_cell_that_must_be_filled() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
    let pipeline = crate::pipeline::load(&dir).expect("the sample pipeline");
    let fields = Fields::new(&pipeline, pipeline.pack(Level::County).expect("a form"));
    let day: NaiveDate = "2026-11-12".parse().expect("a day");
    let answer = |person: &str| {
        let filled = [
            ("checked_on", "2026-11-11"),
            ("way", "电话"),
            ("result", "转其他部门"),
            ("evidence_no", "无"),
            ("unit", "县卫健局"),
            ("person", person),
            ("phone", "/"),
            ("note", "转医保局"),
        ];
        let filled = BTreeMap::from(filled.map(|(id, text)| (id.to_owned(), text.to_owned())));
        fields.answer(&filled, None, day).map(|f| f.answer.evidence_no)
    };
    assert_eq!(answer("无名氏").as_deref(), Ok(""), "no evidence is asked for");
    for nothing in ["无", "/", "—", "n/a"] {
        assert_eq!(answer(nothing), Err(vec!["“责任人”未写明内容".to_owned()]), "{nothing}");
    }
}

/// The first of a month may be before the pack went out, and nobody wrote it.
#[test]
fn a_month_without_a_day_is_told() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
    let pipeline = crate::pipeline::load(&dir).expect("the sample pipeline");
    let fields = Fields::new(&pipeline, pipeline.pack(Level::County).expect("a form"));
    let day = |text: &str| -> NaiveDate { text.parse().expect("a day") };
    let answer = |checked: &str, done: &str| {
        let filled = [
            ("checked_on", checked),
            ("way", "入户"),
            ("result", "属实已整改"),
            ("cause", "其他"),
            ("measure", "已更正"),
            ("done_on", done),
            ("evidence_no", "ZZ-1"),
            ("unit", "县卫健局"),
            ("person", "某某"),
        ];
        let filled = BTreeMap::from(filled.map(|(id, text)| (id.to_owned(), text.to_owned())));
        let read = fields.answer(&filled, Some((day("2026-11-12"), "下发日")), day("2026-11-30"));
        read.map(|f| (f.answer.done_on, f.notes))
    };
    let first = Some(day("2026-11-01"));
    let said = |what: &str| format!("“{what}”只写到月，按2026-11-01计，请写明日");
    assert_eq!(answer("2026-11-15", "2026年11月"), Ok((first, vec![said("完成日期")])));
    assert_eq!(answer("2026-11-15", "2026-11-01"), Ok((first, Vec::new())));
    let early = "“核查日期”2026-11-01早于下发日2026-11-12".to_owned();
    assert_eq!(answer("2026.11", "2026-11-20"), Err(vec![said("核查日期"), early]));
}
