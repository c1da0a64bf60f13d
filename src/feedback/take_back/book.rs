//! Reads a returned workbook: its hidden page, and the rows below any heading that has the column of
//! the case number, wherever it stands.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;

use super::merge::{self, Merge};
use crate::engine;
use crate::error::{Error, Result};
use crate::feed::read::{self, Next, RawRow};
use crate::feedback::seal;
use crate::lake::hash_file;
use crate::pipeline::packs::Pack;
use crate::pipeline::spec::{FileKind, Format};
use crate::privacy::{PersonKeys, hide_ids};

/// Rows of a sheet that are searched for a heading.
const HEADING_WITHIN: u64 = 40;

/// Hyphens in the number of a case: prefix, month, county, rule, serial number.
const HYPHENS: usize = 4;

/// Columns that a line of signatures fills in too.
const SIGNED: [&str; 4] = ["unit", "person", "phone", "note"];

/// The hidden page of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hidden {
    pub pack: String,
    /// Of the form that it was written by.
    pub version: String,
    pub month: String,
    pub division: String,
    pub issued: Option<NaiveDate>,
    /// Is it as bidui wrote it?
    pub genuine: bool,
    /// Seal and sheet by case number.
    pub seals: BTreeMap<String, (String, String)>,
}

/// A row below a heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnedRow {
    pub sheet: String,
    pub line: u64,
    pub number: String,
    /// Texts of the locked columns that are sealed, in the form's order; nothing when the sheet has
    /// lost one of them.
    pub sealed: Option<Vec<String>>,
    /// What stands in the columns to fill in, by their ids.
    pub filled: BTreeMap<String, String>,
    /// Its cells that are merged with those of other rows.
    pub merged: Vec<Merge>,
}

/// A row that was not read: it is broken, or above it stands no heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unread {
    pub sheet: String,
    pub line: u64,
    /// What may be the number of a case; nothing when the row is broken.
    pub number: String,
}

/// A returned file as it was read.
#[derive(Debug, Clone, Default)]
pub struct Returned {
    pub name: String,
    pub blake3: String,
    pub hidden: Option<Hidden>,
    /// There is more than one hidden page: forms were put together.
    pub several: bool,
    pub rows: Vec<ReturnedRow>,
    pub unread: Vec<Unread>,
    /// Sheet and row of lines beside the cases, such as totals and signatures.
    pub beside: Vec<(String, u64)>,
    pub notes: Vec<String>,
    /// The file said which cells are merged; else that can only be guessed.
    pub merges_known: bool,
}

impl Returned {
    /// What the ledger calls the file. Its own name may be that of a person, with the ID behind it, and
    /// the ledger keeps what it was told.
    pub fn known_as(&self) -> String {
        let ending = Path::new(&self.name).extension().and_then(|e| e.to_str()).unwrap_or_default();
        let mark = self.blake3.get(..8).unwrap_or_default();
        let letters = ending.bytes().all(|b| b.is_ascii_alphabetic());
        match letters && (1..=4).contains(&ending.len()) {
            true => format!("反馈表-{mark}.{}", ending.to_lowercase()),
            false => format!("反馈表-{mark}"),
        }
    }
}

/// Width and letter forms do not matter, nor do spaces inside.
pub fn folded(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).collect()
}

/// Reads a file.
///
/// # Errors
/// It cannot be opened, is no workbook, damaged, or too large to be one of ours; its reader panicked.
pub fn read(path: &Path, form: &Pack, keys: &PersonKeys) -> Result<Returned> {
    spared(path, || whole(path, form, keys))
}

/// A reader that panics costs the file that it reads, and none of those that come with it.
fn spared(path: &Path, read: impl FnOnce() -> Result<Returned>) -> Result<Returned> {
    engine::quietly(read).unwrap_or_else(|| {
        let name = hide_ids(&path.file_name().unwrap_or_default().to_string_lossy());
        Err(Error::gate(format!("{name}: that it stopped its reader is a fault of bidui")))
    })
}

