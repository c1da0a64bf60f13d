//! No cell of a CSV is taken for a formula by a spreadsheet.

use bidui::lake::csv;

use crate::support::{Bidui, copy, current, file_like, gansu, run, shared, temp};

const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠'];

/// S9.
#[test]
fn a_cell_that_begins_like_a_formula_gets_an_apostrophe() {
    for start in STARTS {
        for rest in ["1+1", "cmd|' /C calc'!A1", "", "a,b", "say \"so\"", "two\nlines"] {
            let cell = csv::cell(&format!("{start}{rest}"));
            let inner = cell.strip_prefix('"').and_then(|c| c.strip_suffix('"')).expect("quoted");
            let value = inner.replace("\"\"", "\"");
            assert_eq!(value, format!("'{start}{rest}"), "{start:?}{rest:?}");
        }
    }
}

#[test]
fn other_cells_stay_as_they_are() {
    for plain in ["", "王家村", "a=b", "1.5", "'quoted", " =1"] {
        assert_eq!(csv::cell(plain), plain);
    }
    assert_eq!(csv::cell("a,b"), "\"a,b\"");
    assert_eq!(csv::cell("a\"b"), "\"a\"\"b\"");
    assert_eq!(csv::cell("a\r\nb"), "\"a\r\nb\"");
}

/// Holds every cell of a CSV against the beginnings of formulas; the cells that were defused.
fn defused(text: &str) -> usize {
    let mut count = 0;
    for line in text.trim_start_matches('\u{feff}').lines() {
        for cell in bidui::codes::split(line) {
            assert!(!cell.starts_with(STARTS), "{cell}");
            count += usize::from(cell.starts_with("'="));
        }
    }
    count
}

/// S9: a village whose name is a formula, at the head of every message about it.
#[test]
fn a_name_from_an_extract_never_comes_out_as_a_formula() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&shared().input, &input);
    for night in ["2026-11-10", "2026-11-11"] {
        let file = file_like(&input.join(night), "行政村基本情况_");
        let bytes = std::fs::read(&file).expect("the list of villages");
        let (text, _) = encoding_rs::UTF_16LE.decode_with_bom_removal(&bytes);
        let mut wide = vec![0xFF, 0xFE];
        for (number, line) in text.lines().enumerate() {
            let mut cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
            if number > 0 {
                // The first character comes full-width, as an input method writes it.
                cells[1] = format!("{}cmd|' /C calc'!A{number}", ["=", "＝"][number % 2]);
            }
            let line = format!("{}\r\n", cells.join("\t"));
            wide.extend(line.encode_utf16().flat_map(u16::to_le_bytes));
        }
        std::fs::write(&file, wide).expect("written");
    }
    run(&gansu(), &input, &lake).go().ended(0);
    let table = std::fs::read_to_string(current(&lake).join("anomalies.csv")).expect("a table");
    assert!(defused(&table) > 0, "a village's name heads a message");
    let shown = Bidui::new("show").arg("anomalies").arg(gansu()).arg("--lake").arg(&lake);
    let shown = shown.args(&["--output", "csv"]).go().ended(0);
    assert!(defused(&shown.stdout) > 0, "{}", shown.stdout);
}
