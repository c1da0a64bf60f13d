//! Tables as CSV for spreadsheets: none takes a cell for a formula.

use std::io::Write;
use std::path::Path;

use super::durable;
use crate::error::{Error, Result};

/// Text that is written at a stroke.
const BLOCK_BYTES: usize = 1 << 16;

/// Writes a table with its heading, as UTF-8 with a byte order mark: so a spreadsheet opens it well.
///
/// # Errors
/// What the disk says.
pub fn write(
    path: &Path,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<()> {
    let mut file = durable::Writer::create(path)?;
    let mut text = format!("\u{feff}{}\r\n", columns.join(","));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|value| cell(value)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
        if text.len() > BLOCK_BYTES {
            file.write_all(text.as_bytes()).map_err(|e| Error::io("write", path, &e))?;
            text.clear();
        }
    }
    file.write_all(text.as_bytes()).map_err(|e| Error::io("write", path, &e))?;
    file.finish()
}

/// A cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe.
pub fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    if formula || value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value
    }
}
