//! `bidui show links`: rows that nobody's evidence settles, for the people of the identity desk.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use crate::error::Result;
use crate::identity::{Evidence, evidence};

/// The review table of a night; only divisions or persons that are asked for elsewhere.
pub(super) fn batch(folder: &Path) -> Result<RecordBatch> {
    let lines = evidence(folder, true, None)?;
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
