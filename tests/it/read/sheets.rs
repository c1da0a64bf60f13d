//! Workbooks of several sheets as they are taken in: each sheet is read, or is no data, or nothing
//! of the delivery is used.

use std::io::{Cursor, Read, Write};

use rust_xlsxwriter::Workbook;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::bombs::pipeline;
use crate::mini::mini;
use crate::support::{Bidui, copy, list, number, run, temp, text};

const HEADINGS: [&str; 4] = ["单号", "号码", "姓名", "金额"];
const FIRST: [&str; 4] = ["P1", "", "测试甲", "8.00"];
const SECOND: [&str; 4] = ["P2", "", "测试乙", "9.00"];
const BOOK: &str = "缴费_20261101b.xlsx";

fn workbook(sheets: &[Vec<[&str; 4]>]) -> Vec<u8> {
    let mut book = Workbook::new();
    for rows in sheets {
        let sheet = book.add_worksheet();
        for (at, row) in (0_u32..).zip(rows) {
            for (column, cell) in (0_u16..).zip(row) {
                sheet.write_string(at, column, *cell).expect("written");
            }
        }
    }
    book.save_to_buffer().expect("saved")
}

/// The workbook with a text of one of its members replaced.
fn damaged(book: &[u8], member: &str, from: &str, to: &str) -> Vec<u8> {
    changed(book, member, |xml| {
        assert!(xml.contains(from), "{member} holds {from}");
        xml.replace(from, to)
    })
}

/// The workbook with cells of its first sheet replaced, by their places.
fn with_cells(book: &[u8], cells: &[(&str, &str)]) -> Vec<u8> {
    changed(book, "xl/worksheets/sheet1.xml", |xml| {
        let mut xml = xml.to_owned();
        for (place, cell) in cells {
            let from = xml.find(&format!("<c r=\"{place}\"")).expect("the cell");
            let to = from + xml[from..].find("</c>").expect("its end") + "</c>".len();
            xml.replace_range(from..to, &format!("<c r=\"{place}\"{cell}</c>"));
        }
        xml
    })
}

/// The workbook with one of its members changed.
fn changed(book: &[u8], member: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut all = ZipArchive::new(Cursor::new(book)).expect("a zip");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..all.len() {
        let mut file = all.by_index(at).expect("a member");
        let (name, mut xml) = (file.name().to_owned(), String::new());
        file.read_to_string(&mut xml).expect("text");
        if name == member {
            xml = change(&xml);
        }
        zip.start_file(name.as_str(), SimpleFileOptions::default()).expect("started");
        zip.write_all(xml.as_bytes()).expect("written");
    }
    zip.finish().expect("finished").into_inner()
}

/// What the night says of a delivery of these files.
fn night(files: &[(&str, &[u8])]) -> Value {
    let home = temp();
    let input = home.path().join("input");
    let folder = input.join("2026-11-10");
    copy(&mini().input.join("2026-11-10"), &folder);
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
    let said = run(&pipeline(home.path()), &input, &home.path().join("lake")).go().ended(0);
    let night = said.json().pop().expect("a night");
    let own = |d: &&Value| text(d, "period") == "2026-11-01";
    list(&night, "deliveries").iter().find(own).expect("the delivery").clone()
}

/// What the night says of a workbook, which the try-out says too.
fn judged(bytes: &[u8]) -> Value {
    let line = night(&[(BOOK, bytes)]);
    let home = temp();
    let file = home.path().join(BOOK);
    std::fs::write(&file, bytes).expect("written");
    let command = Bidui::new("try").arg("--pipeline").arg(pipeline(home.path())).arg(&file);
    let code = i32::from(text(&line, "verdict") == "refused");
    let tried = command.args(&["-o", "json"]).go().ended(code).json().remove(0);
    for same in ["verdict", "rows", "used", "quarantined"] {
        assert_eq!(tried[same], line[same], "{same}: {tried}");
    }
    line
}

#[test]
fn a_sheet_of_explanations_is_passed_over() {
    let notes = ["填表说明", "金额以元为单位", "", ""];
    let line = judged(&workbook(&[vec![HEADINGS, FIRST], vec![notes]]));
    assert_eq!((text(&line, "verdict"), number(&line, "used")), ("accepted", 1));
    assert!(line["notes"].to_string().contains("passed over, "), "{line}");
}

