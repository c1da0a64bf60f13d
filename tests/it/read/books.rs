//! Workbooks, Parquet, zips, and what is refused.

use std::io::{Cursor, Write};

use bidui::feed::read::{Next, RawRow, Table, open};
use bidui::pipeline::spec::{FileKind, Format};
use encoding_rs::GB18030;
use rust_xlsxwriter::{ExcelDateTime, Format as Style, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Files, column, dump, read, refusal, refusal_of};

#[test]
fn parquet_columns_become_text() {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Float64Array, RecordBatch};
    use arrow::array::{BooleanArray, NullArray, StringArray};

    let files = Files::new();
    let fee = Decimal128Array::from(vec![Some(1250), None]).with_precision_and_scale(10, 2);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("姓名", Arc::new(StringArray::from(vec![Some("张三"), None]))),
        ("fee", Arc::new(fee.expect("fits"))),
        ("id", Arc::new(Float64Array::from(vec![6.2e17, 5.0]))),
        ("born", Arc::new(Date32Array::from(vec![0, 1]))),
        // What pandas writes of a column that is empty from top to bottom.
        ("none", Arc::new(NullArray::new(2))),
        ("yes", Arc::new(BooleanArray::from(vec![true, false]))),
    ];
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("a batch");
    let mut bytes = Vec::new();
    let writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None);
    let mut writer = writer.expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let path = files.put("a.parquet", &bytes);
    let parts = open(&path, &Format::default()).expect("opens");
    assert_eq!(parts[0].part().encoding.as_deref(), Some("parquet"));
    let all = read(&path, &Format::default()).expect("reads");
    let expected = ["1 张三|12.50|6.20000000000000e17|1970-01-01||true", "2 ||5|1970-01-02||false"];
    assert_eq!(all, expected);
    let cut = files.put("cut.parquet", &bytes[..bytes.len() - 6]);
    refusal(&cut);
}

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let date = Style::new().set_num_format("yyyy-mm-dd");
    let sheet = book.add_worksheet().set_name("临夏县").expect("named");
    sheet.write(0, 0, "某表").expect("written");
    sheet.write(2, 0, "姓名").expect("written");
    sheet.write(2, 2, "金额").expect("written");
    sheet.write(3, 0, "张三").expect("written");
    sheet.write(3, 1, 629121195603140021_f64).expect("written");
    sheet.write(3, 2, 12.5).expect("written");
    let born = ExcelDateTime::parse_from_str("1988-07-01").expect("a date");
    sheet.write_with_format(3, 3, &born, &date).expect("written");
    sheet.write(3, 4, true).expect("written");
    book.add_worksheet().set_name("空").expect("named");
    let hidden = book.add_worksheet().set_name("东乡县").expect("named");
    hidden.set_hidden(true);
    hidden.write(0, 0, "姓名").expect("written");
    hidden.write(1, 0, "李四").expect("written");
    book.save_to_buffer().expect("saved")
}

const CELLS: [&str; 3] =
    ["1 某表", "3 姓名||金额", "4 张三|6.29121195603140e17|12.5|1988-07-01|TRUE"];

#[test]
fn sheets_are_streamed_one_by_one() {
    let files = Files::new();
    let path = files.put("a.xlsx", workbook());
    let mut parts = open(&path, &Format::default()).expect("opens");
    let names: Vec<_> = parts.iter().map(|p| p.part().sheet.clone().expect("a sheet")).collect();
    assert_eq!(names, ["临夏县", "东乡县"]);
    assert_eq!(dump(parts[0].as_mut()).expect("reads"), CELLS);
    assert_eq!(dump(parts[1].as_mut()).expect("reads"), ["1 姓名", "2 李四"]);
    // In another order, and with one left in the middle.
    let mut parts = open(&path, &Format::default()).expect("opens");
    assert_eq!(dump(parts[1].as_mut()).expect("reads"), ["1 姓名", "2 李四"]);
    let mut row = RawRow::default();
    assert_eq!(parts[0].next(&mut row).expect("reads"), Next::Row);
    parts.remove(0);
    let format = Format { sheets: "东乡县".into(), ..Format::default() };
    assert_eq!(read(&path, &format).expect("reads").len(), 2);
    let format = Format { sheets: "不在".into(), ..Format::default() };
    assert!(refusal_of(&path, &format).to_string().contains("东乡县"));
}

