//! A county's form that a test can fill in, spoil and save, as any spreadsheet program would.

use std::path::{Path, PathBuf};

use calamine::Reader;

pub const NUMBER: &str = "督办编号";
/// The cells of a complete answer.
pub const FIXED: [(&str, &str); 9] = [
    ("核查日期", "2026-11-11"),
    ("核查方式", "入户"),
    ("核查结果", "属实已整改"),
    ("原因类别", "其他"),
    ("整改措施", "已更正"),
    ("完成日期", "2026-11-11"),
    ("佐证材料编号", "ZZ-1"),
    ("责任单位", "县卫健局"),
    ("责任人", "某某"),
];

pub type Rows = Vec<Vec<String>>;

/// A returned form that can be spoilt and saved, as any spreadsheet program would save it.
#[derive(Clone)]
pub struct Form {
    pub sheets: Vec<(String, Rows)>,
    /// Merged cells: sheet, first row and column, last row and column, from 0.
    pub merged: Vec<(String, [usize; 4])>,
}

impl Form {
    pub fn open(path: &Path) -> Self {
        let mut book = calamine::open_workbook_auto(path).expect("a workbook");
        let mut sheets = Vec::new();
        for name in book.sheet_names() {
            let range = book.worksheet_range(&name).expect("a sheet");
            let (height, width) = range.end().map_or((0, 0), |(r, c)| (r + 1, c + 1));
            let cell = |r, c| range.get_value((r, c)).map_or_else(String::new, ToString::to_string);
            let row = |r: u32| (0..width).map(|c| cell(r, c)).collect();
            sheets.push((name, (0..height).map(row).collect()));
        }
        Self { sheets, merged: Vec::new() }
    }

    pub fn save(&self, path: &Path) -> PathBuf {
        let mut book = rust_xlsxwriter::Workbook::new();
        for (name, rows) in &self.sheets {
            let sheet = book.add_worksheet();
            sheet.set_name(name).expect("a name");
            for (r, row) in rows.iter().enumerate() {
                for (c, text) in row.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
                    sheet.write_string(r as u32, c as u16, text).expect("a cell");
                }
            }
            for (_, [top, left, bottom, right]) in self.merged.iter().filter(|(s, _)| s == name) {
                // As a spreadsheet does it: the first cell's text stays.
                let (text, look) = (&rows[*top][*left], rust_xlsxwriter::Format::new());
                let (first, last) = ((*top as u32, *left as u16), (*bottom as u32, *right as u16));
                let merged = sheet.merge_range(first.0, first.1, last.0, last.1, text, &look);
                merged.expect("merged cells");
            }
        }
        book.save(path).expect("a file");
        path.to_owned()
    }

    /// The sheets of themes with the place of their heading.
    pub fn themes(&mut self) -> impl Iterator<Item = (&mut Rows, usize)> {
        self.sheets.iter_mut().filter_map(|(_, rows)| {
            let at = rows.iter().position(|r| r.iter().any(|c| c == NUMBER))?;
            Some((rows, at))
        })
    }

    /// Numbers of all cases, sheet by sheet.
    pub fn numbers(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        for (rows, at) in self.themes() {
            let column = place(&rows[at], NUMBER);
            all.extend(rows[at + 1..].iter().map(|r| r[column].clone()).filter(|n| n.len() > 9));
        }
        all
    }

    pub fn row(&mut self, number: &str) -> (&mut Vec<String>, Vec<String>) {
        let (rows, at) = self
            .themes()
            .find(|(rows, _)| rows.iter().any(|r| r.contains(&number.to_owned())))
            .expect("the case stands in the form");
        let heading = rows[at].clone();
        let row = rows.iter_mut().find(|r| r.contains(&number.to_owned()));
        (row.expect("the case's row"), heading)
    }

    /// Merges the cells of a column from the row of one case to that of another, as counties do that
    /// give one answer to several.
    pub fn merge(&mut self, column: &str, from: &str, to: &str) {
        let row_of =
            |rows: &Rows, number: &str| rows.iter().position(|r| r.iter().any(|c| c == number));
        let place = self.sheets.iter().find_map(|(name, rows)| {
            let (top, bottom) = (row_of(rows, from)?, row_of(rows, to)?);
            let at = rows.iter().find_map(|r| r.iter().position(|c| c == column))?;
            Some((name.clone(), [top, at, bottom, at]))
        });
        self.merged.push(place.expect("both cases stand on one sheet"));
    }

    pub fn put(&mut self, number: &str, cells: &[(&str, &str)]) {
        let (row, heading) = self.row(number);
        for (name, text) in cells {
            row[place(&heading, name)] = (*text).to_owned();
        }
    }

    pub fn with(mut self, number: &str, cells: &[(&str, &str)]) -> Self {
        self.put(number, &FIXED);
        self.put(number, cells);
        self
    }
}

pub fn place(heading: &[String], name: &str) -> usize {
    heading.iter().position(|h| h == name).unwrap_or_else(|| panic!("no heading {name}"))
}
