//! One extract as text and as Parquet, with its texts once or for every row, or with values in their
//! place, is one and the same.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Int64Array,
    LargeStringArray, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field};
use arrow::util::display::array_value_to_string;
use bidui::division::Divisions;
use bidui::feed::Received;
use bidui::feed::receipt::Receipt;
use bidui::lake::Lake;
use bidui::lake::rows::{Part, RowsFile};
use bidui::pipeline::Pipeline;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use crate::support::{scratch, take_in, temp};

const FILES: [(&str, &str); 4] = [
    (
        "pipeline.yaml",
        r#"title: {zh: 试, en: Trial}
buckets: 4
identity: {spine: [visit], secret: {demo: a secret of a test}}
"#,
    ),
    ("codes/sex.csv", "code,label,aliases\n1,男,男性|M\n2,女,女性|F\n"),
    (
        "tables/visit.yaml",
        r#"title: {zh: 就诊, en: Visit}
about: One visit.
grain: person
person: {id: id_no, name: name}
columns:
  - {name: id_no, type: citizen_id, title: 身份证号, privacy: direct, about: ID.}
  - {name: name, type: name, title: 姓名, privacy: direct, about: Name.}
  - {name: sex, type: code, codes: sex, title: 性别, about: Sex.}
  - {name: day, type: date, title: 日期, about: Day.}
  - {name: month, type: month, title: 月份, about: Month.}
  - {name: fee, type: "decimal(16,2)", title: 费用, about: Fee.}
  - {name: times, type: int, title: 次数, about: Times.}
  - {name: local, type: bool, title: 本地, about: Local.}
  - {name: diagnoses, type: set, title: 诊断, about: Diagnoses.}
  - {name: place, type: division, title: 住址, about: Place.}
  - {name: place_code, type: division, title: 区划, about: Code.}
  - {name: note, type: text, title: 备注, about: Note.}
"#,
    ),
    (
        "feeds/visit.yaml",
        r#"title: {zh: 就诊, en: Visits}
sender: 医院
table: visit
files: "就诊_{period:%Y%m}*.{csv,parquet}"
delivery: {kind: append, cadence: monthly}
limits: {quarantine_percent: 100}
columns:
  - {to: id_no, from: [身份证号]}
  - {to: name, from: [姓名], required: true}
  - {to: sex, from: [性别], on_bad: "null"}
  - {to: day, from: [日期], on_bad: "null"}
  - {to: month, from: [月份]}
  - {to: fee, from: [费用]}
  - {to: times, from: [次数], on_bad: "null"}
  - {to: local, from: [本地]}
  - {to: diagnoses, from: [诊断]}
  - {to: place, path: [市, 县], on_bad: "null"}
  - {to: place_code, from: [区划]}
  - {to: note, from: [备注]}
"#,
    ),
];

/// Headings, and what stands below them: good texts, bad ones, and such as mean nothing.
const COLUMNS: [(&str, &[&str]); 13] = [
    ("身份证号", &["629401195603140024", "62940119900101001X", "", "无", "62900119600101"]),
    ("姓名", &["张建明", " 李四 ", "王　五", "", "买买提·艾力", "张建明", "赵六"]),
    ("性别", &["1", "男", "女性", "F", "", "不知道", "２"]),
    ("日期", &["2026-10-01", "20261002", "2026/10/3", "20261032", "", "2026-10-01", "-"]),
    ("月份", &["202610", "2026-09", "", "202613", "202610", "2026年8月", "202610", "202610"]),
    ("费用", &["12.50", "1,234.5", "", "0", "壹佰", "-3", "12.50", "99", "1", "2", "3"]),
    ("次数", &["1", "2", "", "两", "3.0"]),
    ("本地", &["是", "否", "无", "", "1", "0", "是", "是", "是", "也许", "否", "否"]),
    ("诊断", &["I10,E11", "I10、E11", "", "N18.5", ",", "I10;N18"]),
    ("市", &["兰州市", "兰州市", "", "临夏州"]),
    ("县", &["皋兰县", "永登县", "", "不存在县"]),
    (
        "区划",
        &["620122", "", "620121", "110101", "620122000000", "99", "620122", "620122", "620122"],
    ),
    ("备注", &["", "甲", "a,b", "\"引\"", "ＡＢ", "一", "二", "三", "四", "五", "六"]),
];