#[test]
fn a_damaged_sheet_is_not_passed_over() {
    let whole = workbook(&[vec![HEADINGS, FIRST], vec![HEADINGS, SECOND, SECOND]]);
    assert_eq!(text(&judged(&whole), "verdict"), "accepted");
    // Its last row claims to be its first.
    let line = judged(&damaged(&whole, "xl/worksheets/sheet2.xml", r#"r="A3""#, r#"r="A1""#));
    assert_eq!(text(&line, "verdict"), "refused", "{line}");
    assert!(line["notes"].to_string().contains("cells out of order"), "{line}");
}

/// A correction in one folder with what it corrects is no delivery of its own.
#[test]
fn a_correction_beside_its_original_is_told() {
    let first =
        "单号,号码,姓名,金额\nP1,,测试甲,7.00\nP2,,测试乙,8.00\nP3,,测试丙,9.00\n".as_bytes();
    let mended = "单号,号码,姓名,金额\nP1,,测试甲,7.00\nP2,,测试乙,8.00\n".as_bytes();
    let other = "单号,号码,姓名,金额\nP1,,测试甲,7.00\nP4,,测试丁,8.00\n".as_bytes();
    let names = ["缴费_20261101a.csv", "缴费_20261101b.csv"];
    for (second, told) in [(mended, true), (other, false)] {
        let line = night(&[(names[0], first), (names[1], second)]);
        assert_eq!(text(&line, "verdict"), "accepted", "{line}");
        let said = line["notes"]
            .to_string()
            .contains("20261101b.csv: 2 of its 2 rows are in another file");
        assert_eq!(said, told, "{line}");
    }
}

#[test]
fn a_file_whose_later_sheet_is_refused_is_not_used_in_part() {
    let good = "单号,号码,姓名,金额\nP9,,测试丙,7.00\n".as_bytes();
    let lacks = ["单号", "号码", "姓名", "备注"];
    let book = workbook(&[vec![HEADINGS, FIRST], vec![lacks, SECOND]]);
    let line = night(&[("缴费_20261101a.csv", good), (BOOK, &book)]);
    assert_eq!(text(&line, "verdict"), "refused", "{line}");
    assert!(line["notes"].to_string().contains("no column 金额"), "{line}");
    // A file of which nothing was read does not stand in the way of the other.
    let line = night(&[("缴费_20261101a.csv", good), (BOOK, &book[..book.len() / 2])]);
    assert_eq!((text(&line, "verdict"), number(&line, "used")), ("accepted", 1), "{line}");
}

/// Programs that do not work out formulas leave the result out; one that is an empty text is a result.
#[test]
fn a_formula_without_its_result_is_no_empty_cell() {
    let rows = ["P1", "P2", "P3", "P4"].map(|number| [number, "", "测试甲", "8.00"]);
    let book = workbook(&[[&[HEADINGS][..], &rows].concat()]);
    let line = judged(&with_cells(
        &book,
        &[
            ("C2", "><f>A2&amp;\"甲\"</f><v/>"),
            ("C3", " t=\"str\"><f>IF(TRUE,\"\",\"甲\")</f><v></v>"),
            ("D4", "><f>4+4</f>"),
            ("D5", "><f>4+4</f><v>8</v>"),
        ],
    ));
    let counts = ["rows", "used", "quarantined"].map(|name| number(&line, name));
    assert_eq!(counts, [4, 2, 2], "{line}");
}

/// New versions of Excel have errors that the library of workbooks does not know.
#[test]
fn an_unknown_error_costs_its_row() {
    let rows = ["P1", "P2", "P3", "P4", "P5"].map(|number| [number, "", "测试甲", "8.00"]);
    let book = workbook(&[[&[HEADINGS][..], &rows].concat(), vec![HEADINGS, FIRST]]);
    let error = |text: &str| format!(" t=\"e\"><f>X()</f><v>{text}</v>");
    let [spill, odd, getting] = ["#SPILL!", "#ODD", "#GETTING_DATA"].map(error);
    // The last cell of a row and the first of another; those between them are whole.
    let cells = [("D2", &*spill), ("A4", &*odd), ("C6", &*getting)];
    let line = judged(&with_cells(&book, &cells));
    let counts = ["rows", "used", "quarantined"].map(|name| number(&line, name));
    assert_eq!(counts, [6, 3, 3], "{line}");
}

#[test]
fn cells_that_are_merged_over_rows_are_said() {
    let below = [["P2", "", "", "9.00"], ["P3", "", "", "7.00"]];
    let book = workbook(&[[&[HEADINGS, FIRST][..], &below].concat()]);
    let merged = |cells: &str| {
        let cells = format!("</sheetData><mergeCells count=\"1\">{cells}</mergeCells>");
        judged(&damaged(&book, "xl/worksheets/sheet1.xml", "</sheetData>", &cells))
    };
    let line = merged(r#"<mergeCell ref="F2:G4"/><mergeCell ref="B3:C4"/>"#);
    assert_eq!((text(&line, "verdict"), number(&line, "used")), ("accepted", 3), "{line}");
    let notes = line["notes"].to_string();
    assert!(notes.contains("cells of 号码 are merged over rows 3 to 4; only"), "{notes}");
    let line = merged(r#"<mergeCell ref="A1:B1"/><mergeCell ref="C1:C2"/>"#);
    assert!(!line["notes"].to_string().contains("merged"), "{line}");
}

/// A day in a cell without a format of days is a number, from whichever year its workbook counts.
#[test]
fn days_are_counted_from_where_the_workbook_says() {
    let home = temp();
    let folder = home.path().join("pipeline");
    copy(&mini().pipeline, &folder);
    let feed = folder.join("feeds/resident.yaml");
    let text = std::fs::read_to_string(&feed).expect("a feed");
    std::fs::write(&feed, text.replace(".csv\"", ".xlsx\"")).expect("written");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, cell) in (0_u16..).zip(["号码", "姓名", "出生日期", "区划"]) {
        sheet.write_string(0, column, cell).expect("written");
    }
    sheet.write_string(1, 1, "测试甲").expect("written");
    sheet.write_number(1, 2, 19_000).expect("written");
    sheet.write_string(1, 3, "620122").expect("written");
    let from_1900 = book.save_to_buffer().expect("saved");
    let from_1904 = changed(&from_1900, "xl/workbook.xml", |xml| {
        assert!(xml.contains("<workbookPr"), "{xml}");
        xml.replace("<workbookPr", "<workbookPr date1904=\"1\"")
    });
    // It is 1956-01-08 when it is counted from 1904, else a day before all that are believed.
    for (bytes, used) in [(from_1900, 0), (from_1904, 1)] {
        let file = home.path().join("人口_20261101.xlsx");
        std::fs::write(&file, bytes).expect("written");
        let command = Bidui::new("try").arg("--pipeline").arg(&folder).arg(&file);
        let said = command.args(&["-o", "json"]).go().ended(i32::from(used == 0)).json().remove(0);
        assert_eq!((number(&said, "rows"), number(&said, "used")), (1, used), "{said}");
    }
}