pub fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).expect("started");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("finished").into_inner()
}

#[test]
fn zips_are_read_member_by_member() {
    let files = Files::new();
    let big = "姓名,县\n".to_owned() + &"张三,临夏县尹集镇\n".repeat(20_000);
    let mixed: String = big.lines().enumerate().map(|(i, l)| format!("{l}{i}\n")).collect();
    let bytes = zipped(&[
        ("b/工作簿.xlsx", &workbook()),
        ("a/结算.csv", mixed.as_bytes()),
        ("__MACOSX/a/._结算.csv", b"\0\0\0\0"),
    ]);
    let path = files.put("z.zip", &bytes);
    let mut parts = open(&path, &Format::default()).expect("opens");
    let names: Vec<_> = parts.iter().map(|p| p.part().file.clone()).collect();
    assert_eq!(names, ["z.zip!a/结算.csv", "z.zip!b/工作簿.xlsx", "z.zip!b/工作簿.xlsx"]);
    let all = dump(parts[0].as_mut()).expect("reads");
    assert_eq!(all.len(), 20_001);
    assert_eq!(all[20_000], "20001 张三|临夏县尹集镇20000");
    assert_eq!(dump(parts[1].as_mut()).expect("reads"), CELLS);
    assert_eq!(dump(parts[2].as_mut()).expect("reads"), ["1 姓名", "2 李四"]);
    for keep in [bytes.len() - 10, bytes.len() / 2] {
        let cut = files.put("cut.zip", &bytes[..keep]);
        assert!(refusal(&cut).to_string().contains("still arriving"));
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_the_next_step() {
    let files = Files::new();
    refusal(&files.put("empty.csv", ""));
    refusal(files.0.path());
    refusal(&files.put("a.csv", b"\x00\x01\x02\x03binary\x00\x00\x05"));
    refusal(&files.put("a.xls", "<html><table><tr><td>1</td></tr></table></html>"));
    refusal(&files.put("a.pdf", "%PDF-1.7"));
    refusal(&files.put("a.gz", b"\x1F\x8B\x08\x00"));
    refusal(&files.put("a.xlsx", &workbook()[..3000]));
    let ole = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
    let wide: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let path = files.put("b.xlsx", [ole.to_vec(), vec![0; 600], wide].concat());
    assert!(refusal(&path).to_string().contains("password"));
    refusal(&files.put("c.xls", [ole.to_vec(), vec![0xFE; 600]].concat()));
    refusal(&files.put("d.zip", zipped(&[("x/in.zip", &zipped(&[("a.csv", b"a,b\n")]))])));
    refusal(&files.put("e.zip", zipped(&[])));
    let bomb = zipped(&[("a.csv", &vec![b'a'; 4_000_000])]);
    assert!(refusal(&files.put("f.zip", bomb)).to_string().contains("100:1"));
    let path = files.put("g.xlsx", workbook());
    let csv = Format { kind: FileKind::Csv, ..Format::default() };
    assert!(refusal_of(&path, &csv).to_string().contains("XLSX"));
}

#[test]
fn ods_sheets_are_held_but_counted_first() {
    let files = Files::new();
    let ods = |columns: u32| {
        let content = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><office:document-content
            xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
            xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
            xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>
            <office:spreadsheet><table:table table:name="一"><table:table-row
            table:number-rows-repeated="2"><table:table-cell office:value-type="string"
            table:number-columns-repeated="{columns}"><text:p>姓名</text:p></table:table-cell>
            <table:table-cell office:value-type="float" office:value="12"><text:p>12</text:p>
            </table:table-cell></table:table-row></table:table></office:spreadsheet>
            </office:body></office:document-content>"#
        );
        let content = content.split_whitespace().collect::<Vec<_>>().join(" ");
        let content = content.replace("> <", "><");
        let mime = b"application/vnd.oasis.opendocument.spreadsheet";
        let manifest = br#"<?xml version="1.0"?><manifest:manifest
            xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"#;
        zipped(&[
            ("mimetype", mime),
            ("META-INF/manifest.xml", manifest),
            ("content.xml", content.as_bytes()),
        ])
    };
    let all = read(&files.put("a.ods", ods(1)), &Format::default()).expect("reads");
    assert_eq!(all, ["1 姓名|12", "2 姓名|12"]);
    let error = refusal(&files.put("b.ods", ods(9_000_000)));
    assert!(error.to_string().contains("cells"), "{error}");
}

#[test]
fn a_sheet_cut_at_the_limit_is_refused() {
    let files = Files::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "姓名").expect("written");
    sheet.write(1_048_575, 16_383, "末").expect("written");
    let path = files.put("far.xlsx", book.save_to_buffer().expect("saved"));
    assert!(refusal(&path).to_string().contains("probably cut"));
}