/// Cells of rows in a fixed disorder; one column of the last has a text of its own in every row.
fn cells(rows: u64) -> Vec<Vec<String>> {
    let mut state = 7_u64;
    let mut next = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let one = |row: u64| {
        let mut cells: Vec<String> =
            COLUMNS.iter().map(|(_, texts)| texts[next(texts.len())].to_owned()).collect();
        if row.is_multiple_of(3) {
            cells[12].push_str(&row.to_string());
        }
        cells
    };
    (0..rows).map(one).collect()
}

fn pipeline() -> &'static Pipeline {
    static PIPELINE: OnceLock<Pipeline> = OnceLock::new();
    PIPELINE.get_or_init(|| {
        let dir = scratch().join("alike");
        for (name, text) in FILES {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        bidui::night::setup::load(&dir).expect("the pipeline loads")
    })
}

fn text(rows: &[Vec<String>]) -> Vec<u8> {
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let heading = COLUMNS.map(|(name, _)| name).join(",");
    let line = |row: &Vec<String>| row.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(",");
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("{heading}\n{}\n", lines.join("\n")).into_bytes()
}

/// Empty cells are nulls. `shared`: each text stands once in the file.
fn parquet(rows: &[Vec<String>], shared: bool) -> Vec<u8> {
    let column = |at: usize| -> ArrayRef {
        let cells = rows.iter().map(|row| Some(&row[at]).filter(|cell| !cell.is_empty()));
        Arc::new(cells.collect::<StringArray>())
    };
    let columns = COLUMNS.iter().enumerate().map(|(at, (name, _))| (*name, column(at), true));
    written(&RecordBatch::try_from_iter_with_nullable(columns).expect("a batch"), shared)
}

fn written(batch: &RecordBatch, shared: bool) -> Vec<u8> {
    let properties = WriterProperties::builder().set_dictionary_enabled(shared).build();
    let mut bytes = Vec::new();
    let writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties));
    let mut writer = writer.expect("a writer");
    // Two groups: texts have other numbers in each.
    let middle = batch.num_rows() / 2;
    writer.write(&batch.slice(0, middle)).expect("written");
    writer.flush().expect("a group");
    writer.write(&batch.slice(middle, batch.num_rows() - middle)).expect("written");
    writer.close().expect("closed");
    bytes
}

fn receive(home: &Path, name: &str, bytes: &[u8]) -> (Receipt, PathBuf) {
    let places = [
        ("62", "甘肃省", "", "1"),
        ("6201", "兰州市", "62", "2"),
        ("6229", "临夏回族自治州", "62", "2"),
        ("620121", "永登县", "6201", "3"),
        ("620122", "皋兰县", "6201", "3"),
    ];
    let divisions = Divisions::build(places, []).expect("a register");
    let (lake, file) = (home.join(format!("lake-{name}")), home.join(name));
    std::fs::write(&file, bytes).expect("written");
    let received = take_in(pipeline(), &divisions, &lake, &file).expect("received");
    let Received::New(receipt) = received else { panic!("a new lake knows nothing") };
    let folder = Lake::at(&lake).deliveries("visit").join(&receipt.delivery);
    (*receipt, folder)
}

/// Rows of a file of the lake as texts, without where they stood in the extract.
fn stored(path: &Path) -> Vec<Vec<String>> {
    let file = RowsFile::open(path).expect("a file");
    let own = |name: &String| {
        !["src_delivery", "src_line", "src_byte", "file", "line", "byte"].contains(&name.as_str())
    };
    let names: Vec<String> =
        file.schema().fields().iter().map(|f| f.name().clone()).filter(own).collect();
    let mut rows = Vec::new();
    for batch in file.scan(Part::All, &names, &Default::default()).expect("a scan") {
        let batch = batch.expect("rows");
        let cell = |row, column| array_value_to_string(batch.column(column), row).expect("a text");
        let row = |row| (0..batch.num_columns()).map(|column| cell(row, column)).collect();
        rows.extend((0..batch.num_rows()).map(row));
    }
    rows
}

