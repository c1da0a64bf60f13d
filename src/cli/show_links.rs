//! `bidui show links`: rows that nobody's evidence settles, for the people of the identity desk, and
//! persons who were merged or split.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use crate::error::Result;
use crate::identity::{Event, Evidence, events, reviews};

/// Whose person is another one than the night before.
///
/// # Errors
/// The night has no such table, or its file is damaged.
pub(super) fn happened(folder: &Path) -> Result<RecordBatch> {
    let lines = events(folder)?;
    let text = |f: &dyn Fn(&Event) -> String| -> ArrayRef {
        Arc::new(lines.iter().map(|l| Some(f(l))).collect::<StringArray>())
    };
    let rows = lines.iter().map(|l| Some(l.rows)).collect::<Int64Array>();
    super::show::columns(vec![
        ("date", text(&|l| l.date.to_string())),
        ("kind", text(&|l| l.kind.word().to_owned())),
        ("from_key", text(&|l| l.from_key.clone())),
        ("to_key", text(&|l| l.to_key.clone())),
        ("step", text(&|l| l.step.clone())),
        ("mention", text(&|l| l.mention.clone())),
        ("table", text(&|l| l.table.clone())),
        ("rows", Arc::new(rows)),
    ])
}

/// Rows that are left to people.
///
/// # Errors
/// The night has no review table, or its file is damaged.
pub(super) fn open(folder: &Path) -> Result<RecordBatch> {
    let lines = reviews(folder, None)?;
    let text = |f: &dyn Fn(&Evidence) -> String| -> ArrayRef {
        Arc::new(lines.iter().map(|l| Some(f(l))).collect::<StringArray>())
    };
    let number = |f: &dyn Fn(&Evidence) -> i64| -> ArrayRef {
        Arc::new(lines.iter().map(|l| Some(f(l))).collect::<Int64Array>())
    };
    let why = |l: &Evidence| {
        let part = |p: &crate::identity::Part| format!("{} {:+.1}", p.zh, p.bits);
        l.parts.iter().skip(1).map(part).collect::<Vec<_>>().join(" | ")
    };
    let row = |l: &Evidence| format!("{}:{}:{}", l.table, l.delivery, l.src_row);
    super::show::columns(vec![
        ("mention", text(&|l| l.mention.clone())),
        ("rank", number(&|l| l.rank)),
        ("person", text(&|l| l.person.clone())),
        ("bits", Arc::new(lines.iter().map(|l| l.bits).collect::<Float64Array>())),
        ("rows", number(&|l| l.rows)),
        ("row", text(&row)),
        ("why", text(&why)),
    ])
}