#[test]
fn a_full_sheet_goes_on_under_its_headings_or_is_refused() {
    let files = Files::new();
    let headings = ["编号", "姓名", "金额"];
    let full = |second: [&str; 3]| {
        let mut book = Workbook::new();
        for (last, first) in [(1_048_575, headings), (1, second)] {
            let sheet = book.add_worksheet();
            for (column, cell) in (0_u16..).zip(first) {
                sheet.write(0, column, cell).expect("written");
                sheet.write(last, column, "9").expect("written");
            }
        }
        book.save_to_buffer().expect("saved")
    };
    let path = files.put("data.xlsx", full(["J9", "测试甲", "12"]));
    assert!(refusal(&path).to_string().contains("probably cut"));
    let path = files.put("headed.xlsx", full(headings));
    let mut parts = open(&path, &Format::default()).expect("opens");
    for part in &mut parts {
        assert_eq!(dump(part.as_mut()).expect("reads").len(), 2);
    }
    assert_eq!(parts.len(), 2);
}

#[test]
#[ignore = "prints MB/s; run by hand with --nocapture"]
fn speed_is_printed() {
    let files = Files::new();
    let mut text = String::from("结算编号,身份证号,姓名,县,医疗总费用,出院日期,备注\n");
    for i in 0..400_000_u64 {
        text.push_str(&format!(
            "S{i:09},62292219560314{:04},马小龙,临夏回族自治州东乡族自治县,{}.50,2026-01-02,正常\n",
            i % 10_000,
            i % 5_000
        ));
    }
    let gb = GB18030.encode(&text).0.into_owned();
    let quoted = text.replace(",马小龙,", ",\"马小龙\",");
    for (name, bytes) in [
        ("utf8.csv", text.as_bytes()),
        ("gb.csv", &gb),
        ("quoted.csv", quoted.as_bytes()),
        ("z.zip", &zipped(&[("a.csv", text.as_bytes())])),
    ] {
        let path = files.put(name, bytes);
        let start = std::time::Instant::now();
        let columns = [column("id", &["身份证号"]), column("name", &["姓名"])];
        let format = Format::default();
        let rows = open(&path, &format).expect("opens").remove(0);
        let mut table = Table::new(rows, &columns, &format).expect("heading");
        let (mut row, mut count) = (RawRow::default(), 0);
        while table.next(&mut row).expect("reads") == Next::Row {
            count += 1;
        }
        assert_eq!(count, 400_000);
        let megabytes = text.len() as f64 / 1e6;
        eprintln!(
            "{name}: {megabytes:.0} MB, {:.0} MB/s",
            megabytes / start.elapsed().as_secs_f64()
        );
    }
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for i in 0..50_000_u32 {
        for j in 0..8 {
            sheet.write(i, j, format!("张三{}", (i + u32::from(j)) % 1000)).expect("written");
        }
    }
    let path = files.put("big.xlsx", book.save_to_buffer().expect("saved"));
    let start = std::time::Instant::now();
    assert_eq!(read(&path, &Format::default()).expect("reads").len(), 50_000);
    eprintln!("xlsx: {:.0} rows/s of 8 cells", 50_000.0 / start.elapsed().as_secs_f64());
}