/// Takes an extract in as text and as Parquet: both are one and the same. Its receipt as text, and
/// how many rows were stored and quarantined.
fn same<const N: usize>(text: &[u8], parquets: [Vec<u8>; N]) -> (Receipt, [usize; 2]) {
    let home = temp();
    let (receipt, folder) = receive(home.path(), "就诊_202610.csv", text);
    let files = ["rows.parquet", "rejects.parquet"];
    let wanted = files.map(|name| stored(&folder.join(name)));
    for parquet in parquets {
        let home = temp();
        let (own, folder) = receive(home.path(), "就诊_202610.parquet", &parquet);
        let counts = |r: &Receipt| (r.rows, r.used, r.quarantined, r.duplicate, r.pending);
        assert_eq!(counts(&own), counts(&receipt));
        assert_eq!(own.amendments, receipt.amendments);
        assert_eq!(own.reject_reasons, receipt.reject_reasons);
        assert_eq!(files.map(|name| stored(&folder.join(name))), wanted);
    }
    (receipt, wanted.map(|rows| rows.len()))
}

#[test]
fn an_extract_is_the_same_in_each_format() {
    let rows = cells(9000);
    let parquets = [true, false].map(|shared| parquet(&rows, shared));
    let (receipt, [used, rejected]) = same(&text(&rows), parquets);
    assert!(used > 500 && rejected > 500 && receipt.pending < receipt.used);
    assert!(receipt.amendments.len() > 5 && receipt.reject_reasons.len() > 4, "{receipt:?}");
}

/// For each column of [`COLUMNS`] some texts, and the values that they say.
fn values() -> [(Vec<&'static str>, ArrayRef); 13] {
    let texts = |texts: &[&'static str]| -> (Vec<&'static str>, ArrayRef) {
        (texts.to_vec(), Arc::new(StringArray::from(texts.to_vec())))
    };
    let midnight = |day: i64| Some((day * 24 - 8) * 3_600_000_000);
    let days = TimestampMicrosecondArray::from(vec![midnight(20_454), midnight(20_728), None]);
    let fees = Decimal128Array::from(vec![Some(1250), Some(-300), None, Some(7)]);
    let field = Arc::new(Field::new("item", DataType::Utf8, true));
    let codes = Arc::new(StringArray::from(vec!["I10", "E11", "N18.5"]));
    let diagnoses = ListArray::new(field, OffsetBuffer::from_lengths([2, 0, 1]), codes, None);
    let places = ["620122", "620121"];
    let codes = FixedSizeBinaryArray::try_from_iter(places.into_iter()).expect("of one length");
    [
        texts(&["629401195603140024", "62900119600101", ""]),
        texts(&["张建明", "李四", "王五", "赵六", "买买提·艾力"]),
        (vec!["1", "女", ""], Arc::new(LargeStringArray::from(vec!["1", "女", ""]))),
        (vec!["2026-01-01", "2026-10-02", ""], Arc::new(days.with_timezone("UTC"))),
        (vec!["2026-10-01", ""], Arc::new(Date32Array::from(vec![Some(20_727), None]))),
        (
            vec!["12.50", "-3.00", "", "0.07"],
            Arc::new(fees.with_precision_and_scale(16, 2).expect("fits")),
        ),
        (vec!["1", "12", ""], Arc::new(Int64Array::from(vec![Some(1), Some(12), None]))),
        (
            vec!["true", "", "false"],
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (vec!["I10,E11", "", "N18.5"], Arc::new(diagnoses)),
        texts(&["兰州市", "临夏州"]),
        texts(&["皋兰县", "永登县"]),
        (places.to_vec(), Arc::new(codes)),
        texts(&["甲", "乙", "丙", "丁", "戊", "己", "庚"]),
    ]
}

#[test]
fn values_are_what_their_texts_say() {
    const ROWS: usize = 5000;
    let values = values();
    let place = |row: usize, at: usize| (row * (at + 2) + row / 7) % values[at].0.len();
    let row = |row| (0..13).map(|at| values[at].0[place(row, at)].to_owned()).collect();
    let rows: Vec<Vec<String>> = (0..ROWS).map(row).collect();
    let column = |(at, (name, _)): (usize, &(&'static str, &[&str]))| {
        let places = (0..ROWS).map(|row| place(row, at) as u32);
        let places = UInt32Array::from_iter_values(places);
        (*name, take(&values[at].1, &places, None).expect("values"), true)
    };
    let columns = COLUMNS.iter().enumerate().map(column);
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("a batch");
    let (receipt, [used, _]) = same(&text(&rows), [true, false].map(|once| written(&batch, once)));
    assert!(used > 500 && receipt.quarantined == 0, "{receipt:?}");
}
