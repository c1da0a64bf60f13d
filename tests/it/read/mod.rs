//! Files of every kind and with every damage, read back row by row.

mod books;
mod lost;
mod sheets;
mod text;
pub mod xls;
mod zips;

use std::path::{Path, PathBuf};

use bidui::error::{Error, Kind, Result};
use bidui::feed::read::{Next, RawRow, Rows, Table, open, open_extract};
use bidui::pipeline::spec::{FeedColumn, Format};
use tempfile::TempDir;

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }
}

/// Everything of a part: rows as cells joined by a bar, broken rows as `!line reason`.
fn dump(rows: &mut dyn Rows) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let mut row = RawRow::default();
    loop {
        match rows.next(&mut row)? {
            Next::Row => all.push(format!("{} {}", row.line, joined(&row))),
            Next::Broken { line, reason, .. } => all.push(format!("!{line} {reason}")),
            Next::End => return Ok(all),
        }
    }
}

fn joined(row: &RawRow) -> String {
    row.cells().collect::<Vec<_>>().join("|")
}

fn read(path: &Path, format: &Format) -> Result<Vec<String>> {
    let mut parts = open(path, format)?;
    assert_eq!(parts.len(), 1);
    dump(parts[0].as_mut())
}

fn refusal(path: &Path) -> Error {
    refusal_of(path, &Format::default())
}

fn refusal_of(path: &Path, format: &Format) -> Error {
    let found = open(path, format).and_then(|mut parts| {
        for part in &mut parts {
            dump(part.as_mut())?;
        }
        Ok(())
    });
    let error = found.expect_err("refused");
    assert_eq!(error.kind, Kind::Gate, "{error}");
    assert!(!error.hints.is_empty(), "{error} says what to do next");
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(error.to_string().contains(&name), "{error} names the file");
    error
}

fn column(to: &str, from: &[&str]) -> FeedColumn {
    FeedColumn {
        to: to.into(),
        from: from.iter().map(|s| (*s).into()).collect(),
        ..FeedColumn::default()
    }
}

fn table_rows(path: &Path, columns: &[FeedColumn]) -> (Table, Vec<String>) {
    let format = Format::default();
    let rows = open_extract(path, &format, columns).expect("opens").remove(0);
    let mut table = Table::new(rows, columns, &format).expect("heading found");
    let mut all = Vec::new();
    let mut row = RawRow::default();
    loop {
        match table.next(&mut row).expect("reads") {
            Next::Row => all.push(format!("{} {}", row.line, joined(&row))),
            Next::Broken { line, reason, .. } => all.push(format!("!{line} {reason}")),
            Next::End => return (table, all),
        }
    }
}