fn whole(path: &Path, form: &Pack, keys: &PersonKeys) -> Result<Returned> {
    let format = Format { kind: FileKind::Auto, ..Format::default() };
    // Opened first: this error does not say in which folder the file lies, and the county gets it.
    let parts = read::open(path, &format)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut returned = Returned { name, blake3: hash_file(path)?, ..Returned::default() };
    let mut unknown: BTreeMap<String, ()> = BTreeMap::new();
    let mut columns: BTreeMap<String, Columns> = BTreeMap::new();
    for mut rows in parts {
        let sheet = rows.part().sheet.clone().unwrap_or_else(|| returned.name.clone());
        let (own, unread, beside) = (Vec::new(), Vec::new(), Vec::new());
        let mut page = Page { form, sheet, columns: None, hidden: None, rows: own, unread, beside };
        let mut row = RawRow::default();
        loop {
            match rows.next(&mut row)? {
                Next::End => break,
                Next::Row => page.take(&row, &mut unknown),
                Next::Broken { line, .. } if page.columns.is_some() => {
                    page.left(line, String::new());
                }
                Next::Broken { line, .. } => {
                    returned.notes.push(format!("工作表“{}”第{line}行无法读取", page.sheet));
                }
            }
        }
        if let Some(lines) = page.hidden {
            returned.several |= returned.hidden.is_some();
            returned.hidden = Some(hidden(&lines, keys));
        }
        columns.extend(page.columns.map(|c| (page.sheet, c)));
        returned.rows.append(&mut page.rows);
        returned.unread.append(&mut page.unread);
        returned.beside.append(&mut page.beside);
    }
    merge::mark(path, form, &columns, &mut returned);
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.keys().map(String::as_str).collect();
        returned.notes.push(format!("未约定的列未读取：{}", names.join("、")));
    }
    if has_macros(path) {
        returned.notes.push("文件带宏，宏未运行、未保留".into());
    }
    Ok(returned)
}

/// A workbook with macros keeps them in a member of this name.
fn has_macros(path: &Path) -> bool {
    let file = std::fs::File::open(path).ok().map(std::io::BufReader::new);
    let zip = file.and_then(|f| zip::ZipArchive::new(f).ok());
    zip.is_some_and(|z| z.file_names().any(|n| n.ends_with("vbaProject.bin")))
}

/// Which column of a sheet is which.
pub(super) struct Columns {
    pub number: usize,
    sealed: Option<Vec<usize>>,
    pub filled: Vec<(String, usize)>,
}

struct Page<'a> {
    form: &'a Pack,
    sheet: String,
    columns: Option<Columns>,
    hidden: Option<Vec<Vec<String>>>,
    rows: Vec<ReturnedRow>,
    unread: Vec<Unread>,
    beside: Vec<(String, u64)>,
}

/// Is it a line beside the cases? It has no number of a case, and answers nothing.
fn is_beside(number: &str, filled: &BTreeMap<String, String>) -> bool {
    let signs = |id: &String| SIGNED.contains(&id.as_str());
    number.matches('-').count() < HYPHENS && filled.keys().all(signs)
}

