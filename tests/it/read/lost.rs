//! What holds in every kind of file: a character that was lost before costs its row, and a row without
//! a cell is none.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use bidui::feed::read::reason;
use encoding_rs::GB18030;
use parquet::arrow::ArrowWriter;
use rust_xlsxwriter::Workbook;

use super::{Files, column, table_rows};

const NAMES: [&str; 4] = ["测试甲", "测\u{FFFD}乙", "测试丙", "测试丁"];

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, name) in (0_u32..).zip(["姓名"].iter().chain(&NAMES)) {
        sheet.write(at, 0, *name).expect("written");
        sheet.write(at, 1, "县").expect("written");
    }
    book.save_to_buffer().expect("saved")
}

/// A Parquet file of names and counties.
fn parquet(names: &[Option<&str>], counties: &[Option<&str>]) -> Vec<u8> {
    let texts = |texts: &[Option<&str>]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
    let columns = [("姓名", texts(names), true), ("县", texts(counties), true)];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("a batch");
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    bytes
}

#[test]
fn a_lost_character_costs_its_row_in_every_kind_of_file() {
    let files = Files::new();
    let lines = |form: &dyn Fn(&str) -> String| NAMES.map(form).concat();
    let text = format!("姓名,县\n{}", lines(&|name| format!("{name},县\n")));
    let json = lines(&|name| format!("{{\"姓名\":\"{name}\",\"县\":\"县\"}}\n"));
    // Its encoders write the lost character as another one, and its decoders read it.
    let (before, after) = text.split_once('\u{FFFD}').expect("a lost character");
    let (before, after) = (GB18030.encode(before).0, GB18030.encode(after).0);
    let gb18030 = [&*before, b"\x84\x31\xA4\x37", &*after].concat();
    let (counties, nuls) = ([Some("县"); 4], NAMES.map(|name| name.replace('\u{FFFD}', "\0")));
    for (name, bytes, why) in [
        ("a.csv", text.clone().into_bytes(), reason::REPLACED),
        ("b.csv", gb18030, reason::REPLACED),
        ("c.ndjson", json.clone().into_bytes(), reason::REPLACED),
        ("d.ndjson", json.replace('\u{FFFD}', "\\ufffd").into_bytes(), reason::REPLACED),
        ("e.ndjson", json.replace('\u{FFFD}', "\\u0000").into_bytes(), reason::NUL),
        ("f.xlsx", workbook(), reason::REPLACED),
        ("g.parquet", parquet(&NAMES.map(Some), &counties), reason::REPLACED),
        ("h.parquet", parquet(&nuls.each_ref().map(|n| Some(n.as_str())), &counties), reason::NUL),
    ] {
        let path = files.put(name, bytes);
        let (_, all) = table_rows(&path, &[column("name", &["姓名"]), column("county", &["县"])]);
        let broken: Vec<bool> = all.iter().map(|row| row.starts_with('!')).collect();
        assert_eq!(broken, [false, true, false, false], "{name}: {all:?}");
        assert!(all[1].ends_with(why), "{name}: {all:?}");
    }
}

/// Without a cell there is no row, in whatever way a file says that.
#[test]
fn a_row_without_a_cell_is_layout_in_every_kind_of_file() {
    let files = Files::new();
    let county = Some("县");
    for (name, bytes) in [
        ("a.csv", "姓名,县\n测试甲,县\n , \n测试乙,县\n".as_bytes().to_vec()),
        ("b.ndjson", "{\"姓名\":\"测试甲\",\"县\":\"县\"}\n{}\n{\"姓名\":\"测试乙\"}\n".into()),
        ("c.parquet", parquet(&[Some("测试甲"), None, Some("测试乙")], &[county, Some(" "), None])),
    ] {
        let path = files.put(name, bytes);
        let columns = [column("name", &["姓名"]), column("county", &["县"])];
        let (table, all) = table_rows(&path, &columns);
        assert_eq!(all.len(), 2, "{name}: {all:?}");
        let titles = table.header().layout_rows;
        assert_eq!(table.layout_rows() - titles, 1, "{name}");
    }
}
