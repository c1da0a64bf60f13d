//! What a returned form is recognised by: the hidden page, a seal for each row, and texts that no
//! spreadsheet takes for a formula.

use crate::privacy::{PersonKeys, key_text};

/// First cell of the hidden page.
pub const MARK: &str = "bidui-pack";
/// Version of its layout.
pub const LAYOUT: &str = "1";
/// Names of the values at its top, one row each, in this order: name, value.
pub const HEAD: [&str; 13] = [
    MARK,
    "pack",
    "form",
    "form_version",
    "month",
    "batch",
    "division",
    "issued",
    "ledger_seq",
    "ledger_hash",
    "shown",
    "rows",
    "seal",
];
/// Headings of its list of rows, which follows after an empty row.
pub const COLUMNS: [&str; 3] = ["number", "sheet", "seal"];

/// Beginnings that a spreadsheet takes for a formula.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠'];

/// Characters that a cell of XLSX holds at most.
const CELL: usize = 32_000;

/// A text for a cell: one that begins like a formula gets an apostrophe; a very long one is cut.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    // A text that has an apostrophe there already gets one more, so that `plain` takes off one.
    if text.trim_start_matches('\'').starts_with(FORMULA) {
        out.push('\'');
    }
    out.extend(text.chars().take(CELL));
    out
}

/// The text that [`safe`] was given.
pub fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => cell,
    }
}

/// The seal of a row: keyed, over the pack, the case number and what stands in the locked cells of
/// text (columns of counts and of states that move are left out).
pub fn row(keys: &PersonKeys, pack: &str, number: &str, cells: &[&str]) -> String {
    let mut parts = vec![pack, number];
    parts.extend(cells);
    key_text(keys.derived("pack-row", &parts))
}

/// The seal of a hidden page: over its values before the seal.
pub fn head(keys: &PersonKeys, values: &[&str]) -> String {
    key_text(keys.derived("pack-head", values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was() {
        for start in FORMULA
            .iter()
            .map(char::to_string)
            .chain(["'=", "''=", "'", "a", ""].map(str::to_owned))
        {
            for rest in ["", "1+1", "cmd|' /C calc'!A1", "王家村"] {
                let text = format!("{start}{rest}");
                let cell = safe(&text);
                assert!(!cell.starts_with(FORMULA), "{text:?} is {cell:?}");
                assert_eq!(plain(&cell), text);
            }
        }
    }

    #[test]
    fn a_seal_needs_the_key_and_every_cell() {
        let keys = PersonKeys::new(b"secret of a test");
        let own = row(&keys, "GS-2026-10-620423", "n1", &["a", "b"]);
        assert_eq!(own, row(&keys, "GS-2026-10-620423", "n1", &["a", "b"]));
        for other in [
            row(&keys, "GS-2026-10-620422", "n1", &["a", "b"]),
            row(&keys, "GS-2026-10-620423", "n2", &["a", "b"]),
            row(&keys, "GS-2026-10-620423", "n1", &["ab", ""]),
            row(&PersonKeys::new(b"another"), "GS-2026-10-620423", "n1", &["a", "b"]),
        ] {
            assert_ne!(own, other);
        }
    }
}