impl Page<'_> {
    /// Notes a row that is not read.
    fn left(&mut self, line: u64, number: String) {
        self.unread.push(Unread { sheet: self.sheet.clone(), line, number });
    }

    fn take(&mut self, row: &RawRow, unknown: &mut BTreeMap<String, ()>) {
        if self.columns.is_none() && self.rows.is_empty() && row.cell(0) == seal::MARK {
            self.hidden = Some(Vec::new());
        }
        if let Some(lines) = &mut self.hidden {
            lines.push(row.cells().map(str::to_owned).collect());
        } else if let Some(columns) = self.columns.as_ref() {
            let number = folded(row.cell(columns.number));
            let texts = |place: &usize| seal::plain(row.cell(*place)).to_owned();
            let filled: BTreeMap<String, String> = columns
                .filled
                .iter()
                .map(|(id, at)| (id.clone(), seal::plain(row.cell(*at)).trim().to_owned()))
                .filter(|(_, text)| !text.is_empty())
                .collect();
            // A second heading, as when two forms were pasted together, is none of the rows.
            let heading = number == folded(&self.heading_of_number());
            let blank = number.is_empty() && filled.is_empty();
            if !heading && !blank && is_beside(&number, &filled) {
                self.beside.push((self.sheet.clone(), row.line));
            } else if !heading && !blank {
                let sealed = columns.sealed.as_ref().map(|s| s.iter().map(texts).collect());
                let (sheet, line) = (self.sheet.clone(), row.line);
                let merged = Vec::new();
                self.rows.push(ReturnedRow { sheet, line, number, sealed, filled, merged });
            }
        } else {
            if row.line <= HEADING_WITHIN {
                self.columns = self.find(row, unknown);
            }
            for number in row.cells().map(folded).filter(|c| c.matches('-').count() >= HYPHENS) {
                self.left(row.line, number);
            }
        }
    }

    fn heading_of_number(&self) -> String {
        let column = self.form.columns.iter().find(|c| c.id == "number");
        column.map(|c| c.zh.clone()).unwrap_or_default()
    }

    /// The columns, when this row is a heading: it has the case number and the result.
    fn find(&self, row: &RawRow, unknown: &mut BTreeMap<String, ()>) -> Option<Columns> {
        let cells: Vec<String> = row.cells().map(folded).collect();
        let place = |zh: &str| cells.iter().position(|c| *c == folded(zh));
        let number = place(&self.heading_of_number())?;
        let filled: Vec<(String, usize)> =
            self.form.fill.iter().filter_map(|f| Some((f.id.clone(), place(&f.zh)?))).collect();
        filled.iter().find(|(id, _)| id == "result")?;
        let form = self.form;
        let sealed = form
            .columns
            .iter()
            .filter(|c| !crate::feedback::sheet::UNSEALED.contains(&c.id.as_str()));
        let known = |cell: &String| {
            let own = |zh: &str| folded(zh) == *cell;
            form.columns.iter().any(|c| own(&c.zh))
                || form.fill.iter().any(|c| own(&c.zh))
                || form.review.iter().any(|c| own(c))
        };
        for cell in cells.iter().filter(|c| !c.is_empty() && !known(c)) {
            unknown.insert(hide_ids(cell).chars().take(20).collect(), ());
        }
        let sealed = sealed.map(|c| place(&c.zh)).collect();
        Some(Columns { number, sealed, filled })
    }
}

/// What the hidden page says.
fn hidden(lines: &[Vec<String>], keys: &PersonKeys) -> Hidden {
    let cell = |line: &Vec<String>, at: usize| line.get(at).cloned().unwrap_or_default();
    let value = |name: &str| {
        let line = lines.iter().find(|l| cell(l, 0) == name);
        line.map(|l| seal::plain(&cell(l, 1)).to_owned()).unwrap_or_default()
    };
    let values: Vec<String> = seal::HEAD.iter().map(|n| value(n)).collect();
    let before: Vec<&str> = values[..values.len() - 1].iter().map(String::as_str).collect();
    let begin = lines.iter().position(|l| cell(l, 0) == seal::COLUMNS[0]);
    let list = begin.map_or(&[][..], |at| &lines[at + 1..]);
    let entry = |l: &Vec<String>| (seal::plain(&cell(l, 0)).to_owned(), (cell(l, 2), cell(l, 1)));
    let seals: BTreeMap<_, _> = list.iter().filter(|l| !cell(l, 0).is_empty()).map(entry).collect();
    let whole = value("rows").parse() == Ok(seals.len());
    Hidden {
        pack: value("pack"),
        version: value("form_version"),
        month: value("month"),
        division: value("division"),
        issued: value("issued").parse().ok(),
        genuine: whole && values.last() == Some(&seal::head(keys, &before)),
        seals,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_panics_refuses_its_file_and_no_other() {
        let path = Path::new("收件/回执_629101198505050018.xlsx");
        let said = spared(path, || -> Result<Returned> { panic!("somebody's value") });
        let error = said.expect_err("it is refused");
        assert!(error.message.contains("is a fault of bidui"), "{error}");
        for text in ["somebody", "629101", "收件"] {
            assert!(!error.message.contains(text), "{error}");
        }
    }
}
